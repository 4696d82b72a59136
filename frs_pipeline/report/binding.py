"""Find what a page says without a source: every digit and every word of a result that isn't bound to one.

A digit is bound where it opens a passport (`button.f`, `.count`, `.bound`, `a.n`), is quoted, stands in somebody else's words
(a question, an answer, a quotation), in code or a time, in a link to the table or figure that it names, or in an element that
says what it is by `data-bound`:

- `definition`: a threshold or a formula of ours, true of any delivery; the only kind in which words of results are free
- `date`, `axis`: nothing but a date, nothing but numbers of a scale
- `name`: the number of a table, a page, a paper
- `source`, `base`, `count`, `before`, by what the number comes from: a passport, an arithmetic that names what it is made of, or
  the name of a file; how many forms a figure is of; the share of a count beside it; the delivery before
- `figure`: a list of what is drawn; a drawing, whose numbers stand bound in the list or the table below it
- `spoken`: a sentence for those who don't see a drawing

A word of a result is bound in a tested sentence (`data-tested`), a quotation, the words of a question or an answer, or a
definition. What is drawn or read out (labels, tooltips, `figure`, `spoken`) may say numbers and words again that stand bound in
the same section.
Pure: pages in, findings out. `js/sources.js` marks by the same rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import yaml

from frs_pipeline.language import CODES

WORDS = Path(__file__).with_name("result_words.yaml")
_WORD = re.compile(r"\w+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# What is read out or shown on pointing, and in which language where the attribute says it.
_LABELS = {"aria-label": "", "title": "", "alt": "", "placeholder": "", "aria-description": "", "data-en": "en", "data-da": "da"}
_DIGITS = {"bound", "count", "f", "n", "cited", "question", "answer"}
_WORDS = {"cited", "question", "answer"}
_QUOTING = {"q", "blockquote", "code"}
# Kinds that name a source, and those that may say again what is bound beside them. `date` and `axis` vouch for their looks
# alone, and a kind that isn't known for nothing.
_SOURCES = {"definition", "name", "source", "base", "count", "before"}
_AGAIN = {"spoken", "figure"}
_MONTHS = "jan|feb|mar|apr|ma[jy]|jun|jul|aug|sep|o[ck]t|nov|dec"
_DATE = re.compile(rf"\d{{4}}-\d\d(?:-\d\d)?|(?:\d{{1,2}}\.? )?(?:{_MONTHS})\w* \d{{4}}|\d{{1,2}}[.:]\d\d", re.IGNORECASE)
# Numbers beside a mark of a drawing: limits, p, how many, before; a sentence has other words.
_DRAWN = re.compile(r"(?:[\s\d.,;:%−–+\[\]()·<>=×/-]|\b(?:p|n|N|til|to|ubesv\.?|blank|før|before)(?!\w))+")
_AXIS = re.compile(r"[\s\d.,%+−–-]+")
# What is read out beside a number of a drawing: its limits, its p, how many forms it is of, what it was before.
_BESIDE = re.compile(
    r"\[[^\]]*\]|\((?:før|before) [^)a-zæøå]*\)|(?:\bn|ubesv\.|\bblank) [\d.,]+|\bp\s?[<=]\s?[\d.,]+"
    r"|[\d.,−–]+\s?%? (?:til|to) [\d.,−–]+\s?%?"
)
# The level is part of the name of an interval.
_LEVEL = re.compile(r"-procent-(?:sikkerheds)?interval|% (?:confidence )?interval")
# Somebody's words in an equation or a passport.
_QUOTES = re.compile(r"»[^«]*«|“[^”]*”")
_INLINE = {"a", "abbr", "b", "button", "code", "em", "i", "mark", "q", "small", "span", "strong", "sub", "sup", "time", "tspan"}
_VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Within these, what is read out may say again what stands bound.
_SCOPES = {"section", "header", "footer", "nav", "aside", "main", "dialog", "template", "body"}
_HIDDEN = "\ufffc"


class Unbound(NamedTuple):
    """A digit or a word that nothing vouches for: where it stands, and the sentence around it."""

    page: str
    line: int
    language: str
    place: str
    what: str
    said: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.page}:{self.line} ({self.language}) {self.place}: {self.what!r} in {self.said!r}"


@cache
def result_words() -> dict[str, dict[str, list[str]]]:
    """Read the words that say a result, by language: `words`, and the phrases with them that don't (`not`)."""
    return {language: dict(lists) for language, lists in yaml.safe_load(WORDS.read_text(encoding="utf-8")).items()}


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    return {CODES[name]: (_any(lists["words"]), _any(lists["not"])) for name, lists in result_words().items()}  # type: ignore[index]


