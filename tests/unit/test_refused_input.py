"""Input that looks nearly right is refused in one line, never taken for something else."""

import re

import pytest
from support.study import STUDY

from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, lock
from frs_pipeline.codebook.vault import read_codebook
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.ledger import COLUMNS, read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.reconstruction.delivery import reconstruct
from frs_pipeline.store.plan import definition_hash
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import read_catalogue


class Titled(Spec):
    title: str


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"title: a\ntitle: b\n", ":2: not valid YAML: key title stands twice"),
        ("title: æ\n".encode("cp1252"), ":1: isn't UTF-8 (save the file as UTF-8)"),
        (b"title: 2020\n", ":1: title: 2020 isn't text (put it into quotes"),
    ],
    ids=["key twice", "cp1252", "number"],
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
        read_ledger(STUDY, path)


def test_blank_lines_of_a_ledger_are_passed_over(tmp_path):
    path = tmp_path / "kontering.csv"
    path.write_text(";".join(COLUMNS) + "\n17;2020-01-02;opfølgning\n\n;;\n", encoding="utf-8")
    assert read_ledger(STUDY, path)["conference_number"].to_pylist() == [17]


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
        read_codebook(STUDY, path, key)


def test_an_export_without_the_time_of_keying(delivery):
    delivery.drop_column("initiator", "created")
    with pytest.raises(InputError, match=r"dataset\.csv:1: column created is missing"):
        read_export(STUDY, delivery.folder / "initiator")


def test_null_bytes_behind_a_mark(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().decode("cp1252").encode() + b"\0")
    with pytest.raises(InputError, match="null bytes"):
        read_export(STUDY, delivery.folder / "initiator")


def test_the_line_of_a_bad_byte_counts_behind_a_mark(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(b"\xef\xbb\xbfresponde\nr\xe5d;1\n")
    with pytest.raises(InputError, match=r"dataset\.csv:2: not readable as utf-8"):
        read_export(STUDY, delivery.folder / "initiator")


def test_labels_that_are_not_the_questionnaires_stop_the_run(delivery):
    path = delivery.path("coordinator/labels.csv")
    text = path.read_bytes().decode("cp1252")
    path.write_bytes(text.replace("rigtig mange", "slet ingen?").encode("cp1252"))
    with pytest.raises(
        InputError, match=r"labels.csv:\d+: labels of konflikt aren't those of the questionnaire \[labels_drifted\]"
    ):
        delivery.validated("coordinator")


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
            "stands in collapse, too",
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
    path = tmp_path / "tables.yaml"
    path.write_text(f'tables:\n  - number: 1\n    title: ""\n    {table}\n    mart: participant_first\n', encoding="utf-8")
    with pytest.raises(InputError, match=rf"tables.yaml:{line}: .*{says}"):
        read_catalogue(STUDY, path)


def test_dont_know_is_left_out_of_crosstabs_and_correlations_but_not_of_frequencies(tmp_path):
    path = tmp_path / "tables.yaml"
    head = 'title: ""\n    mart: participant_first\n'
    path.write_text(
        f"tables:\n  - number: 1\n    {head}    kind: crosstab\n    row: role\n    column: plan_satisfied\n    percent: row\n"
        f"  - number: 2\n    {head}    kind: frequency\n    variable: plan_satisfied\n",
        encoding="utf-8",
    )
    tables = read_catalogue(STUDY, path)
    assert [c.label for c in tables[2].row.categories][-1] == "ved ikke"
    assert "ved ikke" not in [c.label for c in tables[1].column.categories]


@pytest.mark.parametrize(
    ("table", "line", "says"),
    [
        ("kind: distribution\n    variable: right_questions\n    also: participant_followup", 5, "has other answers in"),
        ("kind: correlation\n    row: role\n    column: belief", 5, "role is nominal"),
        ("kind: frequency\n    variable: belief\n    occasion: followup", 6, "holds no forms of that occasion"),
    ],
    ids=["other scale", "nominal", "other occasion"],
)
def test_a_table_that_would_count_nonsense(tmp_path, table, line, says):
    path = tmp_path / "tables.yaml"
    path.write_text(f'tables:\n  - number: 1\n    title: ""\n    {table}\n    mart: participant_first\n', encoding="utf-8")
    with pytest.raises(InputError, match=rf"tables.yaml:{line}: .*{says}"):
        read_catalogue(STUDY, path)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"stato_4": "0", "stato_5": "1"}, ["not_answered"]),
        ({"stato_4": "0", "stato_2": "1"}, ["not_answered"]),
        ({"stato_4": "0"}, ["status_unclear"]),
        ({"stato_5": "1"}, ["status_unclear"]),
        ({"responde": "6101801234"}, ["holds_personal_number", "respondent_unreadable"]),
        ({"responde": ""}, ["respondent_unreadable"]),
    ],
    ids=["rejected", "distributed", "no status", "two", "shape of a personal number", "blank id"],
)
def test_a_form_that_is_none(delivery, change, rules):
    delivery.set("initiator", 1, **change)
    found = delivery.validated("initiator")
    rows = found.rejected.table().to_pylist()
    assert [row["rule"] for row in rows] == rules
    assert found.delivered == found.forms.num_rows + 1
    if "responde" in change:
        assert {row["form_id"] for row in rows} == {"IN-line3"}


def test_a_respondent_id_that_stands_twice_loses_no_sound_form(delivery):
    delivery.repeat("initiator", 1, created="2019-09-01 10:00:00")
    delivery.set("initiator", 1, raadsnr2="1")
    found = delivery.validated("initiator")
    assert found.rejected.table()["rule"].to_pylist() == ["numbers_differ"]


def test_a_form_of_another_occasion_is_set_aside(delivery):
    book = read_codebook(STUDY, delivery.path("codebook-pipeline.age"), delivery.key)
    turned = book.set_column(book.column_names.index("occasion"), "occasion", [["followup"] * book.num_rows])
    result = delivery.validated("participant_first", codebook=turned)
    assert result.forms.num_rows == 0
    assert set(result.rejected.table()["rule"].to_pylist()) == {"wrong_occasion"}


def test_a_question_text_that_is_anothers(delivery):
    path = delivery.path("initiator/structure.csv")
    text = path.read_bytes().decode("cp1252")
    question = questionnaires(STUDY)["initiator"].question("belief")
    path.write_bytes(text.replace(question.text, "Et andet spørgsmål?").encode("cp1252"))
    with pytest.raises(InputError, match=r"the text of planhjlp isn't that of the questionnaire \[wording_drifted\]"):
        delivery.validated("initiator")


def test_the_order_of_a_collapse_is_part_of_the_definition(tmp_path):
    hashes = []
    for name, collapse in (("a", "{X: [ja], Y: [nej]}"), ("b", "{Y: [nej], X: [ja]}")):
        path = tmp_path / name / "tables.yaml"
        path.parent.mkdir()
        path.write_text(f"tables: [{{number: 1, collapse: {{made_questions: {collapse}}}}}]\n", encoding="utf-8")
        hashes.append(definition_hash(STUDY, ((path, 0),)))
    assert hashes[0] != hashes[1]


def test_a_reconstruction_does_not_overwrite_a_real_delivery(tmp_path):
    (tmp_path / "kontering.csv").write_text("real", encoding="utf-8")
    with pytest.raises(UsageError, match="isn't the made-up delivery"):
        reconstruct(STUDY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kontering.csv"]
