"""The questionnaires as typed models, read from the YAML files of the study."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Language, Text, beside
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import SHORT_NAME, Forms, about, occasions, only_occasion
from frs_pipeline.study.boxes import BOX, BOXES, CODES, columns_of
from frs_pipeline.study.calendar import Calendar, Keep, calendar
from frs_pipeline.study.faults import Location, choices
from frs_pipeline.study.instruments import BOTH, FILE, FOLDER, Dated, listed
from frs_pipeline.study.numbers import ANSWERED, Measured, Number, Span, measured, plain
from frs_pipeline.study.personal import DANISH_CPR, PersonalId
from frs_pipeline.study.polarity import Favourable, check_polarity
from frs_pipeline.study.spec import Spec, YamlFile

SCALES = "scales.yaml"

# Names that a question can't have: those of other columns of the same rows, and SQL keywords (as DuckDB has them).
_WORDS = """
case_conference case_days case_id conference_id conference_number file form_id forms instrument line occasion
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default
deferrable desc describe distinct do else end except false fetch for foreign from group having in initially intersect
into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary
qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot
using variadic when where window with
"""
RESERVED = frozenset(_WORDS.split())
# Keys that only some types have, each with these; and what the column of a number's groups is called.
_OF = {"unit": ("number",), "range": ("number", "date"), "groups": ("number",), "unit_name": ("number",), "keep": ("date",)}
_GROUP = "_group"
# Whether a conference has one form of a questionnaire, or as many as there are people who fill it in.
PerConference = Literal["one", "several"]
# Between the text of a question with boxes and that of a box.
_BESIDE = " – "


class Answer(Spec):
    """One box that can be ticked: its code in the export, and its label as the report prints it.

    The label names the answer everywhere; `english` is what it says to those who read the pages in English.
    """

    # The limits of one byte, in which marts hold a code.
    code: int = Field(ge=-127, le=127)
    label: str = Field(min_length=1)
    english: str | None = Field(default=None, min_length=1)
    also_printed: tuple[str, ...] = ()

    @property
    def says(self) -> Text:
        """The label in the languages of the pages."""
        return beside(self.label, self.english)


class Scales(Spec):
    scales: dict[str, Annotated[tuple[Answer, ...], Field(min_length=1)]]


class QuestionSpec(Dated):
    """A question as the YAML writes it.

    `multiple` is a question with several boxes to tick, which make up its scale; `text` is a line to write on, which
    stays in the restricted zone, and whose scale, if it has one, is what people code it by. `number` is a number, with a
    unit and a range instead of a scale; its groups make it a question of ordered answers, too. Of a `date`, the mart has
    what `keep` says. `favourable` and `middle` say how figures read the answers (see `frs_pipeline.study.polarity`). `since` and
    `until` are for a question that only the paper of some deliveries has.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    source: str = Field(pattern=SHORT_NAME, description="short name in the SurveyXact export")
    text: str
    text_english: str | None = Field(default=None, min_length=1, description="the text for those who read the pages in English")
    type: Literal["nominal", "ordinal", "multiple", "number", "date", "text"]
    scale: str = ""
    unit: Decimal | None = Field(default=None, description="of a number: what it is a multiple of; 1 for whole numbers")
    range: tuple[Any, Any] | None = Field(default=None, description="of a number or a date: the first and the last")
    keep: Keep | None = Field(default=None, description="of a date: what the mart has of it; the quarter unless said otherwise")
    groups: dict[str, tuple[Decimal, Decimal]] = Field(default_factory=dict, description="of a number: from, to, by label")
    unit_name: Text | None = Field(default=None, description="of a number: what is counted, as years")
    dont_know: int | None = None
    favourable: Favourable = Field(default="none", description="which end of the answers is the good one, if either is")
    middle: int | None = Field(default=None, description="code of the answer that is neither; the middle one unless said")
    occasion: str = BOTH
    sensitivity: Literal["personal", "sensitive"]
    wording: Literal["printed", "assumed"]


