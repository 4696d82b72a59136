"""pseudonymised: conference numbers replaced by the codebook's pseudonyms."""

from dagster import AssetExecutionContext, AssetsDefinition

from frs_pipeline.assets.wiring import Made, from_columns, key_of, makes, making, produced
from frs_pipeline.checks.reconciliation import conservation, conservation_spec
from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import mart_schema, pseudonymise, pseudonymised_from
from frs_pipeline.store.files import read, rows_in, stream
from frs_pipeline.store.rows import Rows
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.texts import coded


def assets(study: Study) -> list[AssetsDefinition]:
    return [_pseudonymised(study, instrument) for instrument in instruments(study)]


def _pseudonymised(study: Study, instrument: str) -> AssetsDefinition:
    key, questionnaire = ("pseudonymised", instrument), questionnaires(study)[instrument]
    description = f"{questionnaire.title}: forms under their conference's pseudonym."

    @makes(study, key, kinds={"parquet"}, description=description, checks=[conservation_spec(key_of(study, key))])
    def _asset(context: AssetExecutionContext) -> Made:
        with making(context, key) as store:
            validated = store.file("validated", instrument)
            codebook, ledger = (read(store.file("validated", name)) for name in ("codebook", "ledger"))
            codes = read(store.file("coded", instrument)) if instrument in coded(study) else None
            forms = pseudonymise(stream(validated), with_cases(study, codebook, ledger), questionnaire, codes)
            rows = Rows.of(forms, mart_schema(questionnaire), store.waiting())
            check = conservation(key_of(study, key), rows_in(validated), rows.num_rows, 0, 0)
            if check.passed:
                yield produced(context, key, rows, **from_columns(study, pseudonymised_from(questionnaire)))
            yield check

    return _asset
