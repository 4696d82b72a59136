"""What is made from what: every produced file, its inputs, its definition and the code that makes it.

This is the only place that says so. The Dagster assets take their dependencies and paths from here, and `frs run` compares
the origin that each file records with what stands here, so that unchanged work is skipped without Dagster's history.
Nothing heavy is imported: a run with nothing to do ends before pandas or Dagster would have loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from frs_pipeline.errors import InputError
from frs_pipeline.store.code import PACKAGE, modules
from frs_pipeline.store.deliveries import (
    ADJUDICATED,
    AMENDMENTS,
    CODING,
    DESCRIPTION,
    FIGURES_CHECKED,
    FIGURES_DRAWN,
    LOCKED,
    REGISTERS,
    SAMPLED,
    SECOND,
    registers,
)
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, has_keyers
from frs_pipeline.study.instruments import FILE as ABOUT
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.texts import coded, written

AssetPath = tuple[str, ...]
# For each column of a product: the columns, and of which product, that it is made from.
Sources = dict[str, list[tuple[AssetPath, str]]]
# Files that say how a product is made, each with the place of a table in it or None for the whole file.
Definitions = tuple[tuple[Path, int | None], ...]


@dataclass(frozen=True, kw_only=True)
class Product:
    """One produced file.

    `path` lies in the restricted or curated folder of a delivery; `module` makes it, and `group` is the layer under which
    Dagster shows it. `raw` are sources of the delivery, `inputs` other products. Products with the same `step` come out of
    one step, which makes all of them or none. `pages` is a folder beside it of pages to read that come with it; `previous`
    are products of the predecessor, the delivery that this one is compared with, where there is one; `parts` are products of
    each of several deliveries that are counted as one. `named` says that its
    rows depend on which delivery it is. `after` are products that have to be up to date before it is made, though nothing
    of them goes into it. `beside` are files (patterns of their names) that may lie in the delivery without being part of
    it, and that count all the same. `decided` are files (patterns of their names) among what was decided about the delivery
    after it had come; it may hold none of them.
    """

    key: AssetPath
    zone: Literal["restricted", "curated"]
    path: str
    module: str
    group: str
    raw: tuple[str, ...] = ()
    inputs: tuple[AssetPath, ...] = ()
    definitions: Definitions = ()
    step: str = ""
    pages: str = ""
    previous: tuple[AssetPath, ...] = ()
    parts: tuple[AssetPath, ...] = ()
    named: bool = False
    after: tuple[AssetPath, ...] = ()
    beside: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "/".join(self.key)


@dataclass(frozen=True)
class Origin:
    """Where a produced file says it comes from; equal origins mean equal bytes."""

    inputs: dict[str, str] = field(default_factory=dict)
    definition: str = ""
    code: str = ""

    def as_json(self) -> str:
        return json.dumps({"inputs": self.inputs, "definition": self.definition, "code": self.code}, sort_keys=True)


# What the search for leaks reads of results: whose numbers and pseudonyms they are, and values that were set aside.
SEARCHED_BY: tuple[AssetPath, ...] = (("validated", "codebook"), ("quarantine",), ("noted",))


def table_key(number: int) -> AssetPath:
    """Return the asset key of one table of the report."""
    return ("statistics", f"table_{number:02d}")


@derived
def products(study: Study) -> dict[AssetPath, Product]:
    """List all produced files in an order in which they can be made."""
    layers = (
        *(_registers, _judged, _whole_delivery, _coded, _pseudonymised, _marts),
        *(_keying, _expectations, _tables, _statistics, _associations, _estimates, _agreement, _nonresponse, _missing),
    )
    made = {product.key: product for layer in layers for product in layer(study)}
    before = tuple(made)
    made[("report",)] = _report(study, before)
    made[("formats",)] = _formats(study, before)
    return made


@derived
def together_products(study: Study) -> dict[AssetPath, Product]:
    """List what is made of several deliveries that are counted as one, in an order in which it can be made.

    It begins at the marts, which are not copied: what is made is a list of where their forms are. All after that is made as
    it is of a delivery, by the same steps.
    """
    made = {product.key: product for product in _lists_of_marts(study)}
    for key, product in products(study).items():
        # Who coded the texts of one delivery, or keyed it, needn't have done so with another.
        if key[0] in ("statistics", "report") and key not in (AGREEMENT, KEYING, KEYING_OF_TABLES):
            inputs = tuple(other for other in product.inputs if other in made)
            parts = tuple(other for other in product.inputs if other not in made and other != ("formats",))
            made[key] = replace(product, inputs=inputs, parts=parts, raw=(), beside=(), previous=(), decided=())
    return made


@derived
def decided(study: Study) -> tuple[str, ...]:
    """List the files (patterns of their names) among what was decided about a delivery that anything is made from."""
    return tuple(dict.fromkeys(pattern for product in products(study).values() for pattern in product.decided))


_WITHDRAWN = ("validated", "withdrawn_conferences")
_REGISTERS = (("validated", "codebook"), ("validated", "ledger"))
_FIGURES = ("statistics", "figures")
# How far those who coded texts agree; in a study that has some.
AGREEMENT = ("statistics", "coding")
# Forms that were keyed twice, cell by cell; how far each keyer's agree; faults by keyer and rule; and what was keyed wrongly.
KEYED, KEYERS, FAULTS, KEYING = ("keyed", "twice"), ("keyed", "keyers"), ("keyed", "faults"), ("statistics", "keying")
# The last one of the fields that each table asks for.
KEYING_OF_TABLES = ("statistics", "keying_of_tables")
# All pairs of ordinal questions.
ASSOCIATIONS = ("statistics", "associations")
# What the report tells beside the tables.
ESTIMATES = ("statistics", "estimates")


def _restricted(key: AssetPath, module: str, group: str, **more: Any) -> Product:
    return Product(key=key, zone="restricted", path=f"{'/'.join(key)}.parquet", module=module, group=group, **more)


def _curated(key: AssetPath, module: str, group: str, **more: Any) -> Product:
    return Product(**{"key": key, "zone": "curated", "path": f"{'/'.join(key)}.parquet", "module": module, "group": group} | more)


# Files that a study needn't have: one without a printed report has nothing to compare with, and perhaps claims nothing.
_OPTIONAL = (
    *("published/figures.csv", "published/contradictions.csv", "published/words.yaml", "published/baselines.yaml"),
    *("report/about.html", "report/findings.yaml", "report/titles.yaml"),
)


def _files(study: Study, *names: str) -> Definitions:
    """Return whole files of the study; of the optional ones, those that exist."""
    return tuple((study.folder / name, None) for name in names if name not in _OPTIONAL or (study.folder / name).exists())


def _paper(study: Study, instrument: str) -> Definitions:
    return _files(study, f"questionnaires/{instrument}.yaml", "scales.yaml", "study.yaml")


def _papers(study: Study) -> Definitions:
    return tuple(definition for name in instruments(study) for definition in _paper(study, name))


def _of_each(study: Study, *layers: str) -> tuple[AssetPath, ...]:
    """Return the products of these layers, for every questionnaire."""
    return tuple((layer, name) for layer in layers for name in instruments(study))


def every_mart(study: Study) -> tuple[AssetPath, ...]:
    """Return all marts: of the questionnaires, and of the conferences where forms belong to some."""
    return (*_of_each(study, "marts"), *([("marts", "conference")] if about(study).forms.number else []))


def nonresponses(study: Study) -> tuple[str, ...]:
    """Return what is known of non-response: only a register says which conferences lack forms."""
    return (*(["unit_nonresponse"] if about(study).registers else []), "item_nonresponse")


def _registers(study: Study) -> Iterator[Product]:
    """Plan what the delivery says about itself; conferences that were withdrawn, and the registers without them.

    The codebook counts for the first: one that a published key opens belongs to made-up forms. Registers are read by the
    study's occasions. Where a study has no codebook, pseudonyms are drawn from all that is delivered; a register that it
    hasn't got is empty.
    """
    occasions = _files(study, "study.yaml")
    by = ("assets.validated", "g2_validated")
    locked = tuple(name for name in registers(study) if name == "codebook")
    book = locked or (*(instruments(study) if about(study).forms.number else ()), *registers(study))
    yield _restricted(("validated", "description"), *by, raw=(*locked, *DESCRIPTION))
    yield _restricted(_WITHDRAWN, *by, raw=(*book, "withdrawals"), definitions=(*occasions, *_papers(study)))
    for name in REGISTERS:
        raw = book if name == "codebook" else tuple(known for known in registers(study) if known == name)
        yield _restricted(("validated", name), *by, raw=raw, inputs=(_WITHDRAWN,), definitions=(*occasions, *_papers(study)))


def _judged(study: Study) -> Iterator[Product]:
    """Plan, for each questionnaire, what can be counted, what was written, and what was set aside, noted and withdrawn."""
    for name in instruments(study):
        texts = ("texts",) if name in written(study) else ()
        for layer in ("validated", *texts, "rejected", "noted", "applied", "withdrawn"):
            yield _restricted(
                (layer, name),
                "assets.validated",
                "g2_validated",
                raw=(name, *AMENDMENTS),
                inputs=(*_REGISTERS, _WITHDRAWN),
                definitions=(*_paper(study, name), *_files(study, "rules.yaml")),
                step=f"validate_{name}",
                decided=_adjudicated(study),
            )


def _adjudicated(study: Study) -> tuple[str, ...]:
    """Return what was decided about forms that were keyed twice, which corrects them; in a study that names its keyers."""
    return (ADJUDICATED,) if has_keyers(study) else ()


def _keying(study: Study) -> Iterator[Product]:
    """Plan how well forms are keyed: restricted what is about keyers, and for all to see what is about questions."""
    if not has_keyers(study):
        return
    exports, by = (*instruments(study), SECOND), ("assets.keying", "g2_validated")
    counted = _of_each(study, "validated")
    same: dict[str, Any] = {"raw": (*exports, *AMENDMENTS), "decided": (ADJUDICATED, SAMPLED), "definitions": _papers(study)}
    yield _restricted(KEYED, *by, inputs=(*counted, *_REGISTERS, _WITHDRAWN), **same)
    yield _restricted(KEYERS, *by, inputs=(KEYED,))
    faults = (("quarantine",), *_of_each(study, "validated", "noted"), *_REGISTERS, _WITHDRAWN)
    more = (*_papers(study), *_files(study, "rules.yaml"))
    yield _restricted(FAULTS, *by, raw=(*instruments(study), *AMENDMENTS), inputs=faults, definitions=more)
    by = ("assets.keying", "g5_statistics")
    yield _curated(KEYING, *by, inputs=(KEYED,), definitions=_papers(study))
    yield _curated(KEYING_OF_TABLES, *by, inputs=(KEYED,), definitions=(*_files(study, "tables.yaml"), *_papers(study)))


def _whole_delivery(study: Study) -> Iterator[Product]:
    """Plan what takes the whole delivery. Quarantine comes first, to be read when it holds too much for the rest."""
    by = ("assets.validated", "g2_validated")
    yield _restricted(("quarantine",), *by, inputs=_of_each(study, "validated", "rejected"))
    inputs = (("quarantine",), *_of_each(study, "validated", "noted", "applied"), *_REGISTERS, _WITHDRAWN)
    raw = ("exceptions", "withdrawals")
    yield _restricted(("noted",), *by, raw=raw, inputs=inputs, definitions=_files(study, "rules.yaml"))


def _coded(study: Study) -> Iterator[Product]:
    """Plan what people made of the texts: the columns of their codes, a row a form."""
    for name in coded(study):
        inputs = (("texts", name), ("rejected", name))
        yield _restricted(
            ("coded", name), "assets.coding", "g2_validated", raw=tuple(CODING), inputs=inputs, definitions=_paper(study, name)
        )


def _agreement(study: Study) -> Iterator[Product]:
    """Plan how far those who coded texts agree."""
    if coded(study):
        inputs = _of_coded(study, "texts", "rejected")
        papers = tuple(definition for name in coded(study) for definition in _paper(study, name))
        yield _curated(AGREEMENT, "assets.coding", "g5_statistics", raw=tuple(CODING), inputs=inputs, definitions=papers)


def _of_coded(study: Study, *layers: str) -> tuple[AssetPath, ...]:
    """Return the products of these layers, for every questionnaire with texts that people code."""
    return tuple((layer, name) for layer in layers for name in coded(study))


def _pseudonymised(study: Study) -> Iterator[Product]:
    """Plan forms under pseudonyms. `noted` is only made of a delivery that didn't lose too much."""
    for name in instruments(study):
        inputs = (("validated", name), *([("coded", name)] if name in coded(study) else []), *_REGISTERS)
        by = ("assets.pseudonymised", "g3_pseudonymised")
        yield _restricted(("pseudonymised", name), *by, inputs=inputs, definitions=_paper(study, name), after=(("noted",),))


