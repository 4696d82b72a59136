"""Faults, each planted alone in a good delivery, with what has to come of it.

A row is a function that plants one fault in a `Big` delivery and says what it expects. Rows in which nothing is
wrong, however wrong it looks, stand here too: they expect the same outcome as the good delivery.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from frs_pipeline.codebook.entries import FULL_COLUMNS, Entry, lock, plain
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from support import keys
from support.big_delivery import (
    FIRST,
    LINE_TO_WRITE_ON,
    TIMES,
    WITHOUT_PARTICIPANTS,
    WITHOUT_PROFESSIONALS,
    Big,
    conferences,
    form_id,
    in_dialect,
)
from support.exports import NUMBER, NUMBER_AGAIN, RESPONDENT, STATUS
from support.study import STUDY

# Stands in cells of refused files; must not be printed anywhere.
SECRET = "kept-to-itself"
PF, PO, IN, SA = instruments(STUDY)
# A replacement number (day 61): it belongs to nobody.
PERSONAL = "6101180011"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True)
class Expect:
    """What a planted fault changes.

    `aside`: rules by the id of each form that is set aside; `gone` are those accepted forms of the good delivery that
    aren't any more, the same unless told. `notes`: (rule, form or number, severity). `changed`: answers of accepted forms
    that are others. `added`: accepted forms that the good delivery hasn't, each with the form that it copies and what
    differs. `stops`: words of the error, and the file and line that it names.
    """

    aside: dict[str, set[str]] = field(default_factory=dict)
    gone: set[str] | None = None
    notes: set[tuple[str, str | None, str]] = field(default_factory=set)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    added: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    stops: str = ""
    where: str = ""
    # The value in quarantine where it isn't the delivered one.
    value: str | None = None
    # Forms that were taken out without a trace, and rows that are none.
    withdrawn: int = 0
    passed: int = 0

    @property
    def fault(self) -> bool:
        return bool(self.aside or self.notes or self.stops)

    @property
    def rules(self) -> set[str]:
        """Every rule that is expected to catch it."""
        stopping = {self.stops.rpartition("[")[2].rstrip("]")} if self.stops.endswith("]") else set()
        return set().union(*self.aside.values(), {rule for rule, _, _ in self.notes}, stopping)


Plant = Callable[[Big], Expect]
NOTHING = Expect()


def warned(rule: str, *forms: str | None) -> set[tuple[str, str | None, str]]:
    return {(rule, form, "warn") for form in forms}


# Plants of which there are several.


def aside(instrument: str, form: int, *rules: str, cells: dict[str, Any]) -> Plant:
    """Other cells in one form, which is set aside for these rules."""

    def plant(big: Big) -> Expect:
        big.set(instrument, form, **cells)
        return Expect({form_id(instrument, form): set(rules)})

    return plant


def number(*rules: str, to: str | Callable[[str], str], instrument: str = IN, form: int = 7) -> Plant:
    """Both keyings of a form's number changed in the same way."""
    return aside(instrument, form, *rules, cells={NUMBER: to, NUMBER_AGAIN: to})


def second(to: str | Callable[[str], str], *more: str) -> Plant:
    """The second keying of a number changed."""
    return aside(PF, 23, "numbers_differ", *more, cells={NUMBER_AGAIN: to})


def answer(rule: str, to: str, *more: str, column: str = "helefrs", instrument: str = PF, form: int = 31) -> Plant:
    return aside(instrument, form, rule, *more, cells={column: to})


def status(rule: str, **fields: str) -> Plant:
    return aside(PO, 12, rule, cells=fields)


def noted(instrument: str, form: int, rule: str, cells: dict[str, Any]) -> Plant:
    """Other cells in one form, which counts all the same."""

    def plant(big: Big) -> Expect:
        big.set(instrument, form, **cells)
        return Expect(notes=warned(rule, form_id(instrument, form)))

    return plant


def harmless(instrument: str, form: int, cells: dict[str, Any]) -> Plant:
    def plant(big: Big) -> Expect:
        big.set(instrument, form, **cells)
        return NOTHING

    return plant


def later(days: int = 0, minutes: int = 0) -> Callable[[str], str]:
    """A time moved."""
    return lambda old: str(dt.datetime.fromisoformat(old) + dt.timedelta(days=days, minutes=minutes))


def rewritten(old: str) -> str:
    """A time as a Danish spreadsheet writes it."""
    return dt.datetime.fromisoformat(old).strftime("%d-%m-%Y %H:%M")


