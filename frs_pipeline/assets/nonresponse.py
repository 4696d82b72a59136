"""Non-response: codebook x ledger x forms, and questions left blank."""

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, makes_together, making, produced
from frs_pipeline.store.plan import AssetPath, products
from frs_pipeline.study import Study
from frs_pipeline.tables.nonresponse import item_of, unit_of
from frs_pipeline.tables.render import Grid

UNIT, ITEM = ("statistics", "unit_nonresponse"), ("statistics", "item_nonresponse")
_DESCRIBED: dict[AssetPath, str] = {
    UNIT: "Conferences without a form, by codebook, ledger and questionnaire.",
    ITEM: "How often each question was left blank where it was asked.",
}


def assets(study: Study) -> list[AssetsDefinition]:
    made = {key: text for key, text in _DESCRIBED.items() if key in products(study)}

    @makes_together(study, "nonresponse", made, kinds={"duckdb", "parquet"})
    def nonresponse(context: AssetExecutionContext) -> Made:
        """External and internal non-response."""
        with making(context, ITEM) as store:
            for key in made:
                table = unit_of(store) if key == UNIT else item_of(store)
                preview = Grid("", tuple(table.column_names), tuple(tuple(map(str, row.values())) for row in table.to_pylist()))
                yield produced(context, key, table, preview=MetadataValue.md(preview.markdown()))

    return [nonresponse]
