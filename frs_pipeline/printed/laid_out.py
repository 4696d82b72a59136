"""Tables as they are printed: headings above, labels to the left, margins, and percentages in rows, columns or cells.

What a line or column holds is told by its heading; of which totals percentages are is told by the numbers themselves, by most of
them, so that a misprint among them changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import Text
from frs_pipeline.printed.adding_up import check_adds_up, check_answers
from frs_pipeline.printed.directions import directed
from frs_pipeline.printed.drafts import TOTALS, Draft
from frs_pipeline.printed.headings import HEADINGS, check_header, refuse_unread
from frs_pipeline.printed.measures import (
    OF_CORRELATION,
    PERCENT,
    WITHIN,
    is_missing,
    is_total,
    is_valid,
    label_and_measure,
    measure_of,
    not_audited,
    plain_words,
    reserved,
)
from frs_pipeline.printed.notation import NOTHING, both, is_marked, looks_printed
from frs_pipeline.stats.delimited import Row
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID

_OF_GAMMA = "call the columns gamma, ASE, T, p and N"
_ONLY = "only counts, percentages and gamma are audited"
_NAMELESS = Text("", "")
_ONE_EACH = "give every table a file or sheet of its own, with its headings in the first line"


@dataclass(frozen=True)
class Line:
    """A row of the body: its labels, the measure that it names, and its cells. Rows of one label have one `row`."""

    at: int
    row: int
    section: str
    label: str
    measure: str
    words: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of figures: its place, its label, the measure that its heading names."""

    place: int
    label: str
    measure: str
    words: str = ""


@dataclass(frozen=True)
class Cell:
    """A printed figure: the labels of its row and column, its measure, and where it stands.

    `words` are the heading of its measure: percentages of different headings may be of different totals. `place` tells rows
    apart that are called the same.
    """

    row: str
    column: str
    measure: str
    words: str
    text: str
    where: str
    section: str = ""
    place: int = 0


@dataclass
class Grid:
    """A table taken apart."""

    title: str
    columns: list[Column]
    lines: list[Line]
    where: str
    cells: list[Cell] = field(default_factory=list)


def read_laid_out(rows: Sequence[Row], where: str, name: str) -> list[Draft]:
    """Read one table with its margins, and a correlation that stands below it. Raises `InputError` with line and column.

    `name` is what its file or sheet is called, `where` how places in it begin.
    """
    grid = _taken_apart(rows, where)
    begin = next((at for at, line in enumerate(grid.lines) if _of_correlation(line)), None)
    if any(column.measure == "gamma" for column in grid.columns) or begin == 0:
        return [_correlation(grid)]
    below = grid.lines[begin:] if begin is not None else []
    grid.lines = grid.lines[:begin]
    _fill(grid)
    if not any(column.label for column in grid.columns):
        draft = _one_question(grid)
    elif not any(line.label for line in grid.lines):
        draft = _lying(grid)
    else:
        draft = _crossed(grid)
    draft.title = grid.title
    if not below:
        return [draft]
    # What stands in one table is about the same forms.
    draft.row_question, draft.column_question, draft.forms = f"{name}, rows", f"{name}, columns", (name,)
    table = draft.table(1, _NAMELESS)
    correlation = _correlation(replace(grid, lines=below))
    correlation.row_question, correlation.column_question, correlation.forms = (
        draft.row_question,
        draft.column_question,
        draft.forms,
    )
    correlation.rows, correlation.columns = table.rows.labels, table.columns.labels if table.columns else ()
    return [draft, correlation]


def _taken_apart(rows: Sequence[Row], where: str) -> Grid:
    """Find the title, the headings, the labels and the figures."""
    at, title = 0, ""
    while at < len(rows) and _alone(rows[at]):
        title = f"{title} {rows[at].cells[0]}".strip()
        at += 1
    if len(rows) - at < 2:
        raise InputError("holds no table with figures", where=where.rstrip(":!"), do=HEADINGS)
    end = at + 1
    while end < len(rows) and not _alone(rows[end]) and not any(map(looks_printed, rows[end].cells[1:])):
        end += 1
    header, body = rows[at:end], rows[end:]
    check_header(header[0], where)
    if not body:
        refuse_unread(rows[at + 1 :], where)
        raise InputError("there are no figures below the headings", where=f"{where}{rows[at].line}", do=HEADINGS)
    labels = _labels(body)
    columns = _columns(header, body, labels, where)
    return Grid(title, columns, _lines(body, labels, where), f"{where}{rows[at].line}")


