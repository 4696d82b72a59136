"""Make docs/rules.md from the policy and what the code knows about each rule; `--check` says whether it is up to date."""

from __future__ import annotations

from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.impossible import Condition, ImpossibleAnswers
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.rules import Rule, policy

_SEVERITIES = {"warn": "the form counts, the finding is noted", "aside": "the form is set aside", "stop": "the run ends"}
_ABOUT = {
    "form": "Rules about a form",
    "registers": "Rules about codebook and ledger",
    "export": "Rules about an export",
    "delivery": "Rules about a delivery",
}


def page(study: Study) -> str:
    """Write the whole page as Markdown."""
    chosen = policy(study)
    shares = chosen.largest_share_set_aside
    parts = [
        "# Rules",
        "",
        f"Made from `studies/{study.folder.name}/rules.yaml` by `make docs`; change that, not this page.",
        "",
        "The rules that a delivery is checked against. "
        "A form that breaks a rule of severity *aside* is set aside whole, with every rule "
        "that it breaks, in `data/restricted/<delivery>/quarantine.parquet`; what is only a warning, or was accepted, is "
        "noted in `noted.parquet` beside it. `frs quarantine` shows both.",
        "",
        "The run stops when more is set aside than "
        f"{shares.delivery:.0%} of the delivery's forms or {shares.questionnaire:.0%} of one questionnaire's.",
        "",
        "A delivery that can't be taken up because it isn't complete is reported under `make ui` after "
        f"{chosen.hours_until_waiting_is_reported:g} hours.",
        "",
        "A rule that finds nothing and one that couldn't look leave the same silence behind. So a run counts to how many of the "
        "forms that count each rule was applied, and to how many it couldn't be, and why; `frs run`, `frs quarantine` and the "
        f"manifest's summary say so. The run stops when it is more than {chosen.largest_share_not_applied:.0%} of a "
        "questionnaire's forms (a rule that has a share of its own says so below), and not a single one; what people left blank "
        "on the paper isn't counted. It also stops when a rule could be applied to none at all.",
    ]
    for about, title in _ABOUT.items():
        parts += ["", f"## {title}"]
        for name, rule in chosen.rules.items():
            kind = rule.kind
            if kind.about != about:
                continue
            others = [severity for severity in kind.severities if severity != rule.severity]
            parts += [
                "",
                f"### `{name}`",
                "",
                f"> {rule.danish}.  ",
                f"> {rule.english[0].upper()}{rule.english[1:]}.",
                "",
                f"{rule.meaning} *{rule.remedy}*",
                "",
                *([_looked_for(study, rule.impossible), ""] if rule.impossible else []),
                f"Severity **{rule.severity}** ({_SEVERITIES[rule.severity]})"
                + (f"; may be set to {' or '.join(others)}" if others else "; nothing else makes sense")
                + _own_share(rule)
                + (". May be accepted in `exceptions.csv`." if kind.acceptable else ". Can't be accepted, only corrected."),
            ]
    return "\n".join(parts) + "\n"


def _own_share(rule: Rule) -> str:
    share = rule.largest_share_not_applied
    return "" if share is None else f"; the run stops when it can't be applied to more than {share:.0%}"


def _looked_for(study: Study, impossible: ImpossibleAnswers) -> str:
    """Say what a rule of the study's own looks for, as a sentence."""
    at = impossible.occasion
    occasion = "" if at == BOTH else f" from {occasions(study)[at].the.english}"
    answers = " and ".join(map(_answer, impossible.conditions))
    return f"Broken by a form of »{impossible.title}«{occasion} on which {answers}."


def _answer(condition: Condition) -> str:
    if condition.labels:
        return f"the answer to »{condition.text}« is {' or '.join(f'»{label}«' for label in condition.labels)}"
    return f"»{condition.text}« is {'blank' if condition.blank else 'answered'}"
