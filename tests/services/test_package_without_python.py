"""The audit package of the shipped delivery, opened where there is no Python, by what its walk-through says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.running import here
from support.walkthrough import commands, tools, walk

from frs_pipeline.codebook.keys import make_key
from frs_pipeline.store.settings import Settings

pytestmark = pytest.mark.xdist_group("package")
FIGURES, TABLES = 2501, 81


@pytest.fixture(scope="module")
def packed(refreshed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, with the auditor's key beside it."""
    folder = tmp_path_factory.mktemp("package")
    auditor = make_key(folder / "auditor.key")
    done = here(refreshed.data, "package", "--purpose", "audit", "--auditor", auditor, "--to", str(folder / "audit"))
    assert done.returncode == 0, done.stderr
    return folder / "audit"


def root_without_python(folder: Path) -> Path:
    """A root of the file system with the tools of the walk-through, the libraries that they load, and nothing else."""
    for name, program in ((path.name, path.resolve()) for path in tools(folder.with_name("tools")).iterdir()):
        loaded = subprocess.run(["ldd", program], capture_output=True, text=True)
        for library in re.findall(r"(/\S+) \(0x", loaded.stdout):
            place = folder / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(library).resolve(), place)
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(program, folder / "bin" / name)
        (folder / "bin" / name).chmod(0o755)
    (folder / "dev").mkdir()
    (folder / "dev" / "null").touch()
    return folder


def counted(said: str) -> list[list[int]]:
    """The lines of numbers that DuckDB printed, in their order."""
    rows = re.findall(r"^│((?:\s*\d+\s*│)+)$", said, re.M)
    return [[int(number) for number in re.findall(r"\d+", row)] for row in rows]


def judge(done: subprocess.CompletedProcess[str]) -> None:
    """All is well: every file is the manifest's, one table counted again, and then every figure of all of them."""
    assert (done.returncode, done.stderr) == (0, "")
    files, one, every = counted(done.stdout)
    assert files[0] == files[1] > TABLES
    assert one[:2] == [1, TABLES] and one[2] == one[3]
    assert every == [TABLES, TABLES, FIGURES, FIGURES]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change the root of the file system")
def test_the_walk_through_needs_no_python(packed: Path, tmp_path: Path) -> None:
    root = root_without_python(tmp_path / "root")
    assert not [path for path in root.rglob("*") if "python" in path.name]
    shutil.copytree(packed, root / "audit")
    shutil.copy(packed.with_name("auditor.key"), root / "auditor.key")
    script = commands(packed / "WALKTHROUGH.md")
    command = [shutil.which("chroot") or "/usr/sbin/chroot", root, "/bin/sh", "-c", f"cd /audit\n{script}"]
    environment = {"PATH": "/bin", "KEY": "/auditor.key", "HOME": "/", "LC_ALL": "C.UTF-8"}
    judge(subprocess.run(command, env=environment, capture_output=True, text=True))
    assert not (root / "audit" / "sealed").exists()


def test_the_danish_walk_through_does_the_same(packed: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(packed, tmp_path / "audit"))
    judge(walk(copy / "WALKTHROUGH.da.md", packed.with_name("auditor.key"), tools(tmp_path / "tools")))
    assert commands(copy / "WALKTHROUGH.da.md") == commands(copy / "WALKTHROUGH.md")


@pytest.mark.parametrize(
    "spoil",
    ["queries/table_44.sql", "definitions/tables.yaml", "manifest.sha256", "sealed.tar.age"],
)
def test_it_ends_where_a_file_was_altered(packed: Path, tmp_path: Path, spoil: str) -> None:
    copy = Path(shutil.copytree(packed, tmp_path / "audit"))
    content = (copy / spoil).read_bytes()
    at = len(content) // 2
    (copy / spoil).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    done = walk(copy / "WALKTHROUGH.md", packed.with_name("auditor.key"), tools(tmp_path / "tools"))
    assert done.returncode != 0 and not counted(done.stdout)[2:]


def test_another_key_opens_nothing(packed: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(packed, tmp_path / "audit"))
    make_key(tmp_path / "other.key")
    done = walk(copy / "WALKTHROUGH.md", tmp_path / "other.key", tools(tmp_path / "tools"))
    assert done.returncode != 0 and not list((copy / "sealed").iterdir())
