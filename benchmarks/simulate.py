"""Hold intervals and tests against data with planted correlations within conferences, and write SIMULATION.md beside this file.

Demands: of all 95 % intervals that carry no mark, 92 to 98 % hold the truth in every cell and 93 to 97.5 % on average of a
method; the test of no association says it too often in at most 6 % at 5 % and .2 % at .1 %; and at most 5 % of what is found
among many pairs by Benjamini and Hochberg is false. Where one isn't met by more than three standard errors of the simulation,
the command says which cell and ends with 1.

Usage: python simulate.py [--runs 4000] [--processes 2]: nothing is written unless with the runs that are usual. The same seed
for each cell, whatever else is run, and however many processes there are.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NamedTuple

import discoveries
import numpy as np
import scenes
import shuffles

PLACE = Path(__file__).with_name("SIMULATION.md")
RUNS, SEED = 4000, 16
CLUSTERS, ICCS = (30, 100, 200), (0, 0.05, 0.2)
# What is shown with a mark: told, and nothing demanded of.
FEW = (8, 15)
# The far tail takes more runs.
OFTEN = {"gamma 0": 5, **dict.fromkeys((f"gamma 0 of {name}" for name in scenes.RARE), 2)}
# Per cent: of cells, on average of a method; of a test at 5 % and at .1 %; of what is found.
CELL, AVERAGE = (92, 98), (93, 97.5)
SIZES = {5: 6, 0.1: 0.2}
FALSE = 5
# Figures of rare answers: where few hits are expected, the interval can't help being wide.
RARE = ("barn .05 –",)
# Where two rare answers meet, some cells hold a form or two: told, and nothing demanded of.
TOLD = ("gamma of rare answers",)
STANDARD_ERRORS = 3


@dataclass
class Tally:
    """How many runs a figure had, and of how many what is true: no interval, a mark, truth in, below or above the interval."""

    runs: int = 0
    without: int = 0
    marked: int = 0
    held: int = 0
    below: int = 0
    above: int = 0
    tested: int = 0
    five: int = 0
    thousandth: int = 0

    def count(self, figure: scenes.Figure) -> None:
        made = figure.estimate
        self.runs += 1
        self.marked += made.marked
        if made.low is None or made.high is None:
            self.without += 1
        else:
            self.below += figure.truth < made.low
            self.above += figure.truth > made.high
            self.held += made.low <= figure.truth <= made.high
        if made.p is not None:
            self.tested += 1
            self.five += made.p < 0.05
            self.thousandth += made.p < 0.001

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def intervals(self) -> int:
        return self.runs - self.without

    @property
    def coverage(self) -> float:
        """Return how many per cent of the intervals hold the truth; nan where there is none."""
        return _per_cent(self.held, self.intervals)

    @property
    def carries_mark(self) -> bool:
        """Whether most of the intervals carry a mark, or most runs have none."""
        return 2 * self.marked > self.intervals or 2 * self.without > self.runs


class Results(NamedTuple):
    """All that is simulated."""

    cells: list[Cell]
    found: list[discoveries.Found]
    rejected: list[shuffles.Rejected]


class Cell(NamedTuple):
    """A figure of a scene with what came of it."""

    kind: str
    name: str
    truth: float
    clusters: int
    icc: float
    tally: Tally

    @property
    def place(self) -> str:
        return f"{self.kind}, {self.name}, {self.clusters} conferences, ICC {_short(self.icc)}"


def every_scene(clusters: Iterable[int] = (*CLUSTERS, *FEW)) -> list[scenes.Scene]:
    """List all scenes, those that take longest first."""
    return [scenes.Scene(what, k, icc) for k in sorted(clusters, reverse=True) for what in scenes.KINDS for icc in ICCS]


def cells_of(scene: scenes.Scene, runs: int) -> list[Cell]:
    """Draw the studies of a scene and tally its figures; always with the same seed."""
    rng = np.random.default_rng([SEED, zlib.crc32(repr(scene).encode())])
    found: dict[tuple[str, str, float], Tally] = {}
    for figures in scene.figures(rng, runs * OFTEN.get(scene.what, 1)):
        for figure in figures:
            found.setdefault(figure[:3], Tally()).count(figure)
    return [Cell(*what, scene.clusters, scene.icc, tally) for what, tally in found.items()]


def _cells(work: tuple[scenes.Scene, int]) -> list[Cell]:
    return cells_of(*work)


def _false(work: tuple[discoveries.Search, int]) -> discoveries.Found:
    return discoveries.search(*work, SEED)


def _rejected(work: tuple[shuffles.Shuffled, int]) -> shuffles.Rejected:
    return shuffles.rejected(*work, SEED)


def together(cells: Iterable[Cell]) -> list[Cell]:
    """Add up cells of the same figure in the same place, which several scenes have."""
    found: dict[tuple[object, ...], Tally] = {}
    for cell in cells:
        found[cell[:5]] = found.get(cell[:5], Tally()) + cell.tally
    return [Cell(*what, tally) for what, tally in found.items()]  # type: ignore[arg-type]


def outside(value: float, runs: float, low: float, high: float) -> bool:
    """Whether per cent of so many runs lie outside limits by more than chance would."""
    return any(
        (limit - value) * sign > STANDARD_ERRORS * 100 * np.sqrt(limit / 100 * (1 - limit / 100) / runs)
        for limit, sign in ((low, 1), (high, -1))
        if runs
    )


def unmet(results: Results) -> Iterator[str]:
    """Yield a line for each demand that isn't met."""
    yield from _unmet(results.cells)
    for one in results.found:
        if one.false_share - FALSE > STANDARD_ERRORS * one.error:
            yield f"{one.search.place}: {one.false_share:.1f} % of what is found is false, to be at most {FALSE}"
    for test in results.rejected:
        if test.of.null and outside(test.shuffled, test.runs, 0, 5):
            yield f"{test.of.place}: {test.shuffled:.1f} % significant at 5 %"


