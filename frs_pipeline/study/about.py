"""What study.yaml says about a study: its names, its occasions, and who fills in what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from frs_pipeline.errors import Gathered
from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.stats.printing import in_english
from frs_pipeline.study import Study, derived
from frs_pipeline.study.background import Background
from frs_pipeline.study.faults import choices
from frs_pipeline.study.fetching import Fetch
from frs_pipeline.study.instruments import BOTH, FILE, DeliveryName
from frs_pipeline.study.personal import DANISH_CPR, Written
from frs_pipeline.study.spec import Spec, YamlFile


class Noun(Spec):
    """A word in the singular and the plural, in lower case."""

    one: Text
    many: Text


# What forms belong to where the study has no word for it, since they belong to nothing.
_GROUP = Noun(one=Text("gruppe", "group"), many=Text("grupper", "groups"))
_CHILD = Noun(one=Text("barn", "child"), many=Text("børn", "children"))


class Occasion(Noun):
    """When forms are filled in: `ledger` is the ledger's word, `the` ends "the forms from …"."""

    ledger: str = ""
    the: Text


class Lacking(Spec):
    """How to speak of conferences that lack somebody's form, or the form of `either` of several.

    `complete` says of those that lack none what they have; `unknown` says, of people whose number nobody knows, that it can't be
    said how many of them answered.
    """

    words: Text
    either: tuple[str, ...] = ()
    complete: Text | None = None
    unknown: Text | None = None


class Printed(Spec):
    """Numbers of conferences that stand only in the report's text: those `held`, by occasion, and those `lacking` a form.

    `reading` says what `held` rests on: each number is `stated`, or only their sum is and the `split` is taken from a table. The
    audit words what contradicts a split as either the split or the table; forms are made by it in both cases.
    """

    held: dict[str, int] = Field(default_factory=dict)
    reading: Literal["stated", "split"] = "stated"
    lacking: dict[str, int] = Field(default_factory=dict)


class Together(Spec):
    """How several deliveries are counted as one: what becomes of a form that two of them have."""

    same_form: Literal["refuse", "once"] = "refuse"


def _or_none(value: object) -> object:
    return None if value == "none" else value


# What an export may call a question: no longer than SurveyXact's short names, to which other files' names are cut.
SHORT_NAME = r"^[a-zæøå_][a-zæøå0-9_ .-]{0,7}$"
# A column of an export by its short name; `none` where exports have no such column.
Column = Annotated[
    Annotated[str, Field(pattern=r"^[a-zæøå_][a-zæøå_0-9]*$")] | None,
    BeforeValidator(_or_none),
]


class Forms(Spec):
    """What a form is known by in its export: columns, which are SurveyXact's own unless the study says otherwise.

    `number` is that of the conference (or whatever it may be) that a form belongs to, `number_again` the same keyed once
    more. Without an `id`, a form is known by its line. `status` are five columns, of which one is ticked. `keyer` says who keyed
    the form: it is about an employee, and goes into no mart and no report. In exports of a second keying, `keyed_before` holds
    the id of the form as it was keyed first; without it, `id` does.
    """

    id: Column = "responde"
    number: Column = None
    number_again: Column = None
    created: Column = "created"
    modified: Column = "modified"
    closed: Column = "closetim"
    started: Column = "starttim"
    status: Annotated[Literal["surveyxact", "none"] | None, AfterValidator(_or_none)] = "surveyxact"
    keyer: Column = None
    keyed_before: Column = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.number_again and not self.number:
            raise ValueError("number_again without number: say in which column the number is keyed first")
        if self.keyed_before and not self.keyer:
            raise ValueError("keyed_before without keyer: say in which column stands who keyed a form")
        if self.keyer and not self.id:
            raise ValueError("keyer without id: without one, a form that was keyed twice isn't found again")
        named = [column for column in self.named if column]
        again = next((column for at, column in enumerate(named) if column in named[:at]), None)
        if again:
            raise ValueError(f"two of them are in column {again}")
        return self

    @property
    def named(self) -> tuple[str | None, ...]:
        return (self.id, self.number, self.number_again, *self.times.values(), self.keyer, self.keyed_before)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of the number."""
        return tuple(column for column in (self.number, self.number_again) if column)

    @property
    def times(self) -> dict[str, str]:
        """The columns of times, by what they are the time of."""
        known = {"created": self.created, "modified": self.modified, "closed": self.closed, "started": self.started}
        return {name: column for name, column in known.items() if column}

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which forms can't be told apart."""
        return tuple(column for column in (self.id, *self.numbers, self.created, self.keyer) if column)

    @property
    def keying(self) -> tuple[str, ...]:
        """The columns that say who keyed a form, and which it was when it was keyed first."""
        return tuple(column for column in (self.keyer, self.keyed_before) if column)

    @property
    def again(self) -> Forms:
        """What forms are known by in exports of a second keying."""
        return self.model_copy(update={"id": self.keyed_before or self.id, "keyed_before": None})

    @property
    def statuses(self) -> tuple[str, ...]:
        """The columns of the status, one of which is ticked."""
        return STATUS if self.status else ()

    @property
    def system(self) -> tuple[str, ...]:
        """The columns that no question fills, but for the number's."""
        return tuple(column for column in (self.id, *self.times.values(), "difftime", *self.statuses, *_UNUSED) if column)


