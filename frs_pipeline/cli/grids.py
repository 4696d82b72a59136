"""Print tables as wide as the terminal: words are folded, numbers never are, and too many columns become several parts."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from frs_pipeline.cli.terminal import fold, plain, room

if TYPE_CHECKING:
    from rich.console import Console

# A column of words is at least as wide as its longest word, unless that is longer than this.
_WORD = 13
_NUMERIC = frozenset("-–−0123456789,.%E+ ")
# Spaces between columns where there is room.
_APART = 3


@dataclass(frozen=True)
class _Column:
    """A column: its heading, whether it holds numbers, as wide as it would be, and as narrow as it can be."""

    name: str
    numbers: bool
    whole: int
    least: int


def print_grid(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], under: str | None = None) -> None:
    """Print a table with its caption and pale lines under it, as wide as COLUMNS or the terminal say.

    Where its columns don't fit, it is printed in parts that each repeat the labels of the rows. Where neither says how wide,
    programs read it: every row is one line. Only on a terminal is the caption folded: `frs tables | grep Tabel` (or `Table`)
    lists all of them.
    """
    from rich.cells import cell_len
    from rich.console import Console

    lines = [tuple(map(plain, row)) for row in rows]
    columns = [_column(plain(name), [line[at] for line in lines], at) for at, name in enumerate(header)]
    below = [plain(line) for line in under.split("\n")] if under else []
    letters = room() or max([_whole(columns), *map(cell_len, below)])
    parts = _parts(columns, letters)
    # A single number may be wider than all there is.
    widest = max(_least([columns[at] for at in part]) for part in parts)
    console = Console(width=max(letters, widest), highlight=False, markup=False, emoji=False)
    console.print(fold(plain(caption), letters if sys.stdout.isatty() else None), style="bold", soft_wrap=True)
    for part in parts:
        _print_part([columns[at] for at in part], [[line[at] for at in part] for line in lines], console)
    if below:
        console.print("\n".join((*below, "")), style="bright_black")


def _column(name: str, cells: list[str], at: int) -> _Column:
    from rich.cells import cell_len

    numbers = all(set(cell) <= _NUMERIC for cell in cells)
    pieces = [*_pieces(name), *(cells if numbers else (piece for cell in cells for piece in _pieces(cell)))]
    longest = max((len(piece.strip()) for piece in pieces), default=1)
    least = longest if numbers else max(min(longest, _WORD), 1)
    return _Column(name, numbers and at > 0, max((cell_len(name), *map(cell_len, cells), 1)), least)


def _pieces(text: str) -> list[str]:
    """Divide a text where a line may end: after words, and inside names and paths after `_` and `/`."""
    return re.findall(r"\s*[^\s_/]*[_/]*\s*", text)[:-1]


def _least(columns: Sequence[_Column], apart: int = 1) -> int:
    return sum(column.least + apart for column in columns) + 1


def _whole(columns: Sequence[_Column]) -> int:
    """Return how many letters the columns take with nothing folded."""
    return sum(column.whole + _APART for column in columns) + 1


def _parts(columns: Sequence[_Column], letters: int) -> list[list[int]]:
    """Divide columns into parts that fit; the labels, which stand before the first number, begin each."""
    everything = list(range(len(columns)))
    first = next((at for at, column in enumerate(columns) if column.numbers), len(columns))
    if _least(columns) <= letters or first == len(columns):
        return [everything]
    parts: list[list[int]] = []
    for at in everything[first:]:
        if parts and _least([columns[one] for one in (*parts[-1], at)]) <= letters:
            parts[-1].append(at)
        else:
            parts.append([*everything[:first], at])
    return parts


def _widths(columns: Sequence[_Column], letters: int) -> tuple[list[int], int]:
    """Return how wide each column is, and how many spaces part them: what is left over goes to the words, line by line."""
    if _whole(columns) <= letters:
        return [column.whole for column in columns], _APART
    apart = next((spaces for spaces in range(_APART, 1, -1) if _least(columns, spaces) <= letters), 1)
    widths = [column.least for column in columns]
    left = letters - _least(columns, apart)
    while left > 0 and (short := [at for at, column in enumerate(columns) if widths[at] < column.whole]):
        words = [at for at in short if not columns[at].numbers] or short
        widths[min(words, key=lambda at: (widths[at] / columns[at].whole, at))] += 1
        left -= 1
    return widths, apart


def _folded(text: str, width: int) -> str:
    """Fold a cell where a line may end, and elsewhere only what is too wide."""
    lines = [""]
    for piece in _pieces(text):
        if len((lines[-1] + piece).rstrip()) > width and lines[-1].strip():
            lines.append("")
        rest = lines[-1] + (piece if lines[-1] else piece.lstrip())
        while len(rest.rstrip()) > width:
            lines[-1], rest = rest[:width], rest[width:]
            lines.append("")
        lines[-1] = rest
    return "\n".join(line.rstrip() for line in lines)


def _print_part(columns: Sequence[_Column], lines: Iterable[Sequence[str]], console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    widths, apart = _widths(columns, console.width)
    table = Table(box=SIMPLE_HEAD, padding=(0, int(apart > 1), 0, int(apart > 2)))
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["right", "left"] = "right" if column.numbers else "left"
        table.add_column(_folded(column.name, width), justify=justify, overflow="fold", width=width)
    for line in lines:
        table.add_row(*(_folded(cell, width) for cell, width in zip(line, widths, strict=True)))
    console.print(table)
