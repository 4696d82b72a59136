"""Worst and best case of every share, mean and gamma of the tables, had nobody left a question blank.

A completion gives every form that lacks an answer one that its table counts; the bounds are the least and greatest figure of
all completions, and both are reached. Which forms a figure lacks depends on what it is:

- `valid_percent`, `cumulative_percent` and the `percent` of a distribution: the base grows by all who left the question blank.
- `percent` of a frequency: blank forms are in the base already, and might have given the answer. How many answered (`Total
  valid`, `Missing`, `Total`) isn't lacking: those lines have no bounds.
- `row_percent`, `column_percent`, `total_percent`: a form that lacks what makes it one of the row (or column) is in it or in
  another one, each for itself. In the base of a whole table it is in any case. So a printed share may lie outside of its
  bounds: in a margin, those count who answered only its question; in a cell, those enlarge the base who can't be in it.
- `case_percent` and `percent` of boxes: a form without a tick would have one or more of the table's boxes.
- `mean`: the smallest and the largest number that may be answered.
- `gamma` and `partial_gamma`: over forms that lack one of both answers (`lowest_partly`), and with those that lack both. With
  forms of unknown group no cheap sharp bound is known of a group's gamma or of the partial one.

Counts themselves, deviations, quartiles, errors and tests have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frs_pipeline.language import Text
from frs_pipeline.stats.bounds import HIT, OTHER, OUT, Added, Lacking, ratio
from frs_pipeline.stats.gamma_bounds import Incomplete, TooMany, gamma_bounds
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.boxes import TICKED
from frs_pipeline.study.countable import countable
from frs_pipeline.study.pairing import SAME, TO_FIRST, TO_LAST
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Table, catalogue
from frs_pipeline.tables.figures import ADDRESS, Figure, column
from frs_pipeline.tables.missing import cells, count_with_blanks, forms_that_never_came, with_units

if TYPE_CHECKING:
    from frs_pipeline.tables.counting import Counts

# Why a figure has no bounds.
GROUP_UNKNOWN, STEPS, BOXES, NO_FORMS = "group_unknown", "too_many", "boxes_left_out", "no_value"
REASONS = {
    GROUP_UNKNOWN: Text("skemaer uden gruppe kunne høre til hvilken som helst", "forms without a group may belong to any"),
    STEPS: Text("der er for mange mulige svar at gå igennem", "there are too many possible answers to go through"),
    BOXES: Text("tabellen udelader felter, som de kan have valgt", "the table leaves out boxes that they may have ticked"),
    NO_FORMS: Text("heller ikke med alle svar ville tallet kunne beregnes", "not even with all answers could it be computed"),
}
BOUNDS = pa.schema(
    [
        *ADDRESS,
        column("value", pa.float64(), "the figure, unrounded; null when not computable"),
        column("lowest", pa.float64(), "the least that it could be, had everybody answered; null where that isn't known"),
        column("highest", pa.float64(), "the most that it could be"),
        column("missing", pa.int64(), "forms that are in its base, or may be, and lack an answer of the table's", nullable=False),
        column("neither", pa.int64(), "of a gamma: forms among these that lack both answers"),
        column("lowest_partly", pa.float64(), "of a gamma: the least, were those left out that lack both, or the group"),
        column("highest_partly", pa.float64(), "the most"),
        column("units", pa.int64(), "forms that never came; null where nobody knows how many were to come"),
        column("lowest_units", pa.float64(), "the least that it could be, had these come, too"),
        column("highest_units", pa.float64(), "the most"),
        column("hits", pa.int64(), "of a share: forms that surely count as this answer"),
        column("base", pa.int64(), "forms that are surely in its base, the blank ones among them"),
        column("blank", pa.int64(), "of these, forms that may have given the answer or another"),
        column("unsure", pa.int64(), "forms that may be in its base or not"),
        column("reason", pa.string(), f"why there are no bounds: {', '.join(REASONS)}"),
    ]
)
# The figures that have bounds.
MEASURES = {"percent", "valid_percent", "cumulative_percent", "row_percent", "column_percent", "total_percent"}
MEASURES |= {"case_percent", "mean", "gamma", "partial_gamma"}


@dataclass(frozen=True)
class Bounded:
    """The bounds of one figure, in the units of figures.parquet; columns of `BOUNDS`."""

    lowest: float | None
    highest: float | None
    missing: int
    neither: int | None = None
    lowest_partly: float | None = None
    highest_partly: float | None = None
    hits: int | None = None
    base: int | None = None
    blank: int | None = None
    unsure: int | None = None
    reason: str | None = None


def bounds_of(store: Store, figures: Sequence[Figure], unit: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Bound all `figures` of a delivery, or of several together (`BOUNDS`); `unit` are rows of its unit non-response.

    The marts are read once. Raises as `fetch`.
    """
    study, tables = store.study, list(catalogue(store.study).values())
    marts = {mart: store.marts(mart) for mart in countable(study)}
    counts = count_with_blanks(study, tables, marts, store.settings.engine)
    of_table: dict[int, list[Figure]] = {table.number: [] for table in tables}
    for figure in figures:
        of_table[figure.table].append(figure)
    rows = [
        row
        for table in tables
        for row in bound_rows(
            study, table, of_table[table.number], counts[table.number], forms_that_never_came(study, table, unit)
        )
    ]
    return pa.Table.from_pylist(rows, schema=BOUNDS)


