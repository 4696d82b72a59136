"""Read the claims of the printed report, and refuse what no table, question or word of the study can be meant by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.printed.claim_files import Chapter, Claims, cells_of, check_repeats, claim_faults, read_chapter
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import occasions
from frs_pipeline.study.claims import FOLDER, WORDS, Asked, Claim, ClaimWords, Pair, ReportChapter, Value
from frs_pipeline.study.faults import Fault, choices
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.nonresponse import measures


@derived
def claims(study: Study) -> Claims:
    """Return the claims of the study's printed report; none where it has no such folder."""
    return read_claims(study, study.folder)


@derived
def makes_claims(study: Study) -> bool:
    """Return whether the study has claims of a printed report, without reading them."""
    return any((study.folder / FOLDER).glob("*.yaml"))


def words_of(study: Study) -> ClaimWords:
    """Return what verbal quantities are tested as, and why claims can't be tested; nothing where the study has no such file."""
    return _words(study.folder)


def _words(folder: Path) -> ClaimWords:
    return YamlFile(folder / WORDS).parse(ClaimWords) if (folder / WORDS).exists() else ClaimWords()


def read_claims(study: Study, folder: Path) -> Claims:
    """Read all chapters in a study's folder; raises `InputError` with file and line for whatever doesn't exist."""
    words = _words(folder)
    wrong, read, seen = Gathered(), list[tuple[YamlFile, Chapter]](), dict[str, str]()
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        with wrong:
            file = YamlFile(path)
            read.append((file, _chapter(study, file, words, seen)))
    wrong.check()
    for file, chapter in read:
        with wrong:
            check_repeats(file, chapter, seen)
    wrong.check()
    chapters = (chapter for _, chapter in read)
    return Claims(tuple(sorted(chapters, key=lambda chapter: (chapter.about.place, chapter.name))), words)


def _chapter(study: Study, file: YamlFile, words: ClaimWords, seen: dict[str, str]) -> Chapter:
    """Read one chapter; `seen` are the ids read so far, with the files in which they stand."""
    wrong = Gathered()
    about, chapter = ReportChapter(place=0, title=Text("", "")), None
    with wrong:
        about = file.parse(ReportChapter)
    with wrong:
        chapter = read_chapter(file, about, seen, lambda claim: _faults(study, claim, words))
    wrong.check()
    assert chapter is not None, "what couldn't be read was raised"
    return chapter


def _faults(study: Study, claim: Claim, words: ClaimWords) -> Iterator[Fault]:
    """Yield what is wrong with a claim."""
    yield from claim_faults(claim, words, lambda value: of_value(study, value))
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


def of_value(study: Study, value: Value) -> Iterator[tuple[str, str]]:
    """Yield what a value speaks of that the study doesn't have, and what to do."""
    tables = catalogue(study)
    for cells in cells_of(value):
        if cells.row != TOTAL and cells.table in tables and tables[cells.table].kind in ("frequency", "distribution"):
            yield f"names a row, and table {cells.table} has only answers", "take row out"
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
