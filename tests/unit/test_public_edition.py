"""The public edition says what the release says and nothing else, and whoever plants something in it is found."""

import csv
import io
import json
import re

import pytest
from support.random_marts import random_frame
from support.releases import Hand, frames, write_marts
from support.study import STUDY

from frs_pipeline.errors import CheckFailed
from frs_pipeline.release.files import DANISH, FIGURES, TABLES, as_csv, as_danish_csv
from frs_pipeline.report.public import edition as pages
from frs_pipeline.report.public.edition import edition, lines_of
from frs_pipeline.report.public.proof import prove, proved, require
from frs_pipeline.report.public.released import read
from frs_pipeline.report.public_titles import public_titles
from frs_pipeline.study.about import about
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.questionnaires import questionnaires

# A crosstab by role, one as squares, a distribution, a frequency, and gammas.
NUMBERS = (1, 3, 24, 25, 58, 59)
EXAMINED = 417
HIDDEN = (("barn", "mindre god/dårlig"), ("barn", "nogenlunde"), ("mor", "nogenlunde"), ("mor", "mindre god/dårlig"))


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    marts = write_marts(frames(), tmp_path_factory.mktemp("marts"))
    made = Hand(NUMBERS, marts)
    made.merge(1, "column", "mindre god/dårlig", ("mindre god", "dårlig"))
    made.hide(1, *HIDDEN)
    made.hide(24, ("meget let", "slet ikke"), ("meget let", "i mindre grad"), ("let", "slet ikke"), ("let", "i mindre grad"))
    made.hide(58, "mange", "få")
    return made


@pytest.fixture(scope="module")
def files(hand, tmp_path_factory):
    folder = hand.write(tmp_path_factory.mktemp("release"))
    plain = {name: (folder / name).read_bytes() for name in (FIGURES, TABLES)}
    return {**plain, DANISH: as_danish_csv(hand.records())}


@pytest.fixture(scope="module")
def made(files):
    return edition(STUDY, files, examined=EXAMINED, made_up=True).build()


@pytest.fixture(scope="module")
def page(made):
    """The page of table 1, as text, with its name."""
    name = next(one.file for one in chapters(STUDY) if 1 in one.tables)
    return name, made[name].decode()


def rows_of(files, number):
    rows = csv.DictReader(io.StringIO(files[FIGURES].decode(), newline=""))
    return {(row["row"], row["column"], row["measure"]): row for row in rows if int(row["table"]) == number and not row["group"]}


def drawing(page, number, room="wide"):
    """The SVG of a table's figure."""
    section = page.split(f'<section class="figure" id="tabel-{number}"')[1].split("</section>")[0]
    return re.search(rf'<svg class="drawing {room}".*?</svg>', section, re.DOTALL)[0]


def test_it_says_nothing_but_the_release(files, made):
    assert prove(STUDY, files, made, examined=EXAMINED) == []
    assert proved(STUDY, files, examined=EXAMINED, made_up=True) == made


def test_it_has_the_chapters_with_released_tables_and_says_how_it_was_made(made, files):
    expected = {one.file for one in chapters(STUDY) if set(one.tables) & set(NUMBERS)}
    assert {name for name in made if name.endswith(".html")} == {pages.INDEX, pages.PROTECTION, pages.ABOUT, *expected}
    explained = made[pages.PROTECTION].decode()
    assert '<b data-number="examined" class="n">417</b> tal er forsøgt regnet ud' in explained
    assert '<b data-number="threshold" class="n">5</b> skjules' in explained
    assert all(about(STUDY).title.danish in made[name].decode() for name in made if name.endswith(".html"))
    assert all("Skemaerne er opdigtede." in made[name].decode() for name in made if name.endswith(".html"))


def test_a_hidden_count_stands_nowhere(page, files):
    cells = dict(re.findall(r'<td id="(t1-[^"]+)">(.*?)</td>', page[1]))
    hidden = {one for one, text in cells.items() if "··" in text}
    statuses = rows_of(files, 1).values()
    assert len(hidden) == sum(row["status"] == "hidden" for row in statuses) == 8
    assert all('<span class="unseen"><span class="da" lang="da">skjult</span>' in cells[one] for one in hidden)
    assert cells["t1-barn.rigtig_god.count"] == "<span>40</span>"


