"""Forms that were keyed a second time, compared with the first time cell by cell, and how well they were keyed.

What is estimated is the share of cells that were keyed wrongly at first, among those that can be read in both keyings: of cells
that the two have differently, somebody says what is on the paper, or a line of corrections.csv has said it. Where both made the
same mistake nobody sees it. So the estimate lacks the product of both rates, divided by the number of wrong answers there are: a
few in ten thousand where both rates are a few per cent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from frs_pipeline.collection.keyers import Keyer, held, keyed_in
from frs_pipeline.collection.sampling import drawn
from frs_pipeline.errors import InputError
from frs_pipeline.intake.adjudicated import Decision, adjudicated_of, differ
from frs_pipeline.intake.amendments import read_corrections
from frs_pipeline.intake.delivery import form_prefixes
from frs_pipeline.intake.judging import read_answers
from frs_pipeline.intake.readers.columns import Columns, resolve
from frs_pipeline.intake.readers.parsing import MISSING, Codes, codes
from frs_pipeline.intake.readers.surveyxact import Export, read_again, read_export
from frs_pipeline.store.deliveries import AMENDMENTS
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires

# The number that a form's conference has, beside the questions.
NUMBER = "number"
# Why a form or a cell wasn't compared.
SAME_KEYER, NO_KEYER, ID_TWICE, UNREADABLE = "same keyer", "no keyer named", "id stands twice", "can't be read"
NOT_AGAIN = "not keyed again"
CELLS = pa.schema(
    [
        pa.field("instrument", pa.string(), nullable=False),
        pa.field("form_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), metadata={"text": "The question; null: the whole form, which wasn't compared"}),
        pa.field("column", pa.string()),
        pa.field("first_keyer", pa.string(), nullable=False),
        pa.field("second_keyer", pa.string(), nullable=False),
        pa.field("keyed_first", pa.string(), metadata={"text": "What was keyed first"}),
        pa.field("keyed_second", pa.string()),
        pa.field("differs", pa.bool_()),
        pa.field("wrong", pa.bool_(), metadata={"text": "Whether the first is wrong; null: they differ, and nobody has decided"}),
        pa.field("counted", pa.bool_(), nullable=False, metadata={"text": "Whether the form is an accepted one"}),
        pa.field("drawn", pa.bool_(), nullable=False, metadata={"text": "Whether the form was drawn to be keyed again"}),
        pa.field("left", pa.string(), metadata={"text": "Why it wasn't compared; null: it was"}),
    ]
)


@dataclass(frozen=True)
class _Forms:
    """Forms of an export by id: the line, who keyed it, and of each question what the cell says and the code that is."""

    export: Export
    columns: Columns
    lines: dict[int, int] = field(default_factory=dict)
    keyers: dict[int, str] = field(default_factory=dict)
    cells: dict[int, dict[str, tuple[str, int | None]]] = field(default_factory=dict)
    twice: set[int] = field(default_factory=set)


def cells_of(store: Store) -> pa.Table:
    """Compare what was keyed twice in a delivery, a row a cell (`CELLS`), and list forms that were drawn and not keyed again.

    Raises `InputError` with file and line for a form that wasn't keyed before, and a decision that doesn't fit.
    """
    decisions = {(made.form, made.column): made for made in adjudicated_of(store)}
    rows: list[dict[str, Any]] = []
    for name, questionnaire in questionnaires(store.study).items():
        second = read_again(store.study, store.raw(""), name)
        if second is not None:
            rows += _compared(store, questionnaire, second, decisions)
    rows += _not_again(store, drawn(store) - {row["form_id"] for row in rows})
    unused = next((made for key, made in decisions.items() if key not in _differing(rows)), None)
    if unused is not None:
        what = "the two keyings don't differ there, or the form wasn't keyed again"
        raise InputError(what, where=unused.where, do="take out the line")
    return pa.Table.from_pylist(rows, schema=CELLS)


def _differing(rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(row["form_id"], row["column"]) for row in rows if row.get("differs")}


def _compared(
    store: Store, questionnaire: Questionnaire, again: Export, decisions: Mapping[tuple[str, str], Decision]
) -> Iterator[dict[str, Any]]:
    name, prefix = questionnaire.instrument, questionnaire.form_prefix
    second = _read(store, questionnaire, again)
    first = _read(store, questionnaire, read_export(store.study, store.raw(name)), second.lines)
    lacking = sorted(first.columns.of.keys() - second.columns.of.keys())
    if lacking:
        what = f"column {first.columns.of[lacking[0]]} of the first keying is missing"
        raise InputError(what, where=again.where("dataset", again.head), do="export all columns of the second keying")
    accepted, sampled = _accepted(store, name), drawn(store)
    own = read_corrections(store.raw(AMENDMENTS["corrections"]), form_prefixes(store.study))
    mended = {(correction.form, correction.column): correction.new for correction in own}
    for id_, keyed in second.cells.items():
        form = f"{prefix}-{id_}"
        same = {"instrument": name, "form_id": form, "counted": form in accepted, "drawn": form in sampled}
        if id_ not in first.lines:
            if _withdrawn(store, questionnaire, id_):
                continue
            where = again.where("dataset", second.lines[id_])
            raise InputError("there is no such form in the first keying", where=where, do="correct its id, or take out the row")
        who = {"first_keyer": first.keyers[id_], "second_keyer": second.keyers[id_]}
        why = ID_TWICE if id_ in first.twice else NO_KEYER if "" in who.values() else None
        why = why or (SAME_KEYER if len({one.casefold() for one in who.values()}) == 1 else None)
        if why is not None:
            yield {**same, **who, "left": why}
            continue
        for question, (text, code) in first.cells[id_].items():
            column = first.columns.of.get(question, questionnaire.forms.number)
            of_cell = {**same, **who, "question": question, "column": column}
            other, meant = keyed[question]
            if None in (code, meant):
                yield {**of_cell, "left": UNREADABLE}
                continue
            decision = decisions.get((form, str(column)))
            differs = code != meant
            if decision is not None and differs:
                _require_fitting(decision, (text, other), tuple(who.values()), (first.export, again))
            right = mended.get((form, str(column)))
            if not differs:
                # A correction of what both keyed counts for nothing here: most likely the paper says so, and is corrected itself.
                wrong: bool | None = False
            elif right is not None:
                wrong = differ(questionnaire, question, text, right)
            else:
                wrong = None if decision is None else decision.first_is_wrong(store.study)
            yield {**of_cell, "keyed_first": text, "keyed_second": other, "differs": differs, "wrong": wrong}


def _accepted(store: Store, instrument: str) -> set[str]:
    return set(read(store.file("validated", instrument), ["form_id"])["form_id"].to_pylist())


def _not_again(store: Store, forms: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each of these forms, but for withdrawn ones."""
    for name in questionnaires(store.study) if forms else ():
        first = {form.form: form.keyer for form in keyed_in(store, name) if form.form in forms}
        accepted = _accepted(store, name) if first else set()
        for form, keyer in first.items():
            same = {"instrument": name, "form_id": form, "first_keyer": keyer, "second_keyer": ""}
            yield {**same, "counted": form in accepted, "drawn": True, "left": NOT_AGAIN}


