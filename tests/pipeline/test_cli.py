"""`frs` as a person or a program meets it, over one refreshed copy of the shipped delivery."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.keys import environment_of
from support.running import here as frs
from support.shipped import DELIVERY, relock
from support.study import STUDY

from frs_pipeline.operations.verify import verify
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.journal import entries
from frs_pipeline.store.journal import verify as sound
from frs_pipeline.store.manifest import root_of
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.render import heading


@pytest.fixture(scope="module")
def data(refreshed: Settings) -> Path:
    return refreshed.data


def alone(data: Path, *arguments: str, program: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """`frs …` in a process of its own, of the program in a folder."""
    command = [sys.executable, "-m", "frs_pipeline.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment_of(data), cwd=program)


def test_an_unchanged_run_says_so_and_sums_up(data: Path) -> None:
    result = alone(data, "run")
    assert result.returncode == 0
    assert "up to date: nothing to do" in result.stdout
    assert "3448 = 3436 accepted + 12 quarantined" in result.stdout
    assert str(data) in result.stdout


def test_the_readme_shows_what_a_run_says(data: Path) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    starts = ("  Forms", "  Marts  ", "  Tables", "  Against")
    said = [line for line in frs(data, "run").stdout.splitlines() if line.startswith(starts)]
    assert len(said) == 4
    assert all(line in readme for line in said)


def test_run_as_json(data: Path) -> None:
    content = json.loads(frs(data, "run", "--json").stdout)
    assert content["delivery"] == DELIVERY
    assert content["made"] == []
    assert content["summary"]["tables"] == 81


def test_tables_prints_as_the_report_does(data: Path) -> None:
    out = frs(data, "tables", "4").stdout
    assert "Tabel 4. Deltager: Er du tilfreds med jeres plan?" in out
    assert out.split("ved ikke")[1].split("\n")[0].split() == ["42", "3,3", "3,5", "100,0"]
    assert "59,5%" in frs(data, "tables", "1").stdout


def test_tables_tell_their_base(data: Path, tmp_path: Path) -> None:
    assert "\nGrundlag: 1267 skemaer − 69 ubesvarede = 1198\n" in frs(data, "tables", "4").stdout
    (table,) = json.loads(frs(data, "tables", "33", "--json").stdout)
    assert [(row["reason"], row["question"], row["forms"]) for row in table["base"]] == [
        ("rows", None, 377),
        ("other_occasion", None, 196),
        ("blank", "problem_weight", 0),
        ("blank", "wellbeing", 0),
        ("left_out", "problem_weight", 0),
        ("left_out", "wellbeing", 0),
        ("base", None, 181),
    ]
    assert {row["mart"] for row in table["base"]} == {"initiator"}
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    (copy / "curated" / DELIVERY / "statistics" / "bases.parquet").unlink()
    alone = frs(copy, "tables", "4")
    assert alone.returncode == 0
    assert "Tabel 4" in alone.stdout
    assert "Grundlag" not in alone.stdout
    assert json.loads(frs(copy, "tables", "4", "--json").stdout)[0]["base"] is None


def test_all_tables_print(data: Path) -> None:
    result = frs(data, "tables")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    captions = [f"Tabel {number}. {heading(STUDY, table)}" for number, table in catalogue(STUDY).items()]
    assert [line for line in lines if line.startswith("Tabel ")] == captions  # each on a line of its own, however long
    assert result.stdout.count("Grundlag: ") == 81


def test_compare_lists_what_is_not_equal_and_ends_accordingly(data: Path) -> None:
    result = frs(data, "compare", "--json")
    content = json.loads(result.stdout)
    assert sum(content["summary"].values()) == 2421
    assert result.returncode == (1 if content["summary"]["differs"] else 0)
    assert "the numbers of forms in table 70" in frs(data, "compare").stdout


def test_quarantine_shows_reasons_but_no_values(data: Path) -> None:
    content = json.loads(frs(data, "quarantine", "--json").stdout)
    assert len({(row["instrument"], row["line"]) for row in content["set_aside"]}) == 12
    assert content["noted"]
    assert not any({"value", "row"} & set(row) for row in (*content["set_aside"], *content["noted"]))
    assert "12 forms set aside" in frs(data, "quarantine").stdout


SEEN = ("--values", "--reason", "set efter på papiret")


@pytest.mark.parametrize("command", ["quarantine", "corrections"])
def test_what_was_keyed_is_shown_for_a_reason_that_the_journal_keeps(data: Path, tmp_path: Path, command: str) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    journal = Settings(STUDY, copy).access_journal
    refused = frs(copy, command, "--values")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert frs(copy, command, "--reason", "set efter").returncode == 2
    assert frs(copy, command, *SEEN).returncode == 0
    assert frs(copy, command).returncode == 0
    told = [(entry.event, entry.why) for entry in entries(journal)][-2:]
    assert [event for event, _ in told] == ["refused", f"{command} opened"]
    assert told[-1][1] == SEEN[-1]
    assert sound(journal) == []


def test_quarantine_shows_values_when_asked_but_no_personal_number(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    relock(Settings(STUDY, copy))
    path = copy / "raw" / DELIVERY / "coordinator" / "dataset.csv"
    header, first, second, rest = path.read_bytes().split(b"\r\n", 3)
    # A replacement number, which belongs to nobody, where an answer belongs.
    first, second = (b";".join([*line.split(b";")[:-1], cell]) for line, cell in ((first, b"610180-1234"), (second, b"99")))
    path.write_bytes(b"\r\n".join([header, first, second, rest]))
    assert frs(copy, "run", "--select", "quarantine").returncode == 0
    shown = frs(copy, "quarantine", *SEEN, "--json")
    rows = {
        (row["line"], row["rule"]): row for row in json.loads(shown.stdout)["set_aside"] if row["instrument"] == "coordinator"
    }
    assert rows[2, "holds_personal_number"]["value"] == rows[2, "code_unreadable"]["value"] == "••••••-••••"
    assert rows[3, "outside_scale"]["value"] == "99"
    names = header.decode("cp1252").split(";")
    assert json.loads(rows[2, "code_unreadable"]["row"])[names[-1]] == "••••••-••••"
    for arguments in ((*SEEN, "--json"), SEEN, ()):
        assert "610180-1234" not in frs(copy, "quarantine", *arguments).stdout


def test_corrections_say_what_rests_on_them(data: Path, tmp_path: Path) -> None:
    assert "Nothing was corrected" in frs(data, "corrections").stdout
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    raw = copy / "raw" / DELIVERY
    header, first, _ = raw.joinpath("coordinator", "dataset.csv").read_text(encoding="cp1252").split("\n", 2)
    cells = dict(zip(header.strip().split(";"), first.strip().split(";"), strict=True))
    old, new = cells["konflikt"], "1" if cells["konflikt"] != "1" else "2"
    line = f"SA-{cells['responde']};konflikt;{old};{new};set på papiret;LK;2020-12-01"
    raw.joinpath("corrections.csv").write_text(f"form;column;old;new;reason;who;when\n{line}\n", encoding="utf-8")
    assert frs(copy, "corrections").returncode == 1  # out of date
    run = frs(copy, "run", "--json")
    assert run.returncode == 0, run.stderr
    (found,) = json.loads(frs(copy, "corrections", *SEEN, "--json").stdout)
    assert (found["form"], found["old"], found["new"], found["counted"]) == (f"SA-{cells['responde']}", old, new, True)
    assert 61 in [table["table"] for table in found["tables"]]
    assert all(table["cell"] for table in found["tables"])
    (unopened,) = json.loads(frs(copy, "corrections", "--json").stdout)
    assert {"old", "new"} & set(unopened) == set()
    # Which cell counts the form tells what it answers.
    assert unopened["tables"] == [{"table": table["table"]} for table in found["tables"]]
    assert "    Table 61" in frs(copy, "corrections").stdout
    assert " · " not in frs(copy, "corrections").stdout
    assert "set på papiret (LK, 2020-12-01)" in frs(copy, "corrections").stdout


def test_doctor_finds_a_sound_installation(data: Path) -> None:
    result = frs(data, "doctor")
    assert result.returncode == 0, result.stdout
    assert "FAIL" not in result.stdout


def test_the_summary_says_where_the_data_docs_lie(data: Path) -> None:
    page = next(line.split()[-1] for line in frs(data, "run").stdout.splitlines() if line.startswith("  Data docs"))
    assert Path(page).is_relative_to(data)
    assert Path(page).is_file()


def test_doctor_finds_an_altered_result(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    path = copy / "curated" / DELIVERY / "statistics" / "figures.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    result = frs(copy, "doctor")
    assert result.returncode == 1
    assert "altered: curated/statistics/figures.parquet" in result.stdout


def flipped(path: Path) -> None:
    """One bit in the middle of a file is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_verify_names_a_flipped_bit_in_any_kind_of_file(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    store = Store(Settings(STUDY, copy), DELIVERY)
    listed = json.loads((copy / "curated" / DELIVERY / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    # One of every folder and ending; the rest is made alike.
    kinds = {(Path(name).parent, Path(name).suffix): name for name in listed}
    assert len(kinds) >= 10
    for name in kinds.values():
        zone, rest = name.split("/", 1)
        path = copy / zone / DELIVERY / rest
        whole = path.read_bytes()
        flipped(path)
        faults = {verdict.part: verdict.faults for verdict in verify(store, outputs_only=True)}
        assert faults == {"manifest": (), "outputs": (f"{name} isn't what the manifest says",), "journals": ()}
        path.write_bytes(whole)
    assert frs(copy, "verify", "--outputs-only").returncode == 0


ADDED = {
    "a mart": ("curated/{d}/marts/participants.parquet", "curated/marts/participants.parquet"),
    "a hidden file": ("curated/{d}/statistics/.notes", "curated/statistics/.notes"),
    "a page": ("curated/{d}/report/extra.html", "curated/report/extra.html"),
    "beside the manifest": ("curated/{d}/notes.csv", "curated/notes.csv"),
    "in a folder": ("curated/{d}/old/marts/initiator.parquet", "curated/old"),
    "validated forms": ("restricted/{d}/validated/copy.parquet", "restricted/validated/copy.parquet"),
    "beside the deliveries": ("curated/notes.csv", "curated/notes.csv"),
    "in another folder": ("curated/copy/marts/initiator.parquet", "curated/copy"),
    "a delivery that there isn't": ("curated/1999-01-01/marts/initiator.parquet", "curated/1999-01-01"),
}


@pytest.fixture(scope="module")
def verified(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that tests leave as they found it."""
    copy = tmp_path_factory.mktemp("verified") / "data"
    shutil.copytree(data, copy)
    return copy


def outputs_of(copy: Path) -> tuple[str, ...]:
    found = {verdict.part: verdict.faults for verdict in verify(Store(Settings(STUDY, copy), DELIVERY), outputs_only=True)}
    return found["outputs"]


@pytest.mark.parametrize("what", ADDED)
def test_verify_sees_what_was_added_wherever_it_lies(verified: Path, what: str) -> None:
    place, told = ADDED[what]
    path = verified / place.format(d=DELIVERY)
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    try:
        assert outputs_of(verified) == (f"{told} isn't in the manifest",)
    finally:
        path.unlink()
        for folder in made:
            folder.rmdir()
    assert outputs_of(verified) == ()


def test_verify_sees_an_empty_folder_and_a_link(verified: Path) -> None:
    curated = verified / "curated" / DELIVERY
    (curated / "empty").mkdir()
    mart = curated / "marts" / "initiator.parquet"
    elsewhere = mart.rename(verified / "elsewhere.parquet")
    mart.symlink_to(elsewhere)
    try:
        told = ("curated/empty", "curated/marts/initiator.parquet")
        assert outputs_of(verified) == tuple(f"{name} isn't in the manifest" for name in told)
        result = frs(verified, "doctor")
        assert "in no manifest: curated/empty, curated/marts/initiator.parquet" in result.stdout
    finally:
        mart.unlink()
        elsewhere.rename(mart)
        (curated / "empty").rmdir()


def test_verify_misses_a_release_journal_and_sees_a_release_that_was_altered(verified: Path) -> None:
    folder = verified / "curated" / DELIVERY / "release"
    folder.mkdir()
    (folder / "figures.csv").touch()
    try:
        result = frs(verified, "verify", "--outputs-only", "--json")
        assert result.returncode == 1
        faults = {part["part"]: part["faults"] for part in json.loads(result.stdout)}
        where = f"curated/{DELIVERY}/release"
        assert faults["outputs"] == []
        assert faults["journals"] == [f"release-journal.jsonl: has no entry for the release in {where}: entries were deleted"]
        assert f"release-journal.jsonl: has no entry for the release in {where}" in frs(verified, "doctor").stdout
    finally:
        shutil.rmtree(folder)


def test_verify_finds_another_controllers_file(verified: Path) -> None:
    path = verified / "raw" / DELIVERY / "codebook-controllers.age"
    whole = path.read_bytes()
    listed = json.loads((verified / "curated" / DELIVERY / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert path.name in listed
    flipped(path)
    try:
        [inputs] = [v.faults for v in verify(Store(Settings(STUDY, verified), DELIVERY)) if v.part == "inputs"]
        assert inputs == (f"{path.name} isn't what the manifest says",)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("root", ["0" * 64, "abc", ""])
def test_what_is_no_root_is_refused(data: Path, root: str) -> None:
    result = frs(data, "verify", "--outputs-only", "--root", root)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "--root: not a hash that was noted" in result.stderr


@pytest.mark.parametrize("part", ["inputs", "outputs", "program", "code", "lock", "summary", "delivery"])
def test_verify_finds_a_manifest_that_was_altered(data: Path, tmp_path: Path, part: str) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("raw"))
    path = copy / "curated" / DELIVERY / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    root = content["root"]
    content[part] = {**content[part], min(content[part]): "0"} if isinstance(content[part], dict) else "0"
    path.write_text(json.dumps(content), encoding="utf-8")
    store = Store(Settings(STUDY, copy), DELIVERY)
    assert verify(store, outputs_only=True)[0].faults == ("its root doesn't fit what it says: it was altered",)
    # Whoever alters the root as well is found by the root that somebody noted.
    path.write_text(json.dumps({**content, "root": root_of(content)}), encoding="utf-8")
    assert verify(store, outputs_only=True)[0].faults == ()
    assert verify(store, root, outputs_only=True)[0].faults == ("its root isn't the one that was noted",)


def test_verify_names_files_where_they_lie_when_nothing_can_be_rebuilt(data: Path, tmp_path: Path) -> None:
    """The rebuild reads them by way of a folder that is gone when somebody reads the message."""
    shutil.copytree(data, tmp_path / "data")
    raw = tmp_path / "data" / "raw" / DELIVERY
    (raw / "coordinator" / "dataset.csv").write_bytes(b"responde\n1\n")
    told = frs(tmp_path / "data", "verify").stdout
    assert (f"can't be rebuilt: {raw}/" in told, ".verify." in told) == (True, False)


@pytest.mark.minutes
def test_verify_names_a_changed_raw_line_and_a_changed_definition_and_the_first_figure(data: Path, tmp_path: Path) -> None:
    copy, package = tmp_path / "data", tmp_path / "program"
    shutil.copytree(data, copy)
    relock(Settings(STUDY, copy))
    for name in ("frs_pipeline", "studies"):
        shutil.copytree(PROJECT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(PROJECT / "requirements.lock", package / "requirements.lock")
    raw = copy / "raw" / DELIVERY / "coordinator" / "dataset.csv"
    lines = raw.read_bytes().split(b"\r\n")
    lines[1] = lines[1][:-1] + (b"2" if not lines[1].endswith(b"2") else b"3")
    raw.write_bytes(b"\r\n".join(lines))
    policy = package / "studies" / STUDY.folder.name / "rules.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "# said otherwise\n", encoding="utf-8")
    result = alone(copy, "verify", "--json", program=package)
    assert result.returncode == 1
    faults = {part["part"]: part["faults"] for part in json.loads(result.stdout)}
    assert faults["manifest"] == faults["outputs"] == []
    altered = ("codebook-pipeline.age", "coordinator/dataset.csv")
    assert faults["inputs"] == [f"{name} isn't what the manifest says" for name in altered]
    assert faults["program"] == ["study/rules.yaml isn't what the manifest says"]
    assert faults["rebuild"][-1].startswith("first figure that differs: Tabel ")


def test_a_delivery_does_not_differ_from_itself(data: Path) -> None:
    assert frs(data, "diff", DELIVERY, DELIVERY).stdout.endswith("0 of 2501 figures differ.\n")


def test_gamma_of_a_table_from_anywhere(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "satisfaction.csv"
    file.write_text("1,3,10,6\n2,3,10,7\n1,6,14,12\n0,1,9,11\n")
    out = frs(data, "gamma", str(file)).stdout
    assert out.split("association")[1].split()[-6:] == [",221", ",117", "1,851", ",064", "96", "moderate"]


def test_gamma_by_strata_with_the_partial(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "by.csv"
    women = ["1,3,11,2", "2,3,17,3", "0,1,8,5", "0,2,4,2"]
    men = ["1,1,2,1", "0,3,5,1", "0,0,7,3", "0,1,9,6"]
    lines = [f"{sex},{i},{cells}" for sex, rows in (("F", women), ("M", men)) for i, cells in enumerate(rows)]
    file.write_text("sex,income,a,b,c,d\n" + "\n".join(lines) + "\n")
    content = json.loads(frs(data, "gamma", str(file), "--by", "sex", "--json").stdout)
    assert round(content["partial"]["gamma"], 6) == 0.309278
    assert round(content["partial"]["ase"], 6) == 0.135622
    assert [round(c["gamma"], 6) for c in content["correlations"]] == [0.247573, 0.458824, 0.355148]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run", "--delivery", "2021-01-01"), 3, "unknown delivery"),
        (("run", "--delivery", "../x"), 2, "not a delivery name"),
        (("run", "--select", "nothing"), 2, "no such asset"),
        (("tables", "82"), 2, "no such table"),
        (("tables", "x"), 2, "Invalid value"),
        (("nonsense",), 2, "No such command"),
        (("gamma", "missing.csv"), 3, "missing.csv: cannot be read"),
        (("associate", "participant_frist"), 2, "participant_frist: no such mart with questions (is participant_first meant?)"),
        (("associate", "conference"), 2, "one of: participant_first, participant_followup, initiator, coordinator"),
        (("associate", "coordinator", "--by", "role"), 2, "--by: coordinator has no question role (one of: conflict)"),
        (("associate", "initiator", "--where", "conflict"), 2, "--where: conflict names no answer (write QUESTION=ANSWER)"),
        (
            ("associate", "initiator", "--where", "conflikt=få"),
            2,
            "--where: initiator has no question conflikt (is conflict meant?)",
        ),
        (("associate", "initiator", "--where", "conflict=mage"), 2, "conflict has no answer 'mage' (is mange meant?)"),
        (("associate", "initiator", "--heatmap", "all.png"), 2, "all.png: not the name of an SVG file (name it something.svg)"),
        (
            ("associate", "participant_first", "--by", "role", "--where", "role=barn"),
            2,
            "--by: --where leaves one answer to role (leave one of them out)",
        ),
        (("collapse", "82"), 2, "82: no such table (tables run from 1 to 81)"),
        (("collapse", "30", "--group", "far"), 2, "--group: table 30 has no groups (leave --group out)"),
        (("bootstrap", "82"), 2, "no such table"),
        (("bootstrap", "18", "--samples", "0"), 2, "Invalid value"),
    ],
)
def test_wrong_use_is_one_line_and_its_exit_code(data: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    result = frs(data, *arguments)
    assert result.returncode == code
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


def test_all_pairs_have_the_gammas_of_the_tables(data: Path) -> None:
    """Every table that associates two whole scales, over all forms or by role; a reversed one has the other sign."""
    figures = from_table(read(Store(Settings(STUDY, data), DELIVERY).file("statistics", "figures")))
    value = {(f.table, f.group, f.measure): f.value for f in figures}
    compared = 0
    for mart in ("participant_followup", "participant_first", "initiator"):
        by = ["--by", "role"] if mart != "initiator" else []
        listed = json.loads(frs(data, "associate", mart, *by, "--json").stdout)
        strengths = [abs(one["gamma"]) for one in listed if one["group"] is None]
        assert strengths == sorted(strengths, reverse=True)
        found = {(frozenset((one["row"], one["column"])), one["group"] or ""): one for one in listed}
        for number, table in catalogue(STUDY).items():
            if (
                table.column is None
                or not table.kind.startswith("correlation")
                or (table.marts, table.occasion) != ((mart,), "both")
            ):
                continue
            asked = [questionnaires(STUDY)[mart].question(axis.variable) for axis in (table.row, table.column)]
            whole = [[(code,) for code in q.codes if code != q.dont_know] for q in asked if q]
            if whole == [sorted(c.codes for c in axis.categories) for axis in (table.row, table.column)]:
                # The report's total by role leaves out forms without a role.
                for group in [c.label for c in table.group.categories] if table.group else [""]:
                    one = found[frozenset((table.row.variable, table.column.variable)), group]
                    assert abs(one["gamma"]) == abs(value[number, group, "gamma"] or 0)
                    assert one["n"] == value[number, group, "n"]
                    compared += 1
    assert compared == 36


def test_all_pairs_are_printed_the_strongest_first(data: Path) -> None:
    lines = frs(data, "associate", "initiator").stdout.splitlines()
    assert lines[0] == "initiator: 55 pairs of ordinal questions"
    assert lines[2].split() == ["row", "column", "gamma", "95", "%", "interval", "q", "N", "children", "association"]
    assert lines[4].split() == ["belief", "right_questions", ",577", ",463", "to", ",672", ",000", "332", "188", "strong"]
    by = frs(data, "associate", "participant_followup", "--by", "role").stdout.splitlines()
    assert [line.split()[:4] for line in by[4:6]] == [["helped", "belief", ",812", ",778"], ["helped", "belief", "barn", ",888"]]
    assert "0 pairs" in frs(data, "associate", "coordinator").stdout


def test_all_pairs_can_be_limited_drawn_and_read_by_spreadsheets(data: Path, tmp_path: Path) -> None:
    picture = tmp_path / "all.svg"
    mothers = ("associate", "participant_first", "--where", "role=Mor")
    done = frs(data, *mothers, "--heatmap", str(picture), "--csv")
    lines = list(csv.DictReader(done.stdout.splitlines()))
    assert len(lines) == 136
    of_mothers = json.loads(frs(data, "associate", "participant_first", "--by", "role", "--json").stdout)
    found = {(one["row"], one["column"]): one for one in of_mothers if one["group"] == "mor"}
    for line in lines:
        one = found[line["row"], line["column"]]
        assert (line["gamma"], line["n"], line["group"]) == ("" if one["gamma"] is None else str(one["gamma"]), str(one["n"]), "")
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg ") and "Deltager, første rådslagning, role=Mor</title>" in drawn
    frs(data, *mothers, "--heatmap", str(picture))
    assert picture.read_text(encoding="utf-8") == drawn


def test_every_collapse_is_printed_with_the_studys_own_marked(data: Path) -> None:
    lines = frs(data, "collapse", "30").stdout.splitlines()
    own = [line for line in lines if line.endswith("the study's own  ") or "the study's own" in line.split("187")[-1]]
    assert any(line.split()[:6] == ["1+2", "|", "3", "|", "4+5", "1"] for line in own)
    assert "conflict: 1 rigtig mange, 2 mange, 3 almindeligt, 4 få, 5 slet ingen" in lines
    shares = list(csv.DictReader(frs(data, "collapse", "4", "--csv").stdout.splitlines()))
    assert [(line["row"], line["dont_know"], line["own"]) for line in shares[:2]] == [
        ("Ja, meget", "False", "False"),
        ("Ja, meget", "True", "True"),
    ]
    listed = json.loads(frs(data, "collapse", "4", "--json").stdout)
    assert [str(one["value"]) for one in listed["variants"]] == [line["value"] for line in shares]


def test_errors_by_resampling_are_about_those_by_formula(data: Path) -> None:
    intervals = read(Store(Settings(STUDY, data), DELIVERY).file("statistics", "intervals")).to_pylist()
    errors = {Address.of(row): row["error"] for row in intervals if row["other_group"] is None}
    by_role = next(number for number, table in catalogue(STUDY).items() if table.kind == "correlation_by_group")
    for number in (1, 18, by_role):
        listed = json.loads(frs(data, "bootstrap", str(number), "--json").stdout)
        assert listed
        for one in listed:
            scale = 100 if "percent" in one["measure"] else 1
            assert scale * (one["error"] or 0) == pytest.approx(errors[Address.of(one)] or 0)
            assert one["samples"] == 2000
            if one["measure"] == "gamma" and one["clusters"] > 100:
                assert one["bootstrap_error"] == pytest.approx(one["error"], rel=0.1)
    assert {one["measure"] for one in listed if one["within"] is None} == {"partial_gamma"}


def test_errors_by_resampling_are_printed_with_what_they_are_for(data: Path) -> None:
    lines = frs(data, "bootstrap", "18", "--samples", "500").stdout.splitlines()
    assert lines[0] == "Table 18: errors, computed and resampled"
    assert lines[4].split()[:5] == ["gamma", "-,286", "181", ",0320", "fisher"]
    assert "500 replicates, seed 1: a cross-check of errors, which no interval is made of." in lines[6]
    assert any(line.startswith("  gamma: within conference and role: p = ,") for line in lines)


def test_all_pairs_of_what_is_missing_or_out_of_date_are_refused(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    path = tmp_path / "data" / "curated" / DELIVERY / "marts" / "initiator.parquet"
    path.write_bytes(path.with_name("coordinator.parquet").read_bytes())
    for code, says in ((1, "out of date"), (3, "not made yet")):
        result = frs(tmp_path / "data", "associate", "initiator")
        told = f"frs: {path}: {says} (frs run --delivery {DELIVERY})\n"
        assert (result.returncode, result.stdout, result.stderr) == (code, "", told)
        path.unlink(missing_ok=True)


def test_audit_report_finds_the_contradictions_in_the_report_alone(data: Path) -> None:
    found = json.loads(frs(data, "audit-report", "--json").stdout)
    assert {34, 35, 37, 38, 39, 40, 41, 69, 70, 76} <= {number for finding in found for number in finding["tables"]}


def test_other_forms_under_the_published_key_are_refused_at_every_run(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    path = tmp_path / "data" / "raw" / DELIVERY / "coordinator" / "dataset.csv"
    path.write_bytes(path.read_bytes().replace(b";2\r\n", b";3\r\n", 1))
    for command in (["run"], ["codebook", "check"]):
        result = frs(tmp_path / "data", *command)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert "codebook-pipeline.age: is locked with the published demo key" in result.stderr
    # Nothing of them was taken in.
    produced = "restricted", DELIVERY, "validated", "coordinator.parquet"
    assert tmp_path.joinpath("data", *produced).read_bytes() == data.joinpath(*produced).read_bytes()
