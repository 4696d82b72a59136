"""Passports of numbers that stand in no table: how many forms, conferences and blanks there are.

Each says what it counts, and has a query that counts it again in plain DuckDB, without this program. The query is run
when the passport is made, and its result compared with the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.recount import several
from frs_pipeline.store.plan import products
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions, quotes
from frs_pipeline.study.instruments import BOTH, instruments
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.tables.nonresponse import conference_schema, kinds

# Conferences of the codebook: what a passport says about them, and the rows of the mart that it is true of.
_CONFERENCES = {
    "in_codebook": (Text("", ""), ""),
    "not_in_ledger": (Text(", men ikke i konteringen", ", but not in the accounting records"), "NOT in_ledger"),
}
_FORMS = {
    "delivered": Text(
        "der er leveret: godkendte, sat til side og trukket tilbage", "that were delivered: accepted, set aside and withdrawn"
    ),
    "aside": Text("der er sat til side", "that were set aside"),
    "withdrawn": Text("der er trukket tilbage", "that were withdrawn"),
    "validated": Text("der er godkendt", "that were accepted"),
    "pseudonymised": Text("hvis nummer er erstattet af et pseudonym", "that have a pseudonym instead of a number"),
    "marts": Text("der indgår i datasættet", "that are in the data set"),
}
_LEDGER_ONLY = (
    "SELECT count(DISTINCT conference_number) AS value\nFROM '@validated/ledger.parquet'\n"
    "WHERE conference_number NOT IN (SELECT conference_number FROM '@validated/codebook.parquet');"
)


@dataclass(frozen=True)
class Count:
    """One number: what it counts, `of` how many where it is a share as well, and the query that gives it.

    The query is run in the delivery's folder of a `zone` (of several deliveries together: in the zone); `recounted` says
    whether it gave the number.
    """

    what: Text
    value: int
    of: int | None
    query: str
    zone: str
    recounted: bool


class Counts:
    """The counts of one delivery, or of several together, by their names."""

    def __init__(self, asking: Asking) -> None:
        self._asking, self._evidence = asking, asking.evidence
        self._several = asking.parts != [asking]
        settings, delivery = self._evidence.store.settings, "" if self._several else asking.delivery
        self._grouped = ("marts", "conference") in products(self._evidence.study)
        self._folders = {"curated": settings.curated(delivery), "restricted": settings.restricted(delivery)}

    def _from(self, file: str, *only: str) -> str:
        """Write what a query reads: a file of the delivery; of several, those of each, or of `only` some.

        A conference that several have is one, and a form that a newer one has again counts there.
        """
        if not self._several:
            return f"'@{file}.parquet'"
        layer, _, name = file.partition("/")
        if layer == "statistics":
            return f"'@{self._asking.delivery}/{file}.parquet'"
        if layer == "marts" and name in instruments(self._evidence.study):
            return several([of for of in self._evidence.store.marts(name) if not only or of.delivery in only], "@")
        read = self._every(file)
        if layer != "marts":
            return read
        forms = ", ".join(f"sum({kind}_forms) AS {kind}_forms" for kind in kinds(self._evidence.study))
        facts = {"occasion": "any_value(occasion) AS occasion, ", "in_ledger": "bool_or(in_ledger) AS in_ledger, "}
        columns = conference_schema(self._evidence.study).names
        held = "".join(fact for name, fact in facts.items() if name in columns)
        return f"(SELECT conference_id, {held}{forms} FROM {read} GROUP BY conference_id)"  # noqa: S608 - names of the study

    def _every(self, file: str) -> str:
        """Write a query's reading of all rows of a file, in each of several deliveries."""
        if not self._several:
            return f"'@{file}.parquet'"
        files = [f"'@{part.delivery}/{file}.parquet'" for part in self._asking.parts]
        return f"read_parquet([{', '.join(files)}])"

    def whole(self) -> dict[str, Count]:
        """Count all forms and conferences, tables and figures."""
        names = instruments(self._evidence.study)
        forms = sum(number for name in names for number in self._evidence.forms.by(name, ()).values())
        if self._several:
            counted = " + ".join(f"(SELECT count(*) FROM {self._from(f'marts/{name}')})" for name in names)  # noqa: S608
            query = f"SELECT {counted} AS value;"
        else:
            marts = ", ".join(self._from(f"marts/{name}") for name in names)
            query = f"SELECT count(*) AS value\nFROM read_parquet([{marts}], union_by_name = true);"
        figures = self._evidence.figures
        return {
            "forms": self._count(
                Text("Skemaer af alle typer i de færdige datasæt", "Forms of all types in the data sets"),
                forms,
                query,
            ),
            **({"conferences": self._conferences("in_codebook", BOTH, self._conferences_held())} if self._grouped else {}),
            "tables": self._count(
                Text("Tabeller", "Tables"),
                len({address.table for address in figures}),
                f'SELECT count(DISTINCT "table") AS value\nFROM {self._from("statistics/figures")};',
            ),
            "figures": self._rows(
                Text("Tal i alle tabeller", "Figures of all tables"), self._from("statistics/figures"), "", len(figures)
            ),
        }

    def came(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Count]:
        """Count the forms that came of each questionnaire, and by who filled them in (rows of `FORMS`).

        The names are `came-<questionnaire>`, and of each role with its code, or `none` where nothing was ticked.
        """
        forms: dict[str, dict[str | None, int]] = {name: {} for name in instruments(self._evidence.study)}
        for row in rows:
            of = forms[row["mart"]]
            of[row["role"]] = of.get(row["role"], 0) + row["forms"]
        counts: dict[str, Count] = {}
        for name, by_role in forms.items():
            paper, read = questionnaires(self._evidence.study)[name], self._from(f"marts/{name}")
            title = quotes(self._evidence.study, paper.called)
            what = Text(
                f"Skemaer af typen {title.danish} i det færdige datasæt", f"Forms of the type {title.english} in the data set"
            )
            counts[f"came-{name}"] = self._rows(what, read, "", sum(by_role.values()))
            for label, number in by_role.items() if paper.role else ():
                code = None if label is None or paper.role is None else paper.role.code(label)
                where = f"{paper.asks_role} IS NULL" if code is None else f"{paper.asks_role} = {code}"
                who = _by(self._evidence.study, paper, code)
                said = Text(f"{what.danish}, {who.danish}", f"{what.english}, {who.english}")
                of_name = f"came-{name}-{'none' if code is None else code}"
                counts[of_name] = self._rows(said, read, where, number, sum(by_role.values()))
        return counts

    def verdicts(self, numbers: Mapping[str, int]) -> dict[str, Count]:
        """Count printed figures by what came of comparing them."""
        what = {
            "equal": Text("Trykte tal, som skemaerne også giver", "Printed figures that the forms give, too"),
            "differs": Text(
                "Trykte tal, hvor skemaerne giver et andet tal", "Printed figures where the forms give another figure"
            ),
            "not reproducible": Text(
                "Trykte tal, som ikke kan genskabes, fordi rapporten modsiger sig selv",
                "Printed figures that can't be reproduced, because the report contradicts itself",
            ),
        }
        read = self._from("statistics/compare")
        counts = {name: self._rows(words, read, f"verdict = '{name}'", numbers.get(name, 0)) for name, words in what.items()}
        compared = Text("Trykte tal, der er sammenlignet med skemaerne", "Printed figures that were compared with the forms")
        return {**counts, "compared": self._rows(compared, read, "", sum(numbers.values()))}

    def unit(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Count]:
        """Count the unit non-response (rows of `UNIT`), by measure and occasion."""
        counts = {}
        conferences = {row["occasion"]: row["conferences"] for row in rows if row["measure"] == "in_codebook"}
        for row in rows:
            measure, occasion, number = row["measure"], row["occasion"], row["conferences"]
            if measure == "only_in_ledger":
                many = about(self._evidence.study).conference.many.capitalised()
                what = Text(f"{many.danish}, som kun står i konteringen", f"{many.english} in the accounting records only")
                count = self._count(what, number, _LEDGER_ONLY, zone="restricted")
            else:
                of = conferences[occasion] if measure != "in_codebook" else None
                count = self._conferences(measure, occasion, number, of)
            counts[f"{measure}-{occasion}"] = count
        return counts

    def item(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Count]:
        """Count how often questions were asked and left blank (rows of `ITEM`)."""
        counts = {}
        for row in rows:
            mart, name = row["instrument"], row["question"]
            question = questionnaires(self._evidence.study)[mart].question(name)
            assert question is not None
            names = (
                quotes(self._evidence.study, questionnaires(self._evidence.study)[mart].called),
                quotes(self._evidence.study, question.asks),
            )
            asked = "" if question.occasion == BOTH else f"(occasion = '{question.occasion}' OR {name} IS NOT NULL)"
            blank = f"{name} IS NULL" if question.occasion == BOTH else f"occasion = '{question.occasion}' AND {name} IS NULL"
            parts = [part.delivery for part in self._asking.parts]
            asking = [d for d in parts if questionnaires(self._evidence.study)[mart].asks(question, d)]
            if not asking:
                asked = blank = "false"
            danish = "Skemaer af typen {}, hvor {} skulle besvares".format(*(name.danish for name in names))
            english = "Forms of the type {} on which {} was to be answered".format(*(name.english for name in names))
            more = Text(" eller er besvaret alligevel", " or is answered anyway") if asked else Text("", "")
            read = self._from(f"marts/{mart}", *asking)
            counts[f"asked-{mart}-{name}"] = self._rows(
                Text(danish + more.danish, english + more.english), read, asked, row["asked"]
            )
            counts[f"blank-{mart}-{name}"] = self._rows(
                Text(f"{danish}, men står ubesvaret", f"{english}, but is left blank"), read, blank, row["blank"], row["asked"]
            )
        return counts

    def layers(self) -> dict[str, Count]:
        """Count the forms of each questionnaire as delivered, set aside, withdrawn, and in each layer."""
        counts: dict[str, Count] = {}
        for name, layers in self._evidence.layers.items():
            title = quotes(self._evidence.study, questionnaires(self._evidence.study)[name].called)
            aside, withdrawn = len(self._asking.set_aside(name)), self._asking.withdrawn(name)
            accepted = f"SELECT count(*) FROM {self._every(f'validated/{name}')}"  # noqa: S608 - a questionnaire's name, as below
            lines = f"SELECT DISTINCT form_id, file, line{', filename' if self._several else ''}"
            read = self._every(f"rejected/{name}")
            set_aside = f"SELECT count(*) FROM ({lines} FROM {read.replace('])', '], filename = true)')})"  # noqa: S608
            left = f"SELECT coalesce(sum(forms), 0) FROM {self._every(f'withdrawn/{name}')}"  # noqa: S608
            delivered = layers["validated"] + aside + withdrawn
            sums = (
                ("delivered", delivered, f"SELECT ({accepted})\n  + ({set_aside})\n  + ({left}) AS value;"),
                ("aside", aside, f"SELECT ({set_aside}) AS value;"),
                ("withdrawn", withdrawn, f"SELECT ({left}) AS value;"),
            )
            for what, value, query in sums:
                counts[f"{what}-{name}"] = self._count(_of(what, title), value, query, zone="restricted")
            for layer, value in layers.items():
                zone = "curated" if layer == "marts" else "restricted"
                counts[f"{layer}-{name}"] = self._rows(_of(layer, title), self._every(f"{layer}/{name}"), "", value, zone=zone)
        return counts

    def _conferences(self, measure: str, occasion: str, number: int, of: int | None = None) -> Count:
        what, where = _conferences(self._evidence.study, measure, occasion)
        return self._rows(what, self._from("marts/conference"), where, number, of)

    def _conferences_held(self) -> int:
        paths = ", ".join("'" + str(p.store.file("marts", "conference")).replace("'", "''") + "'" for p in self._evidence.parts)
        ((number,),) = self._evidence.ask(f"SELECT count(DISTINCT conference_id) FROM read_parquet([{paths}])")  # noqa: S608
        return int(number)

    def _rows(self, what: Text, read: str, where: str, value: int, of: int | None = None, *, zone: str = "curated") -> Count:
        """Make the count of some rows of what is `read`."""
        condition = f"\nWHERE {where}" if where else ""
        return self._count(what, value, f"SELECT count(*) AS value\nFROM {read}{condition};", of, zone=zone)

    def _count(self, what: Text, value: int, query: str, of: int | None = None, *, zone: str = "curated") -> Count:
        folder = f"{self._folders[zone]}/".replace("'", "''")
        ((again,),) = self._evidence.ask(query.replace("'@", f"'{folder}"))
        return Count(what, value, of, query.replace("'@", "'"), zone, again == value)


