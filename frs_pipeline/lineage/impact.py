"""From forms to figures: what would change if forms were left out, or counted, without a run.

The marts are counted again without the forms (and with others, where there are any): only the tables of the marts that
they are in. Non-response is not counted again but corrected by what the forms add to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.printing import count_text, spss
from frs_pipeline.store.files import Store, read, stream
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.study import Study
from frs_pipeline.study.countable import CONFERENCE, countable
from frs_pipeline.study.instruments import BOTH, instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Table, catalogue
from frs_pipeline.tables.figures import NO_LABEL, Figure, figures, from_table
from frs_pipeline.tables.nonresponse import ITEM, UNIT, asked_in, item, kinds, unit
from frs_pipeline.tables.pairing import pairs_in_sql
from frs_pipeline.tables.reconciling import Code, FormCounts

UNIT_NONRESPONSE, ITEM_NONRESPONSE = "unit_nonresponse", "item_nonresponse"
_SUMS = ("forms", "asked", "answered", "blank")


class ResultAddress(NamedTuple):
    """Where a figure stands among all results, which have more than the report's tables.

    `source` is `table_04`, or the name of a table of non-response. Labels are empty where there are none.
    """

    source: str
    row: str
    column: str
    group: str
    measure: str


class Value(NamedTuple):
    """A figure unrounded (None: not computable), and as it is printed."""

    value: float | None
    printed: str


class Moved(NamedTuple):
    """A figure that would change."""

    place: ResultAddress
    before: Value
    after: Value

    @property
    def printed(self) -> bool:
        """Whether it would be printed differently, too."""
        return self.before.printed != self.after.printed


@dataclass(frozen=True)
class ChangedForms:
    """Forms out of the marts and into them: rows of each mart (with its columns); and conferences to treat as never held."""

    study: Study
    out: Mapping[str, pa.Table]
    into: Mapping[str, pa.Table] = field(default_factory=dict)
    conferences: frozenset[str] = frozenset()

    @property
    def marts(self) -> tuple[str, ...]:
        """The marts with other forms than before."""
        return tuple(mart for mart in countable(self.study) if _forms(self.out, mart) or _forms(self.into, mart))


def rows_of(
    store: Store, forms: Collection[str], conferences: Collection[str] = (), marts: Collection[str] | None = None
) -> dict[str, pa.Table]:
    """Read the rows of the marts that are one of `forms`, or of one of `conferences`, by mart; only marts that have any.

    `marts` are those to read; default: all.
    """
    wanted = {"form_id": pa.array(sorted(forms), pa.string())}
    if conferences:
        wanted["conference_id"] = pa.array(sorted(conferences), pa.string())
    rows_by_mart: dict[str, pa.Table] = {}
    prefixes = {form[:2] for form in forms}
    for mart in instruments(store.study) if marts is None else marts:
        if conferences or questionnaires(store.study)[mart].form_prefix in prefixes:
            batches = stream(store.file("marts", mart))
            few = [
                batch.filter(reduce(pc.or_, (pc.is_in(batch[name], value_set=values) for name, values in wanted.items())))
                for batch in batches
            ]
            rows = pa.Table.from_batches([batch for batch in few if batch.num_rows]) if any(b.num_rows for b in few) else None
            rows_by_mart |= {} if rows is None else {mart: rows}
    return rows_by_mart


def impact(store: Store, change: ChangedForms) -> list[Moved]:
    """List every figure of tables and of non-response that `change` changes, in the order of the report."""
    moved: list[Moved] = []
    for before, after in (_tables(store, change), _nonresponse(store, change)):
        moved += [Moved(place, before[place], value) for place, value in after.items() if before[place] != value]
    return moved


def recounted(store: Store, change: ChangedForms) -> dict[int, list[Figure]]:
    """Recount the tables that count forms, or conferences, of a mart that `change` changes; figures by table."""
    if change.conferences and any(CONFERENCE in table.marts for table in catalogue(store.study).values()):
        rows = read(store.file("marts", CONFERENCE))
        gone = rows.filter(pc.is_in(rows["conference_id"], value_set=pa.array(sorted(change.conferences), pa.string())))
        change = replace(change, out={**change.out, CONFERENCE: gone})
    touched = change.marts
    wanted = [table for table in catalogue(store.study).values() if set(table.reads) & set(touched)]
    marts = {str(mart): store.file("marts", mart) for table in wanted for mart in table.marts}
    forms = FormCounts(marts, store.settings.engine)
    return {
        table.number: figures(table, _pairs(store, table, change) if table.pairing else _counts(table, forms, change))
        for table in wanted
    }


def _pairs(store: Store, table: Table, change: ChangedForms) -> dict[tuple[Code, ...], int]:
    """Count the pairs of a table of change in the marts after a change: a form that comes or goes makes pairs of others, or ends
    them, so that they have to be found again."""
    # Reads nothing but the columns that the table asks for.
    import duckdb

    assert table.pairing is not None
    with duckdb.connect(config=ENGINE) as connection:
        for mart in table.reads:
            columns = ["form_id", *sorted({"occasion", *table.read_of(mart)})]
            rows = read(store.file("marts", mart), columns)
            out = change.out[mart]["form_id"] if mart in change.out else pa.array([], pa.string())
            rows = rows.filter(pc.invert(pc.is_in(rows["form_id"], value_set=pa.array(out.to_pylist(), pa.string()))))
            into = [change.into[mart].select(columns).cast(rows.schema)] if mart in change.into else []
            connection.register(mart, pa.concat_tables([rows, *into]))
        names, limits = ("occasion", *table.asked), dict(table.where)
        forms = pairs_in_sql(table.pairing, *(table.pairing.mart,) * 2, table.pairing.partner)
        query = f"SELECT {', '.join(names)}, count(*) FROM {forms} AS f GROUP BY ALL"  # noqa: S608 - names of the catalogue
        total: Counter[tuple[Code, ...]] = Counter()
        for *answers, number in connection.execute(query).fetchall():
            given = dict(zip(names, answers, strict=True))
            if table.occasion in (BOTH, given["occasion"]) and all(given[name] in codes for name, codes in limits.items()):
                total[tuple(given[name] for name in table.variables)] += number
    return dict(total)


def _counts(table: Table, forms: FormCounts, change: ChangedForms) -> dict[tuple[Code, ...], int]:
    """Count what `tables.counting` counts, in the marts after a change. Importing Ibis would take longer than this does."""
    names, limits = table.needed, dict(table.where)
    total: Counter[tuple[Code, ...]] = Counter()
    for mart in table.marts:
        groups = Counter(forms.by(mart, names))
        for rows, sign in ((change.out.get(mart), -1), (change.into.get(mart), 1)):
            columns = [rows[name].to_pylist() for name in ("occasion", *names)] if rows is not None else []
            for occasion, *codes in zip(*columns, strict=True):
                groups[occasion, tuple(codes)] += sign
        for (occasion, answers), number in groups.items():
            given = dict(zip(names, answers, strict=True))
            inside = table.occasion in (BOTH, occasion) and all(given[name] in codes for name, codes in limits.items())
            if number and inside and None not in (given[name] for name in table.answered):
                total[tuple(given[name] for name in table.columns)] += number
    return dict(total)


def _tables(store: Store, change: ChangedForms) -> tuple[dict[ResultAddress, Value], dict[ResultAddress, Value]]:
    if not (change.marts or change.conferences):
        return {}, {}
    after = recounted(store, change)
    printed = from_table(read(store.file("statistics", "figures")))
    before = placed(figure for figure in printed if figure.table in after)
    return before, placed(figure for number in sorted(after) for figure in after[number])


def placed(figures: Iterable[Figure]) -> dict[ResultAddress, Value]:
    """Return figures of tables by their place."""
    return {
        ResultAddress(f"table_{figure.table:02d}", figure.row, figure.column, figure.group, figure.measure): Value(
            figure.value, figure.printed
        )
        for figure in figures
    }


def nonresponse_places(units: pa.Table, items: pa.Table) -> dict[ResultAddress, Value]:
    """Return the figures of unit non-response (`UNIT`; row: what is lacking, group: occasion) and of item non-response
    (`ITEM`; row: question, group: questionnaire)."""
    values = {}
    for row in units.to_pylist():
        for measure, value in (("conferences", row["conferences"]), ("percent", row["percent"])):
            place = ResultAddress(UNIT_NONRESPONSE, row["measure"], NO_LABEL, row["occasion"], measure)
            values[place] = _number(value) if measure == "conferences" else _percentage(value)
    for row in items.to_pylist():
        for measure in _SUMS[1:]:  # forms are the rows of the mart, the same for every question
            place = ResultAddress(ITEM_NONRESPONSE, row["question"], NO_LABEL, row["instrument"], measure)
            values[place] = _number(row[measure])
        values[place._replace(measure="blank_percent")] = _percentage(row["blank_percent"])
    return values


def _number(value: int) -> Value:
    return Value(float(value), count_text(value))


def _percentage(value: float | None) -> Value:
    text = spss(value, 1, leading_zero=True)
    return Value(value, text if value is None else f"{text}%")


def _nonresponse(store: Store, change: ChangedForms) -> tuple[dict[ResultAddress, Value], dict[ResultAddress, Value]]:
    items = read(store.file("statistics", ITEM_NONRESPONSE))
    moved = _items(store.study, items, change, store.delivery)
    if ("statistics", UNIT_NONRESPONSE) not in store.products:
        none = UNIT.empty_table()
        return nonresponse_places(none, items), nonresponse_places(none, moved)
    units = read(store.file("statistics", UNIT_NONRESPONSE))
    alike = _conferences(store.study, read(store.file("marts", "conference")), change)
    alone = next((row["conferences"] for row in units.to_pylist() if row["measure"] == "only_in_ledger"), None)
    return nonresponse_places(units, items), nonresponse_places(unit(store.study, alike, alone, store.delivery), moved)


def _conferences(study: Study, conference: pa.Table, change: ChangedForms) -> pa.Table:
    """Return the conferences of the mart (`conference_schema`) after a change, each with the number 1 for `unit`."""
    forms: dict[tuple[str, str], int] = {}
    for rows, sign in ((change.out, -1), (change.into, 1)):
        for kind, mart in ((kind, mart) for kind, marts in kinds(study).items() for mart in marts if mart in rows):
            for conference_id in rows[mart]["conference_id"].to_pylist():
                forms[kind, conference_id] = forms.get((kind, conference_id), 0) + sign
    kept = [row for row in conference.to_pylist() if row["conference_id"] not in change.conferences]
    for row in kept:
        row.update({f"{kind}_forms": row[f"{kind}_forms"] + forms.get((kind, row["conference_id"]), 0) for kind in kinds(study)})
    return pa.Table.from_pylist(
        [{**row, "number": 1} for row in kept], schema=conference.schema.append(pa.field("number", pa.int64()))
    )


def _items(study: Study, items: pa.Table, change: ChangedForms, delivery: str) -> pa.Table:
    """Return item non-response (`ITEM`) after a change: every number in it is a sum over forms."""
    rows = {(row["instrument"], row["question"]): row for row in items.to_pylist()}
    for part, sign in ((change.out, -1), (change.into, 1)):
        answers = {mart: _answers(study, mart, rows) for mart, rows in part.items()}
        for more in item(study, answers, delivery).to_pylist():
            row = rows[more["instrument"], more["question"]]
            row.update({name: row[name] + sign * more[name] for name in _SUMS})
    for row in rows.values():
        row["blank_percent"] = percent(row["blank"], row["asked"])
    return pa.Table.from_pylist(list(rows.values()), schema=ITEM)


def _answers(study: Study, mart: str, rows: pa.Table) -> pa.Table:
    """Count the answers of some forms of a mart, as `answers_by_occasion` counts those of all."""
    names = [question.name for question in asked_in(study, mart)]
    counted = rows.group_by("occasion").aggregate([([], "count_all"), *((name, "count") for name in names)])
    return counted.rename_columns(["occasion", "number", *names])


def _forms(rows: Mapping[str, pa.Table], mart: str) -> int:
    return int(rows[mart].num_rows) if mart in rows else 0


def resting_on(store: Store, question: str) -> Iterator[tuple[ResultAddress, Value]]:
    """Yield every figure that depends on the answers to a question, in whichever questionnaire it stands; or on a background.

    A question with several columns, such as boxes, may be named as a whole, or by one of them.
    """
    columns = {
        mart: {q.name for q in (*asked.questions, *asked.background) if question in (q.name, q.of)}
        for mart, asked in countable(store.study).items()
    }
    every = set().union(*columns.values())
    using = {
        number
        for number, table in catalogue(store.study).items()
        if any(columns[mart] & table.read_of(mart) for mart in columns.keys() & set(table.reads))
    }
    printed: Sequence[Figure] = from_table(read(store.file("statistics", "figures")))
    yield from placed(figure for figure in printed if figure.table in using).items()
    # Whether a form came in at all doesn't depend on any answer.
    for place, value in nonresponse_places(UNIT.empty_table(), read(store.file("statistics", ITEM_NONRESPONSE))).items():
        if place.row in every:
            yield place, value