def bound_rows(study: Study, table: Table, figures: Sequence[Figure], counts: Counts, units: int | None) -> list[dict[str, Any]]:
    """Make the rows of `BOUNDS` for one table: of its `figures`, from its counts with blanks and the `units` that never came."""
    own = [figure for figure in figures if has_bounds(table, figure.address)]
    found = bounds(study, table, [figure.address for figure in own], counts)
    more = found if not units else bounds(study, table, [figure.address for figure in own], with_units(table, counts, units))
    rows = []
    for figure in own:
        place = {name: getattr(figure, name) or None for name in ("row", "column", "group")}
        known, all_came = found[figure.address], None if units is None else more[figure.address]
        row = {"table": table.number, **place, "measure": figure.measure, "value": figure.value, **asdict(known), "units": units}
        rows.append(row | ({"lowest_units": all_came.lowest, "highest_units": all_came.highest} if all_came else {}))
    return rows


def has_bounds(table: Table, address: Address) -> bool:
    """Return whether a figure has bounds: it is a share of answers, a mean or a gamma."""
    about_answering = table.kind == "frequency" and address.row in (TOTAL_VALID, MISSING, TOTAL)
    return address.measure in MEASURES and not about_answering


def bounds(study: Study, table: Table, addresses: Sequence[Address], counts: Counts) -> dict[Address, Bounded]:
    """Bound the figures of a table at some addresses."""
    bound: Callable[[Address], Bounded]
    if table.kind in ("correlation", "correlation_by_group"):
        bound = _Gammas(table, counts).bounded
    elif table.kind == "summary":
        bound = _Means(table, counts).bounded
    elif table.kind == "multiple":
        bound = _Boxes(study, table, counts).bounded
    else:
        bound = _Shares(table, counts).bounded
    return {address: bound(address) for address in addresses}


def _share(numerator: int, denominator: int, lacking: Sequence[Lacking], scale: Fraction = Fraction(100)) -> Bounded:
    lowest, highest = ratio(numerator, denominator, lacking)
    return Bounded(
        None if lowest is None else float(scale * lowest),
        None if highest is None else float(scale * highest),
        sum(one.forms for one in lacking),
        reason=NO_FORMS if lowest is None else None,
    )


Mask = NDArray[np.bool_]
# What a form may be, by the sum of what it may: 1 a hit, 2 another answer of the base, 4 out of it.
_MAY: dict[int, tuple[Added, ...]] = {3: (HIT, OTHER), 5: (HIT, OUT), 6: (OTHER, OUT), 7: (HIT, OTHER, OUT)}


