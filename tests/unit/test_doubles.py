"""Forms beside other forms: ids and papers that stand twice, several of one role; wherever in the file they stand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.study import STUDY

from frs_pipeline.intake import doubles
from frs_pipeline.intake.doubles import KEYS, keyed_twice, keys, respondents_twice, several_of_one
from frs_pipeline.intake.readers import csvfiles
from frs_pipeline.intake.readers.parsing import MISSING
from frs_pipeline.store import rows as rows_module
from frs_pipeline.store.rows import Rows
from frs_pipeline.study.questionnaires import questionnaires

ROLE = questionnaires(STUDY)["participant_first"].question("role")
MOTHER, FATHER = ROLE.code("mor"), ROLE.code("far")
OTHER = next(code for code in ROLE.codes if code not in (MOTHER, FATHER))
FORMS = pa.schema(
    [("form_id", pa.string()), ("file", pa.string()), ("line", pa.int32()), ("conference_number", pa.int32())]
    + [(name, pa.int8()) for name in ("role", "belief")]
)
WITHIN = pd.Timedelta(minutes=10)
# Respondent, minute of keying or None, number, role and belief or None.
FORM = st.tuples(st.integers(1, 4), st.none() | st.integers(0, 25), st.integers(1, 2), *[st.none() | st.integers(1, 2)] * 2)
SOME = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["as it is", "all hashes alike", "few bits"])
def hashing(request, monkeypatch):
    """What is a double must not hang on the hash: it only finds what comes into question."""
    monkeypatch.setattr(doubles, "_BITS", 12)
    if request.param == "all hashes alike":
        monkeypatch.setattr(doubles, "_mixed", lambda *parts: np.ones(len(parts[0]), dtype=np.uint64))
    elif request.param == "few bits":
        monkeypatch.setattr(doubles, "_BITS", 3)
        monkeypatch.setattr(doubles, "_FACTOR", np.uint64(1 << 61))


def waiting(forms, size=3):
    """`KEYS` and forms, a portion of `size` at a time; forms stand on lines from 2."""
    key_rows, form_rows = Rows(KEYS), Rows(FORMS)
    for start in range(0, len(forms), size):
        part = forms[start : start + size]
        lines = np.arange(start + 2, start + 2 + len(part), dtype=np.int64)
        respondent, number, *answers = (
            np.array([MISSING if form[i] is None else form[i] for form in part], dtype=np.int64 if i == 0 else np.int32)
            for i in (0, 2, 3, 4)
        )
        created = np.array([time(form[1]) for form in part], dtype="datetime64[s]")
        key_rows.append(keys(lines, respondent, created, number, answers[0], answers, np.zeros(len(part), dtype=np.int64)))
        codes = [pa.array([form[i] for form in part], pa.int8()) for i in (3, 4)]
        columns = [
            pa.array(["x"] * len(part)),
            pa.array(["f"] * len(part)),
            pa.array(lines, pa.int32()),
            pa.array(number),
            *codes,
        ]
        form_rows.append(pa.table(columns, schema=FORMS))
    return key_rows, form_rows


def time(minute):
    return np.datetime64("NaT") if minute is None else np.datetime64("2019-05-06T09:00:00") + np.timedelta64(60 * minute, "s")


def slow_respondents(forms):
    return {line for line, form in enumerate(forms, start=2) if form[0] in [other[0] for other in forms[: line - 2]]}


def slow_keyed(forms, without):
    """Each form beside the one of the same number and answers that was keyed just before it."""
    found = set()
    order = sorted(
        (form[1], line, form) for line, form in enumerate(forms, start=2) if form[1] is not None and line not in without
    )
    for i, (minute, line, form) in enumerate(order):
        before = [earlier[0] for earlier in order[:i] if earlier[2][2:] == form[2:]]
        if before and minute - before[-1] <= 10 and any(answer is not None for answer in form[3:]):
            found.add(line)
    return found


def slow_several(forms, without):
    places = [(line, form[2:4]) for line, form in enumerate(forms, start=2) if form[3] == 1 and line not in without]
    return [line for line, place in places if [other for _, other in places].count(place) > 1]


@SOME
@given(st.lists(FORM, min_size=1, max_size=25), st.sets(st.integers(2, 27), max_size=4))
def test_doubles_are_those_that_comparing_every_form_with_every_other_finds(hashing, monkeypatch, forms, without):
    monkeypatch.setattr(rows_module, "BATCH", 4)
    key_rows, form_rows = waiting(forms)
    assert respondents_twice(key_rows) == slow_respondents(forms)
    assert keyed_twice(key_rows, form_rows, without, WITHIN) == slow_keyed(forms, without)
    assert several_of_one(key_rows, [1], without) == slow_several(forms, without)


def test_no_forms_have_no_doubles():
    key_rows, form_rows = waiting([])
    assert respondents_twice(key_rows) == keyed_twice(key_rows, form_rows, set(), WITHIN) == set()
    assert several_of_one(key_rows, [1], set()) == several_of_one(waiting([(1, 1, 1, 1, 1)] * 2)[0], [], set()) == []


@pytest.mark.parametrize("block", [8 << 20, 200], ids=["one chunk", "many chunks"])
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "quoted"])
class TestInAnExport:
    """The same through validation, with the forms in one chunk or a form a chunk, by either reader."""

    @pytest.fixture(autouse=True)
    def _chunks(self, monkeypatch, block, plain):
        monkeypatch.setattr(csvfiles, "BLOCK", block)
        monkeypatch.setattr(rows_module, "BATCH", 4)
        if not plain:
            monkeypatch.setattr(csvfiles, "CHUNK", 2)
            monkeypatch.setattr(csvfiles, "_by_arrow", lambda *_: None)

    def found(self, delivery, rule):
        """Respondent ids of the forms that were set aside under a rule, and of those noted under it."""
        result = delivery.validated("participant_first")
        tables = (result.rejected.table().to_pylist(), result.noted.table().to_pylist())
        return tuple([row["form_id"].split("-")[1] for row in rows if row["rule"] == rule] for rows in tables)

    def first_and_again(self, delivery):
        delivery.set("participant_first", 1, created="2019-05-07 09:05:00")
        delivery.repeat("participant_first", 1, responde="900001", created="2019-05-07 09:00:00")
        return delivery.get("participant_first", 1, "responde")

    def test_an_id_that_stands_again_further_on(self, delivery):
        again = delivery.get("participant_first", 2, "responde")
        delivery.repeat("participant_first", 2, created="2019-09-01 10:00:00")
        delivery.repeat("participant_first", 2, created="2019-10-01 10:00:00")
        assert self.found(delivery, "respondent_twice") == ([again, again], [])

    def test_it_is_the_later_keyed_of_two_papers_that_is_set_aside(self, delivery):
        later = self.first_and_again(delivery)
        assert self.found(delivery, "keyed_twice") == ([later], [])

    @pytest.mark.parametrize(
        "turn",
        [lambda forms: forms[::-1], lambda forms: [forms[0], *forms[2:], forms[1]]],
        ids=["turned round", "later one last"],
    )
    def test_the_order_of_the_file_does_not_decide_which(self, delivery, turn):
        later = self.first_and_again(delivery)
        header, *forms = delivery.dataset("participant_first")
        delivery.write_dataset("participant_first", [header, *turn(forms)])
        assert self.found(delivery, "keyed_twice") == ([later], [])

    def test_only_beside_an_accepted_form_is_another_a_double(self, delivery):
        self.first_and_again(delivery)
        delivery.set("participant_first", 9, raadsnr2="1")
        assert self.found(delivery, "keyed_twice") == ([], [])

    def test_several_mothers_of_one_conference_are_noted_and_all_count(self, delivery):
        for form in range(9):
            delivery.set("participant_first", form, **{ROLE.source: str(OTHER)})
        mine = [form for form in range(9) if delivery.get("participant_first", form, "raadsnr") == "40111"]
        for form in mine[:2]:
            delivery.set("participant_first", form, **{ROLE.source: str(MOTHER)})
        delivery.set("participant_first", mine[2], **{ROLE.source: str(FATHER)})
        elsewhere = next(form for form in range(9) if form not in mine)
        delivery.set("participant_first", elsewhere, **{ROLE.source: str(MOTHER)})
        ids = [delivery.get("participant_first", form, "responde") for form in mine[:2]]
        assert self.found(delivery, "several_of_one") == ([], ids)
        # One that is out already isn't one of several.
        delivery.set("participant_first", mine[1], raadsnr2="1")
        assert self.found(delivery, "several_of_one") == ([], [])
