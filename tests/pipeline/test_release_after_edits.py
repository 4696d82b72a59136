"""Releases of the same forms before and after the study was edited: what doesn't touch what they count changes nothing."""

import csv
import hashlib
import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.kinds_study import kinds_study

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.delivery import described
from frs_pipeline.release import earlier
from frs_pipeline.release.attack import attack
from frs_pipeline.release.earlier import archive, released_before
from frs_pipeline.release.files import FIGURES, TABLES
from frs_pipeline.release.outgoing import publish
from frs_pipeline.release.reading import NumberRead, read_release
from frs_pipeline.release.words import Counted, read_as
from frs_pipeline.release.worlds import Source, unreleased
from frs_pipeline.store.files import CONTENT, Store
from frs_pipeline.store.journal import entries
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.numbers import Measured
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import catalogue

MART, DELIVERY = "participant", "2024-06-30"
PARTS = ((DELIVERY, 3), ("2024-12-31", 4))
TABLES_OF_NUMBERS = """\
  - {number: 11, title: "", kind: frequency, mart: participant, variable: age_group}
  - {number: 12, title: "", kind: crosstab, mart: participant, row: role, column: overall, percent: row}
  - {number: 13, title: "", kind: summary, mart: participant, variable: nights, group: role}
"""
NIGHTS = """\
  - {name: nights, source: naetter, text: "Hvor mange nætter?", type: number, unit: 1, range: [0, 3], unit_name: {danish: nætter,
     english: nights}, sensitivity: personal, wording: assumed}
"""
DAYS = """\
  - {name: days, source: dage, text: "Hvor mange dage?", type: number, unit: 1, range: [0, 3], unit_name: {danish: dage,
     english: days}, sensitivity: sensitive, wording: assumed}
"""
OF_DAYS = '  - {number: 14, title: "", kind: summary, mart: participant, variable: days, group: role}\n'
RECOMMEND = (
    '  - {name: recommend, source: anbefal, text: "Vil du anbefale forløbet til andre?", type: nominal, scale: yes_no, '
    "sensitivity: personal, wording: assumed}\n"
)
QUESTIONS, CATALOGUE = f"questionnaires/{MART}.yaml", "tables.yaml"


@pytest.fixture
def study(tmp_path):
    made = kinds_study(tmp_path, TABLES_OF_NUMBERS)
    with (made.folder / QUESTIONS).open("a", encoding="utf-8") as file:
        file.write(NIGHTS)
    # What is removed in one of the tests no table counts.
    edit(made, CATALOGUE, "row: recommend", "row: role")
    return Study(made.folder)


def edit(study, name, old, new):
    """Write `new` for `old` into a file of the study, once; return the study as it is then."""
    path = study.folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Study(study.folder)


def add(study, name, text):
    with (study.folder / name).open("a", encoding="utf-8") as file:
        file.write(text)
    return Study(study.folder)


def answers(forms, seed):
    chance = np.random.default_rng(seed)
    columns = {
        "role": chance.choice([1, 2, 3], forms, p=[0.02, 0.58, 0.4]),
        "age": chance.integers(0, 90, forms),
        "nights": chance.integers(0, 4, forms),
        "days": chance.integers(0, 4, forms),
        "overall": chance.choice([1, 2, 3, 4, 5], forms, p=[0.4, 0.3, 0.2, 0.05, 0.05]),
        "useful": chance.choice([1, 2, 3, 4], forms),
        "recommend": chance.choice([1, 2], forms),
    }
    return {name: values.tolist() for name, values in columns.items()}


def store_of(study, data, forms=240, delivery=DELIVERY, seed=3, leave_out=0, **said):
    """A delivery with a mart as the study has it now, and nothing else; `said` are answers that its forms give instead."""
    store = Store(Settings(study, data), delivery)
    given = {**answers(forms, seed), **said}
    asked = questionnaires(study)[MART]
    for question in asked.questions:
        if question.grouped:
            number = asked.question(question.grouped).measured
            assert isinstance(number, Measured)
            given[question.name] = [None if value is None else number.group(value) for value in given[question.grouped]]
    fixed = {"form_id": [f"DE-{seed}-{at}" for at in range(forms)], "conference_id": ["C"] * forms, "occasion": ["end"] * forms}
    schema = mart_schema(asked)
    columns = [pa.array(fixed.get(f.name, given.get(f.name, [None] * forms)), f.type) for f in schema]
    file = store.file("marts", MART)
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema=schema).slice(leave_out), file)
    about = store.file("validated", "description")
    about.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(described(made_up=False), about)
    return store


