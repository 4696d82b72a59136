"""What each mart promises to researchers, and whether it holds: suites of Great Expectations made from the questionnaires.

Great Expectations takes seconds to import, so that happens in one function and only when there is something to check.
No values of forms are kept of its results, only whether a promise holds, how many rows were checked, and one share.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.files import Store, as_noted, read, read_manifest
from frs_pipeline.store.plan import every_mart, products
from frs_pipeline.store.rows import without_decimals
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.promises import Limits, limits
from frs_pipeline.study.questionnaires import Question, Questionnaire, questionnaires
from frs_pipeline.tables.nonresponse import conference_schema

COLUMNS = "expect_table_columns_to_match_ordered_list"
UNIQUE = "expect_column_values_to_be_unique"
NOT_NULL = "expect_column_values_to_not_be_null"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
LARGEST = "expect_column_max_to_be_between"

RESULT = pa.schema(
    [
        pa.field("mart", pa.string(), nullable=False),
        pa.field("expectation", pa.string(), nullable=False),
        pa.field("column", pa.string()),
        pa.field("limit", pa.string(), nullable=False),
        pa.field("promise", pa.string(), nullable=False),
        pa.field("passed", pa.bool_(), nullable=False),
        pa.field("checked", pa.int64(), nullable=False),
        pa.field("observed", pa.float64()),
    ]
)
# Counts only: no list of the values that fail, no rows, no query that would name them.
_RESULT_FORMAT = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": False,
}
_ANALYTICS = "GX_ANALYTICS_ENABLED"


@dataclass(frozen=True)
class Promise:
    """One expectation before it is checked: its name and arguments in Great Expectations, and in words."""

    expectation: str
    column: str | None
    limit: str
    words: str
    arguments: dict[str, Any] = field(default_factory=dict)
    occasion: str | None = None


@dataclass(frozen=True)
class Before:
    """The marts of the delivery before this one."""

    delivery: str
    marts: dict[str, pa.Table]


@dataclass(frozen=True)
class Moves:
    """How far each answer's share lies from that in the delivery before; and what wasn't compared, with the reason."""

    shares: dict[str, list[float]]
    answers: dict[str, int]
    skipped: dict[str, str]


@dataclass(frozen=True)
class PromisesOfMart:
    """The checked promises of one mart: `results` is a `RESULT`, `rows` its size, of which every `step`-th was checked."""

    mart: str
    rows: int
    step: int
    before: str | None
    not_compared: dict[str, str]
    results: pa.Table

    @property
    def broken(self) -> pa.Table:
        return self.results.filter(pc.invert(self.results["passed"]))


def before_of(older: Store) -> Before:
    """Read the marts of an older delivery, for comparing.

    Raises `CheckFailed` for one that isn't what its manifest says, `InputError` for one that can't be read: only finished
    results can be compared.
    """
    marts, noted = {}, read_manifest(older).get("outputs", {})
    for name in questionnaires(older.study):
        product = products(older.study)[("marts", name)]
        path = older.path(product)
        try:
            if not as_noted(older, product, noted):
                do = f"{older.refreshed_by}, then this one again"
                raise CheckFailed("isn't what its manifest says, so that nothing can be compared with it", where=path, do=do)
            marts[name] = read(path)
        except (OSError, ValueError) as error:
            raise InputError("cannot be read", where=path, do=older.refreshed_by) from error
    return Before(older.delivery, marts)


def form_promises(
    study: Study, questionnaire: Questionnaire, limits: Limits, delivery: str, *, whole: bool = True
) -> list[Promise]:
    """List what a mart of forms promises by itself; without its grain when only a sample is checked (not `whole`)."""
    promises = [_columns(tuple(mart_schema(questionnaire).names))]
    if whole:
        promises += _identifies("form_id", "form")
    promises += [_filled("conference_id")] if questionnaire.forms.number else []
    promises += _occasion(study, questionnaire.occasion)
    for question in questionnaire.questions:
        promises.append(_possible(question))
        # How many texts are coded is nothing that forms could promise.
        if questionnaire.asks(question, delivery) and not question.coded:
            promises.append(_blank(study, question, questionnaire, limits.largest_blank(questionnaire.instrument, question.name)))
    return promises


def conference_promises(study: Study, *, whole: bool = True) -> list[Promise]:
    """List what the mart of conferences promises."""
    promises = [_columns(tuple(conference_schema(study).names))]
    if whole:
        promises += _identifies("conference_id", about(study).conference.one.english)
    columns = conference_schema(study).names
    promises += _occasion(study, BOTH) if "occasion" in columns else []
    if "in_ledger" in columns:
        truth = Promise(IN_SET, "in_ledger", "true or false", "It is true or false.", {"value_set": [True, False]})
        promises += [_filled("in_ledger"), truth]
    for name in (name for name in columns if name.endswith("_forms")):
        promises += [
            _filled(name),
            Promise(BETWEEN, name, "0 or more", "A count is never below 0.", {"min_value": 0}),
        ]
    return promises


def move_promises(moves: Moves, limits: Limits, before: str) -> list[Promise]:
    """Promise that no answer's share has moved too far from the delivery `before`: checked on the moves, not on forms."""
    largest = limits.shares.largest_move
    points = f"{100 * largest:g} percentage points"
    return [
        Promise(
            LARGEST,
            name,
            f"{points} from delivery {before}",
            f"No answer's share lies more than {points} from that of delivery {before}.",
            {"max_value": largest},
        )
        for name in moves.shares
    ]


