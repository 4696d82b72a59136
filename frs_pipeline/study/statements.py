"""What the study itself says of its results: findings of the first page, and titles of figures.

Each is a sentence with numbers in braces, tested on the forms of a delivery as the claims of a printed report are. What fails
isn't shown as true: a title gives way to a neutral one, and a finding is struck through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from frs_pipeline.language import Text
from frs_pipeline.study.claims import Condition, Name, Testable, Words
from frs_pipeline.study.spec import Spec

FINDINGS = "report/findings.yaml"
TITLES = "report/titles.yaml"


class Statement(Testable):
    """A sentence of the study, with the conditions that test everything it says; `otherwise` is said where they fail."""

    otherwise: Words | None = None


class Remark(Spec):
    """What a finding adds: how sure, how many. Without conditions it only gives numbers."""

    says: Words
    holds: tuple[Condition, ...] = ()
    otherwise: Words | None = None


class DrawnRow(Spec):
    """A row of a graphic: a share among the values of its finding."""

    label: Text
    value: Name


class Graphic(Spec):
    """The small figure of a finding: shares of a crosstab by row, or `rows` of its own.

    `side` are the answers that are added up: those before the middle of the scale as it is drawn (best) or those after it
    (worst). `subject` are the labels of rows that the finding is about, `before` is the table of the earlier occasion. `bad`
    draws shares that are unfavourable, `lens` shows a cut of the axis.
    """

    table: int
    side: Literal["best", "worst"] | None = None
    subject: tuple[str, ...] = ()
    before: int | None = None
    bad: bool = False
    lens: bool = False
    rows: tuple[DrawnRow, ...] = ()


class Finding(Statement):
    """A finding of the first page. `condition` says in words what `holds` tests: it follows "holds when".

    `attention` marks what ought to be looked at, by the judgement of whoever writes it. `tables` are linked.
    """

    id: Name
    attention: bool = False
    sure: tuple[Remark, ...] = ()
    condition: Words
    graphic: Graphic | None = None
    tables: tuple[int, ...] = Field(min_length=1)

    def remarks(self) -> Iterator[Statement]:
        """Yield each remark as a statement with the finding's values."""
        for one in self.sure:
            yield Statement(says=one.says, holds=one.holds, otherwise=one.otherwise, values=self.values)


class Front(Spec):
    """What findings.yaml says beside its findings: the lead, and what the data can't say."""

    lead: Words | None = None
    findings: tuple[Any, ...] = ()  # each a Finding, parsed on its own, so that a faulty one hides no other's faults
    cannot: tuple[Words, ...] = ()


class Titles(Spec):
    """What titles.yaml says: statements for figures of tables, of changes (two numbers: 1-2) and of the rows of a table."""

    titles: dict[str, Any] = Field(default_factory=dict)
    changes: dict[str, Any] = Field(default_factory=dict)
    rows: dict[str, Any] = Field(default_factory=dict)
