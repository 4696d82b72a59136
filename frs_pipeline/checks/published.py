"""The tables against the printed ones: counts of figures that are equal, differ, or can't be reproduced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, MetadataValue

from frs_pipeline.checks.failing import Failing, as_metadata, place
from frs_pipeline.printed.compare import DIFFERS, summary
from frs_pipeline.study import Study
from frs_pipeline.study.printed import FILE, line_of
from frs_pipeline.study.tables import Address

_NAME = "as_printed"


def as_printed_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on the comparison."""
    return AssetCheckSpec(_NAME, asset=key, description="no figure differs from the printed report, if this is what it prints")


def as_printed(study: Study, key: AssetKey, comparison: pa.Table, delivery: str, remark: str | None = None) -> AssetCheckResult:
    """Fails, without stopping anything, when a figure differs: the data or the report may be the one at fault.

    `remark` says why nothing was compared, where the report was printed from another delivery.
    """
    found = verdicts(comparison)
    things = [Failing(_named(row), _remedy(study, row, delivery)) for row in comparison.to_pylist() if row["verdict"] == DIFFERS]
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=not things,
        severity=AssetCheckSeverity.WARN,
        metadata={**found, **as_metadata(things), **({"remark": MetadataValue.text(remark)} if remark else {})},
    )


def verdicts(comparison: pa.Table) -> dict[str, int]:
    """Figures of each verdict, under names that Dagster's metadata can have."""
    return {verdict.replace(" ", "_"): number for verdict, number in summary(comparison).items()}


def _named(row: Mapping[str, Any]) -> str:
    labels = (row[name] for name in ("row", "column", "group", "measure"))
    return f"Tabel {row['table']}: {' · '.join(label for label in labels if label)}"


def _remedy(study: Study, row: Mapping[str, Any], delivery: str) -> str:
    """The line that says what the report prints, and the commands that show the figure beside it and the forms behind it."""
    key = Address.of(row)
    options = " ".join(f'--{name} "{getattr(key, name)}"' for name in ("row", "column", "group") if getattr(key, name))
    trace = " ".join(filter(None, (f"frs trace {key.table}", options, f"--measure {key.measure} --delivery {delivery}")))
    printed = place(FILE, line_of(study)[key])
    return f"{trace} shows the forms behind it; hold {printed} against the printed page, and correct it if it was typed wrongly"
