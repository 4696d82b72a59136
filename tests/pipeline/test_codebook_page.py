"""Every command of docs/codebook.md, one after the other as they stand there, over the tiny delivery."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.study import STUDY

from frs_pipeline.cli import app
from frs_pipeline.store.journal import entries, verify
from frs_pipeline.store.settings import PROJECT, Settings

PAGE = (PROJECT / "docs" / "codebook.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]


def test_the_page_does_what_it_says(
    make_delivery: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    made = make_delivery(tmp_path / "made")
    form, number = made.form_id("participant_first", 0), made.get("participant_first", 0, "raadsnr")
    for name in ("README.md", "DEMO-KEY-NOT-SECRET.txt"):
        (made.folder / name).touch()
    shipped = tmp_path / "data" / "raw" / "2020-11-30"
    shipped.parent.mkdir(parents=True)
    made.folder.rename(shipped)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    said = {}
    for command in COMMANDS:
        # A whole refresh takes long, and has tests of its own.
        line = {"frs run": "frs run --select validated"}.get(command, command).replace("DF-38289208", form)
        if line.startswith("cd "):
            monkeypatch.chdir(line[3:])
            monkeypatch.setenv("PWD", str(Path.cwd()))
        elif line.startswith("export "):
            name, value = line.removeprefix("export ").split("=")
            monkeypatch.setenv(name, os.path.expandvars(value))
        elif line.startswith("frs "):
            _, *words = shlex.split(line.removesuffix(" || true"))
            if words[-2] == "<":
                monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(words[-1]).read_bytes())))
                words = words[:-2]
            words, into = (words[:-2], Path(words[-1])) if words[-2] in (">", ">>") else (words, None)
            capfd.readouterr()
            assert not app(words, standalone_mode=False), line
            said[command] = capfd.readouterr().out
            if into:
                into.write_text((into.read_text() if into.exists() else "") + said[command])
        else:
            subprocess.run(line, shell=True, check=True)
    settings = Settings.from_environment(STUDY)
    found = entries(settings.access_journal)
    assert [entry.event for entry in found] == ["lock", "check", "reveal", "reveal", "find", "lock", "rotate", "rotate"]
    assert verify(settings.access_journal, found[-1].hash) == []
    (held,) = (text.splitlines() for line, text in said.items() if " find " in line)
    assert held[0].endswith("  2018-02-01")
    assert form in {line.split()[0] for line in held[1:]}
    plain, personal = (text.split() for line, text in said.items() if " reveal " in line)
    assert plain[:2] == [form, number]
    assert personal == [*plain, personal[-1]]
    register = Path("kodebog.csv").read_text()
    assert f"{personal[-1]};{number};" in register
    children = {line.split(";")[0].encode() for line in register.splitlines()[1:]}
    files = [path for path in settings.data.rglob("*") if path.is_file()]
    assert not [path for path in files for child in children if child in path.read_bytes()]
