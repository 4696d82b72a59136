"""`frs`: a thin face on the same functions that Dagster calls.

Heavy libraries are imported inside the commands that need them, so that a command with little to do is quick.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import NoReturn

import typer

from frs_pipeline import logs

# Imported in the order in which the help lists the commands.
from frs_pipeline.cli import operating

# isort: split
from frs_pipeline.cli import (
    auditing,
    codebook,
    coding,
    collect,
    collecting,
    exploring,
    figures,
    forms,
    gamma,
    keeping,
    packaging,
    passports,
    release,
    report,
    resampling,
    samples,
    study,
    withdrawal,
)
from frs_pipeline.cli.root import app, complain
from frs_pipeline.errors import FrsError, unusable
from frs_pipeline.personal_numbers import masked

# What Typer makes of Ctrl-C, without a word.
_STOPPED = 130

__all__ = [
    "app",
    "auditing",
    "codebook",
    "coding",
    "collect",
    "collecting",
    "exploring",
    "figures",
    "forms",
    "gamma",
    "keeping",
    "main",
    "operating",
    "packaging",
    "passports",
    "release",
    "report",
    "resampling",
    "samples",
    "study",
    "withdrawal",
]


def main() -> NoReturn:
    """Entry point: an error is one line, with a traceback only after `--debug`."""
    _in_utf8()
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without æøå is no reason to fail
    try:
        logs.begin()
        code = app(arguments, standalone_mode=False) or 0
        if code == _STOPPED:
            raise KeyboardInterrupt
        sys.exit(code)
    except FrsError as error:
        if debug:
            _trace(error, error.exit_code)
        _complain(error, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _complain("stopped; files that were finished stay", 1)
    except Exception as error:  # the last resort: a program that calls frs gets one line and an exit code
        if debug:
            _trace(error, 1)
        usage = getattr(error, "format_message", None)  # only click's own errors have it: wrong options and the like
        if usage is not None and not usage():
            sys.exit(2)  # no command: the help was printed
        if usage is not None:
            context = getattr(error, "ctx", None)
            _complain(f"{usage()} (see {context.command_path if context else 'frs'} --help)", 2)
        ours = unusable(error)
        if ours is not None:
            _complain(str(ours), ours.exit_code)
        _complain(f"unexpected {type(error).__name__} (run frs --debug for where; it may show values of forms)", 1)


def _in_utf8() -> None:
    """Restart with names of files in UTF-8 where the locale has another encoding: most libraries know no other way."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


def _trace(error: Exception, code: int) -> NoReturn:
    """Show where an error came from. It may quote what forms say, but with personal numbers masked."""
    text = masked("".join(traceback.format_exception(error)))
    if logs.as_json():
        text = logs.line("error", masked(str(error)), traceback=text) + "\n"
    print(text, end="", file=sys.stderr)
    sys.exit(code)


def _complain(error: FrsError | str, code: int) -> NoReturn:
    complain(error)
    sys.exit(code)
