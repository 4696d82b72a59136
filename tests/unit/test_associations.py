"""Associations of a mart: families of tests, their order, their rows, and their picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import false_discovery_control
from support.study import STUDY

from frs_pipeline.language import Text
from frs_pipeline.report.heatmap import heatmap
from frs_pipeline.report.maps import heat
from frs_pipeline.store.files import MartFile
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables.associations import ASSOCIATIONS, Association, associations, from_rows, ordinal, strongest_first

MART = "participant_first"
ROLE = questionnaires(STUDY)[MART].role
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[MartFile]:
    draw, forms = np.random.default_rng(11), 240
    conference = draw.integers(0, 40, forms)
    columns: dict[str, pa.Array] = {"conference_id": pa.array([f"c{at}" for at in conference])}
    base = draw.integers(0, 3, forms)
    for question in ordinal(STUDY, MART):
        codes = np.array(question.codes)
        columns[question.name] = pa.array(codes[np.clip(base + draw.integers(-2, 4, forms), 0, len(codes) - 1)], pa.int8())
    assert ROLE is not None
    columns[ROLE.name] = pa.array(draw.choice(ROLE.codes, forms), pa.int8())
    path = tmp_path_factory.mktemp("mart") / "mart.parquet"
    pq.write_table(pa.table(columns), path)
    return [MartFile("", path)]


def test_what_is_tested_over_all_forms_and_within_groups_are_two_families(files: list[MartFile]) -> None:
    asked = ordinal(STUDY, MART)[:5]
    alone = associations(files, asked)
    found = associations(files, asked, ROLE)
    whole = [one for one in found if one.group is None]
    assert whole == alone
    for family in (whole, [one for one in found if one.group is not None]):
        tested = [one for one in family if one.p is not None]
        assert [one.q for one in tested] == pytest.approx(false_discovery_control([one.p for one in tested]).tolist())
    assert {one.group for one in found} == {None, "barn", "mor", "far", "familie", "netværk"}


def test_limits_leave_out_forms(files: list[MartFile]) -> None:
    asked = ordinal(STUDY, MART)[:3]
    assert ROLE is not None
    code = ROLE.code("mor")
    assert code is not None
    of_group = [one for one in associations(files, asked, ROLE) if one.group == "mor"]
    limited = associations(files, asked, None, [(ROLE, [code])])
    for one, same in zip(limited, of_group, strict=True):
        assert (one.row, one.column, one.gamma, one.n, one.clusters) == (same.row, same.column, same.gamma, same.n, same.clusters)
        assert (one.low, one.high, one.p) == pytest.approx((same.low, same.high, same.p))


def made(row: str, gamma: float | None, group: str | None = None, *, interval: bool = True) -> Association:
    ends = (gamma, gamma) if interval and gamma is not None else (None, None)
    return Association(row, "z", group, gamma, *ends, None, None, 9, 3)


def test_the_strongest_come_first_and_those_without_an_interval_last() -> None:
    found = [
        made("a", 0.1),
        made("b", -0.9),
        made("b", 0.05, "mor"),
        made("c", None),
        made("d", 1.0, interval=False),
        made("e", 0.5),
    ]
    assert [(one.row, one.group) for one in strongest_first(found)] == [
        ("b", None), ("b", "mor"), ("e", None), ("a", None), ("d", None), ("c", None)
    ]  # fmt: skip


def test_rows_come_back_as_what_they_were(files: list[MartFile]) -> None:
    found = associations(files, ordinal(STUDY, MART)[:4], ROLE)
    lines = [{"mart": mart, **asdict(one)} for mart in ("another", MART) for one in found]
    rows = pa.Table.from_pylist([{name: line[name] for name in ASSOCIATIONS.names} for line in lines], ASSOCIATIONS)
    assert from_rows(rows, MART) == [replace(one, reason=None, marked=False) for one in found]


@pytest.mark.parametrize("by", [None, ROLE])
def test_the_map_has_each_number_and_says_what_it_shows(files: list[MartFile], by: object) -> None:
    asked = ordinal(STUDY, MART)[:6]
    found = strongest_first(associations(files, asked, ROLE if by else None))
    drawn = heatmap(STUDY, MART, asked, found)
    assert drawn == heatmap(STUDY, MART, asked, found)
    root = ET.fromstring(drawn)
    title, desc = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None and title.text and desc is not None and desc.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert desc.text.count("15 par") == (6 if by else 1)
    squares = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    panels = 6 if by else 1
    assert len(squares) == 30 * panels
    # What colour tells, the number and its slant tell, too.
    for square in squares:
        rect, text = square.find(f"{SVG}rect"), square.find(f"{SVG}text")
        assert rect is not None and text is not None and text.text
        assert text.text != "–" or "none" in (rect.get("class") or "")
        assert not text.text.startswith("−") or "minus" in (rect.get("class") or "").split()


def test_no_gamma_without_an_interval_is_called_strong() -> None:
    """One of 1 may rest on two forms."""
    cells = heat([made("a", 1.0, interval=False), made("b", 0.5), made("c", None)], {}, "english")
    assert [(cells[row, "z"].text, cells[row, "z"].word) for row in "abc"] == [
        ("1.00", "none"),
        ("0.50", "strong"),
        ("–", "none"),
    ]
    assert not any(cell.significant for cell in cells.values())
    assert cells["z", "b"].limits == Text("0,50 til 0,50", "0.50 to 0.50")


def test_a_long_question_is_cut_between_words_and_whole_in_its_title(files: list[MartFile]) -> None:
    asked = ordinal(STUDY, MART)
    root = ET.fromstring(heatmap(STUDY, MART, asked, associations(files, asked)))
    labels = [(text.findtext(f"{SVG}title") or "", "".join(text.itertext())) for text in root.iter(f"{SVG}text")]
    whole = [title for title, _ in labels if title]
    assert [title.rsplit(" (", 1)[0] for title in whole] == [question.text for question in asked]
