"""What a study calls what may not be seen: columns of numbers of conferences, such numbers in texts, personal identifiers."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from frs_pipeline.intake.ledger import COLUMNS as LEDGER_COLUMNS
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about
from frs_pipeline.study.personal import DANISH_CPR, PersonalId

# Columns with such names have no place beyond the restricted zone.
_FORBIDDEN = rf"conference_number|{LEDGER_COLUMNS[0]}|r[åa]a?dslagningsn(umme)?r|personal_number|person(nummer|nr)|cpr.*"
# Each pattern begins with letters that are quick to search for.
_CALLED = ("dslagnings?[ _-]?(?:nummer|nr)", "conference[ _-]?number")


@dataclass(frozen=True)
class Words:
    """Patterns of a study's own words, beside those that are searched for whatever the study.

    `numbers` are the names of its columns of numbers of conferences, `nouns` what a conference itself is called.
    """

    numbers: tuple[str, ...] = ()
    nouns: Collection[str] = ()
    personal: PersonalId = DANISH_CPR
    columns: re.Pattern[str] = field(init=False)
    header: re.Pattern[str] = field(init=False)
    called: tuple[re.Pattern[str], ...] = field(init=False)

    def __post_init__(self) -> None:
        forbidden = "|".join((*map(re.escape, self.numbers), _FORBIDDEN))
        in_text = forbidden.replace(".*", "[a-z_]*")
        # "Course 17" is a course, where the number stands in a column `course`.
        names = (*_CALLED, *(re.escape(name) for name in self.numbers if name not in self.nouns))
        made = {
            "columns": re.compile(forbidden, re.IGNORECASE),
            "header": re.compile(rf"(?:^|[\n\r;,\t\"|>])(?:{in_text})(?=[\n\r;,\t\"|<]|$)", re.IGNORECASE),
            "called": tuple(re.compile(rf"{name}[^\w\n]{{1,6}}[0-9]{{1,9}}(?![0-9])") for name in names),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def calls_a_number(self, text: str) -> bool:
        """Return whether a number follows on a word that says that it is a conference's."""
        lower = text.lower()
        return any(pattern.search(lower) for pattern in self.called)


GENERAL = Words()


@derived
def words_of(study: Study) -> Words:
    """Return the words of a study."""
    facts = about(study)
    nouns = {word.lower() for text in (facts.conference.one, facts.conference.many) for word in (text.danish, text.english)}
    return Words(facts.forms.numbers, nouns, facts.personal_id)
