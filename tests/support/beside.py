"""Count the tables of a study from a frame of pandas, by other code than the pipeline's: pandas for counts, pairs for gamma.

The tables are those of `tables.yaml` as it is written; of the frame, each column holds what a form answered, by the name of the
question: a label, in the order of the scale, or a number; None where it was left blank. A question with boxes has a column
of 0 and 1 for each, `question: box`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

Key = tuple[str, str, str, str]
Values = dict[Key, float | None]
QUARTILES = {"q1": 0.25, "median": 0.5, "q3": 0.75}


def counted(spec: dict[str, Any], forms: pd.DataFrame, dont_know: dict[str, str] | None = None) -> Values:
    """All values of a table, by row, column, group and measure."""
    for name, labels in spec.get("where", {}).items():
        forms = forms[forms[name].isin(labels)]
    for name in [spec.get(axis) for axis in ("row", "column")]:
        if dont_know and name in dont_know:
            forms = forms.assign(**{name: forms[name].cat.remove_categories(dont_know[name])})
    return dict(KINDS[spec["kind"]](spec, forms))


def _frequency(spec: dict[str, Any], forms: pd.DataFrame) -> Iterator[tuple[Key, float]]:
    column = forms[spec["variable"]]
    counts = column.value_counts(sort=False)
    valid = counts.sum()
    for label, number in counts.items():
        yield (label, "", "", "count"), number
        yield (label, "", "", "percent"), 100 * number / len(column)
        yield (label, "", "", "valid_percent"), 100 * number / valid
        yield (label, "", "", "cumulative_percent"), 100 * counts[:label].sum() / valid
    for label, number in (("Total valid", valid), ("Missing", column.isna().sum()), ("Total", len(column))):
        yield (label, "", "", "count"), number
        yield (label, "", "", "percent"), 100 * number / len(column)
    yield ("Total valid", "", "", "valid_percent"), 100.0


def _distribution(spec: dict[str, Any], forms: pd.DataFrame) -> Iterator[tuple[Key, float]]:
    counts = forms[spec["variable"]].value_counts(sort=False)
    for label, number in [*counts.items(), ("Total", counts.sum())]:
        yield (label, "", "", "count"), number
        yield (label, "", "", "percent"), 100 * number / counts.sum()


def _crosstab(spec: dict[str, Any], forms: pd.DataFrame) -> Iterator[tuple[Key, float]]:
    row, column = (forms[spec[axis]] for axis in ("row", "column"))
    for axis, answers in ((0, row), (1, column)):
        merged = spec.get("collapse", {}).get(spec[("row", "column")[axis]])
        if merged:
            labels = {answer: label for label, members in merged.items() for answer in members}
            answers = pd.Categorical(answers.map(labels), [*merged])
            row, column = (answers, column) if axis == 0 else (row, answers)
    crossed = pd.crosstab(row, column, margins=True, margins_name="Total", dropna=True)
    crossed = crossed.reindex([*pd.Categorical(row).categories, "Total"], fill_value=0)
    crossed = crossed.reindex(columns=[*pd.Categorical(column).categories, "Total"], fill_value=0)
    percent = spec.get("percent", "total")
    for label in crossed.index:
        for other in crossed.columns:
            base = {"row": crossed.loc[label, "Total"], "column": crossed.loc["Total", other]}
            whole = base.get(percent, crossed.loc["Total", "Total"])
            yield (label, other, "", "count"), crossed.loc[label, other]
            yield (label, other, "", f"{percent}_percent"), 100 * crossed.loc[label, other] / whole if whole else None


def pairs(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """How many pairs of forms point the same way and how many opposite ways: every form beside every other."""
    same = opposite = 0
    for one, two in zip(first, second, strict=True):
        signs = np.sign(first - one) * np.sign(second - two)
        same, opposite = same + int((signs > 0).sum()), opposite + int((signs < 0).sum())
    return same, opposite


def _gamma(spec: dict[str, Any], forms: pd.DataFrame) -> tuple[int, int, int]:
    both = forms[[spec["row"], spec["column"]]].dropna()
    first, second = (both[spec[axis]].cat.codes.to_numpy().astype(np.int16) for axis in ("row", "column"))
    turned = -1 if len(spec.get("reverse", ())) % 2 else 1
    same, opposite = pairs(turned * first, second)
    return same, opposite, len(both)


def _correlation(spec: dict[str, Any], forms: pd.DataFrame) -> Iterator[tuple[Key, float | None]]:
    groups = {"": forms}
    if "group" in spec:
        forms = forms.dropna(subset=[spec["group"]])
        groups = {label: forms[forms[spec["group"]] == label] for label in forms[spec["group"]].cat.categories}
    sums = np.zeros(2, dtype=np.int64)
    for label, some in groups.items():
        same, opposite, number = _gamma(spec, some)
        sums += (same, opposite)
        yield ("", "", label, "n"), number
        yield ("", "", label, "gamma"), (same - opposite) / (same + opposite) if same + opposite else None
    if "group" in spec:
        same, opposite, number = _gamma(spec, forms)
        yield ("", "", "Total", "n"), number
        yield ("", "", "Total", "gamma"), (same - opposite) / (same + opposite)
        yield ("", "", "Total", "partial_gamma"), (sums[0] - sums[1]) / sums.sum()


def _summary(spec: dict[str, Any], forms: pd.DataFrame) -> Iterator[tuple[Key, float]]:
    groups = {"": forms}
    if "group" in spec:
        forms = forms.dropna(subset=[spec["group"]])
        groups = {label: forms[forms[spec["group"]] == label] for label in forms[spec["group"]].cat.categories} | {"Total": forms}
    for label, some in groups.items():
        numbers = some[spec["variable"]].dropna().astype(float)
        of = {"n": len(numbers), "mean": numbers.mean(), "sd": numbers.std(), "min": numbers.min(), "max": numbers.max()}
        of |= {name: np.quantile(numbers, at, method="weibull") for name, at in QUARTILES.items()}
        for measure, value in of.items():
            yield ("", "", label, measure), value


def _multiple(spec: dict[str, Any], forms: pd.DataFrame) -> Iterator[tuple[Key, float | None]]:
    boxes = [name for name in forms if name.startswith(f"{spec['variable']}: ")]
    groups = {"": forms}
    if "group" in spec:
        forms = forms.dropna(subset=[spec["group"]])
        groups = {label: forms[forms[spec["group"]] == label] for label in forms[spec["group"]].cat.categories} | {"Total": forms}
    for group, some in groups.items():
        answered = int((some[boxes].sum(axis=1) > 0).sum())
        ticks = some[boxes].sum()
        for label, number in [*((name.split(": ")[1], ticks[name]) for name in boxes), ("Total", ticks.sum())]:
            yield (label, "", group, "count"), number
            yield (label, "", group, "percent"), 100 * number / ticks.sum()
            yield (label, "", group, "case_percent"), 100 * number / answered
        yield ("Total valid", "", group, "count"), answered
        yield ("Missing", "", group, "count"), len(some) - answered


KINDS = {
    "multiple": _multiple,
    "frequency": _frequency,
    "distribution": _distribution,
    "crosstab": _crosstab,
    "collapsed_crosstab": _crosstab,
    "correlation": _correlation,
    "correlation_by_group": _correlation,
    "summary": _summary,
}
