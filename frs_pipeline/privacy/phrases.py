"""Search for free text: words that people wrote, in the same order in what was produced.

What was produced says little and the same words again and again, so that its phrases fit into memory; what was written
is then compared with them: four words in a row, and a cell of two or three as a whole. One word alone reveals nothing:
"far" and "ja" stand everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from frs_pipeline.store.code import PACKAGE
from frs_pipeline.study import Study, derived
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.questionnaires import questionnaires

LONGEST, SHORTEST = 4, 2
# The fewest letters of two or three words that are searched for: shorter ones are neither a name nor a story.
_LETTERS = 8
_TOGETHER = 50_000
# Separates texts that have nothing to do with each other.
BETWEEN = "\n\0\n"
_WORDS = re.compile(r"[^\W\d_]+|\0")
_APART = r"[^\p{L}]+"
_PRIME = np.uint64(1_000_003)
_WORDING = (".yaml", ".html", ".csv", ".md")

Hashes = NDArray[np.uint64]
NONE: Hashes = np.array([], np.uint64)


class Phrases:
    """Every phrase of some files, and in which of them it stands."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._of: dict[str, list[Hashes]] = {}

    def add(self, file: str, phrases: Hashes) -> None:
        """Add phrases that stand in a file."""
        self._of.setdefault(file, []).append(phrases)

    def every(self) -> Hashes:
        """Return all phrases, ascending."""
        return np.unique(np.concatenate([NONE, *(phrases for some in self._of.values() for phrases in some)]))

    def holding(self, cells: Iterable[pa.Array], ours: Hashes = NONE) -> set[str]:
        """Find files in which anything written in `cells` (text, some at a time) stands, other than wording: the study's, and
        what else is `ours`."""
        telling = np.setdiff1d(np.setdiff1d(self.every(), _wording(self.study), assume_unique=True), ours)
        files: set[str] = set()
        for batch in _gathered(cells) if len(telling) else ():
            hits = np.intersect1d(_written(batch), telling)
            if len(hits):
                files |= {file for file, some in self._of.items() if any(np.isin(hits, own).any() for own in some)}
        return files


def phrases_in(reading: str) -> Hashes:
    """Return all phrases of a reading, ascending; none continues across `BETWEEN`."""
    words = _hashes(_WORDS.findall(reading.lower()))
    return np.unique(np.concatenate([_in_a_row(words, size) for size in range(SHORTEST, LONGEST + 1)]))


def _gathered(cells: Iterable[pa.Array]) -> Iterator[pa.Array]:
    """Yield the same cells, the different ones of many arrays together."""
    waiting: list[pa.Array] = []
    for batch in cells:
        waiting.append(batch.unique().drop_null())
        if sum(map(len, waiting)) > _TOGETHER:
            yield pa.concat_arrays(waiting).unique()
            waiting = []
    if waiting:
        yield pa.concat_arrays(waiting).unique()


def _written(cells: pa.Array) -> Hashes:
    """Return the phrases that would give cells away, ascending."""
    texts = pc.utf8_lower(pc.utf8_normalize(cells, form="NFKC"))
    lists = pc.split_pattern_regex(texts, _APART)
    words = lists.flatten()
    cell = np.repeat(np.arange(len(lists)), pc.list_value_length(lists).to_numpy(zero_copy_only=False))
    full = pc.not_equal(words, "").to_numpy(zero_copy_only=False)  # before the first word and behind the last
    words, cell = words.filter(pa.array(full)), cell[full]
    coded = words.dictionary_encode()
    hashes = _hashes(coded.dictionary.to_pylist())[coded.indices.to_numpy(zero_copy_only=False)] if len(words) else NONE
    letters = np.bincount(cell, pc.utf8_length(words).to_numpy(zero_copy_only=False), len(lists))
    number = np.bincount(cell, minlength=len(lists))
    phrases = []
    for size in range(SHORTEST, LONGEST + 1):
        rows = _in_a_row(hashes, size)
        first, last = cell[: len(rows)], cell[size - 1 :]
        telling = (number == size) & (letters >= _LETTERS) if size < LONGEST else number >= size
        phrases.append(rows[(first == last) & telling[first]] if len(rows) else NONE)
    return np.unique(np.concatenate(phrases))


def _hashes(words: list[str]) -> Hashes:
    """Return one number per word, the same in every process."""
    # Text that was cut in the middle may hold half a letter.
    digests = ((word, blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8)) for word in dict.fromkeys(words))
    known = {word: int.from_bytes(digest.digest()) for word, digest in digests}
    return np.fromiter((known[word] for word in words), np.uint64, len(words))


def _in_a_row(words: Hashes, size: int) -> Hashes:
    """Return one number per `size` words in a row; none where there are fewer."""
    if len(words) < size:
        return NONE
    rows = np.full(len(words) - size + 1, size, np.uint64)
    for at in range(size):
        rows = rows * _PRIME + words[at : len(words) - size + 1 + at]
    return rows


def _ours(folder: Path, *others: str) -> Iterator[Path]:
    """Yield files of words below a folder, other than those below `others`, which hold what people wrote or other studies."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _WORDING and not any(path.is_relative_to(folder / other) for other in others):
            yield path


@derived
def _wording(study: Study) -> Hashes:
    """Return phrases of the questionnaires, the tables, the rules and the pages: they stand in products by right."""
    phrases = Phrases(study)
    # An installed package holds the shipped study, which is looked through only when it is the one in question.
    engine, own = _ours(PACKAGE, "studies", "operations/study_template"), _ours(study.folder, "data", "reconstruction/forms")
    for path in (*engine, *own):
        phrases.add("", phrases_in(path.read_text(encoding="utf-8")))
    # So do the names by which a mart's columns say what they hold.
    named = {name.decode() for form in questionnaires(study).values() for q in form.questions for name in arrow_field(q).metadata}
    for words in sorted(named):
        phrases.add("", phrases_in(words))
    # Labels of boxes stand in no file, nor do their texts: the question's, and the box's behind it.
    asked = [question for form in questionnaires(study).values() for question in form.questions]
    for words in sorted({q.text for q in asked} | {answer.label for q in asked for answer in q.answers}):
        phrases.add("", phrases_in(words))
    return phrases.every()
