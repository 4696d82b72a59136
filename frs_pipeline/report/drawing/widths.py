"""How wide a text is, and where it breaks: from one table, since nobody can ask a browser while a page is being made.

The widths are those of Arial, which Helvetica and Liberation Sans share, in thousandths of the size of the letters.
"""

from __future__ import annotations

from collections.abc import Iterator

# By width, the characters that have it. Figures are all as wide as each other.
_WIDE = {
    191: "'",
    222: "ijl‘’",
    260: "|",
    278: " \u00a0!,./:;I[\\]ft",
    333: "()-`r“”·",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jckvxyzsç",
    549: "≤≥≠",
    556: "#$0123456789?L_abdeghnopquáàâãäåéèêëóòôõöúùûüñ–«»€",
    584: "+<=>~−×÷±",
    611: "FTZø",
    667: "&ABEKPSVXYÄÅÀÁÉÈÊ",
    722: "CDHNRUwÜÚÙ",
    778: "GOQØÖÓÒ",
    833: "Mm",
    889: "%æ",
    944: "W",
    1000: "—…→←Æ",
    1015: "@",
}
WIDTHS = {letter: width for width, letters in _WIDE.items() for letter in letters}
# Of a letter that the table doesn't know: wide enough for nearly all.
UNKNOWN = 778
# How much wider bold letters are; figures and what stands between them are as wide as otherwise.
BOLD = 1.07
NO_WIDER = frozenset("0123456789,.+<>=−–—%/ \u00a0→·")


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in letters of `size` units, in the same units."""
    widths = (WIDTHS.get(letter, UNKNOWN) * (BOLD if bold and letter not in NO_WIDER else 1.0) for letter in text)
    return sum(widths) * size / 1000


def wrapped(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """Break a text into lines no wider than `room` units; a word that is wider by itself is broken with a hyphen.

    A no-break space is no place to break, so that a number keeps its unit.
    """
    lines = [""]
    for word in text.split(" "):
        for part in _broken(word, room, size, bold):
            longer = f"{lines[-1]} {part}" if lines[-1] else part
            if not lines[-1] or text_width(longer, size, bold) <= room:
                lines[-1] = longer
            else:
                lines.append(part)
    return lines


def _broken(word: str, room: float, size: float, bold: bool) -> Iterator[str]:
    """Break a word that is wider than `room` into parts with hyphens; at least two letters each."""
    while text_width(word, size, bold) > room and len(word) > 3:
        at = next((n for n in range(len(word) - 2, 2, -1) if text_width(f"{word[:n]}-", size, bold) <= room), 2)
        yield f"{word[:at]}-"
        word = word[at:]
    yield word
