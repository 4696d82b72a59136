"""The command line's root, and the options and results that its commands share."""

from __future__ import annotations

import re
import sys
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from frs_pipeline import logs
from frs_pipeline.cli.terminal import coloured, plain
from frs_pipeline.errors import CheckFailed, FrsError, InputError, SeveralErrors, UsageError
from frs_pipeline.language import Language
from frs_pipeline.personal_numbers import masked
from frs_pipeline.store.settings import Settings, find_study
from frs_pipeline.store.together import choose_any, choose_one
from frs_pipeline.study import Study

if TYPE_CHECKING:
    import pyarrow as pa

    from frs_pipeline.tables.keying import KeyedTwice

app = typer.Typer(
    name="frs",
    help="Evaluation surveys of family group conferences: from raw exports to the report's tables.",
    epilog="Ends with 0 when all is well, 1 when a check or comparison failed, 2 after wrong use, 3 when input can't be read, "
    "4 when another run is at work on the same delivery. "
    "docs/README.md says which page is for whom.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# The headings under which the help lists commands.
REFRESH, STUDIES, FIGURES = "Refresh", "Studies", "Figures"
COLLECTING = "While forms come in"
FORMS, PEOPLE = "From a figure to its forms, and back", "Protecting people"

Delivery = Annotated[str | None, typer.Option("--delivery", metavar="D", help="Delivery by its date; default: the newest.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="For spreadsheets: every line, with commas and decimal points.")]


Speech = Annotated[
    Language | None, typer.Option("--language", help="Language of what is printed; default: English, of tables the study's own.")
]

# The study and the language that the command line names.
_NAMED: ContextVar[Path | None] = ContextVar("study", default=None)
_SPOKEN: ContextVar[Language | None] = ContextVar("language", default=None)


@app.callback()
def options(
    context: typer.Context,
    study: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the study; default: FRS_STUDY, or the nearest upwards, or the shipped one."),
    ] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="The same before a command as after it, for commands that know two.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Remember which study and language were named. `--debug` is taken by `main`, wherever it stands."""
    _NAMED.set(study)
    _SPOKEN.set(language)
    if language == "danish" and not _knows_danish(context):
        raise UsageError("speaks English only", where=f"frs {context.invoked_subcommand}", do="leave out --language")


def _knows_danish(context: typer.Context) -> bool:
    """Return whether the command that was called, or one below it, has an option for its language."""
    group = context.command
    command = group.get_command(context, context.invoked_subcommand or "") if isinstance(group, typer.core.TyperGroup) else None
    below = getattr(command, "commands", {}).values()
    return any(parameter.name == "language" for one in (command, *below) if one for parameter in one.params)


def speech(given: Language | None, otherwise: Language = "english") -> Language:
    """Return the language that was asked for, after the command or before it; `otherwise` where none was."""
    return given or _SPOKEN.get() or otherwise


def installation() -> Settings:
    """Find the study that the command is about, and its data. Raises `UsageError` for a folder that holds no study."""
    return Settings.from_environment(find_study(_NAMED.get()))


def complain(error: FrsError | str) -> None:
    """Print an error as one line on standard error; several as one line each."""
    for line in error.errors if isinstance(error, SeveralErrors) else (error,):
        # Many errors repeat what was typed, which may have been a personal number.
        text = masked(" ".join(plain(str(line)).split()))
        named = "\x1b[1;31mfrs:\x1b[0m" if coloured(sys.stderr) else "frs:"
        print(logs.line("error", text) if logs.as_json() else f"{named} {text}", file=sys.stderr)


def as_hash(text: str, option: str, whence: str) -> str:
    """Return a noted hash as it is printed. Raises `UsageError` for what can't be one, such as zeros alone."""
    digits = text.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits) or not digits.strip("0"):
        raise UsageError("not a hash that was noted", where=option, do=f"give all 64 letters, as {whence}")
    return digits


class Results:
    """What was made of a delivery, as files. What is out of date is judged once: a command may read many.

    Unless `finished`, also what an interrupted run wrote may be read; only `together` what was made of several deliveries.
    """

    def __init__(self, delivery: str | None, *, finished: bool = True, together: bool = False) -> None:
        from frs_pipeline.store.files import Store

        settings, choose = installation(), choose_any if together else choose_one
        self.store, self.finished = Store(settings, choose(settings, delivery)), finished

    @property
    def study(self) -> Study:
        return self.store.study

    @cached_property
    def stale(self) -> set[tuple[str, ...]]:
        from frs_pipeline.store.files import stale

        return stale(self.store, finished=self.finished)

    def lacks(self, key: tuple[str, ...]) -> bool:
        return not self.store.file(*key).exists() or key in self.stale

    def file(self, key: tuple[str, ...]) -> Path:
        """Return the path of a file that is too large to be read whole. Raises `FrsError` when it is missing or out of date."""
        path = self._made(key)
        self._refuse_stale(key)
        return path

    def read(self, key: tuple[str, ...]) -> pa.Table:
        """Read the rows of a file. Raises `FrsError` when it is missing, can't be read, or is out of date."""
        from frs_pipeline.store.files import read

        path = self._made(key)
        try:
            rows = read(path)
        except (OSError, ValueError) as error:
            raise InputError("cannot be read", where=path, do=self.store.refreshed_by) from error
        self._refuse_stale(key)
        return rows

    def _made(self, key: tuple[str, ...]) -> Path:
        from frs_pipeline.store import away

        path = self.store.file(*key)
        if not path.exists():
            raise InputError(away.said(self.store) or "not made yet", where=path, do=self.store.refreshed_by)
        return path

    def _refuse_stale(self, key: tuple[str, ...]) -> None:
        from frs_pipeline.store import away

        if key in self.stale:
            if since := away.said(self.store):
                raise InputError(since, where=self.store.file(*key), do=self.store.refreshed_by)
            raise CheckFailed("out of date", where=self.store.file(*key), do=self.store.refreshed_by)


def bases(results: Results) -> dict[int, list[dict[str, Any]]]:
    """Read the base of each table, by number; empty when it isn't made or is out of date: tables may be made alone."""
    by_table: dict[int, list[dict[str, Any]]] = {}
    try:
        rows = results.read(("statistics", "bases")).to_pylist()
    except FrsError:
        return by_table
    for row in rows:
        by_table.setdefault(row.pop("table"), []).append(row)
    return by_table


def keying(results: Results) -> dict[int, KeyedTwice]:
    """Read how often the fields of each table were keyed wrongly; empty where no forms were keyed twice, else as `bases`."""
    from frs_pipeline.store.plan import KEYING_OF_TABLES
    from frs_pipeline.tables.keying import keyed_twice

    if KEYING_OF_TABLES not in results.store.products or results.lacks(KEYING_OF_TABLES):
        return {}
    return keyed_twice(results.read(KEYING_OF_TABLES))
