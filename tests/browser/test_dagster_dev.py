"""`make ui` as it runs for months: a delivery that is dropped into its folder, and one that is broken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import keys
import pytest
from shipped import DELIVERY, relocked_copy_of_shipped

from frs_pipeline.settings import PROJECT, Settings

LATER = "2021-11-30"
# Two looks of the sensor, a run, a look at the run; on a machine that has other things to do.
PATIENCE = 300


def until(what: Callable[[], object], seconds: float) -> float:
    """Wait until `what` is true; how long it took."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < seconds, "it took too long"
        time.sleep(0.5)
    return time.monotonic() - started


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as page:
            return page.status == 200
    except (OSError, urllib.error.URLError):
        return False


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str, float]]:
    """Webserver and daemon on an empty data folder; its settings, address, and seconds to the first page."""
    folder = tmp_path_factory.mktemp("installation")
    settings = Settings(folder / "data", folder / "staged" / keys.NAME)
    settings.raw.mkdir(parents=True)
    relocked_copy_of_shipped(folder / "staged")
    home = folder / "home"
    home.mkdir()
    shutil.copy(PROJECT / ".dagster_home" / "dagster.yaml", home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"DAGSTER_HOME": str(home), "FRS_KEY_FILE": str(settings.key)}
    environment = {**keys.environment_of(settings.data), **own}
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            seconds = until(lambda: answers(f"http://127.0.0.1:{port}/"), 120)
            yield settings, f"http://127.0.0.1:{port}", seconds
        finally:
            os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def test_deliveries_are_refreshed_without_a_hand_and_a_broken_one_is_told(
    serving: tuple[Settings, str, float], record_property: Callable[[str, object], None]
) -> None:
    settings, _, first_page = serving
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
