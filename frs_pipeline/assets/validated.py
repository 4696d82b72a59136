"""validated: forms that can be counted, and beside them what was set aside or noted, with every reason."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult

from frs_pipeline.assets.wiring import Made, from_columns, key_of, makes, makes_together, making, produced
from frs_pipeline.checks.reconciliation import admission, admission_spec, conservation, conservation_spec
from frs_pipeline.codebook.opening import made_up, open_codebook
from frs_pipeline.intake.delivery import applied_in, described, intake_as_made, quarantined, remarks, withdrawals_of
from frs_pipeline.intake.ledger import ledger_schema, read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.validation import validate
from frs_pipeline.intake.withdrawals import CONFERENCES, held_conferences, withdrawn_conferences
from frs_pipeline.store.deliveries import LEDGER
from frs_pipeline.store.files import read, rows_in
from frs_pipeline.store.plan import AssetPath
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.texts import written

DESCRIPTION, WITHDRAWN, LEDGER_ROWS, CODEBOOK = (
    ("validated", name) for name in ("description", "withdrawn_conferences", "ledger", "codebook")
)
QUARANTINE, NOTED = ("quarantine",), ("noted",)


def assets(study: Study) -> list[AssetsDefinition]:
    return [*(_validated(study, name) for name in instruments(study)), *_registers(study), *_whole_delivery(study)]


def _validated(study: Study, instrument: str) -> AssetsDefinition:
    title = questionnaires(study)[instrument].title
    described = {
        "validated": f"{title}: accepted forms. Restricted: carries conference numbers.",
        **({"texts": f"{title}: what was written on them. Restricted."} if instrument in written(study) else {}),
        "rejected": f"{title}: forms set aside whole, one row per reason. Restricted.",
        "noted": f"{title}: what was found and set nothing aside. Restricted.",
        "applied": f"{title}: to how many forms each rule was applied, and to how many it couldn't be; counts only.",
        "withdrawn": f"{title}: how many forms were withdrawn, by reason; nothing of the forms.",
    }
    accepted = ("validated", instrument)
    outputs: dict[AssetPath, str] = {(layer, instrument): description for layer, description in described.items()}
    checks = [conservation_spec(key_of(study, accepted))]

    @makes_together(study, f"validate_{instrument}", outputs, kinds={"pandera", "parquet"}, checks=checks)
    def _asset(context: AssetExecutionContext) -> Made:
        with making(context, *outputs) as store:
            intake = intake_as_made(store)
            forms = read_export(study, store.raw(instrument))
            result = validate(forms, questionnaires(study)[instrument], intake, store.waiting())
            counts = (result.delivered, result.forms.num_rows, result.set_aside, result.withdrawn)
            check = conservation(key_of(study, accepted), *counts)
            if check.passed:
                yield produced(context, accepted, result.forms, **from_columns(study, result.columns))
                if ("texts", instrument) in outputs:
                    yield produced(context, ("texts", instrument), result.texts)
                yield produced(context, ("rejected", instrument), result.rejected)
                yield produced(context, ("noted", instrument), result.noted)
                yield produced(context, ("applied", instrument), result.applied)
                yield produced(context, ("withdrawn", instrument), result.left)
            yield check

    return _asset


def _registers(study: Study) -> list[AssetsDefinition]:
    @makes(study, DESCRIPTION, kinds={"yaml", "parquet"})
    def description(context: AssetExecutionContext) -> MaterializeResult[None]:
        """What the delivery says about itself: whether its forms are made up."""
        with making(context, DESCRIPTION) as store:
            return produced(context, DESCRIPTION, described(made_up=made_up(store)))

    @makes(study, WITHDRAWN, kinds={"parquet"})
    def withdrawn_numbers(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Conferences that were withdrawn whole: their numbers, by which the exports name their forms. Restricted."""
        with making(context, WITHDRAWN) as store:
            withdrawals = withdrawals_of(store)
            whole = [entry for entry in withdrawals if entry.conference]
            table = withdrawn_conferences(whole, open_codebook(store)) if whole else CONFERENCES.empty_table()
            return produced(context, WITHDRAWN, table)

    @makes(study, LEDGER_ROWS, kinds={"parquet"})
    def ledger(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Kontering: conferences in the accounting records. Restricted: carries conference numbers."""
        with making(context, LEDGER_ROWS) as store:
            booked = (
                read_ledger(study, store.raw(LEDGER))
                if "ledger" in about(study).registers
                else ledger_schema(study).empty_table()
            )
            return produced(context, LEDGER_ROWS, held_conferences(booked, read(store.file(*WITHDRAWN))))

    @makes(study, CODEBOOK, kinds={"age", "parquet"})
    def codebook(context: AssetExecutionContext) -> MaterializeResult[None]:
        """The pipeline's part of the codebook: number, pseudonym, occasion, date; no personal number. Restricted."""
        with making(context, CODEBOOK) as store:
            return produced(context, CODEBOOK, held_conferences(open_codebook(store), read(store.file(*WITHDRAWN))))

    return [description, withdrawn_numbers, ledger, codebook]


def _whole_delivery(study: Study) -> list[AssetsDefinition]:
    @makes(study, QUARANTINE, kinds={"parquet"})
    def quarantine(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Every form that was set aside, with file, line, every reason and its whole row. Restricted: holds delivered values."""
        with making(context, QUARANTINE) as store:
            aside = quarantined([store.file("rejected", name) for name in instruments(study)], store.waiting())
            return produced(context, QUARANTINE, aside)

    @makes(study, NOTED, kinds={"parquet"}, checks=[admission_spec(key_of(study, NOTED))])
    def noted(context: AssetExecutionContext) -> Made:
        """What was found and set nothing aside: warnings and accepted findings. Made only if not too much was set aside."""
        with making(context, NOTED) as store:
            accepted = {name: rows_in(store.file("validated", name)) for name in instruments(study)}
            notes = [store.file("noted", name) for name in instruments(study)]
            quarantine = store.file(*QUARANTINE)
            result, counts = remarks(intake_as_made(store), accepted, quarantine, notes, store.waiting(), applied_in(store))
            yield produced(context, NOTED, result)
            yield admission(key_of(study, NOTED), **counts)

    return [quarantine, noted]
