"""What people made of texts: coding.csv, which lies beside the exports and says which codes who gave what a form says.

A line gives one code, or none where the code is blank: whoever has read a text to which no code applies says so with such a
line. Texts that nobody coded stay unknown. Where several coders have read a text, a code counts that each of them gave; lines of
the coder `consensus` take the place of all others about their text.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import OfForm, amendment_rows, is_form_id
from frs_pipeline.store.deliveries import CODING
from frs_pipeline.store.files import Store, read, stream
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.questionnaires import Question, Questionnaire, questionnaires
from frs_pipeline.study.texts import CONSENSUS

CODING_COLUMNS = ("form", "question", "code", "coder", "when")
_CODE = re.compile(r"-?[0-9]{1,3}", re.ASCII)
_TAKE_OUT = "correct or take out the line"

# A text: the form, and the question.
Text = tuple[str, str]
# The codes that each coder gave a text, by coder.
Codings = dict[str, frozenset[int]]


@dataclass(frozen=True)
class Coding(OfForm):
    """One code (None: that none applies) that a coder gave a text. `where` is the line that says so."""

    form: str
    question: str
    code: int | None
    coder: str
    when: dt.date
    where: str

    @property
    def line(self) -> int:
        """The line of the file."""
        return int(self.where.rpartition(":")[2])


def codings_of(store: Store) -> tuple[Coding, ...]:
    """Read how a delivery's texts were coded. Raises `InputError` for a line that can't be understood."""
    return read_codings(store.raw(CODING["coding"]), questionnaires(store.study).values())


def read_codings(path: Path, papers: Iterable[Questionnaire]) -> tuple[Coding, ...]:
    """Read codings in the order of the file; none when there is no file. Raises `InputError` with file and line."""
    schemes = {paper.form_prefix: paper.schemes() for paper in papers}
    codings: dict[tuple[str, str, str, int | None], Coding] = {}
    given: dict[tuple[str, str, str], bool] = {}
    for where, (form, question, code, coder, _), when in amendment_rows(path, CODING_COLUMNS):
        if not is_form_id(form, tuple(schemes)):
            raise InputError("not a form id", where=where, do=f"write it as {next(iter(schemes))}-12345, as the sheet does")
        known = schemes[form[:2]]
        if question not in known:
            do = f"write one of {', '.join(known)}" if known else _TAKE_OUT
            raise InputError("no text that is coded", where=where, do=do)
        codes = [column.option for column in known[question]]
        if code and not (_CODE.fullmatch(code) and int(code) in codes):
            do = f"write one of {', '.join(map(str, codes))}, or leave it blank where none applies"
            raise InputError(f"no code of {question}", where=where, do=do)
        if not coder:
            raise InputError("coder is needed", where=where, do="fill it in")
        entry = Coding(form, question, int(code) if code else None, coder.casefold(), when, where)
        key = (form, question, entry.coder)
        if (*key, entry.code) in codings:
            raise InputError("stands in an earlier line", where=where, do="take out the line")
        if given.setdefault(key, bool(code)) != bool(code):
            what = "the same coder says that no code applies, and gives one"
            raise InputError(what, where=where, do="take out one of the lines")
        codings[(*key, entry.code)] = entry
    return tuple(codings.values())


def by_text(codings: Iterable[Coding]) -> dict[Text, Codings]:
    """Return the codes of each text by coder."""
    codes: dict[Text, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for entry in codings:
        codes[entry.form, entry.question][entry.coder] |= set() if entry.code is None else {entry.code}
    return {text: {coder: frozenset(given) for coder, given in of.items()} for text, of in codes.items()}


def settled(codes: Mapping[str, frozenset[int]]) -> frozenset[int]:
    """Return the codes that count: those that everybody gave who coded the text, unless they agreed on others."""
    return codes[CONSENSUS] if CONSENSUS in codes else frozenset.intersection(*codes.values())


def differing(codes: Mapping[str, frozenset[int]]) -> bool:
    """Return whether coders differ about a text, and haven't agreed on anything."""
    return CONSENSUS not in codes and len(set(codes.values())) > 1


def codings_that_count(store: Store, instrument: str) -> list[Coding]:
    """Return the codings of a questionnaire's accepted forms; forms that were set aside may be corrected, and count then.

    Raises `InputError` for a line about a form that the delivery doesn't have (any more), or on which nothing is written.
    """
    prefix = questionnaires(store.study)[instrument].form_prefix
    mine = [entry for entry in codings_of(store) if entry.prefix == prefix]
    if not mine:
        return []
    aside = set(read(store.file("rejected", instrument), ["form_id"])["form_id"].to_pylist())
    texts = stream(store.file("texts", instrument))
    return fitting(mine, texts, aside)


def fitting(codings: Sequence[Coding], texts: Iterable[pa.RecordBatch], aside: Collection[str]) -> list[Coding]:
    """Return the codings of forms whose `texts` these are (`texts_schema`). Raises `InputError` as `codings_that_count` does."""
    names = {entry.question for entry in codings}
    wanted = pa.array(sorted({entry.form for entry in codings}), pa.string())
    forms: set[str] = set()
    filled: set[Text] = set()
    for batch in texts:
        few = batch.filter(pc.is_in(batch["form_id"], value_set=wanted))
        forms.update(few["form_id"].to_pylist())
        for name in names:
            filled.update((form, name) for form in few.filter(pc.is_valid(few[name]))["form_id"].to_pylist())
    for entry in codings:
        if entry.form in forms and (entry.form, entry.question) not in filled:
            raise InputError(f"nothing is written there at {entry.question}", where=entry.where, do=_TAKE_OUT)
        if entry.form not in forms and entry.form not in aside:
            raise InputError("there is no such form, or it was withdrawn", where=entry.where, do=_TAKE_OUT)
    return [entry for entry in codings if entry.form in forms]


def coded_schema(questionnaire: Questionnaire) -> pa.Schema:
    """Return the columns of what people made of texts: the form, and a column a code."""
    columns = (arrow_field(question) for question in questionnaire.questions if question.coded)
    return pa.schema([pa.field("form_id", pa.string(), nullable=False), *columns])


def coded(codings: Iterable[Coding], questionnaire: Questionnaire) -> pa.Table:
    """Return the columns of the codes (`coded_schema`), a row a form with a coded text, by id: 1 or 0, null for its others."""
    codes = {text: settled(given) for text, given in by_text(codings).items()}
    forms = sorted({form for form, _ in codes})
    columns = [question for question in questionnaire.questions if question.coded]
    ticked = ([_ticked(codes.get((form, column.of)), column) for form in forms] for column in columns)
    return pa.table([forms, *ticked], schema=coded_schema(questionnaire))


def _ticked(codes: frozenset[int] | None, question: Question) -> int | None:
    return None if codes is None else int(question.option in codes)
