"""Locking the codebook: pseudonyms are drawn or kept, and both files are written, or neither.

Plain text exists in memory only. The entry in the access journal comes first: no codebook without a trace.
"""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frs_pipeline.codebook.access import Trace, traced
from frs_pipeline.codebook.entries import FULL_COLUMNS, PIPELINE_COLUMNS, Entry, child_of, lock, plain
from frs_pipeline.codebook.keys import Recipients, recipients
from frs_pipeline.codebook.newest import hashes, name_of, require_newest
from frs_pipeline.codebook.pseudonyms import CASE, draw_pseudonyms
from frs_pipeline.codebook.register import Conference, Fault, Register, read_register
from frs_pipeline.codebook.vault import CONTROLLERS_KEY, read_full
from frs_pipeline.errors import CheckFailed, InputError, UsageError
from frs_pipeline.language import plural
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS, DEMO_KEY, deliveries
from frs_pipeline.store.files import write_together
from frs_pipeline.store.settings import Settings

MAP_COLUMNS = ("old", "new")
_MAP = "pseudonyms-{}.age"


class FaultyRegister(CheckFailed):
    """A register that can't be locked, with everything that is wrong in it."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(f"{plural(len(faults), 'fault')} in the register", where=path, do="correct it; nothing was locked")


@dataclass(frozen=True)
class Locked:
    """What was locked, in counts, for whom, and in which files: how many pseudonyms of conferences and of children were
    kept, and how many are new."""

    conferences: int
    children: int
    kept: int
    new: int
    children_kept: int
    children_new: int
    odd: dict[str, int]
    recipients: Recipients
    files: tuple[Path, ...]


def lock_register(
    settings: Settings,
    path: Path,
    folder: Path,
    controllers: Path,
    pipeline: str,
    why: str,
    *,
    identity: Path | None = None,
    previous: Path | None = None,
) -> Locked:
    """Lock the register `path` into both parts of the codebook in `folder`.

    Conferences and children of the older codebook keep their pseudonyms: that of `previous` (a file or a folder), else the one in
    `folder`, else that of the newest other delivery beside it; `identity` opens it. Raises `FrsError`, and writes
    nothing but the refusal in the access journal, when anything is wrong.
    """
    with traced(settings.access_journal, "lock", why, {"folder": name_of(folder)}) as trace:
        _refuse_among_data(path, settings.data, folder)
        keys = recipients(controllers, pipeline)
        register = read_register(settings.study, path)
        if register.faults:
            raise FaultyRegister(path, register.faults)
        older = older_codebook(folder, previous)
        if older is not None and identity is None:
            raise UsageError("an older codebook, whose pseudonyms have to stay, needs a key", where=older, do=CONTROLLERS_KEY)
        if older is not None and previous is None:
            require_newest(settings, older.parent)
        known = read_full(settings.study, older, identity) if older is not None and identity is not None else []
        entries = with_pseudonyms(register.conferences, known)
        files = _write(trace, folder, entries, keys)
    return _summary(entries, register, known, keys, files)


def rotate(
    settings: Settings, folder: Path, controllers: Path, pipeline: str, why: str, identity: Path | None, *, pseudonyms: bool
) -> Locked:
    """Lock the codebook in `folder` for other recipients; with `pseudonyms`, draw new ones as well.

    In that case a third file, for the controllers, maps the old ones to the new. Raises `FrsError` as `lock_register` does.
    """
    with traced(settings.access_journal, "rotate", why, {"folder": name_of(folder), "pseudonyms": pseudonyms}) as trace:
        if identity is None:
            raise UsageError("no key for the codebook", where="rotate", do=CONTROLLERS_KEY)
        keys = recipients(controllers, pipeline)
        require_newest(settings, folder)
        known = read_full(settings.study, folder / CONTROLLERS, identity)
        entries = known
        if pseudonyms:
            old = {entry.conference_id for entry in known}
            drawn = draw_pseudonyms(len(known), secrets.choice, old)
            cases = _cases(known, {}, {entry.case_id for entry in known})
            entries = [
                replace(entry, conference_id=new, case_id=case) for entry, new, case in zip(known, drawn, cases, strict=True)
            ]
        files = _write(trace, folder, entries, keys, known if pseudonyms else None)
    return _summary(entries, Register(), [] if pseudonyms else known, keys, files)


def older_codebook(folder: Path, previous: Path | None) -> Path | None:
    """Find the controllers' codebook whose pseudonyms have to be kept; None when there is none."""
    if previous is not None:
        path = previous / CONTROLLERS if previous.is_dir() else previous
        if not path.is_file():
            raise InputError("missing file", where=path, do=f"name a {CONTROLLERS}, or its folder, after --previous")
        return path
    # Deliveries with a demo key are made up, and their pseudonyms are nobody's.
    others = [folder.parent / name for name in reversed(deliveries(folder.parent))]
    for place in (folder, *(other for other in others if not (other / DEMO_KEY).exists())):
        if (place / CONTROLLERS).exists():
            return place / CONTROLLERS
        if (place / CODEBOOK).exists():
            raise UsageError(
                "has a codebook, but not the controllers' part", where=place, do=f"name {CONTROLLERS} after --previous"
            )
    return None


