"""Releases that are out already: nothing calls them back, and whoever has a new one has them, too."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

from frs_pipeline.errors import CheckFailed
from frs_pipeline.release.cells import Forms
from frs_pipeline.release.files import UNSAID
from frs_pipeline.release.groups import group_of
from frs_pipeline.release.nesting import Before
from frs_pipeline.release.reading import ReleaseRead, TableRead, read_release
from frs_pipeline.release.words import Counted, read_as
from frs_pipeline.release.worlds import Source, apart
from frs_pipeline.store.deliveries import deliveries, sha256
from frs_pipeline.store.files import RELEASE
from frs_pipeline.store.journal import entries, verify
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import togethers
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Axis, Category, Table

RELEASED = "release"
_RESTORE = "restore it from a backup"


def archive(settings: Settings) -> Path:
    """Return where a copy of every release is kept, with which later ones are compared."""
    return settings.restricted("releases")


def waiting(settings: Settings, delivery: str, name: str) -> Path:
    """Return where a complete copy waits until the journal has the entry of its release."""
    return archive(settings) / f".{delivery}.{name}"


def settle(settings: Settings, delivery: str) -> None:
    """Finish what an interrupted release of this delivery left: its copy stays if the journal has its entry, and goes if not."""
    names = {name for _, name in _entered(settings)}
    for copy in archive(settings).glob(f".{delivery}.*"):
        name = copy.name.removeprefix(f".{delivery}.")
        if name in names and not (archive(settings) / name).exists():
            copy.rename(archive(settings) / name)
        else:
            shutil.rmtree(copy)


def unjournalled(settings: Settings) -> list[str]:
    """Report, one line each, releases here without an entry in the journal: entries, or the whole journal, were deleted."""
    entered = _entered(settings)
    folders = [path for path in sorted(archive(settings).glob("[!.]*")) if path.name not in {name for _, name in entered}]
    for delivery in (*deliveries(settings.curated("")), *togethers(settings)):
        folder = settings.curated(delivery) / RELEASE
        if os.path.lexists(folder) and delivery not in {named for named, _ in entered}:
            folders.append(folder)
    return [f"has no entry for the release in {_path(settings, path)}: entries were deleted" for path in folders]


def altered(settings: Settings, delivery: str) -> list[str]:
    """Report, in a line, a release in the curated folder of a delivery that isn't one of those in the journal."""
    folder = settings.curated(delivery) / RELEASE
    if not os.path.lexists(folder) or (delivery, _name_of(folder)) in _entered(settings):
        return []
    return [f"{_path(settings, folder)} differs from what went out according to {settings.release_journal.name}"]


def _entered(settings: Settings) -> set[tuple[str, str | None]]:
    """Return delivery and name of every release in the journal."""
    return {(str(noted.get("delivery")), noted.get("name")) for noted in releases(settings)}


def _path(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.data).as_posix()


def _name_of(folder: Path) -> str | None:
    """Return the name under which the release in a folder is kept; None when it can't be read as one."""
    paths = [path.relative_to(folder) for path in folder.rglob("*")]
    files = [path for path in paths if not (folder / path).is_dir()]
    if {*paths} - {*files} - {parent for path in files for parent in path.parents}:
        return None  # a release has no empty folder in it
    try:
        return name_of({path.as_posix(): (folder / path).read_bytes() for path in files})
    except OSError:
        return None


def name_of(files: Mapping[str, bytes]) -> str:
    """Return the name under which a release is kept: a hash of its files."""
    whole = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in files.items())
    return hashlib.sha256(repr(whole).encode()).hexdigest()[:16]


def releases(settings: Settings) -> list[Mapping[str, Any]]:
    """Return what the journal notes of each release, the oldest first."""
    return [entry.details for entry in entries(settings.release_journal) if entry.event == RELEASED]


def released_before(settings: Settings, now: Counted) -> list[Source]:
    """Read every release in the journal, oldest delivery first, each once; `now` are the marts as they are.

    Raises `CheckFailed` when the journal was altered or lacks an entry for anything that is kept, when a release in it isn't
    kept as it went out, or asks what the study doesn't ask any more: then nobody can judge what differs from it.
    """
    wrong = verify(settings.release_journal)
    if wrong:
        raise CheckFailed(wrong[0], where=settings.release_journal, do="nothing is released until that is cleared up")
    lacking = unjournalled(settings)
    if lacking:
        raise CheckFailed(lacking[0], where=settings.release_journal, do=_RESTORE)
    sources: dict[str, Source] = {}
    noted = releases(settings)
    known = [(now.words, now.again(noted)), *((one["forms"], one.get("again", {})) for one in reversed(noted))]
    for one in noted:
        if one["name"] in sources:
            continue
        folder = archive(settings) / one["name"]
        if not folder.exists():
            # A release of another delivery, which is going out just now or was interrupted.
            folder = waiting(settings, one["delivery"], one["name"])
        for name, expected in one["files"].items():
            if not (folder / name).is_file() or sha256(folder / name) != expected:
                raise CheckFailed("a release that went out isn't kept as it was", where=folder / name, do=_RESTORE)
        release = read_release(folder)
        _require_asked(settings.study, release)
        sources[one["name"]] = Source(release, read_as(one["forms"], now.words, known))
    return sorted(sources.values(), key=lambda source: source.release.delivery)


def _require_asked(study: Study, release: ReleaseRead) -> None:
    """Raise `CheckFailed` when a release counts a question that no questionnaire has: what it tells can't be worked out."""
    asked = questionnaires(study)
    for table in release.tables:
        for mart, name in product(table.marts, sorted(table.asked)):
            if mart not in asked or asked[mart].resolve(name) is None:
                what = f"no question {name}, which table {table.number} of the release of {release.delivery} counts"
                raise CheckFailed(what, where=mart, do="put it back, with until: if it isn't asked any more")


