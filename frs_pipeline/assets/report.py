"""report: the claims of the report's summary, tested again, and pages to read with everything behind them."""

from collections.abc import Iterator

import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, MetadataValue, Output, asset

from frs_pipeline.assets.raw import raw_key
from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of, unchanged
from frs_pipeline.checks.claims import claims_hold, claims_spec
from frs_pipeline.report.site import build
from frs_pipeline.store.plan import products

GROUP = "g6_report"
KEY = ("report",)


@asset(
    key=key_of(KEY),
    # By name and not by input: Dagster would log the loading of each.
    deps=[*(key_of(key) for key in products()[KEY].inputs), *(raw_key(name) for name in products()[KEY].raw)],
    check_specs=[claims_spec(key_of(KEY))],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(KEY),
    kinds={"html", "parquet"},
)
def report(context: AssetExecutionContext) -> Iterator[Output[pa.Table] | AssetCheckResult]:
    """Whether each claim of the report's summary holds on these forms, a row a claim. With pages to read."""
    store = store_of(context)
    with gate(), unchanged(store, products()[KEY].raw):
        found = build(store)
        store.write_pages(products()[KEY], found.pages)
        counts = found.counts
        yield produced(found.rows, "result", None, pages=MetadataValue.path(f"{products()[KEY].pages}/index.html"), **counts)
        yield claims_hold(key_of(KEY), found.findings, store.delivery)


ASSETS = [report]
