"""A delivery for a study that `frs study new` made: some forms by arithmetic, and a codebook with a key of its own."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from pathlib import Path

from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, Entry, lock, plain
from frs_pipeline.codebook.keys import make_key
from frs_pipeline.intake.ledger import COLUMNS
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.questionnaires import Question, questionnaires
from support.exports import NUMBER, NUMBER_AGAIN, STATUS, SYSTEM_COLUMNS

NAME = "2024-06-30"
_DONE = "stato_4"
_COURSES = 12


def by_arithmetic(question: Question, at: int, place: int) -> str:
    """The answer of a form to the question at this place of the paper."""
    codes = (0, 1) if question.option is not None else question.codes
    return str(codes[(at * (place + 2) + at // 7) % len(codes)])


def make_delivery(
    study: Study,
    data: Path,
    answer: Callable[[Question, int, int], str] = by_arithmetic,
    forms: int = 48,
    written: Callable[[str, int], str] = lambda _, __: "",
) -> Settings:
    """Write a delivery of the study's only questionnaire at its only occasion under `data`; it says that it is made up.

    `answer` is what a form answers to a question, `written` what is written on it at a text.
    """
    settings = Settings(study, data, data / "pipeline.key")
    (questionnaire,) = questionnaires(study).values()
    ((occasion, words),) = occasions(study).items()
    folder = settings.raw_delivery(NAME)
    exports = folder / questionnaire.instrument
    exports.mkdir(parents=True)
    # Months 61 to 72 are no months: these numbers belong to nobody.
    asked = [question for question in questionnaire.keyed if not question.grouped]
    entries = [
        Entry(f"{61 + at}01180011", 40_000 + at, f"C-{'abcdefghijkl'[at]}ntoo", occasion, f"2024-0{1 + at % 5}-0{1 + at % 9}")
        for at in range(_COURSES)
    ]
    rows: list[list[object]] = [
        [*SYSTEM_COLUMNS, NUMBER, NUMBER_AGAIN, *map(_column, asked), *(text.source for text in questionnaire.texts)]
    ]
    for at in range(forms):
        begun = dt.datetime(2024, 6, 1, 8, 0) + dt.timedelta(minutes=20 * at)
        begin, end = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (begun, begun + dt.timedelta(seconds=75)))
        status = ("75", *("1" if name == _DONE else "0" for name in STATUS), "1", "0", "1")
        answers = [answer(question, at, place) for place, question in enumerate(asked)]
        answers += [written(text.name, at) for text in questionnaire.texts]
        number = entries[at % _COURSES].conference_number
        rows.append([1000 + at, begin, end, end, begin, *status, number, number, *answers])
    _write(exports / "dataset.csv", rows)
    texts = [[f"number{at}", source, "Open", "Double", "Nummer", "", ""] for at, source in enumerate((NUMBER, NUMBER_AGAIN), 1)]
    texts += [[text.name, text.source, "Open", "Text", text.text, "", ""] for text in questionnaire.texts]
    labels = [[name, "1", name] for name in STATUS]
    for q in asked:
        if q.measured or q.calendar:
            texts.append([q.name, q.source, "Open", "Date" if q.calendar else "Double", q.text, "", ""])
        elif q.option is not None:
            texts.append([q.name, _column(q), "Closed", "Multiple", q.asked, str(q.option), q.box])
        else:
            texts += [[q.name, q.source, "Closed", "Single", q.text, str(code), label] for code, label in q.labels.items()]
            labels += [[q.source, str(code), label] for code, label in q.labels.items()]
    _write(exports / "structure.csv", [STRUCTURE_COLUMNS, *texts])
    _write(exports / "labels.csv", labels)
    _write(folder / LEDGER, [COLUMNS, *([entry.conference_number, entry.date, words.ledger] for entry in entries)])
    assert settings.key
    (folder / CODEBOOK).write_bytes(lock(plain(entries, PIPELINE_COLUMNS), [make_key(settings.key)]))
    (folder / "delivery.yaml").write_text("made_up: true\n", encoding="utf-8")
    return settings


def _column(question: Question) -> str:
    return question.source if question.option is None else f"{question.source}_{question.option}"


def _write(path: Path, rows: Iterable[Iterable[object]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("cp1252"))
