"""Queries of intervals, on forms whose intervals are known from R (survey, vcdExtra) or from formulas worked out elsewhere."""

import math

import duckdb
import pytest
from support.study import STUDY

from frs_pipeline.lineage.addresses import address
from frs_pipeline.lineage.recount_spread import asked_in, cluster, other_side, recount_spread
from frs_pipeline.study.tables import Address

# Hits of forms, by conference.
A = ([2, 0, 3, 1, 4, 2, 0, 5], [4, 3, 5, 2, 6, 4, 1, 7])
B = ([1, 1, 2, 0, 3, 0, 1, 2], [2, 3, 4, 1, 5, 0, 2, 3])
# Three answers, by conference.
F = [(5, 0, 0), (4, 1, 0), (0, 0, 3), (0, 4, 0), (3, 0, 0), (0, 1, 4), (6, 0, 1), (0, 3, 0), (2, 0, 0), (0, 0, 2)]
# 3 × 3 cells, by conference: rows by a stroke.
SIX = ["210/101/001", "010/120/012", "300/010/000", "101/011/102", "000/210/021", "110/000/013"]
SECOND = ["100/011/000", "000/000/000", "010/100/001", "000/020/001", "100/000/100", "001/010/002"]
T5 = 2.5705818356363146


@pytest.fixture
def asked(tmp_path):
    """`asked(forms)` writes a mart of forms (conference, role, overall, conflict, helped) and answers with the interval."""

    def write(mart, columns, forms):
        (tmp_path / "marts").mkdir(exist_ok=True)
        listed = ", ".join(
            f"('F{at}', 'K{form[0]}', NULL, {', '.join('NULL' if code is None else str(code) for code in form[1:])})"
            for at, form in enumerate(forms)
        )
        names = ", ".join(("form_id", "conference_id", "case_id", *columns))
        duckdb.connect().execute(
            f"COPY (SELECT * REPLACE (CAST(case_id AS VARCHAR) AS case_id) FROM (VALUES {listed}) AS t({names})) "
            f"TO '{tmp_path / 'marts' / f'{mart}.parquet'}' (FORMAT parquet)"
        )

    def ask(mart, columns, forms, place, other=""):
        write(mart, columns, forms)
        query = recount_spread(STUDY, place, other, asked_in(tmp_path))
        return None if query is None else asked_in(tmp_path)(query)[0]

    return ask


def of_shares(hits, valid, role):
    return [(k, role, 1 if at < a else 2) for k, (a, m) in enumerate(zip(hits, valid, strict=True)) for at in range(m)]


def of_cells(conferences, role=1):
    return [
        (k, role, i + 1, j + 1)
        for k, cells in enumerate(conferences)
        for i, line in enumerate(cells.split("/"))
        for j, number in enumerate(line)
        for _ in range(int(number))
    ]


def test_a_share_whose_answers_differ_within_conferences(asked):
    forms = of_shares(*A, 1)
    found = asked("participant_first", ("role", "overall"), forms, address(STUDY, 1, "barn", "rigtig god", measure="row_percent"))
    assert found["value"] == pytest.approx(53.125, abs=1e-12)
    assert (found["clusters"], found["forms"], found["df"]) == (8, 32, 7)
    assert found["error"] == pytest.approx(7.67456355640, abs=1e-9)  # R, svymean
    assert found["design_effect"] == pytest.approx(0.7332107843137, abs=1e-12)  # R, deff = "replace"
    assert found["n_effective"] == pytest.approx(32)
    assert (found["low"], found["high"]) == (pytest.approx(33.40868941, abs=1e-7), pytest.approx(71.91166965, abs=1e-7))


def test_a_share_whose_answers_go_together(asked):
    forms = [(k, 1, code) for k, own in enumerate(F) for code, number in enumerate(own, start=1) for _ in range(number)]
    place = address(STUDY, 1, "barn", "nogenlunde", measure="row_percent")
    found = asked("participant_first", ("role", "overall"), forms, place)
    assert found["n_effective"] == pytest.approx(10.7742258083, abs=1e-9)  # 39 over the pooled design effect, 3.6197496408
    assert (found["low"], found["high"]) == (pytest.approx(7.49467089, abs=1e-7), pytest.approx(59.47537534, abs=1e-7))


def test_no_hit_at_all(asked):
    forms = of_shares([0] * 8, A[1], 1)
    place = address(STUDY, 1, "barn", "rigtig god", measure="row_percent")
    found = asked("participant_first", ("role", "overall"), forms, place)
    t, n = 2.36462425159, 32
    assert (found["value"], found["low"]) == (0, 0)
    assert found["high"] == pytest.approx(100 * t * t / n / (1 + t * t / n), abs=1e-8)


def test_a_difference_of_shares(asked):
    forms = of_shares(*A, 1) + of_shares(*B, 2)
    place = address(STUDY, 1, "barn", "rigtig god", measure="row_percent")
    found = asked("participant_first", ("role", "overall"), forms, place, "mor")
    assert found["value"] == pytest.approx(3.125, abs=1e-12)
    assert (found["clusters"], found["df"], found["forms"]) == (8, 7, 52)
    assert found["error"] == pytest.approx(4.52836268848, abs=1e-9)  # R, svyby and svycontrast
    assert (found["low"], found["high"]) == (pytest.approx(-10.74211607, abs=1e-7), pytest.approx(17.01468907, abs=1e-7))


