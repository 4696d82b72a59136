"""What anybody knows of a question with several boxes: who ticked one ticked any, and who ticked any ticked one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from frs_pipeline.release.reading import Code
from frs_pipeline.study.boxes import TICKED, columns_of, impossible

# Unknowns of one cube, each with the answers that it stands for, in the order of the cube's questions.
Unknowns = Sequence[tuple[tuple[Code | str, ...], int]]
Names = tuple[str, ...]
# A sum of unknowns, each with its factor.
Factors = tuple[tuple[int, ...], tuple[float, ...]]


def boxes_in(cubes: Mapping[Names, Unknowns]) -> tuple[list[int], list[Factors]]:
    """Return the unknowns in which there are no forms, and sums that are at most zero; `cubes` are those of the same forms."""
    nobody: dict[int, None] = {}
    at_most: list[Factors] = []
    for whole in dict.fromkeys(name for names in cubes for name in names if len(columns_of(name)) > 1):
        boxes = frozenset(columns_of(whole))
        holders = [names for names in cubes if whole in names]
        for names in holders:
            every = cubes[names]
            nobody |= {unknown: None for answers, unknown in every if impossible(dict(zip(names, answers, strict=True)))}
        for rest in dict.fromkeys(frozenset(names) - boxes - {whole} for names in holders):
            covering = _covering(boxes, [names for names in holders if rest <= set(names)])
            at_most += _no_more_than(cubes, covering, whole, sorted(rest)) if covering else []
    return list(nobody), at_most


def _covering(boxes: frozenset[str], holders: Sequence[Names]) -> list[Names]:
    """Choose cubes that hold all boxes between them, those with most of them first; none when some box is in no cube."""
    chosen: list[Names] = []
    left = set(boxes)
    for names in sorted(holders, key=lambda names: -len(boxes.intersection(names))):
        if left.intersection(names):
            chosen.append(names)
            left.difference_update(names)
    return [] if left else chosen


def _no_more_than(cubes: Mapping[Names, Unknowns], covering: Sequence[Names], whole: str, by: Sequence[str]) -> Iterator[Factors]:
    """Yield, for each combination of answers to `by`, those who ticked any box less those who ticked one in each of the cubes."""
    sums: dict[tuple[object, ...], list[tuple[int, float]]] = {}
    for first, names in zip((True, *(False for _ in covering[1:])), covering, strict=True):
        boxes = [names.index(box) for box in columns_of(whole) if box in names]
        for answers, unknown in cubes[names]:
            if answers[names.index(whole)] in TICKED:
                own = sums.setdefault(tuple(answers[names.index(name)] for name in by), [])
                own += [(unknown, 1.0)] * first
                own += [(unknown, -1.0)] * any(answers[place] in TICKED for place in boxes)
    for own in sums.values():
        unknowns, factors = zip(*own, strict=True)
        yield unknowns, factors
