"""The code location that Dagster loads: assets, checks, the refresh job, and what runs it and watches over it."""

from dagster import Definitions, definitions

from frs_pipeline import logs
from frs_pipeline.assets import collected, fetched
from frs_pipeline.assets.graph import assets, resources
from frs_pipeline.operations.describing import described, looked
from frs_pipeline.operations.event_file import event_file, hearing
from frs_pipeline.operations.fetching import fetch_jobs, fetch_schedules
from frs_pipeline.operations.following import follow_jobs, follow_sensors
from frs_pipeline.operations.incidents import canceled_runs, failed_checks, failed_runs, unsent_alerts
from frs_pipeline.operations.lost import lost_runs
from frs_pipeline.operations.searching import searching_executor
from frs_pipeline.operations.sensors import new_deliveries, nightly, refresh_job, together_job
from frs_pipeline.store.settings import Settings, find_study
from frs_pipeline.study import Study


def build_definitions(study: Study) -> Definitions:
    """Build the code location of a study. Where its data lie is asked of the environment again when something runs."""
    logs.begin()  # every process that looks or makes something for Dagster comes through here
    event_file(Settings.from_environment(study))
    made = assets(study)  # first: it notes the definitions before anything reads them
    beside = (*fetched.assets(study), *collected.assets(study))
    watching = (failed_runs, canceled_runs, failed_checks, unsent_alerts)
    return Definitions(
        assets=[
            *(asset.map_asset_specs(lambda spec: described(study, spec)) for asset in (*made, *beside)),
            described(study, looked(study)),
        ],
        jobs=[refresh_job(study), together_job(study), *fetch_jobs(study), *follow_jobs(study)],
        schedules=[nightly(study), *fetch_schedules(study)],
        sensors=[new_deliveries(study), lost_runs(study), *follow_sensors(study), *(build(study) for build in watching)],
        executor=searching_executor(study),
        resources=resources(lambda: Settings.from_environment(study), hear=hearing(study)),
    )


@definitions
def defs() -> Definitions:
    """Build the code location that `dg` loads in this folder: that of FRS_STUDY, or of the shipped study."""
    return build_definitions(find_study())
