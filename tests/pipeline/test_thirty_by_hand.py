"""Thirty figures of the shipped delivery with their intervals, from the lines of its exports, by code that shares nothing.

The exports have the numbers of conferences, not whose they are: which conferences are one child's is read from the codebook,
with the demonstration's key. Which lines were set aside is read from the quarantine. All else is the csv module, and formulas
in another form than the project's: influence by complex steps, limits as roots of a quadratic, mean squares form by form.
"""

import csv
import io
import math
from collections import defaultdict

import pytest
from scipy import stats
from support.once import once
from support.shipped import DELIVERY, RAW, copy_of_shipped
from support.study import STUDY

from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings

PREFIXES = {"participant_first": "DF", "participant_followup": "DO", "initiator": "IN"}
ROLES = {"barn": 1, "mor": 2, "far": 3, "familie": 4, "netværk": 5}
FIVE = (1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    settings = Settings(STUDY, once(tmp_path_factory, "shipped", lambda folder: refresh(copy_of_shipped(folder))))
    return Store(settings, DELIVERY)


@pytest.fixture(scope="module")
def forms(store):
    """The accepted forms of each export: answers by column, the child, and the occasion."""
    book = {
        int(row["conference_number"]): (row["case_id"], row["occasion"])
        for row in csv.DictReader(io.StringIO(open_plain(RAW / CODEBOOK, PUBLISHED / DEMO_KEY)))
    }
    aside = set(read(store.file("quarantine"))["form_id"].to_pylist())
    made = {}
    for name, prefix in PREFIXES.items():
        with (RAW / name / "dataset.csv").open(encoding="cp1252", newline="") as file:
            rows = [row for row in csv.DictReader(file, delimiter=";") if f"{prefix}-{row['responde']}" not in aside]
        made[name] = [
            {"child": book[int(row["raadsnr"])][0], "occasion": book[int(row["raadsnr"])][1]}
            | {column: int(text) if text.isdecimal() else None for column, text in row.items()}
            for row in rows
        ]
    return made


@pytest.fixture(scope="module")
def intervals(store):
    keys = ("table", "row", "column", "group", "measure", "other_group")
    return {tuple(row[key] for key in keys): row for row in read(store.file("statistics", "intervals")).to_pylist()}


# --- formulas ---------------------------------------------------------------------------------------------


def by_child(listed):
    """Numbers by child, added up: `listed` are (child, key)."""
    clusters = defaultdict(lambda: defaultdict(int))
    for child, key in listed:
        clusters[child][key] += 1
    return clusters


def added(clusters):
    total = defaultdict(int)
    for own in clusters.values():
        for key, number in own.items():
            total[key] += number
    return total


def influence(clusters, estimate):
    """What each child adds to an estimate of the totals: its derivative by the child's weight, by a complex step."""
    total, step = added(clusters), 1e-30
    return {
        child: estimate({key: number + 1j * step * own.get(key, 0) for key, number in total.items()}).imag / step
        for child, own in clusters.items()
    }


def variance(z):
    return len(z) / (len(z) - 1) * sum(each * each for each in z.values())


def t_of(clusters):
    return stats.t.ppf(0.975, len(clusters) - 1)


def alike(clusters, answers):
    """The pooled design effect of a question: analysis of variance of each answer, form by form."""
    n, k = sum(map(sum, (own.values() for own in clusters.values()))), len(clusters)
    sizes = {child: sum(own.values()) for child, own in clusters.items()}
    if n == k:
        return 1.0
    between = within = 0.0
    for answer in answers:
        mean = sum(own[answer] for own in clusters.values()) / n
        for child, own in clusters.items():
            here = own[answer] / sizes[child]
            between += sizes[child] * (here - mean) ** 2 / (k - 1)
            within += (own[answer] * (1 - here) ** 2 + (sizes[child] - own[answer]) * here**2) / (n - k)
    squared = sum(size * size for size in sizes.values()) / n
    rho = (between - within) / (between + ((n - squared) / (k - 1) - 1) * within)
    return max(1.0, 1 + (squared - 1) * rho)


class Share:
    """The share of some answers among all that were given, with Wilson's interval."""

    def __init__(self, listed, hits, answers):
        self.clusters = by_child(listed)
        n = len(listed)
        self.value = sum(key in hits for _, key in listed) / n
        self.z = influence(self.clusters, lambda total: sum(total.get(a, 0) for a in hits) / sum(total.values()))
        spread = variance(self.z)
        self.error = math.sqrt(spread)
        p = self.value
        worth = min(n, n / alike(self.clusters, answers), p * (1 - p) / spread if spread > 1e-25 and 0 < p < 1 else n)
        # The numbers x with (p - x)^2 = t^2 x (1 - x) / worth.
        c = t_of(self.clusters) ** 2 / worth
        root = math.sqrt(max(0.0, (2 * p + c) ** 2 - 4 * (1 + c) * p * p))
        self.low, self.high = (2 * p + c - root) / (2 + 2 * c), (2 * p + c + root) / (2 + 2 * c)


def gamma_of(total):
    """Gamma of counts by (stratum, x, y): pairs that agree less those that don't, of both together."""
    same = opposite = 0
    for (s, x, y), number in total.items():
        for (r, u, v), other in total.items():
            if s == r and u > x and v != y:
                if v > y:
                    same += number * other
                else:
                    opposite += number * other
    return (same - opposite) / (same + opposite)


class Gamma:
    """Gamma, within strata where there are some, with its interval on Fisher's scale."""

    def __init__(self, listed):
        self.clusters = by_child(listed)
        total, k = added(self.clusters), len(self.clusters)
        self.value = gamma_of(total)
        self.z = influence(self.clusters, gamma_of)
        self.error = math.sqrt(variance(self.z))
        if k < 30 or len(listed) < 100:
            without = [gamma_of({key: n - own.get(key, 0) for key, n in total.items()}) for own in self.clusters.values()]
            mean = sum(without) / k
            self.error = math.sqrt((k - 1) / k * sum((each - mean) ** 2 for each in without))
        reach = t_of(self.clusters) * self.error / (1 - self.value**2)
        middle = 0.5 * math.log((1 + self.value) / (1 - self.value))
        self.low, self.high = ((math.exp(2 * x) - 1) / (math.exp(2 * x) + 1) for x in (middle - reach, middle + reach))


class Difference:
    """One estimate less another, over the children of both (MOVER)."""

    def __init__(self, one, other):
        self.clusters = {**one.clusters, **other.clusters}
        z, w = ([side.z.get(child, 0.0) for child in self.clusters] for side in (one, other))
        self.value = one.value - other.value
        r = sum(a * b for a, b in zip(z, w, strict=True)) / math.sqrt(sum(a * a for a in z) * sum(b * b for b in w))
        self.error = math.sqrt(variance(dict(enumerate(a - b for a, b in zip(z, w, strict=True)))))
        if isinstance(one, Gamma):
            self.error = math.sqrt(one.error**2 + other.error**2 - 2 * r * one.error * other.error)
        a, b = one.value - one.low, other.high - other.value
        c, d = one.high - one.value, other.value - other.low
        self.low = self.value - math.sqrt(a * a + b * b - 2 * r * a * b)
        self.high = self.value + math.sqrt(c * c + d * d - 2 * r * c * d)


# --- the figures ------------------------------------------------------------------------------------------


def frequency(forms, mart, column, codes, hits, *, of_all=False):
    """Answers of one question; with `of_all`, what isn't an answer counts, too."""
    listed = [(f["child"], f[column] if f[column] in codes else "none") for f in forms[mart]]
    if of_all:
        return Share(listed, hits, [*codes, "none"])
    return Share([(child, key) for child, key in listed if key != "none"], hits, codes)


def answered(forms, mart, column, *, hits):
    """Whether a question was answered, of all forms."""
    return Share([(f["child"], f[column] in (1, 2, 3, 4, 5, 6)) for f in forms[mart]], hits, [True, False])


def row(forms, mart, column, role, hit):
    """An answer among those of a role, or of all roles (0)."""
    own = [f for f in forms[mart] if f[column] in FIVE and (f["hvem"] == role if role else f["hvem"] in FIVE)]
    return Share([(f["child"], f[column]) for f in own], [hit], FIVE)


def both_occasions(forms, hit):
    listed = [
        (f["child"], f[column])
        for mart, column in (("participant_first", "helefrs"), ("participant_followup", "heleopf"))
        for f in forms[mart]
        if f["hvem"] is not None and f[column] in FIVE
    ]
    return Share(listed, [hit], FIVE)


def crossed(forms, x, y, hit, *, by=None):
    """A cell of a crosstab among all forms of it; `by` makes of a pair of answers what is counted."""
    listed = [(f["child"], (f[x], f[y])) for f in forms["participant_followup"] if f[x] in FIVE and f[y] in FIVE]
    if by is None:
        return Share(listed, [hit], [(i, j) for i in FIVE for j in FIVE])
    return Share([(child, pair[by]) for child, pair in listed], [hit], FIVE)


def collapsed(forms, hit):
    step = {1: 0, 2: 0, 3: 1, 4: 2, 5: 2}
    own = [f for f in forms["initiator"] if f["occasion"] == "followup" and f["trivsel"] in FIVE and f["offindsa"] in FIVE]
    listed = [(f["child"], (step[f["trivsel"]], step[f["offindsa"]])) for f in own]
    return Share(listed, [hit], [(i, j) for i in range(3) for j in range(3)])


def gamma(forms, mart, x, y, keep=lambda form: True, turn=1, stratum=lambda form: 0):
    own = [f for f in forms[mart] if f[x] in FIVE and f[y] in FIVE and keep(f)]
    return Gamma([(f["child"], (stratum(f), turn * f[x], f[y])) for f in own])


def by_role(forms, role):
    """Table 49: what could be suggested and whether the child was heard."""
    keep = (lambda f: f["hvem"] == role) if role else (lambda f: f["hvem"] in FIVE)
    return gamma(forms, "participant_first", "loesning", "barnhrt", keep)


def table_64(forms, role):
    return gamma(forms, "participant_followup", "konflikt", "taettere", lambda f: f["hvem"] == role)


SIX = (1, 2, 3, 4, 5, 6)
P, S, R, T = "percent", "valid_percent", "row_percent", "total_percent"
THIRTY = {
    (4, "Ja, meget", None, None, P, None): lambda f: frequency(f, "participant_first", "tilfplan", SIX, [1], of_all=True),
    (4, "i nogen grad", None, None, S, None): lambda f: frequency(f, "participant_first", "tilfplan", SIX, [2]),
    (4, "i midten", None, None, "cumulative_percent", None): lambda f: frequency(
        f, "participant_first", "tilfplan", SIX, [1, 2, 3]
    ),
    (4, "slet ikke", None, None, S, None): lambda f: frequency(f, "participant_first", "tilfplan", SIX, [5]),
    (4, "Total valid", None, None, P, None): lambda f: answered(f, "participant_first", "tilfplan", hits=[True]),
    (4, "Missing", None, None, P, None): lambda f: answered(f, "participant_first", "tilfplan", hits=[False]),
    (22, "Ja, meget", None, None, S, None): lambda f: frequency(f, "initiator", "planhjlp", FIVE, [1]),
    (22, "i mindre grad", None, None, "cumulative_percent", None): lambda f: frequency(
        f, "initiator", "planhjlp", FIVE, [1, 2, 3, 4]
    ),
    (22, "slet ikke", None, None, P, None): lambda f: frequency(f, "initiator", "planhjlp", FIVE, [5], of_all=True),
    (8, "i nogen grad", None, None, S, None): lambda f: frequency(f, "participant_followup", "harhjulp", FIVE, [2]),
    (3, "Rigtig god", None, None, P, None): lambda f: both_occasions(f, 1),
    (3, "Dårlig", None, None, P, None): lambda f: both_occasions(f, 5),
    (1, "mor", "god", None, R, None): lambda f: row(f, "participant_first", "helefrs", 2, 2),
    (1, "netværk", "mindre god", None, R, None): lambda f: row(f, "participant_first", "helefrs", 5, 4),
    (1, "Total", "god", None, R, None): lambda f: row(f, "participant_first", "helefrs", 0, 2),
    (52, "netværk", "meget tættere", None, R, None): lambda f: row(f, "participant_followup", "taettere", 5, 1),
    (17, "mange", "i nogen grad", None, T, None): lambda f: crossed(f, "konflikt", "harhjulp", (2, 2)),
    (17, "få", "Total", None, T, None): lambda f: crossed(f, "konflikt", "harhjulp", 4, by=0),
    (17, "Total", "slet ikke", None, T, None): lambda f: crossed(f, "konflikt", "harhjulp", 5, by=1),
    (40, "Høj trivsel", "Ingen behov for offentlig indsats", None, T, None): lambda f: collapsed(f, (0, 2)),
    (18, None, None, None, "gamma", None): lambda f: gamma(f, "participant_followup", "konflikt", "harhjulp"),
    (27, None, None, None, "gamma", None): lambda f: gamma(f, "initiator", "rigtspm", "planhjlp"),
    (34, None, None, None, "gamma", None): lambda f: gamma(
        f, "initiator", "konflikt", "trivsel", lambda form: form["occasion"] == "followup", turn=-1
    ),
    (49, None, None, "barn", "gamma", None): lambda f: by_role(f, 1),
    (49, None, None, "Total", "gamma", None): lambda f: by_role(f, 0),
    (49, None, None, "Total", "partial_gamma", None): lambda f: gamma(
        f, "participant_first", "loesning", "barnhrt", lambda form: form["hvem"] in FIVE, stratum=lambda form: form["hvem"]
    ),
    (64, None, None, "netværk", "gamma", None): lambda f: table_64(f, 5),
    (1, "barn", "god", None, R, "mor"): lambda f: Difference(
        row(f, "participant_first", "helefrs", 1, 2), row(f, "participant_first", "helefrs", 2, 2)
    ),
    (2, "mor", "god", None, R, "Tabel 1"): lambda f: Difference(
        row(f, "participant_followup", "heleopf", 2, 2), row(f, "participant_first", "helefrs", 2, 2)
    ),
    (64, None, None, "barn", "gamma", "netværk"): lambda f: Difference(table_64(f, 1), table_64(f, 5)),
}


def test_there_are_thirty():
    assert len(THIRTY) == 30


@pytest.mark.parametrize("place", list(THIRTY), ids=lambda place: "·".join(str(part) for part in place if part))
def test_a_figure_and_its_interval_come_out_by_hand(forms, intervals, place):
    found, by_hand = intervals[place], THIRTY[place](forms)
    scale = 100 if "percent" in found["measure"] else 1
    assert found["clusters"] == len(by_hand.clusters)
    assert found["df"] == len(by_hand.clusters) - 1
    for name in ("value", "low", "high", "error"):
        assert found[name] == pytest.approx(scale * getattr(by_hand, name), abs=1e-9, rel=1e-9), name
