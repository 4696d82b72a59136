"""What Dagster's catalogue says of each asset beside what it is; and that `dg` finds the same code location as workspace.yaml."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from dagster import AssetMaterialization, DagsterInstance
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import FRESHNESS_EVALUATORS_BY_POLICY_TYPE
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time
from support.night import night
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.assets.wiring import deliveries_of, key_of, product_of, raw_key
from frs_pipeline.definitions import build_definitions
from frs_pipeline.errors import InputError
from frs_pipeline.operations.describing import LAYER_TAG, LOOKED, ZONE_TAG
from frs_pipeline.operations.sensors import nightly
from frs_pipeline.store.deliveries import sources
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.study import Study
from frs_pipeline.study.operating import FILE, operating

SAID = (
    "owners:\n  restricted: [team:data-engineers]\n  curated: [team:researchers, anna@example.org]\ndelivery_within_days: 100\n"
)


@pytest.fixture(scope="module")
def graph():
    return build_definitions(STUDY).resolve_asset_graph()


@pytest.fixture
def said(tmp_path: Path) -> Study:
    """The shipped study with somebody who runs it."""
    folder = shutil.copytree(STUDY.folder, tmp_path / "copied")
    (folder / FILE).write_text(SAID, encoding="utf-8")
    return Study(folder)


def test_every_asset_says_its_zone_its_layer_and_who_reads_it(graph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert "\n\nRead by " in node.description
        assert node.kinds
        assert {ZONE_TAG, LAYER_TAG} <= node.tags.keys()
        assert node.owners == []
    for key, product in products(STUDY).items():
        assert graph.get(key_of(STUDY, key)).tags[ZONE_TAG] == product.zone
    assert {graph.get(raw_key(STUDY, name)).tags[ZONE_TAG] for name in sources(STUDY)} == {"raw"}


def test_who_owns_what_is_said_by_the_study_and_makes_nothing_again(said: Study) -> None:
    own = build_definitions(said).resolve_asset_graph()
    owners = {product.zone: own.get(key_of(said, key)).owners for key, product in products(said).items()}
    assert owners == {"restricted": ["team:data-engineers"], "curated": ["team:researchers", "anna@example.org"]}
    for key, product in products(said).items():
        assert all(path.name != FILE for path, _ in product.definitions), key


@pytest.mark.parametrize(
    ("text", "line"),
    [("owners: {curated: [researchers]}\n", 1), ("delivery_within_days: 0\n", 1), ("owners: {}\nteams: {}\n", 2)],
)
def test_what_is_no_owner_and_no_days_is_told_with_its_line(said: Study, text: str, line: int) -> None:
    (said.folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{FILE}:{line}: "):
        operating(said.again())


def test_only_what_comes_from_outside_can_be_too_old_and_only_if_somebody_expects_it(graph, said: Study) -> None:
    own = build_definitions(said).resolve_asset_graph()
    late = {key for key in own.get_all_asset_keys() if own.get(key).freshness_policy_or_from_metadata}
    assert late == {*(raw_key(said, name) for name in sources(said)), key_of(said, LOOKED)}
    assert {key for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy_or_from_metadata} == {
        key_of(STUDY, LOOKED)
    }
    policy = own.get(raw_key(said, "ledger")).freshness_policy_or_from_metadata
    assert policy.fail_window.to_timedelta() == timedelta(days=100)


def state(instance: DagsterInstance, node) -> FreshnessState:
    """How Dagster's own daemon judges an asset."""
    evaluator = FRESHNESS_EVALUATORS_BY_POLICY_TYPE[type(node.freshness_policy_or_from_metadata)]()
    return asyncio.run(evaluator.evaluate_freshness(LoadingContextForTest(instance), node))


def test_an_old_delivery_makes_no_noise_and_a_night_without_a_look_does(
    refreshed: Settings, said: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite, as `make ui` has it: an asset is as fresh as its newest delivery, however many old ones there are."""
    monkeypatch.setenv("FRS_DATA_DIR", str(shutil.copytree(refreshed.data, tmp_path / "data")))
    own = build_definitions(said).resolve_asset_graph()
    ledger, looked = own.get(raw_key(said, "ledger")), own.get(key_of(said, LOOKED))
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(str(deliveries_of(said).name), [DELIVERY])
        assert state(instance, ledger) is FreshnessState.UNKNOWN  # of a study that has no history yet, nothing is said
        assert state(instance, looked) is FreshnessState.UNKNOWN
        for delivery in ("2020-01-31", DELIVERY):
            instance.report_runless_asset_event(AssetMaterialization(ledger.key, partition=delivery))
        assert state(instance, ledger) is FreshnessState.PASS
        assert night(nightly(said), instance)
        assert state(instance, looked) is FreshnessState.PASS
        noted = instance.get_latest_materialization_event(looked.key)
        assert noted.asset_materialization.metadata["deliveries"].value == 1
        with freeze_time(datetime.fromtimestamp(noted.timestamp, UTC) + timedelta(days=2)):
            assert state(instance, looked) is FreshnessState.FAIL
            assert state(instance, ledger) is FreshnessState.PASS
        with freeze_time(datetime.fromtimestamp(noted.timestamp, UTC) + timedelta(days=101)):
            assert state(instance, ledger) is FreshnessState.FAIL


def test_dg_finds_the_code_location_that_workspace_yaml_names(graph) -> None:
    described = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]
    named = yaml.safe_load((PROJECT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    project = described["project"]
    # Sensors go on from where they were: Dagster knows them by the location's name.
    assert [one["python_file"]["location_name"] for one in named] == [project["code_location_name"]]
    loaded = importlib.import_module(project["code_location_target_module"]).defs()
    assert loaded.resolve_asset_graph().get_all_asset_keys() == graph.get_all_asset_keys()
    assert {product_of(key)[0] for key in graph.get_all_asset_keys()} >= {"raw", "marts"}
