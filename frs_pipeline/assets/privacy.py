"""privacy: everything produced is searched, at every run, for what must not leave the restricted zone."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from frs_pipeline.assets.wiring import deliveries_of, gate, key_of, store_of
from frs_pipeline.checks.privacy import nothing_leaks, nothing_leaks_spec
from frs_pipeline.privacy.search import require_clean
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study

KEY = ("privacy",)


def assets(study: Study) -> list[AssetsDefinition]:
    @asset(
        key=key_of(study, KEY),
        # All of them: a run that makes only some is searched just as well.
        deps=[key_of(study, key) for key in products(study)],
        check_specs=[nothing_leaks_spec(key_of(study, KEY))],
        group_name="g5_statistics",
        partitions_def=deliveries_of(study),
        required_resource_keys={"run"},
    )
    def privacy(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        """Search of everything produced for personal numbers, conference numbers, free text and rows of the codebook."""
        context.resources.run.begun("search for leaks")
        with gate():
            searched = require_clean(store_of(context), context.resources.run.worker)
        check = nothing_leaks(key_of(study, KEY), searched)
        yield MaterializeResult(metadata={"files": searched.files}, check_results=[check])

    return [privacy]
