"""marts: what researchers work with, one row per form or conference, under pseudonyms."""

import numpy as np
from dagster import AssetCheckSpec, AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, from_columns, key_of, makes, making, produced
from frs_pipeline.checks.contracts import grain, grain_counted, grain_spec
from frs_pipeline.checks.reconciliation import every_form, every_form_spec
from frs_pipeline.codebook.cases import background_from, cases_from, with_cases
from frs_pipeline.codebook.pseudonyms import mart_from
from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.delivery import withdrawals_of
from frs_pipeline.store.files import Store, read, schema_of, stream
from frs_pipeline.store.manifest import due
from frs_pipeline.store.plan import AssetPath, products
from frs_pipeline.store.rows import Rows, sorted_by
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import background, questionnaires
from frs_pipeline.tables.nonresponse import conferences, conferences_from, forms_of
from frs_pipeline.tables.render import Grid
from frs_pipeline.tables.together import different_forms, refuse_what_cannot_be_counted, where_forms_are

CONFERENCE = ("marts", "conference")


def assets(study: Study) -> list[AssetsDefinition]:
    return [*(_mart(study, instrument) for instrument in instruments(study)), *_conference(study)]


def _checks(study: Study, key: AssetPath) -> list[AssetCheckSpec]:
    return [grain_spec(key_of(study, key)), every_form_spec(key_of(study, key))]


def _mart(study: Study, instrument: str) -> AssetsDefinition:
    key, questionnaire = ("marts", instrument), questionnaires(study)[instrument]
    description = f"{questionnaire.title}: one row a form; integer codes, null = not answered."

    @makes(study, key, kinds={"parquet"}, description=description, checks=_checks(study, key))
    def _asset(context: AssetExecutionContext) -> Made:
        with making(context, key) as store:
            if store.parts():
                refuse_what_cannot_be_counted(store)
                yield from _together(context, store, instrument)
                return
            # By form id, so that the order of rows doesn't depend on how the export was sorted.
            forms, folder = store.file("pseudonymised", instrument), store.waiting()
            rows = sorted_by(Rows.of(stream(forms), schema_of(forms), folder), ("form_id",), folder)
            checks = [grain(key_of(study, key), rows), every_form(key_of(study, key), [forms], rows.num_rows)]
            yield produced(context, key, rows, preview=_answered(rows), **from_columns(study, mart_from(questionnaire)))
            yield from checks

    return _asset


def _together(context: AssetExecutionContext, store: Store, instrument: str) -> Made:
    """List where the forms of several deliveries are, instead of copying them."""
    late = next((part for part in store.parts() if due(part)), None)
    if late is not None:
        raise CheckFailed(f"delivery {late.delivery} is out of date", where=store.delivery, do=f"{late.refreshed_by} first")
    withdrawn = {}
    for part in store.parts():
        entries = withdrawals_of(part)
        withdrawn[part.delivery] = ([e.form for e in entries if e.form], [e.conference for e in entries if e.conference])
    key, parts = ("marts", instrument), where_forms_are(store, instrument, withdrawn)
    forms, again = (sum(parts[name].to_pylist()) for name in ("forms", "again"))
    checks = [
        grain_counted(key_of(store.study, key), forms - again, different_forms(store, instrument)),
        every_form(key_of(store.study, key), [part.file(*key) for part in store.parts()], forms),
    ]
    yield produced(context, key, parts, forms=forms - again, again=again)
    yield from checks


def _answered(mart: Rows) -> MetadataValue:
    """Make a preview without a single form: how many answered each question."""
    blank = np.zeros(len(mart.schema), dtype=int)
    for batch in mart.batches():
        blank += [column.null_count for column in batch.columns]
    rows = tuple(
        (field.name, (field.metadata or {}).get(b"text", b"").decode(), str(mart.num_rows - number))
        for field, number in zip(mart.schema, blank, strict=True)
    )
    return MetadataValue.md(Grid("", ("column", "question", "answered"), rows).markdown())


def _conference(study: Study) -> list[AssetsDefinition]:
    if CONFERENCE not in products(study):
        return []

    @makes(study, CONFERENCE, kinds={"parquet"}, checks=_checks(study, CONFERENCE))
    def conference(context: AssetExecutionContext) -> Made:
        """One row per conference: its occasion, whether codebook and ledger have it, how many forms of each kind came in."""
        with making(context, CONFERENCE) as store:
            codebook, ledger = read(store.file("validated", "codebook")), read(store.file("validated", "ledger"))
            sources = {instrument: store.file("pseudonymised", instrument) for instrument in instruments(study)}
            forms = {instrument: read(path, ["conference_id"]) for instrument, path in sources.items()}
            table = conferences(study, with_cases(study, codebook, ledger), ledger, forms)
            key = key_of(study, CONFERENCE)
            checks = [grain(key, table), every_form(key, sources.values(), forms_of(study, table))]
            cases = cases_from() if about(study).cases else {}
            yield produced(
                context,
                CONFERENCE,
                table,
                **from_columns(study, conferences_from(study) | cases | background_from(background(study))),
            )
            yield from checks

    return [conference]
