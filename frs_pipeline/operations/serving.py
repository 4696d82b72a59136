"""Serve `make ui`: Dagster's webserver and daemon on this machine, or one line that says why not."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from pathlib import Path
from typing import NoReturn

from frs_pipeline import logs
from frs_pipeline.errors import FrsError, InputError, UsageError

HOST = "127.0.0.1"
# What people would take for something wrong: the UI knows of what it or its history has seen, and of nothing else.
UNRECORDED = (
    "make ui: what frs run made without a history stands here as never materialised, though it may be up to date: "
    "frs doctor says which files are. To record frs run from now on: export DAGSTER_HOME={history}"
)


def free_port(text: str) -> int:
    """Return the port of that number. Raises `UsageError` for what is no port, `FrsError` when another program has it.

    Dagster would look only after its daemon had begun to refresh deliveries.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise UsageError("not a port", where=f"PORT={text}", do="give a number from 1 to 65535: make ui PORT=3001")
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of a server that has just ended
            probe.bind((HOST, int(text)))
            probe.listen()
    except OSError as error:
        what = f"can't be listened on: {error.strerror}"
        raise FrsError(what, where=f"{HOST}:{text}", do="end what is there, or choose another port: make ui PORT=3001") from error
    return int(text)


def _main(arguments: list[str]) -> NoReturn:
    """Become `dagster dev` on a port that is free, with the history of this project's `.dagster_home`."""
    try:
        logs.begin()
        port, history = free_port(*arguments), Path.cwd() / ".dagster_home"
        if not os.access(history, os.R_OK | os.W_OK | os.X_OK) or not history.is_dir():
            raise InputError(
                "isn't a folder that can be used", where=history, do="put it back from the project; it keeps history"
            )
    except FrsError as error:
        said = f"make ui: {error}"
        print(logs.line("error", said) if logs.as_json() else said, file=sys.stderr)
        sys.exit(error.exit_code)
    said = UNRECORDED.format(history=shlex.quote(str(history)))
    print(logs.line("info", said) if logs.as_json() else said, file=sys.stderr)
    os.environ["DAGSTER_HOME"] = str(history)
    os.environ["PYTHONUTF8"] = "1"  # names of files, whatever the locale says
    program = [sys.executable, "-m", "dagster", "dev", "--host", HOST, "--port", str(port)]
    # Of Dagster's own processes; those that load a study write as `logs` says.
    program += ["--log-format", "json"] if logs.as_json() else []
    os.execv(sys.executable, program)  # noqa: S606  # no shell: a blank or & in a path is nothing to it


if __name__ == "__main__":
    _main(sys.argv[1:])
