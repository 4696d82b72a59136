"""The papers of the study: its questionnaires as they were when the shipped delivery was keyed."""

from __future__ import annotations

from pathlib import Path

from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import in_use
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires

# Name of the delivery that is reconstructed, and that lies in data/raw.
SHIPPED = "2020-11-30"


def packed(study: Study) -> Path:
    """Return where the shipped delivery comes with the program: in the project's folder, or in an installed package."""
    own = PROJECT / "data" / "raw" / SHIPPED
    return own if own.is_dir() else study.folder / "reconstruction" / "forms" / SHIPPED


@derived
def papers(study: Study) -> dict[str, Questionnaire]:
    """Return the papers by instrument, without the questions that only other deliveries have."""
    return {
        name: questionnaire.at(SHIPPED) for name, questionnaire in questionnaires(study).items() if in_use(study, name, SHIPPED)
    }


def occasion_codes(study: Study) -> dict[str, int]:
    """Number the study's occasions from 1, in their order."""
    return {name: code for code, name in enumerate(occasions(study), start=1)}


def role_name(study: Study) -> str:
    """Return the question that says who of several filled in a form; empty in a study without one."""
    return about(study).role or ""
