"""The rules about one form, each applied to all forms of a chunk at once.

Findings are (rows of the chunk, rule, column); what comes of them is decided elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.intake.applying import Skipped
from frs_pipeline.intake.readers.columns import (
    CLOSED,
    CREATED,
    MODIFIED,
    NUMBER,
    NUMBER_AGAIN,
    RESPONDENT,
    STARTED,
    STATUS,
    Columns,
)
from frs_pipeline.intake.readers.parsing import MISSING, Codes, codes, grouped, not_asked, numbers, respondents
from frs_pipeline.intake.readers.times import SURVEYXACT, FittingFormats, TimeFormat, times
from frs_pipeline.intake.reasons import NOT_ASKED
from frs_pipeline.personal_numbers import holding
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.impossible import Condition, ImpossibleAnswers
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import NO_PLACE
from frs_pipeline.study.questionnaires import Question, Questionnaire
from frs_pipeline.study.schema import Scales

_SOME_ANSWERS, _COMPLETED = STATUS.index("stato_3"), STATUS.index("stato_4")
TIMES = (CREATED, MODIFIED, CLOSED, STARTED)
_IN_ORDER = ((CREATED, MODIFIED), (CREATED, CLOSED), (STARTED, CLOSED))


class Registers:
    """Which occasion codebook and ledger have for a conference number, by its place in the study; -1 where it is unknown."""

    def __init__(self, study: Study, codebook: pa.Table, ledger: pa.Table) -> None:
        self.names = tuple(occasions(study))
        self._known = [self._sorted(table) for table in (codebook, ledger)]

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

    formats: Mapping[str, TimeFormat | str] = field(default_factory=lambda: dict.fromkeys(TIMES, SURVEYXACT))
    evidence: dict[str, FittingFormats] = field(default_factory=lambda: defaultdict(FittingFormats))

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
    answers = _read(cells, columns, questionnaire)
    created = clocks.read(CREATED, cells[CREATED])
    marks = np.zeros(cells.num_rows, dtype=np.int64)
    parsed = Parsed(cells, respondents(cells[RESPONDENT]), created, codes(cells[NUMBER]), answers, marks)
    odd = parsed.respondent < 0
    parsed.find("respondent_unreadable", RESPONDENT, odd)
    if odd.any():
        parsed.find("holds_personal_number", RESPONDENT, codes(cells[RESPONDENT]).personal)
    paper = _numbers(parsed, questionnaire, registers, skipped)
    completed, answered = _status(parsed)
    _times(parsed, clocks, skipped)
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
    _beside_others(parsed, questionnaire.role, clocks, skipped)
    return parsed


def _read(cells: pa.Table, columns: Columns, questionnaire: Questionnaire) -> dict[str, Codes]:
    """Parse the answers of a chunk, by question."""
    blank, answers = not_asked(cells.num_rows), dict[str, Codes]()
    for question in questionnaire.questions:
        if question.name not in columns.of:
            answers[question.name] = blank
        elif question.grouped:
            of = questionnaire.question(question.grouped)
            assert of is not None
            assert of.measured is not None
            answers[question.name] = grouped(answers[question.grouped], of.measured)
        else:
            column, measured = cells[columns.of[question.name]], question.measured
            answers[question.name] = numbers(column, measured) if measured else codes(column)
    return answers


def _numbers(parsed: Parsed, questionnaire: Questionnaire, registers: Registers, skipped: Skipped) -> np.ndarray:
    """Judge the conference numbers; return each form's occasion, by its place in the study, -1 if unknown."""
    number, again = parsed.number, codes(parsed.cells[NUMBER_AGAIN])
    parsed.find("number_unreadable", NUMBER, ~number.readable)
    same = again.readable & (number.values == again.values)
    parsed.find("numbers_differ", NUMBER_AGAIN, number.readable & ~same)
    sure = number.readable & same
    by_codebook, by_ledger = registers.occasions(number.values)
    known = sure & (by_codebook >= 0)
    parsed.find("number_unknown", NUMBER, sure & ~known)
    paper = np.where(known, by_codebook, -1)
    if questionnaire.occasion != BOTH:
        paper = np.full(len(by_codebook), registers.names.index(questionnaire.occasion), np.int8)
        parsed.find("wrong_occasion", NUMBER, known & (by_codebook != paper))
    parsed.find("ledger_contradicts", NUMBER, known & (by_codebook == paper) & (by_ledger >= 0) & (by_ledger != paper))
    skipped.mark(parsed.skipped, "ledger_contradicts", "not_in_ledger", by_ledger < 0)
    for column, cell in ((NUMBER, number), (NUMBER_AGAIN, again)):
        parsed.find("holds_personal_number", column, cell.personal)
    return paper


