"""Percentages against the counts that stand beside them, and running percentages."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Weight
from frs_pipeline.printed.numerals import HABITS, Figure, prints
from frs_pipeline.printed.places import answers, at, groups
from frs_pipeline.printed.shares import Share, habits, shares
from frs_pipeline.printed.sums import corrected
from frs_pipeline.printed.wording import added, filled, fraction, joined, label, one_of, percent, ratio, what, worked
from frs_pipeline.study.tables import MISSING, TOTAL_VALID

RULES = {
    "percent_of_counts": Text(
        "hver procent er den, som antallet og grundlaget ved siden af giver, afrundet efter samme vane i hele tabellen",
        "each percentage is what the count and the base beside it give, rounded by one habit in the whole table",
    ),
    "running_percentages": Text(
        "løbende procenter er summen af procenterne til og med deres svar, falder aldrig og ender på hundrede",
        "running percentages are the sum of the percentages up to their answer, never fall, and end at a hundred",
    ),
}
_NAMED_COUNTS = 6


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find percentages that aren't those of the counts beside them, and running ones that aren't the sum of others."""
    rounding = habits(tables)
    for number, table in tables.tables.items():
        # A count that its sums and most of its percentages say is wrong is told once, with the sums.
        for share in shares(corrected(table)):
            running = share.figure.address.measure == "cumulative_percent"
            if not share.holds(rounding[number]) and not (running and _adds_rounded(table, share.figure.address.group)):
                yield _wrong_share(table, share, rounding[number])
        yield from _running(table, rounding[number])


def _wrong_share(table: PrintedTable, share: Share, habit: str) -> Contradiction:
    printed, whole = share.figure, share.wholes[0]
    expected = printed.written(Fraction(HABITS[habit](share.exact, printed.places)))
    reason = filled(
        "i {table} står {printed} ({place}), men tabellens egne antal giver {ratio}",
        "{table} prints {printed} ({place}), but its own counts give {ratio}",
        table=table.name,
        printed=printed.text,
        place=what(printed.address),
        ratio=ratio(share.part, whole, printed.places + 1),
    )
    return Contradiction(
        "percent_of_counts",
        (table.number,),
        reason,
        weight_of_digits(printed, share.exact),
        tuple(a for a in (printed.address, printed.address._replace(measure="count")) if a in table.figures),
        (printed.address,),
        expected,
        _possible(share, habit),
        filled(
            "enten procenten {printed} eller antallet {part} (ud af {whole})",
            "either the percentage {printed} or the count {part} (of {whole})",
            printed=printed.text,
            part=share.part,
            whole=whole,
        ),
        worked(fraction(share.part, whole, printed.places + 1), joined(("≠", printed.text), " ")),
    )


def weight_of_digits(printed: Figure, exact: Fraction) -> Weight:
    """Return how much a wrong number matters: slight where it is off by one in the last place."""
    return "slight" if abs(printed.value - exact) <= Fraction(3, 2) * printed.unit else "plain"


def _possible(share: Share, habit: str) -> Text:
    """Say which counts of the base print so, and which base that stands in the table would."""
    printed, whole = share.figure, share.wholes[0]
    near = range(max(0, floor((printed.low - printed.unit) * whole / 100)), ceil((printed.high + printed.unit) * whole / 100) + 1)
    counts = [n for n in near if prints(Fraction(100 * n, whole), printed, habit)]
    if not counts:
        said = filled(
            "intet antal ud af {whole} giver {text}", "no count of {whole} gives {text}", whole=whole, text=printed.text
        )
    else:
        many = joined([f"{counts[0]}–{counts[-1]}"]) if len(counts) > _NAMED_COUNTS else one_of(counts)
        said = filled(
            "{text} er {counts} ud af {whole}", "{text} is {counts} of {whole}", text=printed.text, counts=many, whole=whole
        )
    parts = [said]
    for name, other in share.others:
        if prints(Fraction(100 * share.part, other), printed, habit):
            parts.append(
                filled(
                    "{part} ud af {other} ({name}) giver {text}",
                    "{part} of {other} ({name}) gives {text}",
                    part=share.part,
                    other=other,
                    name=name,
                    text=printed.text,
                )
            )
    return joined(parts, "; ")


