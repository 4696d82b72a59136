"""Families of tests: which gammas test the same hypothesis, and which hypotheses are judged together.

A hypothesis is what is counted: which forms, and which answers against which. Tables that print the same gamma twice, with
another number, title or labels, with rows and columns changed over or an order turned round, test one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import Text
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import occasions
from frs_pipeline.study.countable import countable
from frs_pipeline.study.faults import Location
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.table_specs import FamilySpec
from frs_pipeline.study.tables import FILE, TOTAL, Axis, Table, catalogue

GAMMA, PARTIAL = "gamma", "partial_gamma"
# The family of everything that no family of the study names.
REST = "rest"
_ALL = Text("Alle sammenhænge", "All associations")
_OTHERS = Text("Øvrige sammenhænge", "Other associations")

# The codes of each category of a question, in order.
Scale = tuple[tuple[int, ...], ...]


class Hypothesis(NamedTuple):
    """That two questions don't go together: equal where the same is counted, whatever the table is called.

    `questions` are names with their scales, in no order; `limits` say which answers to which other questions a form must have
    given. `within` are the question and the sets of its answers within which pairs are compared, of a partial gamma.
    """

    marts: frozenset[str]
    occasion: str
    questions: frozenset[tuple[str, Scale]]
    limits: frozenset[tuple[str, frozenset[int]]]
    within: tuple[str, frozenset[frozenset[int]]] | None = None


class GammaPlace(NamedTuple):
    """Where a table tests: its number, the label of its group as in an address, and the measure."""

    table: int
    group: str
    measure: str


@dataclass(frozen=True)
class Family:
    """Hypotheses that are judged together, and the tables that test any of them."""

    id: str
    title: Text
    tables: tuple[int, ...]
    hypotheses: frozenset[Hypothesis]


def hypothesis(study: Study, table: Table, group: str = "", measure: str = GAMMA) -> Hypothesis:
    """Return what a gamma, or a partial gamma, of a correlation table tests; `group` as in its address.

    Raises ValueError for a table that has no gamma, and for a group that it hasn't.
    """
    if not table.kind.startswith("correlation") or table.column is None:
        raise ValueError(f"table {table.number} has no gamma")
    if group not in table.groups or (measure == PARTIAL and (table.group is None or group != TOTAL)):
        raise ValueError(f"table {table.number} has no {measure} of that group")
    limits = set(table.where)
    within = None
    if table.group is not None:
        sets = {category.label: frozenset(category.codes) for category in table.group.categories}
        limits.add((table.group.variable, sets.get(group, frozenset().union(*sets.values()))))
        if measure == PARTIAL:
            within = (table.group.variable, frozenset(sets.values()))
    questions = frozenset((axis.variable, _scale(axis)) for axis in (table.row, table.column))
    return Hypothesis(frozenset(table.marts), _occasion(study, table), questions, frozenset(limits), within)


@derived
def hypotheses(study: Study) -> Mapping[GammaPlace, Hypothesis]:
    """Return what every gamma of the catalogue tests, partial ones included, in the order of the tables."""
    return {tested: found for table in catalogue(study).values() for tested, found in _of(study, table)}


@derived
def hypotheses_of(study: Study) -> Mapping[int, frozenset[Hypothesis]]:
    """Return what each table of the catalogue tests, by its number; nothing where it has no gamma."""
    found: dict[int, set[Hypothesis]] = {number: set() for number in catalogue(study)}
    for tested, one in hypotheses(study).items():
        found[tested.table].add(one)
    return {number: frozenset(tests) for number, tests in found.items()}


@derived
def families(study: Study) -> tuple[Family, ...]:
    """Read the families of the study, in its order; last, if there is any left, that of what they don't name (`REST`).

    A study that declares none has one. Each hypothesis is in one family: a table that none names, and that tests what one of a
    family does, is in that family. Raises `InputError` for what isn't understood, and for a hypothesis in two families.
    """
    file = YamlFile(study.folder / FILE)
    declared = _declared(study, file)
    placed = frozenset(found for family in declared for found in family.hypotheses)
    left = frozenset(hypotheses(study).values()) - placed
    rest = [Family(REST, _OTHERS if declared else _ALL, (), left)] if left else []
    return tuple(replace(family, tables=_tables(study, family.hypotheses)) for family in (*declared, *rest))


@derived
def family_of(study: Study) -> Mapping[Hypothesis, Family]:
    """Return the family of every hypothesis of the catalogue."""
    return {found: family for family in families(study) for found in family.hypotheses}


def _of(study: Study, table: Table) -> Iterator[tuple[GammaPlace, Hypothesis]]:
    """Yield what a table tests, as far as it has gammas."""
    if not table.kind.startswith("correlation"):
        return
    for group in table.groups:
        yield GammaPlace(table.number, group, GAMMA), hypothesis(study, table, group)
    if table.group is not None:
        yield GammaPlace(table.number, TOTAL, PARTIAL), hypothesis(study, table, TOTAL, PARTIAL)


def _scale(axis: Axis) -> Scale:
    """Return the codes of a question's categories, from whichever end: turned round, gamma only changes its sign."""
    codes = tuple(tuple(sorted(category.codes)) for category in axis.categories if category.codes)
    return min(codes, codes[::-1])


