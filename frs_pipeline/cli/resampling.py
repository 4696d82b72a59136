"""`frs bootstrap`: errors by resampling beside those that are computed, as a cross-check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FIGURES, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError

if TYPE_CHECKING:
    from frs_pipeline.study import Study
    from frs_pipeline.tables.resampled import Resampled

_HELP = """Compute the errors of a table's shares, means and gammas once more, by resampling conferences: a cross-check.

What the pipeline shows are errors and intervals by formula; no interval is made of replicates, which would be too short where \
conferences are few. The two errors should differ by a few per cent; of a share of few hits, or a gamma near 1 or -1, by more. \
Where forms say whose child they are about, what is drawn is the child, with all its conferences.

Of each gamma, the lines below say whether answers go together among people of the same conference and role, by shuffling them. \
That is another question than whether gamma is 0: what goes together between conferences, or between roles, is nothing to it.
"""
_ASKS = (
    "Within conference and role asks: of people in the same role at the same conference, do those with one answer tend to the "
    "other? It says nothing of what conferences, or roles, have in common, which gamma counts."
)


@app.command(rich_help_panel=FIGURES, help=_HELP)
def bootstrap(
    table: Annotated[int, typer.Argument(metavar="TABLE", help="Table number.")],
    samples: Annotated[int, typer.Option(metavar="N", min=100, max=100_000, help="How many replicates.")] = 2000,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The same seed makes the same replicates.")] = 1,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Print the errors of a table's figures, computed and resampled."""
    from frs_pipeline.study.tables import catalogue
    from frs_pipeline.tables.resampled import resampled

    results = Results(delivery, together=True)
    tables = catalogue(results.study)
    if table not in tables:
        raise UsageError("no such table", where=str(table), do=f"tables run from 1 to {max(tables)}")
    chosen = tables[table]
    for mart in chosen.reads:
        # Of several deliveries together, those hold what they have in common.
        if ("marts", mart) in results.store.products:
            results.file(("marts", mart))
    marts = {mart: results.store.marts(mart) for mart in chosen.reads}
    found = resampled(results.study, chosen, marts, samples, seed, results.store.settings.engine)
    if not found:
        raise UsageError("the table has no share, mean or gamma to resample", where=f"table {table}", do="name another")
    if as_json:
        print_json([_for_programs(one) for one in found])
        return
    _print(results.study, found, samples, seed)


def _for_programs(one: Resampled) -> dict[str, Any]:
    made, drawn, within = one.estimate, one.bootstrap, one.within
    return {
        **one.address._asdict(),
        "value": made.value,
        "error": made.error,
        "method": made.method,
        "clusters": made.clusters,
        "bootstrap_error": drawn.error,
        "samples": drawn.samples,
        "without_value": drawn.without,
        "within": None if within is None else within._asdict(),
    }


def _print(study: Study, found: list[Resampled], samples: int, seed: int) -> None:
    from frs_pipeline.lineage.recount_spread import cluster
    from frs_pipeline.study.about import written
    from frs_pipeline.study.tables import catalogue

    number = found[0].address.table
    header = ("figure", "value", "clusters", "error", "by", "resampled", "of the computed", "without a value")
    lines = [
        [
            _called(one),
            written(study, _figure(one, one.estimate.value, 3)),
            str(one.estimate.clusters),
            written(study, _figure(one, one.estimate.error, 4)),
            "" if one.estimate.error is None else one.estimate.method.replace("_", ", "),
            written(study, _figure(one, one.bootstrap.error, 4)),
            written(study, _ratio(one)),
            str(one.bootstrap.without),
        ]
        for one in found
    ]
    under = (
        f"{samples} replicates, seed {seed}: a cross-check of errors, which no interval is made of. Shares and their errors are "
        "between 0 and 1."
    )
    print_grid(f"Table {number}: errors, computed and resampled", header, lines, under)
    # Where no number says which forms belong together, there is nothing to shuffle within.
    tested = (
        [one for one in found if one.within is not None] if cluster(study, catalogue(study)[number].marts) != "form_id" else []
    )
    for one in tested:
        say(f"  {_called(one)}: {_within(study, one)}")
    if tested:
        say(f"\n  {_ASKS}")


def _called(one: Resampled) -> str:
    address = one.address
    parts = [part for part in (address.group, address.row, address.column) if part]
    return " · ".join([*parts, *([address.measure.replace("_", " ")] if not parts or "gamma" in address.measure else [])])


def _figure(one: Resampled, value: float | None, decimals: int) -> str:
    from frs_pipeline.stats.printing import spss

    return "not computable" if value is None else spss(value, decimals, leading_zero=one.address.measure == "mean")


def _ratio(one: Resampled) -> str:
    from frs_pipeline.stats.printing import spss

    error, drawn = one.estimate.error, one.bootstrap.error
    return "" if not error or drawn is None else spss(drawn / error, 3, leading_zero=True)


def _within(study: Study, one: Resampled) -> str:
    from frs_pipeline.stats.printing import spss
    from frs_pipeline.study.about import written

    within = one.within
    assert within is not None
    if within.gamma is None or within.p is None:
        return "within conference and role: no two such forms differ in both answers"
    value, p = (
        written(study, spss(number, decimals, leading_zero=False)) for number, decimals in ((within.gamma, 3), (within.p, 4))
    )
    return (
        f"within conference and role: p = {p} ({within.forms} forms shuffled, in {within.strata} groups); "
        f"gamma of pairs within conferences {value}"
    )
