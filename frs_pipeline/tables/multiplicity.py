"""The p values of gammas, adjusted within the families of the study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from frs_pipeline.stats import multiplicity
from frs_pipeline.study import Study
from frs_pipeline.study.families import Family, GammaPlace, family_of, hypotheses
from frs_pipeline.study.tables import Address


class Adjusted(NamedTuple):
    """What a p value becomes among the tests of its family: `q`, and how many distinct tests there are; None without a p."""

    address: Address
    p: float | None
    q: float | None
    tests: int | None
    family: Family


def adjusted(study: Study, rows: Iterable[tuple[Address, float | None]]) -> list[Adjusted]:
    """Adjust the p values of gammas (Benjamini and Hochberg), in the same order.

    `rows` are the addresses of gammas, and of partial gammas where these are tested too, each with its unrounded p, or None where
    there is none. They have to be all of the study: a family has as many tests as it has p values here, each hypothesis once.
    Raises KeyError for an address that is no gamma's, ValueError where one hypothesis has two p values.
    """
    known, families = hypotheses(study), family_of(study)
    given = [(address, p, known[GammaPlace(address.table, address.group, address.measure)]) for address, p in rows]
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_, _, hypothesis) in enumerate(given):
        places[families[hypothesis].id].append(place)
    found: dict[int, multiplicity.Judged] = {}
    for of_family in places.values():
        tested = [(given[place][2], given[place][1]) for place in of_family]
        found |= dict(zip(of_family, multiplicity.adjusted(tested), strict=True))
    return [Adjusted(address, p, *found[place], families[hypothesis]) for place, (address, p, hypothesis) in enumerate(given)]
