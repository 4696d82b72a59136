"""Find, list and hash what was delivered: one dated folder of exports. Nothing here writes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.language import plural
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, has_keyers
from frs_pipeline.study.instruments import DATED, DeliveryName, in_use, instruments
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.texts import coded

EXPORT_FILES = ("dataset.csv", "structure.csv", "labels.csv")
# One CSV file of any program, and what its columns and codes mean.
PLAIN_FILES = ("dataset.csv", "labels.csv")
LEDGER = "kontering.csv"
CODEBOOK = "codebook-pipeline.age"
# The controllers' files: listed by their hashes, and never opened by a refresh.
CONTROLLERS = "codebook-controllers.age"
LOCKED = (CONTROLLERS, "pseudonyms-*.age")
REGISTERS = {"ledger": LEDGER, "codebook": CODEBOOK}
# What people decided about a delivery; it may hold none of them.
AMENDMENTS = {"corrections": "corrections.csv", "exceptions": "exceptions.csv", "withdrawals": "withdrawals.csv"}
# What a delivery says about itself; most have nothing to say.
DESCRIPTION = {"description": "delivery.yaml"}
# What people make of its texts; only a study that has some to be coded.
CODING = {"coding": "coding.csv"}
# Exports of forms that were keyed once more, a folder a questionnaire; only where a study names its keyers.
SECOND = "second_keying"
# What was looked up of a collection on a day, in a folder of the restricted zone.
COLLECTION = "collection"
# Decided after a delivery had come: what of two keyings is on the paper; and which forms were drawn to be keyed again.
ADJUDICATED, SAMPLED = "adjudicated.csv", "samples/forms-*.csv"
# The worksheet of what is still to be decided.
TO_ADJUDICATE = "to-adjudicate.csv"
# Samples of figures that people hold against the paper: what was drawn, and what came of it.
FIGURES_DRAWN, FIGURES_CHECKED = "samples/figures-*.drawn.json", "samples/figures-*.checked.json"
# Beside an export that was fetched: what was asked, when, and the hashes of what came.
RECEIPT = "receipt.json"
_OPTIONAL = {**AMENDMENTS, **DESCRIPTION, **CODING}
# Forms other than the three CSV files in which SurveyXact or SPSS hand over an export.
WORKBOOKS = (".xlsx", ".sav")
# Keys beside the codebook of made-up forms, which they open: the published one, or one made with the forms.
DEMO_KEY, OWN_KEY = ("DEMO-KEY-NOT-SECRET.txt", "KEY-NOT-SECRET.txt")
_KEYS = tuple(f"{whose}{key}" for whose in ("", "CONTROLLERS-") for key in (DEMO_KEY, OWN_KEY))


def _as_truth(value: object) -> object:
    """Check what is either true or false. The error doesn't repeat the value: a delivery's file isn't ours."""
    if not isinstance(value, bool):
        raise ValueError("it is true or false, without quotes")
    return value


class Description(Spec):
    """What delivery.yaml may say.

    `predecessor` is the older delivery that this one is compared with, where it isn't the one before it by date; `made_up`
    says that nobody filled in its forms.
    """

    predecessor: DeliveryName | None = None
    made_up: Annotated[bool, BeforeValidator(_as_truth)] = False


@dataclass(frozen=True)
class RawFile:
    """One delivered file: the name it goes by (`known_as`) inside the delivery, size in bytes and sha256."""

    name: str
    size: int
    sha256: str


def registers(study: Study) -> dict[str, str]:
    """Return the files of the registers that a study has, by name."""
    return {name: file for name, file in REGISTERS.items() if name in about(study).registers}


def sources(study: Study) -> tuple[str, ...]:
    """List what a refresh reads from a delivery: one export per questionnaire, registers, amendments, its description."""
    return (*instruments(study), *registers(study), *_optional(study), *((SECOND,) if has_keyers(study) else ()))


def _optional(study: Study) -> dict[str, str]:
    """Return the files that a delivery may have or not, by source."""
    return _OPTIONAL if coded(study) else {**AMENDMENTS, **DESCRIPTION}


def source_files(study: Study, folder: Path, source: str) -> tuple[str, ...]:
    """Name, inside the delivery `folder`, the files of one source: an export in one of its forms, or a register.

    Raises `InputError` when there is none, when it is incomplete, when it comes in two forms at once, or when a file only
    links to one elsewhere. Amendments and description may be missing; the export of a questionnaire that isn't in use at
    the delivery's date must be.
    """
    if source in _OPTIONAL:
        # A broken link doesn't count as absent: decisions would be ignored in silence.
        there = os.path.lexists(folder / _OPTIONAL[source])
        return (_present(folder, _OPTIONAL[source]),) if there else ()
    if source in REGISTERS:
        return (_present(folder, REGISTERS[source]),)
    if source == SECOND:
        again = (f"{SECOND}/{name}" for name in instruments(study) if (folder / SECOND / name).is_dir())
        return tuple(name for place in again for name in _export_files(study, folder, place))
    place = folder / source
    if source in instruments(study) and not in_use(study, source, folder.name):
        if place.exists():
            what = f"questionnaire {source} isn't in use at the date of this delivery"
            raise InputError(what, where=place, do="take the folder out, or correct since and until in study.yaml")
        return ()
    return _export_files(study, folder, source)


