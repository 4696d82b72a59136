"""Fetch the exports of a study's surveys: each is checked as an export is checked, and kept as the bytes that came.

`fetched/<questionnaire>/<time>/` holds the three CSV files and a receipt: what was asked, when, and the sizes and hashes of the
answers; never the login. A fetch that fails leaves nothing, and what has the same content as the last one isn't kept twice:
`seen.json` beside the folders says when each was seen last.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_pipeline.collection.folders import Beside, beside, create
from frs_pipeline.errors import Busy, InputError, UsageError
from frs_pipeline.intake.amendments import Exceptions, read_exceptions
from frs_pipeline.intake.fitting import read_through
from frs_pipeline.intake.readers.surveyxact import open_export
from frs_pipeline.store.deliveries import AMENDMENTS, EXPORT_FILES, RECEIPT, deliveries, sha256
from frs_pipeline.store.files import atomic, private_folder, unwritable
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.faults import choices
from frs_pipeline.study.fetching import Fetch
from frs_pipeline.study.rules import policy

if TYPE_CHECKING:
    from frs_pipeline.collection.surveyxact import Answer, SurveyXact

TIME = "%Y-%m-%dT%H-%M-%SZ"
SEEN = "seen.json"
_TIMED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z")
_HEADER_ONLY = "holds no forms, only a header row: an empty survey, or a filter that failed"


@dataclass(frozen=True)
class Export:
    """An export that was fetched: of which questionnaire, from which survey, when (UTC), where it lies, and how many forms.

    `hashes` are those of its files by name, as the receipt has them; `seen` is when the server last sent the same again.
    """

    instrument: str
    survey: int
    time: str
    folder: Path
    forms: int
    hashes: dict[str, str]
    seen: str

    @property
    def when(self) -> str:
        """When it was fetched, for people."""
        return readable(self.time)


@dataclass(frozen=True)
class Fetched:
    """What came of one fetch: the export, and whether its content is new; if not, it is the one that was there."""

    export: Export
    new: bool


def readable(moment: str) -> str:
    """Write a time that names a folder as people read it: `2026-11-28 04:10:05 UTC`."""
    return f"{dt.datetime.strptime(moment, TIME):%Y-%m-%d %H:%M:%S} UTC"


def configured(study: Study) -> Fetch:
    """Return where a study's surveys are fetched from. Raises `UsageError` for a study that doesn't say it."""
    fetch = about(study).fetch
    if fetch is None:
        do = "add fetch: {address: …, format: …, language: …, surveys: {…}}; docs/how-to/fetch.md has an example"
        raise UsageError("doesn't say where surveys are fetched from", where=study.folder / "study.yaml", do=do)
    return fetch


def chosen(study: Study, names: Sequence[str]) -> list[str]:
    """Return the questionnaires of these names that are fetched, all without names. Raises `UsageError` for another name."""
    known = configured(study).surveys
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None:
        raise UsageError("no survey of this questionnaire is fetched", where=wrong, do=choices([*known], wrong))
    return [name for name in known if name in names] if names else [*known]


def fetch(
    settings: Settings, names: Sequence[str], server: SurveyXact, told: Callable[[str], None] = lambda _: None
) -> Iterator[Fetched]:
    """Fetch one survey after the other, and yield what came of each; `told` is told each part before it is asked for.

    The first that fails ends it, for a login that is refused again and again gets locked. Raises `InputError` then, and `Busy`
    while another process fetches.
    """
    wanted = chosen(settings.study, names)
    with _alone(settings):
        for name in wanted:
            yield _fetch(settings, name, server, partial(_tell, told, name))


def exports(settings: Settings, instrument: str) -> list[Export]:
    """List the exports of a questionnaire that were fetched, the oldest first. Raises `InputError` for a receipt that is none."""
    place = settings.fetched / instrument
    folders = sorted(path for path in place.iterdir() if _TIMED.fullmatch(path.name)) if place.is_dir() else []
    return [_read(instrument, folder) for folder in folders]


def require_intact(export: Export) -> None:
    """Raise `InputError` unless an export's files are, to the byte, what its receipt says that came."""
    for name, value in export.hashes.items():
        path = export.folder / name
        if not path.is_file() or path.is_symlink() or sha256(path) != value:
            raise InputError("isn't what was fetched: its receipt says otherwise", where=path, do="frs fetch fetches it again")


