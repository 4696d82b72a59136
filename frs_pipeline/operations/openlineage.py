"""A run as OpenLineage events: what it made of what, column by column, and what came of its checks.

Everything is read from what Dagster is told of a run, which holds no form's value; texts of errors, which name paths of this
machine, aren't repeated. Of OpenLineage's client only the types are used: it would take settings of its own from the
environment, and write a long line in several pieces.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    DagsterEvent,
    DagsterEventType,
    DagsterRun,
)
from dagster import __version__ as dagster_version
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_assertions_dataset,
    dataset_version_dataset,
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    schema_dataset,
    tags_dataset,
)

from frs_pipeline.assets.wiring import PARTITION_TAG, product_of
from frs_pipeline.store.code import program_version
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import AssetPath
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.about import about

ENDS = {
    DagsterEventType.RUN_SUCCESS: RunState.COMPLETE,
    DagsterEventType.RUN_FAILURE: RunState.FAIL,
    DagsterEventType.RUN_CANCELED: RunState.ABORT,
}
_STEP_ENDS = {
    DagsterEventType.STEP_SUCCESS: RunState.COMPLETE,
    DagsterEventType.STEP_FAILURE: RunState.FAIL,
    DagsterEventType.STEP_UP_FOR_RETRY: RunState.FAIL,
}
# A run for which no job was named is a refresh, whole or in part: by `frs run`, or of assets that somebody chose.
_UNNAMED, _REFRESH = "__", "refresh"
_WHY = "what frs run printed, the run's page in Dagster or the page of the incident says why"
_AFTERWARDS = "no step failed: the search for leaks at the end found something, or the run was ended from outside"
GONE = "the run's process is gone: it was killed, or the machine was switched off"


class Events:
    """The events of one run. Datasets are `DELIVERY/ASSET` in the namespace of the study, steps are runs within the run.

    Checks of a step are a run of their own, with the checked datasets as input: that is where OpenLineage has assertions.
    """

    def __init__(self, settings: Settings, run: DagsterRun) -> None:
        self.settings, self.run_id = settings, UUID(run.run_id)
        self.namespace = f"frs://{about(settings.study).name}"
        self.delivery = run.tags.get(PARTITION_TAG)
        self.job = _REFRESH if run.job_name.startswith(_UNNAMED) else run.job_name
        self._by = f"urn:frs-pipeline:{program_version()}"
        self._made: dict[str, list[AssetMaterialization]] = defaultdict(list)
        self._checks: dict[str, list[AssetCheckEvaluation]] = defaultdict(list)
        self._attempts: Counter[str] = Counter()
        self._failed: list[str] = []

    def begun(self, when: datetime) -> list[RunEvent]:
        """Tell that the run begins."""
        return [self._event(RunState.START, when)]

    def ended(self, state: RunState, when: datetime, why: str | None = None) -> list[RunEvent]:
        """Tell that the run ended; of one that failed, which steps did, or `why`."""
        if state == RunState.FAIL and why is None:
            why = f"failed: {', '.join(self._failed)}; {_WHY}" if self._failed else f"{_AFTERWARDS}; {_WHY}"
        return [self._event(state, when, why=why)]

    def of(self, event: DagsterEvent, when: datetime) -> list[RunEvent]:
        """Tell what happened, if there is anything to tell yet: what a step made, and its checks, are told when it ends."""
        step = event.step_key or ""
        if event.event_type in (DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED):
            return [self._event(RunState.START, when, step)]
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            self._made[step].append(event.step_materialization_data.materialization)
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            self._checks[step].append(event.asset_check_evaluation_data)
        elif event.event_type in _STEP_ENDS:
            return list(self._step(step, _STEP_ENDS[event.event_type], when, event.event_type))
        elif event.event_type in ENDS:
            return self.ended(ENDS[event.event_type], when)
        return []

    def _step(self, step: str, state: RunState, when: datetime, how: DagsterEventType) -> Iterator[RunEvent]:
        made, checks = self._made.pop(step, []), self._checks.pop(step, [])
        if checks:
            inputs = self._checked(checks)
            for told in (RunState.START, RunState.COMPLETE):
                yield self._event(told, when, step, checks=True, inputs=inputs)
        outputs = [self._output(each) for each in made if product_of(each.asset_key)[0] != "raw"]
        why = f"it failed; {_WHY}" if state == RunState.FAIL else None
        yield self._event(state, when, step, why=why, inputs=self._inputs(made), outputs=outputs)
        if how == DagsterEventType.STEP_FAILURE:
            self._failed.append(step)
        elif how == DagsterEventType.STEP_UP_FOR_RETRY:
            self._attempts[step] += 1

    def _event(
        self,
        state: RunState,
        when: datetime,
        step: str = "",
        *,
        checks: bool = False,
        why: str | None = None,
        inputs: Sequence[InputDataset] = (),
        outputs: Sequence[OutputDataset] = (),
    ) -> RunEvent:
        facets: dict[str, Any] = {}
        run, name, kind = self.run_id, self.job, "JOB"
        if step:
            parts = [step, *(["checks"] if checks else [])]
            run, name, kind = self._run_of(parts), ".".join([self.job, *parts]), "STEP"
            job = parent_run.Job(self.namespace, self.job)
            facets["parent"] = parent_run.ParentRunFacet(parent_run.Run(str(self.run_id)), job, producer=self._by)
        facets["processing_engine"] = processing_engine_run.ProcessingEngineRunFacet(
            dagster_version, "Dagster", program_version(), producer=self._by
        )
        if why is not None:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(why, "Python", producer=self._by)
        job_type = job_type_job.JobTypeJobFacet("BATCH", "DAGSTER", kind, producer=self._by)
        return RunEvent(
            eventTime=when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            eventType=state,
            run=Run(str(run), facets),
            job=Job(self.namespace, name, {"jobType": job_type}),
            inputs=list(inputs),
            outputs=list(outputs),
            producer=self._by,
        )

    def _run_of(self, parts: Sequence[str]) -> UUID:
        """Return the id of a step's run; a step that is tried again is another run."""
        tried = self._attempts[parts[0]]
        return uuid5(self.run_id, "/".join([*parts, *([str(tried)] if tried else [])]))

    def _name(self, key: AssetPath, delivery: str | None) -> str:
        return "/".join((*((delivery,) if delivery else ()), *key))

    def _input(self, key: AssetPath, delivery: str | None) -> InputDataset:
        return InputDataset(self.namespace, self._name(key, delivery))

    def _inputs(self, made: Sequence[AssetMaterialization]) -> list[InputDataset]:
        """List what goes into what was made, as the plan says: of the same delivery, and of those that it is compared with."""
        found: dict[str, InputDataset] = {}
        for delivery, key in ((each.partition or self.delivery, product_of(each.asset_key)) for each in made):
            inputs = [self._input(key, delivery)] if key[0] == "raw" else []
            product = Store(self.settings, delivery).products.get(key) if delivery else None
            if delivery and product:
                store = Store(self.settings, delivery)
                inputs += [self._input(one, delivery) for one in (*product.inputs, *(("raw", name) for name in product.raw))]
                inputs += [self._input(one, part.delivery) for part in store.parts() for one in product.parts]
                older = store.predecessor() if product.previous else None
                inputs += [self._input(one, older.delivery) for one in product.previous if older]
            found |= {each.name: each for each in inputs}
        for each in made:
            key = product_of(each.asset_key)
            if key[0] != "raw":
                found.pop(self._name(key, each.partition or self.delivery), None)
        return list(found.values())

    def _checked(self, checks: Sequence[AssetCheckEvaluation]) -> list[InputDataset]:
        """List the datasets that were checked, each with its checks: their names and whether they passed, nothing of what for."""
        by_asset: dict[AssetKey, list[data_quality_assertions_dataset.Assertion]] = defaultdict(list)
        for check in checks:
            severity = "error" if check.severity == AssetCheckSeverity.ERROR else "warn"
            assertion = data_quality_assertions_dataset.Assertion(check.check_name, check.passed, severity=severity)
            by_asset[check.asset_key].append(assertion)
        facets = {
            key: data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(found, producer=self._by)
            for key, found in by_asset.items()
        }
        return [
            InputDataset(self.namespace, self._name(product_of(key), self.delivery), inputFacets={"dataQualityAssertions": facet})
            for key, facet in facets.items()
        ]

    def _output(self, made: AssetMaterialization) -> OutputDataset:
        """Describe what was made: its columns, where each comes from, its zone, how many rows, and a hash of them as version."""
        delivery, key = made.partition or self.delivery, product_of(made.asset_key)
        facets: dict[str, Any] = {}
        if "dagster/column_schema" in made.metadata:
            columns: Any = made.metadata["dagster/column_schema"].value
            fields = [
                schema_dataset.SchemaDatasetFacetFields(column.name, column.type, column.description, ordinal_position=at)
                for at, column in enumerate(columns.columns, start=1)
            ]
            facets["schema"] = schema_dataset.SchemaDatasetFacet(fields, producer=self._by)
        if "dagster/column_lineage" in made.metadata:
            lineage: Any = made.metadata["dagster/column_lineage"].value
            from_columns = {
                name: column_lineage_dataset.Fields(
                    [
                        column_lineage_dataset.InputField(
                            self.namespace, self._name(product_of(dep.asset_key), delivery), dep.column_name
                        )
                        for dep in deps
                    ]
                )
                for name, deps in lineage.deps_by_column.items()
            }
            facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(from_columns, producer=self._by)
        if version := (made.tags or {}).get("dagster/data_version"):
            facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(version, producer=self._by)
        product = Store(self.settings, delivery).products.get(key) if delivery else None
        if product:
            zone = tags_dataset.TagsDatasetFacetFields("frs/zone", product.zone, "DAGSTER")
            facets["tags"] = tags_dataset.TagsDatasetFacet([zone], producer=self._by)
        counted: dict[str, Any] = {}
        if "dagster/row_count" in made.metadata:
            rows: Any = made.metadata["dagster/row_count"].value
            counted["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rows, producer=self._by
            )
        return OutputDataset(self.namespace, self._name(key, delivery), facets=facets, outputFacets=counted)
