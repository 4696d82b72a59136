"""The figures of a chapter: each table as a block with title, question, drawing, base, and the table itself below.

What two tables show together, and gammas of several, are figures too; their numbers stand in a small table of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar

from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.report.drawing.bars import ByGroup
from frs_pipeline.report.drawing.change import Change
from frs_pipeline.report.drawing.figures import Figure, drawn
from frs_pipeline.report.drawing.forest import Forest
from frs_pipeline.report.estimates import Estimates
from frs_pipeline.report.figure_words import (
    how_to_read,
    neutral,
    not_asked,
    polarity,
    question_of,
    several_ticks,
    together,
    whose,
)
from frs_pipeline.report.figures import Known, by_answers, change_of, figure_of, forest_of, rows_of
from frs_pipeline.report.findings import Bound, Sentence
from frs_pipeline.report.intervals import Intervals
from frs_pipeline.report.layout import texts_of
from frs_pipeline.report.listed import Listed, of_bars, of_change, of_gammas
from frs_pipeline.report.tables_shown import Shown, Tables
from frs_pipeline.report.typography import turned
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions, quotes
from frs_pipeline.study.chapters import Chapter, chapters
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.pairing import question_of as asked_in
from frs_pipeline.study.tables import TOTAL, Address, Table, catalogue
from frs_pipeline.tables.reconciling import batches

Title = Text | Sentence


@dataclass(frozen=True)
class Block:
    """A figure as a page shows it: `place` is its number, `tables` where its numbers stand, `drawing` None where none shows it.

    `notes` say how to read it, `few` that some of its intervals rest on little. `listed` are its numbers that stand in no table.
    """

    id: str
    place: str
    tables: tuple[int, ...]
    title: Title
    question: Text
    drawing: str | None
    notes: tuple[Text, ...] = ()
    few: bool = False
    listed: Listed | None = None
    shown: Shown | None = None

    @property
    def tested(self) -> bool:
        """Whether the title is a sentence with numbers of its own."""
        return isinstance(self.title, Sentence)


def plain(title: Title, first: Language) -> Text:
    """Return a title as text, for those who hear it and for files; its bound numbers are written as in the `first` language."""
    if isinstance(title, Text):
        return title
    told: dict[Language, tuple[str | Bound, ...]] = {"danish": title.danish, "english": title.english}
    return Text(
        *(
            "".join(
                part if isinstance(part, str) else part.text if language == first else turned(part.text, language)
                for part in told[language]
            )
            for language in LANGUAGES
        )
    )


class ChapterFigures:
    """Makes the blocks of chapters of a delivery; `tell` finds the titles that hold: of tables by number, of a change from one
    table to another by `1-2`, of the rows of a table by `rows-17`.
    """

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        intervals: Intervals | None,
        estimates: Estimates,
        tell: Callable[[], Mapping[Any, Sentence]],
    ) -> None:
        self.store, self.study, self.evidence = store, store.study, evidence
        self.intervals, self.estimates, self._tell = intervals, estimates, tell
        self.tables = catalogue(store.study)
        self.shown = Tables(store, evidence)

    @cached_property
    def told(self) -> Mapping[Any, Sentence]:
        """The titles that hold, found once a page needs them: the first page needs none."""
        return self._tell()

    def blocks(self, chapter: Chapter) -> list[Block]:
        """Make the figures of a chapter: its tables in order, changes and rows of crosstabs after the last of their tables."""
        known = self._known(chapter)
        made = [self._of_table(self.tables[number], known) for number in chapter.tables]
        for pair in chapter.changes:
            _put_after(made, self._change(pair, known))
        for number in rows_apart(self.study, chapter):
            _put_after(made, self._rows(self.tables[number], known))
        return self._numbered(chapter, made)

    def correlations(self, chapter: Chapter) -> list[Block]:
        """Make the figures of all gammas: those with one question in common together, and those by group."""
        known = self._known(chapter)
        groups: dict[tuple[Any, ...], dict[int, Text]] = {}
        apart = []
        for number, table in self.tables.items():
            if table.kind == "correlation" and table.column is not None:
                groups.setdefault((table.marts, table.occasion, table.column.variable), {})[number] = self._asked(table)
            elif table.kind == "correlation_by_group":
                apart.append(self._of_table(table, known, with_table=False))
        return self._numbered(chapter, [*(self._forest(tables, known) for tables in groups.values()), *apart])

    def _numbered(self, chapter: Chapter, made: Sequence[_Unplaced]) -> list[Block]:
        """Give figures their numbers: that of the chapter, and their place in it."""
        at = [one.id for one in chapters(self.study)].index(chapter.id) + 1
        languages = about(self.study).languages
        return [one.drawn(f"{at}.{place}", languages) for place, one in enumerate(made, start=1)]

    def by_row(self, numbers: Iterable[int]) -> Known:
        """Gather what these crosstabs are drawn from by row, on whichever page."""
        tables = [self.tables[number] for number in sorted(set(numbers))]
        blanks = {table.number: self._blanks(table) for table in tables if table.column is not None}
        return Known(self.study, self.evidence.figures, self.intervals, self.estimates.ends, blanks)

    def _known(self, chapter: Chapter) -> Known:
        """Gather what the figures of a chapter are made from."""
        own = [self.tables[number] for number in chapter.tables]
        pages = {number: page for number, page in self.page_of.items() if page != chapter.file}
        return Known(
            self.study,
            self.evidence.figures,
            self.intervals,
            self.estimates.ends,
            {table.number: self._blanks(table) for table in self._by_role(chapter)},
            {table.number: asked for table in own if (asked := self._asked_some(table))},
            {table.number: self._numbers(table) for table in own if table.kind == "summary" and table.group is None},
            pages,
        )

    @cached_property
    def page_of(self) -> dict[int, str]:
        """The page of every table."""
        return {number: chapter.file for chapter in chapters(self.study) for number in chapter.tables}

    def _by_role(self, chapter: Chapter) -> Iterable[Table]:
        """List the tables that a chapter draws of which the rows are roles, whose blanks can be counted."""
        numbers = {*chapter.tables, *chapter.rows, *(number for pair in chapter.changes for number in pair.values())}
        for number in sorted(numbers):
            table = self.tables[number]
            if table.column is not None and "crosstab" in table.kind and table.row.variable == about(self.study).role:
                yield table

    def _blanks(self, table: Table) -> dict[str, int]:
        """Count the forms of each row that left the question of the columns blank."""
        assert table.column is not None
        blanks = dict.fromkeys([*(one.label for one in table.row.categories), TOTAL], 0)
        for mart in table.marts:
            forms = self.evidence.forms.by(mart, (table.row.variable, table.column.variable))
            for (occasion, (row, answer)), number in forms.items():
                place = table.row.index(row)
                if answer is None and place is not None and table.occasion in (BOTH, occasion):
                    blanks[table.row.categories[place].label] += number
                    blanks[TOTAL] += number
        return blanks

    def _asked_some(self, table: Table) -> tuple[int, int] | None:
        """Return forms asked and blank of a table whose forms weren't all asked; None where they were, or nobody counted."""
        whole = self.evidence.figures.get(Address(table.number, TOTAL, "", "", "count"))
        known = self._item.get((table.marts[0], table.row.variable))
        if table.kind != "frequency" or len(table.marts) > 1 or table.occasion != BOTH or table.where:
            return None
        if known is None or whole is None or whole.value is None or known[0] >= whole.value:
            return None
        return known

    @cached_property
    def _item(self) -> dict[tuple[str, str], tuple[int, int]]:
        """How many forms were asked a question, and how many of them left it blank."""
        rows = read(self.store.file("statistics", "item_nonresponse")).to_pylist()
        return {(row["instrument"], row["question"]): (row["asked"], row["blank"]) for row in rows}

    def _numbers(self, table: Table) -> dict[float, int]:
        """Count the forms of a summary by their number."""
        counted: dict[float, int] = {}
        for batch in batches(table, self.evidence.forms):
            value = batch.answers.get(table.row.variable)
            if batch.reason is None and value is not None:
                counted[float(value)] = counted.get(float(value), 0) + batch.forms
        return counted

    def _of_table(self, table: Table, known: Known, *, with_table: bool = True) -> _Unplaced:
        title: Title = self.told.get(table.number) or self.shown.titles[table.number]
        figure = figure_of(table, plain(title, about(self.study).language), known)
        notes = [*(how_to_read(self.study, figure) if figure else ()), *several_ticks(table)]
        if table.number in known.asked:
            whole = known.number(Address(table.number, TOTAL, "", "", "count")) or 0
            notes.append(not_asked(self.study, table, whole - known.asked[table.number][0]))
        listed = None
        if isinstance(figure, ByGroup) and table.number in known.ends:
            listed = of_bars(figure, known.ends[table.number])
        if not with_table and isinstance(figure, Forest):
            listed = of_gammas(figure)
        question = together([question_of(self.study, table), *([note] if (note := polarity(self.study, table)) else [])])
        shown = self.shown.of(table) if with_table else None
        return _Unplaced(f"figur-{table.number}", (table.number,), title, question, figure, tuple(notes), listed, shown)

    def _change(self, numbers: Mapping[str, int], known: Known) -> _Unplaced:
        """Make the figure of crosstabs of the same rows at an earlier and a later occasion."""
        order = [name for name in occasions(self.study) if name in numbers]
        names = order[0], order[-1]
        tables = self.tables[numbers[names[0]]], self.tables[numbers[names[1]]]
        rounds = occasions(self.study)[names[0]].one, occasions(self.study)[names[1]].one
        of = tables[0].number, tables[1].number
        asked = self._quoted(tables[1])
        title: Title = self.told.get(f"{of[0]}-{of[1]}") or Text(
            f"{asked.danish} fra {rounds[0].danish} til {rounds[1].danish}",
            f"{asked.english} from {rounds[0].english} to {rounds[1].english}",
        )
        question = together(question_of(self.study, table) for table in tables)
        figure = change_of(tables, rounds, self.estimates.moves.get(of, {}), plain(title, about(self.study).language), known)
        listed, notes = of_change(figure), tuple(how_to_read(self.study, figure))
        return _Unplaced(f"figur-{of[0]}-{of[1]}", of, title, question, figure, notes, listed)

    def _rows(self, table: Table, known: Known) -> _Unplaced:
        """Make the figure of a crosstab's rows, each a bar of its own."""
        by = quotes(self.study, texts_of(self.study, table)[table.row.variable])
        of = self._quoted(table)
        asked = Text(f"{of.danish} efter svaret på {by.danish}", f"{of.english} by the answer to {by.english}")
        title: Title = self.told.get(f"rows-{table.number}") or asked
        figure = rows_of(table, plain(title, about(self.study).language), known)
        question = together([whose(self.study, table)] if title is asked else [_sentence(asked), whose(self.study, table)])
        listed, notes = of_bars(figure, known.ends.get(table.number, {})), tuple(how_to_read(self.study, figure))
        return _Unplaced(f"raekker-{table.number}", (table.number,), title, question, figure, notes, listed)

    def _quoted(self, table: Table) -> Text:
        return quotes(self.study, self._column(table))

    def _column(self, table: Table) -> Text:
        assert table.column is not None
        return texts_of(self.study, table)[table.column.variable]

    def _asked(self, table: Table) -> Text:
        question = asked_in(self.study, table.marts[0], table.row.variable)
        return neutral(self.shown.titles[table.number]) if question is None else question.asks

    def _forest(self, numbers: Mapping[int, Text], known: Known) -> _Unplaced:
        """Make the figure of gammas with one question in common; two tables of the same pair are one row."""
        first = self.tables[next(iter(numbers))]
        of = self._quoted(first)
        title = Text(f"Hvad der hænger sammen med {of.danish}", f"What is associated with {of.english}")
        each: dict[Any, int] = {}
        for number in numbers:
            axes = self.tables[number].row, self.tables[number].column
            each.setdefault(tuple((axis.variable, axis.categories) for axis in axes if axis), number)
        figure = forest_of(_told_apart({number: numbers[number] for number in each.values()}), self.tables, title, known)
        question = Text(
            f"Sammenhængen (gamma) mellem hvert spørgsmål og {of.danish}.",
            f"The association (gamma) of each question and {of.english}.",
        )
        notes = tuple(how_to_read(self.study, figure))
        name = f"gamma-{'-'.join(map(str, numbers))}"
        return _Unplaced(name, tuple(numbers), title, question, figure, notes, of_gammas(figure))


