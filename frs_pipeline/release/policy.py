"""The release policy: YAML into a typed model that refuses what would hide too little."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from frs_pipeline.questionnaires.model import Answer, Question, Scales
from frs_pipeline.specs import Spec, YamlFile
from frs_pipeline.tables.model import RESERVED, Axis, Category, catalogue

POLICY = Path(__file__).parent / "policy.yaml"
SCALES = Path(__file__).parent.parent / "questionnaires" / "scales.yaml"
# Statistics Denmark never releases fewer than three; a setting can't either.
FLOOR = 3

Step = Mapping[str, tuple[str, ...]]


class Percent(Spec):
    """Bases (forms) below which percentages are rounded to whole ones, and below which there are none."""

    whole_below: int = Field(ge=0)
    none_below: int = Field(ge=0)


class ReleasePolicy(Spec):
    """What may be released. `threshold` is the smallest count of forms that may be seen."""

    threshold: int = Field(ge=FLOOR)
    zeros: Literal["shown", "hidden"]
    missing: Literal["shown", "hidden"]
    all_or_nothing: Literal["withhold", "flag"]
    percent: Percent
    collapse: dict[str, tuple[dict[str, tuple[str, ...]], ...]]
    never: dict[int, str]

    def is_small(self, forms: int) -> bool:
        """Must a count of `forms` be hidden?"""
        return (0 if self.zeros == "hidden" else 1) <= forms < self.threshold

    @property
    def hash(self) -> str:
        """sha256 of the settings, whatever their file looks like."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def read_policy(path: Path = POLICY) -> ReleasePolicy:
    """The policy; raises `InputError` with file and line for what isn't allowed or doesn't exist."""
    file = YamlFile(path)
    found = file.parse(ReleasePolicy)
    scales = YamlFile(SCALES).parse(Scales).scales
    for name, steps in found.collapse.items():
        if name not in scales:
            raise file.error(["collapse", name], f"there is no scale {name}")
        for index, step in enumerate(steps):
            wrong = _wrong(step, scales[name])
            if wrong:
                raise file.error(["collapse", name, index], wrong)
    for number, reason in found.never.items():
        if number not in catalogue():
            raise file.error(["never", number], f"there is no table {number}")
        if not reason.strip():
            raise file.error(["never", number], f"table {number} needs a reason")
    return found


def _wrong(step: Step, answers: tuple[Answer, ...]) -> str | None:
    """What is wrong with merging `answers` so; None when nothing is."""
    order = [answer.label for answer in answers]
    seen: set[str] = set()
    for label, members in step.items():
        missing = next((member for member in members if member not in order), None)
        if missing is not None:
            return f"the scale has no answer '{missing}'"
        if seen & set(members) or len(set(members)) != len(members):
            return f"an answer is merged twice under '{label}'"
        places = [order.index(member) for member in members]
        if len(members) < 2 or places != list(range(places[0], places[0] + len(places))):
            return f"'{label}' has to merge answers that follow each other"
        seen.update(members)
    clash = set(step) & ((set(order) - seen) | set(RESERVED))
    return f"'{min(clash)}' is the label of another row" if clash else None


def merged(axis: Axis, question: Question, step: Step) -> Axis | None:
    """`axis` with the answers of one step merged; None when the table doesn't have them as answers of their own."""
    own = {category.codes: category for category in axis.categories}
    found: list[Category] = []
    taken: set[int] = set()
    for label, members in step.items():
        codes = tuple(code for member in members if (code := question.code(member)) is not None)
        if any((code,) not in own for code in codes):
            return None
        taken.update(codes)
        found.append(Category(label=label, codes=codes))
    rest = [category for category in axis.categories if not taken & set(category.codes)]
    order = {category.codes: place for place, category in enumerate(axis.categories)}
    together = sorted(
        [*rest, *found], key=lambda category: min(order.get((code,), order.get(category.codes, 0)) for code in category.codes)
    )
    labels = [category.label for category in together]
    return Axis(variable=axis.variable, categories=tuple(together)) if len(set(labels)) == len(labels) else None


@cache
def release_policy() -> ReleasePolicy:
    """The policy in force."""
    return read_policy()
