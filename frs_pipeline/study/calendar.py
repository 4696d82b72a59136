"""Questions answered with a date, of which a mart keeps the month, the quarter or the year: a day is nobody else's.

The periods of its range are the answers to an ordinal question, in order.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from frs_pipeline.study.faults import Location
from frs_pipeline.study.spec import YamlFile

Keep = Literal["month", "quarter", "year"]
_MOST = 127
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_TIME = r"(?:[ T]|, )[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]{1,9})?)?"
_DAYS = (
    re.compile(rf"(?P<y>[0-9]{{4}})-(?P<m>[0-9]{{2}})-(?P<d>[0-9]{{2}})(?:{_TIME})?", re.ASCII),
    re.compile(rf"(?P<d>[0-9]{{1,2}})(?P<apart>[-.])(?P<m>[0-9]{{1,2}})(?P=apart)(?P<y>[0-9]{{4}})(?:{_TIME})?", re.ASCII),
)


@dataclass(frozen=True)
class Calendar:
    """The days that a form may have, from `first` to `last`, and what is kept of one: its month, quarter or year."""

    keep: Keep
    first: dt.date
    last: dt.date

    @property
    def labels(self) -> tuple[str, ...]:
        """The periods in order, as tables name them: 2020-11, 2020 Q4, 2020."""
        return tuple(self._label(number) for number in range(self._number(self.first), self._number(self.last) + 1))

    def code(self, day: dt.date) -> int:
        """Return the period of a day, counted from 1; 0 for a day outside the range."""
        return self._number(day) - self._number(self.first) + 1 if self.first <= day <= self.last else 0

    def _number(self, day: dt.date) -> int:
        return (day.year * 12 + day.month - 1) // _MONTHS[self.keep]

    def _label(self, number: int) -> str:
        year, month = divmod(number * _MONTHS[self.keep], 12)
        return {"month": f"{year}-{month + 1:02}", "quarter": f"{year} Q{month // 3 + 1}", "year": f"{year}"}[self.keep]


def day_in(word: str) -> dt.date | None:
    """Return the day in a cell, written 2020-11-30, 30-11-2020 or 30.11.2020, with a time or not; None for anything else.

    Nothing is guessed: 05/02/2020 may be a day in February or in May.
    """
    parts = next((found for pattern in _DAYS if (found := pattern.fullmatch(word))), None)
    try:
        return dt.date(int(parts["y"]), int(parts["m"]), int(parts["d"])) if parts else None
    except ValueError:
        return None


def calendar(file: YamlFile, where: Location, name: str, keep: Keep | None, limits: tuple[dt.date, dt.date] | None) -> Calendar:
    """Make what is known of a date. Raises `InputError` with file and line for what can't be, saying what is right."""
    if limits is None:
        raise file.error(where, f"{name} is a date and needs a range", "write range: [2020-01-01, 2024-12-31]")
    first, last = limits
    if first > last:
        raise file.error([*where, "range"], "range: the second day is before the first", "write range: [first, last]")
    made = Calendar(keep or "quarter", first, last)
    if len(made.labels) > _MOST:
        what = f"range: {len(made.labels)} {made.keep}s are more than {_MOST}"
        raise file.error([*where, "range"], what, "narrow the range, or keep: year")
    return made
