"""Every word that the public edition may say: the study's own, and those of its templates."""

from __future__ import annotations

import html
import re
from functools import cached_property

from frs_pipeline.language import LANGUAGES, Text, date_text
from frs_pipeline.release.files import DANISH, FIGURES
from frs_pipeline.report.layout import layout, texts_of
from frs_pipeline.report.public import words
from frs_pipeline.report.public.edition import HERE, Edition
from frs_pipeline.report.public.facts import EXAMPLES
from frs_pipeline.study.about import about
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.questionnaires import questionnaires

DIGIT = re.compile(r"\d")
_TABLE = re.compile(r"\b[Tt](?:abel|able)\s(\d+)\b")
_NUMBERS = re.compile(r"\d[\d.,]*\d|\d")


class Vocabulary:
    """The words of one edition."""

    def __init__(self, edition: Edition) -> None:
        self._edition, self._study = edition, edition.study
        released = edition.released
        self._tables = {*released.tables, *(one.table.number for one in released.withheld)}
        self._figures: dict[int, set[str]] = {}

    @cached_property
    def own(self) -> set[str]:
        """Everything that the study says on the pages: titles, questions, answers, names."""
        said: list[Text] = [about(self._study).title, words.EXPLAINED, words.ABOUT]
        for chapter in chapters(self._study):
            said += [chapter.title, chapter.short]
        said += [one.called for one in questionnaires(self._study).values()]
        released = self._edition.released
        said += [*released.titles.values(), *(one.title for one in released.withheld)]
        for table in released.tables.values():
            said += self._of_table(table.number)
        texts = {" ".join(text.in_language(language).split()) for text in said for language in LANGUAGES}
        return texts | {FIGURES, DANISH}

    def _of_table(self, number: int) -> list[Text]:
        table = self._edition.released.tables[number]
        texts = texts_of(self._study, table)
        grid = layout(table, set(self._edition.released.of(number)), texts)
        said = [*texts.values(), *grid.header, self._edition.questions(table), self._edition.asked(table)]
        said += [text for text in (grid.corner, grid.over) if text is not None]
        for block in grid.blocks:
            said += [block.label, *(line.measure for line in block.lines if line.measure is not None)]
        for axis in (table.row, table.column, table.group):
            said += [one.says for one in axis.categories] if axis else []
        return said

    def figures_in(self, number: int) -> set[str]:
        """Return the numbers that stand in the words about a table, as in an age group, and those around its figure in a file."""
        if number not in self._figures:
            day = date_text(self._edition.released.delivery)
            texts = [*self._of_table(number), self._edition.released.titles[number], day, *words.NOTES]
            said = [text.in_language(language) for text in texts for language in LANGUAGES]
            self._figures[number] = {str(number), *(token for text in said for token in _NUMBERS.findall(text))}
        return self._figures[number]

    @cached_property
    def _templates(self) -> str:
        """What stands in the templates and among the sentences about marks, as one text."""
        sources = [html.unescape(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.html"))]
        notes = [text.in_language(language) for text in words.NOTES for language in LANGUAGES]
        marks = [text.in_language(language) for text in (*words.MARKS.values(), *words.SPOKEN.values()) for language in LANGUAGES]
        return "\n".join([" ".join(source.split()) for source in sources] + [" ".join(one.split()) for one in (*notes, *marks)])

    @cached_property
    def _sources(self) -> str:
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.html")))

    def in_templates(self, value: str) -> bool:
        """Return whether the templates have an attribute with this value."""
        return f'"{value}"' in self._sources

    @cached_property
    def _notes(self) -> set[str]:
        return {" ".join(text.in_language(language).split()) for text in words.NOTES for language in LANGUAGES}

    def is_ours(self, text: str) -> bool:
        """Return whether a text stands in the templates, but for numbers of tables, the study's name and the date."""
        plain = " ".join(text.split())
        if plain in self._notes or plain in self.own or plain in self._framed or plain == "0":
            return True
        found = _TABLE.search(plain)
        if found and int(found[1]) in self._tables and _TABLE.sub("", plain).strip(" .()") == "":
            return True
        return not DIGIT.search(plain) and plain in self._templates

    @cached_property
    def _framed(self) -> set[str]:
        """What the head and the foot of a page say of the delivery and of the study."""
        facts, of = about(self._study), words.of_delivery(self._edition.released.delivery)
        days = {of.danish, of.english}
        cited = {f"Offentlig udgave, {one}, tabellens nummer." for one in days}
        cited |= {f"Public edition, {one}, number of the table." for one in days}
        titles = {facts.title.danish, facts.title.english}
        named = [facts.title, words.EXPLAINED, words.ABOUT, *(chapter.title for chapter in chapters(self._study))]
        heads = [text.in_language(language) for text in named for language in LANGUAGES]
        return days | cited | {f"{head} · {title}" for head in heads for title in titles} | {f"{title}," for title in titles}

    def is_fact(self, name: str, text: str) -> bool:
        """Return whether a text is the number of the release that goes by a name."""
        facts = self._edition.facts
        return name in facts.numbers and text in (facts.text(name).danish, facts.text(name).english)

    def examples(self, name: str) -> tuple[str, ...]:
        return EXAMPLES.get(name, ())
