"""expectations: what the marts promise to researchers, held against them by Great Expectations; and its data docs."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, AssetIn, MetadataValue, Output, asset

from frs_pipeline.assets.marts import GROUP
from frs_pipeline.assets.raw import raw_key
from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of, unchanged
from frs_pipeline.checks.promises import promise_spec, promises_kept
from frs_pipeline.report.data_docs import pages
from frs_pipeline.report.expectations import before_of, hold, results
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import products

KEY = ("expectations",)
MARTS = {key[-1]: key for key in products()[KEY].inputs}


@asset(
    key=key_of(KEY),
    # The marts of the predecessor are read too: another partition of these assets, which the plan names.
    ins={name: AssetIn(key_of(key)) for name, key in MARTS.items()},
    deps=[raw_key(name) for name in products()[KEY].raw],
    check_specs=[promise_spec(key_of(KEY), name) for name in MARTS],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(KEY),
    kinds={"greatexpectations", "parquet"},
)
def expectations(context: AssetExecutionContext, **marts: Path) -> Iterator[Output[pa.Table] | AssetCheckResult]:
    """What every mart promises, a row a promise: does it hold, on how many rows. With data docs to read."""
    store = store_of(context)
    with gate(), unchanged(store, products()[KEY].raw):
        older = store.predecessor()
        held = hold({name: read(marts[name]) for name in MARTS}, store.delivery, before_of(older) if older else None)
        store.write_pages(products()[KEY], pages(store.delivery, held))
        table = results(held)
        yield produced(
            table,
            promises=table.num_rows,
            kept=sum(table["passed"].to_pylist()),
            data_docs=MetadataValue.path(f"{products()[KEY].pages}/index.html"),
        )
        for mart in held:
            yield promises_kept(key_of(KEY), mart, store.delivery)


ASSETS = [expectations]
