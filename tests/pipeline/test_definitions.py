"""The graph that Dagster loads: wired as the plan says, and nothing restricted or pickled in what it keeps."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from dagster import AssetCheckSeverity, DagsterInstance, MarkdownMetadataValue, build_sensor_context, materialize
from support.shipped import DELIVERY, copy_of_shipped, relocked_copy_of_shipped
from support.study import STUDY

from frs_pipeline.assets import manifest, privacy
from frs_pipeline.assets.graph import assets, resources
from frs_pipeline.assets.wiring import deliveries_of, key_of, product_of, raw_key
from frs_pipeline.definitions import build_definitions
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.operations.describing import LOOKED
from frs_pipeline.operations.sensors import new_deliveries
from frs_pipeline.report.claims import claims
from frs_pipeline.store.deliveries import sources
from frs_pipeline.store.plan import products, table_key, upstream
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue

DELIVERIES = str(deliveries_of(STUDY).name)


@pytest.fixture(scope="module")
def graph():
    return build_definitions(STUDY).resolve_asset_graph()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    """Everything materialised once, with an instance of its own on disk, as the user interface would."""
    folder = tmp_path_factory.mktemp("home")
    settings = copy_of_shipped(folder / "data")
    (folder / "home").mkdir()
    shutil.copy(PROJECT / ".dagster_home" / "dagster.yaml", folder / "home")
    with DagsterInstance.local_temp(str(folder / "home")) as instance:
        instance.add_dynamic_partitions(DELIVERIES, [DELIVERY])
        result = materialize(
            assets(STUDY),
            instance=instance,
            partition_key=DELIVERY,
            resources=resources(lambda: settings),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        events = instance.all_logs(result.run_id)
        yield settings, result, events, folder / "home"


def test_every_product_of_the_plan_is_an_asset_with_the_plans_inputs(graph) -> None:
    for key, product in products(STUDY).items():
        node = graph.get(key_of(STUDY, key))
        parents = {key_of(STUDY, parent) for parent in (*product.inputs, *product.after)} | {
            raw_key(STUDY, name) for name in product.raw
        }
        # No mart comes before the delivery was admitted, though nothing of that goes into one.
        assert node.parent_keys == parents | ({key_of(STUDY, ("noted",))} if key[0] == "marts" else set()), key
    made = {key_of(STUDY, key) for key in products(STUDY)}
    beside = {raw_key(STUDY, name) for name in sources(STUDY)} | {key_of(STUDY, manifest.KEY), key_of(STUDY, privacy.KEY)}
    assert graph.get_all_asset_keys() == made | beside | {key_of(STUDY, LOOKED)}


def test_every_asset_has_a_description_and_the_groups_are_the_layers(graph) -> None:
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
    assert {graph.get(key).group_name for key in graph.get_all_asset_keys()} == {
        "g0_operations",
        "g1_raw",
        "g2_validated",
        "g3_pseudonymised",
        "g4_marts",
        "g5_statistics",
        "g6_report",
    }
    assert {graph.get(raw_key(STUDY, name)).group_name for name in sources(STUDY)} == {"g1_raw"}


def test_everything_is_searched_before_the_manifest_is_written(graph) -> None:
    assert graph.get(key_of(STUDY, privacy.KEY)).parent_keys == {key_of(STUDY, key) for key in products(STUDY)}
    assert key_of(STUDY, privacy.KEY) in graph.get(key_of(STUDY, manifest.KEY)).parent_keys


def test_every_table_links_to_its_page_and_its_passports(graph) -> None:
    for number in catalogue(STUDY):
        metadata = graph.get(key_of(STUDY, table_key(number))).metadata
        assert str(metadata["report"].value).endswith(f".html#tabel-{number}")
        assert metadata["passports"].value == f"frs trace {number}"


def test_no_mart_is_written_before_every_questionnaire_was_split(graph) -> None:
    for key in products(STUDY):
        if key[0] == "marts":
            assert key_of(STUDY, ("noted",)) in graph.get(key_of(STUDY, key)).parent_keys
    assert upstream(STUDY, {("noted",)}) > {
        (layer, name) for layer in ("validated", "rejected", "noted") for name in instruments(STUDY)
    }


def test_a_full_materialisation_succeeds_with_every_check(run) -> None:
    _, result, _, _ = run
    assert result.success
    evaluations = result.get_asset_check_evaluations()
    marts = {key[-1] for key in products(STUDY) if key[0] == "marts"}
    promises = {f"promises_of_{mart}" for mart in marts}
    ties = {"bases_tie_out", "totals_tie_out"}
    assert {e.check_name for e in evaluations} == {
        *("nothing_lost", "within_policy", "one_row_each", "every_form", "as_printed"),
        "nothing_leaks",
        "claims_hold",
        *promises,
        *ties,
    }
    assert len(evaluations) == 4 + 4 + 1 + 5 + 5 + 1 + 5 + 2 + 1 + 1
    told = {e.check_name: e for e in evaluations if not e.passed}
    assert set(told) == {"as_printed", "claims_hold"}
    assert {e.severity for e in told.values()} == {AssetCheckSeverity.WARN}
    which = str(told["claims_hold"].metadata["which"].value)
    assert "| belief_first | Right after the conference 85\u00a0% of participants" in which
    assert "88,2\u00a0%" in which
    # A line between the heads and the claims.
    assert which.count("\n| ") - 1 == 71
    by_chapter = str(told["claims_hold"].metadata["by_chapter"].value)
    assert all(f"| {chapter.name} |" in by_chapter for chapter in claims(STUDY).chapters)


def test_what_the_checks_of_reconciliation_counted_is_shown(run) -> None:
    _, result, _, _ = run
    found = {(e.asset_key.path[-1], e.check_name): e for e in result.get_asset_check_evaluations()}
    told = {place: {name: value.value for name, value in e.metadata.items()} for place, e in found.items()}
    assert told["initiator", "every_form"] == {"pseudonymised": 377, "forms": 377}
    assert told["conference", "every_form"] == {"pseudonymised": 3436, "forms": 3436}
    assert told["bases", "bases_tie_out"]["tables"] == 81
    # All but correlations that nothing is to be held against: they print no count but their N.
    assert 81 > told["bases", "totals_tie_out"]["tables"] > 60
    for name in ("bases_tie_out", "totals_tie_out"):
        assert (told["bases", name]["broken"], told["bases", name]["broken_tables"]) == (0, [])
        assert told["bases", name]["compared"] > 200


def test_each_table_shows_columns_rows_preview_and_comparison(run) -> None:
    _, result, _, _ = run
    for number in range(1, 82):
        found = result.asset_materializations_for_node(next_node(number))
        metadata = next(m.metadata for m in found if m.asset_key.path[-1] == f"table_{number:02d}")
        assert {"dagster/column_schema", "dagster/row_count", "preview", "equal", "differs", "not_reproducible"} <= set(metadata)
        assert isinstance(metadata["preview"], MarkdownMetadataValue)


def test_columns_of_forms_marts_and_tables_say_which_columns_they_come_from(run) -> None:
    """Every column that a lineage names is one of the named asset's own, or of the delivered export."""
    settings, result, _, _ = run
    made = {
        ma.asset_key: ma.metadata
        for event in result.get_asset_materialization_events()
        for ma in [event.step_materialization_data.materialization]
    }
    columns = {
        key: {column.name for column in metadata["dagster/column_schema"].schema.columns}
        for key, metadata in made.items()
        if "dagster/column_schema" in metadata
    }
    exports = {name: read_export(STUDY, settings.raw_delivery(DELIVERY) / name) for name in instruments(STUDY)}
    columns |= {raw_key(STUDY, name): set(export.names) for name, export in exports.items()}
    told = {
        key: metadata["dagster/column_lineage"].lineage for key, metadata in made.items() if "dagster/column_lineage" in metadata
    }
    assert {product_of(key)[0] for key in told} == {"validated", "pseudonymised", "marts", "statistics"}
    assert len(told) == 4 + 4 + 5 + 81 + 1
    for key, lineage in told.items():
        assert lineage.deps_by_column.keys() <= columns[key]
        for deps in lineage.deps_by_column.values():
            assert deps
            assert all(dep.column_name in columns[dep.asset_key] for dep in deps)
    whole = [key for key in told if product_of(key)[0] != "statistics"]
    # Where a form stands in the export isn't from a column of it.
    assert all(told[key].deps_by_column.keys() == columns[key] - {"file", "line"} for key in whole)
    table = told[key_of(STUDY, table_key(1))].deps_by_column
    assert {(product_of(dep.asset_key), dep.column_name) for dep in table["row"]} == {
        (("marts", mart), "role") for mart in catalogue(STUDY)[1].marts
    }


