"""The numbers of a claim as a reader can check them: what each is read from, and the arithmetic that gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.verdicts import Evidence, Number, Unit
from frs_pipeline.stats.printing import decimals_of, round_half_away
from frs_pipeline.study.claims import Cells, Share, Value, bare
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID

# How many decimals a number is written with, unless the report prints more.
_DECIMALS: Mapping[Unit, int] = {"percent": 1, "points": 1, "count": 0, "gamma": 3, "p": 3, "number": 1}
# Adding up more terms than these doesn't help a reader.
_MOST_TERMS = 8


# What answers say, by their labels; one that isn't in it is called by its label.
Says = Mapping[str, Text]
_AS_THEY_STAND: Says = {}


@dataclass(frozen=True)
class Step:
    """One number of a claim: what it is called, and what gives it, as "(52 + 22) / 2373 = 3.1%"."""

    name: Text
    says: Text


def arithmetic(
    values: Mapping[str, Value],
    numbers: Mapping[str, Number],
    evidence: Evidence,
    asked: Mapping[tuple[str, str], Text] | None = None,
    says: Says = _AS_THEY_STAND,
) -> dict[str, Step]:
    """Write out how each value that this evidence can tell comes about, by its name and in its order; the rest as in `labels`."""
    called = labels(values, asked, says)
    return {
        name: Step(called[name], _of_value(name, value, values, numbers, evidence))
        for name, value in values.items()
        if numbers[name].exact is not None
    }


def labels(
    values: Mapping[str, Value], asked: Mapping[tuple[str, str], Text] | None = None, says: Says = _AS_THEY_STAND
) -> dict[str, Text]:
    """Call each value by what it is read from: "table 2, barn"; with its answers, where others would be called the same.

    `asked` are the questions by mart and name, as they are quoted; one that isn't among them is called by its name.
    """
    texts = asked or {}
    short = {name: _label(value, texts, says, whole=False) for name, value in values.items()}
    often = Counter(short.values())
    called = {name: _label(value, texts, says, whole=often[short[name]] > 1) for name, value in values.items()}
    seen: set[tuple[str, str, str]] = set()
    for name, value in values.items():
        if value.pair is not None:
            # The questions are long: a second role of the same ones is called by itself.
            questions = (value.pair.mart, value.pair.row, value.pair.column)
            if questions in seen and value.pair.group and often[short[name]] == 1:
                called[name] = _said(says, value.pair.group)
            seen.add(questions)
    return called


def _label(value: Value, asked: Mapping[tuple[str, str], Text], says: Says, *, whole: bool) -> Text:
    cells = value.share or value.count
    if cells is not None:
        rows = () if cells.row == TOTAL else cells.rows
        return _listed(_table(cells.table), _said(says, *rows), _said(says, *(cells.answers if whole else ())))
    if value.correlation is not None:
        group = value.correlation.group
        of = _NOTHING if group is None or group in ("", TOTAL) else _said(says, group)
        return _listed(_table(value.correlation.table), of, Text("p", "p") if value.p else _NOTHING)
    if value.pair is not None:
        row, column = (_question(asked, value.pair.mart, name) for name in (value.pair.row, value.pair.column))
        both = Text(f"{row.danish} × {column.danish}", f"{row.english} × {column.english}")
        return _listed(both, _said(says, *([value.pair.group] if value.pair.group else [])))
    if value.asked is not None:
        question, of_group = _question(asked, value.asked.mart, value.asked.question), value.asked.group
        return _listed(
            question, _said(says, *([of_group] if of_group else [])), _said(says, *(value.asked.answers if whole else ()))
        )
    if value.figure is not None:
        return _listed(_table(value.figure.table), _said(says, *([value.figure.row] if value.figure.row else [])))
    return _KINDS[value.kinds[0]]


def _table(number: int) -> Text:
    return Text(f"tabel {number}", f"table {number}")


def _said(says: Says, *several: str) -> Text:
    """Name answers together."""
    texts = [says.get(label) or _TOTALS.get(label) or Text(label, label) for label in several]
    return Text(" + ".join(text.danish for text in texts), " + ".join(text.english for text in texts))


def _listed(*parts: Text) -> Text:
    """Join what isn't empty."""
    told = [part for part in parts if part != _NOTHING]
    return Text(", ".join(part.danish for part in told), ", ".join(part.english for part in told))


