"""The code location that Dagster loads: assets, checks, the refresh job, and what runs it and watches over it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from dagster import (
    AssetSpec,
    Definitions,
    InitResourceContext,
    IOManagerDefinition,
    MetadataValue,
    ResourceDefinition,
)

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
from frs_pipeline.assets.wiring import PARTITION_TAG, ParquetFiles, key_of
from frs_pipeline.operations.incidents import canceled_runs, failed_checks, failed_runs, unsent_alerts
from frs_pipeline.operations.lost import lost_runs
from frs_pipeline.operations.searching import searching_executor
from frs_pipeline.operations.sensors import new_deliveries, nightly, refresh_job
from frs_pipeline.store.files import Store, begin, exclusive
from frs_pipeline.store.plan import table_key
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.chapters import chapters

MODULES = (raw, validated, pseudonymised, marts, expectations, statistics, bases, nonresponse, report, formats, privacy, manifest)

ASSETS = [asset for module in MODULES for asset in module.ASSETS]
_TABLES = {key_of(table_key(number)): (chapter, number) for chapter in chapters() for number in chapter.tables}


def _with_passports(spec: AssetSpec) -> AssetSpec:
    """A table's asset tells where each of its figures can be opened; here, so that moving a chapter makes no table anew."""
    if spec.key not in _TABLES:
        return spec
    chapter, number = _TABLES[spec.key]
    places = {
        "report": MetadataValue.path(f"report/{chapter.file}#tabel-{number}"),
        "passports": MetadataValue.text(f"frs trace {number}"),
    }
    return spec.merge_attributes(metadata=places)


def resources(
    settings: Settings | None = None, written: Callable[[str], None] = lambda _: None, *, alone: bool = False
) -> dict[str, ResourceDefinition]:
    """The folders (default: the environment, read when a run starts), and the IO manager that writes there.

    Unless the caller has seen to it that it is `alone` with the delivery, a run waits until no other refreshes it.
    """

    def chosen(_: object) -> Settings:
        return settings or Settings.from_environment()

    def files(context: InitResourceContext) -> Iterator[ParquetFiles]:
        delivery = context.run.tags.get(PARTITION_TAG) if context.run else None
        with ExitStack() as stack:
            if delivery is not None and not alone:
                store = Store(chosen(context), delivery)
                stack.enter_context(exclusive(store, wait=True))
                begin(store)
            yield ParquetFiles(chosen(context), written)

    # Dagster takes a generator too, and ends it with the run.
    manager = IOManagerDefinition(resource_fn=files)  # type: ignore[arg-type]
    return {"settings": ResourceDefinition(resource_fn=chosen), "io_manager": manager}


defs = Definitions(
    assets=[asset.map_asset_specs(_with_passports) for asset in ASSETS],
    jobs=[refresh_job],
    schedules=[nightly],
    sensors=[new_deliveries, lost_runs, failed_runs, canceled_runs, failed_checks, unsent_alerts],
    executor=searching_executor,
    resources=resources(),
)
