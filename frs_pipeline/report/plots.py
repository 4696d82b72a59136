"""What the plots show, as numbers and texts; the templates draw them.

A bar is a handful of rectangles sized in percent, which follow the width of a phone, the reader's colours and language,
and need neither a library nor a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.report.intervals import Ends, Intervals, Limits
from frs_pipeline.report.layout import named
from frs_pipeline.report.typography import limit_text, number_text, share_text, shown, with_zero
from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.printing import spss
from frs_pipeline.stats.strength import significant, strength
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.tables import TOTAL, Address, Table, catalogue
from frs_pipeline.tables.associations import Association
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.reconciling import FormCounts

# The least room on either side of a panel's middle, in percentage points, so that an empty side shows as empty.
MARGIN = 5.0
# Half the width of a 95 % interval in standard errors, by the normal distribution.
NORMAL_95 = 1.959964
Figures = Mapping[Address, Figure]
# Limits of both ends of the bars of tables, by label of the row.
EndsOf = Mapping[int, Mapping[str, Ends]]
NO_ENDS: EndsOf = {}


@dataclass(frozen=True)
class Bar:
    """One row of answers: shares in percent, from the first answer on, the number of forms, and how many left it blank.

    `occasion` distinguishes two bars with the same label; `blank` is None where nobody can know, `ends` are where intervals are
    shown.
    """

    label: Text
    shares: tuple[float, ...]
    forms: int
    blank: int | None = None
    occasion: Text | None = None
    ends: Ends | None = None

    @property
    def upper(self) -> float:
        """Share of the answers before the middle."""
        return sum(self.shares[: len(self.shares) // 2])

    @property
    def lower(self) -> float:
        """Share of the answers after the middle."""
        return sum(self.shares[(len(self.shares) + 1) // 2 :])

    @property
    def middle(self) -> float:
        return self.shares[len(self.shares) // 2] if len(self.shares) % 2 else 0.0

    def spoken(self, said_of: Sequence[Text], language: Language) -> str:
        """Describe the bar in words, for those who don't see it."""
        answers = [answer.in_language(language) for answer in said_of]
        parts = (f"{answer} {share_text(share, language=language)}" for answer, share in zip(answers, self.shares, strict=True))
        when = f"{self.occasion.in_language(language)} " if self.occasion else ""
        said = self.ends.upper.said.in_language(language) if self.ends else ""
        together = f"{' + '.join(answers[: len(answers) // 2])} {share_text(self.upper, language=language)} ({said})"
        return f"{when}{self.label.in_language(language)}: {', '.join([*parts, *([together] if said else [])])}"

    @property
    def reach(self) -> float:
        """Where the interval of the answers before the middle ends; their share where there is none."""
        high = self.ends.upper.high if self.ends else None
        return self.upper if high is None else high


@dataclass(frozen=True)
class Stacked:
    """Bars of answers to one question on a scale with a middle; its tables are where the numbers stand."""

    tables: tuple[int, ...]
    question: Text
    answers: tuple[Text, ...]
    bars: tuple[Bar, ...]

    @property
    def lower(self) -> float:
        """Room that the answers after the middle need; never none, so that one can see that there are none."""
        return max(MARGIN, *(bar.lower for bar in self.bars))

    @property
    def upper(self) -> float:
        """Room that the answers before the middle need, with their intervals."""
        return max(MARGIN, *(bar.reach for bar in self.bars))

    @property
    def with_ends(self) -> bool:
        """Whether it shows intervals."""
        return any(bar.ends for bar in self.bars)

    @property
    def marked(self) -> bool:
        """Whether an interval that it draws rests on little."""
        return any(bar.ends.upper.marked for bar in self.bars if bar.ends)

    @property
    def middle(self) -> float:
        """Room that the middle needs, on the same scale."""
        return max(MARGIN, *(bar.middle for bar in self.bars))

    @property
    def occasions(self) -> Text:
        """What distinguishes the bars, as a heading."""
        names = list(dict.fromkeys(bar.occasion for bar in self.bars if bar.occasion))
        danish, english = " og ".join(text.danish for text in names), " and ".join(text.english for text in names)
        return Text(danish.capitalize(), english.capitalize())

    @property
    def ends(self) -> tuple[Text, Text]:
        """What the answers before the middle, and those after it, are called together."""
        half = len(self.answers) // 2
        before, after = self.answers[:half], self.answers[half + len(self.answers) % 2 :]
        return _together(before), _together(after)

    @property
    def spoken(self) -> Text:
        """Describe all bars in words."""
        bars = ("; ".join(bar.spoken(self.answers, language) for bar in self.bars) for language in LANGUAGES)
        return Text(*(f"{asked} {said}" for asked, said in zip((self.question.danish, self.question.english), bars, strict=True)))


