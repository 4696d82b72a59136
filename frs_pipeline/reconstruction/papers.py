"""The papers of the study: its questionnaires as they were when the shipped delivery was keyed."""

from __future__ import annotations

from pathlib import Path

from frs_pipeline.errors import UsageError
from frs_pipeline.store.settings import data_of
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.assumptions import FILE
from frs_pipeline.study.instruments import in_use
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires


def made_delivery(study: Study) -> str:
    """Return the name of the delivery that is made: the one that the report was printed from.

    Raises `UsageError` for a study without a printed report or without assumptions.
    """
    delivery = about(study).printed_from
    if delivery is None or not (study.folder / FILE).is_file():
        what = f"study {about(study).name} has no printed report from which forms could be made"
        raise UsageError(what, where=study.folder, do=f"say printed_from in study.yaml, and write published/ and {FILE}")
    return delivery


def packed(study: Study) -> Path:
    """Return where the shipped delivery comes with the program: in the project's folder, or in an installed package."""
    own = data_of(study) / "raw" / made_delivery(study)
    return own if own.is_dir() else study.folder / "reconstruction" / "forms" / own.name


@derived
def papers(study: Study) -> dict[str, Questionnaire]:
    """Return the papers by instrument, without the questions that only other deliveries have."""
    made = made_delivery(study)
    return {name: questionnaire.at(made) for name, questionnaire in questionnaires(study).items() if in_use(study, name, made)}


def occasion_codes(study: Study) -> dict[str, int]:
    """Number the study's occasions from 1, in their order."""
    return {name: code for code, name in enumerate(occasions(study), start=1)}


def role_name(study: Study) -> str:
    """Return the question that says who of several filled in a form; empty in a study without one."""
    return about(study).role or ""
