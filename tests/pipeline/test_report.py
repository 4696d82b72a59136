"""The report of the shipped delivery: every figure on its page, its passport beside it, nothing that leads to a form."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.plain_duckdb import recounted
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.intake.delivery import made_up
from frs_pipeline.lineage.counts import Counts
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.report.claims import claims
from frs_pipeline.report.quality import quality
from frs_pipeline.report.statements import front_of
from frs_pipeline.report.typography import NO_BREAK_SPACE, anchor, in_text, shown
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import Address

LARGEST = 8_000_000
FAILING = {"dissatisfied", "belief_first", "disappointed", "without_support"}


class Page(HTMLParser):
    """What a page holds: its numbers by name, its tables, and every text that isn't hidden in a script or a style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.numbers: dict[str, str] = {}
        self.tables: list[Counter[str]] = []
        self.unscoped = 0
        self.printed: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "table":
            self.tables.append(Counter())
        if tag in ("caption", "th", "td"):
            self.tables[-1][tag] += 1
        self.unscoped += tag == "th" and told.get("scope") not in ("row", "col", "rowgroup", "colgroup")
        kind = told.get("class", "")
        if (tag, kind) == ("button", "f"):
            assert told["id"] not in self.numbers
            self._open.append(("number", told["id"]))
            self.numbers[told["id"]] = ""
        elif (tag, kind) == ("span", "printed"):
            self._open.append(("printed", ""))
            self.printed.append("")
        elif self._open and tag == "span":
            self._open.append(self._open[-1])

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag in ("button", "span"):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            what, name = self._open[-1]
            if what == "number":
                self.numbers[name] += data
            else:
                self.printed[-1] += data


@pytest.fixture(scope="module")
def store(refreshed: Settings) -> Store:
    return Store(refreshed, DELIVERY)


@pytest.fixture(scope="module")
def folder(store: Store) -> Path:
    return store.settings.curated(DELIVERY) / products(STUDY)[("report",)].pages


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Page]:
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}


def loaded(path: Path) -> Any:
    """What a script hands over."""
    found = re.fullmatch(r'FRS\.(?:index\(|pack\("\w+",)(\{.*\})\);\n', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def first(label: str | list[str]) -> str:
    """A label as figures have it, of one that has its English beside it, too."""
    return label if isinstance(label, str) else label[0]


def test_the_site_is_small_and_holds_nothing_but_its_pages(store: Store, folder: Path) -> None:
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sum(files.values()) <= LARGEST
    tables = {f"passports-{chapter.id}.js" for chapter in chapters(STUDY) if chapter.tables}
    own = {"index.html", "report.css", "report.js", "figures.js", "claims.js", "search.js"}
    assert set(files) == own | {chapter.file for chapter in chapters(STUDY)} | tables
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:https?:)?//\w", text.replace("// ", "").replace("http://www.w3.org/", "")), path.name
        assert str(store.settings.data) not in text


def test_every_figure_stands_on_one_page_as_it_is_printed(store: Store, pages: dict[str, Page]) -> None:
    figures = Passports(STUDY, store).evidence.figures
    names = Counter(name for page in pages.values() for name in page.numbers)
    assert names == Counter(anchor(address) for address in meanings(STUDY))
    told = {name: text for page in pages.values() for name, text in page.numbers.items()}
    assert told == {anchor(address): in_text(figure.printed, address.measure) for address, figure in figures.items()}


def test_tables_have_a_caption_and_every_heading_says_what_it_heads(pages: dict[str, Page]) -> None:
    tables = [table for page in pages.values() for table in page.tables]
    assert len(tables) > 81
    assert {table["caption"] for table in tables} == {1}
    assert min(table["th"] for table in tables) > 1
    assert sum(page.unscoped for page in pages.values()) == 0


def test_the_printed_figure_stands_beside_where_it_is_another(store: Store, pages: dict[str, Page]) -> None:
    rows = read(store.file("statistics", "compare")).to_pylist()
    other = Counter(f"tryktprinted {shown(row['printed_published'])}" for row in rows if row["verdict"] != "equal")
    assert other.total() > 50
    assert Counter(text for page in pages.values() for text in page.printed) == other


