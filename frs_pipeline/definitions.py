"""The code location that Dagster loads: assets, checks, the refresh job, and what runs it and watches over it."""

from dagster import AssetSpec, Definitions, MetadataValue

from frs_pipeline.assets import fetched
from frs_pipeline.assets.graph import assets, resources
from frs_pipeline.assets.wiring import key_of
from frs_pipeline.operations.fetching import fetch_jobs, fetch_schedules
from frs_pipeline.operations.incidents import canceled_runs, failed_checks, failed_runs, unsent_alerts
from frs_pipeline.operations.lost import lost_runs
from frs_pipeline.operations.searching import searching_executor
from frs_pipeline.operations.sensors import new_deliveries, nightly, refresh_job, together_job
from frs_pipeline.store.plan import table_key
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.chapters import chapters


def build_definitions(study: Study) -> Definitions:
    """Build the code location of a study. Where its data lie is asked of the environment when something runs."""
    made = assets(study)  # first: it notes the definitions before anything reads them
    watching = (failed_runs, canceled_runs, failed_checks, unsent_alerts)
    tables = {key_of(study, table_key(number)): (chapter, number) for chapter in chapters(study) for number in chapter.tables}

    def with_passports(spec: AssetSpec) -> AssetSpec:
        """Add where a table's figures can be opened; here, so that moving a chapter doesn't make its tables again."""
        if spec.key not in tables:
            return spec
        chapter, number = tables[spec.key]
        places = {
            "report": MetadataValue.path(f"report/{chapter.file}#tabel-{number}"),
            "passports": MetadataValue.text(f"frs trace {number}"),
        }
        return spec.merge_attributes(metadata=places)

    return Definitions(
        assets=[*(asset.map_asset_specs(with_passports) for asset in made), *fetched.assets(study)],
        jobs=[refresh_job(study), together_job(study), *fetch_jobs(study)],
        schedules=[nightly(study), *fetch_schedules(study)],
        sensors=[new_deliveries(study), lost_runs(study), *(build(study) for build in watching)],
        executor=searching_executor(study),
        resources=resources(lambda: Settings.from_environment(study)),
    )
