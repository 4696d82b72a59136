"""What to do about figures that differ from the printed report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from frs_pipeline.errors import Failing
from frs_pipeline.printed.compare import DIFFERS
from frs_pipeline.study import Study
from frs_pipeline.study.printed import FILE, line_of
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.render import numbered


def differing_figures(study: Study, comparison: pa.Table, delivery: str) -> list[Failing]:
    """Name each figure of a comparison (`COMPARE`) that differs, with what to do about it."""
    rows = (row for row in comparison.to_pylist() if row["verdict"] == DIFFERS)
    return [Failing(_named(study, row), _remedy(study, row, delivery)) for row in rows]


def _named(study: Study, row: Mapping[str, Any]) -> str:
    labels = (row[name] for name in ("row", "column", "group", "measure"))
    return f"{numbered(study, row['table'])}: {' · '.join(label for label in labels if label)}"


def _remedy(study: Study, row: Mapping[str, Any], delivery: str) -> str:
    """Name the line that says what the report prints, and the command that shows the forms behind the figure."""
    key = Address.of(row)
    options = " ".join(f'--{name} "{getattr(key, name)}"' for name in ("row", "column", "group") if getattr(key, name))
    trace = " ".join(filter(None, (f"frs trace {key.table}", options, f"--measure {key.measure} --delivery {delivery}")))
    printed = f"{FILE}:{line_of(study)[key]}"
    return f"{trace} shows the forms behind it; compare {printed} with the printed page, and correct it if it was typed wrongly"
