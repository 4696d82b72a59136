"""Two tiny deliveries of other forms that may be counted as one: the older one lacks a question and a questionnaire."""

from __future__ import annotations

import shutil
from pathlib import Path

from frs_pipeline.operations.refresh import refresh
from support.study import few_tables
from support.tiny import Delivery, make

OLDER, NEWER, NAME = "2021-01-31", "2021-06-30", "alle"
# Asked since the newer one, in table 5; and the questionnaire that nobody filled in before.
QUESTION, SINCE = "plan_satisfied", "2021-06-01"
LACKING = "coordinator"


def two_deliveries(folder: Path, *, same_form: str | None = None) -> Delivery:
    """Write both, and their study with a few tables beside them; returns the older one."""
    study = few_tables(folder)
    _edit(study.folder / "study.yaml", f"{{name: {LACKING}}}", f"{{name: {LACKING}, since: {SINCE}}}")
    _edit(
        study.folder / "questionnaires" / "participant_first.yaml", f"{{name: {QUESTION},", f"{{name: {QUESTION}, since: {SINCE},"
    )
    if same_form:
        with (study.folder / "study.yaml").open("a", encoding="utf-8") as file:
            file.write(f"together: {{same_form: {same_form}}}\n")
    older = make(folder / "data")
    newer = Delivery(folder / "data", NEWER)
    shutil.copytree(older.folder, newer.folder)
    for number, path in enumerate(sorted(newer.folder.glob("*/dataset.csv"))):
        header, *forms = newer.dataset(path.parent.name)
        at = header.index("responde")
        for place, form in enumerate(forms):
            form[at] = str(810001 + 17 * place)
        newer.write_dataset(path.parent.name, [header, *forms[: len(forms) - 1 - number % 2]])
    shutil.rmtree(older.path(LACKING))
    _without_question(older)
    return older


def refreshed_both(folder: Path, *, same_form: str | None = None) -> Delivery:
    """The same, both refreshed."""
    older = two_deliveries(folder, same_form=same_form)
    for name in (OLDER, NEWER):
        refresh(older.settings, name)
    return older


def _without_question(delivery: Delivery) -> None:
    """Take the question out of an export as if its paper didn't have it."""
    from frs_pipeline.study.questionnaires import questionnaires

    question = questionnaires(delivery.settings.study)["participant_first"].question(QUESTION)
    assert question is not None
    delivery.drop_column("participant_first", question.source)
    for name, place in (("structure", 1), ("labels", 0)):
        path = delivery.path(f"participant_first/{name}.csv")
        lines = path.read_bytes().decode("cp1252").split("\r\n")
        path.write_bytes(
            "\r\n".join(line for line in lines if question.source not in line.split(";")[place : place + 1]).encode("cp1252")
        )


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {old} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
