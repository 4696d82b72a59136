"""expectations: what the marts promise to researchers, checked by Great Expectations; and its data docs."""

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, key_of, makes, making, produced
from frs_pipeline.checks.promises import promise_spec, promises_kept
from frs_pipeline.report.data_docs import pages
from frs_pipeline.report.expectations import before_of, hold, results
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study

KEY = ("expectations",)


def assets(study: Study) -> list[AssetsDefinition]:
    # The marts of the predecessor are read too: another partition of these assets, which the plan names.
    product = products(study)[KEY]
    marts = [name for _, name in product.inputs]

    @makes(study, KEY, kinds={"greatexpectations", "parquet"}, checks=[promise_spec(key_of(study, KEY), m) for m in marts])
    def expectations(context: AssetExecutionContext) -> Made:
        """What every mart promises, one row per promise: whether it holds, on how many rows. With data docs to read."""
        with making(context, KEY) as store:
            older = store.predecessor()
            rows = {name: read(store.file("marts", name)) for name in marts}
            checked = hold(study, rows, store.delivery, before_of(older) if older else None)
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
