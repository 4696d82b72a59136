"""Which figure a table is: its numbers, its polarity and its intervals put into the form that drawings take.

Nothing is computed here but sums and shares of counts that the table has. Every number that stands in the table leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Answers, Side
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.bars import SIDES, ByGroup, Row
from frs_pipeline.report.drawing.change import Change, Difference, Moved, Pair
from frs_pipeline.report.drawing.distribution import Answered, Distribution, coloured, several_answers
from frs_pipeline.report.drawing.figures import Figure as Drawable
from frs_pipeline.report.drawing.forest import Forest, Gamma, by_group, by_size
from frs_pipeline.report.drawing.histogram import NAMES, Numbers, Six, binned
from frs_pipeline.report.drawing.numbers import joined
from frs_pipeline.report.drawing.scene import Link
from frs_pipeline.report.drawing.squares import Cell, Crosstab
from frs_pipeline.report.intervals import Ends, Intervals, Limits
from frs_pipeline.report.layout import named
from frs_pipeline.report.scales import answers_of, in_order, on_scale
from frs_pipeline.report.typography import anchor
from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.strength import significant
from frs_pipeline.study import Study
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Table
from frs_pipeline.tables.figures import Figure

_ALL = Text("Alle", "All")
_PARTIAL = Text("Partiel (gruppe holdt fast)", "Partial (group held constant)")
# What two rounds are compared by.
ENDS: tuple[Side, Side] = ("best", "worst")
# Measures of a number in the order of a figure.
_SIX = ("min", "q1", "median", "mean", "q3", "max")
_BLANK_OF_ALL = Text("ikke besvaret (af alle)", "blank (of all)")
_BLANK_OF_ASKED = Text("ikke besvaret (af adspurgte)", "blank (of those asked)")


@dataclass(frozen=True)
class Known:
    """What figures are made from: those of tables by address, intervals of figures, and of both ends of rows by table and label.

    `blanks` are forms of each row that left the question of the columns blank, by table and label; `asked` are forms that were
    asked and those of them that left it blank, where a table of one question has forms that weren't; `numbers` are forms by
    what they answered, of tables of a number. `pages` are those of tables that stand on another one.
    """

    study: Study
    figures: Mapping[Address, Figure]
    intervals: Intervals | None = None
    ends: Mapping[int, Mapping[str, Ends]] = field(default_factory=dict)
    blanks: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    asked: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    numbers: Mapping[int, Mapping[float, int]] = field(default_factory=dict)
    pages: Mapping[int, str] = field(default_factory=dict)

    def number(self, address: Address) -> int | None:
        """Return a count; None where the table has none."""
        value = self.value(address)
        return None if value is None else int(value)

    def value(self, address: Address) -> float | None:
        """Return a figure's value; None where there is none."""
        figure = self.figures.get(address)
        return None if figure is None else figure.value

    def limits(self, address: Address) -> Limits | None:
        """Return the interval of a figure; None where there is none."""
        return None if self.intervals is None else self.intervals.get(address)

    def link(self, address: Address, *spoken: Text) -> Link | None:
        """Lead to a figure, with the name of what it is aloud; None where the table doesn't have it."""
        return self.sum((address,), *spoken)

    def sum(self, addresses: Sequence[Address], *spoken: Text) -> Link | None:
        """Lead to the figures that a number is the sum of, with its name aloud; None where the table lacks one of them."""
        if not addresses or any(address not in self.figures for address in addresses):
            return None
        danish, english = (", ".join(getattr(text, name) for text in spoken) for name in ("danish", "english"))
        names = tuple(anchor(address) for address in addresses)
        return Link(f"{self.pages.get(addresses[0].table, '')}#{names[0]}", Text(danish, english), names)


def figure_of(table: Table, title: Text, known: Known) -> Drawable | None:
    """Return the figure that a table is; None where no kind of drawing shows it."""
    if table.kind in ("frequency", "distribution"):
        return _distribution(table, title, known)
    if table.kind == "multiple" and table.group is None:
        return _several(table, title, known)
    if table.kind == "summary" and table.group is None:
        return _numbers(table, title, known)
    if table.kind == "correlation_by_group":
        return _gammas(table, title, known)
    if table.kind == "correlation":
        return Forest(title, (_gamma(table, "", _ALL, known),))
    if table.kind == "crosstab" and by_answers(known.study, table):
        return rows_of(table, title, known)
    return _squares(table, title, known) if table.kind in ("crosstab", "collapsed_crosstab") else None


