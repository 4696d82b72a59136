"""Misprints in printed tables: those that could be seen are found, nothing is said without one, and the marker can fail."""

from __future__ import annotations

import importlib
from dataclasses import replace
from types import ModuleType

import pytest
from support.study import STUDY

from frs_pipeline.printed.auditing import audit
from frs_pipeline.printed.model import PrintedTables, printed_tables
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study.tables import Address

FEW, SEED = 40, 5
REPORTS = range(6)


@pytest.fixture(scope="module")
def misprints() -> ModuleType:
    return imported("misprints")


@pytest.fixture(scope="module")
def identities() -> ModuleType:
    return imported("identities")


def imported(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT / "benchmarks"))
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def consistent(misprints: ModuleType) -> PrintedTables:
    return misprints.consistent(STUDY)


def changed(tables: PrintedTables, address: Address, text: str) -> PrintedTables:
    table = tables.tables[address.table]
    assert table.figures[address] != text
    return replace(tables, tables={**tables.tables, address.table: replace(table, figures={**table.figures, address: text})})


def test_misprints_that_break_an_identity_are_found(misprints: ModuleType, consistent: PrintedTables) -> None:
    planted = misprints.plant(consistent, FEW, SEED)
    assert len(planted) == FEW
    seen = [one for one in misprints.outcomes(consistent, planted) if one.breaks]
    assert len(seen) > FEW / 2
    missed = [one.misprint.text for one in seen if not one.found]
    assert 100 * len(missed) <= (100 - misprints.AIM) * len(seen), missed


def test_nothing_is_said_of_consistent_tables(misprints: ModuleType, consistent: PrintedTables) -> None:
    assert audit(consistent) == ()
    made_up = imported("made_up_reports")
    assert {number: audit(made_up.made_up(number)) for number in REPORTS} == dict.fromkeys(REPORTS, ())


def test_made_up_reports_break_no_identity(identities: ModuleType) -> None:
    made_up = imported("made_up_reports")
    for number in REPORTS:
        if made_up.habit_of(number) != made_up.CUT_OFF:
            assert identities.broken(made_up.made_up(number)) == frozenset()


# The known contradictions of the shipped report that are of one of the identities.
KNOWN = {
    ("all of it", (35,)),
    ("percent of the other", (35, 70)),
    ("printed twice", (35, 70)),
    ("cumulative", (38,)),
    ("valid and missing", (38,)),
    ("per cent of counts", (40,)),
    ("per cent of counts", (41,)),
    ("per cent of counts", (70,)),
    ("part of the answers", (76, 32)),
}


def test_the_marker_sees_what_is_known_of_the_report(identities: ModuleType, consistent: PrintedTables) -> None:
    assert {(b.what, b.tables) for b in identities.broken(printed_tables(STUDY))} == KNOWN
    assert identities.broken(consistent) == frozenset()


@pytest.mark.parametrize(
    ("address", "wrong", "what"),
    [
        (Address(1, "barn", "god", "", "count"), "38", "cells of a row"),
        (Address(1, "barn", "god", "", "count"), "38", "cells of a column"),
        (Address(1, "barn", "god", "", "count"), "38", "printed twice"),
        (Address(1, "barn", "god", "", "row_percent"), "32,3%", "per cent of counts"),
        (Address(4, "i midten", "", "", "count"), "87", "answers"),
        (Address(4, "Missing", "", "", "count"), "96", "valid and missing"),
        (Address(3, "God", "", "", "count"), "956", "files added up"),
        (Address(4, "Total", "", "", "count"), "1276", "forms of a file"),
        (Address(4, "i midten", "", "", "cumulative_percent"), "95,3", "cumulative"),
        (Address(4, "i midten", "", "", "cumulative_percent"), "85,2", "monotone"),
        (Address(4, "ved ikke", "", "", "cumulative_percent"), "1000", "per cent"),
        (Address(35, "Lav konflikt", "Høj trivsel", "", "total_percent"), "39%", "all of it"),
        (Address(35, "Lav konflikt", "Høj trivsel", "", "total_percent"), "31%", "percent of the other"),
        (Address(10, "", "", "", "gamma"), "6,84", "gamma"),
        (Address(10, "", "", "", "ase"), "-,023", "ASE"),
        (Address(10, "", "", "", "p"), "1,001", "p"),
        (Address(68, "", "", "", "t"), "7,875", "sign of T"),
        (Address(49, "", "", "mor", "t"), "1,887", "p of T"),
        (Address(49, "", "", "Total", "partial_gamma"), ",725", "partial gamma"),
        (Address(49, "", "", "barn", "n"), "901", "groups"),
        (Address(49, "", "", "barn", "n"), "190", "part of the answers"),
        (Address(10, "", "", "", "n"), "9123", "part of the answers"),
        (Address(10, "", "", "", "n"), "123", "both of two"),
        (Address(18, "", "", "", "n"), "1128", "N of the table"),
        (Address(18, "", "", "", "ase"), ",053", "recomputed"),
    ],
)
def test_the_marker_says_which_identity_a_misprint_breaks(
    identities: ModuleType, consistent: PrintedTables, address: Address, wrong: str, what: str
) -> None:
    assert what in {b.what for b in identities.broken(changed(consistent, address, wrong)) if address.table in b.tables}


def test_every_identity_of_the_list_is_tried() -> None:
    marks = [mark for mark in test_the_marker_says_which_identity_a_misprint_breaks.pytestmark if mark.name == "parametrize"]
    assert {what for _, _, what in marks[0].args[1]} == imported("printed_numbers").LISTED.keys()


def test_the_last_digit_of_an_ase_without_cells_cant_be_seen(identities: ModuleType, consistent: PrintedTables) -> None:
    assert identities.broken(changed(consistent, Address(10, "", "", "", "ase"), ",024")) == frozenset()


def test_a_marker_that_marks_everything_or_an_audit_that_says_nothing_fails(
    misprints: ModuleType, consistent: PrintedTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = misprints.plant(consistent, FEW, SEED)
    monkeypatch.setattr(misprints, "audit", lambda tables: ())
    silent = misprints.Results(1, SEED, misprints.outcomes(consistent, planted), [], [], {})
    assert "fewer than 98 %" in misprints.demanded(silent)[0]


def test_misprints_are_what_happens_in_print() -> None:
    planting = imported("planting")
    assert {way: {wrong for w, wrong in planting.wrongly("-,35") if w == way} for way in planting.WAYS} == {
        "a digit changed": {f"-,{d}5" for d in "012456789"} | {f"-,3{d}" for d in "012346789"},
        "two digits exchanged": {"-,53"},
        "a sign lost": {",35"},
        "a comma moved": {"-3,5"},
        "a digit lost": {"-,3", "-,5"},
    }
    assert {wrong for way, wrong in planting.wrongly("59,5%") if way in planting.WAYS[3:]} == {
        "5,95%",
        "595%",
        "9,5%",
        "5,5%",
        "59%",
    }
    # The same number again is no misprint, and nothing isn't a figure.
    assert "0" not in {wrong for _, wrong in planting.wrongly("00")}
    assert {way for way, _ in planting.wrongly("7")} == {"a digit changed"}
    ways = {way for way, _ in planting.wrongly(",286")}
    assert "a sign lost" not in ways


def test_the_same_seed_plants_the_same(misprints: ModuleType, consistent: PrintedTables) -> None:
    again = misprints.plant(consistent, FEW, SEED)
    assert misprints.plant(consistent, FEW, SEED) == again
    assert len({(one.address, one.wrong) for one in again}) == FEW
    assert misprints.plant(consistent, FEW, SEED + 1) != again
