"""A contradiction for a terminal and for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frs_pipeline.language import Language, Text
from frs_pipeline.printed.model import Contradiction

_EXPECTED = Text("ventet: {expected}", "expected: {expected}")


def told(contradiction: Contradiction, language: Language) -> Iterator[str]:
    """Yield the lines that tell of a contradiction: what contradicts what, then what would be right and what could be."""
    yield f"  {contradiction.reason.in_language(language)}  [{contradiction.rule}]"
    more = [_EXPECTED.in_language(language).format(expected=contradiction.expected)] if contradiction.expected else []
    more += [text.in_language(language) for text in (contradiction.possible, contradiction.either) if text]
    if more:
        yield f"    {'; '.join(more)}"


def as_fields(contradiction: Contradiction) -> dict[str, Any]:
    """Return all that a contradiction says, as JSON has it."""
    return {
        "rule": contradiction.rule,
        "weight": contradiction.weight,
        "tables": list(contradiction.tables),
        "reason": _both(contradiction.reason),
        "expected": contradiction.expected or None,
        "possible": contradiction.possible and _both(contradiction.possible),
        "either": contradiction.either and _both(contradiction.either),
        "figures": [address._asdict() for address in contradiction.figures],
        "gives_way": [address._asdict() for address in contradiction.gives_way],
    }


def _both(text: Text) -> dict[str, str]:
    return {"danish": text.danish, "english": text.english}