def _marts(study: Study) -> Iterator[Product]:
    """Plan forms by their ids, and conferences. None is made before every questionnaire has been split: a delivery with
    one unreadable export leaves the curated files of the last good run as they are."""
    by = ("assets.marts", "g4_marts")
    for name in instruments(study):
        inputs = (("pseudonymised", name),)
        yield _curated(("marts", name), *by, inputs=inputs, definitions=_paper(study, name), after=(("noted",),))
    before = (*_REGISTERS, *_of_each(study, "pseudonymised"))
    if about(study).forms.number:
        yield _curated(("marts", "conference"), *by, inputs=before, definitions=_papers(study), after=(("noted",),))


def _lists_of_marts(study: Study) -> Iterator[Product]:
    """Plan where the forms of several deliveries are; study.yaml says what becomes of a form that two of them have."""
    for name in instruments(study):
        yield _curated(
            ("marts", name),
            "tables.together",
            "g4_marts",
            path=f"parts/{name}.parquet",
            definitions=_files(study, "study.yaml"),
            parts=(("marts", name),),
            named=True,
        )


def _expectations(study: Study) -> Iterator[Product]:
    """Plan what the marts promise, checked on them and on those of the predecessor, which delivery.yaml may name."""
    room = PACKAGE / "report"
    look = ("data_docs.html", "templates/words.html", "templates/css/tokens.css", "templates/css/shell.css")
    own = (*_files(study, "promises.yaml"), *((room / name, None) for name in look))
    yield _curated(
        ("expectations",),
        "assets.expectations",
        "g4_marts",
        raw=tuple(DESCRIPTION),
        inputs=every_mart(study),
        definitions=(*own, *_papers(study)),
        pages="data_docs",
        previous=_of_each(study, "marts"),
    )


