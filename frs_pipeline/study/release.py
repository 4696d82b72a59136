"""The release policy: YAML into a typed model that refuses what would hide too little."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.study import Study, derived
from frs_pipeline.study.faults import choices
from frs_pipeline.study.questionnaires import Answer, Question, questionnaires, read_scales
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import RESERVED, Axis, Category, catalogue

FILE = "release.yaml"
# Statistics Denmark never releases counts below three; no setting may, either.
FLOOR = 3

Step = Mapping[str, tuple[str, ...]]


class Percent(Spec):
    """Bases (forms) below which percentages are rounded to whole numbers, and below which none are given."""

    whole_below: int = Field(ge=0)
    none_below: int = Field(ge=0)


class ReleasePolicy(Spec):
    """What may be released, and how many people it takes. `threshold` is the smallest count of forms that may be shown.

    With two `hands`, a release needs a request, and within `request_days` the signature of somebody else whom the file of
    `signers` names: a path from the study's folder on, or a whole one.
    """

    threshold: int = Field(ge=FLOOR)
    zeros: Literal["shown", "hidden"]
    missing: Literal["shown", "hidden"]
    who: tuple[str, ...]
    all_or_nothing: Literal["withhold", "flag"]
    percent: Percent
    collapse: dict[str, tuple[dict[str, tuple[str, ...]], ...]] = Field(default_factory=dict)
    never: dict[int, str] = Field(default_factory=dict)
    hands: Literal["one", "two"] = "one"
    signers: str = Field("signers", min_length=1)
    request_days: int = Field(14, ge=1, le=90)

    def is_small(self, forms: int) -> bool:
        """Return whether a count of `forms` must be hidden."""
        return (0 if self.zeros == "hidden" else 1) <= forms < self.threshold

    @property
    def hash(self) -> str:
        """sha256 of the settings, whatever their file looks like.

        One hand is what there was before there could be two: a policy without these settings keeps its hash.
        """
        settings = self.model_dump(mode="json", exclude={"hands", "signers", "request_days"} if self.hands == "one" else None)
        text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def read_policy(study: Study, path: Path) -> ReleasePolicy:
    """Read the policy. Raises `InputError` with file and line for anything that isn't allowed or doesn't exist."""
    file = YamlFile(path)
    settings = file.parse(ReleasePolicy)
    wrong = Gathered()
    scales: dict[str, tuple[Answer, ...]] = {}
    asked: list[str] = []
    with wrong:
        scales = read_scales(study)
        every = [question for questionnaire in questionnaires(study).values() for question in questionnaire.questions]
        asked = [question.name for question in every]
        scales = scales | {question.scale: question.answers for question in every if question.grouped}
    # Questionnaires that can't be read are reported already; nothing can be compared with them.
    for name, steps in settings.collapse.items() if asked else ():
        with wrong:
            if name not in scales:
                raise file.error(["collapse", name], f"there is no scale {name}", choices(scales, name))
            _check_steps(file, name, steps, scales[name])
    for index, name in enumerate(settings.who if asked else ()):
        with wrong:
            if name not in asked:
                raise file.error(["who", index], f"no questionnaire has a question {name}", choices(asked, name))
    for number, reason in settings.never.items():
        with wrong:
            if number not in catalogue(study):
                raise file.error(["never", number], f"there is no table {number}", "tables.yaml lists them")
            if not reason.strip():
                raise file.error(["never", number], f"table {number} needs a reason", f'write {number}: "…"')
    wrong.check()
    return settings


def _check_steps(file: YamlFile, name: str, steps: tuple[Step, ...], answers: tuple[Answer, ...]) -> None:
    """Raise `InputError` for every merging of a scale's answers that isn't possible."""
    before: dict[str, tuple[str, ...]] = {}
    wrong = Gathered()
    for index, step in enumerate(steps):
        for label, members in step.items():
            with wrong:
                fault = _wrong(step, label, answers, before)
                if fault:
                    raise file.error(["collapse", name, index, label], f"scale {name}: {fault[0]}", fault[1])
            before[label.casefold()] = members
    wrong.check()


def _wrong(step: Step, label: str, answers: tuple[Answer, ...], before: Mapping[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """Say what is wrong with merging answers of a scale under `label`, and what to do; None when nothing is.

    `before` holds the answers merged so far, by label in lower case.
    """
    members = step[label]
    order = [answer.label for answer in answers]
    missing = next((member for member in members if member not in order), None)
    if missing is not None:
        return f"there is no answer '{missing}' in it", choices(order, missing)
    others = [member for other, named in step.items() if other != label for member in named]
    if set(others) & set(members) or len(set(members)) != len(members):
        return f"an answer that '{label}' merges stands twice in the step", "take it out of one place"
    places = [order.index(member) for member in members]
    if len(members) < 2 or places != list(range(places[0], places[0] + len(places))):
        listed = ", ".join(f'"{word}"' if "," in word else word for word in order)
        return f"'{label}' has to merge two or more answers that follow each other", f"the scale is {listed}"
    taken = {word.casefold() for answer in answers for word in (answer.label, *answer.also_printed)}
    if label.casefold() in taken | {word.casefold() for word in RESERVED}:
        return f"'{label}' is the label of another row", f"call the merged answer by what it holds: {'/'.join(members)}"
    if set(before.get(label.casefold(), members)) != set(members):
        return f"'{label}' stands for other answers in another step", "rename one of them"
    return None


def merged(axis: Axis, question: Question, step: Step) -> Axis | None:
    """Merge the answers of one step on `axis`; None when the table doesn't have them as separate answers."""
    own = {category.codes: category for category in axis.categories}
    merged_ones: list[Category] = []
    taken: set[int] = set()
    for label, members in step.items():
        codes = tuple(code for member in members if (code := question.code(member)) is not None)
        if any((code,) not in own for code in codes):
            return None
        taken.update(codes)
        merged_ones.append(Category(label=label, codes=codes))
    rest = [category for category in axis.categories if not taken & set(category.codes)]
    order = {category.codes: place for place, category in enumerate(axis.categories)}
    together = sorted(
        [*rest, *merged_ones],
        key=lambda category: min(order.get((code,), order.get(category.codes, 0)) for code in category.codes),
    )
    labels = [category.label for category in together]
    return Axis(variable=axis.variable, categories=tuple(together)) if len(set(labels)) == len(labels) else None


@derived
def release_policy(study: Study) -> ReleasePolicy:
    """Read the policy in force."""
    return read_policy(study, study.folder / FILE)
