"""The other statistics of a table: which are computed of which forms, and where they stand."""

from __future__ import annotations

import numpy as np
import pytest
from support.study import STUDY

from frs_pipeline.stats.clustered_ordinal import somers_d, tau_b
from frs_pipeline.stats.clustered_tests import bowker, cramers_v, rao_scott, stuart_maxwell
from frs_pipeline.study.other_statistics import OTHERS
from frs_pipeline.study.tables import Address, read_catalogue
from frs_pipeline.tables.clusters import ClusteredForms
from frs_pipeline.tables.others import _COMPUTED, others

pytestmark = pytest.mark.unit

CATALOGUE = """\
tables:
  - {number: 1, title: One, kind: crosstab, mart: participant_first, row: role, column: belief, percent: row,
     statistics: [cramers_v, chi2]}
  - {number: 2, title: Two, kind: correlation_by_group, mart: participant_first, row: belief, column: overall, group: role,
     statistics: [somers_d, tau_b]}
  - {number: 3, title: Three, kind: change, mart: participant_first, variable: overall, from: first, to: followup, group: role,
     statistics: [bowker, stuart_maxwell]}
  - {number: 4, title: Four, kind: correlation, mart: participant_first, row: belief, column: overall}
"""


@pytest.fixture
def tables(tmp_path):
    path = tmp_path / "tables.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return read_catalogue(STUDY, path)


def forms(table, groups=1):
    """Made-up counts of 40 clusters for a table."""
    shape = (40, groups, len(table.row.categories), len(table.column.categories))
    cells = np.random.default_rng(table.number).poisson(0.3, shape).astype(np.int32)
    return ClusteredForms(cells, cells.sum(axis=(1, 2, 3), dtype=np.int32))


def test_every_statistic_that_a_table_may_name_is_computed():
    assert list(_COMPUTED) == list(OTHERS)


def test_a_table_without_groups_has_each_statistic_once_in_the_order_of_its_yaml(tables):
    counted = forms(tables[1])
    assert others(tables[1], counted) == [
        (Address(1, "", "", "", "cramers_v"), cramers_v(counted.cells[:, 0])),
        (Address(1, "", "", "", "chi2"), rao_scott(counted.cells[:, 0])),
    ]


def test_a_table_with_groups_has_them_of_each_group_and_of_all(tables):
    counted = forms(tables[2], 5)
    found = others(tables[2], counted)
    labels = [*(c.label for c in tables[2].group.categories), "Total"]
    assert [address for address, _ in found] == [Address(2, "", "", g, name) for g in labels for name in ("somers_d", "tau_b")]
    made = dict(found)
    assert made[Address(2, "", "", "far", "tau_b")] == tau_b(counted.cells[:, 2])
    assert made[Address(2, "", "", "Total", "somers_d")] == somers_d(counted.cells.sum(axis=1))


def test_a_table_of_change_is_tested_before_against_after(tables):
    counted = forms(tables[3], 5)
    made = dict(others(tables[3], counted))
    assert len(made) == 12
    assert made[Address(3, "", "", "barn", "bowker")] == bowker(counted.cells[:, 0])
    assert made[Address(3, "", "", "Total", "stuart_maxwell")] == stuart_maxwell(counted.cells.sum(axis=1))


def test_a_table_that_names_none_has_none(tables):
    assert others(tables[4], forms(tables[4])) == []


def test_what_a_statistic_is_called_is_in_both_languages_and_says_which_d_is_meant():
    assert all(about.called.danish and about.called.english for about in OTHERS.values())
    assert "column given the row" in OTHERS["somers_d"].called.english
    assert "kolonnen givet rækken" in OTHERS["somers_d"].called.danish