def test_every_figure_has_its_passport_and_says_what_frs_trace_says(store: Store, folder: Path) -> None:
    index = loaded(folder / "figures.js")
    assert index["a"] == [anchor(address) for address in meanings(STUDY)]
    packs = {chapter.id: loaded(folder / f"passports-{chapter.id}.js") for chapter in chapters(STUDY) if chapter.tables}
    places = [int(place) for pack in packs.values() for place in pack["f"]]
    assert sorted(places) == list(range(len(meanings(STUDY))))
    passports = Passports(STUDY, store)
    for number, address in enumerate(meanings(STUDY)):
        if number % 97 and address != Address(49, "", "", "Total", "partial_gamma"):
            continue
        pack = packs[index["page"][str(address.table)]]
        packed, passport = pack["f"][str(number)], passports.of(address)

        def text(place: int, language: int, pack: Any = pack) -> str:
            return "".join(pack["s"][piece] for piece in pack["t"][place][min(language, len(pack["t"][place]) - 1)])

        assert text(packed["d"], 0) == passport.definition.danish
        assert text(packed["d"], 1) == passport.definition.english
        assert packed["f"] == passport.forms
        left = sum(forms for _, forms in packed["in"]) - sum(forms for _, forms in packed.get("w", []))
        assert left == passport.forms
        assert [text(why, 1) for why, _ in packed.get("w", [])] == [step.why.english for step in passport.waterfall]
        assert [index["a"][at] for at, _ in packed.get("e", [])] == [anchor(place.address) for place in passport.elsewhere]
        assert all(passed for _, passed in packed["c"])
        assert ("g" in packed) == (passport.pairs is not None)
        known, blanks = passport.spread, passport.absent
        assert ("i" in packed) == (known is not None and known.method is not None)
        if "i" in packed:
            assert text(packed["i"][0], 0) == known.method.danish
            assert packed["i"][1] == known.forms
        assert [[first(made[0]), first(made[1])] for made in packed.get("v", [])] == [
            [d.of, d.less] for d in (known.differences if known else ())
        ]
        assert ("m" in packed) == (blanks is not None and bool(blanks.missing or blanks.units))
        if "m" in packed:
            assert packed["m"][0] == blanks.missing
            assert packed["m"][1] == (blanks.lowest and shown(blanks.lowest))
            assert (packed["m"][3] is None) == (blanks.reason is None)


def test_plain_duckdb_counts_again_what_stands_in_no_table(store: Store, folder: Path) -> None:
    passports = Passports(STUDY, store)
    evidence, made = passports.evidence, Counts(passports.asking)
    rows = {name: read(evidence.store.file("statistics", f"{name}_nonresponse")).to_pylist() for name in ("unit", "item")}
    verdicts = Counter(row["verdict"] for row in evidence.compared.values())
    counts = (
        made.whole()
        | made.verdicts(verdicts)
        | made.unit(rows["unit"])
        | made.item(rows["item"])
        | made.came(read(evidence.store.file("statistics", "forms")).to_pylist())
    )
    counts |= quality(store, passports.asking, evidence, rows["unit"])["counts"]
    for zone, place in (("curated", store.settings.curated(DELIVERY)), ("restricted", store.settings.restricted(DELIVERY))):
        own = {name: count for name, count in counts.items() if count.zone == zone}
        assert [[count.value] for count in own.values()] == recounted([count.query for count in own.values()], place)
    assert all(count.recounted for count in counts.values())
    assert sum(counts[f"delivered-{name}"].value for name in instruments(STUDY)) == 3448
    assert (counts["forms"].value, counts["conferences"].value) == (3436, 377)
    pages = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.html"))
    assert {name.replace(" ", "_") for name in counts} == set(re.findall(r'<template id="passport-n-([^"]+)"', pages))
    assert str(store.settings.data) not in pages


def test_no_page_holds_anything_that_leads_to_a_form_or_a_conference(store: Store, folder: Path) -> None:
    secret: set[str] = set()
    for name in instruments(STUDY):
        rows = read(store.file("marts", name), ["form_id", "conference_id"])
        secret |= {*rows["form_id"].to_pylist(), *rows["conference_id"].to_pylist()}
    aside = read(store.file("quarantine"), ["form_id"])["form_id"].to_pylist()
    secret |= {form for form in aside if form}
    assert len(secret) > 3500
    words = {word for path in folder.iterdir() for word in re.findall(r"[\w-]+", path.read_text(encoding="utf-8"))}
    assert secret.isdisjoint(words)
    # Nor the number of a form without the prefix of its questionnaire.
    numbers = {name.split("-")[1] for name in secret if name[:3] in ("DF-", "DO-", "IN-", "SA-")}
    assert numbers.isdisjoint(number for word in words for number in word.split("-"))


