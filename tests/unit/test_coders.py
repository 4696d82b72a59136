"""Coded texts: which lines are understood, which codes count, and what a coder is given to read."""

import csv
import io

import pyarrow as pa
import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.intake.coders import agreed, sheet, undecided
from frs_pipeline.intake.coding import coded, fitting, read_codings
from frs_pipeline.operations.new_study import begin
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.texts import coded as coded_papers
from frs_pipeline.study.texts import written

HEADER = "form;question;code;coder;when\n"
QUESTIONS = """\
  - {name: best, source: bedst, text: "Hvad var bedst?", type: text, scale: best, sensitivity: sensitive, wording: assumed}
  - {name: remarks, source: bem, text: "Andet?", type: text, sensitivity: sensitive, wording: assumed}
"""
SCALES = """\
  best:
    - {code: 1, label: Samtalen}
    - {code: -2, label: Planen}
"""
SECRET = "Anne i Nørregade var bedst"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = begin(tmp_path_factory.mktemp("coded") / "coded")
    for name, more in (("questionnaires/participant", QUESTIONS), ("scales", SCALES)):
        with (folder / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)
    return Study(folder)


@pytest.fixture(scope="module")
def paper(study):
    return questionnaires(study)["participant"]


def codings(tmp_path, paper, *lines):
    path = tmp_path / "coding.csv"
    path.write_text(HEADER + "".join(f"{line};2024-07-01\n" for line in lines), encoding="utf-8")
    return read_codings(path, [paper])


def test_the_plan_knows_who_has_texts_and_which_are_coded(study):
    assert (written(study), coded_papers(study)) == (("participant",), ("participant",))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"{SECRET};best;1;anna", "not a form id .write it as DE-12345"),
        (f"DE-1;{SECRET};1;anna", "no text that is coded .write one of best"),
        ("DE-1;remarks;1;anna", "no text that is coded .write one of best"),
        (f"DE-1;best;{SECRET};anna", "no code of best .write one of 1, -2, or leave it blank where none applies"),
        ("DE-1;best;3;anna", "no code of best"),
        ("DE-1;best;¹;anna", "no code of best"),
        ("DE-1;best;1;", "coder is needed"),
        ("DE-1;best;1", "fields where 5 belong"),
    ],
)
def test_what_a_line_lacks_is_said_in_a_line_that_doesnt_repeat_it(tmp_path, paper, line, says):
    with pytest.raises(InputError, match=rf"coding\.csv:3: .*{says}") as error:
        codings(tmp_path, paper, "DE-1;best;1;bo", line)
    assert SECRET not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [("DE-1;best;1;Bo", "stands in an earlier line"), ("DE-1;best;;bo", "says that no code applies, and gives one")],
)
def test_a_coder_says_each_thing_once_and_doesnt_contradict_it(tmp_path, paper, line, says):
    with pytest.raises(InputError, match=rf"coding\.csv:3: .*{says}"):
        codings(tmp_path, paper, "DE-1;best;1;bo", line)


def test_a_code_counts_that_each_coder_gave_unless_they_agreed_on_another(tmp_path, paper):
    lines = ("DE-1;best;1;anna", "DE-1;best;1;bo", "DE-1;best;-2;bo", "DE-2;best;;bo", "DE-3;best;1;anna", "DE-3;best;-2;bo")
    settled = coded(codings(tmp_path, paper, *lines, "DE-3;best;-2;Consensus"), paper)
    assert settled.to_pylist() == [
        {"form_id": "DE-1", "best_1": 1, "best_minus_2": 0},
        {"form_id": "DE-2", "best_1": 0, "best_minus_2": 0},
        {"form_id": "DE-3", "best_1": 0, "best_minus_2": 1},
    ]
    assert undecided(codings(tmp_path, paper, *lines)) == {("DE-1", "best"), ("DE-3", "best")}


def test_the_order_of_lines_doesnt_matter(tmp_path, paper):
    lines = ["DE-2;best;1;bo", "DE-1;best;1;anna", "DE-1;best;-2;bo", "DE-10;best;;anna"]
    one, other = (codings(tmp_path, paper, *some) for some in (lines, lines[::-1]))
    assert coded(one, paper).equals(coded(other, paper))
    assert agreed([(paper, one)]).equals(agreed([(paper, other)]))


TEXTS = pa.table(
    {"form_id": ["DE-1", "DE-2"], "line": pa.array([2, 3], pa.int32()), "best": ["Godt.", None], "remarks": [None, "x"]}
)


def test_a_line_must_be_about_a_text_that_is_there_or_was_set_aside(tmp_path, paper):
    known = codings(tmp_path, paper, "DE-1;best;1;bo", "DE-9;best;1;bo")
    assert [entry.form for entry in fitting(known, TEXTS.to_batches(), {"DE-9"})] == ["DE-1"]
    with pytest.raises(InputError, match=r"coding\.csv:3: there is no such form, or it was withdrawn"):
        fitting(known, TEXTS.to_batches(), set())
    with pytest.raises(InputError, match=r"coding\.csv:2: nothing is written there at best"):
        fitting(codings(tmp_path, paper, "DE-2;best;1;bo"), TEXTS.to_batches(), set())


def test_agreement_is_counted_by_code_and_names_nobody(tmp_path, paper):
    lines = ("DE-1;best;1;anna", "DE-1;best;1;bo", "DE-2;best;1;anna", "DE-2;best;;bo", "DE-3;best;;anna", "DE-3;best;;bo")
    one, two = agreed([(paper, codings(tmp_path, paper, *lines, "DE-2;best;1;consensus"))]).to_pylist()
    assert (one["coders"], one["forms"], one["several"], one["differing"], one["undecided"]) == (2, 3, 3, 1, 0)
    # Both yes, one yes, both no: (2/3 - 4/9) / (1 - 4/9), and 1 - 5 * 2 / (2 * 3 * 3).
    assert (one["agreement_percent"], one["kappa"], one["alpha"]) == pytest.approx((200 / 3, 2 / 5, 4 / 9))
    assert (two["differing"], two["agreement_percent"], two["kappa"], two["alpha"]) == (0, 100, None, None)
    assert "anna" not in str([one, two])
    three = agreed([(paper, codings(tmp_path, paper, *lines, "DE-3;best;1;carl"))]).to_pylist()[0]
    assert three["coders"] == 3
    assert three["kappa"] is None
    assert three["alpha"] is not None


@pytest.mark.parametrize("text", ["=1+1", "+45 12", "-", "@sum", "\t=1", "＝1"])
def test_no_text_is_a_formula_to_a_spreadsheet(text):
    content, number = sheet([(TEXTS.set_column(2, "best", pa.array([text, 'to; "linjer"\nher'])), None)], "best")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows == [["form", "question", "text"], ["DE-1", "best", f"'{text}"], ["DE-2", "best", 'to; "linjer"\nher']]
    assert number == 2
