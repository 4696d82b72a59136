"""Commands of those who describe a study: check its files, begin a new one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.root import STUDIES, AsJson, app, complain, installation
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import InputError
from frs_pipeline.language import plural
from frs_pipeline.personal_numbers import masked
from frs_pipeline.study import Study

if TYPE_CHECKING:
    from frs_pipeline.operations.study_files import Outcome

study = typer.Typer(help="The files that describe a study: check them, or begin a new one.", no_args_is_help=True)
app.add_typer(study, name="study", rich_help_panel=STUDIES)


@study.command()
def check(as_json: AsJson = False) -> None:
    """Read all files of the study and compare them with each other; every fault at once. Ends with 3 when there is one."""
    from frs_pipeline.operations.study_files import examine

    folder = installation().study.folder
    outcomes = examine(Study(folder))
    faults = [error for outcome in outcomes for error in outcome.errors]
    if as_json:
        print_json([_described(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            if not outcome.errors:
                say(masked(f"{'ok  ' if outcome.sound else '    '} {outcome.part.name}: {outcome.detail}"))
        say(masked(f"Study in {folder}: {plural(len(faults), 'fault') if faults else 'sound'}."))
        for error in faults:
            complain(error)
    if faults:
        raise typer.Exit(InputError.exit_code)


def _described(outcome: Outcome) -> dict[str, Any]:
    """Describe a part for programs. Files may have any name, so personal numbers are masked."""
    faults = [{"where": masked(str(e.where)), "what": masked(e.what), "do": masked(e.do or "")} for e in outcome.errors]
    part = outcome.part
    return {"part": part.name, "file": part.file, "sound": outcome.sound, "detail": masked(outcome.detail), "faults": faults}


@study.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="NAME", help="A new folder, named as the study is to be.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="EXPORT", help="Take the questions of this: a folder of CSV files, an .xlsx or a .sav."),
    ] = None,
) -> None:
    """Begin a study: a folder with one questionnaire, three tables, and all that belongs to them."""
    from frs_pipeline.operations.new_study import begin

    made = begin(folder, source)
    files = plural(sum(path.is_file() for path in made.rglob("*")), "file")
    say(masked(f"{made}: {files}. README.md there says what to change first."))
    say(masked(f"frs --study {shlex.quote(str(folder))} study check reads them all."))
