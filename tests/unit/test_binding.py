"""What binds a digit and a word of a result, element by element; the pages themselves are read in tests/pipeline."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from frs_pipeline.language import CODES
from frs_pipeline.report.binding import result_words, script_patterns, unbound, words_in

BOUND = [
    '<button class="f">12,5 %</button>',
    '<button class="bound">12</button>',
    '<button class="count">1.234</button>',
    '<span class="bound cited">18 %</span>',
    '<svg><a class="n"><text>46</text></a></svg>',
    "<code>frs trace 6</code>",
    "<time>30. november 2020</time>",
    '<p data-bound="date">leverance af 30. november 2020 · 2020-11-30</p>',
    '<svg><g><text class="tick">+0,5</text><text class="tick">100 %</text></g></svg>',
    '<p data-bound="definition">Stærk fra 0,3; de fleste er mere end halvdelen.</p>',
    '<p data-bound="name">s. 41–50</p>',
    '<a href="raadgivere.html#tabel-40">Tabel 40</a>',
    '<section id="tabel-7"><h2>Tabel 7</h2></section>',
    "<p><q>84 % af de mest positive</q></p>",
    "<p data-own>Er der rigtig mange konflikter? 1-2</p>",
    '<p class="sub question">Hvem har mest brug for det?</p>',
    "<p data-tested>De fleste er sikre, og troen falder.</p>",
    "<p>Hvor mange skemaer er der, og hvor stærk er sammenhængen?</p>",
    '<p lang="en">How many forms are there?</p>',
    '<p data-bound="base">100 skemaer − 3 (»Hvem har mest brug for det?« er ikke besvaret) = 97</p>',
    '<section aria-label="barn 48,8 %"><table><tr><td><button class="f">48,8 %</button></td></tr></table></section>',
    '<section><p data-own>mange</p><figure data-bound="figure"><svg><text>mange</text></svg></figure></section>',
    '<section><figure data-bound="figure"><svg><text>[0,1; 0,4] · p <0,001</text></svg></figure></section>',
    "<p>95-procent-sikkerhedsinterval</p>",
    "<script>let a = 7;</script><style>p { margin: 3px }</style>",
]
UNBOUND = [
    ("<p>Af 377 svarede alle.</p>", ["377"]),
    ("<p><b>12</b>,<i>5</i> procent</p>", ["12,5"]),
    ("<td>0,707</td>", ["0,707"]),
    ('<span class="f">12</span> <span class="n">13</span>', ["12", "13"]),
    ('<p data-bound="date">Efter 17 dage, 2020-11-30</p>', ["17"]),
    ('<p data-bound="sorce">17 skemaer</p>', ["17"]),
    ('<p data-bound="axis">0 50 børn</p>', ["0", "50"]),
    ('<p data-bound="name">De fleste på s. 7</p>', ["fleste"]),
    ('<a href="#tabel-40">Tabel 41</a>', ["41"]),
    ('<section id="tabel-7"><p>7 børn</p></section>', ["7"]),
    ('<p aria-label="Flest børn: 9">x</p>', ["9", "Flest"]),
    ('<p title="x" data-en="Most children">x</p>', ["Most"]),
    ('<section><figure data-bound="figure"><svg><text>Kun 9 børn</text></svg></figure></section>', ["9"]),
    ('<section><figure data-bound="figure"><svg><text>falder</text></svg></figure></section>', ["falder"]),
    ('<section><button class="f">9</button></section><section aria-label="9"></section>', ["9"]),
    ("<p>Troen stiger.<span data-tested>Håbet falder.</span></p>", ["stiger"]),
    ("<p>hver\n<b>tredje</b> familie</p>", ["hver\ntredje"]),
    ('<p lang="en">Children are the most positive; one in ten isn\'t.</p>', ["most", "positive", "one in"]),
    ("<title>Flertallet</title>", ["Flertallet"]),
    ("<p>»De fleste« siger vi</p>", ["fleste"]),
]


@pytest.mark.parametrize("page", BOUND)
def test_what_has_a_source_is_let_through(page: str) -> None:
    assert [str(one) for one in unbound({"x": f'<html lang="da"><body>{page}</body></html>'})] == []


@pytest.mark.parametrize(("page", "what"), UNBOUND)
def test_what_has_none_is_found(page: str, what: list[str]) -> None:
    found = unbound({"x": f'<html lang="da"><body>{page}</body></html>'})
    assert sorted(one.what for one in found) == sorted(what)


def test_a_finding_says_page_line_language_place_and_sentence() -> None:
    (found,) = unbound({"x.html": '<html lang="da">\n<main id="indhold">\n<p class="lead">Troen falder her.</p></main></html>'})
    assert str(found) == "x.html:3 (da) #indhold > p.lead: 'falder' in 'Troen falder her.'"


def test_every_word_of_the_list_is_found_and_every_neutral_phrase_is_not() -> None:
    for language, lists in result_words().items():
        code = CODES[language]  # type: ignore[index]
        assert len(lists["words"]) > 60
        for word in lists["words"]:
            assert [*words_in(f"x {word.replace('*', 'est')} x", code)], word
        for phrase in lists["not"]:
            assert not [*words_in(f"x {phrase} x", code)], phrase
    assert not [*words_in("De fleste", "en")]


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_script_finds_the_same_words() -> None:
    texts = {code: " | ".join(result_words()[name]["words"]).replace("*", "est") for name, code in CODES.items()}
    program = (
        "const [all, texts] = JSON.parse(require('fs').readFileSync(0)); const found = {};"
        "for (const code in texts) "
        "found[code] = [...texts[code].matchAll(new RegExp(all[code].words, 'giu'))].map((one) => one[0]);"
        "console.log(JSON.stringify(found))"
    )
    given = json.dumps([script_patterns(), texts])
    done = subprocess.run(["node", "-e", program], input=given, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert {code: [one[0] for one in words_in(text, code)] for code, text in texts.items()} == found


def test_patterns_of_the_script_are_plain_text() -> None:
    assert not re.search(r"[<>]/", json.dumps(script_patterns()))
