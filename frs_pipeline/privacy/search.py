"""Search everything produced of a delivery after every run, and what Dagster keeps of runs.

A file with a finding doesn't stay among the results: it is moved into the restricted zone, where it can be examined, and
the run fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from frs_pipeline.errors import CheckFailed
from frs_pipeline.privacy.codebook import Beside, Codebook
from frs_pipeline.privacy.columns import Table, kinds_in_parquet
from frs_pipeline.privacy.contents import texts
from frs_pipeline.privacy.patterns import ROW, TEXT, kinds_in, kinds_in_trace, reading_of_trace, readings
from frs_pipeline.privacy.phrases import NONE, Hashes, Phrases, phrases_in
from frs_pipeline.privacy.tabular import NoTableError, is_workbook, sheets
from frs_pipeline.privacy.words import words_of
from frs_pipeline.privacy.written import written
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import LEAKED, Store, listed, private_folder, read, read_manifest, schema_of
from frs_pipeline.store.worker import Worker
from frs_pipeline.study import Study

UNREADABLE = "can't be searched"
# What is kept of runs beside files: names, each with its texts. Raises OSError where it can't be read.
History = Iterable[tuple[str, Iterator[str]]]


@dataclass(frozen=True, order=True)
class Leak:
    """A file, and the kind of a finding in it."""

    file: Path
    kind: str


@dataclass(frozen=True)
class Searched:
    """How many files, and runs of a history, were searched, and what was found: each kind once per file or run."""

    files: int
    leaks: tuple[Leak, ...]
    runs: int = 0


def search_results(store: Store, worker: Worker | None = None) -> Searched:
    """Search everything produced that isn't restricted, for what is in the deliveries that it was made of.

    A `worker` searches some of the files.
    """
    return search_folder(store, store.settings.curated(store.delivery), worker)


def search_folder(store: Store, folder: Path, worker: Worker | None = None) -> Searched:
    """Search every file in a folder for what is in the deliveries that a result was made of, as `search_results` does."""
    phrases, files = Phrases(store.study), _files(folder)
    largest_first = sorted(files, key=lambda path: (-path.stat().st_size, path))
    leaks: set[Leak] = set()
    for part in store.each():
        found = (worker or Worker()).share(_Known(part, codebook_of(part)), _in_file, largest_first)
        for path, (kinds, phrases_of_file) in zip(largest_first, found, strict=True):
            leaks.update(Leak(path, kind) for kind in kinds)
            phrases.add(str(path), phrases_of_file)
    for part in store.each():
        leaks |= {Leak(Path(file), TEXT) for file in phrases.holding(written(part), _wording_of_results(part))}
    return Searched(len(files), tuple(sorted(leaks)))


def search_traces(study: Study, home: Path, stores: Iterable[Store], run: str | None = None, history: History = ()) -> Searched:
    """Search what Dagster keeps, of one `run` or of all, for what is in these deliveries.

    Files in `home` are read as they are; `history` is what is kept of runs, which may be stored elsewhere.
    """
    stores = [part for store in stores for part in store.each()]
    codebooks = [codebook_of(store) for store in stores] or [Codebook(words=words_of(study))]
    phrases = Phrases(study)
    files = [path for path in _files(home) if run is None or _about(path, run)]
    leaks: set[Leak] = set()

    def look(path: Path, some: Iterator[str]) -> None:
        try:
            for text in some:
                reading = reading_of_trace(text)
                phrases.add(str(path), phrases_in(reading))
                leaks.update(Leak(path, kind) for codebook in codebooks for kind in kinds_in_trace(study, reading, codebook))
        except FileNotFoundError:
            return  # what a database keeps beside it comes and goes
        except OSError:
            leaks.add(Leak(path, UNREADABLE))

    for path in files:
        look(path, texts(path, run))
    runs = 0
    try:
        for name, some in history:
            look(home / name, some)
            runs += name.startswith("run ")
    except OSError:
        leaks.add(Leak(home / "history", UNREADABLE))
    for store in stores:
        leaks |= {Leak(Path(file), TEXT) for file in phrases.holding(written(store), _wording_of_results(store))}
    return Searched(len(files), tuple(sorted(leaks)), runs)


@dataclass(frozen=True)
class _Known:
    """The codebook of a delivery, for the search; a worker reads it for itself."""

    store: Store
    codebook: Codebook

    def __call__(self) -> Codebook:
        return self.codebook

    def __reduce__(self) -> tuple[type[partial[Codebook]], tuple[object, ...]]:
        return partial, (_of_size, self.store, self.codebook.size)


def _of_size(store: Store, size: int) -> Codebook:
    """Return the codebook as a worker reads it. Without all of it, it would find less: raises `CheckFailed`."""
    codebook = codebook_of(store)
    if codebook.size != size:
        raise CheckFailed("the codebook can't be read as before", where=store.delivery, do="search again")
    return codebook


def _wording_of_results(store: Store) -> Hashes:
    """Return phrases by which the marts of the last good run say what they hold.

    The study may have forgotten a question since, or put a label in other words: results that are still there aren't a leak then.
    """
    noted = read_manifest(store).get("outputs", {})
    words: set[str] = set()
    for key, product in store.products.items():
        path = store.path(product)
        if key[0] == "marts" and path.exists() and noted.get(listed(store, path)) == sha256(path):
            said = (field.metadata or {} for field in schema_of(path))
            words.update(text.decode("utf-8", "replace") for each in said for text in each.values())
    # A label stands between quotes in a list of them.
    return np.unique(np.concatenate([NONE, *(phrases_in(part) for word in sorted(words) for part in word.split('"'))]))


def codebook_of(store: Store) -> Codebook:
    """Return the codebook as the run took it in; an empty one before that."""
    path, words = store.file("validated", "codebook"), words_of(store.study)
    if not path.exists():
        return Codebook(words=words)
    try:
        # One that an earlier version took in has no column for children.
        names = [name for name in ("conference_id", "conference_number", "case_id") if name in schema_of(path).names]
        table = read(path, names)
    except (OSError, pa.ArrowInvalid):
        return Codebook(words=words)
    return Codebook(*(table[name].to_pylist() for name in names), words=words)


def require_clean(store: Store, worker: Worker | None = None) -> Searched:
    """Search the results, and let no file with a finding stay.

    Raises `CheckFailed` when there is one: it is in the restricted zone by then, and the next run makes it again.
    """
    searched = search_results(store, worker)
    if searched.leaks:
        set_aside(store, searched.leaks)
        folder = store.settings.restricted(store.delivery) / LEAKED
        raise refusal(
            _by_making(store, searched.leaks), f"moved to {folder}; nothing of this run may be used before that is put right"
        )
    return searched


def require_clean_traces(study: Study, home: Path, stores: Iterable[Store], run: str, history: History) -> Searched:
    """Search what Dagster keeps of a run. Raises `CheckFailed` for what has no place there, and where it can't be read."""
    searched = search_traces(study, home, stores, run, history)
    if searched.leaks:
        raise refusal(searched.leaks, f"take run {run} out of Dagster's history, and tell whoever keeps this pipeline")
    return searched


