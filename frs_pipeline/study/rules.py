"""The policy as a typed model, and what each rule is about."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import LANGUAGES
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.faults import choices
from frs_pipeline.study.impossible import ImpossibleAnswers, read_impossible_answers
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "rules.yaml"

Severity = Literal["warn", "aside", "stop"]
About = Literal["form", "registers", "export", "delivery"]


@dataclass(frozen=True)
class Kind:
    """What the code knows about a rule: what it examines, and what can be done about a finding.

    `severities` are those that make sense: a form without a number can't be counted, whatever a policy says.
    `acceptable` says whether a finding may be accepted as it is (see `intake.amendments`).
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
    # Nobody can say which of them is wrong, so none is set aside.
    "several_of_one": Kind("form", ("warn", "stop"), acceptable=True),
    "not_in_ledger": _REGISTERS,
    "not_in_codebook": _REGISTERS,
    "registers_differ": _REGISTERS,
    "rows_blank": Kind("export", ("warn", "stop")),
    "no_forms": _UNREADABLE,
    "question_missing": _UNREADABLE,
    "column_unknown": _DRIFTED,
    "labels_drifted": _DRIFTED,
    "wording_drifted": _DRIFTED,
    "too_many_set_aside": Kind("delivery", ("warn", "stop"), acceptable=True),
    "not_applied": Kind("delivery", ("warn", "stop"), acceptable=True),
    "exception_unused": Kind("delivery", ("warn", "stop")),
}


# Rules about what not every study's forms have.
_NUMBER = ("number_unreadable", "several_of_one")
_REGISTER = ("number_unknown", "wrong_occasion")
_BOTH_REGISTERS = ("ledger_contradicts", "not_in_ledger", "not_in_codebook", "registers_differ")
_TIMES = ("timestamps_backwards",)


@derived
def kinds(study: Study) -> dict[str, Kind]:
    """Return the built-in rules that a study's forms can break: those about what its forms and registers have."""
    facts = about(study)
    forms, registers = facts.forms, facts.registers
    absent: set[str] = set()
    for there, rules in (
        (forms.number, _NUMBER),
        (forms.number_again, ("numbers_differ",)),
        (registers, _REGISTER),
        (len(registers) > 1, _BOTH_REGISTERS),
        (forms.id, ("respondent_unreadable", "respondent_twice")),
        (forms.statuses, ("status_unclear",)),
        (forms.created, ("timestamp_unreadable",)),
        (len(forms.times) > 1, _TIMES),
        (forms.number and forms.created, ("keyed_twice",)),
    ):
        absent.update(() if there else rules)
    return {name: kind for name, kind in KINDS.items() if name not in absent}


# What can be done about a finding of a rule of the study's own.
_OWN = _DOUBTFUL


def _several(word: Any) -> Any:
    return tuple(word) if isinstance(word, list | tuple) else (word,)


class RuleSpec(Spec):
    """One rule as the YAML writes it: how severe a finding is, its words in the study's languages, what it means, what to do.

    A rule of the study's own also says on which questionnaire (`on`) which answers can't all be true (`when`).
    `largest_share_not_applied` overrides the policy's.
    """

    severity: Severity
    danish: str = ""
    english: str = ""
    meaning: str
    remedy: str
    largest_share_not_applied: float | None = Field(default=None, ge=0, le=1)
    on: str | None = None
    when: dict[str, Annotated[tuple[str, ...], BeforeValidator(_several)]] | None = None


class Rule(RuleSpec):
    """One rule, with what can be done about it, and what it looks for unless the code says so."""

    kind: Kind
    impossible: ImpossibleAnswers | None = None

    @property
    def message(self) -> str:
        """The rule's words in the study's languages, as the quarantine holds them."""
        return " / ".join(dict.fromkeys((self.danish, self.english)))


class Shares(Spec):
    """Largest shares (0-1) of forms that may be set aside: of the delivery, and of one questionnaire."""

    delivery: float = Field(ge=0, le=1)
    questionnaire: float = Field(ge=0, le=1)


class Thresholds(Spec):
    """What is too much, too close together, too many, and too long."""

    largest_share_set_aside: Shares
    largest_share_not_applied: float = Field(default=0.05, ge=0, le=1)
    corrected_within_days: int = Field(default=366, ge=0)
    keyed_twice_within_minutes: int = Field(ge=0)
    one_a_conference: tuple[str, ...]
    hours_until_waiting_is_reported: float = Field(gt=0)


class PolicySpec(Thresholds):
    # Each a RuleSpec, parsed on its own, so that a faulty one hides no other's faults.
    rules: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Any]