def moves(questionnaire: Questionnaire, mart: pa.Table, before: pa.Table, fewest: int) -> Moves:
    """Compare shares of answers with those of `before`, for questions with the same scale and `fewest` answers in both."""
    compared = Moves({}, {}, {})
    for question in (question for question in questionnaire.questions if not question.measured):
        if question.name not in mart.column_names:
            continue  # the promise about columns covers that
        if question.name not in before.column_names or _labels(before, question) != question.labels:
            compared.skipped[question.name] = "not asked then, or with other answers"
            continue
        now, then = (_counts(table[question.name], question.codes) for table in (mart, before))
        if min(sum(now), sum(then)) < fewest:
            compared.skipped[question.name] = f"fewer than {fewest} answers"
            continue
        # Rounded, so that a move of exactly the limit doesn't exceed it by the last bit.
        compared.shares[question.name] = [round(abs(a / sum(now) - b / sum(then)), 12) for a, b in zip(now, then, strict=True)]
        compared.answers[question.name] = sum(now)
    return compared


def hold(
    study: Study, marts: dict[str, pa.Table], delivery: str, before: Before | None = None, chosen: Limits | None = None
) -> list[PromisesOfMart]:
    """Check the promises of every mart of a delivery. The result contains no value of a form."""
    gx, chosen = import_great_expectations(), chosen or limits(study)
    context = gx.get_context(mode="ephemeral")  # in memory: no project folder, nothing written
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("marts")
    return [
        _checked(study, gx, source, delivery, name, mart, before if name in questionnaires(study) else None, chosen)
        for name, mart in marts.items()
    ]


def held(store: Store) -> list[PromisesOfMart]:
    """Check the promises of the marts of a delivery, those about its predecessor too. Raises as `before_of`."""
    older = store.predecessor()
    marts = {key[1]: read(store.file(*key)) for key in every_mart(store.study)}
    return hold(store.study, marts, store.delivery, before_of(older) if older else None)


