"""Which cells of a table are labels and which are counts, decided by its form and never by a single cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from frs_pipeline.stats.cells import Kind, are_codes, are_plain_set, are_run, count, number, rise_or_fall
from frs_pipeline.stats.delimited import Row
from frs_pipeline.stats.margins import NAMED, SURE, names_totals
from frs_pipeline.stats.places import Place, across, check_labels, down, refuse

LABEL_BOTH = "put headings in words above the counts, labels in words before them, and leave the first cell empty"
# What programs and people call a column of counts; 0 is what pandas calls one without a name.
COUNT_NAMES = frozenset(
    """n; count; counts; freq; frequency; frequencies; size; 0;
    antal; frekvens; hyppighed; antall; anzahl; häufigkeit""".replace("\n    ", " ").split("; ")
)


@dataclass(frozen=True)
class Shape:
    """Whether the first line holds headings, and the first column labels."""

    headings: bool
    labels: bool


def find_shape(rows: Sequence[Row], *, as_it_stands: bool = False) -> Shape:
    """Decide what the first line and the first column of `rows`, all of one width, hold.

    An empty first cell means headings and labels. A word there means headings if the rest of the line is words or codes,
    and labels if the rest of the column is words or codes; before counts and above words it is itself a label. A count
    there means that everything is a count. Numbers are taken for labels only if they are plainly codes (`are_codes`), and
    below a name beside headings in words only if they run 1, 2, 3 … . Raises ContingencyError for what could be either;
    with `as_it_stands`, numbers that merely rise or fall are taken for counts.
    """
    corner = Place(rows[0], 0)
    heads = across(rows[0], range(1, len(rows[0].cells)))
    side = down(rows[1:], 0)
    if corner.kind is Kind.ODD:
        _refuse_odd_one([corner])
    if not heads:
        return Shape(corner.kind is Kind.WORD, labels=False)
    if corner.kind is Kind.EMPTY:
        return _empty_corner(corner, heads, side)
    if corner.kind is Kind.WORD:
        return _word_in_corner(corner, heads, side, as_it_stands)
    if len(heads) > 1 and _all(heads, Kind.WORD):
        refuse(corner, f"is a number before headings in words; {LABEL_BOTH}")
    return Shape(headings=False, labels=False)


def _empty_corner(corner: Place, heads: list[Place], side: list[Place]) -> Shape:
    for line, needs, where in ((heads, "every column needs a heading", "after"), (side, "every row needs a label", "below")):
        check_labels(line, needs)
        numbers = [place for place in line if number(place.cell) is not None]
        if numbers and not are_codes(_values(numbers)):
            if len(numbers) < len(line):
                refuse(numbers[0], f"is a number among labels in words; {LABEL_BOTH}")
            refuse(corner, f"is empty, and the numbers {where} it may be counts; fill it if they are, else put them in words")
    return Shape(headings=True, labels=True)


def _word_in_corner(corner: Place, heads: list[Place], side: list[Place], as_it_stands: bool) -> Shape:
    words, labels = _all(heads, Kind.WORD), _all(side, Kind.WORD)
    if not (words or _all(heads, Kind.COUNT)):
        _refuse_odd_one(heads)
    if not (labels or _all(side, Kind.COUNT)):
        _refuse_odd_one(side)
    if words and labels:
        return Shape(headings=True, labels=True)
    if words:
        values = _values(side)
        if are_run(values):
            return Shape(headings=True, labels=True)
        # Codes that repeat on several lines would pass for counts.
        if not as_it_stands and (rise_or_fall(values, may_stay=True) or are_plain_set(values)):
            cells = "; if each line is a cell of the table, call the column of counts n" if len(heads) == 2 else ""
            refuse(side[0], f"holds numbers that may be codes or counts; {LABEL_BOTH}, or {SURE}{cells}", corner.row)
        return Shape(headings=True, labels=False)
    if labels:
        if not as_it_stands and (rise_or_fall(_values(heads)) or are_plain_set(_values(heads))):
            refuse(heads[0], f"and those after it may be headings or counts; {LABEL_BOTH}, or {SURE}")
        return Shape(headings=False, labels=True)
    for line, first in ((heads, corner), (side, side[0])):
        if not are_codes(_values(line)):
            refuse(first, f"stands among numbers that may be counts or labels; {LABEL_BOTH}")
    return Shape(headings=True, labels=True)


def check_headings(heads: Sequence[Place]) -> None:
    """Raise ContingencyError unless these are headings of columns of counts, for files whose first line must hold them."""
    check_labels(heads, "every column needs a heading")
    numbers = [place for place in heads if number(place.cell) is not None]
    if numbers and not are_codes(_values(numbers)):
        refuse(numbers[0], "may be a count where a heading belongs; put a line of headings, in words, above the counts")


def check_numbers(side: Sequence[Place], header: Row) -> None:
    """Raise ContingencyError for numbers in place of row labels, within strata, that aren't plainly codes."""
    values = sorted({value for place in side if (value := number(place.cell)) is not None})
    if values and not are_codes(values):
        refuse(side[0], "has to hold the labels of rows, and its numbers may be counts; put the labels in words", header)


