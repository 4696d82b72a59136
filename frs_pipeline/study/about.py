"""What study.yaml says about a study: its names, its occasions, and who fills in what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.study import Study, derived
from frs_pipeline.study.faults import choices
from frs_pipeline.study.instruments import BOTH, FILE, DeliveryName
from frs_pipeline.study.spec import Spec, YamlFile


class Noun(Spec):
    """A word in the singular and the plural, in lower case."""

    one: Text
    many: Text


class Occasion(Noun):
    """When forms are filled in: `ledger` is the ledger's word, `the` ends "the forms from …"."""

    ledger: str = Field(min_length=1)
    the: Text


class Lacking(Spec):
    """How to speak of conferences that lack somebody's form, or the form of `either` of several."""

    words: Text
    either: tuple[str, ...] = ()


class Printed(Spec):
    """Numbers of conferences that stand only in the report's text: those `held`, by occasion, and those `lacking` a form."""

    held: dict[str, int] = Field(default_factory=dict)
    lacking: dict[str, int] = Field(default_factory=dict)


class Together(Spec):
    """How several deliveries are counted as one: what becomes of a form that two of them have."""

    same_form: Literal["refuse", "once"] = "refuse"


class About(Spec):
    """Facts of the study. `cases` says whether marts tell which conferences are of the same child."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    conference: Noun
    occasions: dict[str, Occasion] = Field(min_length=1)
    role: str | None = None
    lacking: dict[str, Lacking] = Field(default_factory=dict)
    instruments: tuple[Any, ...]  # read by `study.instruments`
    printed_from: DeliveryName | None = None
    printed: Printed = Printed()
    together: Together = Together()
    cases: bool = False


@derived
def about(study: Study) -> About:
    """Read study.yaml. Raises `InputError` with file and line."""
    file = YamlFile(study.folder / FILE)
    facts: About = file.parse(About)
    wrong = Gathered()
    known = [name for name, lacking in facts.lacking.items() if not lacking.either]
    for name, lacking in facts.lacking.items():
        for index, one in enumerate(lacking.either):
            with wrong:
                if one not in known:
                    raise file.error(["lacking", name, "either", index], f"nobody is called {one}", choices(known, one))
    for place, known_names, names_given in (
        ("held", facts.occasions, facts.printed.held),
        ("lacking", facts.lacking, facts.printed.lacking),
    ):
        for name in names_given:
            with wrong:
                if name not in known_names:
                    raise file.error(["printed", place, name], f"there is no {name}", choices(known_names, name))
    if BOTH in facts.occasions:
        with wrong:
            raise file.error(["occasions", BOTH], f"{BOTH} means every occasion", "give it another name")
    words = [occasion.ledger for occasion in facts.occasions.values()]
    for index, name in enumerate(facts.occasions):
        with wrong:
            if words[index] in words[:index]:
                raise file.error(["occasions", name, "ledger"], "another occasion has this word, too", "give each its own")
    wrong.check()
    return facts


def occasions(study: Study) -> Mapping[str, Occasion]:
    """Return the occasions on which forms are filled in, by name, in order."""
    return about(study).occasions
