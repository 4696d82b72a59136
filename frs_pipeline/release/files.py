"""The files of a release: figures for programs and for spreadsheets, and what the tables count.

Nothing in them distinguishes a count that was hidden because it is small from one that was hidden with it: whoever knew
could work out more than the policy allows.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from frs_pipeline.release.cells import NO_LABEL
from frs_pipeline.release.variants import Variant
from frs_pipeline.stats.printing import round_half_away
from frs_pipeline.stats.summary import STATISTICS
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Axis, Place, Table
from frs_pipeline.tables.figures import Figure

FIGURES, DANISH, TABLES = "figures.csv", "figures-da.csv", "tables.json"
FILES = (FIGURES, DANISH, TABLES)
# The folder of the pages that are made of these files.
REPORT = "report"
SHOWN, HIDDEN, LEFT_OUT, NOT_COMPUTABLE = "shown", "hidden", "left out", "not computable"
COLUMNS = ("table", "row", "column", "group", "measure", "value", "status")
_DANISH_COLUMNS = ("tabel", "række", "kolonne", "gruppe", "mål", "værdi", "status")
_DANISH_STATUS = {SHOWN: "", HIDDEN: "skjult", LEFT_OUT: "udeladt", NOT_COMPUTABLE: "ikke beregnelig"}
# What the Danish file calls totals and measures; labels of answers stay as they are.
_DANISH_LABELS = {TOTAL: "I alt", TOTAL_VALID: "Besvaret i alt", MISSING: "Ubesvaret"}
_DANISH_MEASURES = {
    "count": "antal",
    "answers": "svar",
    "percent": "procent",
    "valid_percent": "procent af besvarede",
    "cumulative_percent": "kumuleret procent",
    "case_percent": "procent af skemaerne",
    "row_percent": "procent af rækken",
    "column_percent": "procent af kolonnen",
    "total_percent": "procent af alle",
    "mean": "gennemsnit",
    "sd": "standardafvigelse",
    "min": "mindste",
    "q1": "1. kvartil",
    "q3": "3. kvartil",
    "max": "største",
    "partial_gamma": "partiel gamma",
}
_COUNTS = ("count", "n")
# Why a table isn't released, as everybody may read it. The actual reason would reveal something about its numbers, or about
# the forms that came or went; only what the policy itself excludes is published with its reason.
UNSAID = "not released, so that nothing is told of few forms"


class Record(NamedTuple):
    """One number of a release. `value` has a decimal point and is empty unless the status is `shown`."""

    table: int
    row: str
    column: str
    group: str
    measure: str
    value: str
    status: str


@dataclass(frozen=True)
class Withheld:
    """A table that isn't released, and why."""

    table: Table
    reason: str


class Precision(NamedTuple):
    """Which statistics of a correlation are released, and with how many decimals."""

    measures: tuple[str, ...]
    decimals: int


# From what the report prints down to nothing: beside a crosstab with hidden counts, the first that reveals none is taken.
PRECISIONS = (
    Precision(("gamma", "ase", "t", "p", "partial_gamma"), 3),
    Precision(("gamma", "p", "partial_gamma"), 2),
    Precision(("gamma",), 1),
    Precision((), 0),
)
# The same of a summary of numbers: each statistic with so many decimals beyond those of the numbers. What still tells too much
# with the last of them isn't released.
_ORDERED = {"min": 0, "q1": 2, "median": 2, "q3": 2, "max": 0}
SUMMARIES: tuple[Mapping[str, int], ...] = (
    STATISTICS,
    {"mean": 1, "sd": 1, **_ORDERED},
    {"mean": 1, **_ORDERED},
    {"mean": 0},
)


def records(
    variant: Variant,
    figures: Sequence[Figure],
    hidden: Collection[Place],
    policy: ReleasePolicy,
    level: int,
    unsaid: Collection[tuple[Place, str]] = (),
) -> list[Record]:
    """Make the figures of one table as they are released: statistics as precise as `level` says, but not those `unsaid`."""
    precision = PRECISIONS[0 if variant.table.kind == "summary" else level]
    counts = {(f.row, f.column, f.group): int(f.value or 0) for f in figures if f.measure in _COUNTS}
    rows = []
    for figure in figures:
        place = (figure.row, figure.column, figure.group)
        if variant.table.kind == "multiple" and figure.measure not in _COUNTS:
            shown = _of_boxes(figure, variant.table, counts, hidden, policy)
        elif figure.measure in _COUNTS:
            shown = ("", HIDDEN) if place in hidden else (str(counts[place]), SHOWN)
        elif variant.table.kind == "summary":
            shown = ("", HIDDEN) if place in hidden else _statistic(variant.table, figure, level)
            if (place, figure.measure) in unsaid and shown[1] == SHOWN:
                shown = ("", HIDDEN)
        elif figure.measure in PRECISIONS[0].measures:
            few = place in hidden and counts[place] < policy.threshold
            shown = (
                ("", LEFT_OUT) if few or figure.measure not in precision.measures else _rounded(figure.value, precision.decimals)
            )
        else:
            shown = _percentage(figure, variant.table, counts, hidden, policy)
        rows.append(Record(figure.table, *place, figure.measure, *shown))
    return rows


def _statistic(table: Table, figure: Figure, level: int) -> tuple[str, str]:
    """Return a statistic of a summary as it is released."""
    more = SUMMARIES[level].get(figure.measure)
    if more is None:
        return "", LEFT_OUT
    assert table.row.numbers is not None
    return _rounded(figure.value, table.row.numbers.decimals + more)