class QuestionnaireSpec(Spec):
    instrument: str
    title: str
    title_english: str | None = Field(default=None, min_length=1)
    filled_in_by: str = Field(pattern=r"^[a-z]+(_[a-z]+)*$", description="whose form it is; of several, one is enough")
    occasion: str
    form_prefix: str = Field(pattern=r"^[A-Z]{2}$")
    per_conference: PerConference | None = Field(default=None, description="how many of its forms a conference has")
    questions: tuple[Any, ...]  # each a QuestionSpec, parsed on its own, so that a faulty one hides no other's faults


class Question(QuestionSpec):
    """A question with the answers of its scale: a column of the mart.

    A question with several boxes is one such column per box, ticked or not: `option` is the box's code, `asked` the text
    of the question itself. So is a text that people code, `coded`: such a column is in the mart, but in no export. A number
    has no answers but is `measured`; its groups are a column of their own, which says that it is `grouped` from the column
    of the number. A date is a column of periods, which follow from its `calendar`.
    """

    answers: tuple[Answer, ...]
    asked: str
    asked_english: str | None = None
    option: int | None = None
    coded: bool = False
    measured: Measured | None = None
    grouped: str | None = None
    calendar: Calendar | None = None

    @property
    def of(self) -> str:
        """Name of the question itself: of a box, that of the question with the boxes."""
        if self.calendar:
            return self.name.removesuffix(f"_{self.calendar.keep}")
        return self.grouped or (self.name if self.option is None else self.name.removesuffix(_box(self.option)))

    @property
    def asks(self) -> Text:
        """The text in the languages of the pages."""
        return beside(self.text, self.text_english)

    @property
    def box(self) -> str:
        """The text beside a box."""
        return self.text.removeprefix(f"{self.asked}{_BESIDE}")

    @property
    def box_says(self) -> Text:
        """The text beside a box in the languages of the pages."""
        english = self.text_english.removeprefix(f"{self.asked_english}{_BESIDE}") if self.text_english else None
        return beside(self.box, english)

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(answer.code for answer in self.answers)

    @property
    def counted(self) -> tuple[int, ...]:
        """The answers that counts of forms distinguish: the codes; of a number only that there is one."""
        return (ANSWERED,) if self.measured else self.codes

    @property
    def labels(self) -> dict[int, str]:
        return {answer.code: answer.label for answer in self.answers}

    @property
    def says(self) -> dict[int, Text]:
        """What the codes say in the languages of the pages."""
        return {answer.code: answer.says for answer in self.answers}

    @property
    def possible(self) -> frozenset[int] | Span:
        """Everything that a form can answer."""
        return self.measured.span if self.measured else frozenset(self.codes)

    def said(self, value: Number) -> str:
        """Return an answer as people read it: the label of a code, a number with decimal comma."""
        return plain(value).replace(".", ",") if self.measured else self.labels[int(value)]

    def code(self, label: str) -> int | None:
        """Return the code of a label or of one of its printed spellings; None when the question doesn't have it."""
        return next((a.code for a in self.answers if label == a.label or label in a.also_printed), None)


