"""Files are written whole or not at all, and say where they come from."""

import json
import os
import shutil
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.store import files
from frs_pipeline.store.deliveries import inventory, sha256
from frs_pipeline.store.files import MANIFEST, Store, atomic, private_folder, read, read_manifest, recorded, stale, write_json
from frs_pipeline.store.journal import append
from frs_pipeline.store.lock import LOCK, begin, exclusive, is_locked, unfinished
from frs_pipeline.store.manifest import note_partial, root_of, write_manifest
from frs_pipeline.store.plan import definition_hash, downstream, products, table_key, upstream
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_written_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    with atomic(path) as file:
        file.write(b"new")
    assert contents(tmp_path) == {"a/b/file.txt": b"new"}


@pytest.mark.parametrize("old", [None, b"old"], ids=["first time", "over an old file"])
def test_nothing_is_seen_under_the_name_until_the_file_is_whole(tmp_path, old):
    path = tmp_path / "file.txt"
    if old is not None:
        path.write_bytes(old)
    with atomic(path) as file:
        file.write(b"half")
        file.flush()
        assert (path.read_bytes() if path.exists() else None) == old
    assert path.read_bytes() == b"half"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def fail_half_way():
        with atomic(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert contents(tmp_path) == {"file.txt": b"old"}


def test_a_full_disk_is_told_in_one_line_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)

    def write():
        with atomic(path) as file:
            file.write(b"new")

    with pytest.raises(FrsError, match="No space left on device") as refused:
        write()
    assert refused.value.where == path
    assert "\n" not in str(refused.value)
    assert contents(tmp_path) == {"file.txt": b"old"}


@pytest.mark.parametrize(
    "make",
    [lambda path: atomic(path / "file.txt").__enter__(), lambda path: private_folder(path, path.parent)],
    ids=["file", "private folder"],
)
def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path, make):
    (tmp_path / "restricted").write_bytes(b"a file where a folder belongs")
    with pytest.raises(InputError, match="a file lies where a folder belongs") as refused:
        make(tmp_path / "restricted" / "validated")
    assert refused.value.where == tmp_path / "restricted" / "validated"
    assert "\n" not in str(refused.value)


def test_restricted_folders_are_for_their_owner_only(tmp_path):
    old = os.umask(0)
    try:
        tmp_path.chmod(0o755)
        private_folder(tmp_path / "restricted" / "2021-01-31" / "validated", tmp_path / "restricted")
    finally:
        os.umask(old)
    for name in ("restricted", "restricted/2021-01-31", "restricted/2021-01-31/validated"):
        assert mode(tmp_path / name) == 0o700
    assert mode(tmp_path) == 0o755


def test_a_folder_that_others_could_enter_is_closed_again(tmp_path):
    folder = tmp_path / "restricted" / "validated"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    private_folder(folder, folder.parent)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("place", ["data", "restricted", "restricted/data", "curated/restricted"])
def test_only_what_is_restricted_is_closed_to_others_wherever_the_data_lie(tmp_path, place):
    settings = Settings(STUDY, tmp_path / place)
    settings.data.mkdir(parents=True)
    for folder in (settings.data, *settings.data.parents):
        if folder.is_relative_to(tmp_path):
            folder.chmod(0o755)
    store = Store(settings, "2021-01-31")
    kept, shown = store.write(products(STUDY)[("pseudonymised", "coordinator")], TABLE), store.write(products(STUDY)[MART], TABLE)
    note_partial(store, {MART})
    append(settings.access_journal, "lock", who="a", why="b", details={})
    closed = [kept, settings.access_journal, settings.access_journal.with_suffix(".head")]
    assert [mode(path) for path in closed] == [0o600] * 3
    for path in (kept.parent, kept.parent.parent, settings.restricted_zone):
        assert mode(path) == 0o700
    for path in (shown, shown.parents[1] / MANIFEST):
        assert mode(path) == 0o644
    for path in (settings.data, settings.data.parent):
        assert mode(path) == 0o755


