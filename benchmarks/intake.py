"""Taking in one big dataset.csv: forms a second and peak memory, against DuckDB's own copy of the same file into Parquet.

Every measurement is a process of its own; the two take turns, so that a slow moment of the machine hits both alike.
Usage: python intake.py [--forms 1000000 10000000] [--rounds 3 1]. What is made lies under TMPDIR and is gone afterwards.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DELIVERY = PROJECT / "data" / "raw" / "2020-11-30"
INSTRUMENT = "participant_followup"
FORMS = (1_000_000, 10_000_000)
# More forms than this are measured once unless told otherwise.
OFTEN, ROUNDS = 1_000_000, 3


def make(folder: Path, forms: int) -> None:
    """An export of so many forms in `folder`, and the registers that know their conferences.

    The shipped forms over and over, each time with other respondent ids, later times and other conferences.
    """
    import shutil

    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from frs_pipeline.codebook.vault import read_codebook
    from frs_pipeline.deliveries import CODEBOOK, DEMO_KEY, LEDGER
    from frs_pipeline.exports.columns import CLOSED, CREATED, MODIFIED, NUMBER, NUMBER_AGAIN, RESPONDENT, STARTED
    from frs_pipeline.exports.ledger import read_ledger
    from frs_pipeline.exports.surveyxact import read_export

    place = folder / "raw" / INSTRUMENT
    place.mkdir(parents=True)
    for part in ("structure", "labels"):
        shutil.copyfile(DELIVERY / INSTRUMENT / f"{part}.csv", place / f"{part}.csv")
    cells = pa.concat_tables([chunk.cells for chunk in read_export(DELIVERY / INSTRUMENT).chunks()]).combine_chunks()
    registers = {"codebook": read_codebook(DELIVERY / CODEBOOK, DELIVERY / DEMO_KEY), "ledger": read_ledger(DELIVERY / LEDGER)}
    known = registers["codebook"]["conference_number"].to_numpy()
    copies = -(-forms // len(cells))
    first, apart = 100_000_000, len(known)

    def numbers(column: str, copy: int) -> pa.Array:
        """Conference numbers of a copy; what is no number of the codebook stays as it was keyed."""
        found = pc.index_in(cells[column].combine_chunks(), value_set=pc.cast(pa.array(known), pa.string()))
        return pc.coalesce(pc.cast(pc.add(found, first + copy * apart), pa.string()), cells[column].combine_chunks())

    with (place / "dataset.csv").open("wb") as file:
        file.write(";".join(cells.column_names).encode() + b"\r\n")
        left = forms
        for copy in range(copies):
            here = min(len(cells), left)
            new = {RESPONDENT: pc.cast(pa.array(np.arange(here) + first + copy * len(cells)), pa.string())}
            for name in (CREATED, MODIFIED, CLOSED, STARTED):
                moment = pc.cast(cells[name].combine_chunks(), pa.timestamp("s")).cast(pa.int64())
                later = pc.add(moment, copy * 3600).cast(pa.timestamp("s"))
                new[name] = pc.strftime(later, "%Y-%m-%d %H:%M:%S")
            new |= {name: numbers(name, copy) for name in (NUMBER, NUMBER_AGAIN)}
            columns = [new.get(name, cells[name].combine_chunks())[:here] for name in cells.column_names]
            file.write("\r\n".join(pc.binary_join_element_wise(*columns, ";").to_pylist()).encode() + b"\r\n")
            left -= here
    for name, table in registers.items():
        table = table.filter(pa.array(np.isin(table["conference_number"].to_numpy(), known)))
        at = np.searchsorted(known, table["conference_number"].to_numpy())
        many = table.take(pa.array(np.tile(np.arange(len(table)), copies)))
        number = first + np.repeat(np.arange(copies), len(table)) * apart + np.tile(at, copies)
        many = many.set_column(0, table.schema.field(0), pa.array(number, pa.int32()))
        pq.write_table(many, folder / f"{name}.parquet")


def by_frs(folder: Path) -> int:
    """Read, validate and write as the assets do; how many forms there were."""
    import pyarrow.parquet as pq

    from frs_pipeline.exports.findings import Intake
    from frs_pipeline.exports.surveyxact import read_export
    from frs_pipeline.exports.validation import validate
    from frs_pipeline.policy.model import policy
    from frs_pipeline.questionnaires.model import questionnaires
    from frs_pipeline.rows import batches_of, content_hash

    intake = Intake(policy(), pq.read_table(folder / "codebook.parquet"), pq.read_table(folder / "ledger.parquet"))
    result = validate(read_export(folder / "raw" / INSTRUMENT), questionnaires()[INSTRUMENT], intake, folder)
    for layer in ("forms", "rejected", "noted"):
        rows = getattr(result, layer)
        content_hash(rows)
        with pq.ParquetWriter(folder / f"{layer}.parquet", rows.schema, compression="zstd") as writer:
            for batch in batches_of(rows):
                writer.write_batch(batch)
    assert result.forms.num_rows > 0.9 * result.delivered
    return result.delivered


def by_duckdb(folder: Path) -> int:
    """The file as DuckDB reads it, into Parquet; how many rows there were."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2, "temp_directory": str(folder)})
    connection.execute(
        f"copy (from read_csv('{folder / 'raw' / INSTRUMENT / 'dataset.csv'}', delim = ';', header = true)) "
        f"to '{folder / 'duckdb.parquet'}' (format parquet, compression zstd)"
    )
    return int(connection.execute(f"select count(*) from '{folder / 'duckdb.parquet'}'").fetchall()[0][0])


