"""What is made from what: every produced file, its inputs, its definition and the code that makes it.

This is the one place that says so. The Dagster assets take their dependencies and paths from here, and `frs
run` compares what each file says of its origin with what stands here, so that unchanged work is skipped
without Dagster's history. Nothing heavy is imported: a run with nothing to do ends before pandas or Dagster
would have loaded.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from frs_pipeline.store.deliveries import AMENDMENTS, DESCRIPTION, LOCKED, OPEN_KEYS, REGISTERS
from frs_pipeline.study import SHIPPED
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.spec import YamlFile

PACKAGE = Path(__file__).parent.parent
# The made-up forms, where only the package is installed.
FORMS = PACKAGE / "reconstruction" / "forms"
CATALOGUE = SHIPPED / "tables.yaml"
_LOCK = PACKAGE.parent / "requirements.lock"

# Where the syntax tree of a statement holds other statements.
_STATEMENTS = ("body", "orelse", "finalbody", "handlers", "cases")

AssetPath = tuple[str, ...]
# Of each column of a product: the columns, and whose, that it is made from.
Sources = dict[str, list[tuple[AssetPath, str]]]


@dataclass(frozen=True)
class Product:
    """One produced file.

    `path` lies in the restricted or curated folder of a delivery; `raw` are sources of the delivery, `inputs` other
    products; `definitions` are (YAML file, number of the table or None for the whole file). Products with the same
    `step` come out of one step, which makes all of them or none. `pages` is a folder beside it of pages to read that
    come with it; `previous` are products of the predecessor, the delivery that this one is compared with, where there is
    one. `named` says that its rows depend on which delivery it is. `after` are products
    that have to be up to date before it is made, though nothing of them goes into it. `beside` are files (patterns of their
    names) that may lie in the delivery without being part of it, and that count all the same.
    """

    key: AssetPath
    zone: str
    path: str
    module: str
    raw: tuple[str, ...] = ()
    inputs: tuple[AssetPath, ...] = ()
    definitions: tuple[tuple[Path, int | None], ...] = ()
    step: str = ""
    pages: str = ""
    previous: tuple[AssetPath, ...] = ()
    named: bool = False
    after: tuple[AssetPath, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "/".join(self.key)


@dataclass(frozen=True)
class Origin:
    """What a produced file says of where it comes from; equal origins mean equal bytes."""

    inputs: dict[str, str] = field(default_factory=dict)
    definition: str = ""
    code: str = ""

    def as_json(self) -> str:
        return json.dumps({"inputs": self.inputs, "definition": self.definition, "code": self.code}, sort_keys=True)


def table_key(number: int) -> AssetPath:
    """Asset of one table of the report."""
    return ("statistics", f"table_{number:02d}")


def _entries(catalogue: Any, known: Collection[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Number and marts of each entry of the catalogue, of which nothing is judged here.

    One that can't be gets a number that no table has: it is always out of date, and making it reads the catalogue as its
    model, which says everything that is wrong.
    """
    entries = catalogue.get("tables") if isinstance(catalogue, dict) else None
    found: list[tuple[int, tuple[str, ...]]] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        about = entry if isinstance(entry, dict) else {}
        number = about.get("number")
        marts = tuple(dict.fromkeys(str(about[key]) for key in ("mart", "also") if about.get(key)))
        good = type(number) is int and number > 0 and marts and set(known) >= set(marts)
        found.append((number or 0, marts) if good else (-1 - index, ()))
    return found


