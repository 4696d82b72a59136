"""The four papers of the study: the questionnaires as they were when the shipped delivery was keyed."""

from __future__ import annotations

from pathlib import Path

from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import in_use
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires

# Name of the delivery that is made, and that lies in data/raw.
SHIPPED = "2020-11-30"


def packed(study: Study) -> Path:
    """The shipped delivery as it comes with the program: in the project's folder, or in an installed package."""
    own = PROJECT / "data" / "raw" / SHIPPED
    return own if own.is_dir() else study.folder / "reconstruction" / "forms" / SHIPPED


@derived
def papers(study: Study) -> dict[str, Questionnaire]:
    """By instrument; what other deliveries alone are asked isn't part of them."""
    return {name: found.at(SHIPPED) for name, found in questionnaires(study).items() if in_use(study, name, SHIPPED)}


def occasion_codes(study: Study) -> dict[str, int]:
    """Occasions of the study as numbers, from 1 in their order."""
    return {name: code for code, name in enumerate(occasions(study), start=1)}


def role_name(study: Study) -> str:
    """The question that says who of several filled in a form; empty in a study where none does."""
    return about(study).role or ""