def out(store):
    study = store.study
    return publish(store, catalogue(study), release_policy(study), who="LK", purpose="Til kommunen").release


def figures(release):
    return list(csv.reader(io.StringIO(release.files[FIGURES].decode("utf-8"))))


def numbers(release):
    return {variant.table.number for variant in release.released}


def attacked(store):
    """What the newest release tells beside all others, of which nothing says that they are about other forms."""
    study, folder = store.study, archive(store.settings)
    *before, now = (read_release(folder / entry.details["name"]) for entry in entries(store.settings.release_journal))
    return attack(study, Source(now, "forms"), [Source(one, "forms") for one in before])


def sensitivity(study):
    return edit(study, QUESTIONS, "scale: role, sensitivity: personal", "scale: role, sensitivity: sensitive")


def wider_range(study):
    return edit(study, QUESTIONS, "unit: 1, range: [0, 3]", "unit: 1, range: [0, 4]")


def another_text(study):
    return edit(study, QUESTIONS, "Hvem er du?", "Hvem er du i forløbet?")


def another_label(study):
    return edit(study, "scales.yaml", 'label: "Maden"', 'label: "Maden og kaffen"')


def a_question_more(study):
    return add(study, QUESTIONS, DAYS)


def groups_of_a_number(study):
    return edit(study, QUESTIONS, "unit: 1, range: [0, 3]", 'unit: 1, range: [0, 3], groups: {"0-1": [0, 1], "2-3": [2, 3]}')


def a_question_less_that_no_table_counts(study):
    return edit(study, QUESTIONS, RECOMMEND, "")


EVERY = [
    sensitivity,
    wider_range,
    another_text,
    another_label,
    a_question_more,
    groups_of_a_number,
    a_question_less_that_no_table_counts,
]


@pytest.mark.parametrize("change", EVERY, ids=lambda change: change.__name__)
def test_an_edit_that_touches_nothing_that_is_counted_changes_no_figure(study, tmp_path, change):
    before = out(store_of(study, tmp_path / "data"))
    assert numbers(before) >= {1, 2, 11, 12, 13} and before.hidden
    store = store_of(change(study), tmp_path / "data")
    after = out(store)
    assert (numbers(after), figures(after)) == (numbers(before), figures(before))
    assert not after.attack.new and not attacked(store).exposed
    # Nor does it matter how often, or that all of it is undone.
    assert figures(out(store)) == figures(before)


def test_what_is_counted_of_a_question_more_is_judged_as_of_the_same_forms(study, tmp_path):
    before = out(store_of(study, tmp_path / "data"))
    add(study, QUESTIONS, DAYS)
    store = store_of(add(study, CATALOGUE, OF_DAYS), tmp_path / "data")
    after = out(store)
    assert numbers(after) == numbers(before) | {14} and not after.attack.new
    assert [row for row in figures(after) if row[0] != "14"] == figures(before)
    assert not attacked(store).exposed


def test_releases_are_known_again_through_each_other(study, tmp_path):
    """The first is known again by what the second noted, even where the forms of both aren't here."""
    first = store_of(study, tmp_path / "data")
    out(first)
    add(study, QUESTIONS, DAYS)
    out(store_of(add(study, CATALOGUE, OF_DAYS), tmp_path / "data"))
    one, other = entries(first.settings.release_journal)
    assert one.details["forms"] != other.details["forms"]
    assert other.details["again"] == {MART: {one.details["forms"][MART]: other.details["forms"][MART]}}
    later = store_of(Study(study.folder), tmp_path / "data", delivery="2024-12-31", seed=4)
    now = Counted({MART: later.marts(MART)}, catalogue(later.study).values())
    earlier_, newer = released_before(later.settings, now)
    assert earlier_.same(newer, [MART]) and earlier_.forms == other.details["forms"] != now.words


