"""Counting many forms: the report's tables against merely reading their columns, pandas and polars; all pairs of 60 questions.

Every answer is drawn on its own, as often as it occurs in the shipped forms: more combinations occur than in forms that
people filled in, which is the harder case. Within a round all take turns in one process, so that a slow moment of the machine
hits them alike; ratios are the medians of the rounds'. Peak memory is that of a process of its own.
Usage: python counting.py [--forms N] [--rounds N]. What is made lies under TMPDIR and is gone afterwards. Polars is measured if
it is installed: pip install -e '.[bench]'.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.store.files import MartFile
from frs_pipeline.store.rows import BATCH, ENGINE
from frs_pipeline.store.settings import find_study
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.tables import Table, catalogue
from frs_pipeline.tables.allpairs import Scale, count_pairs
from frs_pipeline.tables.counting import OCCASION, Counts, count
from frs_pipeline.tables.engine import open_marts

PROJECT = Path(__file__).resolve().parent.parent
DELIVERY = PROJECT / "data" / "raw" / "2020-11-30"
FORMS, ROUNDS = 10_000_000, 3
SIXTY = [Scale(f"q{number:02d}", (1, 2, 3, 4, 5)) for number in range(60)]
ROLE = Scale("role", (1, 2, 3, 4, 5))
# So many pairs are crossed by pandas, for whose others the same time is reckoned.
TRIED = list(combinations(SIXTY, 2))[:30]
# Name, value, unit.
Result = tuple[str, float, str]


def make(folder: Path, forms: int) -> None:
    """Write the marts, with so many forms in all, and one with 60 questions and a role, of so many forms."""
    from frs_pipeline.codebook.pseudonyms import mart_schema
    from frs_pipeline.reconstruction.scaled.scaling import filled_in
    from frs_pipeline.study.about import occasions
    from frs_pipeline.study.cases import CASES
    from frs_pipeline.study.questionnaires import questionnaires

    study, rng = find_study(), np.random.default_rng(1)
    filled = filled_in(study, DELIVERY)
    whole = sum(len(of.codes) for of in filled.values())
    for name, of in filled.items():
        schema = mart_schema(questionnaires(study)[name])
        words = pa.array(occasions(study))

        def batch(start: int, rows: int, of=of, schema=schema, words=words) -> list[pa.Array]:  # noqa: ANN001
            ids = pa.array(np.arange(start, start + rows)).cast(pa.string())
            drawn = [column[rng.integers(0, len(column), rows)] for column in (of.occasions - 1, *of.codes.T)]
            cases = [pa.nulls(rows, field.type) for field in CASES if field.name in schema.names]
            return [ids, ids, words.take(pa.array(drawn[0])), *cases, *(pa.array(codes, mask=codes == 0) for codes in drawn[1:])]

        write(folder / f"{name}.parquet", schema, -(-forms * len(of.codes) // whole), batch)

    def answers(_: int, rows: int) -> list[pa.Array]:
        drawn = (rng.integers(0, 6, rows, dtype=np.int8) for _ in range(len(SIXTY) + 1))
        return [pa.array(codes, mask=codes == 0) for codes in drawn]

    write(folder / "sixty.parquet", pa.schema([(one.name, pa.int8()) for one in (ROLE, *SIXTY)]), forms, answers)


def write(path: Path, schema: pa.Schema, forms: int, batch: Callable[[int, int], list[pa.Array]]) -> None:
    """Write a file as the pipeline does: a row group per batch."""
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=True) as writer:
        for start in range(0, forms, BATCH):
            writer.write_batch(pa.record_batch(batch(start, min(BATCH, forms - start)), schema=schema))


class Tables:
    """The tables of the shipped study, counted in the marts of a folder in several ways."""

    def __init__(self, folder: Path) -> None:
        self.tables = list(catalogue(find_study()).values())
        self.columns: dict[str, set[str]] = {}
        for table in self.tables:
            occasion = () if table.occasion == BOTH else (OCCASION,)
            for mart in table.marts:
                self.columns.setdefault(mart, set()).update((*table.variables, *table.answered, *occasion))
        self.paths: Mapping[str, Path] = {mart: folder / f"{mart}.parquet" for mart in self.columns}

    def by_frs(self) -> dict[int, Counts]:
        return count(self.tables, open_marts(self.paths))

    def read_only(self) -> None:
        """Read each column that a table needs once, and count what isn't null; the words of occasions have to be looked at."""
        engine = duckdb.connect(config=ENGINE)
        for mart, columns in self.columns.items():
            asked = (f"count({f'''nullif({name}, '')''' if name == OCCASION else name})" for name in sorted(columns))
            engine.execute(f"select {', '.join(asked)} from '{self.paths[mart]}'").fetchall()

    def by_pandas(self) -> dict[int, int]:
        """Cross the answers of each table; return its forms without those that are crossed and blank."""
        import pandas as pd

        frames = {mart: pd.read_parquet(path, columns=sorted(self.columns[mart])) for mart, path in self.paths.items()}
        found: dict[int, int] = {}
        for table in self.tables:
            for mart in table.marts:
                forms = frames[mart]
                if table.occasion != BOTH:
                    forms = forms[forms[OCCASION] == table.occasion]
                if table.answered:
                    forms = forms[forms[list(table.answered)].notna().all(axis=1)]
                *rows, column = (forms[name] for name in table.variables)
                crossed = pd.crosstab(rows, column) if rows else column.value_counts(dropna=False)
                found[table.number] = found.get(table.number, 0) + int(crossed.to_numpy().sum())
        return found

    def by_polars(self) -> dict[int, Counts]:
        import polars as pl

        asked = [(table, mart) for table in self.tables for mart in table.marts]
        results = pl.collect_all([self._lazy(table, mart) for table, mart in asked])
        found: dict[int, Counter[tuple[int | None, ...]]] = {}
        for (table, _), groups in zip(asked, results, strict=True):
            found.setdefault(table.number, Counter()).update({tuple(codes): forms for *codes, forms in groups.rows()})
        return {number: dict(counts) for number, counts in found.items()}

    def _lazy(self, table: Table, mart: str):  # noqa: ANN202
        import polars as pl

        forms = pl.scan_parquet(self.paths[mart])
        if table.occasion != BOTH:
            forms = forms.filter(pl.col(OCCASION) == table.occasion)
        if table.answered:
            forms = forms.filter(pl.all_horizontal(pl.col(table.answered).is_not_null()))
        return forms.group_by(table.variables).len()


