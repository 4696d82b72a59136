"""How well forms were keyed: agreement of two keyings, and the share of cells keyed wrongly, each with its interval.

Cells of one form share the hand that keyed them, so intervals take forms as clusters. Only forms that were drawn count: those
that somebody had keyed again because they looked odd would make every keyer worse.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import brentq

from frs_pipeline.collection.keyers import LEVEL
from frs_pipeline.collection.second_keying import NUMBER, UNREADABLE
from frs_pipeline.stats.agreement import kappa, kappa_within
from frs_pipeline.stats.clustered import Cells, Estimate, quantile, share, wilson
from frs_pipeline.stats.multiplicity import benjamini_hochberg
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Table, catalogue
from frs_pipeline.tables.keying import OF_TABLES

_MEASURES = [
    pa.field("forms", pa.int64(), nullable=False, metadata={"text": "Forms that were drawn and keyed twice"}),
    pa.field("cells", pa.int64(), nullable=False, metadata={"text": "Their cells that can be read in both, which were compared"}),
    pa.field("differing", pa.int64(), nullable=False, metadata={"text": "Of these, those that the two keyings have differently"}),
    pa.field("undecided", pa.int64(), nullable=False, metadata={"text": "Of these, those that nobody has decided or corrected"}),
    pa.field("wrong", pa.int64(), nullable=False, metadata={"text": "Compared cells that were keyed wrongly at first"}),
    pa.field("wrong_percent", pa.float64(), nullable=False),
    pa.field("wrong_low", pa.float64(), metadata={"text": "Interval; its ends as if undecided cells were right, and wrong"}),
    pa.field("wrong_high", pa.float64()),
    pa.field("agreement_percent", pa.float64(), nullable=False),
    pa.field("agreement_low", pa.float64()),
    pa.field("agreement_high", pa.float64()),
    pa.field("kappa", pa.float64(), metadata={"text": "Cohen's kappa of the two keyings; null where answers aren't categories"}),
    pa.field("kappa_low", pa.float64()),
    pa.field("kappa_high", pa.float64()),
]
_QUESTION = pa.field("question", pa.string(), metadata={"text": "The question, or the number; null: all of them"})
KEYING = pa.schema([pa.field("instrument", pa.string(), nullable=False), _QUESTION, *_MEASURES])
KEYERS = pa.schema(
    [
        pa.field("keyer", pa.string(), nullable=False, metadata={"text": "Who keyed the forms first"}),
        pa.field("instrument", pa.string(), metadata={"text": "The questionnaire; null: all of them"}),
        _QUESTION,
        *_MEASURES,
        pa.field(
            "p", pa.float64(), metadata={"text": "More wrong cells than the others' forms have; null: no others, or a part"}
        ),
        pa.field("q", pa.float64(), metadata={"text": "Adjusted for all keyers (Benjamini & Hochberg)"}),
        pa.field("stands_out", pa.bool_(), nullable=False, metadata={"text": "Whether q is below .05"}),
    ]
)
Cell = Mapping[str, Any]
# Of fewer differing cells, nobody could say how much they go together in forms.
_LEAST_DIFFERING = 5
# No p is given as smaller.
_LEAST_P = 1e-12


def by_question(study: Study, cells: pa.Table) -> pa.Table:
    """Say how well counted forms were keyed, by questionnaire and question (`KEYING`); from `CELLS`."""
    rows = [row for row in _compared(cells) if row["counted"]]
    found = [
        {"instrument": name, "question": question, **measured(study, mine)}
        for (name, question), mine in _grouped(rows, "instrument").items()
    ]
    return pa.Table.from_pylist(found, schema=KEYING)


def by_table(study: Study, cells: pa.Table) -> pa.Table:
    """Say how well the fields were keyed that each table asks for, in counted forms of its questionnaires (`OF_TABLES`)."""
    of_field: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    drawn: dict[str, set[str]] = defaultdict(set)
    for row in cells.to_pylist():
        if row["counted"] and row["drawn"]:
            drawn[row["instrument"]].add(row["form_id"])
            if row["left"] in (None, UNREADABLE):
                of_field[row["instrument"], row["question"]].append(row)
    found = []
    for number, table in catalogue(study).items():
        fields = fields_of(study, table)
        asked = [row for field in sorted(fields) for row in of_field.get(field, ())]
        mine = [row for row in asked if row["left"] is None]
        if asked:
            known = measured(study, mine) if mine else dict.fromkeys(("forms", "cells", "differing", "undecided", "wrong"), 0)
            of_drawn = {
                "drawn": sum(len(drawn[name]) for name in {name for name, _ in fields}),
                "keyed_again": len({row["form_id"] for row in asked}),
            }
            found.append({"table": number, **of_drawn, **known, "unreadable": len(asked) - len(mine)})
    rows = [{name: row.get(name) for name in OF_TABLES.names} for row in found]
    return pa.Table.from_pylist(rows, schema=OF_TABLES)


def fields_of(study: Study, table: Table) -> set[tuple[str, str]]:
    """Return the fields of papers that a table asks for, by questionnaire and question.

    What a table knows of a form by its conference (the background, the child, on some papers the occasion) rests on the number.
    """
    fields: set[tuple[str, str]] = set()
    for name in table.reads:
        paper = questionnaires(study).get(name)
        if paper is None:
            continue  # conferences are keyed on no paper
        keyed = {question.name: question.grouped or question.name for question in paper.keyed}
        columns = table.read_of(name)
        fields |= {(name, keyed[column]) for column in columns if column in keyed}
        by_number = {"occasion", "case_id", *(question.name for question in paper.background)}
        limited = paper.occasion == BOTH and table.occasion != BOTH
        if paper.forms.number and (limited or not by_number.isdisjoint(columns)):
            fields.add((name, NUMBER))
    return fields


def by_keyer(study: Study, cells: pa.Table) -> pa.Table:
    """Say how well each keyer's forms were keyed, in all, by questionnaire and by question (`KEYERS`); from `CELLS`."""
    rows, found = _compared(cells), list[dict[str, Any]]()
    names = sorted({row["first_keyer"] for row in rows})
    by_name = {name: [row for row in rows if row["first_keyer"] == name] for name in names}
    tests = [p_of_more(mine, [row for row in rows if row["first_keyer"] != name]) for name, mine in by_name.items()]
    for (name, mine), p, q in zip(by_name.items(), tests, benjamini_hochberg(tests), strict=True):
        same = {"keyer": name, "p": None, "q": None, "stands_out": False}
        tested = {"p": p, "q": q, "stands_out": q is not None and q < LEVEL}
        found.append({**same, "instrument": None, "question": None, **measured(study, mine), **tested})
        for (instrument, question), few in _grouped(mine, "instrument").items():
            found.append({**same, "instrument": instrument, "question": question, **measured(study, few)})
    return pa.Table.from_pylist(found, schema=KEYERS)


