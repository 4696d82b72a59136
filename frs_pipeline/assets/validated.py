"""validated: forms that can be counted, and beside them what was set aside or noted, with every reason."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from dagster import AssetCheckResult, AssetExecutionContext, AssetIn, AssetOut, AssetsDefinition, Output, asset, multi_asset

from frs_pipeline.assets.raw import raw_key
from frs_pipeline.assets.wiring import DELIVERIES, code_version, gate, key_of, produced, store_of, unchanged
from frs_pipeline.checks.reconciliation import admission, admission_spec, conservation, conservation_spec
from frs_pipeline.codebook.opening import open_codebook
from frs_pipeline.intake.delivery import applied_in, intake_of, quarantined, remarks, withdrawals_of
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.validation import validate
from frs_pipeline.intake.withdrawals import CONFERENCES, held_conferences, withdrawn_conferences
from frs_pipeline.store.deliveries import LEDGER
from frs_pipeline.store.files import read, rows_in
from frs_pipeline.store.plan import products
from frs_pipeline.store.rows import Rows
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires

GROUP = "g2_validated"
WITHDRAWN = key_of(("validated", "withdrawn_conferences"))
_REGISTERS = {"withdrawn": AssetIn(WITHDRAWN), **{n: AssetIn(key_of(("validated", n))) for n in ("codebook", "ledger")}}


def _validated(instrument: str) -> AssetsDefinition:
    title = questionnaires()[instrument].title
    described = {
        "validated": f"{title}: accepted forms. Restricted: carries conference numbers.",
        "rejected": f"{title}: forms set aside whole, a row a reason. Restricted.",
        "noted": f"{title}: what was found and set nothing aside. Restricted.",
        "applied": f"{title}: to how many forms each rule was applied, and to how many it couldn't be; counts only.",
        "withdrawn": f"{title}: how many forms were withdrawn, by reason; nothing of the forms.",
    }
    accepted = ("validated", instrument)

    @multi_asset(
        name=f"validate_{instrument}",
        ins=_REGISTERS,
        outs={
            layer: AssetOut(
                key=key_of((layer, instrument)),
                description=description,
                code_version=code_version((layer, instrument)),
                kinds={"pandera", "parquet"},
            )
            for layer, description in described.items()
        },
        deps=[raw_key(name) for name in products()[accepted].raw],
        check_specs=[conservation_spec(key_of(accepted))],
        group_name=GROUP,
        partitions_def=DELIVERIES,
        required_resource_keys={"settings"},
    )
    def _asset(
        context: AssetExecutionContext, codebook: Path, ledger: Path, withdrawn: Path
    ) -> Iterator[Output[Rows | pa.Table] | AssetCheckResult]:
        store = store_of(context)
        with gate(), unchanged(store, products()[accepted].raw):
            intake = intake_of(store, read(codebook), read(ledger), read(withdrawn))
            result = validate(read_export(store.raw(instrument)), questionnaires()[instrument], intake, store.waiting())
            check = conservation(key_of(accepted), result.delivered, result.forms.num_rows, result.set_aside, result.withdrawn)
            if check.passed:
                yield produced(result.forms, "validated")
                yield produced(result.rejected, "rejected")
                yield produced(result.noted, "noted")
                yield produced(result.applied, "applied")
                yield produced(result.left, "withdrawn")
            yield check

    return _asset


@asset(
    key=WITHDRAWN,
    deps=[raw_key("codebook"), raw_key("withdrawals")],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("validated", "withdrawn_conferences")),
    kinds={"parquet"},
)
def withdrawn_numbers(context: AssetExecutionContext) -> Output[pa.Table]:
    """Conferences that were withdrawn whole: what their forms in the exports are known by. Restricted."""
    store = store_of(context)
    with gate(), unchanged(store, ("codebook", "withdrawals")):
        withdrawals = withdrawals_of(store)
        table = withdrawn_conferences(withdrawals, open_codebook(store)) if withdrawals else CONFERENCES.empty_table()
    return produced(table)


@asset(
    key=key_of(("validated", "ledger")),
    ins={"withdrawn": AssetIn(WITHDRAWN)},
    deps=[raw_key("ledger")],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("validated", "ledger")),
    kinds={"parquet"},
)
def ledger(context: AssetExecutionContext, withdrawn: Path) -> Output[pa.Table]:
    """Kontering: conferences in the accounting records. Restricted: carries conference numbers."""
    store = store_of(context)
    with gate(), unchanged(store, ("ledger",)):
        table = held_conferences(read_ledger(store.raw(LEDGER)), read(withdrawn))
    return produced(table)


@asset(
    key=key_of(("validated", "codebook")),
    ins={"withdrawn": AssetIn(WITHDRAWN)},
    deps=[raw_key("codebook")],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("validated", "codebook")),
    kinds={"age", "parquet"},
)
def codebook(context: AssetExecutionContext, withdrawn: Path) -> Output[pa.Table]:
    """The pipeline's part of the codebook: number, pseudonym, occasion, date; no personal number. Restricted."""
    store = store_of(context)
    with gate(), unchanged(store, ("codebook",)):
        table = held_conferences(open_codebook(store), read(withdrawn))
    return produced(table)


@asset(
    key=key_of(("quarantine",)),
    ins={"_".join(key): AssetIn(key_of(key)) for key in products()[("quarantine",)].inputs},
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("quarantine",)),
    kinds={"parquet"},
)
def quarantine(context: AssetExecutionContext, **parts: Path) -> Output[Rows]:
    """Every form that was set aside, with file, line, every reason and its whole row. Restricted: holds delivered values."""
    with gate():
        result = quarantined([parts[f"rejected_{name}"] for name in instruments()], store_of(context).waiting())
    return produced(result)


@asset(
    key=key_of(("noted",)),
    ins={"_".join(key): AssetIn(key_of(key)) for key in products()[("noted",)].inputs},
    deps=[raw_key(name) for name in products()[("noted",)].raw],
    check_specs=[admission_spec(key_of(("noted",)))],
    group_name=GROUP,
    partitions_def=DELIVERIES,
    required_resource_keys={"settings"},
    code_version=code_version(("noted",)),
    kinds={"parquet"},
)
def noted(context: AssetExecutionContext, **parts: Path) -> Iterator[Output[Rows] | AssetCheckResult]:
    """What was found and set nothing aside: warnings and accepted findings. Made only if not too much was set aside."""
    store = store_of(context)
    with gate(), unchanged(store, products()[("noted",)].raw):
        accepted = {name: rows_in(parts[f"validated_{name}"]) for name in instruments()}
        judged_by = (read(parts[f"validated_{name}"]) for name in ("codebook", "ledger", "withdrawn_conferences"))
        intake = intake_of(store, *judged_by)
        notes, waiting = [parts[f"noted_{name}"] for name in instruments()], store.waiting()
        result, counts = remarks(intake, accepted, parts["quarantine"], notes, waiting, applied_in(store))
        yield produced(result)
        yield admission(key_of(("noted",)), **counts)


ASSETS = [*(_validated(instrument) for instrument in instruments()), withdrawn_numbers, ledger, codebook, quarantine, noted]
