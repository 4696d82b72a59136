"""The report's contents: pages, in both languages, with the tables and plots that each shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.specs import Spec, YamlFile
from frs_pipeline.tables.model import catalogue

CHAPTERS = Path(__file__).parent / "chapters.yaml"

# Pages that are written out and hold no tables of the catalogue.
Special = Literal["correlations", "nonresponse", "quality", "method", "about"]


class Bilingual(Spec):
    """The same in Danish and in English."""

    danish: str
    english: str


class Change(Spec):
    """The answers to one question after the first conference and at the follow-up, by role: two crosstabs."""

    first: int
    followup: int


class Chapter(Spec):
    """One page; `short` is its name in the menu. `rows` are crosstabs of which each row is drawn as a bar of answers."""

    id: str = Field(pattern="^[a-z]+$")
    short: Bilingual
    title: Bilingual
    intro: Bilingual
    tables: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()
    rows: tuple[int, ...] = ()
    shows: Special | None = None

    @property
    def file(self) -> str:
        return f"{self.id}.html"


class _Chapters(Spec):
    chapters: tuple[Chapter, ...]


def read_chapters(path: Path = CHAPTERS) -> tuple[Chapter, ...]:
    """All pages but the first, in order.

    A table of the catalogue that no chapter names comes at the end of the last chapter with tables, so that a new one is
    shown without another line. Raises `InputError` for a table that there isn't, or that two chapters have.
    """
    file = YamlFile(path)
    chapters = list(file.parse(_Chapters).chapters)
    placed: set[int] = set()
    wrong = Gathered()
    for index, chapter in enumerate(chapters):
        named = (*chapter.tables, *chapter.rows, *(n for change in chapter.changes for n in (change.first, change.followup)))
        for number in named:
            with wrong:
                if number not in catalogue():
                    raise file.error(["chapters", index], f"there is no table {number}", "docs/tables.md lists the tables")
        for at, number in enumerate(chapter.tables):
            with wrong:
                if number in placed:
                    what = f"table {number} has a chapter already"
                    raise file.error(["chapters", index, "tables", at], what, "take it out of one of them")
                placed.add(number)
    wrong.check()
    left = tuple(number for number in catalogue() if number not in placed)
    last = max(index for index, chapter in enumerate(chapters) if chapter.tables)
    chapters[last] = chapters[last].model_copy(update={"tables": (*chapters[last].tables, *left)})
    return tuple(chapters)


@cache
def chapters() -> tuple[Chapter, ...]:
    """The pages of the report, by the file that ships."""
    return read_chapters()
