"""Runs that begin at once: forked from a process that has imported everything and started no thread of Python's.

As a script it waits for lines of JSON on standard input, `{"data": folder, "only": assets or null, "die_at": name or
null}`; for each it forks a run, says its process id, and when it has ended its status.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

KILLED = -signal.SIGKILL
# Seconds after which a run counts as hanging.
PATIENCE = 300


class Warmed:
    """The process that runs are forked from, one run at a time."""

    def __init__(self) -> None:
        # A library that starts threads when it is imported could leave a lock taken in the forked process.
        beside = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": beside}
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        assert self._answer() == {"threads": 1}

    def _answer(self) -> dict[str, int]:
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], "a run hangs"
        return json.loads(self.process.stdout.readline())

    def run(self, data: Path, kill_after: float | None = None, only: str | None = None, die_at: str | None = None) -> int:
        """A refresh, killed after some seconds or when it is about to give a file this name; its exit status."""
        self.process.stdin.write(json.dumps({"data": str(data), "only": only, "die_at": die_at}) + "\n")
        self.process.stdin.flush()
        pid = self._answer()["pid"]
        if kill_after is not None:
            _wait(pid, kill_after)
            os.kill(pid, signal.SIGKILL)  # it isn't reaped before it is asked for
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._answer()["status"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _wait(pid: int, seconds: float) -> None:
    """So many seconds, or, where the system can tell, until the process has ended."""
    if not hasattr(os, "pidfd_open"):
        time.sleep(seconds)
        return
    handle = os.pidfd_open(pid)
    select.select([handle], [], [], seconds)
    os.close(handle)


def _refresh(data: str, only: str | None, die_at: str | None) -> None:
    from frs_pipeline.operations.refresh import refresh
    from support.keys import settings_of

    replace = Path.replace

    def replace_or_die(self: Path, target: Path) -> Path:
        if Path(target).name == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = replace_or_die  # type: ignore[method-assign]
    refresh(settings_of(Path(data)), select=only)


def _serve() -> None:
    for module in (
        "duckdb",
        "ibis.backends.duckdb",
        "pandera.pandas",
        "frs_pipeline.definitions",
        "frs_pipeline.operations.refresh",
    ):
        importlib.import_module(module)
    # As `frs` does; and what was imported isn't gone through, and copied, in every fork.
    gc.disable()
    _say(threads=threading.active_count())
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            null = os.open(os.devnull, os.O_RDWR)
            for handle in range(3):
                os.dup2(null, handle)
            try:
                _refresh(**json.loads(line))
            except BaseException:
                os._exit(1)
            os._exit(0)
        _say(pid=pid)
        sys.stdin.readline()
        _say(status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _say(**what: int) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    _serve()
