"""Forms of one child at two occasions, as pairs: which belong together, and what a table of change asks of them.

A pair needs exactly one form of the same role (where the questionnaire asks for it) at each of the two occasions of one
child. What is known of a pair stands in columns that no mart has, made where a table asks for them (`tables.pairing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from frs_pipeline.errors import InputError
from frs_pipeline.language import Text
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions, said
from frs_pipeline.study.countable import countable
from frs_pipeline.study.faults import Location, choices
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Answer, Question, Questionnaire, questionnaires

# The codes of how a form is paired: it is, or why it isn't. The first reason that holds counts.
PAIRED = 1
NO_CASE, NO_ROLE, SEVERAL_HERE, NONE_THERE, SEVERAL_THERE = "no_case", "no_role", "several_here", "none_there", "several_there"
UNPAIRED = {2: NO_CASE, 3: NO_ROLE, 4: SEVERAL_HERE, 5: NONE_THERE, 6: SEVERAL_THERE}
_FOUND = {
    PAIRED: Text("fundet", "found"),
    2: Text("barnet har intet pseudonym", "the child has no pseudonym"),
    3: Text("rollen er ikke angivet", "the role wasn't given"),
    4: Text("flere skemaer ved den første", "several forms at the first"),
    5: Text("intet skema ved den anden", "no form at the second"),
    6: Text("flere skemaer ved den anden", "several forms at the second"),
}
_STATUS = "pair_at_"
# The codes of a change: towards the first answer of the scale, none, towards the last.
TO_FIRST, SAME, TO_LAST = 1, 2, 3


class Pairing(NamedTuple):
    """How forms of `mart` from the occasion `start` are paired with those of `partner` from the occasion `end`.

    `variable` is the question that both ask, `role` the one that says whose form it is (None: the child's only one),
    `scale` the answers of an ordinal question in their order, less "don't know"; empty for a nominal one.
    """

    mart: str
    partner: str
    start: str
    end: str
    variable: str
    role: str | None
    scale: tuple[int, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """What the two forms of a pair have in common."""
        return ("case_id", *((self.role,) if self.role else ()))

    @property
    def status(self) -> str:
        """Name of the column that says whether a form is paired, or why not."""
        return f"{_STATUS}{self.end}"

    @property
    def form(self) -> str:
        """Name of the column with the id of the other form."""
        return f"form_at_{self.end}"

    @property
    def later(self) -> str:
        """Name of the column with the answer on the other form."""
        return f"{self.variable}_at_{self.end}"

    @property
    def change(self) -> str:
        """Name of the column that says which way the answer changed."""
        return f"{self.variable}_change_at_{self.end}"

    @property
    def made(self) -> frozenset[str]:
        """The columns that no mart has."""
        return frozenset((self.status, self.form, self.later, self.change))

    @property
    def read(self) -> frozenset[str]:
        """The columns of both marts that decide about pairs."""
        return frozenset(("occasion", self.variable, *self.keys))


def question_of(study: Study, mart: str, name: str) -> Question | None:
    """Return a question of a mart, or what is known of its forms' pairs as if it were one; None for neither."""
    return countable(study)[mart].resolve(name) or (_of_pairs(study, mart).get(name) if mart in questionnaires(study) else None)


def paired_at(study: Study, mart: str, name: str) -> str | None:
    """Return the occasion of the other forms where a column says whether forms have a pair; None for any other column."""
    own = countable(study)[mart].question(name)
    return name.removeprefix(_STATUS) if own is None and name.startswith(_STATUS) else None


def partners(study: Study, mart: str, end: str) -> list[Questionnaire]:
    """List the questionnaires that those who fill in `mart` fill in at an occasion."""
    known = questionnaires(study)
    return [q for q in known.values() if q.filled_in_by == known[mart].filled_in_by and q.occasion in (end, BOTH)]


@derived
def _of_pairs(study: Study, mart: str) -> dict[str, Question]:
    """Make, as questions, what may be known of pairs of a mart's forms, by name."""
    made: list[Question] = []
    for end in occasions(study) if about(study).cases else ():
        for partner in partners(study, mart, end):
            for asked in partner.questions:
                own = questionnaires(study)[mart].question(asked.name)
                if own is None or own.labels != asked.labels or asked.measured or not scale_of(asked):
                    continue
                made += _columns(study, Pairing(mart, partner.instrument, "", end, asked.name, None, ()), asked)
    return {question.name: question for question in made}


def _columns(study: Study, pairing: Pairing, asked: Question) -> list[Question]:
    end = occasions(study)[pairing.end]
    first, last = (asked.says[code] for code in (scale_of(asked)[0], scale_of(asked)[-1]))
    moved = {
        TO_FIRST: Text(f"nærmere {first.danish}", f"towards {first.english}"),
        SAME: Text("uændret", "unchanged"),
        TO_LAST: Text(f"nærmere {last.danish}", f"towards {last.english}"),
    }
    the, one, text = end.the, end.one, asked.asks
    here = {"occasion": BOTH, "option": None, "grouped": None, "dont_know": None, "type": "nominal"}
    texts = {
        pairing.status: (Text(f"Skema fra {the.danish}", f"Form from {the.english}"), _answers(study, _FOUND), None),
        pairing.later: (Text(f"{text.danish} ({one.danish})", f"{text.english} ({one.english})"), asked.answers, asked.dont_know),
        pairing.change: (
            Text(f"{text.danish} (ændring til {the.danish})", f"{text.english} (change to {the.english})"),
            _answers(study, moved),
            None,
        ),
    }
    return [
        asked.model_copy(
            update={
                **here,
                **dict.fromkeys(("text", "asked"), said(study, text)),
                **dict.fromkeys(("text_english", "asked_english"), text.english),
                "name": name,
                "answers": answers,
                "scale": name,
                "dont_know": dont_know,
            }
        )
        for name, (text, answers, dont_know) in texts.items()
    ]


def _answers(study: Study, words: Mapping[int, Text]) -> tuple[Answer, ...]:
    return tuple(Answer(code=code, label=said(study, text), english=text.english) for code, text in words.items())


def scale_of(question: Question) -> tuple[int, ...]:
    """Return the answers that have a place on the scale, in its order."""
    return tuple(code for code in question.codes if code != question.dont_know)


Fault = Callable[[Location, str, str], InputError]


def pairing(study: Study, mart: str, start: str, end: str, asked: Question, error: Fault) -> Pairing:
    """Find out how a table of change pairs forms. Raises what `error` makes of a key, what is wrong and what to do."""
    if not about(study).cases:
        raise error(["kind"], "nothing says which forms are of one child", "write cases: true in study.yaml")
    known = list(occasions(study))
    for key, occasion in (("from", start), ("to", end)):
        if occasion not in known:
            raise error([key], f"there is no occasion {occasion}", choices(known, occasion))
    if known.index(start) >= known.index(end):
        raise error(["to"], f"{end} isn't after {start}", f"they come in this order: {', '.join(known)}")
    if asked.measured:
        raise error(["variable"], f"{asked.name} is a number", "name a question with answers")
    questionnaire = questionnaires(study)[mart]
    if asked in questionnaire.background:
        raise error(["variable"], f"{asked.name} is no answer: the ledger says it of the conference", "name a question")
    if questionnaire.occasion not in (start, BOTH):
        raise error(["from"], f"{mart} holds no forms of that occasion", f"say from: {questionnaire.occasion}")
    others = partners(study, mart, end)
    if len(others) != 1:
        filled = f"those who fill in {mart} fill in {'no' if not others else 'more than one'} questionnaire at {end}"
        raise error(["to"], filled, "name another mart or occasion")
    (other,) = others
    later = other.question(asked.name)
    if later is None:
        both = [q.name for q in other.questions if questionnaire.question(q.name) and not q.measured]
        raise error(["variable"], f"{other.instrument} doesn't ask {asked.name}", choices(both, asked.name))
    if (later.labels, later.dont_know) != (asked.labels, asked.dont_know):
        what = f"{asked.name} has other answers in {other.instrument} than in {mart}"
        raise error(["variable"], what, "name a question with the same answers")
    role = questionnaire.role
    if (role.labels if role else None) != (other.role.labels if other.role else None):
        raise error(["to"], f"{other.instrument} asks for the role in another way than {mart}", "name another mart")
    if not scale_of(asked):
        raise error(["variable"], f"{asked.name} has no answer but the one that has no place", "name another question")
    if role is not None and role.name == asked.name:
        raise error(["variable"], f"{asked.name} says who is paired with whom", "name another question")
    made = Pairing(
        mart,
        other.instrument,
        start,
        end,
        asked.name,
        role.name if role else None,
        scale_of(asked) if asked.type == "ordinal" else (),
    )
    taken = next((name for name in sorted(made.made) if questionnaire.question(name)), None)
    if taken:
        raise error(["variable"], f"{mart} has a question {taken}, as the answers of pairs are called", "give it another name")
    return made
