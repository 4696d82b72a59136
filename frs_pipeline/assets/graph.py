"""All assets of a study, what a run makes of them, and the resources that a run needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

from dagster import (
    AssetKey,
    AssetsDefinition,
    DagsterInstance,
    DagsterRun,
    InitResourceContext,
    ResourceDefinition,
    StaticPartitionsDefinition,
)

from frs_pipeline.assets import (
    associations,
    bases,
    bounds,
    coding,
    estimates,
    expectations,
    formats,
    intervals,
    keying,
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
from frs_pipeline.assets.wiring import PARTITION_TAG, Run, key_of, raw_key
from frs_pipeline.report.ahead import Ahead
from frs_pipeline.store.deliveries import sources
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import begin, exclusive
from frs_pipeline.store.plan import AssetPath, Product, note_definitions
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import is_together
from frs_pipeline.store.worker import Worker
from frs_pipeline.study import Study

_MODULES = (
    raw,
    validated,
    coding,
    keying,
    pseudonymised,
    marts,
    expectations,
    statistics,
    intervals,
    bases,
    associations,
    estimates,
    nonresponse,
    bounds,
    report,
    formats,
    privacy,
    manifest,
)


def assets(study: Study, delivery: str | None = None) -> list[AssetsDefinition]:
    """Return all assets of a study; where one delivery is all that a run is about, with that as the only partition.

    Dagster then needn't ask its storage about the partition, which it does twice for each file and each input.
    """
    note_definitions(study)
    every = [definition for module in _MODULES for definition in module.assets(study)]
    if delivery is None:
        return every
    only = StaticPartitionsDefinition([delivery])
    return [each.map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=only)) for each in every]


def chosen(store: Store, products: Collection[AssetPath], *, complete: bool) -> list[AssetKey]:
    """Return these products, with the inventory before and the search after them; the manifest if all else is up to date.

    Several deliveries together have no inventory: theirs were taken when each was refreshed.
    """
    study = store.study
    return [
        *(key_of(study, key) for key in sorted(products)),
        *(() if is_together(store.delivery) else sorted(raw_key(study, source) for source in sources(study))),
        key_of(study, privacy.KEY),
        *([key_of(study, manifest.KEY)] if complete else ()),
    ]


def resources(
    settings: Callable[[], Settings],
    begun: Callable[[str], None] = lambda _: None,
    written: Callable[[Product], None] = lambda _: None,
    ahead: Ahead | None = None,
    *,
    turn: Callable[[], None] = lambda: None,
    alone: bool = False,
    hear: Callable[[DagsterInstance, DagsterRun], None] = lambda _, __: None,
) -> dict[str, ResourceDefinition]:
    """Make the resources of a run: the folders, looked up when it starts, and what it wrote there.

    `hear` is told of the run first. Unless the caller has made sure that it is `alone` with the delivery, a run waits until no
    other refreshes it.
    """

    def locked(context: InitResourceContext) -> Iterator[Run]:
        if context.run and context.instance:
            hear(context.instance, context.run)
        folders, delivery = settings(), context.run.tags.get(PARTITION_TAG) if context.run else None
        with ExitStack() as stack:
            if delivery is not None and not alone:
                store = Store(folders, delivery)
                stack.enter_context(exclusive(store, wait=True))
                begin(store)
            yield Run(folders, begun, written, turn, stack, ahead.held if ahead else None, ahead.worker if ahead else Worker())

    # What belongs to no delivery needs the folders alone.
    return {"run": ResourceDefinition(resource_fn=locked), "settings": ResourceDefinition(lambda _: settings())}
