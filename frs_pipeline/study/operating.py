"""What whoever runs a study says about its running: who owns what is made, how often forms should come, how long what is kept.

Nothing of it has a part in a result: the file may change at any time, and nothing is made again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from frs_pipeline.study import Study, derived
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "operations.yaml"

Zone = Literal["raw", "restricted", "curated"]
# As Dagster takes them: a team by its name, or somebody's address.
Owner = Annotated[str, Field(pattern=r"^(team:[A-Za-z0-9_-]+|[^@\s:]+@[^@\s:]+\.[^@\s:]+)$")]


class Retention(Spec):
    """For how many days Dagster's history keeps a run, and of how many deliveries results stay: the newest.

    What isn't said is kept for ever.
    """

    days_of_runs: Annotated[int, Field(ge=1, le=36500)] | None = None
    newest_results: Annotated[int, Field(ge=1, le=10000)] | None = None


class Operating(Spec):
    """Who owns what lies in a zone, within how many days of the last another delivery should be made, and what is kept."""

    owners: dict[Zone, tuple[Owner, ...]] = Field(default_factory=dict)
    delivery_within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    retention: Retention = Field(default_factory=Retention)


@derived
def operating(study: Study) -> Operating:
    """Read operations.yaml, which a study needn't have. Raises `InputError` with file and line."""
    path = study.folder / FILE
    if not path.exists():
        return Operating()
    found: Operating = YamlFile(path).parse(Operating)
    return found
