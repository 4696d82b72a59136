"""What the page about quality and limits shows: what lacks, how far results carry, what rules found and people corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from frs_pipeline.intake.applying import added, unapplied
from frs_pipeline.intake.delivery import applied_in
from frs_pipeline.intake.figures_checked import figures_checked, unrecorded
from frs_pipeline.language import Text
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.limits import Limits, tests_of
from frs_pipeline.report.statements import front_of
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import BOTH, instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.nonresponse import asked_in, kinds


@dataclass(frozen=True)
class Group:
    """Counts under one heading of the page."""

    instrument: str
    rule: str
    says: Text
    number: int
    severity: str = ""


@dataclass(frozen=True)
class Blanks:
    """The answers that forms of a questionnaire lack: `most` is the row of the question that lacks most."""

    instrument: str
    most: Mapping[str, Any]


def quality(store: Store, asking: Asking, evidence: Evidence, unit: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the page shows; `unit` are rows of the unit non-response, none where nobody knows what lacks."""
    counts, found = Limits(asking), _found(store, asking)
    item, intervals, pairs = (
        read(store.file("statistics", name)).to_pylist() for name in ("item_nonresponse", "intervals", "associations")
    )
    tests, blanks = tests_of(store.study, intervals, pairs), list(_blanks(item))
    both = [row for row in unit if row["occasion"] == BOTH]
    corrected = Counter(form.form.split("-")[0] for form in evidence.corrections)
    titles = {questionnaires(store.study)[n].form_prefix: questionnaires(store.study)[n].called for n in instruments(store.study)}
    missed = unapplied(added([applied_in(part) for part in store.each()]))
    return {
        **found,
        "lacking": [row["measure"] for row in both if row["measure"] != "in_codebook"],
        "kinds": kinds(store.study),
        "blanks": blanks,
        "asked": {(name, q.name): q.asks for name in questionnaires(store.study) for q in asked_in(store.study, name)},
        "widest": _widest(intervals),
        "tests": tests,
        "unapplied": missed,
        "says": {one.rule: _words(store.study, one.rule) for one in missed},
        "corrected": [(titles[prefix], number) for prefix, number in sorted(corrected.items())],
        "layers": evidence.layers,
        "promises": evidence.promises,
        "checked": figures_checked(store) if not store.parts() else [],
        "unrecorded": unrecorded(store) if not store.parts() else 0,
        "cannot": front_of(store.study).cannot,
        "counts": {
            **counts.layers(),
            **counts.unit(both),
            **counts.item([one.most for one in blanks]),
            **counts.answers(item),
            **counts.intervals(intervals),
            **counts.tests(tests),
            **counts.noted((one.instrument, one.rule, one.severity, one.number) for one in (*found["noted"], *found["accepted"])),
            **counts.set_aside({(one.instrument, one.rule): one.number for one in found["aside"]}),
        },
    }


def _found(store: Store, asking: Asking) -> dict[str, list[Group]]:
    """Group what rules found: forms set aside, notes, and notes that people accepted."""
    aside = Counter((name, form.rule) for name in instruments(store.study) for form in asking.set_aside(name))
    columns = ["instrument", "rule", "severity"]
    notes = pa.concat_tables([read(part.file("noted"), columns) for part in store.each()])
    noted = notes.group_by(columns).aggregate([([], "count_all")]).to_pylist()
    groups = [
        Group(row["instrument"] or "", row["rule"], _words(store.study, row["rule"]), row["count_all"], row["severity"])
        for row in sorted(noted, key=lambda row: [row[name] or "" for name in columns])
    ]
    return {
        "aside": [Group(name, rule, _words(store.study, rule), number) for (name, rule), number in aside.items()],
        "noted": [group for group in groups if group.severity != "accepted"],
        "accepted": [group for group in groups if group.severity == "accepted"],
    }


def _blanks(item: Sequence[Mapping[str, Any]]) -> Iterator[Blanks]:
    """Yield the questionnaires of which any form was to have an answer."""
    for mart in dict.fromkeys(row["instrument"] for row in item):
        asked = [row for row in item if row["instrument"] == mart and row["blank_percent"] is not None]
        if asked:
            yield Blanks(mart, max(asked, key=lambda row: row["blank_percent"]))


def _widest(intervals: Iterable[Mapping[str, Any]]) -> tuple[Address, float] | None:
    """Find the figure with the largest design effect."""
    known = [row for row in intervals if row["other_group"] is None and row["design_effect"] is not None]
    if not known:
        return None
    row = max(known, key=lambda one: one["design_effect"])
    return Address.of(row), row["design_effect"]


def _words(study: Study, rule: str) -> Text:
    """Say what a rule finds; its name where the policy doesn't have it any more."""
    known = policy(study).rules.get(rule)
    return Text(known.danish, known.english) if known else Text(rule, rule)
