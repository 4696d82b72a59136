"""Data docs: pages, readable without a network, that show researchers the promises of the marts and whether they hold.

Great Expectations' own pages fetch their look from sixteen places and say when they were made; these are self-contained,
and the same results give the same bytes.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from frs_pipeline.language import CODES
from frs_pipeline.report.expectations import BETWEEN, COLUMNS, IN_SET, LARGEST, NOT_NULL, UNIQUE, PromisesOfMart
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.templates import templates_in

HERE = Path(__file__).parent
TEMPLATE = "data_docs.html"

_FAILING = {UNIQUE: "stand more than once", IN_SET: "outside", BETWEEN: "below"}


def pages(study: Study, delivery: str, promises: list[PromisesOfMart]) -> dict[str, bytes]:
    """Make all pages by file name: an overview and one page per mart."""
    template = templates_in(HERE).get_template(TEMPLATE)
    marts = [_mart(study, mart) for mart in promises]
    shown = {"index.html": None, **{f"{mart['name']}.html": mart for mart in marts}}
    before = next((mart.before for mart in promises if mart.before), None)
    return {
        name: template.render(delivery=delivery, before=before, marts=marts, mart=mart).encode() for name, mart in shown.items()
    }


def _mart(study: Study, promises: PromisesOfMart) -> dict[str, Any]:
    """Return a mart as the pages show it: its promises in groups, one per column."""
    questionnaire = questionnaires(study).get(promises.mart)
    conference = about(study).conference
    one, many = ("form", "forms") if questionnaire else (conference.one.english, conference.many.english)
    asked = {question.name for question in questionnaire.questions} if questionnaire else set()
    lines = [
        {**row, "found": _result_text(row, many), "shows_limit": _shows_limit(row, asked)} for row in promises.results.to_pylist()
    ]
    # What compares with the delivery before comes last out of Great Expectations, but belongs to its question.
    order = list(dict.fromkeys(line["column"] for line in lines))
    lines.sort(key=lambda line: order.index(line["column"]))
    return {
        "name": promises.mart,
        "title": questionnaire.title if questionnaire else conference.many.capitalised().english,
        "language": CODES[about(study).language] if questionnaire else "en",
        "rows_are": one if promises.rows == 1 else many,
        "rows": promises.rows,
        "step": promises.step,
        "before": promises.before,
        "columns": [
            {"name": name, "text": _text(study, promises.mart, name), "lines": list(listed)}
            for name, listed in groupby(lines, key=lambda line: line["column"])
        ],
        "broken": [line for line in lines if not line["passed"]],
        "promises": len(lines),
        "not_compared": [{"name": name, "reason": reason} for name, reason in promises.not_compared.items()],
    }


def _shows_limit(row: dict[str, Any], questions: set[str]) -> bool:
    """Return whether the limit is shown: for most promises the words say it all, but not for a scale or all columns."""
    return row["expectation"] == COLUMNS or (row["expectation"] == IN_SET and row["column"] in questions)


def _text(study: Study, mart: str, column: str | None) -> dict[str, str]:
    """Return what a column is about, and the language of that text."""
    if column is None:
        return {"words": "The mart as a whole", "language": "en"}
    questionnaire = questionnaires(study).get(mart)
    question = questionnaire.question(column) if questionnaire else None
    if question:
        return {"words": question.text, "language": CODES[about(study).language]}
    if not questionnaire and column.endswith("_forms"):
        return {"words": f"Forms that came in, filled in by: {column.removesuffix('_forms').replace('_', ' ')}", "language": "en"}
    if column == "occasion":
        words = " or ".join(occasion.one.english for occasion in occasions(study).values())
        return {"words": words[:1].upper() + words[1:], "language": "en"}
    own = {
        "form_id": "The form's id",
        "conference_id": f"The codebook's pseudonym of the {about(study).conference.one.english}",
        "in_ledger": "Is it in the accounting records?",
        **{field.name: field.metadata[b"text"].decode() for field in CASES},
    }
    return {"words": own.get(column, ""), "language": "en"}


def _result_text(row: dict[str, Any], rows: str) -> str:
    """Describe a result by numbers of rows (which are called `rows`), never by what they say."""
    kind, checked, observed = row["expectation"], row["checked"], row["observed"]
    if kind == COLUMNS:
        return "as promised" if row["passed"] else "others, or in another order"
    if observed is None:
        return f"no {rows} to look at" if row["passed"] else "can't be checked: is the column there, and of its type?"
    if kind == LARGEST:
        return f"{100 * observed:.1f} points at most, of {checked:,} answers"
    number = round(observed * checked)
    words = "blank" if kind == NOT_NULL else _FAILING[kind]
    if not number:
        return f"none of {checked:,} {words}"
    return f"{number:,} of {checked:,} {words} ({100 * observed:.1f} %)"
