"""Tables of the terminal fit its lines; numbers stay whole; colours are for terminals; a command speaks one language."""

import io
import re
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from support.study import STUDY

from frs_pipeline.cli import app
from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.terminal import coloured, fold, say
from frs_pipeline.cli.words import VERDICTS, in_one
from frs_pipeline.language import LANGUAGES
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.printed.compare import DIFFERS, EQUAL, NOT_REPRODUCIBLE
from frs_pipeline.report.in_lines import in_lines
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.render import base_line

MANY = [f"answer {number} of those that were given" for number in range(9)]


class Terminal(io.StringIO):
    """A terminal to write to."""

    def isatty(self) -> bool:
        return True


def to_a_terminal(monkeypatch):
    """From now on, write to a terminal of 80 columns; return it."""
    monkeypatch.setattr(sys, "stdout", made := Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return made


def printed(capsys, monkeypatch, letters, *grid):
    monkeypatch.setenv("COLUMNS", str(letters))
    print_grid(*grid)
    return capsys.readouterr().out


@pytest.mark.parametrize("letters", [40, 60, 80, 120])
def test_a_table_that_is_too_wide_becomes_parts_that_fit_with_every_number_whole(capsys, monkeypatch, letters):
    rows = [(f"row {at}", "Count", *(f"{at}{column}999,{column}%" for column in range(9))) for at in range(3)]
    out = printed(capsys, monkeypatch, letters, "Table 1", ("", "", *MANY), rows)
    assert max(map(len, out.splitlines())) <= letters
    assert sorted(re.findall(r"\d+999,\d%", out)) == sorted(cell for row in rows for cell in row[2:])
    parts = len(re.findall(r"^ ?─+ ?$", out, re.M))
    assert out.count("Count") == 3 * parts
    assert parts >= (2 if letters < 120 else 1)


@given(st.lists(st.tuples(st.text("abc _/", min_size=1, max_size=40), st.integers(-(10**9), 10**9)), min_size=1, max_size=4))
def test_every_word_and_number_is_printed(rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out := io.StringIO())
        patch.setenv("COLUMNS", "40")
        print_grid("", ("", ""), [(word, str(number)) for word, number in rows])
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    letters, written = re.sub(r"[^abc_/]", "", out.getvalue().split("─\n")[-1]), out.getvalue()
    assert letters == "".join(re.sub(r"[^abc_/]", "", word) for word, _ in rows)
    assert all(re.search(rf"(?<!\d){number}(?!\d)", written) for _, number in rows)


def test_one_number_wider_than_the_terminal_makes_the_table_wider(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, 30, "", ("", "n"), [("row", "1" * 40)])
    assert "1" * 40 in out


def test_names_are_folded_after_underscores(capsys, monkeypatch):
    rows = [("participant_followup_of_the_first_round", "1")]
    out = printed(capsys, monkeypatch, 20, "", ("", "n"), rows)
    assert re.findall(r"[a-z]+_", out) == ["participant_", "followup_", "of_", "the_", "first_"]
    assert [line.split()[0] for line in out.splitlines() if "_" in line] == ["participant_", "followup_of_", "the_first_"]


def test_a_caption_is_one_line_unless_a_terminal_reads_it(monkeypatch):
    terminal = to_a_terminal(monkeypatch)
    caption = "Tabel 1. " + "ord " * 40
    print_grid(caption.strip(), ("a",), [("1",)])
    assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines())) <= 80
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    print_grid(caption.strip(), ("a",), [("1",)])
    assert out.getvalue().splitlines()[0] == caption.strip()


def test_lines_are_folded_for_a_terminal_under_their_text_and_whole_for_programs(monkeypatch):
    terminal = to_a_terminal(monkeypatch)
    line = "  Claims             " + "word " * 30 + "end"
    say(line)
    lines = terminal.getvalue().splitlines()
    assert len(lines) > 1 and all(len(one) <= 80 for one in lines)
    assert all(one.startswith(" " * 21 + "word") for one in lines[1:-1])
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    say(line)
    assert out.getvalue() == f"{line}\n"


def test_a_path_is_never_folded():
    assert "/very" + "/long" * 40 in fold("  Report             /very" + "/long" * 40, 80)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_are_for_terminals_that_want_them(monkeypatch, variable, value):
    terminal = to_a_terminal(monkeypatch)
    say("marts: 5 of 5", sound=True)
    say("marts: 4 of 5", sound=False)
    assert terminal.getvalue() == "\x1b[32mok  \x1b[0m marts: 5 of 5\n\x1b[1;31mFAIL\x1b[0m marts: 4 of 5\n"
    assert not coloured(io.StringIO())
    monkeypatch.setenv(variable, value)
    terminal.truncate(0)
    terminal.seek(0)
    say("marts: 5 of 5", sound=True)
    assert terminal.getvalue() == "ok   marts: 5 of 5\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_in_one_language(language):
    of_tables = {number: [] for number in catalogue(STUDY)}
    for address in meanings(STUDY):
        of_tables[address.table].append(Figure(*address, 1.0, "1,0%"))
    for number, table in catalogue(STUDY).items():
        grid = in_lines(STUDY, table, of_tables[number], language)
        words = " ".join((grid.caption, *grid.header, *(cell for row in grid.rows for cell in row)))
        if language == "danish":
            assert not re.search(r"Count|Percent|Valid|Cumulative|Asymptotic|Approximate|\bTotal\b|Missing|of the row", words)
        else:
            assert not re.search("[æøåÆØÅ»«]|I alt|Antal|Procent", words), words


def test_a_base_is_in_the_language_that_is_asked_for():
    rows = [
        {"mart": "participant_first", "reason": reason, "question": question, "forms": forms}
        for reason, question, forms in (("rows", None, 10), ("blank", "role", 3), ("base", None, 7))
    ]
    assert base_line(STUDY, catalogue(STUDY)[1], rows) == "Grundlag: 10 skemaer − 3 ubesvarede (role) = 7"
    assert base_line(STUDY, catalogue(STUDY)[1], rows, "english") == "Base: 10 forms − 3 left blank (role) = 7"


def test_the_words_of_verdicts_are_those_of_comparing():
    assert list(VERDICTS) == [EQUAL, DIFFERS, NOT_REPRODUCIBLE]


@pytest.mark.parametrize(
    ("message", "english"), [("for lille / too small", "too small"), ("alene", "alene"), ("a / b / c", "a / b / c")]
)
def test_a_message_in_both_languages_is_taken_apart(message, english):
    assert in_one(message).english == english


def test_commands_that_speak_english_only_refuse_danish():
    from typer.testing import CliRunner

    from frs_pipeline.errors import UsageError

    result = CliRunner().invoke(app, ["--language", "danish", "doctor"])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "frs doctor: speaks English only (leave out --language)"
    root = typer.main.get_command(app)
    spoken = {name for name, one in root.commands.items() if any(p.name == "language" for p in one.params)}
    assert spoken >= {"tables", "trace", "compare", "quarantine", "audit-report"}