@cache
def products() -> dict[AssetPath, Product]:
    """All produced files in an order in which they can be made."""
    found: list[Product] = []
    scales = (SHIPPED / "questionnaires" / "scales.yaml", None)
    forms = {name: ((SHIPPED / "questionnaires" / f"{name}.yaml", None), scales) for name in instruments()}
    withdrawn = ("validated", "withdrawn_conferences")
    sources = ("codebook", "withdrawals")
    found.append(Product(withdrawn, "restricted", "validated/withdrawn_conferences.parquet", "assets.validated", sources))
    for name in REGISTERS:
        key, file = ("validated", name), f"validated/{name}.parquet"
        found.append(Product(key, "restricted", file, "assets.validated", (name,), (withdrawn,)))
    registers = (("validated", "codebook"), ("validated", "ledger"))
    policy = (SHIPPED / "rules.yaml", None)
    for name in instruments():
        raw, definitions = (name, *AMENDMENTS), (*forms[name], policy)
        for layer in ("validated", "rejected", "noted", "applied", "withdrawn"):
            file, step = f"{layer}/{name}.parquet", f"validate_{name}"
            judged_by = (*registers, withdrawn)
            found.append(Product((layer, name), "restricted", file, "assets.validated", raw, judged_by, definitions, step))
    # Quarantine comes first, so that it can be looked at when too much is in it for the rest to be made.
    judged = tuple((layer, name) for layer in ("validated", "rejected") for name in instruments())
    found.append(Product(("quarantine",), "restricted", "quarantine.parquet", "assets.validated", (), judged))
    parts = tuple((layer, name) for layer in ("validated", "noted", "applied") for name in instruments())
    notes = (("quarantine",), *parts, *registers)
    amendments = ("exceptions", "withdrawals")
    found.append(
        Product(("noted",), "restricted", "noted.parquet", "assets.validated", amendments, (*notes, withdrawn), (policy,))
    )
    for name in instruments():
        inputs = (("validated", name), ("validated", "codebook"))
        key, file = ("pseudonymised", name), f"pseudonymised/{name}.parquet"
        # `noted` is only made of a delivery that didn't lose too much.
        admitted = (("noted",),)
        found.append(Product(key, "restricted", file, "assets.pseudonymised", (), inputs, forms[name], after=admitted))
    for name in instruments():
        found.append(
            Product(
                ("marts", name), "curated", f"marts/{name}.parquet", "assets.marts", (), (("pseudonymised", name),), forms[name]
            )
        )
    every_form = tuple(("pseudonymised", name) for name in instruments())
    found.append(
        Product(("marts", "conference"), "curated", "marts/conference.parquet", "assets.marts", (), (*registers, *every_form))
    )
    found.append(_expectations(tuple(d for definitions in forms.values() for d in definitions)))
    tables = _entries(_yaml(CATALOGUE), forms)
    for index, (number, marts) in enumerate(tables):
        scales_used = tuple(d for mart in marts for d in forms[mart])
        found.append(
            Product(
                table_key(number),
                "curated",
                f"statistics/tables/table_{number:02d}.parquet",
                "assets.statistics",
                (),
                tuple(("marts", mart) for mart in marts),
                ((CATALOGUE, index), *scales_used),
            )
        )
    every_table = tuple(table_key(number) for number, _ in tables)
    found.append(
        Product(("statistics", "figures"), "curated", "statistics/figures.parquet", "assets.statistics", (), every_table)
    )
    printed = tuple((SHIPPED / "published" / name, None) for name in ("figures.csv", "contradictions.csv"))
    # Which delivery it was printed from.
    study = (SHIPPED / "study.yaml", None)
    found.append(
        Product(
            ("statistics", "compare"),
            "curated",
            "statistics/compare.parquet",
            "assets.statistics",
            (),
            (("statistics", "figures"),),
            (*printed, study),
            named=True,
        )
    )
    mart_keys = tuple(("marts", name) for name in instruments())
    found.append(
        Product(
            ("statistics", "bases"),
            "curated",
            "statistics/bases.parquet",
            "assets.bases",
            (),
            (("statistics", "figures"), *mart_keys),
            ((CATALOGUE, None), *(d for definitions in forms.values() for d in definitions)),
        )
    )
    for key, path in (
        (("statistics", "unit_nonresponse"), "unit_nonresponse"),
        (("statistics", "item_nonresponse"), "item_nonresponse"),
    ):
        found.append(
            Product(
                key,
                "curated",
                f"statistics/{path}.parquet",
                "assets.nonresponse",
                (),
                (("marts", "conference"), *registers, *mart_keys),
                tuple(d for definitions in forms.values() for d in definitions),
                "nonresponse",
            )
        )
    made = {product.key: product for product in found}
    made[("report",)] = _report(tuple(made))
    made[("formats",)] = _formats()
    return made


def _report(before: tuple[AssetPath, ...]) -> Product:
    """The report's claims, tested again, and its pages; from all that is made before it but the tables one by one.

    A key that lies open beside the codebook that it opens tells that the forms are made up. The controllers' files count, so
    that a delivery that gets others is given another manifest.
    """
    inputs = tuple(key for key in before if not key[-1].startswith("table_"))
    room = PACKAGE / "report"
    templates = sorted(path for path in (room / "templates").iterdir() if path.suffix in (".html", ".css", ".js"))
    study = SHIPPED / "study.yaml"
    own = (
        SHIPPED / "report" / "about.html",
        SHIPPED / "report" / "chapters.yaml",
        SHIPPED / "claims.yaml",
        *templates,
        CATALOGUE,
        SHIPPED / "rules.yaml",
        study,
    )
    asked = sorted((SHIPPED / "questionnaires").glob("*.yaml"))
    return Product(
        ("report",),
        "curated",
        "findings.parquet",
        "assets.report",
        raw=("codebook", *AMENDMENTS),
        inputs=inputs,
        definitions=tuple((path, None) for path in (*own, *asked)),
        pages="report",
        beside=(*OPEN_KEYS, *LOCKED),
    )