def _tables(study: Study) -> Iterator[Product]:
    """Plan the tables: each depends on its own entry of the catalogue, and on the papers that it counts."""
    catalogue = study.folder / "tables.yaml"
    for place, (number, marts) in enumerate(_entries(study)):
        yield _curated(
            table_key(number),
            "assets.statistics",
            "g5_statistics",
            path=f"statistics/tables/table_{number:02d}.parquet",
            inputs=tuple(("marts", mart) for mart in marts),
            definitions=((catalogue, place), *(definition for mart in marts for definition in _asking(study, mart))),
        )


def _table_keys(study: Study) -> tuple[AssetPath, ...]:
    return tuple(table_key(number) for number, _ in _entries(study))


def _asking(study: Study, mart: str) -> Definitions:
    """Return the files that say what a table finds in a mart: the paper, or of conferences what study.yaml admits."""
    return _paper(study, mart) if mart in instruments(study) else _files(study, "scales.yaml", "study.yaml")


def _filled_in_by(study: Study, instrument: str) -> Any:
    with suppress(InputError):
        paper = _data(study, study.folder / "questionnaires" / f"{instrument}.yaml")
        return paper.get("filled_in_by") if isinstance(paper, dict) else None
    return None


def _entries(study: Study) -> list[tuple[int, tuple[str, ...]]]:
    """Return number and marts of each entry of the catalogue, without judging them.

    A faulty entry gets a number that no table has: it is always out of date, and making it reads the catalogue as its model,
    which reports everything that is wrong.
    """
    catalogue, papers = _data(study, study.folder / "tables.yaml"), instruments(study)
    known = [mart for _, mart in every_mart(study)]
    entries = catalogue.get("tables") if isinstance(catalogue, dict) else None
    named: list[tuple[int, tuple[str, ...]]] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        about = entry if isinstance(entry, dict) else {}
        number = about.get("number")
        marts = tuple(dict.fromkeys(str(about[key]) for key in ("mart", "also") if about.get(key)))
        if about.get("kind") == "change":  # the other forms of pairs are filled in by the same people
            who = _filled_in_by(study, marts[0]) if marts else None
            marts = (*marts, *(mart for mart in papers if mart not in marts and _filled_in_by(study, mart) == who))
        good = type(number) is int and number > 0 and marts and set(known) >= set(marts)
        named.append((number or 0, marts) if good else (-1 - index, ()))
    return named


