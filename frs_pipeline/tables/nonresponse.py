"""Non-response: conferences without a form (unit), and questions left blank (item).

Both are sums over groups of rows that the engine counts in the marts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import CheckFailed
from frs_pipeline.language import plural
from frs_pipeline.stats.counts import percent
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import Sources
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.instruments import BOTH, in_use
from frs_pipeline.study.questionnaires import Question, background, questionnaires
from frs_pipeline.tables.engine import fetch, open_marts

if TYPE_CHECKING:
    # Not needed by those who only read what was counted, and slow to import.
    import ibis.expr.types as ir

UNIT = pa.schema(
    [
        pa.field("occasion", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("conferences", pa.int32(), nullable=False),
        pa.field("percent", pa.float64()),
    ]
)
ITEM = pa.schema(
    [
        pa.field("instrument", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("forms", pa.int32(), nullable=False),
        pa.field("asked", pa.int32(), nullable=False),
        pa.field("answered", pa.int32(), nullable=False),
        pa.field("blank", pa.int32(), nullable=False),
        pa.field("blank_percent", pa.float64()),
    ]
)


@derived
def kinds(study: Study) -> dict[str, tuple[str, ...]]:
    """Return who fills in forms, each with their questionnaires."""
    questionnaires_of: dict[str, tuple[str, ...]] = {}
    for name, questionnaire in questionnaires(study).items():
        questionnaires_of[questionnaire.filled_in_by] = (*questionnaires_of.get(questionnaire.filled_in_by, ()), name)
    return questionnaires_of


@derived
def conference_schema(study: Study) -> pa.Schema:
    """Return the columns of the mart of conferences: among them a count of forms for everybody who fills in some.

    Registers say at which occasion a conference was; that the codebook's are in the ledger, only both together can.
    Where the study's marts tell which conferences are of one child, or what their background is, so does this one.
    """
    known = about(study).registers
    return pa.schema(
        [
            pa.field("conference_id", pa.string(), nullable=False),
            *([pa.field("occasion", pa.string(), nullable=False)] if known else []),
            *(CASES if about(study).cases else ()),
            *map(arrow_field, background(study)),
            *([pa.field("in_ledger", pa.bool_(), nullable=False)] if len(known) > 1 else []),
            *(pa.field(f"{name}_forms", pa.int16(), nullable=False) for name in kinds(study)),
        ]
    )


def conferences(study: Study, codebook: pa.Table, ledger: pa.Table, forms: dict[str, pa.Table]) -> pa.Table:
    """Make one row per conference of the codebook (`conference_schema`): is it in the ledger, and how many forms came in?

    `codebook` is as `codebook.cases.with_cases` returns it; `forms` are pseudonymised forms by instrument. Ledger entries that
    the codebook doesn't know have no pseudonym and so no row here; `ledger_only` counts them.
    """
    ids = codebook["conference_id"]
    counted = [
        _per_conference([forms[instrument]["conference_id"] for instrument in names], ids) for names in kinds(study).values()
    ]
    schema = conference_schema(study)
    registered = [codebook["occasion"]] if "occasion" in schema.names else []
    registered += [codebook[field.name] for field in CASES] if about(study).cases else []
    registered += [codebook[question.name] for question in background(study)]
    if "in_ledger" in schema.names:
        registered.append(pc.is_in(codebook["conference_number"], value_set=ledger["conference_number"]))
    rows = pa.table([ids, *registered, *counted], schema=schema)
    return rows.sort_by("conference_id").combine_chunks()


def conferences_from(study: Study) -> Sources:
    """Return the sources of the mart: codebook and ledger say which conferences were held, the forms how many came in."""
    codebook, ledger = ("validated", "codebook"), ("validated", "ledger")
    columns = conference_schema(study).names
    sources: Sources = {name: [(codebook, name)] for name in ("conference_id", "occasion") if name in columns}
    if "in_ledger" in columns:
        sources["in_ledger"] = [(codebook, "conference_number"), (ledger, "conference_number")]
    for kind, names in kinds(study).items():
        sources[f"{kind}_forms"] = [(("pseudonymised", name), "conference_id") for name in names]
    return sources


def forms_of(study: Study, conference: pa.Table) -> int:
    """Count the forms of all kinds that came in for the conferences (`conference_schema`)."""
    return sum(int(pc.sum(conference[f"{name}_forms"], min_count=0).as_py()) for name in kinds(study))


def ledger_only(codebook: pa.Table, ledger: pa.Table) -> int:
    """Count the ledger entries whose number the codebook doesn't know."""
    numbers = ledger["conference_number"]
    known = pc.is_in(numbers, value_set=codebook["conference_number"])
    return int(pc.count_distinct(numbers.filter(pc.invert(known))).as_py())


