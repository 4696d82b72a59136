"""What people decided about cells that two people keyed differently: adjudicated.csv, among what was decided about a delivery.

A line says what each of the two keyed, and what is on the paper. Where that isn't what was keyed first, the line is applied as
a correction is. Neither of the two keyers may decide it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import Correction, OfForm, amendment_rows, is_form_id
from frs_pipeline.intake.judging import answered
from frs_pipeline.intake.readers.parsing import codes
from frs_pipeline.intake.readers.worksheets import as_meant
from frs_pipeline.language import Text
from frs_pipeline.store.deliveries import ADJUDICATED
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.about import has_keyers, said
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires

ADJUDICATED_COLUMNS = (
    "form",
    "column",
    "question",
    "keyed_first",
    "keyed_second",
    "first_keyer",
    "second_keyer",
    "right",
    "who",
    "when",
)
REASON = Text("indtastet to gange og afgjort efter papiret", "keyed twice, and decided by the paper")


@dataclass(frozen=True)
class Decision(OfForm):
    """What is on the paper (`right`) where two people keyed one cell differently. `where` is the line that says so."""

    form: str
    column: str
    question: str
    keyed_first: str
    keyed_second: str
    first_keyer: str
    second_keyer: str
    right: str
    who: str
    when: dt.date
    where: str

    def first_is_wrong(self, study: Study) -> bool:
        """Tell whether what was keyed first is another answer than what is on the paper: 01 is 1, and 1,50 is 1.5."""
        (questionnaire,) = (each for each in questionnaires(study).values() if each.form_prefix == self.prefix)
        return differ(questionnaire, self.question, self.keyed_first, self.right)

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as it stands in the file."""
        texts = (getattr(self, name) for name in ADJUDICATED_COLUMNS[:-1])
        return (*texts, self.when.isoformat())


def differ(questionnaire: Questionnaire, question: str, one: str, other: str) -> bool:
    """Tell whether two cells of a question, or of the number, are other answers; those that can't be read, other texts."""
    asked = questionnaire.question(question)
    cells = pa.chunked_array([[one, other]], pa.string())
    read = codes(cells) if asked is None else answered(cells, asked)
    return one != other if read.unreadable.any() else bool(read.values[0] != read.values[1])


def adjudicated_of(store: Store) -> tuple[Decision, ...]:
    """Read what was decided about a delivery; nothing in a study that names no keyers. Raises as `read_adjudicated` does."""
    if not has_keyers(store.study):
        return ()
    prefixes = tuple(questionnaire.form_prefix for questionnaire in questionnaires(store.study).values())
    return read_adjudicated(store.decided(ADJUDICATED), prefixes)


def read_adjudicated(path: Path, prefixes: Sequence[str]) -> tuple[Decision, ...]:
    """Read decisions in the order of the file; none when there is no file. Raises `InputError` with file and line."""
    decisions: dict[tuple[str, str], Decision] = {}
    for where, cells, when in amendment_rows(path, ADJUDICATED_COLUMNS):
        texts = dict(zip(ADJUDICATED_COLUMNS[:-1], map(as_meant, cells), strict=False))
        decision = Decision(**texts, when=when, where=where)
        require_sound(decision, prefixes)
        if (decision.form, decision.column) in decisions:
            raise InputError("an earlier line decides the same cell", where=where, do="leave one of them")
        decisions[decision.form, decision.column] = decision
    return tuple(decisions.values())


def require_sound(decision: Decision, prefixes: Sequence[str]) -> None:
    """Raise `InputError` for a line that can't be a decision, or that one of the two keyers took."""
    where = decision.where
    if not is_form_id(decision.form, tuple(prefixes)):
        raise InputError("not a form id", where=where, do=f"write it as {prefixes[0]}-12345, as frs sample compare does")
    if not (decision.column and decision.first_keyer and decision.second_keyer and decision.who):
        raise InputError("column, both keyers and who are needed", where=where, do="fill them in")
    if decision.keyed_first == decision.keyed_second:
        raise InputError("both keyers keyed the same", where=where, do="take out the line")
    if decision.who.casefold() in (decision.first_keyer.casefold(), decision.second_keyer.casefold()):
        what = "was decided by one of the two who keyed it"
        raise InputError(what, where=where, do="let somebody else look at the paper")


def as_corrections(store: Store) -> tuple[Correction, ...]:
    """Return the corrections that decisions about a delivery amount to, in the order of the file."""
    reason = said(store.study, REASON)
    return tuple(
        Correction(made.form, made.column, made.keyed_first, made.right, reason, made.who, made.when, made.where)
        for made in adjudicated_of(store)
        if made.first_is_wrong(store.study)
    )