def test_claims_are_tested_and_those_that_fail_say_what_holds_instead(store: Store) -> None:
    rows = {row["claim"]: row for row in read(store.file("report")).to_pylist()}
    told = claims(STUDY)
    assert list(rows) == [claim.id for chapter in told.chapters for claim in chapter.claims]
    assert {row["chapter"]: row["place"] for row in rows.values()} == {
        chapter.name: chapter.about.place for chapter in told.chapters if chapter.claims
    }
    assert {name for name in FAILING if rows[name]["holds"] is rows[name]["holds_in_tables"] is False} == FAILING
    assert rows["plan_made"]["holds"] is None
    for row in rows.values():
        assert (row["instead_danish"] is not None) == (row["instead_english"] is not None) == (row["holds"] is False)
        # What nothing can test has a reason; what forms can't tell is told by tables, or the other way round.
        assert (
            (row["untested"] is not None) == (row["why_danish"] is not None) == (row["holds"] is row["holds_in_tables"] is None)
        )
    assert rows["disappointed"]["danish"].endswith("et fald på 10 procentpoint.")
    assert rows["disappointed"]["value"] == pytest.approx(100 * 976 / 1107 - 100 * 909 / 1208)
    assert rows["disappointed"]["value_in_tables"] == pytest.approx(100 * 976 / 1107 - 100 * 909 / 1208)
    assert (rows["lived_up"]["printed"], rows["lived_up"]["strength"], rows["lived_up"]["forms"]) == ("0,684", "strong", 1239)
    assert (rows["lived_up"]["said"], rows["lived_up"]["unit"]) == ("0,684", "gamma")


def test_the_first_page_shows_its_findings_and_the_forms_hold_all_of_them(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    findings = front_of(STUDY).findings
    assert re.findall(r'<li class="finding[\w ]*" id="(\w+)"', page) == [one.id for one in findings]
    assert len(findings) == len(re.findall(r'<ul class="holds">\n<li><span class="ok">✓', page)) == 6
    assert page.count("▲") == sum(one.attention for one in findings) == 3
    assert "<del>" not in page


def test_the_first_page_says_who_was_asked_and_that_there_is_nothing_to_compare_with(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    numbers = dict(re.findall(r'<button type="button" class="count" id="(n-[\w-]+)">([\d.]+)</button>', page))
    assert (numbers["n-forms"], numbers["n-conferences"]) == ("3.436", "377")
    assert (numbers["n-in_codebook-first"], numbers["n-in_codebook-followup"]) == ("196", "181")
    assert f"96,8{NO_BREAK_SPACE}%</button>" in page
    # The drawing of who answered: each number leads to how it was counted.
    assert {"126", "610", "128", "1.267", "174", "164", "1.419"} <= {
        number for _, number in re.findall(r'href="#(n-came-[\w-]+)"[^>]*><text[^>]*>([\d.]+)</text>', page)
    }
    assert "There is no earlier delivery with finished results to compare with." in page


def test_a_finding_links_to_the_figure_by_the_number_that_its_chapter_gives_it(folder: Path) -> None:
    links = re.findall(
        r'href="(\w+)\.html#(figur-\d+)"><span[^>]*>Figur</span><span[^>]*>Figure</span> ([\d.]+)</a>',
        (folder / "index.html").read_text(encoding="utf-8"),
    )
    assert len(links) >= 6
    for chapter, figure, place in links:
        page = (folder / f"{chapter}.html").read_text(encoding="utf-8")
        block = page[page.index(f'id="{figure}"') :]
        assert re.search(r"Figur</span><span[^>]*>Figure</span> ([\d.]+)", block)[1] == place  # type: ignore[index]


def test_another_process_with_another_order_of_sets_makes_the_same_bytes(store: Store, folder: Path) -> None:
    program = (
        "import hashlib, json, sys; from pathlib import Path; from frs_pipeline.report.site import build; "
        "from frs_pipeline.store.settings import Settings, find_study; from frs_pipeline.store.files import Store; "
        "made = build(Store(Settings(find_study(), Path(sys.argv[1])), sys.argv[2])).pages; "
        "print(json.dumps({name: hashlib.sha256(page).hexdigest() for name, page in made.items()}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(store.settings.data), DELIVERY],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "11"},
    )
    assert json.loads(told.stdout) == {path.name: sha256(path) for path in folder.iterdir()}


def test_the_pages_say_that_the_forms_are_made_up(store: Store, folder: Path) -> None:
    assert made_up(store)
    assert all("opdigtede" in page.read_text(encoding="utf-8") for page in folder.glob("*.html"))


def test_the_report_hangs_on_what_the_delivery_says_of_itself() -> None:
    assert ("validated", "description") in products(STUDY)[("report",)].inputs
    assert {"codebook", "description"} <= set(products(STUDY)[("validated", "description")].raw)
