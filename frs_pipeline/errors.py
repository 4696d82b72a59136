"""The errors that people meet: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path


class FrsError(Exception):
    """Something a person can act on. `exit_code` is what `frs` ends with."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | Path | None = None, do: str | None = None) -> None:
        self.what, self.where, self.do = what, where, do
        super().__init__(": ".join(str(p) for p in (where, what) if p) + (f" ({do})" if do else ""))


class CheckFailed(FrsError):
    """The data were read, but a check or a comparison failed."""

    exit_code = 1


class UsageError(FrsError):
    """The command was called with something that doesn't exist here."""

    exit_code = 2


class InputError(FrsError):
    """A file that is needed is missing or can't be understood."""

    exit_code = 3
