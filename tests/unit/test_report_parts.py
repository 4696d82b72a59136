"""Parts of the report that need no run: names of figures, layout, typography, associations, contents."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import somersd
from support.study import STUDY

from frs_pipeline.errors import InputError
from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.pairs import Pairs
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.report.layout import layout, texts_of
from frs_pipeline.report.maps import heat
from frs_pipeline.report.packs import _cells
from frs_pipeline.report.statics import stylesheet
from frs_pipeline.report.typography import (
    anchor,
    css_string,
    figure_text,
    in_numbers,
    number_text,
    points_text,
    share_text,
    shown,
    with_zero,
)
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.store.files import MartFile
from frs_pipeline.study.chapters import chapters, read_chapters
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.associations import associations, ordinal


def test_every_figure_has_a_name_of_its_own_that_a_link_can_hold() -> None:
    names = [anchor(address) for address in meanings(STUDY)]
    assert len(set(names)) == len(names) > 2000
    assert [name for name in names if not re.fullmatch(r"t\d+-[a-z0-9_.]+", name)] == []
    assert anchor(Address(4, "Ja, meget", "", "", "valid_percent")) == "t4-ja_meget.valid_percent"


def test_every_figure_of_a_table_stands_in_its_layout_once() -> None:
    for number, table in catalogue(STUDY).items():
        known = {address for address in meanings(STUDY) if address.table == number}
        made = layout(table, known, texts_of(STUDY, table))
        cells = [cell for block in made.blocks for line in block.lines for cell in line.cells if cell is not None]
        assert sorted(cells) == sorted(known), number
        assert {len(line.cells) for block in made.blocks for line in block.lines} == {len(made.header)}, number


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (shown("46,9%"), "46,9\u00a0%"),
        (shown("-,286"), "\u2212,286"),
        (with_zero(shown("-,286")), "\u22120,286"),
        (with_zero("4,799"), "4,799"),
        (share_text(0.0), "0,0\u00a0%"),
        (share_text(12.25), "12,3\u00a0%"),
        (points_text(12.25), "12,3"),
        (points_text(-3.0), "\u22123,0"),
        (figure_text("1104"), "1.104"),
        (figure_text("1267,5"), "1.267,5"),
        (figure_text("-1234567"), "\u22121.234.567"),
        (figure_text("186"), "186"),
        (figure_text(",3737"), ",3737"),
        (number_text(999), "999"),
        (number_text(1234567), "1.234.567"),
        (number_text(-1000), "\u22121.000"),
    ],
)
def test_numbers_are_set_as_danish_has_them(made: str, text: str) -> None:
    assert made == text


@pytest.mark.parametrize("number", [6101181234, -6101181234, 7112009999, 61_011_812_345_678])
def test_a_large_number_of_pairs_is_not_taken_for_a_personal_number(number: int) -> None:
    packed = _cells(Pairs(("a",), ("b",), (), number, 194_154), ({"a": Text("a", "A")}, {}, {}), LANGUAGES)
    assert packed is not None
    assert packed[:2] == [[("a", "A")], ["b"]]
    assert packed[4] == 194_154
    assert packed[3].replace(".", "").replace("\u2212", "-") == str(number)
    assert abs(number) >= 10**10 or holds_personal_number(f'"g":[[],[],[],{number}]', figures=True)
    assert not holds_personal_number(json.dumps(packed, ensure_ascii=False), figures=True)


def test_associations_are_the_gammas_of_the_counts_and_their_p_that_of_scipy(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    asked = ordinal(STUDY, "initiator")
    forms = 300
    base = random.integers(0, 5, forms)
    columns = {}
    for question in asked:
        codes = np.array(question.codes)
        drawn = np.clip(base + random.integers(-1, 3, forms), 0, len(codes) - 1)
        columns[question.name] = [None if random.random() < 0.1 else int(codes[place]) for place in drawn]
    table = pa.table({name: pa.array(values, pa.int8()) for name, values in columns.items()})
    pq.write_table(table, tmp_path / "mart.parquet", row_group_size=37)
    found = associations([MartFile("", tmp_path / "mart.parquet")], asked)
    assert [(one.row, one.column) for one in found] == [(a.name, b.name) for a, b in combinations(asked, 2)]
    for one in found:
        row, column = (next(q for q in asked if q.name == name) for name in (one.row, one.column))
        counts = [
            [sum(x == r and y == c for x, y in zip(columns[one.row], columns[one.column], strict=True)) for c in column.codes]
            for r in row.codes
        ]
        assert one.n == sum(map(sum, counts))
        assert one.gamma == goodman_kruskal(counts).gamma
        assert one.p == pytest.approx(somersd(counts).pvalue, abs=1e-9)


def test_an_answer_without_a_place_on_the_scale_is_in_no_association(tmp_path: Path) -> None:
    question = next(q for q in questionnaires(STUDY)["participant_first"].questions if q.dont_know is not None)
    names = [q.name for q in ordinal(STUDY, "participant_first")]
    table = pa.table({name: pa.array([question.dont_know if name == question.name else 1] * 9, pa.int8()) for name in names})
    pq.write_table(table, tmp_path / "mart.parquet")
    found = associations([MartFile("", tmp_path / "mart.parquet")], ordinal(STUDY, "participant_first"))
    assert {one.n for one in found if question.name in (one.row, one.column)} == {0}
    assert {one.n for one in found if question.name not in (one.row, one.column)} == {9}
    assert all(cell.text == "–" for cell in heat(found, {}, "danish").values())


def test_every_table_has_one_chapter() -> None:
    placed = [number for chapter in chapters(STUDY) for number in chapter.tables]
    assert sorted(placed) == sorted(catalogue(STUDY))


def test_a_table_without_a_chapter_comes_last_and_mistakes_are_told_with_their_line(tmp_path: Path) -> None:
    text, path = (STUDY.folder / "report/chapters.yaml").read_text(encoding="utf-8"), tmp_path / "chapters.yaml"
    old = "tables: [1, 2, 3, 4, 5]"
    for new, told in (
        ("tables: [1, 2, 4, 5]", None),
        ("tables: [1, 2, 3, 4, 5, 404]", "there is no table 404"),
        ("tables: [1, 2, 3, 4, 5, 81]", "table 81 has a chapter already"),
    ):
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        if told is None:
            last = [chapter for chapter in read_chapters(STUDY, path) if chapter.tables][-1]
            assert last.tables[-1] == 3
        else:
            with pytest.raises(InputError, match=told) as refused:
                read_chapters(STUDY, path)
            assert f"{path}:" in str(refused.value)


def test_the_stylesheet_uses_the_colours_that_there_are_and_each_has_a_dark_one_and_one_on_paper() -> None:
    made = stylesheet()
    blocks = re.findall(r":root \{(.*?)\}", made, re.DOTALL)
    light, dark, paper = (set(re.findall(r"(--[a-z0-9-]+):", block)) for block in blocks)
    assert light == dark == paper
    # Set by the pages themselves, or by the script: words at the foot of a sheet.
    assert set(re.findall(r"var\((--[a-z0-9-]+)", made)) - light <= {"--foot", "--ends", "--middle"}


def test_a_text_becomes_a_string_of_a_stylesheet_that_nothing_in_it_ends() -> None:
    assert css_string("Undersøgelse · 2020") == '"Undersøgelse · 2020"'
    assert css_string('a"b\\c</style>\n&') == r'"a\22 b\5c c\3c /style\3e \a \26 "'


def test_pages_stand_in_the_menu_by_what_they_are_opened_for() -> None:
    checked = {chapter.id for chapter in chapters(STUDY) if chapter.group == "check"}
    assert checked == {"bortfald", "datakvalitet", "metode", "revision", "omdata"}
    assert {chapter.group for chapter in chapters(STUDY) if chapter.tables} == {"read"}


def test_arithmetic_is_said_once_where_languages_write_numbers_differently_alone() -> None:
    assert in_numbers(Text("(52 + 22) / 2373 = 3,1\u00a0%", "(52 + 22) / 2373 = 3.1%"))
    assert in_numbers(Text("gamma −0,349, p < 0,001", "gamma −0.349, p < 0.001"))
    assert not in_numbers(Text("3,1\u00a0% af 52", "3.1% of 52"))
