"""What the columns of the shipped study's exports are called."""

from __future__ import annotations

from frs_pipeline.study.about import STATUS, about
from support.study import STUDY

_FORMS = about(STUDY).forms
NUMBER, NUMBER_AGAIN = _FORMS.numbers
RESPONDENT, CREATED = str(_FORMS.id), str(_FORMS.created)
SYSTEM_COLUMNS = _FORMS.system

__all__ = ["CREATED", "NUMBER", "NUMBER_AGAIN", "RESPONDENT", "STATUS", "SYSTEM_COLUMNS"]