@dataclass(frozen=True)
class _Unplaced:
    """A figure whose number isn't known yet."""

    id: str
    tables: tuple[int, ...]
    title: Title
    question: Text
    figure: Figure | None
    notes: tuple[Text, ...]
    listed: Listed | None = None
    shown: Shown | None = None

    def drawn(self, place: str, languages: Sequence[Language]) -> Block:
        """Draw it."""
        drawing = None if self.figure is None else drawn(self.figure).in_languages(languages)
        few = self.figure is not None and _rests_on_little(self.figure)
        return Block(self.id, place, self.tables, self.title, self.question, drawing, self.notes, few, self.listed, self.shown)


def _rests_on_little(figure: Figure) -> bool:
    rows: Sequence[Any] = getattr(figure, "rows", ())
    return not isinstance(figure, Change) and any((span := getattr(row, "span", None)) and span.open for row in rows)


def places(study: Study) -> dict[int, str]:
    """Return the number of the figure of every table, as `ChapterFigures.blocks` gives them."""
    found: dict[int, str] = {}
    for at, chapter in enumerate(chapters(study), start=1):
        made = [_Slot((number,), number) for number in chapter.tables]
        for pair in chapter.changes:
            order = [name for name in occasions(study) if name in pair]
            _put_after(made, _Slot((pair[order[0]], pair[order[-1]])))
        for number in rows_apart(study, chapter):
            _put_after(made, _Slot((number,)))
        found |= {slot.of: f"{at}.{place}" for place, slot in enumerate(made, start=1) if slot.of is not None}
    return found


