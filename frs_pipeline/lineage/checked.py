"""The checks that a figure has passed: those repeated when its passport is asked for, and those that files vouch for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frs_pipeline.language import plural
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.meaning import Meaning
from frs_pipeline.lineage.pairs import Pairs
from frs_pipeline.lineage.ties import printed_cells
from frs_pipeline.lineage.waterfall import Waterfall
from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.gamma import goodman_kruskal, partial
from frs_pipeline.stats.summary import Counted, summary
from frs_pipeline.store.plan import table_key
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.tables import Table
from frs_pipeline.tables.figures import Figure


@dataclass(frozen=True)
class Check:
    """One check: whether it passed, and the numbers that say so. One that only `warns` makes no figure wrong."""

    name: str
    passed: bool
    says: str
    warns: bool = False


@dataclass(frozen=True)
class Recounted:
    """A figure with what its meaning comes to when it is counted again."""

    table: Table
    figure: Figure
    meaning: Meaning
    fall: Waterfall
    pairs: Pairs | None
    numbers: Counted | None


def checks(asking: Asking, recounted: Recounted, additions: Sequence[bool], elsewhere: Sequence[bool]) -> tuple[Check, ...]:
    """Make all checks of one figure; `additions` and `elsewhere` say whether its sums hold and its other places agree."""
    evidence, table, fall = asking.evidence, recounted.table, recounted.fall
    taken, delivered = sum(forms for _, forms in fall.taken), sum(fall.delivered.values())
    files = (table_key(table.number), *(("marts", mart) for mart in table.reads))
    which = "these conferences" if CONFERENCE in table.marts else "these forms"
    result = [
        Check("nothing lost", *_layers(evidence, table)),
        Check("waterfall closes", fall.closes, f"{delivered} − {taken} = {plural(fall.left, _one(table))}"),
        Check("recounted", _recomputed(recounted) == recounted.figure.value, f"{which}, counted again, give the same value"),
        Check("base ties out", *_base(asking, table)),
        *_each("sums hold", additions),
        *_each("same fact, same number", elsewhere),
        *_from_printed(evidence, recounted.figure),
        *(_promises(evidence, mart) for mart in table.reads),
        Check("files as in the manifest", all(map(evidence.as_noted, files)), ", ".join("/".join(key) for key in files)),
    ]
    return tuple(result)


def _from_printed(evidence: Evidence, figure: Figure) -> Iterator[Check]:
    """Check a correlation against every table that prints the cells it is computed from."""
    for cells in printed_cells(evidence.study, figure.address):
        counts = [[int(evidence.figures[at].value or 0) for at in line] for line in cells]
        passed = getattr(goodman_kruskal(counts), figure.measure) == figure.value
        yield Check("follows from a printed table", passed, f"the cells that table {cells[0][0].table} prints give it")


def _each(name: str, results: Sequence[bool]) -> list[Check]:
    """Make one check of several of a kind; none where there are none."""
    return [Check(name, all(results), f"{sum(results)} of {len(results)}")] if results else []


def _promises(evidence: Evidence, mart: str) -> Check:
    kept, made = evidence.promises.get(mart, (0, 0))
    return Check("promises of the mart", kept == made, f"{kept} of {made} of {mart}", warns=True)


def _base(asking: Asking, table: Table) -> tuple[bool, str]:
    """Compare the base that the reconciliation found with what the table's definition leaves."""
    own, noted = asking.base(table), asking.evidence.bases[table.number]
    return own == noted, f"table {table.number} counts {plural(own, _one(table))} in all, as statistics/bases has it"


def _one(table: Table) -> str:
    """Return what one row of a table's marts is called."""
    return "conference" if CONFERENCE in table.marts else "form"


def _layers(evidence: Evidence, table: Table) -> tuple[bool, str]:
    """Compare the numbers of accepted forms in all layers, questionnaire by questionnaire; those of conferences in both."""
    if CONFERENCE in table.marts:
        registered, held = evidence.conferences
        return registered == held, f"{registered} = {held} conferences in the register, in the mart"
    counts = [tuple(evidence.layers[mart].values()) for mart in table.marts]
    says = "; ".join(f"{mart}: {' = '.join(map(str, own))} forms" for mart, own in zip(table.marts, counts, strict=True))
    return all(len(set(own)) == 1 for own in counts), f"{says} validated, pseudonymised, in the mart"


def _recomputed(recounted: Recounted) -> float | None:
    """Compute the figure's value from the forms that the waterfall leaves."""
    fall, meaning = recounted.fall, recounted.meaning
    if recounted.numbers is not None:
        assert meaning.numbers is not None
        assert meaning.numbers.numbers is not None
        return summary(recounted.numbers, meaning.numbers.numbers.decimals)[meaning.measure]
    if recounted.pairs is None:
        return fall.number if fall.whole is None else percent(fall.number, fall.whole)
    tables = [stratum.cells for stratum in recounted.pairs.strata]
    if meaning.strata is not None:
        return partial(tables).gamma
    value: float | None = getattr(goodman_kruskal(tables[0]), meaning.measure)
    return value
