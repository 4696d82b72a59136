"""The arithmetic behind the numbers of a claim, written out: "(52 + 22) / 2373 = 3.1%"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.verdicts import Evidence, Number
from frs_pipeline.stats.printing import round_half_away
from frs_pipeline.study.claims import Cells, Share, Value

# How many decimals a number is written with; as many as the report prints of it, where that is more.
_DECIMALS = {"percent": 1, "points": 1, "count": 0, "gamma": 3, "p": 3}
# Adding up more terms than these doesn't help a reader.
_MOST_TERMS = 8


def arithmetic(values: Mapping[str, Value], numbers: Mapping[str, Number], evidence: Evidence) -> dict[str, Text]:
    """Write out how each value that could be told comes about, by its name."""
    return {
        name: _of_value(value, numbers, name, evidence) for name, value in values.items() if numbers[name].exact is not None
    }


def _of_value(value: Value, numbers: Mapping[str, Number], name: str, evidence: Evidence) -> Text:
    number = numbers[name]
    result, before = _written(number.exact, number.unit), _where(value)
    if value.share is not None:
        terms = _of_share(value.share, evidence)
        shown = f"{terms} = {result.danish}", f"{terms} = {result.english}"
    elif value.points is not None:
        more, less = (_written(numbers[one].exact, numbers[one].unit) for one in (value.points.of, value.points.less))
        shown = f"{more.danish} − {less.danish} = {result.danish}", f"{more.english} − {less.english} = {result.english}"
    elif value.sum is not None:
        parts = [_written(numbers[one].exact, numbers[one].unit) for one in value.sum]
        shown = (
            f"{' + '.join(part.danish for part in parts)} = {result.danish}",
            f"{' + '.join(part.english for part in parts)} = {result.english}",
        )
    else:
        shown = result.danish, result.english
    if number.p is not None:
        p = _written(number.p, "p")
        shown = f"γ = {shown[0]}, p = {p.danish}", f"γ = {shown[1]}, p = {p.english}"
    return Text(f"{before.danish}{shown[0].removeprefix(' = ')}", f"{before.english}{shown[1].removeprefix(' = ')}")


def _where(value: Value) -> Text:
    """Name the table that a value is read from, and the row or group, where it isn't the whole table."""
    at = value.share or value.count
    if at is not None:
        rows = "" if at.row == "Total" else f", {' + '.join(at.rows)}"
        return Text(f"tabel {at.table}{rows}: ", f"table {at.table}{rows}: ")
    if value.correlation is not None:
        group = f", {value.correlation.group}" if value.correlation.group else ""
        return Text(f"tabel {value.correlation.table}{group}: ", f"table {value.correlation.table}{group}: ")
    return Text("", "")


def _of_share(share: Share, evidence: Evidence) -> str:
    """Write a share as a fraction of counts; nothing where its counts aren't known."""
    parts, base = list(_terms(share, evidence)), evidence.count(_base(share))
    if base is None or None in parts or len(parts) > _MOST_TERMS:
        return ""
    added = " + ".join(str(part) for part in parts)
    return f"{f'({added})' if len(parts) > 1 else added} / {base}"


def _terms(share: Share, evidence: Evidence) -> Iterator[Fraction | None]:
    for row in share.rows:
        for answer in share.answers:
            yield evidence.count(Cells(table=share.table, answers=(answer,), row=row))


def _base(share: Share) -> Cells:
    """Return the cells that a share is of."""
    if share.of == "row":
        return Cells(table=share.table, row=share.row)
    return Cells(table=share.table, answers=("Total",))


def _written(number: Fraction | None, unit: str) -> Text:
    """Write a number with its unit, in both languages."""
    if number is None:
        return Text("?", "?")
    english = format(round_half_away(float(number), _DECIMALS[unit]), "f").replace("-", "−")
    danish = english.replace(".", ",")
    return Text(f"{danish}\u00a0%", f"{english}%") if unit == "percent" else Text(danish, english)


