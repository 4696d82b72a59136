"""The forms behind a figure, by id: where each stands in the exports, and what was noted or decided about it.

The mart is queried again each time, with the conditions of the query that recounts the figure. No answer is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.meaning import Selection, question
from frs_pipeline.lineage.recount import answered, conditions
from frs_pipeline.lineage.waterfall import AGAIN, ANSWERED, NOT_ASKED, OTHER_ANSWER, SET_ASIDE, Why, failing, questions
from frs_pipeline.study import Study
from frs_pipeline.study.boxes import in_sql
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.pairing import Pairing
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Table
from frs_pipeline.tables.bases import BLANK, LEFT_OUT, NOT_IN_USE, OTHER_OCCASION, OUTSIDE

if TYPE_CHECKING:
    from frs_pipeline.intake.amendments import Correction
    from frs_pipeline.intake.coding import Coding


@dataclass(frozen=True)
class Listed:
    """One form: its id, its line in the raw file, and what was noted or corrected, in words without a value; and its pair.

    Of several deliveries together, the name of the form's own stands before the file.
    """

    form: str
    file: str
    line: int
    history: tuple[str, ...]


def counted(evidence: Evidence, chosen: Selection) -> list[Listed]:
    """List the forms that a selection counts, by mart, delivery and id."""
    where = [sql for sql, _ in conditions(evidence.study, chosen)]
    parts = [(mart, part) for mart in chosen.marts for part in evidence.parts]
    return [_of(evidence, part, form) for mart, part in parts for form in _forms(part, mart, where, pairing=chosen.pairing)]


def _of(whole: Evidence, part: Evidence, form: Listed) -> Listed:
    return form if part is whole else replace(form, file=f"{part.store.delivery}/{form.file}")


def near(asking: Asking, table: Table, chosen: Selection, why: Why, most: int) -> list[Listed]:
    """List the first forms (at `most` so many) that fail one condition of a selection and no other."""
    listed: list[Listed] = []
    for part, mart in ((part, mart) for mart in chosen.marts for part in asking.parts):
        if why.kind == SET_ASIDE:
            names = questions(asking.study, table)
            aside = [form for form in part.set_aside(mart) if form.rule == why.about]
            kept = [form for form in aside if not failing(asking.study, names, chosen, form.group(names, part.delivery))]
            forms = [Listed(form.form, form.file, form.line, (f"set aside: {form.rule}",)) for form in kept]
        elif why.kind == AGAIN:
            forms = _forms(part.evidence.whole, mart, [sql for sql, _ in conditions(asking.study, chosen)])
            mine = {form.form for form in _forms(part.evidence, mart, [])}
            forms = [form for form in forms if form.form not in mine]
        else:
            where = list(_failing(asking.study, table, mart, chosen, why, part.delivery))
            forms = _forms(part.evidence, mart, where, most - len(listed), chosen.pairing)
        listed += [_of(asking.evidence, part.evidence, form) for form in forms[: most - len(listed)]]
    return listed


def _failing(study: Study, table: Table, mart: str, chosen: Selection, why: Why, delivery: str) -> Iterable[str]:
    """Return the SQL of all conditions but one, and of failing that one in this way."""
    if chosen.occasion != BOTH:
        yield f"occasion {'<>' if why.kind == OTHER_OCCASION else '='} '{chosen.occasion}'"
    for name, codes in chosen.answers:
        if name != why.about:
            yield answered(name, codes, without=name == chosen.without)
            continue
        answer = in_sql(name)
        if why.kind == OUTSIDE:
            yield f"({answer} IS NULL OR NOT {answered(name, codes)})"
            continue
        occasion = question(study, name, (mart,)).occasion
        if (why.kind == NOT_IN_USE) == questionnaires(study)[mart].asks(question(study, name, (mart,)), delivery):
            yield "false"
        counted = questions(study, table)[name]
        yield {
            BLANK: f"{answer} IS NULL AND (occasion = '{occasion}' OR '{occasion}' = 'both')",
            NOT_IN_USE: f"{answer} IS NULL",
            NOT_ASKED: f"{answer} IS NULL AND occasion <> '{occasion}' AND '{occasion}' <> 'both'",
            LEFT_OUT: f"{answer} IS NOT NULL AND NOT {answered(name, counted)}",
            OTHER_ANSWER: f"{answered(name, counted)} AND NOT {answered(name, codes)}",
            ANSWERED: answered(name, codes),
        }[why.kind]


def _forms(
    evidence: Evidence, mart: str, where: Sequence[str], most: int | None = None, pairing: Pairing | None = None
) -> list[Listed]:
    """List the forms of a mart that fulfil all of these conditions, which may be about their pairs."""
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    limit = "" if most is None else f" LIMIT {most}"
    # The conditions consist of the catalogue's names and codes, so that nothing foreign gets into the SQL.
    source = evidence.forms_view(mart, pairing)
    mine = f"SELECT form_id FROM {source}{clause} ORDER BY form_id{limit}"  # noqa: S608
    placed, noted = evidence.view("validated", mart), evidence.view("noted")
    rows = evidence.ask(f"SELECT form_id, file, line FROM {placed} SEMI JOIN ({mine}) USING (form_id) ORDER BY form_id")  # noqa: S608
    columns = 'form_id, rule, "column", severity, reason, who'
    notes = evidence.ask(f"SELECT {columns} FROM {noted} SEMI JOIN ({mine}) USING (form_id) ORDER BY ALL")  # noqa: S608
    history = _history(evidence, mart, notes)
    if pairing:
        pairs = f"SELECT form_id AS mine, {pairing.form} AS form_id FROM {source} SEMI JOIN ({mine}) USING (form_id)"  # noqa: S608
        placed = evidence.view("validated", pairing.partner)
        for form, other, file, line in evidence.ask(
            f"SELECT mine, form_id, file, line FROM ({pairs}) JOIN {placed} USING (form_id) ORDER BY ALL"  # noqa: S608
        ):
            history.setdefault(form, []).insert(0, f"paired with {other}, {file}:{line}")
    return [Listed(form, file, line, tuple(history.get(form, ()))) for form, file, line in rows]


def _history(evidence: Evidence, mart: str, notes: Iterable[tuple[str, ...]]) -> dict[str, list[str]]:
    """Collect what was corrected, accepted or noted about forms of a questionnaire."""
    history: dict[str, list[str]] = defaultdict(list)
    prefix = questionnaires(evidence.study)[mart].form_prefix
    for made in evidence.corrections:
        if made.prefix == prefix:
            history[made.form].append(corrected(made))
    coded: dict[str, list[Coding]] = defaultdict(list)
    for entry in evidence.codings:
        if entry.prefix == prefix:
            coded[entry.form].append(entry)
    for form, codings in coded.items():
        history[form] += codes_given(codings)
    for form, rule, column, severity, reason, who in notes:
        history[form].append(remarked(rule, column, severity, reason, who))
    return history


def corrected(made: Correction) -> str:
    """Describe a correction in words, without its values."""
    return f"corrected: {made.column} ({made.reason}; {made.who}, {made.when})"


def codes_given(codings: Sequence[Coding]) -> list[str]:
    """Say which lines code the texts of a form, and whose, in words that don't reveal the codes; one for each text."""
    listed = []
    for name in dict.fromkeys(entry.question for entry in codings):
        mine = [entry for entry in codings if entry.question == name]
        lines = ", ".join(str(entry.line) for entry in mine)
        coders = ", ".join(dict.fromkeys(entry.coder for entry in mine))
        listed.append(f"coded: {name} (coding.csv:{lines}; {coders})")
    return listed


def remarked(rule: str, column: str | None, severity: str, reason: str | None, who: str | None) -> str:
    """Describe a finding that set nothing aside, in words."""
    place = f" at {column}" if column else ""
    return f"accepted: {rule}{place} ({reason}; {who})" if severity == "accepted" else f"noted: {rule}{place}"
