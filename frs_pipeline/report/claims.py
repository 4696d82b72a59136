"""Read the claims of the printed report, and refuse what no table, question or word of the study can be meant by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import occasions
from frs_pipeline.study.claims import (
    FOLDER,
    PLACEHOLDER,
    WORDS,
    Asked,
    Claim,
    ClaimWords,
    Condition,
    Pair,
    ReportChapter,
    Value,
)
from frs_pipeline.study.faults import Fault, choices
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.nonresponse import measures


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

    def chapter_of(self, claim: str) -> Chapter:
        return next(chapter for chapter in self.chapters if claim in chapter.lines)


@derived
def claims(study: Study) -> Claims:
    """Return the claims of the study's printed report; none where it has no such folder."""
    return read_claims(study, study.folder)


def read_claims(study: Study, folder: Path) -> Claims:
    """Read all chapters in a study's folder; raises `InputError` with file and line for whatever doesn't exist."""
    paths = sorted((folder / FOLDER).glob("*.yaml"))
    words = YamlFile(folder / WORDS).parse(ClaimWords) if (folder / WORDS).exists() else ClaimWords()
    wrong, read, seen = Gathered(), [], dict[str, str]()
    for path in paths:
        with wrong:
            read.append(_chapter(study, path, words, seen))
    wrong.check()
    for chapter in read:
        file = YamlFile(folder / chapter.file)
        for index, repeat in enumerate(chapter.about.repeats):
            if repeat.claim not in seen:
                with wrong:
                    at: list[str | int] = ["repeats", index, "claim"]
                    raise file.error(at, f"no claim is called {repeat.claim}", choices(list(seen), repeat.claim))
    wrong.check()
    return Claims(tuple(sorted(read, key=lambda chapter: (chapter.about.place, chapter.name))), words)


def _chapter(study: Study, path: Path, words: ClaimWords, seen: dict[str, str]) -> Chapter:
    """Read one chapter; `seen` are the ids read so far, with the files in which they stand."""
    file, wrong = YamlFile(path), Gathered()
    with wrong:
        about: ReportChapter = file.parse(ReportChapter)
    found: dict[str, tuple[Claim, int]] = {}
    for index in file.items(["claims"]):
        at: list[str | int] = ["claims", index]
        with wrong:
            claim: Claim = file.parse_at(at, Claim)
            for fault in _faults(study, claim, words):
                with wrong:
                    raise file.error([*at, *fault.at], f"claim {claim.id}: {fault.what}", fault.do)
            if claim.id in seen:
                do = "give one of them another id, or list it under repeats"
                raise file.error([*at, "id"], f"claim {claim.id} stands twice, also in {seen[claim.id]}", do)
            seen[claim.id] = path.name
            found[claim.id] = claim, file.line(at)
    wrong.check()
    lines = {name: line for name, (_, line) in found.items()}
    return Chapter(path.stem, about, tuple(claim for claim, _ in found.values()), lines)


def _faults(study: Study, claim: Claim, words: ClaimWords) -> Iterator[Fault]:
    """Yield what is wrong with a claim."""
    if bool(claim.holds) == bool(claim.untested):
        yield Fault((), "needs a condition, or the reason why it isn't tested", "write holds or untested, not both")
    if claim.untested and claim.untested not in words.reasons:
        yield Fault(("untested",), f"{WORDS} has no reason {claim.untested}", choices(list(words.reasons), claim.untested))
    known = [*claim.values, *claim.said]
    for key in ("says", "instead", "counted", "because"):
        text: Text | None = getattr(claim, key)
        for language in ("danish", "english") if text else ():
            for name in PLACEHOLDER.findall(getattr(text, language)):
                if name not in known:
                    yield Fault((key, language), f"no value is called {name}", choices(known, name))
    for index, condition in enumerate(claim.holds):
        for what, do in _of_condition(condition, claim.values, words):
            yield Fault(("holds", index), what, do)
    before: list[str] = []
    for name, value in claim.values.items():
        for what, do in _of_value(study, value, before, claim.values, words):
            yield Fault(("values", name), f"{name}: {what}", do)
        before.append(name)
    yield from _of_subject(study, claim)


def _of_subject(study: Study, claim: Claim) -> Iterator[Fault]:
    """Yield questionnaires and questions that a claim speaks of and the study doesn't have."""
    papers = questionnaires(study)
    for name in claim.of.forms:
        if name not in papers:
            yield Fault(("of", "forms"), f"there is no questionnaire {name}", choices(list(papers), name))
    asked = [question.name for name in claim.of.forms or papers if name in papers for question in papers[name].questions]
    for name in claim.of.questions:
        if name not in asked:
            yield Fault(("of", "questions"), f"these questionnaires have no question {name}", choices(asked, name))
    if claim.of.role is not None:
        roles = [role for paper in papers.values() if paper.role for role in paper.role.labels.values()]
        if claim.of.role not in roles:
            yield Fault(("of", "role"), f"no role is called {claim.of.role}", choices(list(dict.fromkeys(roles)), claim.of.role))


