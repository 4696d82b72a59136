"""What commands about a collection print: counts and names of columns, never a number of a conference or an id of a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.terminal import say
from frs_pipeline.language import Language, Text, counted, noun_of

if TYPE_CHECKING:
    from frs_pipeline.collection.drift import Drift
    from frs_pipeline.collection.state import State

_FORM, _FORMS = Text("skema", "form"), Text("skemaer", "forms")


def print_state(state: State, language: Language) -> None:
    """Print what came in, by questionnaire, occasion and quarter."""
    from frs_pipeline.study.about import about

    noun = about(state.study).conference
    held = counted(len(state.held), noun.one, noun.many).in_language(language)
    later = Text(f"; {state.planned} ligger senere", f"; {state.planned} later than that") if state.planned else Text("", "")
    until = Text(f"{held} frem til {state.interim.name}", f"{held} held until {state.interim.name}")
    say(f"{until.in_language(language)}{later.in_language(language)}.\n")
    _print_counts(state, language)
    for number, words in _numbers_beside(state):
        if number:
            say(f"  {number:>5} {words.in_language(language)}")
    for words in _notes(state):
        say(f"  {words.in_language(language)}")


def _print_counts(state: State, language: Language) -> None:
    from frs_pipeline.collection.state import count_forms, in_all
    from frs_pipeline.study.about import occasions
    from frs_pipeline.study.questionnaires import questionnaires

    unknown = Text("ukendt", "unknown").in_language(language)
    heads = (
        Text("kvartal", "quarter"),
        Text("afholdt", "held"),
        Text("ventet", "expected"),
        _FORMS,
        Text("uden skema", "without a form"),
        Text("overtallige", "surplus"),
    )
    rows = count_forms(state).to_pylist()
    for name, occasion in dict.fromkeys((row["instrument"], row["occasion"]) for row in rows):
        mine = [row for row in rows if (row["instrument"], row["occasion"]) == (name, occasion)]
        called = questionnaires(state.study)[name].called.in_language(language)
        at = occasions(state.study)[occasion].one.in_language(language)
        lines = [(row["quarter"], row) for row in mine] + [(Text("i alt", "all").in_language(language), in_all(mine))]
        cells = [
            [label, *(unknown if row[key] is None else str(row[key]) for key in ("held", "due", "forms", "without", "surplus"))]
            for label, row in lines
        ]
        print_grid(f"{called}: {at}", [head.in_language(language) for head in heads], cells)


def _numbers_beside(state: State) -> Iterator[tuple[int, Text]]:
    """Yield what is counted beside the forms that came in, each number with what it counts."""
    from frs_pipeline.collection.state import without
    from frs_pipeline.study.about import about
    from frs_pipeline.study.questionnaires import questionnaires

    for kind, number in without(state).items():
        spoken = about(state.study).lacking.get(kind)
        yield number, spoken.words if spoken else Text(kind, kind)
    for name, number in state.aside.items():
        called = questionnaires(state.study)[name].called
        forms = noun_of(number, _FORM, _FORMS)
        yield number, Text(f"{forms.danish} sat til side: {called.danish}", f"{forms.english} set aside: {called.english}")
    forms = noun_of(state.early, _FORM, _FORMS)
    early = Text("fra senere datoer i konteringen", "that the accounting records have at a later day")
    yield state.early, Text(f"{forms.danish} {early.danish}", f"{forms.english} {early.english}")
    forms = noun_of(state.strange, _FORM, _FORMS)
    strange = Text("med numre, der ikke står i konteringen", "with numbers outside the accounting records")
    yield state.strange, Text(f"{forms.danish} {strange.danish}", f"{forms.english} {strange.english}")


def _notes(state: State) -> Iterator[Text]:
    """Yield what has to be known of the export: questionnaires without a form, old exports, whose amendments were applied."""
    from frs_pipeline.study.questionnaires import questionnaires

    for name, came in state.came.items():
        if came.empty:
            called = questionnaires(state.study)[name].called
            yield Text(
                f"{called.danish}: ingen rækker: ingen har svaret endnu, eller et filter har fjernet dem",
                f"{called.english}: no rows: nobody has answered yet, or a filter took them",
            )
    if state.interim.uneven:
        seen = ", ".join(f"{name} {day}" for name, day in state.interim.seen.items())
        yield Text(f"Ikke hentet samme dag; sidst set: {seen}", f"Not fetched on the same day, but last seen: {seen}")
    if state.interim.borrowed:
        name = state.interim.borrowed
        yield Text(
            f"Rettelser og undtagelser stammer fra leverance {name}", f"Corrections and exceptions are those of delivery {name}"
        )
    if state.unfit:
        lines = counted(
            state.unfit, Text("rettelse passer", "correction doesn’t fit"), Text("rettelser passer", "corrections don’t fit")
        )
        yield Text(
            f"{lines.danish} ikke her og er ikke anvendt",
            f"{lines.english} here, and isn’t applied" if state.unfit == 1 else f"{lines.english} here, and aren’t applied",
        )


def print_drift(found: Drift, language: Language) -> None:
    """Print what moved between two exports."""
    from frs_pipeline.collection.drift import WORDED

    def of(text: Text) -> str:
        return text.in_language(language)

    heads = [
        "",
        of(Text("nye", "new")),
        of(Text("afsluttet siden", "finished since")),
        of(Text("væk", "gone")),
        of(Text("åbnet igen", "reopened")),
        of(Text("svar ændret", "answers changed")),
        of(Text("rettet", "corrected")),
    ]
    cells = [
        [
            name,
            *map(str, (moved.new, moved.finished, len(moved.gone), len(moved.reopened), len(moved.uncorrected))),
            str(len(moved.changed) - len(moved.uncorrected)),
        ]
        for name, moved in found.moved.items()
    ]
    print_grid(
        Text(f"Fra {found.before.name} til {found.after.name}", f"From {found.before.name} to {found.after.name}").in_language(
            language
        ),
        heads,
        cells,
    )
    for name, moved in found.moved.items():
        for column in sorted({one.column for one in moved.uncorrected}):
            number = sum(one.column == column for one in moved.uncorrected)
            changed = Text(f"{number} svar ændret uden rettelse", f"{number} changed without a correction")
            say(f"  {name}, {column}: {of(changed)}")
        for column in moved.columns_gone:
            say(f"  {name}, {column}: " + of(Text("kolonnen er væk", "the column is gone")))
        for column in moved.columns_new:
            say(f"  {name}, {column}: " + of(Text("kolonnen er ny", "the column is new")))
        for column, what in moved.worded:
            say(f"  {name}, {column}: {WORDED[what].in_language(language)}")
        if moved.doubled:
            ids = counted(len(moved.doubled), Text("id deles nu", "id is now"), Text("id’er deles nu", "ids are now"))
            say(f"  {name}: {of(Text(f'{ids.danish} af flere skemaer', f'{ids.english} shared by several forms'))}")
        if moved.twice:
            forms = counted(moved.twice, _FORM, _FORMS)
            say(f"  {name}: {of(Text(f'{forms.danish} kan ikke følges', f'{forms.english} can’t be followed by their id'))}")
    say(of(Text("Noget er galt.", "Something is wrong.")) if found.wrong else of(Text("Intet er galt.", "Nothing is wrong.")))
