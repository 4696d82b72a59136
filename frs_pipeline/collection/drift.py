"""Drift: an interim export compared with the one before, before anybody counts.

A form that was finished doesn't change any more, unless somebody corrects it; forms don't disappear, unless a family withdraws
them; and questions and answers say what they said. Where a form was still being filled in, nothing is wrong with a change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.interim import Interim
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.amendments import Correction, read_corrections
from frs_pipeline.intake.correcting import corrected
from frs_pipeline.intake.delivery import form_id, form_prefixes
from frs_pipeline.intake.readers.columns import by_column, resolve, short
from frs_pipeline.intake.readers.encodings import same_letters
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import Export
from frs_pipeline.intake.readers.worksheets import as_sheet
from frs_pipeline.intake.withdrawals import Withdrawals
from frs_pipeline.language import Language, Text
from frs_pipeline.personal_numbers import masked
from frs_pipeline.store.deliveries import AMENDMENTS, deliveries
from frs_pipeline.study.about import STATUS, about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires

_DONE = STATUS.index("stato_4")
_DECIMAL, _NAUGHT, _ZEROS = r"^(-?[0-9]+),([0-9]+)$", r"^(-?[0-9]+\.[0-9]*?)0+$", r"^(-?)0+([0-9])"
Worded = Literal["question", "answer changed", "answer gone", "answer new"]
WORDED: Mapping[Worded, Text] = {
    "question": Text("spørgsmålet er formuleret anderledes", "the question is worded differently"),
    "answer changed": Text("et svar er formuleret anderledes", "an answer is worded differently"),
    "answer gone": Text("et svar er væk", "an answer is gone"),
    "answer new": Text("et svar er nyt", "an answer is new"),
}


class Change(NamedTuple):
    """A cell of a form that was finished, as it was and as it is; `corrected` where somebody wrote that down."""

    form: str
    column: str
    before: str
    after: str
    corrected: bool


@dataclass(frozen=True)
class Moved:
    """What moved in one questionnaire between two exports.

    `gone` are forms that were there, `reopened` forms that were finished and aren't; `new` and `finished` are counts of forms
    that came, and that were completed since. `columns_gone` and `columns_new` are columns, `worded` what is said otherwise, by
    column. `doubled` are ids that one form had and several have now; `twice` is the number of forms that can't be followed, since
    another has their id or nobody can read it.
    """

    gone: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()
    new: int = 0
    finished: int = 0
    columns_gone: tuple[str, ...] = ()
    columns_new: tuple[str, ...] = ()
    worded: tuple[tuple[str, Worded], ...] = ()
    doubled: tuple[str, ...] = ()
    twice: int = 0

    @property
    def uncorrected(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changed if not change.corrected)

    @property
    def wrong(self) -> bool:
        """Whether somebody has to look before anybody counts."""
        fixed = (self.gone, self.reopened, self.uncorrected, self.doubled)
        return any((*fixed, self.columns_gone, self.columns_new, self.worded))


@dataclass(frozen=True)
class Drift:
    """What moved between two exports, by questionnaire."""

    before: Interim
    after: Interim
    moved: Mapping[str, Moved]

    @property
    def wrong(self) -> bool:
        return any(moved.wrong for moved in self.moved.values())


def drift_of(before: Interim, after: Interim) -> Drift:
    """Compare an export with the one before, questionnaire by questionnaire, as far as both have it.

    Raises `UsageError` where forms have no id to follow them by, or the other export is the newer one; `InputError` when
    one can't be read.
    """
    study = after.study
    if about(study).forms.id is None:
        what = "its forms have no id, so nobody can follow one from an export to the next"
        raise UsageError(what, where=about(study).name, do="study.yaml says so: forms")
    if before.day > after.day:
        raise UsageError("is newer than the export that is compared with it", where=before.name, do="name an older one")
    corrections = _corrections(before, after)
    both = [name for name in instruments(study) if name in before.places and name in after.places]
    return Drift(before, after, {name: _moved(before, after, name, corrections) for name in both})


def _corrections(before: Interim, after: Interim) -> set[tuple[str, str, str, str]]:
    """Return what was corrected beside either export or in any delivery: form, column, old and new."""
    settings = after.settings
    prefixes = form_prefixes(settings.study)
    folders = [settings.raw_delivery(name) for name in deliveries(settings.raw)]
    every: list[Correction] = [*before.corrections, *after.corrections]
    for folder in folders:
        every += read_corrections(folder / AMENDMENTS["corrections"], prefixes)
    return {(one.form, one.column, one.old.strip(), one.new.strip()) for one in every}


def _moved(before: Interim, after: Interim, name: str, corrections: Collection[tuple[str, str, str, str]]) -> Moved:
    old, new = before.export(name), after.export(name)
    if not (old.in_use and new.in_use):
        return Moved()
    questionnaire = questionnaires(after.study)[name]
    was, now = (
        _Forms.of(after.withdrawals, questionnaire, export, interim.corrections_here(export, questionnaire)[0])
        for interim, export in ((before, old), (after, new))
    )
    both = [form for form in was.row if form in now.row]
    at, to = (np.array([forms.row[form] for form in both], dtype=np.int64) for forms in (was, now))
    finished, still = was.done[at], now.done[to]
    closed = np.flatnonzero(finished)
    columns = [c for c in old.names if c in new.names and c not in questionnaire.forms.system]
    numbers = _numbers(old, questionnaire) & _numbers(new, questionnaire)
    changed = []
    for column in columns:
        a, b = was.cells[column].take(pa.array(at[closed])), now.cells[column].take(pa.array(to[closed]))
        number = column in numbers
        known = {(form, *_plain(number, *pair)) for form, of, *pair in corrections if of == column}
        for row in np.flatnonzero(pc.not_equal(_same(a, number), _same(b, number)).to_numpy()).tolist():
            form, pair = both[int(closed[row])], (a[row].as_py().strip(), b[row].as_py().strip())
            changed.append(Change(form, column, *pair, (form, *_plain(number, *pair)) in known))
    gone = tuple(form for form in was.row if form not in now.row and form not in now.unclear | now.withdrawn)
    return Moved(
        gone,
        tuple(both[row] for row in np.flatnonzero(finished & ~still)),
        tuple(sorted(changed)),
        sum(form not in was.row and form not in was.unclear for form in now.row),
        int((~finished & still).sum()),
        tuple(column for column in old.names if column not in new.names),
        tuple(column for column in new.names if column not in old.names),
        tuple(_worded(old, new)),
        tuple(sorted(now.unclear.intersection(was.row))),
        max(was.twice, now.twice),
    )


def _numbers(export: Export, questionnaire: Questionnaire) -> set[str]:
    """Return the columns of an export that hold numbers: of the conference, codes, and what was measured; others hold text."""
    of = resolve(export.names, export.structure, questionnaire, export.delivery)[0].of
    coded = (question.name for question in questionnaire.keyed if not question.calendar)
    return {*questionnaire.forms.numbers, *(of[name] for name in coded if name in of)}


class _Forms(NamedTuple):
    """The forms of an export: all cells, the row of each form by its id, and which are finished.

    `unclear` are ids that several have, `twice` the number of forms with these or with none that can be read; `withdrawn` are ids
    of forms that were left out.
    """

    cells: pa.Table
    row: dict[str, int]
    done: np.ndarray
    unclear: frozenset[str]
    twice: int
    withdrawn: frozenset[str]

    @classmethod
    def of(
        cls, withdrawals: Withdrawals, questionnaire: Questionnaire, export: Export, corrections: Collection[Correction]
    ) -> _Forms:
        """Read all forms as they were delivered, but for those that, as corrected, were withdrawn."""
        tables, withdrawn = [], set[str]()
        # Whose form it is, its numbers say; a correction of anything else moves no form in or out.
        made = [one for one in corrections if one.column in questionnaire.forms.numbers]
        for chunk in export.chunks():
            kept = np.ones(len(chunk.lines), dtype=bool)
            if withdrawals.entries:
                cells = corrected(questionnaire.forms, chunk, made, Counter())
                kept[list(withdrawals.rows(questionnaire, chunk.lines, cells))] = False
                left_out = respondents(questionnaire.forms, chunk.cells)[~kept].tolist()
                withdrawn |= {form_id(questionnaire.form_prefix, one, 0) for one in left_out if one >= 0}
            tables.append(chunk.cells.filter(pa.array(kept)))
        empty = pa.table({name: pa.array([], pa.string()) for name in export.names})
        cells = pa.concat_tables(tables).combine_chunks() if tables else empty
        ids = respondents(questionnaire.forms, cells)
        times = Counter(ids.tolist())
        row = {
            form_id(questionnaire.form_prefix, one, 0): at for at, one in enumerate(ids.tolist()) if one >= 0 and times[one] == 1
        }
        unclear = frozenset(
            form_id(questionnaire.form_prefix, one, 0) for one, number in times.items() if one >= 0 and number > 1
        )
        done = np.ones(cells.num_rows, dtype=bool)
        column = questionnaire.forms.statuses[_DONE] if questionnaire.forms.statuses else ""
        if column in cells.column_names:
            done = pc.equal(pc.utf8_trim_whitespace(cells[column]), "1").to_numpy()
        return cls(cells, row, done, unclear, cells.num_rows - len(row), frozenset(withdrawn))


def _same(cells: pa.ChunkedArray, number: bool) -> pa.ChunkedArray:
    """Write cells in one way: without blanks around them; a `number` with a point and without needless zeros, too."""
    plain = pc.utf8_trim_whitespace(cells)
    if not number:
        return plain
    plain = pc.replace_substring_regex(plain, _DECIMAL, r"\1.\2")
    plain = pc.replace_substring_regex(pc.replace_substring_regex(plain, _NAUGHT, r"\1"), r"^(-?[0-9]+)\.$", r"\1")
    return pc.replace_substring_regex(plain, _ZEROS, r"\1\2")


def _plain(number: bool, *words: str) -> tuple[str, ...]:
    return tuple(_same(pa.chunked_array([pa.array(words, pa.string())]), number).to_pylist())


def _worded(old: Export, new: Export) -> list[tuple[str, Worded]]:
    """List what two exports say otherwise about a column that both have: its question, or one of its answers."""
    found: list[tuple[str, Worded]] = []
    was, now = (by_column(export.names, export.structure) for export in (old, new))
    labelled = [_labels(export) for export in (old, new)]
    for column in (name for name in was if name in now):
        if was[column].text != now[column].text:
            found.append((column, "question"))
        name = column.split("#")[0]
        for a, b in ((was[column].choices, now[column].choices), (labelled[0].get(name, {}), labelled[1].get(name, {}))):
            found += [(column, what) for what in _answers(a, b)]
    return list(dict.fromkeys(found))


def _answers(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Worded]:
    """Yield how two lists of answers differ, by code; what has no code is a box's name or nothing."""
    if any(code and code not in now for code in was):
        yield "answer gone"
    if any(code and code not in was for code in now):
        yield "answer new"
    if any(code in now and now[code] != label for code, label in was.items()):
        yield "answer changed"


