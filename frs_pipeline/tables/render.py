"""A table as the report prints it: a grid of text that the command line, Dagster and the reports show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from frs_pipeline.language import Language, Text, beside
from frs_pipeline.stats.summary import STATISTICS
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions, quotes, said, written
from frs_pipeline.study.countable import CONFERENCE, noun
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.pairing import NO_CASE, NO_ROLE, NONE_THERE, SEVERAL_HERE, SEVERAL_THERE, UNPAIRED, question_of
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Table, catalogue
from frs_pipeline.tables.bases import BASE, BLANK, NOT_IN_USE, OTHER_OCCASION, OUTSIDE, ROWS, UNANSWERED, counted_codes
from frs_pipeline.tables.figures import NO_LABEL, Figure

_TABLE = Text("Tabel", "Table")
_BLANK, _NOT_CODED = Text("ubesvarede", "left blank"), Text("uden kodet tekst", "without a coded text")
_UNKNOWN = Text("hvor det ikke er kendt", "of which it isn't known")
_SHARES = {
    "row_percent": Text("% af rækken", "% of the row"),
    "column_percent": Text("% af kolonnen", "% of the column"),
    "total_percent": Text("% af alle", "% of all"),
}
_OF_BOXES = (
    ("count", Text("Count", "Count")),
    ("percent", Text("% af svarene", "% of the answers")),
    ("case_percent", Text("% af skemaerne", "% of the forms")),
)
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
    """Lay out the figures of one table as the report does, in the first language of the study."""
    printed = {(f.row, f.column, f.group, f.measure): written(study, f.printed) for f in figures}
    if table.kind == "frequency":
        header, rows = _frequency(table, printed)
    elif table.kind == "distribution":
        header, rows = _distribution(study, table, printed)
    elif table.kind.startswith("correlation"):
        header, rows = _correlation(table, printed)
    elif table.kind == "change":
        header, rows = _change(study, table, printed)
    elif table.kind == "summary":
        header, rows = _summary(study, table, printed)
    elif table.kind == "multiple":
        header, rows = _multiple(study, table, printed)
    else:
        header, rows = _crosstab(study, table, printed)
    return Grid(caption(study, table), tuple(header), tuple(map(tuple, rows)))


def numbered(study: Study, number: int | str, language: Language | None = None) -> str:
    """Name a table, or several, by number, in the first language of the study unless another is named."""
    return f"{_TABLE.in_language(language or about(study).language)} {number}"


def caption(study: Study, table: Table, language: Language | None = None) -> str:
    """Return what stands above a table: its number and its heading; in the study's first language unless another is named."""
    title = entitled(study, table).in_language(language) if language else heading(study, table)
    return f"{numbered(study, table.number, language)}. {title}"


def heading(study: Study, table: Table) -> str:
    """Return the printed title, or the texts of the questions where the report prints none."""
    if table.title:
        return table.title
    texts = [question.text for name in table.variables if (question := question_of(study, table.marts[0], name))]
    return " * ".join(texts)


def entitled(study: Study, table: Table) -> Text:
    """Return the title in the languages of the pages: as printed, and in English from the questions, unless the study says it.

    Where a question has no English, neither has the title.
    """
    asked = [question_of(study, table.marts[0], axis.variable) for axis in (table.row, table.column, table.group) if axis]
    told = all(question.text_english for question in asked if question)
    english = f"{_whose(study, table)}: {' × '.join(question.asks.english for question in asked if question)}" if told else None
    return beside(heading(study, table), table.title_english or english)


def _whose(study: Study, table: Table) -> str:
    """Say in English whose answers a table counts."""
    if CONFERENCE in table.marts:
        return about(study).conference.many.capitalised().english
    listed = [questionnaires(study)[mart] for mart in table.marts]
    limited = table.occasion != BOTH and any(questionnaire.occasion == BOTH for questionnaire in listed)
    when = f", {occasions(study)[table.occasion].many.english}" if limited else ""
    return f"{' and '.join(questionnaire.called.english for questionnaire in listed)}{when}"


def base_line(study: Study, table: Table, rows: Iterable[Mapping[str, Any]], language: Language | None = None) -> str:
    """Write the base of one table in a line: all of its forms, those left out by reason, those counted. `rows` as in `BASES`.

    In the first language of the study unless another is named.
    """
    told = partial(Text.in_language, language=language or about(study).language)
    forms: Counter[tuple[str, str | None]] = Counter()
    for row in rows:
        forms[row["reason"], row["question"]] += row["forms"]
    whole, counted = forms.pop((ROWS, None), 0), forms.pop((BASE, None), 0)
    less = "".join(f" − {n} {told(_left_out(study, table, *reason))}" for reason, n in forms.items() if n)
    base = told(Text("Grundlag", "Base"))
    rows_of = noun(study, table.marts[0])
    return f"{base}: {whole} {told(rows_of.one if whole == 1 else rows_of.many)}{less} = {counted}"


def base_lines(study: Study, bases: pa.Table) -> Grid:
    """Lay out the base of every table (`BASES`), one line each."""
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in bases.to_pylist():
        rows.setdefault(row["table"], []).append(row)
    return Grid(
        "", (said(study, _TABLE), ""), tuple((str(n), base_line(study, catalogue(study)[n], own)) for n, own in rows.items())
    )


