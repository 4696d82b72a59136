"""How often the fields that a table rests on were keyed wrongly, as far as forms were keyed twice: the rows, and their note."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from frs_pipeline.language import Text
from frs_pipeline.stats.printing import spss
from frs_pipeline.study import Study
from frs_pipeline.study.about import written
from frs_pipeline.tables.figures import column

OF_TABLES = pa.schema(
    [
        column("table", pa.int32(), "number of the table", nullable=False),
        column("drawn", pa.int64(), "counted forms of its questionnaires that were drawn to be keyed again", nullable=False),
        column("keyed_again", pa.int64(), "of these, those that somebody else keyed again", nullable=False),
        column("forms", pa.int64(), "of these, those with fields that can be read in both keyings", nullable=False),
        column("cells", pa.int64(), "their fields that the table asks for, and that can be read in both keyings", nullable=False),
        column("differing", pa.int64(), "of these, those that the two keyings have differently", nullable=False),
        column("undecided", pa.int64(), "of these, those that nobody has decided or corrected", nullable=False),
        column("wrong", pa.int64(), "compared fields that were keyed wrongly at first", nullable=False),
        column("unreadable", pa.int64(), "fields that can't be read in one of the two, and weren't compared", nullable=False),
        column("wrong_percent", pa.float64(), "wrong of the compared fields; null where none could be compared"),
        column(
            "wrong_low", pa.float64(), "95 % interval, forms as clusters; its ends as if undecided fields were right, and wrong"
        ),
        column("wrong_high", pa.float64(), "95 % interval, upper end"),
    ]
)
# What is said of fields about which nobody knows yet, or never will: of one, and of several.
_UNDECIDED = (
    Text(
        "I {} felt er de to indtastninger forskellige, og det er endnu ikke afgjort, hvilken der er rigtig; "
        "intervallet dækker begge muligheder.",
        "In {} field the two keyings differ, and it is not yet decided which is right; the interval covers both possibilities.",
    ),
    Text(
        "I {} felter er de to indtastninger forskellige, og det er endnu ikke afgjort, hvilken der er rigtig; "
        "intervallet dækker begge muligheder.",
        "In {} fields the two keyings differ, and it is not yet decided which is right; the interval covers both possibilities.",
    ),
)
_UNREADABLE = (
    Text(
        "{} felt kunne ikke læses i den ene indtastning og er ikke regnet med.",
        "{} field couldn't be read in one of the keyings and isn't counted.",
    ),
    Text(
        "{} felter kunne ikke læses i den ene indtastning og er ikke regnet med.",
        "{} fields couldn't be read in one of the keyings and aren't counted.",
    ),
)


@dataclass(frozen=True)
class KeyedTwice:
    """What keying forms twice found about the fields that a table asks for: a row of `OF_TABLES`. Shares are in per cent."""

    drawn: int
    keyed_again: int
    forms: int
    cells: int
    wrong: int
    undecided: int
    unreadable: int
    wrong_percent: float | None
    wrong_low: float | None
    wrong_high: float | None


def keyed_twice(rows: pa.Table) -> dict[int, KeyedTwice]:
    """Read `OF_TABLES` by the number of the table."""
    names = tuple(KeyedTwice.__dataclass_fields__)
    return {row["table"]: KeyedTwice(**{name: row[name] for name in names}) for row in rows.to_pylist()}


def about_keying(study: Study, known: KeyedTwice) -> Text:
    """Say below a table how often its fields were keyed wrongly; numbers are written as in the study's first language."""
    if known.wrong_percent is None:
        said = Text(
            "Tastefejl: ingen efterprøvede felter til de spørgsmål, som tabellen bygger på, kunne sammenlignes.",
            "Keying errors: no checked field in the questions that the table rests on could be compared.",
        )
    else:
        limits = known.wrong_low, known.wrong_high
        percent, *ends = (
            "" if one is None else written(study, spss(one, 1, leading_zero=True)) for one in (known.wrong_percent, *limits)
        )
        danish = f", 95-procent-sikkerhedsinterval {ends[0]} til {ends[1]}" if all(ends) else ""
        english = f", 95% confidence interval {ends[0]} to {ends[1]}" if all(ends) else ""
        fields = Text("efterprøvet felt", "checked field") if known.cells == 1 else Text("efterprøvede felter", "checked fields")
        said = Text(
            f"Tastefejl: {known.wrong} af {known.cells} {fields.danish} til de spørgsmål, som tabellen bygger på "
            f"({percent}\u00a0%{danish}).",
            f"Keying errors: {known.wrong} of {known.cells} {fields.english} in the questions that the table rests on "
            f"({percent}%{english}).",
        )
    forms = Text("udtrukket skema", "drawn form") if known.drawn == 1 else Text("udtrukne skemaer", "drawn forms")
    was = "was" if known.keyed_again == 1 else "were"
    said = Text(
        f"{said.danish} {known.keyed_again} af {known.drawn} {forms.danish} er tastet igen af en anden.",
        f"{said.english} {known.keyed_again} of {known.drawn} {forms.english} {was} keyed again by somebody else.",
    )
    more = (_UNDECIDED, known.undecided), (_UNREADABLE, known.unreadable)
    for (one, several), number in more:
        if number:
            also = one if number == 1 else several
            said = Text(f"{said.danish} {also.danish.format(number)}", f"{said.english} {also.english.format(number)}")
    return said
