"""Debian's PostgreSQL, started for the tests: on 127.0.0.1 and a port that was free, with a password, and ended with them."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.extensions

from support.serving import until

# It refuses to run as root; Debian's package brings this account.
ACCOUNT = "postgres"


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, and the file with its password, as libpq reads it."""

    port: int
    passfile: Path

    def url(self, database: str) -> str:
        """The address of a database, without the password."""
        return f"postgresql+psycopg2://frs@127.0.0.1:{self.port}/{database}"

    def connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host="127.0.0.1", port=self.port, user="frs", dbname="postgres", passfile=str(self.passfile))

    def execute(self, statement: str) -> None:
        connection = self.connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True


def programs() -> Path:
    """The folder of Debian's newest server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    assert found, "make test-services installs postgresql"
    return found[-1].parent


@contextmanager
def postgresql() -> Iterator[Server]:
    """A server with no data in it."""
    root = os.getuid() == 0
    account = pwd.getpwnam(ACCOUNT) if root else pwd.getpwuid(os.getuid())
    # Not among what pytest keeps: no other account may enter that.
    folder = Path(tempfile.mkdtemp(prefix="frs-postgresql-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    as_account = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"] if root else []
    password = secrets.token_hex(16)
    try:
        (folder / "password").write_text(f"{password}\n", encoding="ascii")
        os.chown(folder / "password", account.pw_uid, account.pw_gid)
        os.chown(folder, account.pw_uid, account.pw_gid)
        make = [programs() / "initdb", "--pgdata", folder / "data", "--username", "frs", "--pwfile", folder / "password"]
        make += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        subprocess.run([*as_account, *make], cwd=folder, check=True, capture_output=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        command = [programs() / "postgres", "-D", folder / "data", *(f"--{name}={value}" for name, value in options.items())]
        with tempfile.NamedTemporaryFile("w", delete=False) as passfile:
            passfile.write(f"127.0.0.1:{port}:*:frs:{password}\n")
        server = Server(port, Path(passfile.name))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*as_account, *command], cwd=folder, stdout=log, stderr=log)
        try:
            until(server.answers, 60)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # it ends whoever is still connected, and then itself
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            server.passfile.unlink()
    finally:
        shutil.rmtree(folder)
