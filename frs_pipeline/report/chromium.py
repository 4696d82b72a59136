"""Print a page as a tagged PDF with an outline, by a Chromium of this machine that reaches no network.

The same page gives the same bytes by the same browser: the only thing of a PDF that tells the time is set to a day that is given.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from frs_pipeline.errors import FrsError, InputError

# What browsers that print like this are called, the first that is there.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
_OF_A_MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
# Seconds after which a browser is given up.
PATIENCE = 300
_TIME = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}\+00'00'\)")
_INSTALL = "install Chromium, such as by apt-get install chromium, or name a browser by FRS_CHROMIUM"


@dataclass(frozen=True)
class Printed:
    """A PDF: its bytes, how many pages it has, and the titles of its outline in order."""

    content: bytes
    pages: int
    outline: tuple[str, ...]


def browser() -> Path:
    """Return the browser that prints. Raises `InputError` where there is none, or not where FRS_CHROMIUM says."""
    named = os.environ.get("FRS_CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise InputError("no program that can be run", where=f"FRS_CHROMIUM={named}", do="name Chromium or Google Chrome")
        return Path(found)
    mac = (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in _OF_A_MAC)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    program = Path(found) if found else next((path for path in mac if path.is_file()), None)
    if program is None:
        raise InputError("no browser that can print", where="PDF", do=_INSTALL)
    return program


def printed(page: str, told: datetime) -> Printed:
    """Print a page that needs no other file; the PDF says that it was made at `told`. Raises `FrsError` where that fails."""
    program = browser()
    with tempfile.TemporaryDirectory(prefix="frs-pdf-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [
            str(program),
            "--headless=new",
            # It reads one file that we wrote; as root, it would start no other way.
            *(["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            "--export-tagged-pdf",
            "--generate-pdf-document-outline",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise FrsError(f"printed nothing in {PATIENCE} s", where=program, do="try again on a quieter machine") from error
        except OSError as error:
            raise InputError("can't be run", where=program, do=_INSTALL) from error
        if not target.is_file():
            raise FrsError(f"printed nothing (it ended with {done.returncode})", where=program, do="try a newer Chromium")
        content = target.read_bytes()
    return _checked(_TIME.sub(lambda found: _at(found[1], told), content), program)


def _at(key: bytes, told: datetime) -> bytes:
    return b"/%s (D:%s+00'00')" % (key, told.astimezone(UTC).strftime("%Y%m%d%H%M%S").encode())


def _checked(content: bytes, program: Path) -> Printed:
    """Return a PDF with what it holds. Raises `FrsError` for one without tags or an outline."""
    made = Printed(content, len(re.findall(rb"/Type /Page\b(?!s)", content)), tuple(outline(content)))
    lacking = [name for name, there in (("tags", b"/StructTreeRoot" in content), ("bookmarks", made.outline)) if not there]
    if lacking:
        raise FrsError(f"prints PDFs without {' and '.join(lacking)}", where=program, do="use Chromium 128 or newer")
    return made


def outline(content: bytes) -> list[str]:
    """Read the titles of the outline of a PDF as Chromium writes it, in the order of its pages: each after the one it lies in."""
    objects = {int(n): body for n, body in re.findall(rb"(?m)^(\d+) 0 obj\s(.*?)\sendobj", content, re.S) if b"/SE" in body}
    linked = {
        n: {key: int(to) for key, to in re.findall(rb"/(First|Next|Prev|Parent) (\d+) 0 R", body)} for n, body in objects.items()
    }
    firsts = [n for n, to in linked.items() if b"Prev" not in to and to.get(b"Parent") not in linked]

    def told(n: int | None) -> list[str]:
        titles: list[str] = []
        while n in objects:
            title = re.search(rb"/Title (<[0-9A-Fa-f]*>|\((?:\\.|[^\\)])*\))", objects[n], re.S)
            titles += [_text(title[1]) if title else "", *told(linked[n].get(b"First"))]
            n = linked[n].get(b"Next")
        return titles

    return [title for first in firsts for title in told(first)]


def _text(written: bytes) -> str:
    if written.startswith(b"<"):
        return bytes.fromhex(written[1:-1].decode()).decode("utf-16")
    return re.sub(rb"\\(.)", rb"\1", written[1:-1]).decode("latin-1")
