"""What `make image` asks of the machine, and of whom: the tools are stand-ins that note how they were called."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from frs_pipeline.store.settings import PROJECT

Machine = Callable[..., tuple[subprocess.CompletedProcess[str], list[str]]]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Builds on a machine that has the named tools, and what every Debian has."""

    def build(*arguments: str, tools: tuple[str, ...]) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        for name in ("bash", "dirname", "mktemp", "rm"):
            (tmp_path / name).symlink_to(str(shutil.which(name)))
        called = tmp_path / "called"
        called.touch()
        for name in tools:
            (tmp_path / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {called}\necho made\n', encoding="utf-8")
            (tmp_path / name).chmod(0o755)
        command = [str(PROJECT / "deploy" / "image"), *arguments]
        done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
        return done, called.read_text(encoding="utf-8").splitlines()

    return build


@pytest.mark.parametrize(
    ("tools", "says"),
    [
        ((), "make image needs buildah: "),
        (("buildah",), "make image needs mmdebstrap: apt-get install mmdebstrap; or name a base"),
    ],
)
def test_a_tool_that_is_missing_is_named(machine: Machine, tools: tuple[str, ...], says: str) -> None:
    done, called = machine("localhost/mine", "", tools=tools)
    assert (done.returncode, done.stderr.count("\n"), called) == (1, 1, []) and done.stderr.startswith(says)


def test_a_base_that_is_named_is_taken(machine: Machine) -> None:
    done, called = machine("localhost/mine:2", "inhouse/debian@sha256:0", tools=("buildah",))
    assert done.returncode == 0, done.stderr
    [built] = called
    assert "--build-arg BASE=inhouse/debian@sha256:0 -f deploy/Containerfile -t localhost/mine:2 ." in built


def test_without_one_it_is_made_here(machine: Machine) -> None:
    done, called = machine("localhost/mine:2", "", tools=("buildah", "mmdebstrap"))
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in called] == ["mmdebstrap", *["buildah"] * 5]
    assert "--variant=minbase bookworm" in called[0] and "from scratch" in called[1]
    assert "--build-arg BASE=localhost/mine_base " in called[4] and called[5] == "buildah rm made"


def test_no_registry_is_named() -> None:
    files = [PROJECT / "deploy" / name for name in ("image", "Containerfile", "compose.yaml")]
    for text in [path.read_text(encoding="utf-8") for path in files]:
        assert not any(host in text for host in ("docker.io", "quay.io", "ghcr.io", "https://", "http://"))
