"""Proves of a public edition, file by file, that it says nothing which the release doesn't say.

A number is one of the released ones, in its place; or it follows from them, as the share of a count that is shown; or it is one
of a few numbers of the policy and of the release as a whole. A word is the study's own, or stands in the templates: no sentence
can say which of the hidden numbers is small. A drawing is the one that the released numbers give, so that no length tells more.
What is found is told by its place, never by its number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from frs_pipeline.errors import CheckFailed
from frs_pipeline.language import Language, Text
from frs_pipeline.release.files import DANISH, FIGURES
from frs_pipeline.report.drawing.svg import PATTERNS
from frs_pipeline.report.layout import layout, texts_of
from frs_pipeline.report.public import edition as pages
from frs_pipeline.report.public.edition import Edition, edition, lines_of
from frs_pipeline.report.public.markup import Node, parsed
from frs_pipeline.report.public.reading import TableCheck
from frs_pipeline.report.public.released import Released, Tell
from frs_pipeline.report.public.vocabulary import DIGIT, Vocabulary
from frs_pipeline.report.statics import stylesheet
from frs_pipeline.report.typography import anchor
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address

_FIGURE = re.compile(r'<figure class="drawn" aria-labelledby="titel-(\d+)">\n(.*?)\n<figcaption>', re.DOTALL)
# Attributes that only lay a page out, or lead from one part of it to another.
_QUIET = frozenset(
    [
        "lang",
        "charset",
        "name",
        "rel",
        "type",
        "autocomplete",
        "role",
        "scope",
        "class",
        "hidden",
        "defer",
        "download",
        "aria-hidden",
        "aria-current",
        "focusable",
        "data-words",
        "data-language",
        "data-only",
        "open",
        "width",
        "height",
        "viewbox",
        "x",
        "y",
        "d",
        "text-anchor",
    ]
)
_SPOKEN = frozenset({"aria-label", "data-en", "placeholder"})
_NAMES = frozenset(
    ["id", "href", "src", "for", "aria-controls", "aria-describedby", "aria-labelledby", "data-copy", "data-table", "datetime"]
)
_SPANS = frozenset({"rowspan", "colspan", "tabindex", "value", "content", "data-number", "data-own", "data-example"})
_FORBIDDEN = frozenset({"style", "template", "object", "iframe", "img", "embed", "form", "canvas", "math"})
_PLACES = frozenset({"x", "y", "d", "width", "height", "viewbox"})
# Widths of the boxes in the four pictures.
_BOXES = frozenset({"52", "110"})


class Leak(NamedTuple):
    """Something in a file that the release doesn't say."""

    file: str
    where: str
    what: str


def _nothing(_: Released) -> dict[int, Text]:
    return {}


def proved(study: Study, files: Mapping[str, bytes], *, examined: int, made_up: bool, tell: Tell = _nothing) -> dict[str, bytes]:
    """Make the public edition of a release and prove it. Raises `CheckFailed` when it says what the files don't."""
    made = edition(study, files, examined=examined, made_up=made_up, tell=tell).build()
    require(study, files, made, examined=examined, tell=tell)
    return made


def require(study: Study, files: Mapping[str, bytes], made: Mapping[str, bytes], *, examined: int, tell: Tell = _nothing) -> None:
    """Raise `CheckFailed` when the pages say anything that the files of the release don't."""
    found = prove(study, files, made, examined=examined, tell=tell)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise CheckFailed(
            f"{found[0].what}, at {found[0].where}{more}",
            where=f"report/{found[0].file}",
            do="nothing was put in place; the last release stays",
        )


def prove(
    study: Study, files: Mapping[str, bytes], made: Mapping[str, bytes], *, examined: int, tell: Tell = _nothing
) -> list[Leak]:
    """List everything in an edition that the files of its release don't say; none in one that may go out.

    Titles are told again, from those files: a title that their numbers don't give is found as any other text is.
    """
    proof = Proof(edition(study, files, examined=examined, made_up=False, tell=tell), files, made)
    return list(proof.leaks())


