"""What the marts promise, held by Great Expectations: each kind of promise breaks when it should, and tells no value."""

import ast
import builtins
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.remembered import CHECKED
from support.study import STUDY

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.report import expectations
from frs_pipeline.report.data_docs import pages
from frs_pipeline.report.expectations import (
    BETWEEN,
    COLUMNS,
    IN_SET,
    LARGEST,
    NOT_NULL,
    RESULT,
    UNIQUE,
    Before,
    before_of,
    hold,
    results,
)
from frs_pipeline.store.files import MANIFEST, Store, hashes, write_json
from frs_pipeline.store.plan import products
from frs_pipeline.store.rows import content_hash
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.study.about import about
from frs_pipeline.study.cases import CASE_COLUMNS, CASES
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.promises import BlankLimits, Limits, ShareLimits, read_limits
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables.nonresponse import conference_schema

STRICT = Limits(
    row_cap=1000,
    blank=BlankLimits(default=0.2, questions={"initiator": {"conflict": 0.5}}),
    shares=ShareLimits(largest_move=0.1, fewest_answers=20),
)
FORMS = 60


def mart_of(name, forms=FORMS, shift=0):
    """A good mart: answers run through each scale, `shift` steps ahead."""
    questionnaire = questionnaires(STUDY)[name]
    occasions = list(about(STUDY).occasions) if questionnaire.occasion == "both" else [questionnaire.occasion]
    text = ("form_id", [f"{questionnaire.form_prefix}-{i:06d}" for i in range(forms)])
    columns = [text, ("conference_id", [f"C-{i // 3}" for i in range(forms)])]
    columns.append(("occasion", [occasions[i % len(occasions)] for i in range(forms)]))
    fields = [pa.field(column, pa.string(), nullable=False) for column, _ in columns]
    columns += [(field.name, [None] * forms) for field in CASES]
    fields += CASES
    for question in questionnaire.questions:
        asked = [question.occasion in ("both", occasion) or len(occasions) == 1 for occasion in columns[2][1]]
        codes = [question.codes[(i + shift) % len(question.codes)] if asked[i] else None for i in range(forms)]
        columns.append((question.name, codes))
        fields.append(arrow_field(question))
    return pa.table([pa.array(cells, field.type) for (_, cells), field in zip(columns, fields, strict=True)], pa.schema(fields))


def conferences(number=20):
    rows = {
        "conference_id": [f"C-{i}" for i in range(number)],
        "occasion": [("first", "followup")[i % 2] for i in range(number)],
        "in_ledger": [i != 3 for i in range(number)],
        **{name: [None] * number for name in CASE_COLUMNS},
        **{name: [i % 4 for i in range(number)] for name in conference_schema(STUDY).names if name.endswith("_forms")},
    }
    return pa.table(rows, conference_schema(STUDY))


def good():
    return {**{name: mart_of(name) for name in instruments(STUDY)}, "conference": conferences()}


def put(mart, column, cells):
    """The mart with other `cells` by row in one column."""
    at = mart.column_names.index(column)
    field = mart.schema.field(at).with_nullable(True)
    values = [cells.get(i, value) for i, value in enumerate(mart[column].to_pylist())]
    return mart.set_column(at, field, pa.array(values, field.type))


def broken(held):
    return [(row["expectation"], row["column"]) for mart in held for row in mart.broken.to_pylist()]


def alone(name, mart, before=None, limits=STRICT):
    """One mart held to its promises."""
    return hold(STUDY, {name: mart}, "2020-11-30", None if before is None else Before("2020-05-31", {name: before}), limits)


@pytest.fixture(scope="module", autouse=True)
def _promises_are_looked_at_anew():
    """What these tests are about is remembered by the others."""
    remembering, expectations._results = expectations._results, CHECKED
    yield
    expectations._results = remembering


@pytest.fixture(scope="module")
def kept():
    """All marts, all good, against a delivery before that was alike."""
    return hold(STUDY, good(), "2020-11-30", Before("2020-05-31", good()), STRICT)


def test_good_marts_keep_every_promise(kept):
    rows = results(kept)
    assert rows.schema == RESULT
    assert broken(kept) == []
    assert set(rows["expectation"].to_pylist()) == {COLUMNS, UNIQUE, NOT_NULL, IN_SET, BETWEEN, LARGEST}
    assert list(dict.fromkeys(rows["mart"].to_pylist())) == [*instruments(STUDY), "conference"]


def test_every_question_promises_its_scale_few_blanks_and_a_small_move(kept):
    found = {(row["mart"], row["column"], row["expectation"]) for row in results(kept).to_pylist()}
    for name, questionnaire in questionnaires(STUDY).items():
        for question in questionnaire.questions:
            assert {(name, question.name, kind) for kind in (IN_SET, NOT_NULL, LARGEST)} <= found


