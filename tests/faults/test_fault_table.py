"""Each fault alone in a good delivery: the rule that catches it, and that every other form goes through untouched."""

from __future__ import annotations

import itertools
import json

import pytest
from support.big_delivery import NAME, PREFIX, Big, instruments, take_in
from support.counting import forms_in
from support.fault_table import OTHER_FORMS, SAME, SECRET, TABLE
from support.study import STUDY

from frs_pipeline.errors import FrsError
from frs_pipeline.study.rules import KINDS, policy

ROWS = {**TABLE, **SAME, **OTHER_FORMS}


@pytest.fixture(scope="module")
def known():
    """What came of exports before."""
    return {}


@pytest.fixture(scope="module")
def good(four, known, tmp_path_factory):
    """What comes of the delivery before anything is planted in it."""
    big = Big(four)
    outcome = take_in(big.write(tmp_path_factory.mktemp("good")), four, tmp_path_factory.mktemp("waiting"), known)
    assert outcome.delivered == len(outcome.forms) == big.delivered()
    assert (outcome.quarantine, outcome.noted) == ([], [])
    return outcome


@pytest.fixture
def taken_in(four, known, tmp_path):
    """`taken_in(big)`: what comes of this delivery."""

    def taken_in(big):
        (tmp_path / "waiting").mkdir()
        return take_in(big.write(tmp_path / "data"), four, tmp_path / "waiting", known)

    return taken_in


@pytest.mark.parametrize("name", ROWS)
def test_each_fault_is_caught_by_its_rule_and_every_other_form_goes_through(good, four, taken_in, tmp_path, name):
    big = Big(four)
    expected = ROWS[name](big)
    if expected.stops:
        with pytest.raises(FrsError) as raised:
            taken_in(big)
        assert_told(str(raised.value), expected, big, tmp_path / "data")
        return
    found = taken_in(big)

    set_aside = {(row["instrument"], row["line"]) for row in found.quarantine}
    assert len(found.forms) + len(set_aside) + found.withdrawn == found.delivered == big.delivered() - expected.passed
    # What was delivered is counted in the files as well, by what doesn't read them in a run.
    assert found.delivered == sum(forms_in(tmp_path / "data" / "raw" / NAME / name) for name in instruments(STUDY))
    assert sum(note["rule"] == "rows_blank" for note in found.noted) == expected.passed
    assert found.withdrawn == expected.withdrawn

    gone = set(expected.aside) if expected.gone is None else expected.gone
    forms = {form: answers for form, answers in good.forms.items() if form not in gone}
    for form, (model, differs) in expected.added.items():
        forms[form] = {**good.forms[model], **differs}
    for form, differs in expected.changed.items():
        assert any(forms[form][name] != value for name, value in differs.items())
        forms[form] = {**forms[form], **differs}
    assert found.forms == forms

    rules: dict[str, set[str]] = {}
    for row in found.quarantine:
        rules.setdefault(row["form_id"], set()).add(row["rule"])
    assert rules == expected.aside
    assert len(set_aside) == len(rules)
    for row in found.quarantine:
        assert_whole(row, big, expected)

    notes = {(row["rule"], row["form_id"] or row["value"], row["severity"]) for row in found.noted}
    assert notes == expected.notes
    assert len(found.noted) == len({(*note.values(),) for note in found.noted})
    for note in found.noted:
        assert note["message"] == policy(STUDY).rules[note["rule"]].message
        assert (note["severity"] == "accepted") == bool(note["reason"] and note["who"] and note["expires"])


def assert_whole(row, big, expected):
    """A row of the quarantine says where the form lies and holds all of it, as it was delivered."""
    instrument, form = row["instrument"], big.form_of.get(row["instrument"], "csv")
    at = row["line"] - (form != "sav")
    cells = big.cells(instrument, at)
    assert row["form_id"] == f"{PREFIX[instrument]}-{number_of(cells, row['line'])}"
    assert row["file"] == f"{instrument}/{'dataset.csv' if form == 'csv' else f'export.{form}'}"
    assert json.loads(row["row"]) == cells
    assert row["value"] == (cells[row["column"]] if expected.value is None else expected.value)
    assert row["message"] == policy(STUDY).rules[row["rule"]].message
    if row["rule"] == "respondent_twice":
        assert number_of(cells, 0) in [number_of(big.cells(instrument, earlier), 0) for earlier in range(1, at)]


def number_of(cells, line):
    """What stands for a form in its id: the respondent id, or the line where it is none."""
    text = cells["responde"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else f"line{line}"


def assert_told(error, expected, big, data):
    """One line that names rule, file and line, and no value of a form."""
    assert "\n" not in error
    raw = data / "raw" / NAME
    place = expected.where if expected.where in ("", *instruments(STUDY)[3:]) else raw / expected.where
    assert error.startswith(f"{place}: " if expected.where else expected.stops)
    assert expected.stops in error
    bare = error.replace(str(raw), "").replace(str(data), "")
    delivered = {
        cell for name in instruments(STUDY) for row in big.rows(name)[1:] for cell in row if len(cell) > 4 and " " not in cell
    }
    keys = {entry.conference_id for entry in big.entries} | {str(entry.conference_number) for entry in big.entries}
    assert not [value for value in delivered | keys | {SECRET} if value in bare]


def test_the_table_has_enough_faults_and_every_rule_catches_one_of_them(four):
    expected = {name: row(Big(four)) for name, row in TABLE.items()}
    faults = [name for name, expects in expected.items() if expects.fault]
    assert len(faults) >= 60
    caught = set(itertools.chain.from_iterable(expects.rules for expects in expected.values()))
    assert caught == set(KINDS)
    assert not [name for name, row in SAME.items() if row(Big(four)).fault]
