"""Pages of docs/ done as they stand there: every command, in order, in a fresh copy of the project.

A block marked ```sh is done by bash, each block going on where the one before ended; all its commands have to end well,
or the last one with N where the block is marked ```sh exit=N. A block marked ```text right after it is what is printed;
`…` in it stands for anything. Other blocks are to look at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from frs_pipeline.store.settings import PROJECT

COPIED = ("frs_pipeline", "studies", "docs", "deploy", "tests", "data/raw/2020-11-30", ".dagster_home/dagster.yaml")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """Commands of a page: the line on which they begin, the exit code they end with, and what they print if it is told."""

    line: int
    commands: str
    ends_with: int
    prints: str | None


def blocks(page: Path) -> list[Block]:
    """The commands of a page, with the output that stands right below them."""
    text = page.read_text(encoding="utf-8")
    fences = list(FENCE.finditer(text))
    found = []
    for at, fence in enumerate(fences):
        kind, *marks = fence[1].split()[:2] if fence[1] else [""]
        if kind != "sh":
            continue
        after = fences[at + 1] if at + 1 < len(fences) else None
        told = after is not None and after[1] == "text" and not text[fence.end() : after.start()].strip()
        ends_with = int(marks[0].removeprefix("exit=")) if marks else 0
        line = text.count("\n", 0, fence.start()) + 2
        found.append(Block(line, fence[2], ends_with, after[2] if after is not None and told else None))
    return found


def fresh_copy(to: Path) -> Path:
    """The project as a clone has it, with the installed libraries; what has been made of deliveries isn't copied."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    for file in PROJECT.iterdir():
        if file.is_file() and file.name != ".git":
            shutil.copy2(file, to / file.name)
    # A folder of its own, marked as newer than what it is made from: `make` installs nothing into the one linked here.
    (to / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        (to / ".venv" / part.name).symlink_to(part)
    (to / ".venv" / ".installed").unlink(missing_ok=True)
    (to / ".venv" / ".installed").touch()
    return to


def expected(prints: str) -> re.Pattern[str]:
    """What a command prints as a pattern for its lines, each with its end: `…` is anything, alone on a line any lines or none."""
    lines = [line.rstrip() for line in prints.strip("\n").splitlines()]
    return re.compile("".join(r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"\n" for line in lines))


def do(page: Path, project: Path) -> None:
    """Do what a page says in a copy of the project; raises `AssertionError` with the page's line where it isn't so."""
    environment = {
        # COLUMNS, too: what a page shows is what a pipe gets.
        **{name: value for name, value in os.environ.items() if not name.startswith(("FRS_", "DAGSTER_", "COV_", "COLUMNS"))},
        "PATH": f"{project / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(project),
        "NO_COLOR": "1",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    state = project.parent / f"{project.name}.state"
    state.write_text(f"cd {project}\n", encoding="utf-8")
    for block in blocks(page):
        # What a command sets, and where it goes, holds for the next, as in a shell that stays open.
        script = f"set -a\ntrap 'echo \"cd $PWD\" > {state}; export -p >> {state}' EXIT\n. {state}\n{block.commands}"
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            env=environment,
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        # Blank lines before and after are no part of it: on a page they would only look odd.
        said = "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n") + "\n"
        where = f"{page.relative_to(PROJECT)}:{block.line}"
        assert done.returncode == block.ends_with, f"{where} ends with {done.returncode}\n{block.commands}\n{said}"
        if block.prints is not None:
            assert expected(block.prints).fullmatch(said), f"{where} prints otherwise\n{block.commands}\n{said}"
