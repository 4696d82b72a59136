"""Where the forms of several deliveries are that are counted as one: in the marts of each, and every form once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import CheckFailed
from frs_pipeline.language import plural
from frs_pipeline.store.files import CONTENT, MartFile, Store, read, recorded
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.study.about import about
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import column

PARTS = pa.schema(
    [
        column("delivery", pa.string(), "delivery whose mart holds the forms", nullable=False),
        column("forms", pa.int64(), "number of forms in that mart", nullable=False),
        column(
            "again", pa.int64(), "of these, forms that a newer of the deliveries has again, as which they count", nullable=False
        ),
        column("content", pa.string(), "hash of the mart's rows", nullable=False),
    ]
)


# Ids of forms, and pseudonyms of conferences, that were withdrawn from a delivery.
Withdrawn = tuple[Collection[str], Collection[str]]


def where_forms_are(store: Store, mart: str, withdrawn: Mapping[str, Withdrawn]) -> pa.Table:
    """List the deliveries of a whole with how many forms of a mart each has, and has that a newer one has again (`PARTS`).

    Raises `CheckFailed` where study.yaml refuses a form that two deliveries have; where the form is from another conference
    in each, so that nobody can tell whether it is the same; and where a newer delivery has it and doesn't count it, since it
    was set aside or is among what was `withdrawn` from that delivery.
    """
    engine = duckdb.connect(config=ENGINE)
    parts = store.parts()
    files = [MartFile(part.delivery, part.file("marts", mart)) for part in parts]
    rows = []
    for at, file in enumerate(files, start=1):
        gone = sum(_gone(file.path, part, mart, withdrawn[part.delivery]) for part in parts[at:])
        if gone:
            theirs = f"{plural(gone, 'form')} of {mart} that {file.delivery} has: set aside or withdrawn"
            what = f"a newer delivery doesn't count {theirs}"
            do = f"correct them there, or withdraw them from {file.delivery}, too; or leave one of the deliveries out"
            raise CheckFailed(what, where=store.delivery, do=do)
        forms, again, elsewhere = _again(engine, file.path, [newer.path for newer in files[at:]])
        if again and about(store.study).together.same_form == "refuse":
            what = f"a newer delivery has {plural(again, 'form')} of {mart} that {file.delivery} has, too"
            do = "leave one of them out; or, if they are to count once, say together: {same_form: once} in study.yaml"
            raise CheckFailed(what, where=store.delivery, do=do)
        if elsewhere:
            theirs = f"a newer delivery has {plural(elsewhere, 'form')} of {mart}"
            what = f"{theirs} from another conference than {file.delivery} has by the same id"
            do = "nobody can tell whether they are the same forms: leave one of the deliveries out"
            raise CheckFailed(what, where=store.delivery, do=do)
        rows.append((file.delivery, forms, again, recorded(file.path, CONTENT) or ""))
    return pa.Table.from_pylist([dict(zip(PARTS.names, row, strict=True)) for row in rows], PARTS)


def refuse_what_cannot_be_counted(store: Store) -> None:
    """Raise `CheckFailed` for a study with tables of change, or of conferences, which nothing finds over several deliveries."""
    for table in catalogue(store.study).values():
        what = "pairs forms of one child" if table.pairing else "counts conferences" if CONFERENCE in table.marts else None
        if what:
            what = f"table {table.number} {what}, which can't be done over several deliveries yet"
            raise CheckFailed(what, where=store.delivery, do="take it out of tables.yaml, or run the deliveries one by one")


def different_forms(store: Store, mart: str) -> int:
    """Count the different ids of forms that the deliveries of a whole have in a mart."""
    paths = [str(part.file("marts", mart)) for part in store.parts()]
    ((number,),) = duckdb.connect(config=ENGINE).read_parquet(paths).aggregate("count(DISTINCT form_id)").fetchall()
    return int(number)


def _gone(path: Path, newer: Store, mart: str, withdrawn: Withdrawn) -> int:
    """Count the forms of a mart that a `newer` delivery has but doesn't count."""
    forms, conferences = withdrawn
    aside = read(newer.file("rejected", mart), ["form_id"])["form_id"].to_pylist()
    mine = read(path, ["form_id", *(["conference_id"] if conferences else [])])
    out = pc.is_in(mine["form_id"], value_set=pa.array(sorted({*forms, *aside}), pa.string()))
    if conferences:
        out = pc.or_(out, pc.is_in(mine["conference_id"], value_set=pa.array(sorted(conferences), pa.string())))
    # A paper that was keyed again, correctly, counts there as it is now.
    counted = pc.is_in(mine["form_id"], value_set=read(newer.file("marts", mart), ["form_id"])["form_id"].combine_chunks())
    return int(pc.sum(pc.and_(out, pc.invert(counted)), min_count=0).as_py())


def _again(engine: duckdb.DuckDBPyConnection, path: Path, newer: Sequence[Path]) -> tuple[int, int, int]:
    """Count the forms of a mart, those that any of the `newer` files has, and of these those from another conference there."""
    rows = engine.read_parquet(str(path)).count("*").fetchall()[0][0]
    if not newer:
        return rows, 0, 0
    engine.read_parquet(str(path)).create_view("mine", replace=True)
    engine.read_parquet([str(one) for one in newer]).create_view("theirs", replace=True)
    both = "FROM mine JOIN theirs USING (form_id)"
    numbered = "conference_id" in engine.read_parquet(str(path)).columns
    other = "mine.conference_id <> theirs.conference_id" if numbered else "false"
    ((again, elsewhere),) = engine.execute(
        f"SELECT count(DISTINCT form_id), count(DISTINCT form_id) FILTER ({other}) {both}"
    ).fetchall()
    return rows, again, elsewhere
