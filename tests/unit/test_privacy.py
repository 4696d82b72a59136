"""Each kind of leak, planted alone in each kind of file, is found there and nowhere else; what is no leak isn't.

Personal numbers are replacement numbers, which belong to nobody.
"""

import gzip
import html
import json
import shutil
import sqlite3
import zlib

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pyreadstat
import pytest
from support.study import STUDY

from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.ledger import REGISTER
from frs_pipeline.privacy import phrases
from frs_pipeline.privacy.codebook import Beside, Codebook
from frs_pipeline.privacy.patterns import (
    CONFERENCE,
    FORM,
    KEY,
    PERSONAL,
    PSEUDONYM,
    ROW,
    TEXT,
    kinds_in,
    kinds_in_trace,
    reading_of_trace,
    readings,
)
from frs_pipeline.privacy.search import UNREADABLE, Leak, require_clean, search_results, search_traces
from frs_pipeline.store.files import LEAKED, Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.questionnaires import Answer, questionnaires

PERSON = "610118-0011"
# Written as a secret key of age is; it opens nothing.
IDENTITY = f"AGE-SECRET-KEY-1{'Q' * 58}"
SPELLED = [
    "610118-0011",
    "6101180011",
    "610118 0011",
    "610118 - 0011",
    "610118–0011",
    "610118—0011",
    "610118−0011",
    "61-01-18-0011",
    "61.01.18-0011",
    "61/01/18 0011",
    "61 01 18 0011",
    "610118\u00a00011",
    "610118\u202f0011",
    "61011918-0011",
    "610119180011",
    "61-01-2018-0011",
    "６１０１１８-００１１",
    "610118\u200b-0011",
    "610118\u00ad0011",
]
STORY = "moderen flyttede til Nibe i maj"
NAME = "Kanarie Fuglsang"
# Small, as the study's own numbers are, and none that a count near it would be.
NUMBERS = np.arange(101, 141)
NAMES = [f"K{chr(65 + i // 20)}{chr(65 + i % 20)}CDEFG" for i in range(len(NUMBERS))]


@pytest.fixture(scope="module")
def taken_in(make_delivery, tmp_path_factory):
    """A delivery with a line to write on, whose codebook was taken in."""
    delivery = make_delivery(tmp_path_factory.mktemp("data"))
    for instrument, text in (("coordinator", STORY), ("initiator", NAME)):
        delivery.add_column(instrument, "bemaerk", text)
    made = Store(delivery.settings, delivery.name)
    folder = delivery.settings.restricted(delivery.name) / "validated"
    folder.mkdir(parents=True)
    dates = pa.array([0] * len(NUMBERS), pa.int32()).cast(REGISTER.field("date").type)
    book = {"conference_number": pa.array(NUMBERS, pa.int32()), "occasion": ["first"] * len(NUMBERS), "date": dates}
    pq.write_table(pa.table({**book, "conference_id": NAMES}), folder / "codebook.parquet")
    return made


@pytest.fixture
def curated(taken_in):
    """Its folder of results, with nothing in it."""
    folder = taken_in.settings.curated(taken_in.delivery)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def store(taken_in, curated):
    """The same, for tests that don't alter it."""
    return taken_in


@pytest.fixture
def own_store(taken_in, tmp_path):
    """A copy to alter."""
    shutil.copytree(taken_in.settings.data, tmp_path / "data")
    made = Store(Settings(STUDY, tmp_path / "data"), taken_in.delivery)
    shutil.rmtree(made.settings.curated(made.delivery), ignore_errors=True)
    made.settings.curated(made.delivery).mkdir(parents=True)
    return made


def frame(**more):
    """What a mart looks like."""
    n = 3 * len(NUMBERS)
    rng = np.random.default_rng(1)
    return {
        "form_id": [f"SA-{38294000 + 7 * i}" for i in range(n)],
        "conference_id": [NAMES[i % len(NAMES)] for i in range(n)],
        "occasion": ["first"] * n,
        "conflict": pa.array(rng.integers(1, 6, n), pa.int8()),
        "forms": pa.array(rng.integers(0, 130, n), pa.int32()),
        **more,
    }


