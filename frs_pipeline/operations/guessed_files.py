"""Write the files of a study whose questions were guessed: questionnaire, scales, three tables, and what belongs to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from frs_pipeline.operations.guessing import GuessedQuestion, GuessedStudy
from frs_pipeline.study import Study
from frs_pipeline.study.rules import KINDS, kinds

INSTRUMENT = "form"


def write_guessed(folder: Path, guessed: GuessedStudy) -> None:
    """Replace the example in a new study's `folder` by what was guessed."""
    (folder / "questionnaires" / "participant.yaml").unlink()
    scales, tables = _scales(guessed), list(_tables(guessed))
    written = {
        "study.yaml": _study(folder.name, guessed),
        f"questionnaires/{INSTRUMENT}.yaml": _questionnaire(guessed, scales),
        "scales.yaml": _scales_text(guessed, scales),
        "tables.yaml": "\n".join(
            ["# The first tables; docs/how-to/table.md says what else there is.", "tables:", *_tables(guessed)]
        ),
    }
    for name, text in written.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    _fit_rules(folder)
    _fit_chapters(folder, sum("- number:" in line for line in tables))


def _q(text: str) -> str:
    """Write a text so that YAML takes it as it is."""
    return json.dumps(text, ensure_ascii=False)


def _study(name: str, guessed: GuessedStudy) -> str:
    usual = {"id": "responde", "created": "created", "modified": "modified", "closed": "closetim", "started": "starttim"}
    forms = {key: column for key, column in guessed.forms.items() if {**usual, "status": "surveyxact"}[key] != column}
    said = ", ".join(f"{key}: {column}" for key, column in forms.items())
    title = f"{{danish: {_q(name)}, english: {_q(name)}}}"
    lines = [
        "# What this study is, apart from its questions, tables and rules. What was guessed says so: please look at it.",
        f"name: {name}",
        f"title: {title}  # what is the study called?",
        "languages: [danish, english]  # which do its people read? the first is that of files",
        "# What a form is known by in its export (docs/how-to/study.md). Does a form belong to something with a number, such as",
        "# a conference, a class or a ward? Then say here in which column the number is, what it is of, and who knows it:",
        "#   forms: {number: klasse}",
        "#   conference: {one: {danish: klasse, english: class}, many: {danish: klasser, english: classes}}",
        "#   registers: [ledger]",
        f"forms: {{{said}}}",
        *(["# One CSV file and a list of its labels: dataset.csv and labels.csv.", "exports: plain"] if guessed.plain else []),
        "# When forms were filled in: was it more than once? Each occasion gets a name; each questionnaire says which is its.",
        "occasions:",
        "  once:",
        "    one: {danish: undersøgelsen, english: survey}",
        "    the: {danish: undersøgelsen, english: the survey}",
        "    many: {danish: undersøgelser, english: surveys}",
        "instruments:",
        f"  - {{name: {INSTRUMENT}}}",
    ]
    return "\n".join(lines)


def _scales(guessed: GuessedStudy) -> dict[tuple[tuple[int, str], ...], str]:
    """Name the scales, each once; questions with the same answers share one."""
    named: dict[tuple[tuple[int, str], ...], str] = {}
    for question in guessed.questions:
        if question.answers:
            named.setdefault(tuple(question.answers.items()), question.name)
    return named


def _scales_text(guessed: GuessedStudy, scales: dict[tuple[tuple[int, str], ...], str]) -> str:
    lines = [
        "# Answers: codes are those of the export, labels those of its list. Are they in the order of the paper?",
        "scales:" if scales else "scales: {}",
    ]
    for answers, name in scales.items():
        lines.append(f"  {name}:")
        lines += [f"    - {{code: {code}, label: {_q(label or str(code))}}}" for code, label in answers]
    return "\n".join(lines)


