"""`frs release` as a person runs it, and all tables of the shipped delivery."""

import json
import shutil
import time
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.running import here
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.release.files import FIGURES
from frs_pipeline.release.outgoing import publish
from frs_pipeline.report.public.proof import proved
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import catalogue


def test_a_release_needs_a_purpose_and_marts(delivery):
    nothing = here(delivery.data, "release")
    assert nothing.returncode == 2 and "--purpose" in nothing.stderr
    early = here(delivery.data, "release", "--purpose", "Til kommunen")
    assert early.returncode == 3 and early.stderr.count("\n") == 1 and "(frs run --delivery " in early.stderr
    assert not (delivery.data / "curated").exists()


@pytest.mark.minutes
def test_all_tables_of_the_shipped_delivery(refreshed, tmp_path, record_property):
    settings = Settings(STUDY, tmp_path / "data")
    shutil.copytree(refreshed.data, settings.data)
    store = Store(settings, DELIVERY)
    started = time.process_time()
    found = publish(store, catalogue(STUDY), release_policy(STUDY), who="LK", purpose="Afprøvning", pages=partial(proved, STUDY))
    record_property("seconds of CPU", time.process_time() - started)
    assert len(found.release.released) == 81 and not found.release.withheld
    assert found.release.attack.exposed == () and found.release.attack.narrowest >= 5
    assert (found.release.small, found.release.primary) == (119, 32)
    assert found.release.hidden == 136
    described = json.loads((found.folder / "tables.json").read_text(encoding="utf-8"))
    assert {mart for table in described["tables"] for mart in table["marts"]} == set(instruments(STUDY))
    pages = {path.relative_to(found.folder).as_posix(): path.read_bytes() for path in (found.folder / "report").rglob("*.*")}
    record_property("bytes of pages", sum(map(len, pages.values())))
    assert sum(map(len, pages.values())) < 8_000_000
    tables = b"".join(content for name, content in pages.items() if name.endswith(".html"))
    assert all(f'<section class="figure" id="tabel-{number}"'.encode() in tables for number in catalogue(STUDY))

    # One form less: what it doesn't concern is released as it was.
    mart = settings.curated(DELIVERY) / "marts" / "participant_first.parquet"
    frame = pd.read_parquet(mart)
    at = frame.index[frame["belief"].isna() & frame["role"].notna() & frame["overall"].notna()][0]
    schema = mart_schema(questionnaires(STUDY)["participant_first"])
    pq.write_table(pa.Table.from_pandas(frame.drop(index=at), schema=schema, preserve_index=False), mart)
    started = time.process_time()
    later = publish(store, catalogue(STUDY), release_policy(STUDY), who="LK", purpose="Efter en tilbagetrækning").release
    record_property("seconds of CPU after a withdrawal", time.process_time() - started)
    changed = {number for number, table in catalogue(STUDY).items() if "participant_first" in table.marts}
    assert {withheld.table.number for withheld in later.withheld} == changed
    before = [line for line in found.release.files[FIGURES].splitlines()[1:] if int(line.split(b",")[0]) not in changed]
    assert later.files[FIGURES].splitlines()[1:] == before and not later.attack.new
