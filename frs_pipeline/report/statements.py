"""The findings and titles of a study, read, and held against the forms of a delivery.

What the forms refute isn't shown as true, nor what they can't tell: no intervals in the study, or nobody who answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.printed.certainty import Estimated, estimated
from frs_pipeline.printed.claim_files import condition_faults, value_faults, word_faults
from frs_pipeline.report.claims import of_value, words_of
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import occasions
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.claims import PLACEHOLDER, ClaimWords, Testable
from frs_pipeline.study.faults import Fault, choices
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.statements import FINDINGS, TITLES, Finding, Front, Graphic, Remark, Statement, Titles
from frs_pipeline.study.tables import catalogue

if TYPE_CHECKING:
    from frs_pipeline.report.findings import Judge, Number, Sentence

# A figure: of a table by its number, of a change from one table to another 1-2, of the rows of a table rows-17.
Pictured = int | str
# The report tells its readers six things at most.
MOST_FINDINGS = 6


@dataclass(frozen=True)
class Said:
    """What findings.yaml says, read: the lead, the findings in order, what the data can't say."""

    lead: Text | None = None
    findings: tuple[Finding, ...] = ()
    cannot: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Found:
    """A finding held against the forms of a delivery. `holds` is None where they can't tell.

    `sure` are the remarks that hold, or what holds instead of them: none where the finding doesn't. `instead` is what holds then.
    """

    finding: Finding
    holds: bool | None
    says: Sentence
    instead: Sentence | None
    sure: tuple[Sentence, ...]
    condition: Sentence
    numbers: Mapping[str, Number]

    @property
    def id(self) -> str:
        return self.finding.id

    @property
    def attention(self) -> bool:
        return self.finding.attention

    @property
    def graphic(self) -> Graphic | None:
        return self.finding.graphic

    @property
    def tables(self) -> tuple[int, ...]:
        return self.finding.tables


@dataclass(frozen=True)
class FrontTold:
    """What the first page says."""

    lead: Text | None
    findings: tuple[Found, ...]
    cannot: tuple[Text, ...]


def front(judge: Judge) -> FrontTold:
    """Hold the findings of the study against the forms; none where it names none."""
    said = front_of(judge.study)
    return FrontTold(said.lead, tuple(_found(judge, finding) for finding in said.findings), said.cannot)


def titles(judge: Judge) -> dict[Pictured, Sentence]:
    """Return the titles that hold on the forms, or what is said otherwise, by figure; the others stay neutral."""
    told = {name: judge.told(statement) for name, statement in titles_of(judge.study).items()}
    return {name: said for name, one in told.items() if (said := one.shown)}


def _found(judge: Judge, finding: Finding) -> Found:
    told = judge.told(finding)
    graphic = finding.graphic
    numbers = dict(told.numbers)
    for name in (row.value for row in graphic.rows) if graphic else ():
        numbers[name] = replace(numbers[name], ends=judge.ends_of(name, finding.values, numbers[name]))
    remarks = [judge.told(remark) for remark in finding.remarks()] if told.holds else []
    return Found(
        finding,
        told.holds,
        told.says,
        told.instead if told.holds is False else None,
        tuple(said for one in remarks if (said := one.shown)),
        judge.worded(finding.condition, numbers),
        numbers,
    )


def stated(study: Study) -> list[Testable]:
    """List all sentences of the study that the forms of a delivery are asked about, without the claims of its printed report."""
    findings = front_of(study).findings
    return [*findings, *(remark for one in findings for remark in one.remarks()), *titles_of(study).values()]


def drawn(study: Study) -> list[Estimated]:
    """List the intervals that graphics of findings draw."""
    rows = [(one, row.value) for one in front_of(study).findings if one.graphic for row in one.graphic.rows]
    return [asked for finding, name in rows if (asked := estimated(finding.values[name], finding.values))]


@derived
def front_of(study: Study) -> Said:
    """Return what the study's first page says; nothing without such a file. Raises `InputError` with file and line."""
    path = study.folder / FINDINGS
    if not path.exists():
        return Said()
    file, wrong = YamlFile(path), Gathered()
    said, findings = Front(), list[Finding]()
    with wrong:
        said = file.parse(Front)
    places = file.items(["findings"])
    if len(places) > MOST_FINDINGS:
        with wrong:
            what = f"there are {len(places)} findings, and the first page has room for {MOST_FINDINGS}"
            raise file.error(["findings", MOST_FINDINGS], what, "leave the least important out")
    for index in places:
        at: list[str | int] = ["findings", index]
        with wrong:
            finding: Finding = file.parse_at(at, Finding)
            _refuse(file, at, f"finding {finding.id}", _of_finding(study, finding, [one.id for one in findings]))
            findings.append(finding)
    wrong.check()
    return Said(said.lead, tuple(findings), said.cannot)


