"""What if: forms left out, or counted, as a person names them, and what would become of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from frs_pipeline.errors import UsageError
from frs_pipeline.intake.amendments import is_form_id
from frs_pipeline.intake.delivery import form_prefixes
from frs_pipeline.intake.withdrawals import Withdrawal, Withdrawals
from frs_pipeline.lineage.impact import ChangedForms, rows_of
from frs_pipeline.lineage.papers import let_through, released
from frs_pipeline.store.files import Store, read
from frs_pipeline.withdrawal.request import WithdrawalRequest, look_up


def leaving_out(store: Store, forms: Sequence[str]) -> tuple[ChangedForms, dict[str, str]]:
    """Work out the change if forms were left out, and what becomes of each. Raises `UsageError` for an unknown form."""
    prefixes = form_prefixes(store.study)
    strange = next((form for form in forms if not is_form_id(form, prefixes)), None)
    if strange is not None:
        # Anything that begins with a digit could be the number of a person or of a conference.
        where = strange if strange[:1].isalpha() else "impact"
        raise UsageError("not a form id", where=where, do=f"write it as {prefixes[0]}-12345, as frs quarantine does")
    day = dt.date.fromisoformat(store.delivery)
    out = rows_of(store, forms)
    counted = {form for rows in out.values() for form in rows["form_id"].to_pylist()}
    aside = set(read(store.file("quarantine"), ["form_id"])["form_id"].to_pylist())
    becomes = {}
    for form in dict.fromkeys(forms):
        if form in counted:
            becomes[form] = "counts now"
        elif form in aside:
            becomes[form] = "set aside already: nothing changes without it (frs quarantine says why)"
        elif look_up(store, WithdrawalRequest((form,), (), "-", "-", day)).before:
            becomes[form] = "withdrawn already: nothing changes without it"
        else:
            raise UsageError("no such form", where=form, do=f"look again in delivery {store.delivery}")
    gone = Withdrawals(tuple(Withdrawal(form, "", "-", "-", day, form) for form in becomes if form in counted | aside))
    into = released(store, gone, out)
    for rows in into.values():
        becomes |= dict.fromkeys(rows["form_id"].to_pylist(), "set aside as the same paper keyed again: would count instead")
    return ChangedForms(store.study, out, into), becomes


def counting(store: Store, rule: str) -> tuple[ChangedForms, dict[str, str]]:
    """Work out the change if the forms that only `rule` sets aside were counted, and which forms they are."""
    out, into = let_through(store, rule)
    if not into:
        return ChangedForms(store.study, {}), {rule: "sets aside no form that breaks no other rule"}
    becomes = {form: "set aside now: would count" for rows in into.values() for form in rows["form_id"].to_pylist()}
    again = "counts now: would be set aside as the same paper keyed again"
    return ChangedForms(store.study, out, into), becomes | {
        form: again for rows in out.values() for form in rows["form_id"].to_pylist()
    }
