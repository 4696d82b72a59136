"""Make docs/tables.md: what each table of the catalogue counts, and where it is shown; `--check` says if it is up to date.

It describes the tables as they are counted, not as the YAML writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from frs_pipeline.handbook.dictionary import BACKGROUND, anchor, at
from frs_pipeline.printed.contradictions import not_reproducible
from frs_pipeline.study import Study
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.countable import CONFERENCE, countable
from frs_pipeline.study.families import Hypothesis, families, hypotheses, hypotheses_of
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.other_statistics import OTHERS
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.printed import of_table
from frs_pipeline.study.questionnaires import Question, background
from frs_pipeline.study.tables import Axis, Table, catalogue

_DICTIONARY = "data-dictionary.md"
_KINDS = {
    "frequency": "How many gave each answer, and how many none",
    "distribution": "How many gave each answer",
    "crosstab": "Two questions crossed",
    "collapsed_crosstab": "Two questions crossed, with answers merged",
    "correlation": "Association of two questions: gamma, ASE, T, p and N",
    "summary": "Numbers summed up: n, mean, standard deviation, smallest, quartiles (weighted average at (n + 1) p), largest",
    "change": "Answers on two forms of a pair crossed, and which way they changed",
    "multiple": "How many ticked each of several boxes, how many none",
    "correlation_by_group": "Association of two questions within each answer to a third, and partial gamma",
}
_PERCENT = {
    "frequency": "per cent of all forms, of those answered, and cumulated",
    "distribution": "per cent of those answered",
    "collapsed_crosstab": "per cent of all counted",
    "multiple": "per cent of all answers, and of the forms with any",
    "row": "per cent of the row",
    "column": "per cent of the column",
    "total": "per cent of all counted",
}
_ROLES = (("group", "within each"), ("row", "rows"), ("column", "columns"))


def page(study: Study) -> str:
    """Write the whole page as Markdown."""
    tables = catalogue(study)
    parts = [
        "# The tables",
        "",
        f"Made from `studies/{study.folder.name}/tables.yaml` by `make docs`; change that, not this page. "
        "[How to add a table](how-to/table.md).",
        "",
        "What each table counts, of which forms. Forms on which a question isn't answered are in no crosstab and no "
        "association of it. *Left out* are answers that the table doesn't count; *merged* ones are counted as one; where "
        "another label is *printed*, the answer is the same. A *reversed* question runs from its last answer to its first, "
        "which turns the sign of an association. Questions link to the data dictionary. `frs tables N` prints table N, "
        "`frs trace N` opens its figures.",
        "",
        "## By chapter of the report",
        "",
        "| chapter | tables |",
        "| --- | --- |",
        *(
            f"| {chapter.title.danish} (*{chapter.title.english}*), `{chapter.file}` | {_listed(chapter.tables)} |"
            for chapter in chapters(study)
            if chapter.tables
        ),
        "",
        "## By questionnaire",
        "",
        "| questionnaire | tables |",
        "| --- | --- |",
        *(
            f"| [{countable(study)[mart].title}]({_DICTIONARY}#{_anchor(mart)}) | {_listed(numbers)} |"
            for mart, numbers in _by_questionnaire(study, tables).items()
        ),
        "",
        *_families(study),
        "## Table by table",
    ]
    contradicted = _contradicted(study)
    for table in tables.values():
        parts += ["", *entry(study, table, contradicted.get(table.number, 0))]
    return "\n".join(parts) + "\n"


def entry(study: Study, table: Table, contradicted: int) -> list[str]:
    """Write the lines of one table; the report contradicts itself on `contradicted` of its printed figures."""
    title = f"**{_text(table.title)}**" if table.title else "*(printed without a title)*"
    percent = _PERCENT.get(table.percent or table.kind)
    counted = "conferences" if CONFERENCE in table.marts else "forms"
    lines = [
        f"### Table {table.number}",
        "",
        title,
        "",
        f"{_KINDS[table.kind]}{f'; {percent}' if percent else ''}.",
        "",
        f"- {counted}: {_forms(study, table)}{_limits(study, table)}{_answered(study, table)}",
        *(f"- {name}: {_axis(study, table, axis)}" for field, name in _ROLES if (axis := getattr(table, field)) is not None),
    ]
    if table.column is None:
        lines[-1] = lines[-1].replace("- rows:", "- question:", 1)
    if table.statistics:
        lines.append(f"- other statistics: {', '.join(OTHERS[name].called.english for name in table.statistics)}")
    if tested := hypotheses_of(study)[table.number]:
        lines.append(f"- family of tests: {_tested(study, table.number, tested)}")
    if table.note:
        lines.append(f"- note: {_text(table.note)}")
    if table.printed_note:
        lines.append(f"- of the printed table: {_text(table.printed_note)}")
    lines.append(f"- shown in: {_chapter(study, table.number)}; {_printed(study, table.number, contradicted)}")
    return lines


def _families(study: Study) -> Iterator[str]:
    """Write the section about the families of tests, in a study that has any."""
    if not families(study):
        return
    yield from (
        "## Families of tests",
        "",
        "The p values of a family are adjusted together, each hypothesis counted once: two tables that print the same gamma test "
        "one. [What a hypothesis is](how-to/table.md#families-of-tests).",
        "",
        "| family | gammas | distinct | partial gammas | tables |",
        "| --- | --- | --- | --- | --- |",
    )
    for family in families(study):
        gammas = [tested for tested in hypotheses(study).items() if tested[1] in family.hypotheses and not tested[1].within]
        distinct = len({found for _, found in gammas})
        partial = len(family.hypotheses) - distinct
        title = f"{_text(family.title.danish)} (*{_text(family.title.english)}*)"
        yield f"| {title}, `{family.id}` | {len(gammas)} | {distinct} | {partial} | {_listed(family.tables)} |"
    yield ""


def _tested(study: Study, number: int, tested: frozenset[Hypothesis]) -> str:
    """Say in which family a table's gammas are tested, and which other tables test one of them."""
    names = dict.fromkeys(f"`{family.id}`" for family in families(study) if family.hypotheses & tested)
    same = [other for other, found in hypotheses_of(study).items() if other != number and found & tested]
    return ", ".join(names) + (f"; the same hypothesis as {_listed(same)}" if same else "")


