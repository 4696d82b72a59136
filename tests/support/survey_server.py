"""A server of surveys on this machine that plays SurveyXact's REST interface, and misbehaves as it is told.

A test has one in a thread (`serving`), on a port that the system chooses. As a program it serves the exports of a delivery to
whoever practises: `python tests/support/survey_server.py DELIVERY FILE` writes its address into FILE, and ends by itself.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, Timer

USER, PASSWORD = "researcher", "correct horse battery staple"
ASKED = re.compile(r"/rest/surveys/([0-9]+)/export/(dataset|structure|labels)\?format=(EU|INTL_US)&lang=(da|en)")
PARTS = ("dataset", "structure", "labels")
PAGE = b"<!DOCTYPE html>\n<html><body><form>Log in</form></body></html>\n"
# The longest that the program serves, should nobody end it (s).
LIFE = 300


class Server(ThreadingHTTPServer):
    """`exports` are the folders of surveys by their numbers, `mode` is how it misbehaves, `asked` what it was asked for."""

    daemon_threads = True
    # A test shuts the server down while a slow answer is still at work.
    block_on_close = False

    def __init__(self, exports: dict[int, Path], mode: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.exports, self.mode = exports, mode
        self.asked: list[tuple[str, str]] = []
        self.secure = False

    @property
    def address(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.server_address[1]}/rest"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever asked may have hung up, which is what many tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path))
        asked = ASKED.fullmatch(self.path)
        name = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {name}":
            self.answer(b"Internal Server Error\n", 500)  # as SurveyXact does
        elif asked is None or int(asked[1]) not in self.server.exports:
            self.answer(b"no such survey\n", 404)
        else:
            content = (self.server.exports[int(asked[1])] / f"{asked[2]}.csv").read_bytes()
            mode, _, part = self.server.mode.partition(" ")
            misbehave = getattr(self, f"mode_{mode}", None) if not part or part == asked[2] else None
            (misbehave or self.answer)(content)

    def answer(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", headers.pop("type", "text/csv"))
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def begin(self, **headers: str) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    # How it misbehaves, by name; a second word limits it to one part of the export.
    def mode_forbidden(self, content: bytes) -> None:
        self.answer(b"no\n", 403)

    def mode_broken(self, content: bytes) -> None:
        self.answer(b"", 503)

    def mode_header_only(self, content: bytes) -> None:
        self.answer(content[: content.index(b"\n") + 1])

    def mode_half(self, content: bytes) -> None:
        """Half of the body, of which the length is said."""
        self.begin(Content_Length=str(len(content)))
        self.wfile.write(content[: len(content) // 2])

    def mode_chunked(self, content: bytes) -> None:
        """A whole body in pieces, as it should be."""
        self.begin(Transfer_Encoding="chunked")
        for at in range(0, len(content), 1000):
            self.chunk(content[at : at + 1000])
        self.wfile.write(b"0\r\n\r\n")

    def mode_half_chunked(self, content: bytes) -> None:
        self.begin(Transfer_Encoding="chunked")
        self.chunk(content[: content.index(b"\n", len(content) // 2) + 1])

    def mode_no_length(self, content: bytes) -> None:
        """A body that ends where the connection does: nobody could tell half of it from all."""
        self.begin()
        self.wfile.write(content)

    def mode_compressed(self, content: bytes) -> None:
        self.answer(content, Content_Encoding="gzip")

    def mode_elsewhere(self, content: bytes) -> None:
        self.answer(b"", 302, Location="https://elsewhere.example/login?next=here")

    def mode_moved(self, content: bytes) -> None:
        self.answer(b"", 301, Location=f"{self.path}&again=1")

    def mode_nowhere(self, content: bytes) -> None:
        self.answer(b"", 302, Location="https://[elsewhere/")

    def mode_long_length(self, content: bytes) -> None:
        self.begin(Content_Length="9" * 5000)

    def mode_page(self, content: bytes) -> None:
        self.answer(PAGE, type="text/html; charset=utf-8")

    def mode_page_as_csv(self, content: bytes) -> None:
        self.answer(PAGE)

    def mode_nothing(self, content: bytes) -> None:
        self.answer(b"")

    def mode_hangs_up(self, content: bytes) -> None:
        self.close_connection = True

    def mode_silent(self, content: bytes) -> None:
        time.sleep(3)

    def mode_large(self, content: bytes) -> None:
        self.answer(b"", Content_Length=str(10**12))

    def mode_two_lengths(self, content: bytes) -> None:
        self.begin(Content_Length="10", CONTENT_LENGTH="20")
        self.wfile.write(content[:20])

    def mode_endless(self, content: bytes) -> None:
        self.begin(Transfer_Encoding="chunked")
        for _ in range(100):
            self.chunk(b"a;b;c\r\n" * 10_000)

    def mode_drips(self, content: bytes) -> None:
        """A byte now and then, so that no single read takes long."""
        self.begin(Content_Length=str(len(content)))
        self.drip(content)

    def mode_drips_chunked(self, content: bytes) -> None:
        self.begin(Transfer_Encoding="chunked")
        self.drip(b"".join(b"1\r\n%c\r\n" % byte for byte in content))

    def mode_drips_header(self, content: bytes) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nX-Filler: " + b"x" * 10_000)

    def mode_utf16_as_nothing(self, content: bytes) -> None:
        """UTF-16 without the mark that says so."""
        self.answer(content.decode("cp1252").encode("utf-16-le"))

    def mode_utf8_twice(self, content: bytes) -> None:
        """What comes out when UTF-8 is taken for cp1252, and written again."""
        self.answer(content.decode("cp1252").encode("utf-8").decode("cp1252", "replace").encode("utf-8", "replace"))

    def mode_json(self, content: bytes) -> None:
        self.answer(b'{"error": "no"}', type="application/json")

    def mode_exchanged(self, content: bytes) -> None:
        """The part of another survey."""
        part = Path(self.path.partition("?")[0]).name
        other = max(self.server.exports)
        self.answer((self.server.exports[other] / f"{part}.csv").read_bytes())

    def chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def drip(self, content: bytes) -> None:
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.02)


@contextmanager
def serving(exports: dict[int, Path], mode: str = "", secure: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server in a thread that ends with the test."""
    server = Server(exports, mode)
    if secure is not None:
        # The handshake belongs to the thread of the request, where a client that refuses disturbs nobody.
        server.socket = secure.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.secure = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def mute() -> Iterator[str]:
    """The address of a socket that takes connections and never says a word, not even of a handshake."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def main(delivery: str, file: str) -> None:
    """Serve the exports of a delivery, numbered from 101 in the order of their folders' names."""
    folders = sorted(path for path in Path(delivery).iterdir() if (path / "dataset.csv").is_file())
    server = Server(dict(enumerate(folders, start=101)))
    Timer(LIFE, server.shutdown).start()
    written = Path(f"{file}.part")
    written.write_text(f"{server.address}\n", encoding="ascii")
    written.rename(file)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
