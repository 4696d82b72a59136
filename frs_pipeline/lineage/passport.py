"""The passport of a figure: what it says, which forms it rests on, where they come from, and what it agrees with.

Nothing is kept for it: it is computed from the table's own definition and one grouped count of the mart when it is
asked for. It holds no form's id and may stand in a report. A run has no clock and no number of its own, since the same
input has to give the same bytes; it is named by the root hash of the manifest, over all inputs, code and outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from frs_pipeline.errors import UsageError
from frs_pipeline.language import Text, plural
from frs_pipeline.lineage.absent import Absent, absent
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.checked import Check, Recounted, checks
from frs_pipeline.lineage.decisions import Amendment, amendments
from frs_pipeline.lineage.evidence import Evidence, InputFile, ProducedFile
from frs_pipeline.lineage.meaning import Meaning, Selection, meanings
from frs_pipeline.lineage.pairs import Pairs, numbers_of, pairs
from frs_pipeline.lineage.spread import Spread, spread
from frs_pipeline.lineage.ties import alike, sums
from frs_pipeline.lineage.waterfall import Waterfall, Why, waterfall
from frs_pipeline.lineage.wording import definition, reason, rounding, selection
from frs_pipeline.stats.summary import STATISTICS
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import written
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.printed import printed_from
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.keying import KeyedTwice
from frs_pipeline.tables.render import heading


@dataclass(frozen=True)
class Amount:
    """One side of a fraction: what it counts, in forms, conferences, ticks or pairs, and how much that is."""

    what: Text
    number: int
    unit: Literal["forms", "conferences", "ticks", "pairs"] = "forms"


@dataclass(frozen=True)
class TakenAway:
    """Forms taken away on the way to a figure, why, and how many are then left.

    `kind` and `about` are for programs: withdrawn; set_aside and a rule of the policy; not_in_codebook; other_occasion;
    not_asked, blank, left_out, other_answer or answered, and a question.
    """

    kind: str
    about: str
    why: Text
    forms: int
    left: int


@dataclass(frozen=True)
class Near:
    """Forms that fail this one condition and no other."""

    kind: str
    about: str
    why: Text
    forms: int


@dataclass(frozen=True)
class Elsewhere:
    """Where else the same fact stands; `equal` says whether the number there is the same."""

    address: Address
    printed: str
    equal: bool


@dataclass(frozen=True)
class Addition:
    """A sum that the figure takes part in, as the total or as a part; `holds` is judged on unrounded values."""

    total: Address
    total_printed: str
    parts: tuple[Address, ...]
    parts_printed: tuple[str, ...]
    holds: bool


@dataclass(frozen=True)
class Published:
    """What the report prints, and what came of comparing."""

    printed: str
    recomputed: str
    verdict: str
    reason: str | None
    reason_danish: str | None


@dataclass(frozen=True)
class Provenance:
    """Where a table comes from; the same object for all of its figures."""

    delivery: str
    run: str | None
    inputs: tuple[InputFile, ...]
    steps: tuple[ProducedFile, ...]


@dataclass(frozen=True)
class Passport:
    """What stands behind one figure. `value` is unrounded, None when it can't be computed.

    `numerator` and `denominator` are forms for percentages, ticks for some of them, pairs for correlations (P - Q and P + Q); a
    count has no denominator. `note` is what stands below its table, `keying` what keying forms twice found about the fields that
    the table asks for. `forms` is how many forms the figure rests on, which is as
    many as the waterfall leaves and `--forms` lists; `deliveries` has them by the delivery that they are from, where there are
    several. In a table of conferences, all that is said of forms is said of these. `spread` is how uncertain an estimate is,
    `absent` what it could be without blanks; both are None for a count or a test.
    """

    address: Address
    title: str
    value: float | None
    printed: str
    rounding: Text
    definition: Text
    note: Text | None
    keying: KeyedTwice | None
    numerator: Amount | None
    denominator: Amount | None
    pairs: Pairs | None
    spread: Spread | None
    absent: Absent | None
    delivered: dict[str, int]
    waterfall: tuple[TakenAway, ...]
    forms: int
    deliveries: dict[str, int]
    closes: bool
    near: tuple[Near, ...]
    amendments: tuple[Amendment, ...]
    elsewhere: tuple[Elsewhere, ...]
    sums: tuple[Addition, ...]
    published: Published | None
    checks: tuple[Check, ...]
    provenance: Provenance

    @property
    def of_conferences(self) -> bool:
        """Whether the figure counts conferences instead of forms."""
        return CONFERENCE in self.delivered

    @property
    def equation(self) -> str:
        """The sum by which the figure follows from the forms that are listed for it."""
        forms = plural(self.forms, "conference" if self.of_conferences else "form")
        if self.address.measure in STATISTICS:
            return f"{forms}; {self.address.measure} = {self.printed}"
        if self.numerator is None or self.denominator is None:
            ticks = self.numerator is not None and self.numerator.unit == "ticks"
            return f"{forms}; ticks in them = {self.printed}" if ticks else f"{forms} = {self.printed}"
        shown = self.printed if self.printed.endswith("%") or self.pairs else f"{self.printed} %"
        fraction = f"{self.numerator.number} / {self.denominator.number}"
        if self.pairs is None:
            return f"{forms}; 100 × {fraction} = {shown}"
        if self.address.measure in ("gamma", "partial_gamma"):
            return f"{forms}; (P − Q) / (P + Q) = {fraction} = {shown}"
        return f"{forms}; (P − Q) / (P + Q) = {fraction}, from which {self.address.measure} = {shown}"

    def as_json(self) -> dict[str, Any]:
        """Return the passport for programs and pages."""
        content = asdict(self)
        content["address"] = self.address._asdict()
        for place, own in zip(content["elsewhere"], self.elsewhere, strict=True):
            place["address"] = own.address._asdict()
        for made, addition in zip(content["sums"], self.sums, strict=True):
            made["total"] = addition.total._asdict()
            made["parts"] = [part._asdict() for part in addition.parts]
        return {**content, "equation": self.equation}


class Passports:
    """Passports of one delivery; what its files say is read once."""

    def __init__(self, study: Study, store: Store) -> None:
        self.study = study
        self.evidence = Evidence(store)
        self.asking = Asking(self.evidence)
        self._provenance: dict[int, Provenance] = {}

    def of(self, address: Address) -> Passport:
        """Make the passport of one figure. Raises `UsageError` for an address that isn't one."""
        meaning = meanings(self.study).get(address)
        if meaning is None:
            raise UsageError("no such figure", where=f"table {address.table}")
        table = catalogue(self.study)[address.table]
        figure = self.evidence.figures[address]
        asked, several = self.asking.asked(table), self.asking.parts
        fall, counted = waterfall(self.study, asked, meaning), pairs(self.study, meaning, asked)
        numerator, denominator = _fraction(self.study, meaning, fall, counted)
        steps = tuple(_steps(self.study, fall, table_of=address.table))
        additions = tuple(self._additions(address))
        elsewhere = tuple(self._elsewhere(address, figure))
        return Passport(
            address=address,
            title=heading(self.study, table),
            value=figure.value,
            printed=written(self.study, figure.printed),
            rounding=rounding(figure.printed),
            definition=definition(self.study, meaning),
            note=table.noted(printed=printed_from(self.study, self.evidence.store.delivery)),
            keying=self.evidence.keying.get(table.number),
            numerator=numerator,
            denominator=denominator,
            pairs=counted,
            spread=spread(self.evidence, figure),
            absent=absent(self.evidence, figure),
            delivered=dict(fall.delivered),
            waterfall=steps,
            forms=fall.left,
            deliveries={part.delivery: fall.left_of.get(part.delivery, 0) for part in several} if len(several) > 1 else {},
            closes=fall.closes,
            near=tuple(Near(*why, _reason(self.study, why, address.table), forms) for why, forms in fall.near),
            amendments=amendments(self.asking, table, meaning),
            elsewhere=elsewhere,
            sums=additions,
            published=self._published(address),
            checks=checks(
                self.asking,
                Recounted(table, figure, meaning, fall, counted, numbers_of(self.study, meaning, asked)),
                [addition.holds for addition in additions],
                [place.equal for place in elsewhere],
            ),
            provenance=self._of_table(address.table),
        )

    def every(self) -> Iterator[Passport]:
        """Make the passports of all figures, in the order of the report."""
        return (self.of(address) for address in meanings(self.study))

    def _additions(self, address: Address) -> Iterator[Addition]:
        known = self.evidence.figures
        for made in sums(self.study)[address]:
            total, parts = known[made.total], [known[part] for part in made.parts]
            texts = tuple(written(self.study, part.printed) for part in parts)
            yield Addition(made.total, written(self.study, total.printed), made.parts, texts, _adds_up(total, parts))

    def _elsewhere(self, address: Address, figure: Figure) -> Iterator[Elsewhere]:
        for other in alike(self.study)[address]:
            there = self.evidence.figures[other]
            yield Elsewhere(other, written(self.study, there.printed), there.value == figure.value)

    def _published(self, address: Address) -> Published | None:
        row = self.evidence.compared.get(address)
        if row is None:
            return None
        own = ("printed_published", "printed_recomputed", "verdict", "reason", "reason_danish")
        return Published(*(row[name] for name in own))

    def _of_table(self, number: int) -> Provenance:
        if number not in self._provenance:
            inputs, steps = self.evidence.way(catalogue(self.study)[number])
            run = self.evidence.manifest.get("root")
            self._provenance[number] = Provenance(self.evidence.store.delivery, run, inputs, steps)
        return self._provenance[number]


