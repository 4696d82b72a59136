"""Boxes of one question taken together: whether any of them is ticked, asked as if that were a question of its own.

Its name is that of the boxes' columns, joined. So nothing has to be kept for it, in a mart or beside one, and tables of the
same boxes ask the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from frs_pipeline.language import Text

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


def in_sql(name: str) -> str:
    """Write the answer to a question as SQL: of several boxes together 1 if any is ticked, 0 if none, null if no one says."""
    columns = columns_of(name)
    return name if len(columns) == 1 else f"greatest({', '.join(columns)})"


def answer_to(name: str, answers: Mapping[str, Any]) -> Any:
    """Return a form's answer to a question from those in its columns, as `in_sql` does."""
    return max((answers[column] for column in columns_of(name) if answers[column] is not None), default=None)
