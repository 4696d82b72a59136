"""Tests of tables whose forms belong together: chi-squared with Cramér's V, and symmetry of answers given twice.

Chi-squared: Rao and Scott's second-order correction (1984, Ann. Stat. 12:46) with F as reference (Thomas & Rao 1990, JASA
82:630), computed as `svychisq(statistic = "F")` of R's survey does. Symmetry: the differences that Bowker (1948, JASA 43:572) and
Stuart (1955, Biometrika 42:412) and Maxwell (1970, Br. J. Psychiatry 116:651) test, added up within each cluster, which are then
squared. Where each form is a cluster of its own, these are their tests exactly.

`value` of a test is the statistic that programs print of the table, which knows no clusters; `t` is its robust counterpart, and
`p` belongs to that. None of the three has an interval, as a test statistic estimates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

from frs_pipeline.stats.clustered import LEVEL, Counts, Estimate, Floats, without

# A design effect smaller than that is none, but for what a double can't hold.
_NO_EFFECT = 1e-9


@dataclass(frozen=True)
class _Independence:
    """Pearson's statistic of a table with its robust counterpart `f`, on F with `df` and `df` * (`clusters` - 1)."""

    chi2: float
    clusters: int
    n: int
    rows: int
    columns: int
    f: float
    df: float
    effect: float  # what chi-squared is larger by than if forms were independent: mean of the generalised design effects

    @property
    def p(self) -> float:
        return float(special.fdtrc(self.df, self.df * (self.clusters - 1), self.f))

    @property
    def largest(self) -> float:
        """The chi-squared of a table of this shape in which one answer tells the other."""
        return float(self.n * (min(self.rows, self.columns) - 1))


def rao_scott(cells: Counts) -> Estimate:
    """Test that rows and columns are independent, from counts (clusters, rows, columns); empty rows and columns don't count.

    `value` is Pearson's chi-squared, `t` Rao and Scott's F with `df` and `df` * (clusters - 1) degrees of freedom.
    """
    found = _independence(cells)
    if isinstance(found, Estimate):
        return found
    return _tested(without("no_method", found.chi2, found.clusters, found.n), found)


def cramers_v(cells: Counts) -> Estimate:
    """Estimate Cramér's V from counts (clusters, rows, columns), with the test of `rao_scott`.

    Empty rows and columns don't count. The limits are those for which F would be as large, or as small, with a probability of
    2.5 %: its noncentrality, as a V. A table more even than chance would make it (F below 1) has the upper limit of one with
    F = 1.
    """
    found = _independence(cells)
    if isinstance(found, Estimate):
        share = None if found.value is None else _v(cells, found.value)
        return replace(found, value=share)
    value = float(np.sqrt(found.chi2 / found.largest))
    low, high = _limit(found, found.f, (1 + LEVEL) / 2), _limit(found, max(found.f, 1.0), (1 - LEVEL) / 2)
    made = without("no_method", value, found.clusters, found.n)
    return replace(_tested(made, found), low=min(low, value), high=max(high, value), method="noncentral", reason=None)


def _tested(made: Estimate, found: _Independence) -> Estimate:
    effective = min(float(found.n), found.n / found.effect)
    return replace(made, df=found.df, design_effect=found.effect, n_effective=effective, t=found.f, p=found.p)


def _limit(found: _Independence, f: float, probability: float) -> float:
    """Return the V of which F is at most `f` with a `probability`; 0 where it is so even without association."""
    dfs = found.df, found.df * (found.clusters - 1)
    # Noncentrality of the V of 1.
    largest = found.largest / found.effect * found.df / ((found.rows - 1) * (found.columns - 1))

    def beyond(noncentrality: float) -> float:
        # So far out that a double can't hold it, SciPy has no number.
        return float(np.nan_to_num(special.ncfdtr(*dfs, noncentrality, f))) - probability

    if beyond(0.0) <= 0:
        return 0.0
    if beyond(largest) >= 0:
        return 1.0
    return float(np.sqrt(optimize.brentq(beyond, 0.0, largest, xtol=1e-9 * largest) / largest))


def _present(cells: Counts) -> Floats:
    """Take out clusters without a form and answers that nobody gave."""
    there = cells[cells.any(axis=(1, 2))].astype(np.float64)
    return there[:, there.any(axis=(0, 2))][:, :, there.any(axis=(0, 1))]


def _v(cells: Counts, chi2: float) -> float:
    _, rows, columns = _present(cells).shape
    return float(np.sqrt(chi2 / (cells.sum() * (min(rows, columns) - 1))))


def _independence(cells: Counts) -> _Independence | Estimate:
    """Test independence; an estimate without a test, and why, where there is none."""
    there = _present(cells)
    clusters, rows, columns = there.shape
    totals = there.sum(axis=0)
    n = int(totals.sum())
    if min(rows, columns) < 2:
        return without("no_pairs" if n else "no_forms", None, clusters, n)
    expected = np.outer(totals.sum(axis=1), totals.sum(axis=0)) / n
    chi2 = float(((totals - expected) ** 2 / expected).sum())
    if clusters < 2:
        return without("one_cluster", chi2, clusters, n)
    if np.count_nonzero(totals) == max(rows, columns):
        return without("perfect", float(n * (min(rows, columns) - 1)), clusters, n)
    effects = _saturated(there)
    if effects is None:
        effects = _independent(there, expected / n)
    total = float(np.trace(effects))
    if total < _NO_EFFECT:
        return without("no_spread", chi2, clusters, n)
    df = total**2 / float((effects * effects.T).sum())
    return _Independence(chi2, clusters, n, rows, columns, chi2 / total, df, total / ((rows - 1) * (columns - 1)))


