"""Errors of a table's figures by resampling, beside those that are computed: a cross-check, which no page shows.

Also, of each gamma, the test by shuffling within conference and role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from frs_pipeline.stats import bootstrap, permutation
from frs_pipeline.stats.bootstrap import Bootstrap, Weights
from frs_pipeline.stats.clustered import Counts, Estimate, Floats
from frs_pipeline.stats.permutation import Within
from frs_pipeline.store.files import MartFile
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.countable import countable
from frs_pipeline.study.tables import TOTAL, Address, Axis, Category, Table
from frs_pipeline.tables.clusters import ClusteredForms, clustered
from frs_pipeline.tables.intervals import intervals


class Resampled(NamedTuple):
    """A figure with its computed error (in `estimate`) and that of replicates; of a gamma also the test within strata."""

    address: Address
    estimate: Estimate
    bootstrap: Bootstrap
    within: Within | None = None


def resampled(
    study: Study,
    table: Table,
    marts: Mapping[str, Sequence[MartFile]],
    samples: int = bootstrap.SAMPLES,
    seed: int = bootstrap.SEED,
    engine: Engine = DUCKDB,
) -> list[Resampled]:
    """Resample the shares, means and gammas of a table; `marts` has those that it reads. The same for the same seed."""
    parts = _by_role(study, table)
    (_, forms), *others = clustered([table, *parts.values()], marts, engine)
    by_role = dict(zip(parts, (part.cells for _, part in others), strict=True))
    drawn = bootstrap.weights(len(forms.every), samples, seed)
    found = []
    made = {interval.address: interval.estimate for interval in intervals(study, table, forms) if not interval.other}
    for address, values in _replicates(table, forms, drawn):
        estimate = made[address]
        within = None
        if address.measure == "gamma":
            within = permutation.within(by_role.get(address.group, _own(table, forms, address.group)), seed=seed)
        found.append(Resampled(address, estimate, bootstrap.bootstrap(values, estimate.clusters), within))
    return found


def _own(table: Table, forms: ClusteredForms, group: str) -> Counts:
    """Return the counts (clusters, groups, rows, columns) of a group of a table, or of all of its groups."""
    if table.group is None or group == TOTAL:
        return forms.cells
    place = [category.label for category in table.group.categories].index(group)
    return forms.cells[:, [place]]


def _by_role(study: Study, table: Table) -> dict[str, Table]:
    """Break each gamma down by role, by the label of its group; nothing where the table does so, or nobody says a role."""
    role = about(study).role
    questions = [countable(study)[mart].question(role) for mart in table.marts] if role else []
    question = questions[0] if questions else None
    gammas = table.kind in ("correlation", "correlation_by_group")
    if not gammas or question is None or (table.group is not None and table.group.variable == question.name):
        return {}
    roles = tuple(Category(label=label, codes=(code,)) for code, label in question.labels.items())
    axis = Axis(variable=question.name, categories=roles)
    if table.group is None:
        return {"": table.model_copy(update={"group": axis})}
    limits = {category.label: frozenset(category.codes) for category in table.group.categories}
    limits[TOTAL] = frozenset().union(*limits.values())
    name = table.group.variable
    return {
        label: table.model_copy(update={"group": axis, "where": (*table.where, (name, codes))}) for label, codes in limits.items()
    }


def _replicates(table: Table, forms: ClusteredForms, drawn: Weights) -> Iterator[tuple[Address, Floats]]:
    """Compute every replicate of each figure, from weights (samples, clusters)."""
    if table.kind in ("correlation", "correlation_by_group"):
        for group in table.groups:
            cells = _own(table, forms, group).sum(axis=1, keepdims=True, dtype=np.int64)
            yield Address(table.number, "", "", group, "gamma"), bootstrap.gammas(drawn, cells)
        if table.kind == "correlation_by_group":
            yield Address(table.number, "", "", TOTAL, "partial_gamma"), bootstrap.gammas(drawn, forms.cells)
        return
    for address, above, below in _ratios(table, forms):
        yield address, bootstrap.ratios(drawn, above, below)


def _ratios(table: Table, forms: ClusteredForms) -> Iterator[tuple[Address, Counts | Floats, Counts | Floats]]:
    """Yield what shares and means are ratios of, each (clusters,)."""
    labels = [category.label for category in table.row.categories]
    groups = list(enumerate(table.groups))
    if table.kind in ("frequency", "distribution"):
        answers = forms.cells[:, 0, :, 0]
        measure = "percent" if table.kind == "distribution" else "valid_percent"
        for place, label in enumerate(labels):
            yield Address(table.number, label, "", "", measure), answers[:, place], answers.sum(axis=1)
    elif table.kind == "summary":
        for place, group in groups:
            own = forms.numbers if group == TOTAL else [forms.numbers[place]]
            sums, sizes = (np.sum([getattr(numbers, part) for numbers in own], axis=0) for part in ("sums", "sizes"))
            yield Address(table.number, "", "", group, "mean"), sums, sizes
    elif table.kind == "multiple":
        assert forms.cases is not None
        for place, group in groups:
            places = [*range(forms.cells.shape[1])] if group == TOTAL else [place]
            ticks, cases = forms.cells[:, places, :, 0].sum(axis=1), forms.cases[:, places].sum(axis=1)
            for box, label in enumerate(labels):
                yield Address(table.number, label, "", group, "case_percent"), ticks[:, box], cases
    elif table.kind != "change":
        yield from _percentages(table, forms.cells[:, 0].astype(np.int64))


def _percentages(table: Table, counts: Counts) -> Iterator[tuple[Address, Counts, Counts]]:
    """Yield hits and forms of the percentages of a crosstab, from counts (clusters, rows, columns)."""
    assert table.column is not None
    of = {"row": counts.sum(axis=2)[:, :, np.newaxis], "column": counts.sum(axis=1)[:, np.newaxis]}
    whole = np.broadcast_to(of.get(table.percent or "", counts.sum(axis=(1, 2))[:, np.newaxis, np.newaxis]), counts.shape)
    for i, row in enumerate(table.row.categories):
        for j, column in enumerate(table.column.categories):
            address = Address(table.number, row.label, column.label, "", f"{table.percent or 'total'}_percent")
            yield address, counts[:, i, j], whole[:, i, j]
