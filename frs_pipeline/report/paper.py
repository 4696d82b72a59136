"""The pages of an edition as one document for paper: one language, one outline, every link within it.

The pages themselves are read, so that the document says what they say. What is for the screen only is left out: menus, searches,
buttons, downloads, narrow drawings. Tables that the pages keep folded up stand at the end; whatever else is folded stays away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from frs_pipeline.language import CODES, Language, Text
from frs_pipeline.report.typography import turned
from frs_pipeline.templates import templates_in

_TEMPLATES = Path(__file__).parent
FRONT = "index.html"
Edition = Literal["inner", "public"]
# Elements that hold nothing and have no end.
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# What is for the screen only, by element, and by class or role.
_LEFT_OUT = frozenset({"script", "template", "nav", "dialog", "label", "select", "input", "noscript", "style", "summary"})
_LEFT_OUT_CLASSES = frozenset({"take", "taken", "filter", "tools", "scripted", "narrow", "toc", "skip"})
# Attributes that name other elements, and those that say something.
_NAMES = frozenset({"id", "for", "headers", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns"})
_SAYING = ("aria-label", "title", "placeholder")
_MAIN = re.compile(r"<main\b[^>]*>(.*?)</main>", re.S)
_LINK = re.compile(r' href="#([^"]*)"')


@dataclass(frozen=True)
class Cover:
    """What the first page and the foot of each say; `marks` are warnings, such as that it mustn't be published."""

    title: Text
    edition: Text
    delivery: Text
    marks: tuple[Text, ...] = ()
    remarks: tuple[Text, ...] = ()


def document(pages: Mapping[str, str], stylesheet: str, cover: Cover, language: Language) -> str:
    """Return the pages (HTML by file name, the first one `index.html`) as one, in the order of their menu and in one language."""
    order = [name for name in in_order(pages[FRONT]) if name in pages]
    patterns: set[str] = set()
    made = [_Page(name, pages[name], language, frozenset(order), patterns) for name in order]
    tables = [page for page in made if page.tables]
    content = {
        "code": CODES[language],
        "stylesheet": Markup(stylesheet.replace("</", "<\\/")),  # noqa: S704 - it is the edition's own
        "cover": {
            "title": cover.title.in_language(language),
            "edition": cover.edition.in_language(language),
            "delivery": cover.delivery.in_language(language),
            "marks": [mark.in_language(language) for mark in cover.marks],
            "remarks": [remark.in_language(language) for remark in cover.remarks],
        },
        "foot": _css(" · ".join(text.in_language(language) for text in (cover.title, cover.delivery, *cover.marks))),
        "say": lambda danish, english: danish if language == "danish" else english,
        "pages": [(page.stem, Markup(page.title), Markup("".join(page.body))) for page in made],  # noqa: S704
        "appendix": [(page.stem, Markup(page.title), Markup("".join(page.tables))) for page in tables],  # noqa: S704
    }
    whole = templates_in(_TEMPLATES).get_template("paper.html").render(**content)
    # Links to what was left out would lead nowhere.
    there = set(re.findall(r'\bid="([^"]*)"', whole))
    return _LINK.sub(lambda found: found[0] if found[1] in there else "", whole)


def in_order(front: str) -> list[str]:
    """List the files of an edition in the order of its menu, the first page first."""
    menus = "".join(re.findall(r"<nav\b.*?</nav>", front, re.S))
    listed = (link.partition("#")[0] for link in re.findall(r'href="([^":/]+)"', menus))
    return list(dict.fromkeys((FRONT, *(name for name in listed if name.endswith(".html")))))


def _css(text: str) -> str:
    """Write a text as a string of CSS."""
    return Markup('"{}"').format(Markup(re.sub(r'[\\"<\n]', lambda found: f"\\{ord(found[0]):x} ", text)))  # noqa: S704


@dataclass
class _Open:
    """An element that isn't closed yet: as it was written, as it is written here, and what its numbers are written for."""

    tag: str
    written: str
    lang: str | None
    bound: bool
    code: bool
    folded: bool = False