def _compared(cells: pa.Table) -> list[Cell]:
    return [row for row in cells.to_pylist() if row["left"] is None and row["drawn"]]


def _grouped(rows: Iterable[Cell], by: str) -> dict[tuple[str, str | None], list[Cell]]:
    """Group cells by questionnaire (question None), and by question."""
    groups: dict[tuple[str, str | None], list[Cell]] = defaultdict(list)
    for row in rows:
        groups[row[by], None].append(row)
        groups[row[by], row["question"]].append(row)
    return groups


def measured(study: Study, cells: Sequence[Cell]) -> dict[str, Any]:
    """Estimate from at least one cell what `KEYING` says of cells."""
    per_form = _per_form(cells)
    agree = per_form["cells"] - per_form["differing"]
    pooled = _design(per_form)
    wrong = share(per_form["wrong"], per_form["cells"], pooled)
    at_most = share(per_form["wrong"] + per_form["undecided"], per_form["cells"], pooled)
    agreeing = share(agree, per_form["cells"], pooled)
    sums = {name: int(counts.sum()) for name, counts in per_form.items()}
    limits = _kappa(study, cells, agreeing)
    return {
        "forms": len(per_form["cells"]),
        **{name: sums[name] for name in ("cells", "differing", "undecided", "wrong")},
        "wrong_percent": 100 * sums["wrong"] / sums["cells"],
        "wrong_low": _percent(wrong.low),
        "wrong_high": _percent(at_most.high),
        "agreement_percent": 100 * (sums["cells"] - sums["differing"]) / sums["cells"],
        "agreement_low": _percent(agreeing.low),
        "agreement_high": _percent(agreeing.high),
        **limits,
    }


