"""Tables of the pages are whole; what pages say of rooms, checks, files, commands and variables is so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest
import typer

import frs_pipeline
from frs_pipeline.cli import app
from frs_pipeline.store.settings import PROJECT

DOCS = PROJECT / "docs"
# The pages of the project's root, and those of docs/.
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
VARIABLE = re.compile(r"\bFRS_[A-Z]+(?:_[A-Z]+)*\b")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())


def page(name: str) -> str:
    """A page of docs/ as text."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def sections(text: str, mark: str) -> dict[str, str]:
    """What stands under each heading that is `` mark `name` ``, by the name."""
    parts = re.split(rf"^{mark} `([^`]+)`\n", text, flags=re.M)
    return {
        name: re.split(r"^#{1,3} ", body, maxsplit=1, flags=re.M)[0] for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def commands(command: click.Command, name: str = "frs") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by how it is called."""
    below = getattr(command, "commands", {})
    if not below or (getattr(command, "invoke_without_command", False) and name != "frs"):
        yield name, command
    for word, one in below.items():
        yield from commands(one, f"{name} {word}")


@pages
def test_every_row_of_a_table_has_the_cells_of_its_header(page: Path) -> None:
    lines = FENCED.sub("", page.read_text(encoding="utf-8")).splitlines()
    cells = [len(re.split(r"(?<!\\)\|", re.sub(r"`[^`|]*`", "", line))) if line.startswith("|") else 0 for line in lines]
    assert [number for number, (a, b) in enumerate(pairwise(cells), start=2) if a and b and a != b] == []


@pytest.mark.parametrize("name", ["architecture", "life-of-a-form", "threat-model", "limits", "report", "reconstruction"])
def test_files_that_are_named_as_proof_are_there(name: str) -> None:
    named = set(re.findall(r"`([\w/-]+\.(?:py|yaml|txt|lock))`", page(name)))
    known = {path.as_posix() for folder in ("frs_pipeline", "studies", "tests") for path in (PROJECT / folder).rglob("*.*")}
    known |= {path.as_posix() for path in PROJECT.glob("*.*")}
    assert [file for file in sorted(named) if not any(path.endswith(f"/{file}") for path in known)] == []


def test_the_floors_are_those_whose_imports_are_enforced() -> None:
    tools = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = tools["importlinter"]["contracts"][0]["layers"]
    enforced = [(number, room) for number, layer in enumerate(layers, start=1) for room in sorted(layer.split(" | "))]
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \|", page("architecture"), re.M)
    assert [(int(number), room) for number, room in listed] == enforced


def test_every_check_that_dagster_runs_is_on_the_page() -> None:
    graph = (PROJECT / "tests" / "pipeline" / "graph.txt").read_text(encoding="utf-8")
    checks = {re.sub(r"^promises_of_.*", "promises_of_…", name) for name in re.findall(r"^    \? (\w+)", graph, re.M)}
    rows = re.findall(r"^\| (`.*?) \|.*\|.*\|$", page("architecture").split("## The gate")[1], re.M)
    assert set(re.findall(r"`(\w+…?)`", "".join(rows))) == checks


def test_every_command_has_a_heading_and_every_option_is_under_it() -> None:
    described = sections(page("reference/commands"), "###")
    root = typer.main.get_command(app)
    assert set(described) == {name for name, _ in commands(root)}
    missing = [
        f"{name} {option}"
        for name, command in commands(root)
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and f"`{option}" not in described[name]
    ]
    assert missing == []


def test_every_variable_that_the_code_reads_has_a_heading() -> None:
    read = {
        name for file in (PROJECT / "frs_pipeline").rglob("*.py") for name in VARIABLE.findall(file.read_text(encoding="utf-8"))
    }
    headings = sections(page("reference/environment"), "##")
    assert {name for name in headings if name.startswith("FRS_")} == read


def test_every_variable_of_the_tests_is_on_the_page() -> None:
    """Those by which a test is asked to try more, or differently."""
    asked = re.compile(r"""environ(?:\.get\(|\[)?\s*["'](FRS_\w+)|["'](FRS_\w+)["'] in os\.environ""")
    read = {a or b for file in (PROJECT / "tests").rglob("*.py") for a, b in asked.findall(file.read_text(encoding="utf-8"))}
    assert read - set(VARIABLE.findall(page("reference/environment"))) == set()


def test_every_decision_has_a_day_in_its_name_and_is_listed() -> None:
    records = [file for file in (DOCS / "decisions").glob("*.md") if file.name != "README.md"]
    assert records
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}-[a-z0-9-]+\.md", record.name)
        assert text.splitlines()[2].startswith(record.name[:10])
        assert [part for part in ("Decision", "Because", "Instead of", "What follows") if f"**{part}.**" not in text] == []
        assert f"]({record.name})" in page("decisions/README")


def test_the_readme_fits_two_screens() -> None:
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= 90


def test_the_version_is_one_wherever_it_stands() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version == frs_pipeline.__version__
    told = re.split(r"^## ", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    released = [part.split(" - ")[0] for part in told if not part.startswith("Unreleased\n")]
    # What can be cited was released; what isn't released yet never calls itself by the name of what was.
    assert f"\nversion: {released[0]}\n" in (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
    assert version.endswith(".dev0") if told[0].startswith("Unreleased\n") else version == released[0]
    assert version.removesuffix(".dev0") not in released or version == released[0]


def test_every_version_says_what_it_makes_stale() -> None:
    told = re.split(r"^## ", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    line = r"^\*\*Stale:\*\* (everything|nothing|[a-z].{9,}?)\.( \*\*Figures:\*\* (the same|[a-z].{9,})\.)?$"
    says = [re.findall(line, part, re.M) for part in told]
    assert [part.splitlines()[0] for part, one in zip(told, says, strict=True) if len(one) != 1] == []
