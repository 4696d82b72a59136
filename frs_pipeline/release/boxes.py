"""What anybody knows of a question with several boxes: how many forms ticked one or several, and how many ticked each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from frs_pipeline.release.reading import Code
from frs_pipeline.study.boxes import TICKED, columns_of, impossible

# Unknowns of one cube, each with the answers that it stands for, in the order of the cube's questions.
Unknowns = Sequence[tuple[tuple[Code | str, ...], int]]
Names = tuple[str, ...]
# A sum of unknowns, each with its factor.
Factors = tuple[tuple[int, ...], tuple[float, ...]]
_ONE, _SEVERAL = 1, 2


class Boxes(NamedTuple):
    """Unknowns in which there are no forms, sums that are zero, and sums that are at most zero."""

    nobody: list[int]
    zero: list[Factors]
    at_most: list[Factors]


def boxes_in(cubes: Mapping[Names, Unknowns]) -> Boxes:
    """Say what is known of `cubes`, those of the same forms."""
    nobody: dict[int, None] = {}
    zero: list[Factors] = []
    at_most: list[Factors] = []
    for whole in dict.fromkeys(name for names in cubes for name in names if len(columns_of(name)) > 1):
        boxes = columns_of(whole)
        holders = [names for names in cubes if whole in names]
        for names in holders:
            every = cubes[names]
            nobody |= {unknown: None for answers, unknown in every if impossible(dict(zip(names, answers, strict=True)))}
        for rest in dict.fromkeys(frozenset(names).difference(boxes, {whole}) for names in holders):
            able = [names for names in holders if rest <= set(names)]
            holding = [next((names for names in able if box in names), None) for box in boxes]
            where = [(box, names) for box, names in zip(boxes, holding, strict=True) if names is not None]
            if len(where) == len(boxes):
                by = sorted(rest)
                # Whoever ticked one box ticked exactly one of them; whoever ticked several, two at least, and all at most.
                zero += _ticks_less(cubes, where, whole, by, _ONE, 1.0)
                at_most += (_negative(own) for own in _ticks_less(cubes, where, whole, by, _SEVERAL, 2.0))
                at_most += _ticks_less(cubes, where, whole, by, _SEVERAL, float(len(boxes)))
    return Boxes(list(nobody), zero, at_most)


def _ticks_less(
    cubes: Mapping[Names, Unknowns], where: Sequence[tuple[str, Names]], whole: str, by: Sequence[str], many: int, times: float
) -> Iterator[Factors]:
    """Yield the ticks of those who ticked so `many` boxes less their number `times`, for each combination of answers to `by`."""
    sums: dict[tuple[object, ...], list[tuple[int, float]]] = {}
    for at, (box, names) in enumerate(where):
        for answers, unknown in cubes[names]:
            if answers[names.index(whole)] == many:
                own = sums.setdefault(tuple(answers[names.index(name)] for name in by), [])
                own += [(unknown, -times)] * (at == 0)
                own += [(unknown, 1.0)] * (answers[names.index(box)] in TICKED)
    for own in sums.values():
        unknowns, factors = zip(*own, strict=True)
        yield unknowns, factors


def _negative(of: Factors) -> Factors:
    return of[0], tuple(-factor for factor in of[1])
