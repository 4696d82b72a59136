"""The engine's own words stand in Danish and in English: wherever there is one, there is the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.language import Text, date_text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.report.statics import script
from frs_pipeline.report.typography import figure_text, number_text, points_text, share_text, shown, with_zero
from frs_pipeline.stats.printing import NOT_COMPUTABLE, in_english
from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, quoted, said, written
from frs_pipeline.study.rules import policy

# Inside the package only in a wheel.
OWN = [path for path in sorted(PACKAGE.rglob("*")) if "studies" not in path.relative_to(PACKAGE).parts]
MODULES = [path for path in OWN if path.suffix == ".py"]
TEMPLATES = [path for path in OWN if path.suffix == ".html"]
DANISH = re.compile(r"[æøåÆØÅ]")
# Where Danish letters stand alone by right: what is read (words of spreadsheets, names of columns, letters of any text), a file
# for Danish spreadsheets, what a new study begins with, and reasons that have their English in a column beside.
READ = {
    "stats/cells.py",
    "stats/margins.py",
    "printed/measures.py",
    "privacy/words.py",
    "study/claims.py",
    "intake/readers/columns.py",
    "intake/readers/encodings.py",
    "report/typography.py",
    "report/binding.py",
    "report/drawing/widths.py",
    "operations/guessing.py",
    "operations/guessed_files.py",
    "study/about.py",
    "release/files.py",
}
PAIR = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
# What makes a text of its Danish and its English; the second fills parts into both.
WRITES = ("Text", "filled")
PARTS = re.compile(r"\{[a-z_]+\}")
# The same word in both languages.
ALIKE = {
    "Count",
    "gamma",
    "ASE",
    "N",
    "n",
    "T",
    "p",
    "Gamma",
    "Interval",
    "Median",
    "median",
    "1 decimal",
    "..",
    "",
    "gamma , p ",
}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def written_out(node: ast.expr) -> str:
    """A string of the code, the parts that are filled in left out."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return ""


def texts(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Each text that is written with both its languages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITES and len(node.args) == 2:
            literal = (ast.Constant, ast.JoinedStr)
            if all(isinstance(argument, literal) for argument in node.args):
                yield node, *(PARTS.sub("", written_out(argument)) for argument in node.args)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_text_of_the_code_has_both(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node, danish, english in texts(tree):
        assert bool(danish.strip()) == bool(english.strip()), node.lineno
        assert not DANISH.search(english), node.lineno
        assert danish != english or danish in ALIKE or not re.search("[a-z]", danish), (node.lineno, danish)


def docstrings(tree: ast.AST) -> set[int]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, kinds) and n.body and isinstance(n.body[0], ast.Expr)}


