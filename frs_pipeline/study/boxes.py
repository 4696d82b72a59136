"""Boxes of one question taken together: whether any of them is ticked, asked as if that were a question of its own.

Its name is that of the boxes' columns, joined. So nothing has to be kept for it, in a mart or beside one, and tables of the
same boxes ask the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from frs_pipeline.language import Text

T = TypeVar("T")
# What no name of a question has.
_JOINT = "+"
# What the answers 0 and 1 are called: of a box, and of several together.
BOX = (Text("ikke valgt", "not ticked"), Text("valgt", "ticked"))
BOXES = (Text("intet felt valgt", "no box ticked"), Text("mindst ét felt valgt", "at least one box ticked"))
# The answers by which a table of boxes counts a form.
TICKED = frozenset({1})


def together(boxes: Iterable[str]) -> str:
    """Name the question whether any of some boxes is ticked, by the columns of the boxes."""
    return _JOINT.join(boxes)


def columns_of(name: str) -> list[str]:
    """Return the columns of the mart that hold the answer to a question: its own, or those of several boxes together."""
    return name.split(_JOINT)


def in_sql(name: str, quote: str = "") -> str:
    """Write the answer to a question as SQL, with quotes around names if wanted.

    Of several boxes together it is 1 if any is ticked, 0 if none is, null if no box says.
    """
    columns = [f"{quote}{column}{quote}" for column in columns_of(name)]
    return columns[0] if len(columns) == 1 else f"greatest({', '.join(columns)})"


def crossed(asked: Iterable[str], whole: str, boxes: Iterable[str]) -> list[frozenset[str]]:
    """Return the sets of questions by which the counts of a table break forms down, of all that it asks.

    A table of `boxes`, with the question `whole` whether any is ticked, breaks them down by one box at a time.
    """
    rest = frozenset(asked).difference(boxes)
    return [rest | {whole, box} for box in boxes] or [rest]


def with_wholes(needed: Iterable[tuple[T, frozenset[str]]]) -> list[tuple[T, frozenset[str]]]:
    """Return sets of questions of the same forms, a box always with the question whether any of several is ticked."""
    listed = list(needed)
    wholes = {(forms, name) for forms, names in listed for name in names if len(columns_of(name)) > 1}
    return [
        (forms, names | {whole for of, whole in wholes if of == forms and names.intersection(columns_of(whole))})
        for forms, names in listed
    ]


def impossible(answers: Mapping[str, Any]) -> bool:
    """Return whether no form can have these answers to several boxes together and to some of the boxes."""
    for name, whole in answers.items():
        boxes = columns_of(name)
        own = [answers[box] for box in boxes if box in answers and box != name]
        if any(code is not None and (whole is None or code > whole) for code in own):
            return True
        if len(own) == len(boxes) and answer_to(name, answers) != whole:
            return True
    return False


def answer_to(name: str, answers: Mapping[str, Any]) -> Any:
    """Return a form's answer to a question from those in its columns, as `in_sql` does."""
    return max((answers[column] for column in columns_of(name) if answers[column] is not None), default=None)
