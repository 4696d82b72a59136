"""Begin a new study: a folder that is sound from the beginning, to be changed file by file."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from frs_pipeline.errors import FrsError, UsageError
from frs_pipeline.operations.guessed_files import write_guessed
from frs_pipeline.operations.guessing import guess
from frs_pipeline.store.settings import shipped_study
from frs_pipeline.templates import templates_in

TEMPLATE = Path(__file__).parent / "study_template"
# A file that is the same in every study: it says where the study is, and nothing else.
_DEFINITIONS = "definitions.py"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def begin(folder: Path, source: Path | None = None) -> Path:
    """Write a study into `folder`, which gives it its name, and return the folder's whole path.

    It is an example, or has the questions of an export, `source`, as far as they can be guessed. Raises `InputError` where
    that can't be read, `UsageError` for a folder that holds anything and for a name that no study can have, `FrsError` when
    it can't be written.
    """
    target = folder.absolute()
    if not _NAME.fullmatch(target.name):
        do = "name the folder in small letters from a to z, digits and _, a letter first"
        raise UsageError("can't be the name of a study", where=target.name, do=do)
    guessed = None if source is None else guess(source)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError("isn't an empty folder", where=folder, do="name a new one: nothing is written over")
        templates = templates_in(TEMPLATE)
        for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
            name = source.relative_to(TEMPLATE).as_posix()
            written = target / name.replace("dot_", ".")
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(templates.get_template(name).render(name=target.name), encoding="utf-8", newline="")
        shutil.copyfile(shipped_study() / _DEFINITIONS, target / _DEFINITIONS)
        if guessed is not None:
            write_guessed(target, guessed)
    except OSError as error:
        raise FrsError(f"cannot be written: {error.strerror}", where=folder, do="name another place, or make room") from error
    return target
