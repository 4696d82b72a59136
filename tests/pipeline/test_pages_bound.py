"""Nothing on a page speaks without a source: no digit, and no word of a result; what is planted is found."""

from __future__ import annotations

import re

import pytest
from support.shipped import DELIVERY

from frs_pipeline.report.binding import unbound
from frs_pipeline.store.settings import Settings

# Each a false sentence, the page and the text after which it is planted, and the words and digits that give it away.
PLANTED = {
    "an introduction": (
        "tilfredshed.html",
        r'<p class="lead"[^>]*>',
        "Børnene er her, som næsten overalt, de mest positive. ",
        "næsten",
    ),
    "an introduction in English": (
        "tilfredshed.html",
        r'<p class="lead"[^>]*>.*?<span class="en"[^>]*>',
        "Children are nearly everywhere the most positive. ",
        "nearly",
    ),
    "a heading": ("metode.html", r"<h1[^>]*>", "Hver tredje er utilfreds: ", "Hver tredje"),
    "a paragraph, as a digit": ("omdata.html", r'<main id="indhold"[^>]*>', "<p>Kun 12 familier sagde nej.</p>", "12"),
    "a sentence with a source for another number": (
        "index.html",
        r'<main id="indhold"[^>]*>',
        '<p>Mod <span class="bound cited">18 %</span> er det nu 97 %.</p>',
        "97",
    ),
    "a label that is read out": (
        "konflikter.html",
        r'<main id="indhold"[^>]*>',
        '<p aria-label="Conflicts fall in 61% of families" lang="en">x</p>',
        "fall",
    ),
    "what is shown on pointing": (
        "sammenhaenge.html",
        r'<main id="indhold"[^>]*>',
        '<p title="Sammenhængen er stærk, gamma 0,987">x</p>',
        "0,987",
    ),
    "the English of a label": (
        "bortfald.html",
        r'<main id="indhold"[^>]*>',
        '<p aria-label="Skemaer" data-en="Fewer than half answered">x</p>',
        "Fewer",
    ),
    "a drawing, in words": (
        "deltagere.html",
        r'<figure class="drawn"[^>]*>.*?<svg class="drawing[^>]*>',
        '<text class="da" x="1" y="1">Planen er markant dårligere for fædre</text>',
        "markant",
    ),
    "a drawing, as a digit": (
        "raadgivere.html",
        r'<figure class="drawn"[^>]*>.*?<svg class="drawing[^>]*>',
        '<text class="en" lang="en" x="1" y="1">Workers are sure in 98.76% of cases</text>',
        "98.76",
    ),
    "a title": ("rettigheder.html", r"<title[^>]*>", "Flertallet blev hørt · ", "Flertallet"),
    "a link to another table": (
        "diskussioner.html",
        r'<main id="indhold"[^>]*>',
        '<p><a href="#tabel-76">Tabel 75</a></p>',
        "75",
    ),
    "a note that says it is a date": (
        "datakvalitet.html",
        r'<main id="indhold"[^>]*>',
        '<p data-bound="date">Efter 17 dage</p>',
        "17",
    ),
}


@pytest.fixture(scope="module")
def pages(refreshed: Settings) -> dict[str, str]:
    folder = refreshed.curated(DELIVERY) / "report"
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.html"))}


def test_every_digit_and_every_word_of_a_result_is_bound(pages: dict[str, str]) -> None:
    assert len(pages) > 10
    assert [str(one) for one in unbound(pages)] == []


@pytest.mark.parametrize("place", PLANTED)
def test_a_false_sentence_is_found_where_it_is_planted(pages: dict[str, str], place: str) -> None:
    name, after, sentence, word = PLANTED[place]
    planted, times = re.subn(f"({after})", lambda found: found[1] + sentence, pages[name], count=1, flags=re.S)
    assert times == 1
    found = unbound({name: planted})
    assert found and {one.page for one in found} == {name}
    assert word.casefold() in {one.what.casefold() for one in found}
    # It is told with where it stands: on the line, in the sentence.
    line = planted[: planted.index(sentence)].count("\n") + 1
    assert all(one.line == line for one in found)
    plain = re.sub(r"<[^>]+>", "", sentence).strip()
    assert all(one.said in plain or plain[:20] in one.said or one.said in sentence for one in found)


def test_a_tested_sentence_that_loses_its_mark_is_found(pages: dict[str, str]) -> None:
    bare = pages["index.html"].replace(" data-tested", "")
    assert bare != pages["index.html"]
    assert len({one.what.casefold() for one in unbound({"index.html": bare})}) > 3


def test_a_number_that_loses_its_passport_is_found(pages: dict[str, str]) -> None:
    bare = re.sub(r'<button type="button" class="(?:f|bound|count)"[^>]*>(.*?)</button>', r"\1", pages["tilfredshed.html"])
    assert len(unbound({"tilfredshed.html": bare})) > 100