def _left_out(study: Study, table: Table, reason: str, question: str | None) -> Text:
    """Describe the forms left out for a reason."""
    asked = question_of(study, table.marts[0], question or "")
    name = f" ({asked.name})" if asked and len(table.variables) > 1 else ""
    of_conferences = CONFERENCE in table.marts
    if reason == OTHER_OCCASION:
        others = [one.many if of_conferences else one.the for key, one in occasions(study).items() if key != table.occasion]
        danish, english = " eller ".join(one.danish for one in others), " or ".join(one.english for one in others)
        return Text(danish, english) if of_conferences else Text(f"fra {danish}", f"from {english}")
    if reason == UNANSWERED:
        if of_conferences:
            return Text(f"hvor {question} ikke er kendt", f"whose {question} isn't known")
        return Text(f"uden svar på {question}", f"without an answer to {question}")
    if reason == NOT_IN_USE:
        return _with(Text("hvor spørgsmålet ikke står på skemaet", "without the question on the form"), name)
    if reason == BLANK:
        if of_conferences:
            return _with(_UNKNOWN, name)
        return _with(_NOT_CODED if asked and asked.coded else _BLANK, name)
    if reason in UNPAIRED.values():
        return _unpaired(study, table, reason)
    labels = asked.says if asked else {}
    if reason == OUTSIDE:
        limits = _either(study, [labels[code] for code in labels if code in dict(table.where)[question or ""]])
        if of_conferences:
            return Text(f"uden {limits.danish} ({question})", f"without {limits.english} ({question})")
        return Text(f"uden svaret {limits.danish} ({question})", f"without the answer {limits.english} ({question})")
    named = [says for code, says in labels.items() if code not in counted_codes(table)[question or ""]]
    return _with(_either(study, named) if named else Text("andre svar", "other answers"), name)


def _with(text: Text, name: str) -> Text:
    return Text(f"{text.danish}{name}", f"{text.english}{name}")


def _either(study: Study, answers: Iterable[Text]) -> Text:
    """Quote several answers as one."""
    listed = [quotes(study, says) for says in answers]
    return Text("/".join(one.danish for one in listed), "/".join(one.english for one in listed))


def _unpaired(study: Study, table: Table, reason: str) -> Text:
    assert table.pairing is not None
    start, end = (occasions(study)[name].the for name in (table.pairing.start, table.pairing.end))
    of = Text("af samme rolle ", "of the same role ") if table.pairing.role else Text("", "")
    words = {
        NO_CASE: Text("uden barnets pseudonym", "without the child's pseudonym"),
        NO_ROLE: Text("uden rolle", "without a role"),
        SEVERAL_HERE: Text(f"med flere {of.danish}fra {start.danish}", f"with several {of.english}from {start.english}"),
        NONE_THERE: Text(f"uden et {of.danish}fra {end.danish}", f"without one {of.english}from {end.english}"),
        SEVERAL_THERE: Text(f"med flere {of.danish}fra {end.danish}", f"with several {of.english}from {end.english}"),
    }
    return words[reason]


_Printed = dict[tuple[str, str, str, str], str]
_Cells = tuple[list[str], list[list[str]]]


def _frequency(table: Table, printed: _Printed) -> _Cells:
    measures = ("count", "percent", "valid_percent", "cumulative_percent")
    labels = [*(c.label for c in table.row.categories), TOTAL_VALID, MISSING, TOTAL]
    rows = [[label, *(printed.get((label, "", "", m), "") for m in measures)] for label in labels]
    return ["", "Frequency", "Percent", "Valid Percent", "Cumulative Percent"], rows


def _distribution(study: Study, table: Table, printed: _Printed) -> _Cells:
    labels = [*(c.label for c in table.row.categories), TOTAL]
    named = ((Text("Antal", "Count"), "count"), (Text("Procent", "Percent"), "percent"))
    return ["", *labels], [[said(study, name), *(printed[label, "", "", m] for label in labels)] for name, m in named]


def _crosstab(study: Study, table: Table, printed: _Printed) -> _Cells:
    assert table.column is not None
    measure = f"{table.percent or 'total'}_percent"
    columns = [*(c.label for c in table.column.categories), TOTAL]
    rows = []
    for label in [*(c.label for c in table.row.categories), TOTAL]:
        rows.append([label, "Count", *(printed[label, column, "", "count"] for column in columns)])
        rows.append(["", said(study, _SHARES[measure]), *(printed[label, column, "", measure] for column in columns)])
    return ["", "", *columns], rows


def _change(study: Study, table: Table, printed: _Printed) -> _Cells:
    assert table.column is not None
    assert table.pairing is not None
    start, end = (said(study, occasions(study)[name].one) for name in (table.pairing.start, table.pairing.end))
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


def _summary(study: Study, table: Table, printed: _Printed) -> _Cells:
    groups = [""] if table.group is None else [*(c.label for c in table.group.categories), TOTAL]
    rows = [[group or TOTAL, *(printed["", "", group, m] for m in ("n", *STATISTICS))] for group in groups]
    return [f"{said(study, Text('Kvartiler ved', 'Quartiles at'))} {QUARTILES}", *_STATISTICS], rows


def _multiple(study: Study, table: Table, printed: _Printed) -> _Cells:
    names = {measure: said(study, name) for measure, name in _OF_BOXES}
    labels = [*(c.label for c in table.row.categories), TOTAL, TOTAL_VALID, MISSING]
    groups = [*(c.label for c in table.group.categories), TOTAL] if table.group else [NO_LABEL]

    def cell(label: str, group: str, measure: str) -> str:
        counted = "answers" if (label, measure) == (TOTAL, "count") else measure
        return printed.get((label, "", group, counted), "")

    if table.group is None:
        return ["", *names.values()], [[label, *(cell(label, "", measure) for measure in names)] for label in labels]
    rows = []
    for label in labels:
        for measure in names if label not in (TOTAL_VALID, MISSING) else ("count",):
            rows.append([label if measure == "count" else "", names[measure], *(cell(label, group, measure) for group in groups)])
    return ["", "", *groups], rows
