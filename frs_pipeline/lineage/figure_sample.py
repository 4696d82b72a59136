"""Figures drawn by a seed, each with some of the forms behind it, to be held against the paper."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.figures_checked import Drawn, Line, drawn_of
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.listing import Listed, counted
from frs_pipeline.lineage.meaning import meanings, question
from frs_pipeline.study.about import about
from frs_pipeline.study.boxes import BOX, BOXES, columns_of
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.tables import Address, Table, catalogue

_BLANK = "(blank)"


def draw(evidence: Evidence, seed: int, figures: int, forms: int) -> tuple[Drawn, list[Line]]:
    """Draw `figures` of a delivery, each as likely as any, and of each up to `forms` forms; return what was drawn and its lines.

    Only figures that count forms of one time; no form twice for the same questions. The order is that of a hash of the seed,
    so that a seed draws the same everywhere. Raises `CheckFailed` when there aren't so many figures.
    """
    asking, study = Asking(evidence), evidence.study
    tables = catalogue(study)
    possible = [one for one in meanings(study) if CONFERENCE not in tables[one.table].marts and not tables[one.table].pairing]
    lines: list[Line] = []
    chosen, taken = 0, set[tuple[tuple[str, ...], str]]()
    for address in sorted(possible, key=lambda one: _place(seed, "figure", *one)):
        table = tables[address.table]
        asked = tuple(asking.asked(table).questions)
        behind = [one for one in counted(evidence, meanings(study)[address].counted) if (asked, one.form) not in taken]
        few = sorted(behind, key=lambda one: _place(seed, "form", *address, one.form))[:forms]
        if few:
            taken |= {(asked, one.form) for one in few}
            lines += _lines(evidence, asking, table, address, few)
            chosen += 1
        if chosen == figures:
            break
    if chosen < figures:
        what = f"only {chosen} figures have forms behind them that weren't drawn yet"
        raise CheckFailed(what, where="--figures", do="draw fewer figures, or fewer forms of each")
    # Whoever checks takes each paper in hand once.
    lines.sort(
        key=lambda line: (line.conference.zfill(9), line.form, line.table, line.row, line.column, line.group, line.measure)
    )
    drawn = Drawn(
        delivery=evidence.store.delivery,
        seed=seed,
        figures=figures,
        forms=forms,
        of=drawn_of(evidence.store),
        lines=tuple((line.form, line.table, figure) for line, figure in zip(lines, _numbered(lines), strict=True)),
    )
    return drawn, lines


def _numbered(lines: list[Line]) -> list[int]:
    """Number the figures of lines as they come."""
    figures: dict[tuple[object, ...], int] = {}
    of_lines = [(line.table, line.row, line.column, line.group, line.measure) for line in lines]
    return [figures.setdefault(figure, len(figures) + 1) for figure in of_lines]


def _place(seed: int, *parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, (seed, *parts))).encode()).digest()


def _lines(evidence: Evidence, asking: Asking, table: Table, address: Address, forms: list[Listed]) -> list[Line]:
    """Write the lines of a figure."""
    answers = asking.answers(table, tuple(one.form for one in forms))
    numbers = _conferences(evidence, table, [one.form for one in forms])
    names = tuple(asking.asked(table).questions)
    printed = evidence.figures[address].printed
    return [
        Line(
            one.form,
            numbers.get(one.form, ""),
            f"{one.file}:{one.line}",
            *(address.table, address.row, address.column, address.group, address.measure),
            printed,
            " / ".join(_said(evidence, table, name, code) for name, code in zip(names, answers[one.form].answers, strict=True)),
        )
        for one in forms
    ]


def _said(evidence: Evidence, table: Table, name: str, code: Number | None) -> str:
    """Say what was keyed at a question, in the study's first language."""
    study = evidence.study
    asked, language = question(study, name, table.marts), about(study).language
    if code is None:
        said = _BLANK
    elif len(columns_of(name)) > 1:
        said = BOXES[int(code)].in_language(language)
    elif asked.option is not None:
        said = BOX[int(code)].in_language(language)
    else:
        said = asked.said(code)
    return f"{asked.asks.in_language(language)} = {said}"


def _conferences(evidence: Evidence, table: Table, forms: list[str]) -> Mapping[str, str]:
    """Return the numbers of the conferences that forms belong to; none where they belong to none."""
    if not about(evidence.study).forms.number:
        return {}
    ids, found = ", ".join(f"'{form}'" for form in forms), dict[str, str]()
    for mart in table.marts:
        chosen = f"SELECT form_id, conference_number FROM {evidence.view('validated', mart)} WHERE form_id IN ({ids})"  # noqa: S608
        found |= {form: str(number) for form, number in evidence.ask(chosen)}
    return found
