"""Data docs: pages, readable without a network, that show researchers the promises of the marts and whether they hold.

Great Expectations' own pages fetch their look from sixteen places and say when they were made; these are self-contained,
and the same results give the same bytes. They look and speak as the report's pages do, which they lead to and which lead to them.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

from frs_pipeline.language import CODES, Text, date_text
from frs_pipeline.report.expectations import BETWEEN, COLUMNS, IN_SET, LARGEST, NOT_NULL, UNIQUE, PromisesOfMart
from frs_pipeline.report.statics import part
from frs_pipeline.report.typography import anchor, number_text
from frs_pipeline.stats.printing import NOT_COMPUTABLE
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Question, Questionnaire, questionnaires
from frs_pipeline.templates import templates_in

HERE = Path(__file__).parent
TEMPLATE = "data_docs.html"
# What of the report's stylesheet these pages need.
STYLES = ("tokens", "shell")

_FAILING = {
    UNIQUE: Text("står mere end én gang", "stand more than once"),
    IN_SET: Text("uden for", "outside"),
    BETWEEN: Text("uden for", "below"),
}
_BLANK = Text("uden svar", "blank")
_AS_PROMISED, _OTHERS = (
    Text("som lovet", "as promised"),
    Text("andre, eller i en anden rækkefølge", "others, or in another order"),
)
_UNCHECKED = Text(
    "kan ikke kontrolleres: er kolonnen der, og er den af sin type?", "can't be checked: is the column there, and of its type?"
)
_CASES_IN_DANISH = {
    "case_id": "Kodebogens pseudonym for barnet",
    "case_conference": "Hvilket af barnets møder det er efter konteringens datoer: 1, 2, …",
    "case_days": "Dage siden barnets første møde efter konteringens datoer",
}
_FORMS = Text("skemaer", "forms")


def pages(study: Study, delivery: str, promises: list[PromisesOfMart]) -> dict[str, bytes]:
    """Make all pages by file name: an overview and one page per mart."""
    environment = templates_in(HERE, HERE / "templates")
    language, languages = about(study).language, about(study).languages
    # The words of all pages know numbers that are opened; these pages have none.
    environment.filters |= {"anchor": anchor, "number": number_text}
    environment.globals["not_computable"] = NOT_COMPUTABLE
    environment.filters["counted"] = lambda value: Text(number_text(value), number_text(value, "english"))
    environment.globals |= {"language": language, "code": CODES[language], "both_languages": len(languages) > 1}
    template = environment.get_template(TEMPLATE)
    marts = [_mart(study, mart) for mart in promises]
    shown = {"index.html": None, **{f"{mart['name']}.html": mart for mart in marts}}
    common = {
        "day": date_text(delivery),
        "delivery": delivery,
        "before": next((mart.before for mart in promises if mart.before), None),
        "marts": marts,
        "study": about(study),
        "stylesheet": "\n".join(part("css", f"{name}.css") for name in STYLES),
    }
    return {name: template.render(mart=mart, **common).encode() for name, mart in shown.items()}


def _mart(study: Study, promises: PromisesOfMart) -> dict[str, Any]:
    """Return a mart as the pages show it: its promises in groups, one per column."""
    questionnaire = questionnaires(study).get(promises.mart)
    conference = about(study).conference
    one, many = (Text("skema", "form"), _FORMS) if questionnaire else (conference.one, conference.many)
    asked = {question.name: question for question in questionnaire.questions} if questionnaire else {}
    lines = [
        {
            **row,
            "says": _promise(study, row, questionnaire, many, promises.before),
            "limits": _limit(row, asked.get(row["column"])),
            "found": _result_text(row, many),
        }
        for row in promises.results.to_pylist()
    ]
    # What compares with the delivery before comes last out of Great Expectations, but belongs to its question.
    order = list(dict.fromkeys(line["column"] for line in lines))
    lines.sort(key=lambda line: order.index(line["column"]))
    return {
        "name": promises.mart,
        "title": questionnaire.called if questionnaire else conference.many.capitalised(),
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
        "not_compared": [{"name": name, "reason": _skipped(reason)} for name, reason in promises.not_compared.items()],
    }


def _promise(study: Study, row: dict[str, Any], questionnaire: Questionnaire | None, rows: Text, before: str | None) -> Text:
    """Return a promise in words: in English as the results have it."""
    kind, column, limit = row["expectation"], row["column"], row["limit"]
    question = questionnaire.question(column) if questionnaire and column else None
    danish = {
        COLUMNS: "Kolonnerne er dem i dataordbogen, i samme rækkefølge.",
        UNIQUE: f"Ingen {rows.danish} står der mere end én gang.",
        NOT_NULL: "Den er altid udfyldt.",
        IN_SET: "Hvert svar er et af disse." if question else f"Der står {limit.replace(' or ', ' eller ')}.",
        BETWEEN: "Hvert tal ligger i intervallet." if question else "Et antal er aldrig under 0.",
    }
    if kind == NOT_NULL and column in ("form_id", "conference_id") and "has its id" in row["promise"]:
        danish[NOT_NULL] = f"Alle {rows.danish} har et id."
    elif kind == NOT_NULL and question and (share := re.match(r"[\d.]+(?= %)", limit)):
        asked_at = question.occasion if questionnaire and questionnaire.occasion == BOTH and question.occasion != BOTH else None
        at = f" fra {occasions(study)[asked_at].the.danish}" if asked_at else ""
        only = " (der bliver kun spurgt dér)" if asked_at else ""
        danish[NOT_NULL] = f"Højst {share[0].replace('.', ',')}\u00a0% af skemaerne{at} er uden svar{only}."
    if kind == LARGEST and (points := re.match(r"[\d.]+", limit)):
        moved = f"{points[0].replace('.', ',')} procentpoint"
        danish[LARGEST] = f"Intet svars andel ligger mere end {moved} fra andelen i leverancen {before}."
    return Text(danish.get(kind, row["promise"]), row["promise"])


def _limit(row: dict[str, Any], question: Question | None) -> Text | None:
    """Return the limit where it is shown: for most promises the words say it all, but not for a scale or all columns."""
    if row["expectation"] == COLUMNS:
        return Text(row["limit"], row["limit"])
    if row["expectation"] != IN_SET or question is None:
        return None
    listed = [Text(f"{code} {question.says[code].danish}", f"{code} {question.says[code].english}") for code in question.labels]
    return Text("; ".join(one.danish for one in listed), "; ".join(one.english for one in listed))


def _skipped(reason: str) -> Text:
    """Say why a question wasn't compared with the delivery before."""
    fewer = re.fullmatch(r"fewer than (\d+) answers", reason)
    return Text(f"færre end {fewer[1]} svar" if fewer else "ikke stillet dengang, eller med andre svar", reason)