def script_patterns() -> dict[str, dict[str, str]]:
    """Return the same patterns for a script, in which letters of any language are `\\p{L}`."""
    letter = r"[\p{L}\p{N}_]"
    return {
        CODES[name]: {kind: f"(?<!{letter})(?:{_either(words, letter)})(?!{letter})" for kind, words in lists.items()}  # type: ignore[index]
        for name, lists in result_words().items()
    }


@cache
def _may_begin(word: str, code: str) -> bool:
    """Whether a word of a text may be one of a result, or begin one: most aren't, and needn't be looked at again."""
    return any(
        word.startswith(first[:-1]) if first.endswith("*") else word == first
        for language, lists in result_words().items()
        if CODES[language] == code  # type: ignore[index]
        for first in (several.split()[0].casefold() for several in lists["words"])
    )


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_either(words, chr(92) + 'w')})(?!\w)", re.IGNORECASE)


def _either(words: list[str], letter: str) -> str:
    parts = (r"\s+".join(part.replace("*", f"{letter}*") for part in word.split()) for word in words)
    # The longer one first: “hver tredje” before “tredje”.
    return "|".join(sorted(parts, key=len, reverse=True))


def words_in(text: str, code: str) -> Iterator[re.Match[str]]:
    """Find words of a result in a text of a language (`da`, `en`); a text of another language has none."""
    if code in _patterns() and any(_may_begin(word, code) for word in _WORD.findall(text.casefold())):
        words, neutral = _patterns()[code]
        yield from words.finditer(neutral.sub(lambda found: _HIDDEN * len(found[0]), text))


def unbound(pages: Mapping[str, str]) -> list[Unbound]:
    """Find all that isn't bound in pages of HTML, by file name."""
    found = []
    for name, page in pages.items():
        reader = _Reader(name)
        reader.feed(page)
        reader.close()
        found += reader.finish()
    return found


@dataclass
class _Open:
    """An element that is open: what it binds, and what was bound and is still to be bound in it."""

    tag: str
    name: str
    language: str
    digits: bool = False
    words: bool = False
    kind: str = ""
    unread: bool = False
    listed: bool = False
    named: frozenset[str] = frozenset()
    # Numbers and words that stand bound in it, and those that have to.
    told: set[str] = field(default_factory=set)
    spoken: list[tuple[str, Unbound]] = field(default_factory=list)


@dataclass
class _Piece:
    """A text of one element within a block."""

    text: str
    within: _Open
    line: int


