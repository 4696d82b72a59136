"""The pages for each kind of user and for each thing to add, done from a fresh copy as they stand there."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from support.pages import blocks, do, fresh_copy
from support.shipped import DELIVERY

from frs_pipeline.store.settings import PROJECT, Settings

DOCS = PROJECT / "docs"
# Of a page in two languages, the commands stand in the English one.
PAGES = sorted({*DOCS.glob("start/*.md"), *DOCS.glob("how-to/*.md")} - {*DOCS.glob("*/*.da.md")})


def test_every_page_has_something_to_do() -> None:
    assert PAGES
    assert [page.name for page in PAGES if not blocks(page)] == []


def test_no_page_closes_a_pipe_that_somebody_still_writes_to() -> None:
    """`grep … | head` ends with 141 when grep is the slower one, in a shell that looks at every command of a pipe."""
    closing = re.compile(r"\|\s*(head|grep -q|sed \S*q)\b")
    assert [f"{page.name}:{block.line}" for page in PAGES for block in blocks(page) if closing.search(block.commands)] == []


@pytest.mark.minutes
@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_the_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    do(page, fresh_copy(tmp_path / "frs_pipeline"))


@pytest.mark.parametrize("name", ["manager.md", "manager.da.md"])
def test_the_managers_page_quotes_the_report_as_it_is(refreshed: Settings, name: str) -> None:
    told = []
    for page in sorted((refreshed.curated(DELIVERY) / "report").glob("*.html")):
        told.append(unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))))
    quoted = re.findall("»([^«]+)«", (DOCS / "start" / name).read_text(encoding="utf-8"))
    assert quoted
    assert [words for words in map(_plain, quoted) if not any(words in text for text in map(_plain, told))] == []


def _plain(text: str) -> str:
    return " ".join(text.split())
