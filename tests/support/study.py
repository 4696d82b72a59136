"""The shipped study, read once for all unit tests of a process, and copies of it in which something stands differently."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from frs_pipeline.store.settings import shipped_study
from frs_pipeline.study import Study

STUDY = Study(shipped_study())
# The name of a study that lies beside the data folder of its deliveries, and the tables that it has of the shipped ones:
# at least one of every mart and kind.
BESIDE = "study"
FEW = (1, 3, 5, 24, 25, 29, 35, 60, 61)


def study_of(data: Path) -> Study:
    """The study of a data folder: the one that lies beside it (`few_tables`), else the shipped one."""
    beside = data.with_name(BESIDE)
    return Study(beside) if (beside / "study.yaml").exists() else STUDY


def few_tables(folder: Path) -> Study:
    """Copy the shipped study into `folder`/study with a few of its tables and nothing printed.

    For tests that are about forms and runs: a run takes half of the time.
    """
    copy = shutil.copytree(
        STUDY.folder, folder / BESIDE, ignore=shutil.ignore_patterns("__pycache__", "published", "findings.yaml", "titles.yaml")
    )
    for name, part in (("tables", "tables"), ("report/chapters", "chapters")):
        path = copy / f"{name}.yaml"
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))[part]
        path.write_text(
            yaml.safe_dump({part: [*_with_few_tables(entries)]}, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
    return Study(copy)


def _with_few_tables(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of the catalogue, the few tables; of the chapters, those that have any of them or need none."""
    for entry in entries:
        if "number" in entry:
            if entry["number"] in FEW:
                yield entry
        elif "tables" not in entry:
            yield entry
        elif tables := [number for number in entry["tables"] if number in FEW]:
            yield {key: value for key, value in entry.items() if key not in ("changes", "rows")} | {"tables": tables}


def study_with(folder: Path, edits: dict[str, Callable[[str], str]], of: Study = STUDY) -> Study:
    """Copy a study into `folder`, each of these files edited: of its text a function makes another."""
    copy = shutil.copytree(of.folder, folder / STUDY.folder.name, ignore=shutil.ignore_patterns("__pycache__", "data"))
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
