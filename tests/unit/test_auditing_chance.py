"""Tables printed from one set of forms: whatever the forms say, nothing in them contradicts anything."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.printed_tables import by_group, correlation, crosstab, distribution, frequency, per_cent, scale, table, tables

from frs_pipeline.printed.auditing import audit
from frs_pipeline.study.tables import TOTAL

A, B, C = scale("a", 1, 2, 3), scale("b", 1, 2, 3, 4), scale("c", 1, 2)
A_MERGED, B_TURNED, B_MERGED = scale("a", (1, 2), 3), scale("b", 4, 3, 2, 1), scale("b", (1, 2), (3, 4))
CODES = {"a": (1, 2, 3, None), "b": (1, 2, 3, 4, None), "c": (1, 2, None)}


@st.composite
def forms(draw):
    """Forms of up to a few kinds, each kind any number of times."""
    kinds = st.tuples(*(st.sampled_from(CODES[name]) for name in "abc"))
    times = draw(st.dictionaries(kinds, st.integers(1, 60), min_size=1, max_size=14))
    return [dict(zip("abc", kind, strict=True)) for kind, n in times.items() for _ in range(n)]


def crossed(rows, columns, of):
    """Count forms by two scales."""
    counted = Counter((form[rows.question], form[columns.question]) for form in of)
    return [[sum(counted[i, j] for i in own for j in other) for other in columns.codes] for own in rows.codes]


def counted(rows, of):
    return [sum(form[rows.question] in own for form in of) for own in rows.codes]


def printed(of, more, habit, places, file="file"):
    """Every kind of table of some forms, most of them more than once: turned, merged, as percentages alone."""
    here, answered = (file,), [form for form in of if form["c"] is not None]
    strata = {f"c{code}": crossed(A, B, [form for form in of if form["c"] == code]) for code in (1, 2)}
    look = {"places": places, "habit": habit, "forms": here}
    yield lambda n: frequency(n, A, counted(A, of), sum(form["a"] is None for form in of), **look)
    yield lambda n: frequency(n, B, counted(B, of), sum(form["b"] is None for form in of), **look)
    yield lambda n: frequency(n, B_MERGED, counted(B_MERGED, of), sum(form["b"] is None for form in of), **look)
    yield lambda n: crosstab(n, A, B, crossed(A, B, of), percent="row", **look)
    yield lambda n: crosstab(n, B, A, crossed(B, A, of), percent="column", **look)
    yield lambda n: crosstab(n, A_MERGED, B_TURNED, crossed(A_MERGED, B_TURNED, of), percent="total", **look)
    yield lambda n: crosstab(n, C, A, crossed(C, A, of), percent="total", **look)
    yield lambda n: bare(crosstab(n, A_MERGED, B, crossed(A_MERGED, B, of), percent="total", kind="collapsed_crosstab", **look))
    yield lambda n: correlation(n, A, B, crossed(A, B, of), here)
    yield lambda n: correlation(n, B_TURNED, A, crossed(B_TURNED, A, of), here)
    yield lambda n: correlation(n, A_MERGED, C, crossed(A_MERGED, C, of), here)
    yield lambda n: replace(by_group(n, A, B, strata, here), groups=C)
    yield lambda n: crosstab(n, A, C, crossed(A, C, more), places=places, habit=habit, forms=("other",))
    yield lambda n: crosstab(n, A, C, crossed(A, C, answered), **look)
    both = [sum(pair) for pair in zip(counted(A, answered), counted(A, [f for f in more if f["c"] is not None]), strict=True)]
    yield lambda n: distribution(n, A, both, (f"{file} + other", "c"), habit)


def bare(one):
    """The same without its counts."""
    kept = {
        (key.row, key.column, key.measure): text
        for key, text in one.figures.items()
        if key.measure != "count" and TOTAL not in (key.row, key.column)
    }
    return table(one.number, one.kind, one.rows, one.columns, kept, one.forms)


@pytest.mark.parametrize("examples", [40, pytest.param(150, marks=pytest.mark.minutes)])
def test_what_is_printed_from_one_set_of_forms_contradicts_nothing(examples):
    @settings(deadline=None, max_examples=examples)
    @given(forms(), forms(), st.sampled_from(["half away", "half even", "cut off"]), st.sampled_from([0, 1, 2]))
    def each(of, more, habit, places):
        every = [make(number) for number, make in enumerate(printed(of, more, habit, places), 1)]
        found = audit(tables(*every))
        assert [one.reason.english for one in found] == []

    each()


def test_the_habit_of_printing_is_the_one_of_the_pipeline():
    assert [per_cent(1, 8, 0), per_cent(1, 8, 0, "half even"), per_cent(1, 8, 0, "cut off")] == ["13", "12", "12"]
