"""What a made-up ledger says about conferences beside number, date and occasion."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence

from frs_pipeline.codebook.entries import Entry
from frs_pipeline.reconstruction.papers import papers
from frs_pipeline.reconstruction.population import Population
from frs_pipeline.study import Study
from frs_pipeline.study.assumptions import assumptions


def roles_at(study: Study, seated: Sequence[tuple[Population, Sequence[int]]]) -> dict[int, set[str]]:
    """Return who filled in a form at each conference, by its number, where a questionnaire asks for the role.

    `seated` are populations with the conference number of each of their forms.
    """
    at: dict[int, set[str]] = {}
    for population, numbers in seated:
        role = papers(study)[population.instrument].role
        for number, code in zip(numbers, population.forms[role.name], strict=True) if role else ():
            if code:
                at.setdefault(number, set()).add(role.labels[code] if role else "")
    return at


def further_columns(study: Study, entries: Sequence[Entry], roles: Mapping[int, Collection[str]]) -> dict[str, list[str]]:
    """Make up the further columns of the ledger, in the order of `entries`; what a form proves (`roles`) isn't drawn.

    Each column has a draw of its own, so that adding one changes no other.
    """
    columns: dict[str, list[str]] = {}
    for name, column in assumptions(study).ledger.items():
        rng = random.Random(f"{assumptions(study).seed} ledger {name}")  # noqa: S311 - reproducible, not secret
        words, shares = [*column.shares], [*column.shares.values()]
        drawn: dict[str, str] = {}
        for entry in entries:
            of = entry.case_id if column.of == "case" else entry.conference_id
            if of not in drawn:
                (drawn[of],) = rng.choices(words, shares)
        certain = [{column.proved[role] for role in roles.get(e.conference_number, ()) if role in column.proved} for e in entries]
        columns[name] = [
            min(proved) if proved else drawn[entry.case_id if column.of == "case" else entry.conference_id]
            for entry, proved in zip(entries, certain, strict=True)
        ]
    return columns
