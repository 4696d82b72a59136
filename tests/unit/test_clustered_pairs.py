"""All pairs of questions over forms that belong together, against R's figures and against counting form by form with pandas."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frs_pipeline.stats.clustered import Estimate
from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.store.files import MartFile
from frs_pipeline.tables import clustered_pairs
from frs_pipeline.tables.allpairs import Scale
from frs_pipeline.tables.clustered_pairs import Pair, estimate_pairs, numbered

SCALES = [Scale("a", (1, 2, 3, 4, 5)), Scale("b", (5, 4, 3)), Scale("c", (0, 1, 2, 3, 4, 5, 6))]
BY = Scale("role", (1, 2, 3))
_TEXTS = ("form_id", "case_id", "conference_id")


def mart(folder: Path, forms: pd.DataFrame, name: str = "mart", newer: tuple[Path, ...] = ()) -> MartFile:
    columns = {key: pa.array(forms[key], pa.string() if key in _TEXTS else pa.int8(), from_pandas=True) for key in forms.columns}
    pq.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=97)
    return MartFile("", folder / f"{name}.parquet", newer)


def drawn(seed: int, forms: int = 500, clusters: int = 70) -> pd.DataFrame:
    """Forms of conferences that have something in common, two of three about a child with others, some about nobody known."""
    draw = np.random.default_rng(seed)
    conference = draw.integers(0, clusters, forms)
    mood = draw.normal(size=clusters)[conference] + draw.normal(size=forms)
    made: dict[str, object] = {"form_id": [f"f{seed}-{at}" for at in range(forms)]}
    made["conference_id"] = [None if at == 7 else f"c{at}" for at in conference]
    made["case_id"] = [f"k{at // 2}" if at % 3 else None for at in conference]
    made["role"] = draw.integers(1, 5, forms)
    for scale in SCALES:
        place = np.clip(np.round(mood + draw.normal(size=forms) + len(scale.codes) / 2), 0, len(scale.codes) - 1).astype(int)
        answers = np.array(scale.codes)[place]
        # Ninety-nine has no place on the scale.
        luck = np.minimum(draw.random(forms) * 20, 2).astype(int)
        made[scale.name] = [[None, 99, int(code)][at] for at, code in zip(luck, answers, strict=True)]
    return pd.DataFrame(made)


def by_hand(forms: pd.DataFrame, one: Scale, other: Scale) -> Estimate:
    """Count cluster by cluster."""
    kept = forms[forms[one.name].isin(one.codes) & forms[other.name].isin(other.codes)]
    names = kept["case_id"].fillna(kept["conference_id"]).fillna(kept["form_id"])
    cells = np.zeros((names.nunique(), len(one.codes), len(other.codes)), dtype=int)
    for at, (_, of_cluster) in enumerate(kept.groupby(names, sort=False)):
        for row, column in zip(of_cluster[one.name], of_cluster[other.name], strict=True):
            cells[at, one.codes.index(row), other.codes.index(column)] += 1
    return gamma(cells)


def same(made: Estimate, expected: Estimate) -> bool:
    numbers = ("value", "low", "high", "error", "df", "t", "p", "n_effective", "design_effect")
    for name in ("method", "n", "clusters", "reason"):
        assert getattr(made, name) == getattr(expected, name)
    for name in numbers:
        number = getattr(expected, name)
        assert getattr(made, name) == (None if number is None else pytest.approx(number, rel=1e-11, abs=1e-15))
    return True


@pytest.mark.parametrize("at_once", [1, 50, 2**15])
@pytest.mark.parametrize(("forms", "clusters"), [(500, 70), (60, 9), (3, 3), (0, 1)])
def test_every_pair_is_what_counting_cluster_by_cluster_gives(
    at_once: int, forms: int, clusters: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustered_pairs, "AT_ONCE", at_once)
    frame = drawn(3, forms, clusters)
    made = list(estimate_pairs([mart(tmp_path, frame)], SCALES, BY))
    assert [(one.row, one.column, one.group) for one in made] == [
        (one.name, other.name, group) for one, other in combinations(SCALES, 2) for group in (None, *BY.codes)
    ]
    scales = {scale.name: scale for scale in SCALES}
    for one in made:
        inside = frame if one.group is None else frame[frame["role"] == one.group]
        assert same(one.estimate, by_hand(inside, scales[one.row], scales[one.column]))


def test_sums_that_do_not_fit_into_one_number_are_added_up_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = mart(tmp_path, drawn(4))
    together = list(estimate_pairs([file], SCALES))
    monkeypatch.setattr(clustered_pairs, "ROOM", 20)
    assert list(estimate_pairs([file], SCALES)) == together


def test_forms_are_limited_to_some_answers(tmp_path: Path) -> None:
    frame = drawn(5)
    limits = [Scale("role", (1, 4)), Scale("c", (2, 3, 4))]
    kept = frame[frame["role"].isin([1, 4]) & frame["c"].isin([2, 3, 4])]
    (made,) = estimate_pairs([mart(tmp_path, frame)], SCALES[:2], where=limits)
    assert same(made.estimate, by_hand(kept, *SCALES[:2]))


def test_forms_of_several_deliveries_are_one_cluster_and_count_once(tmp_path: Path) -> None:
    """The second has some forms of the first again, with other answers, and no column of children."""
    first, second = drawn(6, 200), drawn(7, 150).drop(columns="case_id")
    second.loc[:40, "form_id"] = first.loc[:40, "form_id"]
    newer = mart(tmp_path, second, "second")
    files = [mart(tmp_path, first, "first", (newer.path,)), newer]
    joined = pd.concat([first[~first["form_id"].isin(second["form_id"])], second.assign(case_id=None)])
    for made, (one, other) in zip(estimate_pairs(files, SCALES), combinations(SCALES, 2), strict=True):
        assert same(made.estimate, by_hand(joined, one, other))


def test_the_figures_are_those_of_r(tmp_path: Path) -> None:
    """Six conferences of R's survey package: svycontrast on svytotal of the cells, and withReplicates on JK1."""
    cells = [
        [[2, 1, 0], [1, 0, 1], [0, 0, 1]],
        [[0, 1, 0], [1, 2, 0], [0, 1, 2]],
        [[3, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[1, 0, 1], [0, 1, 1], [1, 0, 2]],
        [[0, 0, 0], [2, 1, 0], [0, 2, 1]],
        [[1, 1, 0], [0, 0, 0], [0, 1, 3]],
    ]
    answers = [
        {"form_id": f"{at}{row}{column}{copy}", "conference_id": f"c{at}", "a": row, "b": column}
        for at, table in enumerate(cells)
        for row in range(3)
        for column in range(3)
        for copy in range(table[row][column])
    ]
    scales = [Scale(name, (0, 1, 2)) for name in "ab"]
    (made,) = estimate_pairs([mart(tmp_path, pd.DataFrame(answers).sample(frac=1, random_state=1))], scales)
    assert made.estimate.value == pytest.approx(0.719745222930, abs=1e-12)
    assert made.estimate.error == pytest.approx(0.144503387523, abs=1e-12)
    assert (made.estimate.n, made.estimate.clusters, made.estimate.df) == (36, 6, 5)


def test_a_group_of_one_of_the_two_questions_is_not_compared(tmp_path: Path) -> None:
    made: list[Pair] = list(estimate_pairs([mart(tmp_path, drawn(8))], SCALES, SCALES[0]))
    assert {one.group for one in made if "a" in (one.row, one.column)} == {None}
    assert {one.group for one in made if "a" not in (one.row, one.column)} == {None, 1, 2, 3, 4, 5}


def test_forms_that_have_nothing_in_common_are_clusters_of_their_own() -> None:
    keys = [pa.chunked_array([["x", None], ["y", "x"]], pa.string()), pa.chunked_array([[None, "y"]], pa.string())]
    assert numbered(keys).tolist() == [0, 2, 1, 0, 3, 1]
