"""Studies whose people are known by an identifier of their own kind, or by none: what is locked, set aside and searched for."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.small_study import NAME, by_arithmetic, make_delivery

from frs_pipeline.codebook.find import find
from frs_pipeline.codebook.keys import make_key
from frs_pipeline.codebook.locking import FaultyRegister, lock_register
from frs_pipeline.codebook.vault import read_full
from frs_pipeline.errors import FrsError, InputError, UsageError
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.form import opened, ways
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.personal_numbers import HIDDEN
from frs_pipeline.privacy.codebook import Codebook
from frs_pipeline.privacy.patterns import PERSONAL, kinds_in_trace
from frs_pipeline.privacy.search import search_results
from frs_pipeline.release.outgoing import publish
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.release import release_policy
from frs_pipeline.withdrawal.request import parse_request

TEXT = '  - {name: remarks, source: bem, text: "Andet?", type: text, sensitivity: sensitive, wording: assumed}\n'
PATTERN = 'personal_id: {pattern: "PT-[0-9]{2,3}-?[A-Z]{2}"}\n'
ID, CPR = "PT-17-KX", "610118-0011"
TOLD = {3: f"spørg {ID} om det", 4: f"jeg er {CPR}", 5: "spørg XPT-17-KX om det", 6: "PT-1"}


def make(folder, said=PATTERN):
    study = begin(folder / "clinic")
    for name, more in (("questionnaires/participant", TEXT), ("study", said)):
        with (study / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)
    return make_delivery(Study(study), folder / "data", written=lambda _, at: TOLD.get(at, ""))


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = make(tmp_path_factory.mktemp("clinic"))
    assert refresh(settings).vouched
    return settings


def test_a_text_that_names_somebody_by_it_sets_its_form_aside(settings):
    rejected = read(Store(settings, NAME).file("rejected", "participant")).to_pylist()
    assert {(row["form_id"], row["rule"]) for row in rejected} == {(f"DE-{1000 + at}", "holds_personal_number") for at in (3, 4)}


def test_who_opens_such_a_form_sees_neither(settings):
    evidence = Evidence(Store(settings, NAME))
    shown = [opened(evidence, *ways(evidence, f"DE-{1000 + at}")).raw["bem"] for at in (3, 4, 6)]
    assert shown == [f"spørg {HIDDEN} om det", f"jeg er {HIDDEN}", "PT-1"]


@pytest.mark.parametrize("name", ["odd.csv", "odd.json", "odd.html", "odd.parquet"])
@pytest.mark.parametrize("number", [ID, CPR])
def test_it_is_found_where_it_has_no_place_and_so_is_the_danish_one(settings, name, number):
    path = settings.curated(NAME) / name
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"who": ["", number]}), path)
    else:
        path.write_text(f"<p>{number}</p>" if path.suffix == ".html" else f'"{number}"\n', encoding="utf-8")
    try:
        assert {(leak.file, leak.kind) for leak in search_results(Store(settings, NAME)).leaks} == {(path, PERSONAL)}
    finally:
        path.unlink()
    assert PERSONAL in kinds_in_trace(settings.study, f"cell was {number}", Codebook())


def test_no_file_of_a_delivery_is_called_by_it(tmp_path):
    settings = make(tmp_path)
    (settings.raw_delivery(NAME) / f"README {ID}.md").write_text("", encoding="utf-8")
    with pytest.raises(FrsError, match="the name of a file here is a personal number") as error:
        refresh(settings)
    assert ID not in str(error.value)


def test_the_codebook_is_of_such_identifiers(tmp_path):
    settings = make(tmp_path)
    keys = {name: make_key(tmp_path / name) for name in ("anne", "bo", "pipeline")}
    controllers, register = tmp_path / "controllers.txt", tmp_path / "kodebog.csv"
    controllers.write_text(f"{keys['anne']}\n{keys['bo']}\n", encoding="utf-8")
    header = "personnummer;raadslagningsnummer;dato;anledning\n"
    # Two people, though they differ in the hyphen only.
    lines = [f"PT-17{'-' * (at % 2)}KX;{40_000 + at};2024-0{1 + at // 2}-01;slut\n" for at in range(12)]
    register.write_text(header + "".join(lines) + f"{CPR};50000;2024-02-01;slut\n", encoding="utf-8")
    arguments = (register, settings.raw_delivery(NAME), controllers, keys["pipeline"], "first")
    with pytest.raises(FaultyRegister) as faulty:
        lock_register(settings, *arguments)
    assert [(fault.where.rpartition(":")[2], fault.what) for fault in faulty.value.faults] == [
        ("14", "isn't written as personal_id in study.yaml says")
    ]
    register.write_text(header + "".join(lines), encoding="utf-8")
    (settings.raw_delivery(NAME) / CODEBOOK).unlink()
    assert lock_register(settings, *arguments).children == 2
    entries = read_full(settings.study, settings.raw_delivery(NAME) / CONTROLLERS, tmp_path / "anne")
    assert {entry.personal_number for entry in entries} == {"PT-17KX", ID}
    settings = type(settings)(settings.study, settings.data, tmp_path / "pipeline")
    refresh(settings)
    store = Store(settings, NAME)
    found = find(store, ID, store.raw(CONTROLLERS), tmp_path / "anne", "sag 21")
    assert (len(found.conferences), found.naming) == (6, ("DE-1003",))
    with pytest.raises(FrsError, match=r"not a personal number .write it as study.yaml has it"):
        find(store, CPR, store.raw(CONTROLLERS), tmp_path / "anne", "sag 21")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("personal_id: none\n", r"a codebook knows people by a number, and there is none .say danish_cpr or"),
        ("personal_id: cpr\n", r"personal_id: it is danish_cpr, none, or {pattern: …}"),
        ("personal_id: {kind: none}\n", r"it is danish_cpr, none, or"),
        ('personal_id: {pattern: "PT-["}\n', r"pattern isn't a regular expression"),
        ('personal_id: {pattern: "[0-9]{8}"}\n', r"pattern fits 16200000, which stands in results, too"),
        ('personal_id: {pattern: "[0-9]+"}\n', r"pattern fits 0, which stands in results, too"),
        ('personal_id: {pattern: "[A-Z]{2}-[0-9]{5,6}"}\n', r"pattern fits XX-10000, which stands in results, too"),
        ('personal_id: {pattern: "x*"}\n', r"pattern fits what is empty, too"),
        ('personal_id: {pattern: "^AB[0-9]{5}$"}\n', r"pattern says where a text begins or ends: leave out \^ and \$"),
        ('personal_id: {pattern: "(?:^|x)AB[0-9]{5}"}\n', r"pattern says where a text begins or ends"),
        ("personal_id: {pattern: 'AB[0-9]{5}\\Z'}\n", r"pattern says where a text begins or ends"),
        ('personal_id: {pattern: "AB[0-9]{5"}\n', r"pattern has a brace that repeats nothing: write \{5\}"),
        ('personal_id: {pattern: "(?i)PT[0-9]{4}"}\n', r"pattern isn't a regular expression: global flags not at the start"),
    ],
)
def test_what_no_study_can_say_is_refused_in_a_line(tmp_path, said, says):
    study = begin(tmp_path / "clinic")
    with (study / "study.yaml").open("a", encoding="utf-8") as file:
        file.write(said)
    with pytest.raises(InputError, match=rf"study\.yaml:[0-9]+: .*{says}"):
        about(Study(study))


@pytest.mark.parametrize(
    "pattern", [r"PT\\^[0-9]{4}", "[$^]AB[0-9]{5}", "[^0-9]AB[0-9]{2,}", r"AB\\{[0-9]{,5}\\}", "(?i:pt[0-9]{4})"]
)
def test_letters_that_look_like_ends_are_no_ends(tmp_path, pattern):
    study = begin(tmp_path / "clinic")
    with (study / "study.yaml").open("a", encoding="utf-8") as file:
        file.write(f'personal_id: {{pattern: "{pattern}"}}\n')
    assert about(Study(study)).personal_id.within is not None


def test_it_stands_in_no_reason_and_no_name_of_a_file_is_repeated_that_holds_it(settings, tmp_path):
    store = Store(settings, NAME)
    with pytest.raises(UsageError, match="holds a personal number"):
        publish(store, {}, release_policy(settings.study), who="LK", purpose=f"about {ID}")
    with pytest.raises(UsageError, match="the reason holds a personal number"):
        parse_request(store, ["DE-1001"], f"asked by {ID}", "LK")
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / f"{ID} hansen.csv").touch()
    with pytest.raises(InputError) as error:
        refuse_unread(settings.study, tmp_path / NAME)
    assert ID not in str(error.value)


NUMERIC = 'personal_id: {pattern: "(?!16200000)[0-9]{8}"}\n'
INCOME = """\
  - {name: income, source: indkomst, text: "Income?", type: number, unit: 1, range: [0, 120000000], sensitivity: personal,
     wording: assumed}
