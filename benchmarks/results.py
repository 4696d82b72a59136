"""Measure everything once more, and write RESULTS.md beside this file: what took how long, on which machine, with what.

A ratio that is worse by a third than the one that stands there is pointed out, and the command ends with 1. Usage: python
results.py [--quick]: only the shipped delivery and a hundred thousand forms, printed and not written.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import bootstrap
import counting
import intervals
import refresh
import release
import sizes

PLACE = Path(__file__).with_name("RESULTS.md")
LIBRARIES = ("dagster", "pandas", "pyarrow", "duckdb", "ibis-framework", "pandera", "great-expectations", "numpy")
WORSE = 4 / 3
_ROW = re.compile(r"\| (?P<name>[^|]+) \| (?P<value>[\d,.]+) \| ×(?P<aim>[^|]*) \|")


def results(*, quick: bool) -> Iterator[tuple[str, float, str]]:
    """Yield name, value and unit of everything that is measured."""
    yield from refresh.measure(1 if quick else refresh.ROUNDS)
    for scale in sizes.SCALES[:1] if quick else sizes.SCALES:
        yield from sizes.measure(scale, 1 if quick or scale > sizes.OFTEN else sizes.ROUNDS)
    yield from bootstrap.measure(1 if quick else bootstrap.ROUNDS)
    for scale in intervals.SCALES[:1] if quick else intervals.SCALES:
        yield from intervals.measure(scale)
    forms = 100_000 if quick else counting.FORMS
    if not quick:
        yield from release.measure()
    yield from ((f"{forms:,} forms, {name}", value, unit) for name, value, unit in counting.measure(forms, 1 if quick else 3))


def ratios(text: str) -> dict[str, tuple[float, str]]:
    """Return the ratios of a page of results, each with its aim."""
    return {row["name"]: (float(row["value"].replace(",", "")), row["aim"]) for row in _ROW.finditer(text)}


def worse(before: str, now: str) -> list[str]:
    """List the ratios that got worse by a third: greater, or less where the aim is at least something."""
    lines = []
    old = ratios(before)
    for name, (value, aim) in ratios(now).items():
        if name in old:
            by = old[name][0] / value if "at least" in aim else value / old[name][0]
            if by > WORSE:
                lines.append(f"{name}: {value:g} where it was {old[name][0]:g}")
    return lines


def page(rows: list[tuple[str, float, str]]) -> str:
    """Return the page of results."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    lines = [
        "# Results",
        "",
        "Made by `make bench`; ratios are of medians that were measured in turn. Seconds are those of one machine on one day.",
        "",
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {platform.python_version()}; "
        f"{libraries}.",
        "",
        "| | | |",
        "| --- | ---: | --- |",
        *(f"| {name} | {value:,.2f} | {unit} |" for name, value, unit in rows),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rows = []
    for name, value, unit in results(quick=quick):
        print(f"{name:<70} {value:10,.2f} {unit}", flush=True)
        rows.append((name, value, unit))
    if quick:
        return
    before, now = PLACE.read_text(encoding="utf-8") if PLACE.exists() else "", page(rows)
    PLACE.write_text(now, encoding="utf-8")
    lines = worse(before, now)
    print("\n".join(f"worse by a third: {line}" for line in lines))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
