"""Small releases for the attack: marts of known counts, tables of the report, and what is hidden in them by hand."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pandas as pd

from frs_pipeline.release.attack import attack
from frs_pipeline.release.files import FIGURES, LEFT_OUT, SHOWN, TABLES, Record, Withheld, as_csv, description, records
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.variants import Variant
from frs_pipeline.release.worlds import Source
from frs_pipeline.stats.printing import round_half_away
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Axis, Category, catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures
from support.random_marts import write_marts
from support.study import STUDY

ROLES = ("barn", "mor", "far", "familie", "netværk", None)
# Forms by role (a row each, the last: blank) and answer (the last: blank); every question of a mart has equal row sums.
FIRST = {
    "overall": (
        (40, 20, 6, 3, 2, 4),
        (50, 30, 9, 4, 6, 3),
        (30, 25, 8, 7, 1, 4),
        (90, 60, 30, 12, 9, 9),
        (40, 30, 12, 8, 5, 5),
        (12, 8, 5, 2, 1, 2),
    ),
    "conflict": (
        (2, 8, 30, 20, 12, 3),
        (3, 12, 45, 30, 9, 3),
        (4, 9, 31, 20, 7, 4),
        (9, 30, 90, 50, 25, 6),
        (6, 14, 40, 25, 11, 4),
        (1, 3, 12, 8, 4, 2),
    ),
}
FOLLOWUP = {
    "overall": (
        (30, 20, 10, 6, 5, 2),
        (40, 25, 9, 7, 6, 3),
        (25, 20, 9, 6, 7, 3),
        (60, 50, 20, 11, 8, 6),
        (30, 25, 10, 6, 5, 4),
        (9, 8, 6, 5, 2, 2),
    ),
    "conflict": (
        (9, 11, 30, 11, 10, 2),
        (11, 15, 31, 20, 10, 3),
        (9, 10, 30, 10, 8, 3),
        (14, 26, 60, 30, 20, 5),
        (9, 11, 30, 18, 8, 4),
        (5, 6, 10, 6, 3, 2),
    ),
    "closer": (
        (20, 20, 20, 6, 2, 5),
        (30, 20, 25, 6, 3, 6),
        (20, 18, 20, 5, 2, 5),
        (50, 40, 40, 9, 8, 8),
        (20, 20, 25, 6, 4, 5),
        (9, 8, 6, 4, 2, 3),
    ),
}
# Problem's weight (a row each) by belief in the plan, forms that answered both; then those that left one blank.
WEIGHT_BELIEF = ((9, 6, 2, 1, 0), (20, 16, 8, 3, 2), (30, 40, 25, 12, 6), (14, 30, 28, 20, 9), (4, 9, 12, 15, 11))
CONFLICT_BELIEF = ((3, 9, 12, 14, 8), (9, 20, 25, 16, 8), (30, 36, 20, 12, 5), (20, 26, 12, 2, 3), (15, 10, 6, 6, 5))


def _by_role(mart, given, changed=()):
    """Forms whose answers to each question are spread over the roles as told; `changed` adds or takes away whole forms."""
    columns = defaultdict(list)
    codes = {question: [*questionnaires(STUDY)[mart].question(question).codes, None] for question in ("role", *given)}
    for at, role in enumerate(codes["role"]):
        size = sum(next(iter(given.values()))[at])
        columns["role"] += [role] * size
        for question, rows in given.items():
            answers = [code for code, n in zip(codes[question], rows[at], strict=True) for _ in range(n)]
            # Turned against each other, so that the questions of a form have little to do with each other.
            columns[question] += [answers[(i * 7) % size] if size % 7 else answers[(i * 5) % size] for i in range(size)]
    for answers in changed:
        for question in columns:
            columns[question].append(answers.get(question))
    return whole(mart, columns)


def whole(mart, columns):
    """A mart of these answers by question, blanks elsewhere."""
    size = len(next(iter(columns.values())))
    occasion = questionnaires(STUDY)[mart].occasion
    frame = {"form_id": [f"X-{i}" for i in range(size)], "conference_id": ["C"] * size}
    frame["occasion"] = columns.pop("occasion", None) or ["first" if occasion == "both" else occasion] * size
    for question in questionnaires(STUDY)[mart].questions:
        frame[question.name] = pd.Series(columns.get(question.name, [None] * size), dtype="Int8")
    return pd.DataFrame(frame)


def _initiators():
    columns = defaultdict(list)
    for i, row in enumerate(WEIGHT_BELIEF):
        for j, n in enumerate(row):
            columns["problem_weight"] += [i + 1] * n
            columns["belief"] += [j + 1] * n
    for code, n in ((1, 1), (2, 6), (3, 7), (None, 2)):
        columns["problem_weight"] += [code] * n
        columns["belief"] += [None] * n
    by_belief = [[i + 1 for i, row in enumerate(CONFLICT_BELIEF) for _ in range(row[j])] for j in range(5)]
    # As many as there are forms with each belief; what is over stays blank.
    columns["conflict"] = [by_belief[b - 1].pop() if b and by_belief[b - 1] else None for b in columns["belief"]]
    return whole("initiator", columns)


def frames(first=(), followup=()):
    """The four marts; `first` and `followup` are forms to add to them, as answers by question."""
    return {
        "participant_first": _by_role("participant_first", FIRST, first),
        "participant_followup": _by_role("participant_followup", FOLLOWUP, followup),
        "initiator": _initiators(),
        "coordinator": whole("coordinator", {"conflict": [1, 2, 3] * 5}),
    }


class Hand:
    """A release made by hand: some tables, with some counts hidden and others told."""

    def __init__(self, numbers, marts, tables=None, delivery="2021-01-31", policy=None):
        self.original = dict(tables or catalogue(STUDY))
        self.tables = {number: self.original[number] for number in numbers}
        self.marts, self.delivery = marts, delivery
        self.policy = policy or release_policy(STUDY)
        self.hidden, self.told, self.withheld = defaultdict(set), {}, []
        self.silent = set()

    def hide(self, table, *cells):
        """Cells are (row, column), or a row's label alone."""
        self.hidden[table] |= {_place(cell) for cell in cells}
        return self

    def tell(self, table, cell, measure, decimals):
        """A figure that a release would have hidden."""
        self.told[table, *_place(cell), measure] = decimals
        return self

    def merge(self, table, axis, label, members):
        """Merge answers of an axis, by their labels."""
        old = getattr(self.tables[table], axis)
        codes = tuple(code for c in old.categories if c.label in members for code in c.codes)
        rest = [c for c in old.categories if c.label not in members]
        merged = Axis(variable=old.variable, categories=(*rest, Category(label=label, codes=codes)))
        self.tables[table] = self.tables[table].model_copy(update={axis: merged})
        return self

    def withhold(self, *tables):
        self.withheld += [Withheld(self.original[table], "told so") for table in tables]
        return self

    def without_statistics(self, *names):
        """Leave these statistics out of all tables."""
        self.silent |= set(names)
        return self

    def records(self):
        counts = count(self.tables.values(), open_marts(self.marts))
        found = []
        for number, table in self.tables.items():
            exact = figures(table, counts[number])
            values = {(number, f.row, f.column, f.group, f.measure): f.value for f in exact}
            variant = Variant(table, (), (), table != self.original[number])
            for record in records(variant, exact, self.hidden[number], self.policy, 0):
                if record.measure in self.silent:
                    record = record._replace(value="", status=LEFT_OUT)
                decimals = self.told.get(record[:5])
                if decimals is not None:
                    record = Record(*record[:5], format(round_half_away(values[record[:5]], decimals), "f"), SHOWN)
                found.append(record)
        return found

    def write(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FIGURES).write_bytes(as_csv(self.records()))
        variants = [Variant(table, (), (), table != self.original[number]) for number, table in self.tables.items()]
        (folder / TABLES).write_bytes(description(self.delivery, variants, self.withheld, self.original, self.policy))
        return folder

    def source(self, folder, forms="forms"):
        return Source(read_release(self.write(folder)), forms)

    def exposed(self, folder, earlier=()):
        """Table and labels of everything that an attack tells, and isn't told before.

        These releases show small counts, so that something can be planted beside them: what follows from such is left out.
        """
        found = attack(STUDY, self.source(folder), earlier).new
        return {(one.kind, one.table, one.labels) for one in found if one.kind not in ("cell", "difference")}


def _place(cell):
    row, column, group = (*((cell,) if isinstance(cell, str) else cell), "", "")[:3]
    return row, column, group


__all__ = ["Hand", "frames", "whole", "write_marts"]
