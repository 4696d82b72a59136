"""A table of the catalogue as the YAML writes it, a model for each kind; and the families of its tests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from frs_pipeline.language import Text
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.other_statistics import Statistic
from frs_pipeline.study.spec import Spec

Kind = Literal[
    "frequency",
    "distribution",
    "crosstab",
    "collapsed_crosstab",
    "correlation",
    "correlation_by_group",
    "summary",
    "multiple",
    "change",
]
Labels = dict[str, tuple[str, ...]]


class TableSpec(Spec):
    """What a table of any kind may say."""

    number: int = Field(ge=1, le=32_767)
    title: str
    title_english: str | None = Field(default=None, min_length=1, description="made from the questions unless said here")
    mart: str
    occasion: str = BOTH
    leave_out: Labels = Field(default_factory=dict, description="answers that are not counted, by question")
    relabel: dict[str, dict[str, str]] = Field(default_factory=dict, description="printed spelling of a label, by question")
    collapse: dict[str, Labels] = Field(default_factory=dict, description="merged answers under a new label, by question")
    collapse_english: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="what labels of collapse say in English, by question"
    )
    where: Labels = Field(default_factory=dict, description="only forms with one of these answers, by question")
    statistics: tuple[Statistic, ...] = Field(default=(), description="others than those printed, with their errors")
    note: str | None = None
    note_danish: str | None = None
    printed_note: str | None = Field(default=None, description="said of the printed table, beside the forms it was printed from")
    printed_note_danish: str | None = None


class FrequencySpec(TableSpec):
    kind: Literal["frequency"]
    variable: str


class DistributionSpec(TableSpec):
    kind: Literal["distribution"]
    variable: str
    also: str | None = Field(default=None, description="second mart whose forms are added")
    answered: tuple[str, ...] = Field(default=(), description="only forms that answered these questions too")


class CrosstabSpec(TableSpec):
    kind: Literal["crosstab"]
    row: str
    column: str
    percent: Literal["row", "column", "total"]


class CollapsedSpec(TableSpec):
    kind: Literal["collapsed_crosstab"]
    row: str
    column: str


class CorrelationSpec(TableSpec):
    kind: Literal["correlation"]
    row: str
    column: str
    reverse: tuple[str, ...] = Field(default=(), description="questions whose scale is reversed")


class GroupCorrelationSpec(TableSpec):
    kind: Literal["correlation_by_group"]
    row: str
    column: str
    group: str
    reverse: tuple[str, ...] = ()


class SummarySpec(TableSpec):
    kind: Literal["summary"]
    variable: str = Field(description="a question answered with a number")
    group: str | None = None


class ChangeSpec(TableSpec):
    kind: Literal["change"]
    variable: str = Field(description="a question that is asked with the same answers at both occasions")
    start: str = Field(alias="from", description="the earlier occasion")
    to: str = Field(description="the later one")
    group: str | None = None
    better: str | None = Field(default=None, description="the answer at that end of the scale that is better")


class MultipleSpec(TableSpec):
    kind: Literal["multiple"]
    variable: str = Field(description="a question with several boxes to tick")
    group: str | None = None


AnyTable = Annotated[
    FrequencySpec
    | DistributionSpec
    | CrosstabSpec
    | CollapsedSpec
    | CorrelationSpec
    | GroupCorrelationSpec
    | SummarySpec
    | MultipleSpec
    | ChangeSpec,
    Field(discriminator="kind"),
]


class FamilySpec(Spec):
    """A family of tests: correlation tables whose p values are adjusted together."""

    id: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: Text
    tables: tuple[int, ...]


class CatalogueSpec(Spec):
    tables: tuple[Any, ...]  # each parsed on its own, so that a faulty one hides no other's faults
    families: tuple[Any, ...] = ()  # each a FamilySpec, parsed in the same way