def _unmet(cells: Sequence[Cell]) -> Iterator[str]:
    demanded = [cell for cell in cells if not cell.tally.carries_mark and cell.kind not in TOLD]
    for cell in demanded:
        high = 100 if cell.name.startswith(RARE) else CELL[1]
        if outside(cell.tally.coverage, cell.tally.intervals, CELL[0], high):
            yield f"{cell.place}: {cell.tally.coverage:.1f} % of the intervals hold the truth, to be {CELL[0]} to {high}"
        if cell.kind in ("gamma", "partial gamma") and not cell.truth:
            for (level, most), size in zip(SIZES.items(), _sizes(cell.tally), strict=True):
                if outside(size, cell.tally.tested, 0, most):
                    yield f"{cell.place}: {size:.2f} % significant at {level} %, to be at most {most}"
    for kind, tally in _by_kind(demanded):
        if outside(tally.coverage, tally.intervals, *AVERAGE):
            low, high = AVERAGE
            yield f"{kind}, on average: {tally.coverage:.1f} % of the intervals hold the truth, to be {low} to {high}"


def _by_kind(cells: Iterable[Cell]) -> Iterator[tuple[str, Tally]]:
    kinds: dict[str, Tally] = {}
    for cell in cells:
        kinds[cell.kind] = kinds.get(cell.kind, Tally()) + cell.tally
    yield from kinds.items()


def _sizes(tally: Tally) -> tuple[float, float]:
    return _per_cent(tally.five, tally.tested), _per_cent(tally.thousandth, tally.tested)


def _per_cent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")


def _short(value: float) -> str:
    return f"{value:g}".replace("0.", ".")


def page(results: Results, runs: int) -> str:
    """Return the page of results."""
    lines = [
        "# Simulation",
        "",
        f"Made by `make simulate`: {runs:,} studies a cell ({runs * OFTEN['gamma 0']:,} for a gamma of 0), whose conferences are "
        "as large as those of the shipped study and have the same roles, with a planted correlation within conferences (ICC).",
        "",
        "Per cent of the 95 % intervals that hold the truth; in brackets, truths below and above. A * says that most intervals "
        "of the cell carry a mark (fewer than 10 conferences, or than 30 effective forms), a † that most studies have none.",
        "",
        *_averages(results.cells),
        *_coverage(results.cells),
        *_tests(results.cells),
        *_found(results.found),
        *_shuffled(results.rejected),
    ]
    return "\n".join(lines)


