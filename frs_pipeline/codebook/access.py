"""The trace of what is done with the codebook: who did it, when, why, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_pipeline.errors import FrsError
from frs_pipeline.store.journal import append, operating_system_user, require_reason

REFUSED = "refused"
# Something that was noted first, and then couldn't be done.
UNDONE = "undone"
_UNSAID = "(no reason that may stand here)"


@dataclass(frozen=True)
class Trace:
    """Something that is being done with the codebook, for which the journal `path` waits."""

    path: Path
    event: str
    who: str
    why: str

    def note(self, details: Mapping[str, Any]) -> int:
        """Write the entry, and return its number; to be called before anything comes of what is done."""
        return append(self.path, self.event, who=self.who, why=self.why, details=details).number

    def undo(self, entry: int) -> None:
        """Note that nothing came of what an entry tells."""
        append(self.path, UNDONE, who=self.who, why=self.why, details={"entry": entry})


@contextmanager
def traced(path: Path, event: str, why: str, details: Mapping[str, Any]) -> Iterator[Trace]:
    """Something that needs a reason. When it is refused, that is an entry, too, with `details`."""
    who, said = operating_system_user(), _UNSAID
    try:
        require_reason(why, event)
        said = why
        yield Trace(path, event, who, why)
    except FrsError as error:
        append(path, REFUSED, who=who, why=said, details={"command": event, "because": error.what, **details})
        raise