def _export_files(study: Study, folder: Path, source: str) -> tuple[str, ...]:
    """Name the files of an export in the folder `source` of a delivery. Raises as `source_files` does."""
    place = folder / source
    known = {name: kind for name in _names(place) if not _beside(place / name) and (kind := _known(name))}
    csv = {kind: name for name, kind in known.items() if kind in EXPORT_FILES}
    others = [name for name, kind in known.items() if kind in WORKBOOKS]
    if len(others) + bool(csv) > 1 or len(csv) + len(others) < len(known):
        kinds = Counter(known.values())
        forms = ", ".join(kind if number == 1 else f"{number} {kind}" for kind, number in sorted(kinds.items()))
        raise InputError(f"the export comes in more than one form: {forms}", where=place, do="leave one of them")
    if others:
        return (_present(folder, f"{source}/{others[0]}"),)
    needed = PLAIN_FILES if about(study).exports == "plain" else EXPORT_FILES
    if not csv.keys() <= {*needed}:
        what = "structure.csv lies there, but study.yaml says exports: plain"
        raise InputError(what, where=place, do="take it out, or say exports: surveyxact")
    return tuple(_present(folder, f"{source}/{csv.get(name, name)}") for name in needed)


def _known(name: str) -> str | None:
    """Return which of an export's files a name in its folder is, or which kind of workbook; suffixes in any case."""
    path = Path(name)
    suffix = path.suffix.lower()
    part = f"{path.stem}{suffix}"
    return suffix if suffix in WORKBOOKS else part if part in EXPORT_FILES else None


def _names(place: Path) -> list[str]:
    """List the names in a folder, sorted; none where it is missing. Raises `InputError` when it can't be listed."""
    try:
        return sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    except OSError as error:
        raise InputError("cannot be read", where=place, do="check the folder's rights; nothing was changed") from error


def _beside(path: Path) -> bool:
    """Return whether a delivery may hold it unread: a readme, keys that aren't secret, what systems and editors hide."""
    if path.name.startswith((".", "~$")):
        return True
    return (path.name in _KEYS or path.name.partition(".")[0].upper() == "README") and not path.is_dir()


def unread(study: Study, folder: Path) -> list[tuple[Path, int]]:
    """List files and folders of a delivery that no refresh reads, each with its number (from 1) among its folder's names."""
    own = {*registers(study).values(), *_optional(study).values(), *instruments(study)}
    listed = []
    places = [folder / name for name in instruments(study)]
    if has_keyers(study):
        own.add(SECOND)
        again = folder / SECOND
        names = enumerate(_names(again), start=1)
        listed += [(again / name, at) for at, name in names if name not in instruments(study) and not _beside(again / name)]
        places += [again / name for name in instruments(study)]
    for place in (folder, *places):
        for number, name in enumerate(_names(place), start=1):
            locked = any(fnmatchcase(name, pattern) for pattern in LOCKED)
            known = name in own or locked if place == folder else _known(name) is not None or name == RECEIPT
            if not known and not _beside(place / name):
                listed.append((place / name, number))
    return listed


def known_as(name: str) -> str:
    """Return what a delivered file is called from here on: manifest, history, messages and passports use only that name.

    Whoever saved a workbook gave it its name, and may have named a family: it is `participant_first/export.xlsx` to all others.
    """
    place, kind = Path(name).parent, Path(name).suffix.lower()
    return (place / f"export{kind}").as_posix() if kind in WORKBOOKS else name


def _present(folder: Path, name: str) -> str:
    path, where = folder / name, folder / known_as(name)
    if not path.exists():
        raise InputError("missing file", where=where, do="ask for the delivery again; nothing was changed")
    # A link could bring in what nobody delivered, and a pipe or device may have no end. The folder itself may be a link.
    if not path.resolve().is_relative_to(folder.resolve()) or not (path.is_file() or path.is_dir()):
        raise InputError("isn't a file of the delivery but leads elsewhere", where=where, do="put the file itself there")
    return name


def describe(study: Study, folder: Path) -> Description:
    """Read what the delivery in `folder` says about itself. Raises `InputError` with file and line for what it can't say."""
    names = source_files(study, folder, "description")
    if not names:
        return Description()
    file = YamlFile(folder / names[0])
    if not isinstance(file.data, dict):
        raise file.error([], "says nothing by a key", "write a line such as predecessor: 2020-11-30, or take the file away")
    # Checked before anything walks through it: a few nested lines can unfold to more than a memory holds.
    nested = next((key for key, value in file.data.items() if isinstance(value, dict | list)), None)
    if nested is not None:
        raise file.error([str(nested)], "holds more than one value", "give one")
    described = file.parse(Description)
    if described.predecessor is not None and described.predecessor >= folder.name:
        what = f"delivery {described.predecessor} isn't older than this one, {folder.name}"
        raise file.error(["predecessor"], what, "name an older delivery, or take the line out")
    return described


