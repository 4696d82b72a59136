"""The report's contents: pages, in both languages, with the tables and figures that each shows, and whether with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import occasions
from frs_pipeline.study.faults import choices
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import Table, catalogue

FILE = "report/chapters.yaml"

# Pages that have a template of their own and show no tables of the catalogue.
Special = Literal["correlations", "nonresponse", "quality", "method", "audit", "about"]
# What one opens a page for: the menu lists pages by it.
Group = Literal["read", "check", "share"]


class Chapter(Spec):
    """One page; `short` is its name in the menu, `group` where it stands there.

    `changes` are crosstabs of the same rows at several occasions, whose answers are drawn against each other; `rows` are
    crosstabs of which each row is drawn as a bar of answers.
    """

    id: str = Field(pattern="^[a-z]+$")
    short: Text
    title: Text
    intro: Text
    tables: tuple[int, ...] = ()
    changes: tuple[dict[str, int], ...] = ()
    rows: tuple[int, ...] = ()
    shows: Special | None = None
    group: Group = "read"

    @property
    def file(self) -> str:
        return f"{self.id}.html"


class _Chapters(Spec):
    chapters: tuple[Any, ...]  # each a Chapter, parsed on its own, so that a faulty one hides no other's faults
    intervals: bool = False


def read_chapters(study: Study, path: Path) -> tuple[Chapter, ...]:
    """Read all pages but the first, in order.

    A table of the catalogue that no chapter names comes at the end of the last chapter with tables, so that a new table is
    shown without another line. Raises `InputError` for a table that doesn't exist, or that two chapters have.
    """
    file = YamlFile(path)
    chapters: list[Chapter] = []
    placed: set[int] = set()
    wrong = Gathered()
    with wrong:
        file.parse(_Chapters)
    for index in file.items(["chapters"]):
        with wrong:
            chapter: Chapter = file.parse_at(["chapters", index], Chapter)
            _check(study, file, index, chapter, placed, [other.id for other in chapters])
            chapters.append(chapter)
            placed.update(chapter.tables)
    wrong.check()
    left = tuple(number for number in catalogue(study) if number not in placed)
    last = max((index for index, chapter in enumerate(chapters) if chapter.tables), default=None)
    if last is None:
        raise file.error(["chapters"], "no chapter has tables", "give one of them tables: [1, 2]")
    chapters[last] = chapters[last].model_copy(update={"tables": (*chapters[last].tables, *left)})
    return tuple(chapters)


def _check(study: Study, file: YamlFile, index: int, chapter: Chapter, placed: set[int], ids: Sequence[str]) -> None:
    """Raise `InputError` for a page whose id is taken, and for tables that don't exist or are of the wrong kind."""
    wrong = Gathered()
    where: list[str | int] = ["chapters", index]
    with wrong:
        if chapter.id in ids:
            raise file.error([*where, "id"], f"another chapter is called {chapter.id}, too", "give one of them another id")
    drawn = [("changes", at, key) for at, numbers in enumerate(chapter.changes) for key in numbers]
    numbers: dict[tuple[str | int, ...], int] = {("tables", at): number for at, number in enumerate(chapter.tables)}
    numbers |= {("rows", at): number for at, number in enumerate(chapter.rows)}
    numbers |= {(key, at, which): chapter.changes[at][which] for key, at, which in drawn}
    for at, pair in enumerate(chapter.changes):
        unknown = next((name for name in pair if name not in occasions(study)), None)
        with wrong:
            if unknown is not None:
                raise file.error(
                    [*where, "changes", at, unknown], f"there is no occasion {unknown}", choices(occasions(study), unknown)
                )
            if len(pair) < 2:
                raise file.error(
                    [*where, "changes", at], "has one occasion and none to compare it with", "name a table of another occasion"
                )
    for place, number in numbers.items():
        with wrong:
            if number not in catalogue(study):
                raise file.error([*where, *place], f"there is no table {number}", "tables.yaml lists them")
            if place[0] != "tables" and "crosstab" not in catalogue(study)[number].kind:
                raise file.error([*where, *place], f"table {number} isn't a crosstab, which is what {place[0]} draws", "name one")
            if place[0] == "tables" and (number in placed or chapter.tables.index(number) != place[1]):
                raise file.error([*where, *place], f"table {number} has a chapter already", "take it out of one of them")
    wrong.check()
    for at, pair in enumerate(chapter.changes):
        first, *others = pair.values()
        for other in others:
            with wrong:
                if _shape(catalogue(study)[first]) != _shape(catalogue(study)[other]):
                    what = f"tables {first} and {other} don't have the same rows and as many columns"
                    raise file.error([*where, "changes", at], what, "name crosstabs that can be laid side by side")
    wrong.check()


def _shape(table: Table) -> tuple[list[str], int]:
    """Return the row labels and the number of columns; not their labels, which the report may print in two ways."""
    return [category.label for category in table.row.categories], len(table.column.categories) if table.column else 0


@derived
def chapters(study: Study) -> tuple[Chapter, ...]:
    """Read the pages of the report."""
    return read_chapters(study, study.folder / FILE)


@derived
def shows_intervals(study: Study) -> bool:
    """Return whether the pages show intervals beside shares and gammas."""
    contents: _Chapters = YamlFile(study.folder / FILE).parse(_Chapters)
    return contents.intervals