def test_results_say_how_many_rows_and_which_share(kept):
    rows = {(row["mart"], row["column"], row["expectation"]): row for row in results(kept).to_pylist()}
    asked = rows["initiator", "wellbeing", NOT_NULL]
    assert (asked["checked"], asked["observed"], asked["limit"]) == (FORMS // 2, 0, "20 % of follow-up forms")
    assert rows["initiator", "wellbeing", IN_SET]["checked"] == FORMS // 2
    assert rows["conference", None, COLUMNS]["checked"] == 20


PLANTED = [
    ("initiator", lambda m: put(m, "form_id", {3: "IN-000004"}), [(UNIQUE, "form_id")]),
    ("initiator", lambda m: put(m, "form_id", {3: None}), [(NOT_NULL, "form_id")]),
    ("initiator", lambda m: put(m, "conference_id", {3: None}), [(NOT_NULL, "conference_id")]),
    ("initiator", lambda m: put(m, "occasion", {3: None}), [(NOT_NULL, "occasion")]),
    ("initiator", lambda m: put(m, "occasion", {3: "later"}), [(IN_SET, "occasion")]),
    ("participant_first", lambda m: put(m, "occasion", {3: "followup"}), [(IN_SET, "occasion")]),
    ("initiator", lambda m: put(m, "belief", {3: 6}), [(IN_SET, "belief")]),
    ("participant_first", lambda m: put(m, "plan_satisfied", {3: 0}), [(IN_SET, "plan_satisfied")]),
    ("initiator", lambda m: m.select([0, 2, 1, *range(3, m.num_columns)]), [(COLUMNS, None)]),
    ("initiator", lambda m: m.append_column("note", m["belief"]), [(COLUMNS, None)]),
    ("coordinator", lambda m: m.drop_columns("conflict"), [(COLUMNS, None), (IN_SET, "conflict"), (NOT_NULL, "conflict")]),
    ("conference", lambda m: put(m, "conference_id", {3: "C-4"}), [(UNIQUE, "conference_id")]),
    ("conference", lambda m: put(m, "occasion", {3: "later"}), [(IN_SET, "occasion")]),
    ("conference", lambda m: put(m, "in_ledger", {3: None}), [(NOT_NULL, "in_ledger")]),
    ("conference", lambda m: put(m, "participants_forms", {3: -1}), [(BETWEEN, "participants_forms")]),
    ("conference", lambda m: put(m, "initiator_forms", {3: None}), [(NOT_NULL, "initiator_forms")]),
    # One in five may be blank, and of `conflict` one in two; of what is asked at the follow-up only, of follow-up forms.
    ("initiator", lambda m: put(m, "belief", dict.fromkeys(range(12))), []),
    ("initiator", lambda m: put(m, "belief", dict.fromkeys(range(13))), [(NOT_NULL, "belief")]),
    ("initiator", lambda m: put(m, "conflict", dict.fromkeys(range(30))), []),
    ("initiator", lambda m: put(m, "conflict", dict.fromkeys(range(31))), [(NOT_NULL, "conflict")]),
    ("initiator", lambda m: put(m, "wellbeing", dict.fromkeys(range(1, 13, 2))), []),
    ("initiator", lambda m: put(m, "wellbeing", dict.fromkeys(range(1, 15, 2))), [(NOT_NULL, "wellbeing")]),
]


@pytest.mark.parametrize(("name", "spoil", "expected"), PLANTED)
def test_a_promise_is_broken_by_what_it_forbids_and_by_nothing_else(name, spoil, expected):
    assert broken(alone(name, spoil(good()[name]))) == expected


def test_a_mart_without_forms_breaks_no_promise():
    found = alone("initiator", mart_of("initiator", 0), mart_of("initiator"))
    assert broken(found) == []
    assert b"no forms to look at" in pages(STUDY, "2021-01-31", found)["initiator.html"]


def test_answers_that_moved_too_far_are_told_with_the_largest_move():
    # 60 answers over 5 codes: 12 each. Six of them moved are 10 percentage points, seven are more.
    before = mart_of("coordinator")
    ones = [i for i in range(FORMS) if before["conflict"][i].as_py() == 1]
    near, far = (put(before, "conflict", dict.fromkeys(ones[:n], 2)) for n in (6, 7))
    assert broken(alone("coordinator", near, before)) == []
    found = alone("coordinator", far, before)
    assert broken(found) == [(LARGEST, "conflict")]
    [row] = found[0].broken.to_pylist()
    assert (round(row["observed"], 6), row["checked"], row["mart"]) == (round(7 / 60, 6), 60, "coordinator")
    assert "2020-05-31" in row["promise"]


def old_scale(mart):
    at = mart.column_names.index("conflict")
    field = mart.schema.field(at).with_metadata({"labels": '{"1": "mange", "2": "få"}'})
    return mart.set_column(at, field, mart["conflict"])


@pytest.mark.parametrize(
    ("now", "then", "why"),
    [
        pytest.param(mart_of("coordinator"), mart_of("coordinator", 19), "fewer than 20 answers", id="few then"),
        pytest.param(mart_of("coordinator", 19), mart_of("coordinator"), "fewer than 20 answers", id="few now"),
        pytest.param(mart_of("coordinator"), old_scale(mart_of("coordinator")), "not asked then", id="another scale"),
        pytest.param(mart_of("coordinator"), mart_of("coordinator").drop_columns("conflict"), "not asked then", id="new"),
    ],
)
def test_answers_that_cannot_be_compared_are_not_and_the_page_says_why(now, then, why):
    found = alone("coordinator", now, then)
    assert LARGEST not in results(found)["expectation"].to_pylist()
    assert why in found[0].not_compared["conflict"]
    assert why in pages(STUDY, "2021-01-31", found)["coordinator.html"].decode()


def test_an_older_mart_that_cannot_be_read_is_told_with_the_way_out(tmp_path):
    older = Store(Settings(STUDY, tmp_path), "2020-05-31")
    for name in instruments(STUDY):
        older.file("marts", name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(mart_of(name, 3), older.file("marts", name))
    path = older.file("marts", "initiator")
    noted = {n: value for name in instruments(STUDY) for n, value in hashes(older, products(STUDY)["marts", name]).items()}
    write_json(older.settings.curated(older.delivery) / MANIFEST, {"outputs": noted})
    assert before_of(older).marts["initiator"] == mart_of("initiator", 3)
    pq.write_table(mart_of("initiator", 4), path)
    with pytest.raises(CheckFailed, match=r"initiator.parquet: isn't what its manifest says.*frs run --delivery 2020-05-31"):
        before_of(older)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"initiator.parquet: cannot be read \(frs run --delivery 2020-05-31\)$"):
        before_of(older)


def test_without_a_delivery_before_nothing_is_said_of_it():
    found = alone("coordinator", mart_of("coordinator"))
    assert LARGEST not in results(found)["expectation"].to_pylist()
    assert "no older delivery" in pages(STUDY, "2021-01-31", found)["index.html"].decode()


def test_of_a_large_mart_every_kth_row_is_looked_at_and_the_page_says_so():
    small = STRICT.model_copy(update={"row_cap": 25})  # of 60 forms every third: rows 0, 3, 6, …
    mart = mart_of("coordinator")
    assert broken(alone("coordinator", put(mart, "conflict", {1: 9, 2: 9}), limits=small)) == []
    found = alone("coordinator", put(mart, "conflict", {3: 9}), mart, small)
    assert broken(found) == [(IN_SET, "conflict")]
    checked = {(row["expectation"], row["column"]): row["checked"] for row in results(found).to_pylist()}
    assert checked[IN_SET, "conflict"] == 20
    assert checked[LARGEST, "conflict"] == 59  # of all rows; the planted one isn't an answer
    assert not [key for key in checked if key[0] == UNIQUE]
    page = pages(STUDY, "2021-01-31", found)["coordinator.html"].decode()
    assert "of every 3 rows one was looked at" in page and "one_row_each" in page


SECRETS = ("IN-SECRET-SERIAL", "C-SECRET-NAME", "secret-occasion", "119")


def test_nothing_that_a_form_says_is_in_what_is_found_or_written(capfd, caplog):
    mart = put(mart_of("initiator"), "form_id", {3: SECRETS[0], 4: SECRETS[0], 5: None})
    mart = put(put(mart, "conference_id", {3: SECRETS[1]}), "occasion", {7: SECRETS[2]})
    mart = put(mart, "belief", dict.fromkeys(range(3, 40), int(SECRETS[3])))
    mart = put(mart, "conflict", dict.fromkeys(range(40))).drop_columns("child_perspective")
    with caplog.at_level("DEBUG"):
        before = put(mart_of("initiator"), "right_questions", dict.fromkeys(range(30), 1))
        found = alone("initiator", mart, before)
        made = b"".join(pages(STUDY, "2021-01-31", found).values()).decode()
    assert {kind for kind, _ in broken(found)} == {COLUMNS, UNIQUE, NOT_NULL, IN_SET, LARGEST}
    printed = capfd.readouterr()
    for text in (made, str(results(found).to_pylist()), str(found), printed.out + printed.err, caplog.text):
        assert not [secret for secret in SECRETS if secret in text]


def digest(made):
    return hashlib.sha256(b"".join(name.encode() + content for name, content in sorted(made.items()))).hexdigest()


def test_the_same_marts_give_the_same_bytes_in_another_process_and_place(kept, tmp_path):
    program = (
        "from test_expectations import *; held = hold(STUDY, good(), '2020-11-30', Before('2020-05-31', good()), STRICT); "
        "print(digest(pages(STUDY, '2021-01-31', held)), content_hash(results(held)))"
    )
    places = os.pathsep.join(map(str, (Path(__file__).parent, Path(__file__).parents[1], PROJECT)))
    environment = {**os.environ, "PYTHONHASHSEED": "377", "PYTHONPATH": places, "TZ": "Asia/Tokyo", "HOME": str(tmp_path)}
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.split() == [digest(pages(STUDY, "2021-01-31", kept)), content_hash(results(kept))]
    assert list(tmp_path.iterdir()) == []  # and nothing is left behind


def test_pages_ask_for_nothing_from_anywhere(kept):
    made = pages(STUDY, "2021-01-31", kept)
    assert set(made) == {"index.html", *(f"{name}.html" for name in (*instruments(STUDY), "conference"))}
    for content in made.values():
        text = content.decode()
        assert not re.search(r"https?:|//|<script[^>]+src|<link|<img|<iframe|src=|@import|url\(", text, re.IGNORECASE)
        # A link may also lead to a place of the same page.
        places = {f"#{name}" for name in re.findall(r'\bid="([^"]*)"', text)}
        assert set(re.findall(r'href="([^"]*)"', text)) - places == {*made, "../report/index.html"}


def test_pages_say_what_is_promised_in_words(kept):
    made = pages(STUDY, "2021-01-31", kept)
    assert "delivery of 31 January 2021" in made["index.html"].decode()
    assert f"All {results(kept).num_rows} promises hold" in made["index.html"].decode()
    page = made["initiator.html"].decode()
    assert "I hvor høj grad tror du, at planen vil hjælpe barnet/den unge?" in page
    assert "1 Ja, meget; 2 i nogen grad" in page
    assert "At most 20 % of follow-up forms (it is asked there only) leave it blank." in page
    assert "from that of delivery 2020-05-31" in page
    spoilt = alone("initiator", put(mart_of("initiator"), "belief", {3: 6}))
    for name in ("index.html", "initiator.html"):
        assert "1 of 60 outside (1.7 %)" in pages(STUDY, "2021-01-31", spoilt)[name].decode()


def test_great_expectations_is_imported_in_one_function_only():
    found = []
    for path in [*PROJECT.glob("frs_pipeline/**/*.py"), *PROJECT.glob("tests/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [path.name for name in names if name.split(".")[0] == "great_expectations"]
    assert found == ["expectations.py"]


def test_loading_the_graph_does_not_load_great_expectations():
    program = "import sys, frs_pipeline.definitions; print('great_expectations' in sys.modules, 'jinja2' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("told", [None, "true"])
def test_it_is_told_to_send_nothing_before_it_is_loaded_and_the_environment_stays(monkeypatch, told):
    seen = []
    load = builtins.__import__

    def watch(name, *rest, **more):
        if name == "great_expectations":
            seen.append(os.environ.get("GX_ANALYTICS_ENABLED"))
        return load(name, *rest, **more)

    if told is None:
        monkeypatch.delenv("GX_ANALYTICS_ENABLED", raising=False)
    else:
        monkeypatch.setenv("GX_ANALYTICS_ENABLED", told)
    monkeypatch.setattr(builtins, "__import__", watch)
    expectations.import_great_expectations()
    assert seen == ["false"]
    assert os.environ.get("GX_ANALYTICS_ENABLED") == told


def test_the_shipped_limits_can_be_read():
    limits = read_limits(STUDY, STUDY.folder / "promises.yaml")
    assert limits.largest_blank("initiator", "child_perspective") == 0.3
    assert limits.largest_blank("coordinator", "conflict") == limits.blank.default


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("default: 0.20", "default: 20", r"yaml:9: default: 20 isn't allowed .at most 1"),
        ("initiator: {", "teacher: {", r"yaml:12: there is no questionnaire teacher"),
        ("{contact:", "{kontakt:", r"yaml:11: participant_followup has no question kontakt"),
        ("row_cap: 200000", "row_cap: 0", r"yaml:5: row_cap"),
        (
            "fewest_answers: 50",
            "fewest_answers: 50\n  most: 60",
            r"yaml:19: most isn't a key here .one of: largest_move",
        ),
    ],
)
def test_limits_that_cannot_be_are_refused_with_file_and_line(tmp_path, old, new, says):
    path = tmp_path / "promises.yaml"
    text = (STUDY.folder / "promises.yaml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_limits(STUDY, path)
