"""expectations: what the marts promise to researchers, checked by Great Expectations; and its data docs."""

from functools import partial

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, key_of, makes, making, produced
from frs_pipeline.checks.promises import promise_spec, promises_kept
from frs_pipeline.report.ahead import PROMISES
from frs_pipeline.report.data_docs import pages
from frs_pipeline.report.expectations import held, results
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study

KEY = PROMISES


def assets(study: Study) -> list[AssetsDefinition]:
    product = products(study)[KEY]
    marts = [name for _, name in product.inputs]

    checks = [promise_spec(key_of(study, KEY), mart) for mart in marts]

    # Late: what checks the promises takes a while to get ready, and only the report waits for them.
    @makes(study, KEY, kinds={"greatexpectations", "parquet"}, checks=checks, late=True)
    def expectations(context: AssetExecutionContext) -> Made:
        """What every mart promises, one row per promise: whether it holds, on how many rows. With data docs to read."""
        with making(context, KEY) as store:
            checked = (context.resources.run.promises or partial(held, store))()
            store.write_pages(product, pages(study, store.delivery, checked))
            table = results(checked)
            yield produced(
                context,
                KEY,
                table,
                promises=table.num_rows,
                kept=sum(table["passed"].to_pylist()),
                data_docs=MetadataValue.path(f"{product.pages}/index.html"),
            )
            for mart in checked:
                yield promises_kept(study, key_of(study, KEY), mart, store.delivery)

    return [expectations]
