"""Exact limits of a share of few: what is still possible when so many of so many were found."""

from __future__ import annotations

from scipy import special


def upper_limit(found: int, of: int, confidence: float = 0.95) -> float:
    """Return the largest share under which so few, or fewer, would be `found` among `of` with a probability of 1 - confidence.

    One-sided, by Clopper and Pearson (1934): the quantile of a beta distribution with found + 1 and of - found. Where none is
    found it is 1 - (1 - confidence)^(1/of), about three over `of`. Of none, or where all are found, it is 1.

    Raises `ValueError` for numbers that can't be.
    """
    if not 0 <= found <= of or not 0 < confidence < 1:
        raise ValueError("found lies between 0 and of, confidence between 0 and 1")
    return 1.0 if found == of else float(special.betaincinv(found + 1, of - found, confidence))
