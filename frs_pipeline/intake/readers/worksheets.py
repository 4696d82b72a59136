"""CSV files that are handed to people to be opened in a spreadsheet, and may come back from it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

NUMBER = re.compile(r"-?[0-9]{1,9}([.,][0-9]{1,9})?", re.ASCII)
# A cell that begins so is a formula to a spreadsheet; with quotes before it, it would be read back as one.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def as_sheet(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a CSV file for a spreadsheet, which must take no text for a formula: a quote stands before what looks like one."""
    text = io.StringIO(newline="")
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    sheet.writerow(columns)
    for row in rows:
        sheet.writerow([f"'{cell}" if _FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def read_back(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a CSV file that is read again, each cell as it is; one that people only open is `as_sheet`."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([columns, *rows])
    return text.getvalue().encode("utf-8-sig")


def as_meant(cell: str) -> str:
    """Return what a cell of such a file says, without the quote that `as_sheet` puts before what looks like a formula."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