def _averages(cells: Sequence[Cell]) -> Iterator[str]:
    yield from (
        "## On average",
        "",
        "| | without a mark | | | with a mark | | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    )
    yield "| | mean | least | most | mean | least | most |"
    for kind, _ in _by_kind(cells):
        row = [kind]
        for marked in (False, True):
            own = [c.tally for c in cells if c.kind == kind and c.tally.carries_mark == marked and c.tally.intervals]
            each = [tally.coverage for tally in own]
            whole = sum(own, Tally()).coverage
            row += [f"{value:.1f}" for value in (whole, min(each), max(each))] if each else [""] * 3
        yield f"| {' | '.join(row)} |"
    yield ""


def _coverage(cells: Sequence[Cell]) -> Iterator[str]:
    for kind in dict.fromkeys(cell.kind for cell in cells):
        head = " | ".join(f"ICC {_short(icc)}" for icc in ICCS)
        yield from (f"## {kind[0].upper()}{kind[1:]}", "", f"| | conferences | {head} |", "| --- | ---: |" + " --- |" * len(ICCS))
        own = {cell[1:5]: cell for cell in cells if cell.kind == kind}
        for name, truth, clusters in sorted({cell[1:4] for cell in own.values()}, key=lambda key: (key[0], key[2])):
            row = [_told(own[name, truth, clusters, icc].tally) for icc in ICCS]
            yield f"| {name} | {clusters} | {' | '.join(row)} |"
        yield ""


def _told(tally: Tally) -> str:
    if 2 * tally.without > tally.runs:
        return "†"
    below, above = (_per_cent(part, tally.intervals) for part in (tally.below, tally.above))
    return f"{tally.coverage:.1f} ({below:.1f}/{above:.1f})" + "*" * tally.carries_mark


def _tests(cells: Sequence[Cell]) -> Iterator[str]:
    yield from (
        "## Tests where there is nothing",
        "",
        "Per cent significant at 5 % / at .1 %, of the studies that are tested.",
        "",
    )
    yield "| | conferences | " + " | ".join(f"ICC {_short(icc)}" for icc in ICCS) + " |"
    yield "| --- | ---: |" + " --- |" * len(ICCS)
    own = {
        (c.kind, c.name, c.clusters, c.icc): c.tally for c in cells if abs(c.truth) < 1e-9 and c.tally.tested * 5 > c.tally.runs
    }
    for kind, name, clusters in sorted({key[:3] for key in own}):
        sizes = [_sizes(own.get((kind, name, clusters, icc), Tally())) for icc in ICCS]
        row = ["" if five != five else f"{five:.1f} / {thousandth:.2f}" for five, thousandth in sizes]
        yield f"| {kind}, {name} | {clusters} | {' | '.join(row)} |"
    yield ""


def _found(found: Sequence[discoveries.Found]) -> Iterator[str]:
    yield from ("## What is found among many pairs", "", discoveries.ABOUT, "")
    yield "| pairs | conferences | ICC | false, % of what is found | true pairs found, % | false, % of what p alone finds |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for one in found:
        power = "" if one.power is None else f"{one.power:.0f}"
        told = f"{one.false_share:.1f} | {power} | {one.unadjusted:.1f}"
        yield f"| {one.search.what} | {one.search.clusters} | {_short(one.search.icc)} | {told} |"
    yield ""


def _shuffled(rejected: Sequence[shuffles.Rejected]) -> Iterator[str]:
    yield from ("## Within conference and role", "", shuffles.ABOUT, "")
    yield "| what there is | conferences | ICC | by shuffling | robust test |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for one in rejected:
        yield f"| {one.of.what} | {one.of.clusters} | {_short(one.of.icc)} | {one.shuffled:.1f} | {one.robust:.1f} |"
    yield ""


def simulate(runs: int, processes: int) -> Results:
    """Run everything; the order of what is returned is that of the scenes."""
    searches, shuffled = discoveries.every_search(CLUSTERS), shuffles.every_shuffle(CLUSTERS[:2])
    with ProcessPoolExecutor(processes) as pool:
        cells: list[Cell] = []
        work = [(scene, runs) for scene in every_scene()]
        made = pool.map(_cells, work)
        found = pool.map(_false, [(search, max(runs // 8, 1)) for search in searches])
        rejected = pool.map(_rejected, [(one, max(runs // 5, 1)) for one in shuffled])
        for number, part in enumerate(made, start=1):
            cells += part
            if sys.stderr.isatty():
                print(f"\r{number} of {len(work)} scenes", end="", file=sys.stderr, flush=True)
        return Results(together(cells), list(found), list(rejected))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--processes", type=int, default=2)
    told = parser.parse_args()
    results = simulate(told.runs, told.processes)
    made = page(results, told.runs)
    print(made)
    if told.runs == RUNS:
        PLACE.write_text(made, encoding="utf-8")
    lines = list(unmet(results))
    for line in lines:
        print(f"not met: {line}", file=sys.stderr)
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
