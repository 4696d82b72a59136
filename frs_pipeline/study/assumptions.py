"""What the printed report doesn't say and the reconstruction of its forms has to choose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.language import plural
from frs_pipeline.study import Study, derived
from frs_pipeline.study.faults import choices
from frs_pipeline.study.questionnaires import questionnaires, read_scales
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "reconstruction/assumptions.yaml"
# How far shares may be from 1 together, as they are written with a few decimals.
_ROUNDING = 0.001
Share = Annotated[float, Field(ge=0, le=1)]
Spoilt = Literal["numbers_differ", "number_unknown", "number_unreadable", "outside_scale", "keyed_twice"]


class LedgerColumn(Spec):
    """A further column of the ledger: its words with their shares, drawn for each conference or for each child.

    `proved` says which word is certain where somebody in a role filled in a form.
    """

    shares: dict[str, Share] = Field(min_length=1)
    of: Literal["conference", "case"] = "conference"
    proved: dict[str, str] = Field(default_factory=dict)


class Assumptions(Spec):
    """What the report doesn't print and the reconstruction has to choose."""

    seed: int
    order: dict[str, tuple[str, ...]]
    answered: Share
    starting_shares: dict[str, tuple[Share, ...]]
    # How many conferences lack a questionnaire's form, as many in all as the report says.
    lacking: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    # Roles of which each conference has at most one, as long as there are no more of them than conferences.
    one_a_conference: tuple[str, ...] = ()
    # What is spoilt, by export. Every one of these forms has to be set aside, whatever else it says.
    spoilt: dict[str, tuple[Spoilt, ...]] = Field(default_factory=dict)
    ledger: dict[str, LedgerColumn] = Field(default_factory=dict)
    number_text: str
    statuses: tuple[str, str, str, str, str]


@derived
def assumptions(study: Study) -> Assumptions:
    """Read what had to be chosen. Raises `InputError` with file and line, also for names that the study doesn't have."""
    file, wrong = YamlFile(study.folder / FILE), Gathered()
    chosen = file.parse(Assumptions)
    asked, scales = questionnaires(study), read_scales(study)
    for place in ("order", "lacking", "spoilt"):
        for name in getattr(chosen, place):
            with wrong:
                if name not in asked:
                    raise file.error([place, name], f"there is no questionnaire {name}", choices(asked, name))
    for name, order in chosen.order.items():
        known = [question.name for question in asked[name].questions] if name in asked else [*order]
        for index, question in enumerate(order):
            with wrong:
                if question not in known:
                    what = f"questionnaire {name} has no question {question}"
                    raise file.error(["order", name, index], what, choices(known, question))
    for name, shares in chosen.starting_shares.items():
        with wrong:
            if name not in scales:
                raise file.error(["starting_shares", name], f"scales.yaml has no scale {name}", choices(scales, name))
            if len(shares) > len(scales[name]):
                what = f"{len(shares)} shares, and scale {name} has {plural(len(scales[name]), 'answer')}"
                raise file.error(["starting_shares", name], what, "give each answer one share")
            if abs(sum(shares) - 1) > _ROUNDING:
                raise file.error(["starting_shares", name], f"the shares make {sum(shares):.4g} together", "let them make 1")
    roles = sorted({label for paper in asked.values() if paper.role for label in paper.role.labels.values()})
    for index, role in enumerate(chosen.one_a_conference):
        with wrong:
            if role not in roles:
                raise file.error(["one_a_conference", index], f"no questionnaire has a role {role}", choices(roles, role))
    wrong.check()
    return chosen
