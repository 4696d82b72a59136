"""statistics: the report's tables, one asset each, counted a mart at a time; all figures; the comparison."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetIn,
    AssetOut,
    AssetsDefinition,
    MetadataValue,
    Output,
    asset,
    multi_asset,
)

from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of
from frs_pipeline.checks.published import as_printed, as_printed_spec, verdicts
from frs_pipeline.printed.compare import compare_delivery
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import products, table_key
from frs_pipeline.study.printed import not_printed_from, printed_from
from frs_pipeline.study.tables import Table, by_mart, catalogue
from frs_pipeline.tables.counting import count, open_marts
from frs_pipeline.tables.figures import as_table, figures, figures_from, from_table
from frs_pipeline.tables.render import heading, render

GROUP = "g5_statistics"


def _output(number: int) -> str:
    return f"table_{number:02d}"


def _tables(mart: str, tables: list[Table]) -> AssetsDefinition:
    marts = list(dict.fromkeys(name for table in tables for name in table.marts))

    @multi_asset(
        name=f"tables_{mart}",
        ins={name: AssetIn(key_of(("marts", name))) for name in marts},
        outs={
            _output(table.number): AssetOut(
                key=key_of(table_key(table.number)),
                description=f"Tabel {table.number}. {heading(table)}" + (f" ({table.note})" if table.note else ""),
                code_version=code_version(table_key(table.number)),
                is_required=False,
                kinds={"duckdb", "parquet"},
            )
            for table in tables
        },
        internal_asset_deps={_output(t.number): {key_of(("marts", name)) for name in t.marts} for t in tables},
        can_subset=True,
        group_name=GROUP,
        partitions_def=DELIVERIES,
    )
    def _asset(context: AssetExecutionContext, **paths: Path) -> Iterator[Output[pa.Table]]:
        with gate():
            wanted = [table for table in tables if _output(table.number) in context.op_execution_context.selected_output_names]
            counted = count(wanted, open_marts(paths))
            for table in wanted:
                found = figures(table, counted[table.number])
                compared = compare_delivery(context.partition_key, found, table.number)
                yield produced(
                    as_table(found),
                    _output(table.number),
                    figures_from(table),
                    preview=MetadataValue.md(render(table, found).markdown()),
                    **(verdicts(compared) if compared.num_rows else {}),
                )

    return _asset


@asset(
    key=key_of(("statistics", "figures")),
    # By name and not by input: Dagster would log the loading of each of 81 small files.
    deps=[key_of(key) for key in products()[("statistics", "figures")].inputs],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("statistics", "figures")),
    kinds={"parquet"},
)
def all_figures(context: AssetExecutionContext) -> Output[pa.Table]:
    """Every figure of every table: address, unrounded value, and how SPSS prints it."""
    store = store_of(context)
    with gate():
        inputs = products()[("statistics", "figures")].inputs
        table = pa.concat_tables([read(store.path(products()[key])) for key in inputs])
    return produced(table)


@asset(
    key=key_of(("statistics", "compare")),
    ins={"figures_file": AssetIn(key_of(("statistics", "figures")))},
    check_specs=[as_printed_spec(key_of(("statistics", "compare")))],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("statistics", "compare")),
    kinds={"parquet"},
)
def comparison(context: AssetExecutionContext, figures_file: Path) -> Iterator[Output[pa.Table] | AssetCheckResult]:
    """Recomputed against printed, one row a printed figure, with the reason where the report contradicts itself.

    No rows of a delivery that the report wasn't printed from.
    """
    store = store_of(context)
    with gate():
        table, remark = compare_delivery(store.delivery, from_table(read(figures_file))), None
        if not printed_from(store.delivery):
            older = store.predecessor()
            remark = not_printed_from(store.delivery, older.delivery if older else None)
        yield produced(table, **verdicts(table))
        yield as_printed(key_of(("statistics", "compare")), table, store.delivery, remark)


ASSETS = [*(_tables(mart, tables) for mart, tables in by_mart(catalogue()).items() if tables), all_figures, comparison]