def _formats() -> Product:
    """Marts, statistics and tables as other programs read them."""
    inputs = [("marts", name) for name in (*instruments(), "conference")]
    inputs += [("statistics", name) for name in ("figures", "compare", "bases", "unit_nonresponse", "item_nonresponse")]
    own = (CATALOGUE, SHIPPED / "report" / "chapters.yaml", *sorted((SHIPPED / "questionnaires").glob("*.yaml")))
    definitions = tuple((path, None) for path in own)
    return Product(("formats",), "curated", "formats.parquet", "assets.formats", (), tuple(inputs), definitions, pages="formats")


def _expectations(questionnaires: tuple[tuple[Path, int | None], ...]) -> Product:
    """What the marts promise, held against them and against the marts of the predecessor, which delivery.yaml may name."""
    forms = tuple(("marts", name) for name in instruments())
    own = ((SHIPPED / "promises.yaml", None), (PACKAGE / "report" / "data_docs.html", None))
    return Product(
        ("expectations",),
        "curated",
        "expectations.parquet",
        "assets.expectations",
        raw=tuple(DESCRIPTION),
        inputs=(*forms, ("marts", "conference")),
        definitions=(*own, *questionnaires),
        pages="data_docs",
        previous=forms,
    )


def whole_steps(keys: set[AssetPath]) -> set[AssetPath]:
    """`keys`, and what comes out of the same steps."""
    steps = {products()[key].step for key in keys} - {""}
    return keys | {product.key for product in products().values() if product.step in steps}


def downstream(keys: set[AssetPath]) -> set[AssetPath]:
    """`keys` and all that hangs on them."""
    reached = set(keys)
    for product in products().values():
        if reached.intersection(product.inputs):
            reached.add(product.key)
    return reached


def upstream(keys: set[AssetPath]) -> set[AssetPath]:
    """`keys` and all that they hang on."""
    reached = set(keys)
    for product in reversed(products().values()):
        if product.key in reached:
            reached.update((*product.inputs, *product.after))
    return reached


@cache
def definition_hash(definitions: tuple[tuple[Path, int | None], ...]) -> str:
    """Hash of the YAML (or the one table of the catalogue) that a product is made by.

    Comments and spacing don't count; the order of keys does, for that of a collapse is the order of its categories.
    """
    digest = hashlib.sha256()
    for path, index in definitions:
        if path.suffix == ".yaml":
            data: Any = _yaml(path)
            chosen = data if index is None else data["tables"][index]
            digest.update(json.dumps(chosen, ensure_ascii=False, default=str).encode())
        else:
            digest.update(path.read_bytes())
        digest.update(path.name.encode())
    return digest.hexdigest()


@cache
def _yaml(path: Path) -> Any:
    return YamlFile(path).data


@cache
def code_hash(module: str) -> str:
    """Hash of a module of this package, all modules that it imports from here, and the locked libraries."""
    digest = hashlib.sha256()
    for path in sorted(_imported(_source(module), set())):
        digest.update(path.relative_to(PACKAGE.parent).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(lock_hash().encode())
    return digest.hexdigest()


@cache
def program() -> dict[str, str]:
    """sha256 of every file of this package that has a part in a product, code and definitions, by its place in the package."""
    files = {path for product in products().values() for path, _ in product.definitions}
    for module in {product.module for product in products().values()}:
        _imported(_source(module), files)
    return {path.relative_to(PACKAGE.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


@cache
def lock_hash() -> str:
    """Hash of the locked libraries; empty where the package is installed without its project folder."""
    return hashlib.sha256(_LOCK.read_bytes()).hexdigest() if _LOCK.exists() else ""


def look_again() -> None:
    """Forget the hashes of code and definitions: the files may have changed since a process that lives for months read them."""
    for known in (definition_hash, _yaml, code_hash, program, lock_hash, _imports):
        known.cache_clear()


def _source(module: str) -> Path:
    return PACKAGE / (module.replace(".", "/") + ".py")


def _imported(path: Path, seen: set[Path]) -> set[Path]:
    if path not in seen:
        seen.add(path)
        for target in _imports(path):
            _imported(target, seen)
    return seen


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Modules of this package that a module imports, wherever in it."""
    names = []
    waiting: list[ast.AST] = [ast.parse(path.read_bytes())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("frs_pipeline"):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith("frs_pipeline")]
        # Statements only: nearly all of a module are expressions, which import nothing.
        for part in _STATEMENTS:
            waiting += getattr(node, part, ())
    return tuple(dict.fromkeys(target for name in names if (target := _file_of(name))))


def _file_of(name: str) -> Path | None:
    """The file of a module, or of the one that what is imported stands in; None where that isn't of this package."""
    parts = name.split(".")[1:]
    for end in range(len(parts), 0, -1):
        stem = PACKAGE.joinpath(*parts[:end])
        for target in (stem.with_suffix(".py"), stem / "__init__.py"):
            if target.exists():
                return target
    return None