class Questionnaire(Dated):
    """One instrument with all its questions, in the order of the paper form.

    `texts` are those to write on, which are never counted as they are; `forms` says what a form is known by.
    `only_occasion` is that of all its forms in a study without registers; elsewhere, these say it. `cases` says whether
    its mart tells which forms are about the same child, `background` what it says about their conferences.
    """

    instrument: str
    title: str
    title_english: str | None = None
    filled_in_by: str
    occasion: str
    form_prefix: str
    per_conference: PerConference | None = None
    questions: tuple[Question, ...]
    texts: tuple[QuestionSpec, ...] = ()
    path: Path
    asks_role: str | None = None
    forms: Forms = Forms()
    only_occasion: str | None = None
    cases: bool = False
    personal_id: PersonalId = DANISH_CPR
    language: Language = "danish"
    background: tuple[Question, ...] = ()

    @property
    def called(self) -> Text:
        """The title in the languages of the pages."""
        return beside(self.title, self.title_english)

    @property
    def role(self) -> Question | None:
        """The question that says who of several filled in a form; None on a paper that doesn't ask."""
        return self.question(self.asks_role) if self.asks_role else None

    @property
    def keyed(self) -> tuple[Question, ...]:
        """The questions whose answers stand in the export."""
        return tuple(question for question in self.questions if not question.coded)

    @property
    def one_each(self) -> bool:
        """Whether one form is due from each conference: as the file says, else where the paper doesn't ask who fills it in."""
        return self.per_conference == "one" if self.per_conference else self.role is None

    def schemes(self) -> dict[str, tuple[Question, ...]]:
        """Return the texts that people code, by name, each with the columns of its codes."""
        by_text: dict[str, tuple[Question, ...]] = {}
        for question in self.questions:
            if question.coded:
                by_text[question.of] = (*by_text.get(question.of, ()), question)
        return by_text

    def question(self, name: str) -> Question | None:
        """Return a question by its name, or what is known of the conference under that name."""
        return next((q for q in (*self.questions, *self.background) if q.name == name), None)

    def boxes(self, name: str) -> tuple[Question, ...]:
        """Return the boxes of a question that has several, in the order of its scale; none for any other."""
        return tuple(q for q in self.questions if q.option is not None and q.of == name)

    def resolve(self, name: str) -> Question | None:
        """Return a question by its name, or that whether any of the boxes `together` by this name is ticked."""
        several = columns_of(name)
        first = self.question(several[0])
        if first is None or len(several) == 1:
            return first
        boxes = {box.name: box for box in self.boxes(first.of)}
        listed = [boxes[name] for name in several] if several != list(boxes) else []
        which = f" ({' / '.join(box.box for box in listed)})" if listed else ""
        about_all = {"name": first.of, "text": f"{first.asked}{which}", "type": "multiple", "option": None}
        if first.asked_english:
            which = f" ({' / '.join(box.box_says.english for box in listed)})" if listed else ""
            about_all["text_english"] = f"{first.asked_english}{which}"
        return first.model_copy(update={**about_all, "answers": _ticked(CODES if first.coded else BOXES, self.language)})

    def column_counted(self, name: str) -> str:
        """Return the column by which those who answered a question are counted: of a number, that of its groups if it has any."""
        return next((q.name for q in self.questions if q.grouped == name), name)

    def at(self, delivery: str) -> Questionnaire:
        """Return the questionnaire with only the questions on the paper of a delivery, named by its date."""
        asked = {kind: tuple(q for q in getattr(self, kind) if self.asks(q, delivery)) for kind in ("questions", "texts")}
        return self.model_copy(update=asked)

    def asks(self, question: QuestionSpec, delivery: str) -> bool:
        """Return whether `question` is on the paper of a delivery, named by its date."""
        return self.in_use(delivery) and question.in_use(delivery)