def conferences_alike(conference: ir.Table) -> ir.Table:
    """Build the query of how many conferences of the mart there are alike: of one occasion, with as many forms of each kind."""
    alike = [name for name in conference.columns if name in ("occasion", "in_ledger", "differs") or name.endswith("_forms")]
    return conference.group_by(alike).agg(number=conference.count())


def conferences_together(study: Study, conference: ir.Table) -> ir.Table:
    """Build the query of the conferences of several deliveries (`conference_schema`): one that several have counts once.

    It is in the ledger if it is in that of any, and has the forms that came in with all of them. A column `differs` says whether
    it has another occasion in each.
    """
    forms = {f"{name}_forms": conference[f"{name}_forms"].sum() for name in kinds(study)}
    in_ledger = {"in_ledger": conference.in_ledger.any()} if "in_ledger" in conference_schema(study).names else {}
    return conference.group_by("conference_id").agg(
        occasion=conference.occasion.min(),
        **in_ledger,
        **forms,
        differs=conference.occasion.min() != conference.occasion.max(),
    )


def unit(study: Study, alike: pa.Table, ledger_only: int | None, *deliveries: str) -> pa.Table:
    """Count conferences held and conferences without forms (`UNIT`), by occasion and in all.

    `alike` are conferences as `conferences_alike` counts them. `ledger_only` is the number of conferences in the ledger that
    the codebook doesn't know; None where nobody can tell. Forms that weren't in use in each of the `deliveries`, named by
    date, or that aren't filled in at such conferences, are never counted as lacking.
    """
    result: list[dict[str, object]] = []
    for occasion in (*occasions(study), BOTH):
        here = alike if occasion == BOTH else alike.filter(pc.equal(alike["occasion"], occasion))
        held = _sum(here["number"])
        without = {
            kind: pc.equal(here[f"{kind}_forms"], 0)
            for kind in kinds(study)
            if all(_filled_in(study, kind, occasion, delivery) for delivery in deliveries)
        }
        lacking = {
            "in_codebook": held,
            **({"not_in_ledger": _sum(here["number"], pc.invert(here["in_ledger"]))} if "in_ledger" in here.column_names else {}),
            **{f"without_{name}": _sum(here["number"], rows) for name, rows in without.items()},
        }
        for name, several in _either(study).items():
            if set(several) <= without.keys():
                lacking[f"without_{name}"] = _sum(here["number"], reduce(pc.or_, (without[kind] for kind in several)))
        result += [
            {"occasion": occasion, "measure": name, "conferences": number, "percent": percent(number, held)}
            for name, number in lacking.items()
        ]
    if ledger_only is not None:
        result.append({"occasion": BOTH, "measure": "only_in_ledger", "conferences": ledger_only, "percent": None})
    return pa.Table.from_pylist(result, schema=UNIT)


def measures(study: Study) -> frozenset[str]:
    """Return the measures that `unit` may give of conferences held, in any delivery."""
    in_ledger = {"not_in_ledger"} if "in_ledger" in conference_schema(study).names else set()
    return frozenset({"in_codebook", *in_ledger, *(f"without_{kind}" for kind in (*kinds(study), *_either(study)))})


def _either(study: Study) -> dict[str, tuple[str, ...]]:
    """Return the groups of people who fill in forms of which at least one must be missing, by name."""
    return {name: lacking.either for name, lacking in about(study).lacking.items() if lacking.either}


def _filled_in(study: Study, kind: str, occasion: str, delivery: str) -> bool:
    """Return whether those of a `kind` have a form to fill in at conferences of an occasion; for `BOTH`, at each occasion."""
    papers = {questionnaires(study)[name].occasion for name in kinds(study)[kind] if in_use(study, name, delivery)}
    return BOTH in papers or occasion in papers or set(occasions(study)) <= papers


def asked_in(study: Study, instrument: str) -> list[Question]:
    """List what a form asks: a number once, and not again for its groups; nothing that people code afterwards."""
    return [question for question in questionnaires(study)[instrument].keyed if not question.grouped]


