"""A release goes out: a copy is kept for comparison with later ones, the journal notes it, its folder is switched whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frs_pipeline.errors import CheckFailed, FrsError, UsageError
from frs_pipeline.intake.delivery import made_up
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.release.earlier import RELEASED, name_of, released_before, releases, settle, waiting
from frs_pipeline.release.files import REPORT
from frs_pipeline.release.making import Release, Releasing, Step
from frs_pipeline.release.publishable import publishable
from frs_pipeline.release.registered import PUBLIC
from frs_pipeline.release.requests import HOW, Approved, journalled, require_unused
from frs_pipeline.release.variants import kept_back
from frs_pipeline.release.words import Counted
from frs_pipeline.store.files import RELEASE, Store, private_folder
from frs_pipeline.store.journal import append, operating_system_user
from frs_pipeline.store.lock import exclusive
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.tables import Table

# Makes pages of the files of a release, for anybody to read. `examined` is how many numbers were attacked, `made_up` says that
# nobody filled the forms in. Raises `CheckFailed` when they would say anything else than the files.
Pages = Callable[..., Mapping[str, bytes]]
# Stands for the reason of a release that one hand tried where it takes two.
ALONE = "(released by one hand)"
# Where the old release lies while the new one takes its place.
_ASIDE = ".release-before"


@dataclass(frozen=True)
class Published:
    """A release that went out: where it lies, and the number and hash of its entry in the journal."""

    folder: Path
    release: Release
    entry: int
    hash: str


def publish(
    store: Store,
    tables: Mapping[int, Table],
    policy: ReleasePolicy,
    *,
    who: str,
    purpose: str,
    pages: Pages | None = None,
    approved: Approved | None = None,
    step: Step = lambda what: None,
) -> Published:
    """Make a release of a delivery and put it into its folder. `who` decided it; the journal also says whose account did it.

    `pages` makes those of the edition for anybody, of nothing but the files of the release. Where the policy asks for two hands,
    it takes a request that was `approved`, once.

    All or nothing: whatever fails, the release that lies there stays as it is. Raises `CheckFailed` when hidden numbers could
    be worked out, no table can go out or the journal isn't sound, `UsageError` without a purpose.
    """
    if policy.hands == "two" and approved is None:
        with journalled(store.settings, "release", ALONE, {"delivery": store.delivery}):
            do = f'frs release request --purpose "…" --tables …, which somebody else signs: {HOW}'
            raise UsageError("a release takes two hands by the policy", where="--purpose", do=do)
    for text, where in ((purpose, "--purpose"), (who, "--who")):
        if holds_personal_number(text) or about(store.study).personal_id.found(text):
            raise UsageError("holds a personal number", where=where, do="say it with a case number")
    marts = {name: store.marts(name) for name in instruments(store.study)}
    if any(file.newer for files in marts.values() for file in files):
        what = "holds forms that count once though several deliveries have them: what its release tells of those isn't known"
        raise CheckFailed(what, where=store.delivery, do="release the deliveries, or leave one of them out")
    folder = store.settings.curated(store.delivery) / RELEASE
    with exclusive(store):
        _mend(folder)
        settle(store.settings, store.delivery)
        if approved is not None:
            # Nobody else can make it, or make the results again, from here on.
            require_unused(store, policy, approved)
        if not purpose.strip():
            raise UsageError("a release needs a purpose", where="--purpose", do="say what it is for")
        counted = Counted(marts, (table for table in tables.values() if not kept_back(store.study, table)))
        earlier = released_before(store.settings, counted)
        made = Releasing(
            store.study,
            store.delivery,
            tables,
            marts,
            policy,
            forms=counted.words,
            earlier=earlier,
            folder=store.waiting(),
        ).release(step)
        _require_any(made, store.delivery)
        if pages is not None:
            step("pages")
            made = _with_pages(made, pages, made_up=any(made_up(part) for part in store.each()))
        step("writing")
        name = name_of(made.files)
        # The copy gets its own name only once the journal has its entry: without one it would mean that entries were deleted.
        copy = waiting(store.settings, store.delivery, name)
        private_folder(copy.parent, store.settings.restricted_zone)
        _write(made.files, copy)
        staged = Path(tempfile.mkdtemp(prefix=".release.", suffix=".tmp", dir=folder.parent)) / RELEASE
        try:
            _write(made.files, staged)
            # The journal comes first: an entry of a release that never went out does no harm, but a release without one does.
            entry = append(
                store.settings.release_journal,
                RELEASED,
                who=operating_system_user(),
                why=purpose,
                details={
                    "delivery": store.delivery,
                    "name": name,
                    "decided_by": who,
                    "forms": counted.words,
                    "columns": counted.columns,
                    "again": counted.again(releases(store.settings)),
                    "policy": policy.hash,
                    PUBLIC: publishable(store, purpose),
                    **(approved.details if approved else {}),
                    **_details(made),
                },
            )
            settle(store.settings, store.delivery)
            _switch(staged, folder)
        finally:
            shutil.rmtree(staged.parent, ignore_errors=True)
    return Published(folder, made, entry.number, entry.hash)


def _require_any(made: Release, delivery: str) -> None:
    """Raise `CheckFailed` for a release without a table: it tells nobody anything, and would take the place of one that does."""
    if made.released:
        return
    reasons = Counter(withheld.reason for withheld in made.withheld)
    [(why, tables)] = reasons.most_common(1) or [("there are none", 0)]
    often = f" (so {tables} of {len(made.withheld)} tables)" if len(reasons) > 1 else ""
    do = "what was released stays; more forms may change that, or release.yaml"
    raise CheckFailed(f"no table can be released: {why}{often}", where=delivery, do=do)


def _with_pages(made: Release, pages: Pages, *, made_up: bool) -> Release:
    """Add the pages to the files of a release."""
    added = pages(made.files, examined=made.attack.looked_at, made_up=made_up)
    return replace(made, files={**made.files, **{f"{REPORT}/{name}": content for name, content in added.items()}})


def _details(made: Release) -> dict[str, Any]:
    """Return what the journal says about a release, beside who, why and for which delivery."""
    pages = {name: content for name, content in made.files.items() if name.startswith(f"{REPORT}/")}
    own = {name: content for name, content in sorted(made.files.items()) if name not in pages}
    return {
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in own.items()},
        **({"pages": name_of(pages)} if pages else {}),
        "tables": [variant.table.number for variant in made.released],
        "withheld": {str(withheld.table.number): withheld.reason for withheld in made.withheld},
        "collapsed": [variant.table.number for variant in made.released if variant.collapsed],
        "small": made.small,
        "primary": made.primary,
        "hidden": made.hidden,
    }


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a folder of files, all on disk before it gets its name."""
    waiting = folder.with_name(f".{folder.name}.tmp")
    try:
        shutil.rmtree(waiting, ignore_errors=True)
        waiting.mkdir(parents=True)
        for name, content in files.items():
            (waiting / name).parent.mkdir(parents=True, exist_ok=True)
            with (waiting / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        waiting.rename(folder)
    except OSError as error:
        shutil.rmtree(waiting, ignore_errors=True)
        raise FrsError(f"cannot be written: {error.strerror}", where=folder, do="make room; the last release stays") from error


def _switch(staged: Path, folder: Path) -> None:
    """Put `staged` in the place of `folder`; what lay there goes, or comes back when that fails."""
    aside = folder.with_name(_ASIDE)
    try:
        if folder.exists():
            folder.rename(aside)
        staged.rename(folder)
    except OSError as error:
        _mend(folder)
        raise FrsError(
            f"cannot be written: {error.strerror}", where=folder, do="repair the folder; the last release stays"
        ) from error
    shutil.rmtree(aside, ignore_errors=True)


def _mend(folder: Path) -> None:
    """Put back a release whose successor never came, or remove one that was replaced."""
    aside = folder.with_name(_ASIDE)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
