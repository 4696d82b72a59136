"""What is withdrawn: forms and conferences as a person names them, found in a delivery, and written into its ledger."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from frs_pipeline.codebook.opening import open_codebook
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.adjudicated import adjudicated_of
from frs_pipeline.intake.amendments import is_form_id, read_exceptions
from frs_pipeline.intake.coding import codings_of
from frs_pipeline.intake.delivery import corrections_of, form_prefixes, forms_meant, withdrawals_of
from frs_pipeline.intake.readers.csvfiles import open_csv
from frs_pipeline.intake.withdrawals import (
    WITHDRAWAL_COLUMNS,
    Withdrawal,
    Withdrawals,
    refuse_other_amendments,
    withdrawn_conferences,
)
from frs_pipeline.language import plural
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.store.deliveries import AMENDMENTS
from frs_pipeline.store.files import Store, atomic
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.study.texts import coded

_LEDGER = AMENDMENTS["withdrawals"]


@dataclass(frozen=True)
class WithdrawalRequest:
    """What somebody wants withdrawn: form ids, and pseudonyms of conferences; and why, who decided it, and when.

    `numbered` says that a conference was named by its number: then nothing is printed that would reveal its pseudonym.
    """

    forms: tuple[str, ...]
    conferences: tuple[str, ...]
    reason: str
    who: str
    when: dt.date
    numbered: bool = False

    def entries(self, where: str = "") -> tuple[Withdrawal, ...]:
        """Make one withdrawal for each, forms first."""
        named = [(form, "") for form in self.forms] + [("", conference) for conference in self.conferences]
        return tuple(Withdrawal(form, conference, self.reason, self.who, self.when, where) for form, conference in named)


def parse_request(store: Store, names: Sequence[str], reason: str, who: str) -> WithdrawalRequest:
    """Turn names of forms and conferences (by pseudonym or number) into a request.

    Raises `UsageError` for an unusable reason and for a name that is neither; a number is never repeated.
    """
    reason, who = " ".join(reason.split()), " ".join(who.split())
    if not (reason and who):
        raise UsageError("a reason is needed, and who decided it", where="withdraw", do="give them with --reason and --who")
    own = about(store.study).personal_id.found
    if any(holds_personal_number(text) or own(text) for text in (reason, who)):
        raise UsageError("the reason holds a personal number", where="withdraw", do="say it with a case number or a form id")
    prefixes = form_prefixes(store.study)
    forms = [name for name in dict.fromkeys(names) if is_form_id(name, prefixes)]
    others = [name for name in dict.fromkeys(names) if name not in forms]
    conferences: list[str] = []
    book = open_codebook(store) if others else None
    for name in others:
        number = int(name) if name.isascii() and name.isdigit() and len(name) <= 9 else None
        column, wanted = ("conference_id", name) if number is None else ("conference_number", number)
        ids = book.filter(pc.equal(book[column], wanted))["conference_id"].to_pylist() if book is not None else []
        if not ids:
            do = f"name a form, such as {prefixes[0]}-12345, or a conference of the codebook of {store.delivery}"
            raise UsageError("no such form or conference", where=_repeatable(name), do=do)
        conferences += ids
    numbered = any(name.isdigit() for name in others)
    return WithdrawalRequest(tuple(forms), tuple(dict.fromkeys(conferences)), reason, who, dt.date.today(), numbered)


def _repeatable(name: str) -> str:
    """Return `name` if it may be printed: what begins with a digit could be the number of a person or of a conference."""
    return name if name[:1].isalpha() and not holds_personal_number(name) else "withdraw"


@dataclass(frozen=True)
class RequestedForms:
    """What a delivery holds of a request.

    `new` are withdrawals that its ledger lacks; `forms` the ids of all forms in its exports that are meant, `fresh` those
    of them that weren't withdrawn before, `before` the lines of the ledger that withdrew the others; `conferences` the
    pseudonyms of the whole conferences that its codebook has.
    """

    new: Withdrawals
    forms: frozenset[str]
    fresh: frozenset[str]
    conferences: frozenset[str]
    before: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.forms or self.conferences)


def look_up(store: Store, request: WithdrawalRequest) -> RequestedForms:
    """Look through the exports of a delivery for what a request names."""
    book, earlier = open_codebook(store), withdrawals_of(store)
    known = set(book["conference_id"].to_pylist())
    entries = tuple(entry for entry in request.entries() if entry.form or entry.conference in known)
    wanted = Withdrawals(entries, withdrawn_conferences(entries, book))
    gone = Withdrawals(earlier, withdrawn_conferences(earlier, book))
    meant: dict[str, Withdrawal | None] = {}
    for instrument in instruments(store.study):
        prefix = questionnaires(store.study)[instrument].form_prefix
        if request.conferences or wanted.forms(prefix):
            meant |= forms_meant(store, instrument, wanted, gone)
    listed = {(entry.form, entry.conference): entry.where for entry in earlier}
    new = tuple(
        entry for entry in entries if (entry.form, entry.conference) not in listed and (entry.conference or entry.form in meant)
    )
    # A form of a conference that was withdrawn whole is withdrawn, too.
    before = [listed[entry.form, entry.conference] for entry in entries if (entry.form, entry.conference) in listed]
    before += [out.where for form in request.forms if (out := meant.get(form)) is not None]
    return RequestedForms(
        Withdrawals(new, withdrawn_conferences(new, book)),
        frozenset(meant),
        frozenset(form for form, out in meant.items() if out is None),
        frozenset(known.intersection(request.conferences)),
        tuple(dict.fromkeys(before)),
    )


def refuse_unfit(store: Store, request: WithdrawalRequest, requested: RequestedForms) -> None:
    """Raise `UsageError` for a form that the delivery doesn't have, and for anything that was withdrawn before."""
    if requested.before:
        raise UsageError("was withdrawn before", where=requested.before[0], do="nothing is left to withdraw")
    for form in request.forms:
        if form not in requested.forms:
            raise UsageError("there is no such form in the exports", where=form, do=f"look again in delivery {store.delivery}")


def refuse_clashes(store: Store, requested: RequestedForms) -> None:
    """Raise `InputError` for a form that is withdrawn by its id, but corrected or accepted somewhere.

    And for one that was coded or decided about, also where its whole conference is withdrawn.
    """
    on = dt.date.fromisoformat(store.delivery)
    exceptions = read_exceptions(store.raw(AMENDMENTS["exceptions"]), policy(store.study), on)
    decisions = adjudicated_of(store)
    refuse_other_amendments(requested.new.entries, corrections_of(store), exceptions, decisions)
    # Also about forms of a whole conference: without its form, a decision stops every later run.
    decided = next((made.where for made in decisions if made.form in requested.forms), None)
    if decided is not None:
        raise InputError("decides about a form that is to be withdrawn", where=decided, do="take out every line about the form")
    lines = [entry.where for entry in codings_of(store) if entry.form in requested.forms] if coded(store.study) else []
    if lines:
        what = f"{plural(len(lines), 'line')} from here on {'says' if len(lines) == 1 else 'say'} how its texts were coded"
        raise InputError(what, where=lines[0], do="take out every line about the form")


def record(store: Store, entries: Sequence[Withdrawal]) -> None:
    """Add withdrawals to a delivery's ledger, which is created if there is none."""
    path = store.raw(_LEDGER)
    rows = [cells for _, cells in open_csv(path, ";").rows()] if path.exists() else [list(WITHDRAWAL_COLUMNS)]
    rows += [[str(getattr(entry, name)) for name in WITHDRAWAL_COLUMNS] for entry in entries]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    with atomic(path) as file:
        file.write(text.getvalue().encode())
