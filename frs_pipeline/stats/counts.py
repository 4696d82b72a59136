"""Percentages, running totals and collapsed categories, all straight from counts."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.integer[Any]] | Sequence[Sequence[int]]

_INT64_MAX = int(np.iinfo(np.int64).max)


def exact_table(table: Table) -> NDArray[np.object_]:
    """Return a (rows, columns) table of counts as Python ints, which cannot overflow.

    Raises ValueError unless the table is two-dimensional and every count is an integer of zero or more.
    Floats are refused even when whole: beyond 2**53 they may no longer be the count they were made from.
    """
    try:
        cells = np.array(table, dtype=object)
    except ValueError as error:
        raise ValueError("a table of counts needs rows of equal length") from error
    if cells.ndim != 2:
        raise ValueError("a table of counts needs two dimensions, with rows of equal length")
    counts: list[int] = []
    for cell in cells.ravel().tolist():
        if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, (int, np.integer)):
            raise ValueError("a table of counts may hold integers only")
        if cell < 0:
            raise ValueError("a table of counts may not hold negative counts")
        # A list of numpy integers keeps them as they are inside an object array, and those do overflow.
        counts.append(int(cell))
    return np.array(counts, dtype=object).reshape(cells.shape)


def percent(part: int, whole: int) -> float | None:
    """Return `part` as a percentage of `whole`, unrounded; None if `whole` is 0. Raises ValueError if either is negative.

    The multiplication is exact and the division rounds once, so a true tie such as 14.5 comes out as 14.5.
    """
    if part < 0 or whole < 0:
        raise ValueError("a percentage needs counts of zero or more")
    # int(), since a numpy integer would do both steps in its own width and could overflow.
    return None if whole == 0 else 100 * int(part) / int(whole)


def cumulative(counts: Iterable[int]) -> list[int]:
    """Return the running totals of `counts`, one per count, in the order given."""
    return list(accumulate(int(count) for count in counts))


def collapse(
    table: Table,
    row_groups: Sequence[Sequence[int]] | None = None,
    column_groups: Sequence[Sequence[int]] | None = None,
) -> NDArray[np.int64]:
    """Merge groups of rows and columns of a (rows, columns) table of counts by adding them up.

    The result has one row per row group and one column per column group, in the order given; None keeps
    that axis as it is. Indices count from 0; those named in no group are left out, and an empty group gives
    zeros. Raises ValueError if an index is named twice or outside the table, or if the table is unsound.
    """
    exact = exact_table(table)
    merged = _merge(_merge(exact, row_groups, "row").T, column_groups, "column").T
    if any(cell > _INT64_MAX for cell in merged.ravel().tolist()):
        raise ValueError("a collapsed count exceeds 64 bits")
    return merged.astype(np.int64)


def _merge(cells: NDArray[np.object_], groups: Sequence[Sequence[int]] | None, axis: str) -> NDArray[np.object_]:
    if groups is None:
        return cells
    seen: set[int] = set()
    merged = np.zeros((len(groups), cells.shape[1]), dtype=object)
    for position, group in enumerate(groups):
        for index in group:
            # Negative indices would silently count from the end.
            if not 0 <= index < cells.shape[0]:
                raise ValueError(f"{axis} index {index} is outside the table, which has {cells.shape[0]}")
            if index in seen:
                raise ValueError(f"{axis} index {index} is named more than once")
            seen.add(index)
            merged[position] += cells[index]
    return merged
