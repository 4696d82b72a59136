"""Boxes of one question taken together: how many of them are ticked, asked as if that were a question of its own.

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
# What the answers are called: 0 and 1 of a box; 0, 1 and 2 of several together.
BOX = (Text("ikke valgt", "not ticked"), Text("valgt", "ticked"))
BOXES = (
    Text("intet felt valgt", "no box ticked"),
    Text("ét felt valgt", "one box ticked"),
    Text("flere felter valgt", "several boxes ticked"),
)
# The same of the codes of a text; of none there may also be one about which coders differ.
CODES = (Text("ingen fælles kode", "no code in common"), Text("én kode", "one code"), Text("flere koder", "several codes"))
# The answers by which a table of boxes counts a form: of a box, and of all together.
TICKED, ANY = frozenset({1}), frozenset({1, 2})


def together(boxes: Iterable[str]) -> str:
    """Name the question how many of some boxes are ticked, by the columns of the boxes."""
    return _JOINT.join(boxes)


def columns_of(name: str) -> list[str]:
    """Return the columns of the mart that hold the answer to a question: its own, or those of several boxes together."""
    return name.split(_JOINT)


def in_sql(name: str, quote: str = "") -> str:
    """Write the answer to a question as SQL, with quotes around names if wanted.

    Of several boxes together it is 0 if none is ticked, 1 if one is, 2 if several are, null if no box says.
    """
    columns = [f"{quote}{column}{quote}" for column in columns_of(name)]
    if len(columns) == 1:
        return columns[0]
    # Less what is no tick, which is null where no box says.
    ticks = " + ".join(f"coalesce({column}, 0)" for column in columns)
    return f"least({ticks}, 2) + 0 * coalesce({', '.join(columns)})"


def crossed(asked: Iterable[str], whole: str, boxes: Iterable[str]) -> list[frozenset[str]]:
    """Return the sets of questions by which the counts of a table break forms down, of all that it asks.

    A table of `boxes`, with the question `whole` how many are ticked, breaks them down by one box at a time.
    """
    rest = frozenset(asked).difference(boxes)
    return [rest | {whole, box} for box in boxes] or [rest]


def with_wholes(needed: Iterable[tuple[T, frozenset[str]]]) -> list[tuple[T, frozenset[str]]]:
    """Return sets of questions of the same forms, a box always with the question how many of several are ticked."""
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
        if not own:
            continue
        if whole is None:
            if any(code is not None for code in own):
                return True
        elif len(own) == len(boxes):
            if answer_to(name, answers) != whole:
                return True
        else:
            ticks = own.count(1)
            if whole not in {min(ticks + more, 2) for more in range(len(boxes) - len(own) + 1)}:
                return True
    return False


def answer_to(name: str, answers: Mapping[str, Any]) -> Any:
    """Return a form's answer to a question from those in its columns, as `in_sql` does."""
    columns = columns_of(name)
    if len(columns) == 1:
        return answers[name]
    known = [answers[column] for column in columns if answers[column] is not None]
    return min(known.count(1), 2) if known else None
