"""The report of the shipped delivery as a PDF: tagged, with its headings as bookmarks, the same bytes each time, one language."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from support.shipped import DELIVERY

from frs_pipeline.language import LANGUAGES, Language
from frs_pipeline.report.chromium import Printed
from frs_pipeline.report.paper import document
from frs_pipeline.report.printing import cover, pdf
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def store(refreshed: Settings) -> Store:
    return Store(refreshed, DELIVERY)


@pytest.fixture(scope="module")
def danish(store: Store) -> Printed:
    return pdf(store, "inner", "danish")


def headings(folder: Path, store: Store, language: Language) -> list[str]:
    """The headings of the document that is printed, as text."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    whole = document(pages, "", cover(store, "inner"), language)
    found = re.findall(r"<h([1-6])\b[^>]*>(.*?)</h\1>", whole, re.S)
    return [unescape(re.sub(r"<[^>]*>", "", inner)).strip() for _, inner in found]


def test_it_is_tagged_and_paginated(danish: Printed) -> None:
    assert danish.content.startswith(b"%PDF-1.")
    assert b"/StructTreeRoot" in danish.content
    assert re.search(rb"/MarkInfo <<\s*/Type /MarkInfo\s*/Marked true", danish.content)
    assert b"/Lang (da)" in danish.content
    assert {tag for tag in (b"/H1", b"/H2", b"/Table", b"/TH", b"/TD", b"/Figure") if b"/S " + tag not in danish.content} == set()
    # Two or three figures a page, the audit, and all tables.
    assert 80 <= danish.pages <= 200


def test_its_bookmarks_are_the_headings(danish: Printed, folder: Path, store: Store) -> None:
    # The stylesheet begins sentences of the audit with a capital.
    told = [title.strip().casefold() for title in danish.outline]
    expected = [heading.casefold() for heading in headings(folder, store, "danish")]
    assert len(expected) > 150
    assert told == expected


def test_two_runs_give_the_same_bytes_and_so_the_same_text(danish: Printed, store: Store) -> None:
    assert pdf(store, "inner", "danish").content == danish.content


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_in_one_language_and_leads_nowhere_else(folder: Path, store: Store, language: Language) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    whole = document(pages, "", cover(store, "inner"), language)
    other = "en" if language == "danish" else "da"
    assert f'class="{other}"' not in whole
    assert not re.search(r'href="(?!#|https:)', whole)
    ids = re.findall(r'\bid="([^"]*)"', whole)
    assert len(ids) == len(set(ids))
    assert not re.search("<(button|script|template|nav|details)\\b", whole)
