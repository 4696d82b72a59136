"""Which questionnaires have lines to write on, and which of these people code: read without judging, for what is planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from frs_pipeline.errors import InputError
from frs_pipeline.study import Study, derived
from frs_pipeline.study.instruments import FOLDER, instruments
from frs_pipeline.study.spec import YamlFile

# The coder whose lines are what several have agreed on.
CONSENSUS = "consensus"


@derived
def written(study: Study) -> tuple[str, ...]:
    """Return the questionnaires that have a text."""
    return tuple(name for name in instruments(study) if any(_texts(study, name)))


@derived
def coded(study: Study) -> tuple[str, ...]:
    """Return the questionnaires that have a text with a scale, by which people code it."""
    return tuple(name for name in instruments(study) if any(text.get("scale") for text in _texts(study, name)))


def _texts(study: Study, instrument: str) -> Iterator[Mapping[str, Any]]:
    # A faulty file is reported by whoever reads it as its model.
    with suppress(InputError):
        data = YamlFile(study.folder / FOLDER / f"{instrument}.yaml").data
        questions = data.get("questions") if isinstance(data, dict) else None
        for question in questions if isinstance(questions, list) else ():
            if isinstance(question, dict) and question.get("type") == "text":
                yield question
