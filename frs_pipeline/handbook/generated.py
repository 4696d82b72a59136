"""Files that are made from others and kept in the repository: written anew, or only checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def keep(target: Path, make: Callable[[], str], arguments: Sequence[str]) -> int:
    """Write what `make` gives to `target`; with `--check` only say whether it is there already. Returns an exit code."""
    text = make()
    if list(arguments) == ["--check"]:
        fresh = target.exists() and target.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"{target}: stale; run make docs", file=sys.stderr)
        return 0 if fresh else 1
    target.write_text(text, encoding="utf-8", newline="")
    return 0