def _alone(row: Row) -> bool:
    """Return whether a row holds a text in its first cell and nothing else: a title, or the heading of a group of rows."""
    return bool(row.cells[0]) and not any(row.cells[1:]) and not looks_printed(row.cells[0])


def _labels(body: Sequence[Row]) -> int:
    """Count the columns of labels: the first, and those behind it that hold words and no figure."""
    width = len(body[0].cells)
    count = 1
    while count < width - 1:
        cells = [row.cells[count] for row in body]
        if any(map(_printed, cells)) or all(cell in NOTHING for cell in cells):
            break
        count += 1
    return count


def _printed(cell: str) -> bool:
    return looks_printed(cell) or is_marked(cell)


def _columns(header: Sequence[Row], body: Sequence[Row], labels: int, where: str) -> list[Column]:
    """Read the headings of the columns that hold figures."""
    wrong, found = Gathered(), list[Column]()
    filled = [_filled(row.cells, labels) for row in header]
    # Where columns are called "Yes %", "Total %" is the total of such.
    split = any(label_and_measure(cell) for row in header for cell in row.cells)
    for place in range(labels, len(header[0].cells)):
        if not any(row.cells[place] for row in (*header, *body)):
            continue
        own = [row.cells[place] for row in header if row.cells[place]]
        measures = [text for text in own if measure_of(text)]
        names = [text for text in own if not measure_of(text)] or [
            cells[place] for cells in filled if cells[place] and not measure_of(cells[place])
        ]
        with wrong:
            if not own:
                at = f"{where}{header[-1].line}"
                raise InputError(f"column {place + 1} has figures and no heading", where=at, do="write a heading above it")
            if other := next(filter(not_audited, own), ""):
                at = f"{where}{header[-1].line}, column {place + 1}"
                raise InputError(f"'{other[:40]}' isn't audited", where=at, do=f"take the column out: {_ONLY}")
            label = names[-1] if names else ""
            words = measures[-1] if measures else ""
            if split and not label and measure_of(words) == "total_percent":
                label, words = TOTAL, PERCENT
            elif split and not words and is_total(label) and measure_of(label.split()[-1].strip("()")) == "count":
                label, words = TOTAL, label.split()[-1]
            if label and not words and (parts := label_and_measure(label)):
                label, words = parts
            found.append(Column(place, label, measure_of(words) or "", plain_words(words)))
    wrong.check()
    figures = [column for column in found if any(_printed(row.cells[column.place]) for row in body)]
    if len(figures) == 1 and figures[0].label and not figures[0].measure:
        return [Column(figures[0].place, "", "count")]
    return found


def _filled(cells: Sequence[str], labels: int) -> list[str]:
    """Let a heading stand above all columns up to the next one, as merged cells do."""
    filled = list(cells)
    for before, at in pairwise(range(labels, len(filled))):
        filled[at] = filled[at] or filled[before]
    return filled


def _lines(body: Sequence[Row], labels: int, where: str) -> list[Line]:
    """Read the labels of the rows; a label stands for all rows up to the next one."""
    lines, section, label, place = list[Line](), "", "", 0
    wrong = Gathered()
    for row in body:
        names = [cell for cell in row.cells[:labels] if cell]
        if _alone(row):
            section, label = row.cells[0], ""
            continue
        words = names[-1] if names and _is_measure(names[-1]) else ""
        own = names[:-1] if words else names
        if own and labels > 1 and row.cells[0]:
            section = own[0]
        # Counts and percentages of one answer may each repeat its label.
        place += bool(own) and not (words and own[-1] == label)
        label = own[-1] if own else label
        with wrong:
            figures = [cell for cell in row.cells[labels:] if cell not in NOTHING]
            if figures and not any(map(_printed, figures)):
                raise InputError("words stand where figures belong", where=f"{where}{row.line}", do=_ONE_EACH)
            if not label and not words and any(map(looks_printed, row.cells[labels:])):
                raise InputError(
                    "a row has figures and no label", where=f"{where}{row.line}", do="write a label in its first cell"
                )
            if other := next(filter(not_audited, names), ""):
                raise InputError(f"'{other[:40]}' isn't audited", where=f"{where}{row.line}", do=f"take the row out: {_ONLY}")
            measure = measure_of(words) if words else None
            lines.append(Line(row.line, place, section, label, measure or "", plain_words(words), row.cells))
    wrong.check()
    unnamed = [line for line in lines if line.words and not _has_name(body, line, labels)]
    if len(unnamed) == 1 and unnamed[0] is lines[-1] and len({line.label for line in lines}) > 1:
        # A single row of bases below percentages.
        lines[-1] = replace(lines[-1], label=TOTAL)
    return lines


