"""The table catalogue: YAML into tables whose axes are lists of categories.

Collapses, spellings, left-out answers and reversed orders are all resolved here, once: code that counts or
prints sees an `Axis` of (label, codes) only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import Text, beside
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import said
from frs_pipeline.study.boxes import ANY, TICKED, columns_of, together
from frs_pipeline.study.countable import CONFERENCE, countable
from frs_pipeline.study.faults import Location, choices
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Number, Span, plain
from frs_pipeline.study.other_statistics import Statistic, check_statistics
from frs_pipeline.study.pairing import PAIRED, SAME, TO_FIRST, TO_LAST, Pairing, pairing, question_of
from frs_pipeline.study.questionnaires import Question, check_occasion, read_scales
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.table_specs import (
    AnyTable,
    CatalogueSpec,
    ChangeSpec,
    CollapsedSpec,
    CorrelationSpec,
    CrosstabSpec,
    DistributionSpec,
    FrequencySpec,
    GroupCorrelationSpec,
    Kind,
    MultipleSpec,
    SummarySpec,
    TableSpec,
)

FILE = "tables.yaml"
# Labels of the rows and columns that every table adds to its categories.
TOTAL, TOTAL_VALID, MISSING = RESERVED = ("Total", "Total valid", "Missing")
# What a change is called where the study says which end of the scale is better.
WAYS = (Text("bedre", "better"), Text("uændret", "unchanged"), Text("dårligere", "worse"))

# The answers to a question that are meant: codes, or a span of numbers.
Codes = frozenset[int] | Span
# Row, column and group of an address: where in its table a figure stands.
Place = tuple[str, str, str]


class Address(NamedTuple):
    """Where a figure stands. Labels are Danish, as printed; an empty string where there is none."""

    table: int
    row: str
    column: str
    group: str
    measure: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Address:
        """Read the address from a line of a file that has its columns; a label that is missing or null is none."""
        return cls(int(row["table"]), row["row"] or "", row["column"] or "", row["group"] or "", row["measure"])


class Category(Spec):
    """One row or column of a table: the label it prints and the codes it counts."""

    label: str
    codes: tuple[int, ...]
    english: str | None = None

    @property
    def says(self) -> Text:
        """The label in the languages of the pages."""
        return beside(self.label, self.english)


class Axis(Spec):
    """One question of a table, as the list of its printed categories in order; for one with a number, all of its `numbers`.

    Of a question with several boxes, each category is the column of a box among `boxes`, and `variable` is whether any is ticked.
    """

    variable: str
    categories: tuple[Category, ...]
    numbers: Span | None = None
    boxes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the mart by which the table counts."""
        return self.boxes or (self.variable,)

    @property
    def counted(self) -> Codes:
        """The answers that the table counts."""
        if self.boxes:
            return ANY
        return self.numbers or frozenset(code for category in self.categories for code in category.codes)

    def index(self, code: Number | None) -> int | None:
        """Return the position of the category that counts `code`; None when the table leaves it out."""
        return next((i for i, c in enumerate(self.categories) if code in c.codes), None)

    def label(self, code: Number | None) -> str | None:
        """Return the label of the category that counts `code`, or the number itself; None when the table leaves it out."""
        if self.numbers:
            return plain(code).replace(".", ",") if code is not None and code in self.numbers else None
        place = self.index(code)
        return None if place is None else self.categories[place].label

    def labels(self, answers: Mapping[str, Any]) -> str | None:
        """Return the label of the category that counts a form with these answers, or of all; None when the table counts none."""
        if not self.boxes:
            return self.label(answers[self.variable])
        ticked = (c.label for c, box in zip(self.categories, self.boxes, strict=True) if answers[box] in c.codes)
        return " + ".join(ticked) or None