def _question(asked: Mapping[tuple[str, str], Text], mart: str, name: str) -> Text:
    return asked.get((mart, name), Text(name, name))


_NOTHING = Text("", "")
_TOTALS: Mapping[str, Text] = {
    TOTAL: Text("i alt", "total"),
    TOTAL_VALID: Text("besvaret i alt", "all answered"),
    MISSING: Text("ubesvaret", "blank"),
}


_KINDS: Mapping[str, Text] = {
    "lacking": Text("rådslagninger uden skema", "conferences without a form"),
    "leads": Text("andel af tabellerne", "share of the tables"),
    "kept": Text("andel af betingelserne", "share of the conditions"),
    "points": Text("forskellen", "the difference"),
    "percent": Text("andelen", "the share"),
    "sum": Text("summen", "the sum"),
    "printed": Text("rapportens tekst", "the report's text"),
    "limit": Text("grænsen", "the limit"),
    "low": Text("den nedre grænse", "the lower limit"),
    "high": Text("den øvre grænse", "the upper limit"),
}


def _of_value(name: str, value: Value, values: Mapping[str, Value], numbers: Mapping[str, Number], evidence: Evidence) -> Text:
    number, result = numbers[name], written(numbers[name], value)
    if value.share is not None and (fraction := _fraction(value.share, evidence)):
        return Text(f"{fraction} = {result.danish}", f"{fraction} = {result.english}")
    others, sign = _parts(value)
    if others:
        parts = [written(numbers[one], values[one]) for one in others]
        danish, english = sign.join(part.danish for part in parts), sign.join(part.english for part in parts)
        return Text(f"{danish} = {result.danish}", f"{english} = {result.english}")
    if number.p is not None:
        p, less = _digits(number.p, "p", 3), ""
        if number.p < Fraction(1, 2000):
            # A p is never nought.
            p, less = Text("0,001", "0.001"), "< "
        return Text(f"gamma {result.danish}, p {less}{p.danish}", f"gamma {result.english}, p {less}{p.english}")
    return result


def _parts(value: Value) -> tuple[tuple[str, ...], str]:
    """Return the names of the values that one is made from, and the sign between them."""
    if value.points is not None:
        return (value.points.of, value.points.less), " − "
    if value.percent is not None:
        return (value.percent.of, value.percent.base), " / "
    return value.sum or (), " + "


def _fraction(share: Share, evidence: Evidence) -> str:
    """Write a share as a fraction of counts; nothing where its counts aren't known, or too many to help."""
    parts, base = list(terms(share, evidence)), evidence.count(base_of(share))
    if base is None or None in parts or len(parts) > _MOST_TERMS:
        return ""
    added = " + ".join(str(part) for part in parts)
    return f"{f'({added})' if len(parts) > 1 else added} / {base}"


def terms(share: Share, evidence: Evidence) -> Iterator[Fraction | None]:
    """Yield the number of forms with each answer that a share counts."""
    for row in share.rows:
        for answer in share.answers:
            yield evidence.count(Cells(table=share.table, answers=(answer,), row=row))


def base_of(share: Share) -> Cells:
    """Return the cells that a share is of."""
    if share.of == "row":
        return Cells(table=share.table, row=share.row)
    return Cells(table=share.table, answers=(TOTAL,))


def written(number: Number, value: Value) -> Text:
    """Write a number of a claim in both languages, to as many decimals as the report prints it, and at least to the usual."""
    said = decimals_of(bare(value.said)) if value.said else 0
    return _digits(number.exact, number.unit, max(said, _DECIMALS[number.unit]))


def _digits(exact: Fraction | None, unit: Unit, decimals: int) -> Text:
    if exact is None:
        return Text("?", "?")
    english = format(round_half_away(float(exact), decimals), "f").replace("-", "\u2212")
    danish = english.replace(".", ",")
    return Text(f"{danish}\u00a0%", f"{english}%") if unit == "percent" else Text(danish, english)
