"""What all asset modules share: partitions, how a product is written, the gate, and what Dagster gets to see.

Nothing that Dagster keeps may hold a form's values: errors that aren't ours are replaced by their type and
place, and metadata are counts, columns and tables only.
"""

from __future__ import annotations

import errno
import hashlib
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DagsterRun,
    DataVersion,
    DynamicPartitionsDefinition,
    Failure,
    MaterializeResult,
    MetadataValue,
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
    asset,
    multi_asset,
)

from frs_pipeline.errors import CheckFailed, FrsError, SeveralErrors, unusable
from frs_pipeline.personal_numbers import masked
from frs_pipeline.report.expectations import PromisesOfMart
from frs_pipeline.store.code import code_hash
from frs_pipeline.store.deliveries import look, look_at_decisions, sha256
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import at_rest
from frs_pipeline.store.manifest import require_back
from frs_pipeline.store.plan import AssetPath, Product, Sources, products
from frs_pipeline.store.rows import Rows, content_hash
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.worker import Worker
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

# Errors of a network drive that is away for a moment.
_PASSING = {
    getattr(errno, name)
    for name in ("EAGAIN", "EBUSY", "EINTR", "ESTALE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "ECONNRESET")
}
# What an asset yields: what it made, and what came of its checks.
Made = Iterator[MaterializeResult[None] | AssetCheckResult]
PARTITION_TAG = "dagster/partition"  # how Dagster marks a run with the delivery that it is about
DATA_TAG = "frs/data"  # how `frs run` marks its runs with the data folder that they are about
STUDY_TAG = "frs/study"  # how runs are marked with the study that they are about: a history may be that of several


@dataclass(frozen=True)
class Run:
    """What a run works on, who is told of each product that it begins and wrote, what checks its marts' promises, its worker.

    `turn` waits until the earlier deliveries that it is compared with are as they will be; `held` keeps them like that until
    the run ends. `made` are the products that it wrote.
    """

    settings: Settings
    begun: Callable[[str], None]
    written: Callable[[Product], None]
    turn: Callable[[], None]
    held: ExitStack
    # None: they are checked when it comes to them.
    promises: Callable[[], list[PromisesOfMart]] | None
    worker: Worker
    made: set[AssetPath] = field(default_factory=set)


def deliveries_of(study: Study) -> DynamicPartitionsDefinition:
    """Return the deliveries of a study, as partitions of its assets."""
    return DynamicPartitionsDefinition(name=f"{about(study).name}_deliveries")


def key_of(study: Study, product_key: AssetPath) -> AssetKey:
    """Return Dagster's key of a product, or of anything else made of a study: it begins with the study's name."""
    return AssetKey([about(study).name, *product_key])


def product_of(key: AssetKey) -> AssetPath:
    """Return the product's key, without the study."""
    return tuple(key.path[1:])


def raw_key(study: Study, source: str) -> AssetKey:
    """Return the asset key of one source of a delivery."""
    return key_of(study, ("raw", source))


def needs(study: Study, *keys: AssetPath) -> list[AssetKey]:
    """List what products are made from, or after: other products, and sources of the delivery."""
    made = [products(study)[key] for key in keys]
    keys_needed = [key_of(study, key) for product in made for key in (*product.inputs, *product.after)]
    return list(dict.fromkeys([*keys_needed, *(raw_key(study, name) for product in made for name in product.raw)]))


def makes(
    study: Study,
    key: AssetPath,
    *,
    kinds: set[str],
    description: str | None = None,
    checks: Sequence[AssetCheckSpec] = (),
    late: bool = False,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Decorate what makes one product of the plan, which says what it is made from; if `late`, after all that can be before."""
    product = products(study)[key]
    return asset(
        key=key_of(study, key),
        deps=needs(study, key),
        check_specs=checks,
        description=description,
        group_name=product.group,
        partitions_def=deliveries_of(study),
        required_resource_keys={"run"},
        code_version=code_version(product),
        kinds=kinds,
        op_tags={"dagster/priority": "-1"} if late else None,
    )


def makes_together(
    study: Study,
    name: str,
    described: Mapping[AssetPath, str],
    *,
    kinds: set[str],
    checks: Sequence[AssetCheckSpec] = (),
    each_alone: bool = False,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Decorate a step that makes several products of the plan, each with a description.

    It makes all of them or, where they can be made `each_alone`, those that a run selects.
    """
    return multi_asset(
        name=name,
        specs=[
            AssetSpec(
                key_of(study, key),
                deps=needs(study, key),
                description=description,
                code_version=code_version(products(study)[key]),
                skippable=each_alone,
                group_name=products(study)[key].group,
                kinds=kinds,
            )
            for key, description in described.items()
        ],
        check_specs=checks,
        can_subset=each_alone,
        partitions_def=deliveries_of(study),
        required_resource_keys={"run"},
    )


def study_tags(study: Study) -> dict[str, str]:
    """Return the tags that mark a run as one of this study, and have all of it made again where Dagster does that.

    A step that makes several files may have been killed between two of them. From where the run was, the rest alone would be
    made, beside files of an unfinished run, for which no manifest vouches.
    """
    return {STUDY_TAG: about(study).name, "dagster/retry_strategy": "ALL_STEPS"}


def is_of(study: Study, run: DagsterRun) -> bool:
    """Return whether a run is one of this study. Unmarked runs are recognised by the assets that somebody chose by hand.

    The delivery isn't enough: those of two studies may have the same date. A history may be that of other projects, too, whose
    runs have no mark and none of our assets.
    """
    name, chosen = about(study).name, run.asset_selection or ()
    return (run.tags.get(STUDY_TAG) == name or (STUDY_TAG not in run.tags and bool(chosen))) and all(
        key.path[0] == name for key in chosen
    )


def data_tag(settings: Settings) -> str:
    """Shorten a data folder to a tag: histories may be shared, and paths reveal more than they need."""
    return hashlib.sha256(str(settings.data).encode()).hexdigest()[:16]


def store_of(context: AssetExecutionContext) -> Store:
    """Return the store of the delivery that this run is about."""
    return Store(context.resources.run.settings, context.partition_key)


@contextmanager
def making(context: AssetExecutionContext, *keys: AssetPath) -> Iterator[Store]:
    """Yield the delivery's store while products are made in it; errors leave it as they leave `gate`.

    Nothing is built on an outdated file, or on sources that change meanwhile: raises `Failure` for an input that isn't made
    from what there is today, and for a delivered file that was changed. From when other deliveries are read on, nothing is
    made of those until the run ends.
    """
    store, run = store_of(context), context.resources.run
    made = [store.products[key] for key in keys]
    run.begun(made[0].name if made else "")
    with gate():
        if any(product.previous or product.parts for product in made):
            run.turn()
            for other in store.others():
                run.held.enter_context(at_rest(other))
        if any(product.previous for product in made):
            require_back(store)
    with gate(), unchanged(store, made, run.made):
        for key in dict.fromkeys(key for product in made for key in (*product.inputs, *product.after)):
            needed = store.products[key]
            if store.recorded(needed) != store.origin(needed).as_json():
                raise CheckFailed(f"{needed.name}: out of date", where=store.delivery, do="make it again first")
        yield store


def code_version(product: Product) -> str:
    """Hash the code that makes a product, shortened as Dagster shows it."""
    return code_hash(product.module)[:16]


def produced(
    context: AssetExecutionContext, key: AssetPath, rows: pa.Table | Rows, /, **metadata: MetadataValue | int | str
) -> MaterializeResult[None]:
    """Write a product to the file that the plan names; tell Dagster of its file, columns, `metadata` and version of the rows."""
    run, store = context.resources.run, store_of(context)
    product = store.products[key]
    path = store.write(product, rows)
    run.made.add(key)
    run.written(product)
    return MaterializeResult(
        asset_key=key_of(store.study, key),
        metadata={
            "dagster/column_schema": column_schema(rows.schema),
            **metadata,
            "path": MetadataValue.text(path.relative_to(run.settings.data).as_posix()),
            "sha256": MetadataValue.text(sha256(path)),
            "dagster/row_count": rows.num_rows,
        },
        data_version=DataVersion(content_hash(rows)[:16]),
    )


def column_schema(schema: pa.Schema) -> TableSchema:
    """Describe columns as Dagster shows them, with the question's text where there is one."""
    return TableSchema(
        [TableColumn(field.name, str(field.type), (field.metadata or {}).get(b"text", b"").decode() or None) for field in schema]
    )


def from_columns(study: Study, sources: Sources) -> dict[str, Any]:
    """Make metadata for `produced`: which columns of which assets each column comes from, as Dagster keeps it."""
    columns = {name: [TableColumnDep(key_of(study, key), column) for key, column in origins] for name, origins in sources.items()}
    return {"dagster/column_lineage": MetadataValue.column_lineage(TableColumnLineage(columns))}


def _hide(error: FrsError) -> None:
    """Mask personal numbers in an error: it may quote a key of YAML or a file's name, and Dagster keeps it."""
    for one in error.errors if isinstance(error, SeveralErrors) else (error,):
        one.args = (masked(str(one)),)


@contextmanager
def gate() -> Iterator[None]:
    """Turn errors into a `Failure` that says one line; nothing is written after it, and only a passing one is tried again.

    An error that isn't ours may quote cells: only its type and the places it passed through are kept.
    """
    try:
        yield
    except FrsError as error:
        again = _may_mend_itself(error)
        # Dagster keeps the whole chain of causes, and the causes of our errors may quote cells as well.
        error.__cause__ = error.__context__ = None
        _hide(error)
        raise Failure(str(error), allow_retries=again) from error
    except Failure:
        raise
    except Exception as error:
        ours = unusable(error)
        if ours is not None:
            _hide(ours)
            raise Failure(str(ours), allow_retries=_may_mend_itself(error)) from ours
        places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        raise Failure(
            f"unexpected {type(error).__name__} at {places[-1]}",
            metadata={"places": MetadataValue.md("\n".join(f"- {place}" for place in places))},
            allow_retries=_may_mend_itself(error),
        ) from None


@contextmanager
def unchanged(store: Store, made: Sequence[Product], written: Collection[AssetPath]) -> Iterator[None]:
    """Make sure that what is read of the sources of products is what their origin says: the files must stay as they are.

    Raises `CheckFailed` when they don't. What was `written` of them is removed: it would say that it is made from what is there.
    """
    sources = list(dict.fromkeys(name for product in made for name in product.raw))
    patterns = list(dict.fromkeys(pattern for product in made for pattern in product.decided))

    def seen() -> dict[Path, list[tuple[str, int, int]]]:
        raw = {store.raw(""): look(store.study, store.raw(""), sources)} if sources else {}
        return raw | {store.decided(""): look_at_decisions(store.decided(""), patterns)}

    before = seen()
    yield
    other = next((folder for folder, looks in seen().items() if looks != before[folder]), None)
    if other is not None:
        for product in made:
            if product.key in written:
                store.path(product).unlink(missing_ok=True)
        what = "a decision about the delivery" if other == store.decided("") else "a delivered file"
        do = "run it again once nobody writes there any more"
        raise CheckFailed(f"{what} was changed while it was read", where=other, do=do)


def _may_mend_itself(error: BaseException | None) -> bool:
    """Return whether it is a drive that didn't answer, and may in a moment. A full one, or a wrong form, won't correct itself."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _PASSING:
            return True
        error = error.__cause__
    return False
