"""Forms of conferences whose answers go together as much as is asked for: data of which the truth is known.

Conferences are as large as those of the shipped study, with the same roles: 6.4 forms on average, and hardly ever more than 16.
What is drawn is drawn for many studies at once; cluster `k` of study `s` has the number `s * clusters + k`.

`ordered` cuts normal variables at the margins of ordered questions: a part `icc` of their variance belongs to the conference,
and they are correlated as asked for, between conferences as within them, so that the truth doesn't depend on `icc`. `nominal`
draws the shares of a conference from Dirichlet's distribution, so that `icc` is that of the answers themselves; `by_role` does
it for two answers whose shares differ between roles, with one effect of the conference on all of its roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# How many conferences of the shipped study (first conferences) have 0, 1, 2 … forms of a role; the last have said no role.
ROLES = {
    "barn": (71, 125, 1),
    "mor": (53, 144),
    "far": (75, 122),
    "familie": (0, 30, 58, 44, 26, 20, 9, 7, 1, 2),
    "netværk": (102, 64, 21, 9, 1),
    "": (104, 65, 20, 8),
}
NAMES = tuple(ROLES)
# A role of which about 24 of 30 conferences have one form.
NEARLY_ALL = {"one": (20, 80), "other": (20, 80), "familie": ROLES["familie"]}
# Margins of questions of the shipped study: conflict, how much the plan helped, whether they came closer.
CONFLICT = (0.04, 0.17, 0.38, 0.29, 0.12)
HELPED = (0.5, 0.37, 0.09, 0.03, 0.01)
CLOSER = (0.21, 0.44, 0.34, 0.01)


class Forms(NamedTuple):
    """The cluster and the role of each form, both (forms,), and how many clusters there are, with a form or without."""

    cluster: Ints
    role: Ints
    clusters: int


def forms(rng: np.random.Generator, studies: int, clusters: int, roles: dict[str, tuple[int, ...]] = ROLES) -> Forms:
    """Draw the forms of `studies` of so many conferences; each has at least one form."""
    drawn = []
    for often in roles.values():
        chances = np.array(often, dtype=float)
        drawn.append(rng.choice(len(often), size=studies * clusters, p=chances / chances.sum()))
    sizes = np.stack(drawn, axis=1)
    flat = np.repeat(np.arange(sizes.size), sizes.ravel())
    return Forms(flat // len(roles), flat % len(roles), studies * clusters)


def ordered(
    rng: np.random.Generator,
    of: Forms,
    margins: Sequence[Sequence[float]],
    correlations: Floats,
    icc: float,
    shifts: Floats | None = None,
    between: Floats | None = None,
) -> Ints:
    """Draw answers (forms, questions), from 0, to questions with these margins and `correlations` (questions, questions).

    Each role may have its own `correlations` (roles, questions, questions), which those of conferences are the mean of unless
    `between` (questions, questions) says them, with `correlations` those within; and `shifts` (roles, questions) of what is cut,
    in its standard deviations.
    """
    within = correlations
    if between is None:
        between = correlations if correlations.ndim == 2 else correlations.mean(axis=0)
        within = (correlations - icc * between) / (1 - icc)
    own = rng.standard_normal((len(of.cluster), len(margins)))
    if within.ndim == 2:
        own = own @ np.linalg.cholesky(within).T
    else:
        for role, root in enumerate(np.linalg.cholesky(within)):
            own[of.role == role] = own[of.role == role] @ root.T
    common = rng.standard_normal((of.clusters, len(margins))) @ np.linalg.cholesky(between).T
    latent = np.sqrt(icc) * common[of.cluster] + np.sqrt(1 - icc) * own
    if shifts is not None:
        latent += shifts[of.role]
    return np.stack([np.searchsorted(cuts(margin), values) for margin, values in zip(margins, latent.T, strict=True)], axis=1)


def shifted(margin: Sequence[float], shift: float) -> tuple[float, ...]:
    """Return the margin of a role whose variable is shifted."""
    return tuple(np.diff(special.ndtr(cuts(margin) - shift), prepend=0, append=1))


def pair(rho: float) -> Floats:
    """Return the correlations of two questions."""
    return np.array([[1, rho], [rho, 1]])


def cuts(margin: Sequence[float]) -> Floats:
    """Return where a normal variable is cut so that the parts have these shares (answers - 1,)."""
    return np.asarray(special.ndtri(np.cumsum(margin)[:-1]))


def nominal(rng: np.random.Generator, of: Forms, chances: Sequence[float], icc: float) -> Ints:
    """Draw answers (forms,), from 0, with these shares and intra-class correlation."""
    edges = np.cumsum(chances)
    if icc:
        strength = (1 - icc) / icc
        parts = rng.standard_gamma(np.array(chances) * strength, (of.clusters, len(chances)))
        # A share far below 1 may be 0 for all answers, for a double: then the commonest is all.
        parts[parts.sum(axis=1) == 0, int(np.argmax(chances))] = 1
        own = (parts / parts.sum(axis=1, keepdims=True)).cumsum(axis=1)[of.cluster]
    else:
        own = np.broadcast_to(edges, (len(of.cluster), len(edges)))
    return (rng.random((len(of.cluster), 1)) >= own[:, :-1]).sum(axis=1)


def by_role(rng: np.random.Generator, of: Forms, chances: Sequence[float], icc: float) -> NDArray[np.bool_]:
    """Draw whether each form has an answer (forms,), of which the share is that of its role in `chances`."""
    own = np.array(chances)[of.role]
    if icc:
        place, strength = rng.random(of.clusters), (1 - icc) / icc
        by_chance = {p: special.betaincinv(p * strength, (1 - p) * strength, place) for p in set(chances)}
        each = np.stack([by_chance[p] for p in chances], axis=1)
        own = each[of.cluster, of.role]
    return rng.random(len(of.cluster)) < own


def counted(of: Forms, studies: int, *answers: tuple[Ints, int], where: NDArray[np.bool_] | None = None) -> Ints:
    """Count forms (studies, clusters, answers …) by questions, each given as its answers and how many there can be."""
    flat = of.cluster
    for given, possible in answers:
        flat = flat * possible + given
    shape = [possible for _, possible in answers]
    counts = np.bincount(flat if where is None else flat[where], minlength=of.clusters * int(np.prod(shape)))
    return counts.reshape(studies, of.clusters // studies, *shape)


def gamma_of(rho: float, rows: Sequence[float], columns: Sequence[float]) -> float:
    """Compute gamma of two normal variables with the correlation `rho`, cut at these margins."""
    same, opposite = chances_of(cell_shares(rho, rows, columns))
    return (same - opposite) / (same + opposite)


def chances_of(shares: Floats) -> tuple[float, float]:
    """Compute how likely two forms point the same way, and opposite ways, from the shares of cells (rows, columns)."""
    same = 2 * sum(shares[i, j] * shares[i + 1 :, j + 1 :].sum() for i, j in np.ndindex(*shares.shape))
    opposite = 2 * sum(shares[i, j] * shares[i + 1 :, :j].sum() for i, j in np.ndindex(*shares.shape))
    return float(same), float(opposite)


def cell_shares(rho: float, rows: Sequence[float], columns: Sequence[float]) -> Floats:
    """Compute the shares (rows, columns) of two normal variables with the correlation `rho`, cut at these margins."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    edges = np.concatenate([[0], np.cumsum(rows)])
    shares = []
    for low, high in pairwise(edges):
        # By the share below x rather than by x: there are no tails to cut off.
        x = special.ndtri(np.clip(low + (high - low) * (nodes + 1) / 2, 1e-15, 1 - 1e-15))
        below = special.ndtr((cuts(columns)[:, np.newaxis] - rho * x) / np.sqrt(1 - rho * rho)) @ weights * (high - low) / 2
        shares.append(np.diff(below, prepend=0, append=high - low))
    return np.array(shares)


def rho_for(gamma: float, rows: Sequence[float], columns: Sequence[float]) -> float:
    """Find the correlation of two normal variables that have this gamma where they are cut at these margins."""
    return float(optimize.brentq(lambda rho: gamma_of(rho, rows, columns) - gamma, -0.999, 0.999, xtol=1e-12))
