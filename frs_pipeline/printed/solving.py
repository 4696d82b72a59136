"""Programmes in whole numbers, solved by HiGHS, which comes with SciPy."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp


def solve_whole(cost: Sequence[float] | np.ndarray, constraints: Sequence[LinearConstraint], bounds: Bounds) -> OptimizeResult:
    """Minimise a cost over whole numbers. Where there is no solution, its `x` is None."""
    with _nothing_printed():
        return milp(cost, constraints=constraints, integrality=np.ones(len(cost), dtype=int), bounds=bounds)


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Keep a line that HiGHS prints now and then, whatever its options, out of what the program itself prints."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # the line may still be in the C library's buffer
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
