"""Ask a survey's server for an export: SurveyXact's REST interface, by GET and nothing else.

No redirect is followed, certificates are verified, no proxy or login of the environment is used, and nothing is taken for an
answer that isn't known to be whole. Whatever goes wrong is an `InputError` of one line without a cause: the causes hold the
request, and that holds the login.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError

from frs_pipeline.collection.login import LOGIN_FILE, Login
from frs_pipeline.errors import InputError
from frs_pipeline.study.fetching import Fetch

# What is fetched of a survey. The forms come last: what described them a moment before can't know less than they do.
PARTS = ("structure", "labels", "dataset")
TRUSTED = "FRS_FETCH_CA_FILE"
CONNECT, READ = 10.0, 60.0  # seconds until a connection stands, and between two pieces of an answer
_PIECE = 1 << 16
# A kind of content as servers write it; of anything else nothing is kept.
_KIND = re.compile(r"[A-Za-z0-9.+-]{1,40}/[A-Za-z0-9.+-]{1,40}(?:; ?charset=[A-Za-z0-9-]{1,20})?")
_MEGABYTE = 10**6
_DIGITS = 15  # of a length that anything could have
_AGAIN = "try again later; nothing was kept, and the last good export and delivery stay"
_ASK = "ask whoever runs the survey's server; nothing was kept"
# What a status means, and what to do about it. A missing login is said in words: the status alone would mislead.
_STATUS = {
    401: ("answers 401: the login is wrong, or isn't one for this interface", f"correct the file that {LOGIN_FILE} names"),
    403: ("answers 403: this login may not read the survey", "have the survey shared with it"),
    404: ("answers 404: there is no such survey, or the address is another", "correct fetch: in study.yaml"),
    429: ("answers 429: it was asked too often", _AGAIN),
    500: (
        "answers 500, as SurveyXact does where a login is missing, wrong or may not read the survey (and where it fails)",
        f"check the login ({LOGIN_FILE}) and the survey's number first; {_AGAIN}",
    ),
}


@dataclass(frozen=True)
class Answer:
    """One part of an export as the server sent it: what was asked, when the answer was whole (UTC), its size and hash."""

    request: str
    received: str
    type: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SurveyXact:
    """A server of surveys, whom to ask it as, and how long a connection or a piece of an answer may take (s)."""

    fetch: Fetch
    login: Login
    connect: float = CONNECT
    read: float = READ
    seconds: float | None = None

    def address(self, survey: int, part: str) -> str:
        """Return the address of one part of a survey's export; it holds no login."""
        asked = f"surveys/{survey}/export/{part}?format={self.fetch.format}&lang={self.fetch.language}"
        return f"{self.fetch.address}/{asked}"

    def save(self, survey: int, part: str, file: IO[bytes]) -> Answer:
        """Write one part of a survey's export into `file`, byte by byte as it comes.

        Raises `InputError` for any answer but a whole one of a CSV file's kind, and `OSError` when it can't be written.
        """
        where = self.address(survey, part)
        size, digest, head = 0, hashlib.sha256(), b""
        with _Deadline(self.fetch.seconds if self.seconds is None else self.seconds) as deadline:
            asked = _Asked(where, deadline, self.fetch.megabytes * _MEGABYTE)
            with closing(asked.answer(self)) as response:
                for piece in asked.body(response):
                    size, head = size + len(piece), head or piece
                    digest.update(piece)
                    file.write(piece)
                kind = response.headers.get("Content-Type", "")
        _refuse_other_kinds(where, head, kind)
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Answer(f"GET {where}", now, kind if _KIND.fullmatch(kind) else "", size, digest.hexdigest())


