"""What a domain person may change of the promises that marts make: limits on blanks and on changes of shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.study import Study, derived
from frs_pipeline.study.faults import choices
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "promises.yaml"
Share = Annotated[float, Field(ge=0, le=1)]


class BlankLimits(Spec):
    default: Share
    questions: dict[str, dict[str, Share]] = Field(default_factory=dict)


class ShareLimits(Spec):
    largest_move: Share
    fewest_answers: int = Field(ge=1)


class Limits(Spec):
    """What a domain person may change of the promises; see promises.yaml."""

    row_cap: int = Field(ge=1)
    blank: BlankLimits
    shares: ShareLimits

    def largest_blank(self, mart: str, question: str) -> float:
        return self.blank.questions.get(mart, {}).get(question, self.blank.default)


def read_limits(study: Study, path: Path) -> Limits:
    """Read the limits. Raises `InputError` with file and line for a value that isn't allowed or a question that doesn't exist."""
    file = YamlFile(path)
    wrong = Gathered()
    with wrong:
        limits = file.parse(Limits)
    for mart in file.entries(["blank", "questions"]):
        where = ["blank", "questions", mart]
        with wrong:
            if not file.entries(where):
                continue  # what isn't keys with values is reported already
            if mart not in questionnaires(study):
                raise file.error(where, f"there is no questionnaire {mart}", choices(questionnaires(study), mart))
            known = [question.name for question in questionnaires(study)[mart].questions]
            for name in file.entries(where):
                with wrong:
                    if name not in known:
                        raise file.error([*where, name], f"{mart} has no question {name}", choices(known, name))
    wrong.check()
    return limits


@derived
def limits(study: Study) -> Limits:
    """Read the limits of the study's promises."""
    return read_limits(study, study.folder / FILE)
