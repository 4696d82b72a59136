"""Other statistics that a table asks for by name: which there are, of which tables they tell something, and what is refused.

They stand in intervals.parquet with their errors, not in the printed table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from frs_pipeline.language import Text
from frs_pipeline.study.faults import Location, choices
from frs_pipeline.study.pairing import Fault

Statistic = Literal["chi2", "cramers_v", "somers_d", "tau_b", "tau_c", "bowker", "stuart_maxwell"]

_CROSSED = ("crosstab", "collapsed_crosstab", "correlation", "correlation_by_group")
_PAIRED = ("change",)


class Other(NamedTuple):
    """A statistic that a table may ask for: what it is called, kinds of tables that it fits, and whether it needs an order."""

    called: Text
    kinds: tuple[str, ...]
    ordered: bool = False


OTHERS: Mapping[Statistic, Other] = {
    "chi2": Other(Text("chi i anden (Rao og Scott)", "chi-squared (Rao and Scott)"), _CROSSED),
    "cramers_v": Other(Text("Cramérs V", "Cramér's V"), _CROSSED),
    "somers_d": Other(
        Text("Somers' d (kolonnen givet rækken)", "Somers' d (of the column given the row)"), _CROSSED, ordered=True
    ),
    "tau_b": Other(Text("Kendalls tau-b", "Kendall's tau-b"), _CROSSED, ordered=True),
    "tau_c": Other(Text("Kendalls tau-c", "Kendall's tau-c"), _CROSSED, ordered=True),
    "bowker": Other(Text("Bowkers test for symmetri", "Bowker's test of symmetry"), _PAIRED),
    "stuart_maxwell": Other(Text("Stuart og Maxwells test", "Stuart and Maxwell's test"), _PAIRED),
}
assert tuple(OTHERS) == get_args(Statistic)


def check_statistics(kind: str, asked: tuple[Statistic, ...], types: Mapping[str, str], error: Fault) -> None:
    """Refuse statistics that say nothing of a table; `types` are those of the questions that it crosses, by name.

    Raises what `error` makes of a place, what is wrong and what to do.
    """
    for i, name in enumerate(asked):
        at: Location = ["statistics", i]
        if name in asked[:i]:
            raise error(at, f"{name} stands twice", "take one of them out")
        if kind not in OTHERS[name].kinds:
            fit = [other for other, about in OTHERS.items() if kind in about.kinds]
            do = choices(fit, name) if fit else f"take it out; it is of kind: {', '.join(OTHERS[name].kinds)}"
            raise error(at, f"{name} says nothing of a table of kind: {kind}", do)
        nominal = [question for question, of in types.items() if of == "nominal"] if OTHERS[name].ordered else []
        if nominal:
            fit = [other for other, about in OTHERS.items() if kind in about.kinds and not about.ordered]
            what = f"{nominal[0]} is nominal: its answers have no order, which {name} needs"
            raise error(at, what, choices(fit))
