"""The `dagster.yaml` that docs/scaling.md gives: any number of deliveries at once, never two runs of one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus, DefaultRunLauncher, QueuedRunCoordinator
from support.keys import environment_of
from support.serving import serving, until
from support.study import few_tables

from frs_pipeline.assets.wiring import PARTITION_TAG, deliveries_of
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import PROJECT

NAMES = ("2021-01-31", "2021-06-30", "2021-12-31")
UNDER_WAY = (DagsterRunStatus.STARTING, DagsterRunStatus.STARTED)


def home_as_documented(folder: Path) -> Path:
    [block] = [
        block
        for block in re.findall(r"```yaml\n(.*?)```", (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8"), re.DOTALL)
        if "tag_concurrency_limits" in block
    ]
    (folder / "home").mkdir()
    (folder / "home" / "dagster.yaml").write_text(block, encoding="utf-8")
    return folder / "home"


def test_dagster_takes_it(tmp_path: Path) -> None:
    with DagsterInstance.from_config(str(home_as_documented(tmp_path))) as instance:
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        assert isinstance(instance.run_launcher, DefaultRunLauncher)
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 8
        assert queue.tag_concurrency_limits == [{"key": PARTITION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}]
        assert not instance.telemetry_enabled


def test_every_documented_block_is_yaml() -> None:
    text = (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert {"concurrency", "run_launcher"} <= {name for block in blocks for name in block}


@pytest.mark.minutes
def test_a_backfill_runs_deliveries_beside_each_other_and_none_twice(
    make_delivery: Callable[[Path], Any], tmp_path: Path
) -> None:
    few_tables(tmp_path)
    delivery = make_delivery(tmp_path / "data")
    for name in NAMES[1:]:
        shutil.copytree(delivery.folder, delivery.settings.raw_delivery(name))
    home, settings = home_as_documented(tmp_path), delivery.settings
    workspace = tmp_path / "workspace.yaml"
    file = settings.study.folder / "definitions.py"
    workspace.write_text(f"load_from:\n  - python_file: {{relative_path: {file}, location_name: one}}\n", encoding="utf-8")
    seen: Counter[int] = Counter()
    with DagsterInstance.from_config(str(home)) as instance:
        instance.add_dynamic_partitions(str(deliveries_of(settings.study).name), list(NAMES))
        command = [sys.executable, "-m", "dagster", "job", "backfill", "-w", str(workspace), "-j", "refresh", "--noprompt"]
        environment = {**environment_of(settings.data), "DAGSTER_HOME": str(home), "FRS_KEY_FILE": str(settings.key)}
        for _ in range(2):
            done = subprocess.run([*command, "--partitions", ",".join(NAMES)], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr

        def all_ended() -> bool:
            runs = instance.get_runs()
            at_work = Counter(run.tags[PARTITION_TAG] for run in runs if run.status in UNDER_WAY)
            assert set(at_work.values()) <= {1}
            seen[len(at_work)] += 1
            return len(runs) >= 2 * len(NAMES) and all(run.is_finished for run in runs)

        with serving(settings, home, tmp_path / "log", workspace):
            until(all_ended, 600)
        assert {run.status for run in instance.get_runs()} == {DagsterRunStatus.SUCCESS}
    assert max(seen) > 1, "no two deliveries were refreshed at the same time"
    assert all(Store(settings, name).root for name in NAMES)
