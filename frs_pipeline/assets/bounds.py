"""What blanks and forms that never came may hide: the bounds of all figures, and how many forms came from whom."""

from collections import Counter

import pyarrow as pa
from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, makes_together, making, produced
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import AssetPath
from frs_pipeline.study import Study
from frs_pipeline.tables.bounds import bounds_of
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.forms import forms_by
from frs_pipeline.tables.render import Grid

BOUNDS, FORMS = ("statistics", "bounds"), ("statistics", "forms")
UNIT = ("statistics", "unit_nonresponse")
_DESCRIBED: dict[AssetPath, str] = {
    BOUNDS: "Worst and best case of every share, mean and gamma, had nobody left a question blank and no form stayed away.",
    FORMS: "How many forms came, by mart, role, occasion and quarter.",
}


def assets(study: Study) -> list[AssetsDefinition]:
    @makes_together(study, "bounds", _DESCRIBED, kinds={"duckdb", "parquet"})
    def bounds(context: AssetExecutionContext) -> Made:
        """Bounds and numbers of forms."""
        with making(context, BOUNDS, FORMS) as store:
            unit = read(store.file(*UNIT)).to_pylist() if UNIT in store.products else []
            rows = bounds_of(store, from_table(read(store.file("statistics", "figures"))), unit)
            yield produced(context, BOUNDS, rows, preview=MetadataValue.md(_preview(rows).markdown()))
            forms = forms_by(store)
            yield produced(context, FORMS, forms, preview=MetadataValue.md(_lines(forms).markdown()))

    return [bounds]


def _preview(rows: pa.Table) -> Grid:
    """Count the figures of each kind, those with bounds, and those without by reason."""
    counted = Counter(zip(*(rows[name].to_pylist() for name in ("measure", "reason")), strict=True))
    lines = sorted((measure, reason or "", str(number)) for (measure, reason), number in counted.items())
    return Grid("", ("measure", "without bounds", "figures"), tuple(lines))


def _lines(rows: pa.Table) -> Grid:
    lines = (tuple("" if cell is None else str(cell) for cell in row.values()) for row in rows.to_pylist())
    return Grid("", tuple(rows.column_names), tuple(lines))
