"""A collection played over its two years, every day once: is what is missing what plain pandas counts?

Usage: python benchmarks/collection.py [--first DAY] [--last DAY]. Ends with 1 where a day differs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))  # the player of days and the other count are the tests'

from support.played import FIRST, LAST, Played  # noqa: E402
from unit.test_collection_played import differing  # noqa: E402


def main() -> int:
    """Compare every day; print the days that differ, and how many there were."""
    given = argparse.ArgumentParser()
    given.add_argument("--first", type=dt.date.fromisoformat, default=FIRST)
    given.add_argument("--last", type=dt.date.fromisoformat, default=LAST)
    asked = given.parse_args()
    played, begun, wrong = Played(), time.perf_counter(), 0
    days = [asked.first + dt.timedelta(days=at) for at in range((asked.last - asked.first).days + 1)]
    for day in days:
        with tempfile.TemporaryDirectory() as folder:
            for line in differing(played, day, Path(folder)):
                print(line)
                wrong += 1
    print(f"{len(days)} days, {wrong} differences, {time.perf_counter() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