def _percentage(
    figure: Figure, table: Table, counts: Mapping[Place, int], hidden: Collection[Place], policy: ReleasePolicy
) -> tuple[str, str]:
    place, base = (figure.row, figure.column, figure.group), _base(table, figure)
    if _unknown(table, figure, place, base, hidden):
        return "", HIDDEN
    if counts[base] < policy.percent.none_below:
        return "", LEFT_OUT
    whole = counts[base] < policy.percent.whole_below or table.kind == "distribution"
    return _rounded(figure.value, 0 if whole else 1)


def _of_boxes(
    figure: Figure, table: Table, counts: Mapping[Place, int], hidden: Collection[Place], policy: ReleasePolicy
) -> tuple[str, str]:
    """Return the number of all answers to a question with boxes, or a share of them or of the forms, as it is released.

    It says nothing beyond the counts beside it: where one of those that it is made of is hidden, it is, too.
    """
    base = (TOTAL_VALID, NO_LABEL, figure.group)
    ticks = [(category.label, NO_LABEL, figure.group) for category in table.row.categories]
    made_of = ticks if figure.row == TOTAL or figure.measure == "percent" else [(figure.row, NO_LABEL, figure.group)]
    if hidden and not {base, *made_of}.isdisjoint(hidden):
        return "", HIDDEN
    if figure.measure == "answers":
        return str(sum(counts[place] for place in ticks)), SHOWN
    if counts[base] < policy.percent.none_below:
        return "", LEFT_OUT
    return _rounded(figure.value, 0 if counts[base] < policy.percent.whole_below else 1)


def _rounded(value: float | None, decimals: int) -> tuple[str, str]:
    return ("", NOT_COMPUTABLE) if value is None else (format(round_half_away(value, decimals), "f"), SHOWN)


def _base(table: Table, figure: Figure) -> Place:
    """Return where the count stands that a percentage is a share of."""
    if table.kind == "frequency":
        return (TOTAL if figure.measure == "percent" else TOTAL_VALID, NO_LABEL, NO_LABEL)
    if table.kind == "distribution":
        return (TOTAL, NO_LABEL, NO_LABEL)
    row = figure.row if figure.measure == "row_percent" else TOTAL
    return (row, figure.column if figure.measure == "column_percent" else TOTAL, NO_LABEL)


def _unknown(table: Table, figure: Figure, place: Place, base: Place, hidden: Collection[Place]) -> bool:
    """Return whether a percentage would say something that the counts beside it don't."""
    if base in hidden:
        return True
    if figure.measure != "cumulative_percent":
        return place in hidden
    labels = [category.label for category in table.row.categories]
    so_far = labels[: labels.index(figure.row) + 1]
    # Before the first hidden answer and after the last it says nothing new; in between it would reveal single ones.
    within = {(label, NO_LABEL, NO_LABEL) in hidden for label in so_far}
    after = {(label, NO_LABEL, NO_LABEL) in hidden for label in labels[len(so_far) :]}
    return True in within and True in after


def as_csv(numbers: Iterable[Record]) -> bytes:
    """Write the numbers as CSV for programs: UTF-8, commas, decimal points."""
    return _csv(COLUMNS, numbers, ",").encode()


def as_danish_csv(numbers: Iterable[Record]) -> bytes:
    """Write the numbers as CSV for Danish spreadsheets: UTF-8 with a byte order mark, semicolons, commas, Danish words."""
    rows = [
        (
            r.table,
            *(_DANISH_LABELS.get(label, label) for label in (r.row, r.column, r.group)),
            _DANISH_MEASURES.get(r.measure, r.measure),
            r.value.replace(".", ","),
            _DANISH_STATUS[r.status],
        )
        for r in numbers
    ]
    return b"\xef\xbb\xbf" + _csv(_DANISH_COLUMNS, rows, ";").encode()


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([header, *rows])
    return text.getvalue()


def description(
    delivery: str, released: Iterable[Variant], withheld: Iterable[Withheld], original: Mapping[int, Table], policy: ReleasePolicy
) -> bytes:
    """Describe, as JSON, what the tables count and how they were made: all that an attack may know beside the figures."""
    tables = [_described(v.table, original[v.table.number], collapsed=v.collapsed) for v in released]
    tables += [
        {**_described(w.table, w.table, collapsed=False), "withheld": policy.never.get(w.table.number, UNSAID)} for w in withheld
    ]
    content = {
        "delivery": delivery,
        "policy": policy.model_dump(mode="json", include={"threshold", "zeros", "missing", "who", "percent", "all_or_nothing"}),
        "tables": sorted(tables, key=lambda table: table["number"]),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _described(table: Table, original: Table, *, collapsed: bool) -> dict[str, Any]:
    return {
        "number": table.number,
        "title": table.title,
        "kind": table.kind,
        "marts": table.marts,
        "occasion": table.occasion,
        "answered": table.answered,
        "where": {name: sorted(codes) for name, codes in table.where},
        "percent": table.percent,
        "collapsed": collapsed,
        "axes": {name: _axis(axis) for name in ("row", "column", "group") if (axis := getattr(table, name))},
        # The answers before any were merged for this release.
        "original": {name: _axis(axis) for name in ("row", "column", "group") if (axis := getattr(original, name))},
        "withheld": None,
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {"question": axis.variable, "categories": [[category.label, list(category.codes)] for category in axis.categories]}
