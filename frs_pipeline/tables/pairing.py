"""Columns that say how forms are paired (`study.pairing`), as an Ibis expression and as SQL.

Tables are counted by the one; bases, passports and the queries that anybody may run, by the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from frs_pipeline.study.pairing import (
    NO_CASE,
    NO_ROLE,
    NONE_THERE,
    PAIRED,
    SAME,
    SEVERAL_HERE,
    SEVERAL_THERE,
    TO_FIRST,
    TO_LAST,
    UNPAIRED,
    Pairing,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

_CODES = {reason: code for code, reason in UNPAIRED.items()}


def with_pairs(pairing: Pairing, mart: ir.Table, partner: ir.Table) -> ir.Table:
    """Add to forms whether each is paired and, if so, the answer on the other form; what a table of change is counted from."""
    import ibis

    keys = list(pairing.keys)
    own = mart.filter(mart.occasion == pairing.start)
    here = own.group_by(keys).agg(here=own.count())
    other = partner.filter(partner.occasion == pairing.end)
    there = other.group_by(keys).agg(there=other.count(), answer=other[pairing.variable].max())
    joined = mart.left_join(here, keys, rname="here_{name}").left_join(there, keys, rname="there_{name}")
    unknown = [(joined.case_id.isnull(), _CODES[NO_CASE])]
    if pairing.role:
        unknown.append((joined[pairing.role].isnull(), _CODES[NO_ROLE]))
    status = ibis.cases(
        *unknown,
        (joined.here > 1, _CODES[SEVERAL_HERE]),
        (joined.there.isnull(), _CODES[NONE_THERE]),
        (joined.there > 1, _CODES[SEVERAL_THERE]),
        else_=PAIRED,
    )
    paired = joined.mutate(**{pairing.status: status})
    answer = ibis.ifelse(paired[pairing.status] == PAIRED, paired.answer, None)
    return paired.mutate(**{pairing.later: answer}).select(*mart.columns, pairing.status, pairing.later)


def pairs_in_sql(pairing: Pairing, forms: str, every: str, partner: str, indent: str = "") -> str:
    """Write, as a query in brackets, `forms` with what is known of their pairs.

    `every` are all forms of the mart, `partner` those among which pairs are looked for. The three are names, files or queries
    in brackets. A form of another occasion than the first has no pair.
    """
    keys = ", ".join(pairing.keys)
    first = f"forms.occasion = '{pairing.start}'"
    on = " AND ".join((*(f"{{0}}.{key} = forms.{key}" for key in pairing.keys), first))
    unknown = [f"WHEN forms.case_id IS NULL THEN {_CODES[NO_CASE]}"]
    if pairing.role:
        unknown.append(f"WHEN forms.{pairing.role} IS NULL THEN {_CODES[NO_ROLE]}")
    found = "CASE WHEN here.number = 1 AND there.number = 1 THEN there.{} END AS {}"
    # All of it are names of the catalogue and of columns.
    lines = [
        "SELECT",
        "  forms.*,",
        f"  CASE  -- {PAIRED}: paired; else why not",
        *(f"    {when}" for when in unknown),
        f"    WHEN here.number > 1 THEN {_CODES[SEVERAL_HERE]}",
        f"    WHEN there.number IS NULL THEN {_CODES[NONE_THERE]}",
        f"    WHEN there.number > 1 THEN {_CODES[SEVERAL_THERE]}",
        f"    ELSE {PAIRED}",
        f"  END AS {pairing.status},",
        f"  {found.format('form', pairing.form)},",
        f"  {found.format('answer', pairing.later)}",
        f"FROM {forms} AS forms",
        "LEFT JOIN (",
        f"  SELECT {keys}, count(*) AS number",
        f"  FROM {every} AS own",
        f"  WHERE occasion = '{pairing.start}'",
        f"  GROUP BY {keys}",
        f") AS here ON {on.format('here')}",
        "LEFT JOIN (",
        f"  SELECT {keys}, count(*) AS number, min({pairing.variable}) AS answer, min(form_id) AS form",
        f"  FROM {partner} AS other",
        f"  WHERE occasion = '{pairing.end}'",
        f"  GROUP BY {keys}",
        f") AS there ON {on.format('there')}",
    ]
    if pairing.scale:
        before, after = (_place(name, pairing.scale) for name in (pairing.variable, pairing.later))
        lines = [
            "SELECT",
            "  *,",
            "  CASE  -- by the order of the scale: towards its first answer, the same, towards its last",
            *(f"    WHEN {after} {sign} {before} THEN {code}" for sign, code in (("<", TO_FIRST), ("=", SAME), (">", TO_LAST))),
            f"  END AS {pairing.change}",
            "FROM (",
            *(f"  {line}" for line in lines),
            ") AS paired",
        ]
    return "(\n" + "\n".join(f"{indent}  {line}" for line in lines) + f"\n{indent})"


def _place(name: str, scale: Sequence[int]) -> str:
    """Write the place of an answer on the scale: the code itself, or where it stands if codes follow another order."""
    if list(scale) == sorted(scale):
        return name
    return f"CASE {name} {' '.join(f'WHEN {code} THEN {place}' for place, code in enumerate(scale, start=1))} END"