def with_pseudonyms(conferences: Sequence[Conference], known: Sequence[Entry]) -> list[Entry]:
    """Make entries by conference number: known conferences and children keep their pseudonyms, others get new ones."""
    given = {entry.conference_number: entry.conference_id for entry in known}
    fresh = [c for c in conferences if c.conference_number not in given]
    # Drawn at random, so that pseudonyms don't reveal which conference came first.
    drawn = draw_pseudonyms(len(fresh), secrets.choice, set(given.values()))
    given.update((c.conference_number, pseudonym) for c, pseudonym in zip(fresh, drawn, strict=True))
    children = {_child(entry): entry.case_id for entry in known if entry.case_id}
    cases = _cases(conferences, children, {*children.values()})
    entries = [
        Entry(c.personal_number, c.conference_number, given[c.conference_number], c.occasion, c.date, case)
        for c, case in zip(conferences, cases, strict=True)
    ]
    return sorted(entries, key=lambda entry: entry.conference_number)


def _cases(conferences: Sequence[Conference | Entry], given: Mapping[str, str], taken: Collection[str]) -> list[str]:
    """Return the pseudonym of each conference's child: the one that the child was `given`, or a new one that isn't `taken`."""
    children = [_child(conference) for conference in conferences]
    fresh = dict.fromkeys(child for child in children if child not in given)
    every = {**given, **dict(zip(fresh, draw_pseudonyms(len(fresh), secrets.choice, taken, CASE), strict=True))}
    return [every[child] for child in children]


def _child(conference: Conference | Entry) -> str:
    """Return the child's personal number as digits, whichever way it is written."""
    return child_of(conference.personal_number)


def _write(
    trace: Trace, folder: Path, entries: Sequence[Entry], keys: Recipients, renamed: Sequence[Entry] | None = None
) -> tuple[Path, ...]:
    """Write the files of a codebook, after the journal's entry; `renamed` are the entries under their old pseudonyms."""
    contents = {
        folder / CONTROLLERS: lock(plain(entries, FULL_COLUMNS), keys.controllers),
        folder / CODEBOOK: lock(plain(entries, PIPELINE_COLUMNS), [keys.pipeline]),
    }
    if renamed is not None:
        contents[_free(folder)] = lock(_map(renamed, entries), keys.controllers)
    details = {
        "folder": name_of(folder),
        "conferences": len(entries),
        "files": {path.name: hashlib.sha256(content).hexdigest() for path, content in contents.items()},
        "replaced": dict(hashes(folder)),
        "controllers": list(keys.controllers),
        "pipeline": keys.pipeline,
    }
    noted: list[int] = []
    try:
        write_together(contents, lambda: noted.append(trace.note(details)))
    except BaseException:
        # Otherwise the files that stayed would be taken for an older pair that somebody put back.
        if noted:
            trace.undo(noted[0])
        raise
    return tuple(contents)


def _map(old: Sequence[Entry], new: Sequence[Entry]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MAP_COLUMNS)
    writer.writerows([a.conference_id, b.conference_id] for a, b in zip(old, new, strict=True))
    # Their first letter says that these are children's. A codebook that was locked before had none.
    writer.writerows(dict.fromkeys((a.case_id, b.case_id) for a, b in zip(old, new, strict=True) if a.case_id))
    return text.getvalue()


def _free(folder: Path) -> Path:
    """Return where the next map goes: older ones stay."""
    number = 1
    while (folder / _MAP.format(number)).exists():
        number += 1
    return folder / _MAP.format(number)


def _refuse_among_data(path: Path, data: Path, folder: Path) -> None:
    """Raise `UsageError` for a plain register that lies where the pipeline, or anyone with a delivery, would find it."""
    place = path.resolve()
    if place.is_relative_to(data.resolve()) or place.is_relative_to(folder.resolve()):
        raise UsageError(
            "the register lies in plain text among the data", where=path, do="move it to where only the controllers can read it"
        )


def _summary(
    entries: Sequence[Entry], register: Register, known: Sequence[Entry], keys: Recipients, files: tuple[Path, ...]
) -> Locked:
    before = {entry.conference_number: entry for entry in known}
    kept = [entry for entry in entries if entry.conference_number in before]
    odd = dict(sorted(register.odd.items()))
    changed = sum(entry.personal_number != before[entry.conference_number].personal_number for entry in kept)
    gone = len(before) - len(kept)
    if changed:
        odd["conferences with another personal number than in the older codebook"] = changed
    if gone:
        odd["conferences of the older codebook that the register doesn't have"] = gone
    cases = {entry.case_id for entry in entries} - {""}
    cases_kept = len(cases & {entry.case_id for entry in known})
    children = len({_child(entry) for entry in entries})
    return Locked(
        conferences=len(entries),
        children=children,
        kept=len(kept),
        new=len(entries) - len(kept),
        children_kept=cases_kept,
        children_new=len(cases) - cases_kept,
        odd=odd,
        recipients=keys,
        files=files,
    )
