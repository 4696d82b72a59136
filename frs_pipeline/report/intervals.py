"""Intervals as pages show them: limits to the digits of their figure, a mark where they rest on little, why there is none.

Limits of figures of tables come from `statistics/intervals.parquet`, those of sums that stand in no table, which the bars of
answers show, from `statistics/estimates.parquet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.language import Language, Text
from frs_pipeline.report.typography import NO_BREAK_SPACE, limit_text
from frs_pipeline.stats.clustered import Cells, Estimate
from frs_pipeline.stats.printing import decimals_of, in_english
from frs_pipeline.study.tables import TOTAL, Address, Table
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.intervals import marked
from frs_pipeline.tables.methods import REASONS


@dataclass(frozen=True)
class Limits:
    """The ends of a figure's interval in the figure's unit, as numbers and as text, or why it has none.

    `marked` says that it rests on so little that it is shown with a mark; `unit` is what follows the upper end. `p` is that of
    the robust test, `q` the same adjusted for `tests` tests.
    """

    low: float | None
    high: float | None
    texts: tuple[str, str] | None
    clusters: int
    marked: bool = False
    reason: Text | None = None
    p: float | None = None
    q: float | None = None
    tests: int | None = None
    unit: str = ""

    @property
    def said(self) -> Text:
        """The limits, or why there are none, in words; empty where there is nothing to say."""
        if self.texts is not None:
            low, high = self.texts
            # A dash between them would read as a minus.
            return Text(f"{low} til {high}{self.unit}", in_english(f"{low} to {high}{self.unit}").replace(NO_BREAK_SPACE, ""))
        if self.reason is None:
            return Text("", "")
        return Text(f"intet interval, fordi {self.reason.danish}", f"no interval, because {self.reason.english}")


Intervals = Mapping[Address, Limits]


def of_figures(rows: Iterable[Mapping[str, Any]], figures: Mapping[Address, Figure], language: Language) -> Intervals:
    """Return the limits of figures by address, from rows of intervals.parquet; differences aren't among them."""
    found = {}
    for row in rows:
        address = Address.of(row)
        figure = None if row["other_group"] else figures.get(address)
        # What is everything, whatever people answer, is no estimate.
        if figure is None or row["reason"] == "whole":
            continue
        limits = row["low"], row["high"]
        tested = {name: row[name] for name in ("p", "q", "tests")}
        texts = None if row["low"] is None else _texts(limits, decimals_of(figure.printed.removesuffix("%")), language)
        found[address] = Limits(*limits, texts, row["clusters"], marked(row), REASONS.get(row["reason"]), **tested)
    return found


def _texts(limits: tuple[float, float], decimals: int, language: Language) -> tuple[str, str]:
    low, high = (limit_text(limit, decimals, language) for limit in limits)
    return low, high


@dataclass(frozen=True)
class Ends:
    """Limits of the shares of a bar in percent: of the favourable answers together, and of the unfavourable ones."""

    best: Limits
    worst: Limits


# The places of the answers at either end, among the columns of a table: favourable ones first.
BothEnds = tuple[Sequence[int], Sequence[int]]


def ends(table: Table, cells: NDArray[np.integer[Any]], both: BothEnds) -> dict[str, tuple[Estimate, Estimate]]:
    """Estimate both ends of each row of a crosstab and of all rows together, from counts (clusters, rows, columns)."""
    labels = [*(category.label for category in table.row.categories), TOTAL]
    counts = cells.astype(np.int64)
    return {label: _ends(counts.sum(axis=1) if label == TOTAL else counts[:, at], both) for at, label in enumerate(labels)}


def _ends(answers: NDArray[np.int64], both: BothEnds) -> tuple[Estimate, Estimate]:
    """Estimate both ends of one row, from counts (clusters, answers)."""
    cells, every = Cells(answers), range(answers.shape[1])
    design = cells.design([[place] for place in every])
    best, worst = (cells.share(places, every, design) for places in both)
    return best, worst


def moves(
    table: Table, cells: tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]], hits: tuple[Sequence[int], Sequence[int]]
) -> dict[str, Estimate]:
    """Estimate how much larger the share of some answers is later than it was, by row of two crosstabs that have the same rows.

    `cells` are counts (clusters, rows, columns) of the earlier table and of the later one, over the same clusters; `hits` are the
    places of the answers in each. The estimates are those that `tables.intervals.between` makes of single answers.
    """
    sizes = [each.shape[1] * each.shape[2] for each in cells]
    counts = Cells(np.hstack([each.reshape(len(each), size) for each, size in zip(cells, sizes, strict=True)]))
    at = [np.arange(size).reshape(each.shape[1:]) for each, size in zip(cells, sizes, strict=True)]
    at[1] += sizes[0]
    found = {}
    for place, label in enumerate([*(category.label for category in table.row.categories), TOTAL]):
        then, now = (each if label == TOTAL else each[place : place + 1] for each in at)
        designs = [counts.design([answer.tolist() for answer in side.T]) for side in (now, then)]
        sides = [(side[:, [*of]].ravel().tolist(), side.ravel().tolist()) for side, of in ((now, hits[1]), (then, hits[0]))]
        found[label] = counts.difference(sides[0], sides[1], designs)
    return found


def in_percent(row: Mapping[str, Any], language: Language) -> Limits:
    """Return the limits of a share, from its row of estimates.parquet."""
    if row["low"] is None:
        return Limits(None, None, None, row["clusters"], reason=REASONS.get(row["reason"]))
    limits = row["low"], row["high"]
    unit = f"{NO_BREAK_SPACE}%" if language == "danish" else "%"
    return Limits(*limits, _texts(limits, 1, language), row["clusters"], row["marked"], unit=unit)
