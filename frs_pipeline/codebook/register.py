"""The controllers' register (kodebog.csv): read in plain text, checked, and never written anywhere again."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stdnum.dk import cpr
from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

from frs_pipeline.errors import InputError
from frs_pipeline.intake.ledger import COLUMNS, conference_number, ledger_words
from frs_pipeline.intake.readers.csvfiles import open_csv
from frs_pipeline.intake.readers.encodings import WRONG, garbled, same_letters
from frs_pipeline.intake.readers.handkept import AS_UTF8, AmbiguousDays, days_of
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

PERSONAL_NUMBER = "personnummer"
REGISTER_COLUMNS = (PERSONAL_NUMBER, *COLUMNS)
_NUMBER, _DATE, _OCCASION = COLUMNS
# Days of replacement numbers: the day of birth + 60.
_REPLACED = range(61, 92)


@dataclass(frozen=True)
class Conference:
    """One line of the register: `personal_number` as DDMMYY-SSSS, `occasion` by its name in the study, `date` ISO."""

    personal_number: str
    conference_number: int
    occasion: str
    date: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell of the register, but never its content."""

    where: str
    column: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.column}: {self.what}"


@dataclass
class Register:
    """The conferences of a register in its order, everything that is wrong with it, and counts of what is merely odd."""

    conferences: list[Conference] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)


def read_register(study: Study, path: Path) -> Register:
    """Read kodebog.csv: semicolons; UTF-8, or as spreadsheets save it, with dates as they write them.

    Raises `InputError` for a file that isn't such a table at all; faults of single cells are in the result.
    """
    do = "correct the register; nothing was locked"
    rows = _rows(path, do)
    line, header = next(rows, (1, []))
    if tuple(header) != REGISTER_COLUMNS:
        raise InputError(f"the header isn't {';'.join(REGISTER_COLUMNS)}", where=f"{path}:{line}", do=do)
    reading = _Reading(Register(), ledger_words(study), about(study).personal_id.pattern)
    entries = [(line, cells) for line, cells in rows if any(cells)]  # spreadsheets leave blank lines at the end
    wrong = garbled(ledger_words(study))
    garbled_at = next((line for line, cells in entries if wrong.intersection(cells)), None)
    if garbled_at is not None:
        raise InputError(WRONG, where=f"{path}:{garbled_at}", do=AS_UTF8)
    at = REGISTER_COLUMNS.index(_DATE)
    try:
        days = days_of([cells[at] if len(cells) > at else "" for _, cells in entries])
    except AmbiguousDays as error:
        what = "the date may be one of two: day and month can't be told apart"
        raise InputError(what, where=f"{path}:{entries[error.at][0]}", do="write dates as 2020-11-30") from None
    for (line, cells), day in zip(entries, days, strict=True):
        reading.take(f"{path}:{line}", cells, day)
    register = reading.register
    if not register.conferences and not register.faults:
        raise InputError("holds no conference", where=path, do=do)
    return register


def _rows(path: Path, do: str) -> Iterator[tuple[int, list[str]]]:
    try:
        for line, cells in open_csv(path, ";").rows():
            yield line, [same_letters(cell.strip()) for cell in cells]
    except InputError as error:
        raise InputError(error.what, where=error.where, do=do) from error


class _Reading:
    """Takes line after line, and remembers where everything that must be unique stood."""

    def __init__(self, register: Register, words: Mapping[str, str], pattern: str) -> None:
        self.register, self.words, self.pattern = register, words, pattern
        self.numbers: dict[int, str] = {}
        self.children: dict[tuple[str, str], dict[str, str]] = {}

    def take(self, where: str, cells: list[str], day: dt.date | None) -> None:
        """Check one line, whose date is `day` if it is one, and keep it if it is sound."""
        if len(cells) != len(REGISTER_COLUMNS):
            self._fault(where, "the line", f"{len(cells)} fields where {len(REGISTER_COLUMNS)} belong")
            return
        named = dict(zip(REGISTER_COLUMNS, cells, strict=True))
        personal_number = self._personal_number(where, named[PERSONAL_NUMBER])
        number = self._number(where, named[_NUMBER])
        date = self._date(where, day)
        occasion = self.words.get(named[_OCCASION])
        if occasion is None:
            self._fault(where, _OCCASION, f"is neither {' nor '.join(self.words)}")
        if personal_number is None or number is None or date is None or occasion is None:
            return
        dates = self.children.setdefault((personal_number, occasion), {})
        if date in dates:
            self._fault(where, PERSONAL_NUMBER, f"has the same occasion and date on {_line(dates[date])}")
            return
        if dates:
            self.register.odd["personal numbers with the same occasion on another date, too"] += 1
        dates[date] = where
        self.register.conferences.append(Conference(personal_number, number, occasion, date))

    def _personal_number(self, where: str, text: str) -> str | None:
        """Read a personal number, a Danish one as DDMMYY-SSSS; None, and a fault noted, when it isn't one."""
        if self.pattern:
            if re.fullmatch(self.pattern, text):
                return text
            self._fault(where, PERSONAL_NUMBER, "isn't written as personal_id in study.yaml says")
            return None
        digits = cpr.compact(text)
        replaced = digits[:2].isascii() and digits[:2].isdigit() and int(digits[:2]) in _REPLACED
        try:
            cpr.validate(f"{int(digits[:2]) - 60:02d}{digits[2:]}" if replaced else digits)
        except InvalidLength:
            hint = ": a spreadsheet removes a leading 0" if len(digits) == 9 else ""
            self._fault(where, PERSONAL_NUMBER, f"doesn't have ten digits{hint}")
        except InvalidFormat:
            self._fault(where, PERSONAL_NUMBER, "isn't written as DDMMYY-SSSS")
        except ValidationError:
            self._fault(where, PERSONAL_NUMBER, "doesn't begin with a day on which somebody can have been born")
        else:
            if replaced:
                self.register.odd["replacement personal numbers (day + 60)"] += 1
            elif cpr.checksum(digits):
                self.register.odd["personal numbers that fail modulus 11 (allowed since 2007)"] += 1
            return str(cpr.format(digits))
        return None

    def _number(self, where: str, text: str) -> int | None:
        try:
            number = conference_number(text)
        except ValueError:
            self._fault(where, _NUMBER, "isn't a conference number: one to nine digits")
            return None
        if number in self.numbers:
            self._fault(where, _NUMBER, f"stands on {_line(self.numbers[number])} already")
            return None
        self.numbers[number] = where
        return number

    def _date(self, where: str, day: dt.date | None) -> str | None:
        if day is None:
            self._fault(where, _DATE, "isn't a date such as 2020-11-30")
            return None
        return day.isoformat()

    def _fault(self, where: str, column: str, what: str) -> None:
        self.register.faults.append(Fault(where, column, what))


def _line(where: str) -> str:
    return f"line {where.rpartition(':')[2]}"
