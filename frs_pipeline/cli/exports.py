"""Which export a command about a collection looks at: the same options for each of these commands, in one place."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

from frs_pipeline.cli.root import Delivery
from frs_pipeline.errors import UsageError

if TYPE_CHECKING:
    from frs_pipeline.collection.interim import Interim
    from frs_pipeline.store.settings import Settings

_Others = ParamSpec("_Others")
_Result = TypeVar("_Result")

Folder = Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="An export that is no delivery yet.")]
Fetched = Annotated[bool, typer.Option("--fetched", help="The newest exports that were fetched.")]
Ledger = Annotated[Path | None, typer.Option("--ledger", metavar="FILE", help="The ledger, if it lies elsewhere.")]
Day = Annotated[str | None, typer.Option("--day", metavar="DAY", help="The day of export, where the folder isn't named by it.")]


@dataclass(frozen=True)
class Named:
    """An export as the options name it; the newest delivery where they name none."""

    folder: Folder = None
    delivery: Delivery = None
    fetched: Fetched = False
    ledger: Ledger = None
    day: Day = None

    def interim(self, settings: Settings) -> Interim:
        """Return the export. Raises `UsageError` where several are named, or what is named isn't there."""
        from frs_pipeline.collection.interim import fetched, in_folder
        from frs_pipeline.store.together import choose_one

        if sum(map(bool, (self.folder, self.delivery, self.fetched))) > 1:
            do = "leave one of --folder, --delivery, --fetched"
            raise UsageError("more than one export is named", where="collect", do=do)
        if self.ledger is not None and not self.ledger.is_file():
            raise UsageError("no such file", where="--ledger", do="name the ledger, kontering.csv")
        on = as_day(self.day, "--day")
        if self.fetched:
            return fetched(settings, self.ledger, on)
        if self.folder is not None:
            return in_folder(settings, self.folder.resolve(), self.ledger, on)
        return in_folder(settings, settings.raw_delivery(choose_one(settings, self.delivery)), self.ledger)

    def before(self, newer: Interim, named: str | None) -> Interim:
        """Return the export to compare with: the one that is `named`, else the one before of the same kind."""
        from frs_pipeline.collection.interim import day_before, day_in_name, in_folder
        from frs_pipeline.store.deliveries import deliveries

        settings = newer.settings
        known = deliveries(settings.raw)
        if named is not None and named in known:
            return in_folder(settings, settings.raw_delivery(named))
        if named is not None:
            folder = Path(named).resolve()
            return in_folder(settings, folder, day=None if day_in_name(folder.name) else newer.day)
        older = [name for name in known if name < newer.name]
        earlier = day_before(newer) if self.fetched else in_folder(settings, settings.raw_delivery(older[-1])) if older else None
        if earlier is None:
            raise UsageError("there is no export before this one", where=newer.name, do="name one with --before")
        return earlier


def of_an_export(command: Callable[Concatenate[Named, _Others], _Result]) -> Callable[..., _Result]:
    """Give a command the options of `Named` in place of its first parameter."""
    own = inspect.signature(command, eval_str=True)
    shared = inspect.signature(Named, eval_str=True).parameters.values()
    names = [field.name for field in fields(Named)]

    @functools.wraps(command)
    def with_options(**given: Any) -> _Result:
        named = Named(**{name: given.pop(name) for name in names})
        return command(named, **given)  # type: ignore[call-arg]

    _, *others = own.parameters.values()
    every = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*others, *shared)]
    with_options.__signature__ = own.replace(parameters=every)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in every}
    return with_options


def as_day(text: str | None, option: str) -> dt.date | None:
    """Read the day that an option names. Raises `UsageError` for what isn't one."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError("not a day", where=option, do="write it as 2020-11-30") from None
