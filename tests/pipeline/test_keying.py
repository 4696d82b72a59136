"""Forms that are keyed twice: drawn, compared, decided by a third person, corrected, and what of it is anywhere to be seen."""

import csv
import io
import json
import random
import stat

import pytest
from dagster import DagsterInstance, build_sensor_context
from support.running import here
from support.small_study import NAME, make_delivery

from frs_pipeline.assets.wiring import product_of, unchanged
from frs_pipeline.collection.keying import by_table
from frs_pipeline.collection.sampling import SHEET_COLUMNS, drawn, note_without
from frs_pipeline.collection.second_keying import cells_of, left_out
from frs_pipeline.errors import FrsError
from frs_pipeline.intake.adjudicated import ADJUDICATED_COLUMNS
from frs_pipeline.intake.readers.worksheets import as_meant
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.form import ways
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.sensors import new_deliveries
from frs_pipeline.operations.verify import verify
from frs_pipeline.privacy.search import search_results
from frs_pipeline.report.binding import unbound
from frs_pipeline.stats.printing import spss
from frs_pipeline.store.files import MANIFEST, Store, read
from frs_pipeline.store.journal import entries
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires

FORMS, SEED = 120, 7
# Nobody's names, and long enough to be found wherever they get out.
FIRST = ("Asbjørnsdatter-Ravn", "Kvistgaard-Holm", "Tornebusk-Lund")
SECOND, THIRD = "Mosegaard-Birk", "Fjeldsted-Vang"


def dataset(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("cp1252"), newline=""), delimiter=";"))


