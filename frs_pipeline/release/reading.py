"""A release as anybody finds it: its files, and nothing else."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from frs_pipeline.errors import InputError
from frs_pipeline.study.boxes import columns_of
from frs_pipeline.study.tables import Place

Code = int | None
_HEADER = ["table", "row", "column", "group", "measure", "value", "status"]


@dataclass(frozen=True)
class NumberRead:
    """A number as it is released, and with how many decimals; `value` is None when it is hidden."""

    value: Fraction | None
    decimals: int = 0

    @property
    def half(self) -> Fraction:
        """How far the number may be from the one it was rounded from."""
        return Fraction(1, 2 * 10**self.decimals)


@dataclass(frozen=True)
class AxisRead:
    """A question and its printed answers, each with the codes that it counts."""

    question: str
    categories: tuple[tuple[str, frozenset[Code]], ...]

    @property
    def counted(self) -> frozenset[Code]:
        return frozenset(code for _, codes in self.categories for code in codes)


@dataclass(frozen=True)
class TableRead:
    """One table of a release. `numbers` has those shown and those hidden, by measure and labels; `withheld` says why it has
    none."""

    number: int
    kind: str
    marts: tuple[str, ...]
    occasion: str
    answered: tuple[str, ...]
    axes: dict[str, AxisRead]
    original: dict[str, AxisRead]
    numbers: dict[tuple[str, Place], NumberRead]
    withheld: str | None = None
    where: tuple[tuple[str, frozenset[Code]], ...] = ()

    @property
    def asked(self) -> frozenset[str]:
        """All questions that decide whether it counts a form."""
        axes = {axis.question for axis in self.original.values()}
        return frozenset(axes | {*self.answered, *self.boxes} | {name for name, _ in self.where})

    @property
    def boxes(self) -> list[str]:
        """The columns of the boxes that it counts, in the order of its rows; none in a table of any other kind."""
        return columns_of(self.original["row"].question) if self.kind == "multiple" else []

    @property
    def tells_of_groups(self) -> bool:
        """Whether it has statistics of all forms that it counts, or of each group, instead of counts of answers."""
        return self.is_correlation or self.kind == "summary"

    @property
    def is_correlation(self) -> bool:
        return self.kind.startswith("correlation")


@dataclass(frozen=True)
class ReleaseRead:
    """A release: its tables, released or only announced, and what its policy says."""

    delivery: str
    threshold: int
    zeros_shown: bool
    missing_shown: bool
    who: frozenset[str]
    uniform_withheld: bool
    tables: tuple[TableRead, ...]


def read_release(folder: Path) -> ReleaseRead:
    """Read the release in a folder. Raises `InputError` when its files aren't what they should be."""
    try:
        content = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
        numbers = _numbers(folder / "figures.csv")
        policy = content["policy"]
        return ReleaseRead(
            content["delivery"],
            policy["threshold"],
            policy["zeros"] == "shown",
            policy.get("missing", "shown") == "shown",
            frozenset(policy.get("who", ())),
            policy.get("all_or_nothing", "withhold") == "withhold",
            tuple(_table(table, numbers.get(table["number"], {})) for table in content["tables"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"isn't a release that can be read ({type(error).__name__})", where=folder, do="release it again"
        ) from error


def _numbers(path: Path) -> dict[int, dict[tuple[str, Place], NumberRead]]:
    by_table: dict[int, dict[tuple[str, Place], NumberRead]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != _HEADER:
            raise ValueError("header")
        for table, row, column, group, measure, value, status in rows:
            if status in ("shown", "hidden"):
                decimals = len(value.partition(".")[2])
                number = NumberRead(Fraction(value), decimals) if status == "shown" else NumberRead(None)
                by_table.setdefault(int(table), {})[measure, (row, column, group)] = number
    return by_table


def _table(content: dict[str, Any], numbers: dict[tuple[str, Place], NumberRead]) -> TableRead:
    return TableRead(
        content["number"],
        content["kind"],
        tuple(content["marts"]),
        content["occasion"],
        tuple(content["answered"]),
        {name: _axis(axis) for name, axis in content["axes"].items()},
        {name: _axis(axis) for name, axis in content["original"].items()},
        numbers,
        content["withheld"],
        # Releases that went out before tables could be limited say nothing about it.
        tuple((name, frozenset(codes)) for name, codes in content.get("where", {}).items()),
    )


def _axis(content: dict[str, Any]) -> AxisRead:
    return AxisRead(content["question"], tuple((label, frozenset(codes)) for label, codes in content["categories"]))
