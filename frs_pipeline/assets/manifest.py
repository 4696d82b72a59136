"""manifest: written last, when every file of the delivery is there."""

from dagster import AssetExecutionContext, AssetKey, DataVersion, MaterializeResult, asset

from frs_pipeline.assets.privacy import KEY as SEARCHED
from frs_pipeline.assets.statistics import GROUP
from frs_pipeline.assets.wiring import DELIVERIES, gate, key_of, store_of
from frs_pipeline.report.summary import summarise
from frs_pipeline.store.manifest import require_current, write_manifest
from frs_pipeline.store.plan import products

_LAST = set(products()) - {key for product in products().values() for key in product.inputs}


@asset(
    key=AssetKey("manifest"),
    deps=[AssetKey(SEARCHED), *(key_of(key) for key in sorted(_LAST))],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings", "io_manager"},
    kinds={"json"},
)
def manifest(context: AssetExecutionContext) -> MaterializeResult[None]:
    """Hashes of all inputs and outputs, one root hash over them, and what the delivery holds."""
    with gate():
        store = store_of(context)
        require_current(store, context.resources.io_manager.made)
        content = write_manifest(store, summarise(store))
    return MaterializeResult(
        metadata={"root": content["root"], **content["summary"]}, data_version=DataVersion(content["root"][:16])
    )


ASSETS = [manifest]
