"""The rules about one form, each applied to all forms of a chunk at once.

Findings are (rows of the chunk, rule, column); what comes of them is decided elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.intake.applying import Skipped
from frs_pipeline.intake.readers.columns import Columns
from frs_pipeline.intake.readers.parsing import MISSING, Codes, codes, dates, grouped, not_asked, numbers, respondents
from frs_pipeline.intake.readers.times import SURVEYXACT, FittingFormats, TimeFormat, times
from frs_pipeline.intake.reasons import NOT_ASKED
from frs_pipeline.personal_numbers import holding
from frs_pipeline.study import Study
from frs_pipeline.study.about import STATUS, Forms, about, occasions
from frs_pipeline.study.impossible import Condition, ImpossibleAnswers
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import NO_PLACE
from frs_pipeline.study.questionnaires import Question, Questionnaire
from frs_pipeline.study.schema import Scales

_SOME_ANSWERS, _COMPLETED = STATUS.index("stato_3"), STATUS.index("stato_4")
_IN_ORDER = (("created", "modified"), ("created", "closed"), ("started", "closed"))


class Registers:
    """Which occasion codebook and ledger have for a conference number, by its place in the study; -1 where it is unknown.

    `knows` says which of the two a study has: what the others would know isn't asked.
    """

    def __init__(self, study: Study, codebook: pa.Table, ledger: pa.Table) -> None:
        self.names, self.knows = tuple(occasions(study)), about(study).registers
        self._known = [self._sorted(table) for table in (codebook, ledger)] if self.knows else []

    def _sorted(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        numbers = table["conference_number"].to_numpy()
        occasions = pc.index_in(table["occasion"], value_set=pa.array(self.names)).to_numpy()
        order = np.argsort(numbers)
        # A number above all others at the end, so that every search ends at an entry.
        # Of the type of what is looked for: a search through another type would first convert all of it.
        known = np.append(numbers[order], np.iinfo(np.int32).max).astype(np.int32)
        return known, np.append(occasions[order], -1).astype(np.int8)

    def occasions(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Look up the occasions of conference numbers: by codebook, and by ledger."""
        # In ascending order, which walks once through a register instead of jumping about in it.
        wanted, back = np.unique(numbers, return_inverse=True)
        places_by_register = []
        for known, places in self._known:
            at = np.searchsorted(known, wanted)
            at[at == len(known)] = len(known) - 1
            places_by_register.append(np.where(known[at] == wanted, places[at], -1)[back])
        return places_by_register[0], places_by_register[1]


@dataclass
class Clocks:
    """The format of each column of times, and the evidence for it, which grows as chunks are looked at."""

    formats: Mapping[str, TimeFormat | str]
    evidence: dict[str, FittingFormats] = field(default_factory=lambda: defaultdict(FittingFormats))

    @classmethod
    def of(cls, forms: Forms) -> Self:
        """Return clocks that suppose what SurveyXact writes in each column."""
        return cls(dict.fromkeys(forms.times.values(), SURVEYXACT))

    def read(self, name: str, column: pa.ChunkedArray) -> np.ndarray:
        """Read the times of a chunk's column."""
        read = times(column, self.formats[name])
        if self.formats[name] is SURVEYXACT:
            self.evidence[name].look(column, read)
        return read

    def right(self, tolerated: float) -> Mapping[str, TimeFormat | str]:
        """Return the formats that the columns turned out to have, after all chunks."""
        seen = {name: evidence.verdict(tolerated) for name, evidence in self.evidence.items()}
        return {**self.formats, **seen}


@dataclass
class Parsed:
    """The cells of a chunk as parsed, one array element per form, and what is wrong with them.

    `skipped` says which rules couldn't be applied to each form.
    """

    cells: pa.Table
    respondent: np.ndarray
    created: np.ndarray
    number: Codes
    answers: dict[str, Codes]
    skipped: np.ndarray
    remarks: list[tuple[np.ndarray, str, str]] = field(default_factory=list)

    def find(self, rule: str, column: str, where: np.ndarray) -> None:
        if where.any():
            self.remarks.append((np.flatnonzero(where), rule, column))


