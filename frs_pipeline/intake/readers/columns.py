"""Which column of an export holds which question.

Headers hold short names: the first eight letters, in lower case. Long names may collide there; `structure` lists the
variables in the same order and distinguishes them by the question's text. A question with several boxes has one column
per box, whose name says nothing about the box: again only `structure` does.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.encodings import garbled, is_garbled, same_letters
from frs_pipeline.intake.readers.sheets import AGAIN
from frs_pipeline.intake.readers.workbooks import Rows
from frs_pipeline.study.about import Forms
from frs_pipeline.study.questionnaires import Question, Questionnaire, QuestionSpec

_SHORT = 8
_NAME = re.compile(r"[a-zæøå_][a-zæøå_0-9]*(#[0-9]+)?")


class Variable(NamedTuple):
    """A variable of `structure`: its question's text, whether its answers are codes, whether it is one box of several, the
    boxes, and its first line."""

    text: str
    closed: bool
    multiple: bool
    choices: dict[str, str]
    line: int


class ColumnRemark(NamedTuple):
    """A remark about an export: the rule, the column, which file of the export, and its line."""

    rule: str
    column: str
    part: str
    line: int | None
    what: str


class Columns(NamedTuple):
    """Names of the columns in the header's order, each once, and the column of every question by the question's name."""

    names: list[str]
    of: dict[str, str]


def short(name: str) -> str:
    """Shorten a variable's name as headers write it."""
    return same_letters(name.strip())[:_SHORT].lower()


def is_name(column: str) -> bool:
    """Return whether this can be a column's name. Where the header line is missing, what stands in its place is a form."""
    return _NAME.fullmatch(column) is not None


def column_names(forms: Forms, header: list[str], structure: Rows, where: str) -> list[str]:
    """Return the header's names, those that collide numbered (`planhjlp`, `planhjlp#2`).

    Raises `InputError` for a name that stands there more often than `structure` has variables for it, or, where it is
    written in full, in another order; and when one of the columns that distinguish forms is missing.
    """
    short_names = [short(name) for name in header]
    if short_names and not short_names[-1] and all(name in short_names for name in forms.needed):
        raise InputError("empty columns stand to the right of the header", where=where, do=f"delete them, or {AGAIN}")
    missing = next((name for name in forms.needed if name not in short_names), None)
    if missing is not None:
        raise InputError(f"column {missing} is missing", where=where, do=AGAIN)
    known = {name: len(variables) for name, variables in variables_of(structure).items()}
    _refuse_other_order(header, structure, where)
    names: list[str] = []
    for at, name in enumerate(short_names, start=1):
        before = short_names[: at - 1].count(name)
        # By position: where the header line is missing, what stands in its place is a form.
        if short_names.count(name) > 1 and (
            name in (*forms.system, *forms.numbers, *forms.keying) or known.get(name) != short_names.count(name)
        ):
            raise InputError(f"column {at} has a name that stands twice", where=where, do=AGAIN)
        names.append(f"{name}#{before + 1}" if before else name)
    return names


def _refuse_other_order(header: list[str], structure: Rows, where: str) -> None:
    """Raise `InputError` where names that are one when shortened stand in another order than in `structure`.

    They are told apart by their order: answers would be taken for those to another question.
    """
    long = dict.fromkeys(name.strip().lower() for _, (name, *_) in structure)
    for shortened in dict.fromkeys(short(name) for name in header):
        listed = [name for name in long if short(name) == shortened]
        named = [name.strip().lower() for name in header if short(name) == shortened]
        if named != listed and len(named) > 1 and sorted(named) == sorted(listed):
            what = f"{' and '.join(named)} begin with the same {_SHORT} letters, and have another order than their labels"
            raise InputError(what, where=where, do="give both files the same order, or columns names that begin differently")


def variables_of(structure: Rows) -> dict[str, list[Variable]]:
    """Group variables by short name, in the order of the questionnaire."""
    long: dict[str, Variable] = {}
    for line, (_, name, kind, sub, text, choice, label) in structure:
        closed, multiple = kind.strip().lower() == "closed", sub.strip().lower() == "multiple"
        variable = long.setdefault(name.strip(), Variable(same_letters(text.strip()), closed, closed and multiple, {}, line))
        variable.choices[choice.strip()] = same_letters(label.strip())
    result: dict[str, list[Variable]] = defaultdict(list)
    for name, variable in long.items():
        result[short(name)].append(variable)
    return result


def closed_columns(forms: Forms, names: list[str], structure: Rows) -> list[str]:
    """List columns that nobody writes into: of closed questions, whose cells are codes, and SurveyXact's own."""
    closed = {name for name, variable in by_column(names, structure).items() if variable.closed}
    return [name for name in names if name in closed or name in forms.system]


def misread(structure: Rows, labels: Rows, questionnaire: Questionnaire) -> tuple[str, int] | None:
    """Find where texts of the export went through a wrong encoding: the part, and the line of the first."""
    texts = {text for q in questionnaire.questions for text in (q.text, q.asked, *q.labels.values())}
    texts |= {q.text.removeprefix(f"{q.asked} – ") for q in questionnaire.questions}
    wrong = garbled(map(same_letters, texts))
    for part, rows, places in (("structure", structure, (4, 6)), ("labels", labels, (2,))):
        for line, cells in rows:
            if any(is_garbled(cells[at]) or cells[at].strip() in wrong for at in places):
                return part, line
    return None


def by_column(names: list[str], structure: Rows) -> dict[str, Variable]:
    """Return the variable of each column that `structure` describes."""
    described: dict[str, Variable] = {}
    for name, several in variables_of(structure).items():
        described.update(zip((n for n in names if n.split("#")[0] == name), several, strict=False))
    return described


