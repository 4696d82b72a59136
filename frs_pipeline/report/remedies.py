"""What to do about promises that a mart breaks, and about claims that don't hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from frs_pipeline.errors import Failing
from frs_pipeline.language import plural
from frs_pipeline.report.claims import claims
from frs_pipeline.report.expectations import BETWEEN, IN_SET, LARGEST, NOT_NULL, PromisesOfMart
from frs_pipeline.report.findings import Tested
from frs_pipeline.study import Study
from frs_pipeline.study.promises import FILE as PROMISES
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import YamlFile


def broken_promises(study: Study, promises: PromisesOfMart, delivery: str) -> list[Failing]:
    """Name each promise that a mart breaks, in words and without any form's values, with what to do about it."""
    return [Failing(_named(row), _about_promise(study, row, promises, delivery)) for row in promises.broken.to_pylist()]


def failed_claims(study: Study, tested: Iterable[Tested], delivery: str) -> list[Failing]:
    """Count the claims of each chapter of the printed report that don't hold, with what to do about them."""
    failed = Counter(one.chapter.name for one in tested if one.holds is False and one.chapter)
    return [
        Failing(f"{plural(failed[one.name], 'claim')} of chapter {one.name}", _about_chapter(one.file, delivery))
        for one in claims(study).chapters
        if failed[one.name]
    ]


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['column']}: {row['promise']}" if row["column"] else str(row["promise"])


def _about_promise(study: Study, row: Mapping[str, Any], promises: PromisesOfMart, delivery: str) -> str:
    """Say where to look, and which line to change where the forms are right and the promise isn't."""
    kind, column = row["expectation"], row["column"]
    look = f"curated/{delivery}/data_docs/{promises.mart}.html shows what was found"
    questionnaire = questionnaires(study).get(promises.mart)
    names = [question.name for question in questionnaire.questions] if questionnaire else []
    limits = YamlFile(study.folder / PROMISES)
    if kind == LARGEST:
        line = f"{PROMISES}:{limits.line(['shares', 'largest_move'])}"
        return f"frs diff {promises.before} {delivery} shows what moved; if the forms are right, raise largest_move in {line}"
    if kind == NOT_NULL and column in names:
        line = f"{PROMISES}:{limits.line(['blank', 'questions', promises.mart, column])}"
        return f"{look}; if the forms are right, give {promises.mart}, {column} another limit under questions in {line}"
    question = questionnaire.question(column) if questionnaire and kind in (IN_SET, BETWEEN) else None
    if question is not None:
        asked = f"questionnaires/{promises.mart}.yaml"
        file = YamlFile(study.folder / asked)
        # A question may be several columns.
        at = next(index for index, entry in enumerate(file.data["questions"]) if entry["name"] == question.of)
        stands = "range" if question.measured or question.calendar else "scale"
        return f"{look}; the {stands} stands in {asked}:{file.line(['questions', at])}"
    return f"{look}; frs run makes the mart again, and if that changes nothing, tell whoever keeps the program"


def _about_chapter(file: str, delivery: str) -> str:
    return f"curated/{delivery}/findings.parquet lists them, where holds is false; their conditions stand in {file}"