def _conferences(study: Study, measure: str, occasion: str) -> tuple[Text, str]:
    """Return what a number of conferences says, and the rows of the mart that it counts."""
    lacking, where = _CONFERENCES.get(measure) or _without(study, measure.removeprefix("without_"))
    conferences = (about(study).conference.many if occasion == BOTH else occasions(study)[occasion].many).capitalised()
    known = _known(study)
    what = Text(f"{conferences.danish} {known.danish}{lacking.danish}", f"{conferences.english} {known.english}{lacking.english}")
    only = f"occasion = '{occasion}'" if occasion != BOTH else ""
    return what, " AND ".join(filter(None, (only, where)))


def _known(study: Study) -> Text:
    """Say by whom the conferences that are counted are known."""
    registers = about(study).registers
    if not registers:
        return Text("med et skema", "with a form")
    return (
        Text("i kodebogen", "in the codebook") if "codebook" in registers else Text("i konteringen", "in the accounting records")
    )


def _without(study: Study, kind: str) -> tuple[Text, str]:
    """Return how to speak of conferences that lack forms of a kind, or of one of several, and their rows of the mart."""
    lacking = about(study).lacking.get(kind)
    several = lacking.either if lacking and lacking.either else (kind,)
    rows = " OR ".join(f"{one}_forms = 0" for one in several)
    where = f"({rows})" if len(several) > 1 else rows
    if lacking:
        return Text(f" {lacking.words.danish}", f" {lacking.words.english}"), where
    titles = [quotes(study, questionnaires(study)[name].called) for name in kinds(study)[kind]]
    danish, english = ", ".join(title.danish for title in titles), ", ".join(title.english for title in titles)
    return Text(f" uden et skema af typen {danish}", f" without a form of the type {english}"), where


def _by(study: Study, paper: Questionnaire, code: int | None) -> Text:
    """Say who filled forms in."""
    if code is None or paper.role is None:
        return Text("uden svar på, hvem der har udfyldt dem", "that don't say who filled them in")
    who = quotes(study, paper.role.says[code])
    return Text(f"udfyldt af {who.danish}", f"filled in by {who.english}")


def _of(what: str, title: Text) -> Text:
    forms = _FORMS[what]
    return Text(f"Skemaer af typen {title.danish}, {forms.danish}", f"Forms of the type {title.english} {forms.english}")