def _of_condition(condition: Condition, values: Mapping[str, Value], words: ClaimWords) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a condition, and what to do."""
    for name in (condition.value, *condition.others):
        if name not in values:
            number = name != condition.value and any(letter.isdigit() for letter in name)
            do = "write it with digits and a decimal point, without quotes" if number else choices(list(values), name)
            yield f"no value is called {name}", do
    if condition.empty:
        yield f"the condition on {condition.value} says nothing that could fail", "write at_least, at_most, above or below"
    if condition.word is not None and condition.word not in words.quantities:
        yield f"{WORDS} has no quantity {condition.word}", choices(list(words.quantities), condition.word)
    value = values.get(condition.value, Value())
    if (condition.strength or condition.significant is not None) and not (value.gamma or value.pair):
        yield f"{condition.value} has no strength: it isn't a gamma", "write at_least or at_most"
    to_said = condition.as_said_within is not None or (condition.about is not None and condition.about.of is None)
    if to_said and value.said is None:
        yield f"{condition.value} needs said, which it is held against", "add said to the value"


def _of_value(
    study: Study, value: Value, before: Sequence[str], values: Mapping[str, Value], words: ClaimWords
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a value, and what to do; `before` are the values above it."""
    tables = catalogue(study)
    if len(value.kinds) != 1:
        yield f"needs one of {', '.join(name for name in Value.model_fields if name != 'said')}", "leave one of them"
    elif not set(value.others) <= set(before):
        yield "is made from values that don't stand above it", choices(list(before))
    for one in value.kept or ():
        yield from _of_condition(one, values, words)
    for share in filter(None, (value.share, value.count, *(value.leads.shares if value.leads else ()))):
        if len(set(share.answers)) < len(share.answers) or len(set(share.rows)) < len(share.rows):
            yield "counts an answer twice", "name it once"
        elif share.row != TOTAL and share.table in tables and tables[share.table].kind in ("frequency", "distribution"):
            yield f"names a row, and table {share.table} has only answers", "take row out"
    if value.lacking and value.lacking.measure not in measures(study):
        measure = value.lacking.measure
        yield f"nothing of the unit non-response is called {measure}", choices(measures(study), measure)
    for address in addresses_of(study, value):
        if address.table not in tables:
            yield f"there is no table {address.table}", "tables.yaml lists them"
        elif address not in meanings(study):
            figure = " · ".join(part for part in address[1:] if part)
            yield f"table {address.table} has no figure {figure}", f"frs tables {address.table} prints it"
    if value.pair:
        yield from _of_forms(study, value.pair, (value.pair.row, value.pair.column))
    if value.asked:
        yield from _of_forms(study, value.asked, (value.asked.question, *value.asked.among))


def addresses_of(study: Study, value: Value) -> tuple[Address, ...]:
    """List the figures of the study's tables that a value is made from. Leading rows are named by the value itself."""
    kinds = {number: table.kind for number, table in catalogue(study).items()}
    found = value.addresses(kinds)
    if value.leads is None:
        return found
    row = value.leads.row
    return tuple(address._replace(row=row) if address.row == TOTAL else address for address in found)


def _of_forms(study: Study, value: Pair | Asked, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield what a value that is counted in forms asks of them that they don't have, in the questions it names."""
    papers = questionnaires(study)
    if value.mart not in papers:
        yield f"there is no questionnaire {value.mart}", choices(list(papers), value.mart)
        return
    paper = papers[value.mart]
    if isinstance(value, Asked) and value.question in value.among:
        yield f"counts {value.question} among forms by its own answers", "take it out of among"
    for name in names:
        question = paper.question(name)
        if question is None:
            known = [one.name for one in paper.questions]
            yield f"questionnaire {value.mart} has no question {name}", choices(known, name)
        elif isinstance(value, Pair) and question.type != "ordinal":
            yield f"the answers to {name} have no order, which gamma needs", "name a question with a scale"
        elif isinstance(value, Asked):
            yield from _of_answers(question, value.answers if name == value.question else value.among[name])
    if value.occasion not in (*occasions(study), BOTH):
        yield f"there is no occasion {value.occasion}", choices([*occasions(study), BOTH], value.occasion)
    if value.group is not None and (paper.role is None or paper.role.code(value.group) is None):
        known = list(paper.role.labels.values()) if paper.role else []
        yield f"questionnaire {value.mart} has no role {value.group}", choices(known, value.group)


def _of_answers(question: Question, answers: Sequence[str]) -> Iterator[tuple[str, str]]:
    for answer in answers:
        if answer not in question.labels.values():
            yield f"{question.name} has no answer {answer}", choices(list(question.labels.values()), answer)
