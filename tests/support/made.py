"""The products of a tiny delivery up to the figures, made without a run: what `impact` reads, and what it is held against."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import mart_schema, pseudonymise
from frs_pipeline.intake.delivery import quarantined
from frs_pipeline.intake.remarks import REJECTED
from frs_pipeline.lineage.impact import ResultAddress, Value, nonresponse_places, placed
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import products
from frs_pipeline.store.rows import Rows, sorted_by
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import fetch, open_marts
from frs_pipeline.tables.figures import as_table, figures, from_table
from frs_pipeline.tables.nonresponse import answers_by_occasion, conferences, conferences_alike, item, ledger_only, unit
from support.study import STUDY


def make_products(delivery: Any) -> Store:
    """Everything that a run makes of the delivery's forms, but for what nobody counts from."""
    store, intake = Store(delivery.settings, delivery.name), delivery.intake()

    def write(*key: str, rows: pa.Table | Rows) -> None:
        store.write(products(STUDY)[key], rows)

    write("validated", "codebook", rows=intake.codebook)
    write("validated", "ledger", rows=intake.ledger)
    write("validated", "withdrawn_conferences", rows=intake.withdrawals.conferences)
    forms, book = {}, with_cases(STUDY, intake.codebook, intake.ledger)
    for name in instruments(STUDY):
        result = delivery.validated(name)
        write("validated", name, rows=result.forms)
        write("rejected", name, rows=result.rejected)
        write("withdrawn", name, rows=result.left)
        schema = mart_schema(questionnaires(STUDY)[name])
        under_pseudonyms = Rows.of(pseudonymise(result.forms.batches(), book, questionnaires(STUDY)[name]), schema)
        forms[name] = sorted_by(under_pseudonyms, ("form_id",)).table()
        write("marts", name, rows=forms[name])
    aside = quarantined([store.file("rejected", name) for name in instruments(STUDY)], store.waiting())
    write("quarantine", rows=aside if aside.num_rows else Rows(REJECTED))
    write("marts", "conference", rows=conferences(STUDY, book, intake.ledger, forms))
    marts = open_marts({name: store.file("marts", name) for name in (*instruments(STUDY), "conference")})
    counted = count(catalogue(STUDY).values(), marts)
    found = [figure for number, table in catalogue(STUDY).items() for figure in figures(table, counted[number])]
    write("statistics", "figures", rows=as_table(found))
    alike, alone = fetch(conferences_alike(marts["conference"])), ledger_only(intake.codebook, intake.ledger)
    write("statistics", "unit_nonresponse", rows=unit(STUDY, alike, alone, delivery.name))
    answers = {name: fetch(answers_by_occasion(STUDY, name, marts[name])) for name in instruments(STUDY)}
    write("statistics", "item_nonresponse", rows=item(STUDY, answers, delivery.name))
    return store


def every_figure(store: Store) -> dict[ResultAddress, Value]:
    """All figures of tables and of non-response, as the files have them."""
    found, units, items = (read(store.file("statistics", name)) for name in ("figures", "unit_nonresponse", "item_nonresponse"))
    return placed(from_table(found)) | nonresponse_places(units, items)
