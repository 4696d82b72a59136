"""What others wrote is printed as text: a terminal obeys none of it."""

import json
import time

import pytest
from support.study import STUDY

from frs_pipeline.cli import terminal
from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.passport_page import Page
from frs_pipeline.cli.terminal import Progress, plain, print_json, say

WILD = "sag\x1b]0;title\x07 12\x9b2J\u202e\x7f\r"


@pytest.mark.parametrize(
    "show",
    [
        say,
        lambda text: print_json({text: [text]}),
        lambda text: print_grid(text, ("a",), [[text]]),
        lambda text: Page(STUDY).heading(text),
        lambda text: Page(STUDY).text(text),
        lambda text: Page(STUDY).ticked([(True, text)]),
        lambda text: Page(STUDY).grid([[text]], ()),
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


def test_programs_are_told_every_second_what_is_done(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "EVERY", 0.01)
    with Progress("Refreshing", as_json=True) as progress:
        progress.at("marts/initiator", 3, 4)
        time.sleep(0.1)
        progress.step(4, "report")
        time.sleep(0.1)
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in err.splitlines()]
    assert out == ""
    assert {"doing": "Refreshing", "at": "marts/initiator", "done": 3, "of": 4} in told
    assert told[-1] == {"doing": "Refreshing", "at": "report", "done": 4, "of": 4}


def test_what_takes_less_than_a_second_tells_nothing_nor_does_one_without_a_terminal(capsys):
    for as_json in (True, False):
        with Progress("Refreshing", as_json=as_json) as progress:
            progress.at("report", 4, 4)
    assert capsys.readouterr() == ("", "")