def test_a_gamma_of_few_conferences(asked):
    forms = [(k, i, j) for k, _, i, j in of_cells(SIX)]
    found = asked("participant_followup", ("conflict", "helped"), forms, address(STUDY, 18))
    gamma, error = 0.719745222930, 0.144503387523  # R, vcdExtra and survey (JK1)
    assert (found["value"], found["error"]) == (pytest.approx(gamma, abs=1e-12), pytest.approx(error, abs=1e-12))
    reach = T5 * error / (1 - gamma**2)
    assert found["low"] == pytest.approx(math.tanh(math.atanh(gamma) - reach), abs=1e-10)
    assert found["high"] == pytest.approx(math.tanh(math.atanh(gamma) + reach), abs=1e-10)
    # R: the robust error is .136548253044, that of forms each for itself .130628459656.
    assert found["design_effect"] == pytest.approx((0.136548253044 / 0.130628459656) ** 2, abs=1e-10)


def test_a_gamma_of_many_conferences_has_the_linearised_error(asked):
    forms = [(k, i, j) for k, _, i, j in of_cells(SIX * 6)]
    found = asked("participant_followup", ("conflict", "helped"), forms, address(STUDY, 18))
    # Every conference six times: variance over K / (K - 1) is a sixth of that of six.
    error = 0.136548253044 * math.sqrt((36 / 35) / (6 / 5) / 6)
    assert (found["clusters"], found["forms"]) == (36, 216)
    assert found["error"] == pytest.approx(error, abs=1e-12)
    gamma = found["value"]
    assert gamma == pytest.approx(0.719745222930, abs=1e-12)
    assert found["low"] == pytest.approx(math.tanh(math.atanh(gamma) - 2.030107928 * error / (1 - gamma**2)), abs=1e-9)


def test_a_partial_gamma_adds_up_a_conference_over_its_roles(asked):
    forms = of_cells(SIX, 1) + of_cells(SECOND, 2)
    place = Address(49, "", "", "Total", "partial_gamma")
    found = asked("participant_first", ("role", "could_suggest", "child_heard"), forms, place)
    gamma, error = 0.691891891892, 0.126313626  # R; the jackknife by formula
    assert (found["value"], found["error"]) == (pytest.approx(gamma, abs=1e-12), pytest.approx(error, abs=1e-9))


@pytest.mark.parametrize(
    ("times", "meeting"),
    [(1, 14 * 12 / 36), (5, 5 * 14 * 12 / 36)],  # in the rarer halves: 14 forms of 36, and 12
)
def test_a_gamma_is_tested_where_five_forms_are_expected_in_both_rarer_halves(asked, times, meeting):
    forms = [(k, i, j) for k, _, i, j in of_cells(SIX * times)]
    found = asked("participant_followup", ("conflict", "helped"), forms, address(STUDY, 18))
    # R: the formula, as in docs/statistics.yaml.
    assert found["t"] == (None if meeting < 5 else pytest.approx(10.2665398005, abs=1e-9))


def test_a_partial_gamma_is_tested_by_the_forms_expected_in_all_strata(asked):
    forms = of_cells(SIX, 1) + of_cells(SECOND, 2)
    place = Address(49, "", "", "Total", "partial_gamma")
    found = asked("participant_first", ("role", "could_suggest", "child_heard"), forms, place)
    assert found["t"] == pytest.approx(4.0535389362, abs=1e-9)  # R: the formula, as in docs/statistics.yaml


def test_there_is_none_of_a_single_conference_or_of_what_is_all(asked):
    forms = [(0, 1, 1), (0, 1, 2)]
    columns = ("role", "overall")
    assert asked("participant_first", columns, forms, address(STUDY, 1, "barn", "god", measure="row_percent")) is None
    assert (
        asked("participant_first", columns, of_shares(*A, 1), address(STUDY, 1, "barn", "Total", measure="row_percent")) is None
    )
    assert asked("participant_first", columns, forms, address(STUDY, 1, "barn", "god")) is None


def test_what_a_figure_is_compared_with(asked):
    place = address(STUDY, 2, "mor", "god", measure="row_percent")
    assert other_side(STUDY, place, "far") == place._replace(row="far")
    assert other_side(STUDY, place, "Tabel 1") == place._replace(table=1)
    assert other_side(STUDY, place, "nobody") is None
    gamma = address(STUDY, 49, group="barn")
    assert other_side(STUDY, gamma, "mor") == gamma._replace(group="mor")
    assert recount_spread(STUDY, place, "nobody", asked) is None


def test_a_cluster_is_the_child_where_it_is_known():
    assert cluster(STUDY, ("participant_first",)) == "coalesce(case_id, conference_id)"


def test_a_child_brings_two_conferences_together(asked, tmp_path):
    forms = of_shares(*A, 1)
    place = address(STUDY, 1, "barn", "rigtig god", measure="row_percent")
    asked("participant_first", ("role", "overall"), forms, place)
    path = tmp_path / "marts" / "participant_first.parquet"
    engine = duckdb.connect()
    engine.execute(
        f"CREATE TABLE t AS SELECT * REPLACE ('C' || (CAST(substr(conference_id, 2) AS INT) // 2) AS case_id) FROM '{path}'"
    )
    engine.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    ask = asked_in(tmp_path)
    found = ask(recount_spread(STUDY, place, "", ask))[0]
    hits, valid = ([own[at] + own[at + 1] for at in range(0, 8, 2)] for own in A)
    z = [(a - 17 / 32 * m) / 32 for a, m in zip(hits, valid, strict=True)]
    assert found["clusters"] == 4
    assert found["error"] == pytest.approx(100 * math.sqrt(4 / 3 * sum(each * each for each in z)), abs=1e-10)