def _statistics(study: Study) -> Iterator[Product]:
    """Plan all figures, their intervals, the comparison with the printed ones, and the base of each table."""
    marts = _counted_marts(study)
    by = ("assets.statistics", "g5_statistics")
    yield _curated(_FIGURES, *by, inputs=_table_keys(study))
    printed = _files(study, "published/figures.csv", "published/contradictions.csv", "study.yaml")
    yield _curated(("statistics", "compare"), *by, inputs=(_FIGURES,), definitions=printed, named=True)
    yield _curated(
        ("statistics", "intervals"),
        "assets.intervals",
        "g5_statistics",
        inputs=(_FIGURES, *marts),
        definitions=(*_files(study, "tables.yaml", "study.yaml", "report/chapters.yaml"), *_papers(study)),
    )
    yield _curated(
        ("statistics", "bases"),
        "assets.bases",
        "g5_statistics",
        inputs=(_FIGURES, *marts),
        definitions=(*_files(study, "tables.yaml"), *_papers(study)),
        named=True,
    )


def _associations(study: Study) -> Iterator[Product]:
    """Plan how the ordinal questions of each questionnaire go together."""
    inputs = _of_each(study, "marts")
    yield _curated(ASSOCIATIONS, "assets.associations", "g5_statistics", inputs=inputs, definitions=_papers(study))


