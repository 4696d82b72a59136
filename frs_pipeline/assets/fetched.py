"""fetched: exports as the survey's server sent them, where a study says where that is. People make deliveries of them.

They belong to no delivery and to no refresh: nothing but its own job, on a schedule or by hand, fetches anything.
"""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, AssetSpec, DataVersion, MaterializeResult, multi_asset

from frs_pipeline.assets.wiring import gate, key_of
from frs_pipeline.collection.fetching import Fetched, fetch
from frs_pipeline.collection.login import read_login
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.questionnaires import questionnaires

GROUP = "g0_fetched"


def keys(study: Study) -> list[AssetKey]:
    """Return the keys of the exports that are fetched; none where a study says nothing of it."""
    told = about(study).fetch
    return [key_of(study, ("fetched", name)) for name in (told.surveys if told else ())]


def assets(study: Study) -> list[AssetsDefinition]:
    told = about(study).fetch
    if told is None:
        return []

    @multi_asset(
        name="fetch_surveys",
        specs=[
            AssetSpec(
                key_of(study, ("fetched", name)),
                group_name=GROUP,
                kinds={"csv"},
                description=f"{questionnaires(study)[name].title}: its export as it came, with a receipt. Restricted.",
                skippable=True,
            )
            for name in told.surveys
        ],
        can_subset=True,
        required_resource_keys={"run"},
    )
    def fetched(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        """Fetch the surveys that a run selects, one after the other; the first that fails ends it."""
        with gate():
            # Its libraries are loaded only where something is fetched.
            from frs_pipeline.collection.surveyxact import SurveyXact

            settings = context.resources.run.settings
            names = [key.path[-1] for key in keys(study) if key in context.selected_asset_keys]
            for result in fetch(settings, names, SurveyXact(told, read_login())):
                yield _result(study, result)

    return [fetched]


def _result(study: Study, result: Fetched) -> MaterializeResult[None]:
    """Tell Dagster of an export: how many forms, of when, and whether anything is new; nothing of who asked, or whom."""
    export = result.export
    return MaterializeResult(
        asset_key=key_of(study, ("fetched", export.instrument)),
        metadata={
            "forms": export.forms,
            "new": result.new,
            "fetched": export.when,
            **{f"sha256 of {name}": value for name, value in export.hashes.items()},
        },
        data_version=DataVersion(export.hashes["dataset.csv"][:16]),
    )
