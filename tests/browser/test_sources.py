"""The switch that shows sources marks by the rule of report/binding.py, on all pages and in both languages."""

from __future__ import annotations

import re

import pytest
from conftest import PAGES
from playwright.sync_api import Page, expect


def switched(page: Page) -> Page:
    page.locator("#revision").click()
    return page


@pytest.mark.parametrize("language", ["da", "en"])
def test_nothing_is_without_a_source(visit, language: str) -> None:
    here = visit()
    for name in PAGES:
        page = switched(here.open(f"{name}?lang={language}"))
        expect(page.locator("#revision-say")).to_have_text(re.compile(r"^[\d.,]+ \D+ 0 \D+$"))
        assert page.locator(".unbound").count() == 0, name
        for bound in page.locator("main .bound:visible").all()[:1]:
            assert "underline" in bound.evaluate("one => getComputedStyle(one).textDecorationLine"), name
        page.close()
    assert here.complaints == []
    assert [url for url in here.requests if not url.startswith((f"{here.folder.as_uri()}/", "data:,"))] == []


@pytest.mark.parametrize(
    ("planted", "marked"),
    [
        ("<p>Kun 12 familier sagde nej.</p>", ["12"]),
        ("<p>Troen falder, og hver tredje er i tvivl.</p>", ["falder", "hver tredje"]),
        ('<p lang="en">Children are the most positive.</p>', ["most", "positive"]),
        ('<p><span class="bound cited">18 %</span> er blevet til 97 %</p>', ["97"]),
        ('<p><a href="#tabel-40">Tabel 41</a></p>', ["41"]),
        ('<p data-tested>Troen falder.</p><p data-bound="definition">Stærk fra 0,3</p>', []),
    ],
)
def test_what_is_planted_is_marked(visit, planted: str, marked: list[str]) -> None:
    page = visit().open("omdata.html?lang=da")
    page.locator("h1").evaluate("(one, html) => one.insertAdjacentHTML('afterend', html)", planted)
    assert switched(page).locator("mark.unbound").all_inner_texts() == marked
    switched(page)
    assert page.locator("mark.unbound").count() == 0


def test_labels_and_drawings_are_read_too(visit) -> None:
    page = visit().open("tilfredshed.html?lang=da")
    page.locator("h1").evaluate("one => one.setAttribute('aria-label', 'Flest børn: 9')")
    drawing = page.locator("figure.drawn svg.drawing").first
    drawing.evaluate("one => one.insertAdjacentHTML('beforeend', '<text class=\"da\">Kun 98,7 % er markant glade</text>')")
    switched(page)
    assert page.locator("h1.unbound").count() == 1
    assert page.locator("svg .unbound").count() == 1
    expect(page.locator("#revision-say")).to_have_text(re.compile(r" 4 tal og ord har ingen$"))
