"""Releases of a whole and of its parts: a whole less a part is the other part, whoever is first and whoever is out."""

from __future__ import annotations

import random
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from support.random_marts import write_marts
from support.releases import Hand, whole
from support.study import STUDY

from frs_pipeline.release.attack import Attacker
from frs_pipeline.release.making import Release, Releasing
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.worlds import Source, unreleased
from frs_pipeline.store.files import MartFile
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Axis, Category, Table

MART, QUESTION, OTHER = "initiator", "conflict", "belief"
PLAIN = release_policy(STUDY).model_copy(update={"collapse": {}})
A, B, C, ALL = "2021-01-31", "2021-06-30", "2021-12-31", "alle"
Counts = dict[tuple[int, ...], int]


def axis(name: str) -> Axis:
    question = questionnaires(STUDY)[MART].question(name)
    assert question is not None
    return Axis(
        variable=name,
        categories=tuple(Category(label=question.labels[c], codes=(c,)) for c in question.codes if c != question.dont_know),
    )


ANSWERS = [category.codes[0] for category in axis(QUESTION).categories]
LABELS = [category.label for category in axis(QUESTION).categories]
ONE = Table(number=1, title="1", kind="distribution", row=axis(QUESTION), occasion="both", marts=(MART,))
CROSSED = Table(
    number=2, title="2", kind="crosstab", row=axis(QUESTION), column=axis(OTHER), percent="row", occasion="both", marts=(MART,)
)
TOGETHER = Table(number=3, title="3", kind="correlation", row=axis(QUESTION), column=axis(OTHER), occasion="both", marts=(MART,))


class Deliveries:
    """Deliveries of forms by their answers, with what each of them and all together are counted from and known by."""

    def __init__(self, folder: Path, **counts: Counts) -> None:
        self.counts, self.folder = counts, folder
        self.files: dict[str, list[MartFile]] = {}
        for name, of in counts.items():
            (folder / name).mkdir()
            names = (QUESTION, OTHER)[: len(next(iter(of)))]
            columns = {q: [said[at] for said, n in of.items() for _ in range(n)] for at, q in enumerate(names)}
            [path] = write_marts({MART: whole(MART, columns)}, folder / name).values()
            self.files[name] = [MartFile(name, path)]
        self.files[ALL] = [file for name in counts for file in self.files[name]]

    def words(self, name: str) -> dict[str, str | list[str]]:
        return {MART: [f"forms of {each}" for each in self.counts] if name == ALL else f"forms of {name}"}

    def by_hand(self, name: str, hidden: list[str] = [], tables: tuple[Table, ...] = (ONE,)) -> Source:  # noqa: B006
        date = {"a": A, "b": B, "c": C, ALL: ALL}[name]
        made = Hand([t.number for t in tables], {MART: self.files[name]}, {t.number: t for t in tables}, date, PLAIN)
        made.hide(tables[0].number, *hidden)
        return Source(read_release(made.write(self.folder / f"hand-{name}-{len(list(self.folder.iterdir()))}")), self.words(name))

    def release(self, name: str, earlier: list[Source], *tables: Table) -> tuple[Release, Source]:
        date = {"a": A, "b": B, "c": C, ALL: ALL}[name]
        words = self.words(name)
        marts = {MART: self.files[name]}
        made = Releasing(
            STUDY, date, {t.number: t for t in tables}, marts, PLAIN, forms=words, earlier=earlier, folder=self.folder
        ).release()
        folder = self.folder / f"out-{name}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        for file, content in made.files.items():
            (folder / file).write_bytes(content)
        return made, Source(read_release(folder), words)


def shown(source: Source, number: int = 1) -> dict[tuple[str, ...], float | None]:
    """What a release says of each count: None where it is hidden; nothing where it has no such table."""
    return {
        labels: None if n.value is None else float(n.value)
        for table in source.release.tables
        if table.number == number
        for (measure, labels), n in table.numbers.items()
        if measure == "count"
    }


def exposed(source: Source, *earlier: Source) -> set[tuple[str, tuple[str, ...], bool]]:
    found = Attacker(STUDY, source, earlier).counts()
    return {(one.kind, one.labels, one.own) for one in found if not one.before}


def forms(*numbers: int) -> Counts:
    return {(code,): n for code, n in zip(ANSWERS, numbers, strict=True)}


def test_what_a_whole_has_beyond_a_released_part_is_looked_for(tmp_path: Path) -> None:
    made = Deliveries(tmp_path, a=forms(40, 30, 20, 25, 35), b=forms(20, 3, 30, 40, 25))
    part, together = made.by_hand("a"), made.by_hand(ALL)
    assert not exposed(part)
    assert not exposed(together)
    told = exposed(together, part)
    assert {labels[0] for kind, labels, _ in told if kind in ("change", "merged", "cell")} == {LABELS[1]}
    assert {own for *_, own in told} == {True}
    # Whoever comes second tells as much.
    assert {labels[0] for _, labels, _ in exposed(part, together)} == {LABELS[1]}
    # Large ones may be known.
    (tmp_path / "large").mkdir()
    large = Deliveries(tmp_path / "large", a=forms(40, 30, 20, 25, 35), b=forms(20, 33, 30, 40, 25))
    assert not exposed(large.by_hand(ALL), large.by_hand("a"))


