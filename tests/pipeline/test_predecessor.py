"""Two deliveries: the newer is compared with the older, and neither with a report that was printed from another."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.running import here
from support.study import STUDY, few_tables

from frs_pipeline.checks.claims import claims_hold
from frs_pipeline.checks.failing import of_metadata
from frs_pipeline.checks.promises import promises_kept
from frs_pipeline.checks.published import as_printed
from frs_pipeline.errors import CheckFailed, FrsError, InputError
from frs_pipeline.operations.doctor import _delivery, _produced
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.verify import _predecessor, verify
from frs_pipeline.printed.compare import COMPARE, compare_delivery
from frs_pipeline.report.claims import claims
from frs_pipeline.report.expectations import LARGEST, NOT_NULL, PromisesOfMart
from frs_pipeline.report.site import build
from frs_pipeline.store.deliveries import Description, describe
from frs_pipeline.store.files import Store, read, read_manifest, stale
from frs_pipeline.store.lock import unfinished
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.about import about
from frs_pipeline.study.printed import not_printed_from, printed_from, published
from frs_pipeline.tables.figures import Figure

OLDER, NEWER = "2021-01-31", "2021-06-30"
PRINTED = "2020-11-30"


@pytest.fixture(scope="module")
def both(make_delivery: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The tiny delivery twice, under two dates, both refreshed."""
    older = make_delivery(tmp_path_factory.mktemp("both") / "data")
    shutil.copytree(older.folder, older.folder.with_name(NEWER))
    for name in (OLDER, NEWER):
        refresh(older.settings, name)
    settings: Settings = older.settings
    return settings


