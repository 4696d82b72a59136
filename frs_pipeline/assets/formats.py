"""formats: marts, statistics and tables as CSV, SPSS and Excel files."""

import pyarrow as pa
from dagster import AssetExecutionContext, MetadataValue, Output, asset

from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of
from frs_pipeline.report.formats.files import as_rows, files
from frs_pipeline.store.plan import products

GROUP = "g6_report"
KEY = ("formats",)


@asset(
    key=key_of(KEY),
    # By name and not by input: Dagster would log the loading of each.
    deps=[key_of(key) for key in products()[KEY].inputs],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(KEY),
    kinds={"csv", "excel", "parquet"},
)
def formats(context: AssetExecutionContext) -> Output[pa.Table]:
    """The same rows for other programs: CSV with a data package, an SPSS file a mart, the tables as a workbook."""
    store = store_of(context)
    with gate():
        found = files(store)
        store.write_pages(products()[KEY], {file.name: file.content for file in found if file.content is not None})
        return produced(as_rows(found), "result", None, folder=MetadataValue.path(products()[KEY].pages))


ASSETS = [formats]