@dataclass(frozen=True)
class Proof:
    """The proof of one edition: `expected` is made of the files of the release by whoever proves."""

    expected: Edition
    files: Mapping[str, bytes]
    made: Mapping[str, bytes]

    @cached_property
    def words(self) -> Vocabulary:
        return Vocabulary(self.expected)

    @cached_property
    def tables(self) -> dict[int, TableCheck]:
        return {number: TableCheck(self.expected.released, table) for number, table in self.expected.released.tables.items()}

    @cached_property
    def addresses(self) -> dict[str, Address]:
        """The addresses of numbers by the names of their cells."""
        return {anchor(address): address for address in self.expected.released.numbers}

    @cached_property
    def spans(self) -> dict[int, set[str]]:
        """How many columns and rows heads of each table may span."""
        found = {}
        for number, table in self.expected.released.tables.items():
            grid = layout(table, set(self.expected.released.of(number)), texts_of(self.expected.study, table))
            lines = {len(block.lines) for block in grid.blocks}
            found[number] = {str(span) for span in (2, len(grid.header), *lines)}
        return found

    def leaks(self) -> Iterator[Leak]:
        """Yield what is wrong, file by file."""
        html = {pages.INDEX, pages.PROTECTION, pages.ABOUT, *(chapter.file for chapter, _ in self.expected.pages)}
        fixed = self.expected.fixed()
        for name, content in self.made.items():
            if name in html:
                yield from self._page(name, content)
            elif name in fixed:
                if content != fixed[name]:
                    yield Leak(name, "the whole file", "the file isn't the one of the templates")
            elif name == pages.SEARCH:
                yield from self._search(content)
            else:
                yield from self._taken_along(name, content)

    def _taken_along(self, name: str, content: bytes) -> Iterator[Leak]:
        """Check the file of a figure or of a table's numbers."""
        path = PurePosixPath(name)
        found = re.fullmatch(r"(?:figur|tabel)-(\d+)\.(da|en)", path.stem)
        number = int(found[1]) if found else 0
        if found is None or number not in self.tables or path.parent.name not in ("figures", "tables"):
            yield Leak(name, "its name", "the edition has no such file")
        elif path.suffix == ".csv":
            source = self.files.get(DANISH if found[2] == "da" else FIGURES, b"")
            if content != lines_of(source, number):
                yield Leak(name, "the whole file", "a line isn't one of the released file")
        else:
            yield from self._picture(name, content, number, found[2])

    def _picture(self, name: str, content: bytes, number: int, code: str) -> Iterator[Leak]:
        figure = self.expected.drawn.get(number)
        table = self.expected.released.tables[number]
        language: Language = "danish" if code == "da" else "english"
        if figure is None:
            yield Leak(name, "its name", "the table has no figure")
            return
        # Made-up forms have a line more on top.
        captions = self.expected.captions(table)
        if content not in [figure.file(caption, language, stylesheet()).encode() for caption in captions]:
            yield Leak(name, "the drawing", "the figure isn't the one that the released numbers give")
        for node in parsed(content.decode()).below():
            if node.tag == "text" and "tick" not in node.classes:
                yield from self._of(name, node, self.tables[number].drawn(node.text, code, self.words.figures_in(number)))

    def _search(self, content: bytes) -> Iterator[Leak]:
        text = content.decode()
        try:
            rows = json.loads(text.removeprefix(pages.SEARCH_BEGINS).removesuffix(";\n"))
            named = [(page, number, [*title, *(one for pair in texts for one in pair)]) for page, number, title, texts in rows]
        except (ValueError, TypeError):
            yield Leak(pages.SEARCH, "the whole file", "the index isn't a list of tables")
            return
        for page, number, texts in named:
            if number not in self.tables or page not in self.made:
                yield Leak(pages.SEARCH, "a table", "the release has no such table")
            for text in texts:
                if " ".join(text.split()) not in self.words.own:
                    yield Leak(pages.SEARCH, f"table {number}", "a text isn't the study's")

    def _page(self, name: str, content: bytes) -> Iterator[Leak]:
        text = content.decode()
        drawn = {int(found[1]): found[2] for found in _FIGURE.finditer(text)}
        for number, html in drawn.items():
            figure = self.expected.drawn.get(number)
            if figure is None or html != figure.html:
                yield Leak(name, f"figure of table {number}", "the figure isn't the one that the released numbers give")
        if text.count(PATTERNS) != 1:
            yield Leak(name, "the patterns", "the patterns of drawings were changed")
        page = parsed(text.replace(PATTERNS, ""))
        for what in page.odd:
            yield Leak(name, "the page", what)
        for node in page.below():
            yield from self._attributes(name, node)
            for part in node.texts:
                yield from self._text(name, node, part)

    def _of(self, name: str, node: Node, faults: Iterable[str]) -> Iterator[Leak]:
        yield from (Leak(name, node.place, fault) for fault in faults)

    def _number_of(self, node: Node) -> int | None:
        """Return the table that a part of a page belongs to."""
        around = node.near("data-table")
        value = around.attributes["data-table"] if around else ""
        return int(value) if value.isdigit() and int(value) in self.tables else None

    def _text(self, name: str, node: Node, text: str) -> Iterator[Leak]:
        """Check a piece of text by where it stands."""
        number = self._number_of(node)
        code = node.language
        plain = " ".join(text.split())
        if not plain:
            return
        cell, own, fact, example = node.near_tag("td"), node.near("data-own"), node.near("data-number"), node.near("data-example")
        if cell is not None and number is not None:
            address = self.addresses.get(cell.attributes.get("id", ""))
            yield from self._of(name, node, self.tables[number].cell(address, plain, code))
        elif own is not None:
            if plain not in self.words.own:
                yield Leak(name, node.place, "a text isn't the study's")
        elif fact is not None:
            if not self.words.is_fact(fact.attributes["data-number"], plain):
                yield Leak(name, node.place, "a number isn't the one of the release that it is called")
        elif example is not None:
            if plain not in self.words.examples(example.attributes["data-example"]):
                yield Leak(name, node.place, "a number in a picture isn't made up")
        elif number is not None and node.near_tag("svg") is not None:
            drawn_in = next((one for one in ("da", "en") if one in node.classes), "")
            if "tick" not in node.classes:
                yield from self._of(name, node, self.tables[number].drawn(plain, drawn_in, self.words.figures_in(number)))
        elif number is not None and "unseen" in node.classes and node.near_tag("figure") is not None:
            yield from self._of(name, node, self.tables[number].sentence(plain, code, self.words.figures_in(number)))
        elif number is not None and "n" in (node.classes | (node.parent.classes if node.parent else set())):
            yield from self._of(name, node, self.tables[number].drawn(plain, code, set()))
        elif not self.words.is_ours(plain):
            yield Leak(name, node.place, "a number or a word comes from nowhere")

    def _attributes(self, name: str, node: Node) -> Iterator[Leak]:
        """Check what stands in the attributes of a tag; those of drawings were compared whole."""
        if node.tag in _FORBIDDEN or (node.tag == "script" and "src" not in node.attributes):
            yield Leak(name, node.place, f"a page has no <{node.tag}>")
        drawing = node if node.tag == "svg" else node.near_tag("svg")
        if drawing is not None and drawing.near_tag("figure") is not None:
            return
        for attribute, value in node.attributes.items():
            if attribute in _SPOKEN:
                sound = self.words.is_ours(value) or value in self.words.own
            elif attribute in _NAMES:
                sound = self._leads(attribute, value)
            elif attribute in _SPANS:
                sound = self._spans(node, attribute, value)
            elif attribute == "width" and node.tag == "rect":
                sound = value in _BOXES
            else:
                sound = attribute in _QUIET and self._lays_out(node, attribute, value)
            if not sound:
                yield Leak(name, f"{node.place}, {attribute}", "an attribute says what the release doesn't")

    def _lays_out(self, node: Node, attribute: str, value: str) -> bool:
        """Return whether an attribute stands so in the templates; a cell has none that could set it apart from others."""
        if node.tag == "td":
            return False
        if attribute in _PLACES:
            return node.near("data-example") is not None or "example" in (node.near_tag("svg") or node).classes
        return value in ("", "da", "en", "unseen da", "unseen en") or self.words.in_templates(value)

    def _leads(self, attribute: str, value: str) -> bool:
        """Return whether a name or a link is one of this edition."""
        if attribute == "datetime":
            return value == self.expected.released.delivery
        if value in self.addresses or value == "data:,":
            return True
        page, _, part = value.partition("#") if attribute in ("href", "src") else ("", "", value)
        outside = {f"../{name}" for name in (FIGURES, DANISH, "tables.json")}
        if page and page not in self.made and page not in outside:
            return False
        numbers = re.findall(r"\d+", part)
        known = re.fullmatch(r"(?:tabel|titel)-\d+|\d+", part) is not None
        return not numbers or (known and int(numbers[0]) in self.tables)

    def _spans(self, node: Node, attribute: str, value: str) -> bool:
        number = self._number_of(node)
        match attribute:
            case "rowspan" | "colspan":
                return number is not None and value in self.spans[number]
            case "tabindex":
                return value in ("0", "-1")
            case "value":
                return value.isdigit() and int(value) in self.tables
            case "content":
                return value in ("width=device-width, initial-scale=1", "light dark")
            case "data-number":
                return value in self.expected.facts.numbers
            case _:
                return not DIGIT.search(value)
