"""Which forms of an export are accepted, and which are set aside and why.

Withdrawn forms are taken out first. Every other leaves on one side or the other: accepted + set aside + withdrawn =
delivered, checked here and not assumed. A form is set aside whole and with all its reasons, not with the first. Forms
are taken some at a time, so that their number doesn't matter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.intake.amendments import Accepted, Correction
from frs_pipeline.intake.applying import Skipped, applied
from frs_pipeline.intake.correcting import corrected
from frs_pipeline.intake.doubles import KEYS, keyed_twice, keys, respondents_twice, several_of_one
from frs_pipeline.intake.fitting import fitted
from frs_pipeline.intake.judging import Clocks, Parsed, Registers, judge
from frs_pipeline.intake.readers.columns import Columns, is_name, worded
from frs_pipeline.intake.readers.csvfiles import Chunk
from frs_pipeline.intake.readers.parsing import MISSING
from frs_pipeline.intake.readers.surveyxact import Export
from frs_pipeline.intake.remarks import NOTED, REJECTED, Intake, Remark, noted, rejected, tolerate, warnings
from frs_pipeline.intake.texts import texts_of, texts_schema
from frs_pipeline.intake.withdrawals import Withdrawal, counted, require_found
from frs_pipeline.language import plural
from frs_pipeline.store.plan import Sources
from frs_pipeline.store.rows import Rows, ahead, content_hash
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.numbers import NO_PLACE
from frs_pipeline.study.questionnaires import Questionnaire
from frs_pipeline.study.schema import Scales, as_column


def forms_schema(questionnaire: Questionnaire) -> pa.Schema:
    """Return the columns of accepted forms: where they stand in the export, their conference number if any, and the answers."""
    number = [pa.field("conference_number", pa.int32(), nullable=False)] if questionnaire.forms.number else []
    return pa.schema(
        [
            pa.field("form_id", pa.string(), nullable=False),
            pa.field("file", pa.string(), nullable=False),
            pa.field("line", pa.int32(), nullable=False),
            *number,
            *(arrow_field(question) for question in questionnaire.keyed),
        ]
    )


@dataclass(frozen=True)
class Validated:
    """What became of forms: those accepted (`forms_schema`), remarks that set some aside (`REJECTED`) or didn't (`NOTED`), and
    counts.

    `texts` are what is written on accepted forms (`texts_schema`); `left` are the forms that were withdrawn, by reason
    (`WITHDRAWN`); `applied` is to how many of the accepted forms each rule was applied (`APPLIED`). `columns` says from which of
    the export the columns of accepted forms come.
    """

    forms: Rows
    texts: Rows
    rejected: Rows
    noted: Rows
    left: pa.Table
    applied: pa.Table
    delivered: int
    set_aside: int
    columns: Sources

    @property
    def withdrawn(self) -> int:
        """Number of forms that were taken out before any was judged."""
        return int(pc.sum(self.left["forms"], min_count=0).as_py())


def validate(export: Export, questionnaire: Questionnaire, intake: Intake, folder: Path | None = None) -> Validated:
    """Split the forms of an export; `folder` is where what doesn't fit into memory may wait.

    Raises `InputError` when its columns aren't the questionnaire's or an amendment doesn't fit, `CheckFailed` when forms
    break a rule that the policy stops the run for.
    """
    columns, noted = fitted(export, questionnaire, intake, export.delivery)
    split = _Split(export, questionnaire, intake, columns, folder, Clocks.of(questionnaire.forms))
    split.look(noted)
    formats = split.clocks.right(intake.policy.largest_share_not_applied)
    if formats != split.clocks.formats:
        # Times are nearly always as SurveyXact writes them; that they aren't is known at the end of their columns.
        split = _Split(export, questionnaire, intake, columns, folder, Clocks(formats))
        split.look(noted)
    if not split.delivered and export.in_use:
        rule = intake.policy.rules["no_forms"]
        raise InputError(f"{rule.english} [no_forms]", where=export.where("dataset"), do=rule.remedy)
    split.look_back()
    return split.result()


class _Split:
    """Judges an export chunk by chunk, and keeps what came of its forms."""

    def __init__(
        self,
        export: Export,
        questionnaire: Questionnaire,
        intake: Intake,
        columns: Columns,
        folder: Path | None,
        clocks: Clocks,
    ) -> None:
        self.export, self.questionnaire, self.intake, self.columns, self.folder = export, questionnaire, intake, columns, folder
        self.clocks, self.skipped = clocks, Skipped()
        self.forms, self.texts = Rows(forms_schema(questionnaire), folder), Rows(texts_schema(questionnaire), folder)
        self.rejected, self.noted, self.keys = Rows(REJECTED, folder), Rows(NOTED, folder), Rows(KEYS, folder)
        self.delivered = self.set_aside = 0
        self.scales = Scales(questionnaire)
        self.registers = Registers(intake.study, intake.codebook, intake.ledger)
        self.impossible_answers = intake.policy.impossible_answers(questionnaire.instrument)
        self.lenient = intake.exceptions.rules()
        self.stopped: dict[str, tuple[int, int]] = {}
        self.corrections = [c for c in intake.corrections if c.prefix == questionnaire.form_prefix]
        self.corrected: Counter[Correction] = Counter()
        self.left: Counter[Withdrawal] = Counter()

    def look(self, noted: list[tuple[Remark, Accepted | None]]) -> None:
        """Take all forms; `noted` are the remarks about the export as a whole."""
        self.note(noted)
        for judged in ahead(map(self.judge, self.export.chunks())):
            self.take(*judged)

    def note(self, remarks: list[tuple[Remark, Accepted | None]]) -> None:
        """Keep remarks that set nothing aside."""
        if remarks:
            self.noted.append(noted(self.intake.policy, remarks))

    def judge(self, chunk: Chunk) -> tuple[Chunk, Parsed]:
        """Judge the forms of a chunk one by one, but for withdrawn ones; return the chunk without these, and its forms parsed."""
        self.delivered += len(chunk.lines)
        cells = corrected(self.questionnaire.forms, chunk, self.corrections, self.corrected)
        if self.intake.withdrawals.entries:
            chunk, cells = self._without_withdrawn(chunk, cells)
        looked_for = (self.registers, self.impossible_answers, self.clocks, self.skipped, self.scales)
        return chunk, judge(cells, self.columns, self.questionnaire, *looked_for)

    def take(self, chunk: Chunk, parsed: Parsed) -> None:
        """Keep the forms of a chunk, accepted or set aside."""
        self._pass_over(chunk.passed)
        ids = self._form_ids(chunk.lines, parsed.respondent)
        aside = self._settle(chunk, parsed, ids) if parsed.remarks else []
        self.set_aside += len(aside)
        accepted = np.ones(len(chunk.lines), dtype=bool)
        accepted[aside] = False
        good = np.flatnonzero(accepted)
        lines, number = chunk.lines[good], parsed.number.values[good]
        answers = {name: cell.values[good] for name, cell in parsed.answers.items()}
        self.forms.append(self._accepted(lines, ids.take(good), number, list(answers.values())))
        if self.questionnaire.texts:
            cells = parsed.cells.take(pa.array(good))
            self.texts.append(texts_of(self.questionnaire, self.columns, lines, ids.take(good), cells))
        asked = self.questionnaire.role
        role = answers[asked.name] if asked else np.full(len(good), MISSING)
        created, skipped = parsed.created[good], parsed.skipped[good]
        self.keys.append(keys(lines, parsed.respondent[good], created, number, role, list(answers.values()), skipped))

    def look_back(self) -> None:
        """Compare accepted forms with each other.

        A form is a double only of an accepted one: a paper that was keyed wrongly and then again must not be lost
        both times.
        """
        known_by = self.questionnaire.forms
        again = respondents_twice(self.keys) if known_by.id else set()
        # Only papers that say what they belong to can be told from others with the same answers.
        double: set[int] = set()
        if known_by.number and known_by.created:
            minutes = pd.Timedelta(minutes=self.intake.policy.keyed_twice_within_minutes)
            double = keyed_twice(self.keys, self.forms, again, minutes)
        out = self._settle_lines(
            [(n, "respondent_twice", known_by.id) for n in again if known_by.id]
            + [(n, "keyed_twice", known_by.created) for n in double if known_by.created]
        )
        if out:
            self.forms = self.forms.without("line", pa.array(sorted(out), pa.int32()))
            if self.questionnaire.texts:
                self.texts = self.texts.without("line", pa.array(sorted(out), pa.int32()))
            self.keys = self.keys.without("line", pa.array(sorted(out), pa.int64()))
            self.set_aside += len(out)
        with ThreadPoolExecutor(1) as beside:
            # Which forms are accepted is settled, so their hash, which takes as long as the comparing, runs beside it.
            hashing = beside.submit(content_hash, self.forms)
            role = self.questionnaire.role
            if role is not None and known_by.number:
                ones = [code for code in map(role.code, self.intake.policy.one_a_conference) if code is not None]
                several = several_of_one(self.keys, ones, out)
                self._settle_lines([(line, "several_of_one", self.columns.of[role.name]) for line in several])
            hashing.result()

    def result(self) -> Validated:
        """Return what came of all forms. Raises `FrsError` when one was lost, a correction fits none, or a rule stops the run."""
        for correction in self.corrections:
            if self.corrected[correction] != 1:
                what = "more than one form has this id" if self.corrected[correction] else "there is no such form in the export"
                raise InputError(what, where=correction.where, do="correct or take out the line")
        require_found(self.intake.withdrawals.forms(self.questionnaire.form_prefix), self.left)
        for rule, (number, line) in self.stopped.items():
            where, remedy = self.export.where("dataset", line), self.intake.policy.rules[rule].remedy
            forms = plural(number, "form breaks", "forms break")
            raise CheckFailed(f"{forms} a rule that stops the run, this the first [{rule}]", where=where, do=remedy)
        if self.forms.num_rows + self.set_aside + self.left.total() != self.delivered:
            raise CheckFailed("forms were lost in validation", where=self.questionnaire.instrument)
        left = counted(self.questionnaire.instrument, self.left)
        counts = self.delivered, self.set_aside
        return Validated(self.forms, self.texts, self.rejected, self.noted, left, self._applied(), *counts, self._sources())

    def _sources(self) -> Sources:
        raw, forms = ("raw", self.questionnaire.instrument), self.questionnaire.forms
        columns = {"form_id": [forms.id] if forms.id else [], "conference_number": list(forms.numbers)}
        # A column of a box is found by what the export says of it, whatever it is called: only what looks like a name is told.
        columns |= {q.name: [self.columns.of[q.name]] for q in self.questionnaire.keyed if q.name in self.columns.of}
        return {name: [(raw, column) for column in of if is_name(column)] for name, of in columns.items() if of}

    def _applied(self) -> pa.Table:
        skipped = self.skipped.count(batch["skipped"].to_numpy() for batch in self.keys.batches())
        questions = {}
        if self.export.in_use:
            with_text, without = worded(self.columns, self.export.structure, self.questionnaire)
            scaled = (q for q in self.questionnaire.questions if not (q.measured or q.grouped or q.calendar))
            labelled = sum(question.name in self.columns.of for question in scaled)
            questions = {"labels_drifted": (labelled, 0), "wording_drifted": (with_text, without)}
        return applied(self.questionnaire, self.intake.policy, self.forms.num_rows, skipped, questions)

    def _pass_over(self, lines: np.ndarray) -> None:
        """Note rows that hold nothing, one by one: they are no forms, and nobody should think that a form was lost with them."""
        if len(lines):
            remark = self._remark(int(lines[0]), None, "rows_blank", None, None)
            rule = self.intake.policy.rules[remark.rule]
            tolerate(self.intake, remark, rule.english, self.export.where("dataset", remark.line))
            nothing = pa.nulls(len(lines), pa.string())
            self.noted.append(warnings(self.intake.policy, remark, lines, nothing, nothing))

    def _without_withdrawn(self, chunk: Chunk, cells: pa.Table) -> tuple[Chunk, pa.Table]:
        """Return what is left of a chunk without withdrawn forms, as delivered and with the corrections made."""
        withdrawn = self.intake.withdrawals.rows(self.questionnaire, chunk.lines, cells)
        self.left.update(withdrawn.values())
        kept = np.ones(len(chunk.lines), dtype=bool)
        kept[list(withdrawn)] = False
        return chunk._replace(lines=chunk.lines[kept], cells=chunk.cells.filter(pa.array(kept))), cells.filter(pa.array(kept))

    def _form_ids(self, lines: np.ndarray, respondent: np.ndarray) -> pa.Array:
        """Make form ids from respondent ids; from the line where what was keyed is no respondent id and could be anything."""
        numbers = pc.cast(pa.array(respondent), pa.string())
        unreadable = respondent < 0
        if unreadable.any():
            by_line = pc.binary_join_element_wise("line", pc.cast(pa.array(lines), pa.string()), "")
            numbers = pc.if_else(pa.array(unreadable), by_line, numbers)
        return pc.binary_join_element_wise(self.questionnaire.form_prefix, numbers, "-")

    def _accepted(self, lines: np.ndarray, ids: pa.Array, number: np.ndarray, answers: list[np.ndarray]) -> pa.Table:
        own = [self.forms.schema.field(question.name) for question in self.questionnaire.keyed]
        columns = [
            ids,
            pa.repeat(self.export.file, len(lines)),
            pa.array(lines, pa.int32()),
            *([pa.array(number, pa.int32())] if self.questionnaire.forms.number else []),
            # A number that has no place, and is accepted all the same, is a blank.
            *(as_column(pa.array(codes, mask=codes <= NO_PLACE), field.type) for codes, field in zip(answers, own, strict=True)),
        ]
        return pa.Table.from_arrays(columns, schema=self.forms.schema)

    def _settle(self, chunk: Chunk, parsed: Parsed, ids: pa.Array) -> list[int]:
        """Set aside or note what was found in a chunk; return which of its rows are set aside, ascending."""
        by_row: dict[int, list[tuple[Remark, Accepted | None]]] = defaultdict(list)
        mere: list[tuple[np.ndarray, str, str]] = []
        aside = set()
        for rows, rule, column in parsed.remarks:
            if self.intake.policy.rules[rule].severity == "warn" and rule not in self.lenient:
                mere.append((rows, rule, column))
                continue
            at = pa.array(rows)
            forms, values = ids.take(at).to_pylist(), parsed.cells[column].take(at).to_pylist()
            for row, line, form, value in zip(rows.tolist(), chunk.lines[rows].tolist(), forms, values, strict=True):
                remark = self._remark(line, form, rule, column, value)
                accepted = self._accepted_as(remark)
                by_row[row].append((remark, accepted))
                if accepted is None and self._sets_aside(remark):
                    aside.add(row)
        out = sorted(aside)
        for rows, rule, column in mere:
            self._warn(chunk, parsed, ids, np.setdiff1d(rows, out), rule, column)
            for row in np.intersect1d(rows, out).tolist():
                value = parsed.cells[column][row].as_py()
                by_row[row].append((self._remark(int(chunk.lines[row]), ids[row].as_py(), rule, column, value), None))
        self.note([pair for row in sorted(by_row.keys() - aside) for pair in by_row[row]])
        if out:
            delivered = dict(zip(out, chunk.cells.take(pa.array(out)).to_pylist(), strict=True))
            broken = [
                (f, delivered[row])
                for row in out
                for f, accepted in sorted(by_row[row], key=lambda pair: pair[0].rule)
                if accepted is None
            ]
            self._count_stops(remark for remark, _ in broken)
            self.rejected.append(rejected(self.intake.policy, broken))
        return out

    def _warn(self, chunk: Chunk, parsed: Parsed, ids: pa.Array, rows: np.ndarray, rule: str, column: str) -> None:
        """Note a mere warning about many forms at once."""
        at = pa.array(rows)
        same = self._remark(0, "", rule, column, None)
        self.noted.append(warnings(self.intake.policy, same, chunk.lines[rows], ids.take(at), parsed.cells[column].take(at)))

    def _settle_lines(self, findings: list[tuple[int, str, str]]) -> set[int]:
        """Set aside or note accepted forms of these lines, which are read again: most are long gone from memory."""
        if not findings:
            return set()
        wanted = pa.array(sorted({line for line, _, _ in findings}), pa.int64())
        ids: dict[int, str] = {}
        for batch in self.keys.batches():
            few = batch.filter(pc.is_in(batch["line"], value_set=wanted))
            lines = few["line"].to_numpy()
            ids.update(zip(lines.tolist(), self._form_ids(lines, few["respondent"].to_numpy()).to_pylist(), strict=True))
        remarks = [self._remark(line, ids[line], rule, column, None) for line, rule, column in sorted(findings)]
        judged = [(remark, self._accepted_as(remark)) for remark in remarks]
        broken = {remark for remark, accepted in judged if accepted is None and self._sets_aside(remark)}
        self.note([(remark, accepted) for remark, accepted in judged if remark not in broken])
        self._count_stops(broken)
        rows = self._delivered({remark.line for remark in broken if remark.line})
        whole = [(f._replace(value=rows[f.line][f.column]), rows[f.line]) for f in remarks if f in broken and f.line and f.column]
        if whole:
            whole += [(f, rows[f.line]) for f in self._no_longer_noted(rows) if f.line]
            self.rejected.append(rejected(self.intake.policy, whole))
        return set(rows)

    def _no_longer_noted(self, lines: Iterable[int]) -> list[Remark]:
        """Take warnings about forms of these lines out of the notes: beside what sets a form aside they are reasons too."""
        gone = pa.array(sorted(lines), pa.int32())

        def about_them(batch: pa.RecordBatch) -> pa.Array:
            # A remark about a whole export has a line as well, of another file.
            return pc.and_(pc.is_in(batch["line"], value_set=gone), pc.is_valid(batch["form_id"]))

        taken = [row for batch in self.noted.batches() for row in batch.filter(about_them(batch)).to_pylist()]
        if taken:
            kept = (batch.filter(pc.invert(about_them(batch))) for batch in self.noted.batches())
            self.noted = Rows.of(kept, NOTED, self.folder)
        names = {"form": "form_id"}
        warned = [row for row in taken if row["severity"] == "warn"]
        return [Remark(*(row[names.get(name, name)] for name in Remark._fields)) for row in warned]

    def _delivered(self, lines: set[int]) -> dict[int, dict[str, str]]:
        """Read rows as delivered, by line."""
        wanted = np.array(sorted(lines), dtype=np.int64)
        delivered: dict[int, dict[str, str]] = {}
        for chunk in self.export.chunks(wanted) if lines else ():
            here = np.flatnonzero(np.isin(chunk.lines, wanted))
            delivered.update(zip(chunk.lines[here].tolist(), chunk.cells.take(pa.array(here)).to_pylist(), strict=True))
        return delivered

    def _remark(self, line: int, form: str | None, rule: str, column: str | None, value: str | None) -> Remark:
        return Remark(rule, self.questionnaire.instrument, self.export.file, line, form, column, value)

    def _accepted_as(self, remark: Remark) -> Accepted | None:
        if remark.rule not in self.lenient:
            return None
        return self.intake.exceptions.of(remark.rule, remark.form or "", remark.column or "")

    def _sets_aside(self, remark: Remark) -> bool:
        """Return whether the policy sets a form aside for it."""
        return self.intake.policy.rules[remark.rule].severity != "warn"

    def _count_stops(self, broken: Iterable[Remark]) -> None:
        """Count the forms that break a rule that stops the run, which it does when all forms were looked at."""
        lines: dict[str, set[int]] = defaultdict(set)
        for remark in broken:
            if self.intake.policy.rules[remark.rule].severity == "stop" and remark.line is not None:
                lines[remark.rule].add(remark.line)
        for rule, here in lines.items():
            number, first = self.stopped.get(rule, (0, min(here)))
            self.stopped[rule] = (number + len(here), min(first, *here))
