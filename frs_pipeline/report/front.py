"""What the first page shows: who was asked, the findings with their small figures, what changed, and where to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from frs_pipeline.language import CODES, LANGUAGES, Text
from frs_pipeline.lineage.counts import Count
from frs_pipeline.printed.certainty import estimated
from frs_pipeline.report.drawing.answered import Came, Part, draw_came
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.bars import ByGroup
from frs_pipeline.report.drawing.figures import Drawn
from frs_pipeline.report.drawing.mini import Dot, Mini, draw_mini
from frs_pipeline.report.drawing.numbers import count
from frs_pipeline.report.drawing.scene import Drawing, Link
from frs_pipeline.report.drawing.svg import svg, unseen
from frs_pipeline.report.figures import Known, figure_of
from frs_pipeline.report.findings import Bound, Judge, Number
from frs_pipeline.report.intervals import Ends
from frs_pipeline.report.layout import texts_of
from frs_pipeline.report.statements import Found
from frs_pipeline.report.typography import number_text, share_text
from frs_pipeline.stats.counts import percent
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions, quotes
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.statements import Graphic
from frs_pipeline.study.tables import TOTAL, Address, Table, catalogue

_WHO = Text("Hvem der har svaret.", "Who answered.")
_UNKNOWN = Text("svarprocenten: ingen har optalt, hvor mange der kunne have svaret", "the response rate: nobody counted how many could have answered")


@dataclass(frozen=True)
class Complete:
    """The share of the conferences that lack none of several forms; `lacking` names the count of those that do."""

    share: str
    words: Text
    lacking: str


@dataclass(frozen=True)
class Shown:
    """A finding as the page shows it, with its figure, and what the figure shows of which forms.

    `base` is the number of forms, `blank` how many left the question blank, `ends` the interval of all of them.
    """

    found: Found
    drawing: Drawing | None
    question: Text | None = None
    answers: Text | None = None
    with_before: bool = False
    base: Bound | None = None
    blank: int = 0
    ends: tuple[str, str] | None = None

    @property
    def html(self) -> str:
        """The figure for a page, with the sentence for those who don't see it."""
        return "" if self.drawing is None else unseen(self.drawing) + svg(self.drawing)


def facts(study: Study, counts: Mapping[str, Count]) -> dict[str, Any]:
    """Return what is known of those who were asked, and what isn't; numbers by the names of their counts."""
    language = about(study).language
    held = [(name, occasion.many) for name, occasion in occasions(study).items() if f"in_codebook-{name}" in counts]
    complete = [
        Complete(share_text(_without(counts[name]), language=language), lacking.complete, name)
        for kind, lacking in about(study).lacking.items()
        if lacking.complete and (name := f"without_{kind}-{BOTH}") in counts
    ]
    unknown = [lacking.unknown for lacking in about(study).lacking.values() if lacking.unknown]
    if not unknown and not about(study).registers:
        unknown = [_UNKNOWN]
    return {"held": held, "complete": complete, "unknown": unknown}


def _without(lacking: Count) -> float | None:
    """Return the share of those that aren't counted, in percent."""
    return None if not lacking.of else percent(lacking.of - lacking.value, lacking.of)


def who_answered(study: Study, counts: Mapping[str, Count]) -> tuple[Drawn | None, list[tuple[Text, str]]]:
    """Draw the forms of the questionnaires that say who filled them in; name the others, each with its count."""
    several, others = [], []
    for name, paper in questionnaires(study).items():
        if paper.role is None:
            others.append((paper.called, f"came-{name}"))
            continue
        codes = [*(str(code) for code in paper.role.codes), "none"]
        parts = []
        for code in codes:
            counted = counts.get(f"came-{name}-{code}")
            if counted is not None:
                label = None if code == "none" else paper.role.says[int(code)]
                parts.append(Part(label, counted.value, _link(f"came-{name}-{code}", counted)))
        whole = counts[f"came-{name}"]
        several.append(Came(paper.called, tuple(parts), link=_link(f"came-{name}", whole)))
    return draw_came(_WHO, several) if any(came.parts for came in several) else None, others


