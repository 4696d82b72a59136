"""The four papers of the study: the questionnaires as they were when the shipped delivery was keyed."""

from __future__ import annotations

from functools import cache

from frs_pipeline.questionnaires import in_use
from frs_pipeline.questionnaires.model import Questionnaire, questionnaires

# Name of the delivery that is made, and that lies in data/raw.
SHIPPED = "2020-11-30"


@cache
def papers() -> dict[str, Questionnaire]:
    """By instrument; what other deliveries alone are asked isn't part of them."""
    return {name: found.at(SHIPPED) for name, found in questionnaires().items() if in_use(name, SHIPPED)}
