"""Intervals of shares that no table prints by itself: against counts made with pandas, and single answers of tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.printed.certainty import Estimated, Spread
from frs_pipeline.report.estimates import estimates_from, named, of_gammas
from frs_pipeline.report.estimating import spreads
from frs_pipeline.stats.clustered import difference_of_shares, share
from frs_pipeline.store.files import MartFile, Store
from frs_pipeline.store.settings import DUCKDB
from frs_pipeline.study.claims import Value
from frs_pipeline.study.questionnaires import questionnaires

FIRST, LATER = "participant_first", "participant_followup"
BEST = ["rigtig god", "god"]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    """Two marts whose forms belong to conferences, some of them in both."""
    made = {}
    for seed, name in enumerate((FIRST, LATER), start=5):
        frame = random_frame(name, 400, seed)
        made[name] = frame.assign(conference_id=[f"C-{place}" for place in np.random.default_rng(seed).integers(0, 60, 400)])
    return made


@pytest.fixture(scope="module")
def store(frames: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Store:
    paths = write_marts(frames, tmp_path_factory.mktemp("marts"))
    files = {name: [MartFile("2020-11-30", path)] for name, path in paths.items()}
    known = SimpleNamespace(study=STUDY, marts=files.__getitem__, settings=SimpleNamespace(engine=DUCKDB))
    return cast("Store", known)


def code(mart: str, question: str, label: str) -> int:
    asked = questionnaires(STUDY)[mart].question(question)
    assert asked is not None
    found = asked.code(label)
    assert found is not None
    return found


def counts(frame: pd.DataFrame, mart: str, roles: list[str], answers: list[str], clusters: list[str]) -> tuple[Any, Any]:
    """Hits and valid forms of some roles by conference."""
    mine = frame[frame["role"].isin([code(mart, "role", role) for role in roles]) & frame["overall"].notna()]
    hit = mine["overall"].isin([code(mart, "overall", answer) for answer in answers])
    return tuple(of.groupby("conference_id").size().reindex(clusters, fill_value=0).to_numpy() for of in (mine[hit], mine))


def value(table: int, row: Any, answers: list[str] = BEST) -> Value:
    return Value.model_validate({"share": {"table": table, "row": row, "answers": tuple(answers)}})


def estimate(store: Store, *sides: Value) -> Spread:
    asked = Estimated(*sides)
    return estimates_from(spreads(store, {named(asked): asked}), "danish").spreads[named(asked)]


def test_a_share_of_several_answers_in_several_rows(frames: dict[str, pd.DataFrame], store: Store) -> None:
    frame = frames[FIRST]
    hits, valid = counts(frame, FIRST, ["mor", "far"], BEST, sorted(set(frame["conference_id"])))
    found = estimate(store, value(1, ("mor", "far")))
    plain = share(hits, valid)
    assert plain.low is not None
    assert plain.high is not None
    # The question's design effect can only widen it.
    assert float(found.low) <= 100 * plain.low + 1e-9
    assert float(found.high) >= 100 * plain.high - 1e-9
    assert float(found.low) == pytest.approx(100 * plain.low, abs=1.5)


@pytest.mark.parametrize("other", [(1, ("mor", "far")), (2, ("barn",))])
def test_a_difference_knows_which_forms_belong_together(
    frames: dict[str, pd.DataFrame], store: Store, other: tuple[int, tuple[str, ...]]
) -> None:
    clusters = sorted(set(frames[FIRST]["conference_id"]) | set(frames[LATER]["conference_id"]))
    mart = FIRST if other[0] == 1 else LATER
    one = counts(frames[FIRST], FIRST, ["barn"], BEST, clusters)
    two = counts(frames[mart], mart, list(other[1]), BEST, clusters)
    plain = difference_of_shares(one, two)
    assert plain.low is not None
    assert plain.high is not None
    found = estimate(store, value(1, "barn"), value(*other))
    assert (float(found.low), float(found.high)) == pytest.approx((100 * plain.low, 100 * plain.high), abs=1.5)
    assert found.p is not None
    assert float(found.p) == pytest.approx(plain.p)
    turned = estimate(store, value(*other), value(1, "barn"))
    assert (float(turned.low), float(turned.high)) == pytest.approx((-float(found.high), -float(found.low)))


def test_answers_that_no_table_prints_are_estimated_as_those_of_a_table(store: Store) -> None:
    asked = Value.model_validate({"asked": {"mart": FIRST, "question": "overall", "answers": ("god",), "group": "far"}})
    in_table, alone = (estimate(store, one) for one in (value(1, "far", ["god"]), asked))
    assert (float(alone.low), float(alone.high)) == pytest.approx((float(in_table.low), float(in_table.high)))


def test_totals_are_no_answers_and_nobody_gives_no_interval(store: Store) -> None:
    of_total = Estimated(value(1, "barn", ["Total"]))
    assert not [*spreads(store, {"x": of_total}), *spreads(store, {})]


def test_gammas_and_their_differences_come_from_the_file_of_intervals() -> None:
    def row(group: str | None, other: str | None, low: float, high: float, p: float, q: float | None) -> dict[str, Any]:
        known = {"table": 49, "measure": "gamma", "group": group, "other_group": other}
        return known | {"low": low, "high": high, "p": p, "q": q}

    rows = [row("barn", None, 0.5, 0.8, 0.001, 0.002), row("barn", "mor", 0.1, 0.7, 0.01, None)]
    found = of_gammas([*rows, row("far", None, 0.1, 0.2, 0.1, None) | {"low": None}])
    child, mother = (Value.model_validate({"gamma": {"table": 49, "group": group}}) for group in ("barn", "mor"))
    assert [float(number or 0) for number in found[named(Estimated(child))]] == [0.5, 0.8, 0.002]
    assert [float(number or 0) for number in found[named(Estimated(child, mother))]] == [0.1, 0.7, 0.01]
    assert [float(number or 0) for number in found[named(Estimated(mother, child))]] == [-0.7, -0.1, 0.01]
    assert len(found) == 3
