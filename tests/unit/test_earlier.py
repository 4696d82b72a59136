"""What pages show of earlier studies: shares of the forms here, in both languages, and no number without where it is from."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser

import pytest
from support.study import STUDY

from frs_pipeline.language import Text
from frs_pipeline.report.earlier import Earlier, earlier
from frs_pipeline.report.site import _templates
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure, figures

# Roles by answer, from "a great many" to "none at all": mothers and fathers as table 59 prints them.
MOTHER, FATHER = {1: 6, 2: 33, 3: 60, 4: 32, 5: 10}, {1: 8, 2: 21, 3: 56, 4: 25, 5: 8}


@pytest.fixture(scope="module")
def shown() -> Earlier:
    counts: dict[int, dict[tuple[int | None, ...], int]] = {
        59: {(role, answer): forms for role, of in ((2, MOTHER), (3, FATHER)) for answer, forms in of.items()}
    }
    made: dict[Address, Figure] = {}
    for number, table in catalogue(STUDY).items():
        made |= {figure.address: figure for figure in figures(table, counts.get(number, {}))}
    return earlier(STUDY, made)


def test_the_nearest_figure_here_is_a_share_of_the_rows_it_names_bound_to_their_counts(shown: Earlier) -> None:
    trial = next(one for one in shown.compared if one.baseline.id == "trial_conflict")
    assert trial.source.cited == "Rasmussen & Haldbo 2002"
    (here,) = trial.here
    # 6 + 33 of 141 mothers and 8 + 21 of 118 fathers: 68 of 259.
    assert (here.shown.text, here.table, here.rows) == (
        "26,3\u00a0%",
        59,
        (Text("mor", "mother"), Text("far", "father")),
    )
    assert Address(59, "mor", "mange", "", "count") in here.shown.addresses
    assert Address(59, "far", "Total", "", "count") in here.shown.addresses


def test_a_share_of_nobody_is_no_number(shown: Earlier) -> None:
    satisfied = next(one for one in shown.compared if one.baseline.id == "trial_satisfied")
    assert not any(letter.isdigit() for letter in satisfied.here[0].shown.text)


def test_references_are_in_order_and_columns_without_a_number_are_left_out(shown: Earlier) -> None:
    assert [*shown.columns] == ["datasets", "conferences", "participants", "answers", "professionals", "respondents"]
    names = [source.reference or source.cited for source in shown.sources]
    assert names == sorted(names, key=str.casefold)
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def page(shown: Earlier) -> str:
    class EveryPage(dict[int, str]):
        def __missing__(self, number: int) -> str:
            return "side"

    render: Callable[..., str] = _templates(STUDY).get_template("earlier.html").render
    return render(earlier=shown, page_of=EveryPage(), claims_page="revision.html")


class Unbound(HTMLParser):
    """Gathers texts with a digit that stand in no element of class `bound`."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[bool] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within.append("bound" in (dict(attrs).get("class") or "").split())

    def handle_endtag(self, tag: str) -> None:
        self.within.pop()

    def handle_data(self, data: str) -> None:
        if re.search(r"\d", data) and not any(self.within):
            self.found.append(data)


def test_every_number_of_the_page_stands_where_its_source_is_known(page: str) -> None:
    read = Unbound()
    read.feed(page)
    assert read.within == []
    assert read.found == []


def test_the_page_says_in_both_languages_what_adds_up_and_what_cannot_be_compared(page: str) -> None:
    for words in ("Kan ikke sammenlignes.", "Can't be compared.", "kan ikke afgøres", "can't be told", "45", "for mange"):
        assert words in unescape(page)
    assert page.count("✗") == 6
    assert 'href="revision.html#three_positive"' in page
    assert "Not in the report's list of references." in unescape(page)
