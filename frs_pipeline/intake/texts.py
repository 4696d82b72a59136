"""What is written on accepted forms, which stays in the restricted zone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.intake.readers.columns import Columns
from frs_pipeline.study.questionnaires import Questionnaire


def texts_schema(questionnaire: Questionnaire) -> pa.Schema:
    """Return the columns of what is written on forms: their ids and lines, and a column a text, null where nothing is."""
    where = [pa.field("form_id", pa.string(), nullable=False), pa.field("line", pa.int32(), nullable=False)]
    texts = [pa.field(text.name, pa.string(), metadata={"text": text.text}) for text in questionnaire.texts]
    return pa.schema([*where, *texts])


def texts_of(questionnaire: Questionnaire, columns: Columns, lines: np.ndarray, ids: pa.Array, cells: pa.Table) -> pa.Table:
    """Return what is written on some forms (`texts_schema`), without blanks around it."""
    written: list[pa.Array | pa.ChunkedArray] = [ids, pa.array(lines, pa.int32())]
    for text in questionnaire.texts:
        if text.name in columns.of:
            words = pc.utf8_trim_whitespace(cells[columns.of[text.name]])
            written.append(pc.if_else(pc.equal(words, ""), pa.scalar(None, pa.string()), words))
        else:
            written.append(pa.nulls(len(lines), pa.string()))
    return pa.Table.from_arrays(written, schema=texts_schema(questionnaire))
