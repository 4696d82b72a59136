"""What an audit of printed tables compared: found out by altering each figure grossly and auditing its table again.

A figure that may be altered without any rule noticing was compared with nothing; whatever rules there are, that can't be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from frs_pipeline.printed.auditing import RULES, audit
from frs_pipeline.printed.model import PrintedTable, PrintedTables
from frs_pipeline.stats.printing import decimals_of, parse, spss
from frs_pipeline.study.tables import Address

# What is done with every figure: how many are done, of how many.
Watched = Callable[[int, int], None]


def compared(tables: PrintedTables, watched: Watched | None = None) -> dict[str, frozenset[Address]]:
    """Return by rule the figures that it had something to compare with; all rules, in their order."""
    noticed: dict[str, set[Address]] = {rule: set() for rule in RULES}
    done, of = 0, sum(len(table.figures) for table in tables.tables.values())
    for table in tables.tables.values():
        beside = _beside(table, tables)
        usual = _told(beside)
        for address, text in table.figures.items():
            for rule in _noticed(beside, table, address, text, usual):
                noticed[rule].add(address)
            done += 1
            if watched:
                watched(done, of)
    return {rule: frozenset(addresses) for rule, addresses in noticed.items()}


def _beside(table: PrintedTable, tables: PrintedTables) -> PrintedTables:
    """Return a table with those that it may be compared with: about the same forms, and one of its questions."""
    questions = _questions(table)
    return PrintedTables(
        {
            number: other
            for number, other in tables.tables.items()
            if other is table or (table.forms and other.forms and questions & _questions(other))
        }
    )


def _questions(table: PrintedTable) -> set[str]:
    return {scale.question for scale in (table.rows, table.columns) if scale and scale.question}


def _told(tables: PrintedTables) -> set[tuple[str, str]]:
    return {(one.rule, one.reason.english) for one in audit(tables)}


def _noticed(beside: PrintedTables, table: PrintedTable, address: Address, text: str, usual: set[tuple[str, str]]) -> set[str]:
    """Return the rules that say something else once a figure is altered."""
    for altered in _altered(text, address.measure):
        figures = {**table.figures, address: altered}
        others = PrintedTables({**beside.tables, table.number: replace(table, figures=figures)})
        rules = {rule for rule, _ in _told(others) - usual}
        if rules:
            return rules
    return set()


def _altered(text: str, measure: str) -> Iterator[str]:
    """Yield gross misprints of a figure, each as many digits behind the comma, and within what such a figure can be."""
    share = "%" if text.endswith("%") else ""
    bare = text.removesuffix("%").removeprefix("<")
    try:
        number, decimals = float(parse(bare)), decimals_of(bare)
    except ValueError:
        return
    if measure in ("count", "n"):
        others: tuple[float, ...] = (2 * number + 10, number // 2)
    elif measure.endswith("percent"):
        others = ((number + 37) % 100, (number + 63) % 100)
    elif measure in ("gamma", "partial_gamma"):
        others = (number - 0.5 if number > 0 else number + 0.5, -number)
    elif measure == "p":
        others = ((number + 0.5) % 1, (number + 0.25) % 1)
    else:
        others = (3 * number + 1, number / 4)
    yield from (spss(other, decimals, leading_zero=bare.lstrip("-")[:1] != ",") + share for other in others if other != number)