def test_what_a_part_hides_is_not_told_by_the_whole_and_the_other(tmp_path: Path) -> None:
    made = Deliveries(tmp_path, a=forms(40, 3, 20, 8, 35), b=forms(20, 30, 30, 40, 25))
    hides = made.by_hand("a", [LABELS[1], LABELS[3]])
    other, together = made.by_hand("b"), made.by_hand(ALL)
    assert not exposed(hides)
    told = exposed(together, hides, other)
    assert {labels[0] for kind, labels, own in told if kind == "hidden" and not own} == {LABELS[1], LABELS[3]}
    safe = made.by_hand(ALL, [LABELS[1], LABELS[3]])
    assert not exposed(safe, hides, other)
    # Where the part comes last, the two before have told it already; nothing calls that back.
    assert not exposed(hides, together, other)
    known = Attacker(STUDY, hides, [together, other]).counts()
    assert {one.labels[0] for one in known if one.before} == {LABELS[1], LABELS[3]}
    assert not Attacker(STUDY, hides, [safe, other]).counts()


def test_deliveries_that_nothing_takes_apart_are_one(tmp_path: Path) -> None:
    made = Deliveries(tmp_path, a=forms(40, 30, 20, 25, 35), b=forms(1, 1, 1, 1, 1), c=forms(20, 33, 30, 40, 25))
    together, part = made.by_hand(ALL), made.by_hand("a")
    assert unreleased([together]) == []
    [rest] = unreleased([together, part])
    assert rest.words(MART) == ("forms of b", "forms of c")
    assert not exposed(together, part)  # b has few forms, but is known with c only
    assert Attacker(STUDY, together).worlds.size == Attacker(STUDY, part).worlds.size
    assert {labels[0] for _, labels, _ in exposed(together, part, made.by_hand("c"))} >= set(LABELS)


def test_ranges_are_those_of_every_possible_world(tmp_path: Path) -> None:
    chance = random.Random(5)
    for at in range(12):
        (folder := tmp_path / str(at)).mkdir()
        counts = {name: [chance.randint(0, 3) for _ in ANSWERS] for name in "ab"}
        if any(sum(c) == 0 for c in counts.values()):
            continue
        made = Deliveries(folder, **{name: forms(*c) for name, c in counts.items()})
        hidden = {name: [x for x in LABELS if chance.random() < 0.6] for name in ("a", "b", ALL)}
        of = {"a": counts["a"], "b": counts["b"], ALL: [x + y for x, y in zip(counts["a"], counts["b"], strict=True)]}
        # A zero is shown, so that whatever is hidden is one at least.
        hidden = {name: [x for x, n in zip(LABELS, of[name], strict=True) if x in hides and n] for name, hides in hidden.items()}
        out = ["a", ALL] if at % 2 else ["a", "b", ALL]
        sources = {name: made.by_hand(name, hidden[name]) for name in out}
        attacker = Attacker(STUDY, sources[ALL], [sources[name] for name in out[:-1]])
        worlds = attacker.worlds
        possible = [
            (a, b)
            for a, b in _worlds(sum(counts["a"]), sum(counts["b"]))
            if all(
                _fits(name, {"a": a, "b": b, ALL: [x + y for x, y in zip(a, b, strict=True)]}[name], of, hidden) for name in out
            )
        ]
        assert (counts["a"], counts["b"]) in possible
        rest = sources["b"] if "b" in out else worlds.silent[0]
        for place, label in enumerate(LABELS):
            group = _group(sources[ALL], label)
            for one, values in (
                (sources["a"], [a[place] for a, _ in possible]),
                (rest, [b[place] for _, b in possible]),
                (sources[ALL], [a[place] + b[place] for a, b in possible]),
            ):
                wanted = worlds.sum(one, group)
                for way, expected in ((-1, min(values)), (1, max(values))):
                    world = worlds.whole(wanted, way)
                    assert world is not None
                    assert wanted.at(world) == expected, (at, label, way)


def _worlds(of_a: int, of_b: int) -> list[tuple[list[int], list[int]]]:
    """All ways to spread so many forms over the answers: how many there are is told by a part and the whole, or by both."""
    spread = {n: [list(c) for c in product(range(n + 1), repeat=len(ANSWERS)) if sum(c) == n] for n in {of_a, of_b}}
    return [(a, b) for a in spread[of_a] for b in spread[of_b]]


def _fits(name: str, counts: list[int], of: dict[str, list[int]], hidden: dict[str, list[str]]) -> bool:
    return all(n >= 1 if label in hidden[name] else n == true for n, true, label in zip(counts, of[name], LABELS, strict=True))


def _group(source: Source, label: str) -> Any:
    from frs_pipeline.release.groups import group_of

    return group_of(STUDY, source.release.tables[0], (label, "", ""))


