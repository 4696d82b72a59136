"""Programmes in whole numbers: solved, and without a word on standard output."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint

from frs_pipeline.printed import solving


def test_the_least_is_found_in_whole_numbers_and_none_where_there_is_none() -> None:
    at_least = LinearConstraint([[2, 3]], 7, np.inf)
    assert solving.solve_whole([1.0, 1.0], [at_least], Bounds(0, np.inf)).fun == 3
    assert solving.solve_whole([1.0], [LinearConstraint([[2]], 3, 3)], Bounds(0, np.inf)).x is None


def test_what_the_solver_prints_is_kept_from_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def talks(*args: object, **kwargs: object) -> str:
        os.write(1, b"tmpSolver.run();\n")
        return "solved"

    monkeypatch.setattr(solving, "milp", talks)
    print("before")
    assert solving.solve_whole([1.0], [], Bounds(0, 1)) == "solved"
    print("after")
    assert capfd.readouterr().out == "before\nafter\n"
