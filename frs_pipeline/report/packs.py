"""Passports packed for the pages: one file per chapter, which the page loads as a script, since file:// allows only that.

Sentences are stored once, as lists of pieces that are stored once too; other figures are named by their place in
`figures.js`. What depends on how the files of a delivery were written, such as their hashes, isn't packed: the same
forms give the same pages, and `frs trace` prints the rest.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.lineage.absent import Absent
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.pairs import Pairs
from frs_pipeline.lineage.passport import Amount, Passport
from frs_pipeline.lineage.recount import recount
from frs_pipeline.lineage.spread import Spread
from frs_pipeline.lineage.wording import rounding
from frs_pipeline.report.english import as_read
from frs_pipeline.report.intervals import Intervals, Limits
from frs_pipeline.report.layout import labels_of, texts_of
from frs_pipeline.report.typography import (
    MINUS,
    anchor,
    in_text,
    number_text,
    p_text,
    shown,
    with_zero,
)
from frs_pipeline.stats.printing import spss
from frs_pipeline.study import Study
from frs_pipeline.study.about import Noun, about, sharing
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.keying import about_keying
from frs_pipeline.tables.strength import association

# Where sentences are cut into pieces: quoted questions and answers stand in many of them.
_PIECES = re.compile(r"(»[^«]*«|“[^”]*”)")
# A check that pages leave out: the manifest that vouches for files is written after the report.
_ABOUT_FILES = "files as in the manifest"
_GAMMAS = ("gamma", "partial_gamma")
CHECKS = {
    "nothing lost": "intet skema er gået tabt undervejs",
    "waterfall closes": "regnestykket fra leverede skemaer til dem, der tæller med, går op",
    "recounted": "tallet er regnet ud igen uafhængigt og er det samme",
    "base ties out": "tabellens grundlag stemmer med skemaerne",
    "sums hold": "alle summer, tallet indgår i, stemmer",
    "same fact, same number": "den samme oplysning er det samme tal andre steder",
    "follows from a printed table": "følger af cellerne i en trykt tabel",
    "promises of the mart": "datasættene opfylder kravene til dem",
    _ABOUT_FILES: "filerne er dem, manifestet nævner",
}
# The same of conferences.
_DANISH_OF_CONFERENCES = {
    "nothing lost": "ingen er gået tabt undervejs",
    "waterfall closes": "regnestykket fra de kendte til dem, der tæller med, går op",
    "base ties out": "tabellens grundlag stemmer",
}


def checked(name: str, of_conferences: bool) -> Text:
    """Return what a check is called."""
    danish = CHECKS | _DANISH_OF_CONFERENCES if of_conferences else CHECKS
    return Text(danish.get(name, name), name)


class Pack:
    """Passports of one chapter."""

    def __init__(self, study: Study, index: dict[Address, int], *, alone: bool = True) -> None:
        """Begin a pack; `alone` says that the figures are of one delivery, whose marts anybody can count again by a query."""
        self.study = study
        self._index, self._alone = index, alone
        self._pieces: dict[str, int] = {}
        self._texts: dict[tuple[str, str], int] = {}
        self._packed: list[list[list[int]]] = []
        self._figures: dict[int, dict[str, Any]] = {}

    def add(self, passport: Passport) -> None:
        """Pack one figure's passport, leaving out what is empty."""
        content = {
            "u": self._text(about(self.study).conference.many) if passport.of_conferences else None,
            "d": self._text(passport.definition),
            "b": self._text(below) if (below := self._below(passport)) else None,
            "r": self._text(_rounded(passport)),
            "n": self._number(passport.numerator),
            "of": self._number(passport.denominator),
            "in": list(passport.delivered.items()),
            "w": [[self._text(step.why), step.forms] for step in passport.waterfall],
            "f": passport.forms,
            "near": [[self._text(near.why), near.forms] for near in passport.near],
            "a": [[self._text(_decision(self.study, *what)), number] for what, number in _decisions(passport)],
            "e": [[self._index[place.address], int(place.equal)] for place in passport.elsewhere],
            "s": [
                [self._index[made.total], [self._index[part] for part in made.parts], int(made.holds)] for made in passport.sums
            ],
            "p": self._published(passport),
            "i": self._spread(passport.spread),
            "v": self._differences(passport),
            "m": self._absent(passport.absent),
            "c": [
                [self._text(checked(c.name, passport.of_conferences)), int(c.passed)]
                for c in passport.checks
                if c.name != _ABOUT_FILES
            ],
            "g": _cells(passport.pairs, labels_of(catalogue(self.study)[passport.address.table]), about(self.study).languages),
            "st": self._strength(passport),
            "q": self._query(passport.address),
        }
        self._figures[self._index[passport.address]] = {key: value for key, value in content.items() if value not in (None, [])}

    def script(self, name: str) -> bytes:
        """Return the pack as a script that hands itself to the page."""
        content = {"s": list(self._pieces), "t": self._packed, "f": self._figures}
        return as_script("pack", name, content)

    def _below(self, passport: Passport) -> Text | None:
        """Return what stands below the figure's table."""
        keying = about_keying(self.study, passport.keying) if passport.keying else None
        notes = [note for note in (passport.note, keying) if note]
        return Text(" ".join(note.danish for note in notes), " ".join(note.english for note in notes)) if notes else None

    def _published(self, passport: Passport) -> list[str | int] | None:
        """Return the verdict; the printed figure where it differs; why, where the report contradicts itself."""
        printed = passport.published
        if printed is None:
            return None
        if printed.verdict == "equal":
            return [printed.verdict]
        why = (
            [self._text(as_read(self.study, Text(printed.reason_danish, printed.reason)))]
            if printed.reason and printed.reason_danish
            else []
        )
        return [printed.verdict, shown(printed.printed, about(self.study).language), *why]

    def _spread(self, known: Spread | None) -> list[Any] | None:
        """Return how an interval is made and what it rests on; the limits themselves are with all figures."""
        if known is None or known.method is None:
            return None
        rests = [self._set(known.n_effective, 1), self._set(known.design_effect, 2), self._set(known.icc, 3)]
        error = [self._set(known.error, 3), self._set(known.df, 0 if known.df is None or known.df == int(known.df) else 1)]
        family = None if known.family is None else self._text(known.family)
        return [self._text(known.method), known.forms, *rests, *error, self._set(known.t, 3), family]

    def _differences(self, passport: Passport) -> list[list[Any]]:
        """Return what the figure is compared with, each difference with its limits or why it has none."""
        known, (rows, _, groups) = passport.spread, labels_of(catalogue(self.study)[passport.address.table])
        labels, languages = rows | groups, about(self.study).languages
        return [
            [
                *(
                    _label(made.of, labels, languages),
                    _label(made.less, labels, languages),
                    *map(self._printed, (made.value, made.low, made.high)),
                ),
                *([self._text(made.reason)] if made.reason else []),
            ]
            for made in (known.differences if known else ())
        ]

    def _absent(self, known: Absent | None) -> list[Any] | None:
        """Return how many lack an answer, and the bounds or why there are none; more of a gamma and of forms that never came."""
        if known is None or not (known.missing or known.units):
            return None
        partly = None if known.partly is None else [*map(self._printed, known.partly)]
        all_came = None
        if known.units and known.lowest_units is not None:
            all_came = [known.units, self._printed(known.lowest_units), self._printed(known.highest_units)]
        reason = None if known.reason is None else self._text(known.reason)
        limits = [self._printed(known.lowest), self._printed(known.highest)]
        return [known.missing, *limits, reason, partly, all_came]

    def _strength(self, passport: Passport) -> int | None:
        """Return the words for a gamma, with what its interval leaves open where one is shown; None for any other figure."""
        if passport.address.measure not in _GAMMAS or passport.value is None:
            return None
        known = passport.spread
        low, high = (None, None) if known is None else (known.low, known.high)
        # The ends are rounded, and gamma isn't: it must not fall out of its own interval.
        value = passport.value
        ends = (None, None) if low is None or high is None else (min(_value(low), value), max(_value(high), value))
        return self._text(association(passport.value, *ends).capitalised())

    def _query(self, address: Address) -> list[int]:
        """Return the lines of the query that counts a figure again, each stored once; of several deliveries, none."""
        if not self._alone:
            return []
        query = recount(self.study, catalogue(self.study)[address.table], address, meanings(self.study)[address])
        return [self._piece(line) for line in query.split("\n")]

    def _set(self, value: float | None, decimals: int) -> str | None:
        return None if value is None else self._printed(spss(value, decimals, leading_zero=True))

    def _printed(self, printed: str | None) -> str | None:
        return None if printed is None else with_zero(shown(printed, about(self.study).language))

    def _number(self, number: Amount | None) -> list[int | str] | None:
        return None if number is None else [self._text(number.what), _whole(number.number, about(self.study).language)]

    def _text(self, text: Text) -> int:
        key = (text.danish, text.english)
        if key not in self._texts:
            self._texts[key] = len(self._packed)
            languages = dict.fromkeys(text.in_language(language) for language in about(self.study).languages)
            self._packed.append([self._split(language) for language in languages])
        return self._texts[key]

    def _split(self, text: str) -> list[int]:
        return [self._piece(piece) for piece in _PIECES.split(text) if piece]

    def _piece(self, text: str) -> int:
        return self._pieces.setdefault(text, len(self._pieces))


