"""manifest: written last, when every file of the delivery is there."""

from dagster import AssetExecutionContext, AssetsDefinition, DataVersion, MaterializeResult, asset

from frs_pipeline.assets.privacy import KEY as SEARCHED
from frs_pipeline.assets.wiring import deliveries_of, gate, key_of, store_of
from frs_pipeline.report.summary import summarise
from frs_pipeline.store.manifest import require_current, write_manifest
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study

KEY = ("manifest",)


def assets(study: Study) -> list[AssetsDefinition]:
    last = set(products(study)) - {key for product in products(study).values() for key in product.inputs}

    @asset(
        key=key_of(study, KEY),
        deps=[key_of(study, key) for key in (SEARCHED, *sorted(last))],
        group_name="g5_statistics",
        partitions_def=deliveries_of(study),
        required_resource_keys={"run"},
        kinds={"json"},
    )
    def manifest(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Hashes of all inputs and outputs, one root hash over them, and what the delivery holds."""
        with gate():
            store = store_of(context)
            require_current(store, context.resources.run.made)
            content = write_manifest(store, summarise(store))
        return MaterializeResult(
            metadata={"root": content["root"], **content["summary"]}, data_version=DataVersion(content["root"][:16])
        )

    return [manifest]
