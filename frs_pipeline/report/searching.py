"""What the search of the pages finds: pages, tables, questions, answers, claims and sentences, each with where it leads.

The index is a script of its own, which a page asks for when somebody begins to search. Numbers aren't in it: they are in
`figures.js`, which all pages have. Words are searched in all languages of the study and shown in the reader's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.report.findings import Sentence, Tested
from frs_pipeline.report.layout import texts_of
from frs_pipeline.report.packs import as_script, packed
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, quotes
from frs_pipeline.study.chapters import Chapter, chapters
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.tables import Table, catalogue

Kind = Literal["sentence", "page", "table", "question", "answer", "claim"]
# In the order in which a list of results shows them.
KINDS: tuple[Kind, ...] = ("sentence", "page", "table", "question", "answer", "claim")
_NOTHING = Text("", "")


@dataclass(frozen=True)
class Entry:
    """One thing that can be found: what it is called, what else is searched, where it leads, and the number of a table.

    `more` stands below the name, `besides` is searched only.
    """

    kind: Kind
    name: Text
    href: str
    more: Text = _NOTHING
    besides: tuple[Text, ...] = ()
    table: int | None = None


def entries(
    study: Study,
    titles: Mapping[int, Text],
    findings: Iterable[Tested] = (),
    told: Iterable[tuple[str, Text]] = (),
) -> list[Entry]:
    """List what a reader may search for, by kinds and then in the order of the pages.

    `titles` are those of tables, `findings` the claims of the printed report, `told` the sentences of the first page with
    their anchors there.
    """
    pages = {number: chapter for chapter in chapters(study) for number in chapter.tables}
    found = [Entry("sentence", says, f"index.html#{name}" if name else "index.html") for name, says in told]
    found += [Entry("page", chapter.title, chapter.file, chapter.intro, (chapter.short,)) for chapter in chapters(study)]
    found += _tables(study, titles, pages)
    found += _questions(study, pages)
    found += _answers(study, pages)
    audit = next((chapter for chapter in chapters(study) if chapter.shows == "audit"), None)
    return found if audit is None else [*found, *_claims(findings, audit)]


def _place(number: int, pages: Mapping[int, Chapter]) -> str:
    return f"{pages[number].file}#tabel-{number}"


def _tables(study: Study, titles: Mapping[int, Text], pages: Mapping[int, Chapter]) -> Iterator[Entry]:
    for number, table in catalogue(study).items():
        if number in pages:
            asked = tuple(texts_of(study, table).values())
            yield Entry("table", titles[number], _place(number, pages), besides=asked, table=number)


def _questions(study: Study, pages: Mapping[int, Chapter]) -> Iterator[Entry]:
    """Yield every question with the first table that shows it; one that no table shows, with the page of the non-response."""
    blank = next((chapter.file for chapter in chapters(study) if chapter.shows == "nonresponse"), None)
    shown: dict[tuple[str, str], int] = {}
    for number, table in catalogue(study).items():
        for mart in table.marts:
            for name in table.variables:
                shown.setdefault((mart, name), number)
    for mart, paper in questionnaires(study).items():
        seen = set[Text]()
        for question in paper.questions:
            at, asks = shown.get((mart, question.name)), question.asks
            href = blank if at is None or at not in pages else _place(at, pages)
            if href and asks not in seen:
                yield Entry("question", asks, href, paper.called, table=at)
            seen.add(asks)


def _answers(study: Study, pages: Mapping[int, Chapter]) -> Iterator[Entry]:
    """Yield every answer with each question that it is an answer to, and the first table that shows both."""
    seen = set[tuple[Text, Text]]()
    for number, table in catalogue(study).items():
        if number not in pages:
            continue
        for question, says in _said(study, table):
            if (question.asks, says) not in seen:
                seen.add((question.asks, says))
                yield Entry("answer", says, _place(number, pages), quotes(study, question.asks), table=number)


def _said(study: Study, table: Table) -> Iterator[tuple[Question, Text]]:
    paper = questionnaires(study).get(table.marts[0])
    for axis in (table.row, table.column, table.group):
        question = paper.question(axis.variable) if paper and axis else None
        if question and axis and not axis.boxes and axis.numbers is None:
            yield from ((question, category.says) for category in axis.categories)


def _claims(findings: Iterable[Tested], audit: Chapter) -> Iterator[Entry]:
    for tested in findings:
        where = tested.chapter.about.title if tested.chapter else _NOTHING
        phrase = (Text(tested.claim.phrase, tested.claim.phrase),) if tested.claim.phrase else ()
        yield Entry("claim", plain(tested.says), f"{audit.file}#{tested.claim.id}", where, phrase)


def plain(said: Sentence) -> Text:
    """Return a sentence as text."""
    return Text(Sentence.plain(said.danish), Sentence.plain(said.english))


def search_script(found: Sequence[Entry], languages: Sequence[Language]) -> bytes:
    """Pack what can be found, each text once: kind, name, what stands below, what is searched besides, file, anchor, table.

    A text is a pair where the study has two languages and they differ, else the one there is.
    """
    texts: dict[str | tuple[str, ...], int] = {}
    files: dict[str, int] = {}

    def place(text: Text) -> int:
        return texts.setdefault(packed(text, languages), len(texts))

    listed = []
    for one in found:
        file, _, anchor = one.href.partition("#")
        besides = [place(text) for text in one.besides if text != one.name]
        at = files.setdefault(file, len(files))
        listed.append([KINDS.index(one.kind), place(one.name), place(one.more), besides, at, anchor, one.table or 0])
    return as_script("search", {"t": list(texts), "p": list(files), "e": listed})


def search(study: Study, titles: Mapping[int, Text], findings: Iterable[Tested], told: Iterable[tuple[str, Text]] = ()) -> bytes:
    """Return the index of a study's pages as a script."""
    return search_script(entries(study, titles, findings, told), [one for one in LANGUAGES if one in about(study).languages])
