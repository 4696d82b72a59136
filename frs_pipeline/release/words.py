"""Words by which the journal of releases knows the forms of a mart again: equal words, equal forms and answers.

A word says nothing about what surrounds the answers (a question's text, its sensitivity), nor about columns that no table
counts. It is a hash of several columns together: of a column alone, whoever has the other forms could work out an erased one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from frs_pipeline.release.worlds import Words
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import CONTENT, MartFile, recorded
from frs_pipeline.store.rows import BATCH, hash_of
from frs_pipeline.study.tables import Table

# Words that stand for the forms of another word, by mart.
Again = dict[str, dict[str, str]]
# Which forms there are: they are the same ones as long as their ids are.
_FORM = ("form_id", "occasion")


class Counted:
    """The marts that a release counts: the `columns` that decide about its tables, and the `words` for their forms."""

    def __init__(self, marts: Mapping[str, Sequence[MartFile]], tables: Iterable[Table]) -> None:
        self._files = {mart: [file.path for file in files] for mart, files in sorted(marts.items())}
        self._hashes: dict[tuple[Path, str], str | None] = {}
        asked = list(tables)
        self.columns = {mart: sorted({*_FORM, *(n for table in asked for n in table.read_of(mart))}) for mart in self._files}
        each = {mart: [self._word(path, self.columns[mart]) for path in files] for mart, files in self._files.items()}
        self.words: dict[str, str | list[str]] = {mart: of[0] if len(of) == 1 else of for mart, of in each.items()}

    def again(self, releases: Iterable[Mapping[str, Any]]) -> Again:
        """Return the words in entries of `releases` that stand for forms that are here with the same answers to everything that
        those releases counted, each with the word for them now."""
        found: Again = {}
        for noted in releases:
            for mart, paths in self._files.items():
                words, columns = words_of(noted["forms"], mart), noted.get("columns", {}).get(mart)
                for at, (path, now) in enumerate(zip(paths, words_of(self.words, mart), strict=True)):
                    word = self._before(noted["forms"], mart, at) if columns is None else self._word(path, columns)
                    if word in words and word != now:
                        found.setdefault(mart, {})[word] = now
        return found

    def _before(self, forms: str | Words, mart: str, at: int) -> str:
        """Return the word that a delivery's forms would have in a journal that doesn't say which columns a word is about."""
        if not isinstance(forms, str):
            return _of_file(self._files[mart][at])
        each = {mart: _of_file(paths[at]) for mart, paths in self._files.items()}
        return hashlib.sha256(repr(sorted(each.items())).encode()).hexdigest()

    def _word(self, path: Path, columns: Iterable[str]) -> str:
        """Return the word for the forms in a file and their answers in some columns; a column that lacks is another answer."""
        each = [(name, self._hash(path, name)) for name in sorted(columns)]
        return hashlib.sha256(repr(each).encode()).hexdigest()

    def _hash(self, path: Path, name: str) -> str | None:
        if (path, name) not in self._hashes:
            self._hashes[path, name] = _of_column(path, name)
        return self._hashes[path, name]


def words_of(forms: str | Words, mart: str) -> Sequence[str]:
    """Return the words for a mart's forms in an entry of the journal; an old one has one word for all marts."""
    of = forms if isinstance(forms, str) else forms.get(mart, ())
    return (of,) if isinstance(of, str) else of


def read_as(forms: str | Words, marts: Iterable[str], known: Sequence[tuple[str | Words, Again]]) -> dict[str, str | list[str]]:
    """Return the words of a release with the newest ones for the same forms in their places.

    `known` are the words of each release, with those that it knew again, the newest release first.
    """

    def newest(mart: str, word: str) -> str:
        for own, again in known:
            if word in words_of(own, mart):
                return word
            if word in again.get(mart, {}):
                return again[mart][word]
        return word

    read: dict[str, str | list[str]] = {}
    for mart in marts if isinstance(forms, str) else forms:
        of = [newest(mart, word) for word in words_of(forms, mart)]
        read[mart] = of[0] if len(of) == 1 else of
    return read


def _of_file(path: Path) -> str:
    return recorded(path, CONTENT) or sha256(path)


def _of_column(path: Path, name: str) -> str | None:
    """Hash a column of a file, its type and values and nothing else that is said about it; None where there is none."""
    with pq.ParquetFile(path) as file:
        if name not in file.schema_arrow.names:
            return None
        bare = pa.schema([pa.field(name, file.schema_arrow.field(name).type)])
        batches = file.iter_batches(BATCH, columns=[name])
        return hash_of((pa.RecordBatch.from_arrays(batch.columns, schema=bare) for batch in batches), bare)