def _occasion(study: Study, table: Table) -> str:
    """Return of which occasion the forms are, whether the table says so, or its questionnaire or the study has no others."""
    asked, known = countable(study)[table.marts[0]].occasion, tuple(occasions(study))
    named = table.occasion if asked == BOTH else asked
    return known[0] if len(known) == 1 else named


def _tables(study: Study, family: frozenset[Hypothesis]) -> tuple[int, ...]:
    return tuple(number for number, tests in hypotheses_of(study).items() if tests & family)


def _declared(study: Study, file: YamlFile) -> list[Family]:
    """Read the families that the file declares, refusing everything that is wrong with them at once."""
    made: list[Family] = []
    wrong = Gathered()
    for index in file.items(["families"]):
        with wrong:
            made.append(_Declaring(study, file, index, made).family())
    wrong.check()
    return made


class _Declaring:
    """Reads one family of the file; `others` are those above it."""

    def __init__(self, study: Study, file: YamlFile, index: int, others: list[Family]) -> None:
        self.study, self.file, self.others = study, file, others
        self.at: list[str | int] = ["families", index]

    def error(self, where: Location, what: str, do: str) -> InputError:
        return self.file.error([*self.at, *where], what, do)

    def family(self) -> Family:
        spec: FamilySpec = self.file.parse_at(self.at, FamilySpec)
        wrong = Gathered()
        with wrong:
            if spec.id == REST:
                what = f"{REST} is the family of tables that no other names"
                raise self.error(["id"], what, "give it another id, or leave it out")
            if spec.id in (other.id for other in self.others):
                raise self.error(["id"], f"another family is called {spec.id}, too", "give one of them another id")
        with wrong:
            if not spec.tables:
                raise self.error(["tables"], f"family {spec.id} has no tables", "name at least one: [1, 2]")
        found: set[Hypothesis] = set()
        for place, number in enumerate(spec.tables):
            with wrong:
                found |= self._table(number, place, spec)
        wrong.check()
        return Family(spec.id, spec.title, spec.tables, frozenset(found))

    def _table(self, number: int, place: int, spec: FamilySpec) -> frozenset[Hypothesis]:
        """Return what a table of the family tests."""
        where: list[str | int] = ["tables", place]
        tables, tested = catalogue(self.study), hypotheses_of(self.study)
        if number not in tables:
            raise self.error(where, f"there is no table {number}", "name one that stands below tables")
        if not tested[number]:
            what = f"table {number} is of kind {tables[number].kind}, which has no gamma"
            raise self.error(where, what, "name one of kind correlation or correlation_by_group")
        if spec.tables.index(number) != place:
            raise self.error(where, f"table {number} stands twice in family {spec.id}", "take it out once")
        for other in self.others:
            if number in other.tables:
                raise self.error(where, f"table {number} is in family {other.id} already", "take it out of one of them")
            twin = next((table for table in other.tables if tested[table] & tested[number]), None)
            if twin is not None:
                what = f"table {number} tests what table {twin} of family {other.id} does"
                raise self.error(where, what, "name both in one family, or one of them alone")
        return tested[number]