@pytest.fixture(scope="module")
def few(make_delivery: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same with few tables: how many there are is nothing to what becomes of runs."""
    folder = tmp_path_factory.mktemp("few")
    few_tables(folder)
    older = make_delivery(folder / "data")
    shutil.copytree(older.folder, older.folder.with_name(NEWER))
    for name in (OLDER, NEWER):
        refresh(older.settings, name)
    return older


@pytest.fixture
def copy(few: Any, tmp_path: Path) -> Settings:
    settings: Settings = few.copy_to(tmp_path / "data").settings
    return settings


def frs(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return here(settings.data, *arguments)


def faults(store: Store, *, outputs_only: bool = False) -> dict[str, tuple[str, ...]]:
    return {verdict.part: verdict.faults for verdict in verify(store, outputs_only=outputs_only) if verdict.faults}


def of_predecessor(store: Store) -> str | None:
    """What `frs verify` finds wrong with it, without the rebuild that comes after."""
    return next((fault for verdict in _predecessor(store, read_manifest(store)) for fault in verdict.faults), None)


def said_by_doctor(settings: Settings, name: str) -> str:
    found = _produced(Store(settings, name), f"Delivery {name}")
    return f"{'ok' if found.sound else 'FAIL'} {found.detail}"


def spoil(settings: Settings, name: str) -> Callable[[], None]:
    """Codes outside the scale in every form of an export, so that a run fails after it replaced some files; how to mend it."""
    path = settings.raw_delivery(name) / "coordinator" / "dataset.csv"
    good = path.read_bytes()
    header, *forms = good.split(b"\r\n")
    path.write_bytes(b"\r\n".join([header, *(form.rsplit(b";", 1)[0] + b";99" if form else form for form in forms)]))
    return lambda: path.write_bytes(good) and None


def test_only_the_delivery_that_the_report_was_printed_from_is_compared_with_it(both: Settings) -> None:
    assert about(STUDY).printed_from == PRINTED
    assert printed_from(STUDY, PRINTED)
    for name in (OLDER, NEWER):
        store = Store(both, name)
        rows = read(store.file("statistics", "compare"))
        assert (rows.num_rows, rows.schema) == (0, COMPARE)
        summary = read_manifest(store)["summary"]
        assert summary["equal"] + summary["differs"] + summary["not_reproducible"] == 0
    key, printed = next(iter(published(STUDY).items()))
    figure = Figure(*key, float(printed) + 1, "x")
    assert compare_delivery(STUDY, PRINTED, [figure]).num_rows == len(published(STUDY))
    assert compare_delivery(STUDY, NEWER, [figure]).num_rows == 0


def test_compare_says_in_one_line_why_there_is_nothing_to_compare_and_what_shows_more(both: Settings) -> None:
    told = frs(both, "compare")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == (
        f"The report was printed from delivery {PRINTED}: there are no printed figures of delivery {NEWER}. "
        f"frs diff {OLDER} {NEWER} shows which figures differ.\n"
    )
    content = json.loads(frs(both, "compare", "--json").stdout)
    assert content == {
        "summary": {"equal": 0, "differs": 0, "not reproducible": 0},
        "figures": [],
        "remark": told.stdout.strip(),
    }
    assert frs(both, "diff", OLDER, NEWER).stdout.endswith("0 of 2501 figures differ.\n")
    assert f"frs diff {PRINTED} {OLDER} shows" in frs(both, "compare", "--delivery", OLDER).stdout
    assert not_printed_from(STUDY, "2019-01-31", None).endswith(f"frs diff 2019-01-31 {PRINTED} shows which figures differ.")


def test_checks_about_the_printed_report_pass_with_a_remark_where_it_is_about_another_delivery(both: Settings) -> None:
    from dagster import AssetKey

    store, key = Store(both, NEWER), AssetKey("x")
    rows = read(store.file("statistics", "compare"))
    found = as_printed(STUDY, key, rows, NEWER, not_printed_from(STUDY, NEWER, OLDER))
    assert found.passed
    assert f"frs diff {OLDER} {NEWER}" in str(found.metadata["remark"].value)
    findings = build(store).findings
    assert any(finding.holds is False for finding in findings)  # or there would be nothing to remark
    other = claims_hold(STUDY, key, findings, NEWER)
    assert other.passed
    assert PRINTED in str(other.metadata["remark"].value)
    own = claims_hold(STUDY, key, findings, PRINTED)
    assert not own.passed
    failed = {finding.claim.id for finding in findings if finding.holds is False}
    for thing in of_metadata(own.metadata):
        # Of each chapter, how many.
        number, *_, name = thing.what.split(" ")
        ids = {claim.id for chapter in claims(STUDY).chapters if chapter.name == name for claim in chapter.claims}
        assert len(failed & ids) == int(number)
        assert Path(thing.do.rsplit(" ", 1)[1]).name == f"{name}.yaml"
        failed -= ids
    assert not failed


def test_a_differing_figure_says_which_line_prints_it_and_what_shows_its_forms() -> None:
    from dagster import AssetKey

    (key, printed), *_ = published(STUDY).items()
    figure = Figure(*key, float(printed) + 1, str(int(printed) + 1))
    found = as_printed(STUDY, AssetKey("x"), compare_delivery(STUDY, PRINTED, [figure], key.table).slice(0, 1), PRINTED)
    assert not found.passed
    (thing,) = of_metadata(found.metadata)
    assert thing.what == f"Tabel {key.table}: {key.row} · {key.column} · {key.measure}"
    assert thing.do.startswith(f'frs trace {key.table} --row "{key.row}" --column "{key.column}" --measure {key.measure} --del')
    place = thing.do.split("compare ")[1].split(" ")[0]
    file, line = place.split(":")
    text = (STUDY.folder / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert text == f"{key.table};{key.row};{key.column};;{key.measure};{printed}"


def test_a_broken_promise_says_which_line_sets_its_limit(both: Settings) -> None:
    from dagster import AssetKey

    rows = read(Store(both, NEWER).file("expectations"))
    mine = rows.filter([row["mart"] == "initiator" and row["expectation"] in (NOT_NULL, LARGEST) for row in rows.to_pylist()])
    broken = mine.set_column(mine.column_names.index("passed"), "passed", [[False] * mine.num_rows])
    held = PromisesOfMart("initiator", 5, 1, OLDER, {}, broken)
    things = {
        thing.what.split(":")[0]: thing.do for thing in of_metadata(promises_kept(STUDY, AssetKey("x"), held, NEWER).metadata)
    }
    for what, words in (("child_perspective", "child_perspective: 0.30"), ("belief", "initiator: {")):
        file, line = things[what].rsplit(" ", 1)[1].split(":")
        assert words in (STUDY.folder / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        assert f"curated/{NEWER}/data_docs/initiator.html" in things[what]


def test_the_first_page_compares_with_the_delivery_before_and_not_with_the_print(both: Settings) -> None:
    page = (both.curated(NEWER) / "report" / "index.html").read_text(encoding="utf-8")
    assert f'<time datetime="{OLDER}">' in page
    assert "all figures are the same." in page
    assert PRINTED not in page
    assert "There is no earlier delivery" in (both.curated(OLDER) / "report" / "index.html").read_text(encoding="utf-8")
    for path in (both.curated(NEWER) / "report").glob("*.html"):
        assert 'class="printed' not in path.read_text(encoding="utf-8"), path.name
    run = frs(both, "run").stdout
    assert "of the report (printed of another delivery): " in run
    assert "frs compare says which" in run


def test_the_predecessor_is_an_input_like_any_other(both: Settings) -> None:
    older, newer = Store(both, OLDER), Store(both, NEWER)
    content = read_manifest(newer)
    assert content["predecessor"] == {"delivery": OLDER, "root": older.root}
    assert read_manifest(older)["predecessor"] == {}
    assert newer.origin(products(STUDY)["expectations",]).inputs[f"{OLDER}/root"] == older.root
    assert stale(newer) == set()
    assert list(_predecessor(older, read_manifest(older))) == []
    (sound,) = _predecessor(newer, read_manifest(newer))
    assert sound.sound == f"delivery {OLDER} is as it was when this one was compared with it"
    assert of_predecessor(older) is of_predecessor(newer) is None


def test_a_predecessor_that_was_altered_is_told_and_nothing_is_compared_with_it(copy: Settings) -> None:
    older, newer = Store(copy, OLDER), Store(copy, NEWER)
    mart = older.file("marts", "initiator")
    good = mart.read_bytes()
    shutil.copyfile(older.file("marts", "coordinator"), mart)
    found = faults(newer)
    assert found["predecessor"] == (f"delivery {OLDER}: curated/marts/initiator.parquet isn't what the manifest says",)
    assert f"{OLDER}/marts/initiator.parquet: isn't what its manifest says" in found["rebuild"][0]
    with pytest.raises(CheckFailed, match=rf"initiator.parquet: isn't what its manifest.*frs run --delivery {OLDER}, then this"):
        refresh(copy, NEWER)
    mart.write_bytes(good)
    assert refresh(copy, NEWER).made == ()
    assert faults(newer, outputs_only=True) == {}


def test_a_predecessor_that_is_gone_or_was_refreshed_is_told_and_a_run_takes_it_up(copy: Settings) -> None:
    older, newer = Store(copy, OLDER), Store(copy, NEWER)
    shutil.move(copy.curated(OLDER), copy.data / "away")
    assert of_predecessor(newer) == f"delivery {OLDER}, which this one was compared with, is missing or has no finished result"
    shutil.move(copy.data / "away", copy.curated(OLDER))
    copy.raw_delivery(OLDER).joinpath("corrections.csv").write_bytes(b"form;column;old;new;reason;who;when\n")
    refresh(copy, OLDER)
    again = f"it was refreshed since (frs run --delivery {NEWER})"
    assert of_predecessor(newer) == f"delivery {OLDER} has another root than this one was compared with: {again}"
    made = refresh(copy, NEWER).made
    assert "expectations" in made
    assert "marts/initiator" not in made  # of this delivery's forms nothing is made again
    assert read_manifest(newer)["predecessor"]["root"] == older.root
    assert of_predecessor(newer) is None


def test_a_delivery_may_name_another_predecessor(copy: Settings) -> None:
    between, newer = "2021-03-31", Store(copy, NEWER)
    shutil.copytree(copy.curated(OLDER), copy.curated(between))
    would_be = f"this one was compared with delivery {OLDER} and would be with {between} now (frs run --delivery {NEWER})"
    assert of_predecessor(newer) == would_be
    assert newer.predecessor() == Store(copy, between)
    newer.raw("delivery.yaml").write_text(f"predecessor: {OLDER}\n", encoding="utf-8")
    assert describe(STUDY, newer.raw("")) == Description(predecessor=OLDER)
    refresh(copy, NEWER)
    content = read_manifest(newer)
    assert content["predecessor"]["delivery"] == OLDER
    assert "delivery.yaml" in content["inputs"]
    assert faults(newer) == {}
    assert f"frs diff {OLDER} {NEWER}" in frs(copy, "compare").stdout


def test_what_a_delivery_says_of_itself_is_refused_with_file_and_line_before_anything_is_made(copy: Settings) -> None:
    newer = Store(copy, NEWER)
    newer.raw("delivery.yaml").write_text("# our own\npredecesor: 2021-01-31\n", encoding="utf-8")
    told = frs(copy, "run")
    assert told.returncode == 3
    assert f"{newer.raw('delivery.yaml')}:2: predecesor" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert not unfinished(newer)
    (found,) = _delivery(copy, NEWER)
    assert found.detail.endswith("delivery.yaml:2: predecesor isn't a key here (is predecessor meant?)")
    newer.raw("delivery.yaml").write_text("predecessor: 2020-11-30\n", encoding="utf-8")
    command = "frs run --delivery 2020-11-30"
    with pytest.raises(InputError, match=rf"delivery.yaml:1: delivery 2020-11-30, which .* has no finished result \({command}"):
        refresh(copy, NEWER)


def test_a_run_that_failed_is_told_apart_from_a_result_that_was_altered(copy: Settings) -> None:
    newer = Store(copy, NEWER)
    root = newer.root
    good = f"the last good result is that of delivery {NEWER} with root {root}"
    mend = spoil(copy, NEWER)
    with pytest.raises(FrsError, match="too_many"):
        refresh(copy, NEWER)
    told = said_by_doctor(copy, NEWER)
    assert told.startswith(f"FAIL a run failed; {good}; ")
    assert f"made since by a run that failed, and no manifest vouches for that (frs run --delivery {NEWER})" in told
    assert "altered" not in told
    found = faults(newer, outputs_only=True)
    assert found["run"][0].startswith(f"a run failed; {good}; ")
    assert "restricted/quarantine.parquet was made since by a run that failed" in found["outputs"]
    assert not [fault for fault in found["outputs"] if "isn't what the manifest says" in fault]
    # What is altered beside it keeps its name.
    figures = newer.file("statistics", "figures")
    kept = figures.read_bytes()
    figures.write_bytes(kept[:-1] + b"x")
    assert said_by_doctor(copy, NEWER).endswith(f"(frs run --delivery {NEWER}); altered: curated/statistics/figures.parquet")
    assert "curated/statistics/figures.parquet isn't what the manifest says" in faults(newer, outputs_only=True)["outputs"]
    figures.write_bytes(kept)
    mend()
    refresh(copy, NEWER)
    assert said_by_doctor(copy, NEWER) == "ok as the manifest says"
    assert newer.root == root
    assert faults(newer, outputs_only=True) == {}


def test_a_run_that_failed_before_it_replaced_anything_leaves_the_last_good_result_whole(copy: Settings) -> None:
    newer = Store(copy, NEWER)
    path = newer.raw("coordinator/dataset.csv")
    good = path.read_bytes()
    path.write_bytes(good.replace(b"respondent", b"x", 1).replace(b"responde", b"x", 1))
    with pytest.raises(FrsError):
        refresh(copy, NEWER)
    told = said_by_doctor(copy, NEWER)
    assert told == (
        f"FAIL a run failed; the last good result is that of delivery {NEWER} with root {newer.root}; "
        f"its files are as its manifest says (frs run --delivery {NEWER})"
    )
    assert set(faults(newer, outputs_only=True)) == {"run"}
    # With what it had failed on taken back there is nothing to be made, and so nothing that failed.
    path.write_bytes(good)
    assert said_by_doctor(copy, NEWER) == "ok as the manifest says"
    assert faults(newer, outputs_only=True) == {}


def test_a_first_run_that_failed_is_told_too(copy: Settings) -> None:
    shutil.rmtree(copy.curated(NEWER))
    shutil.rmtree(copy.restricted(NEWER))
    spoil(copy, NEWER)
    with pytest.raises(FrsError, match="too_many"):
        refresh(copy, NEWER)
    assert said_by_doctor(copy, NEWER) == f"FAIL a run failed, none are made yet: frs run --delivery {NEWER}"
    with pytest.raises(InputError, match="no manifest of a finished run: a run failed, and there is no finished result yet"):
        verify(Store(copy, NEWER))