def _labels(export: Export) -> dict[str, dict[str, str]]:
    """Return the labels of an export by short name and code."""
    labels: dict[str, dict[str, str]] = {}
    for _, (name, code, label, *_) in export.labels:
        labels.setdefault(short(name), {})[code.strip()] = same_letters(label.strip())
    return labels


def as_json(drift: Drift) -> dict[str, object]:
    """Return what moved for programs: counts and names of columns, no id of a form and no answer."""
    return {
        "before": drift.before.name,
        "after": drift.after.name,
        "wrong": drift.wrong,
        "questionnaires": {
            name: {
                "gone": len(moved.gone),
                "reopened": len(moved.reopened),
                "changed": len({(one.form, one.column) for one in moved.uncorrected}),
                "changed_columns": sorted({one.column for one in moved.uncorrected}),
                "corrected": len(moved.changed) - len(moved.uncorrected),
                "new": moved.new,
                "finished": moved.finished,
                "columns_gone": list(moved.columns_gone),
                "columns_new": list(moved.columns_new),
                "worded": [{"column": column, "what": what} for column, what in moved.worded],
                "doubled": len(moved.doubled),
                "not_followed": moved.twice,
            }
            for name, moved in drift.moved.items()
        },
    }


def drift_sheet(drift: Drift, why: str, language: Language) -> bytes:
    """Write each form that is gone, reopened or changed, with what it said and says, and note in the journal that somebody asked.

    Personal numbers are masked. Raises `FrsError`, and gives nothing, without a reason.
    """
    details = {"before": drift.before.name, "after": drift.after.name}
    heads = (Text("Skema", "Form"), Text("Kolonne", "Column"), Text("Før", "Before"), Text("Nu", "Now"), Text("Hvad", "What"))
    twice = Text("flere skemaer har nu dette id", "several forms have this id now")
    gone, reopened = Text("væk", "gone"), Text("var afsluttet, er det ikke mere", "was finished, and isn't any more")
    as_written, changed = Text("rettet efter rettelsesfilen", "changed as it was corrected"), Text("ændret", "changed")
    with traced(drift.after.settings.access_journal, "collect drift", why, details) as trace:
        rows: list[list[str]] = []
        for moved in drift.moved.values():
            rows += [[form, "", "", "", gone.in_language(language)] for form in moved.gone]
            rows += [[form, "", "", "", reopened.in_language(language)] for form in moved.reopened]
            rows += [[form, "", "", "", twice.in_language(language)] for form in moved.doubled]
            for one in moved.changed:
                what = as_written if one.corrected else changed
                rows.append([one.form, one.column, masked(one.before), masked(one.after), what.in_language(language)])
        trace.note({**details, "lines": len(rows)})
    return as_sheet([head.in_language(language) for head in heads], rows)
