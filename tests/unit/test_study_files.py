"""The files of a study held against each other, all at once; and a new study, which is sound from the beginning."""

import json
import shutil

import pytest
from support.study import STUDY
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.errors import UsageError
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.study_files import PARTS, examine
from frs_pipeline.study import Study


@pytest.fixture
def copied(tmp_path):
    """A copy of the shipped study, to be spoilt."""
    return Study(shutil.copytree(STUDY.folder, tmp_path / "copied"))


def spoil(study, name, old, new):
    path = study.folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old), name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(study):
    return [str(error) for outcome in examine(Study(study.folder)) for error in outcome.errors]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_shipped_study_is_sound():
    found = examine(Study(STUDY.folder))
    assert [outcome.part.name for outcome in found] == [part.name for part in PARTS]
    assert all(outcome.sound for outcome in found)
    # Who runs it isn't the same everywhere.
    assert [outcome.part.name for outcome in found if outcome.detail == "none"] == ["Running it"]


# File, what stands there, what is written instead, and what has to be said of it.
FAULTS = [
    ("study.yaml", "name: ", "nam: ", "nam isn't a key here"),
    ("study.yaml", "role: role", "role: rolle", "no questionnaire has a question rolle (is role meant?)"),
    ("scales.yaml", "code: 2, label: mor", "code: 1, label: mor", "the same code twice"),
    ("questionnaires/coordinator.yaml", "type: ordinal", "type: ordinl", "'ordinl' isn't allowed"),
    ("questionnaires/coordinator.yaml", "scale: conflict", "scale: konflict", "scale konflict is not in scales.yaml"),
    ("tables.yaml", "kind: crosstab", "kind: crostab", "kind: 'crostab' isn't allowed"),
    ("tables.yaml", "column: overall", "column: overal", "has no question overal"),
    ("rules.yaml", "severity: aside", "severity: asid", "severity: 'asid' isn't allowed"),
    ("promises.yaml", "largest_move: 0.10", "largest_move: 1.10", "largest_move: 1.1 isn't allowed"),
    ("release.yaml", "threshold: 5", "threshold: 2", "threshold: 2 isn't allowed"),
    ("release.yaml", "  quality:", "  quantity:", "no scale quantity"),
    ("report/chapters.yaml", "id: tilfredshed", "id: Tilfredshed", "is tilfredshed meant?"),
    ("report/chapters.yaml", "tables: [1, 2", "tables: [999, 2", "there is no table 999"),
    ("report/about.html", "{% if made_up %}", "{% if %}", "isn't a template"),
    ("published/claims/summary.yaml", "place: ", "plac: ", "plac isn't a key here"),
    ("published/claims/summary.yaml", "untested: ", "untestet: ", "untestet isn't a key here"),
    ("published/words.yaml", "at_least: ", "atleast: ", "atleast isn't a key here"),
    ("report/findings.yaml", "side: best", "side: good", "side: 'good' isn't allowed"),
    ("report/titles.yaml", "word: langt_de_fleste", "word: de_allerfleste", "has no quantity de_allerfleste"),
    ("published/baselines.yaml", "source: miller_2005", "source: muller_2005", "no source is called muller_2005"),
    ("published/figures.csv", "1;barn;god;;count;39", "1;barn;god;;count;x", "'x' is not a printed figure"),
    ("published/figures.csv", "1;barn;god;;count;39", "1;barn;gud;;count;39", "table 1 has no figure barn · gud · count"),
    ("published/figures.csv", "1;barn;god;;count;39", "1;barn;god;count;39", "5 cells where 6 belong"),
    ("published/figures.csv", "1;barn;god;;count;39", "999;barn;god;;count;39", "there is no table 999"),
    ("published/figures.csv", "table;row", "tabel;row", "doesn't have the right columns"),
    ("published/contradictions.csv", ";34;;;;n", ";34;;;;m", "the report doesn't print this figure"),
    ("published/prose.yaml", "row: plan_satisfied", "row: plan_satisfaction", "has no question plan_satisfaction"),
    ("published/prose.yaml", '",723"', '"0.723"', "not a printed figure"),
    ("reconstruction/assumptions.yaml", "seed: ", "sed: ", "sed isn't a key here"),
    ("reconstruction/assumptions.yaml", "coordinator: [conflict]", "coordinator: [conflicts]", "has no question conflicts"),
    ("reconstruction/assumptions.yaml", "  size: [", "  sise: [", "scales.yaml has no scale sise"),
]


@pytest.mark.parametrize(("name", "old", "new", "said"), FAULTS, ids=lambda value: value[:30])
def test_each_file_is_told_with_its_line(copied, name, old, new, said):
    spoil(copied, name, old, new)
    line = (copied.folder / name).read_text(encoding="utf-8").partition(new)[0].count("\n") + 1
    assert any(fault.startswith(f"{copied.folder / name}:{line}: ") and said in fault for fault in faults_of(copied))


