"""A table as a grid of addresses: what a page needs to mark up headings and to open each number.

Headings of our own are in both languages; questions and answers as far as the study says them in both.
"""

from __future__ import annotations

from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.study import Study
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, WAYS, Address, Axis, Table
from frs_pipeline.tables.render import QUARTILES

_FREQUENCY = (
    (Text("Antal", "Count"), "count"),
    (Text("Procent", "Percent"), "percent"),
    (Text("Procent af besvarede", "Percent of answered"), "valid_percent"),
    (Text("Kumuleret procent", "Cumulative percent"), "cumulative_percent"),
)
_CORRELATION = (("Gamma", "gamma"), ("ASE", "ase"), ("T", "t"), ("p", "p"), ("N", "n"))
_SUMMARY = (
    (Text("N", "N"), "n"),
    (Text("Gennemsnit", "Mean"), "mean"),
    (Text("Standardafvigelse", "Standard deviation"), "sd"),
    (Text("Mindste", "Smallest"), "min"),
    (Text("1. kvartil", "1st quartile"), "q1"),
    (Text("Median", "Median"), "median"),
    (Text("3. kvartil", "3rd quartile"), "q3"),
    (Text("Største", "Largest"), "max"),
)
_SHARES = {
    "row": (Text("% af rækken", "% of the row"), "row_percent"),
    "column": (Text("% af kolonnen", "% of the column"), "column_percent"),
    "total": (Text("% af alle", "% of all"), "total_percent"),
}
_OF_BOXES = (
    _FREQUENCY[0],
    (Text("% af svarene", "% of answers"), "percent"),
    (Text("% af skemaerne", "% of forms"), "case_percent"),
)
_TOTALS_OF_BOXES = {
    TOTAL: Text("Svar i alt", "All answers"),
    TOTAL_VALID: Text("Skemaer med svar", "Forms with an answer"),
    MISSING: Text("Skemaer uden svar", "Forms without an answer"),
}
_NAMES = {TOTAL_VALID: Text("Besvaret i alt", "All answered"), MISSING: Text("Ubesvaret", "Blank"), TOTAL: Text("I alt", "Total")}
# Of conferences, which answer nothing.
_KNOWN = {TOTAL_VALID: Text("Kendt i alt", "All known"), MISSING: Text("Ukendt", "Not known")}
_WAYS = {word: way.capitalised() for way in WAYS for word in (way.danish, way.english)}
_ALL_TOGETHER = {True: Text("Alle", "All"), False: Text("Alle under ét", "All together")}


@dataclass(frozen=True)
class Line:
    """One row of figures; an address is None where the table prints nothing. `measure` names what crosstabs count twice."""

    measure: Text | None
    cells: tuple[Address | None, ...]


@dataclass(frozen=True)
class Block:
    """Rows under one label; `total` sets it off from the answers."""

    label: Text
    lines: tuple[Line, ...]
    total: bool


@dataclass(frozen=True)
class Layout:
    """Headings of the columns (`over` names the question that they answer), and blocks of rows."""

    corner: Text | None
    over: Text | None
    header: tuple[Text, ...]
    blocks: tuple[Block, ...]

    @property
    def has_measures(self) -> bool:
        return any(line.measure is not None for block in self.blocks for line in block.lines)


def layout(table: Table, known: set[Address], texts: dict[str, Text]) -> Layout:
    """Lay out the figures of `table`; `known` are the addresses that exist, `texts` the questions by name."""
    if table.kind == "frequency":
        return _frequency(table, known, texts)
    if table.kind == "distribution":
        return _distribution(table, texts)
    if table.kind.startswith("correlation"):
        return _correlation(table, known)
    if table.kind == "summary":
        return _summary(table, texts)
    if table.kind == "change":
        return _change(table, texts)
    if table.kind == "multiple":
        return _multiple(table, texts)
    return _crosstab(table, texts)


def texts_of(study: Study, table: Table) -> dict[str, Text]:
    """Return the text of every question of a table, as its first mart asks it."""
    return {name: question.asks for name in table.variables if (question := question_of(study, table.marts[0], name))}


def labels_of(table: Table) -> tuple[dict[str, Text], ...]:
    """Return what the labels of a table's addresses say: those of its rows, columns and groups."""
    axes = ((table.row, table.change), (table.column,), (table.group,))
    return tuple({c.label: c.says for axis in several if axis for c in axis.categories} for several in axes)


def named(label: str, axis: Axis | None) -> Text:
    """Return a label of an address as pages show it: our own name for a total, else what the answer on `axis` says."""
    answers = {category.label: category.says for category in axis.categories} if axis else {}
    return _NAMES.get(label) or answers.get(label) or Text(label, label)


def _frequency(table: Table, known: set[Address], texts: dict[str, Text]) -> Layout:
    blocks = []
    for label in [*(c.label for c in table.row.categories), TOTAL_VALID, MISSING, TOTAL]:
        cells = [Address(table.number, label, "", "", measure) for _, measure in _FREQUENCY]
        line = Line(None, tuple(address if address in known else None for address in cells))
        own = _KNOWN.get(label) if CONFERENCE in table.marts else None
        blocks.append(Block(own or named(label, table.row), (line,), label in _NAMES))
    return Layout(texts[table.row.variable], None, tuple(name for name, _ in _FREQUENCY), tuple(blocks))


