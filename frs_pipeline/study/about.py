"""What study.yaml says of a study."""

from __future__ import annotations

from pydantic import Field

from frs_pipeline.study import Study, derived
from frs_pipeline.study.instruments import DeliveryName
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "study.yaml"


class Conferences(Spec):
    """Conferences by occasion, as the report's text has them."""

    first: int
    followup: int


class About(Spec):
    """Facts of the study."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="short: what Dagster's keys begin with")
    printed_from: DeliveryName
    conferences: Conferences
    lacking_a_professional_form: int


@derived
def about(study: Study) -> About:
    """Read study.yaml. Raises `InputError` with file and line."""
    return YamlFile(study.folder / FILE).parse(About)
