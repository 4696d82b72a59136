"""A delivery of the shipped one's shape with many times its forms: every count that many times, every gamma the same.

Each copy holds the shipped delivery's filled-in forms once, but under other respondent ids, at other conferences,
seated and keyed again, with a dozen spoilt forms of its own. Copies are made and written in waves, one keyer per copy,
so that memory doesn't grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.made_up import is_shipped, read_demo_codebook
from frs_pipeline.codebook.pseudonyms import pseudonymise
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.remarks import Intake
from frs_pipeline.intake.validation import validate
from frs_pipeline.reconstruction.delivery import (
    COMPLETED,
    OPEN_FOR,
    header,
    populate_all,
    refuse_unless_free,
    write_readme,
    write_wording,
)
from frs_pipeline.reconstruction.papers import occasion_codes, papers
from frs_pipeline.reconstruction.population import Population
from frs_pipeline.reconstruction.scaled.copies import Filled, Keyed, keyed, workdays_of_a_copy
from frs_pipeline.reconstruction.scaled.lines import Part, Whole, chosen, digits, joined, stamps, text
from frs_pipeline.reconstruction.scaled.registers import conference_numbers, conferences_of_a_copy, write_registers
from frs_pipeline.store.deliveries import DESCRIPTION, LEDGER
from frs_pipeline.store.files import atomic
from frs_pipeline.study import Study
from frs_pipeline.study.assumptions import assumptions
from frs_pipeline.study.questionnaires import Questionnaire
from frs_pipeline.study.rules import policy

# More copies would run out of nine-digit respondent ids.
MOST_COPIES = 10_000
# Copies keyed, made and written at a time: a third of a million forms, which take a few hundred megabytes.
KEYERS = 256
# The first respondent id of an export lies here: nine digits, where the shipped ones have eight.
_FIRST_RESPONDENT = (100_000_000, 500_000_000)


def scale(study: Study, folder: Path, copies: int, source: Path, report: Callable[[str], None] = lambda _: None) -> int:
    """Make a delivery of `copies` times the study's forms in `folder`; the same bytes every time, but for age files.

    The filled-in forms are those of the shipped delivery in `source`; if it isn't there they are made again,
    which takes minutes. `report` gets the name of each part that is ready. Returns how many forms were written. Raises
    `UsageError` when the number is out of range, or the folder holds something else.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise UsageError("not a possible number of copies", where=str(copies), do=f"choose a number from 1 to {MOST_COPIES}")
    if folder.resolve() == source.resolve():
        raise UsageError("is the shipped delivery", where=folder, do="choose another folder")
    refuse_unless_free(study, folder)
    filled = filled_in(study, source, report)
    write_readme(study, folder)  # first, so that what a killed run leaves behind may be overwritten
    _say_made_up(folder)
    for left in folder.rglob(".*.tmp"):
        left.unlink()
    written = 0
    for name in papers(study):
        written += scaled_export(study, folder, name, copies, filled[name])
        report(name)
    write_registers(study, folder, copies)
    report("registers")
    return written


def _say_made_up(folder: Path) -> None:
    """Let the delivery say that it is made up: its codebook, which has a key of its own, doesn't show it."""
    with atomic(folder / DESCRIPTION["description"]) as file:
        file.write(b"made_up: true\n")


def scaled_export(study: Study, folder: Path, instrument: str, copies: int, filled: Filled) -> int:
    """Write the export of one questionnaire into its folder in the delivery `folder`; return how many forms it holds."""
    questionnaire = papers(study)[instrument]
    write_wording(study, folder, questionnaire)
    endings = _endings(questionnaire, filled)
    rng = np.random.default_rng([assumptions(study).seed, 1 + tuple(papers(study)).index(instrument)])
    respondent = int(rng.integers(*_FIRST_RESPONDENT))
    written = 0
    with atomic(folder / instrument / "dataset.csv") as file:
        file.write(f"{';'.join(header(questionnaire))}\r\n".encode("cp1252"))
        for start, wave in _waves(study, filled, copies, rng):
            respondents = respondent + rng.integers(1, 9, size=len(wave.at)).cumsum()
            numbers = _numbers(study, instrument, wave, start, copies)
            file.write(_lines(study, instrument, wave, respondents, numbers, endings))
            respondent = int(respondents[-1])
            written += len(wave.at)
    return written


def filled_in(study: Study, source: Path, report: Callable[[str], None] = lambda _: None) -> dict[str, Filled]:
    """Return the filled-in forms by questionnaire, read from the shipped delivery in `source` or else made again."""
    if is_shipped(study, source):
        return {name: _sorted(study, name, *_accepted(study, source, papers(study)[name])) for name in papers(study)}
    return {population.instrument: from_population(study, population) for population in populate_all(study, report)}


