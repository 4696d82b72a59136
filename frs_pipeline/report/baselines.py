"""Read the earlier studies of a report, refuse what isn't there to be compared with, and reckon the sums that it prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.report.claims import claims
from frs_pipeline.stats.printing import parse
from frs_pipeline.study import Study, derived
from frs_pipeline.study.baselines import FILE, Baseline, BaselinesSpec, Cell, DataSet, Quoted, Source, Sum
from frs_pipeline.study.claims import FOLDER, Cells, Value, bare
from frs_pipeline.study.faults import Fault, choices
from frs_pipeline.study.printed import printed_count
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import Address, Table, catalogue

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class Baselines:
    """Sources by name, their figures, data sets with their columns, and sums, in the order of the file."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    baselines: tuple[Baseline, ...] = ()
    columns: Mapping[str, Text] = field(default_factory=dict)
    series: tuple[DataSet, ...] = ()
    sums: tuple[Sum, ...] = ()


@dataclass(frozen=True)
class Part:
    """A part of a sum: what it is, its number (None where the report prints none), the table it stands in, if in one."""

    name: Text
    number: int | None
    table: int | None = None


@dataclass(frozen=True)
class Reckoned:
    """A sum as reckoned: what the report prints, its parts, and what these come to where all are printed.

    `adds_up` is None where that can't be told. Where a part isn't printed, `left` is what the others leave for it.
    """

    sum: Sum
    of: DataSet
    printed: Quoted
    parts: tuple[Part, ...]

    @property
    def said(self) -> int:
        return _whole(self.printed.said)

    @property
    def known(self) -> int:
        return sum(part.number or 0 for part in self.parts)

    @property
    def total(self) -> int | None:
        return None if self._lacks else self.known

    @property
    def left(self) -> int | None:
        return self.said - self.known if self._lacks else None

    @property
    def off(self) -> int:
        """By how much the printed parts exceed the printed sum."""
        return self.known - self.said

    @property
    def adds_up(self) -> bool | None:
        if self._lacks:
            return False if self.known >= self.said else None
        return True if self.off == 0 else None if self.sum.loose else False

    @property
    def _lacks(self) -> bool:
        return any(part.number is None for part in self.parts)


@derived
def baselines(study: Study) -> Baselines:
    """Return the earlier studies of the study's report; none where it has no such file."""
    return read_baselines(study, study.folder)


def baselines_of(study: Study, claim: str) -> tuple[Baseline, ...]:
    """Return the figures of earlier studies that a claim may be compared with."""
    return tuple(one for one in baselines(study).baselines if claim in one.claims)


def with_sources(study: Study, claim: str) -> list[tuple[Baseline, Source]]:
    """Return the same with the publications that they are from."""
    return [(one, baselines(study).sources[one.source]) for one in baselines_of(study, claim)]


def baselines_for_table(study: Study, number: int) -> tuple[Baseline, ...]:
    """Return the figures of earlier studies that a table may be compared with: by its own shares, or as it asks the question."""
    table = catalogue(study).get(number)
    return tuple(one for one in baselines(study).baselines if table is not None and _concerns(study, one, table))


def _concerns(study: Study, one: Baseline, table: Table) -> bool:
    if any(share.table == table.number for share in one.here):
        return True
    papers = questionnaires(study)
    roles = {paper.role.name for name in table.marts if (paper := papers[name]).role}
    asked = {axis.variable for axis in (table.row, table.column) if axis} - roles
    # A table of two questions is about how they go together, not about either.
    alone = len(asked) == 1 and table.kind in ("frequency", "distribution", "crosstab")
    return alone and any(of.mart in table.marts and of.question in asked for of in one.questions)


def sums(study: Study) -> tuple[Reckoned, ...]:
    """Reckon the sums that the report prints, from its own numbers."""
    known = baselines(study)
    sets = {one.id: one for one in known.series}
    return tuple(
        Reckoned(one, sets[one.sum.set], _quoted(sets, one.sum)[0], tuple(_parts(study, one, known.columns, sets)))
        for one in known.sums
    )


