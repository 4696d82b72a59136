"""Tables that nobody here made pass the audit, and one changed digit is found wherever it breaks an identity.

Whether it does is worked out here from the cells of the file alone, with nothing of the audit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path

import pytest
from scipy.stats import norm
from support.others_tables import ALCOHOL, ANXIETY, PERFORMANCE, SATISFACTION

from frs_pipeline.printed.auditing import audit
from frs_pipeline.printed.reading import read_tables


def findings(text: str, folder: Path) -> list[str]:
    """Audit a file with this text: the rules that found something."""
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return [one.rule for one in audit(read_tables([path]).tables)]


def misprints(text: str, delimiter: str, *, begin: int) -> Iterator[str]:
    """Yield the text with one digit of one figure changed, every digit of every figure below line `begin`."""
    place = 0
    for at, line in enumerate(text.splitlines(keepends=True)):
        for cell in re.finditer(rf"(?<={delimiter})[0-9.]+(?=%?[{delimiter}\n])", line) if at >= begin else ():
            for digit in range(cell.start(), cell.end()):
                if line[digit].isdigit():
                    other = str((int(line[digit]) + 1) % 10)
                    yield text[: place + digit] + other + text[place + digit + 1 :]
        place += len(line)


def numbers(text: str, delimiter: str) -> list[list[Decimal | None]]:
    return [
        [Decimal(cell.rstrip("%")) if re.fullmatch(r"[0-9.]+%?", cell) else None for cell in line.split(delimiter)]
        for line in text.splitlines()
    ]


def share(part: Decimal, whole: Decimal) -> Decimal:
    return (100 * part / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def anxiety_adds_up(text: str) -> bool:
    lines = [[cell for cell in line if cell is not None] for line in numbers(text, ",")[3:]]
    counts = [lines[0], lines[4], lines[8]]
    sums = all(a + b == total for a, b, total in counts) and all(a + b == total for a, b, total in zip(*counts, strict=True))
    shares = [
        printed == share(counts[i][j], whole)
        for i in range(3)
        for k, wholes in enumerate(([counts[i][2]] * 3, counts[2], [counts[2][2]] * 3))
        for j, (printed, whole) in enumerate(zip(lines[4 * i + 1 + k], wholes, strict=True))
    ]
    return sums and all(shares)


def alcohol_adds_up(text: str) -> bool:
    no, yes, valid, missing, total = ([cell for cell in line if cell is not None] for line in numbers(text, ";")[2:])
    n, answers = total[0], valid[0]
    return (
        no[0] + yes[0] == answers
        and answers + missing[0] == n
        and no[1:] == [share(no[0], n), share(no[0], answers), share(no[0], answers)]
        and yes[1:] == [share(yes[0], n), share(yes[0], answers), share(no[0] + yes[0], answers)]
        and valid[1:] == [share(answers, n), 100]
        and missing[1:] == [share(missing[0], n)]
        and total[1:] == [100]
    )


def satisfaction_adds_up(text: str) -> bool:
    """Count concordant and discordant pairs of people one by one."""
    lines = [[int(cell) for cell in line if cell is not None] for line in numbers(text, ";")[1:5]]
    printed = numbers(text, ";")[5][1]
    people = list(product(range(4), range(4)))
    pairs = [(lines[a][b] * lines[c][d], (a - c) * (b - d)) for (a, b), (c, d) in product(people, people)]
    agree, differ = (sum(n for n, sign in pairs if sign * way > 0) for way in (1, -1))
    return abs(Decimal(agree - differ) / (agree + differ) - Decimal(str(printed))) <= Decimal("0.0005")


def performance_adds_up(text: str) -> bool:
    gamma, _, t, p = (cell for cell in numbers(text, ";")[2] if cell is not None)
    return (gamma > 0) == (t > 0) and abs(2 * norm.sf(float(t)) - float(p)) <= 0.0005 and gamma <= 1 and p <= 1


TABLES = [
    pytest.param(ANXIETY, ",", 3, anxiety_adds_up, id="crosstab with three percentages"),
    pytest.param(ALCOHOL, ";", 2, alcohol_adds_up, id="frequency with missing"),
    pytest.param(SATISFACTION, ";", 1, satisfaction_adds_up, id="crosstab and gamma"),
    pytest.param(PERFORMANCE, ";", 2, performance_adds_up, id="gamma, T and p"),
]


@pytest.mark.parametrize(("text", "delimiter", "begin", "adds_up"), TABLES)
def test_the_table_as_it_is_printed_is_clean(text, delimiter, begin, adds_up, tmp_path):
    assert adds_up(text)
    assert findings(text, tmp_path) == []


@pytest.mark.parametrize(("text", "delimiter", "begin", "adds_up"), TABLES)
def test_every_changed_digit_that_breaks_an_identity_is_found(text, delimiter, begin, adds_up, tmp_path):
    altered = list(misprints(text, delimiter, begin=begin))
    broken = [one for one in altered if not adds_up(one)]
    missed = [one for one in broken if not findings(one, tmp_path)]
    assert len(broken) > 4
    assert missed == []


def test_in_the_tables_with_counts_and_percentages_every_digit_counts():
    for text, delimiter, begin, adds_up in ((ANXIETY, ",", 3, anxiety_adds_up), (ALCOHOL, ";", 2, alcohol_adds_up)):
        assert not any(map(adds_up, misprints(text, delimiter, begin=begin)))
