"""What if: forms left out, or counted, as a person names them, and what is to be said of each."""

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
from frs_pipeline.withdrawal.request import WithdrawalRequest, held


def leaving_out(store: Store, forms: Sequence[str]) -> tuple[ChangedForms, dict[str, str]]:
    """The change of leaving forms out, and what becomes of each form. Raises `UsageError` for what is no form of the delivery."""
    prefixes = form_prefixes(store.study)
    strange = next((form for form in forms if not is_form_id(form, prefixes)), None)
    if strange is not None:
        # What begins with a digit could be a number of a person or of a conference.
        where = strange if strange[:1].isalpha() else "impact"
        raise UsageError("not a form id", where=where, do=f"write it as {prefixes[0]}-12345, as frs quarantine does")
    day = dt.date.fromisoformat(store.delivery)
    out = rows_of(store, forms)
    counted = {form for rows in out.values() for form in rows["form_id"].to_pylist()}
    aside = set(read(store.file("quarantine"), ["form_id"])["form_id"].to_pylist())
    said = {}
    for form in dict.fromkeys(forms):
        if form in counted:
            said[form] = "counts now"
        elif form in aside:
            said[form] = "set aside already: without it nothing moves (frs quarantine says why)"
        elif held(store, WithdrawalRequest((form,), (), "-", "-", day)).before:
            said[form] = "withdrawn already: without it nothing moves"
        else:
            raise UsageError("no such form", where=form, do=f"look again in delivery {store.delivery}")
    gone = Withdrawals(tuple(Withdrawal(form, "", "-", "-", day, form) for form in said if form in counted | aside))
    into = released(store, gone, out)
    for rows in into.values():
        said |= dict.fromkeys(rows["form_id"].to_pylist(), "set aside as the same paper keyed again: would count instead")
    return ChangedForms(store.study, out, into), said


def counting(store: Store, rule: str) -> tuple[ChangedForms, dict[str, str]]:
    """The change of counting the forms that only `rule` sets aside, and which they are."""
    out, into = let_through(store, rule)
    if not into:
        return ChangedForms(store.study, {}), {rule: "sets no form aside that breaks no other rule"}
    said = {form: "set aside now: would count" for rows in into.values() for form in rows["form_id"].to_pylist()}
    again = "counts now: would be set aside as the same paper keyed again"
    return ChangedForms(store.study, out, into), said | {
        form: again for rows in out.values() for form in rows["form_id"].to_pylist()
    }
