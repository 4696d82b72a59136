"""Gamma, its error, T and p of one table: what each can be, and what they can be together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Weight
from frs_pipeline.printed.numerals import Figure, decimal, figure
from frs_pipeline.printed.places import at, groups
from frs_pipeline.printed.wording import filled, label, measure
from frs_pipeline.study.tables import TOTAL, Address

RULES = {
    "range": Text(
        "gamma ligger fra -1 til 1, p fra 0 til 1, en fejl er ikke negativ, og antal er hele",
        "gamma lies from -1 to 1, p from 0 to 1, an error isn't negative, and counts are whole",
    ),
    "sign_of_t": Text("T har samme fortegn som gamma", "T has the sign of gamma"),
    "p_of_t": Text(
        "p er den tosidede sandsynlighed for T i normalfordelingen",
        "p is the two-sided probability of T in the normal distribution",
    ),
    "size_of_t": Text(
        "T er gamma divideret med en fejl, der ikke er længere fra ASE, end tabeller af svar giver",
        "T is gamma over an error that isn't further from ASE than tables of answers give",
    ),
    "partial_gamma": Text(
        "en partiel gamma ligger mellem gruppernes gamma", "a partial gamma lies between the gammas of the groups"
    ),
}
SIGNIFICANT = Fraction(5, 100)
# The words for the size of a gamma change here.
WORDS = (Fraction(1, 10), Fraction(2, 10), Fraction(3, 10))
_LIMITS: dict[str, tuple[int | None, int | None]] = {
    "gamma": (-1, 1),
    "partial_gamma": (-1, 1),
    "p": (0, 1),
    "ase": (0, None),
}
# Up to which size of gamma the ratio lies between what.
_RATIOS = (
    (0.01, 0.95, 1.02),
    (0.02, 0.85, 1.03),
    (0.05, 0.6, 1.06),
    (0.1, 0.25, 1.1),
    (0.15, 0.15, 1.15),
    (0.2, 0.12, 1.2),
    (0.25, 0.08, 1.25),
    (0.3, 0.06, 1.3),
    (0.4, 0.05, 1.4),
    (0.5, 0.04, 1.8),
    (0.6, 0.03, 2.2),
    (0.7, 0.03, 8.0),
)
_SHARES = ("percent", "valid_percent", "row_percent", "column_percent", "total_percent")


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find coefficients that can't be, alone or with those beside them."""
    for table in tables.tables.values():
        yield from _ranges(table)
        for group in groups(table):
            yield from _of_group(table, group)
        yield from _partial(table)


def _ranges(table: PrintedTable) -> Iterator[Contradiction]:
    for address in table.figures:
        printed = at(table, address.row, address.column, address.measure, address.group)
        if printed is None:
            continue
        low, high = _LIMITS.get(address.measure, (None, None))
        if address.measure in _SHARES:
            low, high = 0, 100
        if address.measure in ("count", "n", "answers"):
            if printed.whole is None:
                yield _out_of_range(table, printed, Text("et antal er et helt tal", "a count is a whole number"))
        elif (low is not None and printed.value < low) or (high is not None and printed.value > high):
            limit = filled("mindst {low}", "at least {low}", low=str(low))
            if high is not None:
                limit = filled("fra {low} til {high}", "from {low} to {high}", low=str(low), high=str(high))
            yield _out_of_range(table, printed, filled("det er {limit}", "it is {limit}", limit=limit))


def _out_of_range(table: PrintedTable, printed: Figure, limit: Text) -> Contradiction:
    reason = filled(
        "i {table} står {measure} {printed}{group}; {limit}",
        "{table} prints {measure} {printed}{group}; {limit}",
        table=table.name,
        measure=measure(printed.address.measure),
        printed=printed.text,
        group=_of(printed.address.group),
        limit=limit,
    )
    return Contradiction("range", (table.number,), reason, "plain", (printed.address,))


def _of(group: str) -> Text:
    return filled(" ({name})", " ({name})", name=label(group)) if group else Text("", "")


def _of_group(table: PrintedTable, group: str) -> Iterator[Contradiction]:
    gamma, ase, t, p = (at(table, measure=name, group=group) for name in ("gamma", "ase", "t", "p"))
    if gamma and t and gamma.value * t.value < 0:
        reason = filled(
            "i {table} står gamma {gamma} og T {t}{group}: fortegnene er forskellige",
            "{table} prints gamma {gamma} and T {t}{group}: the signs differ",
            table=table.name,
            gamma=gamma.text,
            t=t.text,
            group=_of(group),
        )
        either = Text("enten fortegnet på gamma eller på T", "either the sign of gamma or that of T")
        yield Contradiction("sign_of_t", (table.number,), reason, "serious", (gamma.address, t.address), either=either)
    if gamma and t and p and 0 <= p.value <= 1:
        yield from _p_of_t(table, t, p)
    elif gamma and t and (text := table.text(measure="p", group=group) or "").startswith("<"):
        yield from _p_below(table, t, text)
    if gamma and ase and t:
        yield from _size(table, gamma, ase, t)


def two_sided(t: Fraction) -> float:
    """Return the probability of a larger |T|, in either direction, in the standard normal distribution."""
    return math.erfc(abs(float(t)) / math.sqrt(2))


def _p_of_t(table: PrintedTable, t: Figure, p: Figure) -> Iterator[Contradiction]:
    size = abs(t.value)
    most, least = two_sided(max(Fraction(0), size - t.unit / 2)), two_sided(size + t.unit / 2)
    # A hair more than half a unit: the ends themselves round either way.
    slack = float(p.unit) * 0.5000001
    if least - slack <= float(p.value) <= most + slack:
        return
    own = two_sided(t.value)
    crosses = (p.value < SIGNIFICANT) != (own < SIGNIFICANT)
    weight: Weight = "serious" if crosses else "slight" if abs(float(p.value) - own) <= 1.5 * float(p.unit) else "plain"
    yield _p_not_of_t(table, t, p.address, p.text, p.places, weight, p.written(Fraction(own)))


