"""estimates: what sentences and figures of the report tell of the forms that no table prints."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult

from frs_pipeline.assets.wiring import makes, making, produced
from frs_pipeline.report.estimating import estimate
from frs_pipeline.store.plan import ESTIMATES
from frs_pipeline.study import Study


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, ESTIMATES, kinds={"parquet"})
    def estimates(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Shares, gammas and changes that the report's sentences and figures tell beside the tables, with intervals."""
        with making(context, ESTIMATES) as store:
            return produced(context, ESTIMATES, estimate(store))

    return [estimates]
