"""Every worked example of the page about statistics comes out as the page says; the page holds each of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.handbook.statistics import Example, Examples, page, read_examples
from frs_pipeline.store.settings import PROJECT

pytestmark = pytest.mark.unit

FILE, PAGE = PROJECT / "docs" / "statistics.yaml", PROJECT / "docs" / "statistics.md"
EXAMPLES = read_examples(FILE)


def computed(example: Example) -> Any:
    """What an example's expression comes to."""
    data = {name: np.array(one.counts) for name, one in EXAMPLES.data.items()}
    module = importlib.import_module(f"frs_pipeline.stats.{example.module}")
    return eval(example.compute, {**vars(module), "np": np}, data)


def held(found: Any) -> Any:
    """A result as the file can hold it: fractions are numbers, several values are a list."""
    if found is None or isinstance(found, str | bool):
        return found
    return [held(one) for one in found] if isinstance(found, list | tuple) else float(found)


def alike(own: Any, value: Any) -> bool:
    """Whether numbers agree to the digits that stand on the page, of which the last may be rounded; anything else is the same."""
    if isinstance(value, list):
        return len(own) == len(value) and all(map(alike, own, value))
    if value is None or isinstance(value, str):
        return bool(own == value)
    return bool(own == pytest.approx(value, rel=0, abs=6e-11))


@pytest.mark.parametrize("example", EXAMPLES.examples, ids=lambda example: example.id)
def test_an_example_comes_out_as_the_page_says(example: Example) -> None:
    found = computed(example)
    for expected in example.gives:
        for name, value in expected.values.items():
            own = held(found if name == "result" else getattr(found, name))
            assert alike(own, value), (name, own)


def test_there_is_an_example_of_each_kind_and_each_says_who_says_so() -> None:
    assert len(EXAMPLES.examples) >= 12
    assert all(expected.source for example in EXAMPLES.examples for expected in example.gives)
    assert len({example.id for example in EXAMPLES.examples}) == len(EXAMPLES.examples)


def test_the_page_is_made_again_from_itself() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, EXAMPLES, PAGE) == text
    assert page(text.replace(f"| {0.53125} |", "| 0.6 |"), EXAMPLES, PAGE) == text


@pytest.mark.parametrize("id", ["share", "difference-of-gammas"])
def test_a_mark_without_an_example_is_told(id: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    fewer = Examples(data=EXAMPLES.data, examples=tuple(one for one in EXAMPLES.examples if one.id != id))
    with pytest.raises(InputError, match=f"no example is called {id}"):
        page(text, fewer, Path("page.md"))
    with pytest.raises(InputError, match=f"the example {id} has no mark"):
        page(text.replace(f"<!-- example {id} -->", ""), EXAMPLES, Path("page.md"))
