"""The conferences of a delivery many times the study's: their numbers, the ledger and the locked codebook.

A conference is identified by its place: copy after copy, in each the conferences of the first occasion and then those
of later ones. Numbers, pseudonyms and children follow from the place by a map that never gives the same twice, so that
nothing has to remember which are taken. Numbers and pseudonyms are longer than the shipped delivery's, so none collides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from frs_pipeline.codebook.entries import FULL_COLUMNS
from frs_pipeline.codebook.made_up import write_codebook
from frs_pipeline.codebook.pseudonyms import CASE, CONFERENCE, LETTERS
from frs_pipeline.intake.ledger import COLUMNS, ledger_words
from frs_pipeline.reconstruction.nesting import FIRST_DAY, LAST_DAY
from frs_pipeline.reconstruction.scaled.lines import Letters, Part, Whole, chosen, dates, digits, joined, spelled, text
from frs_pipeline.store.deliveries import LEDGER, OWN_KEY
from frs_pipeline.store.files import atomic
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.assumptions import assumptions

# How places become numbers: (how many there are, multiplier, lowest). A multiplier coprime to the first meets each once.
_NUMBERS = (899_999_963, 382_710_463, 100_000_000)
_PSEUDONYMS = (24**8, 71_938_127_459, 0)
_CHILDREN = (28 * 12 * 15 * 6 * 1000, 13_849_261, 0)
_ROWS = 500_000


def conferences_of_a_copy(study: Study) -> tuple[int, ...]:
    """Return how many conferences of each occasion a copy has."""
    return tuple(about(study).printed.held.values())


def conference_numbers(study: Study, places: Whole) -> Whole:
    """Return nine-digit conference numbers for `places` (n,); no two places have the same."""
    return _spread(study, places, _NUMBERS)


class ManyConferences:
    """Every conference of `copies` copies, in arrays (n,): its child, its day (since 1970), its occasion (from 0)."""

    def __init__(self, study: Study, copies: int) -> None:
        self.study = study
        first, *later = conferences_of_a_copy(self.study)
        rng = np.random.default_rng([assumptions(self.study).seed, 0])
        days = (LAST_DAY - FIRST_DAY).days
        children = np.arange(copies * first).reshape(copies, first)
        day_of_first = int(np.datetime64(FIRST_DAY).astype(np.int64)) + rng.integers(days, size=(copies, first))
        occasions = [(children, day_of_first)]
        for number in later:
            children, day_of_first = occasions[-1]
            again = rng.random(children.shape).argsort(axis=1)[:, :number]
            day = np.take_along_axis(day_of_first, again, axis=1) + rng.integers(91, 183, size=(copies, number))
            occasions.append((np.take_along_axis(children, again, axis=1), day))
        self.child: Whole = np.hstack([child for child, _ in occasions]).ravel()
        self.day: Whole = np.hstack([day for _, day in occasions]).ravel()
        self.occasion = np.tile(np.repeat(np.arange(1 + len(later)), (first, *later)), copies)
        self.number = conference_numbers(self.study, np.arange(len(self.day)))


def write_registers(study: Study, folder: Path, copies: int) -> None:
    """Write the ledger and both parts of the codebook, with new keys, for `copies` times the study's conferences."""
    registered = ManyConferences(study, copies)
    words = [f"{word}\n" for word in ledger_words(study)]
    order = np.lexsort((registered.number, registered.day))
    with atomic(folder / LEDGER) as file:
        file.write(f"{';'.join(COLUMNS)}\n".encode())
        for rows in _chunks(order):
            start = joined([digits(registered.number[rows], 9), ";", dates(registered.day[rows]), ";"])
            file.write(text([start, chosen(words, registered.occasion[rows])]))
    order = np.argsort(registered.number)
    write_codebook(folder, lambda columns: _codebook(study, registered, order, columns), OWN_KEY)


def _codebook(study: Study, registered: ManyConferences, order: Whole, columns: Sequence[str]) -> str:
    """Write `columns` of the codebook as CSV, in the order of conference numbers; all but the first are always the same."""
    pieces = [f"{','.join(columns)}\n"]
    for rows in _chunks(order):
        child: list[Part] = [_personal_numbers(study, registered.child[rows]), ","] if columns == FULL_COLUMNS else []
        start: list[Part] = [*child, digits(registered.number[rows], 9), ",", _pseudonyms(study, rows, CONFERENCE), ","]
        occasion = chosen([f"{name}," for name in about(study).printed.held], registered.occasion[rows])
        # From places that no conference has, so that no child's letters are those of a conference.
        children = registered.child[rows] + len(registered.day)
        end: list[Part] = [dates(registered.day[rows]), ",", _pseudonyms(study, children, CASE), "\n"]
        pieces.append(str(text([joined(start), occasion, joined(end)]), "ascii"))
    return "".join(pieces)


def _pseudonyms(study: Study, places: Whole, first: str) -> Letters:
    """Make pseudonyms, the letter `first` and eight more: (n, 9)."""
    letters = spelled(_spread(study, places, _PSEUDONYMS), LETTERS, 8)
    return np.hstack([np.full((len(places), 1), ord(first), np.uint8), letters])


def _personal_numbers(study: Study, children: Whole) -> Letters:
    """Make replacement personal numbers (day + 60) of children by their places: nobody's, and no two alike; (n, 11)."""
    rest = _spread(study, children, _CHILDREN)
    parts = []
    for size, lowest, width in ((28, 61, 2), (12, 1, 2), (15, 3, 2), (6, 4, 1), (1000, 0, 3)):
        rest, part = np.divmod(rest, size)
        parts.append(digits(part + lowest, width))
    dash = np.full((len(children), 1), ord("-"), np.uint8)
    return np.hstack([*parts[:3], dash, *parts[3:]])


def _spread(study: Study, places: Whole, among: tuple[int, int, int]) -> Whole:
    size, multiplier, lowest = among
    return (places * multiplier + assumptions(study).seed) % size + lowest


def _chunks(order: Whole) -> Iterator[Whole]:
    for start in range(0, len(order), _ROWS):
        yield order[start : start + _ROWS]