def _distribution(table: Table, texts: dict[str, Text]) -> Layout:
    labels = [*(c.label for c in table.row.categories), TOTAL]
    blocks = [
        Block(name, (Line(None, tuple(Address(table.number, label, "", "", measure) for label in labels)),), False)
        for name, measure in _FREQUENCY[:2]
    ]
    return Layout(None, texts[table.row.variable], tuple(named(label, table.row) for label in labels), tuple(blocks))


def _crosstab(table: Table, texts: dict[str, Text]) -> Layout:
    assert table.column is not None
    share = _SHARES[table.percent or "total"]
    columns = [*(c.label for c in table.column.categories), TOTAL]
    blocks = []
    for label in [*(c.label for c in table.row.categories), TOTAL]:
        lines = tuple(
            Line(name, tuple(Address(table.number, label, column, "", measure) for column in columns))
            for name, measure in (_FREQUENCY[0], share)
        )
        blocks.append(Block(named(label, table.row), lines, label == TOTAL))
    header = tuple(named(column, table.column) for column in columns)
    return Layout(texts[table.row.variable], texts[table.column.variable], header, tuple(blocks))


def _change(table: Table, texts: dict[str, Text]) -> Layout:
    assert table.column is not None
    columns = [*(c.label for c in table.column.categories), TOTAL]
    blocks = []
    for group in table.groups:
        for label in [*(c.label for c in table.row.categories), TOTAL]:
            cells = tuple(Address(table.number, label, column, group, "count") for column in columns)
            blocks.append(Block(_of(table, group, named(label, table.row)), (Line(_FREQUENCY[0][0], cells),), label == TOTAL))
        for way in table.change.categories if table.change else ():
            lines = tuple(
                Line(name, (*[None] * len(table.column.categories), Address(table.number, way.label, "", group, measure)))
                for name, measure in _FREQUENCY[:2]
            )
            blocks.append(Block(_of(table, group, _WAYS.get(way.label) or way.says), lines, total=False))
    header = tuple(named(column, table.column) for column in columns)
    return Layout(texts[table.row.variable], texts[table.column.variable], header, tuple(blocks))


def _of(table: Table, group: str, label: Text) -> Text:
    """Return a label of one group's rows, where the table has groups."""
    if table.group is None:
        return label
    of = named(group, table.group)
    return Text(f"{of.danish}: {label.danish}", f"{of.english}: {label.english}")


def _summary(table: Table, texts: dict[str, Text]) -> Layout:
    groups = [""] if table.group is None else [*(c.label for c in table.group.categories), TOTAL]
    blocks = []
    for group in groups:
        line = Line(None, tuple(Address(table.number, "", "", group, measure) for _, measure in _SUMMARY))
        blocks.append(Block(_ALL_TOGETHER[True] if group in ("", TOTAL) else named(group, table.group), (line,), group == TOTAL))
    asked = texts[table.row.variable]
    over = Text(f"{asked.danish} · 1./3. kvartil: {QUARTILES}", f"{asked.english} · 1st/3rd quartile: {QUARTILES}")
    return Layout(texts[table.group.variable] if table.group else None, over, tuple(name for name, _ in _SUMMARY), tuple(blocks))


def _multiple(table: Table, texts: dict[str, Text]) -> Layout:
    """Lay out boxes as rows: their measures side by side, or below each other with the groups side by side."""
    groups = [*(c.label for c in table.group.categories), TOTAL] if table.group else [""]
    blocks = []
    for label in (*(c.label for c in table.row.categories), *_TOTALS_OF_BOXES):
        measures = _OF_BOXES[:1] if label in (TOTAL_VALID, MISSING) else _OF_BOXES
        shown = ["answers" if (label, measure) == (TOTAL, "count") else measure for _, measure in measures]
        every = [[Address(table.number, label, "", group, measure) for group in groups] for measure in shown]
        if table.group:
            lines = tuple(Line(name, tuple(cells)) for (name, _), cells in zip(measures, every, strict=True))
        else:
            missing = (None,) * (len(_OF_BOXES) - len(measures))
            lines = (Line(None, (*(address for (address,) in every), *missing)),)
        total = _TOTALS_OF_BOXES.get(label)
        blocks.append(Block(total or named(label, table.row), lines, total is not None))
    question = texts[table.row.variable]
    if table.group is None:
        return Layout(question, None, tuple(name for name, _ in _OF_BOXES), tuple(blocks))
    return Layout(question, texts[table.group.variable], tuple(named(group, table.group) for group in groups), tuple(blocks))


def _correlation(table: Table, known: set[Address]) -> Layout:
    groups = [""] if table.group is None else [*(c.label for c in table.group.categories), TOTAL]
    blocks = []
    for group in groups:
        cells = tuple(Address(table.number, "", "", group, measure) for _, measure in _CORRELATION)
        label = _ALL_TOGETHER[table.group is None] if group in ("", TOTAL) else named(group, table.group)
        blocks.append(Block(label, (Line(None, cells),), group == TOTAL))
    partial = Address(table.number, "", "", TOTAL, "partial_gamma")
    if partial in known:
        line = Line(None, (partial, None, None, None, None))
        blocks.append(Block(Text("Partiel gamma", "Partial gamma"), (line,), True))
    return Layout(None, None, tuple(Text(name, name) for name, _ in _CORRELATION), tuple(blocks))
