"""Whether a purpose may be read by anybody: the register of releases says it."""

from __future__ import annotations

import re

import numpy as np

from frs_pipeline.errors import UsageError
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.privacy.patterns import kinds_in, kinds_in_trace, readings
from frs_pipeline.privacy.search import codebook_of
from frs_pipeline.privacy.words import words_of
from frs_pipeline.store.files import Store
from frs_pipeline.study.about import about

_LONGEST = 400
# Smaller numbers are years, counts and paragraphs.
_NUMBER = re.compile(r"(?<![0-9])[0-9]{5,12}(?![0-9])")


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
    if holds_personal_number(purpose) or about(study).personal_id.found(purpose):
        return True
    for codebook in map(codebook_of, store.each()):
        for reading in readings(purpose):
            numbers = np.array([int(number) for number in _NUMBER.findall(reading)], np.int64)
            if (
                kinds_in(reading, words_of(study))
                or kinds_in_trace(study, reading, codebook)
                or (codebook.owners(numbers) >= 0).any()
            ):
                return True
    return False
