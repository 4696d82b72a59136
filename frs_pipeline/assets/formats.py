"""formats: marts, statistics and tables as CSV, SPSS and Excel files."""

from functools import partial

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue

from frs_pipeline.assets.wiring import makes, making, produced
from frs_pipeline.report.formats.files import as_rows, files, write
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study

KEY = ("formats",)


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, KEY, kinds={"csv", "excel", "parquet"})
    def formats(context: AssetExecutionContext) -> MaterializeResult[None]:
        """The same rows for other programs: CSV with a data package, one SPSS file per mart, the tables as a workbook."""
        product = products(study)[KEY]
        with making(context, KEY) as store:
            listed = files(store)
            writing = [file for file in listed if file.write is not None]
            with store.pages_to_fill(product, [file.name for file in writing]) as places:
                same = partial(store.require, product, store.origin(product).as_json())
                context.resources.run.worker.share(same, write, [(file, places[file.name]) for file in writing])
            return produced(context, KEY, as_rows(listed), folder=MetadataValue.path(product.pages))

    return [formats]
