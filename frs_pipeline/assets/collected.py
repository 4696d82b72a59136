"""collected: the state of a collection on the day of an export that was fetched, where a study fetches and has a ledger.

As what is fetched, it belongs to no delivery and to no refresh. Numbers of conferences and ids of forms stay in the restricted
zone, whose journal says that they were written; Dagster gets counts.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    DynamicPartitionsDefinition,
    MaterializeResult,
    MetadataValue,
    TableRecord,
    asset,
)

from frs_pipeline.assets import fetched
from frs_pipeline.assets.wiring import Made, gate, key_of
from frs_pipeline.checks.failing import as_metadata
from frs_pipeline.collection.drift import Drift, Moved, drift_of, drift_sheet
from frs_pipeline.collection.folders import write_restricted
from frs_pipeline.collection.interim import Interim, day_before, followed
from frs_pipeline.collection.interim import fetched as fetched_until
from frs_pipeline.collection.missing import list_missing
from frs_pipeline.collection.state import STATE_FILE, State, as_json, count_forms, without
from frs_pipeline.errors import CheckFailed, Failing
from frs_pipeline.language import plural
from frs_pipeline.report.collection_pages import missing_files, page_language
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import exclusive
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

KEY = ("collection_state",)
DRIFT = "no_drift"
_LOOK = "frs collect drift --fetched --reason WHY writes down which, for those who may see it"


def days_of(study: Study) -> DynamicPartitionsDefinition:
    """Return the days of export of a study's collection, as partitions of its state."""
    return DynamicPartitionsDefinition(name=f"{about(study).name}_days_of_export")


def keys(study: Study) -> list[AssetKey]:
    """Return the key of the state; none where a study fetches nothing, or nobody could say what is missing."""
    return [key_of(study, KEY)] if about(study).fetch is not None and followed(study) else []


def assets(study: Study) -> list[AssetsDefinition]:
    if not keys(study):
        return []
    (key,) = keys(study)
    comparable = about(study).forms.id is not None
    spec = AssetCheckSpec(DRIFT, asset=key, description="nothing moved since the day before that mustn't")

    @asset(
        key=key,
        deps=fetched.keys(study),
        check_specs=[spec] if comparable else [],
        description="What had come in by the day of export, what is missing, and what moved since the day before.",
        group_name=fetched.GROUP,
        partitions_def=days_of(study),
        required_resource_keys={"settings"},
        kinds={"json", "csv", "html"},
    )
    def collection_state(context: AssetExecutionContext) -> Made:
        """Write the state of the day, and who is missing by number, where only their owner may read it."""
        with gate():
            settings, day = context.resources.settings, context.partition_key
            with exclusive(Store(settings, day), wait=True):
                interim = fetched_until(settings, until=dt.date.fromisoformat(day))
                if interim.name != day:
                    what = f"the server wasn’t asked on this day: what was fetched until then is of {interim.name}"
                    raise CheckFailed(what, where=day, do="frs fetch gets what there is today")
                why = f"state of the day, run {context.run_id} of Dagster"
                listed = list_missing(interim, why)
                content = json.dumps(as_json(listed.state), indent=1, ensure_ascii=False).encode()
                files = {STATE_FILE: content + b"\n", **missing_files(listed, page_language(study, None))}
                drift = _drift(interim) if comparable else None
                if drift is not None and drift.wrong:
                    files["drift.csv"] = drift_sheet(drift, why, page_language(study, None))
                write_restricted(settings, interim.folder, files)
            yield _result(key, listed.state)
            if comparable:
                yield _check(key, drift)

    return [collection_state]


def _drift(interim: Interim) -> Drift | None:
    """Compare with the day before; None where nothing had been fetched by then."""
    before = day_before(interim)
    return drift_of(before, interim) if before is not None else None


def _result(key: AssetKey, state: State) -> MaterializeResult[None]:
    """Tell Dagster what came in, as counts: no number of a conference, no id of a form."""
    forms, held = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in count_forms(state).to_pylist():
        at = (row["instrument"], row["quarter"])
        forms[at] += row["forms"]
        held[at] += row["held"]
    table = [
        TableRecord({"instrument": name, "quarter": at, "held": held[name, at], "forms": forms[name, at]}) for name, at in forms
    ]
    shown = json.dumps(as_json(state), sort_keys=True).encode()
    return MaterializeResult(
        asset_key=key,
        metadata={
            "held": len(state.held),
            "forms": sum(forms.values()),
            **({"forms by quarter": MetadataValue.table(table)} if table else {}),
            **{f"without: {kind}": number for kind, number in without(state).items()},
            "set aside": sum(state.aside.values()),
            "last seen": MetadataValue.json({name: str(day) for name, day in state.interim.seen.items()}),
            "amendments of": state.interim.borrowed or "no delivery",
        },
        data_version=DataVersion(hashlib.sha256(shown).hexdigest()[:16]),
    )


def _check(key: AssetKey, drift: Drift | None) -> AssetCheckResult:
    """Warn of what moved since the day before, in counts."""
    failing = (
        [] if drift is None else [Failing(f"{name}: {what}", _LOOK) for name, one in drift.moved.items() for what in _said(one)]
    )
    return AssetCheckResult(
        asset_key=key,
        check_name=DRIFT,
        passed=not failing,
        severity=AssetCheckSeverity.WARN,
        metadata={"compared with": drift.before.name if drift else "nothing: it is the first", **as_metadata(failing)},
    )


def _said(moved: Moved) -> Iterator[str]:
    """Yield what is wrong with a questionnaire's forms, a line each."""
    counts = {
        plural(len(moved.gone), "form is gone", "forms are gone"): moved.gone,
        plural(len(moved.reopened), "finished form is open again", "finished forms are open again"): moved.reopened,
        plural(len(moved.uncorrected), "answer changed", "answers changed"): moved.uncorrected,
        plural(len(moved.doubled), "id is now shared by several forms", "ids are now shared by several forms"): moved.doubled,
        plural(len(moved.columns_gone), "column is gone", "columns are gone"): moved.columns_gone,
        plural(len(moved.columns_new), "column is new", "columns are new"): moved.columns_new,
        plural(len(moved.worded), "wording changed", "wordings changed"): moved.worded,
    }
    return (said for said, what in counts.items() if what)