def _rounded(passport: Passport) -> Text:
    """Say how the figure was rounded, of the one that pages show: they have the zero before the decimal mark."""
    if passport.value is None:
        return passport.rounding
    return rounding(with_zero(passport.printed.replace(".", ",").replace("-", MINUS)).replace(MINUS, "-"))


def _value(printed: str) -> float:
    """Return the value of a number as it is written in the first language of the study."""
    return float(printed.replace(MINUS, "-").replace(",", "."))


def _decisions(passport: Passport) -> list[tuple[tuple[str, str], int]]:
    """Count corrections, accepted findings and coded texts by what they are about. Why and by whom is free text: not that."""
    return sorted(Counter((made.kind, made.about) for made in passport.amendments).items())


def _decision(study: Study, kind: str, about: str) -> Text:
    if kind == "correction":
        return Text(f"rettelse i kolonnen {about}", f"correction of the column {about}")
    if kind == "coding":
        return Text(f"kodning af teksterne i {about}", f"coding of the texts in {about}")
    rule = policy(study).rules[about]
    return Text(f"accepteret anmærkning: {rule.danish}", f"accepted finding: {rule.english}")


def _cells(pairs: Pairs | None, says: Sequence[Mapping[str, Text]], languages: Sequence[Language]) -> list[Any] | None:
    """Return labels, tables of counts with what they hold constant, P and Q; `says` is what labels of the table say."""
    if pairs is None:
        return None
    rows, columns, groups = says
    strata = [[_label(stratum.label, groups, languages), stratum.cells] for stratum in pairs.strata]
    named = (
        [_label(label, axis, languages) for label in labels] for labels, axis in ((pairs.rows, rows), (pairs.columns, columns))
    )
    return [*named, strata, _whole(pairs.p, languages[0]), _whole(pairs.q, languages[0])]