def _estimates(study: Study) -> Iterator[Product]:
    """Plan what sentences and figures of the report tell that no table prints."""
    names = ("chapters.yaml", "findings.yaml", "titles.yaml")
    own = _files(study, *(f"report/{name}" for name in names), "tables.yaml", "study.yaml", "published/words.yaml")
    yield _curated(
        ESTIMATES,
        "assets.estimates",
        "g5_statistics",
        inputs=_counted_marts(study),
        definitions=(*own, *_told(study), *_papers(study)),
    )


def _told(study: Study) -> Definitions:
    """Return the claims of the printed report."""
    return tuple((path, None) for path in sorted((study.folder / "published" / "claims").glob("*.yaml")))


def _counted_marts(study: Study) -> tuple[AssetPath, ...]:
    """Return the marts that any table may count: those of the questionnaires, and others that a table names."""
    counted = {mart for _, marts in _entries(study) for mart in marts}
    return tuple(key for key in every_mart(study) if key[1] in (*instruments(study), *counted))


def _nonresponse(study: Study) -> Iterator[Product]:
    """Plan non-response. It depends on the delivery's date, which decides the questions that a paper has."""
    for name in nonresponses(study):
        yield _curated(
            ("statistics", name),
            "assets.nonresponse",
            "g5_statistics",
            inputs=(*_REGISTERS, *every_mart(study)),
            definitions=_papers(study),
            step="nonresponse",
            named=True,
        )


def _missing(study: Study) -> Iterator[Product]:
    """Plan what blanks and forms that never came may hide: the bounds of all figures, and how many forms came from whom."""
    unit = tuple(("statistics", name) for name in nonresponses(study) if name == "unit_nonresponse")
    for name in ("bounds", "forms"):
        yield _curated(
            ("statistics", name),
            "assets.bounds",
            "g5_statistics",
            inputs=(_FIGURES, *every_mart(study), *unit),
            definitions=(*_files(study, "tables.yaml"), *_papers(study)),
            step="bounds",
            named=True,
        )


def _report(study: Study, before: tuple[AssetPath, ...]) -> Product:
    """Plan the report's tested claims and its pages; from all that is made before it but the single tables, and the predecessor.

    The controllers' files count, so that a delivery gets another manifest when these change.
    """
    room = PACKAGE / "report" / "templates"
    templates = tuple((path, None) for path in sorted(room.rglob("*")) if path.suffix in (".html", ".css", ".js"))
    own = (
        *(f"report/{name}" for name in ("about.html", "chapters.yaml", "findings.yaml", "titles.yaml")),
        "tables.yaml",
        "rules.yaml",
        "study.yaml",
    )
    # Pages search themselves for the words of results.
    words = (PACKAGE / "report" / "result_words.yaml", None)
    # Claims are held against the printed tables, too.
    printed = ("published/figures.csv", "published/words.yaml", "published/baselines.yaml")
    return _curated(
        ("report",),
        "assets.report",
        "g6_report",
        path="findings.parquet",
        raw=(*AMENDMENTS, *(CODING if coded(study) else ())),
        inputs=tuple(key for key in before if not key[-1].startswith("table_")),
        definitions=(*_files(study, *own, *printed), *_told(study), *templates, words, *_questionnaires(study)),
        pages="report",
        beside=LOCKED,
        previous=_before(study),
        decided=(*_adjudicated(study), FIGURES_DRAWN, FIGURES_CHECKED),
    )