class Policy(Thresholds):
    """The thresholds, and the rules by id; a form that breaks several counts under the first of them."""

    rules: dict[str, Rule]

    def share_not_applied(self, rule: str) -> float:
        """Return the largest share (0-1) of forms that a rule may be unable to examine."""
        own = self.rules[rule].largest_share_not_applied
        return self.largest_share_not_applied if own is None else own

    def impossible_answers(self, instrument: str) -> dict[str, ImpossibleAnswers]:
        """Return what the study's own rules look for in the forms of a questionnaire, by rule."""
        all_of_them = {name: rule.impossible for name, rule in self.rules.items()}
        return {name: looked_for for name, looked_for in all_of_them.items() if looked_for and looked_for.on == instrument}


def read_policy(study: Study, path: Path, asked: Mapping[str, Questionnaire] | None = None) -> Policy:
    """Read the policy; `asked` are the questionnaires that its rules may be about, by default all of them.

    Raises `InputError` with file and line for a rule, severity, questionnaire, question or answer that doesn't exist.
    """
    file = YamlFile(path)
    rules: dict[str, Rule] = {}
    wrong = Gathered()
    with wrong:
        spec = file.parse(PolicySpec)
    with wrong:
        asked = questionnaires(study) if asked is None else asked
    # Where study.yaml can't be read, which is reported for itself, it doesn't say which rules there are.
    built_in, needed = KINDS, []
    with suppress(InputError):
        built_in = kinds(study)
        needed = list(built_in)
    for name in file.entries(["rules"]):
        with wrong:
            rules[name] = _rule(study, file, name, built_in, asked)
    with wrong:
        roles = [form.role for form in questionnaires(study).values() if form.role]
        known = [label for role in roles for label in role.labels.values()]
        for index in file.items(["one_a_conference"]):
            label = file.data["one_a_conference"][index]
            with wrong:
                if isinstance(label, str) and roles and all(role.code(label) is None for role in roles):
                    what = f"no questionnaire's question {about(study).role} has the answer {label}"
                    raise file.error(["one_a_conference", index], what, choices(known, label))
    there = file.entries(["rules"])
    for name in needed if "rules" in file.entries([]) else ():
        with wrong:
            # One that is misspelt is reported already.
            if name not in there and not get_close_matches(name, [one for one in there if one not in KINDS], 1):
                do = "every built-in rule has to be there, perhaps it stands behind #: docs/rules.md"
                raise file.error(["rules"], f"rule {name} is missing", do)
    wrong.check()
    return Policy(**{**dict(spec), "rules": rules})


def _rule(
    study: Study, file: YamlFile, name: str, built_in: Mapping[str, Kind], asked: Mapping[str, Questionnaire] | None
) -> Rule:
    """Read one rule; its conditions aren't checked where the questionnaires can't be read (`asked` is None)."""
    where = ["rules", name]
    if name in KINDS and name not in built_in:
        what = f"rule {name} is about what forms of this study haven't got"
        raise file.error(where, what, "take it out, or say in study.yaml (forms, registers) that they have")
    rule: RuleSpec = file.parse_at(where, RuleSpec)
    words = _in_languages(study, file, name, rule)
    own = {key: getattr(rule, key) for key in ("on", "when") if getattr(rule, key) is not None}
    kind = KINDS.get(name, _OWN)
    if name in KINDS and own:
        what = f"rule {name} is built in: what it looks for can't be said here"
        raise file.error([*where, *list(own)[:1]], what, "take out on and when, or give a rule of your own another name")
    if name not in KINDS and len(own) < 2:
        what = f"there is no rule {name}, and a rule of one's own needs on and when"
        raise file.error(where, what, choices(KINDS, name) if get_close_matches(name, KINDS) else "add on and when")
    if rule.severity not in kind.severities:
        possible = " or ".join(kind.severities)
        raise file.error([*where, "severity"], f"rule {name} can't be {rule.severity}", f"it can be {possible}")
    looked_for = (
        read_impossible_answers(file, where, own["on"], own["when"], asked, occasions(study))
        if own and asked is not None
        else None
    )
    return Rule(**{**dict(rule), **words}, kind=kind, impossible=looked_for)


def _in_languages(study: Study, file: YamlFile, name: str, rule: RuleSpec) -> dict[str, str]:
    """Return the words of a rule by language: the study's own, and the first of these for another one."""
    try:
        known = about(study).languages
    except InputError:  # reported for itself
        return {}
    missing = next((language for language in known if not getattr(rule, language)), None)
    if missing:
        raise file.error(["rules", name], f"rule {name} has no words in {missing.capitalize()}", f"add {missing}: …")
    return {language: getattr(rule, language if language in known else known[0]) for language in LANGUAGES}


@derived
def policy(study: Study) -> Policy:
    """Read the policy in force."""
    return read_policy(study, study.folder / FILE)
