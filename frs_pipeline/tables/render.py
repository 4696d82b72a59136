"""A table as the report prints it: a grid of text that the command line, Dagster and the reports show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from frs_pipeline.stats.summary import STATISTICS
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.pairing import NO_CASE, NO_ROLE, NONE_THERE, SEVERAL_HERE, SEVERAL_THERE, UNPAIRED, question_of
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Table, catalogue
from frs_pipeline.tables.bases import BASE, BLANK, NOT_IN_USE, OTHER_OCCASION, OUTSIDE, ROWS, UNANSWERED, counted_codes
from frs_pipeline.tables.figures import Figure

_OF_BOXES = (("count", "Count"), ("percent", "% af svarene"), ("case_percent", "% af skemaerne"))
_SHARES = {"row_percent": "% af rækken", "column_percent": "% af kolonnen", "total_percent": "% af alle"}
# The statistics of a summary as SPSS calls them, and which of the definitions of quartiles are meant.
_STATISTICS = ("N", "Mean", "Std. Deviation", "Minimum", "25 %", "Median", "75 %", "Maximum")
QUARTILES = "(n + 1) p"


@dataclass(frozen=True)
class Grid:
    """A table to look at: caption, column headings, and rows of cells (first cell: the row's label)."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Write the grid as a Markdown table."""
        lines = [self.header, tuple("---" for _ in self.header), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def render(study: Study, table: Table, figures: Sequence[Figure]) -> Grid:
    """Lay out the figures of one table as the report does."""
    printed = {(f.row, f.column, f.group, f.measure): f.printed for f in figures}
    if table.kind == "frequency":
        header, rows = _frequency(table, printed)
    elif table.kind == "distribution":
        header, rows = _distribution(table, printed)
    elif table.kind.startswith("correlation"):
        header, rows = _correlation(table, printed)
    elif table.kind == "change":
        header, rows = _change(study, table, printed)
    elif table.kind == "summary":
        header, rows = _summary(table, printed)
    elif table.kind == "multiple":
        header, rows = _multiple(table, printed)
    else:
        header, rows = _crosstab(table, printed)
    return Grid(f"Tabel {table.number}. {heading(study, table)}", tuple(header), tuple(map(tuple, rows)))


def heading(study: Study, table: Table) -> str:
    """Return the printed title, or the texts of the questions where the report prints none."""
    if table.title:
        return table.title
    texts = [question.text for name in table.variables if (question := question_of(study, table.marts[0], name))]
    return " * ".join(texts)


def base_line(study: Study, table: Table, rows: Iterable[Mapping[str, Any]]) -> str:
    """Write the base of one table in a line: its forms, those left out by reason, those counted. `rows` as in `BASES`."""
    forms: Counter[tuple[str, str | None]] = Counter()
    for row in rows:
        forms[row["reason"], row["question"]] += row["forms"]
    whole, counted = forms.pop((ROWS, None), 0), forms.pop((BASE, None), 0)
    less = "".join(f" − {n} {_left_out(study, table, *reason)}" for reason, n in forms.items() if n)
    return f"Grundlag: {whole} {'skema' if whole == 1 else 'skemaer'}{less} = {counted}"


def base_lines(study: Study, bases: pa.Table) -> Grid:
    """Lay out the base of every table (`BASES`), one line each."""
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in bases.to_pylist():
        rows.setdefault(row["table"], []).append(row)
    return Grid("", ("Tabel", ""), tuple((str(n), base_line(study, catalogue(study)[n], own)) for n, own in rows.items()))


def _left_out(study: Study, table: Table, reason: str, question: str | None) -> str:
    """Describe, in Danish, the forms left out for a reason."""
    asked = question_of(study, table.marts[0], question or "")
    of_question = f" ({asked.name})" if asked and len(table.variables) > 1 else ""
    if reason == OTHER_OCCASION:
        others = [occasion.the.danish for name, occasion in occasions(study).items() if name != table.occasion]
        return f"fra {' eller '.join(others)}"
    if reason == UNANSWERED:
        return f"uden svar på {question}"
    if reason == NOT_IN_USE:
        return f"hvor spørgsmålet ikke står på skemaet{of_question}"
    if reason in UNPAIRED.values():
        return _unpaired(study, table, reason)
    if reason == BLANK:
        return f"{'uden kodet tekst' if asked and asked.coded else 'ubesvarede'}{of_question}"
    labels = asked.labels if asked else {}
    if reason == OUTSIDE:
        limits = "/".join(f'"{labels[code]}"' for code in labels if code in dict(table.where)[question or ""])
        return f"uden svaret {limits} ({question})"
    named = "/".join(f'"{label}"' for code, label in labels.items() if code not in counted_codes(table)[question or ""])
    return f"{named or 'andre svar'}{of_question}"


def _unpaired(study: Study, table: Table, reason: str) -> str:
    assert table.pairing is not None
    start, end = (occasions(study)[name].the.danish for name in (table.pairing.start, table.pairing.end))
    of = "af samme rolle " if table.pairing.role else ""
    return {
        NO_CASE: "uden barnets pseudonym",
        NO_ROLE: "uden rolle",
        SEVERAL_HERE: f"med flere {of}fra {start}",
        NONE_THERE: f"uden et {of}fra {end}",
        SEVERAL_THERE: f"med flere {of}fra {end}",
    }[reason]


_Printed = dict[tuple[str, str, str, str], str]
_Cells = tuple[list[str], list[list[str]]]


def _frequency(table: Table, printed: _Printed) -> _Cells:
    measures = ("count", "percent", "valid_percent", "cumulative_percent")
    labels = [*(c.label for c in table.row.categories), TOTAL_VALID, MISSING, TOTAL]
    rows = [[label, *(printed.get((label, "", "", m), "") for m in measures)] for label in labels]
    return ["", "Frequency", "Percent", "Valid Percent", "Cumulative Percent"], rows


def _distribution(table: Table, printed: _Printed) -> _Cells:
    labels = [*(c.label for c in table.row.categories), TOTAL]
    rows = [[name, *(printed[label, "", "", m] for label in labels)] for name, m in (("Antal", "count"), ("Procent", "percent"))]
    return ["", *labels], rows


def _crosstab(table: Table, printed: _Printed) -> _Cells:
    assert table.column is not None
    measure = f"{table.percent or 'total'}_percent"
    columns = [*(c.label for c in table.column.categories), TOTAL]
    rows = []
    for label in [*(c.label for c in table.row.categories), TOTAL]:
        rows.append([label, "Count", *(printed[label, column, "", "count"] for column in columns)])
        rows.append(["", _SHARES[measure], *(printed[label, column, "", measure] for column in columns)])
    return ["", "", *columns], rows


def _change(study: Study, table: Table, printed: _Printed) -> _Cells:
    assert table.column is not None
    assert table.pairing is not None
    start, end = (occasions(study)[name].one.danish for name in (table.pairing.start, table.pairing.end))
    columns = [*(c.label for c in table.column.categories), TOTAL]
    rows = []
    for group in table.groups:
        for place, label in enumerate([*(c.label for c in table.row.categories), TOTAL]):
            cells = (printed[label, column, group, "count"] for column in columns)
            rows.append([group if not place else "", label, *cells, ""])
        for way in table.change.categories if table.change else ():
            numbers = (printed[way.label, "", group, measure] for measure in ("count", "percent"))
            rows.append(["", way.label, *[""] * len(table.column.categories), *numbers])
    return ["", f"{start} → {end}", *columns, "%"], rows


def _correlation(table: Table, printed: _Printed) -> _Cells:
    measures = ("gamma", "ase", "t", "p", "n")
    groups = [""] if table.group is None else [*(c.label for c in table.group.categories), TOTAL]
    rows = [[group or "Gamma", *(printed["", "", group, m] for m in measures)] for group in groups]
    if table.group is not None:
        rows.append(["First-Order Partial", printed["", "", TOTAL, "partial_gamma"], "", "", "", ""])
    return ["", "Gamma", "Asymptotic Standard Error", "Approximate T", "Approximate Significance", "N of Valid Cases"], rows


def _summary(table: Table, printed: _Printed) -> _Cells:
    groups = [""] if table.group is None else [*(c.label for c in table.group.categories), TOTAL]
    rows = [[group or TOTAL, *(printed["", "", group, m] for m in ("n", *STATISTICS))] for group in groups]
    return [f"Kvartiler ved {QUARTILES}", *_STATISTICS], rows


def _multiple(table: Table, printed: _Printed) -> _Cells:
    labels = [*(c.label for c in table.row.categories), TOTAL, TOTAL_VALID, MISSING]
    if table.group is None:
        return ["", *(name for _, name in _OF_BOXES)], [
            [label, *(printed.get((label, "", "", measure), "") for measure, _ in _OF_BOXES)] for label in labels
        ]
    groups = [*(c.label for c in table.group.categories), TOTAL]
    rows = []
    for label in labels:
        for measure, name in _OF_BOXES if label not in (TOTAL_VALID, MISSING) else _OF_BOXES[:1]:
            first = label if measure == "count" else ""
            rows.append([first, name, *(printed[label, "", group, measure] for group in groups)])
    return ["", "", *groups], rows
