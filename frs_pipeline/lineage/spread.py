"""How uncertain a figure is: its interval, from errors that know which forms belong together, and its differences from others.

Read from statistics/intervals.parquet, which `tables.intervals` makes; `recount_spread` computes it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frs_pipeline.errors import UsageError
from frs_pipeline.language import Text
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.recount_spread import cluster, other_side
from frs_pipeline.stats.printing import NOT_COMPUTABLE, decimals_of, spss
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, written
from frs_pipeline.study.countable import noun
from frs_pipeline.study.families import GammaPlace, family_of, hypotheses
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.intervals import marked
from frs_pipeline.tables.methods import METHODS, REASONS
from frs_pipeline.tables.render import numbered

_CHILDREN = Text("børn", "children")
_FORMS = Text("skemaer", "forms")


@dataclass(frozen=True)
class Difference:
    """How much larger a figure is than another: `of` and `less` are groups, rows or tables; the rest as printed, None if none."""

    of: str
    less: str
    value: str | None
    low: str | None
    high: str | None
    p: float | None
    reason: Text | None


@dataclass(frozen=True)
class Spread:
    """The uncertainty of a figure; `low` and `high` are printed as it is, `error` is in its unit, None where there is none.

    `clusters` are of the kind that `unit` says, `forms` of that which `counted` does; `n_effective` is how many independent ones
    would tell as much.
    `t` and `p` test whether a gamma is 0; `q` is p adjusted for the `tests` of its `family`. A `marked` interval rests on very
    little. Where there is no interval, `reason` says why.
    """

    level: float
    low: str | None
    high: str | None
    method: Text | None
    reason: Text | None
    unit: Text
    counted: Text
    clusters: int
    forms: int
    n_effective: float | None
    design_effect: float | None
    icc: float | None
    error: float | None
    df: float | None
    t: float | None
    p: float | None
    q: float | None
    tests: int | None
    family: Text | None
    marked: bool
    differences: tuple[Difference, ...]


def spread(evidence: Evidence, figure: Figure) -> Spread | None:
    """Return what is known of a figure's uncertainty; None for one that is no estimate, as a count or a test."""
    study, row = evidence.study, evidence.intervals.get(figure.address)
    if row is None:
        return None
    known = ("clusters", "forms", "n_effective", "design_effect", "icc", "error", "df", "t", "p", "q", "tests", "level")
    low, high = (as_printed(study, figure, row[name]) for name in ("low", "high"))
    return Spread(
        low=low,
        high=high,
        method=METHODS.get(row["method"]),
        reason=REASONS[row["reason"]] if row["reason"] else None,
        unit=clusters_of(study, figure.address),
        counted=noun(study, catalogue(study)[figure.table].marts[0]).many,
        family=_family(study, figure.address) if row["q"] is not None else None,
        marked=marked(row),
        differences=tuple(_difference(study, figure, each) for each in evidence.differences.get(figure.address, ())),
        **{name: row[name] for name in known},
    )


def difference(evidence: Evidence, address: Address, against: str) -> tuple[Address, str]:
    """Find the difference between a figure and another one, by the label of the other side; as intervals.parquet has it.

    Raises `UsageError` with what is possible when there is none.
    """
    known: dict[str, tuple[Address, str]] = {}
    for row in evidence.differences.get(address, ()):
        first, other = Address.of(row), row["other_group"]
        known[other if first == address else _of(evidence.study, first, other)] = (first, other)
    wanted = " ".join(against.casefold().split())
    found = next((which for label, which in known.items() if label.casefold() == wanted), None)
    if found is None:
        # A count has no interval, and so no difference: the share beside it has.
        beside = sorted({other.measure for other in evidence.differences if other._replace(measure=address.measure) == address})
        instead = f"--measure {' | '.join(beside)}" if beside else "leave out --against"
        do = f"--against: {' | '.join(known)}" if known else instead
        raise UsageError("no such difference", where=f"table {address.table}", do=do)
    return found


