"""Prove that results can be made again: compare hashes with the manifest, and a rebuild in a clean folder with both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.codebook.unjournalled import unjournalled
from frs_pipeline.errors import CheckFailed, FrsError, InputError
from frs_pipeline.intake import figures_checked
from frs_pipeline.operations.refresh import Told, nobody, refresh
from frs_pipeline.store import away
from frs_pipeline.store.code import lock_hash, program_version
from frs_pipeline.store.deliveries import deliveries, sha256
from frs_pipeline.store.files import MANIFEST, Store, listed, private_folder, read, read_manifest, unlisted
from frs_pipeline.store.journal import verify as examine
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.manifest import added, due, made_by_another, root_of, strays, taken_in
from frs_pipeline.store.plan import AssetPath, program
from frs_pipeline.store.settings import Settings, shipped_study
from frs_pipeline.store.standing import Standing, standing
from frs_pipeline.store.together import definition, is_together
from frs_pipeline.tables.render import numbered

# What a figure is of, in every version.
_OF = ("table", "row", "column", "group", "measure")


@dataclass(frozen=True)
class Verdict:
    """One part that was verified: what is so when all is well, and each respect in which it isn't."""

    part: str
    sound: str
    faults: tuple[str, ...] = ()


def verify(
    store: Store,
    root: str | None = None,
    *,
    outputs_only: bool = False,
    told: Told = nobody,
) -> list[Verdict]:
    """Compare a delivery with its manifest, and unless `outputs_only` rebuild it and compare the rebuilt files with it.

    `root` is the manifest's root as somebody noted it outside. Raises `InputError` when no run has finished.
    """
    content = read_manifest(store)
    if since := away.said(store):
        again = f"{store.refreshed_by} makes them again"
        raise InputError(f"its results are {since}, with the root {content.get('root')}", where=store.delivery, do=again)
    stands = standing(store)
    if "root" not in content:
        where = store.settings.curated(store.delivery) / MANIFEST
        failed = ": a run failed, and there is no finished result yet" if stands.failed else ""
        raise InputError(f"no manifest of a finished run{failed}", where=where, do=store.refreshed_by)
    verdicts = [_manifest(content, root), *_failed_run(store, stands), _outputs(store, content, stands), _journals(store)]
    if outputs_only:
        return verdicts
    verdicts += [_inputs(store, content), *_predecessor(store, content), *_parts(store), _program(store, content)]
    with exclusive(store):
        return [*verdicts, _rebuilt(store, content, told)]


def require_verified(store: Store) -> None:
    """Refuse a result that something is handed out of: it must be what would be made now, and its files as its manifest says.

    Nothing is rebuilt. Raises `InputError` where no run has finished, `CheckFailed` with the first fault.
    """
    verdicts = verify(store, outputs_only=True)
    fault = next((fault for verdict in verdicts for fault in verdict.faults), None)
    if fault is not None:
        raise CheckFailed(f"the result doesn't verify: {fault}", where=store.delivery, do="frs verify tells all of it")
    if due(store):
        raise CheckFailed("out of date", where=store.delivery, do=store.refreshed_by)


def _manifest(content: dict[str, Any], root: str | None) -> Verdict:
    faults = []
    if root_of(content) != content["root"]:
        faults.append("its root doesn't fit what it says: it was altered")
    if root is not None and content["root"] != root:
        faults.append("its root isn't the one that was noted")
    return Verdict("manifest", "its root fits what it says", tuple(faults))


def _failed_run(store: Store, stands: Standing) -> Iterator[Verdict]:
    """Report that the last run failed, and which result is the last good one; nothing when it finished."""
    if stands.failed:
        yield Verdict("run", "", (f"a run failed; {stands.last_good(store.delivery)} ({store.refreshed_by})",))