@dataclass
class _Page(HTMLParser):
    """One page, rewritten: its body, the tables that it keeps folded up, and its title."""

    name: str
    whole: str
    language: Language
    others: frozenset[str]
    # Patterns that fill shapes, by the names that stylesheets give them: each stands once in the document.
    patterns: set[str]
    body: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.stem = self.name.removesuffix(".html")
        words = re.search(r'<html\b[^>]*\bdata-words="(\w+)"', self.whole)
        self.words = words[1] if words else CODES[self.language]
        self.code = CODES[self.language]
        self.other = next(code for code in CODES.values() if code != self.code)
        self._open: list[_Open] = []
        self._skipped: list[str] = []
        self._heading: list[str] | None = None
        # What stands in elements that are folded up, from the outermost on.
        self._folded: list[list[str]] = []
        main = _MAIN.search(self.whole)
        self.feed(main[1] if main else "")
        self.close()

    @property
    def _out(self) -> list[str]:
        return self._folded[-1] if self._folded else self.body

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            if tag == self._skipped[-1] and tag not in _VOID:
                self._skipped.append(tag)
            return
        given = {name: value or "" for name, value in attrs}
        if self._is_left_out(tag, given) or (tag == "pattern" and given.get("id", "") in self.patterns):
            if tag not in _VOID:
                self._skipped = [tag]
            return
        if tag == "pattern":
            self.patterns.add(given.get("id", ""))
        if tag == "details" and "open" not in given:
            self._open.append(_Open(tag, "", None, False, False, folded=True))
            self._folded.append([])
            return
        written = self._written(tag, given)
        self._out.append(self._start(written, given))
        if tag not in _VOID:
            self._open.append(_Open(tag, written, given.get("lang"), "bound" in given.get("class", "").split(), tag == "code"))
        if tag == "h1":
            self._heading = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if not self._skipped and not self._is_left_out(tag, given):
            self._out.append(self._start(tag, given).removesuffix(">") + "/>")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.pop()
            return
        if not self._open or self._open[-1].tag != tag:
            return
        ended = self._open.pop()
        if ended.folded:
            content = "".join(self._folded.pop())
            if "<table" in content:
                (self._folded[-1] if self._folded else self.tables).append(content)
            return
        self._out.append(f"</{ended.written}>")
        if tag == "h1" and self._heading is not None:
            self.title = self.title or "".join(self._heading).strip()
            self._heading = None

    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        into = self._numbers_for()
        text = turned(data, "danish" if into == CODES["danish"] else "english") if into != self.words else data
        self._say(text)

    def handle_entityref(self, name: str) -> None:
        if not self._skipped:
            self._say(f"&{name};")

    def handle_charref(self, name: str) -> None:
        if not self._skipped:
            self._say(f"&#{name};")

    def _say(self, text: str) -> None:
        if any(one.tag in _HEADINGS for one in self._open):
            # Their spaces are kept, so that they must be single ones.
            text = re.sub(r"[ \n\t]+", " ", text)
        self._out.append(text)
        if self._heading is not None:
            self._heading.append(text)

    def _is_left_out(self, tag: str, given: Mapping[str, str]) -> bool:
        classes = set(given.get("class", "").split())
        # A number is a button, to be opened; any other button does something.
        acts = tag == "button" and not classes & {"f", "bound", "count"}
        other = self.other in classes or given.get("role") in ("status", "search")
        return tag in _LEFT_OUT or acts or other or bool(classes & _LEFT_OUT_CLASSES)

    def _written(self, tag: str, given: Mapping[str, str]) -> str:
        """Return as what an element is written: a number, and a link to a file, as a word."""
        if tag == "button" or (tag == "a" and self._href(given.get("href", "")) is None):
            return "span"
        return tag

    def _href(self, href: str) -> str | None:
        """Return a link as it is within the document; None for a file beside the pages."""
        if href.startswith(("https:", "http:", "mailto:")):
            return href
        file, _, anchor = href.partition("#")
        if file and file not in self.others:
            return None
        stem = file.removesuffix(".html") or self.stem
        return f"#{stem}--{anchor}" if anchor else f"#{stem}"

    def _start(self, tag: str, given: Mapping[str, str]) -> str:
        written = []
        for name, value in given.items():
            if name.startswith(("data-", "popover")) or name in ("tabindex", "type") or (name, value) == ("lang", self.code):
                continue
            if name == "href":
                if tag == "span" or (here := self._href(value)) is None:
                    continue
                value = here
            elif name in _NAMES and tag != "pattern":
                value = " ".join(f"{self.stem}--{one}" for one in value.split())
            elif name in _SAYING and self.code == "en":
                value = given.get("data-en", value)
            written.append(f' {name}="{escape(value)}"' if value or name in ("alt", "aria-label") else f" {name}")
        return f"<{tag}{''.join(written)}>"

    def _numbers_for(self) -> str:
        """Return in which language numbers are written here, as the script of the pages decides it."""
        if any(one.code for one in self._open):
            return self.words
        at = next((one.lang for one in reversed(self._open) if one.lang), None)
        if at is None:
            return self.code
        return at if any(one.bound for one in self._open) else self.words