def test_answers_that_changed_are_never_the_same_forms(study, tmp_path):
    """One answer that a table counts is enough; one that none counts isn't told by any."""
    store = store_of(study, tmp_path / "data")
    before = out(store)
    said = answers(240, 3)
    said["recommend"][0] = 3 - said["recommend"][0]
    assert figures(out(store_of(study, tmp_path / "data", recommend=said["recommend"]))) == figures(before)
    said["overall"][0] = said["overall"][0] % 5 + 1
    with pytest.raises(CheckFailed, match="forms, answers or questions changed too little"):
        out(store_of(study, tmp_path / "data", overall=said["overall"]))
    # As many of each answer, by other forms.
    turned = [*answers(240, 3)["overall"][1:], answers(240, 3)["overall"][0]]
    now = Counted({MART: store_of(study, tmp_path / "data", overall=turned).marts(MART)}, catalogue(study).values())
    [source] = released_before(store.settings, now)
    assert not source.same(Source(source.release, now.words), [MART])


def test_a_release_without_a_table_takes_no_place(study, tmp_path):
    store = store_of(study, tmp_path / "data")
    out(store)
    folder = store.settings.curated(DELIVERY) / "release"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # Two forms were withdrawn.
    store_of(study, tmp_path / "data", leave_out=2)
    with pytest.raises(CheckFailed) as refused:
        out(store)
    assert str(refused.value) == (
        f"{DELIVERY}: no table can be released: an earlier release stands: forms, answers or questions changed too little since "
        "(what was released stays; more forms may change that, or release.yaml)"
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert len(entries(store.settings.release_journal)) == len(list(archive(store.settings).iterdir())) == 1
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".release")] == []


def test_the_commonest_reason_is_said_where_there_are_several(study, tmp_path):
    policy = release_policy(study).model_copy(
        update={"never": {number: "x" if number > 2 else "y" for number in catalogue(study)}}
    )
    store = store_of(study, tmp_path / "data")
    with pytest.raises(CheckFailed, match=r"no table can be released: x \(so 4 of 6 tables\)"):
        publish(store, catalogue(study), policy, who="LK", purpose="Til kommunen")
    with pytest.raises(CheckFailed, match="no table can be released: there are none"):
        publish(store, {}, policy, who="LK", purpose="Til kommunen")
    assert entries(store.settings.release_journal) == []


def test_a_question_that_a_release_counts_may_not_go(study, tmp_path):
    out(store_of(study, tmp_path / "data"))
    path = study.folder / CATALOGUE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(next(line for line in text.splitlines() if "nights" in line) + "\n", ""), encoding="utf-8")
    store = store_of(edit(study, QUESTIONS, NIGHTS, ""), tmp_path / "data")
    with pytest.raises(CheckFailed, match=f"{MART}: no question nights, which table 13 of the release of {DELIVERY} counts"):
        out(store)


def with_content(store):
    """The mart with a word for its content, as the pipeline writes it."""
    file = store.file("marts", MART)
    rows = pq.read_table(file)
    pq.write_table(rows.replace_schema_metadata({CONTENT: b"a word"}), file)
    return store


def test_a_journal_that_notes_no_columns_is_read_and_known_again_from_then_on(study, tmp_path, monkeypatch):
    store = with_content(store_of(study, tmp_path / "data"))
    before = out(store)
    noted = entries(store.settings.release_journal)
    old = {key: value for key, value in noted[0].details.items() if key not in ("columns", "again")} | {"forms": {MART: "a word"}}
    # The journal itself stays whole: its entry is read otherwise.
    read = earlier.releases
    monkeypatch.setattr(earlier, "releases", lambda settings: [old, *read(settings)[1:]])
    monkeypatch.setattr("frs_pipeline.release.outgoing.releases", earlier.releases)
    monkeypatch.setattr(earlier, "unjournalled", lambda settings: [])
    assert figures(out(store)) == figures(before)
    assert entries(store.settings.release_journal)[1].details["again"] == {MART: {"a word": noted[0].details["forms"][MART]}}
    # From here on the columns say it.
    assert figures(out(store_of(sensitivity(study), tmp_path / "data"))) == figures(before)


def test_a_word_is_read_as_the_newest_that_knew_it(study):
    first, second, third = {"m": "a"}, {"m": "b"}, {"m": ["c", "x"]}
    known = [(third, {"m": {"b": "c"}}), (second, {"m": {"a": "b"}}), (first, {})]
    # The third found the answers of the second, and not those of the first: it isn't told of it by way of the second.
    assert [read_as(one, ["m"], known) for one in (first, second, third)] == [{"m": "b"}, {"m": "c"}, third]
    assert read_as({"m": ["b", "a"]}, ["m"], known) == {"m": ["c", "b"]}
    assert read_as("b", ["m", "n"], known) == {"m": "c", "n": "b"}


