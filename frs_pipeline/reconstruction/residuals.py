"""How near the made-up forms came to the printed correlations, recomputed with the reference formulas."""

from __future__ import annotations

from collections.abc import Iterator

from frs_pipeline.reconstruction.population import Population
from frs_pipeline.stats.printing import decimals_of, round_half_away
from frs_pipeline.study import Study
from frs_pipeline.study.printed import published, value
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.counting import Counts
from frs_pipeline.tables.figures import figures


def residuals(study: Study, population: Population) -> Iterator[str]:
    """Yield a line for each printed figure of a correlation that the forms don't give, with what they give instead."""
    for table in catalogue(study).values():
        if table.marts != (population.instrument,) or not table.kind.startswith("correlation"):
            continue
        counts: Counts = {}
        for codes in zip(*(population.forms[name] for name in table.variables), strict=True):
            key = tuple(code or None for code in codes)
            counts[key] = counts.get(key, 0) + 1
        for figure in figures(table, counts):
            printed = published(study).get(figure.address)
            if printed is None or figure.value is None:
                continue
            if round_half_away(figure.value, decimals_of(printed)) != value(printed):
                group = f" ({figure.group})" if figure.group else ""
                yield f"table {table.number}{group} {figure.measure}: printed {printed}, made {figure.printed}"
