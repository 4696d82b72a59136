"""Statistics of counted numbers against NumPy and statistics, and what a table of them may not say."""

import statistics
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kinds_study import kinds_study

from frs_pipeline.errors import InputError
from frs_pipeline.stats.summary import STATISTICS, summary
from frs_pipeline.study.tables import catalogue


@given(st.lists(st.integers(-500, 500), min_size=1), st.integers(0, 2))
def test_they_are_those_of_numpy_whatever_the_decimals(places, decimals):
    numbers = [Decimal(place).scaleb(-decimals) if decimals else place for place in places]
    found = summary(Counter(numbers), decimals)
    exact = np.array([float(number) for number in numbers])
    quartiles = np.quantile(exact, [0.25, 0.5, 0.75], method="weibull")
    wanted = dict(zip(("q1", "median", "q3"), quartiles, strict=True))
    wanted |= {"mean": statistics.fmean(numbers), "min": exact.min(), "max": exact.max()}
    for measure, value in wanted.items():
        assert found[measure] == pytest.approx(value, rel=1e-12, abs=1e-12)
    if len(numbers) > 1:
        assert found["sd"] == pytest.approx(float(statistics.stdev(numbers)), rel=1e-12, abs=1e-12)
    else:
        assert found["sd"] is None


def test_of_no_form_there_is_nothing():
    assert summary({}, 0) == dict.fromkeys(STATISTICS)
    assert summary({7: 0}, 0) == dict.fromkeys(STATISTICS)


def test_quartiles_are_those_that_spss_prints():
    """EXAMINE and FREQUENCIES of 1, 2, 3, 4, 10: 1.5, 3, 7."""
    found = summary(Counter([1, 2, 3, 4, 10]), 0)
    assert [found[name] for name in ("q1", "median", "q3")] == [1.5, 3, 7]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("kind: summary, variable: role", "role isn't a number, which a summary needs (one of: age, hours)"),
        ("kind: summary, variable: agee", "questionnaire participant has no question agee (is age meant?)"),
        ("kind: summary", "variable is missing"),
        ("kind: summary, variable: age, group: hours", "hours is a number (give it groups, or write kind: summary)"),
        ("kind: summary, variable: age, groups: role", "groups isn't a key here (is group meant?)"),
        ("kind: summary, variable: age, leave_out: {age: [x]}", "age is a number, which has no answers"),
        ("kind: frequency, variable: age", "age is a number (name age_group, its groups, or write kind: summary)"),
        ("kind: crosstab, row: role, column: age, percent: row", "age is a number (name age_group, its groups"),
        ("kind: summary, variable: age, where: {role: [mother]}", "question role has no answer 'mother' (is mor meant?)"),
        (
            "kind: summary, variable: age, where: {roles: [mor]}",
            "questionnaire participant has no question roles (is role meant?)",
        ),
        ("kind: frequency, variable: role, where: {role: [mor]}", "table 9 shows role itself (say leave_out, or collapse)"),
        ("kind: frequency, variable: role, where: {age: [mor]}", "age is a number (name age_group, its groups)"),
        ("kind: frequency, variable: role, where: {recommend: [ja, nej]}", "where: recommend has every answer"),
        ("kind: frequency, variable: role, where: {recommend: []}", "where: recommend names no answer (one of: ja, nej)"),
        ("kind: frequency, variable: role, where: {recommend: ja}", "'ja' isn't a list (write it in brackets: [ja])"),
        ("kind: crosstab, row: role, column: overall, percent: col", "percent: 'col' isn't allowed (is column meant?)"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_is_right(tmp_path, table, says):
    study = kinds_study(tmp_path, f'  - {{number: 9, title: "", mart: participant, {table}}}\n')
    with pytest.raises(InputError) as error:
        catalogue(study)
    assert "tables.yaml:22: " in str(error.value)
    assert says in str(error.value)
