"""The questionnaires as data, and what is made from them."""

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
# Of a table: forms of every occasion. Of a questionnaire: its forms are filled in at any. Of a row: all occasions together.
BOTH = "both"
# How deliveries are named.
DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def _as_name(value: object) -> object:
    """The name of a delivery; what is said of another value doesn't repeat it, for a delivery's file is not ours."""
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
    """What only some deliveries have: those dated from `since` to `until`, both included; where neither is said, all."""

    since: dt.date | None = None
    until: dt.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is after until")
        return self

    def in_use(self, delivery: str) -> bool:
        """Does a delivery, named by its date, have it?"""
        return (self.since is None or str(self.since) <= delivery) and (self.until is None or delivery <= str(self.until))


class Instrument(Dated):
    """A questionnaire by its name: that of its file, of its folder in a delivery, and of its mart."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


# Names that other parts of a delivery and other marts have.
_TAKEN = ("codebook", "conference", "corrections", "description", "exceptions", "ledger", "withdrawals", "withdrawn_conferences")


@derived
def listed(study: Study) -> dict[str, Instrument]:
    """The questionnaires by name, each with the deliveries that have it.

    Raises `InputError` with file and line of study.yaml when one that it lists has no file, or one that has isn't listed.
    """
    file = YamlFile(study.folder / FILE)
    found: dict[str, Instrument] = {}
    wrong = Gathered()
    there = sorted(path.stem for path in (study.folder / FOLDER).glob("*.yaml"))
    if not file.entries(["instruments"]):
        raise file.error(["instruments"], "lists no questionnaire", "add instruments: with a line - {name: …} for each")
    for index in file.entries(["instruments"]):
        where: list[str | int] = ["instruments", index, "name"]
        with wrong:
            instrument: Instrument = file.parse_at(where[:-1], Instrument)
            if instrument.name in (*found, *_TAKEN):
                raise file.error(where, f"the name {instrument.name} is taken", "choose another name")
            found[instrument.name] = instrument
            if instrument.name not in there:
                what = f"there is no {FOLDER}/{instrument.name}.yaml"
                raise file.error(where, what, choices(there, instrument.name))
    wrong.check()
    unlisted = next((name for name in there if name not in found), None)
    if unlisted:
        what = f"{FOLDER}/{unlisted}.yaml isn't listed"
        raise file.error(["instruments"], what, f"add - {{name: {unlisted}}}, or take the file away")
    return found


def instruments(study: Study) -> tuple[str, ...]:
    """Names of the questionnaires, in the order in which they are listed everywhere."""
    return tuple(listed(study))


def in_use(study: Study, instrument: str, delivery: str) -> bool:
    """Does a delivery, named by its date, have forms of this questionnaire?"""
    return listed(study)[instrument].in_use(delivery)