def _adds_rounded(table: PrintedTable, group: str) -> bool:
    """Return whether all running percentages of a table are the sums of its percentages as they are printed."""
    total = Fraction(0)
    for name in table.rows.labels:
        own = at(table, name, measure="valid_percent", group=group) or at(table, name, measure="percent", group=group)
        running = at(table, name, measure="cumulative_percent", group=group)
        if own is None or running is None:
            return False
        total += own.value
        if running.value != total:
            return False
    return True


def _running(table: PrintedTable, habit: str) -> Iterator[Contradiction]:
    for group in groups(table):
        steps = [
            (name, running)
            for name in table.rows.labels
            if (running := at(table, name, measure="cumulative_percent", group=group)) is not None
        ]
        if not steps:
            continue
        counted = answers(table, group) is not None and at(table, TOTAL_VALID, group=group) is not None
        if not counted:
            yield from _not_the_sum(table, group, habit)
        yield from _falling(table, [running for _, running in steps])
        last = steps[-1][1]
        if not counted and steps[-1][0] == table.rows.labels[-1] and last.value != 100 and not _adds_rounded(table, group):
            yield _ends(table, last)


def _not_the_sum(table: PrintedTable, group: str, habit: str) -> Iterator[Contradiction]:
    """Compare running percentages with the sums of the others of the same base, within what rounding or cutting off allows."""
    parts: list[Figure] = []
    printed = {(address.row, address.measure) for address in table.figures if address.group == group}
    of_valid = any(measure == "valid_percent" for _, measure in printed)
    if not of_valid and any(row in (MISSING, TOTAL_VALID) for row, _ in printed):
        return  # percentages of all, and running ones of those who answered
    for name in table.rows.labels:
        own = at(table, name, measure="valid_percent" if of_valid else "percent", group=group)
        if own is None:
            return
        parts.append(own)
        running = at(table, name, measure="cumulative_percent", group=group)
        if running is None:
            continue
        total = sum((f.value for f in parts), Fraction(0))
        slack = sum((f.unit for f in parts), running.unit) / (1 if habit == "cut off" else 2)
        if abs(total - running.value) > slack:
            reason = filled(
                "i {table} er den løbende procent {printed} ved {label}, men procenterne til og med den giver {parts} = {total}",
                "{table} prints {printed} as the running percentage of {label}, but those up to it give {parts} = {total}",
                table=table.name,
                printed=running.text,
                label=label(name),
                parts=added(parts),
                total=percent(total, running.places),
            )
            yield Contradiction(
                "running_percentages",
                (table.number,),
                reason,
                weight_of_digits(running, total),
                (running.address, *(f.address for f in parts)),
                expected=running.written(total),
            )


def _falling(table: PrintedTable, steps: list[Figure]) -> Iterator[Contradiction]:
    for before, after in pairwise(steps):
        if after.value < before.value:
            reason = filled(
                "i {table} falder den løbende procent fra {before} til {after} ved {label}",
                "in {table} the running percentage falls from {before} to {after} at {label}",
                table=table.name,
                before=before.text,
                after=after.text,
                label=label(after.address.row),
            )
            yield Contradiction("running_percentages", (table.number,), reason, "plain", (before.address, after.address))


def _ends(table: PrintedTable, last: Figure) -> Contradiction:
    reason = filled(
        "i {table} ender de løbende procenter på {printed} i stedet for 100",
        "in {table} the running percentages end at {printed} instead of 100",
        table=table.name,
        printed=last.text,
    )
    expected = last.written(100)
    return Contradiction("running_percentages", (table.number,), reason, "plain", (last.address,), expected=expected)
