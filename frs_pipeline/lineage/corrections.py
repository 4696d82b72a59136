"""Which tables rest on corrected forms, and in which of their cells those forms are counted."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from frs_pipeline.intake.adjudicated import as_corrections
from frs_pipeline.intake.amendments import Correction, read_corrections
from frs_pipeline.intake.readers.columns import resolve
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.store.deliveries import AMENDMENTS
from frs_pipeline.store.files import Store, stream
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.tables import Table, catalogue


@dataclass(frozen=True)
class Cell:
    """Where a table counts a form: labels of its group, row and column, None where the table leaves the form out."""

    table: int
    labels: tuple[str | None, ...]


@dataclass(frozen=True)
class Rests:
    """A correction and what rests on it. `counted` is False for a form that was set aside all the same."""

    correction: Correction
    instrument: str
    counted: bool
    cells: tuple[Cell, ...]


def resting(store: Store) -> list[Rests]:
    """List every correction of a delivery, in the order of its files, with the tables that would differ without it.

    A corrected answer counts in the tables of its question; a corrected number or status decides whether the form counts
    at all, so that every table of its questionnaire rests on it.
    """
    by_prefix = {questionnaire.form_prefix: questionnaire for questionnaire in questionnaires(store.study).values()}
    corrections = (*read_corrections(store.raw(AMENDMENTS["corrections"]), tuple(by_prefix)), *as_corrections(store))
    corrected, evidence = [], Evidence(store)
    for correction in corrections:
        questionnaire = by_prefix[correction.prefix]
        answers = _answers(store, questionnaire, correction.form)
        asked = questions_of(store, questionnaire, correction.column)
        tables = [
            table
            for table in catalogue(store.study).values()
            if questionnaire.instrument in table.reads
            and (not asked or not asked.isdisjoint(table.read_of(questionnaire.instrument)))
        ]
        of_table = ((table, evidence.of_pair(table, correction.form)) if table.pairing else (table, answers) for table in tables)
        cells = tuple(Cell(table.number, _labels(table, own)) for table, own in of_table) if answers is not None else ()
        corrected.append(Rests(correction, questionnaire.instrument, answers is not None, cells))
    return corrected


def _answers(store: Store, questionnaire: Questionnaire, form: str) -> dict[str, Number | str | None] | None:
    """Return the form's row in its mart; None when it isn't there."""
    for batch in stream(store.file("marts", questionnaire.instrument)):
        mine = batch.filter(pc.equal(batch["form_id"], form))
        if mine.num_rows:
            return dict(mine.to_pylist()[0])
    return None


def questions_of(store: Store, questionnaire: Questionnaire, column: str) -> set[str]:
    """Return the question that a column of the export holds, with that of its groups; none when it holds something else."""
    export = read_export(store.study, store.raw(questionnaire.instrument))
    columns, _ = resolve(export.names, export.structure, questionnaire, export.delivery)
    return {name for name, at in columns.of.items() if at == column}


def _labels(table: Table, answers: dict[str, Number | str | None] | None) -> tuple[str | None, ...]:
    """Return the labels of the cell that counts the answers; all None when the table leaves the form or its pair out."""
    if not answers:
        return tuple(None for _ in table.variables)
    out = table.occasion not in (BOTH, answers["occasion"]) or any(answers[name] is None for name in table.answered)
    out = out or any(answers[name] not in codes for name, codes in table.where)
    labels: list[str | None] = []
    for axis in (table.group, table.row, table.column):
        if axis is not None:
            labels.append(axis.labels(answers))
    return tuple(None for _ in labels) if out or None in labels else tuple(labels)