def clusters_of(study: Study, address: Address) -> Text:
    """Return what the clusters of a figure are, in the plural: children, conferences or forms."""
    keys = cluster(study, catalogue(study)[address.table].marts)
    if "case_id" in keys:
        return _CHILDREN
    return about(study).conference.many if "conference_id" in keys else _FORMS


def _family(study: Study, address: Address) -> Text:
    """Return what the tests are called among which a gamma is judged."""
    return family_of(study)[hypotheses(study)[GammaPlace(address.table, address.group, address.measure)]].title


def _difference(study: Study, figure: Figure, row: Mapping[str, Any]) -> Difference:
    address, other = Address.of(row), row["other_group"]
    value, low, high = (as_printed(study, figure, row[name], of_change=True) for name in ("value", "low", "high"))
    return Difference(
        _of(study, address, other), other, value, low, high, row["p"], REASONS[row["reason"]] if row["reason"] else None
    )


def _of(study: Study, address: Address, other: str) -> str:
    """Return what the first side of a difference is called: its table where the other is of an earlier one."""
    against = other_side(study, address, other)
    in_time = against is not None and against.table != address.table
    return numbered(study, address.table) if in_time else address.group or address.row


def as_printed(study: Study, figure: Figure, value: float | None, *, of_change: bool = False) -> str | None:
    """Print a limit, or a bound, as its figure is; a difference without the sign, since it is in percentage points."""
    if value is None or figure.printed == NOT_COMPUTABLE:
        return None
    number = figure.printed.removesuffix("%")
    text = spss(value, decimals_of(number), leading_zero=number != figure.printed)
    return written(study, text if of_change or number == figure.printed else f"{text}%")


def number(study: Study, value: float, decimals: int, *, leading_zero: bool = True) -> str:
    """Write a number that stands beside a figure."""
    return written(study, spss(value, decimals, leading_zero=leading_zero))


def about_clusters(study: Study, known: Spread) -> Text:
    """Say in one line what an interval rests on."""
    forms = Text(f"{known.forms} {known.counted.danish}", f"{known.forms} {known.counted.english}")
    # Where nothing says which forms belong together, each is a cluster of its own: said once.
    parts = [
        forms
        if known.unit == known.counted
        else Text(
            f"{known.clusters} {known.unit.danish}, {forms.danish}",
            f"{known.clusters} {known.unit.english}, {forms.english}",
        )
    ]
    if known.n_effective is not None:
        worth = number(study, known.n_effective, 1)
        parts.append(Text(f"så meget som {worth} uafhængige", f"as good as {worth} independent ones"))
    if known.design_effect is not None:
        effect = number(study, known.design_effect, 2)
        parts.append(Text(f"designeffekt {effect}", f"design effect {effect}"))
    if known.icc is not None:
        alike = number(study, known.icc, 3, leading_zero=False)
        parts.append(Text(f"intraklassekorrelation {alike}", f"intra-class correlation {alike}"))
    if known.error is not None and known.df is not None:
        error, df = number(study, known.error, 3), number(study, known.df, 0 if known.df == int(known.df) else 1)
        parts.append(Text(f"robust standardfejl {error} med {df} frihedsgrader", f"robust standard error {error} on {df} df"))
    return Text("; ".join(part.danish for part in parts), "; ".join(part.english for part in parts))


def about_test(study: Study, known: Spread) -> Text | None:
    """Say in one line what the robust test says; None where there is none."""
    if known.t is None or known.p is None:
        return None
    t, p = number(study, known.t, 3), number(study, known.p, 3, leading_zero=False)
    said = f"robust T = {t}, p = {p}"
    if known.q is None or known.tests is None or known.family is None:
        return Text(said, said)
    q, tests, family = number(study, known.q, 3, leading_zero=False), known.tests, known.family
    return Text(
        f"{said}; q = {q} blandt {tests} test (Benjamini og Hochberg): {family.danish}",
        f"{said}; q = {q} among {tests} tests (Benjamini and Hochberg): {family.english}",
    )
