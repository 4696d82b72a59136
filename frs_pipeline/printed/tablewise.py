"""Contradictions of the printed report that one or two of its tables show by themselves.

Each rule compares printed figures with each other, never with data. A contradiction says which figures give
way: those that fewer other printed figures confirm. A figure that gives way can't be reproduced, and the
reason is one that a reader can check with the report in hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.stats.printing import round_half_away, spss
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.printed import decimals, of_table, printed_count, value
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Table, catalogue

# Figures of a correlation that depend on the N cases it was computed from.
REST_ON_N = ("ase", "t", "p")
# In Danish a no-break space stands before the sign; a printed figure is quoted without it, as the report prints it.
_PER_CENT = "\u00a0%"


@dataclass(frozen=True)
class Contradiction:
    """One contradiction: the rule that found it, what contradicts what (in English and in Danish), the figures that give way."""

    rule: str
    tables: tuple[int, ...]
    reason: str
    reason_danish: str
    gives_way: tuple[Address, ...] = ()


def contradictions(study: Study) -> Iterator[Contradiction]:
    """Find the contradictions that one or two tables show by themselves."""
    for table in catalogue(study).values():
        for rule in _RULES:
            yield from rule(study, table)
    yield from _one_a_conference(study)


def counts(study: Study, table: Table) -> list[list[int]] | None:
    """Return the printed counts of a crosstab without its totals; None when the report doesn't print them."""
    if table.column is None:
        return None
    cells = [
        [printed_count(study, Address(table.number, row.label, column.label, "", "count")) for column in table.column.categories]
        for row in table.row.categories
    ]
    return cells if all(c is not None for row in cells for c in row) else None  # type: ignore[return-value]


def valid_count(study: Study, mart: str, variable: str) -> tuple[int, int] | None:
    """Return how many forms of the file answered a question, and the frequency table that says so: (count, table number)."""
    for table in catalogue(study).values():
        if table.kind == "frequency" and table.marts == (mart,) and table.row.variable == variable:
            count = printed_count(study, Address(table.number, TOTAL_VALID, "", "", "count"))
            if count is not None:
                return count, table.number
    return None


def _frequency_sums(study: Study, table: Table) -> Iterator[Contradiction]:
    """Check that answers = valid, and valid + missing = total = the size of the file that the other frequencies print."""
    if table.kind != "frequency":
        return
    keys = {name: Address(table.number, name, "", "", "count") for name in (TOTAL_VALID, MISSING, TOTAL)}
    valid, missing, total = (printed_count(study, key) for key in keys.values())
    if valid is None or missing is None or total is None or valid + missing == total:
        return
    answers = sum(printed_count(study, Address(table.number, c.label, "", "", "count")) or 0 for c in table.row.categories)
    sizes = Counter(
        printed_count(study, Address(t.number, TOTAL, "", "", "count"))
        for t in catalogue(study).values()
        if t.kind == "frequency" and t.marts == table.marts
    )
    confirmed = {TOTAL_VALID: answers == valid, TOTAL: sizes[total] > 1, MISSING: False}
    yield Contradiction(
        "frequency_sums",
        (table.number,),
        f"table {table.number} prints {valid} valid + {missing} missing = {valid + missing}, but a total of {total}",
        f"i tabel {table.number} er {valid} besvarede + {missing} ubesvarede = {valid + missing}, men der står {total} i alt",
        tuple(key for name, key in keys.items() if not confirmed[name]),
    )


def _percent_of_counts(study: Study, table: Table) -> Iterator[Contradiction]:
    """Check that each percentage is that of the counts printed beside it."""
    printed = of_table(study, table.number)
    for key, text in printed.items():
        ratio = _ratio(study, table, key)
        if ratio is None:
            continue
        part, whole = ratio
        share = round_half_away(100 * part / whole, decimals(text))
        if share != value(text):
            own = spss(100 * part / whole, 1, leading_zero=True)
            yield Contradiction(
                "percent_of_counts",
                (table.number,),
                f"table {table.number} prints {text}, but its own counts give {part} of {whole} = {own} %",
                f"i tabel {table.number} står {text}, men dens egne antal giver {part} af {whole} = {own}{_PER_CENT}",
                (key,),
            )


def _ratio(study: Study, table: Table, key: Address) -> tuple[int, int] | None:
    """Return the printed numerator and denominator of a printed percentage; None when they aren't printed."""
    n = table.number
    if table.column is not None:
        cells = counts(study, table)
        if key.measure not in ("row_percent", "total_percent") or cells is None:
            return None
        part = printed_count(study, key._replace(measure="count"))
        row_total = printed_count(study, Address(n, key.row, TOTAL, "", "count"))
        whole = row_total if key.measure == "row_percent" else sum(map(sum, cells))
    else:
        part = printed_count(study, key._replace(measure="count"))
        valid_row = TOTAL_VALID if table.kind == "frequency" else TOTAL
        whole_row = TOTAL if key.measure == "percent" else valid_row
        whole = printed_count(study, Address(n, whole_row, "", "", "count"))
        if key.measure == "cumulative_percent":
            labels = [c.label for c in table.row.categories]
            part = sum(printed_count(study, Address(n, x, "", "", "count")) or 0 for x in labels[: labels.index(key.row) + 1])
        elif key.measure not in ("percent", "valid_percent"):
            return None
    return None if part is None or not whole else (part, whole)


def _same_questions(a: Table, b: Table) -> bool:
    """Return whether two tables cross the same two questions over the same forms, collapsed or not."""
    return (
        a.marts == b.marts
        and a.column is not None
        and b.column is not None
        and a.group == b.group is None
        and ({a.row.variable, a.column.variable} == {b.row.variable, b.column.variable})
        and _codes(a) == _codes(b)
    )


