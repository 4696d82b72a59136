"""Occasions are the study's: any number of them, by any name, in its order."""

from __future__ import annotations

import pandas as pd
import pytest
from support.foreign import FORMS, NAME, KnownBy, make

from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.tables.figures import from_table

# Neither their names nor the ledger's words are in the order of the alphabet.
OCCASIONS = (("start", "begyndelse"), ("midway", "midtvejs"), ("end", "afslutning"), ("a_year_later", "efter et år"))


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = make(tmp_path_factory.mktemp("occasions"), KnownBy(occasions=OCCASIONS))
    tables = settings.study.folder / "tables.yaml"
    lines = [
        f"  - {{number: {number}, title: {name}, kind: frequency, mart: participant, variable: overall, occasion: {name}}}\n"
        for number, (name, _) in enumerate(OCCASIONS, start=11)
    ]
    tables.write_text(tables.read_text(encoding="utf-8") + "".join(lines), encoding="utf-8")
    settings = Settings(type(settings.study)(settings.study.folder), settings.data, settings.key)
    done = refresh(settings)
    assert (done.summary["accepted"], done.summary["quarantined"]) == (FORMS, 0)
    return settings


@pytest.mark.parametrize(("number", "occasion"), list(enumerate((name for name, _ in OCCASIONS), start=11)))
def test_a_table_of_one_occasion_counts_its_forms(refreshed: Settings, number: int, occasion: str) -> None:
    store = Store(refreshed, NAME)
    mart = pd.read_parquet(store.file("marts", "participant"))
    expected = (mart["occasion"] == occasion).sum()
    figures = from_table(read(store.file("statistics", "figures")))
    (total,) = [f.value for f in figures if (f.table, f.row, f.measure) == (number, "Total", "count")]
    assert total == expected == FORMS / len(OCCASIONS)


def test_nonresponse_is_told_in_their_order(refreshed: Settings) -> None:
    rows = pd.read_parquet(Store(refreshed, NAME).file("statistics", "unit_nonresponse"))
    assert list(rows["occasion"].unique()) == [*(name for name, _ in OCCASIONS), "both"]
    assert list(rows["conferences"][rows["measure"] == "in_codebook"]) == [3, 3, 3, 3, 12]
    page = (refreshed.curated(NAME) / "report" / "frafald.html").read_text(encoding="utf-8")
    places = [page.index(f"{name.capitalize()} one") for name, _ in OCCASIONS]
    assert places == sorted(places)
