"""Writing the made-up forms as a delivery: exports as SurveyXact would write them, the ledger, the locked codebook."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from frs_pipeline.codebook.entries import Entry, plain
from frs_pipeline.codebook.made_up import write_codebook
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.ledger import COLUMNS, ledger_words
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS
from frs_pipeline.reconstruction.accounts import further_columns, roles_at
from frs_pipeline.reconstruction.nesting import Form, conferences, key_in, lacking_numbers, seat
from frs_pipeline.reconstruction.papers import papers
from frs_pipeline.reconstruction.population import Population, populate
from frs_pipeline.reconstruction.spoiling import spoil
from frs_pipeline.store.deliveries import LEDGER
from frs_pipeline.store.files import atomic
from frs_pipeline.study import Study
from frs_pipeline.study.about import STATUS
from frs_pipeline.study.assumptions import assumptions
from frs_pipeline.study.questionnaires import Questionnaire

# The text that a made-up delivery carries and by which it is recognised, in the study's folder.
README = "reconstruction/delivery-readme.md"
# Seconds that a form stayed open while it was keyed, and the export's system cells from that number on, for a completed form.
OPEN_FOR = 75
COMPLETED = (str(OPEN_FOR), *("1" if status == "stato_4" else "0" for status in STATUS), "1", "0", "1")


def reconstruct(study: Study, folder: Path, report: Callable[[str], None] = lambda _: None) -> list[Population]:
    """Make the whole delivery in `folder`: the same bytes every time (for age files, the same content).

    Returns the populations, so that the caller can report how near their correlations came.
    """
    refuse_unless_free(study, folder)
    populations = populate_all(study, report)
    rng = random.Random(f"{assumptions(study).seed} conferences")  # noqa: S311 - reproducible, not secret
    entries = conferences(study, rng)
    lacking = lacking_numbers(study, entries, populations, rng)
    known = {entry.conference_number for entry in entries}
    seated = []
    for population in populations:
        seats = seat(study, population, entries, lacking, rng)
        seated.append((population, seats))
        forms = key_in(study, population, seats, rng)
        _write_export(study, folder, papers(study)[population.instrument], spoil(study, population.instrument, forms, known, rng))
    _write_ledger(study, folder / LEDGER, entries, further_columns(study, entries, roles_at(study, seated)))
    entries = sorted(entries, key=lambda entry: entry.conference_number)
    write_codebook(folder, lambda columns: plain(entries, columns))
    write_readme(study, folder)
    return populations


def refuse_unless_free(study: Study, folder: Path) -> None:
    """Raise `UsageError` when the folder holds anything but a made-up delivery."""
    if folder.is_dir() and any(folder.iterdir()) and not is_made_up(study, folder):
        raise UsageError("holds something that isn't the made-up delivery", where=folder, do="choose an empty folder")


def populate_all(study: Study, report: Callable[[str], None]) -> list[Population]:
    """Fill in the forms of every questionnaire (takes minutes); `report` gets the name of each that is ready."""
    # Questionnaires share nothing, and split over two processes the work takes about a minute in each.
    with ProcessPoolExecutor(max_workers=2) as pool:
        futures = {name: pool.submit(populate, study, name) for name in papers(study)}
        populations = []
        for name in papers(study):
            populations.append(futures[name].result())
            report(name)
    return populations


def is_made_up(study: Study, folder: Path) -> bool:
    """Return whether the folder says of itself that its forms are made up."""
    readme = folder / "README.md"
    return readme.is_file() and readme.read_bytes() == (study.folder / README).read_bytes()


def write_readme(study: Study, folder: Path) -> None:
    """Write the file that says that the folder's delivery is made up."""
    with atomic(folder / "README.md") as file:
        file.write((study.folder / README).read_bytes())


def _write_export(study: Study, folder: Path, questionnaire: Questionnaire, forms: list[Form]) -> None:
    rows = [header(questionnaire), *(_row(questionnaire, form) for form in forms)]
    _write_eu(folder / questionnaire.instrument / "dataset.csv", rows)
    write_wording(study, folder, questionnaire)


def header(questionnaire: Questionnaire) -> list[str]:
    """Return the names of the columns of an export."""
    return [*questionnaire.forms.system, *questionnaire.forms.numbers, *(q.source for q in questionnaire.questions)]


def write_wording(study: Study, folder: Path, questionnaire: Questionnaire) -> None:
    """Write structure.csv and labels.csv of an export, which don't depend on the forms."""
    target = folder / questionnaire.instrument
    _write_eu(target / "structure.csv", [list(STRUCTURE_COLUMNS), *_structure(study, questionnaire)])
    _write_eu(target / "labels.csv", _labels(study, questionnaire))


def _row(questionnaire: Questionnaire, form: Form) -> list[str]:
    closed = form.created + dt.timedelta(seconds=OPEN_FOR)
    stamp, done = form.created.strftime("%Y-%m-%d %H:%M:%S"), closed.strftime("%Y-%m-%d %H:%M:%S")
    return [
        str(form.respondent),
        stamp,
        done,
        done,
        stamp,
        *COMPLETED,
        form.number,
        form.number_again,
        *(form.answers[q.name] for q in questionnaire.questions),
    ]


def _structure(study: Study, questionnaire: Questionnaire) -> Iterable[list[str]]:
    for index, source in enumerate(questionnaire.forms.numbers, start=1):
        yield [f"nummer{index}", source, "Open", "Double", assumptions(study).number_text, "", ""]
    for question in questionnaire.questions:
        for code, label in question.labels.items():
            yield [question.name, question.source, "Closed", "Single", question.text, str(code), label]


def _labels(study: Study, questionnaire: Questionnaire) -> list[list[str]]:
    rows = [
        [status, code, label]
        for status, text in zip(STATUS, assumptions(study).statuses, strict=True)
        for code, label in (("1", text),)
    ]
    for question in questionnaire.questions:
        rows += [[question.source, str(code), label] for code, label in question.labels.items()]
    return rows


def _write_eu(path: Path, rows: Iterable[list[str]]) -> None:
    """Write rows in SurveyXact's EU dialect: cp1252, semicolons, CRLF."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    with atomic(path) as file:
        file.write(text.getvalue().encode("cp1252"))


def _write_ledger(study: Study, path: Path, entries: list[Entry], further: Mapping[str, list[str]]) -> None:
    """Write the ledger; `further` are columns beside number, date and occasion, in the order of `entries`."""
    words = {occasion: word for word, occasion in ledger_words(study).items()}
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow([*COLUMNS, *further])
    rows: list[list[Any]] = [
        [e.conference_number, e.date, words[e.occasion], *(c[at] for c in further.values())] for at, e in enumerate(entries)
    ]
    rows.sort(key=lambda row: (row[1], row[0]))
    writer.writerows(rows)
    with atomic(path) as file:
        file.write(text.getvalue().encode())
