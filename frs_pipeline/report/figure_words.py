"""What stands around a figure in words: the question and who answered it, which way is good, how to read the marks.

Nothing here says what the numbers are; that is the title's, which is tested.
"""

from __future__ import annotations

from collections.abc import Iterable

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.drawing.bars import ByGroup
from frs_pipeline.report.drawing.change import Change
from frs_pipeline.report.drawing.distribution import Distribution
from frs_pipeline.report.drawing.figures import Figure
from frs_pipeline.report.drawing.forest import Forest
from frs_pipeline.report.drawing.histogram import Numbers
from frs_pipeline.report.drawing.numbers import count, joined
from frs_pipeline.report.drawing.squares import Crosstab
from frs_pipeline.report.layout import texts_of
from frs_pipeline.report.scales import answers_of
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions, quotes, sharing
from frs_pipeline.study.chapters import shows_intervals
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Axis, Table

_AND = Text(" og ", " and ")
_BLANKS = Text(
    "»Ubesv.« er skemaer uden svar på spørgsmålet; de er ikke med i procenterne.",
    "“Blank” are forms without an answer to the question; they are no part of the percentages.",
)
_SEVERAL = Text(
    "Man kunne sætte flere kryds, så procenterne giver tilsammen mere end 100.",
    "Several answers were allowed, so that the percentages add up to more than 100.",
)
_SQUARES = Text(
    "Arealet af et kvadrat er andelen af alle skemaer i tabellen.",
    "The area of a square is the share of all forms in the table.",
)
_NUMBERS = Text(
    "Kassen er den midterste halvdel, den tykke streg medianen og ruden gennemsnittet.",
    "The box is the middle half, the heavy line the median, the diamond the mean.",
)
_CHANGE = Text(
    "Forskellen er i procentpoint med 95-procent-sikkerhedsinterval. Den står med fed skrift, når intervallet ikke rummer 0. "
    "Det er ikke nødvendigvis de samme personer.",
    "The change is in percentage points, with its 95% confidence interval. It is bold where the interval excludes 0. "
    "They aren't necessarily the same people.",
)
_SURE = {
    True: Text(
        "Prikken er fyldt, når sammenhængen er statistisk sikker (den robuste test, p < 0,05).",
        "The dot is filled where the association is statistically significant (the robust test, p < 0.05).",
    ),
    False: Text(
        "Prikken er fyldt, når sammenhængen er statistisk sikker (p < 0,05).",
        "The dot is filled where the association is statistically significant (p < 0.05).",
    ),
}
_DIAMOND = Text(
    "Ruden er den partielle gamma, hvor gruppen er holdt fast.", "The diamond is the partial gamma, with the group held constant."
)
_GAMMA = Text(
    "0 er ingen sammenhæng, +1 fuld sammenhæng samme vej. En sammenhæng er ikke en årsag.",
    "0 is no association, +1 a full one the same way. An association is no cause.",
)


def neutral(title: Text) -> Text:
    """Return a title as a page has it: with × between its questions, where the printed report has an asterisk."""
    return Text(*(one.replace(" * ", " × ") for one in (title.danish, title.english)))


def question_of(study: Study, table: Table) -> Text:
    """Return what a table asks in the study's words, who answered, and when."""
    return together((_asked(study, table), whose(study, table)))


def together(sentences: Iterable[Text]) -> Text:
    """Put sentences after each other, in each language."""
    return joined([sentence for sentence in sentences if sentence.danish], " ")


def _asked(study: Study, table: Table) -> Text:
    asked = texts_of(study, table)
    row = _quoted(study, asked, table.row)
    if table.kind.startswith("correlation"):
        column = _quoted(study, asked, table.column)
        return Text(
            f"Sammenhængen (gamma) mellem {row.danish} og {column.danish}{_by(study, asked, table.group).danish}.",
            f"The association (gamma) of {row.english} and {column.english}{_by(study, asked, table.group).english}.",
        )
    if table.column is not None:
        column = _quoted(study, asked, table.column)
        if table.kind == "crosstab" and table.percent == "row":
            by = _by(study, asked, table.row)
            return Text(f"{column.danish}{by.danish}.", f"{column.english}{by.english}.")
        return Text(f"{row.danish} og {column.danish}", f"{row.english} and {column.english}")
    by = _by(study, asked, table.group)
    if not by.danish:
        return row
    return Text(f"{row.danish}{by.danish}.", f"{row.english}{by.english}.")


def _quoted(study: Study, asked: dict[str, Text], axis: Axis | None) -> Text:
    """Quote the question of an axis; what isn't asked, as what is known of a conference, stands by its name."""
    return Text("", "") if axis is None else quotes(study, asked.get(axis.variable, Text(axis.variable, axis.variable)))


