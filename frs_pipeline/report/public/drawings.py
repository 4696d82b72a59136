"""From tables of a release to the figures that drawings take: what isn't shown stays open, and has no length of its own.

Shares are computed from the counts that are shown, so that a figure says nothing that its table doesn't; of few forms they are
whole, or none at all, as the policy has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from frs_pipeline.language import Text
from frs_pipeline.release.files import LEFT_OUT
from frs_pipeline.report.drawing.answers import Answers, Side
from frs_pipeline.report.drawing.bars import ByGroup, Row
from frs_pipeline.report.drawing.distribution import Answered, Distribution, coloured, several_answers
from frs_pipeline.report.drawing.figures import Figure
from frs_pipeline.report.drawing.forest import Forest, Gamma, by_group
from frs_pipeline.report.drawing.squares import Cell, Crosstab
from frs_pipeline.report.layout import named
from frs_pipeline.report.public.released import Number, Released
from frs_pipeline.report.scales import answers_of, in_order, on_scale
from frs_pipeline.stats.counts import percent
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Table

MERGED = Text("slået sammen", "merged")
_ALL = Text("Alle", "All")
_PARTIAL = Text("Partiel (gruppe holdt fast)", "Partial (group held constant)")
_BLANK = Text("ikke besvaret (af alle)", "blank (of all)")
# More columns than that have no room as squares.
_MOST_COLUMNS = 5
_SURE = 0.05
_ENDS: tuple[Side, ...] = ("best", "worst")


@dataclass(frozen=True)
class Drawings:
    """Makes the figures of a release."""

    released: Released

    def figure(self, table: Table) -> Figure | None:
        """Return the figure that a table is; None where no kind of drawing shows it."""
        title = self.released.titles[table.number]
        if table.kind in ("frequency", "distribution"):
            return self._distribution(table, title)
        if table.kind == "multiple" and table.group is None:
            return self._several(table, title)
        if table.kind == "correlation_by_group":
            return self._gammas(table, title)
        if table.kind == "correlation":
            return Forest(title, (self._gamma(table, "", _ALL),))
        if table.kind == "crosstab" and answers_of(self.released.study, table, table.column).drawable:
            return self._bars(table, title)
        return self._squares(table, title) if table.kind in ("crosstab", "collapsed_crosstab") else None

    def _number(self, address: Address) -> Number | None:
        return self.released.numbers.get(address)

    def _named(self, table: Table, name: str, label: str) -> Text:
        """Return what an answer is called in a figure: one that was merged says so."""
        axis: Axis | None = getattr(table, name)
        text = named(label, axis)
        if label not in [one.label for one in self.released.merged(table.number, name)]:
            return text
        return Text(f"{text.danish} ({MERGED.danish})", f"{text.english} ({MERGED.english})")

    def _share(self, part: int | None, of: int | None) -> float | None:
        """Return a share of counts that are shown; None where one isn't, or of so few that none is given."""
        if part is None or of is None or of < self.released.policy.none_below:
            return None
        return percent(part, of)

    def _decimals(self, of: int | None) -> int:
        return 0 if of is None or of < self.released.policy.whole_below else 1

    def _bars(self, table: Table, title: Text) -> ByGroup:
        """Make one bar a row, and one of all."""
        assert table.column is not None
        given = answers_of(self.released.study, table, table.column)
        columns = on_scale(table.column, given)
        answers = self._answers(table, given, columns)
        rows = []
        for label in [*(one.label for one in table.row.categories), TOTAL]:
            counts = [self.released.count(Address(table.number, label, column, "", "count")) for column in columns]
            forms = self._forms_on_scale(table, label, columns, counts)
            name = _ALL if label == TOTAL else self._named(table, "row", label)
            told = forms is None or not forms or forms >= self.released.policy.none_below
            shares = tuple(self._share(count, forms) for count in counts)
            rows.append(Row(name, shares, forms, total=label == TOTAL, told=told, decimals=self._decimals(forms)))
        return ByGroup(title, answers, tuple(rows))

    def _answers(self, table: Table, given: Answers, columns: list[str]) -> Answers:
        """Return answers of which the legend says which were merged; heads of columns, which have less room, don't."""
        labels = tuple(self._named(table, "column", column) for column in columns)
        plain = {side: named(columns[places[0]], table.column) for side in _ENDS if len(places := given.places(side)) == 1}
        return replace(given, labels=labels, best=plain.get("best", given.best), worst=plain.get("worst", given.worst))

    def _forms_on_scale(self, table: Table, label: str, columns: list[str], counts: list[int | None]) -> int | None:
        """Return how many forms of a row gave an answer on the scale; None where that isn't shown.

        Where »don't know« is a column of its own, it is the total less these, or the sum of the answers.
        """
        assert table.column is not None
        others = [one.label for one in table.column.categories if one.label not in columns]
        all_of_row = self.released.count(Address(table.number, label, TOTAL, "", "count"))
        less = [self.released.count(Address(table.number, label, column, "", "count")) for column in others]
        if all_of_row is not None and None not in less:
            return all_of_row - sum(count for count in less if count is not None)
        return None if None in counts else sum(count for count in counts if count is not None)

    def _distribution(self, table: Table, title: Text) -> Distribution:
        """Make one bar an answer: shares of those who answered, blanks of all."""
        base = TOTAL_VALID if table.kind == "frequency" else TOTAL
        rows = tuple(self._answered(table, one.label, base) for one in table.row.categories)
        below: tuple[Answered, ...] = ()
        if table.kind == "frequency":
            below = (replace(self._answered(table, MISSING, TOTAL), label=_BLANK, look="unsure", below=True),)
        answers = answers_of(self.released.study, table, table.row)
        labels = on_scale(table.row, answers)
        scale = [at for at, one in enumerate(table.row.categories) if one.label in labels]
        ordered = (*(rows[at] for at in scale), *(row for at, row in enumerate(rows) if at not in scale))
        return Distribution(title, (*coloured(answers, ordered), *below))

    def _several(self, table: Table, title: Text) -> Distribution:
        """Make one bar a box, of the persons who ticked any; by size, those that are hidden last."""
        rows = [self._answered(table, one.label, TOTAL_VALID) for one in table.row.categories]
        forms = [self.released.count(Address(table.number, label, "", "", "count")) for label in (TOTAL_VALID, MISSING)]
        together = None if None in forms else sum(count for count in forms if count is not None)
        missing = self._number(Address(table.number, MISSING, "", "", "count"))
        if missing is not None:
            share = self._share(forms[1], together)
            rows.append(
                Answered(_BLANK, forms[1], share, "unsure", below=True, hidden=missing.hidden, decimals=self._decimals(together))
            )
        return several_answers(title, tuple(rows))

    def _answered(self, table: Table, label: str, base: str) -> Answered:
        address = Address(table.number, label, "", "", "count")
        number, of = self._number(address), self.released.count(address._replace(row=base))
        part = self.released.count(address)
        hidden = number is not None and number.hidden
        share = self._share(part, of)
        # As its table: a distribution has whole ones.
        decimals = 0 if table.kind == "distribution" else self._decimals(of)
        return Answered(self._named(table, "row", label), part, share, hidden=hidden, decimals=decimals)

    def _gamma(self, table: Table, group: str, name: Text) -> Gamma:
        """Return the gamma of one group, or of all."""
        address = Address(table.number, "", "", group, "gamma")
        gamma, p, n = (self._number(address._replace(measure=measure)) for measure in ("gamma", "p", "n"))
        known = None if p is None or p.value is None else float(p.value)
        return Gamma(
            name,
            None if gamma is None or gamma.value is None else float(gamma.value),
            p=known,
            forms=self.released.count(address._replace(measure="n")),
            sure=known is not None and known < _SURE,
            hidden=n is not None and n.hidden,
            decimals=2 if gamma is None else gamma.decimals,
            p_decimals=3 if p is None else p.decimals,
        )

    def _gammas(self, table: Table, title: Text) -> Forest:
        """Make the gammas of each group, of all together, and with the group held constant."""
        assert table.group is not None
        groups = tuple(self._gamma(table, one.label, one.says) for one in table.group.categories)
        partial = self._number(Address(table.number, "", "", TOTAL, "partial_gamma"))
        held = None
        if partial is not None and partial.status != LEFT_OUT:
            value = None if partial.value is None else float(partial.value)
            held = Gamma(_PARTIAL, value, decimals=partial.decimals)
        return by_group(title, groups, self._gamma(table, TOTAL, _ALL), held)

    def _squares(self, table: Table, title: Text) -> Crosstab | None:
        """Make squares of a crosstab, favourable answers first on either axis; None where so many columns have no room."""
        assert table.column is not None
        study = self.released.study
        down, across = (answers_of(study, table, axis) for axis in (table.row, table.column))
        rows, columns = in_order(table.row, down), in_order(table.column, across)
        if len(columns) > _MOST_COLUMNS:
            return None
        everything = self.released.count(Address(table.number, TOTAL, TOTAL, "", "count"))

        def cell(row: str, column: str) -> Cell:
            address = Address(table.number, row, column, "", "count")
            number, part = self._number(address), self.released.count(address)
            hidden = number is not None and number.hidden
            return Cell(part, self._share(part, everything), hidden=hidden, decimals=self._decimals(everything))

        return Crosstab(
            title,
            tuple(self._named(table, "row", row) for row in rows),
            tuple(self._named(table, "column", column) for column in columns),
            tuple(tuple(cell(row, column) for column in columns) for row in rows),
            tuple(cell(row, TOTAL) for row in rows),
            tuple(cell(TOTAL, column) for column in columns),
            everything,
        )
