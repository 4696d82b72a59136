"""What goes by policy, and what never does: only what can be made again, as it was; and nothing makes it unasked."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, build_sensor_context
from support.night import night
from support.small_study import NAME, make_delivery

from frs_pipeline.assets.wiring import deliveries_of
from frs_pipeline.cli import operating as operating_commands
from frs_pipeline.codebook.unjournalled import unjournalled
from frs_pipeline.errors import Busy, CheckFailed, InputError
from frs_pipeline.lineage.differences import differences
from frs_pipeline.operations import refresh as refreshing
from frs_pipeline.operations.doctor import _produced, _withdrawn
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.retention import apply, plan
from frs_pipeline.operations.sensors import new_deliveries, nightly
from frs_pipeline.operations.verify import verify
from frs_pipeline.privacy.search import codebook_of, search_results
from frs_pipeline.store import away, manifest
from frs_pipeline.store.deliveries import deliveries
from frs_pipeline.store.files import Store, read, read_manifest
from frs_pipeline.store.journal import entries
from frs_pipeline.store.journal import verify as examine
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.manifest import added, due, put_away, require_back, root_of
from frs_pipeline.store.plan import table_key
from frs_pipeline.study import Study
from frs_pipeline.study.operating import FILE
from frs_pipeline.study.tables import catalogue
from frs_pipeline.withdrawal import withdrawing

NEWER = "2021-06-30"


def say(delivery: Any, policy: str) -> None:
    (delivery.settings.study.folder / FILE).write_text(f"retention: {policy}\n", encoding="utf-8")


@pytest.fixture
def old(delivery: Any) -> Any:
    """A refreshed delivery and a newer one, as if it had been, by a policy that keeps the results of the newest."""
    settings = delivery.settings
    for place in (settings.raw_delivery, settings.curated, settings.restricted):
        shutil.copytree(place(delivery.name), place(NEWER))
    say(delivery, "{newest_results: 1}")
    return delivery


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_a_policy_nothing_goes(delivery: Any, run: Any) -> None:
    shutil.copytree(delivery.folder, delivery.settings.raw_delivery(NEWER))
    before = tree(delivery.data)
    for arguments in ((), ("--apply", "--yes")):
        code, out, err = run(delivery.data, "retention", *arguments)
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == "Nothing goes."
    assert tree(delivery.data) == before


def test_what_was_delivered_decided_released_or_written_down_stays(old: Any, run: Any) -> None:
    settings, store = old.settings, Store(old.settings, old.name)
    others = {
        settings.curated(old.name) / "release" / "tables.csv",
        settings.restricted(old.name) / "coding" / "sheet.csv",
        settings.restricted(old.name) / "leaked" / "marts" / "x.parquet",
        settings.decided(old.name) / "samples" / "x.csv",
        settings.restricted_zone / "releases" / "a" / "tables.csv",
        settings.fetched / "one" / "receipt.json",
    }
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("somebody's\n", encoding="utf-8")
    listed = {settings.data / name.replace("/", f"/{old.name}/", 1) for name in read_manifest(store)["outputs"]}
    compared = {store.file(*key) for product in store.products.values() for key in product.previous}
    compared |= {store.file(*table_key(number)) for number in catalogue(settings.study)}
    stay = compared | {store.file("validated", "codebook"), store.file("quarantine"), store.file("noted")}
    assert stay < listed
    listed -= stay
    before = tree(old.data)

    code, out, err = run(old.data, "retention")
    assert (code, err) == (0, "")
    assert f"  {old.name}: {len(listed)} files go, " in out
    assert f"; {len(stay)} files stay, for the search for leaks and for {NEWER}, which is compared with them\n" in out
    assert out.splitlines()[-1] == "Nothing was deleted: --apply does it."
    assert tree(old.data) == before

    code, out, err = run(old.data, "retention", "--apply", "--yes", "--reason", "room")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"Deleted {len(listed)} files and 0 runs."
    gone = {settings.data / name for name in before.keys() - tree(old.data).keys()}
    assert gone == listed
    new = {name for name in tree(old.data) if name not in before}
    assert new <= {f"curated/{old.name}/{away.AWAY}", "restricted/access-journal.jsonl", "restricted/access-journal.head"}
    assert {name for name in before if name in tree(old.data) and before[name] != tree(old.data)[name]} <= {
        "restricted/access-journal.jsonl",
        "restricted/access-journal.head",
    }
    last = entries(settings.access_journal)[-1]
    assert (last.event, last.why, last.details["put_away"]) == ("retention", "room", [old.name])
    assert examine(settings.access_journal) == [] == unjournalled(settings)
    assert plan(settings).results == ()


def test_who_asks_for_results_is_told_and_nothing_makes_them_unasked(
    old: Any, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, store = old.settings, Store(old.settings, old.name)
    root = store.root
    assert apply(settings, "room").files
    since, by = away.said(store), f"frs run --delivery {old.name}"
    with pytest.raises(InputError) as told:
        verify(store)
    assert str(told.value) == f"{old.name}: its results are {since}, with the root {root} ({by} makes them again)"
    _, out, _ = run(old.data, "doctor")
    assert f"ok   Delivery {old.name} results: {since}: {by} makes them again\n" in out
    assert not [line for line in out.splitlines() if line.startswith("FAIL") and old.name in line]
    code, _, err = run(old.data, "tables", "1", "--delivery", old.name)
    assert (code, err.count("\n")) == (3, 1)
    assert f": {since} ({by})" in err
    assert set(added(store, read_manifest(store))) == set()

    asked: list[str] = []
    monkeypatch.setattr(operating_commands, "_refreshed", lambda *_: iter(()))
    code, out, _ = run(old.data, "run", "--all")
    assert (code, out) == (0, f"Delivery {old.name} is {since}: {by} makes it again.\n")

    study = settings.study
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(str(deliveries_of(study).name), [old.name, NEWER])
        asked = [request.partition_key for request in night(nightly(study), instance)]
        assert asked == [NEWER]
        first = new_deliveries(study)(build_sensor_context(instance=instance))
        second = new_deliveries(study)(build_sensor_context(instance=instance, cursor=first.cursor))
        assert f"{old.name}: {since} ({by} makes it again)" in first.skip_reason.skip_message
        assert [request.partition_key for request in second.run_requests] == [NEWER]


def test_what_could_not_be_made_again_as_it_is_stays(old: Any, run: Any) -> None:
    settings = old.settings
    before = tree(settings.curated(old.name))
    key = settings.key.read_bytes()
    settings.key.unlink()
    [there] = plan(settings).results
    assert (there.files, "key" in there.why_not) == ((), True)
    settings.key.write_bytes(key)
    ledger = old.path("kontering.csv")
    kept = ledger.read_bytes()
    ledger.write_bytes(kept + b"\r\n")
    code, out, _ = run(old.data, "retention", "--apply", "--yes")
    assert code == 0
    assert f"  {old.name} stays, though it is old: they aren't what would be made now (frs run --delivery {old.name})" in out
    assert out.splitlines()[-1] == "Nothing goes."
    ledger.write_bytes(kept)
    with exclusive(Store(settings, old.name)), pytest.raises(Busy):
        apply(settings, "room")
    assert tree(settings.curated(old.name)) == before
    assert len(plan(settings).results[0].files) > 50


def test_deliveries_that_are_counted_with_others_stay(old: Any) -> None:
    path = old.settings.curated("begge") / "together.yaml"
    path.parent.mkdir()
    path.write_text(f"deliveries:\n  - {old.name}\n  - {NEWER}\n", encoding="utf-8")
    assert plan(old.settings).results == ()


def test_a_newer_delivery_without_results_pushes_none_out(delivery: Any) -> None:
    say(delivery, "{newest_results: 1}")
    shutil.copytree(delivery.folder, delivery.settings.raw_delivery(NEWER))
    assert plan(delivery.settings).results == ()


def test_it_asks_first(old: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(old.data)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, out, _ = run(old.data, "retention", "--apply")
    assert (code, out.splitlines()[-1]) == (1, "Delete? [y/N]: Nothing was deleted.")
    code, _, err = run(old.data, "retention", "--apply", "--json")
    assert (code, err) == (2, "frs: --json: a program can't be asked (add --yes)\n")
    code, out, _ = run(old.data, "retention", "--json")
    assert code == 0
    assert json.loads(out)["policy"] == {"days_of_runs": None, "newest_results": 1}
    assert tree(old.data) == before


@pytest.mark.parametrize("policy", ["{newest_results: 0}", "{newest: 1}", "{days_of_runs: -1}", "3"])
def test_a_policy_that_says_something_else_is_refused(delivery: Any, run: Any, policy: str) -> None:
    say(delivery, policy)
    code, _, err = run(delivery.data, "retention", "--apply", "--yes")
    assert (code, err.count("\n")) == (3, 1)
    assert f"{FILE}:1" in err


def test_the_search_for_leaks_finds_what_it_found(old: Any) -> None:
    store = Store(old.settings, old.name)
    known = codebook_of(store)
    row = read(store.file("validated", "codebook")).to_pylist()[3]
    released = old.settings.curated(old.name) / "release" / "x.csv"
    released.parent.mkdir(exist_ok=True)
    released.write_text(f"a;b\n{row['conference_id']};{row['conference_number']}\n", encoding="utf-8")
    before = [leak for leak in search_results(store).leaks if leak.file == released]
    assert before and apply(old.settings, "room").files
    assert codebook_of(store).size == known.size
    assert [leak for leak in search_results(store).leaks if leak.file == released] == before
    [said] = [_produced(store, "")]
    assert said.sound
    store.file("validated", "codebook").unlink()
    said = _produced(store, "")
    assert (said.sound, "gone: restricted/validated/codebook.parquet" in said.detail) == (False, True)


def test_what_somebody_put_among_the_results_since_stays(old: Any) -> None:
    page = Store(old.settings, old.name).pages(Store(old.settings, old.name).products[("report",)])[0]
    assert page in apply(old.settings, "room").results[0].files
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("mine", encoding="utf-8")
    (page.parent / "notes.txt").write_text("mine", encoding="utf-8")
    assert plan(old.settings).results == ()


def test_results_that_were_put_away_are_due_once_their_delivery_has_changed(
    old: Any, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, store = old.settings, Store(old.settings, old.name)
    assert apply(settings, "room").files
    assert put_away(store) == away.said(store)
    monkeypatch.setenv("FRS_DATA_DIR", str(old.data))
    study = settings.study
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(str(deliveries_of(study).name), [old.name])
        first = new_deliveries(study)(build_sensor_context(instance=instance))
        ledger = old.path("kontering.csv")
        ledger.write_bytes(ledger.read_bytes() + b"\r\n")
        for _ in range(2):
            first = new_deliveries(study)(build_sensor_context(instance=instance, cursor=first.cursor))
        assert old.name in [request.partition_key for request in first.run_requests]
        assert old.name in [request.partition_key for request in night(nightly(study), instance)]
    assert put_away(store) is None
    said = _produced(store, "")
    assert (said.sound, f"has changed since, or can't be read: {store.refreshed_by}" in said.detail) == (False, True)
    tried: list[str] = []

    def attempt(_settings: Any, name: str, *_: Any) -> InputError:
        tried.append(name)
        return InputError("no")

    monkeypatch.setattr("frs_pipeline.operations.refresh.attempt", attempt)
    assert run(old.data, "run", "--all")[0] == InputError.exit_code
    assert tried == [old.name, NEWER]


def test_what_was_put_away_is_made_again_whole(old: Any) -> None:
    assert apply(old.settings, "room").files
    with pytest.raises(InputError, match=r"its results are put away on .*: they are made again all at once"):
        refresh(old.settings, old.name, "marts")


def test_nothing_is_compared_with_what_another_version_or_other_definitions_made(
    old: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Store(old.settings, NEWER)
    assert apply(old.settings, "room").files
    require_back(newer)
    monkeypatch.setattr(manifest, "program", lambda *_, **__: {"study/tables.yaml": "another"})
    by = f"frs run --delivery {old.name} first"
    with pytest.raises(CheckFailed, match=rf"{NEWER}: delivery {old.name}, which .*, is put away on .* \({by}\)"):
        require_back(newer)
    asked: list[str] = []
    monkeypatch.setattr(refreshing, "refresh", lambda _, name, **__: asked.append(name))
    refreshing._bring_back(newer, refreshing.nobody, recorded=False)
    assert asked == [old.name]


@pytest.mark.minutes
def test_a_withdrawal_that_was_cut_off_reaches_what_was_put_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    study = Study(begin(tmp_path / "small"))
    settings = make_delivery(study, tmp_path / "small" / "data", forms=24)
    newer = Store(settings, "2024-09-30")
    shutil.copytree(settings.raw_delivery(NAME), newer.raw(""))
    for store in (Store(settings, NAME), newer):
        refresh(settings, store.delivery)
    (study.folder / FILE).write_text("retention: {newest_results: 1}\n", encoding="utf-8")
    assert apply(settings, "room").files
    mart = Store(settings, NAME).file("marts", "participant")
    form = read(mart)["form_id"].to_pylist()[0]

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(withdrawing, "erase", cut)
    with pytest.raises(KeyboardInterrupt):
        withdrawing.carry_out(settings, withdrawing.prepare(newer, [form], "asked", "me", everywhere=True), erasing=True)
    assert [found.sound for found in _withdrawn(settings)] == [False, False]
    monkeypatch.setenv("FRS_STUDY", str(study.folder))
    monkeypatch.setenv("FRS_KEY_FILE", str(settings.key))
    assert run(settings.data, "run", "--all")[::2] == (0, "")
    assert form not in read(mart)["form_id"].to_pylist()
    assert [found.sound for found in _withdrawn(settings)] == [True, True]


@pytest.mark.minutes
def test_a_delivery_that_is_made_again_brings_back_what_it_is_compared_with_and_all_roots(tmp_path: Path) -> None:
    study = Study(begin(tmp_path / "small"))
    settings = make_delivery(study, tmp_path / "small" / "data")
    names = [NAME, "2024-09-30", "2024-12-31"]
    for name in names[1:]:
        shutil.copytree(settings.raw_delivery(NAME), settings.raw_delivery(name))
    for name in names:
        refresh(settings, name)
    stores = [Store(settings, name) for name in names]
    by = stores[1].refreshed_by
    manifests = [read_manifest(store) for store in stores]
    (study.folder / FILE).write_text("retention: {newest_results: 1}\n", encoding="utf-8")
    between = differences(stores[1], stores[2])
    going = apply(settings, "room")
    assert [(old.store.delivery, old.read_by) for old in going.results] == [(names[1], (names[2],)), (names[0], ())]
    assert not list(settings.curated(names[0]).rglob("*.parquet"))
    assert differences(stores[1], stores[2]) == between
    marts = sorted(path.name for path in (settings.curated(names[1]) / "marts").iterdir())
    assert marts == sorted(f"{key[1]}.parquet" for key in stores[1].products if key[0] == "marts" and key[1] != "conference")
    # The newest is as it was, and verifies; nothing of it is due.
    assert not due(stores[2])
    verdicts = verify(stores[2])
    assert not [fault for verdict in verdicts for fault in verdict.faults]
    assert apply(settings, "again").files == 0
    # The one between is compared with the oldest, which is made again first; by whoever can.
    with pytest.raises(CheckFailed, match=rf"{names[0]}, which .* put away on .*\(frs run --delivery {names[0]} first\)"):
        refresh(settings, names[1], turn=lambda: None)
    assert {old.why_not for old in plan(settings).results} == {f"a run that was to make them again failed ({by})"}
    refresh(settings, names[1])
    assert [read_manifest(store) for store in stores] == manifests
    assert [root_of(manifest) for manifest in manifests] == [store.root for store in stores]
    assert [away.said(store) for store in stores] == [None] * 3
    assert [bool(due(store)) for store in stores] == [False] * 3
    assert deliveries(settings.raw) == names
