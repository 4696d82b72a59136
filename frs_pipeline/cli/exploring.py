"""Commands that look beyond the report: how all questions of a mart go together, and whether a figure hangs on a collapse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FIGURES, AsCsv, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import print_csv, print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural

if TYPE_CHECKING:
    from frs_pipeline.stats.clustered import Reason
    from frs_pipeline.study import Study
    from frs_pipeline.study.questionnaires import Question, Questionnaire
    from frs_pipeline.study.tables import Table
    from frs_pipeline.tables.associations import Association
    from frs_pipeline.tables.collapsing import Collapsed, Variant

# What a line of `frs associate --csv` holds.
_COLUMNS = ("row", "column", "group", "gamma", "low", "high", "p", "q", "n", "clusters", "reason")


@app.command(rich_help_panel=FIGURES)
def associate(
    mart: Annotated[str, typer.Argument(metavar="MART", help="Name of a questionnaire.")],
    by: Annotated[str | None, typer.Option(metavar="QUESTION", help="Also within each answer to this question.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="QUESTION=ANSWER", help="Only forms with this answer; several for one question: any of them."),
    ] = None,
    heatmap: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Also draw all pairs as a map.")] = None,
    delivery: Delivery = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Print gamma of all pairs of ordinal questions of a mart, with intervals, the strongest first.

    Intervals (95 %) and q know which forms belong together: those about one child, or of one conference. q is p adjusted for how
    many pairs are tested. Forms that left one of the two blank or don't know aren't counted. With `--by`, each pair is followed
    by one line per answer; the line without an answer is about all forms.
    """
    from frs_pipeline.study.faults import choices
    from frs_pipeline.study.questionnaires import questionnaires
    from frs_pipeline.tables.associations import associations, ordinal, strongest_first

    results = Results(delivery, together=True)
    known = questionnaires(results.study)
    if mart not in known:
        raise UsageError("no such mart with questions", where=mart, do=choices(known, mart))
    if heatmap is not None and heatmap.suffix.lower() != ".svg":
        raise UsageError("not the name of an SVG file", where=str(heatmap), do="name it something.svg")
    within = None if by is None else _question(known[mart], by, "--by")
    limits = _limits(known[mart], where or [])
    results.file(("marts", mart))
    # Where all have one answer, there is nothing to associate, and nothing to tell apart.
    settled = {question.name for question, codes in limits if len(codes) == 1}
    if within is not None and within.name in settled:
        raise UsageError(f"--where leaves one answer to {within.name}", where="--by", do="leave one of them out")
    asked = [question for question in ordinal(results.study, mart) if question.name not in settled]
    found = strongest_first(associations(results.store.marts(mart), asked, within, limits))
    limited = "".join(f", {limit}" for limit in where or [])
    title = f"{mart}{limited}"
    if heatmap is not None:
        _draw(results.study, heatmap, f"{known[mart].title}{limited}", asked, found)
    if as_json:
        print_json([{name: value for name, value in asdict(one).items() if name in _COLUMNS} for one in found])
    elif as_csv:
        print_csv(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in found))
    else:
        _print_associations(results.study, title, found, within)


def _question(questionnaire: Questionnaire, name: str, option: str) -> Question:
    """Return a question with answers. Raises `UsageError` for what isn't one."""
    from frs_pipeline.study.faults import choices

    question = questionnaire.question(name)
    answered = [known.name for known in questionnaire.questions if not known.measured]
    if question is None:
        raise UsageError(f"{questionnaire.instrument} has no question {name}", where=option, do=choices(answered, name))
    if question.measured:
        instead = [known.name for known in questionnaire.questions if known.grouped == name]
        do = f"name {instead[0]}, its groups" if instead else choices(answered)
        raise UsageError(f"{name} is a number, not a question with answers", where=option, do=do)
    return question


def _limits(questionnaire: Questionnaire, where: list[str]) -> list[tuple[Question, list[int]]]:
    """Read which answers to which questions are asked for."""
    from frs_pipeline.study.faults import choices

    limits: dict[str, tuple[Question, list[int]]] = {}
    for limit in where:
        name, equals, label = limit.partition("=")
        if not equals:
            raise UsageError(f"{limit} names no answer", where="--where", do="write QUESTION=ANSWER")
        question = _question(questionnaire, name.strip(), "--where")
        folded = {known.casefold(): code for code, known in question.labels.items()}
        code = question.code(label.strip())
        code = folded.get(label.strip().casefold()) if code is None else code
        if code is None:
            do = choices(question.labels.values(), label.strip())
            raise UsageError(f"{question.name} has no answer '{label.strip()}'", where="--where", do=do)
        limits.setdefault(question.name, (question, []))[1].append(code)
    return [(question, sorted(set(codes))) for question, codes in limits.values()]


