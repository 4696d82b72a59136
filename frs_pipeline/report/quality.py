"""What the page about data quality shows: findings of the rules in groups, and what people corrected or accepted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from frs_pipeline.intake.applying import added, unapplied
from frs_pipeline.intake.delivery import applied_in
from frs_pipeline.language import Text
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy


@dataclass(frozen=True)
class Group:
    """Counts under one heading of the page."""

    instrument: str
    rule: str
    says: Text
    number: int


def quality(store: Store, asking: Asking, evidence: Evidence) -> dict[str, Any]:
    """Return what the page shows but for its counts."""
    study = store.study
    aside = Counter((name, form.rule) for name in instruments(study) for form in asking.set_aside(name))
    columns = ["instrument", "rule", "severity"]
    notes = pa.concat_tables([read(part.file("noted"), columns) for part in store.each()])
    noted = notes.group_by(columns).aggregate([([], "count_all")]).to_pylist()
    groups = [
        (row["severity"], Group(row["instrument"] or "", row["rule"], _words(study, row["rule"]), row["count_all"]))
        for row in sorted(noted, key=lambda row: [row[name] or "" for name in columns])
    ]
    corrected = Counter(form.form.split("-")[0] for form in evidence.corrections)
    titles = {questionnaires(study)[name].form_prefix: questionnaires(study)[name].called for name in instruments(study)}
    missed = unapplied(added([applied_in(part) for part in store.each()]))
    return {
        "aside": [Group(name, rule, _words(study, rule), number) for (name, rule), number in aside.items()],
        "noted": [group for severity, group in groups if severity != "accepted"],
        "accepted": [group for severity, group in groups if severity == "accepted"],
        "unapplied": missed,
        "says": {one.rule: _words(study, one.rule) for one in missed},
        "corrected": [(titles[prefix], number) for prefix, number in sorted(corrected.items())],
        "layers": evidence.layers,
        "promises": evidence.promises,
    }


def _words(study: Study, rule: str) -> Text:
    """Say what a rule finds; its name where the policy doesn't have it any more."""
    known = policy(study).rules.get(rule)
    return Text(known.danish, known.english) if known else Text(rule, rule)
