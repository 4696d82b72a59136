"""CSV files of a study (semicolons, UTF-8, a header): their rows with the line on which each stands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from frs_pipeline.errors import InputError


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row, by column, with its line, counted from 1; none if the file doesn't exist.

    Raises `InputError` with file and line for a file that isn't text in UTF-8, other columns, and a row with more or fewer cells.
    """
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            if next(reader, []) != [*columns]:
                raise InputError("doesn't have the right columns", where=f"{path}:1", do=f"write {';'.join(columns)}")
            for cells in reader:
                where = f"{path}:{reader.line_num}"
                if len(cells) != len(columns):
                    what = f"{len(cells)} cells where {len(columns)} belong"
                    raise InputError(what, where=where, do="put a text with ; into quotes")
                yield reader.line_num, dict(zip(columns, cells, strict=True))
    except UnicodeDecodeError as error:
        raise InputError("isn't UTF-8", where=path, do="save the file as UTF-8") from error
    except csv.Error as error:
        raise InputError(f"isn't CSV: {error}", where=f"{path}:{reader.line_num}", do="correct the line") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="restore the file") from error


def whole_number(text: str, where: str) -> int:
    """Read the number of a table. Raises `InputError` for anything else."""
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"'{text[:40]}' isn't a whole number", where=where, do="write the number of a table")
    return int(text)
