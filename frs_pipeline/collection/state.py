"""The state of a collection: which conferences were held, by the ledger, and which forms of them came in.

Counts alone, by questionnaire, occasion and quarter; which conference lacks what is for `missing`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from frs_pipeline.collection.interim import Came, Interim, require_ledger
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import BOTH, in_use, instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables.nonresponse import kinds

# The counts of a state, in the restricted folder of its day.
STATE_FILE = "state.json"
# A row per questionnaire, occasion at which it is filled in, and quarter of the conference by the ledger. `due` is the number of
# forms that should be there, null where nobody knows how many people were; `without` are conferences without any form of it.
STATE = pa.schema(
    [
        pa.field("instrument", pa.string(), nullable=False),
        pa.field("occasion", pa.string(), nullable=False),
        pa.field("quarter", pa.string(), nullable=False),
        pa.field("held", pa.int32(), nullable=False),
        pa.field("due", pa.int32()),
        pa.field("forms", pa.int32(), nullable=False),
        pa.field("without", pa.int32(), nullable=False),
        pa.field("surplus", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Held:
    """A conference that was held by the day of export: `forms` by questionnaire, accepted ones.

    `lacks` are those who fill in forms and of whom none came in, by the names of study.yaml.
    """

    number: int
    day: dt.date
    occasion: str
    forms: Mapping[str, int]
    lacks: tuple[str, ...]

    @property
    def quarter(self) -> str:
        return f"{self.day.year} Q{(self.day.month + 2) // 3}"


@dataclass(frozen=True)
class State:
    """The state on the day of export. `held` are conferences by number, `came` what came in by questionnaire.

    `planned` conferences stand in the ledger with a later day; `early` are accepted forms of these, and `strange` those whose
    number the ledger doesn't have at all.
    """

    interim: Interim
    held: tuple[Held, ...]
    came: Mapping[str, Came]
    planned: int
    early: int
    strange: int

    @property
    def study(self) -> Study:
        return self.interim.study

    @property
    def aside(self) -> dict[str, int]:
        """How many forms were set aside, by questionnaire."""
        return {name: len(came.aside) for name, came in self.came.items()}

    @property
    def unfit(self) -> int:
        """How many corrections of another delivery weren't applied, since the export no longer says what they correct."""
        return sum(came.unfit for came in self.came.values())


def state_of(interim: Interim) -> State:
    """Count what came in. Raises `UsageError` for a study without ledger or numbers, else as `Interim.came` does."""
    require_ledger(interim.study)
    came = {name: interim.came(name) for name in instruments(interim.study)}
    ledger = interim.ledger.select(["conference_number", "date", "occasion"]).to_pylist()
    counts = {name: Counter(one.accepted["conference_number"].to_pylist()) for name, one in came.items()}
    held, later = [], set()
    for entry in ledger:
        number, day, occasion = entry.values()
        if day > interim.day:
            later.add(number)
            continue
        forms = {name: counts[name][number] for name in came}
        held.append(Held(number, day, occasion, forms, lacking(interim.study, occasion, interim.name, forms)))
    known = {entry["conference_number"] for entry in ledger}
    every = sum(counts.values(), Counter())
    early = sum(forms for number, forms in every.items() if number in later)
    strange = sum(forms for number, forms in every.items() if number not in known)
    return State(interim, tuple(held), came, len(later), early, strange)


def lacking(study: Study, occasion: str, day: str, forms: Mapping[str, int]) -> tuple[str, ...]:
    """Return who has a form to fill in at conferences of an occasion and of whom there is none."""
    who = []
    for kind, names in kinds(study).items():
        due = [name for name in names if filled_in(study, name, occasion, day)]
        if due and not any(forms[name] for name in due):
            who.append(kind)
    return tuple(who)


def filled_in(study: Study, instrument: str, occasion: str, day: str) -> bool:
    """Tell whether a questionnaire is filled in at conferences of an occasion, and in use on a day."""
    return in_use(study, instrument, day) and questionnaires(study)[instrument].occasion in (BOTH, occasion)


@derived
def one_each(study: Study) -> frozenset[str]:
    """Return the questionnaires of which each conference has one form.

    Where a questionnaire doesn't say it, those have several that ask who of several fills them in, and those whose people nobody
    can count, by `lacking` of study.yaml.
    """
    uncounted = {name for name, one in about(study).lacking.items() if one.unknown is not None}
    return frozenset(
        name for name, q in questionnaires(study).items() if q.one_each and (q.per_conference or q.filled_in_by not in uncounted)
    )


def count_forms(state: State) -> pa.Table:
    """Count a state by questionnaire, occasion and quarter (`STATE`), in the order of the study and of time."""
    study, day = state.study, state.interim.name
    rows = []
    for name in instruments(study):
        one = name in one_each(study)
        for occasion in occasions(study):
            here = [conference for conference in state.held if conference.occasion == occasion]
            if not filled_in(study, name, occasion, day):
                continue
            for quarter in sorted({conference.quarter for conference in here}):
                forms = [conference.forms[name] for conference in here if conference.quarter == quarter]
                rows.append(
                    {
                        "instrument": name,
                        "occasion": occasion,
                        "quarter": quarter,
                        "held": len(forms),
                        "due": len(forms) if one else None,
                        "forms": sum(forms),
                        "without": forms.count(0),
                        "surplus": sum(max(number - 1, 0) for number in forms) if one else None,
                    }
                )
    return pa.Table.from_pylist(rows, schema=STATE)


def in_all(rows: Iterable[Mapping[str, object]]) -> dict[str, int | None]:
    """Add up rows of `STATE`; what one of them doesn't know isn't known of all."""
    listed = list(rows)
    sums: dict[str, int | None] = {}
    for name in ("held", "due", "forms", "without", "surplus"):
        values = [row[name] for row in listed]
        sums[name] = None if None in values else sum(int(str(value)) for value in values)
    return sums


def without(state: State) -> dict[str, int]:
    """Count the conferences without any form of somebody, as `lacking` of study.yaml names them: of one, or of any of several."""
    lacks = [set(conference.lacks) for conference in state.held]
    named = {name: {name, *one.either} - ({name} if one.either else set()) for name, one in about(state.study).lacking.items()}
    for kind in kinds(state.study):
        named.setdefault(kind, {kind})
    return {name: sum(bool(who & each) for each in lacks) for name, who in named.items()}


def as_json(state: State) -> dict[str, object]:
    """Return the counts of a state for programs: no number of a conference, no id of a form."""
    return {
        "day": state.interim.name,
        "held": len(state.held),
        "planned": state.planned,
        "counts": count_forms(state).to_pylist(),
        "without": without(state),
        "set_aside": state.aside,
        "empty": [name for name, came in state.came.items() if came.empty],
        "early": state.early,
        "unknown_numbers": state.strange,
        "last_seen": {name: str(day) for name, day in state.interim.seen.items()},
        "amendments_of": state.interim.borrowed,
        "corrections_unfit": state.unfit,
    }
