"""bases: which forms each table counts and why it leaves out the others; written only when every table ties out."""

from collections.abc import Iterator

import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, MetadataValue, Output, asset

from frs_pipeline.assets.statistics import GROUP
from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of
from frs_pipeline.checks.ties import tie_specs, ties
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import products
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.reconciling import Forms, reconcile
from frs_pipeline.tables.render import base_lines

KEY = ("statistics", "bases")


@asset(
    key=key_of(KEY),
    # By name and not by input: Dagster would log the loading of each.
    deps=[key_of(key) for key in products()[KEY].inputs],
    check_specs=tie_specs(key_of(KEY)),
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(KEY),
    kinds={"duckdb", "parquet"},
)
def bases(context: AssetExecutionContext) -> Iterator[Output[pa.Table] | AssetCheckResult]:
    """Base of each table: rows of its marts, forms left out by reason, forms counted; held against its figures."""
    store = store_of(context)
    with gate():
        figures = from_table(read(store.path(products()[("statistics", "figures")])))
        forms = Forms({mart: store.path(products()[("marts", mart)]) for mart in instruments()})
        found = reconcile(list(catalogue().values()), figures, forms, store.delivery)
        checks = ties(key_of(KEY), found)
        if not all(check.passed for check in checks):
            yield from checks
        found.require()
        yield produced(found.rows, preview=MetadataValue.md(base_lines(found.rows).markdown()))
        yield from checks


ASSETS = [bases]
