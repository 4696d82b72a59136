"""What the files of a delivery say, each read once and kept while passports are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frs_pipeline.store.deliveries import AMENDMENTS, sha256
from frs_pipeline.store.files import ORIGIN, Store, listed, read, read_manifest, recorded, rows_in
from frs_pipeline.store.plan import AssetPath, Product, products, table_key
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.study import Study, derived
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, Table
from frs_pipeline.tables.figures import Figure, from_table
from frs_pipeline.tables.reconciling import FormCounts

if TYPE_CHECKING:
    import duckdb

    from frs_pipeline.intake.amendments import Correction

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
    """The files of one delivery, by their rows and by what each records of its origin."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._views: set[str] = set()
        self._noted: dict[AssetPath, bool] = {}
        self._origins: dict[AssetPath, dict[str, Any]] = {}
        self._steps: dict[int, tuple[tuple[InputFile, ...], tuple[ProducedFile, ...]]] = {}

    @property
    def study(self) -> Study:
        return self.store.study

    @cached_property
    def figures(self) -> dict[Address, Figure]:
        """All figures as the tables have them."""
        return {figure.address: figure for figure in from_table(read(self.store.file("statistics", "figures")))}

    @cached_property
    def compared(self) -> dict[Address, dict[str, Any]]:
        """All printed figures with their verdicts."""
        rows = read(self.store.file("statistics", "compare")).to_pylist()
        return {Address.of(r): r for r in rows}

    @cached_property
    def bases(self) -> dict[int, int]:
        """The number of forms that each table counts, as the reconciliation of the marts found."""
        return {r["table"]: r["forms"] for r in read(self.store.file("statistics", "bases")).to_pylist() if r["reason"] == "base"}

    @cached_property
    def promises(self) -> dict[str, tuple[int, int]]:
        """Promises kept and made, by mart."""
        by_mart: dict[str, tuple[int, int]] = {}
        for row in read(self.store.file("expectations"), ["mart", "passed"]).to_pylist():
            kept, made = by_mart.get(row["mart"], (0, 0))
            by_mart[row["mart"]] = (kept + row["passed"], made + 1)
        return by_mart

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.store)

    @cached_property
    def forms(self) -> FormCounts:
        """Counts of the forms in the marts, by the engine that the installation chose."""
        return FormCounts({name: self.store.file("marts", name) for name in instruments(self.study)}, self.store.settings.engine)

    @cached_property
    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        """What runs the queries that a passport prints, which are for DuckDB, and looks single forms up."""
        import duckdb

        return duckdb.connect(config=ENGINE)

    def view(self, *key: str) -> str:
        """Return the name under which a product's rows can be queried."""
        name = "_".join(key)
        if name not in self._views:
            self._duckdb.read_parquet(str(self.store.file(*key))).create_view(name)
            self._views.add(name)
        return name

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
        return {name: {layer: rows_in(self.store.file(layer, name)) for layer in _LAYERS} for name in instruments(self.study)}

    def as_noted(self, key: AssetPath) -> bool:
        """Return whether a file is the one that the manifest lists."""
        if key not in self._noted:
            path = self.store.file(*key)
            self._noted[key] = self.manifest.get("outputs", {}).get(listed(self.store, path)) == sha256(path)
        return self._noted[key]

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """Corrections of the delivery."""
        path = self.store.raw(AMENDMENTS["corrections"])
        if not path.exists():
            return ()
        # What reads CSV files takes a while to import, and few deliveries have corrections.
        from frs_pipeline.intake.amendments import read_corrections

        return read_corrections(path, tuple(questionnaire.form_prefix for questionnaire in questionnaires(self.study).values()))

    @cached_property
    def exceptions(self) -> tuple[AcceptedRemark, ...]:
        """Findings that were accepted in the delivery, of forms and of questionnaires."""
        columns = "instrument, form_id, rule, reason, who, CAST(expires AS VARCHAR)"
        query = f"SELECT DISTINCT {columns} FROM {self.view('noted')} WHERE severity = 'accepted' ORDER BY ALL"  # noqa: S608
        rows = self.ask(query)
        return tuple(AcceptedRemark(*row) for row in rows)

    def way(self, table: Table) -> tuple[tuple[InputFile, ...], tuple[ProducedFile, ...]]:
        """Return the delivered files that a table comes from, and every file that was made on the way, in their order."""
        if table.number not in self._steps:
            keys = _line(
                self.study,
                (table_key(table.number), *((layer, mart) for layer in ("withdrawn", "rejected") for mart in table.marts)),
            )
            inputs = {file for key in keys for file in _delivered(self._origin(key))}
            steps = tuple(self._step(products(self.study)[key], self._origin(key)) for key in keys)
            self._steps[table.number] = (tuple(sorted(inputs, key=lambda file: file.name)), steps)
        return self._steps[table.number]

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
    """Return the delivered files among what a product says it was made from."""
    return tuple(InputFile(n.removeprefix("raw/"), sha) for n, sha in origin["inputs"].items() if n.startswith("raw/"))


@derived
def _line(study: Study, keys: tuple[AssetPath, ...]) -> tuple[AssetPath, ...]:
    """Return products and all that goes into them, in the order of the plan."""
    reached = set(keys)
    for product in reversed(products(study).values()):
        if product.key in reached:
            reached.update(product.inputs)
    return tuple(name for name in products(study) if name in reached)
