"""Files of claims: read with the line of each claim, and refused where a claim can't mean anything, whatever its tables are.

What only a study knows of its claims is checked in `report.claims`; claims about anybody's tables are read here, with no study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import Text
from frs_pipeline.printed.certainty import comparable, estimated
from frs_pipeline.printed.model import PrintedTable, PrintedTables
from frs_pipeline.study.claims import (
    FOLDER,
    PLACEHOLDER,
    WORDS,
    Cells,
    Claim,
    ClaimWords,
    Condition,
    Quantity,
    ReportChapter,
    Testable,
    Value,
)
from frs_pipeline.study.faults import Fault, choices
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID

# What is wrong with a value, and what to do.
OfValue = Callable[[Value], Iterator[tuple[str, str]]]
_ONE_QUESTION = ("frequency", "distribution")


@dataclass(frozen=True)
class Chapter:
    """A chapter of the report as read: by the name of its file, with its claims and the line on which each begins."""

    name: str
    about: ReportChapter
    claims: tuple[Claim, ...]
    lines: Mapping[str, int]

    @property
    def file(self) -> str:
        return f"{FOLDER}/{self.name}.yaml"


@dataclass(frozen=True)
class Claims:
    """All claims of a printed report, by chapters in its order, and the words that they are tested by."""

    chapters: tuple[Chapter, ...] = ()
    words: ClaimWords = field(default_factory=ClaimWords)

    @property
    def by_id(self) -> dict[str, Claim]:
        return {claim.id: claim for chapter in self.chapters for claim in chapter.claims}


class ClaimsFile(ReportChapter):
    """Claims about anybody's tables: a chapter that brings the words it is tested by."""

    place: int = 1
    quantities: dict[str, Quantity] = Field(default_factory=dict)
    reasons: dict[str, Text] = Field(default_factory=dict)


def read_chapter(
    file: YamlFile, about: ReportChapter, seen: dict[str, str], faults: Callable[[Claim], Iterator[Fault]]
) -> Chapter:
    """Read the claims of one chapter; `seen` are the ids read so far, with the files in which they stand.

    Raises `InputError` with file and line for every claim in which `faults` finds any.
    """
    wrong = Gathered()
    found: dict[str, tuple[Claim, int]] = {}
    for index in file.items(["claims"]):
        at: list[str | int] = ["claims", index]
        with wrong:
            claim: Claim = file.parse_at(at, Claim)
            for fault in faults(claim):
                with wrong:
                    raise file.error([*at, *fault.at], f"claim {claim.id}: {fault.what}", fault.do)
            if claim.id in seen:
                do = "give one of them another id, or list it under repeats"
                raise file.error([*at, "id"], f"claim {claim.id} stands twice, also in {seen[claim.id]}", do)
            seen[claim.id] = file.path.name
            found[claim.id] = claim, file.line(at)
    wrong.check()
    lines = {name: line for name, (_, line) in found.items()}
    return Chapter(file.path.stem, about, tuple(claim for claim, _ in found.values()), lines)


def check_repeats(file: YamlFile, chapter: Chapter, seen: Mapping[str, str]) -> None:
    """Raise `InputError` for every repetition of a claim that there isn't."""
    wrong = Gathered()
    for index, repeat in enumerate(chapter.about.repeats):
        with wrong:
            if repeat.claim not in seen:
                at: list[str | int] = ["repeats", index, "claim"]
                raise file.error(at, f"no claim is called {repeat.claim}", choices(list(seen), repeat.claim))
    wrong.check()


def claim_faults(claim: Claim, words: ClaimWords, of_value: OfValue, source: str = WORDS) -> Iterator[Fault]:
    """Yield what is wrong with a claim; `of_value` knows what its values may speak of, `source` is where `words` stand."""
    if bool(claim.holds) == bool(claim.untested):
        yield Fault((), "needs a condition, or the reason why it isn't tested", "write holds or untested, not both")
    if claim.untested and claim.untested not in words.reasons:
        yield Fault(("untested",), f"{source} has no reason {claim.untested}", choices(list(words.reasons), claim.untested))
    for key in ("says", "instead", "counted", "because"):
        yield from word_faults((key,), getattr(claim, key), [*claim.values, *claim.said])
    yield from condition_faults(claim, words, source)
    yield from value_faults(claim.values, words, of_value, source)


