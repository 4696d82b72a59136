"""A release from marts to files: choose, hide, write, attack what was written, hide more, until nothing comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frs_pipeline.errors import CheckFailed
from frs_pipeline.release.attack import Attack, Attacker, Exposed, attack
from frs_pipeline.release.cells import Forms, places
from frs_pipeline.release.earlier import Decided, decided, hidden_beside, released_counts, summed_before, worked_out
from frs_pipeline.release.files import (
    DANISH,
    FIGURES,
    PRECISIONS,
    SUMMARIES,
    TABLES,
    Record,
    Withheld,
    as_csv,
    as_danish_csv,
    description,
    records,
)
from frs_pipeline.release.groups import Group
from frs_pipeline.release.guards import Key
from frs_pipeline.release.nesting import Known, not_said, refused, summed_up
from frs_pipeline.release.reading import ReleaseRead, read_release
from frs_pipeline.release.space import Space
from frs_pipeline.release.suppressing import Suppression
from frs_pipeline.release.variants import Variant, as_decided, by_what_they_hold, choose, kept_back
from frs_pipeline.release.worlds import Source, Words
from frs_pipeline.store.files import MartFile
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Place, Table
from frs_pipeline.tables.counting import Counts, count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures
from frs_pipeline.tables.reconciling import FormCounts

Step = Callable[[str], None]
# Attacks before tables that still leak are withheld; each round after the first repairs what the one before it found.
_ROUNDS = 12
_MOST_ROOM = 3


@dataclass(frozen=True)
class Release:
    """Files of a release that withstood the attack, and what was done to achieve that."""

    files: dict[str, bytes]
    released: tuple[Variant, ...]
    withheld: tuple[Withheld, ...]
    primary: int
    hidden: int
    coarser: dict[int, int]
    flagged: tuple[tuple[int, str], ...]
    small: int
    attack: Attack


@dataclass
class _Draft:
    """What has been decided so far: tables that aren't released, how precise statistics are, which counts need more room."""

    withheld: dict[int, str]
    precision: dict[int, int] = field(default_factory=dict)
    room: dict[Key, int] = field(default_factory=dict)


