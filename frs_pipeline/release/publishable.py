"""Whether a purpose may be read by anybody: the register of releases says it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from frs_pipeline.errors import UsageError
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.privacy.patterns import kinds_in, kinds_in_trace, readings
from frs_pipeline.privacy.search import codebook_of
from frs_pipeline.privacy.words import words_of
from frs_pipeline.store.files import Store
from frs_pipeline.study.about import about
from frs_pipeline.study.questionnaires import questionnaires

_LONGEST = 400
# Numbers, and those that people write in groups, as 40.002.
_GROUPS = re.compile(r"[0-9]+(?:[ .,'/\u00a0\u202f-][0-9]+)*")
# Smaller numbers are years, counts and paragraphs.
_LEAST, _MOST = 5, 12


def require_publishable(store: Store, purpose: str) -> None:
    """Raise `UsageError` for a purpose that is none, or that holds what would lead to a person or a conference."""
    if not purpose.strip():
        raise UsageError("a release needs a purpose", where="--purpose", do="say what it is for")
    if len(purpose) > _LONGEST or not purpose.isprintable():
        raise UsageError(f"isn't a line of up to {_LONGEST} letters", where="--purpose", do="say it shorter")
    if _leads_to_somebody(store, purpose):
        what = "leads to a person, a form or a conference, and anybody may read it"
        raise UsageError(what, where="--purpose", do="say it without numbers or names of cases")


def publishable(store: Store, purpose: str) -> bool:
    """Return whether anybody may read a purpose."""
    try:
        require_publishable(store, purpose)
    except UsageError:
        return False
    return True


def _leads_to_somebody(store: Store, purpose: str) -> bool:
    study = store.study
    prefixes = "|".join(form.form_prefix for form in questionnaires(study).values())
    if re.search(rf"\b(?:{prefixes})[-‑–][0-9]+\b", purpose):
        return True
    if holds_personal_number(purpose) or about(study).personal_id.found(purpose):
        return True
    for codebook in map(codebook_of, store.each()):
        for reading in readings(purpose):
            numbers = np.array(list(_numbers_in(reading)), np.int64)
            if (
                kinds_in(reading, words_of(study))
                or kinds_in_trace(study, reading, codebook)
                or (codebook.owners(numbers) >= 0).any()
            ):
                return True
    return False


def _numbers_in(text: str) -> Iterator[int]:
    """Yield every number of some length in a text, whichever groups of digits it may be written in."""
    for found in _GROUPS.findall(text):
        groups = re.findall("[0-9]+", found)
        for start in range(len(groups)):
            for end in range(start + 1, len(groups) + 1):
                number = "".join(groups[start:end])
                if _LEAST <= len(number) <= _MOST:
                    yield int(number)
