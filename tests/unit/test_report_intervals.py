"""Intervals on the pages: limits to the digits of their figure, marks, reasons in words, lines that are where they belong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.report.estimating import row_of
from frs_pipeline.report.intervals import Limits, ends, in_percent, moves, of_figures
from frs_pipeline.report.packs import figures_script
from frs_pipeline.report.typography import limit_text, p_text
from frs_pipeline.stats.clustered import Estimate, Reason
from frs_pipeline.study.about import sharing
from frs_pipeline.study.chapters import shows_intervals
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.methods import REASONS

pytestmark = pytest.mark.unit

GAMMA, SHARE = Address(10, "", "", "", "gamma"), Address(4, "Ja, meget", "", "", "valid_percent")
EMPTY = Limits(None, None, None, 0)


def row(address: Address, low: float | None, high: float | None, **more: Any) -> dict[str, Any]:
    """A row of intervals.parquet."""
    labels = {name: getattr(address, name) or None for name in ("row", "column", "group")}
    known = {"other_group": None, "clusters": 40, "n_effective": 90.0, "p": None, "q": None, "tests": None, "reason": None}
    return {"table": address.table, **labels, "measure": address.measure, "low": low, "high": high, **known, **more}


def figure(address: Address, value: float | None, printed: str) -> Figure:
    return Figure(*address, value, printed)


FIGURES = {GAMMA: figure(GAMMA, -0.286, "-,286"), SHARE: figure(SHARE, 18.2, "18%")}


def test_limits_have_as_many_digits_as_their_figure() -> None:
    found = of_figures([row(GAMMA, -0.42349, -0.0331), row(SHARE, 12.34, 25.61)], FIGURES, "danish")
    assert found[GAMMA].texts == ("\u22120,423", "\u22120,033")
    assert found[GAMMA].said == Text("\u22120,423 til \u22120,033", "\u22120.423 to \u22120.033")
    assert found[SHARE].texts == ("12", "26")
    assert limit_text(0.5, 3, "english") == "0.500"


def test_differences_and_what_is_everything_are_left_out_and_the_mark_is_that_of_the_estimate() -> None:
    rows = [
        row(GAMMA, -0.4, 0.1, clusters=9),
        row(GAMMA, -0.9, 0.9, other_group="mor"),
        row(SHARE, None, None, reason="whole"),
    ]
    found = of_figures(rows, FIGURES, "danish")
    assert set(found) == {GAMMA}
    assert (found[GAMMA].low, found[GAMMA].marked) == (-0.4, True)
    assert not of_figures([row(GAMMA, -0.4, 0.1)], FIGURES, "danish")[GAMMA].marked
    assert of_figures([row(SHARE, 1.0, 9.0, n_effective=29.9)], FIGURES, "danish")[SHARE].marked


def test_every_reason_is_said_in_words() -> None:
    assert set(REASONS) == set(get_args(Reason))
    none = of_figures([row(GAMMA, None, None, reason="perfect")], FIGURES, "danish")[GAMMA]
    assert none.texts is None
    assert none.said.english == "no interval, because all pairs of forms point the same way"
    assert none.said.danish == "intet interval, fordi alle par af skemaer peger samme vej"


def in_danish(found: dict[str, tuple[Estimate, Estimate]]) -> dict[str, tuple[Limits, Limits]]:
    """The limits of both ends as they are read from their file."""
    return {
        name: (in_percent(row_of("", best), "danish"), in_percent(row_of("", worst), "danish"))
        for name, (best, worst) in found.items()
    }


def test_the_ends_of_a_bar_are_the_shares_of_several_answers_together() -> None:
    # Ten conferences whose people agree, three answers: the last one of R and the formula (10 of 39, design effect 3.62).
    alike = [[5, 0, 0], [4, 1, 0], [0, 0, 3], [0, 4, 0], [3, 0, 0], [0, 1, 4], [6, 0, 1], [0, 3, 0], [2, 0, 0], [0, 0, 2]]
    table = catalogue(STUDY)[17].model_copy(
        update={"row": catalogue(STUDY)[17].row.model_copy(update={"categories": catalogue(STUDY)[17].row.categories[:1]})}
    )
    found = in_danish(ends(table, np.array(alike)[:, None, :], ((0,), (2,))))
    label = table.row.categories[0].label
    assert set(found) == {label, TOTAL}
    assert found[label] == found[TOTAL]
    best, worst = found[label]
    assert worst.texts == ("7,5", "59,5")
    assert worst.said.danish == "7,5 til 59,5\u00a0%"
    assert (best.clusters, best.marked) == (10, True)
    nobody = in_danish(ends(table, np.zeros((3, 1, 5), dtype=int), ((0, 1), (3, 4))))[label]
    assert nobody[0].said.english == "no interval, because no form counts"


def test_a_change_is_the_difference_of_the_shares_of_both_answers_together() -> None:
    # Of one answer, and of two: SciPy knows nothing of clusters, so the first is `Cells.difference` of the same places.
    table = catalogue(STUDY)[1]
    random = np.random.default_rng(3)
    before, after = (random.integers(0, 3, (60, len(table.row.categories), 5)) for _ in range(2))
    found = moves(table, (before, after), ((0, 1), (0, 1)))
    assert [*found] == [*(one.label for one in table.row.categories), TOTAL]
    for at, label in enumerate(found):
        sides = [each.sum(axis=(0, 1)) if label == TOTAL else each[:, at].sum(axis=0) for each in (before, after)]
        shares = [side[:2].sum() / side.sum() for side in sides]
        assert found[label].value == pytest.approx(shares[1] - shares[0])
        low, high = found[label].low, found[label].high
        assert low is not None and high is not None and low < shares[1] - shares[0] < high
    turned = moves(table, (after, before), ((0, 1), (0, 1)))
    assert turned[TOTAL].low == pytest.approx(-(found[TOTAL].high or 0))


def _packed(intervals: dict[Address, Limits], *languages: Language) -> Any:
    script = figures_script(FIGURES.items(), {}, {}, languages or LANGUAGES, intervals, sharing(STUDY), {}).decode()
    found = re.fullmatch(r"FRS\.index\((.*)\);\n", script)
    assert found
    return json.loads(found[1])


def test_limits_are_packed_by_the_place_of_their_figure() -> None:
    tested = Limits(-0.4, 0.1, ("−0,400", "0,100"), 40, p=0.0312, q=0.0001, tests=43)
    packed = _packed({GAMMA: tested, SHARE: Limits(None, None, None, 1, reason=REASONS["one_cluster"])})
    assert packed["i"] == {"0": ["−0,400", "0,100", 40, 0, "=\u00a00,031", "<\u00a00,001", 43], "1": [0]}
    assert packed["why"] == [["alle skemaer hører sammen", "all forms belong together"]]
    assert packed["of"] == [["barn", "child"], ["børn", "children"]]
    assert "i" not in _packed({})
    # Pages of a study in one language don't carry the other.
    reason = Limits(None, None, None, 1, reason=REASONS["one_cluster"])
    assert _packed({SHARE: reason}, "english")["why"] == [["all forms belong together"] * 2]


@pytest.mark.parametrize(("p", "text"), [(0.0004, "< 0,001"), (0.0006, "= 0,001"), (0.05, "= 0,050"), (1.0, "= 1,000")])
def test_p_is_never_nought(p: float, text: str) -> None:
    assert p_text(p).replace("\u00a0", " ") == text


def test_the_study_says_whether_intervals_are_shown(tmp_path: Path) -> None:
    assert shows_intervals(STUDY)
    without = study_with(tmp_path / "a", {"report/chapters.yaml": lambda text: text.replace("intervals: true\n", "")})
    assert not shows_intervals(without)
    wrong = study_with(tmp_path / "b", {"report/chapters.yaml": lambda text: text.replace("intervals: true", "intervals: ja")})
    with pytest.raises(InputError, match=r"chapters\.yaml:\d+: intervals"):
        shows_intervals(wrong)


def test_forms_are_about_what_the_study_knows_them_by(tmp_path: Path) -> None:
    child = sharing(STUDY)
    assert child is not None and child.many.english == "children"
    unlinked = sharing(study_with(tmp_path, {"study.yaml": lambda text: text.replace("\ncases: true\n", "\n")}))
    assert unlinked is not None and unlinked.many.english == "conferences"
