"""Where things live. Everything can be moved by an environment variable FRS_*; nothing is read at import."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from frs_pipeline.errors import UsageError
from frs_pipeline.study import Study

_PACKAGE = Path(__file__).resolve().parents[1]
PROJECT = _PACKAGE.parent
# The study whose forms are shipped, and the file that every study holds.
SHIPPED_STUDY, STUDY = "familieraadslagning", "study.yaml"
# The beginning of every secret key of age.
IDENTITY = "AGE-SECRET-KEY-"


def home() -> Path:
    """Return where data and Dagster's history are by default: in the project's folder, or the current one without any."""
    return PROJECT if (PROJECT / "pyproject.toml").is_file() else Path.cwd()


def data_of(study: Study) -> Path:
    """Return where the data of a study are by default: in its own `data/`; for the shipped study, in that of `home`."""
    return (home() if study.folder == shipped_study() else study.folder) / "data"


def shipped_study() -> Path:
    """Return the folder of the shipped study: beside the package in the project's folder, else inside the package."""
    within = _PACKAGE / "studies" / SHIPPED_STUDY
    return within if within.is_dir() else PROJECT / "studies" / SHIPPED_STUDY


def find_study(named: Path | None = None) -> Study:
    """Find the study that is `named`, else that of FRS_STUDY, else of the nearest folder upwards with one, else the shipped.

    Raises `UsageError` when the folder that was named holds no study.
    """
    asked = named or os.environ.get("FRS_STUDY")
    if asked:
        where = "--study" if named else "FRS_STUDY"
        folder = _whole(asked, where)
        if not (folder / STUDY).is_file():
            raise UsageError(f"{folder} holds no {STUDY}", where=where, do="name the folder of a study; frs study new makes one")
        return Study(folder)
    here = _whole(Path.cwd(), "the current folder")
    return Study(next((folder for folder in (here, *here.parents) if (folder / STUDY).is_file()), shipped_study()))


def refuse_secret(name: Path | str, where: str) -> None:
    """Raise `UsageError`, which doesn't repeat it, when a secret key was given where the name of a file belongs."""
    if IDENTITY.lower() in str(name).lower():
        raise UsageError("is a secret key itself, not the name of a file", where=where, do="name the file that holds it")


def _whole(path: str | Path, where: str) -> Path:
    """Return the path from the root on; a link that leads to itself is reported where it is followed.

    Raises `UsageError` for a path that this process can't write in UTF-8, as the libraries that read files need it.
    """
    resolved = os.path.realpath(path)
    try:
        resolved.encode()
    except UnicodeEncodeError as error:
        raise UsageError("isn't a path in UTF-8", where=where, do="set PYTHONUTF8=1, or rename its folders") from error
    return Path(resolved)


@dataclass(frozen=True)
class Engine:
    """What counts the marts: its name, and for Spark its master and the folder where it may put what memory doesn't hold.

    Nothing of it may enter a result: whichever counted, the bytes are the same.
    """

    name: str = "duckdb"
    master: str = "local[*]"
    folder: Path | None = None


DUCKDB = Engine()


@dataclass(frozen=True)
class Settings:
    """Folders of one study's installation, and what counts there.

    `data` holds raw/, restricted/ and curated/, and what was fetched/ and decided/. `key` is the age identity that opens the
    pipeline's part of the codebook; None means the delivery's own demo key, which only the shipped reconstruction has.
    """

    study: Study
    data: Path
    key: Path | None = None
    engine: Engine = DUCKDB

    @classmethod
    def from_environment(cls, study: Study) -> Settings:
        """Read FRS_DATA_DIR (default: `data_of` the study), FRS_KEY_FILE, FRS_ENGINE and FRS_SPARK_MASTER.

        Raises `UsageError` for a key itself. An engine that there isn't is refused where it should count.
        """
        key = os.environ.get("FRS_KEY_FILE")
        refuse_secret(key or "", "FRS_KEY_FILE")
        data = _whole(os.environ.get("FRS_DATA_DIR") or data_of(study), "FRS_DATA_DIR")
        settings = cls(study, data, _whole(key, "FRS_KEY_FILE") if key else None)
        name = os.environ.get("FRS_ENGINE") or DUCKDB.name
        master = os.environ.get("FRS_SPARK_MASTER") or DUCKDB.master
        return replace(settings, engine=Engine(name, master, settings.restricted_zone))

    @property
    def raw(self) -> Path:
        return self.data / "raw"

    def raw_delivery(self, delivery: str) -> Path:
        return self.raw / delivery

    @property
    def fetched(self) -> Path:
        """Exports as a survey's server sent them, a folder each; of them deliveries are made."""
        return self.data / "fetched"

    def decided(self, delivery: str) -> Path:
        """What people decided or wrote down about a delivery that had come: it can't be made again."""
        return self.data / "decided" / delivery

    @property
    def incidents(self) -> Path:
        return self.data / "incidents"

    @property
    def restricted_zone(self) -> Path:
        """The folder that only its owner may enter."""
        return self.data / "restricted"

    def restricted(self, delivery: str) -> Path:
        return self.restricted_zone / delivery

    def curated(self, delivery: str) -> Path:
        return self.data / "curated" / delivery

    @property
    def access_journal(self) -> Path:
        """The journal of who locked, opened or looked at what names a person or leads to a form."""
        return self.restricted_zone / "access-journal.jsonl"

    @property
    def release_journal(self) -> Path:
        """The journal of what left the house."""
        return self.restricted_zone / "release-journal.jsonl"
