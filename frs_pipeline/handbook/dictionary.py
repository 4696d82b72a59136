"""Make docs/data-dictionary.md from the questionnaires; `--check` says whether it is up to date."""

from __future__ import annotations

from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.instruments import BOTH, Dated, listed
from frs_pipeline.study.questionnaires import Questionnaire, background, questionnaires

# Under what heading, and before what in links, columns of the ledger stand.
BACKGROUND = "background"


def page(study: Study) -> str:
    """Write the whole data dictionary as Markdown."""
    parts = [
        "# Data dictionary",
        "",
        f"Made from `studies/{study.folder.name}/questionnaires/*.yaml` by `make docs`; change those, not this page.",
        "",
        "Each mart `data/curated/<delivery>/marts/<name>.parquet` has one row per form: `form_id`, `conference_id` (the "
        f"codebook's pseudonym), `occasion` ({' or '.join(f'`{name}`' for name in occasions(study))}), and one column per "
        "question: an integer code, null where the question was not answered. Wording *assumed*: the report only names the "
        "subject of the question, so text and labels are ours.",
        *_cases(study),
        *_background(study),
    ]
    for questionnaire in questionnaires(study).values():
        parts += _questionnaire(study, questionnaire)
    return "\n".join(parts) + "\n"


def _cases(study: Study) -> list[str]:
    """Describe the columns that say which conferences are of one child, where marts have them."""
    if not about(study).cases:
        return []
    conference = about(study).conference.one.english
    return [
        "",
        "## In every mart",
        "",
        f"`study.yaml` says `cases: true`, so that every mart, that of {about(study).conference.many.english} too, tells which "
        "are of the same child:",
        "",
        "| column | type | what it says |",
        "| --- | --- | --- |",
        *(f"| `{field.name}` | {field.type} | {field.metadata[b'text'].decode()} |" for field in CASES),
        "",
        f"The last two are null for a {conference} that isn't in the ledger, which counts for no other one either. All three "
        "are null where the codebook was locked before children had pseudonyms. "
        "[Privacy](privacy.md#what-a-pseudonym-of-the-child-adds) says what this adds to the risk.",
    ]


def _background(study: Study) -> list[str]:
    """Describe the columns that say what the ledger knows of conferences, where the study admits any."""
    if not background(study):
        return []
    rows = []
    for one, question in zip(about(study).background, background(study), strict=True):
        where = f"`{one.column}`" if one.column else "the date"
        codes = "<br>".join(f"{code} {label}" for code, label in question.labels.items())
        link = f'<a id="{anchor(BACKGROUND, question.name)}"></a>`{question.name}`'
        rows.append(f"| {link} | {where} | {question.text} | {question.type} | {codes} | {question.sensitivity} |")
    many = about(study).conference.many.english
    return [
        "",
        f"## {BACKGROUND}",
        "",
        f"What the ledger knows of {many}, in every mart, that of {many} too; null where it doesn't say. "
        "[Privacy](privacy.md#what-a-background-adds) says what this adds to the risk.",
        "",
        "| column | in the ledger | what it says | type | codes | sensitivity |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]


def at(study: Study, occasion: str) -> str:
    """Say when forms are filled in, in a few words."""
    return "any occasion" if occasion == BOTH else occasions(study)[occasion].one.english


def anchor(instrument: str, question: str) -> str:
    """Return what a link to a question's row has behind `data-dictionary.md#`."""
    return f"{instrument}-{question}"


def _questionnaire(study: Study, questionnaire: Questionnaire) -> list[str]:
    lines = [
        "",
        f"## {questionnaire.instrument}",
        "",
        f"{questionnaire.title}; {at(study, questionnaire.occasion)}{_dates(listed(study)[questionnaire.instrument])}; "
        f"filled in by: {questionnaire.filled_in_by}; form ids `{questionnaire.form_prefix}-…`.",
        "",
        "| column | in the export | question | type | codes | asked at | sensitivity | wording |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for question in questionnaire.questions:
        codes = "<br>".join(
            f"{code} {label}" + (" (left out of crosstabs and correlations)" if code == question.dont_know else "")
            for code, label in question.labels.items()
        )
        if question.measured:
            codes = f"{question.measured.described()}{f' ({question.unit_name.english})' if question.unit_name else ''}"
        if question.calendar:
            codes = f"1 to {len(question.codes)}: {question.answers[0].label} to {question.answers[-1].label}"
        lines.append(
            f'| <a id="{anchor(questionnaire.instrument, question.name)}"></a>'
            f"`{question.name}` | `{question.source}` | {question.text} | {question.type} | {codes} "
            f"| {at(study, question.occasion)}{_dates(question)} | {question.sensitivity} | {question.wording} |"
        )
    return lines


def _dates(asked: Dated) -> str:
    """Say which deliveries have it, where not all do."""
    since = f" from {asked.since}" if asked.since else ""
    until = f" until {asked.until}" if asked.until else ""
    return f", in deliveries{since}{until}" if since or until else ""
