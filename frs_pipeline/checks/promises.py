"""The promises of the marts as asset checks: a broken one is told, and stops nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.checks.failing import Failing, as_metadata, place
from frs_pipeline.report.expectations import IN_SET, LARGEST, NOT_NULL, PromisesOfMart
from frs_pipeline.study import Study
from frs_pipeline.study.promises import FILE
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import YamlFile


def promise_spec(key: AssetKey, mart: str) -> AssetCheckSpec:
    """Declared for every mart, on what its promises were found to be."""
    return AssetCheckSpec(f"promises_of_{mart}", asset=key, description=f"every promise of the mart {mart} holds", blocking=False)


def promises_kept(study: Study, key: AssetKey, held: PromisesOfMart, delivery: str) -> AssetCheckResult:
    """Counts, and the broken promises in words, each with what to do about it; never a form's values."""
    broken = held.broken.to_pylist()
    things = [Failing(_named(row), _remedy(study, row, held, delivery)) for row in broken]
    return AssetCheckResult(
        asset_key=key,
        check_name=f"promises_of_{held.mart}",
        passed=not broken,
        severity=AssetCheckSeverity.WARN,
        metadata={"promises": held.results.num_rows, "broken": len(broken), **as_metadata(things)},
    )


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['column']}: {row['promise']}" if row["column"] else str(row["promise"])


def _remedy(study: Study, row: Mapping[str, Any], held: PromisesOfMart, delivery: str) -> str:
    """Where to look, and which line to change where the forms are right and the promise isn't."""
    kind, column = row["expectation"], row["column"]
    look = f"curated/{delivery}/data_docs/{held.mart}.html shows what was found"
    questionnaire = questionnaires(study).get(held.mart)
    names = [question.name for question in questionnaire.questions] if questionnaire else []
    limits = YamlFile(study.folder / FILE)
    if kind == LARGEST:
        line = place(FILE, limits.line(["shares", "largest_move"]))
        return f"frs diff {held.before} {delivery} shows what moved; if the forms are right, raise largest_move in {line}"
    if kind == NOT_NULL and column in names:
        own = limits.line(["blank", "questions", held.mart, column])
        return f"{look}; if the forms are right, give {held.mart}, {column} another limit under questions in {place(FILE, own)}"
    if kind == IN_SET and column in names:
        asked = f"questionnaires/{held.mart}.yaml"
        line = place(asked, YamlFile(study.folder / asked).line(["questions", names.index(column)]))
        return f"{look}; the scale stands in {line}"
    return f"{look}; frs run makes the mart again, and if that changes nothing, tell whoever keeps the program"