STATUS = ("stato_1", "stato_2", "stato_3", "stato_4", "stato_5")
# More columns of SurveyXact's own that nothing is read from.
_UNUSED = ("statc_3", "statd_1", "statd_2")
Register = Literal["codebook", "ledger"]


class About(Spec):
    """Facts of the study.

    `languages` are those that its people read, the first of them in files and tables of a terminal, which have room for one.
    `forms` says what a form is known by, and `registers` who knows the conferences: the locked codebook, the ledger.
    `exports` are SurveyXact's three CSV files, or `plain`: one CSV file and a list of its labels. `cases` says
    whether marts tell which conferences are of the same child, `background` what else they tell of them. `personal_id`
    is by what a codebook knows a child. `contact` says whom readers of the report ask, `fetch` where exports are fetched from.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = LANGUAGES
    conference: Noun = _GROUP
    occasions: dict[str, Occasion] = Field(min_length=1)
    role: str | None = None
    lacking: dict[str, Lacking] = Field(default_factory=dict)
    instruments: tuple[Any, ...]  # read by `study.instruments`
    printed_from: DeliveryName | None = None
    printed: Printed = Printed()
    together: Together = Together()
    exports: Literal["surveyxact", "plain"] = "surveyxact"
    forms: Forms = Forms()
    registers: tuple[Register, ...] = ()
    cases: bool = False
    personal_id: Written = DANISH_CPR
    background: tuple[Background, ...] = ()
    contact: Text | None = None
    fetch: Fetch | None = None

    @property
    def language(self) -> Language:
        """The first of its languages."""
        return self.languages[0]


@derived
def about(study: Study) -> About:
    """Read study.yaml. Raises `InputError` with file and line."""
    file = YamlFile(study.folder / FILE)
    facts: About = file.parse(About)
    wrong = Gathered()
    for index, language in enumerate(facts.languages):
        with wrong:
            if language in facts.languages[:index]:
                raise file.error(["languages", index], f"{language} stands twice", "leave one of them")
    known = [name for name, lacking in facts.lacking.items() if not lacking.either]
    for name, lacking in facts.lacking.items():
        for index, one in enumerate(lacking.either):
            with wrong:
                if one not in known:
                    raise file.error(["lacking", name, "either", index], f"nobody is called {one}", choices(known, one))
    for place, known_names, names_given in (
        ("held", facts.occasions, facts.printed.held),
        ("lacking", facts.lacking, facts.printed.lacking),
    ):
        for name in names_given:
            with wrong:
                if name not in known_names:
                    raise file.error(["printed", place, name], f"there is no {name}", choices(known_names, name))
    with wrong:
        if facts.forms.number is None and facts.registers:
            do = "say which column has the number, as in forms: {number: raadsnr}, or take registers out"
            raise file.error(["registers"], "forms have no number that a register could know", do)
    with wrong:
        if facts.personal_id.kind == "none" and "codebook" in facts.registers:
            do = "say danish_cpr or {pattern: …}, or take codebook out of registers"
            raise file.error(["personal_id"], "a codebook knows people by a number, and there is none", do)
    with wrong:
        if facts.cases and "codebook" not in facts.registers:
            raise file.error(["cases"], "only a codebook knows which conferences are of one child", "take the line out")
    with wrong:
        if facts.background and "ledger" not in facts.registers:
            raise file.error(["background"], "only a ledger says anything of conferences", "take background out")
    with wrong:
        if facts.forms.number is not None and "conference" not in facts.model_fields_set:
            do = "add conference: {one: …, many: …}, or take number out of forms"
            raise file.error(["forms", "number"], "nothing says what the number is of", do)
    if BOTH in facts.occasions:
        with wrong:
            raise file.error(["occasions", BOTH], f"{BOTH} means every occasion", "give it another name")
    words = [occasion.ledger for occasion in facts.occasions.values()]
    for index, name in enumerate(facts.occasions):
        with wrong:
            if words[index] in words[:index]:
                raise file.error(["occasions", name, "ledger"], "another occasion has this word, too", "give each its own")
    with wrong:
        _refuse_other_surveys(file, facts)
    wrong.check()
    return facts


def _refuse_other_surveys(file: YamlFile, facts: About) -> None:
    """Raise `InputError` for a survey that is no questionnaire's or two's, and where exports aren't SurveyXact's."""
    if facts.fetch is None:
        return
    if facts.exports != "surveyxact":
        raise file.error(["fetch"], "only SurveyXact's exports can be fetched", "say exports: surveyxact, or take fetch out")
    known = [str(each["name"]) for each in facts.instruments if isinstance(each, dict) and "name" in each]
    taken: set[int] = set()
    for name, survey in facts.fetch.surveys.items():
        where: list[str | int] = ["fetch", "surveys", name]
        if name not in known:
            raise file.error(where, f"there is no questionnaire {name}", choices(known, name))
        if survey in taken:
            raise file.error(where, f"survey {survey} is another questionnaire's already", "give each its own")
        taken.add(survey)


def said(study: Study, text: Text) -> str:
    """Return a text in the first language of the study."""
    return text.in_language(about(study).language)


def quoted(study: Study, words: str) -> str:
    """Quote what stands on the paper, as the first language of the study does."""
    return f"»{words}«" if about(study).language == "danish" else f"“{words}”"


def quotes(study: Study, words: Text) -> Text:
    """Quote what the study says, in each language as it does; what it says in one language only is quoted as in that."""
    one = quoted(study, words.danish)
    return Text(one, one) if words.danish == words.english else Text(one, f"“{words.english}”")


def written(study: Study, printed: str) -> str:
    """Write a printed figure as the first language of the study does."""
    return printed if about(study).language == "danish" else in_english(printed)


def has_codebook(study: Study) -> bool:
    """Return whether a study has a locked codebook, and so keys."""
    return "codebook" in about(study).registers


def has_keyers(study: Study) -> bool:
    """Return whether exports of a study say who keyed a form, so that forms can be keyed twice and compared."""
    return about(study).forms.keyer is not None


def sharing(study: Study) -> Noun | None:
    """Return what forms have in common that belong together: a child or a conference; None where each is by itself."""
    facts = about(study)
    if facts.cases:
        return _CHILD
    return facts.conference if facts.forms.number else None


def only_occasion(study: Study) -> str | None:
    """Return the occasion of forms whose questionnaire doesn't say it, in a study without registers; None where those say it."""
    return None if about(study).registers else next(iter(about(study).occasions))


def occasions(study: Study) -> Mapping[str, Occasion]:
    """Return the occasions on which forms are filled in, by name, in order."""
    return about(study).occasions
