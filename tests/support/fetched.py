"""A small study whose surveys are fetched from a server on this machine, and what such a test looks at."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from support import keys
from support.study import few_tables
from support.survey_server import PASSWORD, USER, Server, serving
from support.tiny import Delivery, make

SURVEYS = {"participant_first": 101, "participant_followup": 102, "initiator": 103, "coordinator": 104}


class Played:
    """A study in `folder`, its data folder, and a delivery whose exports a server has, which is played in `delivery`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.delivery: Delivery = make(folder / "played")
        self.exports = {number: self.delivery.path(name) for name, number in SURVEYS.items()}
        few_tables(folder)
        self.data.mkdir()
        keys.lay_down(self.data)

    def configure(self, address: str, **others: object) -> Settings:
        """Write where surveys are fetched from into study.yaml; others are more lines of `fetch`."""
        path = self.folder / "study" / "study.yaml"
        text = path.read_text(encoding="utf-8").partition("\nfetch:\n")[0]
        surveys = ", ".join(f"{name}: {number}" for name, number in SURVEYS.items())
        lines = {"address": address, "format": "EU", "language": "da", "surveys": f"{{{surveys}}}", **others}
        told = "".join(f"  {name}: {value}\n" for name, value in lines.items())
        path.write_text(f"{text.rstrip()}\n\nfetch:\n{told}", encoding="utf-8")
        return self.settings

    @property
    def settings(self) -> Settings:
        return Settings(Study(self.folder / "study"), self.data, self.data / keys.NAME)

    def given(self) -> Path:
        """A folder with the ledger and the locked codebook, as people give them."""
        folder = self.folder / "given"
        if not folder.exists():
            folder.mkdir()
            for name in ("kontering.csv", "codebook-pipeline.age"):
                (folder / name).write_bytes(self.delivery.path(name).read_bytes())
        return folder

    @contextmanager
    def serving(self, mode: str = "", **others: object) -> Iterator[Server]:
        """A server that has the exports; the study fetches from it, and the environment has the login."""
        with serving(self.exports, mode) as server, logged_in():
            self.configure(server.address, **others)
            yield server

    def kept(self) -> dict[str, str]:
        """The hash of every file of data/fetched and data/raw, and the names of all folders there."""
        found = {}
        for zone in (self.data / "fetched", self.data / "raw"):
            for path in sorted(zone.rglob("*")):
                name = path.relative_to(self.data).as_posix()
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        return found


@contextmanager
def logged_in(user: str = USER, password: str = PASSWORD) -> Iterator[None]:
    """The login in the environment, and nothing else about fetching."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FRS_FETCH")}
    with mock.patch.dict(os.environ, {**clean, "FRS_FETCH_USER": user, "FRS_FETCH_PASSWORD": password}, clear=True):
        yield


def kept_as_fetched(settings: Settings, folder: Path, time: str, names: Iterable[str] = tuple(SURVEYS)) -> None:
    """Keep the exports of a folder as if they had been fetched at a time that no other was; no server is asked."""
    for name in names:
        place = settings.fetched / name / time
        shutil.copytree(folder / name, place)
        hashes = {part.name: {"sha256": sha256(part)} for part in sorted(place.iterdir())}
        receipt = {"survey": SURVEYS[name], "forms": 1, "files": hashes}
        (place / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")


def seen_again(settings: Settings, name: str, time: str, last: str) -> None:
    """Note that the server had an export again."""
    (settings.fetched / name / "seen.json").write_text(json.dumps({time: last}), encoding="ascii")