def _draw(study: Study, path: Path, title: str, asked: list[Question], found: list[Association]) -> None:
    from frs_pipeline.report.heatmap import heatmap
    from frs_pipeline.store.files import atomic

    with atomic(path) as file:
        file.write(heatmap(study, title, asked, found).encode())


def _print_associations(study: Study, title: str, found: list[Association], by: Question | None) -> None:
    lines = [
        [
            one.row,
            one.column,
            *([] if by is None else [one.group or ""]),
            "" if one.gamma is None else printed(study, one.gamma),
            _interval(study, one),
            printed(study, one.q) if one.q is not None else "",
            str(one.n),
            str(one.clusters),
            _said(one),
        ]
        for one in found
    ]
    named = [] if by is None else [by.name]
    header = ("row", "column", *named, "gamma", "95 % interval", "q", "N", together(study), "association")
    pairs = plural(len({(one.row, one.column) for one in found}), "pair")
    print_grid(f"{title}: {pairs} of ordinal questions", header, lines)
    if any(one.marked for one in found):
        print_mark(study)


def print_mark(study: Study) -> None:
    """Say what the mark of an interval means."""
    from frs_pipeline.stats.clustered import LEAST_CLUSTERS, LEAST_EFFECTIVE

    say(
        f"* Rests on fewer than {LEAST_CLUSTERS} {together(study)}, or tells less than {LEAST_EFFECTIVE} independent forms would."
    )


def together(study: Study) -> str:
    """Say what forms have in common that belong together, as a heading."""
    from frs_pipeline.study.about import about

    facts = about(study)
    if facts.cases:
        return "children"
    return facts.conference.many.english if facts.forms.number else "clusters"


def _interval(study: Study, one: Association) -> str:
    if one.low is None or one.high is None:
        return "none"
    return f"{printed(study, one.low)} to {printed(study, one.high)}{'*' if one.marked else ''}"


def _said(one: Association) -> str:
    """Say how strong an association is and what its interval leaves open, or why it has none."""
    from frs_pipeline.tables.strength import worded

    if one.gamma is None or one.low is None:
        return f"no interval: {_why(one.reason)}" if one.reason else ""
    return worded(one.gamma, one.low, one.high).english


def _why(reason: Reason) -> str:
    """Say why there is no interval."""
    from frs_pipeline.tables.methods import REASONS

    return REASONS[reason].english


def printed(study: Study, value: float | None, decimals: int = 3) -> str:
    """Print a figure as the report does, in the study's first language."""
    from frs_pipeline.stats.printing import spss
    from frs_pipeline.study.about import written

    return "not computable" if value is None else written(study, spss(value, decimals, leading_zero=False))


# What a line of `frs collapse --csv` holds.
_VARIANT = ("row", "column", "within", "dont_know", "own", "value", "low", "high", "p", "n", "clusters", "reason")


