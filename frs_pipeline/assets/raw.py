"""raw: the delivered files as they are; materialising one takes its inventory (size and hash)."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetKey, AssetSpec, DataVersion, MaterializeResult, multi_asset

from frs_pipeline.assets.wiring import DELIVERIES, gate, store_of
from frs_pipeline.deliveries import expected_files, inventory

GROUP = "g1_raw"


def raw_key(name: str) -> AssetKey:
    """Asset of one delivered file."""
    return AssetKey(["raw", *(part.rsplit(".", 1)[0].replace("-", "_") for part in name.split("/"))])


@multi_asset(
    name="inventory",
    specs=[
        AssetSpec(
            raw_key(name), group_name=GROUP, kinds={"file"}, description=f"Delivered file {name}, never edited.", skippable=True
        )
        for name in expected_files()
    ],
    can_subset=True,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
)
def raw_files(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
    """Hash the delivered files; a missing one stops the run before anything is written."""
    with gate():
        found = inventory(store_of(context).raw(""))
        for name, file in found.items():
            if raw_key(name) in context.selected_asset_keys:
                yield MaterializeResult(
                    asset_key=raw_key(name),
                    metadata={"file": file.name, "bytes": file.size, "sha256": file.sha256},
                    data_version=DataVersion(file.sha256[:16]),
                )


ASSETS = [raw_files]
