"""Links of the documentation lead somewhere, and its tables and diagrams hold together."""

import re
import unicodedata
from functools import cache
from itertools import pairwise

import pytest

from frs_pipeline.settings import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^()\s]+)\)")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())


def text_of(page):
    """A page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page):
    """What a link to a part of a page may say: headings as they are turned into anchors, and anchors that stand there."""
    text = text_of(page)
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        words = "".join(
            letter for letter in heading.lower() if letter in " -_" or unicodedata.category(letter)[0] in "LN"
        ).replace(" ", "-")
        found.add(words if words not in found else f"{words}-1")
    return found


@pages
def test_every_link_leads_somewhere(page):
    wrong = []
    for link in LINK.findall(text_of(page)):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


@pages
def test_every_row_of_a_table_has_the_cells_of_its_header(page):
    lines = text_of(page).splitlines()
    cells = [len(re.split(r"(?<!\\)\|", re.sub(r"`[^`|]*`", "", line))) if line.startswith("|") else 0 for line in lines]
    assert [number for number, (a, b) in enumerate(pairwise(cells), start=2) if a and b and a != b] == []
