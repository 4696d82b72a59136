"""Links of the documentation lead somewhere, and its tables and diagrams hold together."""

import re
import tomllib
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


@pytest.mark.parametrize("name", ["architecture", "threat-model", "limits"])
def test_files_that_are_named_as_proof_are_there(name):
    text = (PROJECT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.(?:py|yaml|txt|lock))`", text))
    known = {path.as_posix() for folder in ("frs_pipeline", "tests") for path in (PROJECT / folder).rglob("*.*")}
    known |= {path.as_posix() for path in PROJECT.glob("*.*")}
    assert [file for file in sorted(named) if not any(path.endswith(f"/{file}") for path in known)] == []


def test_the_rooms_are_those_whose_imports_are_held():
    layers = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    held = [(number, room) for number, layer in enumerate(layers, start=1) for room in sorted(layer.split(" | "))]
    told = re.findall(r"^\| (\d+) \| `(\w+)` \|", (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.M)
    assert [(int(number), room) for number, room in told] == held


def test_every_check_that_dagster_runs_is_told():
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    graph = (PROJECT / "tests" / "pipeline" / "graph.txt").read_text(encoding="utf-8")
    checks = {re.sub(r"^promises_of_.*", "promises_of_…", name) for name in re.findall(r"^    \? (\w+)", graph, re.M)}
    assert checks == set(
        re.findall(r"`(\w+…?)`", "".join(re.findall(r"^\| (`.*?) \|.*\|.*\|$", page.split("## The gate")[1], re.M)))
    )
