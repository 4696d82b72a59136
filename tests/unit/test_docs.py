"""Tables of the pages hold together; what they say of rooms, checks and files is so. test_links.py follows their links."""

import re
import tomllib
from itertools import pairwise

import pytest

from frs_pipeline.store.settings import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())


def text_of(page):
    """A page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


@pages
def test_every_row_of_a_table_has_the_cells_of_its_header(page):
    lines = text_of(page).splitlines()
    cells = [len(re.split(r"(?<!\\)\|", re.sub(r"`[^`|]*`", "", line))) if line.startswith("|") else 0 for line in lines]
    assert [number for number, (a, b) in enumerate(pairwise(cells), start=2) if a and b and a != b] == []


@pytest.mark.parametrize("name", ["architecture", "threat-model", "limits"])
def test_files_that_are_named_as_proof_are_there(name):
    text = (PROJECT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.(?:py|yaml|txt|lock))`", text))
    known = {path.as_posix() for folder in ("frs_pipeline", "studies", "tests") for path in (PROJECT / folder).rglob("*.*")}
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