def test_a_hidden_block_is_as_long_as_what_is_shown_leaves_over(page, files):
    """Lengths tell numbers: of the two hidden answers of the children, none has one of its own."""
    given = rows_of(files, 1)
    shown = [int(given["barn", column, "count"]["value"]) for column in ("rigtig god", "god")]
    whole = int(given["barn", "Total", "count"]["value"])
    rects = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="2[12]', drawing(page[1], 1))
    first = [(look, float(width)) for look, _, y, width in rects if abs(float(y) - float(rects[0][2])) < 1 and look != "cross"]
    assert [look for look, _ in first] == ["g1", "g2", "hidden"]
    for (_, width), number in zip(first, (*shown, whole - sum(shown)), strict=True):
        assert 500 * number / whole - 2.6 <= width <= 500 * number / whole
    assert f"skjult\u00a0{100 * (whole - sum(shown)) / whole:.0f}\u00a0%" in drawing(page[1], 1)


def test_merged_answers_are_one_piece_that_says_so(page):
    assert "mindre god/dårlig (slået sammen)" in drawing(page[1], 1)
    assert "(merged)" in drawing(page[1], 1)


def test_two_runs_give_the_same_bytes(files, made):
    assert edition(STUDY, files, examined=EXAMINED, made_up=True).build() == made


def test_no_request_leaves_the_folder(made):
    for name, content in made.items():
        if name.endswith((".html", ".js", ".css")):
            assert b"http" not in content and b"url(data" not in content and b"@import" not in content, name


def test_the_files_of_a_table_are_lines_of_the_release(files, made):
    taken = made["tables/tabel-1.da.csv"], made["tables/tabel-1.en.csv"]
    assert taken == (lines_of(files[DANISH], 1), lines_of(files[FIGURES], 1))
    read = list(csv.DictReader(io.StringIO(taken[1].decode(), newline="")))
    assert {row["table"] for row in read} == {"1"} and {row["status"] for row in read} == {"shown", "hidden"}


def test_the_search_knows_both_languages(made):
    rows = json.loads(made[pages.SEARCH].decode().removeprefix(pages.SEARCH_BEGINS).removesuffix(";\n"))
    assert [row[1] for row in rows] == list(NUMBERS)
    assert all(row[0] in made for row in rows)
    text = json.dumps(rows, ensure_ascii=False)
    assert "rigtig god" in text and "very good" in text


CELL = 'id="t1-barn.nogenlunde.count"'
# What somebody might plant: where, what stands there, what stands there then.
PLANTED = {
    "the number in its cell": (r'(<td id="t1-barn.nogenlunde.count">).*?</td>', r"\g<1>6</td>"),
    "a tooltip": (CELL, CELL + ' title="6"'),
    "a tooltip in words": (CELL, CELL + ' title="det lille"'),
    "a label": ('<figure class="drawn"', '<figure aria-label="seks, 6" class="drawn"'),
    "an attribute of data": (CELL, CELL + ' data-value="6"'),
    "a class": (CELL, CELL + ' class="v6"'),
    "a class that sets a cell apart": (CELL, CELL + ' class="total"'),
    "a class that tells": ('<span class="mark"', '<span class="mark small"'),
    "a style": (CELL, CELL + ' style="width:6%"'),
    "a span of columns": (CELL, CELL + ' colspan="6"'),
    "a comment": (CELL + ">", CELL + "><!-- 6 -->"),
    "a script in the page": ("</main>", "<script>const n = 6;</script></main>"),
    "a word about which is small": (r'<dl class="marks">', r'<p>mor er det lille antal</p><dl class="marks">'),
    "a sentence about it": ("</figcaption>", '<p class="base">Hos børn er det nogenlunde, der er lille.</p></figcaption>'),
    "a number in a sentence": ("</figcaption>", '<p class="base">6</p></figcaption>'),
    "the share in the drawing": ("skjult\u00a0", "skjult\u00a08,5\u00a0% + "),
    "another number of the table in a cell": (r'(<td id="t1-barn.god.count"><span>)20(</span>)', r"\g<1>30\g<2>"),
    "a length": (r'(<rect class="hidden" [^>]*?width=")[\d.]+(" height="21")', r"\g<1>42.3\g<2>"),
    "a place": (r'(<rect class="hidden" x=")[\d.]+(" y="[\d.]+" width="[\d.]+" height="21")', r"\g<1>412.3\g<2>"),
    "what is said aloud": ("; mor: ", ", 6; mor: "),
    "a link": ('href="#tabel-1"', 'href="#tabel-1?6"'),
    "a name of a fact": ('class="base">', 'class="base"><b data-number="threshold">6</b>'),
    "a request": ("</main>", '<img src="https://example.org/?n=6"></main>'),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_in_a_page_is_found(what, files, made, page):
    old, new = PLANTED[what]
    text = re.sub(old, new, page[1], count=1) if old.startswith(("(", "<dl")) else page[1].replace(old, new, 1)
    assert text != page[1], "nothing was planted"
    found = prove(STUDY, files, {**made, page[0]: text.encode()}, examined=EXAMINED)
    assert found
    assert {one.file for one in found} == {page[0]}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (pages.SCRIPT, b"search();\n", b"search(); const n = 6;\n"),
        (pages.STYLES, b"body {", b".v6 { width: 6% } body {"),
        (pages.SEARCH, b'"rigtig god"', b'"rigtig god 6"'),
        (pages.SEARCH, b",1,[", b",6,["),
        ("figures/figur-1.da.svg", b'class="hidden" x="', b'class="hidden" data-n="6" x="'),
        ("figures/figur-1.en.svg", b"<desc>", b"<desc>6 "),
        ("tables/tabel-1.en.csv", b"nogenlunde,,count,,hidden", b"nogenlunde,,count,6,shown"),
        ("tables/tabel-1.da.csv", b"skjult", b"skjult 6"),
    ],
)
def test_what_is_planted_in_a_script_or_a_file_is_found(name, old, new, files, made):
    content = made[name]
    if old not in content:
        old, new = b"hidden", b"6"
    assert prove(STUDY, files, {**made, name: content.replace(old, new, 1)}, examined=EXAMINED)


def test_a_file_that_nobody_expects_is_found(files, made):
    for name in ("counts.json", "figures/figur-999.da.svg", "tables/tabel-2.en.csv"):
        assert prove(STUDY, files, {**made, name: b"6"}, examined=EXAMINED)


def test_a_bar_of_a_hidden_answer_with_its_true_length_is_found(files, made, hand, page):
    """An engine that knew the numbers would draw these: the pages of a release in which nothing is hidden."""
    shown = Hand(NUMBERS, hand.marts)
    shown.tables = hand.tables
    numbers = shown.records()
    told = edition(STUDY, {**files, FIGURES: as_csv(numbers), DANISH: as_danish_csv(numbers)}, examined=EXAMINED, made_up=True)
    true = drawing(told.build()[page[0]].decode(), 1)
    text = page[1].replace(drawing(page[1], 1), true)
    found = prove(STUDY, files, {**made, page[0]: text.encode()}, examined=EXAMINED)
    assert any("figure" in one.what for one in found)
    assert any("a number in a drawing" in one.what for one in found)


def test_what_is_found_is_told_in_a_line_without_the_number(files, made, page):
    text = page[1].replace(CELL, CELL + ' title="31337"', 1)
    with pytest.raises(CheckFailed) as raised:
        require(STUDY, files, {**made, page[0]: text.encode()}, examined=EXAMINED)
    assert "\n" not in str(raised.value) and "31337" not in str(raised.value)
    assert page[0] in str(raised.value)


def test_a_title_is_told_by_released_numbers_and_by_nothing_else(tmp_path):
    many = {name: random_frame(name, 3_000, seed) for seed, name in enumerate(questionnaires(STUDY))}
    whole = Hand((4, 8, 58, 61, 67), write_marts(many, tmp_path))
    folder = whole.write(tmp_path / "release")
    files = {name: (folder / name).read_bytes() for name in (FIGURES, TABLES)} | {DANISH: as_danish_csv(whole.records())}
    told = read(STUDY, files, public_titles).told
    assert told
    made = edition(STUDY, files, examined=EXAMINED, made_up=True, tell=public_titles).build()
    for number, title in told.items():
        name = next(one.file for one in chapters(STUDY) if number in one.tables)
        text = made[name].decode()
        assert title.danish in text

        def leaks(changed, tell, name=name):
            found = prove(STUDY, files, {**made, name: changed.encode()}, examined=EXAMINED, tell=tell)
            return [leak for leak in found if leak.file == name]

        # Whoever proves tells the titles again: this one holds, another number doesn't, nor a title that nothing tells.
        assert leaks(text, public_titles) == []
        other = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), title.danish)
        assert leaks(text.replace(title.danish, other), public_titles)
        assert leaks(text, lambda _: {})
        lines = files[FIGURES].decode().splitlines()
        at = next(at for at, line in enumerate(lines) if line.startswith(f"{number},") and line.endswith(",shown"))
        lines[at] = re.sub(r",[\d.]+,shown$", ",,hidden", lines[at])
        assert number not in read(STUDY, {**files, FIGURES: "\n".join(lines).encode()}, public_titles).told