@dataclass(frozen=True)
class _Asked:
    """One request and its bounds; `largest` is in bytes."""

    where: str
    deadline: _Deadline
    largest: int

    def error(self, what: str, do: str = _AGAIN) -> InputError:
        return InputError(what, where=self.where, do=do)

    def answer(self, server: SurveyXact) -> requests.Response:
        """Ask, and return an answer of status 200 whose body is still to be read."""
        headers = {"Authorization": server.login.header(), "Accept-Encoding": "identity", "User-Agent": "frs_pipeline"}
        failed: InputError | None = None
        try:
            # Not through a session, which reads the environment, and the whole body of a redirect.
            request = requests.Request("GET", self.where, headers=headers).prepare()
            timeout = (server.connect, server.read)
            response = _adapter(self.deadline).send(request, stream=True, timeout=timeout, verify=_trusted())
        except InputError as error:
            failed = error
        except Exception as error:
            failed = self._failure(error, server)
        if failed is not None:  # outside of the handler: the error that is raised knows no other
            raise failed
        try:
            if self.deadline.over:  # amid the headers, of which the rest then counts as said
                raise self._late()
            self._refuse(response)
        except InputError:
            response.close()
            raise
        return response

    def _refuse(self, response: requests.Response) -> None:
        """Raise `InputError` for anything but an answer that may be read to its end."""
        status = response.status_code
        if 300 <= status < 400:
            host = _host(response.headers.get("Location", ""))
            other = host is not None and host.isascii() and host != urlsplit(self.where).hostname
            to = f"to another host, {host}" if other else "elsewhere"
            raise self.error(f"redirects {to} ({status}), and no redirect is followed", "correct fetch: address in study.yaml")
        if status != 200:
            what, do = _STATUS.get(status, (f"answers {status}", _AGAIN))
            raise self.error(what, do)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise self.error("answers compressed, though asked not to", _ASK)
        length, chunked = _length(response), "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if length is None and not chunked:
            raise self.error("doesn't say how long its answer is: half of it couldn't be told from all of it", _ASK)
        if length is not None and length > self.largest:
            raise self._too_large()

    def body(self, response: requests.Response) -> Iterator[bytes]:
        """Yield the body of an answer piece by piece, as the bytes that came."""
        size, length = 0, _length(response)
        pieces, failed = response.raw.stream(_PIECE, decode_content=False), None
        while failed is None:
            try:
                piece = next(pieces, None)
            except Exception as error:
                failed = self._failure(error, None)
                break
            if piece is None:
                break
            size += len(piece)
            if size > self.largest:
                raise self._too_large()
            yield piece
        if failed is None and self.deadline.over:
            failed = self._late()
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if failed is None and not chunked and length != size:
            failed = self._cut()
        if failed is not None:
            raise failed

    def _failure(self, error: BaseException, server: SurveyXact | None) -> InputError:
        """Say in one line what an error of the network means. Nothing of its own text is kept but what a certificate lacks."""
        if self.deadline.over:
            return self._late()
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                what = f"its certificate can't be trusted: {cause.verify_message}"
                return self.error(what, f"nothing was sent; {_ASK}, or name its authority in {TRUSTED}")
        kinds = tuple(map(type, causes))
        if server and any(issubclass(kind, ssl.SSLError) for kind in kinds):
            return self.error("no secure connection could be made", f"nothing was sent; {_ASK}")
        if any(issubclass(kind, NameResolutionError | socket.gaierror) for kind in kinds):
            return self.error("there is no such host", "correct fetch: address in study.yaml, or look at the network")
        if any(issubclass(kind, ConnectTimeoutError | NewConnectionError) for kind in kinds):
            return self.error("no connection could be made", _AGAIN)
        if any(issubclass(kind, ReadTimeoutError | TimeoutError) for kind in kinds):
            return self.error("stopped answering", _AGAIN)
        return self.error("closed the connection without an answer that can be understood") if server else self._cut()

    def _late(self) -> InputError:
        what = f"didn't answer in full within {self.deadline.seconds:g} seconds"
        return self.error(what, f"{_AGAIN}; fetch: seconds in study.yaml says how long it may take")

    def _cut(self) -> InputError:
        return self.error("its answer was cut short", _AGAIN)

    def _too_large(self) -> InputError:
        what = f"its answer is larger than {self.largest // _MEGABYTE} megabytes"
        return self.error(what, "look at the survey; fetch: megabytes in study.yaml says how large it may be")


def _length(response: requests.Response) -> int | None:
    """Return how many bytes an answer says that it has; None where it doesn't say so in plain digits."""
    said = response.headers.get("Content-Length", "")
    return int(said) if len(said) <= _DIGITS and said.isascii() and said.isdigit() else None


def _host(address: str) -> str | None:
    """Return the host of an address that a server gives; None for what is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, what it wraps and what it came from: each library puts it in another place."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _refuse_other_kinds(where: str, head: bytes, kind: str) -> None:
    """Raise `InputError` for an empty answer, and for a page where a CSV file belongs."""
    if not head:
        raise InputError("answers with nothing", where=where, do=_AGAIN)
    begins = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").replace(b"\0", b"").lstrip()
    if begins.startswith(b"<") or "html" in kind.lower():
        do = f"open the address in a browser; check the login ({LOGIN_FILE}) and fetch: in study.yaml"
        raise InputError("answers with a web page (HTML) instead of a CSV file: often a login form", where=where, do=do)


def _trusted() -> str | bool:
    """Return the file of authorities that FRS_FETCH_CA_FILE names, else True for those that come with the library."""
    named = os.environ.get(TRUSTED)
    if named and not Path(named).is_file():
        raise InputError("names a file that isn't there", where=TRUSTED, do="name a file of certificates (PEM), or unset it")
    return named or True


class _Deadline:
    """Ends every connection that it watches once so many seconds have passed, in whatever state that is.

    A bound on each read doesn't end a server that sends a byte a second, and headers and handshakes are read where no caller
    can look at a clock.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.over = seconds, False
        self._lock, self._watched = Lock(), list[socket.socket]()
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()
        # A thread that is still about to end when the interpreter does may take the whole process down with it.
        self._timer.join()

    def watch(self, connection: socket.socket) -> None:
        """End this connection, too. A copy is kept, for the original is given away when it becomes a secure one."""
        with self._lock:
            self._watched.append(connection.dup())
        if self.over:
            self._end()

    def _end(self) -> None:
        self.over = True
        with self._lock:
            for watched in self._watched:
                with suppress(OSError):
                    watched.shutdown(socket.SHUT_RDWR)


def _adapter(deadline: _Deadline) -> HTTPAdapter:
    """Make what opens connections, each watched by `deadline` from its first moment; nothing is tried again."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            deadline.watch(connection)
            return connection

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            deadline.watch(connection)
            return connection

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    adapter = HTTPAdapter(max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return adapter
