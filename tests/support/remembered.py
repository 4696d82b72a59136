"""What a run spends most of its time on and what comes out the same for the same input, remembered by the process that tests.

Great Expectations looks at a mart anew only where a mart, or what it is held to, isn't one it has seen: that is a quarter of a
run. Templates are compiled once for all studies whose filters write the same language.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from typing import Any

import jinja2
import pandas as pd

from frs_pipeline.report import expectations
from frs_pipeline.report.expectations import Promise

# As they are without memory, for tests that are about them.
CHECKED = expectations._results
COMPILED = jinja2.Environment.compile


def remember() -> None:
    """Remember from now on, in this process; once is enough."""
    expectations._results = _checked_once({})
    jinja2.Environment.compile = _compiled_once({})


def _checked_once(seen: dict[str, list[dict[str, Any]]]) -> Any:
    def results(gx: Any, source: Any, name: str, promises: list[Promise], frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
        key = hashlib.sha256(pickle.dumps((name, promises, frame))).hexdigest()
        if key not in seen:
            seen[key] = list(CHECKED(gx, source, name, promises, frame))
        yield from (dict(row) for row in seen[key])

    return results


def _compiled_once(seen: dict[tuple[Any, ...], Any]) -> Any:
    def compile(self: jinja2.Environment, source: Any, name: Any = None, filename: Any = None, *how: Any, **named: Any) -> Any:
        # What is constant is computed by filters while a template is compiled, and filters write a language.
        key = (source, name, filename, how, *named.items(), self.globals.get("language"), *sorted(self.filters))
        if key not in seen:
            seen[key] = COMPILED(self, source, name, filename, *how, **named)
        return seen[key]

    return compile
