"""People with SSH keys of their own, who release a small study in two hands."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release.signatures import NAMESPACE
from frs_pipeline.store.files import Store
from frs_pipeline.store.journal import Entry, entries
from frs_pipeline.store.journal import operating_system_user as me
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.release import ReleasePolicy, release_policy
from support.small_study import NAME, make_delivery


def make(folder: Path) -> None:
    """A study whose policy asks for two hands, and its delivery, refreshed."""
    study = Study(begin(folder / "evening_school"))
    policy = study.folder / "release.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "\nhands: two\n", encoding="utf-8")
    refresh(make_delivery(Study(study.folder), folder / "evening_school" / "data", forms=120))


class House:
    """A copy of it, in which the account that runs the tests asks for releases, `bo` may sign them, and `eve` may not."""

    def __init__(self, made: Path, place: Path) -> None:
        self.folder = Path(shutil.copytree(made / "evening_school", place / "evening_school"))
        self.keys = place / "keys"
        self.keys.mkdir(mode=0o700)
        for name in ("mine", "bo", "eve"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.keys / name], check=True)
        self.may_sign(f"{me()} {self.public('mine')}", f"bo {self.public('bo')}")

    def may_sign(self, *lines: str) -> None:
        (self.folder / "signers").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (self.folder / "signers").chmod(0o644)

    def public(self, name: str) -> str:
        return " ".join((self.keys / f"{name}.pub").read_text(encoding="ascii").split()[:2])

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def store(self) -> Store:
        """Read anew each time: a file of the study may have been changed."""
        return Store(Settings(Study(self.folder), self.data, self.data / "pipeline.key"), NAME)

    @property
    def policy(self) -> ReleasePolicy:
        return release_policy(self.store.study)

    def environment(self) -> dict[str, str]:
        return {"FRS_STUDY": str(self.folder), "FRS_KEY_FILE": str(self.data / "pipeline.key")}

    def signed(self, content: bytes, by: str, namespace: str = NAMESPACE) -> bytes:
        """What somebody's own ssh-keygen makes of some bytes."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", self.keys / by]
        return subprocess.run(command, input=content, check=True, capture_output=True).stdout

    def journal(self, *events: str) -> list[Entry]:
        return [entry for entry in entries(self.store.settings.release_journal) if not events or entry.event in events]


def because(found: Iterable[Entry]) -> list[Any]:
    return [entry.details["because"] for entry in found]
