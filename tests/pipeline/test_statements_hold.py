"""Findings and titles on the shipped delivery: all hold, and with other numbers they fail and give way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.study import STUDY

from frs_pipeline.printed.certainty import Spread
from frs_pipeline.printed.verdicts import evaluate
from frs_pipeline.report.estimates import estimates_of
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge, Sentence
from frs_pipeline.report.judging import judge_of
from frs_pipeline.report.statements import front, front_of, titles, titles_of
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.claims import PLACEHOLDER
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure, from_table

DELIVERY = "2020-11-30"
# A line of a page holds some ninety letters.
LONGEST = 100


@pytest.fixture(scope="module")
def store(refreshed: Settings) -> Store:
    return Store(refreshed, DELIVERY)


@pytest.fixture(scope="module")
def figures(store: Store) -> dict[Address, Figure]:
    return {figure.address: figure for figure in from_table(read(store.file("statistics", "figures")))}


@pytest.fixture(scope="module")
def judge(store: Store, figures: dict[Address, Figure]) -> Judge:
    return judge_of(store, figures, estimates_of(store))


def altered(
    judge: Judge, figures: dict[Address, Figure], change: Callable[[Address, Figure], Figure], *, turned: bool = False
) -> Judge:
    """The same judge, whose forms give other figures; intervals stay as they are, or are turned round nought."""
    other = {address: change(address, figure) for address, figure in figures.items()}
    known = judge.evidence._spreads
    if turned:
        known = {name: Spread(-one.high, -one.low, one.p) for name, one in known.items()}
    evidence = FormsEvidence(STUDY, other, spreads=known)
    return Judge(STUDY, judge.told_by, evidence)


def test_every_sentence_holds_on_the_shipped_delivery(judge: Judge) -> None:
    told = front(judge)
    assert [found.id for found in told.findings if found.holds is not True] == []
    # Each remark is either so, or what holds instead of it is said.
    assert [len(found.sure) for found in told.findings] == [len(found.finding.sure) for found in told.findings]
    for found in told.findings:
        if found.graphic:
            assert all(found.numbers[row.value].ends for row in found.graphic.rows)
    shown = titles(judge)
    assert set(shown) == set(titles_of(STUDY))
    for name, said in shown.items():
        for parts in (said.danish, said.english):
            assert len(Sentence.plain(parts)) <= LONGEST, name
            assert "{" not in Sentence.plain(parts), name


def test_every_number_of_a_sentence_leads_to_figures_or_is_set_by_its_writer(judge: Judge) -> None:
    said = [part for title in titles(judge).values() for part in title.danish if not isinstance(part, str)]
    for found in front(judge).findings:
        sentences = (found.says, found.condition, *found.sure)
        said += [part for one in sentences for part in one.danish if not isinstance(part, str)]
    assert said
    assert all(bound.addresses or bound.defined for bound in said)


def test_a_finding_says_the_numbers_that_its_tables_print(judge: Judge) -> None:
    told = {found.id: Sentence.plain(found.says.danish).replace("\u00a0", " ") for found in front(judge).findings}
    assert told["conference_good"].startswith("86,2 % af deltagerne")
    assert told["children_understood_least"].endswith(
        "48,8 % forstod på forhånd, hvad en familierådslagning er, mod 69,1 % af de andre."
    )
    assert "med opfølgningen er 5 af 185 det" in told["more_dissatisfied"]


def test_with_all_answers_alike_what_compares_fails_and_gives_way(judge: Judge, figures: dict[Address, Figure]) -> None:
    def alike(address: Address, figure: Figure) -> Figure:
        return figure._replace(value=10.0) if address.measure == "count" and figure.value is not None else figure

    even = altered(judge, figures, alike)
    shown = titles(even)
    compares = {name for name, one in titles_of(STUDY).items() if any(name in ("fall", "gap") for name in one.values)}
    assert not {name for name in compares & set(shown) if not _says_uncertain(name)}
    told = {found.id: found for found in front(even).findings}
    assert told["hope_and_experience"].holds is False
    assert told["more_dissatisfied"].holds is False
    assert told["hope_and_experience"].sure == ()


def _says_uncertain(name: int | str) -> bool:
    return all(condition.certain is False for condition in titles_of(STUDY)[name].holds)


def test_with_the_signs_of_gammas_turned_no_direction_is_told(judge: Judge, figures: dict[Address, Figure]) -> None:
    def turned(address: Address, figure: Figure) -> Figure:
        return figure._replace(value=-figure.value) if address.measure == "gamma" and figure.value is not None else figure

    shown = titles(altered(judge, figures, turned, turned=True))
    directed = {name for name, one in titles_of(STUDY).items() if "gamma" in one.values and not _says_uncertain(name)}
    assert len(directed) > 25
    assert not directed & set(shown)


@pytest.mark.parametrize("name", [one.id for one in front_of(STUDY).findings])
def test_each_condition_of_a_finding_can_fail(judge: Judge, figures: dict[Address, Figure], name: str) -> None:
    """Without any form in one row after another, no finding is left that holds whatever happens."""
    finding = next(one for one in front_of(STUDY).findings if one.id == name)
    named = {
        value for value in PLACEHOLDER.findall(finding.says.danish) if finding.values[value].share or finding.values[value].count
    }
    assert named

    def emptied(address: Address, figure: Figure) -> Figure:
        of = address.table in finding.tables and address.measure == "count"
        return figure._replace(value=0.0) if of and figure.value is not None else figure

    empty = altered(judge, figures, emptied)
    assert evaluate(finding, empty.told_by.words, empty.evidence).holds is not True
    assert {found.id: found.holds for found in front(empty).findings}[name] is not True