def judge(
    cells: pa.Table,
    columns: Columns,
    questionnaire: Questionnaire,
    registers: Registers,
    impossible_answers: Mapping[str, ImpossibleAnswers],
    clocks: Clocks,
    skipped: Skipped,
    scales: Scales,
) -> Parsed:
    """Parse the cells of a chunk (text, one array per column) and check them against every rule about one form.

    `impossible_answers` are what the policy's own rules look for, by rule. What couldn't be looked at is noted in `skipped`.
    Which codes are outside their scale, `scales` decides.
    """
    forms, answers = questionnaire.forms, read_answers(cells, columns, questionnaire)
    created = clocks.read(forms.created, cells[forms.created]) if forms.created else _never(cells.num_rows)
    marks = np.zeros(cells.num_rows, dtype=np.int64)
    number = codes(cells[forms.number]) if forms.number else not_asked(cells.num_rows)
    parsed = Parsed(cells, respondents(forms, cells), created, number, answers, marks)
    if forms.id:
        odd = parsed.respondent < 0
        parsed.find("respondent_unreadable", forms.id, odd)
        if odd.any():
            parsed.find("holds_personal_number", forms.id, codes(cells[forms.id]).personal)
    paper = _occasions(parsed, questionnaire, registers, skipped)
    completed, answered = _status(parsed, columns, questionnaire)
    _times(parsed, forms, clocks, skipped)
    _answers(parsed, columns, questionnaire, scales)
    _boxes(parsed, questionnaire, completed)
    _unasked(parsed, columns, questionnaire, registers.names, paper, answered)
    for rule, impossible in impossible_answers.items():
        # A blank says nothing about a question that the paper doesn't have.
        if impossible.columns <= columns.of.keys():
            _impossible(parsed, columns, rule, impossible, registers.names, paper, answered)
        else:
            skipped.mark(marks, rule, NOT_ASKED, np.ones(cells.num_rows, dtype=bool))
    _names(parsed, columns, questionnaire)
    _own_identifiers(parsed, columns, questionnaire)
    _beside_others(parsed, questionnaire, clocks, skipped)
    return parsed


def _never(forms: int) -> np.ndarray:
    """Return no time for each of so many forms."""
    return np.full(forms, np.datetime64("NaT", "s"))


def read_answers(cells: pa.Table, columns: Columns, questionnaire: Questionnaire) -> dict[str, Codes]:
    """Parse the answers of a chunk, by question."""
    blank, answers = not_asked(cells.num_rows), dict[str, Codes]()
    for question in questionnaire.keyed:
        if question.name not in columns.of:
            answers[question.name] = blank
        elif question.grouped:
            of = questionnaire.question(question.grouped)
            assert of is not None
            assert of.measured is not None
            answers[question.name] = grouped(answers[question.grouped], of.measured)
        else:
            answers[question.name] = answered(cells[columns.of[question.name]], question)
    return answers


def answered(column: pa.ChunkedArray, question: Question) -> Codes:
    """Parse the cells of a question that isn't another one in groups."""
    if question.calendar:
        return dates(column, question.calendar)
    return numbers(column, question.measured) if question.measured else codes(column)


def _occasions(parsed: Parsed, questionnaire: Questionnaire, registers: Registers, skipped: Skipped) -> np.ndarray:
    """Judge the conference numbers; return each form's occasion, by its place in the study, -1 if unknown."""
    names, at, forms = registers.names, questionnaire.occasion, questionnaire.forms
    fixed = np.full(len(parsed.skipped), 0 if at == BOTH else names.index(at), np.int8)
    if not forms.number:
        return fixed
    number, sure = parsed.number, parsed.number.readable
    parsed.find("number_unreadable", forms.number, ~number.readable)
    keyed = {forms.number: number}
    if forms.number_again:
        again = keyed[forms.number_again] = codes(parsed.cells[forms.number_again])
        same = again.readable & (number.values == again.values)
        parsed.find("numbers_differ", forms.number_again, sure & ~same)
        sure = sure & same
    if registers.knows:
        by_codebook, by_ledger = registers.occasions(number.values)
        known = sure & (by_codebook >= 0)
        parsed.find("number_unknown", forms.number, sure & ~known)
        if at == BOTH:
            fixed = np.where(known, by_codebook, -1)
        else:
            parsed.find("wrong_occasion", forms.number, known & (by_codebook != fixed))
        if len(registers.knows) > 1:
            contradicts = known & (by_codebook == fixed) & (by_ledger >= 0) & (by_ledger != fixed)
            parsed.find("ledger_contradicts", forms.number, contradicts)
            skipped.mark(parsed.skipped, "ledger_contradicts", "not_in_ledger", by_ledger < 0)
    for column, cell in keyed.items():
        parsed.find("holds_personal_number", column, cell.personal)
    return fixed