def _outputs(store: Store, content: dict[str, Any], stands: Standing) -> Verdict:
    """Verify produced files in the order in which they are made, so that the first fault is nearest to its cause."""
    noted = dict(content["outputs"])
    faults = []
    for product in store.products.values():
        for path in (store.path(product), *store.pages(product)):
            name = listed(store, path)
            # Files beyond those listed are reported below, all together.
            if name in noted:
                differences = _compared(name, noted.pop(name), sha256(path) if path.is_file() else None)
                faults += [f"{name} was made since by a run that failed"] if name in stands.remade else differences
    # What this version doesn't make, another one may have made.
    for name, value in noted.items():
        path = unlisted(store, name)
        faults += _compared(name, value, sha256(path) if path.is_file() else None)
    faults += [f"{name} isn't in the manifest" for name in (*added(store, content), *strays(store.settings))]
    other = made_by_another(content)
    made = f", made by {other} and unaltered since ({store.refreshed_by} makes them with {program_version()})" if other else ""
    return Verdict("outputs", f"{len(content['outputs'])} files are as the manifest says{made}", tuple(faults))


def _journals(store: Store) -> Verdict:
    """Verify journals by themselves, and by what is here that they must have entries for."""
    from frs_pipeline.release import earlier  # brings in the reading of releases, which takes a moment

    settings, faults = store.settings, []
    access = (unjournalled, figures_checked.unjournalled)
    for path, without_entry in ((settings.access_journal, access), (settings.release_journal, (earlier.unjournalled,))):
        try:
            lines = examine(path) or [line for of in without_entry for line in of(settings)]
            faults += [f"{path.name}: {line}" for line in lines]
        except FrsError as error:
            faults.append(str(error))
    if not faults:
        faults += earlier.altered(settings, store.delivery)
    return Verdict("journals", "sound, with an entry for every codebook, sample result and release that lies here", tuple(faults))


def _inputs(store: Store, content: dict[str, Any]) -> Verdict:
    what = "deliveries with their roots" if is_together(store.delivery) else "delivered files"
    sound = f"{len(content['inputs']) - is_together(store.delivery)} {what} are as the manifest says"
    try:
        now = taken_in(store)
        for each in store.each():
            require_newest(store.settings, each.raw(""))
    except FrsError as error:
        return Verdict("inputs", sound, (str(error),))
    return Verdict("inputs", sound, tuple(_differences(content["inputs"], now)))


def _predecessor(store: Store, content: dict[str, Any]) -> Iterator[Verdict]:
    """Verify that the delivery that this one was compared with is still there, with the root and the marts that it had then.

    Nothing where there was none and is none.
    """
    noted = content.get("predecessor") or {}
    try:
        now = store.predecessor()
    except FrsError as error:
        yield Verdict("predecessor", "", (str(error),))
        return
    if not noted:
        if now is not None:
            since = f"there was none to compare with, and delivery {now.delivery} is there now ({store.refreshed_by})"
            yield Verdict("predecessor", "", (since,))
        return
    older = Store(store.settings, noted["delivery"])
    there, what = read_manifest(older), f"delivery {older.delivery}"
    faults: tuple[str, ...]
    if older.root is None:
        faults = (f"{what}, which this one was compared with, is missing or has no finished result",)
    elif now is None or now.delivery != older.delivery:
        faults = (
            f"this one was compared with {what} and would be with {now.delivery if now else 'none'} now ({store.refreshed_by})",
        )
    elif older.root != noted["root"]:
        faults = (f"{what} has another root than this one was compared with: it was refreshed since ({store.refreshed_by})",)
    elif root_of(there) != older.root:
        faults = (f"{what}: the root of its manifest doesn't fit what it says: it was altered",)
    else:
        keys = dict.fromkeys(key for product in store.products.values() for key in product.previous)
        faults = tuple(f"{what}: {fault}" for fault in _as_its_manifest_says(older, list(keys)))
    yield Verdict("predecessor", f"{what} is as it was when this one was compared with it", faults)


def _parts(store: Store) -> Iterator[Verdict]:
    """Verify that of several deliveries together each is as it was finished; nothing for a delivery."""
    keys = list(dict.fromkeys(key for product in store.products.values() for key in product.parts))
    for part in store.parts():
        what = f"delivery {part.delivery}"
        if part.root is None or root_of(read_manifest(part)) != part.root:
            yield Verdict("part", "", (f"{what} has no finished result, or its manifest was altered ({part.refreshed_by})",))
        else:
            faults = tuple(f"{what}: {fault}" for fault in _as_its_manifest_says(part, keys))
            yield Verdict("part", f"{what} is as its manifest says, as far as it is counted here", faults)