def _codes(table: Table) -> set[tuple[str, int]]:
    axes: tuple[Axis | None, ...] = (table.row, table.column)
    return {(a.variable, code) for a in axes if a for category in a.categories for code in category.codes}


def _percent_only(study: Study, table: Table) -> Iterator[Contradiction]:
    """Check that a table of percentages alone agrees with the counts that another table prints for the same cells."""
    if table.kind != "collapsed_crosstab" or counts(study, table) is not None or table.column is None:
        return
    for other in catalogue(study).values():
        cells = counts(study, other) if other.kind == "collapsed_crosstab" and _same_questions(table, other) else None
        if cells is None or not _same_partition(table, other):
            continue
        n = sum(map(sum, cells))
        whole = sum((value(text) for text in of_table(study, table.number).values()), Decimal(0))
        for row, row_cells in zip(table.row.categories, cells, strict=True):
            for column, cell in zip(table.column.categories, row_cells, strict=True):
                key = Address(table.number, row.label, column.label, "", "total_percent")
                text = of_table(study, table.number)[key]
                if round_half_away(100 * cell / n, decimals(text)) != value(text):
                    own = spss(100 * cell / n, 1, leading_zero=True)
                    yield Contradiction(
                        "percent_only",
                        (table.number, other.number),
                        f"table {table.number} prints {text} and its percentages add up to {whole} %; table {other.number}, "
                        f"the same questions, counts {cell} of {n} = {own} %",
                        f"i tabel {table.number} står {text}, og dens procenter giver i alt {str(whole).replace('.', ',')}"
                        f"{_PER_CENT}; i tabel {other.number}, med de samme spørgsmål, er det {cell} af {n} = {own}{_PER_CENT}",
                        (key,),
                    )


def _same_partition(a: Table, b: Table) -> bool:
    return all(
        x is not None and y is not None and [c.codes for c in x.categories] == [c.codes for c in y.categories]
        for x, y in ((a.row, b.row), (a.column, b.column))
    )


def _gamma_of_cells(study: Study, table: Table) -> Iterator[Contradiction]:
    """Check that a correlation is that of the printed crosstab with the same rows and columns."""
    if table.kind != "correlation":
        return
    for other in catalogue(study).values():
        cells = (
            counts(study, other) if other.kind == "crosstab" and (other.row, other.column) == (table.row, table.column) else None
        )
        if cells is None or other.marts != table.marts:
            continue
        result = goodman_kruskal(cells)
        for measure, name in (("gamma", "gamma"), ("ase", "ASE"), ("t", "T"), ("p", "p")):
            key = Address(table.number, "", "", "", measure)
            text = of_table(study, table.number)[key]
            own = spss(getattr(result, measure), decimals(text), leading_zero=False)
            if own != text:
                yield Contradiction(
                    "gamma_of_cells",
                    (table.number, other.number),
                    f"table {table.number} prints {name} {text}; the cells of table {other.number} give {own}",
                    f"i tabel {table.number} står {name} {text}; cellerne i tabel {other.number} giver {own}",
                    (key,),
                )


def _asked_at_one_occasion(study: Study, table: Table) -> Iterator[Contradiction]:
    """Check that a question asked at one occasion only isn't answered on more forms than there were such conferences."""
    if table.kind != "frequency":
        return
    valid = printed_count(study, Address(table.number, TOTAL_VALID, "", "", "count"))
    missing = printed_count(study, Address(table.number, MISSING, "", "", "count"))
    conferences = about(study).printed.held
    for name, number in conferences.items():
        others = sum(conferences.values()) - number
        if valid is not None and missing == others and valid > number and others:
            many = occasions(study)[name].many
            yield Contradiction(
                "asked_at_one_occasion",
                (table.number,),
                f"table {table.number} has {valid} answers at {number} {many.english}: "
                f"{valid - number} must come from other {about(study).conference.many.english}",
                f"tabel {table.number} har {valid} svar ved {number} {many.danish}: "
                f"{valid - number} må komme fra andre {about(study).conference.many.danish}",
            )


def _one_a_conference(study: Study) -> Iterator[Contradiction]:
    """Check that a role with at most one form per conference doesn't have more forms than there were conferences."""
    conferences = about(study).printed.held
    papers = questionnaires(study)
    capacity = {name: conferences[paper.occasion] for name, paper in papers.items() if paper.occasion in conferences}
    worst: dict[tuple[str, str], tuple[int, int]] = {}
    for table in catalogue(study).values():
        if table.kind == "crosstab" and table.row.variable == about(study).role:
            for label in policy(study).one_a_conference:
                n = printed_count(study, Address(table.number, label, TOTAL, "", "count")) or 0
                seen = worst.get((table.marts[0], label), (0, 0))
                worst[table.marts[0], label] = max(seen, (n, -table.number))
    many = about(study).conference.many
    for (mart, label), (n, number) in worst.items():
        if n > capacity.get(mart, n):
            yield Contradiction(
                "one_a_conference",
                (-number,),
                f"table {-number} counts {n} forms from '{label}' at {capacity[mart]} {many.english}: "
                f"{n - capacity[mart]} {many.english} must have had two",
                f"tabel {-number} tæller {n} skemaer fra »{label}« ved {capacity[mart]} {many.danish}: "
                f"ved {n - capacity[mart]} af dem må der have været to",
            )


_RULES = (
    _frequency_sums,
    _percent_of_counts,
    _percent_only,
    _gamma_of_cells,
    _asked_at_one_occasion,
)
