"""What headings and rows of printed tables are called: counts, percentages, totals, missing, correlations."""

from __future__ import annotations

import re
import unicodedata

from frs_pipeline.stats.margins import names_totals
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID

# Percentages that don't say what they are of, and those of which somebody's question is said: % within Gender.
PERCENT, WITHIN = "percent", "within"
OF_CORRELATION = ("gamma", "ase", "t", "p", "n")
_NAMES = {
    "count": "count; counts; n; antal; frequency; frequencies; freq; frekvens; hyppighed; number; "
    "observations; obs; cases; anzahl; häufigkeit; besvarelser; svar",
    PERCENT: "%; pct; percent; per cent; percentage; procent; prozent; percentages; procentandel; andel",
    "row_percent": "row %; row pct; row percent; row per cent; row percentage; % of row; % of the row; % within row; "
    "% af rækken; % af række; rækkeprocent; række %; rækkepct; vandret procent",
    "column_percent": "col %; col pct; column %; column pct; column percent; column per cent; column percentage; % of "
    "column; % of the column; % within column; % af kolonnen; % af kolonne; kolonneprocent; kolonne "
    "%; søjleprocent; lodret procent",
    "total_percent": "total %; tot pct; total pct; total percent; % of total; % of all; % of the total; table %; cell "
    "%; % af alle; % af total; % af i alt; totalprocent",
    "valid_percent": "valid percent; valid %; valid per cent; % valid; % of valid; gyldig procent; gyldige procent; % "
    "af gyldige; procent af gyldige; procent af besvarede; % af besvarede",
    "cumulative_percent": "cumulative percent; cumulative per cent; cum percent; cum %; cumulative %; cum pct; kumuleret "
    "procent; kumulativ procent; kumuleret %; kumuleret pct",
    "gamma": "gamma; γ; goodman kruskal gamma; goodman and kruskal s gamma; ordinal by ordinal gamma; zero order gamma",
    "ase": "ase; asymp std error; asymp std errora; asymptotic standard error; asymptotic standard errora; "
    "asymptotic standardized error; asymptotic standardized errora; standard error; std error; "
    "standardfejl; asymptotisk standardfejl",
    "t": "t; approx t; approx tb; approximate t; approximate tb; t værdi; t value",
    "p": "p; approx sig; approximate significance; sig; p value; p værdi; significance; signifikans; signifikanssandsynlighed",
    "n": "n of valid cases; n of cases; number of valid cases; antal gyldige",
    "partial_gamma": "first order partial; partial gamma; partiel gamma",
}
# What tables print beside counts and percentages, and nothing here audits; SPSS puts the letter of a footnote behind some.
_NOT_AUDITED = re.compile(
    r"(?:(?:mean|means|median|gennemsnit|gns)(?: .*)?|sd|std (?:dev|deviation|afv|error mean)|standard deviation|"
    r"standardafvigelse|expected count|expected frequency|forventet antal|forventede antal|"
    r"(?:std |standardized |adjusted |justeret )?residual|"
    r"(?:pearson )?chi square|likelihood ratio|linear by linear association|fisher s exact test|continuity correction|"
    r"kendall s tau [bc]|spearman correlation|pearson s r|somers d|cramer s v|contingency coefficient)[a-d]?"
)
_BY_NAME = {name: measure for measure, names in _NAMES.items() for name in names.split("; ")}
_VALID = ("valid", "gyldig", "gyldige", "besvaret", "besvarede")
_MISSING = frozenset(
    str.split(
        "missing; missing system; system missing; system; missing values; missing total; total missing; ubesvaret; "
        "ubesvarede; uoplyst; uoplyste; manglende; manglende svar; mangler; ikke besvaret; blank; blanke; not answered; "
        "unanswered; no answer given",
        "; ",
    )
)
# A label with its measure behind or before it: "Yes (%)", "Yes n", "% Yes".
_BEHIND = re.compile(r"(?P<label>.*\S)[\s,:;(/-]+(?P<measure>%|n|N|pct\.?|antal|count|percent|procent)\)?", re.IGNORECASE)


def plain_words(text: str) -> str:
    """Return a heading as names are compared: in lower case, with nothing but words and per cent signs."""
    return " ".join(re.findall(r"[^\W_]+|%", unicodedata.normalize("NFKC", text).casefold()))


def measure_of(text: str) -> str | None:
    """Return the measure that a heading names, `WITHIN` for one within somebody's question; None for any other heading."""
    words = plain_words(text)
    known = _BY_NAME.get(words)
    if known is None and re.match(r"% (?:within|inden for|indenfor|in|i|af|of) ", words):
        return WITHIN
    return known


def not_audited(text: str) -> bool:
    """Return whether a heading or label names what is neither a count nor a percentage nor a gamma: means, expected counts."""
    return _NOT_AUDITED.fullmatch(plain_words(text)) is not None


def label_and_measure(text: str) -> tuple[str, str] | None:
    """Return the label and the measure that one heading holds, such as "Yes (%)"; None where it holds only one of them."""
    match = _BEHIND.fullmatch(text)
    if match is None or names_totals(text):
        return None
    measure = measure_of(match["measure"])
    return None if measure is None else (match["label"], measure)


def is_total(label: str) -> bool:
    """Return whether a label is what totals are called."""
    return names_totals(label)


def is_valid(label: str) -> bool:
    """Return whether a label is what those that answered are called, or their total."""
    words = plain_words(label)
    return words in _VALID or (any(one in words.split() for one in _VALID) and any(map(names_totals, _without_valid(words))))


def is_missing(label: str) -> bool:
    """Return whether a label is what those without an answer are called."""
    return plain_words(label) in _MISSING


def reserved(label: str, known: frozenset[str] | set[str] = frozenset()) -> str:
    """Return the name by which the audit knows a total, whatever it is called; another label as it is.

    `known` are labels of the same axis: where one is the name itself, any other label is an answer.
    """
    if label in (TOTAL, TOTAL_VALID, MISSING) or TOTAL in known:
        return label
    return TOTAL if names_totals(label) else label


def _without_valid(words: str) -> tuple[str, ...]:
    return (" ".join(word for word in words.split() if word not in _VALID),)
