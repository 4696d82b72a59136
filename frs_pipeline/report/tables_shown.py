"""Tables as pages show them: laid out, with their base, and with what the printed report prints differently."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.waterfall import Why
from frs_pipeline.lineage.wording import reason
from frs_pipeline.report.english import as_read
from frs_pipeline.report.figure_words import neutral
from frs_pipeline.report.layout import Layout, layout, texts_of
from frs_pipeline.report.typography import in_text, shown
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.about import Noun, about
from frs_pipeline.study.countable import noun
from frs_pipeline.study.printed import printed_from
from frs_pipeline.study.tables import Address, Table, catalogue
from frs_pipeline.tables.bases import BASE, BLANK, ROWS, UNANSWERED
from frs_pipeline.tables.keying import about_keying
from frs_pipeline.tables.render import entitled


@dataclass(frozen=True)
class Deviation:
    """A figure that differs from what the report prints: what it prints, and why."""

    address: Address
    ours: str
    printed: str
    reason: Text | None


@dataclass(frozen=True)
class Shown:
    """A table as a page shows it."""

    table: Table
    title: Text
    grid: Layout
    base: tuple[int, list[tuple[int, Text]], int]
    differences: dict[Address, Deviation]
    noun: Noun
    note: Text | None = None
    keying: Text | None = None


class Tables:
    """Lays the tables of a delivery out."""

    def __init__(self, store: Store, evidence: Evidence) -> None:
        self.store, self.study, self.evidence = store, store.study, evidence
        self.titles = {number: neutral(entitled(store.study, table)) for number, table in catalogue(store.study).items()}

    def of(self, table: Table) -> Shown:
        """Lay a table out."""
        known = {address for address in self.evidence.figures if address.table == table.number}
        grid = layout(table, known, texts_of(self.study, table))
        base, found = self._base(table), self._deviations(known)
        keyed, counts = self.evidence.keying.get(table.number), noun(self.study, table.marts[0])
        keying = about_keying(self.study, keyed) if keyed else None
        return Shown(table, self.titles[table.number], grid, base, found, counts, self._note(table), keying)

    def _note(self, table: Table) -> Text | None:
        return table.noted(printed=printed_from(self.study, self.store.delivery))

    @cached_property
    def bases(self) -> dict[int, list[dict[str, Any]]]:
        """Rows of the bases, by table."""
        by_table: dict[int, list[dict[str, Any]]] = {number: [] for number in self.titles}
        for row in read(self.store.file("statistics", "bases")).to_pylist():
            by_table[row["table"]].append(row)
        return by_table

    def _base(self, table: Table) -> tuple[int, list[tuple[int, Text]], int]:
        """Count the forms of the marts of a table, those left out with the reason, those counted."""
        whole = counted = 0
        less: dict[Why, int] = {}
        for row in self.bases[table.number]:
            if row["reason"] == ROWS:
                whole += row["forms"]
            elif row["reason"] == BASE:
                counted = row["forms"]
            elif row["forms"]:
                why = Why(BLANK if row["reason"] == UNANSWERED else row["reason"], row["question"] or "")
                less[why] = less.get(why, 0) + row["forms"]
        return whole, [(forms, reason(self.study, why, table)) for why, forms in less.items()], counted

    def _deviations(self, known: set[Address]) -> dict[Address, Deviation]:
        """Find what the printed report prints differently; of a delivery that it wasn't printed from, nothing."""
        if not printed_from(self.study, self.store.delivery):
            return {}
        language, found = about(self.study).language, {}
        for address in meanings(self.study):
            row = self.evidence.compared.get(address) if address in known else None
            if row is not None and row["verdict"] != "equal":
                ours, printed = row["printed_recomputed"], row["printed_published"]
                text = in_text(ours, address.measure, language)
                found[address] = Deviation(address, text, shown(printed, language), _why(self.study, row))
        return found


def _why(study: Study, row: dict[str, Any]) -> Text | None:
    """Say why no data can agree with a printed figure; `row` is one of the comparison."""
    return as_read(study, Text(row["reason_danish"], row["reason"])) if row["reason"] else None
