"""Results that policy put away: what is gone of them can be made again, and nothing makes it unless somebody asks for it.

The manifest stays, and with it the root; so does what a later delivery is compared with.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from frs_pipeline.store.files import Store, atomic

# In the curated folder of a delivery; it holds the day.
AWAY = "put-away.txt"


def said(store: Store) -> str | None:
    """Say since when a delivery's results are put away; None when they aren't."""
    try:
        day = _mark(store).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        day = ""
    try:
        return f"put away on {dt.date.fromisoformat(day)}"
    except ValueError:
        return "put away"


def note(store: Store, day: dt.date) -> None:
    """Note that a delivery's results are put away, before anything of them goes."""
    with atomic(_mark(store)) as file:
        file.write(f"{day}\n".encode("ascii"))


def forget(store: Store) -> None:
    """Remove the note: they were made again."""
    _mark(store).unlink(missing_ok=True)


def _mark(store: Store) -> Path:
    return store.settings.curated(store.delivery) / AWAY