def _by(study: Study, asked: dict[str, Text], axis: Axis | None) -> Text:
    """Say by what answers are parted; nothing where they aren't."""
    if axis is None:
        return Text("", "")
    if axis.variable == about(study).role:
        return Text(" efter rolle", " by role")
    by = _quoted(study, asked, axis)
    return Text(f" efter svaret på {by.danish}", f" by the answer to {by.english}")


def whose(study: Study, table: Table) -> Text:
    """Say whose answers a table counts, and from which occasion where that isn't in the name of their form."""
    if CONFERENCE in table.marts:
        held = about(study).conference.many.capitalised()
        return Text(f"{held.danish}.", f"{held.english}.")
    listed = [questionnaires(study)[mart] for mart in table.marts]
    names = joined([one.called for one in listed], ", ", Text("; ", "; "))
    limited = table.occasion != BOTH and any(one.occasion == BOTH for one in listed)
    the = occasions(study)[table.occasion].the if limited else None
    when = Text(f", kun fra {the.danish}", f", only from {the.english}") if the else Text("", "")
    return Text(f"Skema: {names.danish}{when.danish}.", f"Form: {names.english}{when.english}.")


def polarity(study: Study, table: Table) -> Text | None:
    """Say which answers are the favourable ones where they stand last on the paper; None for any other table."""
    axis = table.column if table.kind == "crosstab" else table.row
    if axis is None or table.kind not in ("crosstab", "frequency", "distribution"):
        return None
    answers = answers_of(study, table, axis)
    if answers.favourable != "last" or not answers.drawable:
        return None
    best = joined([quotes(study, answers.labels[place]) for place in answers.places("best")], ", ", _AND)
    several = len(answers.places("best")) > 1
    danish = f"Her er {best.danish} {'de gunstige svar' if several else 'det gunstige svar'}: {'De' if several else 'Det'} står"
    english = (
        f"Here {best.english} {'are the favourable answers: they come' if several else 'is the favourable answer: it comes'}"
    )
    return Text(f"{danish} først og er blå som i alle andre figurer.", f"{english} first and blue, as in all other figures.")


def how_to_read(study: Study, figure: Figure) -> list[Text]:
    """Say what the marks of a figure mean that its own legend doesn't."""
    match figure:
        case ByGroup():
            spans = [_bar_line(study, figure)] if any(row.span for row in figure.rows) else []
            return [*spans, *([_BLANKS] if figure.blanks else [])]
        case Change():
            return [_CHANGE]
        case Distribution():
            return [_line(study)] if any(row.span for row in figure.rows) else []
        case Crosstab():
            return [_SQUARES]
        case Forest():
            diamond = [_DIAMOND] if any(row.partial for row in figure.rows) else []
            spans = [_line(study)] if any(row.span for row in figure.rows) else []
            return [_SURE[shows_intervals(study)], *spans, *diamond, _GAMMA]
        case Numbers():
            return [_NUMBERS]


def not_asked(study: Study, table: Table, forms: int) -> Text:
    """Say how many forms a table counts as blank although they weren't asked."""
    number = count(forms)
    return Text(
        f"{number.danish} skemaer uden spørgsmålet tæller i tabellen med som ubesvarede; i figuren gør de ikke.",
        f"{number.english} forms without the question count as blank in the table; in the figure they don't.",
    )


def several_ticks(table: Table) -> list[Text]:
    """Say why percentages of boxes give more than 100; nothing of other tables."""
    return [_SEVERAL] if table.kind == "multiple" else []


def _together_known(study: Study) -> Text:
    """Say that intervals know which forms belong together; nothing where none do."""
    shared = sharing(study)
    if shared is None:
        return Text("", "")
    return Text(
        f", som tager højde for, at skemaer om samme {shared.one.danish} hører sammen",
        f", which takes into account that forms about one {shared.one.english} belong together",
    )


def _line(study: Study) -> Text:
    known = _together_known(study)
    return Text(
        f"Stregen er 95-procent-sikkerhedsintervallet{known.danish}.",
        f"The line is the 95% confidence interval{known.english}.",
    )


def _bar_line(study: Study, figure: ByGroup) -> Text:
    known, of = _together_known(study), quotes(study, figure.answers.head("best"))
    if figure.answers.favourable != "none":
        labels = [figure.answers.labels[place] for place in figure.answers.places("best")]
        of = joined([quotes(study, label) for label in labels], ", ", _AND)
    both = len(figure.answers.places("best")) > 1
    together = Text(" tilsammen", " together") if both else Text("", "")
    return Text(
        *(
            words.format(of.in_language(language), together.in_language(language), known.in_language(language))
            for words, language in zip(
                (
                    "Stregen på søjlen er 95-procent-sikkerhedsintervallet for {}{}{}.",
                    "The line on the bar is the 95% confidence interval of {}{}{}.",
                ),
                LANGUAGES,
                strict=True,
            )
        )
    )