@derived
def titles_of(study: Study) -> dict[Pictured, Statement]:
    """Return the titles of the study's figures; none without such a file.

    Raises `InputError` with file and line.
    """
    path = study.folder / TITLES
    if not path.exists():
        return {}
    file, wrong = YamlFile(path), Gathered()
    with wrong:
        file.parse(Titles)
    # Before the chapters are read, whose faults are their own.
    wrong.check()
    found = dict[Pictured, Statement]()
    for part, figures in _figures(study).items():
        for key in file.entries([part]):
            at: list[str | int] = [part, key]
            with wrong:
                if str(key) not in figures:
                    raise file.error(at, *_unknown(part, str(key), list(figures)))
                statement: Statement = file.parse_at(at, Statement)
                _refuse(file, at, f"{part.removesuffix('s')} {key}", _of_statement(study, statement))
                found[figures[str(key)]] = statement
    wrong.check()
    return found


def _figures(study: Study) -> dict[str, dict[str, Pictured]]:
    """Return the figures that may have a title, by part of the file and by what they are called there."""
    order, listed = [*occasions(study)], chapters(study)
    pairs = ["-".join(str(pair[name]) for name in sorted(pair, key=order.index)) for one in listed for pair in one.changes]
    return {
        "titles": {str(number): number for number in catalogue(study)},
        "changes": {pair: pair for pair in pairs},
        "rows": {str(number): f"rows-{number}" for one in listed for number in one.rows},
    }


def _unknown(part: str, key: str, known: Sequence[str]) -> tuple[str, str]:
    """Say that there is no such figure, and what to do."""
    if part == "titles":
        return f"there is no table {key}", "tables.yaml lists them"
    return f"no chapter draws {part} {key}", choices(known, key)


def _refuse(file: YamlFile, at: Sequence[str | int], what: str, faults: Iterator[Fault]) -> None:
    """Raise `InputError` for all faults of a sentence at once."""
    wrong = Gathered()
    for fault in faults:
        with wrong:
            raise file.error([*at, *fault.at], f"{what}: {fault.what}", fault.do)
    wrong.check()


def _of_statement(study: Study, statement: Statement) -> Iterator[Fault]:
    """Yield what is wrong with a statement."""
    if not statement.holds:
        yield Fault((), "has no condition", "write under holds what has to be true of the numbers it speaks of")
    for key in ("says", "otherwise"):
        yield from _of_words((key,), getattr(statement, key), statement)
    words = words_of(study)
    yield from condition_faults(statement, words)
    yield from value_faults(statement.values, words, lambda value: of_value(study, value))


def _of_words(at: tuple[str | int, ...], text: Text | None, statement: Statement) -> Iterator[Fault]:
    """Yield numbers in words that there aren't, and that the two languages give other ones."""
    if text is None:
        return
    unknown = list(word_faults(at, text, list(statement.values)))
    yield from unknown
    danish, english = (sorted(PLACEHOLDER.findall(words)) for words in (text.danish, text.english))
    if danish != english and not unknown:
        yield Fault(at, "the languages don't give the same numbers", "name the same values in both")


def _of_finding(study: Study, finding: Finding, before: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with a finding; `before` are the ids of those above it."""
    if finding.id in before:
        yield Fault(("id",), "stands twice", "give one of them another id")
    yield from _of_statement(study, finding)
    yield from _of_words(("condition",), finding.condition, finding)
    for index, (remark, statement) in enumerate(zip(finding.sure, finding.remarks(), strict=True)):
        yield from _of_remark(("sure", index), remark, statement, words_of(study))
    for index, number in enumerate(finding.tables):
        if number not in catalogue(study):
            yield Fault(("tables", index), f"there is no table {number}", "tables.yaml lists them")
    if finding.graphic is not None:
        yield from _of_graphic(study, finding, finding.graphic)


def _of_remark(at: tuple[str | int, ...], remark: Remark, statement: Statement, words: ClaimWords) -> Iterator[Fault]:
    for key in ("says", "otherwise"):
        yield from _of_words((*at, key), getattr(remark, key), statement)
    if remark.otherwise is not None and not remark.holds:
        yield Fault((*at, "otherwise"), "is never said: the remark has no condition", "write holds, or take otherwise out")
    for fault in condition_faults(statement, words):
        yield Fault((*at, *fault.at), fault.what, fault.do)


def _of_graphic(study: Study, finding: Finding, graphic: Graphic) -> Iterator[Fault]:
    """Yield tables, rows and values that a graphic draws and that aren't there."""
    tables = catalogue(study)
    for key in ("table", "before"):
        number = getattr(graphic, key)
        if number is not None and number not in tables:
            yield Fault(("graphic", key), f"there is no table {number}", "tables.yaml lists them")
        elif number is not None and tables[number].column is None and not graphic.rows:
            yield Fault(("graphic", key), f"table {number} is no crosstab", "name one, or draw rows of your own")
    if graphic.table not in tables:
        return
    labels = [row.label.danish for row in graphic.rows] or [one.label for one in tables[graphic.table].row.categories]
    for index, label in enumerate(graphic.subject):
        if label not in labels:
            yield Fault(("graphic", "subject", index), f"no row is called {label}", choices(labels, label))
    for index, row in enumerate(graphic.rows):
        value: Any = finding.values.get(row.value)
        if value is None or not value.share_of_forms:
            shares = [name for name, one in finding.values.items() if one.share_of_forms]
            yield Fault(("graphic", "rows", index), f"no share is called {row.value}", choices(shares, row.value))