def read_questionnaire(study: Study, path: Path) -> Questionnaire:
    """Read one questionnaire. Raises `InputError` with file and line for everything it doesn't understand."""
    file, wrong = YamlFile(path), Gathered()
    scales: dict[str, tuple[Answer, ...]] | None = None
    with wrong:
        scales = read_scales(study)
    with wrong:
        spec = file.parse(QuestionnaireSpec)
        if spec.instrument != path.stem:
            what = f"the file of questionnaire {spec.instrument} is called {spec.instrument}.yaml"
            raise file.error(["instrument"], what, f"write instrument: {path.stem}, or rename the file")
        check_occasion(study, file, ["occasion"], spec.occasion)
        if spec.occasion == BOTH and not about(study).registers and len(occasions(study)) > 1:
            what = "nobody knows at which occasion its forms were filled in, since there is no register"
            raise file.error(["occasion"], what, choices(occasions(study), spec.occasion))
    questions: list[Question] = []
    texts: list[QuestionSpec] = []
    taken = _Taken(file)
    for index in file.items(["questions"]):
        with wrong:
            question = file.parse_at(["questions", index], QuestionSpec)
            check_occasion(study, file, ["questions", index, "occasion"], question.occasion)
            # Unreadable scales are reported already; the rest of the file is examined all the same.
            made = [] if scales is None else _made(file, index, question, scales, about(study).language)
            if scales is not None:
                check_polarity(file, ["questions", index], question.name, question.favourable, question.middle, _ordered(made))
            written = question.type == "text"
            taken.take(index, question, [*([question.name] if written or not made else []), *(q.name for q in made)])
            questions += made
            texts += [question] if written else []
    wrong.check()
    facts = about(study)
    only = only_occasion(study) if spec.occasion == BOTH else spec.occasion
    return Questionnaire(
        **{**spec.model_dump(), "questions": tuple(questions), "texts": tuple(texts)},
        path=path,
        asks_role=facts.role,
        forms=facts.forms,
        only_occasion=None if facts.registers else only,
        cases=facts.cases,
        personal_id=facts.personal_id,
        language=facts.language,
    )


@derived
def background(study: Study) -> tuple[Question, ...]:
    """Make what study.yaml admits about conferences columns of marts. Raises `InputError` with file and line."""
    file, wrong, scales = YamlFile(study.folder / FILE), Gathered(), read_scales(study)
    made: list[Question] = []
    for index, one in enumerate(about(study).background):
        where: list[str | int] = ["background", index]
        with wrong:
            # The mart of conferences has columns of its own.
            own = one.name == "in_ledger" or one.name.endswith("_forms")
            if own or one.name in RESERVED or one.name in [question.name for question in made]:
                raise file.error([*where, "name"], f"name {one.name} is taken", "give it another name")
            if one.scale and one.scale not in scales:
                raise file.error([*where, "scale"], f"scale {one.scale} is not in {SCALES}", choices(scales, one.scale))
            answers = scales.get(one.scale) or tuple(Answer(code=at, label=q) for at, q in enumerate(one.labels, start=1))
            made.append(
                Question(
                    name=one.name,
                    source="ledger",
                    text=one.text,
                    asked=one.text,
                    type="ordinal" if one.quarters else "nominal",
                    scale=one.scale,
                    answers=answers,
                    sensitivity=one.sensitivity,
                    wording="assumed",
                )
            )
    wrong.check()
    return tuple(made)


def check_occasion(study: Study, file: YamlFile, where: Location, occasion: str) -> None:
    """Raise `InputError` with file and line for an occasion that the study doesn't have."""
    if occasion not in (*occasions(study), BOTH):
        raise file.error(where, f"there is no occasion {occasion}", choices([*occasions(study), BOTH], occasion))


@derived
def read_scales(study: Study) -> dict[str, tuple[Answer, ...]]:
    """Read the scales by name. Raises `InputError` with file and line for codes or labels that don't name one answer each."""
    file = YamlFile(study.folder / SCALES)
    scales = file.parse(Scales).scales
    wrong = Gathered()
    for name, answers in scales.items():
        for field in ("code", "label"):
            values = [getattr(answer, field) for answer in answers]
            twice = next((index for index, value in enumerate(values) if value in values[:index]), None)
            with wrong:
                if twice is not None:
                    raise file.error(["scales", name, twice], f"scale {name} has the same {field} twice", "give it another one")
        for index, answer in enumerate(answers):
            # Wherever somebody writes a label, it must name one answer only.
            others = {label for other in answers if other is not answer for label in (other.label, *other.also_printed)}
            with wrong:
                if others.intersection(answer.also_printed):
                    where: Location = ["scales", name, index, "also_printed"]
                    what = f"scale {name}: {answer.label} has a spelling that another answer has, too"
                    raise file.error(where, what, "take the spelling out of one of them")
    wrong.check()
    return scales


