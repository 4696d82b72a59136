"""What changed since the delivery before: which figures, because of which forms, and which findings hold no longer.

The results of that delivery are an input of the report, as they are of the promises (`previous` in `store/plan.py`): once they
are made again, so is the report. A delivery without a finished result before it is compared with none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.lineage.differences import CORRECTED, GONE, NEW, Differences, differences
from frs_pipeline.report.estimates import estimates_of
from frs_pipeline.report.findings import Judge
from frs_pipeline.report.judging import judge_of
from frs_pipeline.report.typography import in_text
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.about import about
from frs_pipeline.study.printed import printed_from
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure, from_table

# What stands for a figure that a delivery doesn't have.
NONE = "–"
_FORMS = {
    NEW: Text("nye skemaer", "new forms"),
    GONE: Text("udgåede skemaer", "forms gone"),
    CORRECTED: Text("rettede skemaer", "corrected forms"),
}
_OTHERWISE = Text("opgjort på en anden måde", "counted in another way")
_OF_CONFERENCES = Text("andre {}, eller noget andet er kendt om dem", "other {}, or something else known of them")


@dataclass(frozen=True)
class Change:
    """A figure that differs, as pages print it: in the delivery before, and now; `NONE` where one of them doesn't have it."""

    before: str
    now: str


@dataclass(frozen=True)
class Before:
    """The delivery before, with all its figures, and those that differ from the ones of today by their address.

    `compared` is how many figures either of the two has.
    """

    store: Store
    figures: Mapping[Address, Figure]
    changed: Mapping[Address, Change]
    compared: int

    @property
    def delivery(self) -> str:
        """Its name, which is its date."""
        return self.store.delivery


@dataclass(frozen=True)
class OfTable:
    """How many figures of a table differ, and what made any of them differ."""

    number: int
    figures: int
    causes: tuple[Text, ...]


@dataclass(frozen=True)
class Since:
    """What happened to forms and figures since the delivery before.

    `forms` are numbers of new, gone and corrected forms by the questionnaire's title; `causes` are how many figures differ
    because of what, of which there may be several.
    """

    forms: tuple[tuple[Text, tuple[int, int, int]], ...]
    causes: tuple[tuple[Text, int], ...]
    tables: tuple[OfTable, ...]


def before_of(store: Store, figures: Mapping[Address, Figure]) -> Before | None:
    """Compare the figures of a delivery with those of the delivery before; None where there is none with a finished result."""
    older = store.predecessor()
    if older is None:
        return None
    kept = {figure.address: figure for figure in from_table(read(older.file("statistics", "figures")))}
    changed = {}
    addresses = dict.fromkeys((*figures, *kept))
    for address in addresses:
        one, other = kept.get(address), figures.get(address)
        if one is None or other is None or (one.value, one.printed) != (other.value, other.printed):
            changed[address] = Change(*(_printed(store, address, figure) for figure in (one, other)))
    return Before(older, kept, changed, len(addresses))


def cells(store: Store, before: Before | None) -> Mapping[Address, Change]:
    """Return what tables mark as changed, by address.

    None where the report was printed from this delivery, as its tables are held against the print, and none that look the same.
    """
    if before is None or printed_from(store.study, store.delivery):
        return {}
    return {at: change for at, change in before.changed.items() if change.before not in (NONE, change.now)}


def judge_before(before: Before) -> Judge:
    """Return what holds the study's findings against the forms of the delivery before.

    What wasn't estimated of it, since today's sentences came later, can't be told.
    """
    store = before.store
    unit = _rows(store, "unit_nonresponse") if ("statistics", "unit_nonresponse") in store.products else []
    return judge_of(store, before.figures, estimates_of(store), unit)


def _rows(store: Store, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read(store.file("statistics", name)).to_pylist()
    return rows


def since(store: Store, before: Before) -> Since:
    """Find out what the changes since the delivery before come from: every figure is counted again on the way."""
    found = differences(before.store, store)
    by_table: dict[int, list[Text]] = {}
    counted: Counter[Text] = Counter()
    for change in found.changes:
        causes = _causes(store, change.causes)
        counted.update(causes)
        by_table.setdefault(change.address.table, []).extend(causes)
    numbers = Counter(change.address.table for change in found.changes)
    order = (*_FORMS.values(), _OTHERWISE, _of_conferences(store))
    return Since(
        _forms(store, found),
        tuple((cause, counted[cause]) for cause in order if counted[cause]),
        tuple(
            OfTable(number, numbers[number], tuple(cause for cause in order if cause in by_table[number]))
            for number in sorted(by_table)
        ),
    )


def _printed(store: Store, address: Address, figure: Figure | None) -> str:
    return NONE if figure is None else in_text(figure.printed, address.measure, about(store.study).language)


def _causes(store: Store, causes: tuple[str, ...]) -> list[Text]:
    """Name causes in the words of the pages.

    Whether a definition or the program counts in another way is for `frs diff`: a report that said so would be another one
    after a change of the program that changes none of its figures.
    """
    of_forms = [_FORMS[cause] for cause in causes if cause in _FORMS]
    if of_forms:
        return [*of_forms, *([_OTHERWISE] if len(of_forms) < len(causes) else [])]
    of_way = all(cause.startswith("changed ") for cause in causes)
    return [_OTHERWISE if of_way else _of_conferences(store)]


def _of_conferences(store: Store) -> Text:
    many = about(store.study).conference.many
    return Text(_OF_CONFERENCES.danish.format(many.danish), _OF_CONFERENCES.english.format(many.english))


def _forms(store: Store, found: Differences) -> tuple[tuple[Text, tuple[int, int, int]], ...]:
    titles = {name: paper.called for name, paper in questionnaires(store.study).items()}
    return tuple((titles[name], (numbers[NEW], numbers[GONE], numbers[CORRECTED])) for name, numbers in found.forms.items())