def _saturated(there: Floats) -> Floats | None:
    """Compute a matrix whose eigenvalues are the generalised design effects, from the shares of the cells, as R does.

    Cells without a form are left aside; None where too few have one.
    """
    clusters, rows, columns = there.shape
    flat = there.reshape(clusters, -1)
    n = float(flat.sum())
    shares = flat.sum(axis=0) / n
    influence = (flat - np.outer(flat.sum(axis=1), shares)) / n
    # Indicators of all but the first row and column, less what is of a row or a column alone.
    of_rows, of_columns = (np.eye(number)[:, 1:] - 1 / number for number in (rows, columns))
    contrasts = np.kron(of_rows, of_columns)
    inverse = np.divide(1.0, shares, out=np.zeros_like(shares), where=shares > 0)
    weighed = contrasts * inverse[:, np.newaxis]
    if np.linalg.matrix_rank(contrasts * np.sqrt(inverse)[:, np.newaxis]) < contrasts.shape[1]:
        return None
    by_cluster = _matmul(influence, weighed)
    robust = clusters / (clusters - 1) * _matmul(by_cluster.T, by_cluster)
    return _solved(_matmul(contrasts.T, weighed) / n, robust)


def _independent(there: Floats, expected: Floats) -> Floats:
    """Compute such a matrix from the shares (rows, columns) that independence makes of the margins, of which none is 0.

    It needs no form in any cell, and makes a test that says less.
    """
    clusters = len(there)
    totals = there.sum(axis=0)
    n = float(totals.sum())
    sizes = there.sum(axis=(1, 2), keepdims=True)
    rows, columns = totals.sum(axis=1, keepdims=True) / n, totals.sum(axis=0, keepdims=True) / n
    off_rows = there.sum(axis=2, keepdims=True) - rows * sizes
    off_columns = there.sum(axis=1, keepdims=True) - columns * sizes
    influence = (there - totals / n * sizes - off_rows * columns - rows * off_columns) / np.sqrt(n * expected)
    flat = influence.reshape(clusters, -1)
    return clusters / (clusters - 1) * _matmul(flat.T, flat)


def _matmul(one: Floats, other: Floats) -> Floats:
    """Multiply matrices. Not by `@`: its last digits depend on how many processors share the work."""
    made: Floats = np.einsum("ij,jk->ik", one, other)
    return made


def _solved(matrix: Floats, right: Floats) -> Floats:
    """Return x of `matrix` · x = `right`, of a positive definite matrix, by Gauss and Jordan: not by LAPACK, see `_matmul`."""
    both = np.hstack([matrix, right])
    for at in range(len(matrix)):
        both[at] /= both[at, at]
        rest = both[:, at].copy()
        rest[at] = 0
        both -= np.outer(rest, both[at])
    return both[:, len(matrix) :]


def bowker(cells: Counts) -> Estimate:
    """Test that as many changed from each answer to each other as back, from counts (clusters, before, after).

    Pairs of answers between which nobody changed don't count. `value` is Bowker's chi-squared, `t` the robust one on `df`.
    """
    there = _present_square(cells)
    upper = np.triu_indices(there.shape[1], 1)
    back = np.swapaxes(there, 1, 2)
    return _symmetry(there, (there - back)[:, *upper], np.diag((there + back).sum(axis=0)[upper]))


def stuart_maxwell(cells: Counts) -> Estimate:
    """Test that as many gave each answer after as before, from counts (clusters, before, after).

    `value` is Stuart and Maxwell's chi-squared, `t` the robust one on `df`.
    """
    there = _present_square(cells)
    changed = (there + np.swapaxes(there, 1, 2)).sum(axis=0)
    np.fill_diagonal(changed, 0)
    simple = np.diag(changed.sum(axis=1)) - changed
    return _symmetry(there, there.sum(axis=2) - there.sum(axis=1), simple)


def _present_square(cells: Counts) -> Floats:
    if cells.shape[1] != cells.shape[2]:
        raise ValueError("answers before and after have to be the same")
    return cells[cells.any(axis=(1, 2))].astype(np.float64)


def _symmetry(there: Floats, differences: Floats, simple: Floats) -> Estimate:
    """Test that the sums of `differences` (clusters, contrasts) are 0; `simple` is their variance if forms were independent.

    Variances are those under the hypothesis: sums of squares around 0, not around the mean. The reference is F, by way of
    Hotelling's T squared, as chi-squared rejects far too seldom where answers are many and clusters few. No p is smaller than
    that of all clusters which changed having changed the same way.
    """
    clusters, n = len(there), int(there.sum())
    if not n:
        return without("no_forms", None, clusters, n)
    if not simple.any():
        return without("no_spread", None, clusters, n)
    sums = differences.sum(axis=0)
    value, _ = _wald(sums, simple)
    if clusters < 2:
        return without("one_cluster", value, clusters, n)
    changed = int(differences.any(axis=1).sum())
    if not changed:
        # As many back as forth within every cluster.
        return without("no_spread", value, clusters, n)
    t, rank = _wald(sums, differences.T @ differences)
    if rank == clusters:
        return without("few_pairs", value, clusters, n)
    # Not above the number of clusters that changed, but for what a double can't hold.
    beyond = clusters - min(t, float(changed))
    p = float(special.fdtrc(rank, clusters - rank, t / rank * (clusters - rank) / beyond)) if beyond > 0 else 0.0
    return replace(without("no_method", value, clusters, n), df=float(rank), t=t, p=max(p, 2.0 ** (1 - changed)))


def _wald(sums: Floats, squares: Floats) -> tuple[float, int]:
    """Return the Wald statistic of `sums` with their variance, and its degrees of freedom: the rank of the variance."""
    solved, _, rank, _ = np.linalg.lstsq(squares, sums, rcond=1e-10)
    return float(sums @ solved), int(rank)