def _checked(
    study: Study, gx: Any, source: Any, delivery: str, name: str, mart: pa.Table, before: Before | None, limits: Limits
) -> PromisesOfMart:
    step = max(1, -(-mart.num_rows // limits.row_cap))
    questionnaire = questionnaires(study).get(name)
    if questionnaire is None:
        promises = conference_promises(study, whole=step == 1)
    else:
        promises = form_promises(study, questionnaire, limits, delivery, whole=step == 1)
    looked_at = mart if step == 1 else mart.take(pa.array(range(0, mart.num_rows, step)))
    rows = list(_results(gx, source, name, promises, _frame(looked_at)))
    skipped: dict[str, str] = {}
    if questionnaire is not None and before is not None:
        compared = moves(questionnaire, mart, before.marts[name], limits.shares.fewest_answers)
        skipped = compared.skipped
        shares = pd.DataFrame({column: pd.Series(values, dtype="float64") for column, values in compared.shares.items()})
        promises = move_promises(compared, limits, before.delivery)
        moved = _results(gx, source, f"{name} moves", promises, shares) if promises else ()
        rows += [{**row, "mart": name, "checked": compared.answers[row["column"]]} for row in moved]
    table = pa.Table.from_pylist(rows, schema=RESULT)
    return PromisesOfMart(name, mart.num_rows, step, before.delivery if before else None, skipped, table)


def results(marts: list[PromisesOfMart]) -> pa.Table:
    """Return all promises, one row each (`RESULT`)."""
    return pa.concat_tables([RESULT.empty_table(), *(mart.results for mart in marts)])


def _results(gx: Any, source: Any, name: str, promises: list[Promise], frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Validate a suite of `promises` once against `frame`; yield rows in the order of the promises."""
    asset = source.add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name, expectations=[_expectation(gx, index, promise) for index, promise in enumerate(promises)])
    validated = batch.validate(suite, result_format=_RESULT_FORMAT).results
    # Great Expectations puts those it couldn't evaluate first.
    by_promise = {result.expectation_config.meta["promise"]: result for result in validated}
    for index, promise in enumerate(promises):
        checked, observed = _observed(promise, by_promise[index].result, len(frame))
        yield {
            "mart": name,
            "expectation": promise.expectation,
            "column": promise.column,
            "limit": promise.limit,
            "promise": promise.words,
            "passed": bool(by_promise[index].success),
            "checked": checked,
            "observed": observed,
        }


def _expectation(gx: Any, index: int, promise: Promise) -> Any:
    kind = getattr(gx.expectations, "".join(word.capitalize() for word in promise.expectation.split("_")))
    arguments = dict(promise.arguments)
    if promise.column is not None:
        arguments["column"] = promise.column
    if promise.occasion is not None:
        arguments["row_condition"] = gx.expectations.row_conditions.Column("occasion") == promise.occasion
    return kind(**arguments, description=promise.words, meta={"promise": index})


def _observed(promise: Promise, result: dict[str, Any], rows: int) -> tuple[int, float | None]:
    """Return the rows checked, and the share of them that fails (for a largest move: that move); None if there is none."""
    if promise.expectation == LARGEST:
        return rows, None if result.get("observed_value") is None else float(result["observed_value"])
    if "element_count" not in result:  # about the columns, or about a column that is missing
        return (rows if promise.expectation == COLUMNS else 0), None
    checked = int(result["element_count"]) - int(result.get("missing_count") or 0)
    return checked, int(result["unexpected_count"]) / checked if checked else None


def import_great_expectations() -> Any:
    """Import Great Expectations, here and nowhere else, having first told it to send nothing home."""
    set_before = os.environ.get(_ANALYTICS)
    os.environ[_ANALYTICS] = "false"
    try:
        import great_expectations
    finally:
        if set_before is None:
            del os.environ[_ANALYTICS]
        else:
            os.environ[_ANALYTICS] = set_before
    return great_expectations


def _frame(mart: pa.Table) -> pd.DataFrame:
    """Convert a mart for pandas, with integers that stay integers where there are nulls."""
    integers = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype()}
    frame: pd.DataFrame = without_decimals(mart).to_pandas(types_mapper=integers.get)
    return frame


def _counts(answers: pa.ChunkedArray, codes: tuple[int, ...]) -> list[int]:
    counted = {row["values"]: row["counts"] for row in answers.value_counts().to_pylist()}
    return [counted.get(code, 0) for code in codes]


def _labels(mart: pa.Table, question: Question) -> dict[int, str]:
    """Return the scale that a mart's column was written with."""
    metadata = mart.schema.field(question.name).metadata or {}
    return {int(code): label for code, label in json.loads(metadata.get(b"labels", b"{}")).items()}


def _columns(names: tuple[str, ...]) -> Promise:
    words = "The columns are those of the data dictionary, in its order."
    return Promise(COLUMNS, None, ", ".join(names), words, {"column_list": list(names)})


def _identifies(column: str, what: str) -> list[Promise]:
    return [
        Promise(UNIQUE, column, "each once", f"Every {what} stands once."),
        Promise(NOT_NULL, column, "never blank", f"Every {what} has its id."),
    ]


def _filled(column: str) -> Promise:
    return Promise(NOT_NULL, column, "never blank", "It is never blank.")


def _occasion(study: Study, occasion: str) -> list[Promise]:
    allowed = tuple(occasions(study)) if occasion == BOTH else (occasion,)
    words = " or ".join(allowed)
    return [_filled("occasion"), Promise(IN_SET, "occasion", words, f"It says {words}.", {"value_set": list(allowed)})]


def _possible(question: Question) -> Promise:
    """Promise what answers there are."""
    number = question.measured
    if number is not None:
        ends = {"min_value": float(number.low), "max_value": float(number.high)}
        return Promise(BETWEEN, question.name, number.described(), "Every number is in the range.", ends)
    labels = "; ".join(f"{code} {label}" for code, label in question.labels.items())
    return Promise(IN_SET, question.name, labels, "Every answer is one of these.", {"value_set": list(question.codes)})


def _blank(study: Study, question: Question, questionnaire: Questionnaire, largest: float) -> Promise:
    only = question.occasion if questionnaire.occasion == BOTH and question.occasion != BOTH else None
    at = f"{occasions(study)[only].one.english} forms" if only else "forms"
    return Promise(
        NOT_NULL,
        question.name,
        f"{100 * largest:g} %" + (f" of {at}" if only else ""),
        f"At most {100 * largest:g} % of {at}{' (it is asked there only)' if only else ''} leave it blank.",
        {"mostly": round(1 - largest, 12)},
        only,
    )
