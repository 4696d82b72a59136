"""Which figure is meant: labels as people type them, and the possible ones where there is no such figure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from frs_pipeline.errors import UsageError
from frs_pipeline.lineage.meaning import meanings, question
from frs_pipeline.study import Study
from frs_pipeline.study.tables import TOTAL, Address, Axis, Table, catalogue

_FIELDS = ("group", "row", "column", "measure")
_LABELS = ("row", "column", "group")
# What is meant where nothing is given: the plain number of a table, the gamma of a correlation, all groups together.
_DEFAULTS = {"measure": ("count", "gamma", "mean", "answers"), "group": (TOTAL,)}


def address(
    study: Study,
    table: int,
    row: str | None = None,
    column: str | None = None,
    group: str | None = None,
    measure: str | None = None,
) -> Address:
    """Find the figure with these labels, whatever their case, blanks and printed spelling.

    Raises `UsageError` with what is nearest and what is possible when there is no such figure.
    """
    if table not in catalogue(study):
        numbers = sorted(catalogue(study))
        raise _none(f"table {table}", f"tables run from {numbers[0]} to {numbers[-1]}")
    left = [one for one in meanings(study) if one.table == table]
    given = {"group": group, "row": row, "column": column, "measure": measure}
    for field in _FIELDS:
        left = _narrowed(study, left, field, given[field], catalogue(study)[table])
    return left[0]


def _narrowed(study: Study, left: list[Address], field: str, given: str | None, table: Table) -> list[Address]:
    """Return those that have this label."""
    possible = list(dict.fromkeys(getattr(one, field) for one in left))
    chosen = _default(field, possible) if given is None else _named(study, given, possible, _axis(table, field), table)
    if chosen is None:
        where = f"table {table.number}"
        if possible == [""]:
            of = given and next((name for name in _LABELS if _is_label(study, table.number, name, given)), None)
            raise _none(where, f"its figures have no {field}: " + (f"say --{of} instead" if of else f"leave out --{field}"))
        if given is None:
            raise _none(where, f"add --{field}: {_listed(possible)}")
        near = get_close_matches(_plain(given), [_plain(label) for label in possible], n=2, cutoff=0.5)
        nearest = [label for label in possible if _plain(label) in near]
        asked = f", {field} '{_plain(given)}'"
        meant = f"did you mean {' or '.join(repr(label) for label in nearest)}? " if nearest else ""
        raise _none(f"{where}{asked}", f"{meant}{field}: {_listed(possible)}")
    return [one for one in left if getattr(one, field) == chosen]


def _is_label(study: Study, table: int, field: str, given: str) -> bool:
    return any(_plain(getattr(one, field)) == _plain(given) for one in meanings(study) if one.table == table)


def _default(field: str, possible: list[str]) -> str | None:
    if len(possible) == 1:
        return possible[0]
    return next((label for label in _DEFAULTS.get(field, ()) if label in possible), None)


def _named(study: Study, given: str, possible: list[str], axis: Axis | None, table: Table) -> str | None:
    """Return the label that is meant: as printed, else under another spelling that the questionnaire has for the answer."""
    wanted = _plain(given)
    match = next((label for label in possible if _plain(label) == wanted), None)
    if match is None and axis is not None and not axis.boxes:
        asked = question(study, axis.variable, table.marts)
        spelt = {a.code: {_plain(a.label), *map(_plain, a.also_printed)} for a in asked.answers}
        for category in axis.categories:
            if len(category.codes) == 1 and category.label in possible and wanted in spelt[category.codes[0]]:
                return category.label
    return match


def _axis(table: Table, field: str) -> Axis | None:
    axes = {"row": table.row, "column": table.column, "group": table.group}
    return axes.get(field)


def _plain(label: str) -> str:
    return " ".join(unicodedata.normalize("NFC", label).casefold().split())


def _listed(labels: Iterable[str]) -> str:
    return " | ".join(label or "none" for label in labels)


def _none(where: str, do: str) -> UsageError:
    return UsageError("no such figure", where=where, do=do)
