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
from frs_pipeline.errors import Busy, InputError
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.retention import apply, plan
from frs_pipeline.operations.sensors import new_deliveries, nightly
from frs_pipeline.operations.verify import _predecessor, verify
from frs_pipeline.store import away
from frs_pipeline.store.deliveries import deliveries
from frs_pipeline.store.files import Store, read_manifest
from frs_pipeline.store.journal import entries
from frs_pipeline.store.journal import verify as examine
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.manifest import added, due, root_of
from frs_pipeline.study import Study
from frs_pipeline.study.operating import FILE

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
    assert compared < listed
    listed -= compared
    before = tree(old.data)

    code, out, err = run(old.data, "retention")
    assert (code, err) == (0, "")
    assert f"  {old.name}: {len(listed)} files go, " in out
    assert f"; {len(compared)} files stay, with which {NEWER} is compared\n" in out
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
    manifests = [read_manifest(store) for store in stores]
    (study.folder / FILE).write_text("retention: {newest_results: 1}\n", encoding="utf-8")
    going = apply(settings, "room")
    assert [(old.store.delivery, old.read_by) for old in going.results] == [(names[1], (names[2],)), (names[0], ())]
    assert not list(settings.curated(names[0]).rglob("*.parquet"))
    marts = sorted(path.name for path in (settings.curated(names[1]) / "marts").iterdir())
    assert marts == sorted(f"{key[1]}.parquet" for key in stores[1].products if key[0] == "marts" and key[1] != "conference")
    # The newest is as it was, and verifies; nothing of it is due.
    assert not due(stores[2])
    verdicts = [*verify(stores[2], outputs_only=True), *_predecessor(stores[2], manifests[2])]
    assert not [fault for verdict in verdicts for fault in verdict.faults]
    assert apply(settings, "again").files == 0
    # The one between is compared with the oldest, which is made again first.
    refresh(settings, names[1])
    assert [read_manifest(store) for store in stores] == manifests
    assert [root_of(manifest) for manifest in manifests] == [store.root for store in stores]
    assert [away.said(store) for store in stores] == [None] * 3
    assert [bool(due(store)) for store in stores] == [False] * 3
    assert deliveries(settings.raw) == names
