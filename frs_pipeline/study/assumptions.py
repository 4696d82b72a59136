"""What the printed report doesn't say and the reconstruction of its forms has to choose."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from frs_pipeline.study import Study, derived
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "reconstruction/assumptions.yaml"
Spoilt = Literal["numbers_differ", "number_unknown", "number_unreadable", "outside_scale", "keyed_twice"]


class Assumptions(Spec):
    """What the report doesn't print and the reconstruction has to choose."""

    seed: int
    order: dict[str, tuple[str, ...]]
    answered: float
    starting_shares: dict[str, tuple[float, ...]]
    # How many conferences lack a questionnaire's form, as many in all as the report says.
    lacking: dict[str, int] = Field(default_factory=dict)
    # Roles of which each conference has at most one, as long as there are no more of them than conferences.
    one_a_conference: tuple[str, ...] = ()
    # What is spoilt, by export. Every one of these forms has to be set aside, whatever else it says.
    spoilt: dict[str, tuple[Spoilt, ...]] = Field(default_factory=dict)
    number_text: str
    statuses: tuple[str, str, str, str, str]


@derived
def assumptions(study: Study) -> Assumptions:
    """Read what had to be chosen. Raises `InputError` with file and line."""
    return YamlFile(study.folder / FILE).parse(Assumptions)
