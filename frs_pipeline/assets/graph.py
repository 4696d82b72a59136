"""All assets of a study, what a run makes of them, and the resources that a run needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

from dagster import AssetKey, AssetsDefinition, InitResourceContext, IOManagerDefinition, ResourceDefinition

from frs_pipeline.assets import (
    bases,
    expectations,
    formats,
    manifest,
    marts,
    nonresponse,
    privacy,
    pseudonymised,
    raw,
    report,
    statistics,
    validated,
)
from frs_pipeline.assets.wiring import PARTITION_TAG, ParquetFiles, key_of, raw_key
from frs_pipeline.store.deliveries import sources
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import begin, exclusive
from frs_pipeline.store.plan import AssetPath, note_definitions
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

_MODULES = (
    raw,
    validated,
    pseudonymised,
    marts,
    expectations,
    statistics,
    bases,
    nonresponse,
    report,
    formats,
    privacy,
    manifest,
)


def assets(study: Study) -> list[AssetsDefinition]:
    note_definitions(study)
    return [definition for module in _MODULES for definition in module.assets(study)]


def chosen(study: Study, products: Collection[AssetPath], *, complete: bool) -> list[AssetKey]:
    """Return these products, with the inventory before and the search after them; the manifest if all else is up to date."""
    return [
        *(key_of(study, key) for key in sorted(products)),
        *sorted(raw_key(study, source) for source in sources(study)),
        key_of(study, privacy.KEY),
        *([key_of(study, manifest.KEY)] if complete else ()),
    ]


def resources(
    settings: Callable[[], Settings], written: Callable[[str], None] = lambda _: None, *, alone: bool = False
) -> dict[str, ResourceDefinition]:
    """Make the resources of a run: the folders, looked up when it starts, and the IO manager that writes there.

    Unless the caller has made sure that it is `alone` with the delivery, a run waits until no other refreshes it.
    """

    def locked(context: InitResourceContext) -> Iterator[Settings]:
        folders, delivery = settings(), context.run.tags.get(PARTITION_TAG) if context.run else None
        with ExitStack() as stack:
            if delivery is not None and not alone:
                store = Store(folders, delivery)
                stack.enter_context(exclusive(store, wait=True))
                begin(store)
            yield folders

    def files(context: InitResourceContext) -> ParquetFiles:
        return ParquetFiles(context.resources.settings, written)

    return {
        "settings": ResourceDefinition(resource_fn=locked),
        "io_manager": IOManagerDefinition(resource_fn=files, required_resource_keys={"settings"}),
    }
