"""What a study says in English beside its own words: read, refused, and whole in the shipped study."""

import re

import pytest
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.language import Text, beside
from frs_pipeline.report.english import answers, as_read
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.questionnaires import questionnaires, read_scales
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.render import entitled, heading

DANISH = re.compile(r"[æøåÆØÅ»«]|\b(og|ikke|er|du|hvad|barnet|familien)\b")
SCALES, TABLES, PARTICIPANTS = "scales.yaml", "tables.yaml", "questionnaires/participant_first.yaml"
COORDINATOR = "questionnaires/coordinator.yaml"


def replaced(old, new):
    """An edit that must find what it replaces."""

    def edit(text):
        assert old in text
        return text.replace(old, new, 1)

    return edit


def test_every_question_and_answer_is_said_in_english():
    said = [questionnaire.called for questionnaire in questionnaires(STUDY).values()]
    said += [question.asks for questionnaire in questionnaires(STUDY).values() for question in questionnaire.questions]
    said += [answer.says for scale in read_scales(STUDY).values() for answer in scale]
    axes = [axis for table in catalogue(STUDY).values() for axis in (table.row, table.column, table.group) if axis]
    said += [category.says for axis in axes for category in axis.categories]
    said += [entitled(STUDY, table) for table in catalogue(STUDY).values()]
    assert len(said) > 500
    assert [text for text in said if text.danish == text.english or DANISH.search(text.english)] == []


def test_equal_words_are_equal_in_english_and_answers_of_a_scale_differ():
    known = {}
    for questionnaire in questionnaires(STUDY).values():
        for question in questionnaire.questions:
            assert known.setdefault(question.text, question.text_english) == question.text_english
            english = [text.english for text in question.says.values()]
            assert len(set(english)) == len(english)
    labels = {}
    for scale in read_scales(STUDY).values():
        for answer in scale:
            assert labels.setdefault(answer.label, answer.english) == answer.english


def test_labels_stay_what_they_are():
    table = catalogue(STUDY)[35]
    assert [category.label for category in table.row.categories] == ["Lav konflikt", "Midt konflikt", "Høj konflikt"]
    assert [category.says.english for category in table.row.categories] == ["low conflict", "medium conflict", "high conflict"]
    # A merged answer that has the label of one of its parts says what that says.
    assert catalogue(STUDY)[29].row.categories[0].says == Text("rigtig mange", "very many")
    # Another spelling is the same answer.
    assert catalogue(STUDY)[52].column.categories[2].says == Text("midter", "as before")


def test_titles_are_made_from_the_questions():
    assert entitled(STUDY, catalogue(STUDY)[5]).english == (
        "Participant, first conference: Who are you? × Are you satisfied with your family's plan?"
    )
    assert entitled(STUDY, catalogue(STUDY)[33]).english == (
        "Initiator (social worker), follow-ups: How heavy are the problems as regards the child or young person? × In your best "
        "professional judgement, have the child's well-being, development and learning improved because of the family group "
        "conference?"
    )
    assert entitled(STUDY, catalogue(STUDY)[3]).danish == heading(STUDY, catalogue(STUDY)[3])


def test_a_title_may_be_said(tmp_path):
    study = study_with(tmp_path, {TABLES: replaced('title: ""', 'title: ""\n    title_english: All in all')})
    assert entitled(study, catalogue(study)[3]).english == "All in all"


def test_without_english_all_languages_have_the_same_words(tmp_path):
    without = {PARTICIPANTS: lambda text: re.sub(r', text_english: ".*"', "", text)}
    study = study_with(tmp_path, without)
    table = catalogue(study)[1]
    assert question_of(study, "participant_first", "role").asks == Text("Hvem er du?", "Hvem er du?")
    assert entitled(study, table) == Text(table.title, table.title)
    assert beside("ja", None) == Text("ja", "ja")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (SCALES, "english: child", "englsh: child", "englsh"),
        (SCALES, "english: child", 'english: ""', "english is empty"),
        (COORDINATOR, "text_english", "text_englsh", "text_englsh"),
        (COORDINATOR, "title_english: Coordinator", "title_english: 3", "title_english"),
        (TABLES, "Lav konflikt: low conflict", "Lav konfikt: low conflict", "conflict has no answers merged under 'Lav konfikt'"),
        (
            TABLES,
            "collapse_english:\n      conflict:",
            "collapse_english:\n      conflikt:",
            "conflikt has no answers merged under",
        ),
    ],
)
def test_what_nobody_could_read_is_refused_with_its_line(tmp_path, file, old, new, said):
    study = study_with(tmp_path, {file: replaced(old, new)})
    with pytest.raises(InputError) as error:
        catalogue(study)
    text = (study.folder / file).read_text(encoding="utf-8")
    line = text[: text.index(new)].count("\n") + 1
    assert said in str(error.value)
    assert re.search(rf"{re.escape(file)}:({line}|{line + 1}):", str(error.value))


def test_what_contradicts_itself_is_read_in_english():
    said = as_read(STUDY, Text("tabel 38", "table 38 prints 54,7 (‘i midten’, ‘andet’), but its counts give 101 of 184 = 54.89%"))
    assert said.english == "table 38 prints 54.7 (‘in the middle’, ‘andet’), but its counts give 101 of 184 = 54.89%"
    assert said.danish == "tabel 38"
    assert answers(STUDY)["Midt"] == Text("Midt", "in the middle")


def test_labels_that_say_different_things_are_left_as_they_stand(tmp_path):
    study = study_with(tmp_path, {SCALES: replaced("label: mellem, english: medium", "label: mellem, english: middling")})
    assert "mellem" not in answers(study)
    assert answers(study)["stor"].english == "large"


def test_boxes_have_the_english_of_their_question_and_of_their_answer(tmp_path):
    line = (
        '\n  - {name: sides, source: sider, text: "Hvem kom?", text_english: "Who came?", type: multiple, scale: role, '
        "sensitivity: personal, wording: assumed}\n"
    )
    study = study_with(tmp_path, {COORDINATOR: lambda text: text.rstrip() + line})
    coordinator = questionnaires(study)["coordinator"]
    mother = coordinator.boxes("sides")[1]
    assert mother.asks == Text("Hvem kom? – mor", "Who came? – mother")
    assert mother.box_says == Text("mor", "mother")
    assert coordinator.resolve("sides_1+sides_2").asks == Text("Hvem kom? (barn / mor)", "Who came? (child / mother)")
    assert mother.says[1] == Text("valgt", "ticked")