@dataclass(frozen=True)
class Interval:
    """A gamma with the limits of its 95 % interval, and the figure that it is; `sure` is whether the test tells it from 0."""

    address: Address
    label: Text
    gamma: float
    limits: Limits
    sure: bool
    text: str
    forms: str


@dataclass(frozen=True)
class Cell:
    """One square of a heat map; `table` prints the same gamma.

    It is `significant` if that is so among as many tests as there are pairs. `limits` is empty where there is no interval, as
    of a gamma of 1 that rests on a few forms; no such gamma is called strong.
    """

    text: str
    word: str
    positive: bool
    significant: bool
    limits: str
    forms: str
    table: int | None


def by_role(
    study: Study, table: Table, figures: Figures, question: Text, forms: FormCounts, ends: EndsOf = NO_ENDS
) -> Stacked | None:
    """Plot the answers of each role; None for a table that isn't roles by a scale with two answers on either side."""
    if not drawn_by_role(study, table):
        return None
    return _stacked((table.number,), question, table, list(_bars(table, figures, _blanks(table, forms), ends)))


def drawn_by_role(study: Study, table: Table) -> bool:
    """Return whether a table is roles by a scale with two answers on either side of a middle."""
    by_role = table.kind == "crosstab" and table.row.variable == about(study).role
    return by_role and table.column is not None and len(table.column.categories) == 5


def by_row(table: Table, figures: Figures, question: Text, ends: EndsOf = NO_ENDS) -> Stacked:
    """Plot the answers in each row of a crosstab."""
    return _stacked((table.number,), question, table, list(_bars(table, figures, {}, ends)))


def change(
    study: Study,
    numbers: Mapping[str, int],
    tables: Mapping[int, Table],
    figures: Figures,
    question: Text,
    forms: FormCounts,
    ends: EndsOf = NO_ENDS,
) -> Stacked:
    """Plot crosstabs of the same rows, one per occasion (their `numbers`), one under the other, row by row."""
    chosen = [(tables[number], occasions(study)[name].one) for name, number in numbers.items()]
    drawn = [{bar.label: bar for bar in _bars(table, figures, _blanks(table, forms), ends, words)} for table, words in chosen]
    bars = [of_occasion[label] for label in drawn[0] for of_occasion in drawn]
    return _stacked(tuple(numbers.values()), question, chosen[0][0], bars)


def _together(answers: Sequence[Text]) -> Text:
    return Text(" + ".join(answer.danish for answer in answers), " + ".join(answer.english for answer in answers))


def _stacked(numbers: tuple[int, ...], question: Text, table: Table, bars: list[Bar]) -> Stacked:
    assert table.column is not None
    return Stacked(numbers, question, tuple(c.says for c in table.column.categories), tuple(bars))


def _bars(table: Table, figures: Figures, blanks: Mapping[str, int], ends: EndsOf, occasion: Text | None = None) -> Iterator[Bar]:
    assert table.column is not None
    of_rows = ends.get(table.number, {})
    for label in [*(c.label for c in table.row.categories), TOTAL]:
        counts = [int(figures[Address(table.number, label, c.label, "", "count")].value or 0) for c in table.column.categories]
        whole = sum(counts)
        shares = tuple(percent(n, whole) or 0.0 for n in counts)
        yield Bar(named(label, table.row), shares, whole, blanks.get(label), occasion, of_rows.get(label))


