"""Runs that enter no history: Dagster keeps nothing of them, and looks nothing up in what it keeps of them.

With both, a run of a few thousand forms takes a sixth longer, and nobody could look at the result: it ends with the
process. What was made from what is in the files themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagster import AssetKey, DagsterInstance, EventLogEntry
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class NothingKept(InMemoryEventLogStorage):
    """A storage of events that stays empty."""

    def store_event(self, event: EventLogEntry) -> None:
        """Let the event go."""

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[Any]:
        """Return nothing, without looking."""
        return []

    @property
    def asset_records_have_last_observation(self) -> bool:
        """Spare Dagster another look for each input."""
        return True


def unrecorded() -> DagsterInstance:
    """Return an instance as `DagsterInstance.ephemeral` does, which keeps no events."""
    return DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),  # type: ignore[no-untyped-call]
        run_storage=InMemoryRunStorage(),
        event_storage=NothingKept(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )
