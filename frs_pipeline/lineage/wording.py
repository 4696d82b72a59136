"""What a figure means, why a form isn't counted, and what rounding did: in Danish and in English.

What stands on the paper is quoted, in English as far as the study says it so.
"""

from __future__ import annotations

from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import Meaning, Selection, question
from frs_pipeline.lineage.waterfall import AGAIN, ANSWERED, NOT_ASKED, NOT_IN_CODEBOOK, OTHER_ANSWER, SET_ASIDE, WITHDRAWN, Why
from frs_pipeline.stats.printing import NOT_COMPUTABLE, decimals_of, in_english
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, has_codebook, occasions, quotes
from frs_pipeline.study.boxes import together
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Span
from frs_pipeline.study.pairing import NO_CASE, NO_ROLE, NONE_THERE, SEVERAL_HERE, SEVERAL_THERE, UNPAIRED, paired_at
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import Axis, Codes, Table
from frs_pipeline.tables.bases import BLANK, LEFT_OUT, NOT_IN_USE, OTHER_OCCASION, OUTSIDE, counted_codes

_OF_NUMBERS = {
    "mean": Text("Gennemsnittet", "The mean"),
    "sd": Text("Standardafvigelsen (med n − 1)", "The standard deviation (with n − 1)"),
    "min": Text("Det mindste", "The smallest"),
    "q1": Text("Den første kvartil (vejet gennemsnit ved (n + 1) p)", "The first quartile (weighted average at (n + 1) p)"),
    "median": Text("Medianen", "The median"),
    "q3": Text("Den tredje kvartil (vejet gennemsnit ved (n + 1) p)", "The third quartile (weighted average at (n + 1) p)"),
    "max": Text("Det største", "The largest"),
}
_ALWAYS = Text(
    "Altid 100 procent, fordi tæller og nævner er det samme tal",
    "Always 100 per cent, because part and whole are the same number",
)
# What a measure of an association is, and how it comes about.
_STATISTICS = {
    "gamma": (
        Text("Goodman og Kruskals gamma", "Goodman and Kruskal's gamma"),
        Text(
            "Gamma er (P − Q)/(P + Q), hvor P er antallet af par af skemaer, der peger samme vej, og Q antallet af par, der "
            "peger hver sin vej, begge talt fra hvert af de to skemaer.",
            "Gamma is (P − Q)/(P + Q), where P is the number of pairs of forms that point the same way, and Q that of pairs "
            "that point opposite ways, both counted from each of the two forms.",
        ),
    ),
    "ase": (
        Text("Gammas asymptotiske standardfejl (ASE1)", "The asymptotic standard error of gamma (ASE1)"),
        Text("Den er beregnet uden at forudsætte uafhængighed.", "It is computed without assuming independence."),
    ),
    "t": (
        Text("Gammas T", "The T of gamma"),
        Text(
            "T er gamma divideret med standardfejlen under antagelse af uafhængighed (ASE0).",
            "T is gamma divided by the standard error that assumes independence (ASE0).",
        ),
    ),
    "p": (
        Text("Gammas p-værdi", "The p value of gamma"),
        Text(
            "Den er sandsynligheden for et T, der er mindst så langt fra nul, hvis der ingen sammenhæng er (tosidet, "
            "standardnormalfordelingen).",
            "It is the probability of a T at least as far from zero if there is no association (two-sided, standard normal "
            "distribution).",
        ),
    ),
    "partial_gamma": (
        Text("Davis' partielle gamma", "Davis's partial gamma"),
        Text(
            "Den er (ΣP − ΣQ)/(ΣP + ΣQ), beregnet kun på par af skemaer med samme svar på {strata}.",
            "It is (ΣP − ΣQ)/(ΣP + ΣQ), computed only from pairs of forms with the same answer to {strata}.",
        ),
    ),
}


def definition(study: Study, meaning: Meaning) -> Text:
    """Say what a figure means, in one sentence."""
    population = _population(study, meaning.counted)
    if meaning.scales is not None:
        (what, how), strata = _STATISTICS[meaning.measure], Text("", "")
        if meaning.strata:
            strata = _quoted(study, meaning.strata, meaning.counted)
        first, second = (_scale(study, axis, meaning.counted) for axis in meaning.scales)
        conditions = _conditions(study, meaning.counted, meaning.counted.codes)
        return Text(
            f"{what.danish} for sammenhængen mellem {first.danish} og {second.danish}, beregnet på {population.danish}"
            f"{_that('hvor', conditions.danish)}. {how.danish.format(strata=strata.danish)}",
            f"{what.english} for the association between {first.english} and {second.english}, computed from "
            f"{population.english}{_that('where', conditions.english)}. {how.english.format(strata=strata.english)}",
        )
    conditions = _conditions(study, meaning.counted, meaning.counted.codes)
    if meaning.numbers is not None:
        what, text = _OF_NUMBERS[meaning.measure], _quoted(study, meaning.numbers, meaning.counted)
        return Text(
            f"{what.danish} af svarene på {text.danish}, blandt {population.danish}{_that('hvor', conditions.danish)}.",
            f"{what.english} of the answers to {text.english}, among {population.english}{_that('where', conditions.english)}.",
        )
    if meaning.counted.ticks or (meaning.of and meaning.of.ticks):
        return _of_ticks(study, meaning)
    if meaning.of is None:
        return Text(
            f"Antal {population.danish}{_that('hvor', conditions.danish)}.",
            f"Number of {population.english}{_that('where', conditions.english)}.",
        )
    whole = _conditions(study, meaning.of, meaning.of.codes)
    own = {name: codes for name, codes in meaning.counted.codes.items() if meaning.of.codes.get(name) != codes}
    part = _conditions(study, meaning.counted, own)
    forms = Text(f"{population.danish}{_that('hvor', whole.danish)}.", f"{population.english}{_that('where', whole.english)}.")
    if not own:
        return Text(f"{_ALWAYS.danish}: {forms.danish}", f"{_ALWAYS.english}: {forms.english}")
    return Text(
        f"Andelen i procent, hvor {part.danish}, blandt {forms.danish}",
        f"The percentage where {part.english}, among {forms.english}",
    )


def selection(study: Study, chosen: Selection) -> Text:
    """Name the forms of a selection, as a noun with its clause."""
    population, conditions = _population(study, chosen), _conditions(study, chosen, chosen.codes)
    if chosen.ticks:
        text = _boxes(study, chosen)
        population = Text(
            f"kryds under {text.danish} i {population.danish}", f"ticks under {text.english} on {population.english}"
        )
    return Text(
        f"{population.danish}{_that('hvor', conditions.danish)}", f"{population.english}{_that('where', conditions.english)}"
    )


def _of_ticks(study: Study, meaning: Meaning) -> Text:
    """Say what a figure means that counts ticks, or the share of them that are in one box."""
    every = selection(study, meaning.counted if meaning.counted.ticks else meaning.of or meaning.counted)
    if meaning.of is None:
        return Text(f"Antal {every.danish}.", f"Number of {every.english}.")
    if not meaning.counted.ticks:
        (box,) = (name for name in meaning.of.ticks if name in meaning.counted.codes)
        text = quotes(study, question(study, box, meaning.counted.marts).box_says)
        return Text(
            f"Andelen i procent, der er ved {text.danish}, af alle {every.danish}.",
            f"The percentage that are at {text.english}, of all {every.english}.",
        )
    if meaning.of.ticks:
        return Text(
            f"{_ALWAYS.danish}: {every.danish}.",
            f"{_ALWAYS.english}: {every.english}.",
        )
    return Text(f"Antal {every.danish}, for hver 100 skemaer.", f"Number of {every.english}, for every 100 forms.")


def _boxes(study: Study, chosen: Selection) -> Text:
    return quotes(study, question(study, together(chosen.ticks), chosen.marts).asks)


def reason(study: Study, why: Why, table: Table) -> Text:
    """Say why forms aren't counted, as one line of a waterfall."""
    if why.kind == WITHDRAWN:
        return Text("trukket tilbage", "withdrawn")
    if why.kind == SET_ASIDE:
        rule = policy(study).rules.get(why.about)
        known = Text(rule.danish, rule.english) if rule else Text(why.about, why.about)
        return Text(f"sat til side: {known.danish}", f"set aside: {known.english}")
    if why.kind == AGAIN:
        return Text("står igen i en nyere leverance og tæller med dér", "stands again in a newer delivery, and counts there")
    if why.kind == NOT_IN_CODEBOOK:
        return Text("står i konteringen, men ikke i kodebogen", "in the accounting records, but not in the codebook")
    if why.kind == OTHER_OCCASION and CONFERENCE in table.marts:
        names = [occasion.many for name, occasion in occasions(study).items() if name != table.occasion]
        return Text(_either([text.danish for text in names], "eller"), _either([text.english for text in names], "or"))
    if why.kind == OTHER_OCCASION:
        others = [occasion.the for name, occasion in occasions(study).items() if name != table.occasion]
        return Text(
            f"fra {_either([text.danish for text in others], 'eller')}",
            f"from {_either([text.english for text in others], 'or')}",
        )
    if why.kind in UNPAIRED.values():
        return _unpaired(study, why.kind, table)
    asked = question(study, why.about, table.marts)
    text = quotes(study, asked.asks)
    if CONFERENCE in table.marts:
        return _of_conferences(study, why, table)
    if why.kind == OUTSIDE:
        named = [quotes(study, label) for code, label in asked.says.items() if code in dict(table.where)[why.about]]
        return Text(
            f"svaret på {text.danish} er ikke {_any(named).danish}, som tabellen er begrænset til",
            f"the answer to {text.english} isn't {_any(named).english}, to which the table is limited",
        )
    if why.kind == BLANK and asked.coded:
        return Text(f"{text.danish}: intet skrevet, eller ikke kodet", f"{text.english}: nothing written, or not coded")
    if why.kind == NOT_IN_USE:
        return Text(f"{text.danish} står ikke på skemaet i den leverance", f"{text.english} isn't on the paper of that delivery")
    if why.kind == NOT_ASKED:
        only = occasions(study)[asked.occasion].the
        return Text(f"{text.danish} stilles kun ved {only.danish}", f"{text.english} is asked at {only.english} only")
    if why.kind == LEFT_OUT:
        codes = counted_codes(table).get(why.about, asked.possible)
        if isinstance(codes, Span):
            return Text(
                f"{text.danish}: et tal, som tabellen ikke tæller med", f"{text.english}: a number that the table doesn't count"
            )
        named = [quotes(study, label) for code, label in asked.says.items() if code not in codes]
        answers = _any(named)
        return Text(
            f"{text.danish}: {answers.danish}, som tabellen ikke tæller med",
            f"{text.english}: {answers.english}, which the table leaves out",
        )
    return {
        BLANK: Text(f"{text.danish} er ikke besvaret", f"{text.english} isn't answered"),
        OTHER_ANSWER: Text(f"{text.danish} har et andet svar", f"{text.english} has another answer"),
        ANSWERED: Text(f"{text.danish} er besvaret", f"{text.english} is answered"),
    }[why.kind]


def _of_conferences(study: Study, why: Why, table: Table) -> Text:
    """Say why conferences aren't counted, by what is known of them: nobody answers it."""
    asked = question(study, why.about, table.marts)
    text = quotes(study, asked.asks)
    if why.kind == OUTSIDE:
        named = [quotes(study, label) for code, label in asked.says.items() if code in dict(table.where)[why.about]]
        return Text(
            f"{text.danish} er ikke {_any(named).danish}, som tabellen er begrænset til",
            f"{text.english} isn't {_any(named).english}, to which the table is limited",
        )
    if why.kind == LEFT_OUT:
        codes = counted_codes(table).get(why.about, asked.possible)
        named = [quotes(study, label) for code, label in asked.says.items() if code not in codes]
        return Text(
            f"{text.danish}: {_any(named).danish}, som tabellen ikke tæller med",
            f"{text.english}: {_any(named).english}, which the table leaves out",
        )
    return {
        BLANK: Text(f"{text.danish}: det står ikke i konteringen", f"{text.english}: the accounting records don't say"),
        OTHER_ANSWER: Text(f"{text.danish} er noget andet", f"{text.english} is something else"),
        ANSWERED: Text(f"{text.danish} er kendt", f"{text.english} is known"),
    }[why.kind]


def _unpaired(study: Study, kind: str, table: Table) -> Text:
    """Say why a form has no pair."""
    assert table.pairing is not None
    start, end = (occasions(study)[name].the for name in (table.pairing.start, table.pairing.end))
    danish, english = ("barnet", "the child")
    if table.pairing.role:
        danish, english = "barnet med den rolle", "the child by that role"
    return {
        NO_CASE: Text("ingen ved, hvilket barn skemaet handler om", "nobody knows which child the form is about"),
        NO_ROLE: Text("ingen ved, hvis skemaet er: rollen er ikke angivet", "nobody knows whose it is: the role isn't given"),
        SEVERAL_HERE: Text(
            f"flere skemaer om {danish} fra {start.danish}", f"several forms about {english} from {start.english}"
        ),
        NONE_THERE: Text(f"intet skema om {danish} fra {end.danish}", f"no form about {english} from {end.english}"),
        SEVERAL_THERE: Text(f"flere skemaer om {danish} fra {end.danish}", f"several forms about {english} from {end.english}"),
    }[kind]


def rounding(printed: str) -> Text:
    """Say how a printed figure came from its value."""
    number = printed.removesuffix("%")
    if number == NOT_COMPUTABLE:
        return Text("kan ikke beregnes, fordi der skulle divideres med nul", "can't be computed: it would divide by zero")
    decimals = decimals_of(number)
    if not decimals and not printed.endswith("%"):
        return Text("et helt tal, ikke afrundet", "a whole number, not rounded")
    zero = number.lstrip("-").startswith(",")
    danish = "; nullet foran kommaet udelades" if zero else ""
    english = "; the zero before the decimal mark is dropped" if zero else ""
    places = (f"{decimals} decimaler", f"{decimals} decimals") if decimals != 1 else ("1 decimal", "1 decimal")
    return Text(
        f"afrundet til {places[0]}; en halv rundes væk fra nul, ligesom i SPSS{danish}",
        f"rounded to {places[1]}, halves away from zero, as SPSS does{english}",
    )


def _population(study: Study, chosen: Selection) -> Text:
    if CONFERENCE in chosen.marts:
        many = about(study).conference.many if chosen.occasion == BOTH else occasions(study)[chosen.occasion].many
        if has_codebook(study):
            return Text(f"{many.danish} i kodebogen", f"{many.english} in the codebook")
        return Text(f"{many.danish} i konteringen", f"{many.english} in the accounting records")
    titles = [quotes(study, questionnaires(study)[mart].called) for mart in chosen.marts]
    danish, english = f"skemaer af typen {_any(titles).danish}", f"forms of the type {_any(titles).english}"
    if chosen.occasion == BOTH:
        return Text(danish, english)
    occasion = occasions(study)[chosen.occasion].the
    return Text(f"{danish} fra {occasion.danish}", f"{english} from {occasion.english}")


def _conditions(study: Study, chosen: Selection, answers: dict[str, Codes]) -> Text:
    clauses = [_condition(study, chosen.marts, name, codes, without=name == chosen.without) for name, codes in answers.items()]
    clauses = _together(clauses)
    return Text(" og ".join(c.danish for c in clauses), " and ".join(c.english for c in clauses))


