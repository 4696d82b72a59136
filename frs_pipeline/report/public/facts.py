"""Numbers that the pages of the public edition say in their sentences, each by the name under which it stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.public.released import Released
from frs_pipeline.report.typography import number_text
from frs_pipeline.study.tables import TOTAL

# What the four pictures show: made-up counts, the same in every edition. Real ones would tell what is hidden.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "apart": ("41", "17", "8", "3"),
    "merged": ("41", "17", "11"),
    "small": ("52", "26", "9", "··"),
    "with": ("52", "26", "··", "··"),
}


@dataclass(frozen=True)
class Facts:
    """Numbers by name."""

    numbers: Mapping[str, int]

    def text(self, name: str) -> Text:
        """Write one in both languages."""
        return Text(*(number_text(self.numbers[name], language) for language in LANGUAGES))

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]


def facts_of(released: Released, examined: int) -> Facts:
    """Gather the numbers; `examined` is how many numbers were attacked."""
    policy = released.policy
    forms = {
        f"forms-{address.table}": int(number.value)
        for address, number in released.numbers.items()
        if address.measure == "count" and address.row == TOTAL and not address.column and number.value is not None
    }
    return Facts(
        {
            "tables": len(released.tables),
            "withheld": len(released.withheld),
            "merging": len(released.merging),
            "hidden": released.hidden,
            "counts": released.counts,
            "examined": examined,
            "threshold": policy.threshold,
            "below": policy.threshold - 1,
            "whole": policy.whole_below,
            "none": policy.none_below,
            **forms,
        }
    )