CROSS = {
    "a": {(x, y): 6 + (3 * x + 2 * y) % 9 for x in ANSWERS for y in ANSWERS} | {(1, 2): 2, (4, 4): 1},
    "b": {(x, y): 5 + (2 * x + 5 * y) % 11 for x in ANSWERS for y in ANSWERS} | {(2, 2): 3, (5, 1): 0},
}


@pytest.mark.parametrize("order", list(permutations(("a", "b", ALL))), ids="-".join)
def test_whatever_goes_out_in_whatever_order_no_two_tell_what_the_third_hides(tmp_path: Path, order: tuple[str, ...]) -> None:
    made = Deliveries(tmp_path, **CROSS)
    tables = (CROSSED, TOGETHER)
    earlier: list[Source] = []
    for name in order:
        done, source = made.release(name, earlier, *tables)
        assert not done.attack.new
        earlier.append(source)
        _require_nothing_told(made, dict(zip(order, earlier, strict=False)))
    # Each has something to show all the same.
    assert any(value is not None for source in earlier for value in shown(source, 2).values())


def _require_nothing_told(made: Deliveries, out: dict[str, Source]) -> None:
    """Subtract what is shown, as anybody would: nothing small may come out, nor what one of those before hides.

    What was out before can't be called back: a later release may hide a large number that two earlier ones tell.
    """
    numbers = {name: shown(source, 2) for name, source in out.items()}
    last = list(out)[-1]
    for labels in {labels for of in numbers.values() for labels in of}:
        values = {name: of.get(labels) for name, of in numbers.items()}
        for whole_, part, other in ((ALL, "a", "b"), (ALL, "b", "a")):
            if values.get(whole_) is None or values.get(part) is None:
                continue
            rest = values[whole_] - values[part]  # type: ignore[operator]
            assert not 0 < rest < PLAIN.threshold, (labels, rest)
            assert other == last or numbers.get(other, {}).get(labels, rest) is not None, labels
        if last != ALL and values.get("a") is not None and values.get("b") is not None and ALL in numbers:
            assert numbers[ALL].get(labels, 0) is not None, labels


def test_statistics_of_a_part_are_reckoned_with_when_the_whole_goes_out(tmp_path: Path) -> None:
    made = Deliveries(tmp_path, **CROSS)
    _, part = made.release("a", [], TOGETHER)
    assert shown(part, 2) == {}
    done, _ = made.release(ALL, [part], CROSSED, TOGETHER)
    assert not done.attack.new


THREE = Table(
    number=4,
    title="4",
    kind="distribution",
    row=Axis(
        variable=QUESTION,
        categories=(
            Category(label="one", codes=(ANSWERS[0],)),
            Category(label="two", codes=(ANSWERS[1],)),
            Category(label="rest", codes=tuple(ANSWERS[2:])),
        ),
    ),
    occasion="both",
    marts=(MART,),
)


@pytest.mark.parametrize("seed", range(12))
def test_no_small_number_of_anybody_is_pinned_down_in_any_order(tmp_path: Path, seed: int) -> None:
    """Every world that the released numbers allow is looked at: whatever is small may be large in one of them."""
    chance = random.Random(seed)
    counts = {name: [chance.choice((0, 2, 3, 4, 7, 9, 12)) for _ in range(3)] for name in "ab"}
    made = Deliveries(tmp_path, **{name: forms(*c, 0, 0) for name, c in counts.items()})
    counts[ALL] = [x + y for x, y in zip(counts["a"], counts["b"], strict=True)]
    order = chance.sample(["a", "b", ALL], 3)
    earlier: list[Source] = []
    for name in order:
        _, source = made.release(name, earlier, THREE)
        earlier.append(source)
        out = {each: shown(one, 4) for each, one in zip(order, earlier, strict=False)}
        told = {
            each: [of.get((label, "", "")) for label in ("one", "two", "rest")] + [of.get(("Total", "", ""))]
            for each, of in out.items()
        }
        # How many forms a part has is known if it is told, or if it is of the whole and of the other one.
        total = {each for each, numbers in told.items() if numbers[-1] is not None}
        known = [each for each, other in (("a", "b"), ("b", "a")) if each in total or {ALL, other} <= total]
        spread = {each: _spread(sum(counts[each]), told.get(each)) for each in known}
        possible = [
            dict(zip(known, numbers, strict=True))
            for numbers in product(*spread.values())
            if len(known) < 2 or _agrees([x + y for x, y in zip(*numbers, strict=True)], told.get(ALL))
        ]
        assert {each: tuple(counts[each]) for each in known} in possible
        for each, place in product(known, range(3)):
            if 0 < counts[each][place] < PLAIN.threshold:
                assert max(world[each][place] for world in possible) >= PLAIN.threshold, (order, each, place)


def _spread(total: int, told: list[float | None] | None) -> list[tuple[int, ...]]:
    """All ways to spread so many forms over three answers that agree with what is told."""
    ways = ((x, y, total - x - y) for x in range(total + 1) for y in range(total + 1 - x))
    return [way for way in ways if _agrees(list(way), told)]


def _agrees(counts: list[int], told: list[float | None] | None) -> bool:
    return not told or all(n == value for n, value in zip([*counts, sum(counts)], told, strict=True) if value is not None)
