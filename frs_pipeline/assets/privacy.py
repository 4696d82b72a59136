"""privacy: everything produced is looked through for what must not leave the restricted zone, at every run."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetKey, MaterializeResult, asset

from frs_pipeline.assets.statistics import GROUP
from frs_pipeline.assets.wiring import DELIVERIES, gate, key_of, store_of
from frs_pipeline.checks.privacy import nothing_leaks, nothing_leaks_spec
from frs_pipeline.privacy.search import require_clean
from frs_pipeline.store.plan import products

KEY = "privacy"


@asset(
    key=AssetKey(KEY),
    # All of them: a run that makes only some is searched just as well.
    deps=[key_of(key) for key in products()],
    check_specs=[nothing_leaks_spec(AssetKey(KEY))],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
)
def privacy(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
    """Search of everything produced for personal numbers, conference numbers, free text and rows of the codebook."""
    with gate():
        searched = require_clean(store_of(context))
    yield MaterializeResult(metadata={"files": searched.files}, check_results=[nothing_leaks(AssetKey(KEY), searched)])


ASSETS = [privacy]
