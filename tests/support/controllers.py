"""A controllers' desk: keys, recipients, a register in plain text, and a data folder that is somewhere else."""

import hashlib
from pathlib import Path

import pyrage

from frs_pipeline.codebook.entries import FULL_COLUMNS, lock, plain
from frs_pipeline.codebook.vault import CONTROLLERS
from frs_pipeline.store.settings import Settings
from support.study import STUDY

HEADER = "personnummer;raadslagningsnummer;dato;anledning"
# Long numbers: none of them turns up in a hash by chance. Day + 60: nobody's personal numbers.
LINES = (
    "610118-4011;402220001;2018-02-01;rådslagning",
    "7202184022;402220002;2018-03-01;rådslagning",
    "830318-4033;402220003;2018-04-01;rådslagning",
    "610118-4011;402220004;2018-08-01;opfølgning",
    "7202184022;402220005;2018-09-01;opfølgning",
)
PERSONAL = ("610118-4011", "720218-4022", "830318-4033", "610118-4011", "720218-4022")
NUMBERS = tuple(range(402220001, 402220006))


class Desk:
    """Keys of the controllers anne and bo, of the pipeline, and of eve, for whom nothing is locked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "desk"
        self.folder.mkdir()
        self.settings = Settings(STUDY, folder / "data")
        self.delivery = self.settings.raw_delivery("2021-01-31")
        self.recipient: dict[str, str] = {}
        for name in ("anne", "bo", "pipeline", "eve"):
            identity = pyrage.x25519.Identity.generate()
            self.key(name).write_text(f"# {name}\n{identity}\n", encoding="ascii")
            self.recipient[name] = str(identity.to_public())
        self.register = self.folder / "kodebog.csv"
        self.write(*LINES)
        self.controllers()

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.txt"

    def write(self, *lines: str, encoding: str = "utf-8", end: str = "\n") -> None:
        self.register.write_bytes(end.join([HEADER, *lines, ""]).encode(encoding))

    def controllers(self, *names: str) -> Path:
        """A file with the recipients of `names`, anne and bo unless told."""
        path = self.folder / "controllers.txt"
        path.write_text("# os to\n\n" + "".join(f"{self.recipient[name]}\n" for name in names or ("anne", "bo")))
        return path

    def lock_full(self, entries: object, folder: Path, *names: str) -> Path:
        """The controllers' codebook of `entries` as a file, without all that leads to one."""
        recipients = [self.recipient[name] for name in names or ("anne", "bo")]
        (folder / CONTROLLERS).write_bytes(lock(plain(entries, FULL_COLUMNS), recipients))
        return folder / CONTROLLERS


def tree(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder, but for the journal's."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("access-journal.")
    }
