"""raw: the delivered exports and registers as they are; materialising one takes its inventory (sizes, hashes)."""

import hashlib
from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetKey, AssetSpec, DataVersion, MaterializeResult, MetadataValue, multi_asset

from frs_pipeline.assets.wiring import DELIVERIES, gate, store_of
from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.codebook.opening import key_of_pipeline, refuse_published_key
from frs_pipeline.codebook.vault import refuse_controllers_key
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.personal_numbers import refuse_in_names
from frs_pipeline.store.deliveries import inventory, sources

GROUP = "g1_raw"


def raw_key(source: str) -> AssetKey:
    """Asset of one source of a delivery."""
    return AssetKey(["raw", source])


@multi_asset(
    name="inventory",
    specs=[
        AssetSpec(
            raw_key(source), group_name=GROUP, kinds={"file"}, description=f"Delivered {source}, never edited.", skippable=True
        )
        for source in sources()
    ],
    can_subset=True,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
)
def raw_files(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
    """Hash the delivered files; a missing one stops the run before anything is written."""
    store = store_of(context)
    folder = store.raw("")
    with gate():
        refuse_in_names(folder)
        refuse_unread(folder)
        # Asked at every run, whatever of it is out of date: the forms may have come after the codebook, another key as well.
        refuse_published_key(folder)
        require_newest(store.settings, folder)
        refuse_controllers_key(folder, key_of_pipeline(store))
        store.predecessor()  # a delivery that names one wrongly is refused before any work
        for source in sources():
            found = inventory(folder, (source,))
            if raw_key(source) in context.selected_asset_keys:
                version = hashlib.sha256("".join(file.sha256 for file in found.values()).encode()).hexdigest()
                listed = "\n".join(f"- {file.name}: {file.size:,} bytes, sha256 {file.sha256}" for file in found.values())
                yield MaterializeResult(
                    asset_key=raw_key(source),
                    metadata={"files": MetadataValue.md(listed)},
                    data_version=DataVersion(version[:16]),
                )


ASSETS = [raw_files]
