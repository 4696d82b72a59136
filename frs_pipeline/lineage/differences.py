"""Which figures differ between two deliveries, and how much of each difference comes from what.

Every figure is counted again on the way from the older delivery to the newer, one thing changed at a time: first today's
definition and code on the older forms, then the answers that those forms have now, then without the forms that are
gone, then with those that are new. What each step changes is what that thing did, and the steps add up to the whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from frs_pipeline.errors import InputError
from frs_pipeline.store.files import Store, read, recorded, schema_of
from frs_pipeline.store.plan import table_key
from frs_pipeline.study import Study
from frs_pipeline.study.cases import CASE_COLUMNS
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import background, questionnaires
from frs_pipeline.study.tables import Address, Table, catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import Figure, figures, from_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

CORRECTED, GONE, NEW = "corrected forms", "forms gone", "new forms"
_WHICH = ("older", "newer")
# Of a table of conferences, which isn't counted again on the way.
CONFERENCES = "other conferences, or something else known of them"


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that differs: as the older and the newer delivery have it, and what each cause changed.

    None where a delivery doesn't have the figure. A cause between values that can't both be computed changes nothing that
    could be given as a number.
    """

    address: Address
    older: Figure | None
    newer: Figure | None
    causes: tuple[str, ...]
    moved: dict[str, float]


@dataclass(frozen=True)
class Differences:
    """Two deliveries compared. `forms` counts, by questionnaire, forms corrected, gone and new."""

    forms: dict[str, dict[str, int]]
    definitions: tuple[int, ...]
    code: tuple[int, ...]
    compared: int
    changes: tuple[ChangedFigure, ...]


def differences(older: Store, newer: Store) -> Differences:
    """List every figure in which `newer` differs from `older`. Raises `InputError` when one of them isn't made."""
    paths = [{name: at.file("marts", name) for name in instruments(older.study)} for at in (older, newer)]
    for at, marts in zip((older, newer), paths, strict=True):
        missing = next((path for path in marts.values() if not path.exists()), None)
        if missing is not None:
            raise InputError("not made yet", where=missing, do=at.refreshed_by)
    kept, now = (_kept(at) for at in (older, newer))
    definitions, code = _made_differently(older, newer)
    shared = {name: _shared(*(both[name] for both in paths)) for name in instruments(older.study)}
    of_conferences = {t.number for t in catalogue(older.study).values() if CONFERENCE in t.marts}
    of_forms = [t for t in catalogue(older.study).values() if t.number not in of_conferences]
    tables = [t for t in of_forms if all(t.read_of(mart) <= shared[mart].keys() for mart in t.reads)]
    both = _both(paths, shared)
    # What was made as it would be today needn't be counted again.
    again = [table for table in tables if table.number in (*definitions, *code)]
    as_they_were = {at: figure for at, figure in kept.items() if at.table not in {table.number for table in again}}
    as_they_were |= _counted(again, _marts(both, shared, _as_they_were)) if again else {}
    counted = [as_they_were, *(_counted(tables, _marts(both, shared, step)) for step in (_corrected, _still_there))]
    changes = []
    addresses = tuple(dict.fromkeys((*kept, *now)))
    for address in addresses:
        one, other = kept.get(address), now.get(address)
        if one is None or other is None or (one.value, one.printed) != (other.value, other.printed):
            number = address[0]
            if number in of_conferences:
                # Which of the register's entries are the same conference, nobody can tell: its pseudonym may be drawn again.
                also = [f"changed {what}" for what, n in (("definition", definitions), ("code", code)) if number in n]
                changes.append(ChangedFigure(address, one, other, (*also, CONFERENCES), {}))
                continue
            made = " and ".join(["definition"] * (number in definitions) + ["code"] * (number in code)) or "code"
            changes.append(_change(address, one, [figures.get(address) for figures in counted], other, f"changed {made}"))
    forms = {
        name: _forms(older.study, both[name], _asked(older.study, shared[name], name, older, newer))
        for name in instruments(older.study)
    }
    return Differences(forms, definitions, code, len(addresses), tuple(changes))


