"""The printed tables of a report as evidence for and against what its text says."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from frs_pipeline.printed.certainty import Estimated
from frs_pipeline.printed.model import PrintedTable, PrintedTables
from frs_pipeline.printed.verdicts import of_print
from frs_pipeline.study.claims import Asked, Cells, Correlation, Lacking, Pair, Place, Share
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID

_ONE_QUESTION = ("frequency", "distribution")
# The printed percentages that a share is read from where a table prints no counts.
_PERCENT_OF_ROW, _PERCENT_OF_ALL = "row_percent", "total_percent"


class PrintedEvidence:
    """Numbers from printed tables: counts as printed, and where a total isn't printed, the sum of the printed cells.

    Where a table prints percentages without counts, a share is the sum of those that are of what it is of. Of forms nothing is
    known here: pairs, answers and conferences that no table prints are None.
    """

    of_report = True

    def __init__(self, tables: PrintedTables) -> None:
        self._tables = tables

    def rows(self, table: int) -> tuple[str, ...]:
        known = self._tables.tables.get(table)
        return () if known is None else known.rows.labels

    def share(self, share: Share) -> Fraction | None:
        table = self._tables.tables.get(share.table)
        if table is None:
            return None
        if not any(address.measure == "count" for address in table.figures):
            return _of_percentages(table, share)
        hits, base = _cells(table, share), _base(table, share)
        return None if hits is None or not base else Fraction(100 * hits, base)

    def count(self, cells: Cells) -> Fraction | None:
        table = self._tables.tables.get(cells.table)
        if table is None:
            return None
        if table.kind == "correlation":
            text = table.text(measure="n")
            return None if text is None else of_print(text)
        number = _cells(table, cells)
        return None if number is None else Fraction(number)

    def gamma(self, correlation: Correlation) -> Fraction | None:
        return self._of_correlation(correlation, "gamma")

    def p(self, correlation: Correlation) -> Fraction | None:
        return self._of_correlation(correlation, "p")

    def _of_correlation(self, correlation: Correlation, measure: str) -> Fraction | None:
        text = self._tables.text(correlation.address(measure))
        # Of a p below a limit, such as <,001, the limit is the most that it can be.
        return None if text is None else of_print(text.removeprefix("<"))

    def pair(self, pair: Pair) -> tuple[None, None]:
        return None, None

    def asked(self, asked: Asked) -> None:
        return None

    def lacking(self, lacking: Lacking) -> None:
        return None

    def figure(self, place: Place) -> Fraction | None:
        text = self._tables.text(place.address)
        return None if text is None or not any(letter.isdigit() for letter in text) else of_print(text.removeprefix("<"))

    def spread(self, wanted: Estimated) -> None:
        return None


def _cells(table: PrintedTable, cells: Cells) -> int | None:
    """Add up the counts of some cells; None where one isn't printed and can't be added up from others."""
    if table.kind in _ONE_QUESTION:
        whole = TOTAL_VALID if table.kind == "frequency" else TOTAL
        return _sum(_of_one(table, answer) for answer in cells.answers or (whole,))
    return _sum(_of_cross(table, row, answer) for row in cells.rows for answer in cells.answers or (TOTAL,))


def _base(table: PrintedTable, share: Share) -> int | None:
    """Count the forms that a share is of."""
    if table.kind in _ONE_QUESTION:
        return _of_one(table, TOTAL_VALID if table.kind == "frequency" and share.of == "row" else TOTAL)
    return _sum(_of_cross(table, row, TOTAL) for row in (share.rows if share.of == "row" else (TOTAL,)))


def _of_one(table: PrintedTable, label: str) -> int | None:
    """Return a count of a table of one question; its totals may be added up."""
    printed = table.count(label)
    if printed is not None or label not in (TOTAL, TOTAL_VALID):
        return printed
    valid = _of_printed(table.count(answer) for answer in table.rows.labels)
    if label == TOTAL_VALID or table.kind == "distribution":
        return valid
    known = table.count(TOTAL_VALID)
    return _sum((valid if known is None else known, table.count(MISSING)))


def _of_cross(table: PrintedTable, row: str, column: str) -> int | None:
    """Return a count of a table of two questions; its totals may be added up."""
    printed = table.count(row, column)
    if printed is not None:
        return printed
    if row == TOTAL:
        return _of_printed(_of_cross(table, one, column) for one in table.rows.labels)
    columns = table.columns.labels if table.columns else ()
    return _of_printed(table.count(row, one) for one in columns) if column == TOTAL else None


def _of_percentages(table: PrintedTable, share: Share) -> Fraction | None:
    """Add up the printed percentages of a share that are of what it is of."""
    if table.kind in _ONE_QUESTION:
        measure = "valid_percent" if table.kind == "frequency" and share.of == "row" else "percent"
        return _sum_of_prints(table.text(answer, measure=measure) for answer in share.answers)
    whole = share.rows == (TOTAL,)
    if share.of == "all" or whole:
        rows = table.rows.labels if whole and table.text(TOTAL, share.answers[0], _PERCENT_OF_ALL) is None else share.rows
        found = _sum_of_prints(table.text(row, one, _PERCENT_OF_ALL) for row in rows for one in share.answers)
        if found is not None or not whole:
            return found
    if len(share.rows) > 1:
        return None  # percentages of several rows don't add up
    return _sum_of_prints(table.text(share.rows[0], one, _PERCENT_OF_ROW) for one in share.answers)


def _sum(parts: Iterable[int | None]) -> int | None:
    """Add up counts; None where one is missing."""
    each = list(parts)
    return None if None in each else sum(part for part in each if part is not None)


def _of_printed(parts: Iterable[int | None]) -> int | None:
    """Add up those counts that are printed; None where none is."""
    each = [part for part in parts if part is not None]
    return sum(each) if each else None


def _sum_of_prints(texts: Iterable[str | None]) -> Fraction | None:
    """Add up printed percentages exactly; None where one is missing."""
    each = list(texts)
    return None if None in each else sum((of_print(text) for text in each if text is not None), Fraction(0))
