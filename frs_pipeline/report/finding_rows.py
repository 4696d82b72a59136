"""The tested claims as rows of findings.parquet."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from frs_pipeline.report.findings import Sentence, Tested
from frs_pipeline.tables.figures import column

FINDINGS = pa.schema(
    [
        column("claim", pa.string(), "id of the claim", nullable=False),
        column("chapter", pa.string(), "chapter of the report: its file in published/claims", nullable=False),
        column("place", pa.int16(), "place of the chapter in the report", nullable=False),
        column("pages", pa.string(), "page of the printed report, or the two between which the claim stands"),
        column("phrase", pa.string(), "the report's own words, as many as identify it"),
        column("holds", pa.bool_(), "does it hold on these forms; null where they can't tell"),
        column("holds_in_tables", pa.bool_(), "does it hold in the report's own tables; null where they can't tell"),
        column("untested", pa.string(), "why nothing can test it: a reason of published/words.yaml; null where something can"),
        column("danish", pa.string(), "what the report says, in other words and with its own numbers", nullable=False),
        column("english", pa.string(), "the same in English", nullable=False),
        column("instead_danish", pa.string(), "what holds on these forms instead, where it doesn't"),
        column("instead_english", pa.string(), "the same in English"),
        column("why_danish", pa.string(), "the reason why nothing can test it, in words"),
        column("why_english", pa.string(), "the same in English"),
        column("value", pa.float64(), "its first number on these forms, unrounded"),
        column("value_in_tables", pa.float64(), "the same from the report's tables"),
        column("unit", pa.string(), "unit of its first number: percent, points, count, gamma or p"),
        column("printed", pa.string(), "its first number on these forms as the page prints it"),
        column("said", pa.string(), "its first number as the report says it; null where it names none"),
        column("forms", pa.int64(), "forms that its first number rests on; null where that isn't a share or a gamma"),
        column("strength", pa.string(), "strong, moderate, weak or none, of a gamma"),
        column("tables", pa.string(), "tables that its numbers come from, with commas", nullable=False),
    ]
)


def as_rows(findings: Iterable[Tested]) -> pa.Table:
    """Return findings as rows of findings.parquet (`FINDINGS`)."""
    return pa.Table.from_pylist([_row(tested) for tested in findings], schema=FINDINGS)


def _row(tested: Tested) -> dict[str, object]:
    claim, main = tested.claim, tested.main
    return {
        "claim": claim.id,
        "chapter": tested.chapter.name if tested.chapter else "",
        "place": tested.chapter.about.place if tested.chapter else 0,
        "pages": claim.pages,
        "phrase": claim.phrase,
        "holds": tested.holds,
        "holds_in_tables": tested.holds_in_tables,
        "untested": claim.untested,
        **_in_both("", tested.says),
        **_in_both("instead_", tested.instead),
        **_in_both("why_", tested.untested),
        "value": main.value if main else None,
        "value_in_tables": float(main.in_tables) if main and main.in_tables is not None else None,
        "unit": main.unit if main else None,
        "printed": main.shown.text if main else None,
        "said": main.said.text if main and main.said else None,
        "forms": main.number_of_forms if main else None,
        "strength": main.strength if main else None,
        "tables": ",".join(map(str, tested.tables)),
    }


def _in_both(before: str, said: Sentence | None) -> dict[str, str | None]:
    return {
        f"{before}danish": Sentence.plain(said.danish) if said else None,
        f"{before}english": Sentence.plain(said.english) if said else None,
    }
