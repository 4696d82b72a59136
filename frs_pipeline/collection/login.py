"""The login of a survey's server: from a file that only its owner reads, or the environment; never shown, logged or kept."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

from frs_pipeline.errors import InputError

LOGIN_FILE, USER, PASSWORD = "FRS_FETCH_LOGIN_FILE", "FRS_FETCH_USER", "FRS_FETCH_PASSWORD"
_LONGEST = 4096  # bytes
_WRITE = "write the user name on its first line and the password on its second, and chmod 600"


class Login:
    """A user name and a password. Nothing that prints, logs or copies an object shows them."""

    __slots__ = ("_header",)

    def __init__(self, user: str, password: str) -> None:
        self._header = b"Basic " + base64.b64encode(f"{user}:{password}".encode())

    def header(self) -> str:
        """Return the header that asks in this name."""
        return self._header.decode("ascii")

    def __repr__(self) -> str:
        return "Login(…)"

    def __reduce__(self) -> tuple[type[Login], tuple[str, str]]:
        raise TypeError("a login isn't written anywhere")


def read_login() -> Login:
    """Read the login from the file that FRS_FETCH_LOGIN_FILE names, else from FRS_FETCH_USER and FRS_FETCH_PASSWORD.

    Raises `InputError`, which repeats neither the login nor the variable's value, when there is none, when there are two, and
    when others may read the file.
    """
    file, user, password = (os.environ.get(name) for name in (LOGIN_FILE, USER, PASSWORD))
    if file and (user or password):
        raise InputError(f"and {USER} both give a login", where=LOGIN_FILE, do="unset one of them")
    if file:
        return _login(*_lines(Path(file)), LOGIN_FILE)
    if user and password:
        return _login(user, password, f"{USER} and {PASSWORD}")
    do = f"name a file in {LOGIN_FILE}: {_WRITE}"
    raise InputError(f"there is no {PASSWORD if user else 'login'} to fetch with", do=do)


def _lines(path: Path) -> tuple[str, str]:
    """Read the two lines of a file of its owner's alone; the file that was looked at is the one that is read."""
    try:
        # A pipe would keep whoever opens it waiting for somebody who writes.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            there = os.fstat(file.fileno())
            if not stat.S_ISREG(there.st_mode):
                raise InputError("names something that isn't a file", where=LOGIN_FILE, do=_WRITE)
            if there.st_mode & 0o077 or there.st_uid not in (os.geteuid(), 0):
                raise InputError(
                    "names a file that others can read, or that somebody else owns",
                    where=LOGIN_FILE,
                    do="chmod 600 it, as its owner",
                )
            content = file.read(_LONGEST + 1)
    except OSError as error:
        # Without the name: whoever takes the variable for the login itself must not see it in a log.
        why = error.strerror or type(error).__name__
    else:
        why = ""
    if why:
        raise InputError(f"names a file that can't be read: {why}", where=LOGIN_FILE, do=_WRITE)
    if len(content) > _LONGEST:
        raise InputError(f"names a file of more than {_LONGEST} bytes", where=LOGIN_FILE, do=_WRITE)
    try:
        lines: list[str] | None = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        lines = None  # the error would hold the text
    if lines is None or len(lines) != 2:
        raise InputError("names a file that isn't two lines of UTF-8", where=LOGIN_FILE, do=_WRITE)
    return lines[0], lines[1]


def _login(user: str, password: str, where: str) -> Login:
    if ":" in user or not (user + password).isprintable():
        what = "give a login that can't be sent: a colon in the user name, or a sign that isn't printable"
        raise InputError(what, where=where, do="correct it")
    return Login(user, password)
