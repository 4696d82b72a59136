"""Numbers as figures write them, in both languages."""

from __future__ import annotations

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.drawing.scene import NOTHING
from frs_pipeline.report.typography import NO_BREAK_SPACE, limit_text, number_text, p_text, points_text, share_text

# What stands where a number isn't shown, and what is said of it.
HIDDEN, HIDDEN_WORD = Text("··", "··"), Text("skjult", "hidden")


def share(value: float | None, decimals: int = 1) -> Text:
    """Write a percentage, of which 0 is one; a dash where there is none."""
    return NOTHING if value is None else Text(*(share_text(value, decimals, language) for language in LANGUAGES))


def count(value: int | None) -> Text:
    """Write a number of forms; a dash where nobody knows it."""
    return NOTHING if value is None else Text(*(number_text(value, language) for language in LANGUAGES))


def decimal(value: float | None, decimals: int) -> Text:
    """Write a number with its decimals and the zero before the comma; a dash where there is none."""
    return NOTHING if value is None else Text(*(limit_text(value, decimals, language) for language in LANGUAGES))


def points(value: float | None) -> Text:
    """Write a difference in percentage points, with its sign whichever it is."""
    if value is None:
        return NOTHING
    plus = "+" if round(value, 1) > 0 else ""
    return Text(*(f"{plus}{points_text(value, language=language)}" for language in LANGUAGES))


def between(low: float | None, high: float | None, decimals: int) -> Text:
    """Write the limits of an interval: `0,64; 0,73`, in English `0.64, 0.73`; a dash where there is none."""
    if low is None or high is None:
        return NOTHING
    lower, upper = decimal(low, decimals), decimal(high, decimals)
    return Text(f"{lower.danish}; {upper.danish}", f"{lower.english}, {upper.english}")


def certainty(p: float | None, decimals: int = 3) -> Text:
    """Write a p as in a column headed `p`: `0,012`, `<0,001`; a dash where there is none.

    `decimals` are those that are known of it, where that is fewer than three: `0,01`, `<0,01`.
    """
    if p is None:
        return NOTHING
    if decimals < 3:
        least = decimal(10.0**-decimals, decimals)
        return decimal(p, decimals) if p >= 0.5 * 10.0**-decimals else Text(f"<{least.danish}", f"<{least.english}")
    texts = (p_text(p, language) for language in LANGUAGES)
    return Text(*(text.removeprefix(f"={NO_BREAK_SPACE}").replace(NO_BREAK_SPACE, "") for text in texts))


def joined(texts: list[Text], by: str = ", ", last: Text | None = None) -> Text:
    """Join texts in each language; `last` stands before the last one instead of `by`, as ` og `."""
    made = []
    for language in LANGUAGES:
        words = [text.in_language(language) for text in texts]
        end = by if last is None else last.in_language(language)
        made.append(end.join([by.join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words))
    return Text(*made)
