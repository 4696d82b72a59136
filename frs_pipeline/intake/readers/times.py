"""Times of a column in the one format that all of it is written in.

A spreadsheet or SPSS rewrites times, a whole column alike. One cell doesn't show which format that is (05/02/2020 is the
fifth of February or the second of May), but all of them do: the format of a column is the only one that fits every time
in it. Where several fit, or none does, nothing is read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

AMBIGUOUS, MIXED, BLANK = "times_ambiguous", "times_mixed", "column_blank"

_CLOCK = r"(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
_DOTTED = r"(?P<h>[0-9]{1,2})[.:](?P<mi>[0-9]{2})(?:[.:](?P<s>[0-9]{2}))?"
_HALF = rf"{_CLOCK}(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
_ISO = (
    r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{2})[-/](?P<d>[0-9]{2})[ T]"
    r"(?P<h>[0-9]{2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
)
_Y, _YY = r"(?P<y>[0-9]{4})", r"(?P<y>[0-9]{4}|[0-9]{2})"
_D, _M = r"(?P<d>[0-9]{1,2})", r"(?P<m>[0-9]{1,2})"
_ENGLISH = "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"
_DANISH = "jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec"
_DAY_0 = np.datetime64("1899-12-30", "s")
# Letters of a time in full, as SurveyXact writes it.
_LENGTH = 19
# Serial numbers of days between 1954 and 2118: others are numbers, not times.
_SERIALS = (20_000, 80_000)


@dataclass(frozen=True)
class TimeFormat:
    """One way of writing times: an example for people, and a pattern (for Arrow) that names the parts of a time.

    `zoned` times say how far they are from Greenwich and are read as there; others are those of the clock on the wall.
    """

    example: str
    pattern: str
    zoned: bool = False

    def read(self, cells: pa.StringArray) -> np.ndarray:
        """Parse cells without blanks around them (datetime64[s], fractions dropped); NaT where a cell is no time."""
        parts = pc.extract_regex(cells, f"^{self.pattern}$")
        fits = np.asarray(pc.is_valid(parts).to_numpy(zero_copy_only=False))
        read = np.full(len(cells), np.datetime64("NaT", "s"))
        if fits.any():
            chosen = parts.filter(pa.array(fits))
            names = [chosen.type.field(i).name for i in range(chosen.type.num_fields)]
            of = {name: chosen.field(name) for name in names}
            read[fits] = _serials(of["serial"]) if "serial" in of else _times(of)
        return read


SURVEYXACT = TimeFormat("2020-11-30 08:27:00", _ISO)
FORMATS = (
    SURVEYXACT,
    TimeFormat("2020-11-30T08:27:00Z", _ISO + r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})", zoned=True),
    TimeFormat("30-11-2020 08:27", f"{_D}-{_M}-{_Y}" + ",? +" + _DOTTED),
    TimeFormat("30.11.2020 08:27", rf"{_D}\.{_M}\.{_Y}" + ",? +" + _DOTTED),
    TimeFormat("30/11/2020 08.27", f"{_D}/{_M}/{_YY}" + r",? +(?P<h>[0-9]{1,2})\.(?P<mi>[0-9]{2})(?:\.(?P<s>[0-9]{2}))?"),
    TimeFormat("30/11/2020 08:27", f"{_D}/{_M}/{_YY}" + ",? +" + _HALF),
    TimeFormat("11/30/2020 8:27 AM", f"{_M}/{_D}/{_YY}" + ",? +" + _HALF),
    # Nobody here writes this, and yet 20/11/30 may mean it.
    TimeFormat("20/11/30 08:27", r"(?P<y>[0-9]{2})/(?P<m>[0-9]{2})/(?P<d>[0-9]{2}),? +" + _HALF),
    TimeFormat("30-NOV-2020 08:27:00", r"(?P<d>[0-9]{1,2})[- ](?P<month>[A-Za-z]{3})[- ](?P<y>[0-9]{4}|[0-9]{2}),? +" + _HALF),
    TimeFormat("44165.352083", r"(?P<serial>[0-9]{5}(?:[.,][0-9]{1,15})?)"),
)


def _times(of: dict[str, pa.Array]) -> np.ndarray:
    year, day, hour, minute, second = (_numbers(of[name]) if name in of else np.int64(0) for name in ("y", "d", "h", "mi", "s"))
    year = np.where(year < 100, year + 2000, year)  # of two digits
    if "month" in of:
        at = [pc.index_in(pc.ascii_lower(of["month"]), value_set=pa.array(names)) for names in (_ENGLISH, _DANISH)]
        month = pc.fill_null(pc.coalesce(*at), -1).to_numpy(zero_copy_only=False) + 1
    else:
        month = _numbers(of["m"])
    half = np.array(pc.ascii_lower(of["half"]).to_pylist()) if "half" in of else np.full(len(year), "")
    good = (month >= 1) & (month <= 12) & (hour <= 23) & (minute <= 59) & (second <= 59)
    good &= (half == "") | ((hour >= 1) & (hour <= 12))
    hour = np.where(half == "", hour, hour % 12 + 12 * (half == "p"))
    months = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    good &= (day >= 1) & (day <= ((months + 1).astype("datetime64[D]") - first).astype(np.int64))
    seconds = ((hour * 60 + minute) * 60 + second) - 60 * (_offsets(of["zone"]) if "zone" in of else 0)
    read = first.astype("datetime64[s]") + (day - 1) * np.timedelta64(86_400, "s") + seconds.astype("timedelta64[s]")
    read[~good] = np.datetime64("NaT", "s")
    return np.asarray(read)


def _numbers(texts: pa.Array) -> np.ndarray:
    return np.asarray(pc.cast(pc.if_else(pc.equal(texts, ""), "0", texts), pa.int64()).to_numpy(zero_copy_only=False))


def _offsets(zones: pa.Array) -> np.ndarray:
    """Return minutes ahead of Greenwich."""
    plain = [zone.replace(":", "") for zone in zones.to_pylist()]
    return np.array([0 if z == "Z" else int(z[0] + "1") * (int(z[1:3]) * 60 + int(z[3:])) for z in plain], dtype=np.int64)


def _serials(texts: pa.Array) -> np.ndarray:
    days = pc.cast(pc.replace_substring(texts, ",", "."), pa.float64()).to_numpy(zero_copy_only=False)
    read = _DAY_0 + np.round(days * 86_400).astype("timedelta64[s]")
    read[(days < _SERIALS[0]) | (days >= _SERIALS[1])] = np.datetime64("NaT", "s")
    return np.asarray(read)


@dataclass
class FittingFormats:
    """How many cells of a column each format fits, how many at least one of them fits, and how many aren't blank."""

    fits: Counter[TimeFormat] = field(default_factory=Counter)
    timely: int = 0
    filled: int = 0

    def look(self, column: pa.ChunkedArray, usual: np.ndarray) -> None:
        """Add the cells of a chunk, of which `usual` are the times in SurveyXact's own format."""
        as_usual = ~np.isnat(usual)
        here = int(np.count_nonzero(as_usual))
        self.fits[SURVEYXACT] += here
        self.timely += here
        self.filled += here
        if here == len(column):
            return
        # A time in the usual format fits no other.
        rest = _stripped(column.combine_chunks()).filter(pa.array(~as_usual))
        rest = rest.filter(pc.not_equal(rest, ""))
        others = {format: ~np.isnat(format.read(rest)) for format in FORMATS[1:]}
        self.fits.update({format: int(np.count_nonzero(fitting)) for format, fitting in others.items()})
        self.timely += int(np.count_nonzero(np.any(list(others.values()), axis=0)))
        self.filled += len(rest)

    def verdict(self, tolerated: float) -> TimeFormat | str:
        """Return the one format of the column, or why there is none: `AMBIGUOUS`, `MIXED`, `BLANK`.

        Words fit no format, and are no reason against one. Where no format fits all times, one that fits all but a
        `tolerated` share of them (or but one) is taken, if none of them could be read in two ways: the others count as
        unreadable.
        """
        if not self.filled:
            return BLANK
        if not self.timely:
            return SURVEYXACT
        whole = [format for format in FORMATS if self.fits[format] == self.timely]
        if whole:
            return whole[0] if len(whole) == 1 else AMBIGUOUS
        most = max(FORMATS, key=lambda format: self.fits[format])
        unfit = self.timely - self.fits[most]
        doubtful = self.fits.total() > self.timely
        return MIXED if doubtful or unfit > max(1, tolerated * self.timely) or unfit * 2 >= self.timely else most


def times(column: pa.ChunkedArray, format: TimeFormat | str) -> np.ndarray:
    """Parse a column (datetime64[s]) in its format; NaT where a cell is no time, and everywhere where it has no format."""
    if isinstance(format, str):
        return np.full(len(column), np.datetime64("NaT", "s"))
    cells = column.combine_chunks()
    if format is SURVEYXACT and pc.all(pc.equal(pc.binary_length(cells), _LENGTH)).as_py():
        try:
            return np.asarray(pc.cast(cells, pa.timestamp("s")).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            pass  # one wild cell: read with more care
    return format.read(_stripped(cells))


def _stripped(cells: pa.StringArray) -> pa.StringArray:
    """Strip blanks around cells, and turn non-breaking blanks into plain ones."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(cells, "[\u00a0\u202f]", " "))
