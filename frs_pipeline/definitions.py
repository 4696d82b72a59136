"""The code location that Dagster loads: assets, checks, the refresh job, the sensor for new deliveries."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from dagster import (
    AssetSelection,
    DefaultSensorStatus,
    Definitions,
    InitResourceContext,
    IOManagerDefinition,
    ResourceDefinition,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    define_asset_job,
    in_process_executor,
    sensor,
)

from frs_pipeline.assets import (
    bases,
    expectations,
    manifest,
    marts,
    nonresponse,
    privacy,
    pseudonymised,
    raw,
    statistics,
    validated,
)
from frs_pipeline.assets.wiring import DELIVERIES, ParquetFiles
from frs_pipeline.deliveries import SOURCES, deliveries, source_files
from frs_pipeline.errors import InputError
from frs_pipeline.settings import Settings
from frs_pipeline.storage import Store, exclusive

MODULES = (raw, validated, pseudonymised, marts, expectations, statistics, bases, nonresponse, privacy, manifest)
PARTITION_TAG = "dagster/partition"  # how Dagster marks a run with the delivery that it is about

ASSETS = [asset for module in MODULES for asset in module.ASSETS]

refresh_job = define_asset_job(
    "refresh", AssetSelection.all(), description="Everything, for one delivery.", partitions_def=DELIVERIES
)


@sensor(
    job=refresh_job,
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description="Registers each new delivery folder, refreshes it, and again when it has changed.",
)
def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
    """A delivery is taken up once it holds all its files and they didn't change between two looks.

    So nobody's copying is run into, and a correction that is added later makes a run of its own. The cursor holds what
    was seen at the last look, and what has been taken up.
    """
    raw = Settings.from_environment().raw
    last = json.loads(context.cursor or "{}")
    seen = {name: state for name in deliveries(raw) if (state := _state(raw / name)) is not None}
    steady = {name: state for name, state in seen.items() if last.get("seen", {}).get(name) == state}
    taken = last.get("taken", {})
    due = [name for name, state in steady.items() if taken.get(name) != state]
    known = set(context.instance.get_dynamic_partitions(str(DELIVERIES.name)))
    new = [name for name in due if name not in known]
    return SensorResult(
        run_requests=[RunRequest(run_key=f"{name} {seen[name]}", partition_key=name) for name in due],
        dynamic_partitions_requests=[DELIVERIES.build_add_request(new)] if new else [],
        cursor=json.dumps({"seen": seen, "taken": {**taken, **steady}}),
    )


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
        with nullcontext() if alone or delivery is None else exclusive(Store(chosen(context), delivery), wait=True):
            yield ParquetFiles(chosen(context), written)

    # Dagster takes a generator too, and ends it with the run.
    manager = IOManagerDefinition(resource_fn=files)  # type: ignore[arg-type]
    return {"settings": ResourceDefinition(resource_fn=chosen), "io_manager": manager}


def _state(folder: Path) -> str | None:
    """Names, sizes and times of a delivery's files, in short; None while one is missing. Nothing is read."""
    try:
        names = [name for source in SOURCES for name in source_files(folder, source)]
        found = [(name, (folder / name).stat()) for name in names]
    except (InputError, OSError):
        return None
    return hashlib.sha256(repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]).encode()).hexdigest()[:16]


defs = Definitions(
    assets=ASSETS,
    jobs=[refresh_job],
    sensors=[new_deliveries],
    executor=in_process_executor,
    resources=resources(),
)