def released_counts(study: Study, source: Source, now: Source, *, same: bool, earlier: Sequence[Source] = ()) -> dict[Forms, int]:
    """Return the numbers of forms that a release shows: of forms that are the `same` now, or of those that have changed since.

    Forms of another delivery that any of the `earlier` releases, or this one, counts together with these haven't changed.
    """
    return {
        Forms(*group_of(study, table, labels)): int(number.value)
        for table in source.release.tables
        if source.same(now, table.marts) is same and (same or not apart(source, now, [*earlier, now], table.marts))
        for (measure, labels), number in table.numbers.items()
        if measure in ("count", "n") and number.value is not None
    }


def worked_out(study: Study, earlier: Sequence[Source], now: Source) -> dict[Forms, int]:
    """Return the numbers of forms of which two earlier releases tell the difference: a whole, and all of it but these."""
    known: dict[Forms, int] = {}
    for whole, rest in permutations(earlier, 2):
        shown = [released_counts(study, one, one, same=True) for one in (whole, rest)]
        both = shown[0].keys() & shown[1].keys()
        known |= {forms: shown[0][forms] - shown[1][forms] for forms in both if now.completes(rest, whole, forms.marts)}
    return known


def hidden_beside(study: Study, source: Source, now: Source) -> set[Forms]:
    """Return the forms whose numbers a release hides of which this one counts a part, or more: of a whole or of its parts,
    what one hides two others must not tell."""
    return {
        Forms(*group_of(study, table, labels))
        for table in source.release.tables
        if source.shares(now, table.marts)
        for (measure, labels), number in table.numbers.items()
        if measure in ("count", "n") and number.value is None
    }


def summed_before(study: Study, earlier: Sequence[Source], now: Source) -> dict[tuple[str, str], list[Before]]:
    """Return the sets of forms whose numbers earlier releases sum up, by mart and question, release by release.

    Forms that are known to be other people's are left out.
    """
    found: dict[tuple[str, str], list[Before]] = {}
    for source in earlier:
        sets: dict[tuple[str, str], dict[Forms, int]] = {}
        for table in source.release.tables:
            if table.kind != "summary" or apart(source, now, [*earlier, now], table.marts):
                continue
            for (measure, labels), number in table.numbers.items():
                told = any(place == labels and n.value is not None for (m, place), n in table.numbers.items() if m != "n")
                if measure == "n" and number.value is not None and told:
                    key = (table.marts[0], table.axes["row"].question)
                    sets.setdefault(key, {})[Forms(*group_of(study, table, labels))] = int(number.value)
        for key, of_number in sets.items():
            before = Before(of_number, source.same(now, key[:1]), source.shares(now, key[:1]))
            found.setdefault(key, []).append(before)
    return found


@dataclass(frozen=True)
class Decided:
    """What an earlier release of the same forms decided about a table: its axes, what it hides and how precise it is, or why
    it is withheld."""

    table: Table
    hidden: frozenset[Forms]
    decimals: Mapping[str, int]
    withheld: str | None


def decided(study: Study, now: Source, earlier: Sequence[Source], tables: Mapping[int, Table]) -> dict[int, Decided]:
    """Return, for tables whose forms didn't change, what the last release of them decided, or else the last reason against it.

    A release under another policy decides nothing, and a table that the policy excluded isn't decided for later ones.
    """
    decisions: dict[int, Decided] = {}
    for source in earlier:
        if replace(source.release, delivery="", tables=()) != replace(now.release, delivery="", tables=()):
            continue
        for read in source.release.tables:
            table = tables.get(read.number)
            excluded = not read.numbers and read.withheld != UNSAID
            if table is None or excluded or not source.same(now, table.marts) or not _is_same(table, read):
                continue
            if read.numbers or read.number not in decisions or decisions[read.number].withheld:
                decisions[read.number] = _decided(study, table, read)
    return decisions


def _is_same(table: Table, read: TableRead) -> bool:
    """Return whether a release counts what the catalogue asks for now."""
    axes = {name: axis for name in ("row", "column", "group") if (axis := getattr(table, name)) is not None}
    return (table.kind, table.marts, table.occasion, tuple(table.answered), dict(table.where)) == (
        read.kind,
        read.marts,
        read.occasion,
        read.answered,
        dict(read.where),
    ) and {name: (axis.variable, [set(c.codes) for c in axis.categories]) for name, axis in axes.items()} == {
        name: (axis.question, [set(codes) for _, codes in axis.categories]) for name, axis in read.original.items()
    }


def _decided(study: Study, table: Table, read: TableRead) -> Decided:
    axes = {
        name: Axis(
            variable=axis.question,
            boxes=tuple(read.boxes) if name == "row" else (),
            categories=tuple(
                Category(label=label, codes=tuple(sorted(code for code in codes if code is not None)))
                for label, codes in axis.categories
            ),
        )
        for name, axis in read.axes.items()
        if name != "row" or not table.row.numbers  # of a number, nothing is merged
    }
    hidden = (
        group_of(study, read, labels)
        for (measure, labels), n in read.numbers.items()
        if measure in ("count", "n") and n.value is None
    )
    decimals = {measure: n.decimals for (measure, _), n in read.numbers.items() if n.value is not None}
    return Decided(
        table.model_copy(update=axes),
        frozenset(Forms(*group) for group in hidden),
        decimals,
        None if read.numbers else read.withheld,
    )
