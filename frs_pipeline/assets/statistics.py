"""statistics: the report's tables, one asset each, counted mart by mart; all figures; the comparison."""

import pyarrow as pa
from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue

from frs_pipeline.assets.wiring import Made, from_columns, key_of, makes, makes_together, making, produced
from frs_pipeline.checks.published import as_printed, as_printed_spec, verdicts
from frs_pipeline.printed.compare import compare_delivery
from frs_pipeline.report.in_lines import in_lines
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import products, table_key
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.printed import not_printed_from, printed_from
from frs_pipeline.study.tables import Table, by_mart, catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import as_table, figures, figures_from, from_table
from frs_pipeline.tables.render import caption

FIGURES, COMPARE = ("statistics", "figures"), ("statistics", "compare")


def assets(study: Study) -> list[AssetsDefinition]:
    tables = by_mart(study, catalogue(study)).items()
    return [*(_tables(study, mart, of_mart) for mart, of_mart in tables if of_mart), _figures(study), _comparison(study)]


def _tables(study: Study, mart: str, tables: list[Table]) -> AssetsDefinition:
    marts = list(dict.fromkeys(name for table in tables for name in table.reads))
    described = {table_key(table.number): caption(study, table) + (f" ({table.note})" if table.note else "") for table in tables}

    @makes_together(study, f"tables_{mart}", described, kinds={"duckdb", "parquet"}, each_alone=True)
    def _asset(context: AssetExecutionContext) -> Made:
        wanted = [table for table in tables if key_of(study, table_key(table.number)) in context.selected_asset_keys]
        with making(context, *(table_key(table.number) for table in wanted)) as store:
            opened = open_marts({name: store.marts(name) for name in marts}, store.settings.engine)
            counted = count(wanted, opened)
            for table in wanted:
                values = figures(table, counted[table.number])
                compared = compare_delivery(study, store.delivery, values, table.number)
                yield produced(
                    context,
                    table_key(table.number),
                    as_table(values),
                    preview=MetadataValue.md(in_lines(study, table, values, about(study).language).markdown()),
                    **from_columns(study, figures_from(table)),
                    **(verdicts(compared) if compared.num_rows else {}),
                )

    return _asset


def _figures(study: Study) -> AssetsDefinition:
    @makes(study, FIGURES, kinds={"parquet"})
    def all_figures(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Every figure of every table: address, unrounded value, and how SPSS prints it."""
        with making(context, FIGURES) as store:
            return produced(
                context, FIGURES, pa.concat_tables([read(store.file(*key)) for key in products(study)[FIGURES].inputs])
            )

    return all_figures


def _comparison(study: Study) -> AssetsDefinition:
    @makes(study, COMPARE, kinds={"parquet"}, checks=[as_printed_spec(key_of(study, COMPARE))])
    def comparison(context: AssetExecutionContext) -> Made:
        """Recomputed compared with printed, one row per printed figure, with the reason where the report contradicts itself.

        Without rows for a delivery that the report wasn't printed from.
        """
        with making(context, COMPARE) as store:
            table = compare_delivery(study, store.delivery, from_table(read(store.file(*FIGURES))))
            remark = None
            if not printed_from(study, store.delivery):
                older = store.predecessor()
                remark = not_printed_from(study, store.delivery, older.delivery if older else None)
            yield produced(context, COMPARE, table, **verdicts(table))
            yield as_printed(study, key_of(study, COMPARE), table, store.delivery, remark)

    return comparison
