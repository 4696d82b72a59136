"""The questionnaires that a study lists in study.yaml, and the deliveries that have them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from frs_pipeline.errors import Gathered
from frs_pipeline.study import Study, derived
from frs_pipeline.study.faults import choices
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "study.yaml"
FOLDER = "questionnaires"
# For a table: forms of every occasion; for a questionnaire: filled in on any occasion; for a row: all occasions together.
BOTH = "both"
# The name of a delivery: its date.
DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def _as_name(value: object) -> object:
    """Check the name of a delivery. The error doesn't repeat the value: a delivery's file isn't ours."""
    try:
        if not isinstance(value, str) or not DATED.fullmatch(value):
            raise ValueError
        dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError("a delivery is named by its date, such as 2020-11-30") from None
    return value


# The name of a delivery, in a YAML file.
DeliveryName = Annotated[str, BeforeValidator(_as_name)]


class Dated(Spec):
    """What only some deliveries have: those dated from `since` to `until`, both included; all if neither is given."""

    since: dt.date | None = None
    until: dt.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is after until")
        return self

    def in_use(self, delivery: str) -> bool:
        """Return whether a delivery, named by its date, has it."""
        return (self.since is None or str(self.since) <= delivery) and (self.until is None or delivery <= str(self.until))


class Instrument(Dated):
    """A questionnaire, by the name that its file, its folder in a delivery and its mart share."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


# Names that a questionnaire can't have, since other parts of a delivery or other marts have them.
_TAKEN = (
    "codebook",
    "coding",
    "conference",
    "corrections",
    "description",
    "exceptions",
    "ledger",
    "second_keying",
    "withdrawals",
    "withdrawn_conferences",
)


@derived
def listed(study: Study) -> dict[str, Instrument]:
    """Read the questionnaires by name, each with the deliveries that have it.

    Raises `InputError` with file and line of study.yaml for a listed one without a file, or a file that isn't listed.
    """
    file = YamlFile(study.folder / FILE)
    by_name: dict[str, Instrument] = {}
    wrong = Gathered()
    there = sorted(path.stem for path in (study.folder / FOLDER).glob("*.yaml"))
    if isinstance(file.data, dict) and isinstance(file.data.get("instruments"), dict):
        raise file.error(["instruments"], "instruments: something with keys isn't a list", "begin each entry with a hyphen: - …")
    if not file.entries(["instruments"]):
        raise file.error(["instruments"], "lists no questionnaire", "add instruments: with a line - {name: …} for each")
    for index in file.items(["instruments"]):
        where: list[str | int] = ["instruments", index, "name"]
        with wrong:
            instrument: Instrument = file.parse_at(where[:-1], Instrument)
            if instrument.name in (*by_name, *_TAKEN):
                raise file.error(where, f"the name {instrument.name} is taken", "choose another name")
            by_name[instrument.name] = instrument
            if instrument.name not in there:
                what = f"there is no {FOLDER}/{instrument.name}.yaml"
                raise file.error(where, what, choices(there, instrument.name))
    wrong.check()
    unlisted = next((name for name in there if name not in by_name), None)
    if unlisted:
        what = f"{FOLDER}/{unlisted}.yaml isn't listed"
        raise file.error(["instruments"], what, f"add - {{name: {unlisted}}}, or take the file away")
    return by_name


def instruments(study: Study) -> tuple[str, ...]:
    """Return the names of the questionnaires, in the order in which they are listed everywhere."""
    return tuple(listed(study))


def in_use(study: Study, instrument: str, delivery: str) -> bool:
    """Return whether a delivery, named by its date, has forms of this questionnaire."""
    return listed(study)[instrument].in_use(delivery)
