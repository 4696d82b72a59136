"""Every file of the other formats, by its name: what is in it, and what writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from frs_pipeline.language import Text
from frs_pipeline.report.formats.package import DESCRIPTOR, Resource, descriptor, write_csv
from frs_pipeline.report.formats.spss import write_sav
from frs_pipeline.report.formats.workbook import workbook
from frs_pipeline.report.layout import layout, texts_of
from frs_pipeline.store.files import Store, read, rows_in, schema_of, stream, unwritable
from frs_pipeline.store.plan import AssetPath, every_mart
from frs_pipeline.study.about import about, said
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure, from_table
from frs_pipeline.tables.render import caption

FILES = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False, metadata={"text": "file in the folder formats/"}),
        pa.field("of", pa.string(), nullable=False, metadata={"text": "what it holds"}),
        pa.field("rows", pa.int64(), metadata={"text": "rows of the table; null for a file of many tables"}),
        pa.field("written", pa.bool_(), nullable=False, metadata={"text": "false for a mart that is too large for the format"}),
    ]
)
WORKBOOK = Text("tabeller.xlsx", "tables.xlsx")
# The most forms of an SPSS file, which is made in memory; nobody would open a larger one.
MOST_FORMS_OF_A_SAV = 1_000_000
STATISTICS = {
    "figures": ("Every figure of every table", ()),
    "intervals": ("What is known of the uncertainty of each figure that is an estimate, and of differences", ()),
    "compare": ("Recomputed against printed, figure by figure", ()),
    "bases": ("The base of each table: its forms, those left out by reason, those counted", ()),
    "associations": ("Gamma of all pairs of ordinal questions, with intervals", ()),
    "estimates": ("Shares, gammas and changes that the report tells beside its tables, with their intervals", ()),
    "bounds": ("Worst and best case of every figure, had nobody left a question blank", ()),
    "forms": ("Forms by who filled them in, and when", ()),
    "unit_nonresponse": ("Unit non-response: whose forms are missing", ("occasion", "measure")),
    "item_nonresponse": ("Questions left blank", ("instrument", "question")),
    "keying": ("How often questions were keyed wrongly, from forms that were keyed twice", ("instrument", "question")),
    "keying_of_tables": ("How often the fields of each table were keyed wrongly, from forms that were keyed twice", ("table",)),
    "coding": ("How far those agree who coded texts", ("instrument", "question", "code")),
}


@dataclass(frozen=True)
class File:
    """One file: its row in `FILES`, and what writes it to a path; None when it isn't written."""

    name: str
    of: str
    rows: int | None
    write: Callable[[Path], None] | None


def files(store: Store) -> list[File]:
    """List CSV twins of marts and statistics with their data package, one SPSS file per mart, and a workbook of tables."""
    marts = {key[1]: key for key in every_mart(store.study)}
    resources: list[tuple[Resource, AssetPath]] = []
    for name, key in marts.items():
        title = (
            questionnaires(store.study)[name].title
            if name in instruments(store.study)
            else f"{about(store.study).conference.many.capitalised().english}: what was held, and how many forms came in"
        )
        schema = schema_of(store.file(*key))
        resources.append((Resource(name, title, schema, (schema.names[0],)), key))
    for name, (title, unique) in ((name, of) for name, of in STATISTICS.items() if ("statistics", name) in store.products):
        resources.append((Resource(name, title, schema_of(store.file("statistics", name)), unique), ("statistics", name)))
    listed = [
        File(resource.path, resource.title, rows_in(store.file(*key)), partial(_write_csv, store, key))
        for resource, key in resources
    ]
    described = descriptor(about(store.study).title.english, store.delivery, [resource for resource, _ in resources])
    listed.append(File(DESCRIPTOR, "What the CSV files hold", None, partial(_write_bytes, described)))
    for name, key in marts.items():
        rows = rows_in(store.file(*key))
        write = partial(_write_sav, store, key) if rows <= MOST_FORMS_OF_A_SAV else None
        listed.append(File(f"{name}.sav", "The same for SPSS", rows, write))
    listed.append(File(said(store.study, WORKBOOK), "All tables, a sheet a chapter", None, partial(_write_workbook, store)))
    return listed


def as_rows(listed: list[File]) -> pa.Table:
    """Return the files as rows of `FILES`."""
    rows = [{"file": f.name, "of": f.of, "rows": f.rows, "written": f.write is not None} for f in listed]
    return pa.Table.from_pylist(rows, schema=FILES)


def write(_: None, place: tuple[File, Path]) -> None:
    """Write a file to a path. Raises `FrsError` in one line when there is no room for it."""
    file, path = place
    assert file.write is not None
    try:
        file.write(path)
    except OSError as error:
        raise unwritable(error, path.parent, "make room; the last good file stays") from error


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _write_csv(store: Store, key: AssetPath, path: Path) -> None:
    rows = store.file(*key)
    with path.open("wb") as file:
        write_csv(stream(rows), schema_of(rows), file)


def _write_sav(store: Store, key: AssetPath, path: Path) -> None:
    write_sav(store.study, read(store.file(*key)), key[-1], path)


def _write_workbook(store: Store, path: Path) -> None:
    path.write_bytes(_workbook(store))


def _workbook(store: Store) -> bytes:
    figures: dict[Address, Figure] = {f.address: f for f in from_table(read(store.file("statistics", "figures")))}
    layouts = {
        number: (
            caption(store.study, table),
            layout(table, {address for address in figures if address.table == number}, texts_of(store.study, table)),
        )
        for number, table in catalogue(store.study).items()
    }
    title = said(store.study, about(store.study).title)
    words = said(store.study, Text("tabeller, leverance", "tables, delivery"))
    return workbook(f"{title}: {words} {store.delivery}", chapters(store.study), layouts, figures, about(store.study).language)