def _p_not_of_t(
    table: PrintedTable, t: Figure, p: Address, text: str, places: int, weight: Weight, expected: str = ""
) -> Contradiction:
    """Tell that T gives another p than the printed `text`, which has so many `places`."""
    reason = filled(
        "i {table} står T {t} og p {p}{group}; T giver p = {own}",
        "{table} prints T {t} and p {p}{group}; T gives p = {own}",
        table=table.name,
        t=t.text,
        p=text,
        group=_of(t.address.group),
        own=decimal(two_sided(t.value), max(places, 3)),
    )
    either = filled("enten T {t} eller p {p}", "either T {t} or p {p}", t=t.text, p=text)
    return Contradiction("p_of_t", (table.number,), reason, weight, (t.address, p), expected=expected, either=either)


def ratio_bounds(gamma: float) -> tuple[float, float]:
    """Return between what T over gamma/ASE can lie for a gamma of up to this size in tables of answers.

    T uses the error under independence, so the ratio is ASE over that error: exactly 1 at gamma 0, and further from 1 the
    stronger gamma is. Of a million simulated tables (2 to 6 rows and columns, 20 to 2000 forms, even and very uneven margins,
    orderly, disorderly and nearly empty) none lay outside; docs/audit.md says how they were made.
    """
    return next(((low, high) for limit, low, high in _RATIOS if abs(gamma) <= limit), (0.0, 25.0))


def _size(table: PrintedTable, gamma: Figure, ase: Figure, t: Figure) -> Iterator[Contradiction]:
    low, high = ratio_bounds(float(abs(gamma.value) + gamma.unit / 2))
    (g_low, g_high), (e_low, e_high), (t_low, t_high) = map(_sizes, (gamma, ase, t))
    # Where a zero is printed for gamma or its error, what lies behind can be as small as you like.
    if not g_low or not e_low or (float(t_low * e_low / g_high) <= high and float(t_high * e_high / g_low) >= low):
        return
    usual = float(abs(gamma.value) / ase.value)
    reason = filled(
        "i {table} står gamma {gamma}, ASE {ase} og T {t}{group}; gamma/ASE er {usual}, og T kan være fra {low} til {high}",
        "{table} prints gamma {gamma}, ASE {ase} and T {t}{group}; gamma/ASE is {usual}, and T can be from {low} to {high}",
        table=table.name,
        gamma=gamma.text,
        ase=ase.text,
        t=t.text,
        group=_of(gamma.address.group),
        usual=decimal(usual, 2),
        low=decimal(low * usual, 2),
        high=decimal(high * usual, 2),
    )
    figures = (gamma.address, ase.address, t.address)
    said = {"gamma": gamma.text, "ase": ase.text, "t": t.text}
    either = filled("enten gamma {gamma}, ASE {ase} eller T {t}", "either gamma {gamma}, ASE {ase} or T {t}", **said)
    yield Contradiction("size_of_t", (table.number,), reason, "serious", figures, either=either)


def _p_below(table: PrintedTable, t: Figure, text: str) -> Iterator[Contradiction]:
    """Compare T with a p of which only a limit is printed, such as `<,001`."""
    address = t.address._replace(measure="p")
    limit = figure(address, text[1:])
    if limit is None or two_sided(abs(t.value) + t.unit / 2) <= float(limit.value):
        return
    weight: Weight = "serious" if two_sided(t.value) >= SIGNIFICANT else "plain"
    yield _p_not_of_t(table, t, address, text, limit.places, weight)


def _sizes(printed: Figure) -> tuple[Fraction, Fraction]:
    """Return between what the size of a number lies that prints so."""
    size = abs(printed.value)
    return max(Fraction(0), size - printed.unit / 2), size + printed.unit / 2


def _partial(table: PrintedTable) -> Iterator[Contradiction]:
    partial = at(table, measure="partial_gamma", group=TOTAL) or at(table, measure="partial_gamma")
    found = [at(table, measure="gamma", group=group) for group in groups(table) if group not in ("", TOTAL)]
    gammas = [f for f in found if f]
    if partial is None or not gammas or len(gammas) < len(found):
        return
    gammas.sort(key=lambda f: f.value)
    low, high = gammas[0], gammas[-1]
    if partial.high < low.low or partial.low > high.high:
        reason = filled(
            "i {table} står partiel gamma {partial}, men gruppernes gamma går fra {low} til {high}",
            "{table} prints partial gamma {partial}, but the gammas of the groups go from {low} to {high}",
            table=table.name,
            partial=partial.text,
            low=low.text,
            high=high.text,
        )
        addresses = (partial.address, low.address, high.address)
        yield Contradiction("partial_gamma", (table.number,), reason, weight_of_gamma(partial, low.value), addresses)


def strength(gamma: Fraction | float) -> int:
    """Return by which word the size of a gamma is told: none, weak, moderate or strong as 0 to 3."""
    return sum(abs(Fraction(gamma)) >= limit for limit in WORDS)


def weight_of_gamma(printed: Figure, expected: Fraction | float) -> Weight:
    """Return how much a wrong gamma matters: seriously if its sign or its word changes."""
    if abs(float(printed.value) - float(expected)) <= 1.5 * float(printed.unit):
        return "slight"
    changes = printed.value * Fraction(expected) < 0 or strength(printed.value) != strength(expected)
    return "serious" if changes else "plain"
