"""pseudonymised: conference numbers replaced by the codebook's pseudonyms."""

from collections.abc import Iterator
from pathlib import Path

from dagster import AssetCheckResult, AssetExecutionContext, AssetIn, AssetsDefinition, Output, asset

from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of
from frs_pipeline.checks.reconciliation import conservation, conservation_spec
from frs_pipeline.codebook.pseudonyms import mart_schema, pseudonymise, pseudonymised_from
from frs_pipeline.store.files import read, rows_in, stream
from frs_pipeline.store.rows import Rows
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires

GROUP = "g3_pseudonymised"


def _pseudonymised(instrument: str) -> AssetsDefinition:
    key, questionnaire = ("pseudonymised", instrument), questionnaires()[instrument]

    @asset(
        key=key_of(key),
        ins={
            "validated": AssetIn(key_of(("validated", instrument))),
            "codebook": AssetIn(key_of(("validated", "codebook"))),
            "noted": AssetIn(key_of(("noted",))),
        },
        description=f"{questionnaire.title}: forms under their conference's pseudonym.",
        check_specs=[conservation_spec(key_of(key))],
        group_name=GROUP,
        partitions_def=DELIVERIES,
        required_resource_keys={"settings"},
        code_version=code_version(key),
        kinds={"parquet"},
    )
    def _asset(
        context: AssetExecutionContext, validated: Path, codebook: Path, noted: Path
    ) -> Iterator[Output[Rows] | AssetCheckResult]:
        with gate():
            forms = pseudonymise(stream(validated), read(codebook), questionnaire)
            rows = Rows.of(forms, mart_schema(questionnaire), store_of(context).waiting())
            check = conservation(key_of(key), rows_in(validated), rows.num_rows, 0, 0)
            if check.passed:
                yield produced(rows, "result", pseudonymised_from(questionnaire))
            yield check

    return _asset


ASSETS = [_pseudonymised(instrument) for instrument in instruments()]