def word_faults(at: tuple[str | int, ...], text: Text | None, known: Sequence[str]) -> Iterator[Fault]:
    """Yield the numbers in words that no value of these is."""
    for language in ("danish", "english") if text else ():
        for name in PLACEHOLDER.findall(getattr(text, language)):
            if name not in known:
                yield Fault((*at, language), f"no value is called {name}", choices(known, name))


def condition_faults(testable: Testable, words: ClaimWords, source: str = WORDS) -> Iterator[Fault]:
    """Yield what is wrong with the conditions of a sentence."""
    for index, condition in enumerate(testable.holds):
        for what, do in _of_condition(condition, testable.values, words, source):
            yield Fault(("holds", index), what, do)


def value_faults(values: Mapping[str, Value], words: ClaimWords, of_value: OfValue, source: str = WORDS) -> Iterator[Fault]:
    """Yield what is wrong with the values of a sentence."""
    before: list[str] = []
    for name, value in values.items():
        for what, do in (*_of_form(value, before, values, words, source), *of_value(value)):
            yield Fault(("values", name), f"{name}: {what}", do)
        before.append(name)


def _of_condition(condition: Condition, values: Mapping[str, Value], words: ClaimWords, source: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a condition, and what to do."""
    for name in (condition.value, *condition.others):
        if name not in values:
            number = name != condition.value and any(letter.isdigit() for letter in name)
            do = "write it with digits and a decimal point, without quotes" if number else choices(list(values), name)
            yield f"no value is called {name}", do
    if condition.empty:
        yield f"the condition on {condition.value} says nothing that could fail", "write at_least, at_most, above or below"
    if condition.word is not None and condition.word not in words.quantities:
        yield f"{source} has no quantity {condition.word}", choices(list(words.quantities), condition.word)
    value = values.get(condition.value, Value())
    if (condition.strength or condition.significant is not None) and not (value.gamma or value.pair):
        yield f"{condition.value} has no strength: it isn't a gamma", "write at_least or at_most"
    yield from _of_certainty(condition, values)
    to_said = condition.as_said_within is not None or (condition.about is not None and condition.about.of is None)
    if to_said and value.said is None:
        yield f"{condition.value} needs said, which it is held against", "add said to the value"


def _of_certainty(condition: Condition, values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield why nothing can be certain of what a condition is about, and what to do."""
    if condition.certain is None or condition.value not in values:
        return
    if condition.outranked:
        others = (condition.value, *(name for name in condition.outranked if name in values))
        if not comparable(*(values[name] for name in others)):
            what = f"the rank of {condition.value} can't be certain: only shares, or gammas of one table, are compared"
            yield what, "take certain out"
    elif not _has_interval(condition.value, values) or values[condition.value].share_of_forms:
        do = "say it of points, of a gamma, or with greatest_of or least_of"
        yield f"{condition.value} can't be certain: it is neither a difference nor a gamma", do


def _has_interval(name: str, values: Mapping[str, Value]) -> bool:
    points = values[name].points
    if points and {points.of, points.less} - values.keys():
        return True  # a fault of its own
    return estimated(values[name], values) is not None


def _of_form(
    value: Value, before: Sequence[str], values: Mapping[str, Value], words: ClaimWords, source: str
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a value by itself, and what to do; `before` are the values above it."""
    if len(value.kinds) != 1:
        yield f"needs one of {', '.join(name for name in Value.model_fields if name != 'said')}", "leave one of them"
    elif not set(value.others) <= set(before):
        yield "is made from values that don't stand above it", choices(list(before))
    elif (value.low or value.high) and not _has_interval(value.low or value.high or "", values):
        yield "is the end of an interval that there can't be", "name a share, points of two shares, or a gamma"
    for one in value.kept or ():
        yield from _of_condition(one, values, words, source)
    for cells in cells_of(value):
        if len(set(cells.answers)) < len(cells.answers) or len(set(cells.rows)) < len(cells.rows):
            yield "counts an answer twice", "name it once"


def cells_of(value: Value) -> tuple[Cells, ...]:
    """List the cells of tables that a value is counted in."""
    return tuple(filter(None, (value.share, value.count, *(value.leads.shares if value.leads else ()))))


def read_claims_about(path: Path, tables: PrintedTables) -> Claims:
    """Read claims about printed tables, from a file or all files of a folder.

    Verbal quantities and reasons may stand in a file of claims itself, or in a words.yaml beside it or in the folder above.
    Raises `InputError` with file and line for whatever the tables don't have.
    """
    common, folder = Path(WORDS).name, path if path.is_dir() else path.parent
    paths = [one for one in sorted(path.glob("*.yaml")) if one.name != common] if path.is_dir() else [path]
    words = _words(paths, folder)
    wrong, chapters, seen = Gathered(), list[tuple[YamlFile, Chapter]](), dict[str, str]()
    for one in paths:
        with wrong:
            file, source = YamlFile(one), f"{one.name} or {common}"
            about = file.parse(ClaimsFile)

            def faults(claim: Claim, source: str = source) -> Iterator[Fault]:
                return claim_faults(claim, words, lambda value: _of_tables(value, tables), source)

            chapters.append((file, read_chapter(file, about, seen, faults)))
    wrong.check()
    for file, chapter in chapters:
        with wrong:
            check_repeats(file, chapter, seen)
    wrong.check()
    if not seen:
        raise InputError("holds no claim", where=path, do="frs audit --template shows how one is written")
    ordered = sorted((chapter for _, chapter in chapters), key=lambda chapter: (chapter.about.place, chapter.name))
    return Claims(tuple(ordered), words)


def _words(paths: Sequence[Path], folder: Path) -> ClaimWords:
    """Read the verbal quantities and reasons of files of claims, and of the words.yaml of their folder or the one above."""
    quantities, reasons = dict[str, Quantity](), dict[str, Text]()
    common = next((one for near in (folder, folder.parent) if (one := near / Path(WORDS).name).is_file()), None)
    wrong = Gathered()
    for path in [*([common] if common else []), *paths]:
        with wrong:
            file = YamlFile(path)
            read = file.parse(ClaimWords) if path == common else file.parse(ClaimsFile)
            quantities |= read.quantities
            reasons |= read.reasons
    wrong.check()
    return ClaimWords(quantities=quantities, reasons=reasons)


def _of_tables(value: Value, tables: PrintedTables) -> Iterator[tuple[str, str]]:
    """Yield tables and labels that a value speaks of and that aren't there."""
    numbers = [str(number) for number in tables.tables]
    for cells in cells_of(value):
        table = tables.tables.get(cells.table)
        if table is None:
            yield f"there is no table {cells.table}", choices(numbers)
        else:
            yield from _of_cells(cells, table, value.leads.row if value.leads else None)
    if value.correlation is not None:
        correlation, table = value.correlation, tables.tables.get(value.correlation.table)
        if table is None:
            yield f"there is no table {correlation.table}", choices(numbers)
        elif table.text(measure="gamma" if value.gamma else "p", group=correlation.group) is None:
            groups = list(dict.fromkeys(address.group for address in table.figures if address.measure == "gamma"))
            what = f" for {correlation.group}" if correlation.group else ""
            yield (
                f"{table.name.english} prints no {'gamma' if value.gamma else 'p'}{what}",
                choices(filter(None, groups), correlation.group) if any(groups) else "name a table with a correlation",
            )


def _of_cells(cells: Cells, table: PrintedTable, leading: str | None) -> Iterator[tuple[str, str]]:
    """Yield the labels that a table doesn't have."""
    if table.kind.startswith("correlation"):
        if cells.answers:
            yield f"{table.name.english} is a correlation, which has no answers", "name a table of counts"
        return
    totals = (TOTAL, TOTAL_VALID, MISSING)
    if table.kind in _ONE_QUESTION:
        if cells.row != TOTAL or leading is not None:
            yield f"names a row, and {table.name.english} has only answers", "take row out"
        rows: tuple[str, ...] = ()
        answers: tuple[str, ...] = (*table.rows.labels, *totals)
    else:
        rows, answers = table.rows.labels, (*(table.columns.labels if table.columns else ()), TOTAL)
    for name in cells.answers:
        if name not in answers:
            yield f"{table.name.english} has no answer {name}", choices(answers, name)
    for name in (*cells.rows, *([leading] if leading is not None else ())):
        if rows and name not in (*rows, TOTAL):
            yield f"{table.name.english} has no row {name}", choices(rows, name)