def next_node(number: int) -> str:
    return f"tables_{catalogue(STUDY)[number].marts[0]}"


def test_promises_link_to_their_pages_and_warn_without_stopping(run) -> None:
    settings, result, _, _ = run
    events = (event.materialization for event in result.get_asset_materialization_events())
    [made] = [m for m in events if product_of(m.asset_key) == ("expectations",)]
    page = made.metadata["data_docs"].value
    assert (settings.curated(DELIVERY) / str(page)).is_file()
    checks = [e for e in result.get_asset_check_evaluations() if e.check_name.startswith("promises_of_")]
    assert {(e.severity, e.blocking) for e in checks} == {(AssetCheckSeverity.WARN, False)}


def test_restricted_layers_have_no_preview(run) -> None:
    _, _, events, _ = run
    for event in events:
        if event.is_dagster_event and event.dagster_event.is_step_materialization:
            materialization = event.dagster_event.step_materialization_data.materialization
            if product_of(materialization.asset_key)[0] in (
                "raw",
                "validated",
                "rejected",
                "noted",
                "withdrawn",
                "pseudonymised",
                "quarantine",
            ):
                assert "preview" not in materialization.metadata


def test_dagster_keeps_no_value_of_a_form_and_no_conference_number(run) -> None:
    settings, _, events, home = run
    from frs_pipeline.store.files import read

    numbers = set(map(str, read(settings.restricted(DELIVERY) / "validated" / "ledger.parquet")["conference_number"].to_pylist()))
    forms = set(read(settings.curated(DELIVERY) / "marts" / "initiator.parquet")["form_id"].to_pylist())
    words = {word for event in events for word in event.to_json().replace('"', " ").replace("\\", " ").split()}
    # Dagster notes the number of the process, which may be any.
    assert not (words - {str(os.getpid())}) & numbers
    assert not words & forms
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert not [form for form in forms if form.encode() in kept]