def _blanks(table: Table, forms: FormCounts) -> dict[str, int]:
    """Count the forms of each row that left the question of the columns blank."""
    assert table.column is not None
    blanks = dict.fromkeys([*(c.label for c in table.row.categories), TOTAL], 0)
    for mart in table.marts:
        for (occasion, (row, answer)), number in forms.by(mart, (table.row.variable, table.column.variable)).items():
            place = table.row.index(row)
            if answer is None and place is not None and table.occasion in (BOTH, occasion):
                blanks[table.row.categories[place].label] += number
                blanks[TOTAL] += number
    return blanks


def forest(study: Study, figures: Figures, title: Mapping[int, Text], intervals: Intervals | None = None) -> list[Interval]:
    """List every gamma of the correlation tables, the strongest first; by group where a table has groups.

    Without `intervals`, theirs are those of SPSS's error, and `sure` is by SPSS's p.
    """
    listed, language = [], about(study).language
    for table in catalogue(study).values():
        groups = [""] if table.group is None else [*(c.label for c in table.group.categories), TOTAL]
        for group in groups if table.kind.startswith("correlation") else ():
            address = Address(table.number, "", "", group, "gamma")
            gamma = figures[address].value
            limits = _of_ase(address, figures, language) if intervals is None else intervals.get(address)
            if gamma is None or limits is None:
                continue
            whole = title[table.number]
            of = Text("alle", "all") if group == TOTAL else named(group, table.group)
            label = Text(f"{whole.danish} · {of.danish}", f"{whole.english} · {of.english}") if group else whole
            forms = number_text(int(figures[address._replace(measure="n")].value or 0), language)
            sure = limits.p is not None and significant(limits.p)
            text = with_zero(shown(figures[address].printed, language))
            listed.append(Interval(address, label, gamma, limits, sure, text, forms))
    return sorted(listed, key=lambda one: (-one.gamma, one.address))


def _of_ase(address: Address, figures: Figures, language: Language) -> Limits | None:
    """Make the interval of a gamma from SPSS's error; None where it has none."""
    gamma, ase = figures[address].value, figures[address._replace(measure="ase")].value
    if gamma is None or ase is None:
        return None
    low, high = max(-1.0, gamma - NORMAL_95 * ase), min(1.0, gamma + NORMAL_95 * ase)
    texts = limit_text(low, 2, language), limit_text(high, 2, language)
    return Limits(low, high, texts, 0, p=figures[address._replace(measure="p")].value)


def heat(pairs: Sequence[Association], printed: Mapping[tuple[str, str], int], language: Language) -> dict[tuple[str, str], Cell]:
    """Return squares by both questions, either way round; `printed` are tables that print a gamma, by its questions."""
    cells = {}
    for one in pairs:
        table = printed.get((one.row, one.column), printed.get((one.column, one.row)))
        word = "none" if one.gamma is None or one.low is None else strength(one.gamma)
        sure = one.q is not None and significant(one.q)
        limits = "" if one.low is None else Text("{} til {}", "{} to {}").in_language(language)
        limits = limits.format(gamma_text(one.low, language), gamma_text(one.high, language))
        forms = number_text(one.n, language)
        cell = Cell(gamma_text(one.gamma, language), word, (one.gamma or 0) > 0, sure, limits, forms, table)
        cells[one.row, one.column] = cells[one.column, one.row] = cell
    return cells


def gamma_text(gamma: float | None, language: Language) -> str:
    """Write a gamma to two decimals, as running text does; a dash where there is none."""
    return "–" if gamma is None else with_zero(shown(spss(gamma, 2, leading_zero=True), language))