def deliveries(raw: Path) -> list[str]:
    """List the names of the delivery folders, oldest first."""
    if not raw.is_dir():
        return []
    return sorted(p.name for p in raw.iterdir() if p.is_dir() and DATED.fullmatch(p.name))


def unnamed(raw: Path) -> str | None:
    """Describe folders beside the deliveries that aren't named by date, so that nobody reads them; None without any.

    Their names aren't repeated: they may be anything.
    """
    if not raw.is_dir():
        return None
    others = [p for p in raw.iterdir() if p.is_dir() and not p.name.startswith(".") and not DATED.fullmatch(p.name)]
    if not others:
        return None
    one = len(others) == 1
    named, them = ("isn't named", "it") if one else ("aren't named", "them")
    return f"{plural(len(others), 'folder')} in {raw} {named} by a date such as 2020-11-30: no run takes {them} up"


def choose(raw: Path, name: str | None) -> str:
    """Return `name`, or the newest delivery. Raises `InputError` when there is none, or not this one."""
    names = deliveries(raw)
    if name is not None and not DATED.fullmatch(name):
        raise UsageError("not a delivery name", where=name, do="name it by its date, such as 2020-11-30")
    if not names:
        raise InputError("no delivery", where=raw, do="put the exports into a folder named by date, or set FRS_DATA_DIR")
    if name is None:
        return names[-1]
    if name not in names:
        raise InputError("unknown delivery", where=raw / name, do=f"there is {', '.join(names)}")
    return name


def sha256(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_once(study: Study, path: Path) -> str:
    """Hash a file that several steps of a run ask for: read again only when the system says that it was touched."""
    stat = path.stat()
    return _sha256_of(study, path, (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@derived
def _sha256_of(_: Study, path: Path, _looks: tuple[int, ...]) -> str:
    return sha256(path)


def look(study: Study, folder: Path, chosen: Sequence[str] = ()) -> list[tuple[str, int, int]]:
    """List names, sizes and times (in ns) of the files of the `chosen` sources (default: all) without reading them.

    Raises `InputError` for the first that is missing, `OSError` for one that disappears meanwhile.
    """
    names = [name for source in chosen or sources(study) for name in source_files(study, folder, source)]
    stats = [(name, (folder / name).stat()) for name in names]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def look_at_decisions(folder: Path, patterns: Sequence[str]) -> list[tuple[str, int, int]]:
    """List names, sizes and times (in ns) of what people decided about a delivery, as `look` does; there may be none."""
    stats = [(path, path.stat()) for pattern in patterns for path in sorted(folder.glob(pattern))]
    return [(path.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns) for path, stat in stats]


def beside(folder: Path, patterns: Sequence[str]) -> dict[str, str]:
    """Hash files in a delivery's folder that no refresh reads, by name; only those that this account may read.

    The controllers may keep their files from the pipeline, which has no use for them. Raises `InputError` for what has such
    a name and isn't a file.
    """
    hashes = {}
    for path in (path for pattern in patterns for path in sorted(folder.glob(pattern))):
        try:
            hashes[path.name] = sha256(path)
        except PermissionError:
            continue
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=path, do="put the file itself there") from error
    return hashes


def decisions(folder: Path, patterns: Sequence[str]) -> dict[str, str]:
    """Hash what people decided about a delivery, by the place in `folder` (`Settings.decided`); there may be none.

    Raises `InputError` for what can't be read: a decision that is there must not be ignored.
    """
    hashes = {}
    for path in (path for pattern in patterns for path in sorted(folder.glob(pattern))):
        try:
            hashes[path.relative_to(folder).as_posix()] = sha256(path)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=path, do="check the file's rights") from error
    return hashes


def inventory(study: Study, folder: Path, chosen: Sequence[str] = ()) -> dict[str, RawFile]:
    """Hash the delivered files of the `chosen` sources (default: all), by `known_as`. Raises `InputError` for a missing one."""
    files = {}
    for source in chosen or sources(study):
        for name in source_files(study, folder, source):
            path, known = folder / name, known_as(name)
            try:
                files[known] = RawFile(known, path.stat().st_size, _sha256_once(study, path))
            except OSError:
                # The system's error has the file's own name.
                place, do = ": a folder lies in its place", "put the file itself there"
                if not path.is_dir():
                    place, do = "", "check the file's rights; nothing was changed"
                raise InputError(f"cannot be read{place}", where=folder / known, do=do) from None
    return files