TABLE = pa.table({"x": pa.array([1, 2, None], pa.int8())})
DESCRIBED = ("validated", "description")
CODEBOOK, LEDGER, MART = ("validated", "codebook"), ("validated", "ledger"), ("marts", "coordinator")
WITHDRAWN = ("validated", "withdrawn_conferences")
# What comes of splitting an export.
SPLIT = ("validated", "rejected", "noted", "applied", "withdrawn")
PROMISES, REPORT = ("expectations",), ("report",)


@pytest.fixture(scope="module")
def finished(make_delivery, tmp_path_factory):
    """A delivery in which every product stands, each with three rows that mean nothing."""
    delivery = make_delivery(tmp_path_factory.mktemp("finished") / "data")
    store = Store(delivery.settings, delivery.name)
    for product in products(STUDY).values():
        if product.pages:
            store.write_pages(product, {"index.html": b"<p>kept</p>", "initiator.html": b"<p>also kept</p>"})
        store.write(product, TABLE)
    write_manifest(store, {"forms": 26})
    return delivery


@pytest.fixture
def store(finished, tmp_path):
    """A copy of it, which stands somewhere else."""
    delivery = finished.copy_to(tmp_path / "elsewhere")
    return Store(delivery.settings, delivery.name)


def test_what_is_written_is_read_back_without_its_origin(store):
    product = products(STUDY)[MART]
    assert read(store.path(product)) == TABLE
    assert read(store.path(product)).schema.metadata is None
    assert recorded(store.path(product)) == store.origin(product).as_json()


def test_the_same_rows_give_the_same_bytes_in_another_place(store, finished):
    path = store.file(*MART)
    store.write(products(STUDY)[MART], TABLE)
    assert path.read_bytes() == Store(finished.settings, finished.name).file(*MART).read_bytes()


def test_field_metadata_survives_storing(store):
    schema = pa.schema([pa.field("x", pa.int8(), metadata={"text": "Hørt?"})])
    path = store.write(products(STUDY)[MART], TABLE.cast(schema))
    assert read(path).schema.field("x").metadata == {b"text": "Hørt?".encode()}


def test_nothing_is_stale_after_a_finished_run_wherever_the_folder_lies(store):
    assert stale(store) == set()


def test_everything_is_stale_before_the_first_run(delivery):
    assert stale(Store(delivery.settings, delivery.name)) == set(products(STUDY))


def missing(store):
    store.file(*MART).unlink()


def altered(store):
    path = store.file(*MART)
    data = bytearray(path.read_bytes())
    data[8] ^= 1
    path.write_bytes(data)


def replaced(store):
    """Rows that nobody made, in a file that says the right origin."""
    product = products(STUDY)[MART]
    pq.write_table(TABLE.slice(1).replace_schema_metadata(pq.read_schema(store.path(product)).metadata), store.path(product))


def no_longer_parquet(store):
    store.file(*MART).write_bytes(b"not a Parquet file")


def page_missing(store):
    store.pages(products(STUDY)[PROMISES])[0].unlink()


def pages_missing(store):
    for path in store.pages(products(STUDY)[PROMISES]):
        path.unlink()


def page_altered(store):
    store.pages(products(STUDY)[PROMISES])[0].write_bytes(b"<p>broken</p>")


def page_too_many(store):
    (store.pages(products(STUDY)[PROMISES])[0].parent / "old.html").write_bytes(b"<p>of another run</p>")


def pages_missing_and_not_listed(store):
    pages_missing(store)
    write_manifest(store, {"forms": 26})


def a_delivery_before(store):
    older(store)


def another_codebook(store):
    with store.raw("codebook-pipeline.age").open("ab") as file:
        file.write(b"x")


def another_ledger(store):
    with store.raw("kontering.csv").open("ab") as file:
        file.write(b"\n")


