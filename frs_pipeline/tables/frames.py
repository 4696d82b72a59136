"""Results as pandas frames, for whoever works with them in Python: marts with their labels, and every figure.

What a code means is read from the file itself, so that results of an older delivery keep the labels they were made with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.store.deliveries import deliveries
from frs_pipeline.store.files import MartFile, Store, forms_in, schema_of
from frs_pipeline.store.plan import AssetPath, products
from frs_pipeline.store.rows import without_decimals
from frs_pipeline.store.settings import Settings, find_study
from frs_pipeline.store.together import togethers

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_mart(
    name: str,
    delivery: str | None = None,
    *,
    labels: bool = True,
    dont_know: Literal["missing", "answer"] = "missing",
    blank: str | None = None,
    study: str | Path | None = None,
) -> pd.DataFrame:
    """Read a mart: one row per form (of `conference`, per conference), one column per question.

    Answers are categories in the order of the scale, ordered where the question is ordinal; with `labels=False` they are codes
    (`Int8`). "Don't know" has no place on a scale: it is missing, or an `answer` among the others. A question left blank is
    missing, or the category `blank`. A column with either of these isn't ordered. A number is one, whole (`Int32`) or with
    decimals (`Float64`).

    `delivery` is the newest one that was refreshed, unless named; of several together, by their name, a first column says which
    one each row is from. `study` is a study's folder; unless named, it is found as
    `frs` finds it. FRS_DATA_DIR says where the data are, else they lie where the study has them. Raises `UsageError` for
    an unknown mart and for options that don't fit together, `InputError` when there are no results.
    """
    settings = _settings(study)
    known = [key[1] for key in products(settings.study) if key[0] == "marts"]
    if name not in known:
        raise UsageError("no such mart", where=name, do=f"name one of: {', '.join(known)}")
    if dont_know not in ("missing", "answer"):
        raise UsageError("dont_know has no such value", where=str(dont_know), do="say 'missing' or 'answer'")
    if blank is not None and not labels:
        raise UsageError("a blank has no code", where=blank, do="leave out blank, or labels=False")
    mart = _table(settings, ("marts", name), delivery)
    frame = _frame(mart)
    for field in mart.schema:
        if b"labels" in (field.metadata or {}):
            frame[field.name] = _answers(frame[field.name], field.metadata, labels, dont_know, blank)
    return frame


def read_figures(delivery: str | None = None, *, study: str | Path | None = None) -> pd.DataFrame:
    """Read every figure of every table, one row each: its table, row, column, group and measure, unrounded and as printed.

    `delivery` and `study` as in `read_mart`. Raises `InputError` when there are no results.
    """
    return _frame(_table(_settings(study), ("statistics", "figures"), delivery))


def _settings(study: str | Path | None) -> Settings:
    return Settings.from_environment(find_study(None if study is None else Path(study)))


def _table(settings: Settings, key: AssetPath, delivery: str | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made, several = deliveries(settings.curated("")), togethers(settings)
    if not made or delivery not in (None, *made, *several):
        has = f"there are results of {', '.join((*made, *several))}"
        do = has if made else "frs run makes them; FRS_DATA_DIR says where they are"
        raise InputError("no results", where=settings.curated(delivery or ""), do=do)
    store = Store(settings, delivery or made[-1])
    path = store.file(*key) if key in store.products else settings.curated(store.delivery)
    try:
        if key[0] == "marts" and store.delivery in several:
            return pa.concat_tables([_of_part(file) for file in store.marts(key[1])])
        with pq.ParquetFile(path) as file:
            return file.read()
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError("there is no such result", where=path, do=store.refreshed_by) from error


def _of_part(file: MartFile) -> pa.Table:
    """Read a mart's forms in one of several deliveries, which the first column names."""
    import pyarrow as pa

    names = schema_of(file.path).names
    rows = forms_in(file, names)
    return rows.add_column(
        0, pa.field("delivery", pa.string(), nullable=False), pa.array([file.delivery] * rows.num_rows, pa.string())
    )


def _answers(
    codes: pd.Series, about: Mapping[bytes, bytes], labels: bool, dont_know: Literal["missing", "answer"], blank: str | None
) -> pd.Series:
    """Turn codes (n,) into answers as the caller wants them, by what the file says about the question."""
    import pandas as pd

    texts = {int(code): label for code, label in json.loads(about[b"labels"]).items()}
    no_place = {int(about[b"dont_know"])} if about[b"dont_know"] else set()
    left_out = no_place if dont_know == "missing" else set()
    if not labels:
        return codes.mask(codes.isin(left_out))
    places = [label for code, label in texts.items() if code not in left_out]
    answers = codes.map({code: label for code, label in texts.items() if code not in left_out})
    if blank is not None:
        if blank in texts.values():
            raise UsageError("is the label of an answer", where=blank, do="give blanks a word of their own")
        places.append(blank)
        answers = answers.mask(codes.isna(), blank)
    ordered = about[b"type"] == b"ordinal" and blank is None and (left_out == no_place)
    return pd.Series(pd.Categorical(answers, places, ordered=ordered), codes.index)


def _frame(rows: pa.Table) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    # Nullable types: plain pandas would make floats of whole numbers where some are missing.
    whole = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}
    decimal = {pa.float64(): pd.Float64Dtype()} if any(pa.types.is_decimal(field.type) for field in rows.schema) else {}
    kinds = {**whole, pa.bool_(): pd.BooleanDtype(), **decimal}
    frame: pd.DataFrame = without_decimals(rows).replace_schema_metadata(None).to_pandas(types_mapper=kinds.get)
    return frame