class _Shares:
    """Shares of cells among cells: which completions of a form lie among them says what it may add."""

    def __init__(self, table: Table, counts: Counts) -> None:
        self.table = table
        self.forms, self.left_out = cells(table, counts)
        # The places of answers, without those of blanks.
        self.shape = tuple(max(size - 1, 1) for size in self.forms.shape)
        self.lacking = self.forms.copy()
        self.lacking[tuple(slice(size) for size in self.shape)] = 0
        axes = (table.group, table.row, table.column)
        self.places = [{c.label: at for at, c in enumerate(axis.categories)} if axis else {} for axis in axes]

    def bounded(self, address: Address) -> Bounded:
        hit, base = self._masks(address)
        may = np.where(hit, 1, np.where(base, 2, 4))
        for axis, size in enumerate(self.forms.shape):
            if size > may.shape[axis]:  # a form without an answer may be whatever any of the cells is that it may be in
                may = np.concatenate([may, np.bitwise_or.reduce(may, axis=axis, keepdims=True)], axis=axis)
        forms, lacks = (
            [int(n) for n in np.bincount(may.reshape(-1), weights=of.reshape(-1), minlength=8)]
            for of in (self.forms, self.lacking)
        )
        lacking = [Lacking(forms[may], adds) for may, adds in _MAY.items()]
        whole = forms[1] + forms[2]
        if self.table.kind == "frequency" and address.measure == "percent":
            whole += self.left_out
        found = _share(forms[1], whole, lacking)
        unsure = forms[5] + forms[6] + forms[7]
        return replace(found, missing=sum(lacks) - lacks[4], hits=forms[1], base=whole + forms[3], blank=forms[3], unsure=unsure)

    def _masks(self, address: Address) -> tuple[Mask, Mask]:
        """Say which cells a share counts, and among which."""
        group, row, col = (self._line(axis, label) for axis, label in enumerate((address.group, address.row, address.column)))
        kind, measure = self.table.kind, address.measure
        everything = np.ones(self.shape, dtype=bool)
        if kind == "change":
            return group & self._way(address.row), group & everything
        if measure == "cumulative_percent":
            at = self.places[1][address.row]
            return everything & (np.arange(self.shape[1]) <= at)[None, :, None], everything
        base = {"row_percent": row, "column_percent": col}.get(measure, everything)
        return row & col & everything, base & everything

    def _line(self, axis: int, label: str) -> Mask:
        """Say which places of an axis a label means; all where it is a total, or there is none."""
        chosen = np.ones(self.shape[axis], dtype=bool)
        if label in self.places[axis]:
            chosen = np.arange(self.shape[axis]) == self.places[axis][label]
        return np.expand_dims(chosen, [other for other in range(3) if other != axis])

    def _way(self, label: str) -> Mask:
        """Say which cells are changes in a way; before in the rows, after in the columns."""
        assert self.table.change is not None
        codes = next(c.codes for c in self.table.change.categories if c.label == label)
        ways = np.sign(np.arange(self.shape[2]) - np.arange(self.shape[1])[:, None])
        signs = {TO_FIRST: -1, SAME: 0, TO_LAST: 1}
        mask: Mask = np.isin(ways, [signs[code] for code in codes])[None]
        return mask


class _Means:
    """Means of numbers: a form without one may have any that the question admits."""

    def __init__(self, table: Table, counts: Counts) -> None:
        assert table.row.numbers is not None
        span = table.row.numbers
        self.scale = 10**span.decimals
        self.ends = ((int(span.low * self.scale), 1), (int(span.high * self.scale), 1))
        self.places = {c.label: at for at, c in enumerate(table.group.categories)} if table.group else {}
        # Forms by place of the group (None: unknown) and number (None: blank).
        self.forms: dict[tuple[int | None, int | None], int] = {}
        for (*of_group, number), forms in counts.items():
            place = table.group.index(of_group[0]) if table.group and of_group[0] is not None else None
            if (of_group and of_group[0] is not None and place is None) or not (number is None or number in span):
                continue
            key = place, None if number is None else int(number * self.scale)
            self.forms[key] = self.forms.get(key, 0) + forms

    def bounded(self, address: Address) -> Bounded:
        wanted = self.places.get(address.group)
        total = whole = 0
        lacking = []
        for (place, number), forms in self.forms.items():
            if wanted is not None and place not in (None, wanted):
                continue
            inside = wanted is None or place is not None or len(self.places) == 1
            may = self.ends if number is None else ((number, 1),)
            if number is not None and inside:
                total, whole = total + forms * number, whole + forms
            else:
                lacking.append(Lacking(forms, may if inside else (*may, OUT)))
        return _share(total, whole, lacking, Fraction(1, self.scale))