def _require_fitting(decision: Decision, said: tuple[str, str], who: Sequence[str], exports: Sequence[Export]) -> None:
    """Raise `InputError` for a decision about other cells than there are, or taken by one of the two who keyed them."""
    if (decision.keyed_first, decision.keyed_second) != said or (decision.first_keyer, decision.second_keyer) != (*who,):
        what = "isn't what the two keyings and their keyers say"
        raise InputError(what, where=decision.where, do="take out the line, and run frs sample compare again")
    for export in exports:
        if any(Keyer.of(export).is_meant(decision.who, name) for name in who):
            what = "was decided by one of the two who keyed it"
            raise InputError(what, where=decision.where, do="let somebody else look at the paper")


def _read(store: Store, questionnaire: Questionnaire, export: Export, wanted: Collection[int] | None = None) -> _Forms:
    """Read the `wanted` forms of an export (default: all). Raises `InputError` for an id that a second keying has twice."""
    columns, _ = resolve(export.names, export.structure, questionnaire, store.delivery)
    found, keyer = _Forms(export, columns), Keyer.of(export)
    chunks = export.chunks() if wanted is None else held(store, questionnaire.instrument, export)
    for chunk in chunks:
        ids = _ids(questionnaire, chunk.cells[str(export.forms.id)].to_pylist())
        at = [row for row, id_ in enumerate(ids) if wanted is None or id_ in wanted]
        cells = chunk.cells.take(pa.array(at, pa.int64()))
        answers = _answers(cells, columns, questionnaire)
        who = cells[keyer.column].to_pylist()
        for row, source in enumerate(at):
            id_, line = ids[source], int(chunk.lines[source])
            if id_ is None:
                raise InputError("the form's id can't be read", where=export.where("dataset", line), do="correct it")
            if id_ in found.lines and wanted is None:
                raise InputError("an earlier row has the same form", where=export.where("dataset", line), do="leave one of them")
            if id_ in found.lines:
                found.twice.add(id_)
                continue
            found.lines[id_], found.keyers[id_] = line, keyer.name(who[row])
            found.cells[id_] = {question: given[row] for question, given in answers.items()}
    return found


def _ids(questionnaire: Questionnaire, cells: Sequence[str]) -> list[int | None]:
    """Read ids of forms, as exports or as worksheets write them."""
    pattern = re.compile(rf"(?:{questionnaire.form_prefix}-)?([0-9]{{1,9}})", re.IGNORECASE | re.ASCII)
    found = (pattern.fullmatch(cell.strip()) for cell in cells)
    return [int(match[1]) if match else None for match in found]


def _answers(cells: pa.Table, columns: Columns, questionnaire: Questionnaire) -> dict[str, list[tuple[str, int | None]]]:
    """Return what the cells of each question say, and the code that is (`MISSING`: blank; None: can't be read)."""
    read_ones: dict[str, tuple[str, Codes]] = {}
    of_question = read_answers(cells, columns, questionnaire)
    for question in questionnaire.keyed:
        if question.name in columns.of and not question.grouped:
            read_ones[question.name] = columns.of[question.name], of_question[question.name]
    if questionnaire.forms.number:
        read_ones[NUMBER] = questionnaire.forms.number, codes(cells[questionnaire.forms.number])
    answers = {}
    for name, (column, values) in read_ones.items():
        texts = [cell.strip() for cell in cells[column].to_pylist()]
        known = np.where(values.blank, MISSING, values.values).tolist()
        odd = (values.unreadable | values.personal).tolist()
        answers[name] = [(t, None if o else v) for t, v, o in zip(texts, known, odd, strict=True)]
    return answers


def _withdrawn(store: Store, questionnaire: Questionnaire, respondent: int) -> bool:
    """Tell whether a form that no longer counts as delivered is in the export all the same."""
    export = read_export(store.study, store.raw(questionnaire.instrument))
    column = str(export.forms.id)
    return any(respondent in _ids(questionnaire, chunk.cells[column].to_pylist()) for chunk in export.chunks())


def left_out(cells: pa.Table) -> dict[str, int]:
    """Count forms that were keyed again, and cells, that weren't compared, by reason."""
    return dict(sorted(Counter(why for why in cells["left"].to_pylist() if why not in (None, NOT_AGAIN)).items()))