def _label(label: str, says: Mapping[str, Text], languages: Sequence[Language]) -> str | tuple[str, ...]:
    return packed(says[label], languages) if label in says else label


def _whole(number: int, language: Language) -> int | str:
    """Write a number of pairs, a large one in groups: ten digits in a row may read as a personal number."""
    return number if abs(number) < 1_000_000_000 else number_text(number, language)


def all_figures(
    study: Study, figures: Mapping[Address, Figure], titles: Mapping[int, Text], pages: dict[int, str], intervals: Intervals
) -> bytes:
    """Pack all figures of a study in short, with the titles and questions of tables; `pages` are the chapters' ids by table."""
    tables = catalogue(study)
    return figures_script(
        [(address, figures[address]) for address in meanings(study)],
        pages,
        {number: [titles[number], *texts_of(study, table).values()] for number, table in tables.items()},
        about(study).languages,
        intervals,
        sharing(study),
        {number: labels_of(table) for number, table in tables.items()},
    )


def figures_script(
    figures: Iterable[tuple[Address, Figure]],
    pages: dict[int, str],
    words: Mapping[int, Sequence[Text]],
    languages: Sequence[Language],
    intervals: Intervals,
    sharing: Noun | None,
    says: Mapping[int, Sequence[Mapping[str, Text]]],
) -> bytes:
    """Pack names and printed numbers of all figures in report order, the page of each table, words to search for, and intervals.

    Numbers are written as in the first of the study's `languages`; `sharing` is what forms have in common that belong together,
    `says` what labels of rows, columns and groups say, by table. What both languages say alike is written once.
    """
    listed, language = list(figures), languages[0]

    def both(text: Text) -> list[str]:
        # Nobody asks for the language that the study doesn't have.
        return [text.in_language(one if one in languages else language) for one in LANGUAGES]

    def known(address: Address) -> list[int]:
        told = [
            _label(label, axis, languages) for axis, label in zip(says.get(address.table, ({},) * 3), address[1:4], strict=True)
        ]
        return [labels.setdefault(label, len(labels)) for label in (*told, address.measure)]

    labels: dict[str | tuple[str, ...], int] = {}
    content = {
        "a": [anchor(address) for address, _ in listed],
        "p": [in_text(figure.printed, address.measure, language) for address, figure in listed],
        # Row, column, group and measure of each, by their place among all labels.
        "c": [known(address) for address, _ in listed],
        "l": list(labels),
        "page": pages,
        "words": {number: [packed(text, languages) for text in texts] for number, texts in words.items()},
    }
    if intervals:
        reasons: dict[Text, int] = {}
        content["i"] = {
            place: _limits(intervals[address], reasons, language)
            for place, (address, _) in enumerate(listed)
            if address in intervals
        }
        content["why"] = [both(reason) for reason in reasons]
        content["of"] = [both(said) for said in (sharing.one, sharing.many)] if sharing else []
    return as_script("index", content)


def packed(text: Text, languages: Sequence[Language]) -> str | tuple[str, ...]:
    """Return a text in Danish and English where pages are in both, and they differ; else the one there is."""
    both = tuple(text.in_language(one) for one in LANGUAGES)
    return text.in_language(languages[0]) if len(languages) == 1 or both[0] == both[1] else both


def _limits(one: Limits, reasons: dict[Text, int], language: Language) -> list[str | int]:
    """Return limits, clusters and mark; where there is a test p, and q with its number of tests. Or the place of the reason."""
    if one.texts is None:
        return [reasons.setdefault(one.reason or Text("", ""), len(reasons))]
    tested: list[str | int] = [] if one.p is None else [p_text(one.p, language)]
    adjusted: list[str | int] = [] if one.q is None or one.tests is None else [p_text(one.q, language), one.tests]
    return [*one.texts, one.clusters, int(one.marked), *tested, *adjusted]


def as_script(name: str, *content: object) -> bytes:
    """Return a script that hands content to a function of the pages' own script."""
    return f"FRS.{name}({','.join(map(_json, content))});\n".encode()


def _json(content: object) -> str:
    # A script must not hold the end tag of its element, nor separators at which old engines end a line.
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
