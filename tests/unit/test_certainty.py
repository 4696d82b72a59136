"""What is called certain: by intervals of differences and adjusted p, and by nothing where the evidence can't tell."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from frs_pipeline.printed.certainty import Estimated, Spread, wanted
from frs_pipeline.printed.claim_files import condition_faults, value_faults
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import PrintedTables
from frs_pipeline.printed.verdicts import evaluate
from frs_pipeline.study.claims import ClaimWords, Correlation, Share
from frs_pipeline.study.statements import Statement

ROLES = ("a", "b", "c")
VALUES: Mapping[str, Any] = {
    **{name: {"share": {"table": 1, "row": name, "answers": ["yes"]}} for name in ROLES},
    "gap": {"points": {"of": "a", "less": "b"}},
    "low": {"low": "gap"},
    "high": {"high": "gap"},
    "gamma": {"gamma": {"table": 2}},
}
SHARES = {"a": 80, "b": 60, "c": 50}


class Known(PrintedEvidence):
    """Three shares and a gamma, with whatever intervals a test gives them."""

    of_report = False

    def __init__(self, spreads: Mapping[tuple[str, str], Spread], gamma: float = 0.35) -> None:
        super().__init__(PrintedTables({}))
        self._given, self._gamma = spreads, gamma

    def share(self, share: Share) -> Fraction:
        return Fraction(SHARES[str(share.row)])

    def gamma(self, correlation: Correlation) -> Fraction:
        return Fraction(str(self._gamma))

    def spread(self, wanted: Estimated) -> Spread | None:  # type: ignore[override]
        sides = [value.share.row if value.share else "gamma" for value in wanted if value is not None]
        return self._given.get((str(sides[0]), str(sides[1]) if len(sides) > 1 else ""))


def between(low: float, high: float, p: float | None = None) -> Spread:
    return Spread(Fraction(str(low)), Fraction(str(high)), None if p is None else Fraction(str(p)))


def holds(condition: dict[str, Any], spreads: Mapping[tuple[str, str], Spread], gamma: float = 0.35) -> bool | None:
    statement = Statement.model_validate({"says": "x", "values": VALUES, "holds": [condition]})
    return evaluate(statement, ClaimWords(), Known(spreads, gamma)).holds


@pytest.mark.parametrize(
    ("low", "high", "certain"), [(0.1, 39, True), (-39, -0.1, True), (-0.1, 39, False), (0, 39, False), (-5, 0, False)]
)
def test_a_difference_is_certain_where_its_own_interval_excludes_nought(low: float, high: float, certain: bool) -> None:
    known = {("a", "b"): between(low, high)}
    assert holds({"value": "gap", "certain": True}, known) is certain
    assert holds({"value": "gap", "certain": False}, known) is not certain


def test_intervals_of_two_shares_that_do_not_overlap_make_nothing_certain() -> None:
    apart = {("a", ""): between(75, 85), ("b", ""): between(55, 65)}
    assert holds({"value": "gap", "above": 0}, apart) is True
    assert holds({"value": "gap", "certain": True}, apart) is None
    assert holds({"value": "gap", "certain": False}, apart) is None


def test_a_rank_is_certain_where_every_comparison_is_by_adjusted_p() -> None:
    rank = {"value": "a", "greatest_of": ["b", "c"]}
    sure, unsure = between(1, 9, 0.02), between(-1, 9, 0.2)
    assert holds(rank | {"certain": True}, {("a", "b"): sure, ("a", "c"): sure}) is True
    assert holds(rank | {"certain": True}, {("a", "b"): sure, ("a", "c"): unsure}) is False
    assert holds(rank | {"certain": False}, {("a", "b"): sure, ("a", "c"): unsure}) is True
    # One that isn't certain decides; else one that has no test leaves it open.
    assert holds(rank | {"certain": False}, {("a", "b"): unsure}) is True
    assert holds(rank | {"certain": True}, {("a", "b"): sure}) is None
    assert holds(rank | {"certain": True}, {("a", "b"): sure, ("a", "c"): between(1, 9)}) is None
    # Certain or not, it has to be the greatest.
    both = {("b", "a"): sure, ("b", "c"): sure}
    assert holds({"value": "b", "greatest_of": ["a", "c"], "certain": True}, both) is False
    assert holds({"value": "b", "greatest_of": ["a", "c"], "certain": False}, both) is False


@pytest.mark.parametrize(
    ("gamma", "ends", "q", "said", "is_"),
    [
        (0.35, (0.31, 0.4), 0.01, ["strong"], True),
        # The interval leaves a moderate association open.
        (0.35, (0.25, 0.4), 0.01, ["strong"], False),
        (0.35, (0.25, 0.4), 0.01, ["moderate", "strong"], True),
        (0.35, (0.31, 0.4), 0.06, ["strong"], False),
        (-0.35, (-0.4, -0.31), 0.01, ["strong"], True),
        (0.15, (-0.01, 0.3), 0.06, [], False),
    ],
)
def test_a_gamma_is_certain_by_its_adjusted_p_and_its_word_by_its_interval(
    gamma: float, ends: tuple[float, float], q: float, said: list[str], is_: bool
) -> None:
    known = {("gamma", ""): between(*ends, q)}
    assert holds({"value": "gamma", "strength": said, "certain": True}, known, gamma) is is_


def test_what_the_evidence_cannot_tell_is_neither_certain_nor_uncertain() -> None:
    for condition in ({"value": "gap"}, {"value": "gamma"}, {"value": "a", "greatest_of": ["b"]}):
        assert holds(condition | {"certain": True}, {}) is holds(condition | {"certain": False}, {}) is None


def test_the_ends_of_an_interval_are_numbers_of_a_sentence() -> None:
    statement = Statement.model_validate({"says": "[{low}; {high}]", "values": VALUES})
    numbers = evaluate(statement, ClaimWords(), Known({("a", "b"): between(10.5, 29.5)})).numbers
    assert [(numbers[name].exact, numbers[name].unit) for name in ("low", "high")] == [
        (Fraction("10.5"), "points"),
        (Fraction("29.5"), "points"),
    ]
    unknown = evaluate(statement, ClaimWords(), Known({})).numbers
    assert unknown["low"].exact is unknown["high"].exact is None


def test_intervals_are_asked_for_where_a_sentence_needs_them_and_nowhere_else() -> None:
    def asked(*holds: dict[str, Any], drawn: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        values = {name: value for name, value in VALUES.items() if name not in ("low", "high")}
        statement = Statement.model_validate({"says": "x", "values": values, "holds": holds})
        return [tuple(one.share.row if one.share else "gamma" for one in each if one) for each in wanted(statement, drawn)]  # type: ignore[misc]

    assert asked({"value": "gap", "above": 0}, {"value": "a", "greatest_of": ["b", "c"]}) == []
    assert asked({"value": "gap", "certain": False}) == [("a", "b")]
    assert asked({"value": "a", "least_of": ["b", "c"], "certain": True}) == [("a", "b"), ("a", "c")]
    assert asked({"value": "gamma", "certain": True}, drawn=("b",)) == [("gamma",), ("b",)]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"value": "a", "certain": True}, "a can't be certain: it is neither a difference nor a gamma"),
        ({"value": "a", "greatest_of": ["gamma"], "certain": True}, "the rank of a can't be certain"),
        ({"value": "low", "certain": True}, "low can't be certain"),
    ],
)
def test_what_cannot_be_certain_is_refused(condition: dict[str, Any], told: str) -> None:
    statement = Statement.model_validate({"says": "x", "values": VALUES, "holds": [condition]})
    assert [told in fault.what for fault in condition_faults(statement, ClaimWords())] == [True]


def test_the_end_of_an_interval_that_there_cannot_be_is_refused() -> None:
    values = Statement.model_validate({"says": "x", "values": {**VALUES, "end": {"low": "low"}}}).values
    (fault,) = value_faults(values, ClaimWords(), lambda _: iter(()))
    assert fault.at == ("values", "end")
    assert "is the end of an interval that there can't be" in fault.what
