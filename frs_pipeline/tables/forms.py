"""How many forms came, by who filled them in and when: what tells whether those who answer change over time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.tables.figures import column

if TYPE_CHECKING:
    import ibis.expr.types as ir

FORMS = pa.schema(
    [
        column("mart", pa.string(), "mart of the forms", nullable=False),
        column("role", pa.string(), "who filled them in; null where the paper doesn't ask, or nothing was ticked"),
        column("occasion", pa.string(), "occasion of the forms", nullable=False),
        column("quarter", pa.string(), "quarter of the conference; null where the study's marts don't tell it"),
        column("forms", pa.int64(), "number of forms", nullable=False),
    ]
)


def forms_by(store: Store) -> pa.Table:
    """Count the forms of a delivery, or of several together (`FORMS`). Raises as `fetch`."""
    from frs_pipeline.tables.engine import open_marts

    opened = open_marts({name: store.marts(name) for name in questionnaires(store.study)}, store.settings.engine)
    return pa.Table.from_pylist([row for name, mart in opened.items() for row in _of_mart(store.study, name, mart)], schema=FORMS)


def _of_mart(study: Study, name: str, mart: ir.Table) -> Iterator[dict[str, Any]]:
    from frs_pipeline.tables.engine import fetch

    places = {occasion: at for at, occasion in enumerate(occasions(study))}
    known = {"role": questionnaires(study)[name].role, "quarter": quarter_of_conference(study, name)}
    asked = {key: question for key, question in known.items() if question}
    names = {"occasion": "occasion", **{key: question.name for key, question in asked.items()}}
    counted = fetch(mart.group_by(list(names.values())).agg(forms=mart.count())).to_pylist()
    rows = [{**{key: row[name] for key, name in names.items()}, "forms": row["forms"]} for row in counted]
    # In the order of the papers, what isn't known last.
    for row in sorted(rows, key=lambda row: (places[row["occasion"]], *((row[key] is None, row[key] or 0) for key in asked))):
        said = {key: question.labels.get(row[key]) for key, question in asked.items()}
        yield {"mart": name, "role": None, "quarter": None, **row, **said}


def quarter_of_conference(study: Study, mart: str) -> Question | None:
    """Return what a mart says of the quarter of a form's conference; None in a study that doesn't have it."""
    named = next((one.name for one in about(study).background if one.quarters), None)
    return next((q for q in questionnaires(study)[mart].background if q.name == named), None)