def rows_apart(study: Study, chapter: Chapter) -> list[int]:
    """List the crosstabs of a chapter whose rows are a figure of their own, since their own figure doesn't show them as bars."""
    tables = catalogue(study)
    barred = {number for number in chapter.tables if tables[number].kind == "crosstab"}
    return [number for number in chapter.rows if number not in barred or not by_answers(study, tables[number])]


@dataclass(frozen=True)
class _Slot:
    """The place of a figure; `of` is the table whose own figure it is."""

    tables: tuple[int, ...]
    of: int | None = None


class _Tabled(Protocol):
    @property
    def tables(self) -> tuple[int, ...]:
        """The tables that a figure shows."""


_Placed = TypeVar("_Placed", bound=_Tabled)


def _put_after(made: list[_Placed], one: _Placed) -> None:
    """Put a figure after the last of its tables that the page has; first where it has none."""
    last = max((at for at, other in enumerate(made) if set(other.tables) & set(one.tables)), default=-1)
    made.insert(last + 1, one)


def _told_apart(names: Mapping[int, Text]) -> dict[int, Text]:
    """Name the table beside what several of them are called."""
    called = Counter(names.values())
    return {
        number: Text(f"{name.danish} (tabel {number})", f"{name.english} (table {number})") if called[name] > 1 else name
        for number, name in names.items()
    }


def _sentence(text: Text) -> Text:
    return Text(f"{text.danish}.", f"{text.english}.")
