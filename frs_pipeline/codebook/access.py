"""The trace of what is done with the codebook: who did what, when, why, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_pipeline.errors import FrsError
from frs_pipeline.store.journal import append, operating_system_user, require_reason

REFUSED = "refused"
# The event that cancels an entry: what it noted beforehand couldn't be done.
UNDONE = "undone"
# Stands for a reason that is missing, or that holds a personal number.
_UNSAID = "(no reason that may stand here)"


@dataclass(frozen=True)
class Trace:
    """Something that is being done with the codebook, to be noted in the journal at `path`."""

    path: Path
    event: str
    who: str
    why: str

    def note(self, details: Mapping[str, Any]) -> int:
        """Write the entry and return its number; call it before anything comes of what is done."""
        return append(self.path, self.event, who=self.who, why=self.why, details=details).number

    def undo(self, entry: int) -> None:
        """Note that nothing came of what an entry records."""
        append(self.path, UNDONE, who=self.who, why=self.why, details={"entry": entry})


@contextmanager
def traced(path: Path, event: str, why: str, details: Mapping[str, Any]) -> Iterator[Trace]:
    """Trace something that needs a reason. A refusal is journalled too, with `details`."""
    who, reason = operating_system_user(), _UNSAID
    try:
        require_reason(why, event)
        reason = why
        yield Trace(path, event, who, why)
    except FrsError as error:
        append(path, REFUSED, who=who, why=reason, details={"command": event, "because": error.what, **details})
        raise
