"""Recomputed figures compared with the printed ones, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from frs_pipeline.printed.contradictions import not_reproducible
from frs_pipeline.stats.printing import round_half_away, spss
from frs_pipeline.study import Study
from frs_pipeline.study.printed import decimals, printed_from, published, value
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import ADDRESS, Figure, column

EQUAL, DIFFERS, NOT_REPRODUCIBLE = "equal", "differs", "not reproducible"
NOT_COMPUTED = "not computed"

COMPARE = pa.schema(
    [
        *ADDRESS,
        column("printed_published", pa.string(), "as the report prints it", nullable=False),
        column("printed_recomputed", pa.string(), "from the forms, with as many decimals", nullable=False),
        column("verdict", pa.string(), "equal, differs or not reproducible", nullable=False),
        column("reason", pa.string(), "the contradiction in the report, where the figure is not reproducible"),
        column("reason_danish", pa.string(), "the same in Danish"),
    ]
)


def compare(study: Study, figures: Iterable[Figure], table: int | None = None) -> pa.Table:
    """Make one row per printed figure (`COMPARE`), of one table or of all, in the order of the report.

    A figure that no data can agree with is `not reproducible`, with the contradiction in the report as its
    reason; but where the data agree all the same, it is `equal`.
    """
    computed = {f.address: f for f in figures}
    return pa.Table.from_pylist(list(_rows(study, computed, table)), schema=COMPARE)


def compare_delivery(study: Study, delivery: str, figures: Iterable[Figure], table: int | None = None) -> pa.Table:
    """Do the same for one delivery: no rows unless the report was printed from it."""
    return compare(study, figures, table) if printed_from(study, delivery) else COMPARE.empty_table()


def _rows(study: Study, computed: dict[Address, Figure], table: int | None) -> Iterator[dict[str, object]]:
    contradictions = not_reproducible(study)
    for key, printed in published(study).items():
        if table not in (None, key.table):
            continue
        figure = computed.get(key)
        same = figure is not None and _agrees(figure, printed)
        verdict = EQUAL if same else NOT_REPRODUCIBLE if key in contradictions else DIFFERS
        contradiction = contradictions[key] if verdict == NOT_REPRODUCIBLE else None
        yield {
            "table": key.table,
            **{name: getattr(key, name) or None for name in ("row", "column", "group")},
            "measure": key.measure,
            "printed_published": printed,
            "printed_recomputed": NOT_COMPUTED if figure is None else as_printed(figure, printed),
            "verdict": verdict,
            "reason": contradiction and contradiction.reason.english,
            "reason_danish": contradiction and contradiction.reason.danish,
        }


def _agrees(figure: Figure, printed: str) -> bool:
    return figure.value is not None and round_half_away(figure.value, decimals(printed)) == value(printed)


def as_printed(figure: Figure, printed: str) -> str:
    """Write a recomputed figure with as many decimals as the report gives it."""
    if figure.value is None or figure.measure in ("count", "n"):
        return figure.printed
    text = spss(figure.value, decimals(printed), leading_zero=not figure.printed.lstrip("-").startswith(","))
    return f"{text}%" if printed.endswith("%") else text


def summary(rows: pa.Table) -> dict[str, int]:
    """Count the figures of each verdict."""
    verdicts = rows["verdict"].to_pylist()
    return {verdict: verdicts.count(verdict) for verdict in (EQUAL, DIFFERS, NOT_REPRODUCIBLE)}
