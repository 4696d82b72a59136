"""Build all pages of the report of one delivery, as bytes by file name, and its findings as rows.

The same forms give the same bytes, however they were delivered: nothing here depends on a clock, a path or the hash of a
file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from frs_pipeline.intake.delivery import made_up
from frs_pipeline.language import CODES, Text, date_text
from frs_pipeline.lineage.counts import Counts
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.waterfall import Why
from frs_pipeline.lineage.wording import reason
from frs_pipeline.report import audit, plots
from frs_pipeline.report.baselines import with_sources
from frs_pipeline.report.before import Before, before_of, cells
from frs_pipeline.report.claims import claims
from frs_pipeline.report.earlier import earlier
from frs_pipeline.report.english import as_read
from frs_pipeline.report.evidence import forms_evidence
from frs_pipeline.report.figures import Known
from frs_pipeline.report.finding_rows import as_rows
from frs_pipeline.report.findings import Judge, Tested, outcomes
from frs_pipeline.report.front import compared, first_page, graphics
from frs_pipeline.report.intervals import Intervals, ends, of_figures
from frs_pipeline.report.layout import Layout, labels_of, layout, texts_of
from frs_pipeline.report.maps import maps
from frs_pipeline.report.packs import Pack, figures_script
from frs_pipeline.report.quality import quality
from frs_pipeline.report.spreads import of_gammas
from frs_pipeline.report.statements import drawn, front_of, stated, titles
from frs_pipeline.report.statics import statics
from frs_pipeline.report.tipping import tipping
from frs_pipeline.report.typography import anchor, figure_text, number_text, share_text, shown, with_zero
from frs_pipeline.stats.clustered import LEAST_CLUSTERS, LEAST_EFFECTIVE
from frs_pipeline.stats.printing import NOT_COMPUTABLE
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import ASSOCIATIONS, AssetPath
from frs_pipeline.store.settings import DUCKDB
from frs_pipeline.store.worker import Worker
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import Noun, about, sharing
from frs_pipeline.study.chapters import Chapter, chapters, shows_intervals
from frs_pipeline.study.countable import noun
from frs_pipeline.study.printed import printed_from
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, Table, catalogue
from frs_pipeline.tables.bases import BASE, BLANK, ROWS, UNANSWERED
from frs_pipeline.tables.clusters import clustered
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.nonresponse import asked_in, kinds
from frs_pipeline.tables.render import entitled
from frs_pipeline.templates import templates_in

KEY: AssetPath = ("report",)
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Difference:
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
    differences: dict[Address, Difference]
    plot: plots.Stacked | None
    noun: Noun


@dataclass(frozen=True)
class Report:
    """What a refresh makes: findings as rows, and every file of the site."""

    findings: list[Tested]
    rows: pa.Table
    pages: dict[str, bytes] = field(repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """The number of claims, of those that hold and that don't, on the forms and in the report's tables, and of the others."""
        return outcomes({"holds": one.holds, "holds_in_tables": one.holds_in_tables} for one in self.findings)


def build(store: Store, worker: Worker | None = None) -> Report:
    """Build the report of a delivery from its figures, passports, comparison, non-response and quarantine.

    A `worker` makes some of the pages, unless passports are counted by Spark: it would begin another one.
    """
    made_from = store.origin(store.products[KEY]).as_json()
    # The more tables, the longer it takes.
    by_size = sorted(_apart(store.study), key=lambda chapter: -len(chapter.tables))
    helper = worker if worker and store.settings.engine.name == DUCKDB.name else Worker()
    front, *others = helper.share(partial(_Site, store, made_from), _Site.part, [None, *by_size])
    pages = {name: content for part in (front, *others) for name, content in part.pages.items()}
    return Report(front.findings, as_rows(front.findings), {**statics(), **pages})


def _apart(study: Study) -> list[Chapter]:
    """List the pages that need no findings; those that do are made with the first page."""
    return [chapter for chapter in chapters(study) if chapter.shows != "audit"]


@derived
def _templates(study: Study) -> Any:
    """Load the templates, each read once."""
    environment = templates_in(TEMPLATES, study.folder / "report")
    language = about(study).language
    of_language: dict[str, Callable[..., str]] = {
        "shown": shown,
        "figure": figure_text,
        "share": share_text,
        "number": number_text,
    }
    environment.filters |= {name: partial(write, language=language) for name, write in of_language.items()}
    environment.filters |= {"anchor": anchor, "date": date_text, "with_zero": with_zero}
    environment.globals |= {
        "not_computable": NOT_COMPUTABLE,
        "language": language,
        "code": CODES[language],
        "both_languages": len(about(study).languages) > 1,
    }
    return environment


@dataclass(frozen=True)
class _Part:
    """What is made at a time: pages and scripts by their names; with the first page, the findings."""

    pages: dict[str, bytes]
    findings: list[Tested] = field(default_factory=list)


class _Site:
    """The site of a delivery whose report is `made_from` this. Raises `CheckFailed` where it isn't, by now."""

    def __init__(self, store: Store, made_from: str) -> None:
        store.require(store.products[KEY], made_from)
        self.store = store
        self.language = about(store.study).language
        self.passports = Passports(store.study, store)
        self.evidence = self.passports.evidence
        self.counts = Counts(self.passports.asking)
        self.figures: dict[Address, Figure] = self.evidence.figures
        self.tables = catalogue(store.study)
        self.titles = {number: entitled(store.study, table) for number, table in self.tables.items()}

    def part(self, chapter: Chapter | None) -> _Part:
        """Make the page of a chapter with the passports of its tables; for None the first page, and the list of all figures."""
        if chapter is None:
            return self._front()
        pages = {chapter.file: self._rendered("chapter.html", page=chapter.file, chapter=chapter, **self._chapter(chapter))}
        if chapter.tables:
            pages[f"passports-{chapter.id}.js"] = self._passports(chapter)
        return _Part(pages)

    def _front(self) -> _Part:
        study, findings = self.store.study, self.judge.findings()
        pages = {"index.html": self._first(), "figures.js": self._figures()}
        for chapter in chapters(study):
            if chapter.shows == "audit":
                pages[chapter.file] = self._audit(chapter, findings)
        return _Part(pages, findings)

    def _first(self) -> bytes:
        counts = {**self.counts.whole(), **self.counts.unit(self.unit), **self.counts.came(self._rows("statistics", "forms"))}
        ends = self._ends(*graphics(front_of(self.store.study).findings))
        known = Known(self.store.study, self.figures, self.intervals, ends)
        shows = first_page(self.judge, known, counts, self.blanks, self.store)
        since = compared(self.store, self.before, shows["drawn"], self.titles)
        return self._rendered("index.html", page="index.html", counts=counts, **shows, **since)

    def _audit(self, chapter: Chapter, findings: list[Tested]) -> bytes:
        study, verdicts = self.store.study, Counter(row["verdict"] for row in self.evidence.compared.values())
        bounds = {Address.of(row): row for row in self._rows("statistics", "bounds")}
        return self._rendered(
            "chapter.html",
            page=chapter.file,
            chapter=chapter,
            **dict.fromkeys(("shown_tables", "changes", "row_plots"), ()),
            compared=bool(verdicts),
            counts={**self.counts.unit(self.unit), **(self.counts.verdicts(verdicts) if verdicts else {})},
            claims_page=chapter.file,
            earlier=earlier(study, self.figures),
            tips={one.claim.id: tip for one in findings if (tip := tipping(study, one, bounds))},
            before={one.claim.id: with_sources(study, one.claim.id) for one in findings},
            **audit.shown(study, claims(study), findings, self.judge.evidence, self.page_of),
        )

    def _rendered(self, template: str, **shown: Any) -> bytes:
        page: str = _templates(self.store.study).get_template(template).render(**{**self.common, **shown})
        return page.encode()

    @cached_property
    def common(self) -> dict[str, Any]:
        """What all pages show."""
        return {
            "delivery": self.store.delivery,
            "chapters": chapters(self.store.study),
            "parts": [part.delivery for part in self.store.parts()],
            "made_up": any(made_up(part) for part in self.store.each()),
            # The delivery that the report is about, where it isn't this one: nothing in it was said about these forms.
            "printed_of": None if printed_from(self.store.study, self.store.delivery) else about(self.store.study).printed_from,
            "page_of": self.page_of,
            "study": about(self.store.study),
            "with_intervals": self.intervals is not None,
            "sharing": sharing(self.store.study),
            "before_cells": cells(self.store, self.before),
            "least": {"clusters": LEAST_CLUSTERS, "effective": LEAST_EFFECTIVE},
            "counts": {},
        }

    @cached_property
    def before(self) -> Before | None:
        """The delivery before, with the figures that differ."""
        return before_of(self.store, self.figures)

    @cached_property
    def judge(self) -> Judge:
        """What holds sentences against the forms of the delivery: claims of the printed report, and the study's own."""
        study, known = self.store.study, self.intervals
        limits = {address: (one.low, one.high) for address, one in (known or {}).items()}
        evidence = forms_evidence(
            self.store,
            claims(study),
            self.figures,
            self.unit,
            own=stated(study),
            drawn=drawn(study),
            gammas=None if known is None else of_gammas(known),
        )
        return Judge(study, claims(study), evidence, limits)

    @cached_property
    def unit(self) -> list[dict[str, Any]]:
        """Rows of the unit non-response; none where no register knows whose forms are lacking."""
        return self._rows("statistics", "unit_nonresponse") if ("statistics", "unit_nonresponse") in self.store.products else []

    def _rows(self, *key: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = read(self.store.file(*key)).to_pylist()
        return rows

    @cached_property
    def intervals(self) -> Intervals | None:
        """Limits of figures by address; None where the study doesn't show any."""
        if not shows_intervals(self.store.study):
            return None
        return of_figures(self._rows("statistics", "intervals"), self.figures, self.language)

    def _ends_on(self, chapter: Chapter) -> plots.EndsOf:
        """Estimate how sure the ends of the bars of a page are."""
        drawn = {*chapter.rows, *(number for pair in chapter.changes for number in pair.values())}
        return self._ends(*drawn, *(n for n in chapter.tables if plots.drawn_by_role(self.store.study, self.tables[n])))

    def _ends(self, *drawn: int) -> plots.EndsOf:
        """Estimate how sure the ends of the bars of tables are; none where the study doesn't show any."""
        if self.intervals is None or not drawn:
            return plots.NO_ENDS
        tables = [self.tables[number] for number in sorted(set(drawn))]
        marts = {name: self.store.marts(name) for name in dict.fromkeys(name for table in tables for name in table.reads)}
        counted = clustered(tables, marts, self.store.settings.engine)
        return {table.number: ends(table, forms.cells[:, 0], self.language) for table, forms in counted}

    @cached_property
    def bases(self) -> dict[int, list[dict[str, Any]]]:
        """Rows of the bases, by table."""
        by_table: dict[int, list[dict[str, Any]]] = {number: [] for number in self.tables}
        for row in self._rows("statistics", "bases"):
            by_table[row["table"]].append(row)
        return by_table

    @cached_property
    def blanks(self) -> dict[int, int]:
        """How many forms of each crosstab left the question of its columns blank."""
        asked = {number: table.column.variable for number, table in self.tables.items() if table.column}
        left = [
            (row["table"], row["forms"])
            for rows in self.bases.values()
            for row in rows
            if row["reason"] == BLANK and row["question"] == asked.get(row["table"])
        ]
        return {number: sum(forms for other, forms in left if other == number) for number, _ in left}

    @cached_property
    def page_of(self) -> dict[int, str]:
        """The chapter's id of every table."""
        return {number: chapter.id for chapter in chapters(self.store.study) for number in chapter.tables}

    def _chapter(self, chapter: Chapter) -> dict[str, Any]:
        """Return what one page shows beside its words."""
        shows: dict[str, Callable[[], dict[str, Any]]] = {
            "correlations": self._correlations,
            "nonresponse": self._nonresponse,
            "quality": self._quality,
            "method": lambda: {"claims": bool(claims(self.store.study).by_id)},
            "about": self._about,
        }
        ends = self._ends_on(chapter)
        rows = [self.tables[number] for number in chapter.rows]
        return {
            "shown_tables": [self._shown(self.tables[number], ends) for number in chapter.tables],
            "changes": [self._change(pair, ends) for pair in chapter.changes],
            "row_plots": [plots.by_row(table, self.figures, self._column(table), ends) for table in rows],
            "figures": self.figures,
            "titles": self.titles,
            "says": titles(self.judge) if chapter.tables else {},
            "questionnaires": questionnaires(self.store.study),
            **(shows[chapter.shows]() if chapter.shows else {}),
        }

    def _change(self, numbers: Mapping[str, int], ends: plots.EndsOf) -> plots.Stacked:
        question = self._column(self.tables[next(iter(numbers.values()))])
        return plots.change(self.store.study, numbers, self.tables, self.figures, question, self.evidence.forms, ends)

    def _column(self, table: Table) -> Text:
        assert table.column is not None
        return texts_of(self.store.study, table)[table.column.variable]

    def _shown(self, table: Table, ends: plots.EndsOf) -> Shown:
        texts = texts_of(self.store.study, table)
        known = {address for address in self.figures if address.table == table.number}
        plot = (
            plots.by_role(self.store.study, table, self.figures, texts[table.column.variable], self.evidence.forms, ends)
            if table.column
            else None
        )
        return Shown(
            table,
            self.titles[table.number],
            layout(table, known, texts),
            self._base(table),
            self._differences(known),
            plot,
            noun(self.store.study, table.marts[0]),
        )

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
        return whole, [(forms, reason(self.store.study, why, table)) for why, forms in less.items()], counted

    def _differences(self, known: set[Address]) -> dict[Address, Difference]:
        differences = {}
        for address in meanings(self.store.study):
            row = self.evidence.compared.get(address) if address in known else None
            if row is not None and row["verdict"] != "equal":
                ours, printed = (shown(row[f"printed_{which}"], self.language) for which in ("recomputed", "published"))
                differences[address] = Difference(address, ours, printed, _why(self.store.study, row))
        return differences

    def _correlations(self) -> dict[str, Any]:
        drawn = maps(self.store.study, read(self.store.file(*ASSOCIATIONS)))
        return {"forest": plots.forest(self.store.study, self.figures, self.titles, self.intervals), "maps": drawn}

    def _quality(self) -> dict[str, Any]:
        return {**quality(self.store, self.passports.asking, self.evidence), "counts": self.counts.layers()}

    def _nonresponse(self) -> dict[str, Any]:
        item, study = self._rows("statistics", "item_nonresponse"), self.store.study
        return {
            "unit": self.unit,
            "kinds": kinds(study),
            "item": item,
            "asked": {(name, one.name): one.asks for name in questionnaires(study) for one in asked_in(study, name)},
            "counts": {**self.counts.unit(self.unit), **self.counts.item(item)},
        }

    def _about(self) -> dict[str, Any]:
        verdicts = Counter(row["verdict"] for row in self.evidence.compared.values())
        counts = {**self.counts.whole(), **self.counts.verdicts(verdicts)}
        return {"counts": counts, "compared": bool(verdicts), "audit": audit.page_of(self.store.study)}

    def _passports(self, chapter: Chapter) -> bytes:
        """Pack the passports of a chapter's tables, in the order of the report."""
        index = {address: place for place, address in enumerate(meanings(self.store.study))}
        pack = Pack(self.store.study, index)
        for address in index:
            if address.table in chapter.tables:
                passport = self.passports.of(address)
                pack.add(passport if self.intervals is not None else replace(passport, spread=None))
        return pack.script(chapter.id)

    def _figures(self) -> bytes:
        """Pack all figures in short."""
        words = {
            number: [self.titles[number], *texts_of(self.store.study, table).values()] for number, table in self.tables.items()
        }
        return figures_script(
            [(address, self.figures[address]) for address in meanings(self.store.study)],
            self.page_of,
            words,
            about(self.store.study).languages,
            self.intervals or {},
            sharing(self.store.study),
            {number: labels_of(table) for number, table in self.tables.items()},
        )


def _why(study: Study, row: dict[str, Any]) -> Text | None:
    """Say why no data can agree with a printed figure; `row` is one of the comparison."""
    return as_read(study, Text(row["reason_danish"], row["reason"])) if row["reason"] else None
