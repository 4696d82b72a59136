"""Counts that say how far the results of a study carry: answers that lack, design effects, tests, and what rules found.

They are passports as those of `Counts`: each has a query that counts it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.lineage.counts import Count, Counts
from frs_pipeline.study import Study
from frs_pipeline.study.about import quotes
from frs_pipeline.study.families import families
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy

Row = Mapping[str, Any]

# From which p on a test isn't significant, and which design effect is called more than slight: 120 forms that tell as much as
# 100 independent ones.
SIGNIFICANT, NOTABLE = 0.05, 1.2
# What intervals there are of, as conditions on rows of the intervals.
_OF: Mapping[str, tuple[str, Callable[[Row], bool]]] = {
    "shares": ("measure LIKE '%percent'", lambda row: str(row["measure"]).endswith("percent")),
    "gammas": ("measure IN ('gamma', 'partial_gamma')", lambda row: row["measure"] in ("gamma", "partial_gamma")),
}
_CALLED = {"shares": Text("Andele", "Shares"), "gammas": Text("Gammaværdier", "Gammas")}
_PAIRS: tuple[tuple[str, Text, str, Callable[[str | None], bool]], ...] = (
    ("pairs", Text("", ""), "IS NULL", lambda group: group is None),
    ("grouped", Text(", i hver gruppe for sig", ", in each group by itself"), "IS NOT NULL", lambda group: group is not None),
)
_FIGURE, _DIFFERENCE = "other_group IS NULL", "other_group IS NOT NULL"


@dataclass(frozen=True)
class Tests:
    """Tests that are made of the same thing: what they are called, the rows of a `file` that they are, and their p and q."""

    name: str
    title: Text
    file: str
    where: str
    p: tuple[float, ...]
    q: tuple[float, ...]


def tests_of(study: Study, intervals: Iterable[Row], pairs: Iterable[Row]) -> list[Tests]:
    """List the tests of the gammas of each family, of differences, and of all pairs of questions, from rows of both files."""
    rows, made = [row for row in intervals if row["p"] is not None], []
    condition, of_gamma = _OF["gammas"]
    for family in families(study):
        mine = [row for row in rows if row["other_group"] is None and of_gamma(row) and row["table"] in family.tables]
        tables = ", ".join(map(str, sorted(family.tables)))
        where = f'{_FIGURE} AND {condition} AND "table" IN ({tables})'
        made.append(_tests(f"family-{family.id}", family.title, "intervals", where, mine))
    for kind, (condition, of_kind) in _OF.items():
        mine, called = [row for row in rows if row["other_group"] is not None and of_kind(row)], _CALLED[kind]
        title = Text(f"Forskelle mellem {called.danish.lower()}", f"Differences between {called.english.lower()}")
        made.append(_tests(f"differences-{kind}", title, "intervals", f"{_DIFFERENCE} AND {condition}", mine))
    associations = [row for row in pairs if row["p"] is not None]
    for mart in dict.fromkeys(row["mart"] for row in associations):
        called = quotes(study, questionnaires(study)[mart].called)
        for name, words, where, of_group in _PAIRS:
            mine = [row for row in associations if row["mart"] == mart and of_group(row["group"])]
            title = Text(
                f"Par af spørgsmål i {called.danish}{words.danish}", f"Pairs of questions of {called.english}{words.english}"
            )
            made.append(_tests(f"{name}-{mart}", title, "associations", f"mart = '{mart}' AND \"group\" {where}", mine))
    return [one for one in made if one.p]


def _tests(name: str, title: Text, file: str, where: str, rows: Sequence[Row]) -> Tests:
    adjusted = tuple(row["q"] for row in rows if row["q"] is not None)
    return Tests(name, title, file, where, tuple(row["p"] for row in rows), adjusted)


class Limits(Counts):
    """The counts of one delivery, or of several together, that say how far its results carry, by their names."""

    def answers(self, rows: Sequence[Row]) -> dict[str, Count]:
        """Count the answers that forms of each questionnaire were to have, and those that lack (rows of `ITEM`)."""
        counts, read = {}, self._from("statistics/item_nonresponse")
        for mart in dict.fromkeys(row["instrument"] for row in rows):
            title = quotes(self._evidence.study, questionnaires(self._evidence.study)[mart].called)
            asked, blank = (sum(row[what] for row in rows if row["instrument"] == mart) for what in ("asked", "blank"))
            danish, english = f"skemaer af typen {title.danish}", f"forms of the type {title.english}"
            for what, words, value, of in (
                ("asked", Text(f"Svar, der skulle stå i {danish}", f"Answers that {english} were to have"), asked, None),
                ("blank", Text(f"Svar, der mangler i {danish}", f"Answers that lack in {english}"), blank, asked),
            ):
                query = f"SELECT sum({what}) AS value\nFROM {read}\nWHERE instrument = '{mart}';"
                counts[f"answers-{what}-{mart}"] = self._count(words, value, query, of)
        return counts

    def intervals(self, rows: Iterable[Row]) -> dict[str, Count]:
        """Count figures with an interval, and those whose design effect is above one, and notable (rows of the intervals)."""
        figures, counts, read = [row for row in rows if row["other_group"] is None], {}, self._from("statistics/intervals")
        for kind, (condition, of_kind) in _OF.items():
            mine, called = [row for row in figures if of_kind(row)], _CALLED[kind]
            limited = [row for row in mine if row["low"] is not None]
            known = [row["design_effect"] for row in mine if row["design_effect"] is not None]
            for name, words, where, value, of in (
                (
                    "limited",
                    Text("med et sikkerhedsinterval", "with a confidence interval"),
                    "low IS NOT NULL",
                    len(limited),
                    None,
                ),
                ("effect", Text("med en designeffekt", "with a design effect"), "design_effect IS NOT NULL", len(known), None),
                (
                    "clustered",
                    Text("med en designeffekt over 1", "with a design effect above 1"),
                    "design_effect > 1",
                    sum(effect > 1 for effect in known),
                    len(known),
                ),
                (
                    "notable",
                    Text("med en designeffekt over 1,2", "with a design effect above 1.2"),
                    f"design_effect > {NOTABLE}",
                    sum(effect > NOTABLE for effect in known),
                    len(known),
                ),
            ):
                what = Text(f"{called.danish} {words.danish}", f"{called.english} {words.english}")
                counts[f"{kind}-{name}"] = self._rows(what, read, f"{_FIGURE} AND {condition} AND {where}", value, of)
        return counts

    def tests(self, tests: Iterable[Tests]) -> dict[str, Count]:
        """Count tests, those with p < 0.05, and those where it is so when adjusted for how many they are."""
        counts = {}
        for one in tests:
            kinds = [
                ("tests", Text("antal test", "tests"), "p IS NOT NULL", len(one.p)),
                ("p", Text("p under 0,05", "p below 0.05"), f"p < {SIGNIFICANT}", sum(p < SIGNIFICANT for p in one.p)),
            ]
            if one.q:
                words = Text("p under 0,05, justeret for antallet af test", "p below 0.05, adjusted for the number of tests")
                kinds.append(("q", words, f"q < {SIGNIFICANT}", sum(q < SIGNIFICANT for q in one.q)))
            for which, words, what, value in kinds:
                title = Text(f"{one.title.danish}: {words.danish}", f"{one.title.english}: {words.english}")
                read, of = self._from(f"statistics/{one.file}"), None if which == "tests" else len(one.p)
                counts[f"{which}-{one.name}"] = self._rows(title, read, f"{one.where} AND {what}", value, of)
        return counts

    def noted(self, groups: Iterable[tuple[str, str, str, int]]) -> dict[str, Count]:
        """Count what rules noted: questionnaire, rule, severity and how often."""
        counts = {}
        for instrument, rule, severity, number in groups:
            of = f"instrument = '{instrument}'" if instrument else "coalesce(instrument, '') = ''"
            what = Text(f"Anmærkninger efter reglen {rule}", f"Notes by the rule {rule}")
            where = f"{of} AND rule = '{rule}' AND severity = '{severity}'"
            counts[f"noted-{severity}-{instrument}-{rule}"] = self._rows(
                what, self._every("noted"), where, number, zone="restricted"
            )
        return counts

    def set_aside(self, groups: Mapping[tuple[str, str], int]) -> dict[str, Count]:
        """Count the forms that were set aside, by questionnaire and the first rule that they didn't meet."""
        counts, order = {}, ", ".join(f"'{rule}'" for rule in policy(self._evidence.study).rules)
        for (instrument, rule), number in groups.items():
            read = self._every(f"rejected/{instrument}")
            lines = (read if read.startswith("read_parquet") else f"read_parquet({read})")[:-1] + ", filename = true)"
            broken = f"arg_min(rule, list_position([{order}], rule))"
            first = f"SELECT {broken} AS rule\n  FROM {lines}\n  GROUP BY filename, form_id, file, line"  # noqa: S608
            what = Text(f"Skemaer sat til side efter reglen {rule}", f"Forms set aside by the rule {rule}")
            query = f"SELECT count(*) AS value\nFROM (\n  {first}\n)\nWHERE rule = '{rule}';"
            counts[f"broke-{instrument}-{rule}"] = self._count(what, number, query, zone="restricted")
        return counts
