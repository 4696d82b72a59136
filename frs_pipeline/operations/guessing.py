"""Guess a questionnaire from an export: its questions, their answers, and what a form is known by.

What can't be known is guessed in the plainest way and said beside it, for somebody who knows the paper.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.columns import Variable, by_column
from frs_pipeline.intake.readers.surveyxact import Export, open_export
from frs_pipeline.study.about import Forms
from frs_pipeline.study.questionnaires import RESERVED

# The limits of a code in a mart, and of what is still a scale rather than a number with labels at some of its values.
_CODES, _MOST_ANSWERS = range(-127, 128), 40
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "#": "_"})
# The share of cells that may have a code without a label: slips, where all others have one.
_FEW = 0.1
# What a column is called that has the id of a form, where it isn't SurveyXact's.
_ID = re.compile(r"(resp|form|case|skema)?_?(id|nr|no|number)|respondent|responde")
# Labels of answers that say that there is none.
_DONT_KNOW = re.compile(r"(?i)ved ikke|don.?t know|ikke relevant|not sure")


@dataclass
class GuessedQuestion:
    """A question as it was guessed; `why` is the question that is left to whoever knows the paper."""

    name: str
    source: str
    text: str
    type: str
    why: str
    answers: dict[int, str] = field(default_factory=dict)
    unit: Decimal | None = None
    range: tuple[Decimal, Decimal] | None = None
    dont_know: int | None = None


@dataclass
class GuessedStudy:
    """What an export says about a study."""

    questions: list[GuessedQuestion]
    forms: dict[str, str]
    plain: bool = False


def guess(path: Path) -> GuessedStudy:
    """Guess the questions of an export: a folder of SurveyXact's three CSV files, or of one CSV file and its labels; a workbook;
    or a labelled SPSS file.

    Raises `InputError` when it can't be read.
    """
    export = open_export(path, Forms(id=None, created=None, modified=None, closed=None, started=None, status=None))
    cells = _cells(export)
    known_by = _known_by(export.names, cells)
    kept = [name for name in export.names if name not in {*Forms().system, *known_by.values()}]
    variables = by_column(export.names, export.structure)
    questions: list[GuessedQuestion] = []
    boxes: dict[str, GuessedQuestion] = {}
    ticked = _boxes(kept, variables)
    for name in kept:
        variable = variables.get(name)
        if variable is not None and (variable.multiple or name in ticked):
            text, label = ticked.get(name, (variable.text, ""))
            box = boxes.get(text)
            if box is None:
                stem = re.sub("_?[0-9]+$", "", name) if label else name
                box = _named(stem, text, "multiple", "a question with several boxes", [q.name for q in questions])
                boxes[text] = box
                questions.append(box)
            box.answers |= {len(box.answers) + 1: label} if label else _codes(variable)
        else:
            questions.append(_question(name, variable, cells[name], [q.name for q in questions]))
    if not any(question.answers or question.unit for question in questions):
        raise InputError("has no column that could be a question with answers", where=path, do="export it with its labels")
    return GuessedStudy(questions, known_by, export.plain)


def _boxes(names: Sequence[str], variables: Mapping[str, Variable]) -> dict[str, tuple[str, str]]:
    """Find columns that are boxes of one question where no list says so: neighbours that hold 0 and 1, and whose texts are
    the question's, a dash, and the box's. Return both texts by column.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        variable = variables.get(name)
        halves = re.split(" [-–] ", variable.text) if variable and not variable.multiple and {*_codes(variable)} == {0, 1} else []
        if len(halves) == 2 and all(halves):
            found[name] = (halves[0], halves[1])
    asked = Counter(question for question, _ in found.values())
    return {name: texts for name, texts in found.items() if asked[texts[0]] > 1}


def _cells(export: Export) -> dict[str, list[str]]:
    """Read the cells of all forms, by column."""
    cells: dict[str, list[str]] = {name: [] for name in export.names}
    for chunk in export.chunks():
        for name, column in zip(chunk.cells.column_names, chunk.cells.columns, strict=True):
            cells[name] += [cell.strip() for cell in column.to_pylist()]
    return cells


def _known_by(names: Sequence[str], cells: dict[str, list[str]]) -> dict[str, str]:
    """Guess in which columns a form's id, its times and its status are; `none` for what isn't there."""
    usual = Forms()
    forms = {name: column if column in names else "none" for name, column in usual.times.items()}
    ids = [name for name in names if _ID.fullmatch(name) and _distinguishes(cells[name])]
    own = str(usual.id)
    forms["id"] = own if own in ids else ids[0] if ids else "none"
    forms["status"] = "surveyxact" if set(usual.statuses) <= set(names) else "none"
    return forms


def _distinguishes(cells: list[str]) -> bool:
    """Return whether every form has a whole number of its own."""
    return all(re.fullmatch("[0-9]{1,9}", cell) for cell in cells) and len(set(cells)) == len(cells)


def _question(column: str, variable: Variable | None, cells: list[str], taken: Iterable[str]) -> GuessedQuestion:
    answers = {} if variable is None else _codes(variable)
    text = (variable.text if variable else "") or column
    given = [cell for cell in cells if cell]
    strange = sum(_whole(cell) not in answers for cell in given)
    if answers and len(answers) <= _MOST_ANSWERS and strange <= _FEW * len(given):
        real = {code: label for code, label in answers.items() if not _DONT_KNOW.search(label)}
        ordered = len(real) > 2
        why = "are its answers in an order? then ordinal, else nominal" if ordered else "two answers have no order"
        why += f"; {strange} cells have a code without a label" if strange else ""
        question = _named(column, text, "ordinal" if ordered else "nominal", why, taken)
        question.answers = answers
        question.dont_know = next((code for code in answers if code not in real), None)
        return question
    numbers = [_number(cell) for cell in given]
    if given and None not in numbers:
        known = [number for number in numbers if number is not None]
        question = _named(column, text, "number", "range: the lowest and highest that were given; what is possible?", taken)
        question.unit = Decimal(1).scaleb(min((int(n.normalize().as_tuple().exponent) for n in known), default=0))
        question.unit = min(question.unit, Decimal(1))
        question.range = (min(known), max(known))
        return question
    return _named(
        column, text, "text", "stays in the restricted zone; with a scale: it can be coded (docs/how-to/text.md)", taken
    )


def _named(column: str, text: str, kind: str, why: str, taken: Iterable[str]) -> GuessedQuestion:
    stem = re.sub(r"[^a-z0-9_]", "_", column.split("#")[0].translate(_LETTERS)).strip("_") or "question"
    name = stem = stem if stem[0].isalpha() else f"q_{stem}"
    while name in taken:
        name += "_2"
    return GuessedQuestion(
        name.strip("_") if name.strip("_") not in RESERVED else f"{name}q", column.split("#")[0], text, kind, why
    )


def _codes(variable: Variable) -> dict[int, str]:
    """Return the labels of a variable by code; none when one of them is no code that a mart can hold."""
    codes = {_whole(code): label for code, label in variable.choices.items() if code}
    return {c: label for c, label in codes.items() if c is not None} if None not in codes and set(codes) <= {*_CODES} else {}


def _whole(cell: str) -> int | None:
    return int(cell) if re.fullmatch("-?[0-9]{1,9}", cell) else None


def _number(cell: str) -> Decimal | None:
    try:
        number = Decimal(cell.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
