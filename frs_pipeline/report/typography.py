"""Numbers and names as the pages show them; one place, so that text, tables and figures agree."""

from __future__ import annotations

import re
import unicodedata

from frs_pipeline.language import Language, Text
from frs_pipeline.stats.printing import count_text, in_english, in_groups, spss
from frs_pipeline.study.tables import Address

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"

_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})
_OTHER = re.compile(r"[^a-z0-9]+")
_GROUPED = {"danish": ".", "english": ","}
# Numbers with a decimal mark or thousands, as the script of the pages finds them.
_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|\d*[.,]\d+)(?!\w|[.,]\d)")
_SWAPPED = str.maketrans(".,", ",.")
_PER_CENT = re.compile("(?<=[0-9])\u00a0?%")


def shown(printed: str, language: Language = "danish") -> str:
    """Set a printed figure as a language does, with a minus that isn't a hyphen; Danish has a space before a percent sign."""
    text = re.sub(r"^-", MINUS, printed)
    return text.replace("%", f"{NO_BREAK_SPACE}%") if language == "danish" else in_english(text)


def figure_text(printed: str, language: Language = "danish") -> str:
    """Set a printed figure of a table as `shown`, with its thousands apart as `number_text` has them."""
    return in_groups(shown(printed, language), _GROUPED[language])


def in_text(printed: str, measure: str, language: Language = "danish") -> str:
    """Set a printed figure as pages do: as `figure_text`, with the zero before the comma, and a p that is never nought."""
    text = with_zero(figure_text(printed, language))
    if measure == "p" and re.fullmatch(r"[0,.]+", text):
        return f"<{NO_BREAK_SPACE}{text[:-1]}1"
    return text


def with_zero(text: str) -> str:
    """Write `0,684` for the `,684` of a table: running text has the zero before the comma, or the point."""
    return re.sub(r"^(\u2212?)([,.])", r"\g<1>0\2", text)


def share_text(value: float | None, decimals: int = 1, language: Language = "danish") -> str:
    """Write a percentage: `46,9 %`, in English `46.9%`."""
    text = spss(value, decimals, leading_zero=True)
    return shown(text if value is None else f"{text}%", language)


def points_text(value: float | None, decimals: int = 1, language: Language = "danish") -> str:
    """Write a difference between percentages with its sign, for a fall isn't a rise: `12,3`, `−3,0`."""
    return shown(spss(value, decimals, leading_zero=True), language)


def limit_text(value: float, decimals: int, language: Language = "danish") -> str:
    """Write a limit of an interval, to as many decimals as its figure, with the zero before the comma and without a sign."""
    return shown(spss(value, decimals, leading_zero=True), language)


def p_text(value: float, language: Language = "danish") -> str:
    """Write a p value with what stands before it: `= 0,012`, or `< 0,001`, for it is never nought."""
    text = shown(spss(max(value, 0.001), 3, leading_zero=True), language)
    return f"<{NO_BREAK_SPACE}{text}" if value < 0.0005 else f"={NO_BREAK_SPACE}{text}"


def number_text(value: int, language: Language = "danish") -> str:
    """Write a count, with a full stop between thousands, in English a comma."""
    return (MINUS if value < 0 else "") + in_groups(count_text(abs(value)), _GROUPED[language])


def turned(text: str, into: Language) -> str:
    """Write the numbers of a text, which stand in the other language's way, as this language does."""
    swapped = _NUMBER.sub(lambda found: found[0].translate(_SWAPPED), text)
    return _PER_CENT.sub(f"{NO_BREAK_SPACE}%" if into == "danish" else "%", swapped)


def in_numbers(said: Text) -> bool:
    """Return whether both languages say the same but for how numbers are written: then a page says it once."""
    return re.sub(r"(?<=\d),(?=\d)", ".", said.danish).replace(f"{NO_BREAK_SPACE}%", "%") == said.english


def css_string(text: str) -> str:
    """Write a text as a string of a stylesheet, whatever stands in it."""
    return '"' + re.sub(r'[\\"<>&\n]', lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def anchor(address: Address) -> str:
    """Name a figure in links: `t4-ja_meget.valid_percent`. The name lasts as long as table and labels do."""
    labels = (_slug(label) for label in (address.row, address.column, address.group) if label)
    return f"t{address.table}-{'.'.join((*labels, address.measure))}"


def _slug(label: str) -> str:
    letters = label.casefold().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return _OTHER.sub("_", plain).strip("_")