@pytest.mark.parametrize("path", [path for path in MODULES if name(path) not in READ], ids=name)
def test_no_danish_stands_alone_in_the_code(path: Path) -> None:
    """Letters that English hasn't got stand in a text that has both languages, or in what becomes one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    within = {id(part) for node in ast.walk(tree) if _becomes_a_text(node) for part in ast.walk(node)}
    within |= docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within:
            assert not DANISH.search(node.value), (node.lineno, node.value[:60])


def _becomes_a_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):  # danish = …
        targets = [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        return any("danish" in target.lower() or target == "CHECKS" for target in targets)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITES


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_everything_in_both(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for macro, danish, english in re.findall(rf"\b(t|w|word)\(\s*({PAIR})\s*,\s*({PAIR})\s*\)", text):
        assert not DANISH.search(english), (macro, english)
        assert danish != english or danish[1:-1] in ALIKE, danish
    # What is left in the template's own words, when texts with both and whole blocks in one language are taken out.
    rest = re.sub(r"\{%-? if language == \"danish\".*?\{%-? endif -?%\}", "", text, flags=re.S)
    rest = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<style>.*?</style>", "", rest, flags=re.S)
    assert not DANISH.search(rest), DANISH.findall(rest)


def test_the_script_of_the_pages_says_everything_in_both() -> None:
    # Words of results that pages are searched for aren't said.
    text = re.sub(r"const RESULTS = .*|(?:IN_DRAWINGS|BESIDE) = /.*", "", script())
    pairs = re.findall(rf"(?:say|heading|half)\(\s*({PAIR})\s*,\s*({PAIR})\s*\)", text) + re.findall(
        rf"\[({PAIR}), ({PAIR})\]", text
    )
    assert len(pairs) > 30
    assert not [english for _, english in pairs if DANISH.search(english)]
    for danish, english in pairs:
        text = text.replace(danish, "", 1).replace(english, "", 1)
    assert not DANISH.search(text)


def test_the_script_names_every_measure_of_a_table() -> None:
    text = script()
    named = set(re.findall(r"(\w+): \[", re.search(r"MEASURES = \{(.*?)\};", text, flags=re.S)[1]))  # type: ignore[index]
    second = Study(PROJECT / "studies" / "library_visitors")
    assert {address.measure for study in (STUDY, second) for address in meanings(study)} <= named


ENGLISH = {"study.yaml": lambda text: text.replace("title:", "languages: [english]\ntitle:", 1)}


def test_a_study_says_its_languages_and_the_first_is_that_of_files(tmp_path: Path) -> None:
    both, english = STUDY, study_with(tmp_path, ENGLISH)
    text = Text("tal", "figure")
    assert about(both).languages == ("danish", "english")
    assert (said(both, text), said(english, text)) == ("tal", "figure")
    assert (quoted(both, "a"), quoted(english, "a")) == ("»a«", "“a”")
    assert (written(both, ",286"), written(english, ",286")) == (",286", ".286")
    assert written(english, NOT_COMPUTABLE) == "not computable"
    # A rule's words in a language that nobody reads are left out.
    assert {rule.danish == rule.english for rule in policy(english).rules.values()} == {True}
    assert {rule.danish == rule.english for rule in policy(both).rules.values()} == {False}


@pytest.mark.parametrize(
    ("languages", "said_of_it"),
    [
        ("[english, english]", "english stands twice"),
        ("[englsh]", "'englsh' isn't allowed (is english meant?)"),
        ("english", "languages: 'english' isn't a list"),
        ("[]", "languages is empty"),
    ],
)
def test_languages_that_make_no_sense_are_refused(tmp_path: Path, languages: str, said_of_it: str) -> None:
    study = study_with(tmp_path, {"study.yaml": lambda text: text.replace("title:", f"languages: {languages}\ntitle:", 1)})
    with pytest.raises(InputError) as refused:
        about(study)
    assert said_of_it in str(refused.value)


def test_a_rule_has_words_in_each_language_of_the_study(tmp_path: Path) -> None:
    study = study_with(tmp_path, {"rules.yaml": lambda text: re.sub(r"(?m)^    danish: .*\n", "", text, count=1)})
    with pytest.raises(InputError, match=r"rules.yaml:\d+: rule \w+ has no words in Danish \(add danish: …\)"):
        policy(study)


def test_figures_as_english_writes_them() -> None:
    assert [in_english(text) for text in (",628", "-,125", "45,5%", "186")] == [".628", "-.125", "45.5%", "186"]
    assert (shown("-,125", "english"), shown("45,5%", "english"), shown("45,5%")) == ("\u2212.125", "45.5%", "45,5\u00a0%")
    assert (number_text(5381, "english"), number_text(5381)) == ("5,381", "5.381")
    assert (figure_text("5381", "english"), points_text(-3.0, language="english")) == ("5,381", "\u22123.0")
    assert date_text("2020-11-30") == Text("30. november 2020", "30 November 2020")
    assert date_text("trial") == Text("trial", "trial")
    assert (share_text(46.9, language="english"), with_zero(".628"), with_zero("\u2212,5")) == ("46.9%", "0.628", "\u22120,5")
