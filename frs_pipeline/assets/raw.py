"""raw: the delivered exports and registers as they are; materialising one takes its inventory (sizes, hashes)."""

import hashlib
from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetsDefinition, AssetSpec, DataVersion, MaterializeResult, MetadataValue, multi_asset

from frs_pipeline.assets.wiring import deliveries_of, gate, raw_key, store_of
from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.codebook.opening import key_of_pipeline, refuse_published_key
from frs_pipeline.codebook.vault import refuse_controllers_key
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.received import refuse_altered
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.personal_numbers import refuse_in_names
from frs_pipeline.store.deliveries import inventory, sources
from frs_pipeline.store.files import Store
from frs_pipeline.store.together import is_together
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, has_codebook


def assets(study: Study) -> list[AssetsDefinition]:
    specs = [
        AssetSpec(
            raw_key(study, source),
            group_name="g1_raw",
            kinds={"file"},
            description=f"Delivered {source}, never edited.",
            skippable=True,
        )
        for source in sources(study)
    ]

    @multi_asset(
        name="inventory",
        specs=specs,
        can_subset=True,
        partitions_def=deliveries_of(study),
        required_resource_keys={"run"},
    )
    def raw_files(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        """Hash the delivered files; a missing one stops the run before anything is written."""
        store = store_of(context)
        with gate():
            if is_together(store.delivery):
                what = "is several deliveries together, which have no files of their own"
                raise UsageError(what, where=store.delivery, do="start the job together, or choose marts, statistics and report")
            _refuse(store)
            for source in sources(study):
                files = inventory(study, store.raw(""), (source,))
                if raw_key(study, source) in context.selected_asset_keys:
                    version = hashlib.sha256("".join(file.sha256 for file in files.values()).encode()).hexdigest()
                    listed = "\n".join(f"- {file.name}: {file.size:,} bytes, sha256 {file.sha256}" for file in files.values())
                    yield MaterializeResult(
                        asset_key=raw_key(study, source),
                        metadata={"files": MetadataValue.md(listed)},
                        data_version=DataVersion(version[:16]),
                    )

    return [raw_files]


def _refuse(store: Store) -> None:
    """Raise `FrsError` for a delivery that can't be taken up.

    Checked at every run, whatever is out of date: the forms may have come after the codebook, and another key as well.
    """
    folder = store.raw("")
    refuse_in_names(folder, about(store.study).personal_id.found)
    refuse_unread(store.study, folder)
    refuse_altered(store.study, folder)
    if has_codebook(store.study):
        refuse_published_key(store.study, folder)
        require_newest(store.settings, folder)
        refuse_controllers_key(folder, key_of_pipeline(store))
    store.predecessor()  # a delivery that names one wrongly is refused before any work
