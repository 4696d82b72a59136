"""The page of an audit of anybody's tables: one file for an author, in both languages, that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.language import CODES, LANGUAGES, Language, Text
from frs_pipeline.printed.audited import Audited
from frs_pipeline.printed.model import WEIGHTS, Contradiction, PrintedTable
from frs_pipeline.printed.notation import in_points
from frs_pipeline.report.audit import WEIGHT_WORDS
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address
from frs_pipeline.templates import templates_in

HERE = Path(__file__).parent / "templates"
TEMPLATE = "tables_page.html"
_TOTALS = {
    TOTAL: Text("I alt", "Total"),
    TOTAL_VALID: Text("Besvarede i alt", "Total valid"),
    MISSING: Text("Ubesvarede", "Missing"),
}
_MEASURES = {
    "count": Text("antal", "count"),
    "percent": Text("procent", "per cent"),
    "valid_percent": Text("procent af besvarede", "valid per cent"),
    "cumulative_percent": Text("kumuleret procent", "cumulative per cent"),
    "row_percent": Text("% af rækken", "% of row"),
    "column_percent": Text("% af kolonnen", "% of column"),
    "total_percent": Text("% af alle", "% of total"),
    "gamma": Text("gamma", "gamma"),
    "ase": Text("ASE", "ASE"),
    "t": Text("T", "T"),
    "p": Text("p", "p"),
    "n": Text("N", "N"),
    "partial_gamma": Text("partiel gamma", "partial gamma"),
}
# Figures that a finding quotes one by one; of more, its sentence names those that matter.
_MOST_QUOTED = 8


@dataclass(frozen=True)
class Cell:
    """A printed figure on the page: what is printed, and how it is marked: wrong, concerned, or not at all."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table on the page: its label, the measure where a table prints several, and its cells."""

    label: Text
    measure: Text | None
    cells: tuple[Cell, ...]
    total: bool


@dataclass(frozen=True)
class Shown:
    """A table on the page as it was printed, with the figures marked that contradictions are about."""

    number: int
    name: Text
    title: str
    header: tuple[Text, ...]
    rows: tuple[Row, ...]
    measured: bool


def tables_page(done: Audited) -> bytes:
    """Make the page as UTF-8, the same bytes for the same tables and claims."""
    first: Language = "english" if done.read.points else "danish"
    content = (
        templates_in(HERE)
        .get_template(TEMPLATE)
        .render(
            done=done,
            tables=done.read.tables.tables,
            by_weight={weight: [one for one in done.found if one.weight == weight] for weight in WEIGHTS},
            weights=WEIGHT_WORDS,
            shown=list(_shown(done)),
            languages=[first, *(language for language in LANGUAGES if language != first)],
            codes=CODES,
            quoted=lambda one: _quoted(done, one),
            as_printed=lambda text, one: _as_printed(done, text, one),
            sentence=lambda text, one: _sentence(_as_printed(done, text, one)),
            concerned=len({number for one in done.found for number in one.tables}),
        )
    )
    return content.encode()


def _as_printed(done: Audited, text: str, one: Contradiction) -> str:
    """Write numbers as the tables of a finding do."""
    return in_points(text) if done.read.points.issuperset(one.tables) else text


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


def _quoted(done: Audited, one: Contradiction) -> list[tuple[Text, str]]:
    """List the figures that a finding is about, the wrong ones first, with the place of each; none where they are many."""
    addresses = list(dict.fromkeys((*one.gives_way, *one.figures)))
    if len(addresses) > _MOST_QUOTED:
        addresses = list(one.gives_way)[:_MOST_QUOTED]
    several = len(one.tables) > 1
    return [(_place(done, address, named=several), done.printed(address)) for address in addresses]


def _place(done: Audited, address: Address, *, named: bool) -> Text:
    """Say where in its table a figure stands."""
    parts = [done.read.tables.tables[address.table].name] if named else []
    parts += [label_of(part) for part in (address.group, address.row, address.column) if part]
    if address.measure != "count" or not parts:
        parts.append(_MEASURES.get(address.measure, Text(address.measure, address.measure)))
    return Text(" · ".join(part.danish for part in parts), " · ".join(part.english for part in parts))


def label_of(label: str) -> Text:
    """Return the words for a label; a total has its own in each language."""
    return _TOTALS.get(label, Text(label, label))


def _shown(done: Audited) -> Iterator[Shown]:
    """Lay out the tables that contradictions are about."""
    wrong = {address for one in done.found for address in one.gives_way}
    concerned = {address for one in done.found for address in one.figures}
    for number, table in done.read.tables.tables.items():
        if any(number in one.tables for one in done.found):

            def cell(address: Address) -> Cell:
                mark = "wrong" if address in wrong else "concerned" if address in concerned else ""
                return Cell(done.printed(address), mark)

            yield _laid_out(table, done.read.titles[number], {address: cell(address) for address in table.figures})


def _laid_out(table: PrintedTable, title: str, cells: Mapping[Address, Cell]) -> Shown:
    measures = [name for name in _MEASURES if any(address.measure == name for address in cells)]
    if table.kind in ("frequency", "distribution") or table.kind.startswith("correlation"):
        header = tuple(_MEASURES[name] for name in measures)
        axis = "group" if table.kind.startswith("correlation") else "row"
        labels = _ordered(getattr(address, axis) for address in cells)
        rows = [
            _row(
                label_of(label) if label else Text("alle", "all"),
                None,
                [cells.get(Address(table.number, *_at(axis, label), name)) for name in measures],
                label,
            )
            for label in labels
        ]
        return Shown(table.number, table.name, title, header, tuple(rows), measured=False)
    columns = _ordered(address.column for address in cells)
    rows = []
    for label in _ordered(address.row for address in cells):
        own = [name for name in measures if any((a.row, a.measure) == (label, name) for a in cells)]
        for name in own:
            line = [cells.get(Address(table.number, label, column, "", name)) for column in columns]
            rows.append(_row(label_of(label) if name == own[0] else Text("", ""), _MEASURES[name], line, label))
    return Shown(table.number, table.name, title, tuple(map(label_of, columns)), tuple(rows), measured=True)


def _at(axis: str, label: str) -> tuple[str, str, str]:
    return (label, "", "") if axis == "row" else ("", "", label)


def _ordered(labels: Iterable[str]) -> list[str]:
    """Return labels in printed order, totals last."""
    found = dict.fromkeys(labels)
    return [
        *(label for label in found if label not in _TOTALS),
        *(label for label in (TOTAL_VALID, MISSING, TOTAL) if label in found),
    ]


def _row(label: Text, measure: Text | None, cells: Sequence[Cell | None], name: str) -> Row:
    return Row(label, measure, tuple(cell or Cell("") for cell in cells), name in _TOTALS)
