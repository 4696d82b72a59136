"""The pages for each kind of user and for each thing to add, done from a fresh copy as they stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import blocks, do, fresh_copy

from frs_pipeline.settings import PROJECT

DOCS = PROJECT / "docs"
PAGES = sorted([*DOCS.glob("start/*.md"), *DOCS.glob("how-to/*.md")])


def test_every_page_has_something_to_do() -> None:
    assert PAGES
    assert [page.name for page in PAGES if not blocks(page)] == []


@pytest.mark.minutes
@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_the_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    do(page, fresh_copy(tmp_path / "frs_pipeline"))