def write(path, rows, encoding="cp1252"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def name_keyers(settings):
    """Give each form of the delivery a keyer."""
    path = settings.raw_delivery(NAME) / "participant" / "dataset.csv"
    header, *forms = dataset(path)
    write(path, [[*header, "taster"], *([*form, FIRST[at % 3]] for at, form in enumerate(forms))])


def key_again(settings, wanted, alter=lambda form, header, cells: cells, keyer=SECOND):
    """Key the wanted forms a second time; `alter` is what the second keyer makes of the cells of a form."""
    folder = settings.raw_delivery(NAME)
    place = folder / "second_keying" / "participant"
    place.mkdir(parents=True, exist_ok=True)
    for part in ("structure.csv", "labels.csv"):
        (place / part).write_bytes((folder / "participant" / part).read_bytes())
    header, *forms = dataset(folder / "participant" / "dataset.csv")
    again = [alter(f"DE-{form[0]}", header, [*form[:-1], keyer]) for form in forms if f"DE-{form[0]}" in wanted]
    write(place / "dataset.csv", [header, *again])


def make(folder):
    study = begin(folder / "keyed")
    path = study / "study.yaml"
    text = path.read_text(encoding="utf-8")
    at = text.index("forms: {") + len("forms: {")
    path.write_text(f"{text[:at]}keyer: taster, {text[at:]}", encoding="utf-8")
    settings = make_delivery(Study(study), folder / "data", forms=FORMS)
    name_keyers(settings)
    return settings


def frs(settings, *arguments):
    return here(settings.data, "--study", str(settings.study.folder), *arguments, FRS_KEY_FILE=str(settings.key))


def asked(settings):
    question = next(q for q in questionnaires(settings.study)["participant"].keyed if q.name == "overall")
    return question.source, [str(code) for code in question.codes]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """A delivery of which a sample was keyed again: four forms differ, two because the first was wrong."""
    settings = make(tmp_path_factory.mktemp("keying"))
    store = Store(settings, NAME)
    done = frs(settings, "sample", "draw", "--of", "forms", "--seed", str(SEED), "--forms", "30", "--reason", "second keying")
    assert done.returncode == 0, done.stderr
    wanted = sorted(drawn(store))
    column, codes = asked(settings)
    odd = wanted[:4]

    def alter(form, header, cells):
        at = header.index(column)
        if form in odd:
            cells[at] = next(code for code in codes if code != cells[at])
        return cells

    key_again(settings, wanted, alter)
    assert refresh(settings).vouched
    return settings, store, odd, done.stdout


def test_a_sample_is_spread_over_keyers_and_is_the_same_again(keyed):
    settings, store, _, said = keyed
    path = store.decided(f"samples/forms-{SEED}.csv")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert tuple(rows[0]) == SHEET_COLUMNS
    assert [sum(row[-1] == name for row in rows) for name in FIRST] == [10, 10, 10]
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    before = path.read_bytes()
    again = frs(settings, "sample", "draw", "--of", "forms", "--seed", str(SEED), "--forms", "30", "--reason", "lost it")
    assert (again.returncode, path.read_bytes()) == (0, before)
    assert not any(name in said for name in FIRST)
    other = frs(settings, "sample", "draw", "--of", "forms", "--seed", str(SEED), "--forms", "31", "--reason", "more")
    assert (other.returncode, other.stderr.count("\n"), "take another seed" in other.stderr) == (3, 1, True)


def test_only_forms_that_were_drawn_count_as_drawn(keyed):
    """A worksheet that somebody wrote, added to, trimmed or renamed is refused; one that a spreadsheet saved anew isn't."""
    _, store, _, _ = keyed
    path = store.decided(f"samples/forms-{SEED}.csv")
    content, before = path.read_bytes(), drawn(store)
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    more = next(f"DE-{number}" for number in range(1000, 1000 + FORMS) if f"DE-{number}" not in before)
    for spoilt in ([*rows, [more, *rows[1][1:]]], rows[:-1], [rows[0], [more, *rows[1][1:]], *rows[2:]]):
        write(path, spoilt, "utf-8")
        with pytest.raises(FrsError, match="isn't what was drawn by this seed") as error:
            drawn(store)
        assert str(error.value).count("\n") == 0
    write(path, rows)
    assert drawn(store) == before
    path.write_bytes(content)
    other = path.with_name("forms-8.csv")
    other.write_bytes(content)
    with pytest.raises(FrsError, match=r"forms-8\.csv: isn't what was drawn"):
        drawn(store)
    other.unlink()
    # What an erasure takes out is noted before, and only of a worksheet that was as it was drawn.
    gone = {rows[1][0]}
    note_without(store, path, gone)
    write(path, [rows[0], *rows[2:]], "utf-8")
    assert drawn(store) == before - gone
    path.write_bytes(content)


def test_nobody_draws_until_a_sample_looks_good(keyed):
    """A worksheet that was drawn must lie there, and its seed draws no other; drawn as it was, it is back."""
    settings, store, _, _ = keyed
    path = store.decided(f"samples/forms-{SEED}.csv")
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(FrsError, match=rf"forms-{SEED}\.csv: is gone") as error:
        drawn(store)
    assert str(error.value).count("\n") == 0
    draw = ("sample", "draw", "--of", "forms", "--seed", str(SEED), "--reason", "lost it", "--forms")
    fewer = frs(settings, *draw, "5")
    assert (fewer.returncode, fewer.stderr.count("\n"), path.exists()) == (3, 1, False)
    assert "listed other forms when it was drawn" in fewer.stderr
    again = frs(settings, *draw, "30")
    assert (again.returncode, path.read_bytes()) == (0, content), again.stderr


def test_without_a_reason_nothing_is_drawn_and_the_journal_says_so(keyed):
    settings, store, _, _ = keyed
    done = frs(settings, "sample", "draw", "--of", "forms", "--seed", "99")
    assert (done.returncode, store.decided("samples/forms-99.csv").exists()) == (2, False)
    assert entries(settings.access_journal)[-1].event == "refused"


def test_what_differs_is_decided_by_a_third_person_and_corrects_the_form(keyed):
    settings, store, odd, _ = keyed
    done = frs(settings, "sample", "compare", "--reason", "weekly", "--json")
    found = json.loads(done.stdout)
    assert (found["open"], found["not_keyed_again"], found["not_compared"]) == (4, 0, {})
    sheet = store.decided("to-adjudicate.csv")
    header, *rows = list(csv.reader(sheet.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert tuple(header) == ADJUDICATED_COLUMNS
    assert sorted(row[0] for row in rows) == odd
    first, second, who = (header.index(name) for name in ("keyed_first", "keyed_second", "who"))

    def fill(by, names):
        return [[*row[:7], row[second if row[0] in odd[:2] else first], by(row), "2024-07-20"] for row in names]

    for by in (lambda row: row[5], lambda row: row[6].upper()):
        write(sheet, [header, *fill(by, rows[:1])], "utf-8")
        refused = frs(settings, "sample", "adjudicate", str(sheet), "--reason", "looked up")
        assert (refused.returncode, refused.stderr.count("\n")) == (3, 1)
        assert f"{sheet}:2: was decided by one of the two who keyed it" in refused.stderr
        assert not any(name.casefold() in refused.stderr.casefold() for name in (*FIRST, SECOND))
    lost = frs(settings, "sample", "compare", "--reason", "again")
    assert (lost.returncode, "wasn't taken yet" in lost.stderr) == (3, True)
    write(sheet, [header, *fill(lambda _: THIRD, rows[:3]), *rows[3:]], "utf-8")
    taken = frs(settings, "sample", "adjudicate", str(sheet), "--reason", "looked up", "--json")
    assert json.loads(taken.stdout) == {"decided": 3, "first_wrong": 2, "open": 1}, taken.stderr
    assert who
    assert refresh(settings).vouched
    column, _ = asked(settings)
    mart = {row["form_id"]: row for row in read(store.file("marts", "participant")).to_pylist()}
    for row in rows:
        assert str(mart[row[0]]["overall"]) == row[second if row[0] in odd[:2] else first]
    evidence = Evidence(store)
    (way,) = ways(evidence, odd[0])
    assert any(f"corrected: {column}" in note and "decided by the paper" in note for note in way.corrections) or any(
        f"corrected: {column}" in note for note in way.corrections
    )
    passports = [made for made in Passports(settings.study, store).every() if made.amendments]
    assert {a.who for made in passports for a in made.amendments} == {THIRD}
    assert all("decided/adjudicated.csv" in {file.name for file in made.provenance.inputs} for made in passports)
    assert [verdict.faults for verdict in verify(store) if verdict.faults] == []


def test_drawn_forms_that_nobody_keyed_again_are_told(keyed):
    settings, store, odd, _ = keyed
    path = settings.raw_delivery(NAME) / "second_keying" / "participant" / "dataset.csv"
    content = path.read_bytes()
    header, *forms = dataset(path)
    gone = next(f"DE-{form[0]}" for form in forms if f"DE-{form[0]}" not in odd)
    write(path, [header, *(form for form in forms if f"DE-{form[0]}" != gone)])
    cells = cells_of(store)
    path.write_bytes(content)
    rows = [row for row in cells.to_pylist() if row["left"] is not None]
    assert [(row["form_id"], row["left"], row["first_keyer"] in FIRST) for row in rows] == [(gone, "not keyed again", True)]
    assert left_out(cells) == {}
    for of_table in by_table(settings.study, cells).to_pylist():
        assert (of_table["drawn"], of_table["keyed_again"]) == (30, 29)


def test_the_rate_of_a_question_is_counted_and_has_an_interval(keyed):
    settings, store, _, _ = keyed
    rows = {row["question"]: row for row in read(store.file("statistics", "keying")).to_pylist()}
    one = rows["overall"]
    assert (one["forms"], one["cells"], one["differing"], one["undecided"], one["wrong"]) == (30, 30, 4, 1, 2)
    assert one["wrong_percent"] == pytest.approx(100 * 2 / 30)
    assert one["wrong_low"] < 100 * 2 / 30 < 100 * 3 / 30 < one["wrong_high"]
    assert one["kappa_low"] < one["kappa"] < one["kappa_high"] <= 1
    assert rows[None]["cells"] > 30
    assert rows["number"]["kappa"] is None
    assert "keyer" not in read(store.file("statistics", "keying")).schema.names
    assert settings


def test_the_rate_stands_below_the_tables_that_it_touches(keyed):
    """In the report, in the terminal and in the passports; and the report is made from it."""
    settings, store, _, _ = keyed
    page = (settings.curated(NAME) / "report" / "svar.html").read_text(encoding="utf-8")
    assert page.count("Tastefejl: ") == page.count("Keying errors: ") == 3
    assert unbound({"svar.html": page}) == []
    of_overall = next(row for row in read(store.file("statistics", "keying")).to_pylist() if row["question"] == "overall")
    for number, fields in ((1, 30), (2, 60), (3, 60)):
        told = json.loads(frs(settings, "tables", str(number), "--json").stdout)[0]["keying"]
        assert (told["cells"], told["wrong"], told["undecided"], told["unreadable"]) == (fields, 2, 1, 0)
        shown = (frs(settings, "tables", str(number), "--language", which).stdout for which in ("danish", "english"))
        assert (told["drawn"], told["keyed_again"]) == (30, 30)
        danish, english = (" ".join(text.split()) for text in shown)
        assert f"Tastefejl: 2 af {fields} efterprøvede felter" in danish
        percent = spss(100 * 2 / fields, 1, leading_zero=True)
        assert "30 of 30 drawn forms were keyed again by somebody else." in english
        assert f"({percent} %" in danish and f"({percent.replace(',', '.')}%" in english
        if number == 1:
            assert {name: told[name] for name in ("wrong_percent", "wrong_low", "wrong_high")} == {
                name: of_overall[name] for name in ("wrong_percent", "wrong_low", "wrong_high")
            }
    passports = list(Passports(settings.study, store).every())
    assert {made.keying.cells for made in passports} == {30, 60}
    pack = (settings.curated(NAME) / "report" / "passports-svar.js").read_text(encoding="utf-8")
    assert "Tastefejl: 2 af 30" in pack
    assert ("statistics", "keying") in store.products[("report",)].inputs
    assert ("statistics", "keying_of_tables") in store.products[("report",)].inputs
    outputs = json.loads((settings.curated(NAME) / MANIFEST).read_text(encoding="utf-8"))["outputs"]
    assert {"curated/statistics/keying.parquet", "curated/statistics/keying_of_tables.parquet"} <= outputs.keys()


def test_a_new_decision_is_taken_up_unattended_as_a_correction_is(keyed, monkeypatch):
    settings, store, _, _ = keyed
    monkeypatch.setenv("FRS_DATA_DIR", str(settings.data))
    monkeypatch.setenv("FRS_KEY_FILE", str(settings.key))
    path, cursor = store.decided("adjudicated.csv"), None
    before = path.read_bytes()
    left = next(row for row in read(store.file("keyed", "twice")).to_pylist() if row["differs"] and row["wrong"] is None)
    known = {"form": left["form_id"], "right": left["keyed_second"], "who": THIRD, "when": "2024-07-20"}
    line = ";".join(str(known.get(name, left.get(name))) for name in ADJUDICATED_COLUMNS)

    def look():
        nonlocal cursor
        found = new_deliveries(settings.study)(build_sensor_context(instance=instance, cursor=cursor))
        cursor = found.cursor
        return [{product_of(key) for key in asked.asset_selection} for asked in found.run_requests or ()]

    with DagsterInstance.ephemeral() as instance:
        assert [look(), look(), look()] == [[], [], []]
        path.write_bytes(before + f"{line}\r\n".encode())
        assert look() == []  # it may still be written
        [made] = look()
        assert {("validated", "participant"), ("marts", "participant"), ("keyed", "twice"), ("report",), ("manifest",)} <= made
        assert look() == []
        # Taken back, it is made again; the same bytes written once more are no news.
        path.write_bytes(before)
        assert [look(), look()] == [[], []]
        path.write_bytes(before)
        assert [look(), look()] == [[], []]


def test_a_decision_that_changes_while_it_is_read_leaves_nothing_made_of_it(keyed):
    settings, store, _, _ = keyed
    path, made = store.decided("adjudicated.csv"), [store.products[("keyed", "twice")]]
    before = path.read_bytes()
    with pytest.raises(FrsError, match="a decision about the delivery was changed while it was read"), unchanged(store, made, ()):
        path.write_bytes(before + b"\r\n")
    path.write_bytes(before)
    with unchanged(store, made, ()):
        pass
    assert settings


def test_keyers_are_nowhere_but_in_restricted_files(keyed):
    settings, store, _, _ = keyed
    names = [*FIRST, SECOND]
    holding = [path for path in settings.curated(NAME).rglob("*") if path.is_file() and _says(path, names)]
    assert holding == []
    assert search_results(store).leaks == ()
    said = frs(settings, "sample", "keyers")
    assert said.returncode == 0, said.stderr
    assert not any(name in said.stdout for name in names)
    named = frs(settings, "sample", "keyers", "--names", "--reason", "a talk with them")
    assert (named.returncode, stat.S_IMODE(store.decided("keyers.csv").stat().st_mode)) == (0, 0o600)
    assert not any(name in store.decided("keyer-numbers.json").read_text(encoding="utf-8") for name in names)


def test_a_number_stands_for_the_same_keyer_in_every_table(keyed):
    settings, store, _, drawn_by = keyed
    named = frs(settings, "sample", "keyers", "--names", "--reason", "a talk with them", "--json")
    rows = list(csv.reader(store.decided("keyers.csv").read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    who = {name: number for number, name in rows[1:]}
    assert set(who) == {*FIRST, SECOND}
    assert len(set(who.values())) == 4
    compared = json.loads(frs(settings, "sample", "compare", "--reason", "weekly", "--json").stdout)["keyers"]
    for found, product in ((json.loads(named.stdout), "faults"), (compared, "keyers")):
        held = [{**row, "keyer": who[row["keyer"]]} for row in read(store.file("keyed", product)).to_pylist()]
        assert sorted(map(str, found)) == sorted(map(str, held))
        shown = list(dict.fromkeys(row["keyer"] for row in found))
        assert shown == sorted(shown, key=lambda number: int(number[1:]))
    assert all(who[name] in drawn_by for name in FIRST)


def _says(path, names):
    text = str(read(path).to_pydict()) if path.suffix == ".parquet" else path.read_bytes().decode("utf-8", "replace")
    return any(name in text for name in names)


def test_a_form_keyed_again_by_the_same_keyer_or_that_nobody_drew_counts_for_nothing(tmp_path):
    settings = make(tmp_path)
    store = Store(settings, NAME)
    key_again(settings, {"DE-1000", "DE-1001"}, keyer=FIRST[0])
    refresh(settings)
    rows = read(store.file("keyed", "twice")).to_pylist()
    assert {(row["form_id"], row["left"]) for row in rows} == {("DE-1000", "same keyer"), ("DE-1001", None)}
    assert read(store.file("statistics", "keying")).num_rows == 0
    path = settings.raw_delivery(NAME) / "second_keying" / "participant" / "dataset.csv"
    header, *forms = dataset(path)
    forms[0][0] = "999999"
    write(path, [header, *forms])
    with pytest.raises(FrsError, match=r"second_keying/participant/dataset\.csv:2: there is no such form in the first keying"):
        refresh(settings)


def test_a_correction_decides_a_cell_that_differs_and_names_may_look_like_formulas(tmp_path, monkeypatch):
    odd = ("@anna", '=bo;"x"', "-carl")
    monkeypatch.setitem(globals(), "FIRST", odd)
    settings = make(tmp_path)
    store = Store(settings, NAME)
    column, codes = asked(settings)
    header, *forms = dataset(settings.raw_delivery(NAME) / "participant" / "dataset.csv")
    at, before = header.index(column), {f"DE-{form[0]}": form[header.index(column)] for form in forms}
    other = {form: next(code for code in codes if code != before[form]) for form in before}
    named = [f"DE-{100}{last}" for last in range(5)]

    def alter(form, _, cells):
        # The second keyer agrees with the first about 1001, which is corrected all the same, and about 1004.
        cells[at] = before[form] if form in (named[1], named[4]) else other[form]
        return cells

    key_again(settings, set(named), alter, keyer="+dora")
    corrections = [(form, column, before[form], other[form], "set", "kb", "2024-07-20") for form in named[:2]]
    write(
        settings.raw_delivery(NAME) / "corrections.csv",
        [("form", "column", "old", "new", "reason", "who", "when"), *corrections],
        "utf-8",
    )
    assert refresh(settings).vouched
    cells = {row["form_id"]: row for row in read(store.file("keyed", "twice")).to_pylist() if row["column"] == column}
    found = {form: (row["differs"], row["wrong"], row["left"]) for form, row in cells.items()}
    assert found == {
        named[0]: (True, True, None),
        named[1]: (False, False, None),
        **dict.fromkeys(named[2:4], (True, None, None)),
        named[4]: (False, False, None),
    }
    assert frs(settings, "sample", "keyers", "--names", "--reason", "a talk with them").returncode == 0
    text = store.decided("keyers.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert {as_meant(name) for _, name in rows[1:]} == {*odd, "+dora"}
    assert all(name.startswith("'") for _, name in rows[1:])
    assert frs(settings, "sample", "compare", "--reason", "weekly").returncode == 0
    sheet = store.decided("to-adjudicate.csv")
    header, *rows = csv.reader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline=""), delimiter=";")
    write(sheet, [header, *([*row[:7], row[4], "@eva", "2024-07-20"] for row in rows)], "utf-8")
    taken = frs(settings, "sample", "adjudicate", str(sheet), "--reason", "looked up", "--json")
    assert (taken.returncode, taken.stderr) == (0, "")
    assert json.loads(taken.stdout) == {"decided": 2, "first_wrong": 2, "open": 0}
    assert refresh(settings).vouched
    decided = [row["wrong"] for row in read(store.file("keyed", "twice")).to_pylist() if row["form_id"] in named[2:4]]
    assert decided.count(True) == 2


def test_faults_of_a_careless_keyer_are_told_from_those_of_the_others(tmp_path):
    settings = make(tmp_path)
    path = settings.raw_delivery(NAME) / "participant" / "dataset.csv"
    header, *forms = dataset(path)
    at, chosen = header.index(asked(settings)[0]), random.Random(1).sample(range(0, FORMS, 3), 9)
    for row in chosen:
        forms[row][at] = "77"
    write(path, [header, *forms])
    rules = settings.study.folder / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("delivery: 0.05", "delivery: 0.5"), encoding="utf-8")
    exceptions = "form;rule;column;reason;who;expires\n;too_many_set_aside;;prøve;kb;2024-12-31\n"
    exceptions += ";too_many_set_aside;participant;prøve;kb;2024-12-31\n"
    (settings.raw_delivery(NAME) / "exceptions.csv").write_text(exceptions, encoding="utf-8")
    refresh(settings)
    rows = read(Store(settings, NAME).file("keyed", "faults")).to_pylist()
    of_rule = {row["keyer"]: row for row in rows if row["rule"] == "outside_scale"}
    assert {name: (row["faults"], row["forms"], row["stands_out"]) for name, row in of_rule.items()} == {
        FIRST[0]: (9, 40, True),
        FIRST[1]: (0, 40, False),
        FIRST[2]: (0, 40, False),
    }
    assert of_rule[FIRST[0]]["low"] < 22.5 < of_rule[FIRST[0]]["high"]


def test_a_form_that_somebody_decided_about_is_not_withdrawn_while_the_line_stands(keyed):
    """Also where the first keying was right: nothing is written before it is refused."""
    settings, store, odd, _ = keyed
    done = frs(settings, "withdraw", odd[2], "--reason", "the family asks", "--who", "KL", "--yes")
    assert (done.returncode, done.stderr.count("\n"), "the form is withdrawn" in done.stderr) == (3, 1, True), done.stderr
    assert not store.raw("withdrawals.csv").exists()


@pytest.mark.parametrize("erasing", [(), ("--erase",)])
def test_a_conference_is_not_withdrawn_while_a_line_decides_about_one_of_its_forms(keyed, erasing):
    """The decision would stop every later run: it is refused before the ledger is written."""
    settings, store, odd, _ = keyed
    forms = read(store.file("validated", "participant"), ["form_id", "conference_number"]).to_pylist()
    number = next(str(form["conference_number"]) for form in forms if form["form_id"] == odd[2])
    done = frs(settings, "withdraw", number, "--reason", "the family asks", "--who", "KL", "--yes", *erasing)
    assert (done.returncode, done.stderr.count("\n"), "adjudicated.csv:" in done.stderr) == (3, 1, True), done.stderr
    assert not store.raw("withdrawals.csv").exists()
