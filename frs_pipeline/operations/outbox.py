"""Post alerts to the webhook: each is kept beside the incident's page until accepted, so that no outage loses one.

An alert waits in a file of its own from before it is sent until it is accepted. Whoever sends it locks that file, so that
it isn't sent twice at once; a machine that dies between sending and removing the file sends it again, recognisably by its
delivery, run and kind. Nothing of the answer is kept.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from frs_pipeline.store.files import atomic
from frs_pipeline.store.settings import Settings

WEBHOOK = "FRS_WEBHOOK_URL"
UNSENT, GIVEN_UP = ".unsent.json", ".given-up.json"
# The age at which an alert is given up: it is no news any more, and `frs doctor` names it.
LONGEST = 7 * 24 * 3600  # seconds
_TIMEOUT = 10  # seconds
# After so many failures the rest waits for the next time: a sensor has only a minute.
_FAILURES = 3


def post(page: Path, content: Mapping[str, object]) -> str | None:
    """Send an alert about the incident on `page`; return why that failed, or None if it was accepted or there is no webhook.

    One that isn't accepted waits beside the page for `resend`.
    """
    if not os.environ.get(WEBHOOK):
        return None
    waiting = page.with_suffix(UNSENT)
    with atomic(waiting) as file:
        file.write(json.dumps(content, ensure_ascii=False).encode())
    return _send(waiting)


def unsent(settings: Settings) -> list[Path]:
    """List alerts that wait, the newest first: these say how things are now."""
    waiting = {path: _age(path) for path in settings.incidents.rglob(f"*{UNSENT}")}
    return sorted(waiting, key=lambda path: (waiting[path], path))


def given_up(settings: Settings) -> list[Path]:
    """List alerts that were never accepted and are no longer sent."""
    return sorted(settings.incidents.rglob(f"*{GIVEN_UP}"))


def resend(settings: Settings) -> dict[Path, str | None]:
    """Send again what waits; return why each failed, or None. One that waited for `LONGEST` is given up and renamed."""
    failures: dict[Path, str | None] = {}
    for path in unsent(settings) if os.environ.get(WEBHOOK) else ():
        if sum(failed is not None for failed in failures.values()) == _FAILURES:
            break
        failures[path] = _send(path)
        if failures[path] is not None and _age(path) > LONGEST:
            path.rename(path.with_name(path.name.removesuffix(UNSENT) + GIVEN_UP))
    return failures


def _age(path: Path) -> float:
    """Return the seconds for which an alert has waited; nothing writes its file again."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _send(waiting: Path) -> str | None:
    """Post what waits in a file, and remove it once accepted; return why it wasn't, without anything of the answer."""
    try:
        with waiting.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not waiting.exists():
                return None  # taken meanwhile
            failed = _call(os.environ.get(WEBHOOK, ""), file.read())
            if failed is None:
                waiting.unlink()
            return failed
    except FileNotFoundError:
        return None  # taken meanwhile
    except BlockingIOError:
        return None  # on its way just now
    except OSError as error:
        return f"{waiting.name}: {error.strerror}"


class _AsCalled(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: urllib would ask the other address without the posted content, and take that for an answer."""

    def redirect_request(self, *_: object) -> None:
        return None


def _call(url: str, body: bytes) -> str | None:
    if not url.startswith(("https://", "http://")):
        return f"{WEBHOOK} isn't an address of the web"
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - looked at above
        with urllib.request.build_opener(_AsCalled).open(request, timeout=_TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}" + (f", another address: set {WEBHOOK} to that" if 300 <= error.code < 400 else "")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return type(error).__name__