def _as_its_manifest_says(other: Store, keys: Sequence[AssetPath]) -> list[str]:
    """Report products of another delivery that aren't what its manifest says."""
    paths = {listed(other, path): path for path in (other.file(*key) for key in keys)}
    noted = read_manifest(other)["outputs"]
    there = {name: sha256(path) for name, path in paths.items() if path.exists()}
    return list(_differences({name: noted.get(name) for name in paths}, there))


def _program(store: Store, content: dict[str, Any]) -> Verdict:
    noted, now = content.get("program", {}), program(store.study, together=is_together(store.delivery))
    if other := made_by_another(content):
        if noted == now:
            return Verdict("program", "", (f"says that {other} made it, with the code of {program_version()}: it was altered",))
        return Verdict("program", *_of_another(store, other, noted, now))
    faults = list(_differences(noted, now))
    if content.get("lock") != lock_hash():
        faults.append("requirements.lock isn't what the manifest says")
    sound = f"{len(content.get('program', {}))} files of code and definitions, and the locked libraries, are as the manifest says"
    return Verdict("program", sound, tuple(faults))


def _of_another(store: Store, other: str, noted: dict[str, str], now: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """Compare a study's own definitions, which an upgrade leaves alone, and nothing of another version's code.

    Definitions of the shipped study come with the program. Versions before 2.0.0 told them apart from code by no name.
    """
    own, kept = ({name: value for name, value in each.items() if name.startswith("study/")} for each in (noted, now))
    compared = bool(own) and store.study.folder != shipped_study()
    what = f"code and libraries are those of {other} and not compared with those of {program_version()}"
    sound = f"{what}; {len(own)} files of the study are as the manifest says" if compared else what
    return sound, tuple(_differences(own, kept)) if compared else ()


def _differences(noted: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for name in sorted(noted.keys() | now.keys()):
        yield from _compared(name, noted.get(name), now.get(name))


def _compared(name: str, noted: str | None, now: str | None) -> list[str]:
    if noted == now:
        return []
    if now is None:
        return [f"{name} is missing"]
    return [f"{name} isn't in the manifest" if noted is None else f"{name} isn't what the manifest says"]


def _rebuilt(store: Store, content: dict[str, Any], told: Told) -> Verdict:
    """Make everything again from what it is made from, in a folder of its own, which is gone afterwards."""
    source = "marts of its deliveries" if is_together(store.delivery) else "delivered ones"
    sound = f"{len(content['outputs'])} files made again from the {source}, byte for byte the same"
    with tempfile.TemporaryDirectory(prefix=".verify.", suffix=".tmp", dir=store.settings.restricted(store.delivery)) as place:
        clean = Store(_clean(store, Path(place), content), store.delivery)
        try:
            refresh(clean.settings, store.delivery, told=told, recorded=False)
        except FrsError as error:
            # It names files of a folder that is gone by now; they stand for those of the data folder.
            fault = str(error).replace(place, str(store.settings.data))
            return Verdict("rebuild", sound, (f"can't be rebuilt: {fault}",))
        again = read_manifest(clean)
        if other := made_by_another(content):
            return _by_this_version(store, clean, other, content["outputs"], again["outputs"])
        faults = []
        order = [listed(store, store.path(product)) for product in store.products.values()]
        names = [*order, *sorted(again["outputs"].keys() - set(order))]
        for name in (name for name in names if again["outputs"].get(name) != content["outputs"].get(name)):
            faults.append(f"{name} comes out differently from what the manifest says")
        return Verdict("rebuild", sound, (*faults, *_first_figure(store, clean)))


def _by_this_version(store: Store, clean: Store, other: str, noted: dict[str, str], now: dict[str, str]) -> Verdict:
    """Hold the figures of another version against those that this one makes: files may well come out differently."""
    same = sum(noted.get(name) == value for name, value in now.items())
    figures, faults = _figures_differ(store, clean)
    sound = (
        f"{figures} figures made again by {program_version()} have the values of {other}, and {same} of {len(now)} files come "
        "out byte for byte the same; of the others only a root that was noted elsewhere tells that nobody altered them"
    )
    undecided = f"whether {other} made it so, only that version can tell; CHANGELOG.md says which versions change figures"
    return Verdict("rebuild", sound, tuple(f"{fault}; {undecided}" for fault in faults))


def _figures_differ(store: Store, clean: Store) -> tuple[int, list[str]]:
    """Compare figures by what they are of; return how many there are, and the first that isn't the same."""
    path = clean.path(clean.products[("statistics", "figures")])
    try:
        kept, made = (
            {tuple(row.get(n) for n in _OF): row.get("value") for row in read(at).to_pylist()}
            for at in (store.settings.data / path.relative_to(clean.settings.data), path)
        )
    except (OSError, ValueError):
        return 0, ["its figures can't be read by this version"]
    for one in [*made, *(each for each in kept if each not in made)]:
        if one not in kept or one not in made or kept[one] != made[one]:
            table, cell = numbered(store.study, one[0]), " · ".join(str(part) for part in one[1:] if part is not None)
            texts = [str(each[one]) if one in each else "not there" for each in (kept, made)]
            return len(made), [f"first figure that differs: {table} {cell}: {texts[0]} in the file, {texts[1]} rebuilt"]
    return len(made), []


def _clean(store: Store, place: Path, content: dict[str, Any]) -> Settings:
    """Make a data folder with only the delivery in it, and with what was made of the one that it was compared with.

    Of several together it holds the deliveries as they are, and those that they were compared with.
    """
    if is_together(store.delivery):
        for zone in ("raw", "restricted", "curated"):
            for name in deliveries(store.settings.data / zone):
                (place / zone).mkdir(exist_ok=True)
                (place / zone / name).symlink_to(store.settings.data / zone / name)
        copy = replace(store.settings, data=place)
        copy.curated(store.delivery).mkdir()
        shutil.copy(definition(store.settings, store.delivery), definition(copy, store.delivery))
        return copy
    (place / "raw").mkdir()
    (place / "raw" / store.delivery).symlink_to(store.settings.raw_delivery(store.delivery))
    if store.settings.decided(store.delivery).is_dir():
        (place / "decided").mkdir()
        (place / "decided" / store.delivery).symlink_to(store.settings.decided(store.delivery))
    # What was drawn is known by the journal.
    journal = store.settings.access_journal
    copy = replace(store.settings, data=place)
    for path in (journal, journal.with_suffix(".head")):
        if path.exists():
            private_folder(copy.restricted_zone, copy.restricted_zone)
            shutil.copy(path, copy.restricted_zone / path.name)
    (place / "curated").mkdir()
    older = (content.get("predecessor") or {}).get("delivery")
    if older in deliveries(store.settings.curated("")):
        copy.curated(older).mkdir()
        for path in store.settings.curated(older).iterdir():
            # As if it had never been put away: nothing of it is made again here, where it wasn't delivered.
            if path.name != away.AWAY:
                (copy.curated(older) / path.name).symlink_to(path)
    return copy


def _first_figure(store: Store, clean: Store) -> list[str]:
    """Name the first figure that differs between the rebuild and the file that people read."""
    product = store.products[("statistics", "figures")]
    try:
        kept, made = (read(at.path(product)).to_pylist() for at in (store, clean))
    except (OSError, ValueError):
        return [f"{product.path} can't be read, so that its figures can't be compared"]
    for one, other in zip_longest(kept, made):
        if one != other:
            row = one or other
            cell = " · ".join(str(row[name]) for name in ("row", "column", "group", "measure") if row[name] is not None)
            texts = [f"{figure['printed']} ({figure['value']})" if figure else "not there" for figure in (one, other)]
            table = numbered(store.study, row["table"])
            return [f"first figure that differs: {table} {cell}: {texts[0]} in the file, {texts[1]} rebuilt"]
    return []
