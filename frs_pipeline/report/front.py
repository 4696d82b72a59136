"""What the first page shows: who was asked, the findings with their small figures, what changed, and where to go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.lineage.counts import Count
from frs_pipeline.printed.certainty import estimated
from frs_pipeline.report.before import NONE, Before, judge_before, since
from frs_pipeline.report.chapter_figures import places
from frs_pipeline.report.drawing.answered import Came, Part, draw_came
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.bars import ByGroup
from frs_pipeline.report.drawing.figures import Drawn
from frs_pipeline.report.drawing.mini import Dot, Mini, draw_mini
from frs_pipeline.report.drawing.numbers import count, joined
from frs_pipeline.report.drawing.scene import Drawing, Link
from frs_pipeline.report.drawing.svg import svg, unseen
from frs_pipeline.report.figures import Known, figure_of
from frs_pipeline.report.findings import Bound, Judge, Number, in_words
from frs_pipeline.report.formats.files import WORKBOOK
from frs_pipeline.report.intervals import Ends
from frs_pipeline.report.layout import texts_of
from frs_pipeline.report.statements import Found, FrontTold, front
from frs_pipeline.report.typography import number_text, share_text
from frs_pipeline.stats.counts import percent
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions, quotes, said
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.printed import printed_from
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.statements import Graphic
from frs_pipeline.study.tables import TOTAL, Address, Table, catalogue

_WHO = Text("Hvem der har svaret.", "Who answered.")
_UNKNOWN = Text(
    "svarprocenten: ingen har optalt, hvor mange der kunne have svaret",
    "the response rate: nobody counted how many could have answered",
)


@dataclass(frozen=True)
class Complete:
    """The share of the conferences that lack none of several forms; `lacking` names the count of those that do."""

    share: str
    words: Text
    lacking: str


@dataclass(frozen=True)
class Shown:
    """A finding as the page shows it, with its figure, and what the figure shows of which forms.

    `base` is the number of forms that say `whose`, `blank` how many of those left the question blank, `whole` the share of all
    of them and `ends` its interval.
    """

    found: Found
    drawing: Drawing | None
    question: Text | None = None
    answers: Text | None = None
    with_before: bool = False
    base: Bound | None = None
    whose: Text | None = None
    blank: int = 0
    whole: str = ""
    ends: tuple[str, str] | None = None
    magnified: bool = False

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
            others.append((quotes(study, paper.called), f"came-{name}"))
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


def shown(judge: Judge, found: Found, known: Known) -> Shown:
    """Draw a finding's figure."""
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
        Dot(row.label, _share(bars, graphic, at), row.span, before.get(row.label), row.total, row.label.danish in graphic.subject)
        for at, row in enumerate(bars.rows)
    )
    assert table.column is not None
    question = texts_of(known.study, table)[table.column.variable]
    whole = next((row for row in bars.rows if row.total), None)
    figure = Mini(question, rows, graphic.bad, graphic.lens)
    made = Shown(
        found,
        draw_mini(figure),
        quotes(known.study, question),
        _either(known.study, [bars.answers.labels[place] for place in bars.answers.places(graphic.side or "best")]),
        earlier is not None,
        magnified=figure.magnified,
    )
    if whole is None or whole.forms is None:
        return made
    language = about(known.study).language
    base = Bound(number_text(whole.forms, language), (Address(table.number, TOTAL, TOTAL, "", "count"),))
    span = whole.span
    ends = None if span is None else (share_text(span.low, language=language), share_text(span.high, language=language))
    share = share_text(_share(bars, graphic, bars.rows.index(whole)), language=language)
    whose = quotes(known.study, texts_of(known.study, table)[table.row.variable])
    return replace(made, base=base, whose=whose, blank=whole.blank or 0, whole=share, ends=ends)


def _either(study: Study, answers: Sequence[Text]) -> Text:
    """Quote answers that are added up."""
    return joined([quotes(study, answer) for answer in answers], ", ", Text(" eller ", " or "))


def _bars(table: Table, graphic: Graphic, known: Known) -> ByGroup | None:
    """Return a table as bars by row, with the interval of the side that the figure shows."""
    if graphic.side == "worst":
        turned = {label: Ends(ends.worst, ends.best) for label, ends in known.ends.get(table.number, {}).items()}
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


@dataclass(frozen=True)
class Moved:
    """A finding in the delivery before and now: what its first number is about, both of them, and whether it held and holds."""

    id: str
    place: int
    about: Text
    before: str
    now: str
    change: str
    held: bool | None
    holds: bool | None


def moved(study: Study, now: Sequence[Shown], before: Mapping[str, Found], titles: Mapping[int, Text]) -> list[Moved]:
    """Hold findings against what they were in the delivery before; those that name no number are left out."""
    rows = []
    for place, one in enumerate(now, start=1):
        found, older = one.found, before[one.found.id]
        main = main_number(found)
        if main is None:
            continue
        name, number = main
        other = older.numbers[name]
        change = _change(study, other, number)
        rows.append(
            Moved(
                found.id,
                place,
                _asked(study, number, titles[found.tables[0]]),
                other.shown.text,
                number.shown.text,
                change,
                older.holds,
                found.holds,
            )
        )
    return rows


def _asked(study: Study, number: Number, otherwise: Text) -> Text:
    """Return the question that a number is about; `otherwise` where it comes from none or several."""
    tables = {address.table for address in number.shown.addresses}
    if len(tables) != 1:
        return otherwise
    table = catalogue(study)[tables.pop()]
    return quotes(study, texts_of(study, table)[(table.column or table.row).variable])


def _change(study: Study, before: Number, now: Number) -> str:
    """Write by how much a number changed, with its sign; percentages in points."""
    if before.exact is None or now.exact is None:
        return NONE
    moved = now.exact - before.exact
    text = in_words(moved, "points" if now.unit in ("percent", "points") else now.unit, about(study).language)
    return f"+{text}" if moved > 0 and any(digit in text for digit in "123456789") else text


def first_page(
    store: Store, judge: Judge, told: FrontTold, counts: Mapping[str, Count], known_of: Callable[[Iterable[int]], Known]
) -> dict[str, Any]:
    """Return what the first page shows of a delivery by itself.

    `told` are its findings as `judge` has judged them, `counts` are those of the page and of its foot, `known_of` gathers what
    crosstabs are drawn from.
    """
    study = store.study
    known = known_of(graphics(told.findings))
    who, others = who_answered(study, counts)
    split = about(study).printed.reading == "split" and printed_from(study, store.delivery)
    return {
        **facts(study, counts),
        "told": told,
        "places": places(study),
        "drawn": [shown(judge, found, known) for found in told.findings],
        "who": who,
        "others": others,
        "split": split,
        "workbook": said(study, WORKBOOK),
    }


def compared(store: Store, before: Before | None, drawn: Sequence[Shown], titles: Mapping[int, Text]) -> dict[str, Any]:
    """Return what the first page shows of the delivery before; nothing where there is none."""
    if before is None:
        return {"before": None, "moved": [], "since": None}
    older = {found.id: found for found in front(judge_before(before)).findings}
    return {"before": before, "moved": moved(store.study, drawn, older, titles), "since": since(store, before)}
