"""validated: forms that can be counted, and beside them the forms that are set aside with every reason."""

from collections.abc import Iterator

import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, AssetOut, AssetsDefinition, Output, asset, multi_asset

from frs_pipeline.assets.raw import raw_key
from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of
from frs_pipeline.checks.reconciliation import conservation, conservation_spec
from frs_pipeline.codebook.vault import read_codebook
from frs_pipeline.deliveries import CODEBOOK, DEMO_KEY, LEDGER
from frs_pipeline.exports.ledger import read_ledger
from frs_pipeline.exports.surveyxact import read_export
from frs_pipeline.exports.validation import validate
from frs_pipeline.plan import products
from frs_pipeline.questionnaires import INSTRUMENTS
from frs_pipeline.questionnaires.model import questionnaires

GROUP = "g2_validated"


def _validated(instrument: str) -> AssetsDefinition:
    accepted, rejected = ("validated", instrument), ("rejected", instrument)

    @multi_asset(
        name=f"validate_{instrument}",
        outs={
            "accepted": AssetOut(
                key=key_of(accepted),
                description=f"{questionnaires()[instrument].title}: accepted forms. Restricted: carries conference numbers.",
                code_version=code_version(accepted),
                kinds={"pandera", "parquet"},
            ),
            "rejected": AssetOut(
                key=key_of(rejected),
                description=f"{questionnaires()[instrument].title}: forms set aside, a row a reason. Restricted.",
                code_version=code_version(rejected),
                kinds={"pandera", "parquet"},
            ),
        },
        deps=[raw_key(name) for name in products()[accepted].raw],
        check_specs=[conservation_spec(key_of(accepted))],
        group_name=GROUP,
        partitions_def=DELIVERIES,
        required_resource_keys={"settings"},
    )
    def _asset(context: AssetExecutionContext) -> Iterator[Output[pa.Table] | AssetCheckResult]:
        with gate():
            result = validate(read_export(store_of(context).raw(instrument)), questionnaires()[instrument])
            check = conservation(key_of(accepted), result.delivered, result.forms.num_rows, result.set_aside)
            if check.passed:
                yield produced(result.forms, "accepted")
                yield produced(result.rejected, "rejected")
            yield check

    return _asset


@asset(
    key=key_of(("validated", "ledger")),
    deps=[raw_key("ledger")],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("validated", "ledger")),
    kinds={"parquet"},
)
def ledger(context: AssetExecutionContext) -> Output[pa.Table]:
    """Kontering: conferences in the accounting records. Restricted: carries conference numbers."""
    with gate():
        table = read_ledger(store_of(context).raw(LEDGER))
    return produced(table)


@asset(
    key=key_of(("validated", "codebook")),
    deps=[raw_key("codebook")],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("validated", "codebook")),
    kinds={"age", "parquet"},
)
def codebook(context: AssetExecutionContext) -> Output[pa.Table]:
    """The pipeline's part of the codebook: number, pseudonym, occasion, date; no personal number. Restricted."""
    store = store_of(context)
    with gate():
        table = read_codebook(store.raw(CODEBOOK), store.settings.key or store.raw(DEMO_KEY))
    return produced(table)


ASSETS = [*(_validated(instrument) for instrument in INSTRUMENTS), ledger, codebook]
