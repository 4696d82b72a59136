"""`frs release` as a person runs it, and all tables of the shipped delivery."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from shipped import DELIVERY

from frs_pipeline.questionnaires import instruments
from frs_pipeline.release.policy import release_policy
from frs_pipeline.release.publishing import publish
from frs_pipeline.settings import Settings
from frs_pipeline.storage import Store
from frs_pipeline.tables.model import catalogue


def frs(data, *arguments):
    environment = {**os.environ, "FRS_DATA_DIR": str(data)}
    return subprocess.run([sys.executable, "-m", "frs_pipeline.cli", *arguments], capture_output=True, text=True, env=environment)


def test_a_release_needs_a_purpose_and_marts(delivery):
    nothing = frs(delivery.data, "release")
    assert nothing.returncode == 2 and "--purpose" in nothing.stderr
    early = frs(delivery.data, "release", "--purpose", "Til kommunen")
    assert early.returncode == 3 and early.stderr.count("\n") == 1 and "run frs run" in early.stderr
    assert not (delivery.data / "curated").exists()


@pytest.mark.minutes
def test_all_tables_of_the_shipped_delivery(refreshed, tmp_path, record_property):
    settings = Settings(tmp_path / "data")
    shutil.copytree(refreshed.data, settings.data)
    store = Store(settings, DELIVERY)
    started = time.process_time()
    found = publish(store, catalogue(), release_policy(), who="LK", purpose="Afprøvning")
    record_property("seconds of CPU", time.process_time() - started)
    assert len(found.release.released) == 81 and not found.release.withheld
    assert found.release.attack.exposed == () and found.release.attack.narrowest >= 5
    assert (found.release.small, found.release.primary) == (119, 32)
    assert found.release.hidden <= 110
    described = json.loads((found.folder / "tables.json").read_text(encoding="utf-8"))
    assert {mart for table in described["tables"] for mart in table["marts"]} == set(instruments())
