"""Guess a questionnaire from an export: its questions, their answers, and what a form is known by.

What can't be known is guessed in the plainest way and said beside it, for somebody who knows the paper.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.columns import Variable, by_column
from frs_pipeline.intake.readers.sheets import AGAIN
from frs_pipeline.intake.readers.surveyxact import Export, open_export
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.study.about import Forms
from frs_pipeline.study.calendar import day_in
from frs_pipeline.study.numbers import LARGEST
from frs_pipeline.study.questionnaires import RESERVED

# The limits of a code in a mart, and of what is still a scale rather than a number with labels at some of its values.
_CODES, _MOST_ANSWERS = range(-127, 128), 40
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "#": "_"})
# The share of cells that may have a code without a label: slips, where all others have one.
_FEW = 0.1
# From here on, a number that nearly every form has for itself may be somebody's.
_LARGE = 1_000_000
# What a column is called that has the id of a form, where it isn't SurveyXact's.
_ID = re.compile(r"(resp|form|case|skema)?_?(id|nr|no|numb(er)?)|respondent|responde")
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

    Raises `InputError` when it can't be read, holds no form, or has columns that can't be told apart.
    """
    try:
        export = open_export(path, Forms(id=None, created=None, modified=None, closed=None, started=None, status=None))
        cells = _cells(export)
    except InputError as error:
        # It may be of any program, and nothing was made yet.
        raise InputError(error.what, where=error.where, do=(error.do or "").replace(AGAIN, "export it again")) from None
    if not any(cells.values()):
        raise InputError("holds no form", where=export.where("dataset"), do="export some: questions are guessed from answers")
    known_by = _known_by(export.names, cells)
    kept = [name for name in export.names if name not in {*Forms().system, *known_by.values()}]
    variables = by_column(export.names, export.structure)
    _refuse_alike(kept, variables, export.where("dataset", export.head))
    questions: list[GuessedQuestion] = []
    boxes: dict[str, GuessedQuestion] = {}
    ticked = _boxes(kept, variables, cells)
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
            at = len(box.answers) + 1
            named = f"{label} ({at})" if label in box.answers.values() else label
            box.answers |= {at: named} if label else _codes(variable)
        else:
            questions.append(_question(name, variable, cells[name], [q.name for q in questions]))
    if not any(question.answers or question.unit for question in questions):
        raise InputError("has no column that could be a question with answers", where=path, do="export it with its labels")
    return GuessedStudy(questions, known_by, export.plain)


def _refuse_alike(names: Sequence[str], variables: Mapping[str, Variable], where: str) -> None:
    """Raise `InputError` for columns that are one when shortened, and whose texts (and codes, of boxes) don't tell them apart."""
    for name in (name for name in names if "#" in name):
        alike = [other for other in names if other.split("#")[0] == name.split("#")[0]]
        said = [(v.text, *(v.choices if v.multiple else ())) for other in alike if (v := variables.get(other)) and v.text]
        if len({*said}) < len(alike):
            what = f"{len(alike)} columns begin with {alike[0]}, and have no texts that tell them apart"
            raise InputError(what, where=where, do="give each a text of its own, or names that begin differently")


