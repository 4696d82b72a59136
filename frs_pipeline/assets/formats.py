"""formats: marts, statistics and tables as CSV, SPSS and Excel files."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue

from frs_pipeline.assets.wiring import makes, making, produced
from frs_pipeline.report.formats.files import as_rows, files
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study

KEY = ("formats",)


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, KEY, kinds={"csv", "excel", "parquet"})
    def formats(context: AssetExecutionContext) -> MaterializeResult[None]:
        """The same rows for other programs: CSV with a data package, one SPSS file per mart, the tables as a workbook."""
        product = products(study)[KEY]
        with making(context, KEY) as store:
            written = files(store)
            store.write_pages(product, {file.name: file.content for file in written if file.content is not None})
            return produced(context, KEY, as_rows(written), folder=MetadataValue.path(product.pages))

    return [formats]