def parquet(path, text, where="cell"):
    columns = frame()
    n = len(columns["form_id"])
    if where in ("cell", "dictionary", "list"):
        cells = pa.array([None] * (n - 1) + [text])
        several = pa.array([[]] * (n - 1) + [[text]])
        columns["label"] = {"cell": cells, "dictionary": cells.dictionary_encode(), "list": several}[where]
    table = pa.table(columns)
    if where == "field":
        table = table.cast(pa.schema([*list(table.schema)[:-1], table.schema.field(-1).with_metadata({"text": text})]))
    if where == "metadata":
        table = table.replace_schema_metadata({"frs:origin": json.dumps({"inputs": {"raw": text}})})
    if where == "column":
        table = table.rename_columns([*table.column_names[:-1], text])
    pq.write_table(table, path, row_group_size=50)


def xlsx(path, text):
    book = openpyxl.Workbook()
    book.active.append(["a", text, 1])
    book.save(path)


def zipped(path, text, name="docProps/core.xml"):
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, f"<a><b>{html.escape(text)}</b></a>")


def sav(path, text, where="cell"):
    cells = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", text if where == "cell" else "y"]})
    labels = {"a": text} if where == "label" else None
    pyreadstat.write_sav(cells, path, column_labels=labels, note=text if where == "note" else "")


def database(path, text, blob=False):
    with sqlite3.connect(path) as base:
        base.execute("create table event_logs (run_id text, event text, body blob)")
        for at in range(500):
            body = zlib.compress((text if blob and at == 400 else "-").encode())
            event = json.dumps({"m": json.dumps({"x": text})}) if at == 400 and not blob else "{}"
            base.execute("insert into event_logs values (?, ?, ?)", (f"run{at % 2}", event, body))
    base.close()


def page(text):
    return f"<html><body><p>Alt vel.</p><table><tr><td>{text}</td></tr></table></body></html>".encode()


FILES = {
    "cell": ("m.parquet", parquet),
    "dictionary": ("m.parquet", lambda p, t: parquet(p, t, "dictionary")),
    "list": ("m.parquet", lambda p, t: parquet(p, t, "list")),
    "field": ("m.parquet", lambda p, t: parquet(p, t, "field")),
    "metadata": ("m.parquet", lambda p, t: parquet(p, t, "metadata")),
    "column": ("m.parquet", lambda p, t: parquet(p, t, "column")),
    "html": ("a/index.html", lambda p, t: p.write_bytes(page(html.escape(t)))),
    "html with entities": ("index.html", lambda p, t: p.write_bytes(page("".join(f"&#{ord(c)};" for c in t)))),
    "html with tags within": ("index.html", lambda p, t: p.write_bytes(page(f"{t[:4]}<b>{t[4:]}</b>"))),
    "svg": ("p.svg", lambda p, t: p.write_bytes(f"<svg><text x='12.25'>{html.escape(t)}</text></svg>".encode())),
    "json": ("x.json", lambda p, t: p.write_text(json.dumps({"a": [1, {"b": t}]}), encoding="utf-8")),
    "json within json": ("x.json", lambda p, t: p.write_text(json.dumps(json.dumps({"b": f"x\n{t}"})), encoding="utf-8")),
    "csv": ("x.csv", lambda p, t: p.write_bytes(f"a;b\r\n1;{t}\r\n".encode())),
    "csv with a mark": ("x.csv", lambda p, t: p.write_bytes(f"a;b\r\n1;{t}\r\n".encode("utf-16"))),
    "text": ("x.txt", lambda p, t: p.write_text(f"xxx {t}.", encoding="utf-8")),
    "long text": ("x.log", lambda p, t: p.write_bytes(b"x" * ((1 << 20) - 5) + f" {t} ".encode() + b"y" * (1 << 20))),
    "no suffix": ("x", lambda p, t: p.write_bytes(f"\x00\x01 {t}".encode())),
    "xlsx": ("x.xlsx", xlsx),
    "zip": ("x.zip", zipped),
    "name within a zip": ("x.zip", lambda p, t: zipped(p, "-", f"{t}.xml")),
    "sav cell": ("x.sav", sav),
    "sav label": ("x.sav", lambda p, t: sav(p, t, "label")),
    "sav note": ("x.sav", lambda p, t: sav(p, t, "note")),
    "gz": ("x.csv.gz", lambda p, t: p.write_bytes(gzip.compress(f"a\n{t}\n".encode()))),
    "database": ("x.db", database),
    "database blob": ("x.db", lambda p, t: database(p, t, blob=True)),
    "name of a file": ("", lambda p, t: (p / f"{t}.txt").touch()),
}


