"""The report as people meet it: by mouse, by keyboard, on a phone, in the dark, on paper, and read aloud."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import PAGES
from playwright.sync_api import Page, expect

NUMBER = "t1-barn.rigtig_god.row_percent"
# One chapter stands for those that are made in the same way; konflikter has the passport of a gamma, too.
ALIKE = {"deltagere.html", "raadgivere.html", "rettigheder.html", "diskussioner.html"}


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def passport(page: Page):
    return page.locator("#passport")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_a_complaint_and_asks_for_nothing_outside_its_folder(visit, folder: Path, name: str) -> None:
    here = visit()
    page = here.open(name)
    page.wait_for_load_state("networkidle")
    assert here.complaints == []
    assert [url for url in here.requests if not url.startswith((f"{folder.as_uri()}/", "data:,"))] == []
    assert len(here.requests) > 3
    assert page.title().endswith("2020-11-30")


def test_every_link_leads_somewhere(visit, folder: Path) -> None:
    here = visit()
    known: dict[str, set[str]] = {}
    links: set[str] = set()
    for name in PAGES:
        page = here.open(name)
        known[name] = set(page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)"))
        links |= {f"{name} {href}" for href in page.evaluate("[...document.links].map(one => one.getAttribute('href'))")}
        page.close()
    for link in links:
        source, target = link.split(" ")
        file, part = urldefrag(target)
        assert (folder / source).parent.joinpath(unquote(file) or source).resolve().exists(), link
        if part and (file or source) in known:
            assert part in known[file or source], link


def test_everything_can_be_done_by_keyboard(visit) -> None:
    page = visit().open("tilfredshed.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    # From the contents to the numbers of the first drawing, which are one stop, to what is taken along, to the table.
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#figur-1 summary')"):
            break
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
        if focused(page).startswith("t1-"):
            break
    assert focused(page) == "t1-barn.rigtig_god.count"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "t1-barn.god.row_percent"
    page.keyboard.press("Enter")
    expect(passport(page)).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        # Chromium lets the focus out to its own bar, which is the document's body, but never to the page behind.
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#passport')")
    page.keyboard.press("Escape")
    expect(passport(page)).to_be_hidden()
    # The skip link's address, to which closing goes back, names the contents: the focus stays with the number all the same.
    page.wait_for_url("**#indhold")
    expect(page.locator('[id="t1-barn.god.row_percent"]')).to_be_focused()
    # A table is one stop: the next one leaves it.
    page.keyboard.press("Tab")
    assert not focused(page).startswith("t1-")


def test_english_pages_have_questions_answers_and_numbers_in_english(visit) -> None:
    page = visit().open(f"tilfredshed.html?lang=en#{NUMBER}")
    told = passport(page).inner_text()
    for words in ("What do you think of the family group conference as a whole?", "child · very good", "1,271", "59.5%"):
        assert words in told
    page.keyboard.press("Escape")
    text = page.locator("main").inner_text()
    assert "1,124" in text and "Who are you?" in text
    assert re.findall(r"[æøåÆØÅ]|\d,\d(?!\d\d)|\d\u00a0%", text) == []
    names = page.locator("main a.n.en").evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert names and [name for name in names if re.search(r"[æøå]|\d,\d(?!\d\d)", name)] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_as_before_when_its_language_is_switched_back(visit, name: str) -> None:
    page = visit().open(f"{name}?lang=da")
    before = page.locator("body").inner_text()
    page.locator("#language").click()
    page.locator("#language").click()
    assert page.locator("body").inner_text() == before


def test_the_language_is_switched_and_remembered(visit) -> None:
    here = visit()
    page = here.open("index.html")
    expect(page.locator("h1")).to_have_text("Det viser skemaerne", use_inner_text=True)
    page.locator("#language").click()
    expect(page.locator("h1")).to_have_text("What the forms show", use_inner_text=True)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title().startswith("What the forms show")
    assert page.locator("#search").get_attribute("placeholder") == "Search questions, claims and numbers"
    other = here.open("tilfredshed.html")
    expect(other.locator("h1")).to_have_text("Satisfaction with conference and plan", use_inner_text=True)
    other.locator("details", has=other.locator(f'[id="{NUMBER}"]')).locator("summary").first.click()
    other.locator(f'[id="{NUMBER}"]').click()
    expect(passport(other)).to_contain_text("What the number is")


@pytest.mark.parametrize(
    ("language", "own", "others"),
    [
        ("da", ("Tabel 4", "Antal", "Besvaret i alt", "Ubesvaret"), ("Table", "Count", "Total", "Missing", "Blank")),
        ("en", ("Table 4", "Count", "All answered", "Blank"), ("Tabel", "Antal", "I alt", "Ubesvaret")),
    ],
)
def test_our_own_words_are_of_one_language(visit, language: str, own: tuple[str, ...], others: tuple[str, ...]) -> None:
    page = visit().open(f"tilfredshed.html?lang={language}#t4-missing.count")
    expect(passport(page).locator(".big")).to_have_text("69")
    text = page.locator("main").inner_text() + passport(page).inner_text()
    assert {word for word in own if word in text} == set(own)
    assert [word for word in others if re.search(rf"\b{word}\b", text)] == []


def test_a_contradiction_of_the_printed_report_is_told_in_the_language_of_the_page(visit) -> None:
    for language, told in (("da", "I tabel 34 står N = 181"), ("en", "Table 34 prints N = 181")):
        page = visit().open(f"raadgivere.html?lang={language}#t34-n")
        expect(passport(page)).to_contain_text(told, use_inner_text=True, ignore_case=True)
        expect(page.locator("#figur-34 .reason")).to_contain_text(told[1:], use_inner_text=True)
        expect(visit().open(f"revision.html?lang={language}").locator("main")).to_contain_text(
            told, use_inner_text=True, ignore_case=True
        )


def test_findings_have_their_figure_beside_them_and_lead_to_figure_and_table(visit) -> None:
    page = visit().open("index.html")
    findings = page.locator(".finding")
    assert findings.count() == 6
    for at in range(6):
        figure = findings.nth(at).locator("figure").bounding_box()
        sentence = findings.nth(at).locator(".head h3").bounding_box()
        assert figure
        assert sentence
        assert figure["x"] > sentence["x"] + sentence["width"]
    page.locator("#children_understood_least .links a").first.click()
    expect(page.locator("#figur-44")).to_be_visible()
    assert page.url.endswith("rettigheder.html#figur-44")


def test_a_phone_reads_sentence_then_figure_then_the_rest(visit) -> None:
    page = visit(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True).open("index.html")
    finding = page.locator("#conference_good")
    boxes = [finding.locator(part).bounding_box() for part in (".head h3", "figure", ".holds")]
    assert [box["y"] for box in boxes if box] == sorted(box["y"] for box in boxes if box)
    assert page.locator(".came .drawing.narrow").is_visible()
    assert not page.locator(".came .drawing.wide").is_visible()


def test_a_number_of_the_first_page_opens_how_it_was_counted(visit) -> None:
    page = visit().open("index.html")
    page.locator("#n-conferences").click()
    expect(passport(page)).to_contain_text("377")
    page.keyboard.press("Escape")
    page.locator(".came .drawing.wide a.n[href='#n-came-participant_first-1']:visible").first.click()
    expect(passport(page)).to_contain_text("126")


@pytest.mark.parametrize("language", ["da", "en"])
def test_no_digit_of_the_findings_is_unbound_and_one_that_were_would_show(visit, language: str) -> None:
    page = visit().open(f"index.html?lang={language}")
    page.locator("#revision").click()
    assert page.locator("mark.unbound").count() == 0
    expect(page.locator("#revision-say")).to_have_text(re.compile(r"^[1-9]\d+ \D+ 0 \D+$"))
    bound = page.locator("#findings .head h3 .bound:visible").first
    assert "underline" in bound.evaluate("one => getComputedStyle(one).textDecorationLine")
    page.locator("#revision").click()
    page.locator(f"#conference_good .holds .{language}").first.evaluate("one => one.append(' og 7 andre')")
    page.locator("#revision").click()
    assert page.locator("mark.unbound").all_inner_texts() == ["7"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, scheme: str) -> None:
    here = visit(color_scheme=scheme)
    for name in (page for page in PAGES if page not in ALIKE):
        page = here.open(name)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        if name == "konflikter.html":
            page.locator("details", has=page.locator('[id="t68-gamma"]')).locator("summary").first.click()
            page.locator('[id="t68-gamma"]').click()
            found = Axe().run(page, "#passport")
            assert found.violations_count == 0, found.generate_report()
        if name == "index.html":
            page.locator("#revision").click()
            page.locator("#search").fill("barnet")
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        page.close()


def test_dark_is_dark(visit) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme).open("index.html")
        value = page.evaluate("getComputedStyle(document.body).backgroundColor")
        colours[scheme] = sum(int(part) for part in re.findall(r"\d+", value)[:3])
    assert colours["dark"] < 3 * 64 < 3 * 192 < colours["light"]


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_is_wider_than_a_phone(visit, width: int) -> None:
    here = visit(viewport={"width": width, "height": 800}, is_mobile=True, has_touch=True)
    for name in PAGES:
        page = here.open(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.close()
    page = here.open("tilfredshed.html")
    page.locator("#figur-1 .drawing.narrow a.n.da").first.tap()
    box = passport(page).bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, width)


def test_pages_print_whole_and_without_what_only_a_screen_needs(visit) -> None:
    # The width between the margins of an A4 sheet.
    here = visit(viewport={"width": 688, "height": 1000})
    for name in PAGES:
        page = here.open(name)
        page.emulate_media(media="print")
        assert page.locator(":is(nav, .tools):visible").count() == 0, name
        assert page.evaluate("document.documentElement.scrollWidth") <= 688, name
        assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF"), name
        page.close()


def test_a_choice_of_chapter_hides_all_other_contradictions_and_a_link_shows_them_again(visit) -> None:
    page = visit().open("revision.html")
    items = page.locator("#claims > li:visible")
    every = items.count()
    page.select_option("#claims-of", "preface")
    assert items.count() < every
    page.evaluate("location.hash = 'belief_first'")
    expect(page.locator("#belief_first")).to_be_visible()
    assert items.count() == every
