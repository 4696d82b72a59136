"""However runs were limited, failed or were broken off: one `frs run` ends in the manifest of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from dagster import AssetSelection, DagsterInstance, materialize
from support.study import STUDY

from frs_pipeline.assets.graph import assets, resources
from frs_pipeline.assets.wiring import deliveries_of, key_of
from frs_pipeline.errors import FrsError
from frs_pipeline.operations.doctor import _produced
from frs_pipeline.operations.refresh import Told, nobody, refresh
from frs_pipeline.operations.verify import verify
from frs_pipeline.store.deliveries import AMENDMENTS
from frs_pipeline.store.files import MANIFEST, Store, read_manifest
from frs_pipeline.store.manifest import due
from frs_pipeline.store.plan import products
from frs_pipeline.study.questionnaires import questionnaires

# FRS_SEQUENCES=100 tries more than there is patience for in every run of the tests.
SEQUENCES = int(os.environ.get("FRS_SEQUENCES", "8"))
CORRECTIONS, WITHDRAWALS = AMENDMENTS["corrections"], AMENDMENTS["withdrawals"]


def root(delivery) -> str | None:
    return read_manifest(Store(delivery.settings, delivery.name)).get("root")


def manifest_of(delivery) -> Path:
    return delivery.settings.curated(delivery.name) / MANIFEST


def tolerant(delivery, select: str | None = None, told: Told = nobody) -> None:
    """A run that may fail."""
    try:
        refresh(delivery.settings, select=select, told=told)
    except (FrsError, RuntimeError):
        pass
    except Exception as error:  # what Dagster makes of an error that is none of ours
        assert "broken off" in str(error)


def correct(delivery, *, wrongly: bool) -> None:
    """Correct an answer of the questionnaire that is read last, so that a wrong one fails in the middle of a run."""
    name = "participant_followup"
    question = next(q for q in questionnaires(STUDY)[name].questions if len(q.codes) > 3)
    old = delivery.get(name, 0, question.source)
    other, new = [code for code in map(str, question.codes) if code != old][:2]
    delivery.correct((delivery.form_id(name, 0), question.source, other if wrongly else old, new))


class Clean:
    """Roots of undisturbed runs, by what the delivery holds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.known = folder, {}

    def root(self, delivery) -> str:
        held = tuple(sorted((p.as_posix(), p.read_bytes()) for p in delivery.folder.rglob("*.csv")))
        if held not in self.known:
            folder = self.folder / str(len(self.known))
            shutil.copytree(delivery.folder, folder / "raw" / delivery.name)
            alone = type(delivery)(folder, delivery.name)
            alone.settings = replace(delivery.settings, data=folder)
            refresh(alone.settings)
            self.known[held] = root(alone)
        return self.known[held]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    return Clean(tmp_path_factory.mktemp("clean"))


def select_after_a_wrong_correction(delivery) -> None:
    correct(delivery, wrongly=True)
    tolerant(delivery)
    delivery.path(CORRECTIONS).unlink()
    refresh(delivery.settings, select="validated")


def lose_the_manifest_of_a_part(delivery) -> None:
    content = read_manifest(Store(delivery.settings, delivery.name))
    del content["root"], content["summary"]
    manifest_of(delivery).write_text(json.dumps(content), encoding="utf-8")


def alter_the_manifest(delivery) -> None:
    content = read_manifest(Store(delivery.settings, delivery.name))
    content["summary"]["forms"] += 1
    manifest_of(delivery).write_text(json.dumps(content), encoding="utf-8")


def damage_the_manifest(delivery) -> None:
    manifest_of(delivery).write_bytes(manifest_of(delivery).read_bytes()[:200])


@pytest.mark.parametrize(
    "happens",
    [
        select_after_a_wrong_correction,
        pytest.param(alter_the_manifest, marks=pytest.mark.minutes),
        pytest.param(lose_the_manifest_of_a_part, marks=pytest.mark.minutes),
        pytest.param(damage_the_manifest, marks=pytest.mark.minutes),
    ],
)
def test_one_run_mends_it_and_the_doctor_said_so(delivery, clean: Clean, happens) -> None:
    happens(delivery)
    store = Store(delivery.settings, delivery.name)
    assert due(store)
    told = _produced(store, "the")
    assert not told.sound
    assert f"frs run --delivery {delivery.name}" in told.detail
    done = refresh(delivery.settings)
    assert done.vouched
    assert done.summary["forms"] == 26
    assert root(delivery) == clean.root(delivery)
    assert not due(store)
    assert not [fault for verdict in verify(store, outputs_only=True) for fault in verdict.faults]
    assert _produced(store, "the").sound
    again = refresh(delivery.settings)
    assert (again.made, again.vouched, again.summary) == ((), False, done.summary)