def plant(curated, file, text):
    name, write = FILES[file]
    path = curated / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)
    (curated / "well.html").write_bytes(page("Tilfreds med planen"))
    return next(p for p in curated.rglob("*") if p.is_file() and p.name != "well.html")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", [KEY, PERSONAL, TEXT, ROW, CONFERENCE])
def test_each_kind_alone_is_found_in_every_kind_of_file(store, curated, file, kind):
    said = {KEY: IDENTITY, PERSONAL: PERSON, TEXT: STORY, ROW: f"{NAMES[7]} {NUMBERS[7]}", CONFERENCE: "rådslagningsnummer 17"}[
        kind
    ]
    path = plant(curated, file, said)
    assert search_results(store).leaks == (Leak(path, kind),)


@pytest.mark.parametrize("file", FILES)
def test_harmless_files_are_harmless(store, curated, file):
    plant(curated, file, "Tilfreds med planen")
    searched = search_results(store)
    assert (searched.leaks, searched.files) == ((), 2)


@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("file", ["cell", "json", "html", "csv", "xlsx"])
def test_personal_numbers_are_found_however_written(store, curated, file, spelled):
    assert search_results(store).leaks == ()
    path = plant(curated, file, f"cpr {spelled},")
    assert search_results(store).leaks == (Leak(path, PERSONAL),)


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.float64(), pa.decimal128(20, 0)])
def test_personal_numbers_are_found_as_numbers(store, curated, kind):
    columns = frame(size=pa.array([1] * 119 + [6101180011]).cast(kind))
    pq.write_table(pa.table(columns), curated / "m.parquet")
    assert search_results(store).leaks == (Leak(curated / "m.parquet", PERSONAL),)


def test_a_leading_zero_that_a_number_lost_is_missed_by_nobody(store, curated):
    pq.write_table(pa.table({"value": pa.array([1.5, 101180011.0])}), curated / "m.parquet")
    assert search_results(store).leaks == (Leak(curated / "m.parquet", PERSONAL),)


@pytest.mark.parametrize(
    "text",
    [
        "2020-11-30 08:05:33",
        f"{1_801_011_234}.5678",
        "0.6101180011",
        "37.6101180011",
        "sha256 a610118001100aff610118001100aff610118001100aff610118001100aff00f",
        "372c4707-69c4-4d18-9e48-6d1118001100",
        "+45 12 34 56 78",
        "30,000 forms, 1,012,345,678 bytes",
        "DF-610118001",
        "377 konferencer, conference numbers: 12",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
        "6101180011223344",
        "<svg><path d='M12.6101184567,0.9h1'/></svg>",
        "ABCDEFG 107",
        f"{NAMES[7]} og {NAMES[8]} har 12 og 13 skemaer",
    ],
)
def test_what_only_looks_like_it_is_passed_over(text):
    assert kinds_in(text) == set()
    beside = Beside(Codebook(NAMES, NUMBERS.tolist()))
    beside.take(text)
    assert not beside.gives_away()


@pytest.mark.parametrize("before", range(0, 40, 3))
def test_a_personal_number_among_other_numbers_is_found_wherever_it_stands(before):
    assert PERSONAL in kinds_in(f"{'7 ' * before}610118-0011 8 9")
    # The digits of a fraction may hold ten that would be one, wherever a look at them begins or ends.
    assert kinds_in(f"{'7 ' * before}0.65610118001177 12 0.6") == set()


def test_every_hash_that_is_listed_is_passed_over(store, curated):
    """One of two hundred hashes would be taken for a personal number by its digits alone."""
    import hashlib

    hashes = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(20_000)]
    (curated / "manifest.json").write_text(json.dumps({h[:16]: h for h in hashes}), encoding="utf-8")
    assert search_results(store).leaks == ()


# Conference numbers in columns.


