"""From the forms that were delivered to those that a figure counts: which are taken away on the way, and why.

All of it comes from one grouped count of a mart and the quarantine, however many forms there are: no list of ids is
kept or made. A form that fails several conditions is taken away under the first; one that fails a single condition
was nearest to being counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from frs_pipeline.lineage.meaning import Meaning, Selection, question
from frs_pipeline.study import Study
from frs_pipeline.study.boxes import TICKED
from frs_pipeline.study.countable import countable
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.pairing import NONE_THERE, UNPAIRED
from frs_pipeline.study.questionnaires import Question
from frs_pipeline.study.tables import Codes, Table
from frs_pipeline.tables.bases import BLANK, LEFT_OUT, NOT_IN_USE, OTHER_OCCASION, OUTSIDE, counted_codes

# Why a form isn't counted. The names up to `NOT_ASKED` also stand in the bases of tables.
WITHDRAWN, SET_ASIDE, NOT_ASKED = "withdrawn", "set_aside", "not_asked"
# Of several deliveries together: a newer one has the form again, and it counts as that.
AGAIN = "again"
# Of conferences: the ledger has it, and nobody knows its pseudonym.
NOT_IN_CODEBOOK = "not_in_codebook"
OTHER_ANSWER, ANSWERED = "other_answer", "answered"
# The order in which forms are taken away; blank, not asked and not in use are one step, for a form can only be one of them.
_ORDER = {
    WITHDRAWN: -3,
    SET_ASIDE: -2,
    NOT_IN_CODEBOOK: -2,
    AGAIN: -1,
    OTHER_OCCASION: 0,
    OUTSIDE: 1,
    **dict.fromkeys(UNPAIRED.values(), 2),
    NOT_IN_USE: 3,
    NOT_ASKED: 3,
    BLANK: 3,
    LEFT_OUT: 4,
    OTHER_ANSWER: 5,
    ANSWERED: 5,
}


class Why(NamedTuple):
    """Why a form isn't counted: `about` is a rule or a question; empty for what is about neither."""

    kind: str
    about: str = ""


class Group(NamedTuple):
    """Forms of a mart, from one delivery, with the same occasion and the same answers to a table's questions."""

    mart: str
    occasion: str | None
    answers: tuple[Number | None, ...]
    forms: int
    delivery: str


@dataclass(frozen=True)
class Asked:
    """All forms of a table's marts, in groups that look the same to it.

    `questions` decide whether the table counts a form, each with the answers that it counts, in the order in which they
    are tried; `groups` have their answers in that order. `aside` are the forms that never came to the marts, by the rule
    that set them aside and by what they answer all the same, or the conferences that the codebook doesn't know; of those
    that were `withdrawn` nothing is known but their number, by mart. `_known` keeps waterfalls by what they end at: the
    count and the percentage of a cell share one.
    """

    table: Table
    questions: Mapping[str, Codes]
    groups: Sequence[Group]
    aside: Mapping[tuple[Why, Group], int]
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    _known: dict[Selection, Waterfall] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Waterfall:
    """Forms delivered, by mart; forms taken away, in order; and forms left. `near` failed one condition only.

    `number` is what the figure counts: the forms left, or ticks in them. `whole` is that number where the figure's denominator
    stands, None for a figure without one; `left_of` has what is left delivery by delivery.
    """

    delivered: Mapping[str, int]
    taken: tuple[tuple[Why, int], ...]
    left: int
    number: int
    whole: int | None
    near: tuple[tuple[Why, int], ...]
    left_of: Mapping[str, int] = field(default_factory=dict)

    @property
    def closes(self) -> bool:
        """Whether delivered less all that is taken away is what is left."""
        return sum(self.delivered.values()) - sum(n for _, n in self.taken) == self.left


def questions(study: Study, table: Table) -> dict[str, Codes]:
    """Return the questions that decide whether a table counts a form, with the answers that it counts, as they are tried."""
    counted = {**dict(table.where), **counted_codes(table)}
    return {name: counted.get(name, question(study, name, table.marts).possible) for name in table.asked}


def failing(study: Study, asked: Mapping[str, Codes], selection: Selection, group: Group) -> list[Why]:
    """List every condition of a selection that a group of forms fails, at most one per question."""
    failed = [] if selection.occasion in (BOTH, group.occasion) else [Why(OTHER_OCCASION)]
    codes = selection.codes
    for (name, counted), code in zip(asked.items(), group.answers, strict=True):
        wanted = codes.get(name)
        without = name == selection.without
        if wanted is None or (code in wanted) != without:
            continue
        if selection.pairing and name == selection.pairing.status:
            # Nobody knows with whom a form that was set aside would be paired.
            failed.append(Why(UNPAIRED.get(int(code or 0), NONE_THERE), name))
        elif name in selection.limits:
            failed.append(Why(OUTSIDE, name))
        elif without:
            failed.append(Why(ANSWERED, name))
        elif code is None:
            failed.append(Why(_blank(study, question(study, name, (group.mart,)), group), name))
        else:
            failed.append(Why(OTHER_ANSWER if code in counted else LEFT_OUT, name))
    return failed


def _blank(study: Study, asked: Question, group: Group) -> str:
    """Say why a group of forms has no answer to a question."""
    if not countable(study)[group.mart].asks(asked, group.delivery):
        return NOT_IN_USE
    return BLANK if asked.occasion in (BOTH, group.occasion) else NOT_ASKED


def waterfall(study: Study, asked: Asked, meaning: Meaning) -> Waterfall:
    """Take forms away from those delivered until only those are left that a figure counts."""
    own = _until(study, asked, meaning.counted)
    return own if meaning.of is None else replace(own, whole=_until(study, asked, meaning.of).number)


def _until(study: Study, asked: Asked, chosen: Selection) -> Waterfall:
    """Make the waterfall that ends at the forms of a selection."""
    if chosen not in asked._known:
        asked._known[chosen] = _fall(study, asked, chosen)
    return asked._known[chosen]


def _fall(study: Study, asked: Asked, chosen: Selection) -> Waterfall:
    places = {name: place for place, name in enumerate(asked.questions)}

    # Ordered to the last detail: engines give groups in whatever order they come to them.
    def order(why: Why) -> tuple[int, int, str, int]:
        return _ORDER[why.kind], places.get(why.about, 0), why.about, list(_ORDER).index(why.kind)

    taken: Counter[Why] = Counter()
    near: Counter[Why] = Counter()
    delivered: dict[str, int] = dict.fromkeys(asked.table.marts, 0)
    left: Counter[str] = Counter()
    ticks = 0
    for mart, forms in asked.withdrawn.items():
        if forms:
            taken[Why(WITHDRAWN)] += forms
            delivered[mart] += forms
    for (aside, group), forms in asked.aside.items():
        taken[aside] += forms
        delivered[group.mart] += forms
        if not failing(study, asked.questions, chosen, group):
            near[aside] += forms
    for group in asked.groups:
        delivered[group.mart] += group.forms
        why = failing(study, asked.questions, chosen, group)
        if not why:
            left[group.delivery] += group.forms
            ticks += group.forms * sum(group.answers[places[box]] in TICKED for box in chosen.ticks)
        else:
            taken[min(why, key=order)] += group.forms
        if len(why) == 1:
            near[why[0]] += group.forms
    return Waterfall(
        delivered,
        tuple((why, taken[why]) for why in sorted(taken, key=order)),
        sum(left.values()),
        ticks if chosen.ticks else sum(left.values()),
        None,
        tuple((why, near[why]) for why in sorted(near, key=order)),
        dict(sorted(left.items())),
    )
