"""What coders are given to read, and how far they agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.intake.coding import Coding, Codings, Text, by_text, differing
from frs_pipeline.intake.readers.worksheets import as_sheet
from frs_pipeline.stats.agreement import agreement, alpha, kappa
from frs_pipeline.study.questionnaires import Question, Questionnaire
from frs_pipeline.study.texts import CONSENSUS

SHEET_COLUMNS = ("form", "question", "text")

AGREED = pa.schema(
    [
        pa.field("instrument", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False, metadata={"text": "The text that was coded"}),
        pa.field("code", pa.int8(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("coders", pa.int32(), nullable=False, metadata={"text": "People who coded it, on any form"}),
        pa.field("forms", pa.int32(), nullable=False, metadata={"text": "Forms that somebody coded"}),
        pa.field("several", pa.int32(), nullable=False, metadata={"text": "Forms that two or more coded, each alone"}),
        pa.field("differing", pa.int32(), nullable=False, metadata={"text": "Of these, on which they differ about the code"}),
        pa.field("undecided", pa.int32(), nullable=False, metadata={"text": "Of these, those without a consensus"}),
        pa.field("agreement_percent", pa.float64(), metadata={"text": "Pairs of codings that agree, in per cent"}),
        pa.field("kappa", pa.float64(), metadata={"text": "Cohen's kappa; null unless there are two coders in all"}),
        pa.field("alpha", pa.float64(), metadata={"text": "Krippendorff's alpha (nominal)"}),
    ]
)


def agreed(papers: Iterable[tuple[Questionnaire, Iterable[Coding]]]) -> pa.Table:
    """Say how far those agree who coded texts (`AGREED`), code by code; nothing about a text that nobody coded."""
    rows = []
    for questionnaire, codings in papers:
        codes = by_text(codings)
        for name, columns in questionnaire.schemes().items():
            of_forms = [given for (_, question), given in codes.items() if question == name]
            rows += [{"instrument": questionnaire.instrument, **_row(column, of_forms)} for column in columns if of_forms]
    return pa.Table.from_pylist(rows, schema=AGREED)


def _row(column: Question, of_forms: list[Codings]) -> dict[str, object]:
    """Say how far coders agree about one code of a text."""
    coders = sorted({coder for codes in of_forms for coder in codes} - {CONSENSUS})
    units = [[column.option in codes[coder] for coder in coders if coder in codes] for codes in of_forms]
    differ = [codes for codes, unit in zip(of_forms, units, strict=True) if len(set(unit)) > 1]
    share, beyond, among = agreement(units), kappa(units) if len(coders) == 2 else None, alpha(units)
    return {
        "question": column.of,
        "code": column.option,
        "label": column.box,
        "coders": len(coders),
        "forms": len(of_forms),
        "several": sum(len(unit) > 1 for unit in units),
        "differing": len(differ),
        "undecided": sum(CONSENSUS not in codes for codes in differ),
        "agreement_percent": None if share is None else float(100 * share),
        "kappa": None if beyond is None else float(beyond),
        "alpha": None if among is None else float(among),
    }


def undecided(codings: Iterable[Coding]) -> set[Text]:
    """Return the texts about which coders differ, and haven't agreed on anything."""
    return {text for text, given in by_text(codings).items() if differing(given)}


def sheet(texts: Iterable[tuple[pa.Table, Collection[Text] | None]], question: str) -> tuple[bytes, int]:
    """Write what is to be coded as a CSV file for a spreadsheet, which must take no text for a formula; and count the texts.

    Of each of `texts` (`texts_schema`) only those that are named, where some are.
    """
    rows = [
        (form, question, words)
        for table, only in texts
        for form, words in _filled(table, question)
        if only is None or (form, question) in only
    ]
    return as_sheet(SHEET_COLUMNS, rows), len(rows)


def _filled(table: pa.Table, question: str) -> Iterator[tuple[str, str]]:
    """Yield the forms on which something is written, and what it is, by form."""
    filled = table.filter(pc.is_valid(table[question])).sort_by("form_id")
    yield from zip(filled["form_id"].to_pylist(), filled[question].to_pylist(), strict=True)
