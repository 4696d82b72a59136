"""The shipped study, read once for all unit tests of a process, and copies of it in which something stands differently."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from frs_pipeline.store.settings import shipped_study
from frs_pipeline.study import Study

STUDY = Study(shipped_study())


def study_with(folder: Path, edits: dict[str, Callable[[str], str]]) -> Study:
    """Copy the shipped study into `folder`, each of these files edited: of its text a function makes another."""
    copy = shutil.copytree(STUDY.folder, folder / STUDY.folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, edit in edits.items():
        before = (copy / name).read_text(encoding="utf-8")
        after = edit(before)
        assert after != before, f"{name} would stay as it is"
        (copy / name).write_text(after, encoding="utf-8")
    return Study(copy)


def bare_study(folder: Path, **texts: str) -> Study:
    """Write a study into `folder` that holds the shipped study.yaml and these YAML files, by their names, alone."""
    shutil.copy(STUDY.folder / "study.yaml", folder)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Study(folder)