def _listed(numbers: Iterable[int]) -> str:
    return " ".join(f"[{number}](#table-{number})" for number in numbers)


def _anchor(mart: str) -> str:
    return BACKGROUND if mart == CONFERENCE else mart


def _by_questionnaire(study: Study, tables: Mapping[int, Table]) -> dict[str, list[int]]:
    """List the tables that count forms of each questionnaire, by number; a table of two stands under both. Conferences last."""
    numbers = {mart: [table.number for table in tables.values() if mart in table.marts] for mart in countable(study)}
    return {mart: own for mart, own in numbers.items() if own or mart != CONFERENCE}


def _contradicted(study: Study) -> Mapping[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for key in not_reproducible(study):
        counts[key.table] += 1
    return counts


def _forms(study: Study, table: Table) -> str:
    parts = []
    for mart in table.marts:
        asked_at = countable(study)[mart].occasion
        occasion = table.occasion if asked_at == BOTH else asked_at
        parts.append(f"`{mart}`, {at(study, occasion)}")
    return " and ".join(parts)


def _limits(study: Study, table: Table) -> str:
    """Say to which answers the table is limited."""
    asked = countable(study)[table.marts[0]]
    limits = []
    for name, codes in table.where:
        if table.pairing and name == table.pairing.status:
            limits.append(f"; only those with a pair, {at(study, table.pairing.end)} in `{table.pairing.partner}`")
            continue
        question = asked.question(name)
        assert question is not None
        labels = [label for code, label in question.labels.items() if code in codes]
        asking = _question(study, table, name)
        whose = f"whose {asking} is" if CONFERENCE in table.marts else f"that answer {asking} with"
        limits.append(f"; only those {whose} {_joined(labels)}")
    return "".join(limits)


def _answered(study: Study, table: Table) -> str:
    """Say what else has to be answered for a form to count."""
    names = [name for name in table.answered if name not in table.variables]
    return f"; only those that answer {', '.join(_question(study, table, name) for name in names)}" if names else ""


def _question(study: Study, table: Table, name: str) -> str:
    """Write a question's name, linked to the data dictionary, for each mart that is counted."""
    if table.pairing and name in table.pairing.made:
        return f"[`{table.pairing.variable}`]({_DICTIONARY}#{anchor(table.pairing.partner, table.pairing.variable)})"
    if name in (question.name for question in background(study)):
        return f"[`{name}`]({_DICTIONARY}#{anchor(BACKGROUND, name)})"
    first, *more = table.marts
    also = "".join(f" ([`{mart}`]({_DICTIONARY}#{anchor(mart, name)}))" for mart in more)
    return f"[`{name}`]({_DICTIONARY}#{anchor(first, name)}){also}"


def _axis(study: Study, table: Table, axis: Axis) -> str:
    asked = [q for mart in table.marts if (q := question_of(study, mart, axis.variable))]
    words = " / ".join(dict.fromkeys(_text(question.text) for question in asked))
    if axis.boxes:
        link = f"[`{asked[0].name}`]({_DICTIONARY}#{anchor(table.marts[0], axis.boxes[0])})"
        return f"{link} {words}; boxes: {_joined(category.label for category in axis.categories)}"
    # Where two questionnaires ask it, they have the same answers: the catalogue sees to that.
    return "; ".join([f"{_question(study, table, axis.variable)} {words}", *_differences(axis, asked[0])])


def _differences(axis: Axis, question: Question) -> Iterator[str]:
    """Say where the table's categories aren't simply the question's answers."""
    counted = [code for category in axis.categories for code in category.codes]
    left_out = [label for code, label in question.labels.items() if code not in counted]
    if left_out:
        yield f"left out: {_joined(left_out)}"
    merged = [category for category in axis.categories if len(category.codes) > 1]
    if merged:
        merges = (f"{_quoted(c.label)} = {' + '.join(_quoted(question.labels[code]) for code in c.codes)}" for c in merged)
        yield f"merged: {', '.join(merges)}"
    printed = [(question.labels[c.codes[0]], c.label) for c in axis.categories if len(c.codes) == 1]
    others = [(label, other) for label, other in printed if label != other]
    if others:
        yield f"printed: {', '.join(f'{_quoted(other)} for {_quoted(label)}' for label, other in others)}"
    order = [question.codes.index(code) for code in counted]
    if len(axis.categories) > 1 and order[0] > order[-1]:
        yield "reversed"


def _joined(labels: Iterable[str]) -> str:
    return ", ".join(_quoted(label) for label in labels)


def _quoted(label: str) -> str:
    return f"»{_text(label)}«"


def _chapter(study: Study, number: int) -> str:
    chapter = next(chapter for chapter in chapters(study) if number in chapter.tables)
    return f"*{_text(chapter.title.danish)}*"


def _printed(study: Study, number: int, contradicted: int) -> str:
    figures = len(of_table(study, number))
    if not figures:
        return "not in the printed report"
    against = f", {contradicted} of them in contradiction to others of the report" if contradicted else ""
    return f"compared with {figures} printed figures{against}"


def _text(text: str) -> str:
    """Escape a text so that Markdown shows it as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in text)
