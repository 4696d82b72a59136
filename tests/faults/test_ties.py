"""A table that doesn't tie out stops the run before its bases and the manifest are written."""

from __future__ import annotations

import subprocess
import sys

import pytest
from dagster import DagsterInstance, materialize
from support.keys import environment_of
from support.study import few_tables

from frs_pipeline.assets import statistics
from frs_pipeline.assets.graph import assets, resources
from frs_pipeline.assets.wiring import deliveries_of, product_of
from frs_pipeline.operations.refresh import refresh

# The first figure of table 60 is a count: `frs` with one form too many there.
SPOILT = """
import sys
from frs_pipeline import cli
from frs_pipeline.assets import statistics
whole = statistics.figures
def spoilt(table, counts):
    found = whole(table, counts)
    if table.number == 60:
        found[0] = found[0]._replace(value=found[0].value + 1, printed=str(int(found[0].value) + 1))
    return found
statistics.figures = spoilt
sys.argv = ["frs", "run"]
cli.main()
"""


def test_a_run_ends_with_one_line_and_what_was_there_stays(delivery):
    refresh(delivery.settings)
    curated = delivery.settings.curated(delivery.name)
    kept = [curated / "statistics" / "bases.parquet", curated / "manifest.json"]
    before = [path.read_bytes() for path in kept]
    delivery.set("initiator", 0, konflikt="2")
    environment = environment_of(delivery.data)
    done = subprocess.run([sys.executable, "-c", SPOILT], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("frs: table 60: the answers together = ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert [path.read_bytes() for path in kept] == before
    made = refresh(delivery.settings).made
    assert {"statistics/table_60", "statistics/bases"} <= set(made)
    assert [path.read_bytes() for path in kept] != before


def test_dagster_records_which_tables_are_broken(make_delivery, tmp_path, monkeypatch: pytest.MonkeyPatch):
    study = few_tables(tmp_path)
    delivery = make_delivery(tmp_path / "data")
    whole = statistics.figures

    def spoilt(table, counts):
        *rest, n = whole(table, counts)
        return [*rest, n._replace(printed="7") if table.number == 25 else n]

    monkeypatch.setattr(statistics, "figures", spoilt)
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(deliveries_of(study).name), [delivery.name])
        result = materialize(
            assets(study),
            instance=instance,
            partition_key=delivery.name,
            resources=resources(lambda: delivery.settings),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert not result.success
    found = {e.check_name: e for e in result.get_asset_check_evaluations() if product_of(e.asset_key) == ("statistics", "bases")}
    assert {name: (e.passed, e.metadata["broken_tables"].value) for name, e in found.items()} == {
        "bases_tie_out": (False, [25]),
        "totals_tie_out": (False, [24, 25]),
    }
    (failure,) = [e for e in result.get_step_failure_events() if e.step_failure_data.user_failure_data]
    assert failure.step_failure_data.user_failure_data.description.startswith("table 25: the base = missing, not ")
    curated = delivery.settings.curated(delivery.name)
    assert (curated / "statistics" / "figures.parquet").exists()
    assert not (curated / "statistics" / "bases.parquet").exists()
    assert not (curated / "manifest.json").exists()
