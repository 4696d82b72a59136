"""How many forms of each cluster a table counts where: what errors that know the clusters are computed from.

A cluster is the child where the study links conferences, else the conference, else the form. Marts are read once, whatever
counts the tables; only forms in pairs are put together by the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from frs_pipeline.stats.clustered_means import Numbers
from frs_pipeline.store.files import MartFile, forms_in, schema_of
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study.boxes import TICKED
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.pairing import Pairing
from frs_pipeline.study.tables import Axis, Table
from frs_pipeline.tables.belonging import KEYS, key_of
from frs_pipeline.tables.counting import OCCASION
from frs_pipeline.tables.engine import fetch, open_marts
from frs_pipeline.tables.pairing import with_pairs

_BLANK = np.int16(-(2**15))

# A scale may have 255 answers.
Places = NDArray[np.int16]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ClusteredForms:
    """Forms of a table per cluster; the first axis of each array is the cluster, in the same order for all tables.

    `cells` (clusters, groups, rows, columns) has one group where the table has none, and one column where it asks one question;
    of a table of boxes they are ticks. `every` (clusters,) are all forms that the table is about, with those that left its
    question blank; `cases` (clusters, groups) are forms with any tick; `numbers` has the numbers of a summary, by group.
    """

    cells: NDArray[np.int32]
    every: NDArray[np.int32]
    cases: NDArray[np.int32] | None = None
    numbers: tuple[Numbers, ...] = ()


@dataclass
class _Forms:
    """Forms of a mart, or of its pairs: their columns, and the cluster of each (forms,)."""

    columns: pa.Table
    cluster: NDArray[np.int64]
    _codes: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    _places: dict[tuple[object, ...], Places] = field(default_factory=dict)

    def codes(self, name: str) -> NDArray[np.int16]:
        """Return the answers to a question (forms,), `_BLANK` where there is none."""
        if name not in self._codes:
            column = self.columns[name]
            self._codes[name] = column.cast(pa.int16()).fill_null(pa.scalar(int(_BLANK), pa.int16())).to_numpy()
        return self._codes[name]

    def places(self, axis: Axis) -> Places:
        """Return which category of an axis each form is in (forms,); -1 for none."""
        key = (axis.variable, axis.categories)
        if key not in self._places:
            table = np.full(2**16, -1, dtype=np.int16)
            for place, category in enumerate(axis.categories):
                table[np.array(category.codes, dtype=np.int16).view(np.uint16)] = place
            self._places[key] = table[self.codes(axis.variable).view(np.uint16)]
        return self._places[key]

    def about(self, table: Table) -> Mask:
        """Return which forms a table is about (forms,): those of its occasion that answered what it requires as it requires."""
        kept = np.ones(len(self.cluster), dtype=bool)
        if table.occasion != BOTH:
            kept &= pc.equal(self.columns[OCCASION], table.occasion).fill_null(False).to_numpy()
        for name, codes in table.where:
            kept &= np.isin(self.codes(name), np.array(sorted(codes), dtype=np.int16))
        for name in table.answered:
            kept &= self.codes(name) != _BLANK
        return kept


def clustered(
    tables: Iterable[Table], marts: Mapping[str, Sequence[MartFile]], engine: Engine = DUCKDB
) -> Iterator[tuple[Table, ClusteredForms]]:
    """Count the forms of each table by cluster, in the order of marts; `marts` has those that the tables read."""
    tables = list(tables)
    clusters = _Clusters(marts)
    sources = dict.fromkeys((table.marts, table.pairing) for table in tables)
    for names, pairing in sources:
        mine = [table for table in tables if (table.marts, table.pairing) == (names, pairing)]
        parts = [_forms(mine, mart, pairing, marts, clusters, engine) for mart in names]
        for table in mine:
            yield table, _together([_counted(table, part, clusters.number) for part in parts])


class _Clusters:
    """The clusters of all marts: those that forms name in the order in which they come, then each form that names none."""

    def __init__(self, marts: Mapping[str, Sequence[MartFile]]) -> None:
        keys = {mart: _keys(files) for mart, files in marts.items()}
        chunks = [chunk for of_mart in keys.values() for chunk in of_mart.chunks]
        self._names = pa.chunked_array(chunks, pa.string()).drop_null().unique()
        self.number = len(self._names)
        self.of: dict[str, NDArray[np.int64]] = {}
        for mart, of_mart in keys.items():
            numbers = self.named(of_mart)
            alone = numbers < 0
            numbers[alone] = self.number + np.arange(np.count_nonzero(alone))
            self.number += int(np.count_nonzero(alone))
            self.of[mart] = numbers

    def named(self, keys: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the number of the cluster that each form names (forms,); -1 for a form that names none."""
        found: NDArray[np.int64] = pc.index_in(keys, value_set=self._names).cast(pa.int64()).fill_null(-1).to_numpy().copy()
        return found


def _keys(files: Sequence[MartFile]) -> pa.ChunkedArray:
    """Read what the forms of a mart have in common with others (forms,)."""
    return pa.chunked_array([chunk for file in files for chunk in key_of(_read(file, [])).chunks], pa.string())


