"""The search of the report: by words and numbers, in both languages, by keyboard, and spoken."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def spoken(page: Page, typed: str, told: str | re.Pattern[str]) -> None:
    page.locator("#search").fill(typed)
    expect(page.locator("#hits-say")).to_have_text(told)


def test_a_number_finds_the_figures_that_print_it(visit) -> None:
    here = visit()
    page = here.open("index.html")
    assert not [url for url in here.requests if url.endswith("search.js")]
    spoken(page, "777", "1 sted: 1 tal")
    assert [url for url in here.requests if url.endswith("search.js")]
    page.keyboard.press("Enter")
    expect(page.locator("#passport .big")).to_have_text("777")
    assert page.url.endswith("rettigheder.html#t47-total.ja_meget.count")
    # As the reader writes them: with thousands, decimals and a percent sign, and together with words.
    english = here.open("index.html?lang=en")
    for typed in ("59.5%", "child 59.5"):
        spoken(english, typed, "2 places: 2 numbers")
    spoken(english, "1,124", re.compile(r"\bnumbers?$"))
    spoken(english, "59.55", "Nothing found")
    assert here.complaints == []


def test_words_find_tables_questions_answers_claims_and_pages_in_either_language(visit) -> None:
    page = visit().open("index.html?lang=en")
    for typed in ("satisfied plan", "tilfreds plan"):
        spoken(page, typed, re.compile(r"2 tables, 1 question\b"))
    expect(page.locator("#hits")).to_contain_text("Are you satisfied with your family's plan?")
    spoken(page, "very good", re.compile(r"\d+ answers"))
    spoken(page, "non-response", re.compile(r"1 page"))
    expect(page.locator("#hits a").first).to_have_attribute("href", "bortfald.html")
    spoken(page, "xyzzy", "Nothing found")


def test_the_results_are_walked_by_keyboard(visit) -> None:
    page = visit().open("index.html")
    page.locator("#search").focus()
    page.keyboard.type("plan")
    expect(page.locator("#hits .kind").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("[...document.querySelectorAll('#hits a')].indexOf(document.activeElement)") == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "search"
    # The rest of a long group comes when it is asked for, and the focus goes to its first one.
    shown = page.locator("#hits a").count()
    page.locator("#hits .more").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#hits a").count() > shown
    assert page.evaluate("document.activeElement.localName") == "a"
    page.keyboard.press("Escape")
    expect(page.locator("#hits")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "search"
    spoken(page, "barnet hørt løsningsforslag", "1 sted: 1 tabel")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"rettigheder\.html#tabel-49$"))


def test_a_claim_is_found_and_shown_where_it_lies_folded_away(visit) -> None:
    page = visit().open("index.html")
    page.locator("#search").fill("skuffede forventninger")
    page.locator("#hits a[href='revision.html#disappointed_some']").click()
    expect(page.locator("#disappointed_some")).to_be_visible()