def _change(
    address: Address, older: Figure | None, between: list[Figure | None], newer: Figure | None, made_differently: str
) -> ChangedFigure:
    way = [older, *between, newer]
    if None in way:
        return ChangedFigure(address, older, newer, (made_differently,), {})
    steps = (made_differently, CORRECTED, GONE, NEW)
    values = [figure.value for figure in way if figure is not None]
    moves = [(step, one, other) for step, (one, other) in zip(steps, pairwise(values), strict=True) if one != other]
    # A figure that is only printed differently was made differently.
    causes = tuple(step for step, _, _ in moves) or (made_differently,)
    return ChangedFigure(address, older, newer, causes, {step: b - a for step, a, b in moves if a is not None and b is not None})


def _kept(store: Store) -> dict[Address, Figure]:
    path = store.file("statistics", "figures")
    if not path.exists():
        raise InputError("not made yet", where=path, do=store.refreshed_by)
    return {figure.address: figure for figure in from_table(read(path))}


def _made_differently(older: Store, newer: Store) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """List the tables that were made by another definition, and by other code."""
    tables_by_cause: dict[str, list[int]] = {"definition": [], "code": []}
    for number in catalogue(older.study):
        origins = [json.loads(recorded(at.file(*table_key(number))) or "{}") for at in (older, newer)]
        for what, tables in tables_by_cause.items():
            if origins[0].get(what) != origins[1].get(what):
                tables.append(number)
    return tuple(tables_by_cause["definition"]), tuple(tables_by_cause["code"])


def _counted(tables: list[Table], marts: Mapping[str, ir.Table]) -> dict[Address, Figure]:
    counts = count(tables, marts)
    return {figure.address: figure for table in tables for figure in figures(table, counts[table.number])}


def _shared(older: Path, newer: Path) -> dict[str, pa.DataType]:
    """Return the columns that both marts have: adding or removing a question changes no other figure."""
    one, other = schema_of(older), schema_of(newer)
    return {field.name: field.type for field in one if field.name in other.names and other.field(field.name).type == field.type}


def _asked(study: Study, columns: Iterable[str], name: str, *stores: Store) -> list[str]:
    """Drop the columns of questions that only one delivery asks: a form isn't corrected by being asked something else."""
    questions = {question.name: question for question in questionnaires(study)[name].questions}
    return [
        column
        for column in columns
        if column not in questions or all(questionnaires(study)[name].asks(questions[column], at.delivery) for at in stores)
    ]


def _both(paths: list[dict[str, Path]], names: Iterable[str]) -> dict[str, tuple[ir.Table, ir.Table]]:
    """Open the marts of both deliveries, by questionnaire."""
    opened = open_marts({f"{which}_{name}": at[name] for name in names for which, at in zip(_WHICH, paths, strict=True)})
    return {name: (opened[f"{_WHICH[0]}_{name}"], opened[f"{_WHICH[1]}_{name}"]) for name in names}


def _marts(
    both: Mapping[str, tuple[ir.Table, ir.Table]],
    columns: Mapping[str, Iterable[str]],
    step: Callable[[ir.Table, ir.Table], ir.Table],
) -> dict[str, ir.Table]:
    return {name: step(*(mart.select(list(columns[name])) for mart in marts)) for name, marts in both.items()}


def _forms(study: Study, both: tuple[ir.Table, ir.Table], columns: Iterable[str]) -> dict[str, int]:
    # New pseudonyms of a codebook, more conferences of a child, a ledger that knows something else: none corrects a form.
    known = ("conference_id", *CASE_COLUMNS, *(question.name for question in background(study)))
    older, newer = (mart.select([name for name in columns if name not in known]) for mart in both)
    still = newer.semi_join(older, "form_id").count().execute()
    alike = newer.intersect(older).count().execute()
    counts = {CORRECTED: still - alike, GONE: older.count().execute() - still, NEW: newer.count().execute() - still}
    return {what: int(number) for what, number in counts.items()}


def _as_they_were(older: ir.Table, _newer: ir.Table) -> ir.Table:
    return older


def _corrected(older: ir.Table, newer: ir.Table) -> ir.Table:
    """Return the older delivery's forms, with their answers as they are now."""
    return newer.semi_join(older, "form_id").union(older.anti_join(newer, "form_id"))


def _still_there(older: ir.Table, newer: ir.Table) -> ir.Table:
    return newer.semi_join(older, "form_id")
