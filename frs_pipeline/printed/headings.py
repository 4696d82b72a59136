"""Whether lines hold what tables as they are printed have there: headings above, and figures of one table below."""

from __future__ import annotations

from collections.abc import Sequence

from frs_pipeline.errors import InputError
from frs_pipeline.printed.measures import is_total, measure_of
from frs_pipeline.printed.notation import looks_printed
from frs_pipeline.stats.cells import are_codes, number
from frs_pipeline.stats.delimited import Row

HEADINGS = "let the first line hold the headings of the columns, and the first column the labels of the rows"


def refuse_unread(rows: Sequence[Row], where: str) -> None:
    """Raise `InputError` for the first cell that begins as a number does, where none is one."""
    for row in rows:
        for place, cell in enumerate(row.cells):
            if place and cell[:1].isdigit():
                what = f"'{' '.join(cell.split())[:40]}' isn't a number as tables print them"
                do = "write 35, 21 %, or for a count with its percentage 35 (21 %)"
                raise InputError(what, where=f"{where}{row.line}, column {place + 1}", do=do)


def check_header(row: Row, where: str) -> None:
    """Raise `InputError` for numbers in the line of headings, unless they are plainly codes, such as 1, 2, 3 or years."""
    cells = [(place, cell) for place, cell in enumerate(row.cells) if place and cell]
    numbers = [(place, cell) for place, cell in cells if looks_printed(cell)]
    words = [cell for _, cell in cells if not (looks_printed(cell) or is_total(cell) or measure_of(cell))]
    values = [number(cell) for _, cell in numbers]
    if numbers and (words or None in values or not are_codes([value for value in values if value is not None])):
        place, cell = numbers[0]
        at = f"{where}{row.line}, column {place + 1}"
        raise InputError(f"'{cell[:40]}' stands in the line of headings", where=at, do=HEADINGS)