def another_export(store):
    with store.raw("coordinator/labels.csv").open("ab") as file:
        file.write(b"\n")


def corrections(store):
    store.raw("corrections.csv").write_bytes(b"form;column;old;new;reason;who;when\n")


def exceptions(store):
    store.raw("exceptions.csv").write_bytes(b"form;rule;column;reason;who;expires\n")


def withdrawals(store):
    store.raw("withdrawals.csv").write_bytes(b"form;conference;reason;who;when\n")


def no_manifest(store):
    (store.settings.curated(store.delivery) / "manifest.json").unlink()


def unreadable_manifest(store):
    (store.settings.curated(store.delivery) / "manifest.json").write_text("[", encoding="utf-8")


def manifest_of_another_kind(store):
    (store.settings.curated(store.delivery) / "manifest.json").write_text("[]", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (missing, {MART}),
        (altered, {MART}),
        (replaced, {MART}),
        (no_longer_parquet, {MART}),
        (page_missing, {PROMISES}),
        (pages_missing, {PROMISES}),
        (page_altered, {PROMISES}),
        (page_too_many, {PROMISES}),
        (pages_missing_and_not_listed, {PROMISES}),
        (a_delivery_before, {PROMISES}),
        (another_codebook, {CODEBOOK, WITHDRAWN, DESCRIBED}),
        (another_ledger, {LEDGER}),
        (another_export, {(layer, "coordinator") for layer in SPLIT}),
        (corrections, {(layer, name) for layer in SPLIT for name in instruments(STUDY)}),
        (exceptions, {("noted",), *((layer, name) for layer in SPLIT for name in instruments(STUDY))}),
        (withdrawals, {WITHDRAWN}),
        (no_manifest, set(products(STUDY))),
        (unreadable_manifest, set(products(STUDY))),
        (manifest_of_another_kind, set(products(STUDY))),
    ],
)
def test_what_changed_is_stale_with_all_that_hangs_on_it_and_nothing_else(store, change, first):
    change(store)
    assert stale(store) == downstream(STUDY, first)


def older(store, name="2020-06-30", root="a" * 64):
    """A delivery from before, with its marts and what a finished run (unless there is no `root`) notes of itself."""
    before = Store(store.settings, name)
    for key in dict.fromkeys((*products(STUDY)[PROMISES].previous, *products(STUDY)[REPORT].previous)):
        before.write(products(STUDY)[key], TABLE)
    write_json(before.settings.curated(name) / MANIFEST, {"outputs": {}, **({"root": root} if root else {})})
    return before


def describe(store, text):
    store.raw("delivery.yaml").write_text(text, encoding="utf-8")


def test_the_predecessor_is_the_newest_older_delivery_with_a_finished_result(store):
    assert store.predecessor() is None
    for name in ("2019-12-31", "2020-06-30", "2021-02-28"):
        older(store, name)
    older(store, "2020-11-30", root=None)
    assert store.predecessor() == Store(store.settings, "2020-06-30")
    assert Store(store.settings, "2020-06-30").predecessor() == Store(store.settings, "2019-12-31")


