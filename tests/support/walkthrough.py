"""The walk-through of an audit package, done as it stands there: its commands in one shell, which stops at the first fault."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from support.duckdb_cli import duckdb_cli

# All that it may need.
TOOLS = ("sh", "cat", "ls", "mkdir", "rm", "sha256sum", "tar", "age")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)


def commands(page: Path, *, clean_up: bool = True) -> str:
    """The commands of a page as one script; without the last block, which removes what was unpacked, unless `clean_up`."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return "set -eu\n" + "".join(found if clean_up else found[:-1])


def tools(folder: Path, also: Iterable[str] = ()) -> Path:
    """A folder of programs that holds what the walk-through needs, and nothing else."""
    folder.mkdir()
    for name in (*TOOLS, *also):
        found = shutil.which(name)
        assert found is not None, f"{name} isn't installed"
        (folder / name).symlink_to(Path(found).resolve())
    (folder / "duckdb").symlink_to(duckdb_cli())
    return folder


def walk(page: Path, key: Path, path: Path, *, clean_up: bool = True) -> subprocess.CompletedProcess[str]:
    """Do what a page says, by the programs in `path` alone."""
    environment = {"PATH": str(path), "KEY": str(key), "HOME": str(path), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [path / "sh", "-c", commands(page, clean_up=clean_up)], env=environment, cwd=page.parent, capture_output=True, text=True
    )
