"""What tables can count: the forms of each questionnaire, and conferences by what is known of them."""

from __future__ import annotations

from collections.abc import Mapping

from frs_pipeline.language import Text
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import Noun, about, said
from frs_pipeline.study.instruments import BOTH, FILE
from frs_pipeline.study.questionnaires import Questionnaire, background, questionnaires

CONFERENCE = "conference"
_FORM = Noun(one=Text("skema", "form"), many=Text("skemaer", "forms"))


@derived
def countable(study: Study) -> Mapping[str, Questionnaire]:
    """Return what tables can count, by mart: conferences among it where the study admits a background, as if it were asked."""
    known = background(study)
    return {**questionnaires(study), **({CONFERENCE: _conferences(study)} if known else {})}


def _conferences(study: Study) -> Questionnaire:
    return Questionnaire(
        instrument=CONFERENCE,
        title=said(study, about(study).conference.many.capitalised()),
        filled_in_by="",
        occasion=BOTH,
        form_prefix="",
        questions=background(study),
        path=study.folder / FILE,
        language=about(study).language,
    )


def noun(study: Study, mart: str) -> Noun:
    """Return what the rows of a mart are called."""
    return about(study).conference if mart == CONFERENCE else _FORM
