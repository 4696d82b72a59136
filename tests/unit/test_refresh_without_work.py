"""What a refresh looks at before any work begins: deliveries, their files, the chosen assets."""

import ast
import os
import subprocess
import sys

import pytest
from support.study import STUDY

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.operations.refresh import _selected
from frs_pipeline.store.code import PACKAGE, _file_of, _imports
from frs_pipeline.store.deliveries import (
    AMENDMENTS,
    CODEBOOK,
    EXPORT_FILES,
    LEDGER,
    choose,
    deliveries,
    inventory,
    sha256,
    source_files,
)
from frs_pipeline.store.plan import products
from frs_pipeline.study.instruments import instruments

NOTHING_TO_DO = """
import sys
from pathlib import Path
from frs_pipeline import cli
from frs_pipeline.operations import refresh
from frs_pipeline.store.manifest import Due
from frs_pipeline.store.settings import Settings, find_study
refresh.due = lambda store: Due(frozenset(), False)
assert refresh.refresh(Settings(find_study(), Path(sys.argv[1]))).made == ()
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_what_a_module_imports_is_found_wherever_it_stands():
    for path in PACKAGE.rglob("*.py"):
        wanted = set()
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom):
                wanted |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
        files = {_file_of(name) for name in wanted if name.startswith("frs_pipeline")}
        assert set(_imports(path)) == files - {None}, path


def test_a_refresh_with_nothing_to_do_loads_neither_dagster_nor_pandas(delivery):
    done = subprocess.run([sys.executable, "-c", NOTHING_TO_DO, delivery.data], capture_output=True, text=True, check=True)
    assert not {"dagster", "pandas", "pandera", "ibis", "scipy"} & set(done.stdout.split())
    assert "typer" in done.stdout.split()


def test_deliveries_are_folders_named_by_date_oldest_first(tmp_path):
    for name in ("2021-01-31", "2020-11-30", "2021-01-31-old", "notes", "20210131"):
        (tmp_path / name).mkdir()
    (tmp_path / "2022-01-01").write_text("a file", encoding="utf-8")
    assert deliveries(tmp_path) == ["2020-11-30", "2021-01-31"]
    assert choose(tmp_path, None) == "2021-01-31"
    assert choose(tmp_path, "2020-11-30") == "2020-11-30"


@pytest.mark.parametrize(
    ("made", "name", "error", "says"),
    [
        pytest.param([], None, InputError, "no delivery", id="none at all"),
        pytest.param(["2020-11-30"], "2021-01-31", InputError, "unknown delivery", id="not this one"),
        pytest.param(["2020-11-30"], "latest", UsageError, "not a delivery name", id="no date"),
        pytest.param(["2020-11-30"], "../2020-11-30", UsageError, "not a delivery name", id="a path"),
        pytest.param([], "", UsageError, "not a delivery name", id="empty"),
    ],
)
def test_a_delivery_that_is_not_there_is_refused(tmp_path, made, name, error, says):
    for folder in made:
        (tmp_path / folder).mkdir()
    with pytest.raises(error, match=says):
        choose(tmp_path, name)


def test_a_data_folder_that_is_not_there_has_no_deliveries(tmp_path):
    assert deliveries(tmp_path / "raw") == []


FILES = [*(f"{name}/{file}" for name in instruments(STUDY) for file in EXPORT_FILES), LEDGER, CODEBOOK]


def test_an_export_in_two_forms_at_once_is_refused(delivery):
    (delivery.folder / "initiator" / "export.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match="more than one form"):
        source_files(STUDY, delivery.folder, "initiator")


def test_the_inventory_knows_size_and_hash_of_every_file_that_is_needed(delivery):
    found = inventory(STUDY, delivery.folder)
    assert set(found) == set(FILES)
    for name, file in found.items():
        assert (file.size, file.sha256) == (delivery.path(name).stat().st_size, sha256(delivery.path(name)))


@pytest.mark.parametrize("name", FILES)
def test_each_missing_file_is_refused_by_name(delivery, name):
    delivery.path(name).unlink()
    with pytest.raises(InputError, match="missing file") as refused:
        inventory(STUDY, delivery.folder)
    assert refused.value.where == delivery.path(name)


@pytest.mark.parametrize("name", ["coordinator/dataset.csv", "coordinator", LEDGER, CODEBOOK, AMENDMENTS["withdrawals"]])
@pytest.mark.parametrize("elsewhere", ["a file", "a pipe", "nowhere"])
def test_a_file_that_leads_elsewhere_is_refused(delivery, name, elsewhere):
    place, target = delivery.path(name), delivery.data / "elsewhere"
    if place.exists():
        place.rename(target if elsewhere == "a file" else delivery.data / "gone")
    elif elsewhere == "a file":
        target.touch()
    if elsewhere == "a pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(target)
    with pytest.raises(InputError, match=r"leads elsewhere|missing file"):
        inventory(STUDY, delivery.folder)


def test_a_delivery_may_be_a_link_as_a_whole_and_its_files_links_to_each_other(delivery):
    found = inventory(STUDY, delivery.folder)
    elsewhere = delivery.folder.rename(delivery.data / "elsewhere")
    delivery.folder.symlink_to(elsewhere)
    ledger = elsewhere / LEDGER
    ledger.rename(elsewhere / "ledger-of-2020.csv")
    ledger.symlink_to("ledger-of-2020.csv")
    assert inventory(STUDY, delivery.folder) == found


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("marts/initiator", {("marts", "initiator")}),
        ("marts", {key for key in products(STUDY) if key[0] == "marts"}),
        ("quarantine, marts/conference", {("quarantine",), ("marts", "conference")}),
    ],
)
def test_assets_are_chosen_by_name_or_layer(select, expected):
    assert _selected(STUDY, select) == expected


@pytest.mark.parametrize("select", ["mart", "marts/teacher", "marts,,quarantine", ""])
def test_assets_that_do_not_exist_are_refused(select):
    with pytest.raises(UsageError, match="no such asset"):
        _selected(STUDY, select)
