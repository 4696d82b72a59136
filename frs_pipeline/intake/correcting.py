"""Corrections made in the cells of an export, which itself is never edited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import Correction
from frs_pipeline.intake.readers.csvfiles import Chunk
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.study.about import Forms


def corrected(forms: Forms, chunk: Chunk, corrections: Sequence[Correction], made: Counter[Correction]) -> pa.Table:
    """Return a chunk's cells with the corrections of its questionnaire made; `made` counts the forms of each.

    Raises `InputError` for one that doesn't fit the export.
    """
    cells = chunk.cells
    ids = respondents(forms, cells) if corrections else np.array([])
    done: set[tuple[int, str]] = set()
    for correction in corrections:
        if correction.column not in cells.column_names or correction.column == forms.id:
            what = "there is no such column, or none that could be corrected"
            raise InputError(what, where=correction.where, do="name the column as the export's header does")
        for row in np.flatnonzero(correction.rows(ids, chunk.lines)).tolist():
            made[correction] += 1
            # Compared with the cell as delivered: a correction of a correction would claim its value stands in the export.
            if chunk.cells[correction.column][row].as_py().strip() != correction.old:
                what = "the old value isn't what the export says"
                raise InputError(what, where=correction.where, do="look at the form again; nothing was corrected")
            if (row, correction.column) in done:
                raise InputError("an earlier line corrects the same cell", where=correction.where, do="leave one of them")
            done.add((row, correction.column))
            column = cells[correction.column].to_pylist()
            column[row] = correction.new
            at = cells.column_names.index(correction.column)
            cells = cells.set_column(at, correction.column, pa.array(column, pa.string()))
    return cells