def test_nothing_is_pickled(run) -> None:
    settings, _, _, home = run
    stored = [path for folder in (home, settings.data) for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in stored if path.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")]
    files = [path for zone in ("curated", "restricted") for path in (settings.data / zone).rglob("*") if path.is_file()]
    produced = {path.suffix for path in files if path.name != ".lock"}
    assert produced == {".parquet", ".json", ".html", ".css", ".js", ".csv", ".xlsx", ".sav"}


def test_a_failure_is_one_line_without_the_values_that_caused_it(tmp_path: Path) -> None:
    settings = relocked_copy_of_shipped(tmp_path)
    path = settings.raw_delivery(DELIVERY) / "coordinator" / "dataset.csv"
    path.write_bytes(path.read_bytes().replace(b"konflikt", b"conflict"))
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DELIVERIES, [DELIVERY])
        result = materialize(
            assets(STUDY),
            instance=instance,
            partition_key=DELIVERY,
            resources=resources(lambda: settings),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert not result.success
        failures = [e for e in result.get_step_failure_events() if e.step_failure_data.user_failure_data]
        assert [f.step_failure_data.user_failure_data.description for f in failures] == [
            f"{path}:1: question konflikt is missing from the export [question_missing] (Export all questions.)"
        ]
    assert not settings.curated(DELIVERY).exists()


def look(instance: DagsterInstance, cursor: str | None) -> tuple[list[str | None], str | None]:
    """One look of the sensor: deliveries that it wants refreshed, and its new cursor."""
    found = new_deliveries(STUDY)(build_sensor_context(instance=instance, cursor=cursor))
    for request in found.dynamic_partitions_requests or ():
        instance.add_dynamic_partitions(DELIVERIES, list(request.partition_keys))
    return [request.partition_key for request in found.run_requests or ()], found.cursor


def test_the_sensor_takes_up_a_delivery_once_it_is_whole_and_at_rest_and_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy_of_shipped(tmp_path)
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path))
    folder = settings.raw_delivery(DELIVERY)
    held = (folder / "kontering.csv").read_bytes()
    (folder / "kontering.csv").unlink()
    with DagsterInstance.ephemeral() as instance:
        wanted, cursor = look(instance, None)
        wanted, cursor = look(instance, cursor)
        assert wanted == []  # a file is missing
        (folder / "kontering.csv").write_bytes(held)
        wanted, cursor = look(instance, cursor)
        assert wanted == []  # it may still be on its way
        wanted, cursor = look(instance, cursor)
        assert wanted == [DELIVERY]
        wanted, cursor = look(instance, cursor)
        assert wanted == []
        (folder / "corrections.csv").write_text("form;column;old;new;reason;who;when\n", encoding="utf-8")
        wanted, cursor = look(instance, cursor)
        assert wanted == []
        wanted, cursor = look(instance, cursor)
        assert wanted == [DELIVERY]
        assert look(instance, cursor)[0] == []
        # Copied once more, with the same content.
        os.utime(folder / "kontering.csv")
        for _ in range(3):
            wanted, cursor = look(instance, cursor)
            assert wanted == []
        # A content that comes back is made again, and under a key that no run had.
        (folder / "corrections.csv").unlink()
        wanted, cursor = look(instance, cursor)
        found = new_deliveries(STUDY)(build_sensor_context(instance=instance, cursor=cursor))
        assert [(request.partition_key, request.run_key.split()[-1]) for request in found.run_requests] == [(DELIVERY, "3")]
