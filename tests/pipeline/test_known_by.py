"""Studies whose forms are known by other things than ours: every combination that makes sense, from export to report."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from support.foreign import FORMS, GROUPS, NAME, KnownBy, make
from support.running import curated

from frs_pipeline.lineage.passport import Passports
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.tables.figures import from_table

COMBINATIONS = [
    KnownBy(id, number, times, status, registers)
    for id, (number, registers), (times, status) in product(
        (True, False),
        (
            (2, ("codebook", "ledger")),
            (1, ("codebook", "ledger")),
            (1, ("codebook",)),
            (1, ("ledger",)),
            (2, ()),
            (1, ()),
            (0, ()),
        ),
        ((True, True), (False, False)),
    )
]


@pytest.mark.parametrize("known", COMBINATIONS, ids=str)
def test_a_delivery_becomes_a_report(known: KnownBy, tmp_path: Path) -> None:
    settings = make(tmp_path, known)
    done = refresh(settings)
    assert done.vouched
    assert (done.summary["accepted"], done.summary["quarantined"]) == (FORMS, 0)
    store = Store(settings, NAME)
    mart = pd.read_parquet(store.file("marts", "participant"))
    assert ("conference_id" in mart) == (known.number > 0)
    if known.number:
        assert mart["conference_id"].nunique() == GROUPS == done.summary["conferences"]
        conferences = pd.read_parquet(store.file("marts", "conference"))
        assert conferences["participants_forms"].sum() == FORMS
        assert ("in_ledger" in conferences) == (len(known.registers) == 2)
    else:
        assert "conferences" not in done.summary
    assert (("statistics", "unit_nonresponse") in store.products) == bool(known.registers)
    counts = {
        f.row: f.value for f in from_table(read(store.file("statistics", "figures"))) if (f.table, f.measure) == (1, "count")
    }
    counted = mart["overall"].value_counts()
    assert sorted(v for k, v in counts.items() if v and k not in ("Total", "Total valid", "Missing")) == sorted(counted)
    numbers = {str(40_000 + at) for at in range(GROUPS)}
    for path in settings.curated(NAME).rglob("*.html"):
        assert not numbers & set(path.read_text(encoding="utf-8").split())
    before = curated(settings)
    assert refresh(settings).made == ()
    assert curated(settings) == before


@pytest.mark.parametrize("registers", [(), ("ledger",)], ids=str)
def test_a_study_without_personal_identifiers_has_no_codebook_and_asks_for_no_key(
    registers: tuple[str, ...], tmp_path: Path
) -> None:
    settings = make(tmp_path, KnownBy(number=1, registers=registers))
    with (settings.study.folder / "study.yaml").open("a", encoding="utf-8") as file:
        file.write("personal_id: none\n")
    settings = Settings(Study(settings.study.folder), settings.data, None)
    assert refresh(settings).vouched
    assert not [path for path in settings.data.rglob("*") if path.suffix == ".age" or path.name.endswith(".key")]


@pytest.mark.parametrize("registers", [("ledger",), ("codebook", "ledger")], ids="+".join)
def test_conferences_are_counted_by_whichever_register_knows_them(registers: tuple[str, ...], tmp_path: Path) -> None:
    made = make(tmp_path, KnownBy(True, 1, True, True, registers))
    for name, more in (
        ("study", "background:\n  - {name: quarter, text: Quarter, quarters: [2015-Q1, 2026-Q4], sensitivity: personal}\n"),
        ("tables", '  - {number: 90, title: "", kind: frequency, mart: conference, variable: quarter}\n'),
    ):
        path = made.study.folder / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    settings = replace(made, study=Study(made.study.folder))
    assert refresh(settings).vouched
    store = Store(settings, NAME)
    passports = Passports(settings.study, store)
    found = [passports.of(figure.address) for figure in from_table(read(store.file("statistics", "table_90")))]
    assert [check.name for passport in found for check in passport.checks if not check.passed] == []
    total = next(passport for passport in found if passport.address.row == "Total valid")
    assert total.value == GROUPS
    assert ("codebook" in total.definition.english) == ("codebook" in registers)