def _percent(share_: float | None) -> float | None:
    return None if share_ is None else 100 * share_


def _per_form(cells: Iterable[Cell]) -> dict[str, np.ndarray]:
    """Count the cells of each form, those that differ, those that nobody decided, and those that were wrong at first."""
    forms: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for cell in cells:
        of_form = forms[cell["form_id"]]
        for at, there in enumerate((True, cell["differs"], cell["wrong"] is None, bool(cell["wrong"]))):
            of_form[at] += there
    counts = np.array([forms[form] for form in sorted(forms)], dtype=np.int64).reshape(-1, 4)
    return dict(zip(("cells", "differing", "undecided", "wrong"), counts.T, strict=True))


def _kappa(study: Study, cells: Sequence[Cell], agreeing: Estimate) -> dict[str, float | None]:
    """Return kappa of one question whose answers are categories, with its limits; of anything else nothing."""
    none: dict[str, float | None] = {"kappa": None, "kappa_low": None, "kappa_high": None}
    (instrument, name), *others = {(cell["instrument"], cell["question"]) for cell in cells}
    question = None if others else questionnaires(study)[instrument].question(name)
    if question is None or question.measured or question.calendar:
        return none
    units = [(_plain(cell["keyed_first"]), _plain(cell["keyed_second"])) for cell in cells]
    found = kappa(units)
    if found is None:
        return none
    limits = None if agreeing.low is None or agreeing.high is None else kappa_within(units, agreeing.low, agreeing.high)
    low, high = limits or (None, None)
    return {"kappa": float(found), "kappa_low": low, "kappa_high": high}


def _plain(cell: str) -> str:
    """Return a code as all write it: 01 is 1."""
    return str(int(cell)) if cell else ""


def p_of_more(mine: Sequence[Cell], others: Sequence[Cell]) -> float | None:
    """Return the one-sided p of one keyer's cells being wrong more often than the others'; None where there are no others.

    It is half of 1 - the level at which the interval of the difference (MOVER) begins at 0. Cells that nobody has decided are
    right where they are the keyer's, and wrong where they are others', so that nobody stands out because somebody looked.
    """
    one, other = _per_form(mine), _per_form(others)
    if min(len(one["cells"]), len(other["cells"])) < 2:
        return None
    first = share(one["wrong"], one["cells"], _design(one))
    second = share(other["wrong"] + other["undecided"], other["cells"], _design(other))
    return _p_above(first, second)


def _p_above(one: Estimate, other: Estimate) -> float:
    """Return the one-sided p of a share being larger than one of other forms, by MOVER."""
    difference = float(one.value or 0) - float(other.value or 0)
    if difference == 0:
        return 0.5
    if difference < 0:
        return 1 - _p_above(other, one)

    def reaches(tail: float) -> float:
        below = float(one.value or 0) - _limits(one, tail)[0]
        over = _limits(other, tail)[1] - float(other.value or 0)
        return math.hypot(below, over) - difference

    return _LEAST_P if reaches(_LEAST_P) <= 0 else float(brentq(reaches, _LEAST_P, 0.5, xtol=1e-12))


def _limits(of: Estimate, tail: float) -> tuple[float, float]:
    return wilson(float(of.value or 0), float(of.n_effective or 0), quantile(of.clusters - 1, 1 - 2 * tail))


def _design(per_form: Mapping[str, np.ndarray]) -> float:
    """Compute how much less cells of few forms tell than as many of as many forms would, from all that differ.

    Few cells are wrong, often none; how much they go together in forms is seen best in all that differ. Of too few of these,
    forms are the units: the effect is what it is where cells of a form go wrong together, Kish's mean of cells per form.
    """
    differing, sizes = per_form["differing"], per_form["cells"]
    if differing.sum() < _LEAST_DIFFERING:
        return float(sizes @ sizes / sizes.sum())
    return Cells(np.column_stack([differing, sizes - differing])).design([[0], [1]])