def test_the_predecessor_is_the_one_that_the_delivery_names(store):
    for name in ("2019-12-31", "2020-06-30"):
        older(store, name)
    older(store, "2020-11-30", root=None)
    for text in ("predecessor: 2019-12-31\n", "predecessor: '2019-12-31'  # the same season\n"):
        describe(store, text)
        assert store.predecessor() == Store(store.settings, "2019-12-31")
    for text in ("{}", "predecessor:\n"):
        describe(store, text)
        assert store.predecessor() == Store(store.settings, "2020-06-30")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("# ours\npredecesor: 2020-06-30\n", 2, "predecesor"),
        ("predecessor: 2020-06-31\n", 1, "named by its date"),
        ("predecessor: 20200630\n", 1, "named by its date"),
        ("predecessor: last year\n", 1, "named by its date"),
        ("predecessor: 2021-01-31\n", 1, "delivery 2021-01-31 isn't older than this one"),
        ("predecessor: 2022-01-31\n", 1, "delivery 2022-01-31 isn't older than this one"),
        ("predecessor: 2018-06-30\n", 1, "delivery 2018-06-30, which this one is to be compared with, has no finished result"),
        ("predecessor: 2020-11-30\n", 1, "has no finished result (frs run --delivery 2020-11-30 first"),
        ("# ours\npredecessor: [2020-11-30]\n", 2, "holds more than one value"),
        ("just words\n", 1, "says nothing by a key"),
        ("", 1, "says nothing by a key"),
    ],
)
def test_what_a_delivery_says_of_itself_is_refused_with_its_line_where_it_cannot_be(store, text, line, says):
    older(store, "2020-11-30", root=None)
    describe(store, text)
    with pytest.raises(InputError) as caught:
        stale(store)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{store.raw('delivery.yaml')}:{line}: ")
    assert "\n" not in str(caught.value)


def test_a_few_nested_lines_of_a_delivery_do_not_unfold_to_gigabytes(store):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12))]
    describe(store, "\n".join(lines))
    with pytest.raises(InputError, match="holds more than one value"):
        stale(store)


def test_what_is_held_against_the_predecessor_is_stale_when_that_changes_and_its_root_stands_in_the_manifest(store):
    both, before = (products(STUDY)[PROMISES], products(STUDY)[REPORT]), older(store)
    assert write_manifest(store, {"forms": 26})["predecessor"] == {}
    for product in both:
        store.write(product, TABLE)
    content = write_manifest(store, {"forms": 26})
    assert content["predecessor"] == {"delivery": "2020-06-30", "root": "a" * 64}
    assert root_of({**content, "predecessor": {"delivery": "2020-06-30", "root": "b" * 64}}) != content["root"]
    assert stale(store) == set()
    for product in both:
        assert {name for name in store.origin(product).inputs if name.startswith("2020-06-30/")} == {
            "2020-06-30/root",
            *(f"2020-06-30/{products(STUDY)[key].name}" for key in product.previous),
        }
    before.write(products(STUDY)["statistics", "figures"], TABLE.slice(1))  # which the report alone is held against
    assert stale(store) == {REPORT}
    older(store)
    before.write(products(STUDY)[MART], TABLE.slice(1))
    assert stale(store) == downstream(STUDY, {PROMISES})
    older(store)
    assert stale(store) == set()
    for root in ("b" * 64, None):  # refreshed since; only a part of it
        older(store, root=root)
        assert stale(store) == downstream(STUDY, {PROMISES})
    older(store)
    older(store, "2020-07-31")  # one that came between
    assert stale(store) == downstream(STUDY, {PROMISES})
    describe(store, "predecessor: 2020-06-30\n")  # says the same as before, but is a file of the delivery
    assert stale(store) == downstream(STUDY, {PROMISES, DESCRIBED})
    store.raw("delivery.yaml").unlink()
    shutil.rmtree(store.settings.curated("2020-07-31"))
    assert stale(store) == set()
    shutil.rmtree(store.settings.curated("2020-06-30"))
    assert stale(store) == downstream(STUDY, {PROMISES})


def test_whether_figures_are_held_against_the_report_hangs_on_which_delivery_it_is(store):
    origins = [
        Store(store.settings, name).origin(products(STUDY)["statistics", "compare"]) for name in ("2020-11-30", "2021-01-31")
    ]
    assert origins[0] != origins[1]
    assert any(path.name == "study.yaml" for path, _ in products(STUDY)["statistics", "compare"].definitions)


def test_a_run_that_begins_is_noted_until_it_finishes(store):
    with exclusive(store):
        assert is_locked(store)
        assert not unfinished(store)
        begin(store)
    assert not is_locked(store)
    with exclusive(store):  # whoever comes next hears of it
        assert unfinished(store)
    write_manifest(store, {"forms": 26})
    assert not unfinished(store)
    begin(store)
    note_partial(store, {MART})
    assert not unfinished(store)


