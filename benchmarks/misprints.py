"""Plant misprints in printed tables that are consistent, hold the audit against them, and write MISPRINTS.md beside this file.

A misprint is one digit changed, two digits exchanged, a sign lost, a comma moved or a digit lost, in one figure of one copy.
Whether it can be seen says `identities.py`, which shares no code with the audit: it breaks an identity of its list, or it
can't be seen and isn't counted. Found is what makes the audit say something of the table that it doesn't say unchanged.
Demands: of the misprints that break an identity, at least 98 % are found; nothing is said of the tables unchanged, nor of reports
that are made up (`made_up_reports.py`). Where one isn't met, the command says so and ends with 1.

Usage: python misprints.py [--misprints 200] [--reports 120] [--seed 17]: written only with what is usual.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from identities import broken
from made_up_reports import CUT_OFF, HABITS, habit_of, made_up
from planting import Misprint, misprinted, plant
from printed_numbers import LISTED, Broken

from frs_pipeline.printed.auditing import audit
from frs_pipeline.printed.model import Contradiction, PrintedTables, printed_tables
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address

PLACE = Path(__file__).with_name("MISPRINTS.md")
STUDY = PROJECT / "studies" / "familieraadslagning"
MISPRINTS, REPORTS, SEED = 200, 120, 17
AIM = 98
# So many misprints are audited by one process at a time, and planted in a report made up.
TOGETHER, FEW = 20, 3
# Every collapsed table of the report is contradicted in one per cent; set right, that is what their counts say, as printed.
SET_RIGHT = {
    Address(35, "Lav konflikt", "Midt trivsel", "", "total_percent"): "9%",
    Address(40, "Middel trivsel", "Middel behov for offentlig indsats", "", "total_percent"): "4%",
    Address(41, "Middel trivsel", "Middel behov for offentlig indsats", "", "total_percent"): "4%",
    Address(70, "Få konflikter", "Midt", "", "total_percent"): "9%",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a misprint: which identities it breaks, and what the audit says that it doesn't say without it."""

    misprint: Misprint
    breaks: frozenset[Broken]
    said: tuple[Contradiction, ...]
    habit: str = ""

    @property
    def found(self) -> bool:
        return any(self.misprint.address.table in c.tables for c in self.said)

    @property
    def pointed(self) -> bool:
        """Whether the misprinted figure itself is among those of a contradiction."""
        return any(self.misprint.address in c.figures for c in self.said)


def consistent(study: Study) -> PrintedTables:
    """Return the printed tables that no contradiction touches, and the collapsed ones with one per cent set right.

    What the text says beside them, how many conferences were held, is left out, and with it what only that contradicts.
    """
    printed = replace(printed_tables(study), facts=None)
    right = {address.table for address in SET_RIGHT}
    touched = {n for contradiction in audit(printed) for n in contradiction.tables} - right
    tables = {}
    for number, table in printed.tables.items():
        if number not in touched:
            figures = {a: SET_RIGHT.get(a, text) for a, text in table.figures.items()}
            tables[number] = replace(table, figures=figures)
    return PrintedTables(tables)


def outcomes(tables: PrintedTables, misprints: Iterable[Misprint]) -> list[Outcome]:
    """Mark each misprint, and audit its copy."""
    before, said = broken(tables), set(map(_said, audit(tables)))
    made = []
    for misprint in misprints:
        copy = misprinted(tables, misprint)
        fresh = tuple(c for c in audit(copy) if _said(c) not in said)
        made.append(Outcome(misprint, broken(copy) - before, fresh))
    return made


def _said(contradiction: Contradiction) -> tuple[object, ...]:
    return contradiction.rule, contradiction.tables, contradiction.figures, contradiction.reason


class Results(NamedTuple):
    """What became of the misprints in the printed tables and in reports made up, and what is said of both unchanged."""

    tables: int
    seed: int
    outcomes: list[Outcome]
    made_up: list[Outcome]
    false: list[tuple[str, Contradiction]]
    reports: dict[str, tuple[int, int]]


def results(misprints: int, reports: int, seed: int, processes: int) -> Results:
    """Do it all; the same whatever the number of processes is."""
    tables = consistent(Study(STUDY))
    planted = plant(tables, misprints, seed)
    parts = [planted[i : i + TOGETHER] for i in range(0, len(planted), TOGETHER)]
    false = [("the printed tables", contradiction) for contradiction in audit(tables)]
    with ProcessPoolExecutor(processes) as pool:
        printed = [one for part in pool.map(outcomes, [tables] * len(parts), parts) for one in part]
        of_reports = list(pool.map(report, range(reports), [seed] * reports, chunksize=4))
    counts = dict.fromkeys(HABITS, (0, 0))
    for number, (tables_of, said, _) in enumerate(of_reports):
        habit = habit_of(number)
        counts[habit] = counts[habit][0] + 1, counts[habit][1] + tables_of
        false += [(f"made-up report {number}, {habit}", contradiction) for contradiction in said]
    made_up_outcomes = [one for _, _, several in of_reports for one in several]
    return Results(len(tables.tables), seed, printed, made_up_outcomes, false, counts)


def report(number: int, seed: int) -> tuple[int, tuple[Contradiction, ...], list[Outcome]]:
    """Audit a report made up: how many tables it has, what is said of it, and what became of a few misprints in it.

    Those are planted only where percentages are rounded as `identities.py` takes them to be.
    """
    tables = made_up(number)
    said = audit(tables)
    few = [] if habit_of(number) == CUT_OFF else plant(tables, FEW, seed + number)
    return len(tables.tables), said, [replace(one, habit=habit_of(number)) for one in outcomes(tables, few)]