def _boxes(
    names: Sequence[str], variables: Mapping[str, Variable], cells: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, str]]:
    """Find columns that are boxes of one question where no list says so: several of 0 and 1, with labels for both or none,
    and whose texts are the question's, a dash, and the box's. Return both texts by column.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        variable = variables.get(name)
        codes: set[int | None] = set()
        if variable:
            codes = {*_codes(variable)} or {_whole(cell) for cell in cells[name] if cell}
        halves = re.split(" [-–] ", variable.text) if variable and not variable.multiple and codes == {0, 1} else []
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
    labels = {} if variable is None else _codes(variable)
    text = (variable.text if variable else "") or column
    given = [cell for cell in cells if cell]
    if labels and (answers := _scale(labels, given)):
        return _closed(column, text, answers, sum(_whole(cell) not in labels for cell in given), taken)
    numbers = [number for cell in given if (number := _number(cell)) is not None]
    if given and len(numbers) == len(given) and not _identifying(given, numbers):
        question = _measured(column, text, numbers, [code for code in labels if Decimal(code) in numbers], taken)
        if _distinguishes(cells):
            # A short name that is cut needn't look like an id.
            question.why += f"; each form has another one: if it's the form's id, take it out and say forms: {{id: {column}}}"
        return question
    why = "stays in the restricted zone; with a scale: it can be coded (docs/how-to/text.md)"
    if given and len(numbers) == len(given):
        why = "nearly every form has another large number: if it says who somebody is, it mustn't be delivered"
    elif given and all(day_in(cell) for cell in given):
        why = "days: with type: date and a range, the mart has their quarters (docs/how-to/question.md)"
    elif len(numbers) > (1 - _FEW) * len(given):
        why = f"nearly all are numbers, {len(given) - len(numbers)} aren't: written as 0.5 or 0,5 it may be a number"
    return _named(column, text, "text", why, taken)


def _scale(labels: Mapping[int, str], given: Sequence[str]) -> dict[int, str]:
    """Return the answers of a question with `labels`, as whose codes its cells are meant; none where they are numbers.

    A code without a label has itself for one, where it is too frequent to be a slip and most codes have one.
    """
    strange = [cell for cell in given if _whole(cell) not in labels]
    if len(strange) <= _FEW * len(given):
        return dict(labels) if len(labels) <= _MOST_ANSWERS or not strange else {}
    codes = {_whole(cell) for cell in strange}
    labelled = {_whole(cell) for cell in given} - codes
    if len(codes) >= len(labelled) or not codes <= {*_CODES}:
        return {}
    return dict(sorted({**labels, **{code: str(code) for code in codes if code is not None}}.items()))


def _closed(column: str, text: str, answers: dict[int, str], strange: int, taken: Iterable[str]) -> GuessedQuestion:
    nowhere = [code for code, label in answers.items() if _DONT_KNOW.search(label)]
    real = len(answers) - len(nowhere)
    ordered = 2 < real <= _MOST_ANSWERS and len(nowhere) < 2
    why = "are its answers in an order? then ordinal, else nominal" if ordered else "its answers have no order"
    if len(nowhere) > 1:
        why = f"codes {', '.join(map(str, nowhere))} have no place on a scale; merge them in the export, and it may be ordinal"
    why += f"; {strange} cells have a code without a label" if strange else ""
    question = _named(column, text, "ordinal" if ordered else "nominal", why, taken)
    # Two answers can't be called the same.
    twice = {label for label, often in Counter(answers.values()).items() if often > 1}
    question.answers = {code: f"{label} ({code})" if label in twice else label for code, label in answers.items()}
    question.dont_know = nowhere[0] if len(nowhere) == 1 else None
    return question


def _measured(
    column: str, text: str, numbers: Sequence[Decimal], labelled: Sequence[int], taken: Iterable[str]
) -> GuessedQuestion:
    why = "range: the lowest and highest that were given; what is possible?"
    if labelled:
        why += f" {', '.join(map(str, labelled))} has a label: is it a number? if not, leave it out of range"
    question = _named(column, text, "number", why, taken)
    question.unit = _unit(numbers)
    low, high = min(numbers), max(numbers)
    question.range = (low, high if high > low else low + question.unit)
    return question


def _unit(numbers: Sequence[Decimal]) -> Decimal:
    return min(Decimal(1).scaleb(min(int(n.normalize().as_tuple().exponent) for n in numbers)), Decimal(1))


def _identifying(given: Sequence[str], numbers: Sequence[Decimal]) -> bool:
    """Return whether numbers may say who somebody is: personal numbers, telephone numbers; or are too large for a mart."""
    largest = max(map(abs, numbers))
    return (
        any(map(holds_personal_number, given))
        or largest / _unit(numbers) > LARGEST
        or (largest >= _LARGE and 2 * len(set(numbers)) > len(numbers))
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
    return Decimal(cell.replace(",", ".")) if re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?", cell) else None
