"""pseudonymised: conference numbers replaced by the codebook's pseudonyms; and the whole quarantine."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, AssetIn, AssetOut, AssetsDefinition, Output, asset, multi_asset

from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced
from frs_pipeline.checks.reconciliation import conservation, conservation_spec
from frs_pipeline.codebook.pseudonyms import pseudonymise
from frs_pipeline.plan import products
from frs_pipeline.questionnaires import INSTRUMENTS
from frs_pipeline.questionnaires.model import questionnaires
from frs_pipeline.storage import read

GROUP = "g3_pseudonymised"


def _pseudonymised(instrument: str) -> AssetsDefinition:
    known, unknown = ("pseudonymised", instrument), ("unknown", instrument)

    @multi_asset(
        name=f"pseudonymise_{instrument}",
        ins={"forms": AssetIn(key_of(("validated", instrument))), "codebook": AssetIn(key_of(("validated", "codebook")))},
        outs={
            "known": AssetOut(
                key=key_of(known),
                description=f"{questionnaires()[instrument].title}: forms under their conference's pseudonym.",
                code_version=code_version(known),
                kinds={"parquet"},
            ),
            "unknown": AssetOut(
                key=key_of(unknown),
                description=f"{questionnaires()[instrument].title}: forms whose number the codebook doesn't know. Restricted.",
                code_version=code_version(unknown),
                kinds={"parquet"},
            ),
        },
        check_specs=[conservation_spec(key_of(known))],
        group_name=GROUP,
        partitions_def=DELIVERIES,
    )
    def _asset(context: AssetExecutionContext, forms: Path, codebook: Path) -> Iterator[Output[pa.Table] | AssetCheckResult]:
        with gate():
            before = read(forms)
            result = pseudonymise(before, read(codebook), questionnaires()[instrument])
            check = conservation(key_of(known), before.num_rows, result.forms.num_rows, result.unknown.num_rows)
            if check.passed:
                yield produced(result.forms, "known")
                yield produced(result.unknown, "unknown")
            yield check

    return _asset


@asset(
    key=key_of(("quarantine",)),
    ins={"_".join(key): AssetIn(key_of(key)) for key in products()[("quarantine",)].inputs},
    group_name=GROUP,
    partitions_def=DELIVERIES,
    code_version=code_version(("quarantine",)),
    kinds={"parquet"},
)
def quarantine(context: AssetExecutionContext, **parts: Path) -> Output[pa.Table]:
    """Every form that was set aside, with file, line and every reason. Restricted: holds delivered values."""
    with gate():
        table = pa.concat_tables([read(path) for path in parts.values()]).sort_by(
            [("instrument", "ascending"), ("line", "ascending"), ("rule", "ascending"), ("column", "ascending")]
        )
    return produced(table)


ASSETS = [*(_pseudonymised(instrument) for instrument in INSTRUMENTS), quarantine]
