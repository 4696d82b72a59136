"""What is known of a conference besides its forms: columns of the ledger that study.yaml admits, and the quarter of its date.

They stand in every mart like answers: as codes, with a text and labels.
"""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from frs_pipeline.study.spec import Spec

_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
# As many as there are codes above 0.
_MOST = 127


class Background(Spec):
    """One column: the words of a `column` of the ledger, by a scale; or the quarter of the date, in a span of `quarters`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    text: str = Field(min_length=1)
    column: str = ""
    scale: str = ""
    quarters: tuple[str, str] | None = None
    sensitivity: Literal["personal", "sensitive"]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.quarters is None:
            if not (self.column and self.scale):
                raise ValueError("say column and scale, or quarters: [2018-Q1, 2020-Q4]")
            return self
        if self.column or self.scale:
            raise ValueError("a quarter comes from the date: take column and scale out")
        if not all(_QUARTER.fullmatch(quarter) for quarter in self.quarters):
            raise ValueError("quarters are written as [2018-Q1, 2020-Q4]")
        if not 0 < len(self.labels) <= _MOST:
            raise ValueError(f"quarters: from the first to the last, {_MOST} at most")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The quarters, in order; their codes count from 1."""
        first, last = (quarter_of(*map(int, quarter.split("-Q"))) for quarter in self.quarters or ())
        return tuple(f"{at // 4}-Q{at % 4 + 1}" for at in range(first, last + 1))


def quarter_of(year: int, quarter: int) -> int:
    """Return a number for a quarter that the next one follows by 1."""
    return 4 * year + quarter - 1
