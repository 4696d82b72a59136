"""The other statistics that a table asks for (`statistics:` in tables.yaml), of all its forms and of each of its groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from frs_pipeline.stats.clustered import Counts, Estimate
from frs_pipeline.stats.clustered_ordinal import somers_d, tau_b, tau_c
from frs_pipeline.stats.clustered_tests import bowker, cramers_v, rao_scott, stuart_maxwell
from frs_pipeline.study.other_statistics import Statistic
from frs_pipeline.study.tables import TOTAL, Address, Table
from frs_pipeline.tables.figures import NO_LABEL

if TYPE_CHECKING:
    from frs_pipeline.tables.clusters import ClusteredForms

# Each from counts (clusters, rows, columns).
_COMPUTED: Mapping[Statistic, Callable[[Counts], Estimate]] = {
    "chi2": rao_scott,
    "cramers_v": cramers_v,
    "somers_d": somers_d,
    "tau_b": tau_b,
    "tau_c": tau_c,
    "bowker": bowker,
    "stuart_maxwell": stuart_maxwell,
}


def others(table: Table, forms: ClusteredForms) -> list[tuple[Address, Estimate]]:
    """Estimate the other statistics of a table, in each group and in all, in the order in which the table names them.

    Their measures are their names in tables.yaml.
    """
    if not table.statistics:
        return []
    cells = forms.cells.astype(np.int64)
    strata = [(NO_LABEL, cells.sum(axis=1))]
    if table.group:
        labels = [category.label for category in table.group.categories]
        strata = [*((label, cells[:, place]) for place, label in enumerate(labels)), (TOTAL, cells.sum(axis=1))]
    return [
        (Address(table.number, NO_LABEL, NO_LABEL, label, name), _COMPUTED[name](counts))
        for label, counts in strata
        for name in table.statistics
    ]
