"""The errors that people meet: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

# Errors of a file or folder that nobody can get at: access is refused, it is missing, or something else lies in its place.
_CLOSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ENOENT,
    errno.ELOOP,
    errno.ENXIO,
    errno.EIO,
    errno.ESTALE,
}


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


class SeveralErrors(InputError):
    """Several things wrong with what was read, each an error of its own, so that all can be fixed at once."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        first = errors[0]
        super().__init__(first.what, where=first.where, do=first.do)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


class Gathered:
    """Gathers input errors, so that what follows the first one is examined too; `check` raises them.

    ```
    wrong = Gathered()
    for item in items:
        with wrong:
            judge(item)
    wrong.check()
    ```
    """

    def __init__(self) -> None:
        self.errors: list[InputError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, SeveralErrors):
            self.errors += error.errors
        elif isinstance(error, InputError):
            self.errors.append(error)
        return isinstance(error, InputError)

    def check(self) -> None:
        """Raise what was gathered: `InputError` for one, `SeveralErrors` for more, nothing for none."""
        # What several files share is read once with each of them, and fails each time.
        each = list({str(error): error for error in self.errors}.values())
        if each:
            raise each[0] if len(each) == 1 else SeveralErrors(each)


class Busy(FrsError):
    """Another run is at work on the same delivery: nothing was done, and the same call may succeed once it has ended."""

    exit_code = 4


def unusable(error: BaseException) -> FrsError | None:
    """Turn what the operating system says about a file into an error of one line; None for any other error."""
    if not isinstance(error, OSError) or not error.errno:
        return None
    kind = InputError if error.errno in _CLOSED else FrsError
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
    do = "check that it exists, what it is, and who owns it; nothing was changed"
    return kind(f"cannot be used: {os.strerror(error.errno)}", where=where, do=do)