def saved_by_a_spreadsheet(data: bytes) -> bytes:
    """A file with dates as a Danish spreadsheet saves it."""
    text = re.sub(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", r"\3-\2-\1", data.decode())
    return text.replace("\n", "\r\n").encode("cp1252")


def exception_from_nothing(big: Big) -> Expect:
    big.exceptions = [[form_id(PF, 8), "keyed_twice", "", "two papers", "controller", "2021-12-31"]]
    return Expect(notes=warned("exception_unused", form_id(PF, 8)))


def times_in_doubt(big: Big) -> Expect:
    """As an English spreadsheet saves them, and never later than the twelfth of a month."""
    header, *forms = big.rows(SA)
    for row in forms:
        row[header.index("created")] = "05/06/2019 09:00"
    what = f"keyed_twice couldn't be applied to {len(forms)} of {len(forms)} forms"
    why = "day and month can't be told apart in the times of the column"
    return Expect(stops=f"{what} ({why}), more than the policy's 5% [not_applied]", where=SA)


def bytes_of(name: str, alter: Callable[[bytes], bytes | None], stops: str = "", where: str | None = None) -> Plant:
    """A file altered as it is written; nothing changes unless the run stops."""

    def plant(big: Big) -> Expect:
        def altered(data: bytes) -> bytes | None:
            made = alter(data)
            assert made != data, "nothing would be planted"
            return made

        big.bytes_of[name] = altered
        return Expect(stops=stops, where=where or name if stops else "")

    return plant


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """The first `old` in a file replaced."""
    return lambda data: data.replace(old, new, 1)


def line(at: int, alter: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """One line of a file (from 1, as messages count) altered, without its end."""

    def altered(data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        lines[at - 1] = alter(lines[at - 1])
        return b"\r\n".join(lines)

    return altered


def every_file(alter: Callable[[bytes], bytes]) -> Plant:
    """All files of the exports altered, and all forms the same."""

    def plant(big: Big) -> Expect:
        for name in instruments(STUDY):
            for part in ("dataset", "structure", "labels"):
                big.bytes_of[f"{name}/{part}.csv"] = alter
        return NOTHING

    return plant


def in_other_dialect(**dialect: Any) -> Plant:
    def alter(data: bytes) -> bytes:
        rows = list(csv.reader(io.StringIO(data.decode("cp1252"), newline=""), delimiter=";"))
        return in_dialect(rows, **dialect)

    return every_file(alter)


def stopping(change: Callable[[Big], Any], stops: str, where: str | Callable[[Big], str]) -> Plant:
    """A delivery that can't be gone on with."""

    def plant(big: Big) -> Expect:
        change(big)
        return Expect(stops=stops, where=where if isinstance(where, str) else where(big))

    return plant


def correcting(*cells: str, stops: str) -> Plant:
    """A line of corrections.csv that doesn't fit."""

    def plant(big: Big) -> Expect:
        big.corrections = [[*cells, "read from the paper", "controller", "2021-02-01"]]
        return Expect(stops=stops, where="corrections.csv:2")

    return plant


def accepting(*row: str, stops: str) -> Plant:
    """A line of exceptions.csv that can't be."""

    def plant(big: Big) -> Expect:
        big.exceptions = [list(row)]
        return Expect(stops=stops, where="exceptions.csv:2")

    return plant


def withdrawing(*rows: tuple[str, ...], stops: str, line: int = 2) -> Plant:
    """Lines of withdrawals.csv, of which one can't be or doesn't fit: form, conference, and the rest unless told."""

    def plant(big: Big) -> Expect:
        big.withdrawals = withdrawals(*rows)
        return Expect(stops=stops, where=f"withdrawals.csv:{line}")

    return plant


def withdrawals(*rows: tuple[str, ...]) -> list[list[str]]:
    return [[*row, *("consent withdrawn", "controller", "2021-02-01")[len(row) - 2 :]] for row in rows]


def withdrawn_form(big: Big) -> Expect:
    """A form with a fault is withdrawn, too: nothing of it is set aside, and a good one doesn't count."""
    big.set(PF, 23, **{NUMBER_AGAIN: "4"})
    big.withdrawals = withdrawals((form_id(PF, 23), ""), (form_id(SA, 7), ""))
    return Expect(gone={form_id(PF, 23), form_id(SA, 7)}, withdrawn=2)


def withdrawn_conference(big: Big) -> Expect:
    """Its forms go, and one that was keyed under its number once, which might be the family's."""
    forms, number = forms_of(big, 3), str(big.entries[3].conference_number)
    big.set(PF, 40, **{NUMBER_AGAIN: number})
    big.withdrawals = withdrawals(("", "C-child-03"))
    gone = {*forms, form_id(PF, 40)}
    assert len(gone) == len(forms) + 1
    return Expect(gone=gone, withdrawn=len(gone))


def withdrawn_by_a_corrected_number(big: Big) -> Expect:
    """What a correction puts under a withdrawn conference is withdrawn, and what it takes from there isn't."""
    forms, other, mine = forms_of(big, 3), *(str(big.entries[at].conference_number) for at in (4, 3))
    assert forms[0] == form_id(PF, 15)
    big.set(PF, 40, **{NUMBER: "4", NUMBER_AGAIN: "4"})
    moved = [[form_id(PF, 40), column, "4", mine] for column in (NUMBER, NUMBER_AGAIN)]
    moved += [[forms[0], column, mine, other] for column in (NUMBER, NUMBER_AGAIN)]
    big.corrections = [[*cells, "read from the paper", "controller", "2021-02-01"] for cells in moved]
    big.withdrawals = withdrawals(("", "C-child-03"))
    gone = {*forms[1:], form_id(PF, 40)}
    changed = {forms[0]: {"conference_id": "C-child-04"}}
    return Expect(gone=gone, withdrawn=len(gone), changed=changed)


def withdrawn_first_keying(big: Big) -> Expect:
    """Without the first keying of a paper, the second is no repetition."""
    again = big.again(PF, 8, minutes=2)
    big.withdrawals = withdrawals((form_id(PF, 8), ""))
    return Expect(gone={form_id(PF, 8)}, added={again: (form_id(PF, 8), {})}, withdrawn=1)


def withdrawn_and_named(what: str, *cells: str) -> Plant:
    """A withdrawn form of which another amendment speaks."""

    def plant(big: Big) -> Expect:
        setattr(big, what, [list(cells)])
        big.withdrawals = withdrawals((cells[0], ""))
        return Expect(stops="the form is withdrawn", where=f"{what}.csv:2")

    return plant


def in_utf8(plant: Plant) -> Plant:
    """For letters that cp1252 hasn't."""

    def encoded(big: Big) -> Expect:
        big.encoding = "utf-8"
        return plant(big)

    return encoded


# Numbers and registers.


def other_occasion(instrument: str, form: int, conference: int) -> Plant:
    def plant(big: Big) -> Expect:
        other = str(big.entries[conference].conference_number)
        big.set(instrument, form, **{NUMBER: other, NUMBER_AGAIN: other})
        return Expect({form_id(instrument, form): {"wrong_occasion"}})

    return plant


def forms_of(big: Big, conference: int) -> list[str]:
    number = str(big.entries[conference].conference_number)
    return [
        form_id(name, form)
        for name in instruments(STUDY)
        for form in range(len(big.rows(name)) - 1)
        if big.get(name, form, NUMBER) == number
    ]


def ledger_contradicts(conference: int, big: Big) -> Expect:
    forms = forms_of(big, conference)
    assert len(forms) in (4, 5)
    big.ledger[conference + 1][2] = "opfølgning"
    number = big.ledger[conference + 1][0]
    return Expect({form: {"ledger_contradicts"} for form in forms}, notes=warned("registers_differ", number))


def ledger_contradicts_and_is_wrong(big: Big) -> Expect:
    expected = ledger_contradicts(WITHOUT_PARTICIPANTS, big)
    big.exceptions = [
        [form, "ledger_contradicts", NUMBER, "the ledger is wrong", "controller", "2021-12-31"] for form in expected.aside
    ]
    notes = {("ledger_contradicts", form, "accepted") for form in expected.aside}
    return Expect(notes=notes | expected.notes)


def not_in_ledger(big: Big) -> Expect:
    number = big.ledger.pop(4)[0]
    return Expect(notes=warned("not_in_ledger", number))


def not_in_codebook(big: Big) -> Expect:
    big.ledger.append(["88888", "2019-01-01", "rådslagning"])
    return Expect(notes=warned("not_in_codebook", "88888"))


def dropped_from_codebook(big: Big) -> Expect:
    forms = forms_of(big, WITHOUT_PARTICIPANTS)
    number = str(big.entries.pop(WITHOUT_PARTICIPANTS).conference_number)
    return Expect({form: {"number_unknown"} for form in forms}, notes=warned("not_in_codebook", number))


def dates_differ(big: Big) -> Expect:
    big.ledger[9][1] = "2018-12-24"
    return Expect(notes=warned("registers_differ", big.ledger[9][0]))


# Respondent ids.


def respondent(to: str | Callable[[str], str]) -> Plant:
    def plant(big: Big) -> Expect:
        big.set(SA, 20, **{RESPONDENT: to})
        return Expect({"SA-line22": {"respondent_unreadable"}}, gone={form_id(SA, 20)})

    return plant


def respondent_of(other: int, form: int, zeros: str = "") -> Plant:
    """A form with the respondent id of an earlier one."""

    def plant(big: Big) -> Expect:
        big.set(PF, form, **{RESPONDENT: zeros + big.get(PF, other, RESPONDENT)})
        return Expect({form_id(PF, other): {"respondent_twice"}}, gone={form_id(PF, form)})

    return plant


def pasted_twice(big: Big) -> Expect:
    rows = big.rows(IN)
    rows.append(list(rows[31]))
    return Expect({form_id(IN, 30): {"respondent_twice"}}, gone=set())


def id_of_a_spoilt_form(big: Big) -> Expect:
    """Only an earlier form that is good in itself makes another a double."""
    big.set(PF, 8, helefrs="7")
    big.set(PF, 40, **{RESPONDENT: big.get(PF, 8, RESPONDENT)})
    return Expect(
        {form_id(PF, 8): {"outside_scale"}},
        gone={form_id(PF, 8), form_id(PF, 40)},
        added={form_id(PF, 8): (form_id(PF, 40), {})},
    )


# The same paper keyed twice. Form 8 is of a family member (role 4), form 6 of a mother, form 7 of a father.


def keyed_twice(instrument: str, form: int, minutes: float, before: bool = False, **cells: Any) -> Plant:
    def plant(big: Big) -> Expect:
        return Expect({big.again(instrument, form, minutes, before, **cells): {"keyed_twice"}})

    return plant


def no_double(instrument: str, form: int, minutes: float, changes: dict[str, Any] | None = None, **cells: Any) -> Plant:
    """A form that is like another and none the less a paper of its own."""

    def plant(big: Big) -> Expect:
        return Expect(added={big.again(instrument, form, minutes, **cells): (form_id(instrument, form), changes or {})})

    return plant


def keyed_three_times(big: Big) -> Expect:
    return Expect({big.again(PO, 8, 8): {"keyed_twice"}, big.again(PO, 8, 16): {"keyed_twice"}})


def other_conference(big: Big) -> Expect:
    other = big.entries[5]
    number = str(other.conference_number)
    new = big.again(PF, 8, 3, **{NUMBER: number, NUMBER_AGAIN: number})
    return Expect(added={new: (form_id(PF, 8), {"conference_id": other.conference_id})})


def blank_twice(big: Big) -> Expect:
    answers = [name for name in big.answered(IN) if big.get(IN, 10, name)]
    big.set(IN, 10, **dict.fromkeys(answers, ""))
    new = big.again(IN, 10, 2)
    nothing = {question.name: None for question in questionnaires(STUDY)[IN].questions}
    return Expect(changed={form_id(IN, 10): nothing}, added={new: (form_id(IN, 10), nothing)})


def keyed_wrongly_and_then_again(big: Big) -> Expect:
    """The paper isn't lost both times."""
    new = big.again(PF, 8, 3)
    big.set(PF, 8, helefrs="9")
    return Expect({form_id(PF, 8): {"outside_scale"}}, added={new: (form_id(PF, 8), {})})


def keyed_twice_without_a_time(big: Big) -> Expect:
    new = big.again(PF, 8, 3, created="")
    return Expect(notes=warned("timestamp_unreadable", new), added={new: (form_id(PF, 8), {})})


def keyed_twice_and_two_papers(big: Big) -> Expect:
    new = big.again(PF, 8, 3)
    big.exceptions = [[new, "keyed_twice", "", "two papers lie there", "controller", "2021-01-31"]]
    return Expect(notes={("keyed_twice", new, "accepted")}, added={new: (form_id(PF, 8), {})})


def keyed_twice_and_accepted_too_long_ago(big: Big) -> Expect:
    new = big.again(PF, 8, 3)
    big.exceptions = [[new, "keyed_twice", "", "two papers lie there", "controller", "2021-01-30"]]
    return Expect({new: {"keyed_twice"}})


def keyed_twice_without_a_role(big: Big) -> Expect:
    """What is only noted of the paper that counts is one reason more for its double."""
    big.set(PF, 8, hvem="")
    new = big.again(PF, 8, 3)
    notes, changed = warned("role_missing", form_id(PF, 8)), {form_id(PF, 8): {"role": None}}
    return Expect({new: {"keyed_twice", "role_missing"}}, notes=notes, changed=changed)


def several(form: int, role: int, big: Big) -> Expect:
    """Form 8, of a family member, says the same role as form 6 or 7."""
    big.set(PF, 8, hvem=str(role))
    return Expect(notes=warned("several_of_one", form_id(PF, form), form_id(PF, 8)), changed={form_id(PF, 8): {"role": role}})


def mother_keyed_twice(big: Big) -> Expect:
    """A double is no second mother."""
    return Expect({big.again(PO, 6, 2): {"keyed_twice"}})


def time_beside_another(big: Big) -> Expect:
    """What is wrong with one form's time doesn't touch another's."""
    big.set(PF, 14, created=lambda old: old.replace(" ", "T"))
    return noted(PF, 15, UNREADABLE, {"created": "i dag"})(big)


def role_missing(big: Big) -> Expect:
    big.set(PF, 15, hvem="")
    return Expect(notes=warned("role_missing", form_id(PF, 15)), changed={form_id(PF, 15): {"role": None}})


# Form 10 of the initiators is of a first conference, form 40 of a follow-up; two questions are asked at the follow-up only.


def unasked(big: Big) -> Expect:
    big.set(IN, 10, offindsa="2")
    return Expect(notes=warned("answered_unasked", form_id(IN, 10)), changed={form_id(IN, 10): {"public_need": 2}})


def unasked_and_accepted(big: Big) -> Expect:
    expected = unasked(big)
    big.exceptions = [[form_id(IN, 10), "answered_unasked", "offindsa", "it was asked", "controller", "2021-12-31"]]
    return replace(expected, notes={("answered_unasked", form_id(IN, 10), "accepted")})


def unasked_under_another_number(big: Big) -> Expect:
    """A paper of a follow-up with the number of a first conference answers what isn't asked there."""
    entry = big.entries[5]
    big.set(IN, 40, **dict.fromkeys((NUMBER, NUMBER_AGAIN), str(entry.conference_number)))
    changed = {"conference_id": entry.conference_id, "occasion": "first"}
    return Expect(notes=warned("answered_unasked", form_id(IN, 40)), changed={form_id(IN, 40): changed})


# One form and more than one rule.


def all_wrong(big: Big) -> Expect:
    big.set(PF, 50, raadsnr2="1", hvem="", helefrs="x", forstod="8", stato_5="1", modified="1999-01-01 00:00:00")
    rules = {"numbers_differ", "role_missing", "code_unreadable", "outside_scale", "status_unclear", "timestamps_backwards"}
    return Expect({form_id(PF, 50): rules})


def rows_of_nothing(instrument: str, *blanks: str) -> Plant:
    """A spreadsheet's rows behind the forms, and one between them: delimiters with nothing, or with blanks."""

    def plant(big: Big) -> Expect:
        rows = big.rows(instrument)
        for at, cell in zip((len(rows), len(rows) + 1, 7), blanks, strict=True):
            rows.insert(at, [cell] * len(rows[0]))
        return Expect(notes=warned("rows_blank", None), passed=3)

    return plant


def some_answers(big: Big) -> Expect:
    """Boxes that nobody ticked are no answer before a form is completed."""
    form = next(i for i in range(58) if big.get(SA, i, "betalt_1") == big.get(SA, i, "betalt_2") == "0")
    big.set(SA, form, stato_3="1", stato_4="0")
    return Expect(changed={form_id(SA, form): {"paid_1": None, "paid_2": None}})


# Whole exports.


def too_many(instruments: Iterable[tuple[str, int]], stops: str, where: str, big: Big) -> Expect:
    for instrument, forms in instruments:
        for form in range(forms):
            big.set(instrument, form, **{NUMBER: "", NUMBER_AGAIN: ""})
    return Expect(stops=stops, where=where)


def just_not_too_many(big: Big) -> Expect:
    """12 of 60 are 20 %."""
    for form in range(12):
        big.set(PO, form, **{NUMBER: "", NUMBER_AGAIN: ""})
    return Expect({form_id(PO, form): {"number_unreadable"} for form in range(12)})


def nothing_below_the_header(big: Big) -> None:
    del big.rows(SA)[1:]


def drop(instrument: str, column: str, big: Big) -> None:
    at = big.rows(instrument)[0].index(column)
    for row in big.rows(instrument):
        del row[at]


def add(instrument: str, column: str, big: Big) -> None:
    for row in big.rows(instrument):
        row.append(SECRET)
    big.rows(instrument)[0][-1] = column


def another_order(big: Big) -> Expect:
    """Columns and rows in another order are the same forms."""
    header = big.rows(PF)[0]
    order = sorted(range(len(header)), key=lambda at: header[at])
    order.remove(header.index(RESPONDENT))
    rows = [[row[header.index(RESPONDENT)], *(row[at] for at in order)] for row in big.rows(PF)]
    big.exports[PF]["dataset"] = [rows[0], *reversed(rows[1:])]
    return NOTHING


def forms_apart(big: Big) -> Expect:
    """A text with line ends and delimiters in it: a row of several lines."""
    big.set(SA, 9, bem='to "linjer";\n\r\n7;og en til')
    return NOTHING


def cut_at_the_end(part: str) -> Plant:
    """The last letters of a file lost, those of its last label."""

    def plant(big: Big) -> Expect:
        name = f"{PO}/{part}.csv"
        return bytes_of(name, lambda data: data[:-4], "the last line has no end", f"{name}:{len(big.rows(PO, part))}")(big)

    return plant


def swallowing(column: str, instrument: str = PO) -> Plant:
    """Quotation marks before a cell of one form and behind that of the next: between them a line end is swallowed."""

    def plant(big: Big) -> Expect:
        at = big.rows(instrument)[0].index(column)

        def mark(mark: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
            return lambda row: b";".join(mark(cell) if n == at else cell for n, cell in enumerate(row.split(b";")))

        def alter(data: bytes) -> bytes:
            return line(13, mark(lambda cell: cell + b'"'))(line(12, mark(lambda cell: b'"' + cell))(data))

        name = f"{instrument}/dataset.csv"
        return bytes_of(name, alter, f"column {at + 1} holds a delimiter or a line end", f"{name}:12")(big)

    return plant


def label(instrument: str, change: Callable[[list[list[str]]], Any]) -> Callable[[Big], None]:
    return lambda big: change(big.rows(instrument, "labels"))


def of(rows: list[list[str]], variable: str) -> list[list[str]]:
    """A variable's rows of labels, or of structure."""
    return [row for row in rows if variable in row[:2]]


def first_label(instrument: str, big: Big) -> str:
    """Where the labels of the conflict question begin."""
    rows = big.rows(instrument, "labels")
    return f"{instrument}/labels.csv:{1 + rows.index(of(rows, 'konflikt')[0])}"


def turn_round(rows: list[list[str]]) -> None:
    mine = of(rows, "konflikt")
    for row, text in zip(mine, [row[2] for row in reversed(mine)], strict=True):
        row[2] = text


def drift_text(instrument: str, column: str, big: Big) -> None:
    for row in of(big.rows(instrument, "structure"), column):
        row[4] += " (ny)"


def rename_box(big: Big) -> None:
    of(big.rows(SA, "structure"), "betalt_1")[0][6] = "måltider"


def two_forms(big: Big) -> None:
    big.beside[f"{IN}/export.xlsx"] = b""


def leave_out(name: str) -> Plant:
    return bytes_of(name, lambda data: None, "missing file")


def alter_codebook(big: Big, entries: Callable[[list[Entry]], list[Entry]]) -> None:
    big.entries = entries(big.entries)


def entry(**other: Any) -> Callable[[Big], None]:
    """One entry of the codebook is another."""
    return partial(alter_codebook, entries=lambda entries: [*entries[:3], replace(entries[3], **other), *entries[4:]])


def full_codebook() -> bytes:
    """The controllers' part, locked so that the pipeline's key opens it."""
    return lock(plain(conferences(), FULL_COLUMNS), [keys.recipient()])


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def one_bit(data: bytes) -> bytes:
    return data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]


# Accepted findings and corrections.


def corrected(big: Big) -> Expect:
    """A fault that corrections.csv mends leaves no trace in the forms."""
    old = big.get(PF, 31, "helefrs")
    big.set(PF, 31, helefrs=SECRET)
    big.corrections = [[form_id(PF, 31), "helefrs", SECRET, old, "read from the paper", "controller", "2021-02-01"]]
    return NOTHING


def corrected_without_an_id(big: Big) -> Expect:
    """A form that has no readable id is named by its line."""
    number = big.get(IN, 7, NUMBER)
    big.set(IN, 7, **{RESPONDENT: SECRET, NUMBER: "1"})
    big.corrections = [["IN-line9", NUMBER, "1", number, "read from the paper", "controller", "2021-02-01"]]
    return Expect({"IN-line9": {"respondent_unreadable"}}, gone={form_id(IN, 7)})


def corrected_into_a_fault(big: Big) -> Expect:
    old = big.get(PF, 31, "helefrs")
    big.corrections = [[form_id(PF, 31), "helefrs", old, "9", "mistyped", "controller", "2021-02-01"]]
    return Expect({form_id(PF, 31): {"outside_scale"}}, value="9")


def corrected_twice(big: Big) -> Expect:
    """Which of two forms with one id is meant, nobody can say."""
    respondent_of(4, 30)(big)
    for form in (4, 30):
        big.rows(PF)[form + 1][big.rows(PF)[0].index("helefrs")] = "8"
    return correcting(form_id(PF, 4), "helefrs", "8", "1", stops="more than one form has this id")(big)


def tolerated(*plants: Callable[[Big], None], rule: str, instrument_column: str) -> Plant:
    """A drift that somebody accepted."""

    def plant(big: Big) -> Expect:
        for change in plants:
            change(big)
        big.exceptions = [["", rule, instrument_column, "looked at in SurveyXact", "controller", "2021-12-31"]]
        return Expect(notes={(rule, None, "accepted")})

    return plant


def tolerated_share(big: Big) -> Expect:
    forms = range(12)
    for form in forms:
        big.set(SA, form, **{NUMBER: "", NUMBER_AGAIN: ""})
    big.exceptions = [["", "too_many_set_aside", SA, "papers lost their first page", "controller", "2021-12-31"]]
    return Expect({form_id(SA, form): {"number_unreadable"} for form in forms}, notes={("too_many_set_aside", None, "accepted")})


BACKWARDS, UNREADABLE = "timestamps_backwards", "timestamp_unreadable"

TABLE: dict[str, Plant] = {
    # The conference number.
    "number blank in both keyings": number("number_unreadable", to=""),
    "number of nothing but blanks": number("number_unreadable", to="   "),
    "number in words": number("number_unreadable", to=SECRET),
    "number with the letter O": number("number_unreadable", to=lambda old: f"{old[:-1]}O"),
    "number too long": number("number_unreadable", to=lambda old: old * 3),
    "number that would wrap around": number("number_unreadable", to=lambda old: str(int(old) + 2**32)),
    "number with a decimal point": number("number_unreadable", to=lambda old: f"{old}.0"),
    "number with a decimal comma": number("number_unreadable", to=lambda old: f"{old},0"),
    "number with a thousands point": number("number_unreadable", to=lambda old: f"{old[:2]}.{old[2:]}"),
    "number blank in the first keying only": aside(PF, 23, "number_unreadable", cells={NUMBER: ""}),
    "number is a personal number": number("number_unreadable", "holds_personal_number", to=PERSONAL),
    "second keying is a personal number": second("610118-0011", "holds_personal_number"),
    "keyings differ by swapped digits": second(lambda old: f"{old[0]}{old[2]}{old[1]}{old[3:]}"),
    "keyings differ, the second is blank": second(""),
    "keyings differ by a missing digit": second(lambda old: old[:-1]),
    "keyings differ, the second is in words": second(SECRET),
    "keyings differ in the sign": second(lambda old: f"-{old}"),
    "number unknown": number("number_unknown", to="99999"),
    "number unknown, beyond all others": number("number_unknown", to="999999999"),
    "number unknown, below all others": number("number_unknown", to="0"),
    "number with a minus": number("number_unknown", to=lambda old: f"-{old}"),
    "follow-up's number on a first paper": other_occasion(PF, 3, FIRST + 2),
    "first number on a follow-up's paper": other_occasion(PO, 3, 2),
    # Codebook and ledger.
    "ledger says follow-up, participants": partial(ledger_contradicts, WITHOUT_PROFESSIONALS),
    "ledger says follow-up, professionals": partial(ledger_contradicts, WITHOUT_PARTICIPANTS),
    "ledger says follow-up and is wrong": ledger_contradicts_and_is_wrong,
    "codebook's number isn't in the ledger": not_in_ledger,
    "ledger's number isn't in the codebook": not_in_codebook,
    "number dropped from the codebook": dropped_from_codebook,
    "dates differ between registers": dates_differ,
    # Answers.
    "code above the scale": answer("outside_scale", "6"),
    "code of another question's don't know": answer("outside_scale", "6", column="planhjlp"),
    "code below the scale": answer("outside_scale", "0"),
    "code negative": answer("outside_scale", "-1"),
    "code 99 for missing": answer("outside_scale", "99"),
    "code that would wrap around a byte": answer("outside_scale", "257"),
    "code that would wrap around two bytes": answer("outside_scale", "65538"),
    "code that would wrap around four bytes": answer("code_unreadable", "4294967297"),
    "code in words": answer("code_unreadable", SECRET),
    "code with a decimal comma": answer("code_unreadable", "2,0"),
    "code with a decimal point": answer("code_unreadable", "2.5"),
    "code with an exponent": answer("code_unreadable", "1e0"),
    "code with a plus": answer("code_unreadable", "+2"),
    "two boxes ticked": answer("code_unreadable", "2 3"),
    "personal number for an answer": answer("code_unreadable", PERSONAL, "holds_personal_number"),
    "personal number with a hyphen for an answer": answer("code_unreadable", "610118-0011", "holds_personal_number"),
    "box ticked twice": answer("outside_scale", "2", column="betalt_1", instrument=SA),
    "personal number in a text": answer(
        "holds_personal_number", "ring 610118-0011 i dag", column=LINE_TO_WRITE_ON, instrument=SA
    ),
    "personal number with blanks in a text": answer(
        "holds_personal_number", "mor 610118 0011", column=LINE_TO_WRITE_ON, instrument=SA
    ),
    "role impossible, above": answer("role_impossible", "6", column="hvem"),
    "role impossible, below": answer("role_impossible", "0", column="hvem", instrument=PO),
    "role in words": answer("code_unreadable", "mor", column="hvem"),
    "answer that wasn't asked for": unasked,
    "answer that wasn't asked for, accepted": unasked_and_accepted,
    "answers of a follow-up under a first conference's number": unasked_under_another_number,
    # What isn't an answer isn't one that wasn't asked for, and nobody knows what is asked at an unknown conference.
    "code above the scale that wasn't asked for": answer("outside_scale", "6", column="offindsa", instrument=IN, form=10),
    "code in words that wasn't asked for": answer("code_unreadable", SECRET, column="offindsa", instrument=IN, form=10),
    "answer that wasn't asked for, number unknown": aside(
        IN, 10, "number_unknown", cells={NUMBER: "99999", NUMBER_AGAIN: "99999", "offindsa": "2"}
    ),
    "answer that wasn't asked for, keyings differ": aside(
        IN, 10, "numbers_differ", cells={NUMBER_AGAIN: "99999", "offindsa": "2"}
    ),
    "answer that wasn't asked for, status new": aside(
        IN, 10, "not_answered", cells={"stato_1": "1", "stato_4": "0", "offindsa": "2"}
    ),
    # Status.
    "status says nothing": status("status_unclear", stato_4="0"),
    "status block blank": status("status_unclear", **dict.fromkeys(STATUS, "")),
    "status says two things": status("status_unclear", stato_3="1"),
    "status in words": status("status_unclear", stato_4="ja"),
    "status with an odd field beside a good one": status("status_unclear", stato_1="2"),
    "status new": status("not_answered", stato_1="1", stato_4="0"),
    "status distributed": status("not_answered", stato_2="1", stato_4="0"),
    "status rejected": status("not_answered", stato_5="1", stato_4="0"),
    # Respondent ids.
    "respondent id blank": respondent(""),
    "respondent id in words": respondent(SECRET),
    "respondent id too long": respondent(lambda old: f"{old}00000"),
    "respondent id with a decimal point": respondent(lambda old: f"{old}.0"),
    "respondent id negative": respondent(lambda old: f"-{old}"),
    "respondent id in other digits": in_utf8(respondent(lambda old: old.translate(ARABIC))),
    "number in other digits": in_utf8(number("number_unreadable", to=lambda old: old.translate(ARABIC))),
    "code in other digits": in_utf8(answer("code_unreadable", "٢")),
    "code as a Roman numeral": in_utf8(answer("code_unreadable", "Ⅱ")),
    "respondent id twice, adjacent": respondent_of(4, 5),
    "respondent id twice, far apart": respondent_of(0, 84),
    "respondent id twice, once with zeros": respondent_of(0, 60, "00"),
    "row pasted twice": pasted_twice,
    "respondent id of a form that is set aside": id_of_a_spoilt_form,
    # The same paper.
    "paper keyed twice": keyed_twice(PF, 8, 1),
    "paper keyed twice, the second row first": keyed_twice(PF, 8, 1, before=True),
    "paper keyed twice, ten minutes apart": keyed_twice(SA, 8, 10),
    "paper keyed twice, another text": keyed_twice(SA, 8, 4, bem="anything else"),
    "paper keyed twice by a mother": mother_keyed_twice,
    "paper keyed three times": keyed_three_times,
    "paper keyed wrongly and then again": keyed_wrongly_and_then_again,
    "paper keyed twice, without a time": keyed_twice_without_a_time,
    "paper keyed twice, but two papers": keyed_twice_and_two_papers,
    "paper keyed twice, accepted until yesterday": keyed_twice_and_accepted_too_long_ago,
    "paper keyed twice, without a role": keyed_twice_without_a_role,
    "several mothers": partial(several, 6, 2),
    "several fathers": partial(several, 7, 3),
    # What is only noted.
    "role missing": role_missing,
    "time missing": noted(PF, 15, UNREADABLE, {"created": ""}),
    "time in words": noted(PF, 15, UNREADABLE, {"created": "i dag"}),
    "time rewritten by a spreadsheet": noted(PF, 15, UNREADABLE, dict.fromkeys(TIMES, rewritten)),
    "time in words, another with a T": time_beside_another,
    "time of no day": noted(IN, 15, UNREADABLE, {"created": "2019-02-30 09:00:00"}),
    "changed before it was made": noted(PF, 16, BACKWARDS, {"modified": later(days=-1)}),
    "closed before it was begun": noted(SA, 16, BACKWARDS, {"starttim": later(minutes=2)}),
    # One form, several rules.
    "everything wrong with a form": all_wrong,
    "rows of nothing but delimiters": rows_of_nothing(IN, "", "", ""),
    "rows of delimiters and blanks": rows_of_nothing(PF, " ", "\t", "  "),
    # Exports that can't be gone on with.
    "header and no rows": stopping(nothing_below_the_header, "a header and no rows [no_forms]", f"{SA}/dataset.csv"),
    "question missing": stopping(
        partial(drop, IN, "konflikt"), "konflikt is missing from the export [question_missing]", f"{IN}/dataset.csv:1"
    ),
    "status column missing": stopping(
        partial(drop, IN, "stato_5"), "column stato_5 is missing [question_missing]", f"{IN}/dataset.csv:1"
    ),
    "box missing": stopping(
        partial(drop, SA, "betalt_2"), "betalt is missing from the export [question_missing]", f"{SA}/dataset.csv:1"
    ),
    "text missing": stopping(
        partial(drop, SA, "bem"), "bem is missing from the export [question_missing]", f"{SA}/dataset.csv:1"
    ),
    "column of the number missing": stopping(partial(drop, PO, NUMBER), "column raadsnr is missing", f"{PO}/dataset.csv:1"),
    "question added": stopping(
        partial(add, SA, "nyt_spm"), "column nyt_spm isn't in questionnaire coordinator [column_unknown]", f"{SA}/dataset.csv:1"
    ),
    "column twice": stopping(partial(add, PF, "konflikt"), "column 29 has a name that stands twice", f"{PF}/dataset.csv:1"),
    "label changed": stopping(
        label(PF, lambda rows: of(rows, "konflikt")[0].__setitem__(2, SECRET)),
        "labels of konflikt aren't those of the questionnaire [labels_drifted]",
        partial(first_label, PF),
    ),
    "scale turned round": stopping(
        label(IN, turn_round), "labels of konflikt aren't those of the questionnaire [labels_drifted]", partial(first_label, IN)
    ),
    "question without labels": stopping(
        label(SA, lambda rows: [rows.remove(row) for row in of(rows, "konflikt")]),
        "question konflikt has no labels [labels_drifted]",
        f"{SA}/labels.csv",
    ),
    "code that is new": stopping(
        label(SA, lambda rows: rows.append(["konflikt", "6", SECRET])),
        "labels of konflikt aren't those of the questionnaire [labels_drifted]",
        partial(first_label, SA),
    ),
    "code with two labels": stopping(
        label(SA, lambda rows: rows.append(["konflikt", "5", SECRET])), "a code has two labels", f"{SA}/labels.csv:15"
    ),
    "box with another label": stopping(
        rename_box, "the box of betalt_1 isn't that of the questionnaire [labels_drifted]", f"{SA}/structure.csv:9"
    ),
    "question's text changed": stopping(
        partial(drift_text, PO, "harhjulp"),
        "text of harhjulp isn't that of the questionnaire [wording_drifted]",
        f"{PO}/structure.csv:14",
    ),
    # Files that can't be read.
    "dataset empty": bytes_of(f"{PO}/dataset.csv", lambda data: b"", "empty file"),
    "row too short": bytes_of(
        f"{PO}/dataset.csv", line(12, lambda row: row.rpartition(b";")[0]), "28 fields where 29 belong", f"{PO}/dataset.csv:12"
    ),
    "row too long": bytes_of(
        f"{PO}/dataset.csv",
        line(12, lambda row: row + b";" + SECRET.encode()),
        "30 fields where 29 belong",
        f"{PO}/dataset.csv:12",
    ),
    "quote without end": bytes_of(
        f"{PO}/dataset.csv", line(12, lambda row: row[:-1] + b';"' + SECRET.encode()), "not a CSV file", f"{PO}/dataset.csv:12"
    ),
    "quotes that swallow a line end between answers": swallowing("harhjulp"),
    "quotes that swallow a line end between numbers": swallowing(NUMBER),
    "quotes that swallow a line end between texts": swallowing(LINE_TO_WRITE_ON, SA),
    "quotes round an answer and a line end": stopping(
        lambda big: big.set(SA, 9, konflikt=lambda old: f"{old}\r\n"), "holds a delimiter or a line end", f"{SA}/dataset.csv:11"
    ),
    "quotes round two answers": bytes_of(
        f"{PO}/dataset.csv",
        line(12, lambda row: row.rpartition(b";")[0] + b';"' + row.rpartition(b";")[2] + b';2"'),
        "column 29 holds a delimiter",
        f"{PO}/dataset.csv:12",
    ),
    "cut within the last answer": bytes_of(
        f"{PO}/dataset.csv", lambda data: data[:-3], "the last line has no end", f"{PO}/dataset.csv:61"
    ),
    "cut within the last line end": bytes_of(
        f"{PO}/dataset.csv", lambda data: data[:-2], "the last line has no end", f"{PO}/dataset.csv:61"
    ),
    "cut within the last row": bytes_of(
        f"{PO}/dataset.csv", lambda data: data[:-9], "fields where 29 belong", f"{PO}/dataset.csv:61"
    ),
    "labels cut": cut_at_the_end("labels"),
    "structure cut": cut_at_the_end("structure"),
    "null byte": bytes_of(f"{PO}/dataset.csv", line(12, lambda row: row + b"\x00"), "null bytes", f"{PO}/dataset.csv:12"),
    "byte that no encoding has": bytes_of(
        f"{PO}/dataset.csv", line(12, lambda row: row + b"\x81"), "not readable as cp1252", f"{PO}/dataset.csv:12"
    ),
    "structure with another header": bytes_of(
        f"{PO}/structure.csv",
        swap(b"questionName", b"question"),
        "header isn't that of a SurveyXact structure",
        f"{PO}/structure.csv:1",
    ),
    "structure with two surplus fields": bytes_of(
        f"{PO}/structure.csv", line(5, lambda row: row + b";;"), "9 fields where 7 belong", f"{PO}/structure.csv:5"
    ),
    "structure with something in a surplus field": bytes_of(
        f"{PO}/structure.csv",
        line(5, lambda row: row + b";" + SECRET.encode()),
        "8 fields where 7 belong",
        f"{PO}/structure.csv:5",
    ),
    "label without a code": bytes_of(
        f"{PO}/labels.csv", line(7, lambda row: row.replace(b";", b"", 1)), "2 fields where 3 belong", f"{PO}/labels.csv:7"
    ),
    "dataset missing": leave_out(f"{IN}/dataset.csv"),
    "labels missing": leave_out(f"{IN}/labels.csv"),
    "ledger missing": leave_out(LEDGER),
    "codebook missing": leave_out(CODEBOOK),
    "two forms of one export": stopping(two_forms, "comes in more than one form", IN),
    # Registers that can't be read.
    "codebook altered by one bit": bytes_of(CODEBOOK, one_bit, "was altered"),
    "codebook cut short": bytes_of(CODEBOOK, cut, "was altered"),
    "codebook with personal numbers": bytes_of(CODEBOOK, lambda _: full_codebook(), "isn't the pipeline's part"),
    "codebook with a number twice": stopping(entry(conference_number=31_057), "same conference_number twice", CODEBOOK),
    "codebook with a pseudonym twice": stopping(entry(conference_id="C-child-00"), "same conference_id twice", CODEBOOK),
    "codebook with a number for a pseudonym": stopping(entry(conference_id="31057"), "isn't number, pseudonym", CODEBOOK),
    "codebook with another occasion": stopping(entry(occasion="third"), "isn't number, pseudonym", CODEBOOK),
    "codebook with a day that isn't": stopping(entry(date="2018-02-31"), "isn't number, pseudonym", CODEBOOK),
    "ledger with a day that isn't": stopping(
        lambda big: big.ledger[6].__setitem__(1, "2018-02-31"), "not a number, a date and an occasion", f"{LEDGER}:7"
    ),
    "ledger with another occasion": stopping(
        lambda big: big.ledger[6].__setitem__(2, SECRET), "not a number, a date and an occasion", f"{LEDGER}:7"
    ),
    "ledger with a number in words": stopping(
        lambda big: big.ledger[6].__setitem__(0, SECRET), "not a number, a date and an occasion", f"{LEDGER}:7"
    ),
    "ledger with a conference twice": stopping(
        lambda big: big.ledger.append(big.ledger[1]), "the same conference stands twice", f"{LEDGER}:32"
    ),
    "ledger with another header": stopping(lambda big: big.ledger[0].__setitem__(0, "nummer"), "the header isn't", f"{LEDGER}:1"),
    "ledger in a wrong encoding": bytes_of(
        LEDGER, lambda data: data.decode().encode().decode("cp1252").encode(), "was saved in a wrong encoding", f"{LEDGER}:2"
    ),
    "times of which day and month can't be told apart": times_in_doubt,
    "exception from nothing": exception_from_nothing,
    # Too much at once.
    "too many of the delivery": partial(
        too_many,
        ((PF, 5), (PO, 3), (IN, 3), (SA, 3)),
        "14 of 261 forms were set aside, more than the policy's 5% [too_many_set_aside]",
        "",
    ),
    "too many of a questionnaire": partial(
        too_many, ((SA, 12),), "12 of 58 forms were set aside, more than the policy's 20% [too_many_set_aside]", SA
    ),
    "as many as may be of a questionnaire": just_not_too_many,
    # What people decided.
    "correction of another value": correcting(
        "DF-700001", "helefrs", SECRET, "2", stops="the old value isn't what the export says"
    ),
    "correction of no form": correcting("DF-123456", "helefrs", "1", "2", stops="there is no such form in the export"),
    "correction of another questionnaire's column": correcting("DF-700045", "kontakt", "1", "2", stops="there is no such column"),
    "correction of a form that stands twice": corrected_twice,
    "correction of no column": correcting("DF-700001", SECRET[:4], "1", "2", stops="there is no such column"),
    "correction of a respondent id": correcting("DF-700001", RESPONDENT, "700001", "2", stops="there is no such column"),
    "correction of no form id": correcting("DF-31-4", "helefrs", "1", "2", stops="not a form id"),
    "correction of nothing": correcting("DF-700001", "helefrs", "1", "1", stops="old and new are the same"),
    "correction that makes a fault": corrected_into_a_fault,
    "correction that doesn't mend all": corrected_without_an_id,
    "exception from what can't be accepted": accepting(
        "IN-700078", "number_unknown", "", "known", "controller", "2021-12-31", stops="number_unknown can't be accepted"
    ),
    "exception from no rule": accepting("IN-700078", SECRET, "", "known", "controller", "2021-12-31", stops="no such rule"),
    "exception without a reason": accepting(
        "IN-700078", "keyed_twice", "", "", "controller", "2021-12-31", stops="reason and who are needed"
    ),
    "exception without a form": accepting(
        "", "keyed_twice", "", "known", "controller", "2021-12-31", stops="keyed_twice is about one form"
    ),
    "exception of a form from a drift": accepting(
        "IN-700078", "labels_drifted", "", "known", "controller", "2021-12-31", stops="labels_drifted is about no single form"
    ),
    "exception without an end": accepting("IN-700078", "keyed_twice", "", "known", "controller", "", stops="not a date"),
    "labels changed and accepted": tolerated(label(SA, turn_round), rule="labels_drifted", instrument_column="konflikt"),
    "wording changed and accepted": tolerated(
        partial(drift_text, PO, "harhjulp"), rule="wording_drifted", instrument_column="harhjulp"
    ),
    "question added and accepted": tolerated(partial(add, PF, "nyt_spm"), rule="column_unknown", instrument_column="nyt_spm"),
    "too many of a questionnaire and accepted": tolerated_share,
    # What families withdrew.
    "form withdrawn": withdrawn_form,
    "conference withdrawn": withdrawn_conference,
    "conference withdrawn, numbers corrected": withdrawn_by_a_corrected_number,
    "first keying withdrawn": withdrawn_first_keying,
    "withdrawal of no form": withdrawing(("DF-123456", ""), stops="there is no such form in the export"),
    "withdrawal of no form id": withdrawing(("DF-31-4", ""), stops="not a form id"),
    "withdrawal of no conference": withdrawing(("", "C-nobody"), stops="the codebook has no such conference"),
    "withdrawal of a number": withdrawing(("", "31057"), stops="a number isn't a pseudonym"),
    "withdrawal of a personal number": withdrawing(("", PERSONAL), stops="holds a personal number"),
    "withdrawal of nothing": withdrawing(("", ""), stops="one of form and conference is needed"),
    "withdrawal of both": withdrawing(("DF-700001", "C-child-00"), stops="one of form and conference is needed"),
    "withdrawal made twice": withdrawing(("DF-700001", ""), ("DF-700001", ""), stops="withdrawn in an earlier line", line=3),
    "withdrawal without a reason": withdrawing(("DF-700001", "", ""), stops="reason and who are needed"),
    "withdrawal without a day": withdrawing(("DF-700001", "", "why", "who", "1. feb. 2021"), stops="not a date"),
    "withdrawal with a field too many": withdrawing(("DF-700001", "", "why", "who", "2021-02-01", SECRET), stops="6 fields"),
    "withdrawn and corrected": withdrawn_and_named(
        "corrections", "DF-700001", "helefrs", "1", "2", "read from the paper", "controller", "2021-02-01"
    ),
    "withdrawn and accepted": withdrawn_and_named(
        "exceptions", "IN-700078", "keyed_twice", "", "two papers", "controller", "2021-12-31"
    ),
}


def as_file(form: str) -> Plant:
    """All exports in one of the other forms."""

    def plant(big: Big) -> Expect:
        big.form_of = dict.fromkeys(instruments(STUDY), form)
        return NOTHING

    return plant


def registers_backwards(big: Big) -> Expect:
    big.entries.reverse()
    big.ledger[1:] = reversed(big.ledger[1:])
    return NOTHING


def registers_without_an_end(big: Big) -> Expect:
    """Of what people keep by hand, the last line may lack its end."""
    corrected(big)
    for name in (LEDGER, "corrections.csv"):
        big.bytes_of[name] = lambda data: data.rstrip(b"\r\n")
    return NOTHING


def header_in_capitals(big: Big) -> Expect:
    big.rows(IN)[0][:] = [name.upper() for name in big.rows(IN)[0]]
    return NOTHING


def wording_of_our_own(big: Big) -> Expect:
    """The report doesn't print this question's text, so nothing can be held against it."""
    drift_text(IN, "famstor", big)
    return NOTHING


# What looks wrong and isn't.
SAME: dict[str, Plant] = {
    "nothing planted": lambda big: NOTHING,
    "line feeds": in_other_dialect(terminator="\n"),
    "carriage returns": in_other_dialect(terminator="\r"),
    "commas": in_other_dialect(delimiter=","),
    "tabs": in_other_dialect(delimiter="\t"),
    "quotes round everything": in_other_dialect(quoting=csv.QUOTE_ALL),
    "UTF-8": in_other_dialect(encoding="utf-8"),
    "UTF-8 with a mark": in_other_dialect(encoding="utf-8-sig"),
    "UTF-16": in_other_dialect(encoding="utf-16"),
    "blank lines between": every_file(lambda data: data.replace(b"\r\n", b"\r\n\r\n")),
    "blank lines at the end": every_file(lambda data: data + b"\r\n\r\n\r\n"),
    "no end of the last line where people write": registers_without_an_end,
    "blanks at the ends of lines": bytes_of(f"{PF}/dataset.csv", lambda data: data.replace(b"\r\n", b"  \r\n")),
    "blanks round an answer": harmless(PF, 31, {"helefrs": lambda old: f" {old}\t"}),
    "answer with a zero before it": harmless(PF, 31, {"helefrs": lambda old: f"0{old}"}),
    "blanks round a number": harmless(PF, 31, {NUMBER: lambda old: f"  {old} "}),
    "number with zeros before it": harmless(PF, 31, {NUMBER_AGAIN: lambda old: f"000{old}"}),
    "blanks round a time": harmless(PF, 31, {"created": lambda old: f" {old}"}),
    "T between day and time": harmless(PF, 31, {"created": lambda old: old.replace(" ", "T")}),
    "blanks for zeros in the status": harmless(PF, 31, dict.fromkeys(STATUS[:3], "")),
    "some answers given": harmless(PF, 31, {"stato_3": "1", "stato_4": "0"}),
    "some answers given and no box ticked": some_answers,
    "closed in the second it was begun": harmless(IN, 31, {"closetim": lambda old: str(later(minutes=-1)(old))[:-2] + "00"}),
    "line ends and delimiters in a text": forms_apart,
    "ten digits that are no day": harmless(SA, 9, {LINE_TO_WRITE_ON: "faktura 9913180011"}),
    "eleven digits in a text": harmless(SA, 9, {LINE_TO_WRITE_ON: "konto 61011800115"}),
    "rows and columns in another order": another_order,
    "header in capitals": header_in_capitals,
    "structure with one surplus field": bytes_of(f"{PO}/structure.csv", lambda data: data.replace(b"\r\n", b";\r\n")),
    "wording that isn't printed": wording_of_our_own,
    "ledger with a mark": bytes_of(LEDGER, lambda data: b"\xef\xbb\xbf" + data),
    "ledger with a blank line": bytes_of(LEDGER, lambda data: data + b"\n"),
    "registers backwards": registers_backwards,
    "like another paper, eleven minutes later": no_double(PF, 8, 11),
    "like another paper, eleven minutes before": no_double(PF, 8, -11),
    "like another paper, another role": no_double(PF, 8, 3, {"role": 5}, hvem="5"),
    "like another paper, one answer less": no_double(PF, 8, 3, {"overall": None}, helefrs=""),
    "like another paper, another conference": other_conference,
    "two blank papers": blank_twice,
    "fault that was corrected": corrected,
    "ledger as a Danish spreadsheet saves it": bytes_of(LEDGER, saved_by_a_spreadsheet),
    "workbooks": as_file("xlsx"),
    "SPSS files": as_file("sav"),
}


def book(form: str, plant: Plant) -> Plant:
    """The same fault with all exports in another form; its place is then named otherwise."""

    def other_form(big: Big) -> Expect:
        expected = plant(big)
        big.form_of = dict.fromkeys(instruments(STUDY), form)
        file, colon, at = expected.where.partition(":")
        part = file.rpartition("/")[2].removesuffix(".csv")
        if form == "xlsx" and "/" in file:
            expected = replace(expected, where=f"{file.rpartition('/')[0]}/export.xlsx:{part.title()}{'!' if colon else ''}{at}")
        elif form == "sav":
            # Lines are numbers of cases, and there are none for messages.
            cases = {
                re.sub(r"line(\d+)", lambda m: f"line{int(m[1]) - 1}", name): rules for name, rules in expected.aside.items()
            }
            gone = set(expected.aside) if expected.gone is None else expected.gone
            where = f"{file.rpartition('/')[0]}/export.sav" if "/" in file else expected.where
            expected = replace(expected, aside=cases, gone=gone, where=where)
        return expected

    return other_form


def in_the_book(alter: Callable[[Any], Any], stops: str, where: str) -> Plant:
    """A fault that only a workbook can have; planted in that of the initiators."""

    def plant(big: Big) -> Expect:
        big.form_of = {IN: "xlsx"}
        big.altered = alter
        return Expect(stops=stops, where=f"{IN}/export.xlsx{where}")

    return plant


def in_the_file(form: str, alter: Callable[[bytes], bytes], stops: str) -> Plant:
    """The bytes of such a file altered."""

    def plant(big: Big) -> Expect:
        big.form_of = {IN: form}
        return bytes_of(f"{IN}/export.{form}", alter, stops)(big)

    return plant


def in_the_sheet(alter: Callable[[bytes], bytes], stops: str, where: str) -> Plant:
    """The XML of the sheet Dataset altered."""

    def altered(data: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, alter(content) if name == "xl/worksheets/sheet1.xml" else content)
        return made.getvalue()

    def plant(big: Big) -> Expect:
        big.form_of = {IN: "xlsx"}
        return bytes_of(f"{IN}/export.xlsx", altered, stops, f"{IN}/export.xlsx{where}")(big)

    return plant


def two_sheets(*names: str) -> Callable[[Any], None]:
    """The dataset split over sheets of these names."""

    def split(made: Any) -> None:
        rows = [[cell.value for cell in row] for row in made["Dataset"].iter_rows()]
        del made["Dataset"]
        for at, name in enumerate(names):
            sheet = made.create_sheet(name)
            for row in (rows[0], *rows[1 + at :: len(names)]):
                sheet.append(row)

    return split


OTHER_FORMS: dict[str, Plant] = {
    **{
        f"{name}, workbook": book("xlsx", TABLE[name])
        for name in (
            "number is a personal number",
            "keyings differ by swapped digits",
            "first number on a follow-up's paper",
            "code above the scale",
            "code with a decimal comma",
            "code with a decimal point",
            "role missing",
            "status says two things",
            "respondent id blank",
            "respondent id twice, far apart",
            "paper keyed twice",
            "rows of delimiters and blanks",
            "changed before it was made",
            "personal number in a text",
            "header and no rows",
            "question missing",
            "scale turned round",
            "question's text changed",
        )
    },
    **{
        f"{name}, SPSS": book("sav", TABLE[name])
        for name in (
            "number is a personal number",
            "number unknown",
            "keyings differ by a missing digit",
            "code above the scale",
            "role missing",
            "status says nothing",
            "respondent id blank",
            "paper keyed twice",
            "time in words",
            "question added",
            "scale turned round",
        )
    },
    "formula in a workbook": in_the_book(
        lambda made: made["Dataset"].__setitem__("P4", f'="{SECRET}"'), "a formula where a value belongs", ":Dataset!P4"
    ),
    "workbook without labels": in_the_book(lambda made: made.remove(made["Labels"]), "sheet Labels is missing", ""),
    "workbook without a dataset": in_the_book(lambda made: made.remove(made["Dataset"]), "one sheet Dataset belongs here", ""),
    "workbook with merged answers": in_the_book(
        lambda made: made["Dataset"].merge_cells("R3:R5"), "merged cells where each belongs to one answer", ":Dataset!R3:R5"
    ),
    "workbook with rows numbered twice": in_the_sheet(
        lambda sheet: re.sub(rb' r="([A-Z]*)7"', rb' r="\g<1>5"', sheet), "repeats or runs backwards", ":Dataset!5"
    ),
    "workbook with rows partly numbered": in_the_sheet(
        lambda sheet: sheet.replace(b'<row r="7"', b"<row", 1), "only some of the rows", ":Dataset!7"
    ),
    "workbook with a cell in another's place": in_the_sheet(
        lambda sheet: sheet.replace(b' r="R7"', b' r="Q7"', 1), "repeats or runs backwards", ":Dataset!Q7"
    ),
    "SPSS file with more cases than it says": in_the_file(
        "sav", lambda data: data[:80] + b"\5\0\0\0" + data[84:], "cases, of which its header lets 5 be read"
    ),
    "workbook with a gap": in_the_book(two_sheets("Dataset(1)", "Dataset(3)"), "without a gap", ""),
    "workbook with a row too long": in_the_book(
        lambda made: made["Dataset"].cell(5, 40, SECRET), "40 fields where 27 belong", ":Dataset!5"
    ),
    "workbook cut short": in_the_file("xlsx", cut, "a damaged workbook"),
    "workbook that is none": in_the_file("xlsx", lambda data: SECRET.encode(), "not an .xlsx workbook"),
    "workbook with a password": in_the_file("xlsx", lambda data: b"\xd0\xcf\x11\xe0" + data, "locked with a password"),
    "SPSS file cut short": in_the_file("sav", cut, "a damaged SPSS file"),
    "SPSS file that is none": in_the_file("sav", lambda data: SECRET.encode(), "not an SPSS file"),
}