def _before(study: Study) -> tuple[AssetPath, ...]:
    """Return what the report reads of the predecessor: which figures changed since, because of which forms."""
    unit = tuple(("statistics", name) for name in nonresponses(study) if name == "unit_nonresponse")
    return (*_of_each(study, "marts"), _FIGURES, ("statistics", "intervals"), ESTIMATES, *unit)


def _questionnaires(study: Study) -> Definitions:
    return tuple(
        (path, None) for path in (*sorted((study.folder / "questionnaires").glob("*.yaml")), study.folder / "scales.yaml")
    )


def _formats(study: Study, before: tuple[AssetPath, ...]) -> Product:
    """Plan marts, statistics and tables as other programs read them."""
    inputs = [*every_mart(study)]
    inputs += [key for key in before if key[0] == "statistics" and not key[-1].startswith("table_")]
    definitions = (*_files(study, "tables.yaml", "report/chapters.yaml", "study.yaml"), *_questionnaires(study))
    return _curated(("formats",), "assets.formats", "g6_report", inputs=tuple(inputs), definitions=definitions, pages="formats")


def whole_steps(study: Study, keys: set[AssetPath]) -> set[AssetPath]:
    """Return `keys`, and what comes out of the same steps."""
    steps = {products(study)[key].step for key in keys} - {""}
    return keys | {product.key for product in products(study).values() if product.step in steps}


def downstream(study: Study, keys: set[AssetPath]) -> set[AssetPath]:
    """Return `keys` and all that depends on them."""
    reached = set(keys)
    for product in products(study).values():
        if reached.intersection(product.inputs):
            reached.add(product.key)
    return reached


def compared(study: Study) -> set[AssetPath]:
    """Return what is made from an earlier delivery, too, and what depends on that."""
    return whole_steps(study, downstream(study, {product.key for product in products(study).values() if product.previous}))


def upstream(study: Study, keys: set[AssetPath]) -> set[AssetPath]:
    """Return `keys` and all that they depend on."""
    reached = set(keys)
    for product in reversed(products(study).values()):
        if product.key in reached:
            reached.update((*product.inputs, *product.after))
    return reached


@derived
def definition_hash(study: Study, definitions: Definitions) -> str:
    """Hash the YAML (or the one table of the catalogue) that a product is made by.

    Comments and spacing don't count; the order of keys does, for that of a collapse is the order of its categories. Nor does
    it count where exports are fetched from: what was delivered is the same.
    """
    digest = hashlib.sha256()
    for path, place in definitions:
        if path.suffix == ".yaml":
            data = _data(study, path)
            chosen = data if place is None else data["tables"][place]
            if path.name == ABOUT and isinstance(chosen, dict):
                chosen = {key: value for key, value in chosen.items() if key != "fetch"}
            digest.update(json.dumps(chosen, ensure_ascii=False, default=str).encode())
        else:
            digest.update(path.read_bytes())
        digest.update(path.name.encode())
    return digest.hexdigest()


def note_definitions(study: Study) -> None:
    """Hash what every product is made by, for `origin`, before it is read: to be called first by whoever makes products.

    A file that is changed while a step takes its time then leaves what it makes out of date, and never up to date by mistake.
    What can't be read is reported by whoever needs it.
    """
    for product in (*products(study).values(), *together_products(study).values()):
        with suppress(InputError, OSError):
            definition_hash(study, product.definitions)


@derived
def program(study: Study, *, together: bool = False) -> dict[str, str]:
    """Hash every file that has a part in a product: code as `frs_pipeline/…`, the study's files as `study/…`.

    Of several deliveries `together`, what has a part in making those isn't listed again.
    """
    made = (together_products if together else products)(study).values()
    files = {path for product in made for path, _ in product.definitions}
    files.update(*(modules(module) for module in {product.module for product in made}))
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted((_place(study, p), p) for p in files)}


def _place(study: Study, path: Path) -> str:
    if path.is_relative_to(study.folder):
        return f"study/{path.relative_to(study.folder).as_posix()}"
    return path.relative_to(PACKAGE.parent).as_posix()


@derived
def _data(_: Study, path: Path) -> Any:
    return YamlFile(path).data
