"""Two thousand replicates of all gammas of the shipped delivery: weights times counts, against resampling rows.

The peers draw the same conferences and gather their forms, one replicate at a time: pandas merges and crosses them, numpy takes
rows of arrays and counts cells. They have fewer replicates, for which as many times the time is reckoned, and must find the same
gammas. Within a round all take turns; ratios are the medians of the rounds'. Usage: python bootstrap.py [--rounds N].
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from intervals import refreshed
from numpy.typing import NDArray
from sizes import NAME, Result, watched

SAMPLES, ROUNDS = 2000, 3
# So many replicates have the peers.
BY_PANDAS, BY_NUMPY = 2, 40


@dataclass(frozen=True)
class Crossed:
    """The forms of a gamma: counts (clusters, 1, rows, columns), and row by row, in the order of their clusters."""

    counts: NDArray[np.int32]
    cluster: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]


def gammas_of() -> list[Crossed]:
    """Count the forms of all gammas of the delivery of FRS_DATA_DIR, by group and of all groups together."""
    from frs_pipeline.store.files import Store
    from frs_pipeline.store.settings import Settings, find_study
    from frs_pipeline.study.tables import catalogue
    from frs_pipeline.tables.clusters import clustered

    store = Store(Settings.from_environment(find_study()), NAME)
    tables = [table for table in catalogue(store.study).values() if table.kind in ("correlation", "correlation_by_group")]
    marts = {name: store.marts(name) for table in tables for name in table.reads}
    found = []
    for table, forms in clustered(tables, marts):
        groups = range(forms.cells.shape[1])
        places = [[place] for place in groups] + ([[*groups]] if table.group else [])
        for own in places:
            counts = forms.cells[:, own].sum(axis=1, keepdims=True)
            cluster, cell = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts[0].size)
            row, column = np.divmod(cell, counts.shape[3])
            found.append(Crossed(counts, cluster, row, column))
    return found


def by_frs(crossed: list[Crossed], drawn: NDArray[np.floating]) -> list[NDArray[np.float64]]:
    from frs_pipeline.stats.bootstrap import gammas

    return [gammas(drawn, one.counts) for one in crossed]


def by_numpy(crossed: list[Crossed], drawn: NDArray[np.floating]) -> list[NDArray[np.float64]]:
    """Gather the rows of the clusters that are drawn, and count cells."""
    found = []
    for one in crossed:
        rows, columns = one.counts.shape[2:]
        cell = one.row * columns + one.column
        bounds = np.searchsorted(one.cluster, np.arange(len(one.counts) + 1))
        values = []
        for times in drawn.astype(np.int64):
            chosen = np.repeat(np.arange(len(times)), times)
            sizes = bounds[chosen + 1] - bounds[chosen]
            starts = np.repeat(bounds[chosen] - np.concatenate([[0], sizes.cumsum()[:-1]]), sizes)
            taken = cell[starts + np.arange(sizes.sum())]
            values.append(gamma(np.bincount(taken, minlength=rows * columns).reshape(rows, columns)))
        found.append(np.array(values))
    return found


def by_pandas(crossed: list[Crossed], drawn: NDArray[np.floating]) -> list[NDArray[np.float64]]:
    """Merge the clusters that are drawn with their forms, and cross these."""
    import pandas as pd

    found = []
    for one in crossed:
        forms = pd.DataFrame({"cluster": one.cluster, "row": one.row, "column": one.column})
        values = []
        for times in drawn.astype(np.int64):
            chosen = pd.DataFrame({"cluster": np.repeat(np.arange(len(times)), times)}).merge(forms, on="cluster")
            values.append(gamma(pd.crosstab(chosen["row"], chosen["column"]).to_numpy()))
        found.append(np.array(values))
    return found


def gamma(table: NDArray[np.int64]) -> float:
    """Compute gamma of a table of counts, nan without untied pairs."""
    corner = np.pad(table, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    above_left = corner[:-1, :-1]
    above_right = corner[:-1, -1:] - corner[:-1, 1:]
    same, opposite = (table * above_left).sum(), (table * above_right).sum()
    return float((same - opposite) / (same + opposite)) if same + opposite else float("nan")


def work(rounds: int) -> dict[str, float]:
    """Return the median seconds of all replicates and the ratios of the peers', in a process that holds the forms."""
    from frs_pipeline.stats.bootstrap import weights

    crossed = gammas_of()
    drawn = weights(len(crossed[0].counts), SAMPLES)
    ours = by_frs(crossed, drawn)
    for peer, samples in ((by_numpy, BY_NUMPY), (by_pandas, BY_PANDAS)):
        for one, other in zip(ours, peer(crossed, drawn[:samples]), strict=True):
            assert np.allclose(one[:samples], other, atol=1e-12, equal_nan=True)
    times: dict[str, list[float]] = {"frs": [], "numpy": [], "pandas": []}
    for _ in range(rounds):
        times["frs"].append(seconds(lambda: by_frs(crossed, weights(len(crossed[0].counts), SAMPLES))))
        times["numpy"].append(seconds(lambda: by_numpy(crossed, drawn[:BY_NUMPY])) * SAMPLES / BY_NUMPY)
        times["pandas"].append(seconds(lambda: by_pandas(crossed, drawn[:BY_PANDAS])) * SAMPLES / BY_PANDAS)
    ratios = {
        peer: statistics.median(a / b for a, b in zip(times[peer], times["frs"], strict=True)) for peer in ("numpy", "pandas")
    }
    return {"seconds": statistics.median(times["frs"]), "gammas": len(crossed), **ratios}


def seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def measure(rounds: int = ROUNDS) -> Iterator[Result]:
    """Yield what is measured: name, value and unit of each."""
    with refreshed(1) as environment:
        said, peak = watched([sys.executable, __file__, "--work", "--rounds", str(rounds)], environment)
    found = json.loads(said)
    yield f"{SAMPLES:,} replicates of {found['gammas']} gammas, weights × counts", found["seconds"], "s (aim: at most 3)"
    yield "pandas resampling rows / weights × counts", found["pandas"], "× (aim: at least 100)"
    yield "numpy resampling rows / weights × counts", found["numpy"], "× (aim: at least 50)"
    yield "replicates: peak memory, peers among it", peak / 1e6, "MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        print(json.dumps(work(told.rounds)))
        return
    for name, value, unit in measure(told.rounds):
        print(f"{name:<60} {value:10,.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
