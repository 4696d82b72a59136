"""The policy as a typed model, and what each rule is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from frs_pipeline.specs import Spec, YamlFile

POLICY = Path(__file__).parent / "policy.yaml"

Severity = Literal["warn", "aside", "stop"]
About = Literal["form", "registers", "export", "delivery"]


@dataclass(frozen=True)
class Kind:
    """What the code knows of a rule: what it looks at, and what can be done about a finding.

    `severities` are those that make sense: a form without a number can't be counted, whatever a policy says.
    `acceptable`: may a finding be accepted as it is (see `exports.ledgers`)?
    """

    about: About
    severities: tuple[Severity, ...]
    acceptable: bool = False


_UNCOUNTABLE = Kind("form", ("aside", "stop"))
_DOUBTFUL = Kind("form", ("warn", "aside", "stop"), acceptable=True)
_REGISTERS = Kind("registers", ("warn", "stop"), acceptable=True)
_UNREADABLE = Kind("export", ("stop",))
_DRIFTED = Kind("export", ("warn", "stop"), acceptable=True)

KINDS = {
    "number_unreadable": _UNCOUNTABLE,
    "numbers_differ": _UNCOUNTABLE,
    "number_unknown": _UNCOUNTABLE,
    "wrong_occasion": _UNCOUNTABLE,
    "ledger_contradicts": _DOUBTFUL,
    "code_unreadable": _UNCOUNTABLE,
    "outside_scale": _UNCOUNTABLE,
    "role_impossible": _UNCOUNTABLE,
    "role_missing": _DOUBTFUL,
    "answered_unasked": _DOUBTFUL,
    "status_unclear": _UNCOUNTABLE,
    "not_answered": _UNCOUNTABLE,
    "respondent_unreadable": _UNCOUNTABLE,
    "respondent_twice": _UNCOUNTABLE,
    "keyed_twice": _DOUBTFUL,
    "timestamp_unreadable": _DOUBTFUL,
    "timestamps_backwards": _DOUBTFUL,
    "holds_personal_number": _UNCOUNTABLE,
    # Which of them is the wrong one, nobody can say: none is set aside.
    "several_of_one": Kind("form", ("warn", "stop"), acceptable=True),
    "not_in_ledger": _REGISTERS,
    "not_in_codebook": _REGISTERS,
    "registers_differ": _REGISTERS,
    "no_forms": _UNREADABLE,
    "question_missing": _UNREADABLE,
    "column_unknown": _DRIFTED,
    "labels_drifted": _DRIFTED,
    "wording_drifted": _DRIFTED,
    "too_many_set_aside": Kind("delivery", ("warn", "stop"), acceptable=True),
}


class Rule(Spec):
    """One rule: how severe a finding is, what is said of it in Danish and English, what it means, what to do."""

    severity: Severity
    danish: str
    english: str
    meaning: str
    remedy: str

    @property
    def message(self) -> str:
        """Plain words in both languages, as the quarantine holds them."""
        return f"{self.danish} / {self.english}"


class Shares(Spec):
    """Largest shares (0-1) of forms that may be set aside: of the delivery, and of one questionnaire."""

    delivery: float = Field(ge=0, le=1)
    questionnaire: float = Field(ge=0, le=1)


class Policy(Spec):
    """Rules by id, and the thresholds."""

    largest_share_set_aside: Shares
    keyed_twice_within_minutes: int = Field(ge=0)
    one_a_conference: tuple[str, ...]
    rules: dict[str, Rule]


def read_policy(path: Path = POLICY) -> Policy:
    """The policy; raises `InputError` with file and line for a rule or severity that there isn't."""
    file = YamlFile(path)
    found = file.parse(Policy)
    for name, rule in found.rules.items():
        if name not in KINDS:
            raise file.error(["rules", name], f"there is no rule {name}")
        if rule.severity not in KINDS[name].severities:
            possible = " or ".join(KINDS[name].severities)
            raise file.error(["rules", name, "severity"], f"rule {name} can't be {rule.severity}: {possible}")
    missing = next((name for name in KINDS if name not in found.rules), None)
    if missing is not None:
        raise file.error(["rules"], f"rule {missing} is missing")
    return found


@cache
def policy() -> Policy:
    """The policy in force."""
    return read_policy()
