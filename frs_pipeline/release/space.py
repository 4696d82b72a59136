"""What is unknown to somebody who sees tables only: how many forms gave each combination of answers.

Each set of questions that tables break forms down by spans a cube, with a place for every combination of answers,
blanks included, and for each occasion where a mart has several. Every count that any table prints is a sum over places
of one cube, and two cubes of a mart must agree on every question that both have: this ties tables of different bases to
each other, since a form that one table leaves out is merely in another place of its cube.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from frs_pipeline.release.cells import Code, Forms, all_codes, crossed_in
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.boxes import columns_of, impossible, with_wholes
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import ANSWERED
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.tables import Table
from frs_pipeline.tables.reconciling import FormCounts

OCCASION = "occasion"
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Cube:
    """The combinations of answers to some questions of a mart; `start` is the place of the first one."""

    mart: str
    questions: tuple[str, ...]
    values: tuple[tuple[Code | str, ...], ...]
    start: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.values))

    def numbered(self) -> Indices:
        """Return the number of each place, in the cube's shape."""
        return self.start + np.arange(np.prod(self.shape)).reshape(self.shape)

    def impossible(self) -> Indices:
        """Return the numbers of the places that hold no form, whatever was answered."""
        if all(len(columns_of(name)) == 1 for name in self.questions):
            return np.zeros(0, dtype=np.int64)
        every = enumerate(product(*self.values), self.start)
        numbers = [at for at, answers in every if impossible(dict(zip(self.questions, answers, strict=True)))]
        return np.array(numbers, dtype=np.int64)

    def of(self, forms: Forms) -> Indices:
        """Return the numbers of the places that hold `forms`."""
        wanted = dict(forms.answers)
        numbers = self.numbered()
        for axis, (question, values) in enumerate(zip(self.questions, self.values, strict=True)):
            if question == OCCASION and forms.occasion != BOTH:
                keep = [value == forms.occasion for value in values]
            elif question in wanted:
                keep = [value in wanted[question] for value in values]
            else:
                continue
            numbers = numbers.compress(keep, axis=axis)
        return numbers.ravel()


class Space:
    """The cubes that some tables need, and the equations between them."""

    def __init__(self, study: Study, tables: Iterable[Table]) -> None:
        self.study = study
        self.cubes: list[Cube] = []
        self.size = 0
        needed = set(with_wholes((mart, names) for table in tables for mart in table.marts for names in crossed_in(study, table)))
        # A cube that is part of another one isn't needed.
        widest = [(mart, names) for mart, names in needed if not any(mart == m and names < others for m, others in needed)]
        for mart, names in sorted(widest, key=lambda key: (key[0], sorted(key[1]))):
            self._add(mart, tuple(sorted(names)))

    def _add(self, mart: str, names: tuple[str, ...]) -> None:
        values: list[tuple[Code | str, ...]] = [all_codes(self.study, mart, name) for name in names]
        if questionnaires(self.study)[mart].occasion == BOTH:
            names, values = (OCCASION, *names), [tuple(occasions(self.study)), *values]
        cube = Cube(mart, names, tuple(values), self.size)
        self.cubes.append(cube)
        self.size += int(np.prod(cube.shape))

    def row(self, forms: Forms) -> Indices:
        """Return the places whose sum is the number of `forms`; always those of the same cube."""
        wanted = {name for name, _ in forms.answers}
        parts = [next(c for c in self.cubes if c.mart == mart and wanted <= set(c.questions)).of(forms) for mart in forms.marts]
        return np.concatenate(parts)

    def holds(self, forms: Forms) -> bool:
        """Return whether there is a cube for the questions of `forms`."""
        wanted = {name for name, _ in forms.answers}
        return all(any(c.mart == mart and wanted <= set(c.questions) for c in self.cubes) for mart in forms.marts)

    def ties(self) -> csr_matrix:
        """Make the equations (each a row, equal to 0) by which cubes of a mart agree on the questions that they share, and nobody
        ticked a box without having ticked any."""
        none = np.zeros(0, dtype=np.int64)
        rows: list[tuple[Indices, Indices]] = [(places, none) for cube in self.cubes if len(places := cube.impossible())]
        for mart in dict.fromkeys(cube.mart for cube in self.cubes):
            own = [cube for cube in self.cubes if cube.mart == mart]
            shared = {frozenset(a.questions) & frozenset(b.questions) for a, b in combinations(own, 2)}
            for names in sorted(shared, key=sorted):
                holders = [cube for cube in own if names <= set(cube.questions)]
                for one, other in pairwise(holders):
                    rows += zip(_margin(one, names), _margin(other, names), strict=True)
        return _sparse(rows, self.size)

    def _question(self, mart: str, name: str) -> Question | None:
        return questionnaires(self.study)[mart].question(name)

    def count(self, marts: FormCounts) -> NDArray[np.int64]:
        """Count the forms in each place."""
        counts = np.zeros(self.size, dtype=np.int64)
        for cube in self.cubes:
            names = tuple(name for name in cube.questions if name != OCCASION)
            numbers = [at for at, name in enumerate(names) if (q := self._question(cube.mart, name)) is not None and q.measured]
            at = [{value: i for i, value in enumerate(values)} for values in cube.values]
            numbered = cube.numbered()
            for (occasion, codes), forms in marts.by(cube.mart, names).items():
                told = tuple(ANSWERED if at in numbers and code is not None else code for at, code in enumerate(codes))
                combination: tuple[Any, ...] = told if len(names) == len(cube.questions) else (occasion, *told)
                counts[numbered[tuple(index[value] for index, value in zip(at, combination, strict=True))]] += forms
        return counts


def _margin(cube: Cube, names: frozenset[str]) -> list[Indices]:
    """Return the places behind each combination of answers to `names`, in the order of the names."""
    ordered = sorted(names, key=lambda name: (name != OCCASION, name))
    order = [cube.questions.index(name) for name in ordered]
    rest = [axis for axis in range(len(cube.questions)) if axis not in order]
    turned = cube.numbered().transpose([*order, *rest])
    return list(turned.reshape(int(np.prod(turned.shape[: len(order)])), -1))


def _sparse(rows: Sequence[tuple[Indices, Indices]], size: int) -> csr_matrix:
    data = [np.concatenate([np.ones(len(plus)), -np.ones(len(minus))]) for plus, minus in rows]
    columns = [np.concatenate(pair) for pair in rows]
    starts = np.concatenate([[0], np.cumsum([len(c) for c in columns])]) if rows else np.zeros(1, dtype=np.int64)
    if not rows:
        return csr_matrix((0, size))
    return csr_matrix((np.concatenate(data), np.concatenate(columns), starts), shape=(len(rows), size))