def is_long(header: Row, columns: Sequence[int], body: Sequence[Row]) -> bool:
    """Return whether these three `columns` hold one line per cell of the table: row label, column label, count.

    They do if the labels are all words, or if the last heading is a name for counts and labels repeat in both columns.
    """
    if len(columns) != 3 or not body:
        return False
    *places, last = across(header, columns)
    named = last.cell.casefold() in COUNT_NAMES
    if any(place.kind is not Kind.WORD for place in places) or (last.kind is not Kind.WORD and not named):
        return False
    first, second = (down(body, column) for column in columns[:2])
    return (_all(first, Kind.WORD) and _all(second, Kind.WORD)) or (named and _repeats(first) and _repeats(second))


def numbers_of_rows(header: Row, body: Sequence[Row]) -> bool:
    """Return whether the first column has no heading and counts the lines from 0 or 1, as data frames are written."""
    cells = [row.cells[0] for row in body]
    return not header.cells[0] and any(cells == [str(start + i) for i in range(len(body))] for start in (0, 1))


def refuse_codes(cells: Sequence[Sequence[int]], shape: Shape, rows: Sequence[Row]) -> None:
    """Raise ContingencyError for counts of a plain table that look like codes, or like two columns of labels.

    `cells` are the counts, `rows` the lines they stand on.
    """
    first = Place(rows[0], 1 if shape.labels else 0)
    numbered = shape.labels and _all(down(rows, 0), Kind.COUNT)
    refuse_column_of_codes(first, [[row[0] for row in cells]], least=2 if numbered else 3)
    if not shape.headings and not shape.labels and len(cells[0]) > 2 and are_run(cells[0]):
        refuse(first, f"and those after it run as codes do; {LABEL_BOTH}, or {SURE}")
    pairs = [(row[0], row[1]) for row in cells if len(row) > 2]
    if pairs and len(set(pairs)) == len(pairs):
        one, two = map(set, zip(*pairs, strict=True))
        whole = min(len(one), len(two)) > 1 and len(one) * len(two) == len(pairs)
        # Lines sorted by the second label; those sorted by the first have been refused by now.
        part = (
            shape.headings and not shape.labels and len(two) < len(pairs) and sorted(pairs, key=lambda pair: pair[::-1]) == pairs
        )
        if whole or part:
            what = (
                "and the next look like two columns of labels; say --by for strata, or call the counts n if each line is a cell"
            )
            refuse(first, f"{what}, or {SURE}")


def refuse_forms(cells: Sequence[Sequence[int]], rows: Sequence[Row]) -> None:
    """Raise ContingencyError for answers, one form per line, instead of counts: ten or more lines that keep recurring."""
    filled = [tuple(line) for line in cells if any(line)]
    if len(filled) >= 10 and len(filled) > 2 * len(set(filled)):
        what = (
            "begins lines of which most occur several times, as answers do; count them first: one line per answer, not per form"
        )
        refuse(Place(rows[0], 0), f"{what}, or {SURE}")


def refuse_column_of_codes(first: Place, strata: Sequence[Sequence[int]], least: int = 3) -> None:
    """Raise ContingencyError if the column of counts that begins at `first` runs 1, 2, 3 … in each stratum.

    The code of a label beside it does that. Fewer than `least` lines may do so by chance.
    """
    if all(are_run(cells) for cells in strata) and max(map(len, strata)) >= least:
        what = "and those below it run as codes do; leave the column out, or let it be the only one of labels"
        refuse(first, f"{what}, or {SURE}")


def _all(places: Sequence[Place], wanted: Kind) -> bool:
    return all(place.kind is wanted for place in places)


def _repeats(places: Sequence[Place]) -> bool:
    return len({place.cell for place in places}) < len(places)


def _values(places: Sequence[Place]) -> list[float]:
    return [value for place in places if (value := number(place.cell)) is not None]


def _refuse_odd_one(places: list[Place]) -> NoReturn:
    """Raise ContingencyError for the cell that is unlike the others of its line."""
    counts, words = (sum(place.kind is wanted for place in places) for wanted in (Kind.COUNT, Kind.WORD))
    odd = [place for place in places if place.kind not in (Kind.COUNT, Kind.WORD)]
    unlike = odd or [place for place in places if place.kind is (Kind.COUNT if counts < words else Kind.WORD)]
    if names_totals(unlike[0].cell):
        refuse(unlike[0], NAMED)
    try:
        count(unlike[0].cell)
    except ValueError as error:
        refuse(unlike[0], f"{error}; if it is a label, {LABEL_BOTH}")
    refuse(unlike[0], f"is a number among labels in words; {LABEL_BOTH}")
