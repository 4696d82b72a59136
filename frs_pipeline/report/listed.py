"""The numbers of a figure that stand in no table of their own, as a small table: changes, sums of answers, several gammas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Side
from frs_pipeline.report.drawing.bars import SIDES, ByGroup
from frs_pipeline.report.drawing.change import Change
from frs_pipeline.report.drawing.forest import Forest
from frs_pipeline.report.drawing.numbers import between, certainty, count, decimal, joined, points, share
from frs_pipeline.report.drawing.scene import NOTHING
from frs_pipeline.report.intervals import Ends

_INTERVAL = Text("95-procent-sikkerheds\u00adinterval", "95% confidence interval")
_CHANGE, _N = Text("Forskel i procentpoint", "Change in percentage points"), Text("Skemaer", "Forms")
_ASSOCIATION, _GAMMA, _P = Text("Sammenhæng", "Association"), Text("Gamma", "Gamma"), Text("p", "p")


class Cell(NamedTuple):
    """One cell: its text, and where it leads."""

    text: Text
    href: str = ""


@dataclass(frozen=True)
class Listed:
    """A small table: heads of its columns, then rows of which the first cell names the row."""

    header: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]


def of_bars(figure: ByGroup, ends: Mapping[str, Ends]) -> Listed:
    """List the sum of either side of each bar with its interval, where there are any, and how many forms it is of."""
    sides: list[Side] = [side for side in SIDES if figure.answers.places(side)]
    limits = [*ends.values()] if len(ends) == len(figure.rows) else []
    header = [Text("", "")]
    for side in sides:
        header.append(figure.answers.head(side))
        header.extend([_INTERVAL] if limits and side != "middle" else [])
    rows = []
    for at, row in enumerate(figure.rows):
        cells = [Cell(row.label)]
        for side, link in zip(SIDES, row.links, strict=True):
            if side not in sides:
                continue
            cells.append(Cell(share(figure.answers.sum(row.shares, side) if row.forms else None), link.href if link else ""))
            if limits and side != "middle":
                cells.append(Cell(getattr(limits[at], side).said))
        rows.append((*cells, Cell(count(row.forms))))
    return Listed((*header, _N), tuple(rows))


def of_change(figure: Change) -> Listed:
    """List both shares of either side and how much the favourable one changed."""
    sides = [figure.best, *([figure.worst] if figure.worst else [])]
    rounds = figure.before, figure.after
    header = [joined([side, when], ", ") for side in sides for when in rounds]
    rows = []
    for row in figure.rows:
        both = [row.best, *([row.worst] if row.worst else [])]
        links = [*(link.href if link else "" for link in row.links), "", ""]
        shares = [value for pair in both for value in (pair.before, pair.after)]
        cells = [Cell(share(value), href) for value, href in zip(shares, links, strict=False)]
        made = row.difference
        moved = [Cell(points(made.points if made else None)), Cell(between(made.low, made.high, 1) if made else NOTHING)]
        rows.append((Cell(row.label), *cells, *moved))
    return Listed((Text("", ""), *header, _CHANGE, _INTERVAL), tuple(rows))


def of_gammas(figure: Forest) -> Listed:
    """List gammas with their intervals, p and forms."""
    rows = [
        (
            Cell(row.label),
            Cell(decimal(row.gamma, 3), row.link.href if row.link else ""),
            Cell(between(row.span.low, row.span.high, 3) if row.span else NOTHING),
            Cell(certainty(row.p)),
            Cell(count(row.forms)),
        )
        for row in figure.rows
    ]
    return Listed((_ASSOCIATION, _GAMMA, _INTERVAL, _P, _N), tuple(rows))
