"""Personal numbers, where none belong. All here are replacement numbers: their day is the day of birth plus 60."""

import html
import json
import unicodedata
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.personal_numbers import (
    HIDDEN,
    WAYS,
    are_personal_numbers,
    holding,
    holds_personal_number,
    masked,
    refuse_in_names,
)

SPELLINGS = [
    "610180-1234",
    "6101801234",
    "610180 1234",
    "610180 - 1234",
    "610180–1234",
    "61-01-80-1234",
    "61.01.80-1234",
    "61/01/80 1234",
    "61 01 80 1234",
    "610180—1234",
    "610180‑1234",
    "610180−1234",
    "610180 - 1234".replace(" ", "\u00a0"),
    "61011980-1234",
    "610119801234",
    "61-01-1980-1234",
    "61.01.2018 1234",
    "610180/1234",
    "911299-0001",
    "701031-9999",
]
AROUND = ["{}", "cpr {}", "({})", "ring til {}.", "mor:{},far", "linje\n{}\n", "CPR{}x", "æ{}å"]
OTHERS = [
    "",
    "2019-05-06 09:00:00",
    "06-05-2019 09:00:00",
    "2019-05-06T09:00:00",
    "20190506 090000",
    "12345678",
    "12 34 56 78",
    "+45 12 34 56 78",
    "004561018012",
    "700012",
    "123456789",
    "40222",
    "61018012345",
    "16101801234",
    "610180123",
    "601380-1234",
    "613180-1234",
    "610080-1234",
    "611380-1234",
    "921280-1234",
    "600180-1234",
    "610180-12x34",
    "uge 61, 01 80, nr. 1234",
    "2020-02-05 08:27",
    "06-05-2019 09:00",
    "05.02.2020 08.27",
    "06-05-12 09:10:11",
    "2020.02.05 08:27:15",
    "20121106 090000",
    "12.01.2019, 13.02.2019",
    "12.01.2019-13.02.2019",
    "0045 61 01 80 12",
    "20 12 34 56, 20 12 78 90",
    "12 11 10 09 12 11 10 08",
    "070-123 45 67",
    "DF-700112, 700123",
    "10, 11, 12, 13, 14, 15",
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
    "01.02.2024 12 skemaer",
    "01.02.2024, 12 skemaer",
    "12.05.2024, 14:30",
    "12.05.2024 - 14:30",
    "d. 12.03.04 (10.30)",
    "01.02.2024 - 31.12.2024",
    "01/02/2024 – 15/02/2024",
    "roden a610118001100aff610118001100aff610118001100aff610118001100aff00f",
]
# What programs write, beside that.
FIGURES = [
    f"{1_801_011_234}.5678",
    "0.6101180011",
    json.dumps([12, 10, 20, 1204], indent=1),
    json.dumps({"n": [121005, 1204]}, indent=2),
    json.dumps([3, 12, 10, 20, 1204, 5], indent=1),
    "372c4707-69c4-4d18-9e48-6d1118001100",
    "1,012,345,678 bytes",
    "6.101.701.234",
    "[120118,1234]",
    "120118;1234",
    "120118 | 1234",
    "0.120118,1234",
    "1,120118,1234",
    "120118,1234,5",
    "120118\t1234\t5",
    '"a": "120118", "b": "1234"',
    "<path d='M12.6101184567,0.9h1'/>",
    "<td>120118</td><td>1234</td>",
]


def by_arrow(text):
    """The same asked of a whole column."""
    return holding(pa.array(["", text, None])).tolist()[1]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("number", SPELLINGS)
def test_a_personal_number_is_found_and_hidden_however_it_is_written(number, around):
    text = around.format(number)
    assert holds_personal_number(text)
    assert by_arrow(text)
    assert masked(text) == around.format("••••••-••••")


@pytest.mark.parametrize("text", OTHERS)
def test_times_ids_and_telephone_numbers_are_none(text):
    assert not holds_personal_number(text)
    assert not by_arrow(text)
    assert masked(text) == text


@pytest.mark.parametrize("text", FIGURES)
def test_numbers_among_numbers_are_none_where_a_program_wrote_them(text):
    assert not holds_personal_number(text, figures=True)
    assert holding(pa.array([text]), figures=True).tolist() == [False]


