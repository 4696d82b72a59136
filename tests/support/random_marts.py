"""Marts of random answers, a seed each, written as the pipeline writes them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.study.cases import CASE_COLUMNS
from frs_pipeline.study.questionnaires import questionnaires
from support.study import STUDY


def random_frame(name, forms, seed):
    """A mart of `forms` rows: any answer of each scale, about a seventh of them blank."""
    rng = np.random.default_rng(seed)
    columns = {"form_id": [f"X-{i}" for i in range(forms)], "conference_id": ["C"] * forms}
    columns["occasion"] = rng.choice(["first", "followup"], forms)
    for question in questionnaires(STUDY)[name].questions:
        column = pd.Series(rng.choice(question.codes, forms), dtype="Int8")
        columns[question.name] = column.mask(rng.random(forms) < 0.15)
    return pd.DataFrame(columns)


def write_marts(frames, folder):
    """Paths of the marts, by name."""
    paths = {name: folder / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        schema = mart_schema(questionnaires(STUDY)[name])
        # Forms that are about nobody in particular.
        frame = frame.assign(**dict.fromkeys(name for name in CASE_COLUMNS if name not in frame))
        pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False), paths[name])
    return paths
