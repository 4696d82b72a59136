"""Input that looks nearly right is refused in one line, never taken for something else."""

import re

import pytest

from frs_pipeline.codebook.vault import PIPELINE_COLUMNS, lock, read_codebook
from frs_pipeline.errors import InputError
from frs_pipeline.exports.ledger import COLUMNS, read_ledger
from frs_pipeline.exports.surveyxact import read_export
from frs_pipeline.exports.validation import validate
from frs_pipeline.questionnaires.model import questionnaires
from frs_pipeline.specs import Spec, YamlFile
from frs_pipeline.tables.model import read_catalogue


class Titled(Spec):
    title: str


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"title: a\ntitle: b\n", ":2: not valid YAML: key title stands twice"),
        ("title: æ\n".encode("cp1252"), "cannot be read as UTF-8"),
        (b"title: 2020-13-45\n", "holds a value that can't be"),
    ],
    ids=["key twice", "cp1252", "no such date"],
)
def test_yaml_that_is_nearly_right(tmp_path, text, says):
    path = tmp_path / "spec.yaml"
    path.write_bytes(text)
    with pytest.raises(InputError, match=re.escape(says)):
        YamlFile(path).parse(Titled)


@pytest.mark.parametrize("number", ["99999999999", "-4_0", "", "12a"])
def test_a_ledger_number_that_is_none(tmp_path, number):
    path = tmp_path / "kontering.csv"
    path.write_text(";".join(COLUMNS) + f"\n{number};2020-01-02;opfølgning\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"kontering\.csv:2: not a number"):
        read_ledger(path)


def test_blank_lines_of_a_ledger_are_passed_over(tmp_path):
    path = tmp_path / "kontering.csv"
    path.write_text(";".join(COLUMNS) + "\n17;2020-01-02;opfølgning\n\n;;\n", encoding="utf-8")
    assert read_ledger(path)["conference_number"].to_pylist() == [17]


@pytest.mark.parametrize(
    "line",
    [
        "17,KABCDEF,first",
        "99999999999,KABCDEF,first,2020-01-02",
        "17,KABCDEF,banana,2020-01-02",
        "17,,first,2020-01-02",
        "17,17,first,2020-01-02",
        "17,KABCDEF,first,2020-01-02,extra",
        "17,KABCDEF,first,yesterday",
    ],
    ids=["field short", "number too large", "occasion", "no pseudonym", "number as pseudonym", "extra field", "date"],
)
def test_a_codebook_entry_that_is_none(tmp_path, line):
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    key, path = tmp_path / "key.txt", tmp_path / "codebook.age"
    key.write_text(str(identity))
    path.write_bytes(lock(",".join(PIPELINE_COLUMNS) + f"\n18,KZZZZZZ,first,2020-01-02\n{line}\n", [str(identity.to_public())]))
    with pytest.raises(InputError, match="holds an entry that isn't"):
        read_codebook(path, key)


def test_an_export_without_the_time_of_keying(delivery):
    delivery.drop_column("initiator", "created")
    with pytest.raises(InputError, match=r"dataset\.csv:1: column created is missing"):
        read_export(delivery.folder / "initiator")


def test_null_bytes_behind_a_mark(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().decode("cp1252").encode() + b"\0")
    with pytest.raises(InputError, match="null bytes"):
        read_export(delivery.folder / "initiator")


def test_the_line_of_a_bad_byte_counts_behind_a_mark(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(b"\xef\xbb\xbfresponde\nr\xe5d;1\n")
    with pytest.raises(InputError, match=r"dataset\.csv:2: not readable as utf-8"):
        read_export(delivery.folder / "initiator")


def test_labels_that_are_not_the_questionnaires_stop_the_run(delivery):
    path = delivery.path("coordinator/labels.csv")
    text = path.read_bytes().decode("cp1252")
    path.write_bytes(text.replace("rigtig mange", "slet ingen?").encode("cp1252"))
    with pytest.raises(InputError, match=r"labels.csv:\d+: labels of konflikt aren't those of the questionnaire"):
        validate(read_export(delivery.folder / "coordinator"), questionnaires()["coordinator"])


@pytest.mark.parametrize(
    ("table", "line", "says"),
    [
        ("kind: crosstab\n    row: role\n    column: role\n    percent: row", 6, "crosses a question with itself"),
        ("kind: distribution\n    variable: overall\n    also: participant_first", 6, "would count participant_first twice"),
        ("kind: frequency\n    variable: made_questions\n    leave_out: {made_questions: [ja, nej]}", 5, "no answer of"),
        (
            "kind: frequency\n    variable: made_questions\n    leave_out: {made_questions: [ja]}\n"
            "    collapse: {made_questions: {Ja: [ja]}}",
            6,
            "is collapsed",
        ),
        (
            "kind: frequency\n    variable: made_questions\n    collapse: {made_questions: {Total: [ja]}}",
            6,
            "what totals are called",
        ),
    ],
    ids=["row is column", "same mart twice", "nothing left", "left out and collapsed", "called Total"],
)
def test_a_table_that_would_count_something_else(tmp_path, table, line, says):
    path = tmp_path / "catalogue.yaml"
    path.write_text(f'tables:\n  - number: 1\n    title: ""\n    {table}\n    mart: participant_first\n', encoding="utf-8")
    with pytest.raises(InputError, match=rf"catalogue.yaml:{line}: .*{says}"):
        read_catalogue(path)


def test_dont_know_is_left_out_of_crosstabs_and_correlations_but_not_of_frequencies(tmp_path):
    path = tmp_path / "catalogue.yaml"
    head = 'title: ""\n    mart: participant_first\n'
    path.write_text(
        f"tables:\n  - number: 1\n    {head}    kind: crosstab\n    row: role\n    column: plan_satisfied\n    percent: row\n"
        f"  - number: 2\n    {head}    kind: frequency\n    variable: plan_satisfied\n",
        encoding="utf-8",
    )
    tables = read_catalogue(path)
    assert [c.label for c in tables[2].row.categories][-1] == "ved ikke"
    assert "ved ikke" not in [c.label for c in tables[1].column.categories]