@pytest.mark.parametrize(("way", "example"), [(way, example) for way in WAYS for example in way.examples])
def test_each_way_of_writing_one_is_found_everywhere(way, example):
    assert example_is_of(way, example)
    for around in AROUND:
        text = around.format(example)
        assert holds_personal_number(text)
        assert by_arrow(text)
        assert "(" in example or masked(text) == around.format("••••••-••••")
        assert not any(letter.isdigit() for letter in masked(text))
        assert holds_personal_number(text, figures=True) or not way.among_figures


def example_is_of(way, example):
    """Its own pattern finds it, and the day is that of a replacement number."""
    example = unquote(html.unescape(example))
    digits = "".join(str(unicodedata.digit(letter, "")) for letter in example)
    plain = "".join(
        str(unicodedata.digit(letter, letter)) for letter in example if unicodedata.category(letter) not in ("Cf", "Mn")
    )
    return way.pattern.search(plain) and 61 <= int(digits[:2]) <= 91


@pytest.mark.parametrize(
    "letter", ["\u200b", "\u200d", "\u00ad", "\u2060", "\ufeff", "\u202e", "\u034f", "\ufe0f", "\u3164", "\U000e0041"]
)
def test_what_nobody_sees_hides_none(letter):
    text = letter.join("610180-1234")
    assert holds_personal_number(text)
    assert holds_personal_number(text, figures=True)
    assert masked(f"a {text} b") == "a ••••••-•••• b"


@pytest.mark.parametrize("example", [example for way in WAYS for example in way.examples])
def test_the_line_before_a_message_hides_none(example):
    assert "1234" not in masked(f"delivery.yaml:1: {example} isn't a key here")


@pytest.mark.parametrize("text", ["50%610180-1234", "a&b 610180-1234", "100 % 610180 1234 &c", "610180%E2%80%931234 50%25"])
def test_what_looks_like_an_escape_hides_none(text):
    assert holds_personal_number(text)
    assert "1234" not in masked(text)


@pytest.mark.parametrize("text", ["z6101701234abcdef", "6101701234abcdefz", "Q6101701234abcdef01", "6101701234abcdef01T9"])
def test_what_goes_on_with_another_letter_is_no_hash(text):
    """A text is looked through between letters; those on either side still decide what a word is."""
    assert holds_personal_number(text, figures=True)
    assert HIDDEN in masked(text)
    assert not holds_personal_number(text.strip("zQT9"), figures=True)


@pytest.mark.parametrize("zero", [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10, 0x1D7CE, 0x1D7F6])
def test_digits_are_those_of_every_script(zero):
    text = "".join(chr(zero + int(letter)) if letter.isdigit() else letter for letter in "610180-1234")
    assert holds_personal_number(text)
    assert by_arrow(text)
    assert masked(f"a {text} b") == "a ••••••-•••• b"


def test_whole_numbers_are_judged_as_they_would_be_written():
    there = [6101801234, 101801234, 610119801234, 10119801234, 9112990001]
    none = [6001801234, 6113801234, 612119801234 + 10**11, 101801, 16101801234, 611319801234, 3201801234, 0]
    assert are_personal_numbers(np.array(there)).tolist() == [True] * len(there)
    assert are_personal_numbers(np.array(none)).tolist() == [False] * len(none)


def test_every_number_in_a_text_is_hidden_and_nothing_else():
    assert masked("610180-1234 og 7202180022, 2019-05-06") == "••••••-•••• og ••••••-••••, 2019-05-06"


def test_what_is_hidden_is_no_personal_number_any_more():
    assert not holds_personal_number(masked("610180-1234"))


@pytest.mark.parametrize("text", ["６１０１８０-１２３４", "６１０１８０１２３４", "٦١٠١٨٠١٢٣٤"])
def test_digits_of_other_scripts_are_digits(text):
    assert holds_personal_number(text)
    assert masked(f"a {text} b") == "a ••••••-•••• b"


def test_a_file_called_by_one_is_refused_without_saying_it(tmp_path):
    (tmp_path / "initiator").mkdir()
    (tmp_path / "initiator" / "set 20201130.xlsx").touch()
    refuse_in_names(tmp_path, lambda _: False)
    (tmp_path / "initiator" / "kopi af 610180-1234.xlsx").touch()
    with pytest.raises(InputError) as caught:
        refuse_in_names(tmp_path, lambda _: False)
    assert not holds_personal_number(str(caught.value).replace(str(tmp_path), ""))
    assert "initiator: the name of a file here is a personal number" in str(caught.value)
