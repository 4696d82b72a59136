"""A small study whose forms are known by what a test says: with or without an id, times, a status, a number, registers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, Entry, lock, plain
from frs_pipeline.codebook.keys import make_key
from frs_pipeline.intake.ledger import COLUMNS
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS
from frs_pipeline.operations.new_study import begin
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import STATUS
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import KINDS, kinds

NAME = "2024-06-30"
FORMS, GROUPS = 48, 12


@dataclass(frozen=True)
class KnownBy:
    """What the forms have, and who knows what they belong to."""

    id: bool = True
    number: int = 2  # how often it is keyed
    times: bool = True
    status: bool = True
    registers: tuple[str, ...] = ("codebook", "ledger")
    # Occasions in their order, with the ledger's word for each.
    occasions: tuple[tuple[str, str], ...] = (("end", "slut"),)

    def __str__(self) -> str:
        parts = ("id" if self.id else "line", f"number x {self.number}", "times" if self.times else "no times")
        return ", ".join((*parts, "status" if self.status else "no status", " and ".join(self.registers) or "no register"))


def make(folder: Path, known: KnownBy) -> Settings:
    """Begin the study, edit its YAML as somebody would, and write a delivery of it."""
    study = Study(begin(folder / "school"))
    _say(study, known)
    _take_out_rules(study)
    study = Study(study.folder)
    settings = Settings(study, folder / "data", folder / "pipeline.key" if "codebook" in known.registers else None)
    (questionnaire,) = questionnaires(study).values()
    raw = settings.raw_delivery(NAME)
    (raw / questionnaire.instrument).mkdir(parents=True)
    entries = [
        Entry(
            f"{61 + at}01180011",
            40_000 + at,
            f"C-{'abcdefghijkl'[at]}ntoo",
            known.occasions[at % len(known.occasions)][0],
            f"2024-0{1 + at % 5}-0{1 + at % 9}",
        )
        for at in range(GROUPS)
    ]
    rows = [_header(known, [q.source for q in questionnaire.questions])]
    for at in range(FORMS):
        answers = [q.codes[(at * (place + 2) + at // 7) % len(q.codes)] for place, q in enumerate(questionnaire.questions)]
        rows.append(_row(known, at, entries[at % GROUPS].conference_number, answers))
    _write(raw / questionnaire.instrument / "dataset.csv", rows)
    texts, labels = [], []
    for q in questionnaire.questions:
        texts += [[q.name, q.source, "Closed", "Single", q.text, str(code), label] for code, label in q.labels.items()]
        labels += [[q.source, str(code), label] for code, label in q.labels.items()]
    _write(raw / questionnaire.instrument / "structure.csv", [STRUCTURE_COLUMNS, *texts])
    _write(raw / questionnaire.instrument / "labels.csv", labels)
    if "ledger" in known.registers:
        words = dict(known.occasions)
        _write(raw / LEDGER, [COLUMNS, *([entry.conference_number, entry.date, words[entry.occasion]] for entry in entries)])
    if settings.key:
        (raw / CODEBOOK).write_bytes(lock(plain(entries, PIPELINE_COLUMNS), [make_key(settings.key)]))
    (raw / "delivery.yaml").write_text("made_up: true\n", encoding="utf-8")
    return settings


def _say(study: Study, known: KnownBy) -> None:
    """Say in study.yaml what forms are known by."""
    forms: dict[str, str] = {}
    if known.number:
        forms["number"] = "klasse"
    if known.number > 1:
        forms["number_again"] = "klasse2"
    if not known.id:
        forms["id"] = "none"
    if not known.times:
        forms |= dict.fromkeys(("created", "modified", "closed", "started"), "none")
    if not known.status:
        forms["status"] = "none"
    path = study.folder / "study.yaml"
    text = re.sub(r"(?m)^(forms|registers): .*\n", "", path.read_text(encoding="utf-8"))
    said: dict[str, object] = {"forms": forms, "registers": list(known.registers)}
    if known.occasions != KnownBy.occasions:
        text = re.sub(r"(?m)^occasions:\n(  .*\n)+", "", text)
        said["occasions"] = {name: _occasion(name, word) for name, word in known.occasions}
    path.write_text(text + yaml.safe_dump(said, default_flow_style=None, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _occasion(name: str, word: str) -> dict[str, object]:
    words = {key: {"danish": f"{word} {key}", "english": f"{name} {key}"} for key in ("one", "the", "many")}
    return {"ledger": word, **words}


def _take_out_rules(study: Study) -> None:
    """Take out of rules.yaml what is about none of these forms."""
    path = study.folder / "rules.yaml"
    text = path.read_text(encoding="utf-8")
    for rule in KINDS.keys() - kinds(Study(study.folder)).keys():
        text, number = re.subn(rf"(?m)^  {rule}:\n(    .*\n)+", "", text)
        assert number == 1, rule
    path.write_text(text, encoding="utf-8")


def _header(known: KnownBy, questions: list[str]) -> list[object]:
    times = ["created", "modified", "closetim", "starttim"] if known.times else []
    status = list(STATUS) if known.status else []
    return [*(["responde"] if known.id else []), *times, *status, *("klasse", "klasse2")[: known.number], *questions]


def _row(known: KnownBy, at: int, number: int, answers: list[int]) -> list[object]:
    begun = dt.datetime(2024, 6, 1, 8, 0) + dt.timedelta(minutes=20 * at)
    begin, end = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (begun, begun + dt.timedelta(seconds=75)))
    times = [begin, end, end, begin] if known.times else []
    status = ["1" if name == "stato_4" else "0" for name in STATUS] if known.status else []
    return [*([1000 + at] if known.id else []), *times, *status, *([number] * known.number), *answers]


def _write(path: Path, rows: Iterable[Iterable[object]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("cp1252"))
