"""What people wrote in a delivery: every text in it that isn't a code, with what was set aside and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pyarrow as pa

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.columns import resolve
from frs_pipeline.intake.readers.surveyxact import Export, read_export
from frs_pipeline.store.deliveries import AMENDMENTS, CODING
from frs_pipeline.store.files import Store, stream
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires

# Columns of what was set aside or noted that hold what somebody wrote.
_WRITTEN = ("value", "reason", "who")


def written(store: Store) -> Iterator[pa.Array]:
    """Yield cells of text, some at a time. A file that can't be read is skipped: the run itself reports it."""
    for name, questionnaire in questionnaires(store.study).items():
        try:
            export = read_export(store.study, store.raw(name))
            yield from _of_export(export, questionnaire)
        except InputError:
            continue
    yield from _of_amendments(store)
    for key in (("quarantine",), ("noted",)):
        path = store.file(*key)
        if path.exists():
            for batch in stream(path):
                yield from (batch[column] for column in _WRITTEN if column in batch.schema.names)


def _of_export(export: Export, questionnaire: Questionnaire) -> Iterator[pa.Array]:
    """Yield an export's wording, and the cells of all columns that don't hold codes."""
    for rows in (export.structure, export.labels):
        yield pa.array([cell for _, cells in rows for cell in cells], pa.string())
    yield pa.array(export.names, pa.string())
    columns, _ = resolve(export.names, export.structure, questionnaire, export.delivery)
    coded = {columns.of[question.name] for question in questionnaire.questions if question.name in columns.of}
    free = [name for name in export.names if name not in coded.union(export.forms.system, export.forms.numbers)]
    for chunk in export.chunks() if free else ():
        yield from (chunk.cells[name].combine_chunks() for name in free)


def _of_amendments(store: Store) -> Iterator[pa.Array]:
    for name in (*AMENDMENTS.values(), *CODING.values()):
        path = store.raw(name)
        if path.exists():
            text = path.read_bytes().decode("utf-8", "replace")
            yield pa.array([cell for cells in csv.reader(io.StringIO(text), delimiter=";") for cell in cells], pa.string())