def _parts(study: Study, one: Sum, columns: Mapping[str, Text], sets: Mapping[str, DataSet]) -> Iterator[Part]:
    for part in one.parts:
        if part.cell is not None:
            quoted, column, of = _quoted(sets, part.cell), columns[part.cell.column], sets[part.cell.set]
            name = Text(f"{column.danish}, {of.name.danish}", f"{column.english}, {of.name.english}")
            yield Part(name, _whole(quoted[0].said) if quoted else None)
        elif part.count is not None:
            counts = [printed_count(study, address) for address in _counts(study, part.count)]
            table, labels = part.count.table, _labels(part.count)
            number = None if None in counts else sum(count or 0 for count in counts)
            yield Part(Text(f"tabel {table}{labels}", f"table {table}{labels}"), number, table)


def _labels(cells: Cells) -> str:
    return "".join(f", {answer}" for answer in cells.answers)


def _counts(study: Study, cells: Cells) -> tuple[Address, ...]:
    table = catalogue(study).get(cells.table)
    return cells.counts(table.kind if table else "crosstab")


def _quoted(sets: Mapping[str, DataSet], cell: Cell) -> tuple[Quoted, ...]:
    """Return what is printed in a cell; several where it doesn't say which of them."""
    known = sets[cell.set].quoted(cell.column)
    return tuple(one for one in known if cell.said in (None, one.said))


def _whole(printed: str) -> int:
    return int(parse(bare(printed)))


def read_baselines(study: Study, folder: Path) -> Baselines:
    """Read a study's file; raises `InputError` with file and line for whatever doesn't exist."""
    if not (folder / FILE).exists():
        return Baselines()
    file, wrong = YamlFile(folder / FILE), Gathered()
    columns = file.parse(BaselinesSpec).columns
    sources: dict[str, Source] = {}
    for key in file.entries(["sources"]):
        at: list[str | int] = ["sources", key]
        with wrong:
            source: Source = file.parse_at(at, Source)
            sources[key] = source
            if source.listed == (source.reference is None):
                do = "add reference, or write listed: false" if source.listed else "take out listed, or the reference"
                raise file.error(at, f"{key} needs either a reference or listed: false", do)
    found = tuple(_each(file, "baselines", Baseline, wrong, lambda one: _of_baseline(study, one, sources)))
    series = tuple(_each(file, "series", DataSet, wrong, lambda one: _of_set(one, columns)))
    sets = {one.id: one for one in series}
    reckoned = tuple(_each(file, "sums", Sum, wrong, lambda one: _of_sum(study, one, columns, sets)))
    wrong.check()
    return Baselines(sources, found, columns, series, reckoned)


def _each(file: YamlFile, key: str, kind: type[S], wrong: Gathered, faults: Any) -> Iterator[S]:
    """Parse the entries of a list, each of which has an id; yield the sound ones and gather what is wrong with others."""
    seen: set[str] = set()
    for index in file.items([key]):
        at: list[str | int] = [key, index]
        with wrong:
            one: Any = file.parse_at(at, kind)
            for fault in faults(one):
                with wrong:
                    raise file.error([*at, *fault.at], f"{one.id}: {fault.what}", fault.do)
            if one.id in seen:
                raise file.error([*at, "id"], f"{one.id} stands twice", "give one of them another id")
            seen.add(one.id)
            yield one