def agree(counted: dict[int, Counts], by_pandas: dict[int, int], by_polars: dict[int, Counts] | None) -> None:
    """Stop if any of them counts differently: what isn't the same can't be compared."""
    for number, counts in counted.items():
        crossed = sum(forms for codes, forms in counts.items() if len(codes) == 1 or None not in codes)
        assert crossed == by_pandas[number], f"table {number}"
        assert by_polars is None or by_polars[number] == counts, f"table {number}"


def gammas(folder: Path, by: Scale | None) -> list[float | None]:
    """Count all pairs of 60 questions; return their gammas, overall and in each group."""
    counted = count_pairs([MartFile("", folder / "sixty.parquet")], SIXTY, by)
    groups = (None, *(by.codes if by else ()))
    return [goodman_kruskal(counted.table(a.name, b.name, g)).gamma for a, b in combinations(SIXTY, 2) for g in groups]


def crossed_by_pandas(folder: Path) -> int:
    import pandas as pd

    names = sorted({scale.name for pair in TRIED for scale in pair})
    forms = pd.read_parquet(folder / "sixty.parquet", columns=names)
    return sum(int(pd.crosstab(forms[a.name], forms[b.name]).to_numpy().sum()) for a, b in TRIED)


def seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def peak(what: str, folder: Path) -> float:
    """Return the peak memory in MB of a process that does one thing."""
    command = [sys.executable, __file__, "--work", what, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    return float(done.stdout) * 1024 / 1e6


def ratio(times: Mapping[str, list[float]], one: str, other: str) -> float:
    return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))


def measure(forms: int, rounds: int) -> Iterable[Result]:
    """Yield what is measured: name, value and unit of each."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, forms)
        tables = Tables(folder)
        with_polars = find_spec("polars") is not None
        agree(tables.by_frs(), tables.by_pandas(), tables.by_polars() if with_polars else None)
        ways: dict[str, Callable[[], object]] = {
            "frs": tables.by_frs,
            "reading": tables.read_only,
            "pandas": tables.by_pandas,
            **({"polars": tables.by_polars} if with_polars else {}),
            "all pairs": lambda: gammas(folder, None),
            "all pairs by role": lambda: gammas(folder, ROLE),
            "pandas, 30 pairs": lambda: crossed_by_pandas(folder),
        }
        times = {way: [] for way in ways}
        for _ in range(rounds):
            for way, do in ways.items():
                times[way].append(seconds(do))
        median = {way: statistics.median(several) for way, several in times.items()}
        yield f"{len(tables.tables)} tables", median["frs"], "s"
        yield "tables: peak memory", peak("tables", folder), "MB"
        yield "tables / DuckDB reading their columns", ratio(times, "frs", "reading"), "× (aim: at most 2)"
        yield "pandas.crosstab / tables", ratio(times, "pandas", "frs"), "× (aim: at least 12)"
        if with_polars:
            yield "polars / tables", ratio(times, "polars", "frs"), "× (aim: at least 2)"
        pairs = len(SIXTY) * (len(SIXTY) - 1) // 2
        yield f"all {pairs} pairs of 60 questions, with gamma", median["all pairs"], "s (aim: at most 15)"
        yield "all pairs: peak memory", peak("pairs", folder), "MB (aim: at most 1000)"
        yield "the same within 5 roles too", median["all pairs by role"], "s"
        yield "all pairs by role: peak memory", peak("pairs by role", folder), "MB (aim: at most 1000)"
        as_many = pairs / len(TRIED) * ratio(times, "pandas, 30 pairs", "all pairs")
        yield f"pandas.crosstab, reckoned from {len(TRIED)} pairs / all pairs", as_many, "× (aim: at least 100)"


def work(what: str, folder: Path) -> None:
    """What a process of its own does: one thing, and print its peak memory in kB."""
    if what == "tables":
        Tables(folder).by_frs()
    else:
        gammas(folder, ROLE if what == "pairs by role" else None)
    # Not getrusage, in which Linux counts what the parent had, too.
    print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forms", type=int, default=FORMS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--work", choices=("tables", "pairs", "pairs by role"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        work(told.work, told.folder)
        return
    print(f"{told.forms:,} forms, {told.rounds} rounds")
    for name, value, unit in measure(told.forms, told.rounds):
        print(f"{name:<60} {value:10,.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