def by_answers(study: Study, table: Table) -> bool:
    """Return whether bars can show the rows of a crosstab: its columns are the answers on a scale, and not too many."""
    if table.column is None:
        return False
    answers = answers_of(study, table, table.column)
    return answers.drawable and len(answers.labels) == len(table.column.categories)


def forest_of(tables: Mapping[int, Text], catalogue: Mapping[int, Table], title: Text, known: Known) -> Forest:
    """Return the gammas of several tables of two questions as one figure, by size; `tables` say what each is called."""
    rows = (_gamma(catalogue[number], "", name, known) for number, name in tables.items())
    return by_size(title, tuple(rows))


def change_of(
    tables: tuple[Table, Table], rounds: tuple[Text, Text], moves: Mapping[str, Difference], title: Text, known: Known
) -> Change:
    """Return two crosstabs of the same rows as a change from one to the other; `moves` are differences by label of the row."""
    each = [rows_of(table, title, known) for table in tables]
    rows = []
    for label, before, after in zip(_labels(tables[0]), each[0].rows, each[1].rows, strict=True):
        links = before.links[0], after.links[0]
        good, bad = (_pair(each, (before, after), side) for side in ENDS)
        rows.append(Moved(after.label, good, bad, moves.get(label), after.total, links))
    answers = each[1].answers
    best, worst = (joined([answers.labels[place] for place in answers.places(side)], " + ") for side in ENDS)
    return Change(title, best, worst, *rounds, tuple(rows))


def _pair(figures: Sequence[ByGroup], rows: tuple[Row, Row], side: Side) -> Pair:
    """Add up the answers of one side of a row in both rounds; None where nobody answered."""
    return Pair(*(one.answers.sum(row.shares, side) if row.forms else None for one, row in zip(figures, rows, strict=True)))


def _labels(table: Table) -> list[str]:
    return [*(one.label for one in table.row.categories), TOTAL]


def _span(limits: Limits | None) -> Span | None:
    if limits is None or limits.low is None or limits.high is None:
        return None
    return Span(limits.low, limits.high, limits.marked)


def rows_of(table: Table, title: Text, known: Known) -> ByGroup:
    """Make one bar of each row of a crosstab, and one of all."""
    assert table.column is not None
    answers = answers_of(known.study, table, table.column)
    columns = on_scale(table.column, answers)
    rows = []
    for label in _labels(table):
        numbers = [known.number(Address(table.number, label, column, "", "count")) or 0 for column in columns]
        whole = sum(numbers)
        ends = known.ends.get(table.number, {}).get(label)
        name = _ALL if label == TOTAL else named(label, table.row)
        best, middle, worst = (side_of(table, label, answers, one, name, known) for one in SIDES)
        shares = tuple(percent(number, whole) or 0.0 for number in numbers)
        blank = known.blanks.get(table.number, {}).get(label)
        span = None if ends is None else _span(ends.best)
        rows.append(Row(name, shares, whole, blank, span, label == TOTAL, (best, middle, worst)))
    return ByGroup(title, answers, tuple(rows))


def side_of(table: Table, label: str, answers: Answers, side: Side, name: Text, known: Known) -> Link | None:
    """Lead to the shares of a row whose sum is one side, or to the counts of a table that has no such shares."""
    assert table.column is not None
    labels = on_scale(table.column, answers)
    columns = [labels[place] for place in answers.places(side)]
    said = joined([answers.labels[place] for place in answers.places(side)], " + ")
    measure = "row_percent" if table.percent == "row" else "count"
    addresses = [Address(table.number, label, column, "", measure) for column in columns]
    return known.sum(addresses, name, said)


def _distribution(table: Table, title: Text, known: Known) -> Distribution:
    """Make one bar an answer: shares of those who answered, blanks of all."""
    measure = "valid_percent" if table.kind == "frequency" else "percent"
    rows = tuple(_answered(table, one.label, measure, known) for one in table.row.categories)
    below = _blank(table, known)
    answers = answers_of(known.study, table, table.row)
    scale = [at for at, row in enumerate(rows) if row.label in answers.labels]
    ordered = (*(rows[at] for at in scale), *(row for at, row in enumerate(rows) if at not in scale))
    return Distribution(title, (*coloured(answers, ordered), *below))


