"""The locked codebook, and conference numbers out, pseudonyms in."""

import datetime as dt
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pyrage
import pytest
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.entries import CODEBOOK, FULL_COLUMNS, PIPELINE_COLUMNS, lock, plain
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.pseudonyms import mart_schema, pseudonymise
from frs_pipeline.codebook.vault import open_plain, read_codebook
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.study.questionnaires import questionnaires

INITIATOR = questionnaires(STUDY)["initiator"]


@pytest.fixture
def keys(tmp_path):
    """A new pair of keys: where the identity lies, and its recipient."""

    def make(name):
        identity = pyrage.x25519.Identity.generate()
        (tmp_path / name).write_text(f"# a key\n{identity}\n", encoding="ascii")
        return tmp_path / name, str(identity.to_public())

    return make


@pytest.fixture
def locked(tmp_path, keys, held):
    """A locked pipeline's part, its key, and its recipient."""
    key, recipient = keys("pipeline-key.txt")
    path = tmp_path / "codebook.age"
    path.write_bytes(lock(plain(held, PIPELINE_COLUMNS), [recipient]))
    return path, key, recipient


def refusal(path, key):
    with pytest.raises(InputError) as refused:
        read_codebook(STUDY, path, key)
    assert "\n" not in str(refused.value)
    return refused.value.where, refused.value.what


def test_what_was_locked_is_opened_again(locked, held):
    path, key, _ = locked
    table = read_codebook(STUDY, path, key)
    assert table.schema == CODEBOOK
    assert table.to_pylist() == [
        {
            "conference_number": e.conference_number,
            "date": dt.date.fromisoformat(e.date),
            "occasion": e.occasion,
            "conference_id": e.conference_id,
            "case_id": e.case_id,
        }
        for e in sorted(held, key=lambda e: e.conference_number)
    ]


def test_the_order_in_the_file_does_not_matter(locked, held):
    path, key, recipient = locked
    table = read_codebook(STUDY, path, key)
    path.write_bytes(lock(plain(held[::-1], PIPELINE_COLUMNS), [recipient]))
    assert read_codebook(STUDY, path, key) == table


def test_a_locked_file_shows_neither_numbers_nor_pseudonyms(locked, held):
    data = locked[0].read_bytes()
    assert data.startswith(b"age-encryption.org/")
    for entry in held:
        assert str(entry.conference_number).encode() not in data
        assert entry.conference_id.encode() not in data


def test_a_file_locked_for_two_opens_with_either_key(tmp_path, keys, held):
    (one, first), (other, second) = keys("one.txt"), keys("other.txt")
    path = tmp_path / "codebook.age"
    path.write_bytes(lock(plain(held, PIPELINE_COLUMNS), [first, second]))
    assert read_codebook(STUDY, path, one) == read_codebook(STUDY, path, other)


def test_another_key_does_not_open_it(locked, keys):
    path, _, _ = locked
    where, what = refusal(path, keys("other.txt")[0])
    assert where == path
    assert "doesn't open" in what


@pytest.mark.parametrize("place", [0, 30, 120, -40, -1])
def test_one_flipped_bit_is_noticed(locked, place):
    path, key, _ = locked
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    where, what = refusal(path, key)
    assert where == path
    assert "altered" in what


@pytest.mark.parametrize("size", [0, 10, -20])
def test_a_file_cut_short_is_noticed(locked, size):
    path, key, _ = locked
    path.write_bytes(path.read_bytes()[:size])
    assert refusal(path, key)[0] == path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(None, "no key", id="missing"),
        pytest.param("", "no age identity", id="empty"),
        pytest.param("# only a comment\n", "no age identity", id="no identity in it"),
        pytest.param("AGE-SECRET-KEY-1NOTREALLYAKEY\n", "not an age identity", id="not a real identity"),
        pytest.param("nøgle\n", "not an age identity", id="not ascii"),
    ],
)
def test_a_key_file_without_a_key_is_refused_by_its_own_name(locked, tmp_path, text, says):
    key = tmp_path / "key.txt"
    if text is not None:
        key.write_text(text, encoding="utf-8")
    where, what = refusal(locked[0], key)
    assert where == key
    assert says in what


def test_a_missing_codebook_is_refused(locked, tmp_path):
    assert refusal(tmp_path / "nothing.age", locked[1]) == (tmp_path / "nothing.age", "missing file")


def test_the_full_codebook_is_not_taken_for_the_pipelines_part(locked, held):
    path, key, recipient = locked
    path.write_bytes(lock(plain(held, FULL_COLUMNS), [recipient]))
    where, what = refusal(path, key)
    assert (where, what) == (path, "isn't the pipeline's part of a codebook")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"conference_number": 40222}, "same conference_number twice", id="number twice"),
        pytest.param({"conference_id": "C-finch"}, "same conference_id twice", id="pseudonym twice"),
        pytest.param({"conference_number": "4O111"}, "isn't number", id="letter in a number"),
        pytest.param({"date": "2018-02-30"}, "isn't number", id="day that isn't"),
    ],
)
def test_a_faulty_codebook_is_refused_without_quoting_it(locked, held, change, says):
    path, key, recipient = locked
    first = held[0].__class__(**{**vars(held[0]), **change})
    path.write_bytes(lock(plain([first, *held[1:]], PIPELINE_COLUMNS), [recipient]))
    where, what = refusal(path, key)
    assert where == path
    assert says in what
    assert not any(str(e.conference_number) in what for e in held)


def test_an_empty_codebook_is_refused(locked):
    path, key, recipient = locked
    path.write_bytes(lock(plain([], PIPELINE_COLUMNS), [recipient]))
    assert refusal(path, key)[0] == path