def _text(study: Study, mart: str, column: str | None) -> Text:
    """Return what a column is about."""
    if column is None:
        return Text("Datasættet som helhed", "The data set as a whole")
    questionnaire = questionnaires(study).get(mart)
    question = questionnaire.question(column) if questionnaire else None
    if question:
        return question.asks
    if not questionnaire and column.endswith("_forms"):
        whose = column.removesuffix("_forms").replace("_", " ")
        return Text(f"Skemaer, der kom ind, udfyldt af: {whose}", f"Forms that came in, filled in by: {whose}")
    if column == "occasion":
        held = [occasion.one for occasion in occasions(study).values()]
        return Text(" eller ".join(one.danish for one in held), " or ".join(one.english for one in held)).capitalised()
    conference = about(study).conference.one
    own = {
        "form_id": Text("Skemaets id", "The form's id"),
        "conference_id": Text(
            f"Kodebogens pseudonym for {conference.danish}", f"The codebook's pseudonym of the {conference.english}"
        ),
        "in_ledger": Text("Står det i konteringen?", "Is it in the accounting records?"),
        **{field.name: Text(_CASES_IN_DANISH[field.name], field.metadata[b"text"].decode()) for field in CASES},
    }
    return own.get(column, Text("", ""))


def _result_text(row: dict[str, Any], rows: Text) -> Text:
    """Describe a result by numbers of rows (which are called `rows`), never by what they say."""
    kind, checked, observed = row["expectation"], row["checked"], row["observed"]
    if kind == COLUMNS:
        return _AS_PROMISED if row["passed"] else _OTHERS
    if observed is None:
        return Text(f"ingen {rows.danish} at se på", f"no {rows.english} to look at") if row["passed"] else _UNCHECKED
    of = Text(number_text(checked), number_text(checked, "english"))
    if kind == LARGEST:
        points = f"{100 * observed:.1f}"
        return Text(
            f"højst {points.replace('.', ',')} procentpoint, af {of.danish} svar",
            f"{points} points at most, of {of.english} answers",
        )
    number = round(observed * checked)
    words = _BLANK if kind == NOT_NULL else _FAILING[kind]
    if not number:
        return Text(f"ingen af {of.danish} {words.danish}", f"none of {of.english} {words.english}")
    found, share = Text(number_text(number), number_text(number, "english")), f"{100 * observed:.1f}"
    danish = f"{found.danish} af {of.danish} {words.danish} ({share.replace('.', ',')}\u00a0%)"
    return Text(danish, f"{found.english} of {of.english} {words.english} ({share} %)")