def _together(clauses: list[Text]) -> list[Text]:
    """Say in one clause, where the first of them stands, that several questions are answered."""
    one, many = Text(" er besvaret", " is answered"), Text(" er besvaret", " are answered")
    alike = [clause for clause in clauses if clause.danish.endswith(one.danish) and clause.english.endswith(one.english)]
    if len(alike) < 2:
        return clauses
    danish = _either([clause.danish.removesuffix(one.danish) for clause in alike], "og")
    english = _either([clause.english.removesuffix(one.english) for clause in alike], "and")
    said = Text(f"{danish}{many.danish}", f"{english}{many.english}")
    return [said if clause is alike[0] else clause for clause in clauses if clause is alike[0] or clause not in alike]


@derived
def _condition(study: Study, marts: tuple[str, ...], name: str, codes: Codes, *, without: bool) -> Text:
    asked = question(study, name, marts)
    end = paired_at(study, marts[0], name)
    if end is not None:
        the = occasions(study)[end].the
        return Text(f"skemaet har et par fra {the.danish}", f"the form has a pair from {the.english}")
    text = quotes(study, asked.asks)
    if CONFERENCE in marts:
        return _known(study, asked, codes, without=without)
    if isinstance(codes, Span) and codes != asked.possible:
        low, high = (asked.said(end) for end in (codes.low, codes.high))
        return Text(
            f"svaret på {text.danish} er fra {low} til {high}",
            f"the answer to {text.english} is from {in_english(low)} to {in_english(high)}",
        )
    kept = [quotes(study, label) for code, label in asked.says.items() if code in codes]
    others = [quotes(study, label) for code, label in asked.says.items() if code not in codes]
    if without:
        also = f" (eller er besvaret med {_any(others).danish})" if others else ""
        english = f" (or is answered with {_any(others).english})" if others else ""
        return Text(f"{text.danish} ikke er besvaret{also}", f"{text.english} isn't answered{english}")
    if not others:
        return Text(f"{text.danish} er besvaret", f"{text.english} is answered")
    if len(others) < len(kept):
        return Text(
            f"{text.danish} er besvaret med andet end {_any(others).danish}",
            f"{text.english} is answered with anything but {_any(others).english}",
        )
    return Text(f"svaret på {text.danish} er {_any(kept).danish}", f"the answer to {text.english} is {_any(kept).english}")


def _known(study: Study, asked: Question, codes: Codes, *, without: bool) -> Text:
    """Say what is known of conferences that are selected by it."""
    text = quotes(study, asked.asks)
    kept = [quotes(study, label) for code, label in asked.says.items() if code in codes]
    others = [quotes(study, label) for code, label in asked.says.items() if code not in codes]
    if without:
        also = f" (eller er {_any(others).danish})" if others else ""
        english = f" (or is {_any(others).english})" if others else ""
        return Text(f"{text.danish} ikke er kendt{also}", f"{text.english} isn't known{english}")
    if not others:
        return Text(f"{text.danish} er kendt", f"{text.english} is known")
    return Text(f"{text.danish} er {_any(kept).danish}", f"{text.english} is {_any(kept).english}")


def _scale(study: Study, axis: Axis, chosen: Selection) -> Text:
    first, last = (quotes(study, axis.categories[at].says) for at in (0, -1))
    text = _quoted(study, axis, chosen)
    return Text(
        f"{text.danish} (fra {first.danish} til {last.danish})", f"{text.english} (from {first.english} to {last.english})"
    )


def _quoted(study: Study, axis: Axis, chosen: Selection) -> Text:
    return quotes(study, question(study, axis.variable, chosen.marts).asks)


def _that(word: str, conditions: str) -> str:
    return f", {word} {conditions}" if conditions else ""


def _any(named: list[Text]) -> Text:
    return Text(_either([one.danish for one in named], "eller"), _either([one.english for one in named], "or"))


def _either(labels: list[str], word: str) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} {word} {labels[-1]}" if labels else ""
