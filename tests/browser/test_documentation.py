"""The documentation as a site, opened from a disk: its search finds pages, and it asks for nothing outside its folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from frs_pipeline.store.settings import PROJECT


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site's pages, in the place of the report's: `visit` opens these."""
    made = tmp_path_factory.mktemp("site")
    shutil.copytree(PROJECT / "docs", made / "docs")
    shutil.copy2(PROJECT / "zensical.toml", made)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=made, check=True, capture_output=True)
    return made / "build" / "site"


def test_the_search_finds_a_page_without_a_server_and_without_a_network(visit, folder: Path) -> None:
    visited = visit()
    page = visited.open("index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("pseudonym")
    expect(page.get_by_text(re.compile(r"^\d+ results$"))).to_be_visible()
    assert visited.complaints == []
    assert [url for url in visited.requests if not url.startswith((folder.as_uri(), "data:", "blob:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_with_a_diagram_fits_a_phone(visit, scheme: str) -> None:
    page = visit(viewport={"width": 360, "height": 740}, color_scheme=scheme).open("architecture.html")
    expect(page.locator("img[src$='flow.svg']")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