def test_pages_of_an_earlier_run_go_and_what_a_killed_one_left(store):
    product = products(STUDY)[PROMISES]
    folder = store.pages(product)[0].parent
    (folder / ".index.html.abc.tmp").write_bytes(b"half")
    store.write_pages(product, {"index.html": b"<p>new</p>"})
    assert contents(folder) == {"index.html": b"<p>new</p>"}


def test_a_part_of_a_delivery_is_noted_with_its_pages_and_without_those_that_went(store):
    product = products(STUDY)[PROMISES]
    store.write_pages(product, {"index.html": b"<p>new</p>"})
    note_partial(store, {PROMISES})
    outputs = read_manifest(store)["outputs"]
    assert [name for name in outputs if "data_docs" in name] == ["curated/data_docs/index.html"]
    assert outputs["curated/data_docs/index.html"] == sha256(store.pages(product)[0])
    assert "root" not in read_manifest(store)
    assert stale(store) == set()


def test_an_origin_names_the_direct_inputs_and_their_hashes(store):
    assert set(store.origin(products(STUDY)[MART]).inputs) == {"pseudonymised/coordinator"}
    inputs = store.origin(products(STUDY)[CODEBOOK]).inputs
    assert inputs.keys() == {"raw/codebook-pipeline.age", "validated/withdrawn_conferences"}
    assert inputs["raw/codebook-pipeline.age"] == sha256(store.raw("codebook-pipeline.age"))


@pytest.mark.parametrize(
    ("what", "chosen", "first"),
    [
        pytest.param(
            "definition_hash",
            lambda definitions: (STUDY.folder / "tables.yaml", 60) in definitions,
            {table_key(61)},
            id="one table of the catalogue",
        ),
        pytest.param(
            "definition_hash",
            lambda definitions: any(path.name == "coordinator.yaml" for path, _ in definitions),
            {p.key for p in products(STUDY).values() if any(path.name == "coordinator.yaml" for path, _ in p.definitions)},
            id="a questionnaire",
        ),
        pytest.param(
            "definition_hash",
            lambda definitions: any(path.name == "study.yaml" for path, _ in definitions),
            {WITHDRAWN, CODEBOOK, LEDGER},
            id="the occasions",
        ),
        pytest.param(
            "definition_hash",
            lambda definitions: any(path.name == "rules.yaml" for path, _ in definitions),
            {("noted",), *((layer, name) for layer in SPLIT for name in instruments(STUDY))},
            id="the policy",
        ),
        pytest.param(
            "definition_hash",
            lambda definitions: any(path.name == "contradictions.csv" for path, _ in definitions),
            {("statistics", "compare")},
            id="the contradictions",
        ),
        pytest.param(
            "code_hash",
            lambda module: module == "assets.nonresponse",
            {("statistics", "unit_nonresponse"), ("statistics", "item_nonresponse")},
            id="code",
        ),
    ],
)
def test_what_is_made_by_another_definition_or_code_is_stale(store, monkeypatch, what, chosen, first):
    before = getattr(files, what)
    monkeypatch.setattr(files, what, lambda *given: "another" if chosen(given[-1]) else before(*given))
    assert stale(store) == downstream(STUDY, first)


def test_what_a_study_says_of_itself_counts_wherever_it_is_read_even_when_no_row_before_it_changes():
    """Who fills in a questionnaire names columns of the mart of conferences; the study's title stands in the workbook."""
    names = {key: {path.name for path, _ in product.definitions} for key, product in products(STUDY).items()}
    assert {"study.yaml", *(f"{name}.yaml" for name in instruments(STUDY))} <= names["marts", "conference"]
    assert "study.yaml" in names[("formats",)]


