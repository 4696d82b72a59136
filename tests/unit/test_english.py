"""Numbers with what they count."""

import pytest

from frs_pipeline.language import plural


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (1, ("form",), "1 form"),
        (0, ("form",), "0 forms"),
        (2, ("form",), "2 forms"),
        (1, ("entry", "entries"), "1 entry"),
        (3, ("entry", "entries"), "3 entries"),
    ],
)
def test_one_is_singular_and_every_other_number_plural(number: int, words: tuple[str, ...], text: str) -> None:
    assert plural(number, *words) == text
