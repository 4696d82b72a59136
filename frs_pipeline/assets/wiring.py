"""What all asset modules share: partitions, the Parquet IO manager, the gate, and what Dagster is shown.

Nothing that Dagster keeps may hold a form's values: errors that aren't ours are replaced by their type and
place, and metadata are counts, columns and tables only.
"""

from __future__ import annotations

import errno
import hashlib
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from dagster import (
    AssetExecutionContext,
    AssetKey,
    BetaWarning,
    DataVersion,
    DynamicPartitionsDefinition,
    Failure,
    InputContext,
    IOManager,
    MetadataValue,
    Output,
    OutputContext,
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from frs_pipeline.errors import CheckFailed, FrsError, SeveralErrors, unusable
from frs_pipeline.personal_numbers import masked
from frs_pipeline.store.deliveries import look, sha256
from frs_pipeline.store.files import Store, recorded
from frs_pipeline.store.plan import AssetPath, Product, Sources, code_hash, products
from frs_pipeline.store.rows import Rows, content_hash
from frs_pipeline.store.settings import Settings

# What a drive in a network says when it is away for a moment.
_PASSING = {
    getattr(errno, name)
    for name in ("EAGAIN", "EBUSY", "EINTR", "ESTALE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "ECONNRESET")
}
PARTITION_TAG = "dagster/partition"  # how Dagster marks a run with the delivery that it is about
DATA_TAG = "frs/data"  # how `frs run` marks its runs with the data folder that they are about
DELIVERIES = DynamicPartitionsDefinition(name="deliveries")


class ParquetFiles(IOManager):
    """Writes each asset to the file that the plan names; hands its path to whoever reads it. `made` is what this run wrote."""

    def __init__(self, settings: Settings, written: Callable[[str], None] = lambda _: None) -> None:
        self.settings, self.written = settings, written
        self.made: set[AssetPath] = set()

    def _file(self, context: InputContext | OutputContext) -> tuple[Store, Product]:
        return Store(self.settings, context.asset_partition_key), products()[tuple(context.asset_key.path)]

    def handle_output(self, context: OutputContext, obj: pa.Table | Rows) -> None:
        store, product = self._file(context)
        with gate():
            path = store.write(product, obj)
        self.made.add(product.key)
        self.written(product.name)
        context.add_output_metadata(
            {
                "path": MetadataValue.text(path.relative_to(self.settings.data).as_posix()),
                "sha256": MetadataValue.text(sha256(path)),
                "dagster/row_count": obj.num_rows,
            }
        )

    def load_input(self, context: InputContext) -> Path:
        """The file of an input. Fails when it isn't made from what there is today: nothing is built on an old one."""
        store, product = self._file(context)
        path = store.path(product)
        if recorded(path) != store.origin(product).as_json():
            raise Failure(f"{product.name}: out of date (make it again first)", allow_retries=False)
        return path


def data_tag(settings: Settings) -> str:
    """A data folder in short: histories may be shared, and paths say more than they need."""
    return hashlib.sha256(str(settings.data).encode()).hexdigest()[:16]


def store_of(context: AssetExecutionContext) -> Store:
    """The delivery that this run is about."""
    return Store(context.resources.settings, context.partition_key)


def key_of(product_key: AssetPath) -> AssetKey:
    return AssetKey(list(product_key))


def code_version(product_key: AssetPath) -> str:
    """Hash of the code that makes a product, shortened as Dagster shows it."""
    return code_hash(products()[product_key].module)[:16]


def produced(
    table: pa.Table | Rows, name: str = "result", lineage: Sources | None = None, /, **metadata: MetadataValue | int | str
) -> Output[Any]:
    """An output as all assets give it: the rows, their columns and where they come from, `metadata`, a version of the content."""
    if lineage is not None:
        metadata["dagster/column_lineage"] = column_lineage(lineage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # data versions are still called beta in this release
        return Output(
            table,
            name,
            metadata={"dagster/column_schema": column_schema(table.schema), **metadata},
            data_version=DataVersion(content_hash(table)[:16]),
        )


def column_schema(schema: pa.Schema) -> TableSchema:
    """Columns as Dagster shows them, with the question's text where there is one."""
    return TableSchema(
        [TableColumn(field.name, str(field.type), (field.metadata or {}).get(b"text", b"").decode() or None) for field in schema]
    )


def column_lineage(sources: Sources) -> MetadataValue:
    """Which columns of which assets each column comes from, as Dagster keeps it."""
    return MetadataValue.column_lineage(
        TableColumnLineage(
            {name: [TableColumnDep(key_of(key), column) for key, column in found] for name, found in sources.items()}
        )
    )


def _hide(error: FrsError) -> None:
    """Let an error repeat no personal number: it may name a key of YAML or a file as somebody wrote it, and Dagster keeps it."""
    for one in error.errors if isinstance(error, SeveralErrors) else (error,):
        one.args = (masked(str(one)),)


@contextmanager
def gate() -> Iterator[None]:
    """Turn errors into a `Failure` that says one line; nothing is written after it, and only a passing one is tried again.

    An error that isn't ours may quote cells: only its type and the places it came through are kept.
    """
    try:
        yield
    except FrsError as error:
        again = _may_mend_itself(error)
        # Dagster keeps the whole chain of causes: what ours came from may quote cells just as well.
        error.__cause__ = error.__context__ = None
        _hide(error)
        raise Failure(str(error), allow_retries=again) from error
    except Failure:
        raise
    except Exception as error:
        told = unusable(error)
        if told is not None:
            _hide(told)
            raise Failure(str(told), allow_retries=_may_mend_itself(error)) from told
        places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        raise Failure(
            f"unexpected {type(error).__name__} at {places[-1]}",
            metadata={"places": MetadataValue.md("\n".join(f"- {place}" for place in places))},
            allow_retries=_may_mend_itself(error),
        ) from None


@contextmanager
def unchanged(store: Store, sources: Sequence[str]) -> Iterator[None]:
    """What is read of these sources meanwhile is what its origin will say: the files stay as they are.

    Raises `CheckFailed` when they don't. What was written by then has no manifest, so that the next run makes it again.
    """
    folder = store.raw("")
    before = look(folder, sources)
    yield
    if look(folder, sources) != before:
        what, do = "a delivered file was changed while it was read", "run it again once nobody writes there any more"
        raise CheckFailed(what, where=folder, do=do)


def _may_mend_itself(error: BaseException | None) -> bool:
    """Is it a drive that didn't answer, which may do so in a moment? A full one, or a wrong form, won't mend itself."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _PASSING:
            return True
        error = error.__cause__
    return False
