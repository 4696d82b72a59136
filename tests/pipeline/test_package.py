"""The audit package: what is in it, who may read which part, what it is refused for, and that its queries give every figure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyrage
import pytest
from rocrate.rocrate import ROCrate
from support.duckdb_cli import duckdb_cli
from support.running import NAME, here
from support.study import few_tables
from support.tiny import Delivery, make

from frs_pipeline.packaging import making
from frs_pipeline.release.earlier import RELEASED, name_of
from frs_pipeline.release.variants import kept_back
from frs_pipeline.release.words import Counted
from frs_pipeline.store import journal
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue

IDENTITY = pyrage.x25519.Identity.generate()
AUDITOR = str(IDENTITY.to_public())
# What names the result as a whole: all that may differ where forms do.
NAMED = {"README.md", "README.da.md", "SHA256SUMS", "commitment.json", "manifest.sha256", "ro-crate-metadata.json"}


def package(delivery: Delivery, to: Path, *more: str, purpose: str = "audit 2021-4") -> subprocess.CompletedProcess[str]:
    return here(delivery.data, "package", "--purpose", purpose, "--to", str(to), *more)


def files(folder: Path) -> dict[str, bytes]:
    """The files of the public part."""
    every = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in every if path.suffix != ".age"}


def opened(folder: Path) -> bytes:
    """The archive in the sealed part."""
    return bytes(pyrage.decrypt((folder / "sealed.tar.age").read_bytes(), [IDENTITY]))


def unpacked(folder: Path) -> Path:
    """The sealed part, where the walk-through unpacks it."""
    with tarfile.open(fileobj=io.BytesIO(opened(folder))) as archive:
        archive.extractall(folder / "sealed", filter="data")
    return folder / "sealed"


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """A tiny delivery, finished."""
    folder = tmp_path_factory.mktemp("packaged")
    few_tables(folder)
    made = make(folder / "data")
    assert here(made.data, "run").returncode == 0
    return made


@pytest.fixture(scope="module")
def packed(delivery: Delivery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its package, sealed for the auditor."""
    folder = tmp_path_factory.mktemp("package") / "audit"
    done = package(delivery, folder, "--auditor", AUDITOR)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def sealed(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was sealed, unpacked in a copy of the package."""
    return unpacked(Path(shutil.copytree(packed, tmp_path_factory.mktemp("unpacked") / "audit")))


def duckdb(query: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """DuckDB's command line in a folder."""
    command = [duckdb_cli(), "-no-init", "-bail", "-csv"]
    return subprocess.run(command, input=query, cwd=folder, capture_output=True, text=True)


def query(packed: Path, pattern: str) -> str:
    """Some of the package's files of queries, in the order of their names."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((packed / "queries").glob(pattern)))


# --- figures, definitions, queries, Parquet -------------------------------------------------------------------


def test_duckdb_alone_counts_every_figure_again(packed: Path, sealed: Path) -> None:
    done = duckdb(query(packed, "table_*.sql") + query(packed, "compare.sql"), sealed)
    assert (done.returncode, done.stderr) == (0, "")
    figures = pq.read_table(sealed / "statistics" / "figures.parquet")
    tables = len(set(figures["table"].to_pylist()))
    assert f"\n{tables},{tables},{figures.num_rows},{figures.num_rows}\n" in done.stdout
    assert figures.num_rows > 100


@pytest.mark.parametrize(
    ("pattern", "to"),
    [("WHERE role = 1 ", "WHERE role > 1 "), (r"\bAS value\b", "+ 1 AS value"), ("(?s)INSERT INTO.*?;\n", "")],
    ids=["another answer", "one more", "a figure left out"],
)
def test_a_query_that_gives_something_else_is_an_error(packed: Path, sealed: Path, pattern: str, to: str) -> None:
    asked = query(packed, "table_01.sql")
    altered = re.sub(pattern, to, asked, count=1)
    assert altered != asked
    done = duckdb(altered + query(packed, "compare.sql"), sealed)
    assert done.returncode != 0 and "come out differently" in done.stderr


def test_every_file_is_the_manifests_and_an_altered_one_an_error(packed: Path, sealed: Path, tmp_path: Path) -> None:
    done = duckdb(query(packed, "manifest.sql"), sealed)
    assert (done.returncode, done.stderr) == (0, "")
    every, same = re.findall(r"^(\d+),(\d+)$", done.stdout, re.M)[-1]
    there = [path for part in ("marts", "statistics", "definitions") for path in (sealed / part).rglob("*") if path.is_file()]
    assert int(every) == int(same) == len(there)
    copy = Path(shutil.copytree(sealed, tmp_path / "sealed"))
    mart = copy / "marts" / "initiator.parquet"
    mart.write_bytes(mart.read_bytes()[:-1] + b"!")
    altered = duckdb(query(packed, "manifest.sql"), copy)
    assert altered.returncode != 0 and "marts/initiator.parquet" in altered.stdout


def test_both_parts_have_lists_of_hashes_that_hold(packed: Path, sealed: Path) -> None:
    for folder, lists in ((packed, ["SHA256SUMS"]), (sealed, ["SHA256SUMS", "PUBLIC.sha256", "../manifest.sha256"])):
        for name in lists:
            done = subprocess.run(["sha256sum", "-c", "--strict", "--quiet", name], cwd=folder, capture_output=True, text=True)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    listed = {line[66:] for line in (packed / "SHA256SUMS").read_text(encoding="utf-8").splitlines()}
    assert listed == set(files(packed)) - {"SHA256SUMS"}


def test_every_figure_stands_in_words_and_has_a_passport(packed: Path, sealed: Path) -> None:
    for path in sorted((packed / "queries").glob("table_*.sql")):
        asked = path.read_text(encoding="utf-8").count("INSERT INTO recounted")
        page = json.loads((sealed / "passports" / path.with_suffix(".json").name).read_text(encoding="utf-8"))
        assert asked == len(page["figures"]) > 0
        assert all(f"-- {figure['definition']['english']}\n" in path.read_text(encoding="utf-8") for figure in page["figures"])


# --- who may read what ----------------------------------------------------------------------------------------


def test_the_public_part_knows_nothing_of_what_forms_say(packed: Path, delivery: Delivery, tmp_path: Path) -> None:
    """Other answers give the same public part, but for the hash and the root of the whole."""
    other = delivery.copy_to(tmp_path / "data")
    for form in range(5):
        other.set("participant_first", form, helefrs=str(1 + (int(other.get("participant_first", form, "helefrs") or 1)) % 5))
    assert here(other.data, "run").returncode == 0
    assert package(other, tmp_path / "audit", "--auditor", AUDITOR).returncode == 0
    before, after = files(packed), files(tmp_path / "audit")
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == NAMED
    # Hashes of files that name the whole stand in two lists; without them and what they name nothing is left that differs.
    named = [re.compile(rb"[0-9a-f]{64}")]
    for name in NAMED:
        assert named[0].sub(b"", before[name]) == named[0].sub(b"", after[name]), name
    assert opened(packed) != opened(tmp_path / "audit")


def test_no_hash_of_a_single_result_or_delivered_file_is_public(packed: Path, sealed: Path) -> None:
    manifest = json.loads((sealed / "manifest.json").read_text(encoding="utf-8"))
    hidden = {*manifest["outputs"].values(), *manifest["inputs"].values()}
    hidden |= {value for name, value in manifest["program"].items() if name.startswith("study/")}
    public = b"".join(files(packed).values()).decode()
    assert hidden and not {found for found in re.findall("[0-9a-f]{64}", public) if found in hidden}
    assert manifest["root"] in public and sha256(sealed / "manifest.json") in public


def test_public_definitions_quote_no_figure(packed: Path) -> None:
    for name, content in files(packed).items():
        if name.startswith("definitions/") and name.endswith(".yaml"):
            assert content.count(b"#") <= 1 + content.count(b"'#"), name  # the line that says that comments were left out
            assert not re.search(rb"^\s*((printed_)?note(_danish)?|printed|fetch):", content, re.M), name
    assert {"definitions/study.yaml", "definitions/tables.yaml", "definitions/codes.csv"} <= set(files(packed))


def test_the_sealed_part_holds_no_conference_number_and_nothing_of_the_codebook(sealed: Path, held: Any) -> None:
    names = {path.relative_to(sealed).as_posix() for path in sealed.rglob("*") if path.is_file()}
    assert {name.split("/")[0] for name in names} == {
        *("manifest.json", "marts", "statistics", "definitions", "passports", "set-aside.csv", "SHA256SUMS", "PUBLIC.sha256")
    }
    numbers = re.compile(rf"(?<![0-9a-f.])(?:{'|'.join(str(entry.conference_number) for entry in held)})(?![0-9a-f])")
    for path in (path for path in sealed.rglob("*") if path.is_file()):
        text = str(pq.read_table(path).to_pydict()) if path.suffix == ".parquet" else path.read_text(encoding="utf-8")
        assert not numbers.search(text), path.name


def test_only_the_auditors_key_opens_it(packed: Path) -> None:
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt((packed / "sealed.tar.age").read_bytes(), [pyrage.x25519.Identity.generate()])
    assert opened(packed)


def test_without_an_auditor_there_is_no_sealed_part(delivery: Delivery, tmp_path: Path) -> None:
    done = package(delivery, tmp_path / "audit", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["sealed"] is None
    assert not list((tmp_path / "audit").rglob("*.age"))
    told = b"".join(files(tmp_path / "audit").values())
    assert b"sealed.tar.age" not in told and b"no sealed part" in told


# --- the same bytes -------------------------------------------------------------------------------------------


def test_the_same_result_gives_the_same_bytes_but_for_what_age_makes(packed: Path, delivery: Delivery, tmp_path: Path) -> None:
    assert package(delivery, tmp_path / "audit", "--auditor", AUDITOR).returncode == 0
    assert files(tmp_path / "audit") == files(packed)
    assert opened(tmp_path / "audit") == opened(packed)
    assert (tmp_path / "audit" / "sealed.tar.age").read_bytes() != (packed / "sealed.tar.age").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(opened(packed))) as archive:
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) for entry in archive} == {(0, 0, 0, "", "")}
        assert {entry.mode for entry in archive} == {0o600, 0o700}


# --- the crate ------------------------------------------------------------------------------------------------


def references(value: Any) -> Iterator[str]:
    """Every id that something refers to."""
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            yield from (found for each in value.values() for found in references(each))
    elif isinstance(value, list):
        yield from (found for each in value for found in references(each))


def test_it_is_a_workflow_run_crate(packed: Path) -> None:
    crate = ROCrate(packed)
    root = crate.root_dataset
    assert [profile.id for profile in root["conformsTo"]] == [
        "https://w3id.org/ro/wfrun/process/0.5",
        "https://w3id.org/ro/wfrun/workflow/0.5",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    ]
    assert all(profile.type == "CreativeWork" and profile["version"] for profile in root["conformsTo"])
    assert root["name"] and root["description"] and root["license"]["name"] and root["datePublished"] == NAME
    workflow = crate.mainEntity
    assert set(workflow.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert workflow["programmingLanguage"].type == "ComputerLanguage"
    (action,) = root["mentions"]
    assert action.type == "CreateAction" and action["instrument"] is workflow
    assert {entity.id for entity in action["result"]} == {"#results", "sealed.tar.age"}
    assert "#delivered" in {entity.id for entity in action["object"]}
    assert action["agent"].type == "Organization"
    (program,) = workflow["softwareRequirements"]
    assert {library["name"]: library["softwareVersion"] for library in program["softwareRequirements"]}["duckdb"]


def test_all_that_the_crate_names_is_there(packed: Path) -> None:
    graph = json.loads((packed / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    known = {entity["@id"]: entity for entity in graph}
    assert len(known) == len(graph)
    outside = ("https://w3id.org/ro/crate/", "http://schema.org/")
    lacking = {name for entity in graph for value in entity.values() for name in references(value)} - known.keys()
    assert [name for name in sorted(lacking) if not name.startswith(outside)] == []
    listed = {name: entity for name, entity in known.items() if "File" in entity["@type"] or entity["@type"] == "File"}
    there = files(packed)
    for name, entity in listed.items():
        if name != "sealed.tar.age":
            assert entity["sha256"] == hashlib.sha256(there[name]).hexdigest()
            assert int(entity["contentSize"]) == len(there[name])
    assert there.keys() - listed.keys() == {"SHA256SUMS", "ro-crate-metadata.json"}
    assert not {"sha256", "contentSize"} & listed["sealed.tar.age"].keys()


# --- what it is refused for, and what is noted ----------------------------------------------------------------


def test_the_journal_knows_who_got_what_and_why(packed: Path, delivery: Delivery) -> None:
    entries = [entry for entry in journal.entries(delivery.settings.access_journal) if entry.event == making.PACKAGED]
    found = [entry for entry in entries if entry.details.get("sealed") == sha256(packed / "sealed.tar.age")]
    assert [(entry.why, entry.details["auditors"]) for entry in found] == [("audit 2021-4", [AUDITOR])]
    assert found[0].details["public"] == sha256(packed / "SHA256SUMS")
    assert journal.verify(delivery.settings.access_journal) == []


@pytest.mark.parametrize(
    ("code", "says", "arguments"),
    [
        (2, "needs a purpose", ["--purpose", " "]),
        (2, "holds a personal number", ["--purpose", "for 610118" + "-0011"]),
        (2, "exists already", ["--to", "{there}"]),
        (2, "lies among the data", ["--to", "{data}/curated/audit"]),
        (3, "isn't an age recipient", ["--auditor", "age1nobody"]),
        (3, "holds a secret key", ["--auditor", "{secret}"]),
        (2, "stands twice", ["--auditor", AUDITOR, "--auditor", AUDITOR]),
        (3, "missing file", ["--auditor", "nobody.txt"]),
    ],
)
def test_what_cannot_be_packaged_is_one_line(
    delivery: Delivery, tmp_path: Path, code: int, says: str, arguments: list[str]
) -> None:
    (tmp_path / "there").mkdir()
    filled = {"there": tmp_path / "there", "data": delivery.data, "secret": IDENTITY}
    given = [argument.format(**filled) for argument in arguments]
    done = package(delivery, tmp_path / "audit", *given)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1) and says in done.stderr, done.stderr
    assert str(IDENTITY) not in done.stderr + done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["there"] and not list((tmp_path / "there").iterdir())


def test_nothing_is_made_of_a_result_that_is_stale_altered_or_missing(delivery: Delivery, tmp_path: Path) -> None:
    early = make(tmp_path / "early")
    assert package(early, tmp_path / "audit").returncode == 3
    copy = delivery.copy_to(tmp_path / "data")
    mart = copy.settings.curated(NAME) / "marts" / "initiator.parquet"
    whole = mart.read_bytes()
    mart.write_bytes(whole[:-1] + b"!")
    altered = package(copy, tmp_path / "audit")
    assert altered.returncode == 1 and "doesn't verify" in altered.stderr and "initiator" in altered.stderr
    mart.write_bytes(whole)
    copy.correct(("IN-700001", "x", "1", "2"))
    stale = package(copy, tmp_path / "audit")
    assert stale.returncode == 1 and "out of date" in stale.stderr
    assert not (tmp_path / "audit").exists()
    refused = [entry for entry in journal.entries(copy.settings.access_journal) if entry.event == "refused"]
    assert [entry.details["command"] for entry in refused] == [making.PACKAGED] * 2


@pytest.mark.parametrize("part", ["public", "sealed"])
def test_a_package_with_a_leak_is_never_put_in_place(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    leak = "Barnet hedder 710118" + "-1234"
    files_of, gathered = making.public_files, making.gather

    def with_leak(here: Any) -> dict[str, bytes]:
        return {**files_of(here), "definitions/codes.csv": leak.encode()}

    def gather(store: Any, folder: Path, public: Path) -> Any:
        (folder / "set-aside-too.csv").write_text(leak, encoding="utf-8")
        return gathered(store, folder, public)

    monkeypatch.setattr(making, *(("public_files", with_leak) if part == "public" else ("gather", gather)))
    done = package(delivery, tmp_path / "audit", "--auditor", AUDITOR)
    assert done.returncode == 1 and f"{part}/" in done.stderr and "personal number" in done.stderr
    assert "710118" not in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []
    # Nothing of it stays among the restricted files either.
    assert list(delivery.settings.restricted(NAME).glob(".package.*")) == []


def test_a_folder_that_cannot_be_put_in_place_is_noted_as_undone(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(journal.entries(delivery.settings.access_journal))
    noted = making.traced

    def note_and_take(*arguments: Any) -> Any:
        (tmp_path / "audit").mkdir()
        return noted(*arguments)

    monkeypatch.setattr(making, "traced", note_and_take)
    done = package(delivery, tmp_path / "audit")
    assert done.returncode == 1 and "meanwhile" in done.stderr
    assert list((tmp_path / "audit").iterdir()) == [] and [path.name for path in tmp_path.iterdir()] == ["audit"]
    events = [entry.event for entry in journal.entries(delivery.settings.access_journal)[before:]]
    assert events == [making.PACKAGED, "undone", "refused"]


# --- the release ----------------------------------------------------------------------------------------------


# --- the release ----------------------------------------------------------------------------------------------


def released(delivery: Delivery, words: Mapping[str, Any]) -> str:
    """Put a release in place that went out by the journal, of forms that are known by these words; when it did."""
    store = Store(delivery.settings, delivery.name)
    made = {"figures.csv": b"table,row,column,group,measure,value,status\r\n", "report/index.html": b"<p>What may be read</p>"}
    for name, content in made.items():
        path = delivery.settings.curated(delivery.name) / "release" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    marts = {name: store.marts(name) for name in instruments(store.study)}
    tables = [table for table in catalogue(store.study).values() if not kept_back(store.study, table)]
    counted = Counted(marts, tables)
    details = {"delivery": delivery.name, "name": name_of(made), "forms": {**counted.words, **words}, "columns": counted.columns}
    return journal.append(delivery.settings.release_journal, RELEASED, who="LK", why="x y", details=details).when


def test_the_release_of_these_results_is_in_the_public_part(delivery: Delivery, tmp_path: Path) -> None:
    copy = delivery.copy_to(tmp_path / "data")
    when = released(copy, {})
    assert package(copy, tmp_path / "audit").returncode == 0
    there = files(tmp_path / "audit")
    assert {name for name in there if name.startswith("release/")} == {"release/figures.csv", "release/report/index.html"}
    root = ROCrate(tmp_path / "audit").root_dataset
    run, release = root["mentions"]
    assert (run.id, release["endTime"], root["datePublished"]) == ("#run", when, when[:10])
    assert {entity.id for entity in release["result"]} == {"release/figures.csv", "release/report/"}
    assert b"There is no release" not in there["README.md"]


def test_a_release_of_other_forms_stays_out(delivery: Delivery, tmp_path: Path) -> None:
    copy = delivery.copy_to(tmp_path / "data")
    released(copy, {"initiator": "0" * 64})
    assert package(copy, tmp_path / "audit").returncode == 0
    there = files(tmp_path / "audit")
    assert not [name for name in there if name.startswith("release/")] and b"There is no release" in there["README.md"]


def test_nothing_is_packaged_beside_a_release_that_was_altered(delivery: Delivery, tmp_path: Path) -> None:
    copy = delivery.copy_to(tmp_path / "data")
    released(copy, {})
    (copy.settings.curated(NAME) / "release" / "figures.csv").write_bytes(b"table\r\n1\r\n")
    done = package(copy, tmp_path / "audit")
    assert done.returncode == 1 and "differs from what went out" in done.stderr and not (tmp_path / "audit").exists()


def test_set_aside_forms_are_counted_by_rule(sealed: Path, delivery: Delivery) -> None:
    rows = list(csv.DictReader(io.StringIO((sealed / "set-aside.csv").read_text(encoding="utf-8"))))
    quarantine = pq.read_table(delivery.settings.restricted(NAME) / "quarantine.parquet").to_pylist()
    assert {(row["instrument"], row["rule"]) for row in rows} == {(row["instrument"], row["rule"]) for row in quarantine}