def _status(parsed: Parsed, columns: Columns, questionnaire: Questionnaire) -> tuple[np.ndarray, np.ndarray]:
    """Judge the status block; return which forms were completed, and which have answers that mean something.

    Where exports have no such block, these are the forms on which anything is answered, ticked or written: a box that isn't
    ticked may never have been seen.
    """
    if not questionnaire.forms.statuses:
        boxes = {question.name for question in questionnaire.keyed if question.option is not None}
        answers = [cell.values != MISSING if name not in boxes else cell.values == 1 for name, cell in parsed.answers.items()]
        texts = [columns.of[text.name] for text in questionnaire.texts if text.name in columns.of]
        answers += [_written(parsed.cells[column]) for column in texts]
        answered = np.any(answers, axis=0)
        parsed.find("not_answered", next(iter(columns.of.values())), ~answered)
        return answered, answered
    blocks = [codes(parsed.cells[name]) for name in STATUS]
    status = np.column_stack([block.readable & (block.values == 1) for block in blocks])
    # A field that is neither 0, 1 nor blank says nothing that could be relied on.
    odd = np.column_stack([block.unreadable | (block.readable & ~np.isin(block.values, (0, 1))) for block in blocks])
    one = (status.sum(axis=1) == 1) & ~odd.any(axis=1)
    parsed.find("status_unclear", STATUS[0], ~one)
    for name, block in zip(STATUS, blocks, strict=True):
        parsed.find("holds_personal_number", name, block.personal)
    completed = np.asarray(status[:, _COMPLETED])
    answered = one & (completed | status[:, _SOME_ANSWERS])
    parsed.find("not_answered", STATUS[0], one & ~answered)
    return completed, answered


def _times(parsed: Parsed, forms: Forms, clocks: Clocks, skipped: Skipped) -> None:
    if forms.created:
        parsed.find("timestamp_unreadable", forms.created, np.isnat(parsed.created))
    here = {name: column for name, column in forms.times.items() if column in parsed.cells.column_names}
    times = {name: clocks.read(column, parsed.cells[column]) for name, column in here.items() if name != "created"}
    times["created"] = parsed.created
    in_order = [(before, after) for before, after in _IN_ORDER if {before, after} <= forms.times.keys()]
    comparable = {pair: _comparable(clocks, *(forms.times[name] for name in pair)) for pair in in_order}
    for before, after in in_order:
        if before in here and after in here and comparable[before, after]:
            # Some formats have seconds, others haven't. Comparisons with a time that can't be read are false.
            same = clocks.formats[here[before]] == clocks.formats[here[after]]
            unit = "datetime64[s]" if same else "datetime64[m]"
            parsed.find("timestamps_backwards", here[after], times[after].astype(unit) < times[before].astype(unit))
    for name in forms.times:
        if name not in here:
            skipped.mark(parsed.skipped, "timestamps_backwards", "column_missing", np.ones(len(parsed.created), dtype=bool))
        else:
            _unread(parsed, forms, clocks, skipped, "timestamps_backwards", here[name], times[name])
    if not all(comparable.values()):
        skipped.mark(parsed.skipped, "timestamps_backwards", "times_mixed", np.ones(len(parsed.created), dtype=bool))


def _unread(parsed: Parsed, forms: Forms, clocks: Clocks, skipped: Skipped, rule: str, name: str, times: np.ndarray) -> None:
    """Note on which forms a rule couldn't be applied for want of a time."""
    format, unread = clocks.formats[name], np.isnat(times)
    if isinstance(format, str):
        skipped.mark(parsed.skipped, rule, format, unread)
    elif unread.any():
        blank = unread & (pc.binary_length(pc.utf8_trim_whitespace(parsed.cells[name])).to_numpy() == 0)
        # A form that isn't finished has no time of closing.
        if name == forms.created:
            skipped.mark(parsed.skipped, rule, "time_missing", blank)
        skipped.mark(parsed.skipped, rule, "time_unreadable", unread & ~blank)


def _comparable(clocks: Clocks, before: str, after: str) -> bool:
    """Return whether two columns go by the same clock, as far as their formats are known."""
    zoned = {format.zoned for name in (before, after) if isinstance(format := clocks.formats[name], TimeFormat)}
    return len(zoned) < 2


def _beside_others(parsed: Parsed, questionnaire: Questionnaire, clocks: Clocks, skipped: Skipped) -> None:
    """Note which forms can't be compared with others."""
    role, forms = questionnaire.role, questionnaire.forms
    if forms.created:
        _unread(parsed, forms, clocks, skipped, "keyed_twice", forms.created, parsed.created)
    blank = np.all([cell.values == MISSING for cell in parsed.answers.values()], axis=0)
    skipped.mark(parsed.skipped, "keyed_twice", "no_answers", blank & ~np.isnat(parsed.created))
    if role is not None and role.name in parsed.answers:
        skipped.mark(parsed.skipped, "several_of_one", "no_role", parsed.answers[role.name].values == MISSING)


def _answers(parsed: Parsed, columns: Columns, questionnaire: Questionnaire, scales: Scales) -> None:
    role = questionnaire.role
    # What is wrong with a number is wrong once, and not again with its group.
    for question in (q for q in questionnaire.questions if q.name in columns.of and not q.grouped):
        cell, column = parsed.answers[question.name], columns.of[question.name]
        parsed.find("code_unreadable", column, cell.unreadable)
        parsed.find("holds_personal_number", column, cell.personal)
        if role is not None and question.name == role.name:
            parsed.find("role_missing", column, cell.blank)
    for name, outside in scales.refused({name: cell.distinct for name, cell in parsed.answers.items()}).items():
        column, where = columns.of[name], np.isin(parsed.answers[name].values, outside)
        parsed.find("role_impossible" if role is not None and name == role.name else "outside_scale", column, where)