def _read(file: MartFile, names: Sequence[str]) -> pa.Table:
    present = set(schema_of(file.path).names)
    wanted = dict.fromkeys((*(key for key in KEYS if key in present), *names))
    # Where forms have nothing in common, there are at least as many keys as forms.
    return forms_in(file, list(wanted) if wanted else [schema_of(file.path).names[0]])


def _forms(
    tables: Sequence[Table],
    mart: str,
    pairing: Pairing | None,
    marts: Mapping[str, Sequence[MartFile]],
    clusters: _Clusters,
    engine: Engine,
) -> _Forms:
    """Read what tables ask of the forms of a mart, or of their pairs."""
    asked = (
        *(name for table in tables for name in table.needed),
        *([OCCASION] if any(t.occasion != BOTH for t in tables) else ()),
    )
    if pairing is None:
        rows = pa.concat_tables([_read(file, asked) for file in marts[mart]], promote_options="permissive")
        return _Forms(rows, clusters.of[mart])
    opened = open_marts({name: marts[name] for name in dict.fromkeys((mart, pairing.partner))}, engine)
    forms = with_pairs(pairing, opened[mart], opened[pairing.partner])
    made = {pairing.change, pairing.form}
    wanted = dict.fromkeys((*(key for key in KEYS if key in forms.columns), *(name for name in asked if name not in made)))
    rows = fetch(forms.select(*wanted))
    # Forms that name no cluster have no pair, and count nowhere.
    return _Forms(rows, np.maximum(clusters.named(key_of(rows)), 0))


def _counted(table: Table, forms: _Forms, clusters: int) -> ClusteredForms:
    """Count the forms of a mart that a table counts, by cluster."""
    kept = forms.about(table)
    every = _sum(forms.cluster[kept], clusters)
    groups = len(table.group.categories) if table.group else 1
    group = forms.places(table.group) if table.group else np.zeros(len(kept), dtype=np.int16)
    kept &= group >= 0
    if table.row.boxes:
        return ClusteredForms(*_ticks(table.row, forms, kept, group, (clusters, groups), every))
    if table.row.numbers:
        numbers = tuple(_numbers(table, forms, kept & (group == place), clusters) for place in range(groups))
        return ClusteredForms(np.zeros((clusters, groups, 0, 1), dtype=np.int32), every, None, numbers)
    row = forms.places(table.row)
    column = forms.places(table.column) if table.column else np.zeros(len(kept), dtype=np.int16)
    kept &= (row >= 0) & (column >= 0)
    shape = (groups, len(table.row.categories), len(table.column.categories) if table.column else 1)
    cell = np.ravel_multi_index((group[kept], row[kept], column[kept]), shape)
    counted = np.bincount(forms.cluster[kept] * int(np.prod(shape)) + cell, minlength=clusters * int(np.prod(shape)))
    return ClusteredForms(counted.astype(np.int32).reshape(clusters, *shape), every)


def _ticks(
    axis: Axis, forms: _Forms, kept: Mask, group: Places, shape: tuple[int, int], every: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Count ticks in each box and forms with any, by cluster and group."""
    clusters, groups = shape
    at = forms.cluster * groups + group
    ticked = [kept & np.isin(forms.codes(box), np.array(sorted(TICKED))) for box in axis.boxes]
    ticks = [_sum(at[box], clusters * groups).reshape(clusters, groups) for box in ticked]
    cases = _sum(at[np.logical_or.reduce(ticked)], clusters * groups).reshape(clusters, groups)
    return np.stack(ticks, axis=-1)[..., np.newaxis], every, cases


def _numbers(table: Table, forms: _Forms, kept: Mask, clusters: int) -> Numbers:
    """Add up the numbers of a summary by cluster; those that it doesn't count aren't among them."""
    span = table.row.numbers
    assert span is not None
    column = forms.columns[table.row.variable]
    value_set = [value for value in column.unique().to_pylist() if value is not None and value in span]
    counted = kept & pc.is_in(column, value_set=pa.array(value_set, column.type)).to_numpy()
    values = column.cast(pa.float64()).fill_null(0.0).to_numpy()[counted]
    cluster = forms.cluster[counted]
    sums, squares, sizes = (np.zeros(clusters) for _ in range(3))
    for added, each in ((sums, values), (squares, values**2), (sizes, np.ones(len(values)))):
        added += np.bincount(cluster, weights=each, minlength=clusters)
    return Numbers(sums, squares, sizes)


def _sum(cluster: NDArray[np.int64], clusters: int) -> NDArray[np.int32]:
    return np.bincount(cluster, minlength=clusters).astype(np.int32)


def _together(parts: Sequence[ClusteredForms]) -> ClusteredForms:
    """Add up the forms of several marts."""
    if len(parts) == 1:
        return parts[0]
    first, *others = parts
    cells, every = first.cells, first.every
    for other in others:
        cells, every = cells + other.cells, every + other.every
    return ClusteredForms(cells, every)
