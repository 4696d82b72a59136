"""What sentences and figures of the report tell of the forms that no table prints, as `statistics/estimates.parquet` has it.

It is counted once, after the tables (`report.estimating`), and read by whoever makes pages: making them takes as long for a
million forms as for a thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import pyarrow as pa

from frs_pipeline.language import Language
from frs_pipeline.printed.certainty import Estimated, Spread
from frs_pipeline.printed.verdicts import of_float
from frs_pipeline.report.drawing.change import Difference
from frs_pipeline.report.intervals import Ends, in_percent
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import ESTIMATES
from frs_pipeline.study.about import about
from frs_pipeline.study.claims import Asked, Correlation, Pair, Value
from frs_pipeline.tables.figures import column

SCHEMA = pa.schema(
    [
        column("of", pa.string(), "what is estimated, in the words of the study's sentences", nullable=False),
        column("value", pa.float64(), "a share in per cent, a difference in points, or a gamma; null where nothing tells"),
        column("low", pa.float64(), "lower end of its interval (95 %), which knows which forms belong together; null where none"),
        column("high", pa.float64(), "upper end of its interval"),
        column("p", pa.float64(), "two-sided p: of a difference it knows them, too; of a gamma it takes forms for independent"),
        column("clusters", pa.int64(), "children (or conferences) whose forms it rests on; null where they weren't asked for"),
        column("marked", pa.bool_(), "whether its interval rests on very little", nullable=False),
        column("reason", pa.string(), "why there is no interval; null where there is one"),
        column("hits", pa.int64(), "forms that a share counts, where it was counted without an interval"),
        column("forms", pa.int64(), "forms that it is of, where it was counted without an interval"),
    ]
)


class Counted(NamedTuple):
    """A gamma or a share in per cent, exact, None where nothing tells; how many forms it rests on, and the p of a gamma.

    As in tables, p takes forms for independent.
    """

    exact: Fraction | None
    forms: int
    p: Fraction | None = None


@dataclass(frozen=True)
class Estimates:
    """What was estimated, by name: numbers that were counted for sentences, intervals of sentences, of bars and of changes.

    `ends` are by table and row, `moves` by the earlier and the later table and the row.
    """

    counted: Mapping[str, Counted] = field(default_factory=dict)
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    ends: Mapping[int, Mapping[str, Ends]] = field(default_factory=dict)
    moves: Mapping[tuple[int, int], Mapping[str, Difference]] = field(default_factory=dict)


def key(of: Pair | Asked) -> str:
    """Name what is counted for a sentence alone."""
    return of.model_dump_json()


def named(wanted: Estimated) -> str:
    """Name an interval by what it is of."""
    return " less ".join(name_of(value) for value in wanted if value is not None)


def name_of(value: Value) -> str:
    """Name the share or gamma that an interval is of."""
    of = value.share_of_forms or value.gamma
    assert of is not None, "only shares and gammas have an interval"
    return f"{type(of).__name__} {of.model_dump_json()}"


_BEST, _WORST, _MOVE = "best", "worst", "move"


def end_named(end: str, table: int, row: str) -> str:
    """Name one end of the bar of a row: the favourable answers together, or the unfavourable ones."""
    return json.dumps([end, table, row], ensure_ascii=False)


def best_and_worst(table: int, row: str) -> tuple[str, str]:
    """Name both ends of the bar of a row."""
    return end_named(_BEST, table, row), end_named(_WORST, table, row)


def move_named(tables: tuple[int, int], row: str) -> str:
    """Name how much larger the share of favourable answers of a row is in a later table than in an earlier one."""
    return json.dumps([_MOVE, *tables, row], ensure_ascii=False)


def estimates_of(store: Store) -> Estimates:
    """Read what was estimated of a delivery; nothing where its results have no such file, since an older program made them."""
    path = store.file(*ESTIMATES)
    return estimates_from(read(path).to_pylist() if path.exists() else [], about(store.study).language)


def estimates_from(made: Iterable[Mapping[str, Any]], language: Language) -> Estimates:
    """Gather estimates from their rows; limits of bars are written in a `language`."""
    rows = {row["of"]: row for row in made}
    counted: dict[str, Counted] = {}
    spreads: dict[str, Spread] = {}
    ends: dict[int, dict[str, Ends]] = {}
    moves: dict[tuple[int, int], dict[str, Difference]] = {}
    for name, row in rows.items():
        if row.get("forms") is not None:
            counted[name] = _counted(row)
        elif not name.startswith("["):
            spreads[name] = Spread(of_float(row["low"]), of_float(row["high"]), _exact(row["p"]))
        elif (place := json.loads(name))[0] == _MOVE:
            moves.setdefault((place[1], place[2]), {})[place[3]] = _difference(row)
        elif place[0] == _BEST:
            both = (in_percent(rows[each], language) for each in best_and_worst(place[1], place[2]))
            ends.setdefault(place[1], {})[place[2]] = Ends(*both)
    return Estimates(counted, spreads, ends, moves)


def of_gammas(rows: Iterable[Mapping[str, Any]]) -> dict[str, Spread]:
    """Return the intervals of gammas and of their differences by `named`, from rows of intervals.parquet."""
    found = {}
    for row in (one for one in rows if one["measure"] == "gamma" and one["low"] is not None):
        own, other = (Value(gamma=Correlation(table=row["table"], group=row[name] or "")) for name in ("group", "other_group"))
        low, high = of_float(row["low"]), of_float(row["high"])
        exact = _exact(row["p" if row["other_group"] else "q"])
        if row["other_group"]:
            found[named(Estimated(own, other))] = Spread(low, high, exact)
            found[named(Estimated(other, own))] = Spread(-high, -low, exact)
        else:
            found[named(Estimated(own))] = Spread(low, high, exact)
    return found


def _counted(row: Mapping[str, Any]) -> Counted:
    """Return a number as it was counted: a share from its forms, exactly."""
    hits, forms = row.get("hits"), row["forms"]
    if hits is not None:
        return Counted(Fraction(100 * hits, forms) if forms else None, forms)
    return Counted(_exact(row["value"]), forms, _exact(row.get("p")))


def _difference(row: Mapping[str, Any]) -> Difference:
    low, high = row["low"], row["high"]
    return Difference(row["value"], low, high, low is not None and (low > 0 or high < 0))


def _exact(number: float | None) -> Fraction | None:
    return None if number is None else of_float(number)
