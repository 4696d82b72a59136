"""`make ui` on this machine only, and patience for what it does by itself."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from frs_pipeline.store.settings import PROJECT, Settings
from support import keys


def until(what: Callable[[], object], seconds: float) -> float:
    """Wait until `what` is true; how long it took."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < seconds, "it took too long"
        time.sleep(0.5)
    return time.monotonic() - started


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as page:
            return page.status == 200
    except (OSError, urllib.error.URLError):
        return False


def home_in(folder: Path, storage: str = "") -> Path:
    """An empty history, kept as `make ui` keeps it, or where `storage` says."""
    home = folder / "home"
    home.mkdir()
    shutil.copy(PROJECT / ".dagster_home" / "dagster.yaml", home)
    with (home / "dagster.yaml").open("a", encoding="utf-8") as file:
        file.write(storage)
    return home


def retries() -> str:
    """What the shipped configuration says of runs that are made again."""
    shipped = yaml.safe_load((PROJECT / ".dagster_home" / "dagster.yaml").read_text(encoding="utf-8"))
    return yaml.safe_dump({"run_retries": shipped["run_retries"]})


@contextmanager
def serving(settings: Settings, home: Path, log: Path, workspace: Path | None = None) -> Iterator[str]:
    """Webserver and daemon; their address, once the first page is there. They may be dead by the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"DAGSTER_HOME": str(home), "FRS_KEY_FILE": str(settings.key)}
    environment = {**keys.environment_of(settings.data), **own}
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    command += ["-w", str(workspace)] if workspace else []
    with log.open("ab") as file:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=file, stderr=file, start_new_session=True)
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/"), 120)
            yield f"http://127.0.0.1:{port}"
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def processes_of(home: Path) -> list[int]:
    """Every process that was started for this history, whoever its parent is by now."""
    mark, found = f"DAGSTER_HOME={home}".encode(), []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdecimal() and mark in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
        except OSError:
            continue  # it has ended, or is somebody else's
    return [pid for pid in found if pid != os.getpid()]


def switch_off(home: Path) -> int:
    """Kill every process at once, as a machine does that is switched off; how many there were."""
    killed = 0
    while pids := processes_of(home):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                continue
        time.sleep(0.2)
    return killed
