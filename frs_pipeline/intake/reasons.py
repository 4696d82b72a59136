"""Why a rule couldn't be applied to a form: by a short name, in Danish and English."""

from __future__ import annotations

from frs_pipeline.language import Text

# Not a fault of the delivery: its paper has no such question.
NOT_ASKED = "not_asked"
# Nor these: people leave questions blank.
LEFT_BLANK = ("no_role", "no_answers")
REASONS = {
    "time_missing": Text("der er intet tidspunkt", "there is no time"),
    "time_unreadable": Text("tidspunktet kan ikke læses", "the time can't be read"),
    "times_mixed": Text("kolonnens tidspunkter er skrevet på flere måder", "the times of the column are in several formats"),
    "times_ambiguous": Text(
        "dag og måned kan ikke skelnes i kolonnens tidspunkter",
        "day and month can't be told apart in the times of the column",
    ),
    "column_missing": Text("en kolonne med tidspunkter mangler", "a column of times is missing"),
    "column_blank": Text("en kolonne med tidspunkter er tom", "a column of times is blank"),
    "not_in_ledger": Text("nummeret står ikke i konteringen", "the accounting records don't have the conference"),
    "only_in_one": Text("nummeret står kun i det ene register", "only one of the registers has the conference"),
    "no_role": Text("rollen er ikke angivet", "the role wasn't given"),
    "no_answers": Text("skemaet er tomt", "the form is blank"),
    "no_text": Text("eksporten har ikke spørgsmålets tekst", "the export doesn't have the question's text"),
    NOT_ASKED: Text("papiret stiller ikke spørgsmålet", "the paper doesn't ask the question"),
}