class Table(Spec):
    """One table of the report, ready to count.

    One of change crosses a question (`row`) with the same on the form that is its pair (`column`); `change` are the ways in
    which an ordinal answer can change, as the table calls them.
    """

    number: int
    title: str
    title_english: str | None = None
    kind: Kind
    marts: tuple[str, ...]
    occasion: str
    row: Axis
    column: Axis | None = None
    group: Axis | None = None
    percent: Literal["row", "column", "total"] | None = None
    answered: tuple[str, ...] = ()
    where: tuple[tuple[str, frozenset[int]], ...] = ()
    statistics: tuple[Statistic, ...] = ()
    note: str | None = None
    note_danish: str | None = None
    printed_note: str | None = None
    printed_note_danish: str | None = None
    pairing: Pairing | None = None
    change: Axis | None = None

    def noted(self, *, printed: bool) -> Text | None:
        """Return what is said below the table; in both languages the same where the study says it in English alone.

        What is said of the printed table belongs to the delivery alone that it was `printed` from.
        """
        both = (self.note, self.note_danish), (self.printed_note, self.printed_note_danish) if printed else (None, None)
        notes = [Text(danish or english, english) for english, danish in both if english is not None]
        return Text(" ".join(one.danish for one in notes), " ".join(one.english for one in notes)) if notes else None

    @property
    def reads(self) -> tuple[str, ...]:
        """The marts whose forms decide about the table: those that it counts, and those of their pairs."""
        return tuple(dict.fromkeys((*self.marts, *((self.pairing.partner,) if self.pairing else ()))))

    def read_of(self, mart: str) -> frozenset[str]:
        """The columns of a mart that decide about the table, but for the occasion that it is limited to."""
        own = frozenset(self.needed) if mart in self.marts else frozenset()
        return (own - self.pairing.made) | self.pairing.read if self.pairing else own

    @property
    def asked(self) -> tuple[str, ...]:
        """All questions that decide whether the table counts a form, in the order in which they are tried."""
        limits, change = (name for name, _ in self.where), ((self.change.variable,) if self.change else ())
        return tuple(dict.fromkeys((*limits, *self.answered, *self.variables, *change, *self.row.boxes)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the count is broken down by: those of its questions, group first."""
        axes = (self.group, self.row, self.column)
        return tuple(name for axis in axes if axis for name in axis.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """All columns of forms that are read for the table, but for the occasion."""
        return tuple(dict.fromkeys((*self.columns, *(column for name in self.asked for column in columns_of(name)))))

    @property
    def variables(self) -> tuple[str, ...]:
        """Questions that the count is broken down by, group first."""
        axes = (self.group, self.row, self.column)
        return tuple(axis.variable for axis in axes if axis)

    @property
    def groups(self) -> tuple[str, ...]:
        """Labels of the groups for which the table prints figures, and of all together; one without a label if it has none."""
        return (*(c.label for c in self.group.categories), TOTAL) if self.group else ("",)

    @property
    def tells_of_groups(self) -> bool:
        """Whether the table prints statistics of all forms that it counts, or of each group, instead of counts of answers."""
        return self.kind in ("correlation", "correlation_by_group", "summary")


class _Resolver:
    """Turns one table's labels into codes, refusing what the questionnaires don't have."""

    def __init__(self, study: Study, file: YamlFile, index: int, spec: TableSpec) -> None:
        self.study = study
        self.file, self.spec = file, spec
        self.at: list[str | int] = ["tables", index]
        self.marts = (spec.mart, *((spec.also,) if isinstance(spec, DistributionSpec) and spec.also else ()))

    def error(self, where: Location, what: str, do: str) -> InputError:
        return self.file.error([*self.at, *where], what, do)

    def question(self, name: str, *where: str | int) -> Question:
        first = None
        for mart in self.marts:
            question = countable(self.study)[mart].question(name)
            if question is None:
                boxes = countable(self.study)[mart].boxes(name)
                if boxes:
                    do = f"write kind: multiple, or name a box, as {boxes[0].name}"
                    raise self.error(where, f"{name} has several boxes to tick", do)
                known = (question.name for question in countable(self.study)[mart].questions)
                what = f"questionnaire {mart} has no question {name}"
                if mart == CONFERENCE:
                    what = f"background in study.yaml has no {name}"
                raise self.error(where, what, choices(known, name))
            if first is not None and question.labels != first.labels:
                raise self.error(where, f"{name} has other answers in {mart} than in {self.marts[0]}", "take also out")
            first = question
        assert first is not None
        return first

    def code(self, question: Question, label: str, where: Location) -> int:
        code = question.code(label)
        if code is None:
            raise self.error(where, f"question {question.name} has no answer '{label}'", choices(question.labels.values(), label))
        return code

    def axis(self, field: str) -> Axis:
        name = getattr(self.spec, field)
        several = isinstance(self.spec, MultipleSpec) and field == "variable"
        question = self._several(name) if several else self.question(name, field)
        if isinstance(self.spec, SummarySpec) and field == "variable":
            return self._numbers(question)
        if question.measured:
            do = f"{self._instead(name, 'give it groups')}, or write kind: summary"
            raise self.error([field], f"{name} is a number", do)
        left_out = {
            self.code(question, label, ["leave_out", name, i]) for i, label in enumerate(self.spec.leave_out.get(name, ()))
        }
        if not isinstance(self.spec, FrequencySpec | DistributionSpec) and question.dont_know is not None:
            left_out.add(question.dont_know)  # "don't know" has no place on a scale
        if name in self.spec.collapse:
            for key in ("leave_out", "relabel"):
                if name in getattr(self.spec, key):
                    what = f"{name} stands in collapse, too, which says what counts and under which label"
                    raise self.error([key, name], what, f"take it out of {key}")
            categories = self._collapsed(question)
        else:
            spelling: dict[int, str] = {}
            for label, printed in self.spec.relabel.get(name, {}).items():
                where = ["relabel", name, label]
                spelling[self.code(question, label, where)] = printed
                if question.code(printed) != question.code(label):
                    what = f"'{printed}' is not a spelling of '{label}' in {name}"
                    raise self.error(where, what, "add it to also_printed of the scale, or write another")
            categories = [
                Category(label=spelling.get(answer.code, answer.label), codes=(answer.code,), english=answer.english)
                for answer in question.answers
                if answer.code not in left_out
            ]
        if name in getattr(self.spec, "reverse", ()):
            categories.reverse()
        if not categories:
            raise self.error([field], f"no answer of {name} is left to count", "leave one in, or name one in collapse")
        clash = next((c.label for c in categories if c.label in RESERVED), None)
        if clash is not None:
            raise self.error(["collapse", name, clash], f"'{clash}' is what totals are called", "give the answer another label")
        if several:
            boxes = {box.option: box.name for box in countable(self.study)[self.spec.mart].boxes(name)}
            columns = tuple(boxes[category.codes[0]] for category in categories)
            ticked = tuple(category.model_copy(update={"codes": tuple(TICKED)}) for category in categories)
            return Axis(variable=together(columns), categories=ticked, boxes=columns)
        return Axis(variable=name, categories=tuple(categories))

    def _check_english(self) -> None:
        """Refuse English of labels that the table doesn't merge answers under."""
        for name, labels in self.spec.collapse_english.items():
            merged = self.spec.collapse.get(name, {})
            unknown = next((label for label in labels if label not in merged), None)
            if unknown is not None:
                what = f"{name} has no answers merged under '{unknown}'"
                raise self.error(["collapse_english", name, unknown], what, choices(merged, unknown))

    def _check_conferences(self) -> None:
        """Refuse what can't be done with conferences."""
        if CONFERENCE not in self.marts:
            return
        if not isinstance(self.spec, FrequencySpec | DistributionSpec | CrosstabSpec | CollapsedSpec):
            do = "write kind: frequency, distribution, crosstab or collapsed_crosstab"
            raise self.error(["kind"], f"conferences aren't counted by kind: {self.spec.kind}", do)  # type: ignore[attr-defined]
        if len(self.marts) > 1:
            raise self.error(["also"], "conferences and forms can't be added up", "take also out")

    def _where(self, name: str, labels: tuple[str, ...], used: set[str]) -> frozenset[int]:
        """Return the codes to which the table is limited at a question."""
        at = ["where", name]
        question = self.question(name, *at)
        if name in used:
            raise self.error(at, f"where: table {self.spec.number} shows {name} itself", "say leave_out, or collapse")
        if question.measured:
            raise self.error(at, f"{name} is a number", self._instead(name, "give it groups"))
        if not labels:
            raise self.error(at, f"where: {name} names no answer", choices(question.labels.values()))
        codes = frozenset(self.code(question, label, [*at, i]) for i, label in enumerate(labels))
        if codes == question.possible:
            raise self.error(at, f"where: {name} has every answer", f"say answered: [{name}], or name fewer")
        return codes

    def _instead(self, name: str, otherwise: str) -> str:
        """Say what may stand in place of a number."""
        groups = [question.name for question in countable(self.study)[self.marts[0]].questions if question.grouped == name]
        return f"name {groups[0]}, its groups" if groups else otherwise

    def _numbers(self, question: Question) -> Axis:
        if question.measured is None:
            known = [q.name for q in countable(self.study)[self.marts[0]].questions if q.measured]
            what = f"{question.name} isn't a number, which a summary needs"
            raise self.error(["variable"], what, choices(known, question.name) if known else "write kind: frequency")
        for key in ("leave_out", "relabel", "collapse"):
            if question.name in getattr(self.spec, key):
                raise self.error(
                    [key, question.name], f"{question.name} is a number, which has no answers", f"take it out of {key}"
                )
        return Axis(variable=question.name, categories=(), numbers=question.measured.span)

    def _change(self, spec: ChangeSpec, row: Axis) -> dict[str, Any]:
        """Say how forms are paired, which axes the other forms give, and of which occasion those are that the table counts."""
        for key, extra in (("collapse", spec.collapse), ("occasion", spec.occasion != BOTH)):
            if extra:
                raise self.error([key], f"a table of change has no {key}", f"take {key} out")
        asked = self.question(spec.variable, "variable")
        pairs = pairing(self.study, spec.mart, spec.start, spec.to, asked, self.error)
        both = countable(self.study)[spec.mart].occasion == BOTH
        made = {"pairing": pairs, "column": row.model_copy(update={"variable": pairs.later})}
        made |= {"change": change} if (change := self._ways(asked, pairs, spec.better)) else {}
        return made | ({"occasion": spec.start} if both else {})

    def _ways(self, asked: Question, pairs: Pairing, better: str | None) -> Axis | None:
        """Name the ways in which an answer can change: by what the study calls better, else by the ends of the scale."""
        if not pairs.scale:
            if better:
                raise self.error(["better"], f"{asked.name} is nominal: none of its answers is an end", "take better out")
            return None
        best_first = tuple(said(self.study, way) for way in WAYS)
        ends = {pairs.scale[0]: best_first, pairs.scale[-1]: best_first[::-1]}
        known = question_of(self.study, pairs.mart, pairs.change)
        assert known is not None, "the pairing was found"
        labels = tuple(known.labels.values())
        if better:
            code = self.code(asked, better, ["better"])
            if code not in ends:
                first, last = (asked.labels[code] for code in ends)
                what = f"'{better}' is at neither end of the scale of {asked.name}"
                raise self.error(["better"], what, f"say '{first}' or '{last}'")
            labels = ends[code]
        english = {said(self.study, way): way.english for way in WAYS} | {
            says.danish: says.english for says in known.says.values()
        }
        ways = tuple(
            Category(label=label, codes=(way,), english=english[label])
            for label, way in zip(labels, (TO_FIRST, SAME, TO_LAST), strict=True)
        )
        # What is better stands first.
        return Axis(variable=pairs.change, categories=ways[::-1] if labels == best_first[::-1] else ways)

    def _several(self, name: str) -> Question:
        """Return a question with several boxes, which are its answers."""
        questionnaire = countable(self.study)[self.spec.mart]
        boxes = questionnaire.boxes(name)
        if not boxes:
            known = list(dict.fromkeys(q.of for q in questionnaire.questions if q.option is not None))
            question = questionnaire.question(name)
            if question is None and name not in known:
                raise self.error(["variable"], f"questionnaire {self.spec.mart} has no question {name}", choices(known, name))
            what = f"{name} hasn't several boxes to tick, which kind: multiple counts"
            do = f"name {question.of}" if question and question.option is not None else "write kind: frequency"
            raise self.error(["variable"], what, do)
        if name in self.spec.collapse:
            do = "take it out of collapse: a form may have ticked several of them"
            raise self.error(["collapse", name], f"boxes of {name} can't be merged", do)
        own = {"answers": read_scales(self.study)[boxes[0].scale], "option": None}
        return boxes[0].model_copy(update={"name": name, "text": boxes[0].asked, "text_english": boxes[0].asked_english, **own})

    def _collapsed(self, question: Question) -> list[Category]:
        seen: set[int] = set()
        categories = []
        for label, members in self.spec.collapse[question.name].items():
            where = ["collapse", question.name, label]
            codes = tuple(self.code(question, member, [*where, i]) for i, member in enumerate(members))
            if seen & set(codes) or len(set(codes)) != len(codes):
                raise self.error(where, f"an answer of {question.name} is collapsed twice", "take it out of one of the two")
            seen.update(codes)
            categories.append(Category(label=label, codes=codes, english=self._english(question, label, codes)))
        return categories

    def _english(self, question: Question, label: str, codes: tuple[int, ...]) -> str | None:
        """Return what a merged answer says in English: what the table says, or the answer whose label it has."""
        told = self.spec.collapse_english.get(question.name, {}).get(label)
        return told or next(
            (answer.english for answer in question.answers if answer.label == label and answer.code in codes), None
        )

    def table(self) -> Table:
        spec = self.spec
        for key, mart in zip(("mart", "also"), self.marts, strict=False):
            if mart not in countable(self.study):
                if mart == CONFERENCE:
                    do = "name under background in study.yaml what the ledger knows, or count a questionnaire"
                    raise self.error([key], "nothing is known of conferences that could be counted", do)
                raise self.error([key], f"there is no questionnaire {mart}", choices(countable(self.study), mart))
        self._check_conferences()
        wrong = Gathered()
        fields: dict[str, Any] = {}
        for name in ("row", "variable", "column", "group"):
            with wrong:
                if getattr(spec, name, None):
                    fields["row" if name == "variable" else name] = self.axis(name)
        wrong.check()
        used = {named for field in ("row", "variable", "column", "group") if (named := getattr(spec, field, None))}
        boxes = fields["row"].boxes
        if isinstance(spec, CorrelationSpec | GroupCorrelationSpec):
            for name in ("row", "column"):
                if self.question(getattr(spec, name), name).type == "nominal":
                    what = f"{getattr(spec, name)} is nominal: its answers have no order to correlate"
                    raise self.error([name], what, "name a question of type ordinal, or count a crosstab")
        types = {
            axis.variable: self.question(axis.variable).type for name, axis in fields.items() if name != "group" and not boxes
        }
        check_statistics(spec.kind, spec.statistics, types, self.error)  # type: ignore[attr-defined]
        check_occasion(self.study, self.file, [*self.at, "occasion"], spec.occasion)
        for mart in self.marts:
            on = countable(self.study)[mart].occasion
            if BOTH not in (on, spec.occasion) and on != spec.occasion:
                raise self.error(["occasion"], f"{mart} holds no forms of that occasion", "take occasion out")
        if len(used) != len(fields) or used.intersection(boxes):
            raise self.error(["column"], f"table {spec.number} crosses a question with itself", "name another question")
        if len(set(self.marts)) != len(self.marts):
            raise self.error(["also"], f"table {spec.number} would count {self.marts[0]} twice", "take also out")
        for key in ("leave_out", "relabel", "collapse", "reverse"):
            for name in getattr(spec, key, ()):
                if name not in used:
                    raise self.error([key, name], f"{key}: table {spec.number} doesn't use {name}", choices(sorted(used), name))
        self._check_english()
        where = tuple((name, self._where(name, labels, used.union(boxes))) for name, labels in spec.where.items())
        if isinstance(spec, ChangeSpec):
            fields |= self._change(spec, fields["row"])
            where += ((fields["pairing"].status, frozenset((PAIRED,))),)
        answered = getattr(spec, "answered", ())
        for i, name in enumerate(answered):
            self.question(name, "answered", i)
        return Table(
            number=spec.number,
            title=spec.title,
            title_english=spec.title_english,
            kind=spec.kind,  # type: ignore[attr-defined]
            marts=self.marts,
            occasion=fields.pop("occasion", spec.occasion),
            percent=getattr(spec, "percent", None),
            answered=answered,
            where=where,
            statistics=spec.statistics,
            note=spec.note,
            note_danish=spec.note_danish,
            printed_note=spec.printed_note,
            printed_note_danish=spec.printed_note_danish,
            **fields,
        )


def read_catalogue(study: Study, path: Path) -> dict[int, Table]:
    """Read all tables by number. Raises `InputError` with file and line for anything that isn't understood."""
    file = YamlFile(path)
    tables: dict[int, Table] = {}
    wrong = Gathered()
    with wrong:
        file.parse(CatalogueSpec)
    for index in file.items(["tables"]):
        with wrong:
            spec = file.parse_at(["tables", index], AnyTable)
            if spec.number in tables:
                raise file.error(["tables", index, "number"], f"table {spec.number} stands twice", "give it another number")
            tables[spec.number] = _Resolver(study, file, index, spec).table()
    wrong.check()
    return tables


@derived
def catalogue(study: Study) -> Mapping[int, Table]:
    """Read the tables of the report, by number."""
    return read_catalogue(study, study.folder / FILE)


def by_mart(study: Study, tables: Mapping[int, Table]) -> dict[str, list[Table]]:
    """Group the tables by the (first) mart that they are counted from."""
    return {mart: [t for t in tables.values() if t.marts[0] == mart] for mart in countable(study)}
