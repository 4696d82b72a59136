"""Answers of one form that can't all be true: names and labels, as in rules.yaml, become columns and codes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from frs_pipeline.study.faults import Location, choices
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Question, Questionnaire
from frs_pipeline.study.spec import YamlFile

ANSWERED, BLANK = "answered", "blank"
# Codes of a box that can be ticked, whatever question it belongs to.
_EMPTY, _TICKED = 0, 1


@dataclass(frozen=True)
class Condition:
    """What one question's answer has to be.

    `columns` are the question's column of the mart, or those of its boxes, and `text` is what it asks. The condition holds
    when one of the columns has one of `codes`; where `blank`, when each is blank or has one of them. `labels` names the
    answers; it is empty where any answer will do, or none. `any_number`: the question has a number, whichever.
    """

    columns: tuple[str, ...]
    text: str
    labels: tuple[str, ...]
    codes: tuple[int, ...]
    blank: bool = False
    any_number: bool = False


@dataclass(frozen=True)
class ImpossibleAnswers:
    """A form of the questionnaire `on` contradicts itself when it is counted under `occasion` and all `conditions` hold."""

    on: str
    title: str
    occasion: str
    conditions: tuple[Condition, ...]

    @property
    def column(self) -> str:
        """The column of the mart that a finding names: that of the last question, for one with boxes its first."""
        return self.conditions[-1].columns[0]

    @property
    def columns(self) -> set[str]:
        return {column for condition in self.conditions for column in condition.columns}


def read_impossible_answers(
    file: YamlFile,
    rule: Location,
    on: str,
    when: Mapping[str, tuple[str, ...]],
    asked: Mapping[str, Questionnaire],
    known: Collection[str],
) -> ImpossibleAnswers:
    """Read what a rule of the study's own looks for; `known` are the occasions.

    Raises `InputError` with file and line for what the questionnaires don't have.
    """
    if on not in asked:
        raise file.error([*rule, "on"], f"there is no questionnaire {on}", choices(asked, on))
    questionnaire, conditions = asked[on], []
    occasion = BOTH
    for name, words in when.items():
        where = [*rule, "when", name]
        if name == "occasion":
            if len(words) != 1 or words[0] not in known:
                raise file.error(where, f"occasion is {' or '.join(known)}")
            if questionnaire.occasion not in (BOTH, words[0]):
                raise file.error(where, f"no form of {on} is counted under {words[0]}", "take occasion out")
            occasion = words[0]
        else:
            conditions.append(_condition(file, where, questionnaire, name, words))
    if not conditions:
        raise file.error([*rule, "when"], "when names no question", "say which answers can't all be true")
    return ImpossibleAnswers(on, questionnaire.title, occasion, tuple(conditions))


def _condition(
    file: YamlFile, where: list[str | int], questionnaire: Questionnaire, name: str, words: tuple[str, ...]
) -> Condition:
    asked = questionnaire.keyed
    column = next((question for question in asked if question.name == name), None)
    columns = [column] if column else [box for box in asked if box.option is not None and box.of == name]
    if not columns:
        to_write_on = any(text.name == name for text in questionnaire.texts)
        what = f"{name} is a line to write on" if to_write_on else f"{questionnaire.instrument} has no question {name}"
        raise file.error(where, what, choices((box.name if box.option is None else box.of for box in asked), name))
    boxes = column is None
    text = columns[0].asked if boxes else columns[0].text
    every = tuple(column.name for column in columns)
    if words == (BLANK,):
        return Condition(every, text, (), (_EMPTY,) if boxes else (), blank=True)
    if words == (ANSWERED,) and columns[0].measured:
        return Condition(every, text, (), (), any_number=True)
    if columns[0].measured:
        groups = [question.name for question in questionnaire.questions if question.grouped == name]
        do = f"name answers of {groups[0]}" if groups else "give it groups, and name them"
        raise file.error(where, f"{name} is a number", f"say {ANSWERED} or {BLANK}; or {do}")
    if words == (ANSWERED,):
        return Condition(every, text, (), (_TICKED,) if boxes else columns[0].codes)
    answers = {box.box: (box.name, _TICKED) for box in columns} if boxes else _answers(columns[0])
    if not words:
        raise file.error(where, f"{name} names no answer", _possible(answers))
    for index, word in enumerate(words):
        if word not in answers:
            raise file.error([*where, index], f"{name} has no answer »{word}«", _possible(answers))
    named = [answers[word] for word in words]
    return Condition(tuple(dict.fromkeys(c for c, _ in named)), text, words, tuple(dict.fromkeys(code for _, code in named)))


def _answers(question: Question) -> dict[str, tuple[str, int]]:
    """Map every spelling of an answer to its column and code."""
    spelt = [(answer.code, spelling) for answer in question.answers for spelling in (answer.label, *answer.also_printed)]
    return {spelling: (question.name, code) for code, spelling in spelt}


def _possible(answers: Iterable[str]) -> str:
    return f"one of {', '.join(f'»{answer}«' for answer in answers)}; or {ANSWERED}, or {BLANK}"