def _boxes(parsed: Parsed, questionnaire: Questionnaire, completed: np.ndarray) -> None:
    """Judge questions with boxes: SurveyXact writes 0 for a box not ticked and for one never seen.

    With no box ticked, only a completed form says which it was.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for question in questionnaire.keyed:
        if question.option is not None:
            groups[question.of].append(question.name)
    for names in groups.values():
        ticked = np.any([parsed.answers[name].values == 1 for name in names], axis=0)
        for name in names:
            cell = parsed.answers[name]
            unseen = ~(ticked | completed) & (cell.values == 0)
            values = np.where(unseen, np.int32(MISSING), cell.values)
            parsed.answers[name] = replace(cell, values=values, blank=cell.blank | unseen)


def _written(cells: pa.ChunkedArray) -> np.ndarray:
    """Return in which cells anything is written."""
    return np.asarray(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(cells.fill_null(""))), 0))


def _unasked(
    parsed: Parsed,
    columns: Columns,
    questionnaire: Questionnaire,
    names: Sequence[str],
    paper: np.ndarray,
    answered: np.ndarray,
) -> None:
    for question in questionnaire.questions:
        if question.occasion != BOTH and question.name in columns.of and not question.grouped:
            other = answered & (paper >= 0) & (paper != names.index(question.occasion))
            values = parsed.answers[question.name].values
            given = values > NO_PLACE if question.measured else np.isin(values, question.codes)
            parsed.find("answered_unasked", columns.of[question.name], other & given)


def _impossible(
    parsed: Parsed,
    columns: Columns,
    rule: str,
    impossible: ImpossibleAnswers,
    names: Sequence[str],
    paper: np.ndarray,
    answered: np.ndarray,
) -> None:
    where = answered
    if impossible.occasion != BOTH:
        where = where & (paper == names.index(impossible.occasion))
    for condition in impossible.conditions:
        where = where & _holds(parsed, condition)
    parsed.find(rule, columns.of[impossible.column], where)


def _holds(parsed: Parsed, condition: Condition) -> np.ndarray:
    """Return on which forms a condition holds; never where a cell that it depends on can't be read, or isn't in the scale."""
    cells = [parsed.answers[name] for name in condition.columns]
    those = [cell.values > NO_PLACE if condition.any_number else np.isin(cell.values, condition.codes) for cell in cells]
    if condition.blank:
        those = [cell.blank | empty for cell, empty in zip(cells, those, strict=True)]
        return np.asarray(np.all(those, axis=0))
    return np.asarray(np.any(those, axis=0))


def _names(parsed: Parsed, columns: Columns, questionnaire: Questionnaire) -> None:
    for question in (text for text in questionnaire.texts if text.name in columns.of):
        column = columns.of[question.name]
        cells = parsed.cells[column].combine_chunks()
        parsed.find("holds_personal_number", column, holding(cells))


def _own_identifiers(parsed: Parsed, columns: Columns, questionnaire: Questionnaire) -> None:
    """Judge cells by the study's own kind of identifier, in texts, answers and ids: what looks like a number may be one."""
    own = questionnaire.personal_id
    if not own.pattern:
        return
    dates = {question.name for question in questionnaire.keyed if question.calendar}
    asked = [*(q.name for q in questionnaire.keyed if not q.grouped), *(text.name for text in questionnaire.texts)]
    for name in (name for name in asked if name in columns.of):
        answer, cells = parsed.answers.get(name), parsed.cells[columns.of[name]].combine_chunks()
        encoded = cells.dictionary_encode()
        # Zeros and a sign before a number are gone in a mart, where the number would be one.
        found = [own.found(word) or own.found(word.strip().lstrip("+-0")) for word in encoded.dictionary.to_pylist()]
        where = np.array(found, dtype=bool)[encoded.indices.to_numpy()]
        if answer is not None and name in dates:
            where = where & answer.unreadable  # nothing but a period is left of a day
        danish = holding(cells) if answer is None else answer.personal
        parsed.find("holds_personal_number", columns.of[name], where & ~danish)
    known_by = (questionnaire.forms.id, *questionnaire.forms.numbers)
    for column in (name for name in known_by if name and name in parsed.cells.column_names):
        cells = parsed.cells[column].combine_chunks()
        where = np.array([own.found(word) for word in cells.to_pylist()], dtype=bool)
        parsed.find("holds_personal_number", column, where & ~codes(parsed.cells[column]).personal)