def demanded(results: Results) -> list[str]:
    """Say which demand isn't met."""
    lines = []
    for what, several in (("the printed tables", results.outcomes), ("reports made up", results.made_up)):
        seen = [one for one in several if one.breaks]
        found = sum(one.found for one in seen)
        if 100 * found < AIM * len(seen):
            lines.append(f"of {what}: {found} of {len(seen)} misprints that break an identity are found, fewer than {AIM} %")
    return lines + [f"false alarm in {where}: {said.rule}, {said.reason.english}" for where, said in results.false]


def page(results: Results) -> str:
    """Write what came of it."""
    seen = [one for one in results.outcomes if one.breaks]
    found = sum(one.found for one in seen)
    lines = [
        "# Misprints",
        "",
        f"Made by `make misprints` with the seed {results.seed}: {len(results.outcomes):,} misprints, one in each copy of the "
        f"{results.tables} printed tables of the shipped study that no contradiction touches (and of the collapsed tables, "
        "all of which are contradicted in one per cent, with that set right). A misprint is a digit changed, two neighbouring "
        "digits exchanged, a sign lost, a comma moved by one place or a digit lost; each kind of figure in turn, in each kind "
        "each of these. Whether one can be seen says `identities.py`, which shares no code with the audit: it breaks an identity "
        "of the list below, or it can't be seen and isn't counted. Found is what makes the audit say something of the table that "
        "it doesn't say unchanged; the figure is named where it is among those that the audit points at.",
        "",
        f"**{found:,} of {len(seen):,} that break an identity are found ({_share(found, len(seen))} %).** {_alarms(results)}",
        "",
        "## By kind of figure",
        "",
        *_table(results.outcomes, lambda one: one.misprint.kind),
        "",
        "## By kind of misprint",
        "",
        *_table(results.outcomes, lambda one: one.misprint.way),
        "",
        "## Identities",
        "",
        "A misprint often breaks several; those where it breaks no other are in the last columns.",
        "",
        *_by_identity(seen),
        "",
        "## Missed",
        "",
        *(_missed([one for one in (*seen, *results.made_up) if one.breaks and not one.found]) or ["None."]),
        "",
        "## Found, though it breaks no identity of the list",
        "",
        *(_rules(one for one in results.outcomes if one.found and not one.breaks) or ["None."]),
        "",
        "## Reports made up",
        "",
        "Forms drawn at random, counted and printed by `made_up_reports.py`; statistics are rounded half away from zero where "
        "percentages are cut off, and no misprints are planted there.",
        "",
        *_reports(results),
        "",
    ]
    return "\n".join(lines)


def _alarms(results: Results) -> str:
    tables = sum(number for _, number in results.reports.values())
    return f"Said of the tables unchanged, and of {tables:,} tables made up: {len(results.false) or 'nothing'}."


def _share(part: int, whole: int) -> str:
    # Cut off: what isn't all never reads 100.
    return f"{1000 * part // whole / 10:.1f}" if whole else "–"


def _table(several: Sequence[Outcome], key: Callable[[Outcome], str]) -> Iterator[str]:
    yield "| | planted | break an identity | found | missed | figure named | can't be seen | found all the same |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in several:
        groups[key(one)].append(one)
    for name, group in [*groups.items(), ("all", list(several))]:
        seen, unseen = [one for one in group if one.breaks], [one for one in group if not one.breaks]
        found, named = sum(one.found for one in seen), sum(one.found and one.pointed for one in seen)
        row = (len(group), len(seen), found, len(seen) - found, named, len(unseen), sum(one.found for one in unseen))
        yield f"| {name} | " + " | ".join(f"{number:,}" for number in row) + " |"


def _by_identity(seen: Sequence[Outcome]) -> Iterator[str]:
    yield "| | | broken by | found | alone | found |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for what, (family, words) in LISTED.items():
        broke = [one for one in seen if any(b.what == what for b in one.breaks)]
        alone = [one for one in broke if {b.what for b in one.breaks} == {what}]
        row = (len(broke), sum(one.found for one in broke), len(alone), sum(one.found for one in alone))
        yield f"| {family} | {words} | " + " | ".join(f"{number:,}" for number in row) + " |"


def _missed(several: Sequence[Outcome]) -> list[str]:
    return [
        f"- {one.misprint.text} ({one.misprint.kind}). Breaks: {'; '.join(sorted({LISTED[b.what][1] for b in one.breaks}))}."
        for one in several
    ]


def _rules(several: Iterable[Outcome]) -> list[str]:
    counts = Counter((one.misprint.kind, min(c.rule for c in one.said)) for one in several)
    return [f"- {kind}, by the rule {rule}: {number:,}" for (kind, rule), number in sorted(counts.items())]


def _reports(results: Results) -> Iterator[str]:
    yield "| percentages | reports | tables | false alarms | misprints that break an identity | found |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for habit, (reports, tables) in results.reports.items():
        false = sum(habit in where for where, _ in results.false)
        seen = [one for one in results.made_up if one.breaks and one.habit == habit]
        yield f"| {habit} | {reports:,} | {tables:,} | {false:,} | {len(seen):,} | {sum(one.found for one in seen):,} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misprints", type=int, default=MISPRINTS)
    parser.add_argument("--reports", type=int, default=REPORTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    made = results(given.misprints, given.reports, given.seed, given.processes)
    text = page(made)
    if (given.misprints, given.reports, given.seed) == (MISPRINTS, REPORTS, SEED):
        PLACE.write_text(text, encoding="utf-8")
    else:
        print(text)
    lines = demanded(made)
    print("\n".join(lines) if lines else "all demands are met")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