def from_population(study: Study, population: Population) -> Filled:
    """Return a population's forms, in the order in which they would come out of a delivery."""
    codes = np.column_stack([population.forms[q.name] for q in papers(study)[population.instrument].questions])
    return _sorted(study, population.instrument, np.array(population.occasions), codes)


def _accepted(study: Study, source: Path, questionnaire: Questionnaire) -> tuple[Whole, Whole]:
    """Return the occasions and codes of the forms that a refresh of the delivery `source` accepts."""
    codebook, ledger = read_demo_codebook(study, source), read_ledger(study, source / LEDGER)
    intake = Intake(study, policy(study), codebook, ledger)
    accepted = validate(read_export(study, source / questionnaire.instrument), questionnaire, intake).forms
    forms = pa.concat_tables(pseudonymise(accepted.batches(), with_cases(study, codebook, ledger), questionnaire))
    codes = [forms[question.name].fill_null(0).to_numpy() for question in questionnaire.questions]
    return np.array([occasion_codes(study)[name] for name in forms["occasion"].to_pylist()]), np.column_stack(codes)


def _sorted(study: Study, instrument: str, occasions: Whole, codes: Whole) -> Filled:
    """Sort forms by occasion and answers, so that the same forms give the same copies, wherever they come from."""
    order = np.lexsort((*codes.T[::-1], occasions))
    return Filled(study, instrument, occasions[order].astype(np.int8), codes[order].astype(np.int8))


def _waves(study: Study, filled: Filled, copies: int, rng: np.random.Generator) -> Iterator[tuple[int, Keyed]]:
    """Yield the copies in waves of `KEYERS`, each with the number of its first copy."""
    workdays = -(-workdays_of_a_copy(filled) // 5) * 5
    for turn, start in enumerate(range(0, copies, KEYERS)):
        yield start, keyed(study, filled, min(KEYERS, copies - start), turn * workdays, rng)


def _numbers(study: Study, instrument: str, wave: Keyed, start: int, copies: int) -> pa.Array:
    """Make both keyings of the conference number, as they stand in the line; `start` is the wave's first copy."""
    a_copy = sum(conferences_of_a_copy(study))
    # Numbers that the codebook doesn't know get places beyond those of all conferences.
    unknown = a_copy * copies + tuple(papers(study)).index(instrument) * copies + start + wave.copy
    fault = {name: wave.fault == index for index, name in enumerate(assumptions(study).spoilt.get(instrument, ()))}
    known = a_copy * (start + wave.copy) + wave.place
    number = conference_numbers(study, np.where(fault.get("number_unknown", False), unknown, known))
    ten, one = number // 10 % 10, number % 10
    mistaken = np.where(ten != one, number + 9 * (one - ten), number - one + (one + 1) % 10)
    again = np.where(fault.get("numbers_differ", False), mistaken, number)
    cells = joined([digits(number, 9), ";", digits(again, 9)])
    if "number_unreadable" not in fault:
        return cells
    unreadable = pa.array(fault["number_unreadable"])
    return pc.if_else(unreadable, pa.scalar(b";", pa.binary()), cells)


def _lines(study: Study, instrument: str, wave: Keyed, respondents: Whole, numbers: pa.Array, endings: list[str]) -> memoryview:
    """Make the lines of dataset.csv, one per form."""
    keyed_at, done = stamps(wave.at), stamps(wave.at + OPEN_FOR)
    system: list[Part] = [digits(respondents, 9), ";", keyed_at, ";", done, ";", done, ";", keyed_at, f";{';'.join(COMPLETED)};"]
    faults = assumptions(study).spoilt.get(instrument, ())
    outside = faults.index("outside_scale") if "outside_scale" in faults else len(faults)
    ending = wave.form + len(endings) // 2 * (wave.fault == outside)
    return text([joined(system), numbers, chosen(endings, ending)])


def _endings(questionnaire: Questionnaire, filled: Filled) -> list[str]:
    """Make the ends of lines, from the answers on: one per form, and then one per form with a code outside the scale."""
    names = [question.name for question in questionnaire.questions]
    spoilt = next(question for question in questionnaire.questions if question != questionnaire.role)
    beyond = filled.codes.copy()
    beyond[:, names.index(spoilt.name)] = max(spoilt.codes) + 2
    rows = [*filled.codes.tolist(), *beyond.tolist()]
    return [f";{';'.join(str(code) if code else '' for code in row)}\r\n" for row in rows]