@pytest.mark.parametrize(
    "kind", [pa.int16(), pa.int32(), pa.int64(), pa.float64(), pa.string(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_a_column_that_says_each_conferences_number_is_found(store, curated, kind):
    numbers = pa.array([NUMBERS[i % len(NUMBERS)] for i in range(120)])
    cast = numbers.cast(pa.string()).cast(kind) if "string" in str(kind) else numbers.cast(kind)
    pq.write_table(pa.table(frame(size=cast)), curated / "m.parquet", row_group_size=50)
    assert search_results(store).leaks == (Leak(curated / "m.parquet", CONFERENCE),)


@pytest.mark.parametrize("change", ["half of the rows", "turned round", "shifted"])
def test_a_column_by_which_conferences_can_be_told_apart_is_found(store, curated, change):
    number = np.array([NUMBERS[i % len(NUMBERS)] for i in range(120)])
    values = {
        "half of the rows": pa.array(number, mask=np.arange(120) % 2 == 0),
        "turned round": pa.array(1000 - number),
        "shifted": pa.array(number + 7),
    }[change]
    pq.write_table(pa.table(frame(size=values)), curated / "m.parquet")
    assert search_results(store).leaks == (Leak(curated / "m.parquet", CONFERENCE),)


def test_conference_numbers_without_pseudonyms_are_found_where_they_are_all_there(store, curated):
    pq.write_table(pa.table({"x": pa.array(NUMBERS[::-1]), "n": pa.array(NUMBERS % 5)}), curated / "m.parquet")
    assert search_results(store).leaks == (Leak(curated / "m.parquet", CONFERENCE),)


def test_numbers_in_place_of_pseudonyms_are_found(store, curated):
    columns = frame()
    columns["conference_id"] = [str(NUMBERS[i % len(NUMBERS)]) for i in range(120)]
    pq.write_table(pa.table(columns), curated / "m.parquet")
    assert search_results(store).leaks == (Leak(curated / "m.parquet", CONFERENCE),)


@pytest.mark.parametrize(
    "name", ["conference_number", "raadsnr", "raadsnr2", "raadslagningsnummer", "personal_number", "cpr", "CPR_nr"]
)
@pytest.mark.parametrize("file", ["column", "csv"])
def test_a_column_that_is_called_so_is_found(store, curated, name, file):
    path = plant(curated, file, name)
    assert search_results(store).leaks == (Leak(path, CONFERENCE),)


def test_counts_of_forms_are_no_conference_numbers(own_store):
    """Numbers from 1 on, as the study has, beside counts in the same range: chance alone makes some equal."""
    store, n = own_store, len(NAMES)
    curated = store.settings.curated(store.delivery)
    book = pa.table({"conference_number": pa.array(range(1, n + 1), pa.int32()), "conference_id": NAMES})
    pq.write_table(book, store.settings.restricted(store.delivery) / "validated" / "codebook.parquet")
    rng = np.random.default_rng(3)
    columns = {name: pa.array(rng.integers(0, 12, n), pa.int32()) for name in ("a", "b", "c")}
    pq.write_table(pa.table({"conference_id": NAMES, **columns}), curated / "conference.parquet")
    pq.write_table(pa.table({"value": pa.array(rng.integers(1, n, 500), pa.float64())}), curated / "figures.parquet")
    assert search_results(store).leaks == ()


# Conferences numbered 1, 2, 3…, beside which answers and counts look the same.


@pytest.fixture
def from_one(own_store):
    """The same conferences, numbered from 1 in an order that has nothing to do with their names."""
    numbers = np.random.default_rng(5).permutation(len(NAMES)) + 1
    book = pa.table({"conference_number": pa.array(numbers, pa.int32()), "conference_id": NAMES})
    pq.write_table(book, own_store.settings.restricted(own_store.delivery) / "validated" / "codebook.parquet")
    return own_store, own_store.settings.curated(own_store.delivery), numbers


def in_csv(path, columns):
    pacsv.write_csv(pa.table(columns), path.with_suffix(".csv"))
    return path.with_suffix(".csv")


def in_gz(path, columns):
    with gzip.open(path.with_suffix(".csv.gz"), "wb") as file:
        pacsv.write_csv(pa.table(columns), file)
    return path.with_suffix(".csv.gz")


def in_windows_csv(path, columns):
    """Semicolons, cp1252, quotation marks."""
    frame = pa.table({**columns, "størrelse": ["stor; og rød"] * len(columns["conference_id"])}).to_pandas()
    frame.to_csv(path.with_suffix(".csv"), sep=";", encoding="cp1252", index=False, lineterminator="\r\n")
    return path.with_suffix(".csv")


def in_xlsx(path, columns):
    pa.table(columns).to_pandas().to_excel(path.with_suffix(".xlsx"), index=False)
    return path.with_suffix(".xlsx")


def in_sav(path, columns):
    pyreadstat.write_sav(pa.table(columns).to_pandas(), str(path.with_suffix(".sav")))
    return path.with_suffix(".sav")


def in_parquet(path, columns):
    pq.write_table(pa.table(columns), path.with_suffix(".parquet"), row_group_size=50)
    return path.with_suffix(".parquet")


TABLES = [in_csv, in_gz, in_windows_csv, in_xlsx, in_sav, in_parquet]


def answers(seed):
    """A mart and the counts of each conference, as they come: by chance some equal the number."""
    rng, n = np.random.default_rng(seed), len(NAMES)
    marts = {"form_id": [f"SA-{100 + i}" for i in range(3 * n)], "conference_id": NAMES * 3}
    marts |= {f"q{i}": rng.integers(1, 6, 3 * n) for i in range(20)}
    counts = {"conference_id": NAMES, **{f"n{i}": rng.integers(0, 15, n) for i in range(5)}, "year": [2019] * n}
    return marts, counts


@pytest.mark.parametrize("write", TABLES)
@pytest.mark.parametrize("seed", range(3))
def test_answers_and_counts_are_no_conference_numbers_where_those_begin_with_one(from_one, write, seed):
    store, curated, _ = from_one
    for name, columns in zip(("marts", "counts"), answers(seed), strict=True):
        write(curated / name, columns)
    assert search_results(store).leaks == ()


@pytest.mark.parametrize("write", TABLES)
@pytest.mark.parametrize("some", ["all", "half of the rows", "a third of the conferences"])
def test_a_column_of_conference_numbers_is_found_in_every_kind_of_table(from_one, write, some):
    store, curated, numbers = from_one
    marts, _ = answers(1)
    n = len(marts["form_id"])
    kept = {
        "all": np.ones(n, bool),
        "half of the rows": np.arange(n) % 2 == 0,
        "a third of the conferences": np.arange(n) % 40 < 14,
    }
    path = write(curated / "marts", {**marts, "more": pa.array(np.tile(numbers, 3), mask=~kept[some])})
    assert search_results(store).leaks == (Leak(path, CONFERENCE),)


def said_in(kind, lines):
    """A page, JSON or text that says something of each conference."""
    if kind == "json":
        return json.dumps([{"conference": name, "said": words} for name, words in lines])
    if kind == "html":
        return "<table>" + "".join(f"<tr><td>{name}</td><td>{words}</td></tr>" for name, words in lines) + "</table>"
    return "\n".join(f"- {name}: {words}" for name, words in lines)


@pytest.mark.parametrize("kind", ["json", "html", "md"])
@pytest.mark.parametrize("seed", range(3))
def test_counts_beside_pseudonyms_on_a_page_are_no_conference_numbers(from_one, kind, seed):
    store, curated, _ = from_one
    rng = np.random.default_rng(seed)
    lines = [(name, f"{rng.integers(1, 15)} of 40 forms, {rng.integers(1, 6)} of 12 tables, 2019") for name in NAMES]
    (curated / f"x.{kind}").write_text(said_in(kind, lines), encoding="utf-8")
    assert search_results(store).leaks == ()


@pytest.mark.parametrize("kind", ["json", "html", "md"])
def test_conference_numbers_beside_pseudonyms_on_a_page_are_found_however_small(from_one, kind):
    store, curated, numbers = from_one
    path = curated / f"x.{kind}"
    path.write_text(said_in(kind, list(zip(NAMES, numbers.tolist(), strict=True))), encoding="utf-8")
    assert search_results(store).leaks == (Leak(path, ROW),)


@pytest.mark.parametrize("kind", ["json", "html", "md"])
def test_one_row_among_many_is_found_where_numbers_are_large(own_store, kind):
    curated = own_store.settings.curated(own_store.delivery)
    numbers = 40_111 + 7 * np.arange(len(NAMES))
    book = pa.table({"conference_number": pa.array(numbers, pa.int32()), "conference_id": NAMES})
    pq.write_table(book, own_store.settings.restricted(own_store.delivery) / "validated" / "codebook.parquet")
    lines = [(name, f"{at % 9} of 12 forms, 2019") for at, name in enumerate(NAMES)]
    path = curated / f"x.{kind}"
    path.write_text(said_in(kind, lines), encoding="utf-8")
    assert search_results(own_store).leaks == ()
    lines[17] = (NAMES[17], f"{numbers[17]}, 2019")
    path.write_text(said_in(kind, lines), encoding="utf-8")
    assert search_results(own_store).leaks == (Leak(path, ROW),)


@pytest.mark.parametrize("text", ["navn;nr\n{};{}\n", "{};{}\n", "a,b,c\nx,{},{}\ny,,\n", "a\tb\n1\t2\n{}\t{}\t9\n"])
def test_one_row_of_the_codebook_in_two_cells_is_found(store, curated, text):
    (curated / "x.csv").write_text(text.format(NAMES[7], NUMBERS[7]), encoding="utf-8")
    assert search_results(store).leaks in ((Leak(curated / "x.csv", CONFERENCE),), (Leak(curated / "x.csv", ROW),))


# Free text.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (STORY, True),
        (STORY.upper(), True),
        ("… FLYTTEDE til nibe  i …", True),
        ("flyttede, til Nibe: i", True),
        ("til Nibe i juni", False),
        (NAME, True),
        ("kanarie fuglsang ringede", True),
        ("Fuglsang Kanarie", False),
    ],
)
def test_four_words_in_a_row_or_a_short_cell_as_a_whole_are_found_again(store, curated, text, found):
    path = plant(curated, "html", text)
    assert search_results(store).leaks == ((Leak(path, TEXT),) if found else ())


@pytest.mark.parametrize("place", ["reason", "who", "accepted", "label", "question"])
def test_whatever_people_wrote_in_a_delivery_is_looked_for(delivery, place):
    store = Store(delivery.settings, delivery.name)
    curated = store.settings.curated(store.delivery)
    curated.mkdir(parents=True)
    if place in ("reason", "who"):
        delivery.correct(("IN-700001", "konflikt", "1", "2", *((STORY, "LK") if place == "reason" else ("x", STORY))))
    elif place == "accepted":
        delivery.accept(("IN-700001", "keyed_twice", "", STORY))
    else:
        name = "labels" if place == "label" else "structure"
        path = delivery.path(f"initiator/{name}.csv")
        path.write_bytes(
            path.read_bytes() + f"x;1;{STORY}\r\n".encode("cp1252")
            if place == "label"
            else b"".join([path.read_bytes(), f"x;x;Open;String;{STORY};;\r\n".encode("cp1252")])
        )
    path = plant(curated, "html", STORY)
    assert search_results(store).leaks == (Leak(path, TEXT),)


def test_our_own_wording_is_no_free_text(own_store):
    """Somebody may have written what a questionnaire says."""
    path = own_store.raw("coordinator/dataset.csv")
    path.write_bytes(path.read_bytes().replace(STORY.encode(), b"Er du tilfreds med jeres plan?", 1))
    plant(own_store.settings.curated(own_store.delivery), "html", "Er du tilfreds med jeres plan?")
    assert search_results(own_store).leaks == ()


def test_labels_that_stand_in_no_file_are_our_own_wording(monkeypatch):
    """Those of boxes: an export's labels.csv has them, too."""
    boxes = (
        questionnaires(STUDY)["coordinator"]
        .question("conflict")
        .model_copy(update={"answers": (Answer(code=0, label="ikke valgt"), Answer(code=1, label="valgt"))})
    )
    asked = {"coordinator": questionnaires(STUDY)["coordinator"].model_copy(update={"questions": (boxes,)})}
    found = []
    for forms in (asked, questionnaires(STUDY)):
        monkeypatch.setattr(phrases, "questionnaires", lambda _study, forms=forms: forms)
        written = phrases.Phrases(STUDY.again())
        written.add("labels.csv", phrases.phrases_in("ikke valgt"))
        found.append(written.holding([pa.array(["ikke valgt"])]))
    assert found == [set(), {"labels.csv"}]


# What comes of it.


def test_what_holds_a_leak_leaves_the_results_and_the_rest_stays(own_store):
    store, curated = own_store, own_store.settings.curated(own_store.delivery)
    for name, text in (("marts/a.html", PERSON), ("b.html", STORY), ("c.html", "fint"), ("d.html", f"{PERSON} {STORY}")):
        (curated / name).parent.mkdir(exist_ok=True)
        (curated / name).write_bytes(page(text))
    with pytest.raises(CheckFailed) as caught:
        require_clean(store)
    said = str(caught.value)
    assert said.startswith(f"{curated / 'b.html'}: holds what must not leave the restricted zone: {TEXT}; 2 more files")
    assert "\n" not in said
    assert PERSON not in said
    assert STORY not in said
    leaked = store.settings.restricted(store.delivery) / LEAKED
    assert [p.name for p in curated.rglob("*") if p.is_file()] == ["c.html"]
    assert sorted(p.relative_to(leaked).as_posix() for p in leaked.rglob("*.html")) == ["b.html", "d.html", "marts/a.html"]
    assert {p.stat().st_mode & 0o077 for p in (leaked, *leaked.rglob("*"))} == {0}
    assert require_clean(store).files == 1


@pytest.mark.parametrize(
    ("name", "content"), [("a.parquet", b"PAR1 broken PAR1"), ("a.db", b"SQLite format 3\0 broken"), ("a.sav", b"$FL2 x")]
)
def test_what_cannot_be_searched_does_not_pass(store, curated, name, content):
    (curated / name).write_bytes(content)
    assert search_results(store).leaks == (Leak(curated / name, UNREADABLE),)


# What Dagster keeps.


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (IDENTITY, KEY),
        (PERSON, PERSONAL),
        ("conference_number: 40111", CONFERENCE),
        (f"no entry for {NAMES[3]}", PSEUDONYM),
        ("SA-38294000 is odd", FORM),
        ("38294991;2020-01-20 08:05:33;2020-01-20 08:06:48;1", FORM),
        ("{'responde': '38294991', 'created': '2020-01-20 08:05:33'}", FORM),
        ("{'overall': 3, 'plan_satisfied': 2, 'belief': None}", FORM),
        ("helefrs=1, tilfplan=2, planhjlp=5", FORM),
        (STORY, TEXT),
    ],
)
@pytest.mark.parametrize("file", ["database", "database blob", "text", "json", "json within json"])
def test_traces_of_runs_hold_no_form_no_conference_and_nothing_written(store, tmp_path, file, text, kind):
    home = tmp_path / "home"
    path = plant(home, file, text)
    assert search_traces(STUDY, home, [store]).leaks == (Leak(path, kind),)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "conference_number", "type": "int32"}',
        "| overall | Hvad synes du? | 1233 |",
        "2026-11-23 04:42:05.104951\n2026-11-23 04:42:25.335665",
        '{"timestamp": ' + f'{1_801_011_234}.56, "pid": 6101}}',
        "participant_first: 12 of 1271 forms were set aside",
        "promises 125, kept 125; marts 5",
    ],
)
def test_what_runs_may_leave_behind_is_passed_over(text):
    assert kinds_in_trace(STUDY, text, Codebook(NAMES, NUMBERS.tolist())) == set()


