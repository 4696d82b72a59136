"""Search for leaks at the end of every run that Dagster makes: a whole one, a partial one, a backfill.

It belongs to how runs are executed and not to what they make, so that none ends without it: a finding fails the run. A run
that was killed or stopped didn't get there: the sensors for failed and canceled runs search it. So does a run that takes its
place (`run_retries` of dagster.yaml), before it begins, and it doesn't begin if something is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    Executor,
    ExecutorDefinition,
    Failure,
    InitExecutorContext,
    in_process_executor,
)

from frs_pipeline.assets.privacy import KEY as SEARCHED
from frs_pipeline.assets.wiring import PARTITION_TAG, key_of
from frs_pipeline.errors import FrsError
from frs_pipeline.operations.fetching import only_fetches
from frs_pipeline.operations.following import only_follows
from frs_pipeline.operations.history import kept
from frs_pipeline.privacy.search import require_clean, require_clean_traces
from frs_pipeline.store.deliveries import deliveries
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

SEARCH_FOUND = "the search at the end of the run:"
# What Dagster knows a run by that takes the place of a failed one, and one that nothing may take the place of.
TAKES_PLACE, NEVER_AGAIN = "dagster/retry_number", {"dagster/max_retries": "0"}


class Searching(Executor):
    """Executes as another executor does, and searches afterwards."""

    def __init__(self, study: Study, inner: Executor) -> None:
        self.study, self.inner = study, inner

    @property
    def retries(self) -> Any:
        return self.inner.retries

    @property
    def step_dependency_config(self) -> Any:
        return self.inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        """Yield all events of the steps. Raises `Failure` in one line for what the search finds, else the run's own error."""
        failed: BaseException | None = None
        instance, run = plan_context.instance, plan_context.dagster_run
        if leaks := _left_before(self.study, instance, run):
            instance.add_run_tags(run.run_id, NEVER_AGAIN)
            raise _found(leaks)
        try:
            yield from self.inner.execute(plan_context, execution_plan)
        except GeneratorExit:
            raise
        except BaseException as error:
            failed = error
        if leaks := search_run(self.study, instance, run, wait=True):
            # Without the run's own error: that may quote cells, and stands in the events of its steps.
            raise _found(leaks)
        if failed is not None:
            raise failed


def _found(leaks: list[str]) -> Failure:
    return Failure(f"{SEARCH_FOUND} {'; and '.join(leaks)}", allow_retries=False)


def _left_before(study: Study, instance: DagsterInstance, run: DagsterRun) -> list[str]:
    """Return what the lost run left whose place this one takes, found now or already; nothing where it takes none's."""
    lost = instance.get_run_by_id(run.parent_run_id) if TAKES_PLACE in run.tags and run.parent_run_id else None
    if lost is None:
        return []
    already = (
        [f"run {lost.run_id} isn't run again: its page says what it left"] if NEVER_AGAIN.items() <= lost.tags.items() else []
    )
    return search_run(study, instance, lost, wait=True) or already


def searching_executor(study: Study) -> ExecutorDefinition:
    """Execute all steps in a single process, and then search: every job of the code location runs like this."""

    def _searching(context: InitExecutorContext) -> Executor:
        inner = in_process_executor.executor_creation_fn
        assert inner is not None
        return Searching(study, inner(context))

    return ExecutorDefinition(
        name="in_process",
        config_schema=in_process_executor.config_schema.as_field(),
        executor_creation_fn=_searching,
        description="Executes all steps in a single process, and then searches what they made and what is kept of it.",
    )


def search_run(study: Study, instance: DagsterInstance, run: DagsterRun, *, wait: bool = False) -> list[str]:
    """Search the results of a run's delivery, and what is kept of that run; return one line for each that holds something.

    A run that left something is marked as one that nothing may take the place of.

    While another run refreshes the delivery, its results are searched at the end of that, unless `wait` is true.
    """
    settings = Settings.from_environment(study)
    beside = only_fetches(study, run) or only_follows(study, run)
    chosen = None if beside else run.tags.get(PARTITION_TAG)
    # A run over several deliveries isn't marked with one; one that follows a collection is marked with a day of export.
    stores = [Store(settings, name) for name in ([chosen] if chosen else deliveries(settings.curated("")))]
    lines = []
    # These make nothing of any delivery: there are no results to search, only what is kept of the run.
    for store in () if beside else stores:
        try:
            if not _searched_already(study, instance, run):
                _results(store, wait)
        except FrsError as error:
            lines.append(str(error))
    try:
        require_clean_traces(study, Path(instance.root_directory), stores, run.run_id, kept(instance, run.run_id))
    except FrsError as error:
        lines.append(str(error))
    if lines:
        instance.add_run_tags(run.run_id, NEVER_AGAIN)
    return lines


def _searched_already(study: Study, instance: DagsterInstance, run: DagsterRun) -> bool:
    """Return whether the run got to its own search, after which only the manifest is written."""
    made = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    return any(entry.asset_key == key_of(study, SEARCHED) for entry in (e.dagster_event for e in made) if entry)


def _results(store: Store, wait: bool) -> None:
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(store, wait=wait))
        except FrsError:
            if wait:
                raise
            return
        require_clean(store)
