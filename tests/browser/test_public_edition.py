"""The public edition as people meet it: of a small release, in Chromium, from the disk."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Visit
from playwright.sync_api import expect
from support.releases import Hand, frames, write_marts
from support.study import STUDY

from frs_pipeline.release.files import DANISH, FIGURES, TABLES, as_danish_csv
from frs_pipeline.report.public.proof import proved

NUMBERS = (1, 3, 24, 25, 58, 59)


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> Path:
    """The folder of an edition in which answers are merged and counts hidden."""
    hand = Hand(NUMBERS, write_marts(frames(), tmp_path_factory.mktemp("marts")))
    hand.merge(1, "column", "mindre god/dårlig", ("mindre god", "dårlig"))
    hand.hide(1, *((role, answer) for role in ("barn", "mor") for answer in ("nogenlunde", "mindre god/dårlig")))
    folder = hand.write(tmp_path_factory.mktemp("release"))
    (folder / DANISH).write_bytes(as_danish_csv(hand.records()))
    files = {name: (folder / name).read_bytes() for name in (FIGURES, DANISH, TABLES)}
    for name, content in proved(STUDY, files, examined=417, made_up=True).items():
        (folder / "report" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "report" / name).write_bytes(content)
    return folder / "report"


@pytest.fixture
def visit_public(browser, public):
    opened = []

    def start(**how):
        opened.append(browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **how}))
        return Visit(opened[-1], public)

    yield start
    for context in opened:
        context.close()


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_page_opens_without_a_complaint_and_leads_somewhere(visit_public, public, language) -> None:
    here = visit_public()
    for path in sorted(public.glob("*.html")):
        page = here.open(f"{path.name}?lang={language}")
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == language
        links = set(page.evaluate("[...document.links].map(one => one.getAttribute('href').split('#')[0])")) - {""}
        assert [link for link in links if not (public / link).resolve().exists()] == []
        page.close()
    assert here.complaints == []
    assert [url for url in here.requests if not url.startswith((f"{public.as_uri()}/", "data:,"))] == []


@pytest.mark.parametrize(
    "how", [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}], ids=["desk", "phone, dark"]
)
@pytest.mark.parametrize("name", ["index.html", "tilfredshed.html", "hidden-numbers.html", "about-the-data.html"])
def test_nothing_bars_anybody(visit_public, name, how) -> None:
    page = visit_public(**how).open(name)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=rules).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_hidden_is_a_mark_and_a_word(visit_public) -> None:
    page = visit_public().open("tilfredshed.html#t1-barn.nogenlunde.count")
    cell = page.locator("[id='t1-barn.nogenlunde.count']")
    expect(cell).to_be_in_viewport()
    assert cell.locator(".mark").inner_text() == "··"
    assert cell.locator(".unseen .da").text_content() == "skjult"
    expect(page.locator("#tabel-1 .drawing.wide rect.hidden[height='21']")).to_have_count(2)
    assert "skjult\u00a015\u00a0%" in page.locator("#tabel-1 .drawing.wide").text_content()


def test_the_search_finds_in_both_languages_and_the_choice_is_kept(visit_public) -> None:
    here = visit_public()
    page = here.open("index.html")
    page.locator("#search").fill("very good")
    expect(page.locator("#hits a").first).to_contain_text("Tabel 1")
    page.locator("#language").click()
    expect(page.locator("#hits a").first).to_contain_text("Table 1")
    page.locator("#search").press("Enter")
    expect(page.locator("h1")).to_have_text("Satisfaction with conference and plan", use_inner_text=True)
    expect(page.locator("#tabel-1")).to_be_in_viewport()


def test_a_table_is_taken_along_as_it_was_released(visit_public, public) -> None:
    here = visit_public(accept_downloads=True)
    page = here.open("tilfredshed.html?lang=en")
    with page.expect_download() as loading:
        page.locator("#tabel-1 .take a.en", has_text="CSV").click()
    with Path(loading.value.path()).open(encoding="utf-8", newline="") as file:
        taken = list(csv.reader(file))
    with (public.parent / FIGURES).open(encoding="utf-8", newline="") as file:
        released = list(csv.reader(file))
    assert taken == [released[0], *(row for row in released if row[0] == "1")]


def test_paper_has_figures_and_no_tools(visit_public) -> None:
    page = visit_public().open("tilfredshed.html")
    page.emulate_media(media="print")
    for part in (".tools", ".menu", "#tabel-1 .take"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator("#tabel-1 .drawing.wide")).to_be_visible()
