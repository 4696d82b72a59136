"""What the files of a delivery say, each read once and kept while passports are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frs_pipeline.lineage.recount_spread import other_side
from frs_pipeline.store.deliveries import ADJUDICATED, AMENDMENTS, CODING, sha256
from frs_pipeline.store.files import ORIGIN, MartFile, Store, listed, read, read_manifest, recorded, rows_in
from frs_pipeline.store.plan import KEYING_OF_TABLES, AssetPath, Product, products, table_key
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about
from frs_pipeline.study.countable import CONFERENCE, countable
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.pairing import Pairing
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, Table
from frs_pipeline.study.texts import coded
from frs_pipeline.tables.figures import Figure, from_table
from frs_pipeline.tables.keying import KeyedTwice, keyed_twice
from frs_pipeline.tables.pairing import pairs_in_sql
from frs_pipeline.tables.reconciling import Answers, FormCounts

if TYPE_CHECKING:
    import duckdb

    from frs_pipeline.intake.amendments import Correction
    from frs_pipeline.intake.coding import Coding

_LAYERS = ("validated", "pseudonymised", "marts")


@dataclass(frozen=True)
class InputFile:
    """A delivered file as it was when it was read."""

    name: str
    sha256: str


@dataclass(frozen=True)
class ProducedFile:
    """A produced file on the way to a figure: its hash as the manifest notes it, and what made it.

    `code` and `definition` are hashes of the code (with the locked libraries) and of the YAML, as the file itself records
    them; `definition` is empty where no YAML decides.
    """

    file: str
    sha256: str | None
    module: str
    code: str
    definition: str


@dataclass(frozen=True)
class AcceptedRemark:
    """A finding that was accepted: of one form, or of a whole questionnaire (`form` None)."""

    instrument: str
    form: str | None
    rule: str
    reason: str
    who: str
    expires: str


class Evidence:
    """The files of one delivery, by their rows and by what each records of its origin; or of several together.

    Of a delivery that is one of several, those forms count that are in its `marts`.
    """

    def __init__(self, store: Store, marts: Mapping[str, MartFile] | None = None) -> None:
        self.store, self._marts = store, marts
        self._views: set[str] = set()
        self._noted: dict[AssetPath, bool] = {}
        self._origins: dict[AssetPath, dict[str, Any]] = {}
        self._steps: dict[int, tuple[tuple[InputFile, ...], tuple[ProducedFile, ...]]] = {}

    @property
    def study(self) -> Study:
        return self.store.study

    @cached_property
    def parts(self) -> list[Evidence]:
        """The deliveries that hold the forms, each with those of its forms that count: this one, or several."""
        several = self.store.parts()
        if not several:
            return [self]
        files = {name: {file.delivery: file for file in self.store.marts(name)} for name in countable(self.study)}
        return [Evidence(part, {name: of_each[part.delivery] for name, of_each in files.items()}) for part in several]

    @cached_property
    def whole(self) -> Evidence:
        """The same delivery with all forms of its marts."""
        return Evidence(self.store)

    @cached_property
    def figures(self) -> dict[Address, Figure]:
        """All figures as the tables have them."""
        return {figure.address: figure for figure in from_table(read(self.store.file("statistics", "figures")))}

    @cached_property
    def intervals(self) -> dict[Address, dict[str, Any]]:
        """What is known of the uncertainty of each figure that is an estimate: its row of intervals.parquet."""
        return {Address.of(row): row for row in self._of_intervals if row["other_group"] is None}

    @cached_property
    def differences(self) -> dict[Address, list[dict[str, Any]]]:
        """Differences that a figure takes part in, on either side: rows of intervals.parquet."""
        found: dict[Address, list[dict[str, Any]]] = {}
        for row in self._of_intervals:
            if row["other_group"] is not None:
                sides = Address.of(row), other_side(self.study, Address.of(row), row["other_group"])
                for side in sides:
                    if side is not None:
                        found.setdefault(side, []).append(row)
        return found

    @cached_property
    def bounds(self) -> dict[Address, dict[str, Any]]:
        """What each figure could be, had nobody left a question blank: its row of bounds.parquet."""
        return {Address.of(row): row for row in read(self.store.file("statistics", "bounds")).to_pylist()}

    @cached_property
    def _of_intervals(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = read(self.store.file("statistics", "intervals")).to_pylist()
        return rows

    @cached_property
    def compared(self) -> dict[Address, dict[str, Any]]:
        """All printed figures with their verdicts."""
        rows = read(self.store.file("statistics", "compare")).to_pylist()
        return {Address.of(r): r for r in rows}

    @cached_property
    def keying(self) -> dict[int, KeyedTwice]:
        """How often the fields of a table were keyed wrongly, by table; nothing where no forms were keyed twice."""
        known = KEYING_OF_TABLES in self.store.products
        return keyed_twice(read(self.store.file(*KEYING_OF_TABLES))) if known else {}

    @cached_property
    def bases(self) -> dict[int, int]:
        """The number of forms that each table counts, as the reconciliation of the marts found."""
        return {r["table"]: r["forms"] for r in read(self.store.file("statistics", "bases")).to_pylist() if r["reason"] == "base"}

    @cached_property
    def promises(self) -> dict[str, tuple[int, int]]:
        """Promises kept and made, by mart."""
        by_mart: dict[str, tuple[int, int]] = {}
        for part in self.parts:
            for row in read(part.store.file("expectations"), ["mart", "passed"]).to_pylist():
                kept, made = by_mart.get(row["mart"], (0, 0))
                by_mart[row["mart"]] = (kept + row["passed"], made + 1)
        return by_mart

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.store)

    @cached_property
    def forms(self) -> FormCounts:
        """Counts of the rows in the marts, by the engine that the installation chose."""
        return FormCounts({name: self._files(name) for name in countable(self.study)}, self.store.settings.engine)

    def _files(self, mart: str) -> list[MartFile]:
        return [self._marts[mart]] if self._marts else self.store.marts(mart)

    def again(self, mart: str, questions: tuple[str, ...]) -> Answers:
        """Count the forms of a mart that don't count here since a newer delivery has them again; by occasion and answers."""
        if not any(file.newer for file in self._files(mart)):
            return {}
        whole = FormCounts({mart: self.store.file("marts", mart)}, self.store.settings.engine).by(mart, questions)
        counted = self.forms.by(mart, questions)
        return {answers: left for answers, forms in whole.items() if (left := forms - counted.get(answers, 0))}

    def only_in_ledger(self, questions: tuple[str, ...]) -> Answers:
        """Count the conferences of the ledger that the codebook doesn't know, by occasion and by what the ledger says of them."""
        if len(about(self.study).registers) < 2:
            return {}
        names = ", ".join(("occasion", *questions))
        ledger, book = self.view("validated", "ledger"), self.view("validated", "codebook")
        rows = self.ask(f"SELECT {names}, count(*) FROM {ledger} ANTI JOIN {book} USING (conference_number) GROUP BY ALL")  # noqa: S608
        return {(occasion, tuple(codes)): number for occasion, *codes, number in rows}

    @cached_property
    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        """What runs the queries that a passport prints, which are for DuckDB, and looks single forms up."""
        import duckdb

        return duckdb.connect(config=ENGINE)

    def view(self, *key: str) -> str:
        """Return the name under which a product's rows can be queried; those of a mart that count. Of one delivery only."""
        name = "_".join(key)
        if name not in self._views:
            known = key[1] if key[0] == "marts" and key[1] in instruments(self.study) else None
            file = self._files(known)[0] if known else MartFile(self.store.delivery, self.store.file(*key))
            rows = self._duckdb.read_parquet(str(file.path))
            if file.newer:
                self._duckdb.read_parquet([str(path) for path in file.newer]).create_view(f"newer_than_{name}")
                rows = rows.filter(f"form_id NOT IN (SELECT form_id FROM newer_than_{name})")  # noqa: S608 - the name of a mart
            rows.create_view(name)
            self._views.add(name)
        return name

    def forms_view(self, mart: str, pairing: Pairing | None) -> str:
        """Return the name under which a mart's forms that count can be queried; with a `pairing`, what is known of pairs, too."""
        forms = self.view("marts", mart)
        if pairing is None:
            return forms
        name = f"pairs_of_{mart}_{pairing.start}_{pairing.later}"
        if name not in self._views:
            pairs = pairs_in_sql(pairing, forms, forms, self.view("marts", pairing.partner))
            self._duckdb.execute(f"CREATE VIEW {name} AS FROM {pairs}")
            self._views.add(name)
        return name

    def of_pair(self, table: Table, form: str) -> dict[str, Any]:
        """Read what a table of change asks of the form that it counts for a form, which may be either of the pair; by column.

        Nothing for any other table, and for a form of a later occasion that is in no pair.
        """
        if table.pairing is None:
            return {}
        names = ("occasion", *table.asked)
        forms = self.forms_view(table.pairing.mart, table.pairing)
        where = f"form_id = '{form}' OR {table.pairing.form} = '{form}'"
        rows = self.ask(f"SELECT {', '.join(names)} FROM {forms} WHERE {where} ORDER BY form_id = '{form}'")  # noqa: S608
        return dict(zip(names, rows[0], strict=True)) if rows else {}

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query. It takes no parameters: for those DuckDB imports pandas, which is slower than the query."""
        return self._duckdb.execute(query).fetchall()

    def occasions(self, numbers: Iterable[str]) -> dict[str, str]:
        """Look up the occasion of conference numbers, as exports write them, in the codebook; it omits those it doesn't know."""
        known = ", ".join(str(int(number)) for number in numbers if number.isascii() and number.isdecimal())
        if not known:
            return {}
        book = self.view("validated", "codebook")
        rows = self.ask(f"SELECT conference_number, occasion FROM {book} WHERE conference_number IN ({known})")  # noqa: S608
        return {str(number): occasion for number, occasion in rows}

    @cached_property
    def layers(self) -> dict[str, dict[str, int]]:
        """Forms in each layer, by questionnaire."""
        stores = [part.store for part in self.parts]
        return {
            name: {layer: sum(rows_in(store.file(layer, name)) for store in stores) for layer in _LAYERS}
            for name in instruments(self.study)
        }

    @cached_property
    def conferences(self) -> tuple[int, int]:
        """Conferences in the register, and in their mart."""
        return rows_in(self.store.file("validated", "codebook")), rows_in(self.store.file("marts", CONFERENCE))

    def as_noted(self, key: AssetPath) -> bool:
        """Return whether a file is the one that the manifest lists; of a mart of several deliveries, those of all of them."""
        if key not in self._noted:
            path = self.store.file(*key)
            own = self.manifest.get("outputs", {}).get(listed(self.store, path)) == sha256(path)
            theirs = self.parts if key[0] == "marts" and self.store.parts() else []
            self._noted[key] = own and all(part.as_noted(key) for part in theirs)
        return self._noted[key]

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """Corrections of the delivery, or of several."""
        if self.store.parts():
            return tuple(correction for part in self.parts for correction in part.corrections)
        path, decided = self.store.raw(AMENDMENTS["corrections"]), self.store.decided(ADJUDICATED)
        if not path.exists() and not decided.exists():
            return ()
        # What reads CSV files takes a while to import, and few deliveries have corrections.
        from frs_pipeline.intake.adjudicated import as_corrections
        from frs_pipeline.intake.amendments import read_corrections

        prefixes = tuple(questionnaire.form_prefix for questionnaire in questionnaires(self.study).values())
        return (*read_corrections(path, prefixes), *as_corrections(self.store))

    @cached_property
    def codings(self) -> tuple[Coding, ...]:
        """How texts were coded in the delivery, or in several."""
        if self.store.parts():
            return tuple(entry for part in self.parts for entry in part.codings)
        if not coded(self.study) or not self.store.raw(CODING["coding"]).exists():
            return ()
        from frs_pipeline.intake.coding import codings_of

        return codings_of(self.store)

    @cached_property
    def exceptions(self) -> tuple[AcceptedRemark, ...]:
        """Findings that were accepted in the delivery, or in several, of forms and of questionnaires."""
        if self.store.parts():
            return tuple(accepted for part in self.parts for accepted in part.exceptions)
        columns = "instrument, form_id, rule, reason, who, CAST(expires AS VARCHAR)"
        query = f"SELECT DISTINCT {columns} FROM {self.view('noted')} WHERE severity = 'accepted' ORDER BY ALL"  # noqa: S608
        rows = self.ask(query)
        return tuple(AcceptedRemark(*row) for row in rows)

    def way(self, table: Table) -> tuple[tuple[InputFile, ...], tuple[ProducedFile, ...]]:
        """Return the delivered files that a table comes from, and every file that was made on the way, in their order.

        Of several deliveries, the name of each stands before its files.
        """
        if table.number not in self._steps:
            key, marts = table_key(table.number), tuple(("marts", mart) for mart in table.reads)
            if not self.store.parts():
                self._steps[table.number] = self._way(table, key)
            else:
                ways = [(part.store.delivery, *part._way(table, *marts)) for part in self.parts]
                inputs = [replace(file, name=f"{name}/{file.name}") for name, files, _ in ways for file in files]
                steps = [replace(step, file=f"{name}: {step.file}") for name, _, made in ways for step in made]
                own = [self._step(self.store.products[made], self._origin(made)) for made in (*marts, key)]
                self._steps[table.number] = (tuple(inputs), (*steps, *own))
        return self._steps[table.number]

    def _way(self, table: Table, *ends: AssetPath) -> tuple[tuple[InputFile, ...], tuple[ProducedFile, ...]]:
        """Return the files of one delivery on the way to these products, and to what was withdrawn and set aside."""
        papers = [mart for mart in table.reads if mart in instruments(self.study)]
        keys = _line(self.study, (*ends, *((layer, mart) for layer in ("withdrawn", "rejected") for mart in papers)))
        inputs = {file for key in keys for file in _delivered(self._origin(key))}
        steps = tuple(self._step(products(self.study)[key], self._origin(key)) for key in keys)
        return tuple(sorted(inputs, key=lambda file: file.name)), steps

    def delivered(self, instrument: str) -> tuple[InputFile, ...]:
        """Return the delivered files that the forms of a questionnaire were read from."""
        return _delivered(self._origin(("validated", instrument)))

    def _origin(self, key: AssetPath) -> dict[str, Any]:
        if key not in self._origins:
            self._origins[key] = json.loads(
                recorded(self.store.file(*key), ORIGIN) or '{"inputs": {}, "definition": "", "code": ""}'
            )
        return self._origins[key]

    def _step(self, product: Product, origin: dict[str, Any]) -> ProducedFile:
        file = listed(self.store, self.store.path(product))
        noted = self.manifest.get("outputs", {}).get(file)
        definition = origin["definition"] if product.definitions else ""
        return ProducedFile(file, noted, product.module, origin["code"], definition)


def _delivered(origin: dict[str, Any]) -> tuple[InputFile, ...]:
    """Return the delivered files among what a product says it was made from, and what was decided about them since."""
    given = ((name, sha) for name, sha in origin["inputs"].items() if name.startswith(("raw/", "decided/")))
    return tuple(InputFile(name.removeprefix("raw/"), sha) for name, sha in given)


@derived
def _line(study: Study, keys: tuple[AssetPath, ...]) -> tuple[AssetPath, ...]:
    """Return products and all that goes into them, in the order of the plan."""
    reached = set(keys)
    for product in reversed(products(study).values()):
        if product.key in reached:
            reached.update(product.inputs)
    return tuple(name for name in products(study) if name in reached)
