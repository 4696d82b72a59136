"""Two studies side by side: in one process, in one history of Dagster; and a copy of the shipped one, which gives its figures."""

import json
import runpy
import shutil

import pyarrow.parquet as pq
import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus, Definitions, RunsFilter, build_sensor_context
from support.shipped import DELIVERY, RAW
from support.small_study import NAME, make_delivery
from support.study import STUDY

from frs_pipeline import definitions
from frs_pipeline.assets.wiring import STUDY_TAG, deliveries_of, is_of, study_tags
from frs_pipeline.codebook.opening import refuse_published_key
from frs_pipeline.definitions import build_definitions
from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.delivery import made_up
from frs_pipeline.operations.lost import lost_runs
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.sensors import REFRESH
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings, find_study
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A study of its own."""
    return Study(begin(tmp_path_factory.mktemp("studies") / "evening_school"))


@pytest.fixture
def copied(tmp_path):
    """The shipped study under another name in another folder, and its data there."""
    folder = shutil.copytree(STUDY.folder, tmp_path / "copied")
    path = folder / "study.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"name: {STUDY.folder.name}", "name: copied"), encoding="utf-8")
    return Settings(Study(folder), folder / "data")


def keys_of(definitions: Definitions) -> set[AssetKey]:
    return definitions.resolve_asset_graph().get_all_asset_keys()


def test_in_one_process_each_has_its_own_questionnaires_tables_and_files(other):
    assert (len(instruments(STUDY)), len(catalogue(STUDY))) == (4, 81)
    assert (instruments(other), sorted(catalogue(other))) == (("participant",), [1, 2, 3])
    assert (len(instruments(STUDY)), len(catalogue(STUDY))) == (4, 81)
    assert {
        path.parts[-3:]
        for product in products(other).values()
        for path, _ in product.definitions
        if path.is_relative_to(STUDY.folder)
    } == set()


def test_in_one_history_nothing_of_them_has_the_same_name(other):
    locations = {study: build_definitions(study) for study in (STUDY, other)}
    (own, others) = (keys_of(definitions) for definitions in locations.values())
    assert own and others and not own & others
    assert {key.path[0] for key in others} == {"evening_school"}
    names = [str(deliveries_of(study).name) for study in locations]
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(names[0], [DELIVERY])
        assert [instance.get_dynamic_partitions(name) for name in names] == [[DELIVERY], []]


@pytest.mark.parametrize("marked", [True, False], ids=["of its job", "of assets chosen by hand"])
def test_a_run_of_another_study_is_let_alone_whatever_its_delivery(other, tmp_path, monkeypatch, marked):
    """Both may have a delivery of the same date; the lock that says whether a run goes on is another."""
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path / "data"))
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        definitions = build_definitions(other)
        job = definitions.resolve_job_def(REFRESH)
        chosen = None if marked else frozenset({AssetKey(["evening_school", "marts", "participant"])})
        tags = {"dagster/partition": DELIVERY, **(study_tags(other) if marked else {})}
        made = instance.create_run_for_job(
            job.get_subset(asset_selection=chosen) if chosen else job,
            tags=tags,
            status=DagsterRunStatus.STARTED,
            asset_selection=chosen,
        )
        assert is_of(other, made)
        assert not is_of(STUDY, made)
        cursor = None
        for _ in range(3):
            cursor = lost_runs(STUDY)(build_sensor_context(instance=instance, cursor=cursor)).cursor
        assert instance.get_run_by_id(made.run_id).status is DagsterRunStatus.STARTED
        for _ in range(3):
            cursor = lost_runs(other)(build_sensor_context(instance=instance, cursor=cursor)).cursor
        assert instance.get_run_by_id(made.run_id).status is DagsterRunStatus.FAILURE
        assert not instance.get_runs(RunsFilter(tags={STUDY_TAG: "familieraadslagning"}))


def test_a_link_to_a_study_is_the_same_study(tmp_path, monkeypatch):
    """Its code location loads, by whatever path, what the command line finds: with the same data."""
    (tmp_path / "link").symlink_to(STUDY.folder)
    located = []
    monkeypatch.setattr(definitions, "build_definitions", located.append)
    runpy.run_path(str(tmp_path / "link" / "definitions.py"))
    assert located == [find_study(tmp_path / "link")] == [STUDY]


def test_a_copy_under_another_name_in_another_folder_gives_the_same_figures(copied, refreshed):
    shutil.copytree(RAW, copied.raw_delivery(DELIVERY))
    assert refresh(copied, DELIVERY).vouched
    ours, theirs = Store(copied, DELIVERY), Store(refreshed, DELIVERY)
    for key in (("statistics", "figures"), ("statistics", "compare"), *(("marts", name) for name in instruments(STUDY))):
        assert read(ours.file(*key)).equals(read(theirs.file(*key))), key
    assert all(path.is_relative_to(copied.data) for path in copied.study.folder.rglob("*.parquet"))
    assert b"familieraadslagning" not in pq.read_metadata(ours.file("statistics", "figures")).metadata[b"frs:origin"]


@pytest.mark.parametrize("spoilt", ["an answer", "the ledger"])
def test_the_published_keys_are_refused_in_a_copied_study_with_other_forms(copied, spoilt):
    folder = shutil.copytree(RAW, copied.raw_delivery(DELIVERY))
    refuse_published_key(copied.study, folder)
    path = folder / ("coordinator/dataset.csv" if spoilt == "an answer" else "kontering.csv")
    content = path.read_bytes()
    path.write_bytes(content.replace(b";2\r\n", b";3\r\n", 1) if spoilt == "an answer" else content + b"\n")
    with pytest.raises(CheckFailed, match="locked with the published demo key"):
        refresh(copied, DELIVERY)
    assert not copied.curated(DELIVERY).exists()


def test_the_published_keys_are_refused_in_another_study(other, tmp_path):
    """Whatever it copies: a codebook that everybody can open protects nobody."""
    settings = Settings(other, tmp_path)
    folder = settings.raw_delivery(DELIVERY)
    folder.mkdir(parents=True)
    for name in ("codebook-pipeline.age", "DEMO-KEY-NOT-SECRET.txt", "kontering.csv"):
        shutil.copy(RAW / name, folder)
    shutil.copytree(RAW / "initiator", folder / "participant")
    with pytest.raises(CheckFailed, match="locked with the published demo key"):
        refuse_published_key(other, folder)
    with pytest.raises(CheckFailed, match="locked with the published demo key"):
        refresh(settings, DELIVERY)


def test_a_new_study_makes_everything_from_forms_of_its_own(other, tmp_path):
    settings = make_delivery(other, tmp_path)
    assert refresh(settings, NAME).vouched
    store = Store(settings, NAME)
    assert {row["table"] for row in read(store.file("statistics", "figures")).to_pylist()} == {1, 2, 3}
    assert read(store.file("marts", "participant")).num_rows == 48
    assert made_up(store)
    pages = [path.read_text(encoding="utf-8") for path in (settings.curated(NAME) / "report").glob("*.html")]
    assert len(pages) == 4
    assert all("opdigtede" in page for page in pages)
    # It has no printed report, and no page about its data.
    assert not [page for page in pages if "trykte" in page or "omdata" in page]
    docs = [path.read_text(encoding="utf-8") for path in (settings.curated(NAME) / "data_docs").glob("*.html")]
    assert len(docs) == 3
    assert not [page for page in docs if "familieraadslagning" in page or "ollow-up" in page]
    assert any("Courses</" in page and " courses</" in page for page in docs)
    package = json.loads((settings.curated(NAME) / "formats" / "datapackage.json").read_text(encoding="utf-8"))
    assert package["title"] == f"Evaluation of a course, delivery {NAME}"
    assert [one["title"] for one in package["resources"] if one["name"] == "conference"] == [
        "Courses: what was held, and how many forms came in"
    ]
    assert not refresh(settings, NAME).made
