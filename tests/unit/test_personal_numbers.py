"""Personal numbers, where none belong. All here are replacement numbers: their day is the day of birth plus 60."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.exports.personal_numbers import PATTERN, holds_personal_number, masked, refuse_in_names

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
]


def by_arrow(text):
    """What Arrow, which looks through whole columns, finds."""
    return pc.match_substring_regex(pa.array([text]), PATTERN)[0].as_py()


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
    refuse_in_names(tmp_path)
    (tmp_path / "initiator" / "kopi af 610180-1234.xlsx").touch()
    with pytest.raises(InputError) as caught:
        refuse_in_names(tmp_path)
    assert not holds_personal_number(str(caught.value).replace(str(tmp_path), ""))
    assert "initiator: the name of a file here is a personal number" in str(caught.value)
