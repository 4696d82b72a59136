"""A release as its own files tell it: tables, numbers and marks. Nothing else reaches the public edition.

So a hidden number cannot get into a page by mistake: where a number is hidden, the file has none.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.release.files import FIGURES, HIDDEN, LEFT_OUT, NOT_COMPUTABLE, SHOWN, TABLES
from frs_pipeline.study import Study
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.tables import Address, Axis, Category, Table, catalogue
from frs_pipeline.tables.render import entitled

AXES = ("row", "column", "group")


@dataclass(frozen=True)
class Number:
    """A number as it was released; its `value` is None unless it is shown."""

    value: Decimal | None
    status: str

    @property
    def hidden(self) -> bool:
        return self.status == HIDDEN

    @property
    def decimals(self) -> int:
        """How many decimals it was released with."""
        exponent = self.value.as_tuple().exponent if self.value is not None else 0
        return -exponent if isinstance(exponent, int) else 0


@dataclass(frozen=True)
class Policy:
    """What a release says of how it was made."""

    threshold: int
    zeros_shown: bool
    whole_below: int
    none_below: int


@dataclass(frozen=True)
class Announced:
    """A table that isn't released; `reason` is one that may be published, None where none is."""

    table: Table
    title: Text
    reason: str | None


@dataclass(frozen=True)
class Released:
    """A release: its tables by number, with the answers that it merges, and its numbers by address."""

    study: Study
    delivery: str
    policy: Policy
    tables: Mapping[int, Table]
    withheld: tuple[Announced, ...]
    numbers: Mapping[Address, Number]
    told: Mapping[int, Text] = field(default_factory=dict)

    @cached_property
    def titles(self) -> dict[int, Text]:
        """Titles by table: what its released numbers tell, else as the study has them, without SPSS's star between questions."""
        return {number: self.told.get(number) or title_of(self.study, table) for number, table in self.tables.items()}

    @cached_property
    def counts(self) -> int:
        """How many counts the tables have."""
        return sum(address.measure in ("count", "n") for address in self.numbers)

    @cached_property
    def hidden(self) -> int:
        """How many of them are hidden."""
        return sum(n.hidden for address, n in self.numbers.items() if address.measure in ("count", "n"))

    @cached_property
    def merging(self) -> list[int]:
        """The tables in which answers were merged for the release."""
        return [number for number in self.tables if any(self.merged(number, name) for name in AXES)]

    def of(self, number: int) -> dict[Address, Number]:
        """Return the numbers of one table."""
        return {address: n for address, n in self.numbers.items() if address.table == number}

    def merged(self, number: int, name: str) -> list[Category]:
        """List the categories of an axis that hold answers which the catalogue's table has apart."""
        axis = getattr(self.tables[number], name)
        before = getattr(catalogue(self.study)[number], name)
        if axis is None or before is None:
            return []
        known = {frozenset(category.codes) for category in before.categories}
        return [one for one in axis.categories if len(one.codes) > 1 and frozenset(one.codes) not in known]

    def count(self, address: Address) -> int | None:
        """Return a count that is shown; None for any other."""
        number = self.numbers.get(address)
        return None if number is None or number.value is None else int(number.value)


# What finds sentences that a release tells, by table, from its own numbers and from nothing else.
Tell = Callable[[Released], Mapping[int, Text]]


def title_of(study: Study, table: Table) -> Text:
    """Return the neutral title of a table in both languages."""
    title = entitled(study, table)
    return Text(*(text.replace(" * ", " × ") for text in (title.danish, title.english)))


def read(study: Study, files: Mapping[str, bytes], tell: Tell = lambda _: {}) -> Released:
    """Read a release from its files, by name; `tell` titles it."""
    content = json.loads(files[TABLES])
    policy = content["policy"]
    known = catalogue(study)
    announced, tables = [], {}
    for one in content["tables"]:
        table = known[one["number"]]
        if one["withheld"] is None:
            tables[table.number] = _as_released(study, table, one["axes"])
        else:
            announced.append(Announced(table, title_of(study, table), one["withheld"]))
    percent = policy["percent"]
    released = Released(
        study,
        content["delivery"],
        Policy(policy["threshold"], policy["zeros"] == "shown", percent["whole_below"], percent["none_below"]),
        tables,
        tuple(announced),
        dict(_numbers(files[FIGURES])),
    )
    return replace(released, told=tell(released))


def _numbers(content: bytes) -> Iterable[tuple[Address, Number]]:
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")):
        if row["status"] not in (SHOWN, HIDDEN, LEFT_OUT, NOT_COMPUTABLE):
            raise ValueError(f"a release has no status {row['status']}")
        shown = row["status"] == SHOWN
        yield Address.of(row), Number(Decimal(row["value"]) if shown else None, row["status"])


def _as_released(study: Study, table: Table, axes: Mapping[str, Any]) -> Table:
    """Return a table of the catalogue with the answers as they were released."""
    changed = {name: _axis(study, table, getattr(table, name), axes[name]["categories"]) for name in axes}
    return table.model_copy(update=changed)


def _axis(study: Study, table: Table, axis: Axis, released: Iterable[tuple[str, list[int | None]]]) -> Axis:
    if axis.numbers is not None:
        return axis  # of a number, nothing is merged
    own = {(one.label, one.codes): one for one in axis.categories}
    made = []
    for label, listed in released:
        codes = tuple(code for code in listed if code is not None)
        made.append(own.get((label, codes)) or Category(label=label, codes=codes, english=_english(study, table, axis, codes)))
    return axis.model_copy(update={"categories": tuple(made)})


def _english(study: Study, table: Table, axis: Axis, codes: Iterable[int]) -> str | None:
    """Say in English what merged answers hold; None where the study doesn't."""
    question = question_of(study, table.marts[0], axis.variable)
    answers = {answer.code: answer for answer in question.answers} if question else {}
    english = [answers[code].english if code in answers else None for code in codes]
    told = [text for text in english if text is not None]
    return "/".join(told) if told and len(told) == len(english) else None


def whole(number: int, *labels: str) -> Address:
    """Return the address of the count of a row and a column of a table."""
    row, column = (*labels, "", "")[:2]
    return Address(number, row, column, "", "count")