def passport(store: Store, address: Address) -> Passport:
    """Make the passport of one figure of a delivery. Raises `UsageError` for an address that isn't one."""
    return Passports(store.study, store).of(address)


def _fraction(study: Study, meaning: Meaning, fall: Waterfall, counted: Pairs | None) -> tuple[Amount | None, Amount | None]:
    if counted is not None:
        difference = Text(
            "P − Q: par, der peger samme vej, minus par, der peger hver sin vej",
            "P − Q: pairs that point the same way less pairs that point opposite ways",
        )
        every = Text("P + Q: alle par, der peger den ene eller den anden vej", "P + Q: all pairs that point either way")
        return Amount(difference, counted.p - counted.q, "pairs"), Amount(every, counted.p + counted.q, "pairs")
    numerator = _amount(study, meaning.counted, fall.number)
    if meaning.of is None or fall.whole is None:
        return numerator, None
    return numerator, _amount(study, meaning.of, fall.whole)


def _amount(study: Study, counted: Selection, number: int) -> Amount:
    unit: Literal["forms", "conferences"] = "conferences" if CONFERENCE in counted.marts else "forms"
    return Amount(selection(study, counted), number, "ticks" if counted.ticks else unit)


@derived
def _reason(study: Study, why: Why, table: int) -> Text:
    """Return `reason`, which the figures of a table share."""
    return reason(study, why, catalogue(study)[table])


def _steps(study: Study, fall: Waterfall, table_of: int) -> Iterator[TakenAway]:
    left = sum(fall.delivered.values())
    for why, forms in fall.taken:
        left -= forms
        yield TakenAway(*why, _reason(study, why, table_of), forms, left)


def _adds_up(total: Figure, parts: Iterable[Figure]) -> bool:
    """Return whether parts add up: whole numbers exactly, percentages but for what a double can't hold of them."""
    values = [part.value for part in parts]
    known = [value for value in values if value is not None]
    if total.value is None or len(known) != len(values):
        return total.value is None and not known
    return abs(sum(known) - total.value) < 1e-9