def _link(name: str, counted: Count) -> Link:
    number = count(counted.value)
    spoken = Text(f"{number.danish}, {counted.what.danish}", f"{number.english}, {counted.what.english}")
    return Link(f"#n-{name}", spoken)


def graphics(findings: Sequence[Found]) -> list[int]:
    """List the tables that the figures of findings draw by row."""
    drawn = [one.graphic for one in findings if one.graphic and not one.graphic.rows]
    return sorted({number for one in drawn for number in (one.table, one.before) if number is not None})


def shown(judge: Judge, found: Found, known: Known, blanks: Mapping[int, int]) -> Shown:
    """Draw a finding's figure; `blanks` are forms that left the question of a table blank."""
    graphic = found.graphic
    if graphic is None:
        return Shown(found, None)
    if graphic.rows:
        return Shown(found, draw_mini(_own(judge, found, graphic)))
    tables = catalogue(known.study)
    table = tables[graphic.table]
    bars = _bars(table, graphic, known)
    if bars is None:
        return Shown(found, None)
    earlier = _bars(tables[graphic.before], graphic, known) if graphic.before is not None else None
    before = {row.label: _share(earlier, graphic, at) for at, row in enumerate(earlier.rows)} if earlier else {}
    rows = tuple(
        Dot(row.label, _share(bars, graphic, at), row.span, before.get(row.label), row.total, _about(graphic, row.label, row.total))
        for at, row in enumerate(bars.rows)
    )
    assert table.column is not None
    question = texts_of(known.study, table)[table.column.variable]
    whole = next((row for row in bars.rows if row.total), None)
    language = about(known.study).language
    return Shown(
        found,
        draw_mini(Mini(question, rows, graphic.bad, graphic.lens)),
        quotes(known.study, question),
        bars.answers.head(graphic.side or "best"),
        earlier is not None,
        None if whole is None else Bound(number_text(whole.forms, language), (Address(table.number, TOTAL, TOTAL, "", "count"),)),
        blanks.get(table.number, 0),
        None if whole is None or whole.span is None else (share_text(whole.span.low, language=language), share_text(whole.span.high, language=language)),
    )


def _about(graphic: Graphic, label: Text, total: bool) -> bool:
    return label.danish in graphic.subject or (total and TOTAL in graphic.subject)


def _bars(table: Table, graphic: Graphic, known: Known) -> ByGroup | None:
    """Return a table as bars by row, with the interval of the side that the figure shows."""
    if graphic.side == "worst":
        turned = {label: Ends(ends.lower, ends.upper) for label, ends in known.ends.get(table.number, {}).items()}
        known = replace(known, ends={**known.ends, table.number: turned})
    drawn = figure_of(table, Text("", ""), known)
    return drawn if isinstance(drawn, ByGroup) else None


def _share(bars: ByGroup, graphic: Graphic, at: int) -> float | None:
    row = bars.rows[at]
    return bars.answers.sum(row.shares, graphic.side or "best") if row.forms else None


def _own(judge: Judge, found: Found, graphic: Graphic) -> Mini:
    """Draw shares that the finding names."""
    rows = []
    for row in graphic.rows:
        number = found.numbers[row.value]
        rows.append(Dot(row.label, number.value, _span(judge, found, row.value), subject=row.label.danish in graphic.subject))
    return Mini(Text("", ""), tuple(rows), graphic.bad, graphic.lens)


def _span(judge: Judge, found: Found, name: str) -> Span | None:
    asked = estimated(found.finding.values[name], found.finding.values)
    spread = None if asked is None else judge.evidence.spread(asked)
    return None if spread is None else Span(float(spread.low), float(spread.high))


def main_number(found: Found) -> tuple[str, Number] | None:
    """Return the number that a finding names first, with the name of its value; None where it names none."""
    named = {number.shown: (name, number) for name, number in found.numbers.items()}
    return next((named[part] for part in found.says.danish if isinstance(part, Bound) and part in named), None)