def test_a_word_depends_on_each_answer_and_whose_it_is_and_on_nothing_beside(study, tmp_path):
    def word(name, study=study, **more):
        return Counted({MART: store_of(study, tmp_path / name, **more).marts(MART)}, catalogue(study).values()).words[MART]

    one = word("one")
    assert word("two", sensitivity(study)) == one
    assert (
        len({one, word("three", forms=239), word("four", seed=4), word("five", role=[None, *answers(240, 3)["role"][1:]])}) == 4
    )


def test_no_column_of_a_mart_can_be_worked_out_from_the_journal(study, tmp_path):
    """A hash of a column alone would tell an erased form's answer to whoever has the others."""
    store = store_of(study, tmp_path / "data")
    out(store)
    [entry] = entries(store.settings.release_journal)
    assert set(entry.details["columns"][MART]) >= {"form_id", "occasion", "role", "nights", "age_group"}
    assert all(isinstance(name, str) and len(name) < 20 for name in entry.details["columns"][MART])
    assert isinstance(entry.details["forms"][MART], str) and TABLES in entry.details["files"]


def test_of_several_deliveries_together_each_is_known_again(study, tmp_path):
    """A delivery that was released before a question more is still a part of the whole that is released with it."""
    first = store_of(study, tmp_path / "data")
    out(first)
    add(study, QUESTIONS, DAYS)
    both = add(study, CATALOGUE, OF_DAYS)
    files = [store_of(both, tmp_path / "data", delivery=name, seed=seed).marts(MART)[0] for name, seed in PARTS]
    whole = Counted({MART: files}, catalogue(both).values())
    [part] = released_before(Settings(both, tmp_path / "data"), whole)
    now = Source(part.release, whole.words)
    assert (len(now.words(MART)), part.words(MART)) == (2, now.words(MART)[:1])
    assert part.shares(now, [MART]) and not part.same(now, [MART])
    # What nobody released, the other one, is looked for.
    assert [rest.words(MART) for rest in unreleased([part, now])] == [now.words(MART)[1:]]
    # So it is where the journal has one word for all marts of a delivery, or one for the file of each.
    of_files = [hashlib.sha256(file.path.read_bytes()).hexdigest() for file in files]
    one = hashlib.sha256(repr([(MART, of_files[0])]).encode()).hexdigest()
    assert whole.again([{"forms": one}]) == {MART: {one: now.words(MART)[0]}}
    assert whole.again([{"forms": {MART: of_files}}]) == {MART: dict(zip(of_files, now.words(MART), strict=True))}


def test_what_an_earlier_release_tells_beside_a_new_one_is_looked_for_after_an_edit(study, tmp_path):
    """A count that the first hides, told by a table that is new: found only if both are about the same forms."""
    store = store_of(study, tmp_path / "data")
    before = out(store)
    hidden = next(row for row in figures(before) if row[0] == "12" and row[4] == "count" and row[6] == "hidden")
    store = store_of(sensitivity(study), tmp_path / "data")
    now = Counted({MART: store.marts(MART)}, catalogue(store.study).values())
    [earlier_] = released_before(store.settings, now)
    table = next(table for table in earlier_.release.tables if table.number == 12)
    place = tuple(hidden[1:4])
    exact = _exact(store, table, place)
    told = replace(table, number=99, numbers={("count", place): NumberRead(Fraction(exact))})
    planted = Source(replace(earlier_.release, tables=(told,)), now.words)

    def pinned(beside):
        found = attack(store.study, planted, [beside]).new
        return any(one.labels == place and one.low == one.high == exact for one in found if not one.own)

    assert pinned(earlier_) and not pinned(Source(earlier_.release, {MART: "others"}))


def _exact(store, table, place):
    """How many forms there are at a place of a crosstab, counted by pandas."""
    frame = pq.read_table(store.file("marts", MART)).to_pandas()
    for axis, label in zip(("row", "column"), place, strict=False):
        frame = frame[frame[table.axes[axis].question].isin(dict(table.axes[axis].categories)[label])]
    return len(frame)
