"""A dozen forms with the faults that keyers make, on top of the good ones, so that quarantine has work."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

from frs_pipeline.reconstruction.nesting import Form, next_keying
from frs_pipeline.reconstruction.papers import papers
from frs_pipeline.study import Study
from frs_pipeline.study.assumptions import assumptions


def spoil(study: Study, instrument: str, forms: list[Form], known: set[int], rng: random.Random) -> list[Form]:
    """Add spoilt forms to `forms`, in the order of keying."""
    spoilt = list(forms)
    for fault in assumptions(study).spoilt.get(instrument, ()):
        model = forms[rng.randrange(len(forms))]
        later = next_keying(model.created + dt.timedelta(days=1), rng)
        respondent = max(form.respondent for form in spoilt) + rng.randrange(1, 9)
        copy = replace(model, respondent=respondent, created=later)
        if fault == "keyed_twice":
            # The paper that was just keyed is picked up and keyed again.
            copy = replace(copy, created=model.created.replace(second=59))
        elif fault == "numbers_differ":
            digits = list(copy.number)
            digits[-2:] = digits[:-3:-1] if digits[-1] != digits[-2] else [digits[-2], str((int(digits[-1]) + 1) % 10)]
            copy = replace(copy, number_again="".join(digits))
        elif fault == "number_unknown":
            unknown = next(n for n in iter(lambda: rng.randrange(10_000, 100_000), 0) if n not in known)
            copy = replace(copy, number=str(unknown), number_again=str(unknown))
        elif fault == "number_unreadable":
            copy = replace(copy, number="", number_again="")
        else:
            question = next(q for q in papers(study)[instrument].questions if q != papers(study)[instrument].role)
            copy = replace(copy, answers={**copy.answers, question.name: str(max(question.codes) + 2)})
        spoilt.append(copy)
    return sorted(spoilt, key=lambda form: (form.created, form.respondent))