def by_hand(delivery, *names: str) -> bool:
    """A part of the graph, as it can be made from the user interface; whether it succeeded."""
    study = delivery.settings.study
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(deliveries_of(study).name), [delivery.name])
        return materialize(
            assets(study),
            selection=AssetSelection.assets(*(key_of(study, tuple(name.split("/"))) for name in names)),
            instance=instance,
            partition_key=delivery.name,
            resources=resources(lambda: delivery.settings),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        ).success


def test_no_manifest_vouches_for_a_file_that_nobody_made(delivery) -> None:
    """Metadata that are left as they were say nothing of the rows: a manifest by hand isn't written over an altered file."""
    before = root(delivery)
    assert by_hand(delivery, "privacy", "manifest")
    assert root(delivery) == before
    path = Store(delivery.settings, delivery.name).file("statistics", "figures")
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(bytes(data))
    assert not by_hand(delivery, "manifest")
    assert root(delivery) == before
    refresh(delivery.settings)
    assert root(delivery) == before


@pytest.mark.minutes
def test_no_manifest_is_written_over_what_is_out_of_date(delivery, clean: Clean) -> None:
    before = root(delivery)
    correct(delivery, wrongly=False)
    assert not by_hand(delivery, "privacy", "manifest")
    assert root(delivery) == before
    assert refresh(delivery.settings).vouched
    assert root(delivery) == clean.root(delivery) != before


HAPPENS = (
    *("select", "select", "run", "broken off", "by hand"),
    *("wrong", "right", "none", "withdraw", "file", "page", "manifest"),
)


def steps(delivery, chance: random.Random) -> Iterator[str]:
    """Things that happen to an installation, at random, each with its name."""
    store = Store(delivery.settings, delivery.name)
    layers = sorted({key[0] for key in products(delivery.settings.study)})
    while True:
        what = chance.choice(
            ["select", "select", "run", "broken off", "by hand", "wrong", "right", "none", "withdraw", "file", "page", "manifest"]
        )
        if what == "select":
            what = f"select {(select := ','.join(chance.sample(layers, 2)))}"
            tolerant(delivery, select)
        elif what == "run":
            tolerant(delivery)
        elif what == "broken off":
            after = iter(range(chance.randrange(120)))

            def break_off(_name: str, _made: int, _of: int, left: Iterator[int] = after) -> None:
                if next(left, None) is None:
                    raise RuntimeError("broken off")

            tolerant(delivery, told=break_off)
        elif what == "by hand":
            by_hand(delivery, chance.choice(["marts/initiator", "report", "noted", "manifest", "statistics/figures"]))
        elif what in ("wrong", "right"):
            correct(delivery, wrongly=what == "wrong")
        elif what == "none":
            for name in (CORRECTIONS, WITHDRAWALS):
                delivery.path(name).unlink(missing_ok=True)
        elif what == "withdraw":
            delivery.withdraw((delivery.form_id("initiator", 1), ""))
        elif what == "file":
            path = store.path(chance.choice(list(products(delivery.settings.study).values())))
            what = f"file {path.name}"
            path.unlink(missing_ok=True)
        elif what == "page":
            (store.settings.curated(delivery.name) / "report" / "index.html").unlink(missing_ok=True)
        else:
            manifest_of(delivery).unlink(missing_ok=True)
        yield what


@pytest.mark.minutes
@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_after_whatever_happened_one_run_ends_as_an_undisturbed_one(delivery, clean: Clean, seed: int) -> None:
    chance = random.Random(seed)
    happened = list(islice(steps(delivery, chance), chance.randrange(2, 8)))
    if "wrong" in happened:
        delivery.path(CORRECTIONS).unlink(missing_ok=True)
    refresh(delivery.settings)
    assert root(delivery) == clean.root(delivery), happened
    assert not due(Store(delivery.settings, delivery.name))
    assert refresh(delivery.settings).made == ()