def test_the_pipelines_key_does_not_open_the_controllers_file(tmp_path, held):
    pipeline, controllers = (PUBLISHED / f"{name}DEMO-KEY-NOT-SECRET.txt" for name in ("", "CONTROLLERS-"))
    recipient = next(word for word in controllers.read_text().split() if word.startswith("age1"))
    path = tmp_path / "codebook-controllers.age"
    path.write_bytes(lock(plain(held, FULL_COLUMNS), [recipient]))
    assert held[0].personal_number in open_plain(path, controllers)
    with pytest.raises(InputError, match="doesn't open"):
        open_plain(path, pipeline)


def test_the_pipelines_part_holds_no_personal_number(delivery, held):
    text = open_plain(delivery.path("codebook-pipeline.age"), delivery.key)
    assert text.splitlines()[0].split(",") == list(PIPELINE_COLUMNS)
    assert not any(entry.personal_number in text for entry in held)


def under_pseudonyms(forms, book, instrument="initiator"):
    return pa.concat_tables(pseudonymise(forms.to_batches(max_chunksize=3), book, questionnaires(STUDY)[instrument]))


def placed(delivery):
    """The codebook, with where each conference stands in its case."""
    intake = delivery.intake()
    return with_cases(STUDY, intake.codebook, intake.ledger)


def pseudonymised(delivery, instrument="initiator"):
    forms = delivery.validated(instrument).forms.table()
    result = under_pseudonyms(forms, placed(delivery), instrument)
    assert result.num_rows == forms.num_rows
    return forms, result


@pytest.mark.parametrize("instrument", list(questionnaires(STUDY)))
def test_forms_keep_order_and_answers_and_lose_number_and_line(delivery, held, instrument):
    forms, result = pseudonymised(delivery, instrument)
    questionnaire = questionnaires(STUDY)[instrument]
    assert result.schema.equals(mart_schema(questionnaire), check_metadata=True)
    assert not {"conference_number", "line"} & set(result.column_names)
    names = ["form_id", *(q.name for q in questionnaire.questions)]
    assert result.select(names).to_pylist() == forms.select(names).to_pylist()
    known = {e.conference_number: (e.conference_id, e.occasion) for e in held}
    expected = [known[n] for n in forms["conference_number"].to_pylist()]
    assert list(zip(*(result[c].to_pylist() for c in ("conference_id", "occasion")), strict=True)) == expected


def test_a_number_that_the_codebook_does_not_know_is_set_aside_before(delivery):
    delivery.set("initiator", 1, raadsnr="49999", raadsnr2="49999")
    result = delivery.validated("initiator")
    (row,) = result.rejected.table().to_pylist()
    form_id = delivery.form_id("initiator", 1)
    assert (row["rule"], row["line"], row["form_id"], row["value"]) == ("number_unknown", 3, form_id, "49999")
    assert form_id not in result.forms.table()["form_id"].to_pylist()


def another_number(entry, number):
    return entry.__class__(**{**vars(entry), "conference_number": number})


def test_all_numbers_may_be_unknown(delivery, held):
    delivery.lock_codebook([another_number(held[0], 49999)])
    result = delivery.validated("initiator")
    assert (result.forms.num_rows, result.set_aside) == (0, 5)
    assert set(result.rejected.table()["rule"].to_pylist()) == {"number_unknown"}


@pytest.mark.parametrize("number", [1, 40112, 999_999_999], ids=["below", "between", "above"])
@pytest.mark.parametrize("kept", [0, 4], ids=["empty codebook", "a number less"])
def test_a_number_that_came_past_validation_is_never_given_anothers_pseudonym(delivery, number, kept):
    forms = delivery.validated("initiator").forms.table()
    book = placed(delivery)
    strange = forms.set_column(3, forms.schema.field(3), pa.array([number, *[40222] * (forms.num_rows - 1)], pa.int32()))
    with pytest.raises(CheckFailed, match="a form's number isn't in the codebook") as refused:
        under_pseudonyms(strange, book.slice(0, kept))
    assert str(number) not in str(refused.value)


def test_no_forms_give_no_forms(delivery):
    forms = delivery.validated("initiator").forms.table().slice(0, 0)
    (result,) = pseudonymise([pa.RecordBatch.from_pylist([], forms.schema)], placed(delivery), INITIATOR)
    assert result.num_rows == 0
    assert result.schema.equals(mart_schema(INITIATOR))


def test_no_conference_number_is_anywhere_in_the_bytes_of_a_mart(delivery, held):
    forms, result = pseudonymised(delivery)
    before, after = io.BytesIO(), io.BytesIO()
    for table, sink in ((forms, before), (result, after)):
        pq.write_table(table, sink, compression="none", use_dictionary=False)
    for number in {e.conference_number for e in held} & set(forms["conference_number"].to_pylist()):
        for written in (str(number).encode(), number.to_bytes(4, "little"), number.to_bytes(4, "big")):
            assert written not in after.getvalue()
        assert number.to_bytes(4, "little") in before.getvalue()


def test_forms_come_out_in_the_order_in_which_they_came(delivery):
    forms, result = pseudonymised(delivery)
    order = [3, 0, 4, 2, 1]
    assert under_pseudonyms(forms.take(order), placed(delivery)) == result.take(order)


def test_neither_the_codebooks_order_nor_an_entry_twice_changes_a_form(delivery):
    forms, result = pseudonymised(delivery)
    book = placed(delivery)
    turned = book.take(list(range(book.num_rows))[::-1])
    assert under_pseudonyms(forms, turned) == result
    assert under_pseudonyms(forms, pa.concat_tables([book, turned])) == result