def test_faults_of_many_files_are_told_in_one_go(copied):
    """Those of one file hide none of another, but for what can't be asked before the other is mended; none is told twice."""
    spoilt = [fault for at, fault in enumerate(FAULTS) if fault[0] not in {name for name, *_ in FAULTS[:at]}]
    waiting = {
        "published/contradictions.csv",
        "published/prose.yaml",
        "published/claims/summary.yaml",
        "published/baselines.yaml",
        "report/findings.yaml",
        "report/titles.yaml",
    }
    for name, old, new, _ in spoilt:
        spoil(copied, name, old, new)
    found = faults_of(copied)
    assert len(found) == len(set(found))
    for name, _, _, said in spoilt:
        assert name in waiting or any(f"/{name}:" in fault and said in fault for fault in found), name


def test_a_part_that_waits_for_another_is_not_called_sound(copied):
    spoil(copied, "questionnaires/coordinator.yaml", "scale: conflict", "scale: konflict")
    found = {outcome.part.name: outcome for outcome in examine(copied)}
    assert not found["Questionnaires"].sound and found["Questionnaires"].errors
    assert not found["Tables"].sound and not found["Tables"].errors
    assert "waits for" in found["Tables"].detail


def test_a_missing_file_is_empty_where_a_study_needs_none_and_a_fault_elsewhere(copied):
    for name in ("report/findings.yaml", "report/titles.yaml", "published", "reconstruction"):
        place = copied.folder / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert faults_of(copied) == []
    for name in ("tables.yaml", "release.yaml", "scales.yaml", "report/about.html"):
        (copied.folder / name).unlink()
    found = "\n".join(faults_of(copied))
    assert all(f"{copied.folder / name}: cannot be read" in found for name in ("tables.yaml", "release.yaml"))
    assert f"{copied.folder / 'scales.yaml'}: cannot be read" in found


def test_the_command_ends_with_three_and_says_it_for_programs_too(copied):
    spoil(copied, "promises.yaml", "largest_move: 0.10", "largest_move: 1.10")
    done = run("--study", copied.folder, "study", "check")
    assert done.exit_code == 3
    assert f"frs: {copied.folder}/promises.yaml:17: largest_move: 1.1 isn't allowed (at most 1)" in done.stderr
    assert "1 fault" in done.stdout
    done = run("--study", copied.folder, "study", "check", "--json")
    assert done.exit_code == 3
    (wrong,) = [part for part in json.loads(done.stdout) if part["faults"]]
    assert (wrong["part"], wrong["sound"]) == ("Promises", False)
    assert wrong["faults"][0]["where"].endswith("promises.yaml:17")


def test_a_new_study_is_sound(tmp_path):
    done = run("study", "new", tmp_path / "evening_school")
    assert done.exit_code == 0, done.stderr
    made = Study(tmp_path / "evening_school")
    found = {outcome.part.name: outcome for outcome in examine(made)}
    assert all(outcome.sound for outcome in found.values())
    assert found["Study"].detail == "evening_school, without a printed report"
    columns = "1 questionnaire, 3 columns; the texts of 3 questions are assumed: no export's are compared with them"
    assert (found["Questionnaires"].detail, found["Tables"].detail) == (columns, "3 tables")
    assert 'location_name: "evening_school"' in (made.folder / "workspace.yaml").read_text(encoding="utf-8")
    assert (made.folder / ".gitignore").read_text(encoding="utf-8").count("/data/\n") == 1
    assert (made.folder / "definitions.py").read_bytes() == (STUDY.folder / "definitions.py").read_bytes()
    assert run("--study", made.folder, "study", "check").exit_code == 0


def test_a_new_study_writes_nothing_over(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine", encoding="utf-8")
    for folder in (tmp_path / "there", tmp_path / "there" / "mine.txt"):
        with pytest.raises(UsageError):
            begin(folder)
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert begin(tmp_path / "empty") == tmp_path / "empty"


@pytest.mark.parametrize("name", ["Evening School", "2020", "år", "evening-school"])
def test_a_name_that_dagster_could_not_use_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="can't be the name of a study"):
        begin(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_where_a_new_study_lies_is_said_so_that_it_can_be_typed_and_without_a_personal_number(tmp_path):
    done = run("study", "new", tmp_path / "familie 610118-0011" / "evening_school")
    assert done.exit_code == 0
    assert "610118" not in done.stdout
    assert f"frs --study '{tmp_path}/familie ••••••-••••/evening_school' study check" in done.stdout