def resolve(names: list[str], structure: Rows, questionnaire: Questionnaire, delivery: str) -> tuple[Columns, list[ColumnRemark]]:
    """Find the column of every question asked in the delivery; note what is missing or unknown."""
    described = by_column(names, structure)
    of: dict[str, str] = {}
    remarks: list[ColumnRemark] = []
    every = (*(q for q in questionnaire.keyed if not q.grouped), *questionnaire.texts)
    asked = [q for q in every if questionnaire.asks(q, delivery)]
    for question in asked:
        column = _column(question, names, described, asked)
        if column is None:
            what = f"question {question.source} is missing from the export"
            remarks.append(ColumnRemark("question_missing", question.source, "dataset", 1, what))
        else:
            of[question.name] = column
    of |= {q.name: of[q.grouped] for q in questionnaire.questions if q.grouped in of}
    forms = questionnaire.forms
    known = {*forms.system, *forms.numbers, *forms.keying, *of.values()}
    for name in forms.statuses:
        if name not in names:
            remarks.append(ColumnRemark("question_missing", name, "dataset", 1, f"status column {name} is missing"))
    for at, name in enumerate(names, start=1):
        if name not in known:
            named = name if is_name(name) else str(at)
            what = f"column {named} isn't in questionnaire {questionnaire.instrument}"
            remarks.append(ColumnRemark("column_unknown", name, "dataset", 1, what))
    return Columns(names, of), remarks


def _column(
    question: QuestionSpec, names: list[str], described: dict[str, Variable], asked: Sequence[QuestionSpec]
) -> str | None:
    if isinstance(question, Question) and question.option is not None:
        return next((name for name in names if name in described and _is_box(described[name], question)), None)
    candidates = [name for name in names if name.split("#")[0] == question.source]
    rivals = [q for q in asked if q.source == question.source]
    if len(candidates) == 1 and len(rivals) == 1:
        return candidates[0]
    return next((name for name in candidates if name in described and described[name].text == same_letters(question.text)), None)


def _is_box(variable: Variable, question: Question) -> bool:
    if variable.multiple:
        return variable.text == same_letters(question.asked) and str(question.option) in variable.choices
    # SPSS data have no `structure`: there the variable's label is both question and box.
    return variable.text.replace(" – ", " - ") == same_letters(question.text).replace(" – ", " - ")


def drift(columns: Columns, structure: Rows, labels: Rows, questionnaire: Questionnaire) -> list[ColumnRemark]:
    """Find where the export's own texts and labels aren't the questionnaire's.

    Raises `InputError`, with the line as its place, when a code has two labels.
    """
    described = by_column(columns.names, structure)
    labelled, lines = _labels(columns.names, labels)
    remarks: list[ColumnRemark] = []
    for question in questionnaire.questions:
        if question.name not in columns.of or question.grouped:
            continue
        name = columns.of[question.name]
        variable = described.get(name)
        # Short names are cut and scales are shared: only the text says which question it is.
        printed = question.option is None and question.wording == "printed"
        if printed and variable and variable.text not in ("", same_letters(question.text)):
            what = f"the text of {name} isn't that of the questionnaire"
            remarks.append(ColumnRemark("wording_drifted", name, "structure", variable.line, what))
        if question.measured or question.calendar:
            continue
        if question.option is None:
            remarks += _label_drift(question, name, labelled, lines)
        elif variable and variable.multiple:
            box = same_letters(question.text.removeprefix(f"{question.asked} – "))
            if variable.choices[str(question.option)] != box:
                what = f"the box of {name} isn't that of the questionnaire"
                remarks.append(ColumnRemark("labels_drifted", name, "structure", variable.line, what))
    return remarks


def worded(columns: Columns, structure: Rows, questionnaire: Questionnaire) -> tuple[int, int]:
    """Count the questions whose text in the export can be compared with the questionnaire's, and those without one."""
    described = by_column(columns.names, structure)
    here = [q for q in questionnaire.questions if q.name in columns.of and not q.grouped]
    asked = [q for q in here if q.option is None and q.wording == "printed"]
    with_text = sum(bool((variable := described.get(columns.of[q.name])) and variable.text) for q in asked)
    return with_text, len(asked) - with_text


def _label_drift(
    question: Question, name: str, labelled: dict[str, dict[str, str]], lines: dict[str, int]
) -> Iterable[ColumnRemark]:
    if name not in labelled:
        yield ColumnRemark("labels_drifted", name, "labels", None, f"question {name} has no labels")
    elif labelled[name] != {str(code): same_letters(label) for code, label in question.labels.items()}:
        yield ColumnRemark("labels_drifted", name, "labels", lines[name], f"labels of {name} aren't those of the questionnaire")


class TwoLabels(ValueError):
    """A code with two labels; `line` is where the second stands."""

    def __init__(self, line: int) -> None:
        super().__init__("a code has two labels")
        self.line = line


def _labels(names: list[str], labels: Rows) -> tuple[dict[str, dict[str, str]], dict[str, int]]:
    """Return labels by column and code, and the line on which each column's begin.

    Where short names collide, a code that comes again belongs to the next variable of that name.
    """
    labelled: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    passed: Counter[str] = Counter()
    for line, (variable, code, label) in labels:
        name = short(variable)
        at = f"{name}#{passed[name] + 1}" if passed[name] else name
        if code.strip() in labelled.get(at, {}):
            passed[name] += 1
            at = f"{name}#{passed[name] + 1}"
            if at not in names:
                raise TwoLabels(line)
        labelled.setdefault(at, {})[code.strip()] = same_letters(label.strip())
        lines.setdefault(at, line)
    return labelled, lines