def _of_baseline(study: Study, one: Baseline, sources: Iterable[str]) -> Iterator[Fault]:
    """Yield what is wrong with a figure of an earlier study."""
    if one.source not in sources:
        yield Fault(("source",), f"no source is called {one.source}", choices(sources, one.source))
    if (one.value is None) == (one.word is None):
        yield Fault((), "needs a value, or the word that the report prints", "write value or word, not both")
    if one.comparable == (one.not_comparable is not None):
        do = "write here, claims or questions, or not_comparable with the reason"
        yield Fault((), "needs what it may be compared with, or why with nothing", do)
    stated = claims(study).by_id
    for index, claim in enumerate(one.claims):
        if claim not in stated:
            near = get_close_matches(claim, stated, 1)
            do = choices(near, claim) if near else f"{FOLDER} has them"
            yield Fault(("claims", index), f"no claim is called {claim}", do)
    papers = questionnaires(study)
    for index, asked in enumerate(one.questions):
        if asked.mart not in papers:
            do = choices(papers, asked.mart)
            yield Fault(("questions", index, "mart"), f"there is no questionnaire {asked.mart}", do)
        elif papers[asked.mart].question(asked.question) is None:
            do = choices((question.name for question in papers[asked.mart].questions), asked.question)
            what = f"questionnaire {asked.mart} has no question {asked.question}"
            yield Fault(("questions", index, "question"), what, do)
    kinds = {number: table.kind for number, table in catalogue(study).items()}
    for index, share in enumerate(one.here):
        yield from _of_figures(study, ("here", index), Value(share=share).addresses(kinds))


def _of_figures(study: Study, at: tuple[str | int, ...], addresses: Iterable[Address]) -> Iterator[Fault]:
    """Yield figures that no table of the study has."""
    for address in addresses:
        if address.table not in catalogue(study):
            yield Fault((*at, "table"), f"there is no table {address.table}", "tables.yaml lists them")
            return
        if address not in meanings(study):
            figure = " · ".join(part for part in address[1:] if part)
            yield Fault(at, f"table {address.table} has no figure {figure}", f"frs tables {address.table} prints it")


def _of_set(one: DataSet, columns: Iterable[str]) -> Iterator[Fault]:
    """Yield columns that a data set lacks, or that none are."""
    for column in one.printed:
        if column not in columns:
            yield Fault(("printed", column), f"no column is called {column}", choices(columns, column))
    for column in columns:
        if column not in one.printed:
            yield Fault(("printed",), f"says nothing of {column}", f"add {column}: …, or {column}: null where nothing is printed")


def _of_sum(study: Study, one: Sum, columns: Iterable[str], sets: Mapping[str, DataSet]) -> Iterator[Fault]:
    """Yield what is wrong with a sum."""
    yield from _of_cell(("sum",), one.sum, columns, sets, printed=True)
    for index, part in enumerate(one.parts):
        at = ("parts", index)
        if (part.cell is None) == (part.count is None):
            yield Fault(at, "a part is a cell of a data set or a count of a table", "write cell or count, not both")
        elif part.cell is not None:
            yield from _of_cell((*at, "cell"), part.cell, columns, sets, printed=False)
        elif part.count is not None:
            yield from _of_figures(study, (*at, "count"), _counts(study, part.count))


def _of_cell(
    at: tuple[str | int, ...], cell: Cell, columns: Iterable[str], sets: Mapping[str, DataSet], *, printed: bool
) -> Iterator[Fault]:
    """Yield what is wrong with a cell; one that is a sum has to be `printed`."""
    if cell.set not in sets:
        yield Fault((*at, "set"), f"no data set is called {cell.set}", choices(sets, cell.set))
        return
    if cell.column not in columns:
        yield Fault((*at, "column"), f"no column is called {cell.column}", choices(columns, cell.column))
        return
    known, meant = sets[cell.set].quoted(cell.column), _quoted(sets, cell)
    said = [one.said for one in known]
    if len(meant) > 1:
        yield Fault(at, f"the report prints {cell.column} of {cell.set} in several ways", f"add said: {choices(said)}")
    elif not meant and cell.said is not None:
        yield Fault((*at, "said"), f"the report doesn't print {cell.said} there", choices(said, cell.said))
    elif not meant and printed:
        yield Fault(at, f"the report prints no {cell.column} of {cell.set}", "take the sum out, or add what it prints")
