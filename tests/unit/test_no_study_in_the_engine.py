"""The engine knows no study: no name or answer of the one that ships stands in its code or templates as a word of its own."""

import ast
import re

import pytest
from support.study import STUDY

from frs_pipeline.store.code import PACKAGE
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires, read_scales

# Words that the engine has in another meaning: a kind of figure, a keyword of pandas, a page, whom forms are about.
OTHERWISE = {("first", "intake/doubles.py"), ("first", "cli/passports.py"), ("barn", "study/about.py")}
# The first of the answers, not the first occasion.
OTHERWISE |= {("first", "report/scales.py"), ("first", "study/polarity.py")}
# Inside the package only in a wheel.
OWN = [path for path in sorted(PACKAGE.rglob("*")) if "studies" not in path.relative_to(PACKAGE).parts]


def words():
    """Names of instruments, occasions and those who fill in forms, form prefixes, and all answers as they are printed."""
    forms = questionnaires(STUDY).values()
    found = {*instruments(STUDY), *occasions(STUDY), *about(STUDY).lacking, *(form.filled_in_by for form in forms)}
    found |= {form.form_prefix for form in forms} | {form.title for form in forms} | {about(STUDY).name}
    for answers in read_scales(STUDY).values():
        found |= {spelling for answer in answers for spelling in (answer.label, *answer.also_printed)}
    return found


def literals(tree):
    """Whole string literals that aren't docstrings."""
    with_docs = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, with_docs) and n.body and isinstance(n.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".py"], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_literal_is_a_word_of_the_study(path):
    place = path.relative_to(PACKAGE).as_posix()
    title = about(STUDY).title
    found = [
        (line, text)
        for line, text in literals(ast.parse(path.read_text(encoding="utf-8")))
        if text in words() or title.danish in text or title.english in text
    ]
    # Where the study's folder is looked for, its name has to stand.
    allowed = {about(STUDY).name} if place == "store/settings.py" else set()
    assert [(line, text) for line, text in found if text not in allowed and (text, place) not in OTHERWISE] == []


@pytest.mark.parametrize("path", [p for p in OWN if p.suffix in (".html", ".js")], ids=lambda path: path.name)
def test_no_template_has_a_word_of_the_study(path):
    text = path.read_text(encoding="utf-8")
    quoted = set(re.findall(r'"([^"\n]*)"', text)) | set(re.findall(r"'([^'\n]*)'", text)) | set(re.findall(r">([^<{]+)<", text))
    assert {word.strip() for word in quoted} & words() == set()
    assert about(STUDY).name not in text


def test_the_words_are_looked_for_at_all():
    assert {"participant_first", "followup", "initiator", "mor", "ved ikke"} <= words()
