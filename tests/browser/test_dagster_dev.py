"""`make ui` as it runs for months: a delivery that is dropped into its folder, and one that is broken."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from support import keys
from support.serving import home_in, serving, until
from support.shipped import DELIVERY, relocked_copy_of_shipped
from support.study import STUDY

from frs_pipeline.store.settings import Settings

LATER = "2021-11-30"
# Two looks of the sensor, a run, a look at the run; on a machine that has other things to do.
PATIENCE = 300


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str, float]]:
    """Webserver and daemon on an empty data folder; its settings, address, and seconds to the first page."""
    folder = tmp_path_factory.mktemp("installation")
    settings = Settings(STUDY, folder / "data", folder / "staged" / keys.NAME)
    settings.raw.mkdir(parents=True)
    relocked_copy_of_shipped(folder / "staged")
    started = time.monotonic()
    with serving(settings, home_in(folder), folder / "log") as address:
        yield settings, address, time.monotonic() - started


def test_deliveries_are_refreshed_without_a_hand_and_a_broken_one_is_told(
    served: tuple[Settings, str, float], record_property: Callable[[str, object], None]
) -> None:
    settings, _, first_page = served
    staged = settings.data.parent / "staged" / "raw" / DELIVERY
    record_property("seconds to the first page", first_page)
    shutil.copytree(staged, settings.raw_delivery(DELIVERY))
    manifest = settings.curated(DELIVERY) / "manifest.json"
    record_property("seconds to the results", until(manifest.exists, PATIENCE))
    root = json.loads(manifest.read_text(encoding="utf-8"))["root"]
    # Figures that differ from the printed ones are told once, as a check that failed.
    until(lambda: list(settings.incidents.glob(f"{DELIVERY}/*.md")), PATIENCE)

    shutil.copytree(staged, settings.raw_delivery(LATER))
    path = settings.raw_delivery(LATER) / "coordinator" / "dataset.csv"
    path.write_bytes(path.read_bytes().replace(b"konflikt", b"conflict"))
    seconds = until(lambda: list(settings.incidents.glob(f"{LATER}/*.md")), PATIENCE)
    record_property("seconds to the incident", seconds)
    [page] = settings.incidents.glob(f"{LATER}/*.md")
    text = page.read_text(encoding="utf-8")
    assert "coordinator/dataset.csv:1: question konflikt is missing from the export" in text
    assert "no finished result" in text
    assert not settings.curated(LATER).exists()
    assert json.loads(manifest.read_text(encoding="utf-8"))["root"] == root
