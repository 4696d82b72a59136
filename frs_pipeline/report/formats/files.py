"""Every file of the other formats, by its name: what is in it, and what writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from frs_pipeline.report.formats.package import DESCRIPTOR, Resource, descriptor, write_csv
from frs_pipeline.report.formats.spss import sav
from frs_pipeline.report.formats.workbook import workbook
from frs_pipeline.report.layout import layout, texts_of
from frs_pipeline.store.files import Store, read, rows_in, schema_of, stream
from frs_pipeline.store.plan import AssetPath
from frs_pipeline.study.about import about
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure, from_table
from frs_pipeline.tables.render import heading

FILES = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False, metadata={"text": "file in the folder formats/"}),
        pa.field("of", pa.string(), nullable=False, metadata={"text": "what it holds"}),
        pa.field("rows", pa.int64(), metadata={"text": "rows of the table; null for a file of many tables"}),
        pa.field("written", pa.bool_(), nullable=False, metadata={"text": "false for a mart that is too large for the format"}),
    ]
)
WORKBOOK = "tabeller.xlsx"
# The most forms of an SPSS file, which is made in memory; nobody would open a larger one.
MOST_FORMS_OF_A_SAV = 1_000_000
STATISTICS = {
    "figures": ("Every figure of every table", ()),
    "compare": ("Recomputed against printed, figure by figure", ()),
    "bases": ("The base of each table: its forms, those left out by reason, those counted", ()),
    "unit_nonresponse": ("Unit non-response: whose forms are missing", ("occasion", "measure")),
    "item_nonresponse": ("Questions left blank", ("instrument", "question")),
}


@dataclass(frozen=True)
class File:
    """One file: its row in `FILES`, and its content or the function that writes it; None when it isn't written."""

    name: str
    of: str
    rows: int | None
    content: bytes | Callable[[IO[bytes]], None] | None


def files(store: Store) -> list[File]:
    """Make CSV twins of marts and statistics with their data package, one SPSS file per mart, and a workbook of tables."""
    marts = {name: ("marts", name) for name in (*instruments(store.study), "conference")}
    resources: list[tuple[Resource, AssetPath]] = []
    for name, key in marts.items():
        title = (
            questionnaires(store.study)[name].title
            if name in instruments(store.study)
            else f"{about(store.study).conference.many.capitalised().english}: what was held, and how many forms came in"
        )
        schema = schema_of(_path(store, key))
        resources.append((Resource(name, title, schema, (schema.names[0],)), key))
    for name, (title, unique) in STATISTICS.items():
        resources.append((Resource(name, title, schema_of(_path(store, ("statistics", name))), unique), ("statistics", name)))
    listed = [File(resource.path, resource.title, rows_in(_path(store, key)), _csv(store, key)) for resource, key in resources]
    listed.append(
        File(
            DESCRIPTOR,
            "What the CSV files hold",
            None,
            descriptor(about(store.study).title.english, store.delivery, [r for r, _ in resources]),
        )
    )
    for name, key in marts.items():
        rows = rows_in(_path(store, key))
        content = sav(store.study, read(_path(store, key)), name, store.waiting()) if rows <= MOST_FORMS_OF_A_SAV else None
        listed.append(File(f"{name}.sav", "The same for SPSS", rows, content))
    listed.append(File(WORKBOOK, "All tables, a sheet a chapter", None, _workbook(store)))
    return listed


def as_rows(listed: list[File]) -> pa.Table:
    """Return the files as rows of `FILES`."""
    rows = [{"file": f.name, "of": f.of, "rows": f.rows, "written": f.content is not None} for f in listed]
    return pa.Table.from_pylist(rows, schema=FILES)


def _path(store: Store, key: AssetPath) -> Path:
    return store.file(*key)


def _csv(store: Store, key: AssetPath) -> Callable[[IO[bytes]], None]:
    """Return a function that writes the rows of a product to an open file, some at a time."""
    path = _path(store, key)
    return lambda file: write_csv(stream(path), schema_of(path), file)


def _workbook(store: Store) -> bytes:
    figures: dict[Address, Figure] = {f.address: f for f in from_table(read(_path(store, ("statistics", "figures"))))}
    layouts = {
        number: (
            f"Tabel {number}. {heading(store.study, table)}",
            layout(table, {address for address in figures if address.table == number}, texts_of(store.study, table)),
        )
        for number, table in catalogue(store.study).items()
    }
    return workbook(
        f"{about(store.study).title.danish}: tabeller, levering {store.delivery}", chapters(store.study), layouts, figures
    )
