"""A study: the folder of files that describe it; and the models of these files, one module each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from frs_pipeline.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Study:
    """One study, by the folder that holds its `study.yaml`.

    What the folder holds is read when it is asked for, and kept with this object: another object reads it again.
    """

    folder: Path
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[Study], tuple[Path]]:
        return Study, (self.folder,)  # another process reads the files for itself

    def again(self) -> Study:
        """Return the same study with nothing read yet: its files may have changed since."""
        return Study(self.folder)


def derived(make: Callable[Concatenate[Study, P], T]) -> Callable[Concatenate[Study, P], T]:
    """Keep what `make` derives from a study with the study: it is made once per study object and arguments.

    A failure because a file is wrong is kept, too: everything that depends on the file asks for it.
    """

    @wraps(make)
    def kept(study: Study, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (make, args, tuple(sorted(kwargs.items())) if kwargs else ())
        if key not in study.kept:
            try:
                study.kept[key] = make(study, *args, **kwargs)
            except InputError as error:
                study.kept[key] = error
        value: T | InputError = study.kept[key]
        if isinstance(value, InputError):
            raise value.with_traceback(None)
        return value

    return kept