def _has_name(body: Sequence[Row], line: Line, labels: int) -> bool:
    names = next([cell for cell in row.cells[:labels] if cell] for row in body if row.line == line.at)
    return len(names) > 1


def _is_measure(text: str) -> bool:
    measure = measure_of(text)
    return measure is not None and measure not in OF_CORRELATION and measure != "partial_gamma"


def _of_correlation(line: Line) -> bool:
    return measure_of(line.label) == "gamma"


def _fill(grid: Grid) -> None:
    """Read every figure of the body. Raises `InputError` for a cell that is none."""
    wrong, before = Gathered(), grid.where.rpartition("!" if "!" in grid.where else ":")
    for line in grid.lines:
        for column in grid.columns:
            text = line.cells[column.place]
            where = f"{before[0]}{before[1]}{line.at}, column {column.place + 1}"
            if text in NOTHING:
                continue
            with wrong:
                measure, words = line.measure or column.measure, line.words or column.words
                if line.measure and column.measure and line.measure != column.measure:
                    what = f"is {column.words} by its column and {line.words} by its row"
                    raise InputError(f"'{text[:40]}' {what}", where=where, do="name what it is in one of them")
                parts = both(text) if not measure else None
                share = text.endswith("%") or measure in (PERCENT, WITHIN) or measure.endswith("_percent")
                kind = measure or (PERCENT if share else "count")
                for own, figure in (("count", parts[0]), (PERCENT, parts[1])) if parts else ((kind, text),):
                    named = words if own == kind and not parts else ""
                    grid.cells.append(Cell(line.label, column.label, own, named, figure, where, line.section, line.row))
    wrong.check()
    if not grid.cells:
        raise InputError("there are no figures below the headings", where=grid.where, do=HEADINGS)


def _crossed(grid: Grid) -> Draft:
    """Make a crosstab: rows and columns keep their labels, totals get the name that the audit knows."""
    draft, wrong = Draft(grid.where), Gathered()
    # Those without an answer are a row or column like any other here.
    grid.cells = [replace(cell, row=_crossable(cell.row), column=_crossable(cell.column)) for cell in grid.cells]
    rows, columns = {cell.row for cell in grid.cells}, {cell.column for cell in grid.cells}
    # A column of counts without a label holds the bases of its rows.
    named = [replace(cell, row=reserved(cell.row, rows), column=reserved(cell.column or TOTAL, columns)) for cell in grid.cells]
    for cell in directed(named, grid.where):
        with wrong:
            draft.add((cell.row, cell.column, ""), cell.measure, cell.text, cell.where)
    wrong.check()
    # In the order in which they are printed, also where the first row has a dash.
    draft.rows, draft.columns = (
        tuple(label for label in dict.fromkeys(every) if label in named and label not in TOTALS)
        for every, named in (
            ((_crossable(line.label) for line in grid.lines), {place[0] for place, _ in draft.figures}),
            ((_crossable(column.label) for column in grid.columns), {place[1] for place, _ in draft.figures}),
        )
    )
    sections = {cell.section for cell in grid.cells if cell.section}
    check_adds_up(draft, sections=len(sections), named=any(cell.words for cell in grid.cells))
    return draft


def _crossable(label: str) -> str:
    return label.casefold() if label in (TOTAL_VALID, MISSING) else label


