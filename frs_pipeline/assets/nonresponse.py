"""Non-response: codebook x ledger x forms, and questions left blank."""

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, makes_together, making, produced
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import AssetPath
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments
from frs_pipeline.tables.engine import fetch, open_marts
from frs_pipeline.tables.nonresponse import answers_by_occasion, conferences_alike, item, ledger_only, unit
from frs_pipeline.tables.render import Grid

UNIT, ITEM = ("statistics", "unit_nonresponse"), ("statistics", "item_nonresponse")
_DESCRIBED: dict[AssetPath, str] = {
    UNIT: "Conferences without a form, by codebook, ledger and questionnaire.",
    ITEM: "How often each question was left blank where it was asked.",
}


def assets(study: Study) -> list[AssetsDefinition]:
    @makes_together(study, "nonresponse", _DESCRIBED, kinds={"duckdb", "parquet"})
    def nonresponse(context: AssetExecutionContext) -> Made:
        """External and internal non-response."""
        with making(context, UNIT) as store:
            alone = ledger_only(read(store.file("validated", "codebook")), read(store.file("validated", "ledger")))
            names = (*instruments(study), "conference")
            marts = open_marts({name: store.file("marts", name) for name in names}, store.settings.engine)
            answers = {name: fetch(answers_by_occasion(study, name, marts[name])) for name in instruments(study)}
            tables = {
                UNIT: unit(study, fetch(conferences_alike(marts["conference"])), alone, store.delivery),
                ITEM: item(study, answers, store.delivery),
            }
            for key, table in tables.items():
                preview = Grid("", tuple(table.column_names), tuple(tuple(map(str, row.values())) for row in table.to_pylist()))
                yield produced(context, key, table, preview=MetadataValue.md(preview.markdown()))

    return [nonresponse]