def test_a_table_hangs_on_its_own_mart_only():
    reached = downstream(STUDY, {MART})
    assert table_key(61) in reached
    assert table_key(60) not in reached
    assert ("statistics", "figures") in reached
    judged = {(layer, name) for layer in ("validated", "rejected", "noted", "applied") for name in instruments(STUDY)}
    # Through `noted`, which isn't made of a delivery that lost too much: no mart without a look at every form.
    looked_at = {CODEBOOK, LEDGER, WITHDRAWN, ("quarantine",), ("noted",), *judged}
    assert upstream(STUDY, {MART}) == {MART, ("pseudonymised", "coordinator"), *looked_at}


def test_every_product_is_made_after_its_inputs_and_in_a_file_of_its_own():
    seen = set()
    for product in products(STUDY).values():
        assert seen.issuperset(product.inputs)
        seen.add(product.key)
    assert len({(p.zone, p.path) for p in products(STUDY).values()}) == len(products(STUDY))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param("# said otherwise\ntables: [{number: 1,   title: A}]\n", True, id="comment and spaces"),
        # The order of keys is that of a collapse's categories, and so the sign of a gamma.
        pytest.param("tables: [{title: A, number: 1}]\n", False, id="order"),
        pytest.param('tables:\n  - number: 1\n    title: "A"\n', True, id="another way to write it"),
        pytest.param("tables: [{number: 1, title: B}]\n", False, id="another title"),
        pytest.param("tables: [{number: 1, title: A, note: x}]\n", False, id="a note"),
    ],
)
def test_a_definition_is_what_it_says_not_how_it_is_spelt(tmp_path, text, same):
    hashes = []
    for name, content in (("before", "tables: [{number: 1, title: A}]\n"), ("after", text)):
        path = tmp_path / name / "tables.yaml"
        path.parent.mkdir()
        path.write_text(content, encoding="utf-8")
        hashes.append({definition_hash(STUDY, ((path, index),)) for index in (0, None)})
    assert (hashes[0] == hashes[1]) is same
    assert same or not hashes[0] & hashes[1]


def test_the_manifest_lists_every_input_and_output_and_no_place(store):
    write_manifest(store, {"forms": 26})
    manifest = read_manifest(store)
    assert manifest["inputs"] == {name: file.sha256 for name, file in inventory(STUDY, store.raw("")).items()}
    made = [path for p in products(STUDY).values() for path in (store.path(p), *store.pages(p))]
    assert sorted(manifest["outputs"].values()) == sorted(map(sha256, made))
    assert len(manifest["outputs"]) == len(products(STUDY)) + 2 * sum(bool(product.pages) for product in products(STUDY).values())
    assert manifest["outputs"]["curated/data_docs/initiator.html"] == sha256(store.pages(products(STUDY)[PROMISES])[1])
    assert manifest["outputs"]["curated/marts/coordinator.parquet"] == sha256(store.file(*MART))
    assert str(store.settings.data) not in json.dumps(manifest)


def test_the_manifest_is_the_same_wherever_the_folder_lies(store, finished):
    root = write_manifest(store, {"forms": 26})["root"]
    assert root == read_manifest(Store(finished.settings, finished.name))["root"]
    assert write_manifest(store, {"forms": 27})["root"] != root


def test_a_folder_in_the_place_of_a_file_is_told_as_what_it_is(store):
    manifest, lock, ledger = store.settings.curated(store.delivery) / MANIFEST, store.waiting() / LOCK, store.raw("kontering.csv")
    for place in (manifest, lock, ledger):
        place.unlink(missing_ok=True)
        place.mkdir()

    def begin_a_run():
        with exclusive(store):
            pass

    asked = {manifest: lambda: write_json(manifest, {}), lock: begin_a_run, ledger: lambda: inventory(STUDY, store.raw(""))}
    for place, ask in asked.items():
        with pytest.raises(InputError, match="a folder lies in its place") as caught:
            ask()
        assert caught.value.where == place
