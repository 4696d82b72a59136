"""A run killed at any moment leaves nothing half-written that can be read, and the next run ends as if undisturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from shipped import DELIVERY, copy_of_shipped, hashes

from frs_pipeline.refresh import refresh
from frs_pipeline.settings import Settings
from frs_pipeline.storage import Store, exclusive

# FRS_KILLS=100 kills more often than there is patience for in every run of the tests.
KILLS = int(os.environ.get("FRS_KILLS", "12"))
RUN = "import sys; from pathlib import Path; from frs_pipeline.refresh import refresh; "
RUN += "from frs_pipeline.settings import Settings; refresh(Settings(Path(sys.argv[1])))"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, str], float]:
    settings = copy_of_shipped(tmp_path_factory.mktemp("undisturbed"))
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", RUN, settings.data], check=True, capture_output=True)
    return settings, hashes(settings), time.perf_counter() - started


def test_killed_at_random_moments_every_run_recovers_to_the_same_bytes(
    undisturbed: tuple[Settings, dict[str, str], float], tmp_path: Path
) -> None:
    _, expected, seconds = undisturbed
    moments = random.Random(377)
    settings = copy_of_shipped(tmp_path)
    killed = 0
    while killed < KILLS:
        run = subprocess.Popen([sys.executable, "-c", RUN, settings.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # The first second is spent on imports; there is nothing to disturb yet.
            run.wait(timeout=moments.uniform(0.15, 1.0) * seconds)
            assert run.returncode == 0
            for zone in ("restricted", "curated"):
                shutil.rmtree(settings.data / zone)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
            for path in settings.data.rglob("*.parquet"):
                pq.read_table(path)  # whatever is there under its final name is whole
            if killed % 8 == 0:
                refresh(settings)
                assert hashes(settings) == expected
                shutil.rmtree(settings.data / "curated")
    refresh(settings)
    assert hashes(settings) == expected
    assert not list(settings.data.rglob("*.tmp"))


def test_a_second_run_at_once_is_refused_in_one_line(undisturbed: tuple[Settings, dict[str, str], float]) -> None:
    settings, expected, _ = undisturbed
    with exclusive(Store(settings, DELIVERY)):
        environment = {**os.environ, "FRS_DATA_DIR": str(settings.data)}
        command = [sys.executable, "-m", "frs_pipeline.cli", "run"]
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 1
    assert result.stderr == f"frs: {DELIVERY}: another run is refreshing this delivery (wait until it ends)\n"
    assert hashes(settings) == expected


def test_what_a_killed_run_left_is_swept_away(undisturbed: tuple[Settings, dict[str, str], float]) -> None:
    settings, expected, _ = undisturbed
    left = settings.curated(DELIVERY) / "marts" / ".initiator.parquet.abc.tmp"
    left.write_bytes(b"half")
    assert refresh(settings).made == ()
    assert hashes(settings) == expected
