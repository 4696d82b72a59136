"""Forms that lack an answer on which a table depends: counted with those that lack none, and sorted by what they lack.

What is lacking is an answer that was asked for. A question that isn't on a delivery's paper, or is asked at another occasion
only, is nobody's to answer; whoever answered it there all the same was evidently asked. An answer that a table leaves out,
like "don't know", isn't lacking either: such a form is out of the table whatever else it says. The conditions of a table
(`where`, `answered`, its occasion, being one of a pair) stay conditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.store.files import MartFile
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.countable import CONFERENCE, countable
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import NO_PLACE
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.tables import Axis, Table
from frs_pipeline.tables.nonresponse import kinds

if TYPE_CHECKING:
    from frs_pipeline.tables.counting import Code, Counts

# In place of the answer to a question that wasn't asked: no answer that any table counts.
NOT_ASKED = (NO_PLACE,)


class _Part(NamedTuple):
    """What is counted of a table in one mart: its forms, or (`asked`) those of the occasion at which `once` are asked."""

    table: Table
    once: set[str]
    asked: bool


def count_with_blanks(
    study: Study, tables: Sequence[Table], marts: Mapping[str, Sequence[MartFile]], engine: Engine = DUCKDB
) -> dict[int, Counts]:
    """Count the forms of each table as `counting.count` does (None = blank), without blanks where nothing was asked.

    Those are `NOT_ASKED` in a frequency, whose percentages are of all forms. Every form is read once: what several tables count
    together is grouped together, delivery by delivery. Raises as `fetch`.
    """
    from frs_pipeline.tables.counting import count
    from frs_pipeline.tables.engine import open_marts

    parts = dict(enumerate(_parts(study, tables)))
    wanted = [part.table.model_copy(update={"number": at}) for at, part in parts.items()]
    result: dict[int, Counts] = {table.number: {} for table in tables}
    for delivery in dict.fromkeys(file.delivery for files in marts.values() for file in files):
        here = {mart: [file for file in files if file.delivery == delivery] for mart, files in marts.items()}
        for at, counts in count(wanted, open_marts(here, engine)).items():
            table, once, asked = parts[at]
            total, unasked = result[table.number], _not_asked(study, table, delivery)
            for codes, forms in counts.items():
                lacks = {axis.variable for axis, own in _by_axis(table, codes) if is_blank(axis, own)}
                counted = lacks.isdisjoint(unasked) and bool(lacks & once) == asked
                if counted:
                    total[codes] = total.get(codes, 0) + forms
                if lacks and table.kind == "frequency":
                    # All blanks of the mart, less those that were asked.
                    total[NOT_ASKED] = total.get(NOT_ASKED, 0) + forms * (not asked) - forms * counted
    return {number: {codes: forms for codes, forms in counts.items() if forms} for number, counts in result.items()}


def _parts(study: Study, tables: Sequence[Table]) -> Iterator[_Part]:
    """Yield what is to be counted of each table, mart by mart."""
    for table in tables:
        for mart in table.marts:
            own = table.model_copy(update={"marts": (mart,)})
            once = _asked_once(study, own)
            yield _Part(own, set(once), asked=False)
            # Where two questions are asked at different occasions, nobody was asked both.
            for occasion in list(dict.fromkeys(once.values()))[:1]:
                yield _Part(own.model_copy(update={"occasion": occasion}), set(once), asked=True)


def _not_asked(study: Study, table: Table, delivery: str) -> set[str]:
    """Return the questions of a table of one mart that aren't on the paper of a delivery."""
    (mart,) = table.marts
    asked = {axis.variable: question_of(study, mart, axis.variable) for axis in _axes(table)}
    return {name for name, question in asked.items() if question and not countable(study)[mart].asks(question, delivery)}


def _asked_once(study: Study, table: Table) -> dict[str, str]:
    """Return the questions of a table of one mart, with forms of several occasions, that are asked at one of these: at which."""
    (mart,) = table.marts
    if countable(study)[mart].occasion != BOTH or table.occasion != BOTH:
        return {}
    asked = {axis.variable: question_of(study, mart, axis.variable) for axis in _axes(table)}
    return {name: question.occasion for name, question in asked.items() if question and question.occasion != BOTH}


def _axes(table: Table) -> list[Axis]:
    return [axis for axis in (table.group, table.row, table.column) if axis]


def _by_axis(table: Table, codes: Sequence[Code]) -> Iterator[tuple[Axis, tuple[Code, ...]]]:
    """Yield the axes of a table with what forms of these `codes` answered in its columns."""
    start = 0
    for axis in _axes(table):
        yield axis, tuple(codes[start : start + len(axis.columns)])
        start += len(axis.columns)


def is_blank(axis: Axis, codes: Sequence[Code]) -> bool:
    """Return whether a form with these codes lacks the answer: of several boxes, that is none of them ticked."""
    return all(code is None or (bool(axis.boxes) and code == 0) for code in codes)


class Cells(NamedTuple):
    """Forms of a table by the places of their answers, `lacking` the answers in the last place of each axis.

    `forms` is (groups + 1, rows + 1, columns + 1); an axis that the table hasn't got has one place and none for blanks.
    `left_out` are forms with an answer that the table doesn't count.
    """

    forms: NDArray[np.int64]
    left_out: int


def cells(table: Table, counts: Counts) -> Cells:
    """Sort the counts of a table whose answers are categories."""
    axes = (table.group, table.row, table.column)
    forms = np.zeros([len(axis.categories) + 1 if axis else 1 for axis in axes], dtype=np.int64)
    places: list[dict[Code, int]] = [
        {**{code: at for at, c in enumerate(axis.categories) for code in c.codes}, None: len(axis.categories)} if axis else {}
        for axis in axes
    ]
    left_out = 0
    for codes, number in counts.items():
        given = iter(codes)
        place = [known.get(next(given)) if axis else 0 for axis, known in zip(axes, places, strict=True)]
        if None in place:
            left_out += number
        else:
            forms[tuple(place)] += number
    return Cells(forms, left_out)


def with_units(table: Table, counts: Counts, units: int) -> Counts:
    """Add forms that never came, which lack every answer."""
    nothing: tuple[Code, ...] = (None,) * len(table.columns)
    return {**counts, nothing: counts.get(nothing, 0) + units}


def forms_that_never_came(study: Study, table: Table, unit: Sequence[Mapping[str, Any]]) -> int | None:
    """Return how many forms of a table never came; None where nobody knows. `unit` are rows of the unit non-response.

    A register knows how many conferences lack a form. That is a number of forms only where each has one person to fill it in:
    whose papers don't ask for the role. Of those who were to meet a condition of the table, nobody knows the number.
    """
    if table.where or table.answered or table.pairing:
        return None
    without = {(row["measure"], row["occasion"]): row["conferences"] for row in unit}
    total = 0
    for mart in table.marts:
        if mart == CONFERENCE:
            continue
        paper = countable(study)[mart]
        occasion = paper.occasion if table.occasion == BOTH else table.occasion
        once = {q.occasion for axis in _axes(table) if (q := question_of(study, mart, axis.variable))} - {BOTH}
        if occasion == BOTH and len(once) == 1:
            occasion = once.pop()
        known = without.get((f"without_{paper.filled_in_by}", occasion))
        same = [name for name in kinds(study)[paper.filled_in_by] if countable(study)[name].occasion in (BOTH, occasion)]
        if paper.role or known is None or len(same) > 1:
            return None
        total += known
    return total