def _questionnaire(guessed: GuessedStudy, scales: dict[tuple[tuple[int, str], ...], str]) -> str:
    lines = [
        "# The questions, in the order of the export. Behind # stands what was guessed or has to be asked. Sensitivity is",
        "# guessed as sensitive, and wording as assumed: write printed where the text is that of the paper.",
        f"instrument: {INSTRUMENT}",
        f"title: {_q('Form')}  # what is the paper called?",
        "filled_in_by: participants  # who fills it in?",
        "occasion: once",
        "form_prefix: FO",
        "questions:",
    ]
    for question in guessed.questions:
        more = f", scale: {scales[tuple(question.answers.items())]}" if question.answers else ""
        if question.dont_know is not None:
            more += f", dont_know: {question.dont_know}"
        if question.unit is not None and question.range is not None:
            low, high = question.range
            more += f", unit: {question.unit:f}, range: [{low:f}, {high:f}]"
        lines.append(
            f"  - {{name: {question.name}, source: {_q(question.source)}, text: {_q(question.text)}, "
            f"type: {question.type}{more}, sensitivity: sensitive, wording: assumed}}  # {question.why}"
        )
    return "\n".join(lines)


def _tables(guessed: GuessedStudy) -> Iterator[str]:
    """Yield the lines of the first tables, as far as there are questions: at most three kinds of them."""
    of = {kind: [q for q in guessed.questions if q.type == kind] for kind in ("ordinal", "nominal", "number", "multiple")}
    closed = [*of["ordinal"], *of["nominal"]]
    wanted: list[tuple[str, dict[str, GuessedQuestion], str]] = []
    if closed:
        wanted.append(("frequency", {"variable": closed[0]}, ""))
    if len(closed) > 1:
        wanted.append(("crosstab", {"row": closed[-1], "column": closed[0]}, "row"))
    if len(of["ordinal"]) > 1:
        wanted.append(("correlation", {"row": of["ordinal"][1], "column": of["ordinal"][0]}, ""))
    elif of["number"]:
        wanted.append(("summary", {"variable": of["number"][0]}, ""))
    elif of["multiple"]:
        wanted.append(("multiple", {"variable": of["multiple"][0]}, ""))
    for number, (kind, axes, percent) in enumerate(wanted, start=1):
        yield f"  - number: {number}"
        yield f"    title: {_q(' * '.join(question.text for question in axes.values()))}"
        yield f"    kind: {kind}"
        yield f"    mart: {INSTRUMENT}"
        yield from (f"    {axis}: {question.name}" for axis, question in axes.items())
        if percent:
            yield f"    percent: {percent}"


def _fit_rules(folder: Path) -> None:
    """Put rules that forms of this study can't break behind # in rules.yaml: another answer in study.yaml may need them."""
    path = folder / "rules.yaml"
    text = path.read_text(encoding="utf-8")
    aside = KINDS.keys() - kinds(Study(folder)).keys()
    for rule in KINDS:
        if rule in aside:
            text = re.sub(rf"(?m)^  {rule}:\n(    .*\n)+", lambda found: re.sub("(?m)^  ", "  # ", found[0]), text)
    note = "# Rules behind # are for forms that have a number, a status … by study.yaml: then take the # away.\n" if aside else ""
    path.write_text(text.replace("rules:\n", f"{note}rules:\n", 1), encoding="utf-8")


def _fit_chapters(folder: Path, tables: int) -> None:
    """Let the first chapter show the tables that there are, and say nothing of what they are about."""
    path = folder / "report" / "chapters.yaml"
    text = path.read_text(encoding="utf-8")
    intro = "    intro: {danish: De første tabeller., english: The first tables.}\n"
    text = re.sub(r"(?m)^    intro:\n      danish: >-\n.*\n      english: >-\n.*\n", intro, text, count=1)
    text = re.sub(r"(?m)^    title: .*Hvad deltagerne.*$", "    title: {danish: Svar, english: Answers}", text)
    path.write_text(re.sub(r"(?m)^    tables: .*$", f"    tables: {[*range(1, tables + 1)]}", text), encoding="utf-8")