def _lying(grid: Grid) -> Draft:
    """Make a table of one question whose answers are the columns."""
    places = {column: at for at, column in enumerate(dict.fromkeys(cell.column for cell in grid.cells))}
    cells = [replace(cell, row=cell.column, column="", section="", place=places[cell.column]) for cell in grid.cells]
    return _one_question(replace(grid, cells=cells))


def _one_question(grid: Grid) -> Draft:
    """Make a frequency, where those without an answer or cumulative percentages are printed, or else a distribution."""
    draft, wrong = Draft(grid.where), Gathered()
    names = _names(grid)
    for cell in grid.cells:
        with wrong:
            measure = PERCENT if cell.measure == WITHIN or cell.measure in ("column_percent", "total_percent") else cell.measure
            draft.add((names[cell.place], "", ""), measure, cell.text, cell.where)
    wrong.check()
    check_answers(draft)
    return draft


def _names(grid: Grid) -> dict[int, str]:
    """Name the rows of a table of one question by their place: answers, and the totals that the audit knows."""
    rows = {cell.place: (cell.section, cell.row) for cell in grid.cells}
    names = {}
    for place, (section, label) in rows.items():
        if is_missing(label) or (is_missing(section) and is_total(label)):
            names[place] = MISSING
        elif is_valid(label) or (is_valid(section) and is_total(label) and section != label):
            names[place] = TOTAL_VALID
        else:
            names[place] = reserved(label)
    missing = [place for place, name in names.items() if name == MISSING]
    missing += [place for place, (section, _) in rows.items() if is_missing(section) and names[place] != MISSING]
    if len(missing) > 1:
        what = f"those without an answer stand in {len(missing)} rows"
        raise InputError(what, where=grid.where, do="add them up in one row, Missing")
    names |= dict.fromkeys(missing, MISSING)
    totals = [place for place, name in names.items() if name == TOTAL]
    # Where two are called the same, the first is of those that answered; so is one above those that didn't.
    if TOTAL_VALID not in names.values() and totals and (len(totals) > 1 or (missing and totals[0] < missing[0])):
        names[totals[0]] = TOTAL_VALID
    return names


def _correlation(grid: Grid) -> Draft:
    """Make a correlation: its measures are columns, or lie below each other, or both, as SPSS prints them."""
    draft, wrong = Draft(grid.where, title=grid.title), Gathered()
    prefix = grid.where.rpartition("!" if "!" in grid.where else ":")
    upright = any(column.measure == "gamma" for column in grid.columns)
    alone = sum(any(line.cells[c.place] not in NOTHING for c in grid.columns) for line in grid.lines) == 1
    for line in grid.lines:
        named = measure_of(line.label)
        with wrong:
            if named is None and not upright:
                what = f"row '{line.label[:40]}' isn't a gamma, nor what belongs to one"
                where = f"{prefix[0]}{prefix[1]}{line.at}"
                raise InputError(what, where=where, do="take the row out: of correlations only gamma is audited")
            _add_row(draft, line, grid, named, upright=upright, alone=alone)
    wrong.check()
    return draft


def _add_row(draft: Draft, line: Line, grid: Grid, named: str | None, *, upright: bool, alone: bool) -> None:
    """Add the figures of one row of a correlation; `named` is the measure that its label names."""
    wrong, prefix = Gathered(), grid.where.rpartition("!" if "!" in grid.where else ":")
    for column in grid.columns:
        text = line.cells[column.place]
        if text in NOTHING:
            continue
        with wrong:
            where = f"{prefix[0]}{prefix[1]}{line.at}, column {column.place + 1}"
            group = "" if alone or not upright or named == "gamma" else reserved(line.label)
            measure = column.measure
            if named == "partial_gamma":
                measure, group = named, TOTAL
            elif not upright and not (named == "gamma" and measure in OF_CORRELATION):
                measure = named or measure
            measure = "n" if measure == "count" else measure
            if measure not in (*OF_CORRELATION, "partial_gamma"):
                raise InputError(f"'{text[:40]}' stands under a heading that isn't known", where=where, do=_OF_GAMMA)
            draft.add(("", "", group), measure, text, where)
    wrong.check()