@app.command(rich_help_panel=FIGURES)
def collapse(
    table: Annotated[int, typer.Argument(metavar="TABLE", help="Number of a table.")],
    group: Annotated[str | None, typer.Option(metavar="G", help="The role, in tables by role; default: all.")] = None,
    last: Annotated[bool, typer.Option("--last", help="Shares of the last answers of the scale, not the first.")] = False,
    delivery: Delivery = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Print a table's figure under every defensible collapse of its answers, with the study's own marked.

    Of two ordinal questions that is gamma, of any other table the share of the first answers, with and without those who
    don't know among all. Only answers beside each other are merged, never from both sides of the middle.
    """
    from frs_pipeline.study.tables import catalogue
    from frs_pipeline.tables.collapsing import collapsed

    results = Results(delivery, together=True)
    known = catalogue(results.study)
    if table not in known:
        raise UsageError("no such table", where=str(table), do=f"tables run from 1 to {max(known)}")
    chosen = known[table]
    for mart in chosen.reads:
        results.file(("marts", mart))
    marts = {mart: results.store.marts(mart) for mart in chosen.reads}
    made = collapsed(results.study, chosen, marts, group, last=last, engine=results.store.settings.engine)
    lines = [
        {
            **{name: getattr(one, name) or None for name in ("row", "column", "within")},
            "dont_know": one.unsure,
            "own": one.own,
            **{name: getattr(one.estimate, name) for name in ("value", "low", "high", "p", "n", "clusters", "reason")},
        }
        for one in made.variants
    ]
    if as_json:
        print_json({"table": table, "measure": made.measure, "left_out": made.left_out, "variants": lines})
    elif as_csv:
        print_csv(_VARIANT, ([line[name] for name in _VARIANT] for line in lines))
    else:
        _print_variants(results.study, chosen, made, group)


def _print_variants(study: Study, table: Table, made: Collapsed, group: str | None) -> None:
    from frs_pipeline.tables.render import caption

    title = caption(study, table, "english") + (f" ({group})" if group else "")
    if made.measure == "gamma":
        _print_gammas(study, title, table, made)
    else:
        _print_shares(study, title, table, made)


def _print_gammas(study: Study, title: str, table: Table, made: Collapsed) -> None:
    sides = [side for side in (made.rows, made.columns) if side]
    found = sorted(made.variants, key=lambda one: -(one.estimate.value or 0.0))
    header = (*table.variables[-2:], "gamma", "95 % interval", "N", together(study), "")
    lines = [
        [*(side.numbered(blocks) for side, blocks in zip(sides, one.blocks, strict=True)), *_estimated(study, one, 3), _own(one)]
        for one in found
    ]
    print_grid(title, header, lines)
    for name, side in zip(table.variables[-2:], sides, strict=True):
        say(f"{name}: {', '.join(f'{at} {answer.label}' for at, answer in enumerate(side.answers, start=1))}")
    values = [one.estimate.value for one in found if one.estimate.value is not None]
    apart = sum(one.estimate.low is not None and one.estimate.low * (one.estimate.high or 0.0) > 0 for one in found)
    if values:
        ends = f"{printed(study, min(values))} to {printed(study, max(values))}"
        say(f"Gamma is {ends} over {plural(len(found), 'collapse')}; {apart} of the intervals don't hold 0.")
    own = next((one for one in found if one.own), None)
    if own and own.estimate.value is not None:
        nearer = sum(abs(value) < abs(own.estimate.value) for value in values)
        others = plural(nearer, "other is", "others are") if nearer else "none is"
        say(f"The study's own is {printed(study, own.estimate.value)}; {others} nearer to 0.")
    if made.left_out:
        say(f"{made.left_out} others, which merge more, weren't tried.")
    if any(side.unsure for side in sides):
        say("Don't know has no place on a scale and counts in no gamma.")
    if any(one.estimate.marked for one in found):
        print_mark(study)


def _print_shares(study: Study, title: str, table: Table, made: Collapsed) -> None:
    within, unsure = any(one.within for one in made.variants), any(one.unsure for one in made.variants)
    side = made.rows or made.columns
    other = table.row if made.columns else table.column
    about_whom = (other.variable,) if within and other else ()
    asked = ("don't know",) if unsure else ()
    header = (*about_whom, "counted", *asked, "share", "95 % interval", "N", together(study), "")
    lines = [
        [
            *([one.within] if within else []),
            one.row or one.column,
            *(["among all" if one.unsure else "left out"] if unsure else []),
            *_estimated(study, one, 1),
            _own(one),
        ]
        for one in made.variants
    ]
    print_grid(title, header, lines)
    if side:
        say(f"Share of those who gave these answers, of {side.named(tuple((at,) for at in range(len(side.answers))))}.")
    if any(one.estimate.marked for one in made.variants):
        print_mark(study)


def _own(one: Variant) -> str:
    return "the study's own" if one.own else ""


def _estimated(study: Study, one: Variant, decimals: int) -> list[str]:
    """Write figure, interval, forms and clusters; shares in per cent."""

    made, scale = one.estimate, 100 if decimals == 1 else 1
    value, low, high = (
        None if number is None else printed(study, scale * number, decimals) for number in (made.value, made.low, made.high)
    )
    if low is None or high is None:
        interval = f"none: {_why(made.reason)}" if made.reason else "none"
    else:
        interval = f"{low} to {high}{'*' if made.marked else ''}"
    return [value or "not computable", interval, str(made.n), str(made.clusters)]
