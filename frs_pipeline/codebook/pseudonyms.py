"""Drawing new pseudonyms, and replacing conference numbers with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.codebook.cases import background_from, cases_from
from frs_pipeline.errors import CheckFailed
from frs_pipeline.store.plan import Sources
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.questionnaires import Questionnaire

# Letters of pseudonyms: not I and O, which are taken for digits.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
# The first letter says what a pseudonym stands for.
CONFERENCE, CASE = "K", "S"


def draw_pseudonyms(number: int, choose: Callable[[str], str], taken: Collection[str] = (), first: str = CONFERENCE) -> list[str]:
    """Draw `number` pseudonyms, the letter `first` and seven more, by `choose`; no two are the same, and none is `taken`."""
    pseudonyms: dict[str, None] = {}
    while len(pseudonyms) < number:
        pseudonym = first + "".join(choose(LETTERS) for _ in range(7))
        if pseudonym not in taken:
            pseudonyms[pseudonym] = None
    return list(pseudonyms)


def mart_schema(questionnaire: Questionnaire) -> pa.Schema:
    """Return the columns of pseudonymised forms and of the mart: no conference number, no line, nothing that leads back."""
    return pa.schema(
        [
            pa.field("form_id", pa.string(), nullable=False),
            *([pa.field("conference_id", pa.string(), nullable=False)] if questionnaire.forms.number else []),
            pa.field("occasion", pa.string(), nullable=False),
            *(CASES if questionnaire.cases else ()),
            *(arrow_field(question) for question in questionnaire.background),
            *(arrow_field(question) for question in questionnaire.questions),
        ]
    )


def pseudonymised_from(questionnaire: Questionnaire) -> Sources:
    """Return the sources: a form's own columns come from the export, pseudonym and occasion from its codebook entry.

    In a study without registers, the questionnaire says the occasion.
    """
    forms, codebook = ("validated", questionnaire.instrument), ("validated", "codebook")
    sources: Sources = {name: [(forms, name)] for name in mart_schema(questionnaire).names if name != "occasion"}
    by_register = ("conference_id", *([] if questionnaire.only_occasion else ["occasion"]))
    for name in by_register if questionnaire.forms.number else ():
        sources[name] = [(codebook, name), (codebook, "conference_number"), (forms, "conference_number")]
    for question in (question for question in questionnaire.questions if question.coded):
        sources[question.name] = [(("coded", questionnaire.instrument), question.name)]
    for name, origins in cases_from().items() if questionnaire.cases else ():
        sources[name] = [*origins, (forms, "conference_number")]
    for name, origins in background_from(questionnaire.background).items():
        sources[name] = [*origins, (forms, "conference_number")]
    return sources


def mart_from(questionnaire: Questionnaire) -> Sources:
    """Return the sources of a mart, which is the pseudonymised forms in another order."""
    return {name: [(("pseudonymised", questionnaire.instrument), name)] for name in mart_schema(questionnaire).names}


def pseudonymise(
    forms: Iterable[pa.RecordBatch], codebook: pa.Table, questionnaire: Questionnaire, coded: pa.Table | None = None
) -> Iterator[pa.Table]:
    """Replace the numbers of accepted forms (`forms_schema`) with the codebook's pseudonym and occasion (`mart_schema`).

    A study without registers has one occasion, or one of each questionnaire; where forms have no number, nothing else changes.
    The codebook is as `with_cases` returns it; `coded` is what people made of
    the texts of some of the forms. Raises `CheckFailed` for a number that the codebook doesn't know, which
    validation should have kept out.
    """
    by_number = codebook.sort_by("conference_number")
    schema = mart_schema(questionnaire)
    for batch in forms:
        columns: dict[str, pa.Array | pa.ChunkedArray] = {}
        if questionnaire.forms.number:
            entries = _entries(by_number, batch["conference_number"].to_numpy(), questionnaire.instrument)
            columns = {name: entries[name] for name in entries.column_names}
        if questionnaire.only_occasion:
            columns["occasion"] = pa.repeat(questionnaire.only_occasion, batch.num_rows)
        if coded is not None:
            mine = coded.take(pc.index_in(batch["form_id"], value_set=coded["form_id"].combine_chunks()))
            columns |= {question.name: mine[question.name] for question in questionnaire.questions if question.coded}
        yield pa.table([columns[name] if name in columns else batch[name] for name in schema.names], schema=schema)


def _entries(codebook: pa.Table, wanted: np.ndarray, instrument: str) -> pa.Table:
    """Return the entries of a codebook, sorted by number, that have the `wanted` numbers, one for each."""
    numbers = codebook["conference_number"].to_numpy()
    at = np.minimum(np.searchsorted(numbers, wanted), max(len(numbers) - 1, 0))
    if len(wanted) and not (len(numbers) and (numbers[at] == wanted).all()):
        raise CheckFailed("a form's number isn't in the codebook", where=instrument)
    return codebook.take(pa.array(at)).drop_columns("conference_number")