class Releasing:
    """One release in the making. `earlier` are the releases that are out, `forms` says which forms this one counts.

    Drafts, which may reveal too much, wait in `folder`.
    """

    def __init__(
        self,
        study: Study,
        delivery: str,
        tables: Mapping[int, Table],
        marts: Mapping[str, Path | Sequence[MartFile]],
        policy: ReleasePolicy,
        *,
        forms: str | Words,
        earlier: Sequence[Source] = (),
        folder: Path | None = None,
    ) -> None:
        self.study = study
        self.delivery, self.policy, self.forms, self.earlier = delivery, policy, forms, earlier
        # Tables of which nothing goes out, not even that they exist: no number of theirs is attacked.
        why = {number: kept_back(study, table) for number, table in tables.items()}
        self._kept_back = [Withheld(tables[number], reason) for number, reason in why.items() if reason]
        self.tables = by_what_they_hold(study, {number: tables[number] for number, reason in why.items() if not reason}, policy)
        self._folder = folder
        self._space = Space(self.study, self.tables.values())
        self._cells = self._space.count(FormCounts(marts))
        self._counts: dict[int, Counts] = count(self.tables.values(), open_marts(marts))
        # What an attack on summaries may begin with, instead of looking for it.
        summaries = [table for table in self.tables.values() if table.kind == "summary"]
        each = [summed_up(self.study, table, self._counts[table.number], ()) for table in summaries]
        self._numbers = {Group(*forms): numbers for sets in each for forms, numbers in sets.items()}
        now = self._now = Source(self._empty(), forms)
        self._known = worked_out(self.study, earlier, now)
        self._known |= {f: n for source in earlier for f, n in released_counts(self.study, source, now, same=True).items()}
        # What is known about forms that have changed since, release by release.
        self._before = [released_counts(self.study, source, now, same=False, earlier=earlier) for source in earlier]
        self._beside = {forms for source in earlier for forms in hidden_beside(self.study, source, now)}
        self._summed = summed_before(self.study, earlier, now)
        self._decided = decided(self.study, now, earlier, self.tables)

    def _empty(self) -> ReleaseRead:
        """Make the release, with nothing in it yet, as it will be read."""
        policy = self.policy
        shown = (policy.zeros == "shown", policy.missing == "shown")
        uniform_withheld = policy.all_or_nothing == "withhold"
        return ReleaseRead(self.delivery, policy.threshold, *shown, frozenset(policy.who), uniform_withheld, ())

    def release(self, step: Step = lambda what: None) -> Release:
        """Make files that no attack narrows. Raises `CheckFailed` when there are none."""
        draft = _Draft({number: reason for number, reason in self.policy.never.items() if number in self.tables})
        for done in range(1, _ROUNDS + 1):
            step("what to hide")
            variants = self._variants(draft)
            suppression = self._suppressed(variants, draft)
            if suppression is None:
                continue
            step(f"attack {done}")
            attacker = Attacker(
                self.study, self._read(self._files(variants, suppression, draft)), self.earlier, numbers=self._numbers
            )
            exposed = [number for number in attacker.counts() if not number.before]
            if exposed:
                self._mend(exposed, variants, draft, last=done >= _ROUNDS - 2)
                continue
            step("statistics")
            if self._refuse_summaries(variants, suppression, draft):
                continue
            files = self._with_statistics(attacker, variants, suppression, draft)
            if files is None:
                continue
            step("attack on the whole")
            result = attack(self.study, self._read(files), self.earlier, attacker.seen, self._numbers)
            if not result.new:
                return self._finished(files, variants, suppression, draft, result)
        raise CheckFailed(
            "hidden numbers can still be worked out", where="release", do="raise the threshold or withhold more tables"
        )

    def _with_statistics(
        self, attacker: Attacker, variants: Mapping[int, Variant], suppression: Suppression, draft: _Draft
    ) -> dict[str, bytes] | None:
        """Make the files with each correlation as precise as it may be beside what is hidden; None when that isn't enough."""
        levels = {n: _levels(variant.table) for n, variant in variants.items() if variant.table.tells_of_groups}
        draft.precision = {n: _precision(self._decided[n]) for n in levels.keys() & self._decided.keys()}
        while True:
            files = self._files(variants, suppression, draft)
            exposed = {one.table for one in attacker.statistics(self._read(files).release)}
            if not exposed:
                return files
            coarser = exposed & levels.keys()
            last = {number for number in coarser if draft.precision.get(number, 0) + 1 == levels[number]}
            if not coarser or last:
                summary = min((number for number in last if self.tables[number].kind == "summary"), default=None)
                if summary is None:
                    # These are statistics of an earlier release, beside which the table can't go out.
                    self._give_up(min(exposed), variants, draft)
                else:
                    draft.withheld[summary] = "even a rounded mean would tell of few forms"
                return None
            for number in coarser:
                draft.precision[number] = draft.precision.get(number, 0) + 1

    def _refuse_summaries(self, variants: Mapping[int, Variant], suppression: Suppression, draft: _Draft) -> bool:
        """Withhold summaries that can't go out together, or beside the counts that are shown; return whether there are any."""
        hidden = _by_table(suppression)
        shown = {
            forms: self._forms(forms)
            for number, variant in variants.items()
            for place, forms in places(self.study, variant.table).items()
            if place not in hidden.get(number, ())
        }
        asked: dict[str, set[str]] = {}
        asking = [(table.marts, table.asked) for table in self.tables.values()]
        asking += [(table.marts, tuple(table.asked)) for source in self.earlier for table in source.release.tables]
        for mart, names in ((mart, names) for marts, names in asking for mart in marts):
            asked.setdefault(mart, set()).update(names)
        # What is out already comes first: it can't be called back.
        summaries = [v.table for _, v in sorted(variants.items(), key=lambda item: item[0] not in self._decided)]
        summaries = [table for table in summaries if table.kind == "summary"]
        known = Known({**shown, **self._known}, self._summed, asked)
        reasons = refused(self.study, summaries, self._counts, hidden, known, self.policy)
        draft.withheld |= reasons
        return bool(reasons)

    def _forms(self, forms: Forms) -> int:
        return int(self._cells[self._space.row(forms)].sum())

    def _variants(self, draft: _Draft) -> dict[int, Variant]:
        """Choose the tables that are released, each with its axes; withhold what may not be released."""
        variants: dict[int, Variant] = {}
        stands = {mart for mart in {m for table in self.tables.values() for m in table.marts} if self._hardly_changed(mart)}
        for number, table in self.tables.items():
            if number in draft.withheld:
                continue
            before = self._decided.get(number)
            if before is not None and before.withheld:
                draft.withheld[number] = before.withheld
                continue
            variant = (
                choose(self.study, table, self.policy, self._forms)
                if before is None
                else as_decided(self.study, table, before.table, self.policy, self._forms)
            )
            if variant.all_or_nothing and self.policy.all_or_nothing == "withhold":
                draft.withheld[number] = "all forms of a row or a column gave the same answer"
            elif stands & set(table.marts) or any(self._changed_little(variant.table, earlier) for earlier in self._before):
                # All tables alike: which of them changed would reveal what a form that came or went left blank.
                draft.withheld[number] = "an earlier release stands: forms, answers or questions changed too little since"
            else:
                variants[number] = variant
        return variants

    def _hardly_changed(self, mart: str) -> bool:
        """Return whether a mart's forms differ from an earlier release's by so few that most numbers that changed would have
        to be hidden."""
        for source, earlier in zip(self.earlier, self._before, strict=True):
            known = [abs(self._forms(f) - n) for f, n in earlier.items() if mart in f.marts and self._space.holds(f)]
            changes = [change for change in known if change]
            little = sum(change < self.policy.threshold for change in changes)
            if known and not source.same(self._now, [mart]) and 2 * little >= len(changes):
                return True
        return False

    def _changed_little(self, table: Table, before: Mapping[Forms, int]) -> bool:
        """Return whether the base of a table is nearly what it was in an earlier release."""
        bases = [forms for place, forms in places(self.study, table).items() if set(place) <= {"", TOTAL, TOTAL_VALID}]
        return any(0 < abs(self._forms(forms) - before[forms]) < self.policy.threshold for forms in bases if forms in before)

    def _suppressed(self, variants: Mapping[int, Variant], draft: _Draft) -> Suppression | None:
        """Decide what to hide in the tables; None when some of them can't be protected and were withheld."""
        suppression = Suppression(
            self.study,
            self._space,
            self._cells,
            [variant.table for variant in variants.values()],
            self.policy,
            tables=self.tables.values(),
            known=self._known,
            kept={forms for number in variants if number in self._decided for forms in self._decided[number].hidden},
            primary=self._primary(variants),
            within=self._within(),
            room=draft.room,
        )
        lost = suppression.protect()
        for guard in lost:
            released = [number for number in guard.tables if number in variants and number not in draft.withheld]
            if released:
                draft.withheld[released[-1]] = "nothing that could be hidden protects a small count of it"
            elif not any(number in draft.withheld and number in variants for number in guard.tables):
                self._give_up(guard.tables[-1], variants, draft)
        if lost and any(number in draft.withheld for number in variants):
            return None
        suppression.show_again()
        return suppression

    def _primary(self, variants: Mapping[int, Variant]) -> list[tuple[int, Place]]:
        """List the counts to hide on their own account: small ones, those that differ little from an earlier release, and those
        that are hidden in a release of a part of these forms, or of more."""
        addresses = []
        for number, variant in variants.items():
            small = set(variant.small)
            for place, forms in places(self.study, variant.table).items():
                if forms in self._known or (not self._forms(forms) and self.policy.zeros == "shown"):
                    continue  # whoever sees a hidden count may suppose that it isn't none
                changes = [abs(self._forms(forms) - before[forms]) for before in self._before if forms in before]
                little = any(0 < change < self.policy.threshold for change in changes)
                if place in small or little or forms in self._beside:
                    addresses.append((number, place))
        return addresses

    def _within(self) -> dict[Forms, tuple[float, float]]:
        """Return the limits of numbers for anybody who assumes that forms were only added to an earlier delivery, or removed."""
        limits: dict[Forms, tuple[float, float]] = {}
        for before in self._before:
            now = {forms: self._forms(forms) for forms in before if self._space.holds(forms)}
            grown = all(value >= before[forms] for forms, value in now.items())
            shrunk = all(value <= before[forms] for forms, value in now.items())
            for forms, _value in now.items():
                least, most = limits.get(forms, (0.0, float("inf")))
                then = before[forms]
                limits[forms] = (max(least, then) if grown else least, min(most, then) if shrunk else most)
        return limits

    def _files(self, variants: Mapping[int, Variant], suppression: Suppression, draft: _Draft) -> dict[str, bytes]:
        hidden = _by_table(suppression)
        numbers: list[Record] = []
        for number, variant in variants.items():
            own, counts = figures(variant.table, self._counts[number]), self._counts[number]
            unsaid = not_said(variant.table, counts, self.policy) if variant.table.kind == "summary" else ()
            level = draft.precision.get(number, 0)
            numbers += records(variant, own, hidden.get(number, ()), self.policy, level, unsaid)
        withheld = [Withheld(self.tables[number], reason) for number, reason in sorted(draft.withheld.items())]
        return {
            FIGURES: as_csv(numbers),
            **({DANISH: as_danish_csv(numbers)} if "danish" in about(self.study).languages else {}),
            TABLES: description(self.delivery, variants.values(), withheld, self.tables, self.policy),
        }

    def _read(self, files: Mapping[str, bytes]) -> Source:
        """Read the release back from disk: nothing else reaches an attack."""
        with tempfile.TemporaryDirectory(prefix=".draft.", suffix=".tmp", dir=self._folder) as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            return Source(read_release(Path(folder)), self.forms)

    def _mend(self, exposed: Iterable[Exposed], variants: Mapping[int, Variant], draft: _Draft, *, last: bool) -> None:
        """Repair each leak: give the count more room, and if that doesn't help withhold the table."""
        for leak in exposed:
            key = tuple(Forms(*group) for group in leak.of)
            room = draft.room.get(key, 1) + 1
            if leak.own and leak.kind != "change" and room <= _MOST_ROOM and not last:
                draft.room[key] = room
            else:
                self._give_up(leak.table, variants, draft)

    def _give_up(self, number: int, variants: Mapping[int, Variant], draft: _Draft) -> None:
        """Withhold a table that leaks; if it isn't released, the one that shares most of its questions.

        What was decided before about the same forms is out already: withholding it would help nobody.
        """
        if number in variants and number in draft.withheld:
            return  # withheld already in this round
        marts, questions = self._about(number)
        left = [v.table for n, v in variants.items() if n not in draft.withheld and n not in self._decided]
        # A table that adds up two questionnaires ties the tables of one to those of the other.
        left = [other for other in left if marts & set(other.marts)] or left
        alike = max(
            left, key=lambda other: (other.number == number, len(questions & set(other.variables)), -other.number), default=None
        )
        if alike is not None:
            draft.withheld[alike.number] = f"with it, a hidden count of table {number} could be worked out"

    def _about(self, number: int) -> tuple[set[str], set[str]]:
        """Return the marts and questions of a table; one no longer in the catalogue comes from an earlier release."""
        if number in self.tables:
            return set(self.tables[number].marts), set(self.tables[number].variables)
        read = next(table for source in self.earlier for table in source.release.tables if table.number == number)
        return set(read.marts), {axis.question for axis in read.axes.values()}

    def _finished(
        self,
        files: dict[str, bytes],
        variants: Mapping[int, Variant],
        suppression: Suppression,
        draft: _Draft,
        result: Attack,
    ) -> Release:
        small = sum(
            self.policy.is_small(self._forms(forms)) and (place[0] != MISSING or self.policy.missing == "hidden")
            for number in variants
            for place, forms in places(self.study, self.tables[number]).items()
        )
        return Release(
            files,
            tuple(variants.values()),
            (*(Withheld(self.tables[number], reason) for number, reason in sorted(draft.withheld.items())), *self._kept_back),
            len(suppression.primary),
            len(suppression.hidden),
            {number: level for number, level in sorted(draft.precision.items()) if level and number in variants},
            tuple((number, row) for number, variant in variants.items() for row in variant.all_or_nothing),
            small,
            result,
        )


def _by_table(suppression: Suppression) -> dict[int, set[Place]]:
    """Return where each table hides counts."""
    hidden: dict[int, set[Place]] = {}
    for number, place in suppression.hidden:
        hidden.setdefault(number, set()).add(place)
    return hidden


def _levels(table: Table) -> int:
    """Return how many precisions there are for the statistics of a table."""
    return len(SUMMARIES if table.kind == "summary" else PRECISIONS)


def _precision(decided: Decided) -> int:
    """Return which of the precisions the statistics of an earlier release have."""
    decimals, numbers = decided.decimals, decided.table.row.numbers
    if numbers:
        own = {measure: n - numbers.decimals for measure, n in decimals.items() if measure != "n"}
        return next((level for level, more in enumerate(SUMMARIES) if own.items() <= more.items()), len(SUMMARIES) - 1)
    own = {measure: n for measure, n in decimals.items() if measure in PRECISIONS[0].measures}
    return next(
        level
        for level, precision in enumerate(PRECISIONS)
        if own.keys() <= set(precision.measures) and all(n == precision.decimals for n in own.values())
        if own or level == len(PRECISIONS) - 1
    )