def answers_by_occasion(study: Study, instrument: str, mart: ir.Table) -> ir.Table:
    """Build the query of how many forms of a mart there are at each occasion, and how many of them answer each question."""
    questions = [question.name for question in asked_in(study, instrument)]
    return mart.group_by("occasion").agg(number=mart.count(), **{name: mart[name].count() for name in questions})


def item(study: Study, answers: Mapping[str, pa.Table], delivery: str) -> pa.Table:
    """Count how often each question was left blank where it was asked (`ITEM`), in a `delivery`, named by its date.

    `answers` are answers by instrument as `answers_by_occasion` counts them.
    """
    result = []
    for instrument, counted in answers.items():
        forms = _sum(counted["number"])
        for question in asked_in(study, instrument):
            answered = _sum(counted[question.name])
            asked = forms if questionnaires(study)[instrument].asks(question, delivery) else 0
            if asked and question.occasion != BOTH:
                # Asked at one occasion only; but a form that answers it all the same was evidently asked.
                here = pc.equal(counted["occasion"], question.occasion)
                asked = _sum(counted["number"], here) + _sum(counted[question.name], pc.invert(here))
            result.append(
                {
                    "instrument": instrument,
                    "question": question.name,
                    "text": question.text,
                    "forms": forms,
                    "asked": asked,
                    "answered": answered,
                    "blank": asked - answered,
                    "blank_percent": percent(asked - answered, asked),
                }
            )
    return pa.Table.from_pylist(result, schema=ITEM)


def unit_of(store: Store) -> pa.Table:
    """Count the unit non-response (`UNIT`) of a delivery, or of several together.

    Raises `CheckFailed` where a conference that several of them have isn't at one occasion.
    """
    names = [part.delivery for part in store.each()]
    held = open_marts({"conference": store.marts("conference")}, store.settings.engine)["conference"]
    if len(names) > 1:
        alike = fetch(conferences_alike(conferences_together(store.study, held)))
        differ = _sum(alike["number"], alike["differs"])
        if differ:
            what = f"{plural(differ, 'conference')} that several of the deliveries have stand with another occasion in each"
            raise CheckFailed(what, where=store.delivery, do="lock the register of one of them again, or leave it out")
        # Which numbers of their ledgers are the same conference nobody can tell.
        return unit(store.study, alike, None, *names)
    both = len(about(store.study).registers) > 1
    alone = ledger_only(*(read(store.file("validated", name)) for name in ("codebook", "ledger"))) if both else None
    return unit(store.study, fetch(conferences_alike(held)), alone, *names)


def item_of(store: Store) -> pa.Table:
    """Count the item non-response (`ITEM`) of a delivery, or of several together."""
    files = {name: {file.delivery: file for file in store.marts(name)} for name in questionnaires(store.study)}
    parts = []
    for part in store.each():
        marts = open_marts({name: [of_each[part.delivery]] for name, of_each in files.items()}, store.settings.engine)
        answers = {name: fetch(answers_by_occasion(store.study, name, mart)) for name, mart in marts.items()}
        parts.append(item(store.study, answers, part.delivery))
    return parts[0] if len(parts) == 1 else item_together(parts)


def item_together(parts: Sequence[pa.Table]) -> pa.Table:
    """Add up how often each question was asked and left blank (`ITEM`) in several deliveries."""
    numbers = ("forms", "asked", "answered", "blank")
    rows = [
        {
            **same[0],
            **(sums := {name: sum(row[name] for row in same) for name in numbers}),
            "blank_percent": percent(sums["blank"], sums["asked"]),
        }
        for same in zip(*(part.to_pylist() for part in parts), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=ITEM)


def _per_conference(forms: list[pa.ChunkedArray], conferences: pa.ChunkedArray) -> pa.ChunkedArray:
    """Count how many of `forms`, given as the conference of each, every one of `conferences` has."""
    chunks = [chunk for column in forms for chunk in column.chunks]
    counted = pc.value_counts(pa.chunked_array(chunks, conferences.type))
    position = pc.index_in(conferences, value_set=counted.field("values"))
    return pc.fill_null(pc.take(counted.field("counts"), position), 0).cast(pa.int16())


def _sum(numbers: pa.ChunkedArray, rows: pa.ChunkedArray | None = None) -> int:
    """Add up numbers, in some of the rows or in all."""
    return int(pc.sum(numbers if rows is None else numbers.filter(rows), min_count=0).as_py())