class _Boxes:
    """Shares of boxes: a form without a tick would have one or more of the table's boxes."""

    def __init__(self, study: Study, table: Table, counts: Counts) -> None:
        self.table = table
        paper = countable(study)[table.marts[0]]
        first = paper.question(table.row.boxes[0])
        # A form whose only tick is in a box that the table leaves out looks as if it had none.
        self.every = first is not None and len(paper.boxes(first.of)) == len(table.row.boxes)
        self.places = {c.label: at for at, c in enumerate(table.group.categories)} if table.group else {}
        self.forms: dict[tuple[int | None, tuple[bool, ...]], int] = {}
        for codes, forms in counts.items():
            of_group, boxes = codes[: -len(table.row.boxes)], codes[-len(table.row.boxes) :]
            place = table.group.index(of_group[0]) if table.group and of_group[0] is not None else None
            if not (of_group and of_group[0] is not None and place is None):
                key = place, tuple(code in TICKED for code in boxes)
                self.forms[key] = self.forms.get(key, 0) + forms

    def bounded(self, address: Address) -> Bounded:
        wanted, boxes = self.places.get(address.group), len(self.table.row.boxes)
        box = next((at for at, c in enumerate(self.table.row.categories) if c.label == address.row), None)
        per_case = address.measure == "case_percent"

        def added(hits: int, ticks: int) -> Added:
            return hits, (1 if per_case else ticks)

        # The fewest and the most ticks, with the box among them and without it.
        some = [(1, 1), (1, boxes), *([(0, 1), (0, boxes - 1)] if boxes > 1 else [])]
        blank = [added(*one) for one in some] if box is not None else [added(1, 1), added(boxes, boxes)]
        part = whole = 0
        lacking = []
        for (place, ticked), forms in self.forms.items():
            if wanted is not None and place not in (None, wanted):
                continue
            inside = wanted is None or place is not None or len(self.places) == 1
            ticks = sum(ticked)
            may = [added(ticks if box is None else int(ticked[box]), ticks)] if ticks else blank
            if ticks and inside:
                part, whole = part + forms * may[0][0], whole + forms * may[0][1]
            else:
                lacking.append(Lacking(forms, tuple(may) if inside else (*may, OUT)))
        found = _share(part, whole, lacking)
        return found if self.every else replace(found, lowest=None, highest=None, reason=BOXES)


class _Gammas:
    """Gammas of all forms, of each group, and the partial one."""

    def __init__(self, table: Table, counts: Counts) -> None:
        self.table = table
        self.forms = cells(table, counts).forms
        groups = [c.label for c in table.group.categories] if table.group else []
        self.groups = {label: self.forms[at] for at, label in enumerate(groups)}
        unknown = self.forms[-1] if table.group else np.zeros_like(self.forms[0])
        if len(groups) == 1:  # whoever didn't say it is of that group
            self.groups, unknown = {groups[0]: self.forms[0] + unknown}, np.zeros_like(unknown)
        self.unknown = int(unknown.sum())

    def bounded(self, address: Address) -> Bounded:
        if address.measure == "partial_gamma":
            return self._of(list(self.groups.values()), self.unknown)
        if address.group in self.groups:
            return self._of([self.groups[address.group]], self.unknown)
        return self._of([self.forms.sum(axis=0)], 0)

    def _of(self, tables: Sequence[NDArray[np.int64]], unknown: int) -> Bounded:
        strata = [Incomplete(each[:-1, :-1], each[:-1, -1], each[-1, :-1], int(each[-1, -1])) for each in tables]
        neither = sum(stratum.neither for stratum in strata)
        lacking = sum(int(s.no_row.sum() + s.no_column.sum()) for s in strata) + neither + unknown
        found = Bounded(None, None, lacking, neither)
        try:
            partly, whole = gamma_bounds(strata, neither=not unknown)
        except TooMany:
            return replace(found, reason=STEPS)
        low, high = (None if each is None else float(each) for each in partly)
        found = replace(found, lowest_partly=low, highest_partly=high)
        if unknown:
            return replace(found, reason=GROUP_UNKNOWN)
        if whole is None:
            return replace(found, reason=STEPS)
        if whole.lowest is None or whole.highest is None:
            return replace(found, reason=NO_FORMS)
        return replace(found, lowest=float(whole.lowest), highest=float(whole.highest))