def _made(
    file: YamlFile, index: int, question: QuestionSpec, scales: Mapping[str, tuple[Answer, ...]], language: Language
) -> list[Question]:
    """Make the columns that a question fills; none for a text that nobody codes.

    Raises `InputError` for a scale that it can't have.
    """
    where: list[str | int] = ["questions", index]
    if question.type in ("number", "date") and question.scale:
        what = f"{question.name} is a {question.type}, which has no scale"
        raise file.error([*where, "scale"], what, "take scale out, or change type")
    if question.type in ("text", "number", "date") and question.dont_know is not None:
        what = f"{question.name} is a {question.type}, which has no answer of its own for it"
        raise file.error([*where, "dont_know"], what, "take dont_know out")
    extra = next((key for key, types in _OF.items() if getattr(question, key) and question.type not in types), None)
    if extra:
        what = f"{question.name} is {question.type}, and only a {' or a '.join(_OF[extra])} has {extra}"
        raise file.error([*where, extra], what, f"take {extra} out, or write type: {_OF[extra][0]}")
    if question.type == "number":
        return _number(file, where, question)
    if question.type == "date":
        return [_date(file, where, question)]
    if question.type == "text" and not question.scale:
        return []
    if question.scale not in scales:
        what = f"scale {question.scale} is not in {SCALES}" if question.scale else f"{question.name} needs a scale"
        raise file.error([*where, "scale"], what, choices(scales, question.scale))
    codes = [answer.code for answer in scales[question.scale]]
    if question.dont_know is not None and question.dont_know not in codes:
        what = f"code {question.dont_know} is not in scale {question.scale}"
        raise file.error([*where, "dont_know"], what, choices(map(str, codes)))
    return _columns(question, scales[question.scale], language)


def _ordered(made: Sequence[Question]) -> tuple[int, ...]:
    """Return the codes of the ordered answers among the columns of a question, without "don't know"; none if it has none."""
    found = next((one for one in made if one.type == "ordinal" and not one.calendar), None)
    return () if found is None else tuple(code for code in found.codes if code != found.dont_know)


def _number(file: YamlFile, where: list[str | int], question: QuestionSpec) -> list[Question]:
    """Make the column of a number, and that of its groups where it has any."""
    limits = file.parse_at([*where, "range"], tuple[Decimal, Decimal]) if question.range else None
    number = measured(file, where, question.name, question.unit, limits, question.groups)
    column = Question(**question.model_dump(), answers=(), asked=question.text, measured=number)
    if not number.groups:
        return [column]
    answers = tuple(Answer(code=at, label=label) for at, (label, *_) in enumerate(number.groups, start=1))
    name = f"{question.name}{_GROUP}"
    of_groups = {"name": name, "type": "ordinal", "scale": name, "answers": answers, "grouped": question.name, "measured": None}
    return [column, column.model_copy(update=of_groups)]


def _date(file: YamlFile, where: list[str | int], question: QuestionSpec) -> Question:
    """Make the column of what is kept of a date."""
    limits = file.parse_at([*where, "range"], tuple[dt.date, dt.date]) if question.range else None
    days = calendar(file, where, question.name, question.keep, limits)
    answers = tuple(Answer(code=at, label=label) for at, label in enumerate(days.labels, start=1))
    name = f"{question.name}_{days.keep}"
    own = {"name": name, "type": "ordinal", "scale": name, "answers": answers, "asked": question.text, "calendar": days}
    return Question(**{**question.model_dump(), **own})


