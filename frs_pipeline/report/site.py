"""Build all pages of the report of one delivery, as bytes by file name, and its findings as rows.

The same forms give the same bytes, however they were delivered: nothing here depends on a clock, a path or the hash of a
file.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from frs_pipeline.intake.delivery import made_up
from frs_pipeline.language import CODES, date_text
from frs_pipeline.lineage.counts import Counts
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.report import audit
from frs_pipeline.report.baselines import with_sources
from frs_pipeline.report.before import Before, before_of, cells
from frs_pipeline.report.chapter_figures import ChapterFigures
from frs_pipeline.report.claim_packs import claims_script
from frs_pipeline.report.claim_passports import of_study, told_of
from frs_pipeline.report.claims import claims, makes_claims
from frs_pipeline.report.drawing.svg import PATTERNS
from frs_pipeline.report.earlier import earlier
from frs_pipeline.report.estimates import estimates_of
from frs_pipeline.report.finding_rows import as_rows
from frs_pipeline.report.findings import Judge, Tested, outcomes
from frs_pipeline.report.formats.workbook import sheet_name
from frs_pipeline.report.front import compared, first_page
from frs_pipeline.report.intervals import Intervals, of_figures
from frs_pipeline.report.judging import judge_of
from frs_pipeline.report.maps import maps
from frs_pipeline.report.packs import Pack, all_figures
from frs_pipeline.report.quality import quality
from frs_pipeline.report.searching import plain, search
from frs_pipeline.report.statements import FrontTold, front, titles
from frs_pipeline.report.statics import statics
from frs_pipeline.report.tipping import tipping
from frs_pipeline.report.typography import (
    anchor,
    css_string,
    figure_text,
    in_numbers,
    in_text,
    number_text,
    share_text,
    shown,
    with_zero,
)
from frs_pipeline.stats.clustered import LEAST_CLUSTERS, LEAST_EFFECTIVE
from frs_pipeline.stats.printing import NOT_COMPUTABLE
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import ASSOCIATIONS, AssetPath
from frs_pipeline.store.settings import DUCKDB
from frs_pipeline.store.worker import Worker
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, sharing
from frs_pipeline.study.chapters import Chapter, chapters, shows_intervals
from frs_pipeline.study.printed import printed_from
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.nonresponse import asked_in, kinds
from frs_pipeline.templates import templates_in

KEY: AssetPath = ("report",)
TEMPLATES = Path(__file__).parent / "templates"


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
        "in_text": in_text,
        "share": share_text,
        "number": number_text,
    }
    environment.filters |= {name: partial(write, language=language) for name, write in of_language.items()}
    environment.filters |= {
        "anchor": anchor,
        "css_string": css_string,
        "in_numbers": in_numbers,
        "date": date_text,
        "with_zero": with_zero,
        "sheet": sheet_name,
    }
    environment.globals |= {
        "not_computable": NOT_COMPUTABLE,
        "language": language,
        "code": CODES[language],
        "patterns": PATTERNS,
        "both_languages": len(about(study).languages) > 1,
    }
    return environment


@dataclass(frozen=True)
class _Part:
    """What is made at a time: pages and scripts by their names; with the first page, the findings."""

    pages: dict[str, bytes]
    findings: list[Tested] = field(default_factory=list)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles of objects meanwhile: pages have millions of objects and few cycles, and looking takes a seventh."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


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
        self.estimates = estimates_of(store)
        self.drawn = ChapterFigures(
            *(store, self.evidence, self.intervals, self.estimates), lambda: titles(judge_of(store, self.figures, self.estimates))
        )
        self.titles = self.drawn.shown.titles

    def part(self, chapter: Chapter | None) -> _Part:
        """Make the page of a chapter with the passports of its tables; for None the first page, and the list of all figures."""
        with _uncollected():
            return self._front() if chapter is None else self._page(chapter)

    def _page(self, chapter: Chapter) -> _Part:
        pages = {chapter.file: self._rendered("chapter.html", page=chapter.file, chapter=chapter, **self._chapter(chapter))}
        if chapter.tables:
            pages[f"passports-{chapter.id}.js"] = self._passports(chapter)
        return _Part(pages)

    def _front(self) -> _Part:
        study, findings = self.store.study, self.judge.findings()
        told = front(self.judge)
        said = [(one.id, plain(says)) for one in told.findings if (says := one.says if one.holds else one.instead)]
        pages = {
            "index.html": self._first(told),
            "figures.js": self._figures(),
            "search.js": search(study, self.titles, findings, said),
        }
        for chapter in chapters(study):
            if chapter.shows == "audit":
                passports, quoted = told_of(self.judge, findings)
                pages[chapter.file] = self._audit(chapter, findings, passports)
                places = {address: place for place, address in enumerate(meanings(study))}
                numbers = [one for several in quoted.values() for one in several]
                pages["claims.js"] = claims_script(passports.values(), numbers, places, about(study).languages)
        return _Part(pages, findings)

    def _first(self, told: FrontTold) -> bytes:
        counts = {**self.whole, **self.counts.unit(self.unit), **self.counts.came(self._rows("statistics", "forms"))}
        shows = first_page(self.store, self.judge, told, counts, self.drawn.by_row)
        since = compared(self.store, self.before, shows["drawn"], self.titles)
        passports = of_study(self.judge, told.findings)
        return self._rendered("index.html", page="index.html", counts=counts, passports=passports, **shows, **since)

    def _audit(self, chapter: Chapter, findings: list[Tested], passports: Collection[str]) -> bytes:
        study = self.store.study
        bounds = {Address.of(row): row for row in self._rows("statistics", "bounds")}
        return self._rendered(
            "chapter.html",
            page=chapter.file,
            chapter=chapter,
            blocks=(),
            compared=bool(self.evidence.compared),
            counts={**self.whole, **self.counts.unit(self.unit)},
            claims_page=chapter.file,
            passports=passports,
            earlier=earlier(study, self.figures),
            tips={one.claim.id: tip for one in findings if (tip := tipping(study, one, bounds))},
            before={one.claim.id: with_sources(study, one.claim.id) for one in findings},
            **audit.shown(study, claims(study), findings, self.judge.evidence, self.page_of),
        )

    def _rendered(self, template: str, **shown: Any) -> bytes:
        page: str = (
            _templates(self.store.study)
            .get_template(template)
            .render(**{**self.common, **shown, "counts": {**self.footed, **shown.get("counts", {})}})
        )
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
        }

    @cached_property
    def before(self) -> Before | None:
        """The delivery before, with the figures that differ."""
        return before_of(self.store, self.figures)

    @cached_property
    def footed(self) -> dict[str, Any]:
        """The counts in the foot of all pages."""
        return {name: self.whole[name] for name in ("forms", "equal", "compared") if name in self.whole}

    @cached_property
    def whole(self) -> dict[str, Any]:
        """The counts of all forms, tables and figures, and of what became of printed ones."""
        verdicts = Counter(row["verdict"] for row in self.evidence.compared.values())
        return {**self.counts.whole(), **(self.counts.verdicts(verdicts) if verdicts else {})}

    @cached_property
    def judge(self) -> Judge:
        """What holds sentences against the forms of the delivery."""
        return judge_of(self.store, self.figures, self.estimates, self.unit, claims(self.store.study))

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
            "method": lambda: {"claims": makes_claims(self.store.study)},
            "about": self._about,
        }
        drawn = self.drawn.correlations if chapter.shows == "correlations" else self.drawn.blocks
        return {
            "blocks": drawn(chapter),
            "figures": self.figures,
            "questionnaires": questionnaires(self.store.study),
            **(shows[chapter.shows]() if chapter.shows else {}),
        }

    def _correlations(self) -> dict[str, Any]:
        return {"maps": maps(self.store.study, read(self.store.file(*ASSOCIATIONS)))}

    def _quality(self) -> dict[str, Any]:
        return quality(self.store, self.passports.asking, self.evidence, self.unit)

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
        return {"counts": self.whole, "compared": bool(self.evidence.compared), "audit": audit.page_of(self.store.study)}

    def _passports(self, chapter: Chapter) -> bytes:
        """Pack the passports of a chapter's tables, in the order of the report."""
        index = {address: place for place, address in enumerate(meanings(self.store.study))}
        pack = Pack(self.store.study, index, alone=not self.store.parts())
        for address in index:
            if address.table in chapter.tables:
                passport = self.passports.of(address)
                pack.add(passport if self.intervals is not None else replace(passport, spread=None))
        return pack.script(chapter.id)

    def _figures(self) -> bytes:
        """Pack all figures in short."""
        return all_figures(self.store.study, self.figures, self.titles, self.page_of, self.intervals or {})