class _Reader(HTMLParser):
    """Reads one page, block by block: a sentence goes on through its inline elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.open = [_Open("", "", "")]
        self.pieces: dict[str, list[_Piece]] = {}
        self.found: list[Unbound] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, and read its labels."""
        if tag not in _INLINE:
            self._flush()
        one = self._opened(tag, {name: value or "" for name, value in attrs})
        self.open.append(one)
        for name, value in attrs:
            if value and name in _LABELS and not one.unread:
                self._label(value, _LABELS[name] or one.language, one)
        if tag in _VOID:
            self._close()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open and close an element without content, as SVG has them."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._close()

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and those in it that were left open."""
        if tag not in _INLINE:
            self._flush()
        if any(one.tag == tag for one in self.open):
            while self.open[-1].tag != tag:
                self._close()
            self._close()

    def handle_data(self, data: str) -> None:
        """Keep a text for its block."""
        within = self.open[-1]
        if not within.unread:
            self.pieces.setdefault(within.language, []).append(_Piece(data, within, self.getpos()[0]))

    def finish(self) -> list[Unbound]:
        """Close what is open, and return all that isn't bound."""
        self._flush()
        while len(self.open) > 1:
            self._close()
        return self.found

    def _opened(self, tag: str, attributes: dict[str, str]) -> _Open:
        parent = self.open[-1]
        classes = set(attributes.get("class", "").split())
        kind = attributes.get("data-bound", "axis" if tag == "text" and "tick" in classes else "")
        own = "data-own" in attributes or tag in _QUOTING
        name = "#" + attributes["id"] if "id" in attributes else tag + "".join(f".{one}" for one in sorted(classes)[:2])
        return _Open(
            tag,
            name,
            attributes.get("lang") or next((code for code in CODES.values() if code in classes), parent.language),
            # In a drawing, `n` is a link; elsewhere `f` and `n` are only classes of looks.
            parent.digits or own or tag == "time" or bool(classes & (_DIGITS - self._looks(tag))),
            parent.words or own or kind == "definition" or "data-tested" in attributes or bool(classes & _WORDS),
            kind or parent.kind,
            parent.unread or tag in ("script", "style"),
            parent.listed or tag == "table",
            parent.named | _named(tag, attributes),
        )

    @staticmethod
    def _looks(tag: str) -> set[str]:
        return {"f", "count", "n"} - ({"f", "count"} if tag == "button" else {"n"} if tag == "a" else set())

    def _close(self) -> None:
        closed = self.open.pop()
        parent = self.open[-1]
        parent.told |= closed.told
        missing = [(number, one) for number, one in closed.spoken if number not in closed.told]
        if closed.tag in _SCOPES or len(self.open) == 1:
            self.found += [one for _, one in missing]
        else:
            parent.spoken += missing

    def _label(self, text: str, language: str, one: _Open) -> None:
        if not one.digits:
            for match in NUMBER.finditer(text):
                if not _stands(text, match, one, text):
                    one.spoken.append((_plain(match[0]), self._unbound(match, text, language, one, self.getpos()[0])))
        if not one.words:
            for match in words_in(text, language):
                one.spoken.append((match[0].casefold(), self._unbound(match, text, language, one, self.getpos()[0])))

    def _flush(self) -> None:
        blocks, self.pieces = self.pieces, {}
        for language, pieces in blocks.items():
            text = "".join(piece.text for piece in pieces)
            if text.strip():
                self._judge(text, language, pieces)

    def _judge(self, text: str, language: str, pieces: list[_Piece]) -> None:
        ends, at = [], 0
        for piece in pieces:
            at += len(piece.text)
            ends.append(at)
            one = piece.within
            if one.digits or _vouches(one.kind) or one.listed or (one.kind == "figure" and _DRAWN.fullmatch(piece.text)):
                self.open[-1].told.update(map(_plain, NUMBER.findall(piece.text)))
            if one.words:
                self.open[-1].told.update(match[0].casefold() for match in words_in(piece.text, language))

        def at_place(start: int) -> _Piece:
            return next(piece for piece, end in zip(pieces, ends, strict=True) if start < end)

        block = self.open[-1]  # inline elements of the block may be closed by now
        for match in NUMBER.finditer(text):
            piece = at_place(match.start())
            if piece.within.digits or _stands(text, match, piece.within, piece.text):
                continue
            missing = self._unbound(match, text, language, piece.within, piece.line)
            if piece.within.kind in _AGAIN:
                if not _inside(match, _BESIDE, text):
                    block.spoken.append((_plain(match[0]), missing))
            else:
                self.found.append(missing)
        free = "".join(_HIDDEN * len(piece.text) if piece.within.words else piece.text for piece in pieces)
        for match in words_in(free, language):
            piece = at_place(match.start())
            missing = self._unbound(match, text, language, piece.within, piece.line)
            if piece.within.kind in _AGAIN:
                block.spoken.append((match[0].casefold(), missing))
            elif not (_vouches(piece.within.kind) and _inside(match, _QUOTES, text)):
                self.found.append(missing)

    def _unbound(self, match: re.Match[str], text: str, language: str, within: _Open, line: int) -> Unbound:
        about = text[max(0, match.start() - 60) : match.end() + 60]
        path = [one.name for one in self.open if one.tag]
        if within not in self.open:
            path = [*path, within.name]
        last = max((at for at, name in enumerate(path) if name.startswith("#")), default=-3)
        return Unbound(self.page, line, language, " > ".join(path[last:][-4:]), match[0], " ".join(about.split()))


def _named(tag: str, attributes: Mapping[str, str]) -> frozenset[str]:
    """Return the numbers of the tables and figures that an element is, or leads to."""
    place = attributes.get("id", "") if tag != "a" else attributes.get("href", "").rpartition("#")[2]
    found = re.fullmatch(r"(?:tabel|figur)-(\d+)(?:-\w+)?|t(\d+)-.+", place)
    return frozenset({found[1] or found[2]} if found else {attributes["data-table"]} if "data-table" in attributes else ())


def _vouches(kind: str) -> bool:
    return kind in _SOURCES


def _inside(match: re.Match[str], pattern: re.Pattern[str], text: str) -> bool:
    return any(one.start() <= match.start() and match.end() <= one.end() for one in pattern.finditer(text))


def _plain(number: str) -> str:
    """Write a number in one way, whichever language it is written in."""
    return number.replace(".", ",")


def _stands(text: str, match: re.Match[str], within: _Open, piece: str) -> bool:
    """Whether a number is what its element says: of a kind, or the number of the table that it stands in or leads to."""
    if _vouches(within.kind) or (within.kind == "figure" and (within.listed or _DRAWN.fullmatch(piece) is not None)):
        return True
    if within.kind == "date":
        return _inside(match, _DATE, text)
    if within.kind == "axis":
        return _AXIS.fullmatch(piece) is not None
    if _LEVEL.match(text, match.end()):
        return True
    before = text[: match.start()].rstrip().casefold()
    names = before.endswith(("tabel", "table", "figur", "figure", "tabellen", "tabeller", "tables", "figures"))
    return match[0] in within.named and (names or within.tag == "a")
