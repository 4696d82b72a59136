"""Taking in one big dataset.csv: forms a second and peak memory, against DuckDB's own copy of the same file into Parquet.

Every measurement is a process of its own; the two take turns, so that a slow moment of the machine hits both alike.
Usage: python intake.py [--forms 1000000 10000000] [--rounds 3 1]. What is made lies under TMPDIR and is gone afterwards.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

PROJECT = Path(__file__).resolve().parent.parent
DELIVERY = PROJECT / "data" / "raw" / "2020-11-30"
INSTRUMENT = "participant_followup"
FORMS = (1_000_000, 10_000_000)
# More forms than this are measured once unless told otherwise.
OFTEN, ROUNDS = 1_000_000, 3


def make(folder: Path, forms: int) -> int:
    """A scaled export of at least so many forms in `folder`, and the registers that know its conferences; how many."""
    from frs_pipeline.codebook.vault import read_codebook
    from frs_pipeline.reconstruction.scaled.registers import write_registers
    from frs_pipeline.reconstruction.scaled.scaling import filled_in, scaled_export
    from frs_pipeline.store.deliveries import CODEBOOK, OWN_KEY
    from frs_pipeline.store.settings import find_study

    study = find_study()
    filled = filled_in(study, DELIVERY)[INSTRUMENT]
    copies = -(-forms // len(filled.codes))
    write_registers(study, folder / "raw", copies)
    pq.write_table(read_codebook(study, folder / "raw" / CODEBOOK, folder / "raw" / OWN_KEY), folder / "codebook.parquet")
    return scaled_export(study, folder / "raw", INSTRUMENT, copies, filled)


def by_frs(folder: Path) -> Callable[[], int]:
    """What reads, validates and writes as the assets do; it says how many forms there were."""
    from frs_pipeline.intake.readers.surveyxact import read_export
    from frs_pipeline.intake.remarks import Intake
    from frs_pipeline.intake.validation import validate
    from frs_pipeline.store.rows import batches_of, content_hash
    from frs_pipeline.store.settings import find_study
    from frs_pipeline.study.questionnaires import questionnaires
    from frs_pipeline.study.rules import policy

    study = find_study()
    # The registers are no part of what is measured: one that fits the other will do.
    codebook = pq.read_table(folder / "codebook.parquet")
    intake = Intake(study, policy(study), codebook, codebook.drop_columns(["conference_id"]))

    def do() -> int:
        result = validate(read_export(study, folder / "raw" / INSTRUMENT), questionnaires(study)[INSTRUMENT], intake, folder)
        for layer in ("forms", "rejected", "noted"):
            rows = getattr(result, layer)
            content_hash(rows)
            with pq.ParquetWriter(folder / f"{layer}.parquet", rows.schema, compression="zstd") as writer:
                for batch in batches_of(rows):
                    writer.write_batch(batch)
        assert result.forms.num_rows > 0.9 * result.delivered
        return result.delivered

    return do


def by_duckdb(folder: Path) -> Callable[[], int]:
    """What copies the file as DuckDB reads it into Parquet; it says how many rows there were."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2, "temp_directory": str(folder)})

    def do() -> int:
        connection.execute(
            f"copy (from read_csv('{folder / 'raw' / INSTRUMENT / 'dataset.csv'}', delim = ';', header = true)) "
            f"to '{folder / 'duckdb.parquet'}' (format parquet, compression zstd)"
        )
        return pq.read_metadata(folder / "duckdb.parquet").num_rows

    return do


def work(what: str, folder: Path, forms: int) -> None:
    """What a process of its own does: prints seconds, without the time for imports, and its peak memory in bytes."""
    if what == "make":
        print(json.dumps({"forms": make(folder, forms)}))
        return
    do = {"frs": by_frs, "duckdb": by_duckdb}[what](folder)
    started = time.perf_counter()
    found = do()
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"seconds": seconds, "memory": peak, "forms": found}))


def measured(what: str, folder: Path, forms: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--work", what, "--folder", str(folder), "--forms", str(forms)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    return json.loads(done.stdout)


def compare(forms: int, rounds: int) -> tuple[float, float]:
    """Measure and print; median seconds and largest memory of ours."""
    found: dict[str, list[dict[str, float]]] = {"frs": [], "duckdb": []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = measured("make", folder, forms)["forms"]
        size = (folder / "raw" / INSTRUMENT / "dataset.csv").stat().st_size
        for _ in range(rounds):
            for what, several in found.items():
                several.append(measured(what, folder, forms))
                assert several[-1]["forms"] == made
    forms = int(made)
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