def _fetch(settings: Settings, name: str, server: SurveyXact, told: Callable[[str], None]) -> Fetched:
    from frs_pipeline.collection.surveyxact import PARTS

    place, survey = settings.fetched / name, configured(settings.study).surveys[name]
    before = next(reversed(exports(settings, name)), None)
    begun = _moment(place)
    with beside(place / begun, settings.fetched) as waiting:
        answers: dict[str, Answer] = {}
        for part in PARTS:
            told(part)
            with create(waiting.folder / f"{part}.csv") as file:
                answers[f"{part}.csv"] = server.save(survey, part, file)
        forms = _forms(settings, name, survey, server, waiting)
        hashes = {part: answer.sha256 for part, answer in answers.items()}
        if before is not None and (before.survey, before.hashes) == (survey, hashes):
            _note_seen(place, before.time, begun)
            return Fetched(before, new=False)
        _write_receipt(waiting.folder, _receipt(settings.study, name, survey, begun, forms, answers))
        waiting.put()
    _note_seen(place, begun, begun)
    return Fetched(Export(name, survey, begun, place / begun, forms, hashes, begun), new=True)


def _forms(settings: Settings, name: str, survey: int, server: SurveyXact, waiting: Beside) -> int:
    """Read what came through, and return how many forms it holds; what is wrong is said of the server, not of this folder."""
    today = waiting.target.name[:10]
    failed: InputError | None = None
    try:
        export = open_export(waiting.folder, about(settings.study).forms)
        return read_through(settings.study, name, export, today, _accepted(settings, today))
    except InputError as error:
        what = error.what
        where, between = str(error.where or ""), f"{waiting.folder}/"
        for part in ("dataset", "structure", "labels"):
            where = where.replace(f"{between}{part}.csv", server.address(survey, part))
        if "[no_forms]" in what:
            what = _HEADER_ONLY
        do = f"check that survey {survey} is that of {name}; nothing was kept, and the last good export stays"
        failed = InputError(what, where=where, do=do)
    raise failed


def _accepted(settings: Settings, today: str) -> Exceptions:
    """Return what people accepted in the newest delivery, as far as that still holds: a wording that differs, for example."""
    newest = next(reversed(deliveries(settings.raw)), None)
    if newest is None:
        return Exceptions()
    path = settings.raw_delivery(newest) / AMENDMENTS["exceptions"]
    return read_exceptions(path, policy(settings.study), dt.date.fromisoformat(today))


def _receipt(study: Study, name: str, survey: int, begun: str, forms: int, answers: dict[str, Answer]) -> dict[str, Any]:
    return {
        "study": about(study).name,
        "questionnaire": name,
        "survey": survey,
        "begun": begun,
        "forms": forms,
        "files": {part: asdict(answer) for part, answer in answers.items()},
    }


def _write_receipt(folder: Path, content: dict[str, Any]) -> None:
    with create(folder / RECEIPT) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _read(instrument: str, folder: Path) -> Export:
    try:
        receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        hashes = {str(name): str(file["sha256"]) for name, file in receipt["files"].items()}
        survey, forms = int(receipt["survey"]), int(receipt["forms"])
        if hashes.keys() != {*EXPORT_FILES}:
            raise ValueError("other files")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        do = "move the folder away; frs fetch fetches again"
        raise InputError("isn't the receipt of an export", where=folder / RECEIPT, do=do) from None
    return Export(instrument, survey, folder.name, folder, forms, hashes, _seen(folder))


def _seen(folder: Path) -> str:
    """Return when the content of a folder was last seen at the server: when it was fetched, unless it was seen again."""
    again = _noted(folder.parent).get(folder.name, "")
    return again if _TIMED.fullmatch(again) else folder.name


def _note_seen(place: Path, time: str, last: str) -> None:
    """Note when the content that was fetched at a time was last seen."""
    with atomic(place / SEEN, private=True) as file:
        file.write((json.dumps({**_noted(place), time: last}, indent=1) + "\n").encode())


def _noted(place: Path) -> dict[str, str]:
    try:
        return {str(time): str(last) for time, last in json.loads((place / SEEN).read_text(encoding="ascii")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _moment(place: Path) -> str:
    """Return the time as a folder's name, one that no fetch has had."""
    while (place / (moment := dt.datetime.now(dt.UTC).strftime(TIME))).exists():
        time.sleep(0.05)
    return moment


def _tell(told: Callable[[str], None], name: str, part: str) -> None:
    told(f"{name}/{part}")


def is_fetching(settings: Settings) -> bool:
    """Return whether any process fetches right now. A process that died holds the lock no longer."""
    try:
        file = _lock(settings).open("rb")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _lock(settings: Settings) -> Path:
    return settings.fetched / ".lock"


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Keep others from fetching meanwhile: they would see each other's files as new."""
    private_folder(settings.fetched, settings.fetched)
    path = _lock(settings)
    try:
        file = create(path) if not path.exists() else path.open("ab")
    except OSError as error:
        raise unwritable(error, path, "correct the file's rights") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another process is fetching", where=settings.fetched, do="wait until it ends") from None
        yield
