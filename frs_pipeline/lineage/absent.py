"""What a figure could be, had nobody left a question blank: its worst and best case.

Read from statistics/bounds.parquet, which `tables.bounds` makes.
"""

from __future__ import annotations

from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.spread import as_printed
from frs_pipeline.study.countable import noun
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.bounds import REASONS
from frs_pipeline.tables.figures import Figure


@dataclass(frozen=True)
class Absent:
    """The bounds of a figure, printed as it is: None where they aren't known, and `reason` says why.

    `missing` is how many forms (what `counted` says) lack an answer on which it depends. Of a gamma, `neither` of these lack
    both, and `lowest_partly` and `highest_partly` are the bounds without them. `units` never came, None where nobody knows how
    many were to come; `lowest_units` and `highest_units` are the bounds had these come, too.
    """

    lowest: str | None
    highest: str | None
    missing: int
    counted: Text
    neither: int | None
    lowest_partly: str | None
    highest_partly: str | None
    units: int | None
    lowest_units: str | None
    highest_units: str | None
    reason: Text | None

    @property
    def partly(self) -> tuple[str, str] | None:
        """The bounds without forms that lack both answers, or the group, where there are such."""
        low, high = self.lowest_partly, self.highest_partly
        return None if low is None or high is None or (low, high) == (self.lowest, self.highest) else (low, high)


def absent(evidence: Evidence, figure: Figure) -> Absent | None:
    """Return what blanks and forms that never came may hide of a figure; None for one that has no bounds, as a count."""
    row = evidence.bounds.get(figure.address)
    if row is None:
        return None

    def printed(name: str) -> str | None:
        return as_printed(evidence.study, figure, row[name])

    return Absent(
        lowest=printed("lowest"),
        highest=printed("highest"),
        lowest_partly=printed("lowest_partly"),
        highest_partly=printed("highest_partly"),
        lowest_units=printed("lowest_units"),
        highest_units=printed("highest_units"),
        missing=row["missing"],
        neither=row["neither"],
        units=row["units"],
        counted=noun(evidence.study, catalogue(evidence.study)[figure.table].marts[0]).many,
        reason=REASONS[row["reason"]] if row["reason"] else None,
    )


def about_absent(known: Absent) -> list[Text]:
    """Say, in a line or a few, what the figure could be."""
    if not known.missing and not known.units:
        return [Text("intet mangler", "nothing is missing")]
    missing, counted = known.missing, known.counted
    if known.reason is not None:
        line = Text(
            f"{missing} {counted.danish} mangler et svar; hvad tallet kunne være, vides ikke: {known.reason.danish}",
            f"{missing} {counted.english} lack an answer; what the figure could be isn't known: {known.reason.english}",
        )
    else:
        line = Text(
            f"{known.lowest} til {known.highest}, hvis de {missing} {counted.danish}, der mangler et svar, havde givet et",
            f"{known.lowest} to {known.highest}, had the {missing} {counted.english} that lack an answer given one",
        )
    lines = [line]
    if known.partly:
        low, high = known.partly
        lines.append(
            Text(
                f"{low} til {high}, hvis dem, der mangler begge svar eller gruppen, ikke regnes med",
                f"{low} to {high}, if those that lack both answers or the group are left out",
            )
        )
    if known.units and known.lowest_units is not None:
        lines.append(
            Text(
                f"{known.lowest_units} til {known.highest_units}, hvis også {known.units}, der aldrig kom, var kommet",
                f"{known.lowest_units} to {known.highest_units}, had {known.units} that never came been there, too",
            )
        )
    return lines
