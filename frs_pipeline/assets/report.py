"""report: the claims of the printed report, tested again, and pages to read with everything behind them."""

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, key_of, makes, making, produced
from frs_pipeline.checks.claims import claims_hold, claims_spec
from frs_pipeline.report.site import KEY, build
from frs_pipeline.study import Study


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, KEY, kinds={"html", "parquet"}, checks=[claims_spec(key_of(study, KEY))])
    def report(context: AssetExecutionContext) -> Made:
        """Whether each claim of the printed report holds, on these forms and in its tables, a row each. With pages to read."""
        with making(context, KEY) as store:
            product = store.products[KEY]
            built = build(store, context.resources.run.worker)
            store.write_pages(product, built.pages)
            yield produced(context, KEY, built.rows, pages=MetadataValue.path(f"{product.pages}/index.html"), **built.counts)
            yield claims_hold(study, key_of(study, KEY), built.findings, store.delivery)

    return [report]