def _blank(table: Table, known: Known) -> tuple[Answered, ...]:
    """Return the blanks, as a share of all forms, or of those that were asked where some weren't."""
    if table.number in known.asked:
        asked, number = known.asked[table.number]
        return (Answered(_BLANK_OF_ASKED, number, percent(number, asked), "unsure", below=True),)
    blank = _answered(table, MISSING, "percent", known)
    if blank.number is None:
        return ()
    return (Answered(_BLANK_OF_ALL, blank.number, blank.share, "unsure", below=True, links=blank.links),)


def _several(table: Table, title: Text, known: Known) -> Distribution:
    """Make one bar a box, of the persons who ticked any."""
    rows = [_answered(table, one.label, "case_percent", known) for one in table.row.categories]
    blank = Address(table.number, MISSING, "", "", "count")
    missing, ticked = known.number(blank), known.number(blank._replace(row=TOTAL_VALID))
    if missing is not None and ticked is not None:
        links = known.link(blank, _BLANK_OF_ALL), None
        rows.append(Answered(_BLANK_OF_ALL, missing, percent(missing, missing + ticked), "unsure", below=True, links=links))
    return several_answers(title, tuple(rows))


def _numbers(table: Table, title: Text, known: Known) -> Numbers | None:
    """Make bars of the answers, and the six numbers; None where nobody answered, or with a number below 0."""
    question = question_of(known.study, table.marts[0], table.row.variable)
    addresses = [Address(table.number, "", "", "", measure) for measure in _SIX]
    values = [value for address in addresses if (value := known.value(address)) is not None]
    counts = known.numbers.get(table.number, {})
    if question is None or question.measured is None or len(values) < len(_SIX) or min(values) < 0 or not counts:
        return None
    unit = question.unit_name or question.asks
    forms = known.number(addresses[0]._replace(measure="n")) or 0
    links = tuple(known.link(address, name) for address, name in zip(addresses, NAMES, strict=True))
    decimals = question.measured.decimals + 1
    return Numbers(title, unit, binned(counts, float(question.measured.unit)), Six(*values), forms, decimals, links)


def _answered(table: Table, label: str, measure: str, known: Known) -> Answered:
    count, part = (Address(table.number, label, "", "", one) for one in ("count", measure))
    name = named(label, table.row)
    links = known.link(count, Text("antal", "count"), name), known.link(part, Text("andel", "share"), name)
    return Answered(name, known.number(count), known.value(part), span=_span(known.limits(part)), links=links)


def _gamma(table: Table, group: str, name: Text, known: Known) -> Gamma:
    """Return the gamma of one group, or of all."""
    address = Address(table.number, "", "", group, "gamma")
    limits = known.limits(address)
    p = known.value(address._replace(measure="p")) if limits is None else limits.p
    forms = known.number(address._replace(measure="n"))
    sure = p is not None and significant(p)
    link = known.link(address, Text("gamma", "gamma"), name)
    return Gamma(name, known.value(address), _span(limits), p, forms, sure, link=link)


def _gammas(table: Table, title: Text, known: Known) -> Forest:
    """Make the gammas of each group, of all together, and with the group held constant."""
    assert table.group is not None
    groups = tuple(_gamma(table, one.label, one.says, known) for one in table.group.categories)
    partial = Address(table.number, "", "", TOTAL, "partial_gamma")
    held = Gamma(_PARTIAL, known.value(partial), link=known.link(partial, _PARTIAL)) if partial in known.figures else None
    return by_group(title, groups, _gamma(table, TOTAL, _ALL, known), held)


def _squares(table: Table, title: Text, known: Known) -> Crosstab | None:
    """Make squares of a crosstab, favourable answers first on either axis; None where so many columns have no room."""
    assert table.column is not None
    down, across = (answers_of(known.study, table, axis) for axis in (table.row, table.column))
    rows, columns = in_order(table.row, down), in_order(table.column, across)
    if len(columns) > 5:
        return None
    whole = known.number(Address(table.number, TOTAL, TOTAL, "", "count")) or 0

    def cell(row: str, column: str) -> Cell:
        number = known.number(Address(table.number, row, column, "", "count"))
        link = known.link(
            Address(table.number, row, column, "", "total_percent"), named(row, table.row), named(column, table.column)
        )
        return Cell(number, None if number is None else percent(number, whole), link=link)

    return Crosstab(
        title,
        tuple(named(row, table.row) for row in rows),
        tuple(named(column, table.column) for column in columns),
        tuple(tuple(cell(row, column) for column in columns) for row in rows),
        tuple(cell(row, TOTAL) for row in rows),
        tuple(cell(TOTAL, column) for column in columns),
        whole,
    )