def _status(parsed: Parsed) -> tuple[np.ndarray, np.ndarray]:
    """Judge the status block; return which forms were completed, and which have answers that mean something."""
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


def _times(parsed: Parsed, clocks: Clocks, skipped: Skipped) -> None:
    parsed.find("timestamp_unreadable", CREATED, np.isnat(parsed.created))
    here = {name: parsed.cells[name] for name in TIMES if name in parsed.cells.column_names}
    times = {name: clocks.read(name, column) for name, column in here.items() if name != CREATED}
    times[CREATED] = parsed.created
    for before, after in _IN_ORDER:
        if before in times and after in times and _comparable(clocks, before, after):
            # Some formats have seconds, others haven't. Comparisons with a time that can't be read are false.
            unit = "datetime64[s]" if clocks.formats[before] == clocks.formats[after] else "datetime64[m]"
            parsed.find("timestamps_backwards", after, times[after].astype(unit) < times[before].astype(unit))
    for name in TIMES:
        if name not in here:
            skipped.mark(parsed.skipped, "timestamps_backwards", "column_missing", np.ones(len(parsed.created), dtype=bool))
        else:
            _unread(parsed, clocks, skipped, "timestamps_backwards", name, times[name])
    if not all(_comparable(clocks, *pair) for pair in _IN_ORDER):
        skipped.mark(parsed.skipped, "timestamps_backwards", "times_mixed", np.ones(len(parsed.created), dtype=bool))


def _unread(parsed: Parsed, clocks: Clocks, skipped: Skipped, rule: str, name: str, times: np.ndarray) -> None:
    """Note on which forms a rule couldn't be applied for want of a time."""
    format, unread = clocks.formats[name], np.isnat(times)
    if isinstance(format, str):
        skipped.mark(parsed.skipped, rule, format, unread)
    elif unread.any():
        blank = unread & (pc.binary_length(pc.utf8_trim_whitespace(parsed.cells[name])).to_numpy() == 0)
        # A form that isn't finished has no time of closing.
        if name == CREATED:
            skipped.mark(parsed.skipped, rule, "time_missing", blank)
        skipped.mark(parsed.skipped, rule, "time_unreadable", unread & ~blank)


def _comparable(clocks: Clocks, before: str, after: str) -> bool:
    """Return whether two columns go by the same clock, as far as their formats are known."""
    zoned = {format.zoned for name in (before, after) if isinstance(format := clocks.formats[name], TimeFormat)}
    return len(zoned) < 2


def _beside_others(parsed: Parsed, role: Question | None, clocks: Clocks, skipped: Skipped) -> None:
    """Note which forms can't be compared with others."""
    _unread(parsed, clocks, skipped, "keyed_twice", CREATED, parsed.created)
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
    for question in questionnaire.questions:
        if question.option is not None:
            groups[question.asked].append(question.name)
    for names in groups.values():
        ticked = np.any([parsed.answers[name].values == 1 for name in names], axis=0)
        for name in names:
            cell = parsed.answers[name]
            unseen = ~(ticked | completed) & (cell.values == 0)
            values = np.where(unseen, np.int32(MISSING), cell.values)
            parsed.answers[name] = replace(cell, values=values, blank=cell.blank | unseen)


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
        parsed.find("holds_personal_number", column, holding(parsed.cells[column].combine_chunks()))