"""
KEYED = {3: "12345678", 4: "0012345679", 5: "1234567", 7: " +12345671 "}


def make_numeric(folder):
    study = begin(folder / "clinic")
    for name, more in (("questionnaires/participant", INCOME), ("study", NUMERIC)):
        with (study / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)

    def answer(question, at, place):
        if question.measured:
            return KEYED.get(at, "250000")
        # A code that is none, and is somebody's.
        return "87654321" if (at, question.name) == (9, "overall") else by_arithmetic(question, at, place)

    return make_delivery(Study(study), folder / "data", answer, forms=120)


def test_digits_that_are_one_set_a_form_aside_where_a_number_or_a_code_belongs(tmp_path):
    settings = make_numeric(tmp_path)
    (path,) = settings.raw_delivery(NAME).rglob("dataset.csv")
    forms = about(settings.study).forms
    header, *rows = [line.split(";") for line in path.read_text(encoding="utf-8").splitlines()]
    rows[11][header.index(forms.id)] = "12345670"
    for column in forms.numbers:
        rows[13][header.index(column)] = "12345671"
    path.write_text("\n".join(";".join(cells) for cells in (header, *rows)) + "\n", encoding="utf-8")
    refresh(settings)
    store = Store(settings, NAME)
    rejected = read(store.file("rejected", "participant")).to_pylist()
    found = {(row["form_id"], row["column"]) for row in rejected if row["rule"] == "holds_personal_number"}
    assert found == {
        *((f"DE-{1000 + at}", "indkomst") for at in (3, 4, 7)),
        ("DE-1009", "samlet"),
        ("DE-12345670", forms.id),
        *(("DE-1013", column) for column in forms.numbers),
    }
    assert {1234567, 250000} == set(read(store.file("marts", "participant"))["income"].to_pylist())
    path = settings.curated(NAME) / "odd.parquet"
    for values, kinds in (([250000, 123456789], set()), ([250000, 12345678], {PERSONAL})):
        pq.write_table(pa.table({"odd": values}), path)
        assert {leak.kind for leak in search_results(store).leaks} == kinds
