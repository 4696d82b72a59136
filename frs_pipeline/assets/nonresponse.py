"""Non-response: codebook x ledger x forms, and questions left blank."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from dagster import AssetExecutionContext, AssetIn, AssetOut, MetadataValue, Output, multi_asset

from frs_pipeline.assets.statistics import GROUP
from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import products
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables.nonresponse import item, ledger_only, unit
from frs_pipeline.tables.render import Grid

UNIT, ITEM = ("statistics", "unit_nonresponse"), ("statistics", "item_nonresponse")


@multi_asset(
    name="nonresponse",
    ins={key[-1]: AssetIn(key_of(key)) for key in products()[UNIT].inputs},
    outs={
        "unit": AssetOut(
            key=key_of(UNIT),
            description="Conferences without a form, by codebook, ledger and questionnaire.",
            code_version=code_version(UNIT),
            kinds={"parquet"},
        ),
        "item": AssetOut(
            key=key_of(ITEM),
            description="How often each question was left blank where it was asked.",
            code_version=code_version(ITEM),
            kinds={"parquet"},
        ),
    },
    group_name=GROUP,
    partitions_def=DELIVERIES,
)
def nonresponse(context: AssetExecutionContext, **inputs: Path) -> Iterator[Output[pa.Table]]:
    """External and internal non-response."""
    delivery = context.partition_key
    with gate():
        alone = ledger_only(read(inputs["codebook"]), read(inputs["ledger"]))
        found = {
            "unit": unit(read(inputs["conference"]), alone, delivery),
            "item": item({name: read(inputs[name], _answers(name)) for name in instruments()}, delivery),
        }
        for name, table in found.items():
            preview = Grid("", tuple(table.column_names), tuple(tuple(map(str, row.values())) for row in table.to_pylist()))
            yield produced(table, name, preview=MetadataValue.md(preview.markdown()))


def _answers(instrument: str) -> list[str]:
    """The mart's columns but for the two that say whose the form is."""
    return ["occasion", *(question.name for question in questionnaires()[instrument].questions)]


ASSETS = [nonresponse]
