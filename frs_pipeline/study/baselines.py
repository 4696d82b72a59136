"""Earlier studies that a printed report holds its own findings against, as data: who found what, of whom, in answer to what.

`published/baselines.yaml` names each source with its full reference, each of its figures that the report prints with what it
may be compared with here, and the data sets of which the study is one, with the sums that the report prints of them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from frs_pipeline.language import Text
from frs_pipeline.study.claims import Cells, Cited, Name, Pages, Phrase, Printed, Share
from frs_pipeline.study.spec import Spec

FILE = "published/baselines.yaml"

# One year, or the first and the last of several.
Years = Annotated[str, Field(pattern="^[0-9]{4}(–[0-9]{2,4})?$")]


class Source(Spec):
    """A publication that the report cites.

    `reference` is its line of the list of references, `listed` whether the report's own list has it. One that it lacks is
    known by what the text calls it, `cited`, alone.
    """

    name: Text
    years: Years
    kind: Literal["study", "review"] = "study"
    cited: str
    reference: str | None = None
    listed: bool = True
    note: Text | None = None


class AskedOf(Spec):
    """A question of one of the study's questionnaires."""

    mart: str
    question: str


class Baseline(Spec):
    """One figure of an earlier study as the report prints it: a number (`value`) or, where it prints a word, `word`.

    `name` is what to call the study, where its source tells of another one. `here` are the shares of this study's forms that
    come nearest to it, `claims` and `questions` what else it may be compared with; `but` says how question, base or time
    differ. Where there is nothing, `not_comparable` says why.
    """

    id: Name
    source: str
    name: Text | None = None
    period: Years | None
    question: Text
    base: Text | None
    value: Cited | None = None
    word: Text | None = None
    about: bool = Field(default=False, description="the report says that it is no exact number")
    pages: tuple[Pages, ...] = Field(min_length=1)
    phrase: Phrase
    here: tuple[Share, ...] = ()
    claims: tuple[str, ...] = ()
    questions: tuple[AskedOf, ...] = ()
    but: Text | None = None
    not_comparable: Text | None = None

    @property
    def comparable(self) -> bool:
        """Whether it names anything that it may be compared with."""
        return bool(self.here or self.claims or self.questions)


class Quoted(Spec):
    """A number that the report prints of a data set, where and in which words."""

    said: Printed
    pages: Pages
    phrase: Phrase


class DataSet(Spec):
    """One data set, or several that the report names as one, with what it prints of them by column; null where it prints nothing.

    A number that it prints in two ways stands there twice.
    """

    id: Name
    name: Text
    period: Years
    printed: dict[str, tuple[Quoted, ...] | None]

    def quoted(self, column: str) -> tuple[Quoted, ...]:
        """Return what the report prints in a column; nothing, or once, or in several ways."""
        return self.printed.get(column) or ()


class Cell(Spec):
    """A number of a data set; `said` chooses one where the report prints it in several ways."""

    set: str
    column: str
    said: Printed | None = None


class Addend(Spec):
    """A part of a sum: a number of a data set, or printed counts of a table."""

    cell: Cell | None = None
    count: Cells | None = None


class Sum(Spec):
    """A number of a data set that has to be the sum of other printed numbers.

    `loose` says why it needn't be exactly that: then a sum that is off proves nothing.
    """

    id: Name
    sum: Cell
    parts: tuple[Addend, ...] = Field(min_length=1)
    loose: Text | None = None
    note: Text | None = None


class BaselinesSpec(Spec):
    """What baselines.yaml says; each entry is parsed on its own, so that a faulty one hides no other's faults."""

    sources: dict[str, Any] = Field(default_factory=dict)  # each a Source
    baselines: tuple[Any, ...] = ()  # each a Baseline
    columns: dict[Name, Text] = Field(default_factory=dict, description="what the data sets have numbers of")
    series: tuple[Any, ...] = ()  # each a DataSet
    sums: tuple[Any, ...] = ()  # each a Sum
