"""The search for leaks over the shipped results: it finds nothing in them, and no number that is none."""

import dataclasses
import pickle
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.errors import CheckFailed
from frs_pipeline.privacy.codebook import Codebook
from frs_pipeline.privacy.patterns import CONFERENCE
from frs_pipeline.privacy.search import Leak, _Known, codebook_of, search_results
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.worker import worker


def test_the_shipped_results_are_clean_however_its_conferences_are_numbered(refreshed, tmp_path):
    shutil.copytree(refreshed.data, tmp_path / "data")
    store = Store(Settings(STUDY, tmp_path / "data"), "2020-11-30")
    assert search_results(store).leaks == ()
    path = store.settings.restricted(store.delivery) / "validated" / "codebook.parquet"
    book = pq.read_table(path)
    for numbers in (np.arange(len(book)) + 1, np.random.default_rng(2).permutation(len(book)) + 1):
        column = pa.array(numbers, book.schema.field("conference_number").type)
        pq.write_table(book.set_column(book.schema.names.index("conference_number"), "conference_number", column), path)
        assert search_results(store).leaks == ()
    mart = store.settings.curated(store.delivery) / "formats" / "initiator.csv"
    table = pacsv.read_csv(mart)
    number = dict(zip(book["conference_id"].to_pylist(), numbers.tolist(), strict=True))
    pacsv.write_csv(table.append_column("x", pa.array([number[name] for name in table["conference_id"].to_pylist()])), mart)
    assert search_results(store).leaks == (Leak(mart, CONFERENCE),)


def test_a_worker_finds_the_same_and_without_the_codebook_it_searches_nothing(refreshed, tmp_path):
    shutil.copytree(refreshed.data, tmp_path / "data")
    store = Store(Settings(STUDY, tmp_path / "data"), "2020-11-30")
    book = pq.read_table(store.settings.restricted(store.delivery) / "validated" / "codebook.parquet")
    for at in range(6):
        number, row = book["conference_number"][at].as_py(), ";".join(map(str, book.slice(at, 1).to_pylist()[0].values()))
        (store.settings.curated(store.delivery) / f"{at}.txt").write_text(f"raadsnr {number}\n{row}", encoding="utf-8")
    with worker() as process:
        found = search_results(store, process)
    assert found == search_results(store)
    assert len({leak.file for leak in found.leaks}) == 6
    known = _Known(store, codebook_of(store))
    assert pickle.loads(pickle.dumps(known))().size == known().size > 0
    smaller = dataclasses.replace(known, codebook=Codebook())
    with pytest.raises(CheckFailed, match="can't be read as before"):
        pickle.loads(pickle.dumps(smaller))()