def _by_making(store: Store, leaks: Iterable[Leak]) -> list[Leak]:
    """Sort leaks in the order in which their files are made, so that the first is nearest to its cause."""
    places = [store.path(product) for product in store.products.values()]
    known = {path: number for number, path in enumerate(places)}
    return sorted(leaks, key=lambda leak: (known.get(leak.file, len(places)), leak))


def set_aside(store: Store, leaks: Iterable[Leak]) -> None:
    """Move the files with findings out of the curated folder into the restricted one."""
    curated, folder = store.settings.curated(store.delivery), store.settings.restricted(store.delivery) / LEAKED
    for path in sorted({leak.file for leak in leaks}):
        target = folder / path.relative_to(curated)
        private_folder(target.parent, store.settings.restricted_zone)
        shutil.move(path, target)
        target.chmod(0o600)


def refusal(leaks: Sequence[Leak], do: str) -> CheckFailed:
    """Make the error that names the first file, what kind was found in it, and how much more there is; never what it says."""
    first, *more = leaks
    others = len({leak.file for leak in more} - {first.file})
    kinds = [first.kind, *(leak.kind for leak in more if leak.file == first.file)]
    also = f"; {others} more files hold something, too" if others > 1 else "; one more file holds something, too" * others
    return CheckFailed(f"holds what must not leave the restricted zone: {', '.join(kinds)}{also}", where=first.file, do=do)


def _about(path: Path, run: str) -> bool:
    """Return whether a file of Dagster's storage belongs to a run, or is shared by all."""
    return run in path.parts or (path.suffix == ".db" and path.stem in (run, "index", "runs"))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _in_file(codebook: Codebook, path: Path) -> tuple[set[str], Hashes]:
    """Return the kinds of what a file holds, and all its phrases."""
    phrases = [phrases_in("")]
    kinds = _kinds(path, codebook, lambda reading: phrases.append(phrases_in(reading)))
    return kinds, np.unique(np.concatenate(phrases))


def _kinds(path: Path, codebook: Codebook, note: Callable[[str], None]) -> set[str]:
    try:
        kinds = _kinds_in_texts([path.name], codebook, note)
        if path.suffix == ".parquet":
            return kinds | kinds_in_parquet(path, codebook, note)
        try:
            tables = _kinds_in_tables(path, codebook, note)
        except NoTableError:
            tables = None
        if tables is None:
            return kinds | _kinds_in_texts(texts(path), codebook, note)
        kinds |= tables
        if is_workbook(path):
            # Its cells were searched by column: in its parts, unrelated cells stand side by side.
            kinds |= _kinds_in_texts(texts(path), Codebook(words=codebook.words), note)
            kinds |= _kinds_in_texts(texts(path, cells=False), codebook, note)
        return kinds
    except (OSError, pa.ArrowInvalid):
        return {UNREADABLE}


def _kinds_in_tables(path: Path, codebook: Codebook, note: Callable[[str], None]) -> set[str] | None:
    """Search a file's tables; None where by its name it has none."""
    tables = sheets(path)
    if tables is None:
        return None
    kinds: set[str] = set()
    for sheet in tables:
        search = Table([], codebook, note)
        if sheet.names:
            # They may be the first row rather than names.
            search.take(pa.table({str(at): [name] for at, name in enumerate(sheet.names)}))
        for rows in sheet.rows:
            search.take(rows)
        search.texts += sheet.about
        kinds |= search.kinds_found()
    return kinds


def _kinds_in_texts(some: Iterable[str], codebook: Codebook, note: Callable[[str], None]) -> set[str]:
    kinds: set[str] = set()
    # One for each reading: as it stands, and as somebody reads it.
    beside = (Beside(codebook), Beside(codebook))
    for text in some:
        for each, reading in zip(beside, readings(text), strict=False):
            note(reading)
            kinds |= kinds_in(reading, codebook.words)
            each.take(reading)
    return kinds | ({ROW} if any(each.gives_away() for each in beside) else set())
