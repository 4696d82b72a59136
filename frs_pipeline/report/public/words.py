"""What the public edition says of numbers that it doesn't show, and how it writes those that it does.

No sentence here says of a hidden number whether it is small: which of the two it is hidden for is nobody's business.
"""

from __future__ import annotations

from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.release.files import HIDDEN, LEFT_OUT, NOT_COMPUTABLE
from frs_pipeline.report.public.released import Number
from frs_pipeline.report.typography import NO_BREAK_SPACE, figure_text
from frs_pipeline.study.tables import Address, Table

# The pages that every edition has beside the first.
EXPLAINED = Text("Sådan skjules små antal", "How small counts are hidden")
ABOUT = Text("Om data og filer", "About data and files")
# What stands in the place of a number, and what is said of it aloud.
MARKS = {HIDDEN: Text("··", "··"), LEFT_OUT: Text("udel.", "omit."), NOT_COMPUTABLE: Text("–", "–")}
SPOKEN = {
    HIDDEN: Text("skjult", "hidden"),
    LEFT_OUT: Text("udeladt", "omitted"),
    NOT_COMPUTABLE: Text("kan ikke beregnes", "can't be computed"),
}
# Below a table, for the marks that it has.
WHY_HIDDEN = Text(
    "skjult, fordi et lille antal her eller i en anden tabel ellers kunne regnes ud. Procenter, der ville røbe det, er "
    "skjult med.",
    "hidden, because a small count here or in another table could otherwise be worked out. Percentages that would tell it are "
    "hidden with it.",
)
WHY_LEFT_OUT = Text(
    "udeladt: Procenter af ganske få skemaer vises ikke, og mål for sammenhæng vises ikke så nøjagtigt, at de røber noget "
    "skjult.",
    "omitted: percentages of very few forms aren't shown, nor measures of association so precisely that they tell what is "
    "hidden.",
)
WHY_NONE = Text("kan ikke beregnes.", "can't be computed.")
ZERO = Text("et rigtigt nul: Ingen gav det svar.", "a true zero: nobody gave that answer.")
WHY = {HIDDEN: WHY_HIDDEN, LEFT_OUT: WHY_LEFT_OUT, NOT_COMPUTABLE: WHY_NONE}
# Below a figure.
HATCHED = Text(
    "Skraveret i kryds: svar, hvis antal er skjult. Tilsammen er de resten op til 100\u00a0%.",
    "Cross-hatched: answers whose counts are hidden. Together they are the rest up to 100%.",
)
CELLS_HATCHED = Text(
    "Skraverede felter er skjult. De er lige store, hvad der end står i dem.",
    "Hatched cells are hidden. They are all of one size, whatever is in them.",
)
WORD_HIDDEN = Text("Svar, hvor der står »skjult«, har ingen bjælke.", "Answers marked “hidden” have no bar.")
FEW_FORMS = Text(
    "Rækker med ganske få skemaer har ingen procenter og derfor ingen bjælke.",
    "Rows of very few forms have no percentages, and so no bar.",
)
MERGED = Text(
    "Nogle svar er slået sammen til ét. Tallene i alt er uændrede.",
    "Some answers are merged into one. Totals are unchanged.",
)
DOTS = Text(
    "Fyldt mærke: p er under 0,05. Hult mærke: p er ikke under 0,05 eller vises ikke. Gamma er beregnet på svarene, som de blev "
    "givet. Den offentlige udgave har ingen usikkerhedsintervaller.",
    "Filled dot: p is under 0.05. Hollow: p isn't under 0.05, or isn't shown. Gamma is computed from the answers as they were "
    "given. The public edition has no intervals.",
)
ANSWERS = Text(
    "Personer kan have sat flere krydser, så andelene kan give mere end 100\u00a0%.",
    "People may have ticked several boxes, so that shares may give more than 100%.",
)
NOTES = (HATCHED, CELLS_HATCHED, WORD_HIDDEN, FEW_FORMS, MERGED, DOTS, ANSWERS, *WHY.values(), ZERO)


def number_of(number: Number, address: Address, table: Table) -> Text:
    """Write a number that is shown as a table has it, in both languages."""
    assert number.value is not None
    percent = address.measure.endswith("percent") and table.kind != "frequency"
    return Text(*(_written(number, address.measure, percent, language) for language in LANGUAGES))


def _written(number: Number, measure: str, percent: bool, language: Language) -> str:
    assert number.value is not None
    printed = format(number.value, "f").replace(".", ",")
    if measure == "p" and not number.value and number.decimals:
        # It rounds to nought, and is none.
        least = f"0,{'1'.zfill(number.decimals)}"
        return f"<{NO_BREAK_SPACE}{figure_text(least, language)}"
    return figure_text(f"{printed}%" if percent else printed, language)
