"""The public edition of the report as files: pages, figures, tables and the search, made of a release's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from frs_pipeline.language import CODES, LANGUAGES, Text
from frs_pipeline.release.files import DANISH, FIGURES, HIDDEN, LEFT_OUT, NOT_COMPUTABLE
from frs_pipeline.report.drawing.bars import ByGroup
from frs_pipeline.report.drawing.distribution import Distribution
from frs_pipeline.report.drawing.figures import Drawn, Figure, drawn
from frs_pipeline.report.drawing.file import Caption
from frs_pipeline.report.drawing.forest import Forest
from frs_pipeline.report.drawing.squares import Crosstab
from frs_pipeline.report.drawing.svg import PATTERNS
from frs_pipeline.report.layout import Layout, layout, texts_of
from frs_pipeline.report.public import words
from frs_pipeline.report.public.drawings import Drawings
from frs_pipeline.report.public.facts import EXAMPLES, Facts, facts_of
from frs_pipeline.report.public.released import Released, Tell, read, whole
from frs_pipeline.report.statics import stylesheet
from frs_pipeline.report.typography import anchor, css_string
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, quotes
from frs_pipeline.study.chapters import Chapter, chapters
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import TOTAL, TOTAL_VALID, Address, Table
from frs_pipeline.templates import templates_in

HERE = Path(__file__).parent / "templates"
# Names that no chapter can have: those are letters alone.
INDEX, PROTECTION, ABOUT = "index.html", "hidden-numbers.html", "about-the-data.html"
STYLES, OWN_STYLES, SCRIPT, SEARCH = "report.css", "public.css", "public.js", "search-index.js"
SEARCH_BEGINS = "const PUBLIC_INDEX = "


@dataclass(frozen=True)
class Cell:
    """A cell of a table: the number as it is written, or a mark and what is said of it."""

    address: Address
    text: Text
    spoken: Text | None


@dataclass(frozen=True)
class Shown:
    """A table as a page shows it: its figure, if it has one, and what is said below it."""

    table: Table
    title: Text
    subtitle: Text
    asked: Text
    grid: Layout
    cells: Mapping[Address, Cell]
    drawn: Drawn | None
    below: Sequence[Text]
    marks: Sequence[tuple[Text, Text]]
    base: Text | None
    files: Mapping[str, Mapping[str, str]]


class Edition:
    """The public edition of a release."""

    def __init__(self, released: Released, files: Mapping[str, bytes], *, examined: int, made_up: bool) -> None:
        self.released, self._files, self._made_up = released, files, made_up
        self.study = released.study
        self._drawings = Drawings(released)
        self.facts: Facts = facts_of(released, examined)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that the edition is in."""
        return tuple(CODES[language] for language in LANGUAGES if language in about(self.study).languages)

    @cached_property
    def pages(self) -> list[tuple[Chapter, list[int]]]:
        """The chapters with released tables, each with these."""
        every = [(one, [n for n in one.tables if n in self.released.tables]) for one in chapters(self.study)]
        return [(chapter, numbers) for chapter, numbers in every if numbers]

    @cached_property
    def figures(self) -> dict[int, Figure]:
        """The figures of the tables that have one."""
        made = {number: self._drawings.figure(table) for number, table in self.released.tables.items()}
        return {number: figure for number, figure in made.items() if figure is not None}

    @cached_property
    def drawn(self) -> dict[int, Drawn]:
        """The drawings of the figures."""
        return {number: drawn(figure) for number, figure in self.figures.items()}

    def build(self) -> dict[str, bytes]:
        """Make all files, by name."""
        made = {
            INDEX: self._rendered("index.html", page=INDEX, bases=list(self._bases())),
            PROTECTION: self._rendered("hidden-numbers.html", page=PROTECTION, examples=EXAMPLES),
            ABOUT: self._rendered("about-the-data.html", page=ABOUT, questionnaires=self._questionnaires()),
            SEARCH: self._search(),
            **self.fixed(),
        }
        for chapter, numbers in self.pages:
            shown = [self._shown(self.released.tables[number]) for number in numbers]
            made[chapter.file] = self._rendered("chapter.html", page=chapter.file, chapter=chapter, shown_tables=shown)
        for number in self.released.tables:
            made |= self._taken_along(number)
        return made

    def fixed(self) -> dict[str, bytes]:
        """Make the files that don't depend on any number: styles, with what stands at the foot of paper, and the script."""
        feet = {code: css_string(foot) for code, foot in self._feet().items()}
        first, *others = self.languages if about(self.study).language == "danish" else reversed(self.languages)
        foot = f":root {{ --foot: {feet[first]}; }}\n"
        foot += "".join(f'html[data-language="{code}"] {{ --foot: {feet[code]}; }}\n' for code in others)
        return {
            STYLES: stylesheet().encode(),
            OWN_STYLES: (HERE / OWN_STYLES).read_bytes() + foot.encode(),
            SCRIPT: (HERE / SCRIPT).read_bytes(),
        }

    def _feet(self) -> dict[str, str]:
        title, of = about(self.study).title, words.of_delivery(self.released.delivery)
        return {
            "da": f"{title.danish} · offentlig udgave · {of.danish}",
            "en": f"{title.english} · public edition · {of.english}",
        }

    @cached_property
    def _templates(self) -> Any:
        environment = templates_in(HERE)
        facts = about(self.study)
        environment.filters |= {"anchor": anchor}
        environment.globals |= {
            "language": facts.language,
            "code": CODES[facts.language],
            "both_languages": len(facts.languages) > 1,
            "study": facts,
            "delivery": self.released.delivery,
            "of_delivery": words.of_delivery(self.released.delivery),
            "released": self.released,
            "facts": self.facts,
            "pages": self.pages,
            "made_up": self._made_up,
            "names": {
                "index": INDEX,
                "protection": PROTECTION,
                "about": ABOUT,
                "called": {"explained": words.EXPLAINED, "about": words.ABOUT},
            },
            "patterns": PATTERNS,
            "release_files": [name for name in (FIGURES, DANISH) if name in self._files],
            "withheld": sorted(self.released.withheld, key=lambda one: one.table.number),
        }
        return environment

    def _rendered(self, template: str, **shown: Any) -> bytes:
        page: str = self._templates.get_template(template).render(**shown)
        return page.encode()

    def _bases(self) -> Iterator[tuple[Text, int, str]]:
        """Yield the questionnaires of which a table prints how many forms there are, with that number and where it stands."""
        of_table = {number: chapter.file for chapter, numbers in self.pages for number in numbers}
        for mart, asked in questionnaires(self.study).items():
            for number, table in self.released.tables.items():
                all_of_it = table.occasion == BOTH or asked.occasion != BOTH
                if table.kind != "frequency" or table.marts != (mart,) or table.where or table.answered or not all_of_it:
                    continue
                if self.released.count(whole(number, TOTAL)) is not None and number in of_table:
                    yield asked.called, number, of_table[number]
                    break

    def _questionnaires(self) -> list[tuple[Text, int]]:
        """List what the released tables are about, with the number of tables."""
        marts = [mart for table in self.released.tables.values() for mart in table.marts]
        return [(asked.called, marts.count(mart)) for mart, asked in questionnaires(self.study).items() if mart in marts]

    def _shown(self, table: Table) -> Shown:
        numbers = self.released.of(table.number)
        grid = layout(table, set(numbers), texts_of(self.study, table))
        drawing = self.drawn.get(table.number)
        return Shown(
            table,
            self.released.titles[table.number],
            self.subtitle(table),
            self.asked(table),
            grid,
            {address: self._cell(table, address) for address in numbers},
            drawing,
            list(self._below(table)),
            list(self._marks(table)),
            self._base(table),
            self._names(table.number),
        )

    def _cell(self, table: Table, address: Address) -> Cell:
        number = self.released.numbers[address]
        if number.value is None:
            return Cell(address, words.MARKS[number.status], words.SPOKEN[number.status])
        return Cell(address, words.number_of(number, address, table), None)

    def _told(self, table: Table) -> list[Text]:
        """List the questions of a table but the one that says who answered."""
        texts = texts_of(self.study, table)
        return [text for name, text in texts.items() if name != about(self.study).role] or list(texts.values())

    def subtitle(self, table: Table) -> Text:
        """Return the questions of a table where its title doesn't say them already."""
        title, questions = self.released.titles[table.number], self.questions(table)
        said = []
        for language in LANGUAGES:
            words_of = (text.in_language(language) for text in self._told(table))
            again = all(text in title.in_language(language) for text in words_of)
            said.append("" if again else questions.in_language(language))
        return Text(*said)

    def questions(self, table: Table) -> Text:
        """Quote the questions of a table."""
        told = [quotes(self.study, text) for text in self._told(table)]
        return Text(" · ".join(one.danish for one in told), " · ".join(one.english for one in told))

    def asked(self, table: Table) -> Text:
        called = [questionnaires(self.study)[mart].called for mart in table.marts]
        return Text(" + ".join(one.danish for one in called), " + ".join(one.english for one in called))

    def _below(self, table: Table) -> Iterator[Text]:
        """Yield what a reader has to know of a figure: what is hatched, merged, rounded."""
        figure = self.figures.get(table.number)
        match figure:
            case ByGroup():
                if any(row.hidden is not None for row in figure.rows):
                    yield words.HATCHED
                if any(not row.told for row in figure.rows):
                    yield words.FEW_FORMS
            case Distribution():
                if any(row.hidden for row in figure.rows):
                    yield words.WORD_HIDDEN
                if table.kind == "multiple":
                    yield words.ANSWERS
            case Crosstab():
                if any(cell.hidden for row in figure.cells for cell in row):
                    yield words.CELLS_HATCHED
            case Forest():
                yield words.DOTS
        if table.number in self.released.merging:
            yield words.MERGED

    def _marks(self, table: Table) -> Iterator[tuple[Text, Text]]:
        """Yield the marks of a table, each with what it means."""
        numbers = self.released.of(table.number)
        present = {number.status for number in numbers.values()}
        yield from (
            (words.MARKS[status], words.WHY[status]) for status in (HIDDEN, LEFT_OUT, NOT_COMPUTABLE) if status in present
        )
        counted = (number for address, number in numbers.items() if address.measure == "count" and number.value is not None)
        if any(number.value == 0 for number in counted):
            yield Text("0", "0"), words.ZERO

    def _base(self, table: Table) -> Text | None:
        """Return how many answers a table counts, where it prints that."""
        rows = {"frequency": (TOTAL_VALID,), "distribution": (TOTAL,), "multiple": (TOTAL_VALID,)}
        labels = rows.get(table.kind, (TOTAL, TOTAL))
        if table.tells_of_groups or (table.kind == "multiple" and table.group is not None):
            return None
        address = whole(table.number, *labels)
        number = self.released.numbers.get(address)
        return None if number is None or number.value is None else words.number_of(number, address, table)

    def _names(self, number: int) -> dict[str, dict[str, str]]:
        """Return the files that a reader may take along, by kind and language."""
        figures = {code: f"figures/figur-{number}.{code}.svg" for code in self.languages} if number in self.figures else {}
        sources = {code: name for code, name in (("da", DANISH), ("en", FIGURES)) if name in self._files}
        return {"svg": figures, "csv": {code: f"tables/tabel-{number}.{code}.csv" for code in sources}}

    def _taken_along(self, number: int) -> dict[str, bytes]:
        """Make the files of one table: its figure in each language, and its lines of the released files."""
        names, made = self._names(number), {}
        caption = self.captions(self.released.tables[number])[self._made_up]
        for language in LANGUAGES:
            code = CODES[language]
            if code in names["svg"]:
                picture = self.drawn[number].file(caption, language, stylesheet())
                made[names["svg"][code]] = picture.encode()
        for code, name in names["csv"].items():
            made[name] = lines_of(self._files[DANISH if code == "da" else FIGURES], number)
        return made

    def captions(self, table: Table) -> tuple[Caption, Caption]:
        """Return what stands around a figure in its file: of forms that people filled in, and of made-up ones."""
        facts, of = about(self.study), words.of_delivery(self.released.delivery)
        source = Text(
            f"{facts.title.danish}, {of.danish}, offentlig udgave, tabel {table.number}.",
            f"{facts.title.english}, {of.english}, public edition, table {table.number}.",
        )
        made_up = Text("Opdigtede skemaer: Ingen har udfyldt dem.", "Made-up forms: nobody filled them in.")
        below = (*self._below(table), source)
        plain = Caption(self.released.titles[table.number], self.questions(table), below)
        return plain, replace(plain, warning=made_up)

    def _search(self) -> bytes:
        """Make the index of the search: every table with its page, title, questions and answers in both languages."""
        of_table = {number: chapter.file for chapter, numbers in self.pages for number in numbers}
        rows = []
        for number, table in self.released.tables.items():
            axes = [axis for axis in (table.row, table.column, table.group) if axis]
            told = [*texts_of(self.study, table).values(), *(one.says for axis in axes for one in axis.categories)]
            each = list(dict.fromkeys((text.danish, text.english) for text in told))
            title = self.released.titles[number]
            rows.append([of_table[number], number, [title.danish, title.english], each])
        return f"{SEARCH_BEGINS}{json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n".encode()


def lines_of(content: bytes, number: int) -> bytes:
    """Return the lines of a released file that are about one table, below its head."""
    head, *lines = content.splitlines(keepends=True)
    begins = (f"{number},".encode(), f"{number};".encode())
    return head + b"".join(line for line in lines if line.startswith(begins))


def edition(study: Study, files: Mapping[str, bytes], *, examined: int, made_up: bool, tell: Tell = lambda _: {}) -> Edition:
    """Return the public edition of the release that consists of `files`; `examined` is how many numbers were attacked.

    `tell` finds titles among what the released numbers tell.
    """
    return Edition(read(study, files, tell), files, examined=examined, made_up=made_up)