def test_of_one_run_only_its_own_rows_and_files_are_read(store, tmp_path):
    home = tmp_path / "home"
    (home / "history" / "runs").mkdir(parents=True)
    (home / "storage" / "run0").mkdir(parents=True)
    (home / "storage" / "run0" / "x.err").write_text(STORY, encoding="utf-8")
    database(home / "history" / "runs" / "index.db", PERSON)  # the 400th is run0's
    database(home / "history" / "runs" / "run1.db", "-")
    assert search_traces(STUDY, home, [store], "run1").leaks == ()
    assert {leak.kind for leak in search_traces(STUDY, home, [store], "run0").leaks} == {PERSONAL, TEXT}


def test_memory_does_not_grow_with_a_text(store, curated):
    """A megabyte at a time, with what stands across the seam."""
    from frs_pipeline.privacy.contents import texts

    (curated / "x.txt").write_bytes("æ".encode() * 3_000_001)
    pieces = list(texts(curated / "x.txt"))
    assert max(map(len, pieces)) < 1_100_000
    assert "�" not in "".join(pieces)


@pytest.mark.parametrize(
    "number", ["610180\u00a01234", "6\u00ad10180\u20091234", "".join(chr(0x1D7CE + int(d)) for d in "6101801234")]
)
@pytest.mark.parametrize("quoted", [repr, ascii, json.dumps, lambda text: json.dumps(json.dumps(text))])
def test_a_personal_number_is_found_as_programs_quote_it(number, quoted):
    text = quoted(f"cell {number} of a form")
    assert PERSONAL in kinds_in_trace(STUDY, reading_of_trace(text), Codebook())
    assert any(PERSONAL in kinds_in(reading) for reading in readings(text))
