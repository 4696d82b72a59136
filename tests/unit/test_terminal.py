"""What others wrote is printed as text: a terminal obeys none of it."""

import json

import pytest

from frs_pipeline.cli.passport_page import Page
from frs_pipeline.cli.terminal import plain, print_grid, print_json, say

WILD = "sag\x1b]0;title\x07 12\x9b2J\u202e\x7f\r"


@pytest.mark.parametrize(
    "show",
    [
        say,
        lambda text: print_json({text: [text]}),
        lambda text: print_grid(text, ("a",), [[text]]),
        lambda text: Page().heading(text),
        lambda text: Page().text(text),
        lambda text: Page().ticked([(True, text)]),
        lambda text: Page().grid([[text]], ()),
    ],
)
def test_nothing_that_a_terminal_would_obey_is_printed(capsys, show):
    show(WILD)
    out = capsys.readouterr().out
    assert "sag" in out and "12" in out
    assert not [letter for letter in out if not letter.isprintable() and letter != "\n"]


def test_words_of_every_language_stay(capsys):
    say("rådslagning: æøå »ja«\n− 3")
    assert capsys.readouterr().out == "rådslagning: æøå »ja«\n− 3\n"
    assert plain("rådslagning\tnr") == "rådslagning nr"


def test_programs_read_what_was_escaped(capsys):
    print_json({"reason": WILD, "label": "rådslagning\u00a03"})
    out = capsys.readouterr().out
    assert "rådslagning" in out
    assert json.loads(out) == {"reason": WILD, "label": "rådslagning\u00a03"}
