"""`frs run --all`: every delivery, the oldest first, whatever becomes of the others."""

from __future__ import annotations

import json
import shutil

import pytest

from frs_pipeline.errors import CheckFailed, InputError, UsageError
from frs_pipeline.operations import refresh as refreshing
from frs_pipeline.operations.refresh import Refresh

BEFORE, AFTER = "2020-12-31", "2021-12-31"


def test_a_broken_one_keeps_none_of_the_others_back(delivery, run) -> None:
    for name in (BEFORE, AFTER):
        shutil.copytree(delivery.folder, delivery.settings.raw_delivery(name))
        (delivery.settings.raw_delivery(name) / "kontering.csv").unlink()
    (delivery.settings.curated(delivery.name) / "formats.parquet").unlink()
    code, out, err = run(delivery.data, "run", "--all")
    first, second, third = out.splitlines()
    assert first == f"Delivery {BEFORE} failed."
    assert second.startswith(f"Delivery {delivery.name}: 1 file made in ")
    assert third == f"Delivery {AFTER} failed."
    assert [line.count("kontering.csv: missing file") for line in err.splitlines()] == [1, 1]
    assert code == 3
    code, out, _ = run(delivery.data, "run", "--all", "--json")
    assert code == 3
    found = json.loads(out)
    assert [(each["delivery"], bool(each["error"]), bool(each["summary"])) for each in found] == [
        (BEFORE, True, False),
        (delivery.name, False, True),
        (AFTER, True, False),
    ]


@pytest.fixture
def answers(monkeypatch):
    """What a refresh of each delivery is going to be, by name; those that were asked, in their order."""
    known, asked = {}, []

    def refresh(_settings, name, *_, **_more):
        asked.append(name)
        if isinstance(known[name], Exception):
            raise known[name]
        return known[name]

    monkeypatch.setattr(refreshing, "refresh", refresh)
    return known, asked


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ([None, None], 0),
        ([CheckFailed("a check"), None], 1),
        ([ValueError("610190-1234"), None], 1),
        ([InputError("a file"), CheckFailed("a check")], 3),
    ],
)
def test_it_ends_with_the_worst_of_all(tmp_path, run, answers, ends, code) -> None:
    known, asked = answers
    for name, end in zip((BEFORE, AFTER), ends, strict=True):
        (tmp_path / "raw" / name).mkdir(parents=True)
        known[name] = end or Refresh(name, (), {"forms": 1})
    found, out, err = run(tmp_path, "run", "--all")
    assert found == code
    assert asked == [BEFORE, AFTER]
    assert len(out.splitlines()) == 2
    assert len(err.splitlines()) == sum(end is not None for end in ends)
    assert "610190" not in out + err


def test_wrong_use_is_told_once(tmp_path, run, answers) -> None:
    known, asked = answers
    for name in (BEFORE, AFTER):
        (tmp_path / "raw" / name).mkdir(parents=True)
        known[name] = UsageError("no such asset", where="mart")
    assert run(tmp_path, "run", "--all", "--select", "mart") == (2, "", "frs: mart: no such asset\n")
    assert asked == [BEFORE]
    assert run(tmp_path, "run", "--all", "--delivery", BEFORE)[0] == 2


def test_without_a_delivery_there_is_nothing_to_run(tmp_path, run) -> None:
    code, _, err = run(tmp_path, "run", "--all")
    assert (code, err.count("no delivery")) == (3, 1)


def test_results_without_a_delivery_are_told_by_the_run_and_the_doctor(delivery, run) -> None:
    shutil.copytree(delivery.settings.curated(delivery.name) / "report", delivery.settings.curated(BEFORE) / "report")
    code, out, err = run(delivery.data, "run", "--all")
    assert (code, out) == (0, f"Delivery {delivery.name} is up to date: nothing to do.\n")
    told = f"there are results, but no delivery (put it back under raw/{BEFORE}, or remove curated/{BEFORE})"
    assert err == f"frs: {BEFORE}: {told}\n"
    code, out, _ = run(delivery.data, "doctor")
    assert code == 1
    assert f"FAIL Delivery {BEFORE}: {told}\n" in out
