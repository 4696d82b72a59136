"""Make up what 200 visitors of a library answered, as the labelled SPSS file that this study's delivery holds.

Nobody was asked. Run it as `python studies/library_visitors/reconstruction/make_forms.py FILE.sav`: the same bytes each time.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

FORMS = 200
# Where a .sav says when it was made: date (9 bytes) and time of day (8).
_STAMP = 92

TEXTS = {
    "resp_id": "Number of the form",
    "reason": "What is the main reason for your visit today?",
    "often": "How often do you come to the library?",
    "overall": "How satisfied are you with the library overall?",
    "hours": "How satisfied are you with the opening hours?",
    "staff": "How helpful were the staff?",
    "again": "Would you recommend the library to a friend?",
    "age": "How old are you?",
    "km": "How far is it from your home to the library?",
    "minutes": "How long was your visit?",
    "used_1": "What did you use today? – Books",
    "used_2": "What did you use today? – Newspapers and magazines",
    "used_3": "What did you use today? – Computers",
    "used_4": "What did you use today? – A place to work",
    "used_5": "What did you use today? – An event",
    "improve": "What should we do better?",
}
_SATISFIED = {1: "Very satisfied", 2: "Satisfied", 3: "Neither", 4: "Dissatisfied", 5: "Very dissatisfied"}
_TICKED = {0: "Not ticked", 1: "Ticked"}
LABELS: dict[str, dict[Any, str]] = {
    "reason": {1: "Borrow or return", 2: "Study or work", 3: "Attend an event", 4: "Use a computer", 5: "Something else"},
    "often": {1: "Every day", 2: "Every week", 3: "Every month", 4: "Less often", 5: "First visit"},
    "overall": _SATISFIED,
    "hours": _SATISFIED,
    "staff": {1: "Very helpful", 2: "Helpful", 3: "Not very helpful", 4: "Not helpful at all", 9: "Didn't ask them"},
    "again": {1: "Yes", 2: "No"},
    **{f"used_{box}": _TICKED for box in range(1, 6)},
}
_WISHES = (
    "Longer opening hours",
    "More quiet rooms",
    "Open on Sundays",
    "More new books",
    "Better coffee",
    "Nothing, it is lovely",
)
# What was used more often, by the reason for the visit.
_USES = {1: (0.9, 0.2, 0.1, 0.1, 0.05), 2: (0.3, 0.1, 0.3, 0.9, 0.02), 3: (0.2, 0.1, 0.05, 0.05, 0.95)}
_LESS = (0.2, 0.4, 0.5, 0.2, 0.1)


def forms() -> pd.DataFrame:
    """Make the forms, a row each; a blank is None, or an empty text."""
    chance = random.Random(2025)  # noqa: S311 - nothing here is secret
    return pd.DataFrame([_form(chance, number) for number in range(1, FORMS + 1)])


def _form(chance: random.Random, number: int) -> dict[str, Any]:
    """Make one form: whoever is pleased tends to be pleased with everything."""
    reason = chance.choices((1, 2, 3, 4, 5), (45, 25, 12, 10, 8))[0]
    pleased = chance.gauss(1.9, 0.9)
    answers = {
        "reason": reason,
        "often": chance.choices((1, 2, 3, 4, 5), (8, 38, 30, 18, 6))[0],
        "overall": _near(chance, pleased, 5),
        "hours": _near(chance, pleased + 0.6, 5),
        "staff": 9 if chance.random() < 0.08 else _near(chance, pleased - 0.2, 4),
        "again": 1 if chance.random() < 1.1 - 0.15 * pleased else 2,
        "age": min(96, max(7, round(chance.gauss(44, 21)))),
        "km": round(min(60.0, chance.expovariate(0.3)), 1),
        "minutes": 5 * min(96, max(1, round(chance.gauss(24 if reason == 2 else 8, 4)))),
    }
    for name in answers:
        if chance.random() < 0.04:
            answers[name] = None
    used = {f"used_{box}": int(chance.random() < share) for box, share in enumerate(_USES.get(reason, _LESS), start=1)}
    wish = chance.choice(_WISHES) if chance.random() < 0.4 else ""
    return {"resp_id": number, **answers, **used, "improve": wish}


def _near(chance: random.Random, middle: float, most: int) -> int:
    return min(most, max(1, round(chance.gauss(middle, 0.7))))


def write(path: Path) -> None:
    """Write the forms as a labelled .sav that doesn't say when it was made."""
    frame = forms()
    numbers = [name for name in frame if name != "improve"]
    pyreadstat.write_sav(
        frame.astype(dict.fromkeys(numbers, float)),
        path,
        file_label="Made-up visitors of a library",
        row_compress=True,
        column_labels=TEXTS,
        variable_value_labels=LABELS,
        variable_format={name: "F8.1" if name == "km" else "F8.0" for name in numbers},
    )
    with path.open("r+b") as file:
        file.seek(_STAMP)
        file.write(b"31 May 2509:00:00")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
