"""docs/ builds as a site without a broken link, every page is in its menu, and it asks nothing of a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from frs_pipeline.store.settings import PROJECT

DOCS = PROJECT / "docs"
CONFIGURATION = PROJECT / "zensical.toml"
# What a browser fetches without being asked to; `a` leads elsewhere only when somebody follows it.
FETCHED = {("link", "href"), ("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data")}
SAID_ONLY = {"canonical", "next", "prev", "alternate"}


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a copy of docs/ that lies in `folder`."""
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def copied(folder: Path) -> Path:
    """Copy what the site is made from."""
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy2(CONFIGURATION, folder)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(tmp_path_factory.mktemp("site"))
    built = build(folder)
    assert built.returncode == 0, built.stdout
    return folder / "build" / "site"


class Fetched(HTMLParser):
    """Collect the addresses that a browser fetches when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("rel") not in SAID_ONLY:
            self.addresses += [value for name, value in given.items() if (tag, name) in FETCHED]


def test_nothing_is_fetched_from_outside(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        reader = Fetched()
        reader.feed(page.read_text(encoding="utf-8"))
        assert reader.addresses
        outside = [address for address in reader.addresses if re.match(r"([a-z]+:)?//", address)]
        assert outside == [], page
        inside = [a.partition("#")[0].partition("?")[0] for a in reader.addresses if not a.startswith(("data:", "#"))]
        # The page of addresses that there aren't is served from anywhere, and names its files from the root on.
        missing = [a for a in inside if page.name != "404.html" and not (page.parent / a).is_file()]
        assert missing == [], page


def test_no_style_fetches_from_outside(site: Path) -> None:
    styles = [*site.rglob("*.css"), *site.rglob("*.svg")]
    assert styles
    asked = r"""(?:url\(|@import\s*|xlink:href=|<image[^>]* href=)\s*["']?((?:https?:)?//[^"')\s]+)"""
    assert [found for style in styles for found in re.findall(asked, style.read_text(encoding="utf-8"))] == []


def test_every_page_is_in_the_menu() -> None:
    menu = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["project"]["nav"]
    listed = sorted(_pages(menu))
    assert listed == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def _pages(menu: Any) -> Iterator[str]:
    """Pages of a menu, or of a part of it: a page, a title with what stands under it, or a list of either."""
    if isinstance(menu, str):
        yield menu
    else:
        for part in menu if isinstance(menu, list) else menu.values():
            yield from _pages(part)


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with (folder / "docs" / "limits.md").open("a", encoding="utf-8") as file:
        file.write("\n[gone](gone.md)\n")
    assert build(folder).returncode != 0
