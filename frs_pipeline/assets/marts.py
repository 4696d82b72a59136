"""marts: what researchers work with, one row a form or a conference, under pseudonyms."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, AssetIn, AssetsDefinition, MetadataValue, Output, asset

from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of
from frs_pipeline.checks.contracts import grain, grain_spec
from frs_pipeline.checks.reconciliation import every_form, every_form_spec
from frs_pipeline.codebook.pseudonyms import mart_from
from frs_pipeline.store.files import read, schema_of, stream
from frs_pipeline.store.plan import products
from frs_pipeline.store.rows import Rows, sorted_by
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables.nonresponse import conferences, conferences_from, forms_of
from frs_pipeline.tables.render import Grid

GROUP = "g4_marts"
# No mart is written before every questionnaire of the delivery has been split: a delivery with one unreadable
# export leaves the curated files of the last good run as they are.
ADMITTED = key_of(("noted",))


def _mart(instrument: str) -> AssetsDefinition:
    key = ("marts", instrument)

    @asset(
        key=key_of(key),
        ins={"forms": AssetIn(key_of(("pseudonymised", instrument)))},
        deps=[ADMITTED],
        check_specs=[grain_spec(key_of(key)), every_form_spec(key_of(key))],
        description=f"{questionnaires()[instrument].title}: one row a form; integer codes, null = not answered.",
        group_name=GROUP,
        partitions_def=DELIVERIES,
        code_version=code_version(key),
        required_resource_keys={"settings"},
        kinds={"parquet"},
    )
    def _asset(context: AssetExecutionContext, forms: Path) -> Iterator[Output[Rows] | AssetCheckResult]:
        with gate():
            # By form id, so that the order of rows doesn't depend on how the export was sorted.
            folder = store_of(context).waiting()
            rows = sorted_by(Rows.of(stream(forms), schema_of(forms), folder), ("form_id",), folder)
            checks = [grain(key_of(key), rows), every_form(key_of(key), [forms], rows.num_rows)]
            yield produced(rows, "result", mart_from(questionnaires()[instrument]), preview=_answered(rows))
            yield from checks

    return _asset


def _answered(mart: Rows) -> MetadataValue:
    """A preview without a single form: how many answered each question."""
    blank = np.zeros(len(mart.schema), dtype=int)
    for batch in mart.batches():
        blank += [column.null_count for column in batch.columns]
    rows = tuple(
        (field.name, (field.metadata or {}).get(b"text", b"").decode(), str(mart.num_rows - number))
        for field, number in zip(mart.schema, blank, strict=True)
    )
    return MetadataValue.md(Grid("", ("column", "question", "answered"), rows).markdown())


@asset(
    key=key_of(("marts", "conference")),
    ins={"_".join(key): AssetIn(key_of(key)) for key in products()[("marts", "conference")].inputs},
    deps=[ADMITTED],
    check_specs=[grain_spec(key_of(("marts", "conference"))), every_form_spec(key_of(("marts", "conference")))],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    code_version=code_version(("marts", "conference")),
    kinds={"parquet"},
)
def conference(context: AssetExecutionContext, **parts: Path) -> Iterator[Output[pa.Table] | AssetCheckResult]:
    """One row a conference: its occasion, is it in codebook and ledger, how many forms of each kind came in."""
    with gate():
        codebook, ledger = read(parts["validated_codebook"]), read(parts["validated_ledger"])
        forms = {instrument: read(parts[f"pseudonymised_{instrument}"], ["conference_id"]) for instrument in instruments()}
        table = conferences(codebook, ledger, forms)
        key, sources = key_of(("marts", "conference")), [parts[f"pseudonymised_{instrument}"] for instrument in instruments()]
        checks = [grain(key, table), every_form(key, sources, forms_of(table))]
        yield produced(table, "result", conferences_from())
        yield from checks


ASSETS = [*(_mart(instrument) for instrument in instruments()), conference]