def work(what: str, folder: Path, forms: int) -> None:
    """What a process of its own does: prints seconds, without the time for imports, and its peak memory in bytes."""
    import resource

    if what == "make":
        make(folder, forms)
        return
    do = {"frs": by_frs, "duckdb": by_duckdb}[what]
    for module in ("duckdb", "pyarrow.csv", "frs_pipeline.exports.validation") if what == "frs" else ("duckdb",):
        __import__(module)
    started = time.perf_counter()
    found = do(folder)
    seconds = time.perf_counter() - started
    assert found == forms, f"{found} forms of {forms}"
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


def measured(what: str, folder: Path, forms: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--work", what, "--folder", str(folder), "--forms", str(forms)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    return json.loads(done.stdout or "{}")


def compare(forms: int, rounds: int) -> tuple[float, float]:
    """Measure and print; median seconds and largest memory of ours."""
    found: dict[str, list[dict[str, float]]] = {"frs": [], "duckdb": []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        measured("make", folder, forms)
        size = (folder / "raw" / INSTRUMENT / "dataset.csv").stat().st_size
        for _ in range(rounds):
            for what, several in found.items():
                several.append(measured(what, folder, forms))
    print(f"{forms:,} forms, {size / 1e6:,.0f} MB, {rounds} rounds")
    seconds = {what: statistics.median(one["seconds"] for one in several) for what, several in found.items()}
    memory = {what: max(one["memory"] for one in several) for what, several in found.items()}
    for what in found:
        rate, peak = forms / seconds[what], memory[what] / 1e6
        print(f"  {what:<7} {seconds[what]:8.1f} s  {rate:11,.0f} forms/s  peak {peak:7,.0f} MB")
    print(f"  speed of DuckDB's copy that is kept {seconds['duckdb'] / seconds['frs']:.2f}   (aim: at least 0.3 at 10 million)")
    return seconds["frs"], memory["frs"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=int, nargs="+", default=FORMS)
    parser.add_argument("--rounds", type=int, nargs="+", default=[])
    parser.add_argument("--work", choices=("make", "frs", "duckdb"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        work(told.work, told.folder, told.forms[0])
        return
    rounds = [*told.rounds, *(ROUNDS if forms <= OFTEN else 1 for forms in told.forms[len(told.rounds) :])]
    results = [compare(forms, times) for forms, times in zip(told.forms, rounds, strict=True)]
    for i in range(1, len(results)):
        more = told.forms[i] / told.forms[i - 1]
        time_by, memory_by = (new / old for new, old in zip(results[i], results[i - 1], strict=True))
        print(f"{more:g} times the forms: {time_by:.1f} times the seconds (aim: within 10 %), {memory_by:.2f} times the memory")


if __name__ == "__main__":
    main()