class _Taken:
    """Names of columns, and questions of the export, that questions of one file have taken."""

    def __init__(self, file: YamlFile) -> None:
        self.file = file
        self.names: set[str] = set()
        self.sources: set[tuple[str, str]] = set()

    def take(self, index: int, question: QuestionSpec, names: Sequence[str]) -> None:
        """Take the names of a question. Raises `InputError` for a name or a column of the export that another question has."""
        where: list[str | int] = ["questions", index]
        for name in names:
            if name in self.names:
                raise self.file.error([*where, "name"], f"name {name} is used twice", "give one of them another name")
            if name in RESERVED:
                what = f"name {name} has a meaning of its own in marts and queries"
                raise self.file.error([*where, "name"], what, "give it another name")
        # Short names are cut at eight letters: two questions may share one, and are then distinguished by their texts.
        if (question.source, question.text) in self.sources:
            what = f"source {question.source} is used twice, with the same text"
            raise self.file.error([*where, "source"], what, "give each the text that stands in the export")
        self.names.update(names)
        self.sources.add((question.source, question.text))


def _box(code: int) -> str:
    """Return what the name of a box's column ends with."""
    return f"_{code}".replace("-", "minus_")


def _ticked(words: Sequence[Text], language: Language) -> tuple[Answer, ...]:
    """Return the answers to a box or to several together, whose codes count from 0."""
    return tuple(Answer(code=code, label=text.in_language(language), english=text.english) for code, text in enumerate(words))


def _columns(question: QuestionSpec, answers: tuple[Answer, ...], language: Language) -> list[Question]:
    """Make the columns of the mart that a question fills: one, or one for each of its boxes or of the codes of a text."""
    if question.type not in ("multiple", "text"):
        return [Question(**question.model_dump(), answers=answers, asked=question.text)]
    ticked = _ticked(BOX, language)
    return [
        Question(
            **{
                **question.model_dump(),
                "name": f"{question.name}{_box(answer.code)}",
                "text": f"{question.text}{_BESIDE}{answer.label}",
                "text_english": f"{question.text_english}{_BESIDE}{answer.says.english}" if question.text_english else None,
                "type": "nominal",
                "dont_know": None,
            },
            answers=ticked,
            asked=question.text,
            asked_english=question.text_english,
            option=answer.code,
            coded=question.type == "text",
        )
        for answer in answers
    ]


@derived
def questionnaires(study: Study) -> dict[str, Questionnaire]:
    """Read all questionnaires, by instrument.

    Raises `InputError` when the ids of their forms don't distinguish two of them, and when none asks for the role.
    """
    by_instrument: dict[str, Questionnaire] = {}
    wrong = Gathered()
    of_ledger: tuple[Question, ...] = ()
    with wrong:
        of_ledger = background(study)
    for name, instrument in listed(study).items():
        with wrong:
            more = {"since": instrument.since, "until": instrument.until, "background": of_ledger}
            by_instrument[name] = read_questionnaire(study, study.folder / FOLDER / f"{name}.yaml").model_copy(update=more)
    wrong.check()
    prefixes: dict[str, str] = {}
    for name, questionnaire in by_instrument.items():
        names = {question.name for question in questionnaire.questions}
        both = next((question.name for question in of_ledger if question.name in names), None)
        if both:
            what = f"{both} is the name of a column about conferences in {FILE}, too"
            raise YamlFile(questionnaire.path).error(["questions"], what, "give one of them another name")
        same = prefixes.setdefault(questionnaire.form_prefix, name)
        if same != name:
            what = f"{same} has the same form_prefix"
            raise YamlFile(questionnaire.path).error(["form_prefix"], what, "choose two other letters")
    role = about(study).role
    if role is not None and not any(questionnaire.role for questionnaire in by_instrument.values()):
        known = (question.name for questionnaire in by_instrument.values() for question in questionnaire.questions)
        what = f"no questionnaire has a question {role}"
        raise YamlFile(study.folder / FILE).error(["role"], what, choices(known, role))
    return by_instrument
