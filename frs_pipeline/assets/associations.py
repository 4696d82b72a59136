"""associations: the gamma of all pairs of ordinal questions of each mart, with intervals."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult

from frs_pipeline.assets.wiring import from_columns, makes, making, produced
from frs_pipeline.store.plan import ASSOCIATIONS
from frs_pipeline.study import Study
from frs_pipeline.tables.associations import associations_from, of_study


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, ASSOCIATIONS, kinds={"parquet"})
    def associations(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Gamma of all pairs of ordinal questions, over all forms and by role, with intervals that know the clusters."""
        with making(context, ASSOCIATIONS) as store:
            return produced(context, ASSOCIATIONS, of_study(store), **from_columns(study, associations_from(study)))

    return [associations]
