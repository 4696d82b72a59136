"""What each figure means: which forms it counts, of which others, or between which scales it measures.

A meaning is made from the catalogue alone. Waterfalls, sentences, lists of forms and recounts are all made from it,
and figures with equal meanings are the same fact, wherever they are printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from frs_pipeline.study import Study, derived
from frs_pipeline.study.boxes import TICKED, columns_of
from frs_pipeline.study.countable import countable
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.pairing import Pairing, question_of
from frs_pipeline.study.questionnaires import Question
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Codes, Table, catalogue
from frs_pipeline.tables.bases import axes
from frs_pipeline.tables.figures import figures

SIGNED = ("gamma", "t", "partial_gamma")


@dataclass(frozen=True)
class Selection:
    """Forms of some marts, selected by their occasion and by their answers.

    `answers` are codes by question: a form must have one of them at each; `without` names the question of a frequency whose
    condition is reversed: forms that gave none of its answers, blank ones included. `limits` are the questions to whose
    answers the table is limited. With a `pairing`, what is known of the forms' pairs stands among the questions. With
    `ticks`, it is the ticks in these boxes that are counted, not the forms.
    """

    study: Study
    marts: tuple[str, ...]
    occasion: str
    answers: tuple[tuple[str, Codes], ...] = ()
    without: str = ""
    limits: tuple[str, ...] = field(default=(), compare=False)
    pairing: Pairing | None = None
    ticks: tuple[str, ...] = ()

    @cached_property
    def codes(self) -> dict[str, Codes]:
        """The codes, by question, of which a form must have one."""
        return dict(self.answers)

    @cached_property
    def fact(self) -> tuple[object, ...]:
        """A value that is equal for selections of the same forms, however a table writes them."""
        asked_at = {countable(self.study)[mart].occasion for mart in self.marts}
        occasion = BOTH if asked_at == {self.occasion} else self.occasion
        ticked = {name for name, codes in self.answers if codes == TICKED}
        # Whoever ticked a box ticked one of several.
        answers = frozenset(a for a in self.answers if not (ticked - {a[0]}).intersection(columns_of(a[0])))
        return (frozenset(self.marts), occasion, answers, self.without, self.pairing, frozenset(self.ticks))

    def where(self, **answers: Codes) -> Selection:
        """Return the same selection, but with these codes at these questions."""
        return replace(self, answers=tuple({**self.codes, **answers}.items()))


@dataclass(frozen=True)
class Meaning:
    """What a figure says: a number of forms (`of` is None), their share `of` others, or a measure of a correlation or of numbers.

    `scales` are the rows and columns that a correlation runs over, `strata` what a partial one holds constant; `numbers` is
    the question whose numbers a statistic sums up.
    """

    measure: str
    counted: Selection
    of: Selection | None = None
    scales: tuple[Axis, Axis] | None = None
    strata: Axis | None = None
    numbers: Axis | None = None

    @cached_property
    def fact(self) -> tuple[object, ...]:
        """A value that is equal for figures that say the same, in whichever table and measure they are printed."""
        if self.numbers is not None:
            return (self.measure, self.counted.fact, self.numbers.variable)
        if self.scales is None:
            return (self.counted.fact, self.of.fact if self.of else None)
        # Gamma doesn't care which question is in the rows, nor whether both scales run the other way.
        first, second = sorted(_steps(axis) for axis in self.scales)
        turned = (_reversed(first), _reversed(second))
        same = min((first, second), turned)
        other = min((_reversed(first), second), (first, _reversed(second)))
        sign = 0 if self.measure not in SIGNED else 1 if same <= other else -1
        strata = (self.strata.variable, frozenset(_steps(self.strata)[1])) if self.strata else None
        return (self.measure, self.counted.fact, min(same, other), sign, strata)


_Steps = tuple[str, tuple[tuple[int, ...], ...]]


def _steps(axis: Axis) -> _Steps:
    return axis.variable, tuple(tuple(sorted(c.codes)) for c in axis.categories)


def _reversed(steps: _Steps) -> _Steps:
    return steps[0], steps[1][::-1]


@derived
def question(study: Study, name: str, marts: tuple[str, ...]) -> Question:
    """Return a question of the catalogue, as the first of the marts asks it; also what is known of pairs."""
    asked = question_of(study, marts[0], name)
    assert asked is not None, "the catalogue was read against the questionnaires"
    return asked


@derived
def meanings(study: Study) -> Mapping[Address, Meaning]:
    """Work out what every figure of every table means, in the order of the report."""
    all_meanings: dict[Address, Meaning] = {}
    for table in catalogue(study).values():
        of_table = _TableMeanings(study, table)
        for figure in figures(table, {}):
            address = figure.address
            all_meanings[address] = of_table.meaning(address)
    return all_meanings


def base(study: Study, table: Table) -> Selection:
    """Return the forms that a table counts."""
    return _TableMeanings(study, table).base


class _TableMeanings:
    """What the addresses of one table mean."""

    def __init__(self, study: Study, table: Table) -> None:
        self.study = study
        self.table = table
        every = {name: question(self.study, name, table.marts).possible for name in table.answered}
        self.all = Selection(
            self.study,
            table.marts,
            table.occasion,
            tuple({**every, **dict(table.where)}.items()),
            limits=tuple(name for name, _ in table.where),
            pairing=table.pairing,
        )
        # An answer that a table requires and counts is asked for once.
        self.base = self.all.where(**{axis.variable: axis.counted for axis in axes(table)})

    def meaning(self, address: Address) -> Meaning:
        table, measure = self.table, address.measure
        if table.kind == "frequency":
            return self._frequency(address)
        if table.kind == "distribution":
            row = self._at(table.row, address.row)
            return Meaning(measure, row, self.base if measure == "percent" else None)
        if table.tells_of_groups:
            counted = self._at(table.group, address.group) if table.group else self.base
            if measure == "n":
                return Meaning(measure, counted)
            if table.kind == "summary":
                return Meaning(measure, counted, numbers=table.row)
            assert table.column is not None
            strata = table.group if measure == "partial_gamma" else None
            return Meaning(measure, counted, scales=(table.row, table.column), strata=strata)
        if table.kind == "multiple":
            return self._multiple(address)
        assert table.column is not None
        group = {axis.variable: self._at(axis, address.group).codes[axis.variable] for axis in (table.group,) if axis}
        if table.change and not address.column:
            way = self._at(table.change, address.row).where(**group)
            return Meaning(measure, way, self.base.where(**group) if measure == "percent" else None)
        row, column = self._at(table.row, address.row), self._at(table.column, address.column)
        cell = row.where(**{table.column.variable: column.codes[table.column.variable]}, **group)
        whole = {"row_percent": row, "column_percent": column, "total_percent": self.base}
        return Meaning(measure, cell, whole.get(measure))

    def _frequency(self, address: Address) -> Meaning:
        axis, measure = self.table.row, address.measure
        special = {
            TOTAL: self.all,
            TOTAL_VALID: self.base,
            MISSING: replace(self.base, without=axis.variable),
        }
        counted = special.get(address.row) or self._at(axis, address.row)
        if measure == "cumulative_percent":
            labels = [c.label for c in axis.categories]
            so_far = axis.categories[: labels.index(address.row) + 1]
            counted = self.base.where(**{axis.variable: frozenset(code for c in so_far for code in c.codes)})
        whole = {"percent": self.all, "valid_percent": self.base, "cumulative_percent": self.base}
        return Meaning(measure, counted, whole.get(measure))

    def _multiple(self, address: Address) -> Meaning:
        axis, measure = self.table.row, address.measure
        cases = self._at(self.table.group, address.group) if self.table.group else self.base
        if address.row == TOTAL_VALID:
            return Meaning(measure, cases)
        if address.row == MISSING:
            return Meaning(measure, replace(cases, without=axis.variable))
        answers = counted = replace(cases, ticks=axis.boxes)
        if address.row != TOTAL:
            label, box = next((c, box) for c, box in zip(axis.categories, axis.boxes, strict=True) if c.label == address.row)
            counted = cases.where(**{box: frozenset(label.codes)})
        return Meaning(measure, counted, {"percent": answers, "case_percent": cases}.get(measure))

    def _at(self, axis: Axis, label: str) -> Selection:
        """Return the forms of the base in one category of an axis; all of them for the total."""
        if label == TOTAL:
            return self.base
        codes = next(frozenset(c.codes) for c in axis.categories if c.label == label)
        return self.base.where(**{axis.variable: codes})
