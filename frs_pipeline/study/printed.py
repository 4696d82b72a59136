"""The printed figures of the report: one line of `figures.csv` per number, exactly as printed."""

from __future__ import annotations

import csv
from decimal import Decimal

from frs_pipeline.errors import InputError
from frs_pipeline.stats.printing import decimals_of, parse
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import Address

FILE = "published/figures.csv"


@derived
def published(study: Study) -> dict[Address, str]:
    """Return the printed string of every figure, in the order of the report."""
    return {key: printed for key, (printed, _) in _lines(study).items()}


def line_of(study: Study) -> dict[Address, int]:
    """Return the line of figures.csv on which each figure stands, counted from 1."""
    return {key: line for key, (_, line) in _lines(study).items()}


@derived
def _lines(study: Study) -> dict[Address, tuple[str, int]]:
    path = study.folder / FILE
    figures: dict[Address, tuple[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter=";")
        for line in reader:
            key = Address.of(line)
            if key in figures:
                raise InputError("the same figure stands twice", where=f"{path}:{reader.line_num}", do="remove one line")
            figures[key] = line["printed"], reader.line_num
    return figures


def of_table(study: Study, number: int) -> dict[Address, str]:
    """Return the printed figures of one table."""
    return {key: printed for key, printed in published(study).items() if key.table == number}


def value(printed: str) -> Decimal:
    """Return the number in a printed figure, with or without a per cent sign."""
    return parse(printed.removesuffix("%"))


def decimals(printed: str) -> int:
    """Return how many decimals a printed figure shows, with or without a per cent sign."""
    return decimals_of(printed.removesuffix("%"))


def printed_count(study: Study, key: Address) -> int | None:
    """Return a printed count or N as a number; None when the report doesn't print it."""
    printed = published(study).get(key)
    return None if printed is None else int(parse(printed))


class ProseCorrelation(Spec):
    """A gamma in the running text, with neither table nor N."""

    mart: str
    row: str
    column: str
    role: str | None = None
    gamma: str


class _Prose(Spec):
    correlations: tuple[ProseCorrelation, ...]


@derived
def prose(study: Study) -> tuple[ProseCorrelation, ...]:
    """Read the correlations that only the text mentions."""
    return YamlFile(study.folder / "published/prose.yaml").parse(_Prose).correlations


def printed_from(study: Study, delivery: str) -> bool:
    """Return whether the report was printed from this delivery; for any other, nothing printed exists to compare with."""
    return about(study).printed_from == delivery


def not_printed_from(study: Study, delivery: str, predecessor: str | None) -> str:
    """Say, in one line, why a delivery isn't compared with the printed report, and which command shows more."""
    printed = about(study).printed_from
    why = (
        f"The report was printed from delivery {printed}: there are no printed figures of delivery {delivery}."
        if printed
        else "This study has no printed report."
    )
    older = predecessor or printed
    return f"{why} frs diff {' '.join(sorted((older, delivery)))} shows which figures differ." if older else why
