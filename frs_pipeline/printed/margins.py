"""One question's answers in several tables: of all forms and of some of them, of two files and of both together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Scale
from frs_pipeline.printed.numerals import Figure
from frs_pipeline.printed.places import answers, at, cells
from frs_pipeline.printed.same import counted, grouping
from frs_pipeline.printed.sums import weight_of
from frs_pipeline.printed.wording import filled, joined, label
from frs_pipeline.study.tables import TOTAL

RULES = {
    "answers_of_some": Text(
        "et svar er ikke givet på flere af nogle skemaer, end det er på dem alle",
        "an answer isn't given on more of some forms than it is on all of them",
    ),
    "answers_of_both": Text(
        "en tabel over flere slags skemaer er summen af tabellerne over hver slags",
        "a table over several kinds of forms is the sum of the tables over each kind",
    ),
    "size_of_file": Text(
        "tabeller over de samme skemaer har lige mange skemaer i alt",
        "tables over the same forms have the same number of them in total",
    ),
}


@dataclass(frozen=True)
class Margin:
    """How many forms gave each answer to one question, among those that `forms` names; addresses where they are printed."""

    table: PrintedTable
    scale: Scale
    forms: tuple[str, ...]
    counts: tuple[int, ...]
    figures: tuple[Figure, ...]
    # Other questions of the table: its forms gave an answer to each that the table counts.
    limits: tuple[Scale, ...] = ()

    def merged(self, into: tuple[int, ...], size: int) -> list[int]:
        """Add up the answers that a coarser scale counts together."""
        return [sum(n for n, i in zip(self.counts, into, strict=True) if i == place) for place in range(size)]


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find answers of one question that can't be so in all tables that count them."""
    every = [margin for table in tables.tables.values() for margin in margins_of(table)]
    known = _known(tables)
    for some in every:
        for all_of in every:
            if _is_part(some, all_of, known):
                yield from _more_than_all(some, all_of)
    yield from _sums_of_files([margin for margin in every if all(_is_whole(limit, known) for limit in margin.limits)])
    yield from _sizes(tables)


def margins_of(table: PrintedTable) -> Iterator[Margin]:
    """Yield the answers to each question that a table prints, or that its cells add up to."""
    if not table.forms:
        return
    if table.kind in ("frequency", "distribution"):
        found = answers(table)
        if found is not None and table.rows.question:
            yield Margin(table, table.rows, table.forms, tuple(f.whole or 0 for f in found), tuple(found))
    elif table.kind == "correlation_by_group" and table.groups is not None and table.groups.question:
        found = [f for name in table.groups.labels if (f := at(table, measure="n", group=name)) and f.whole is not None]
        if len(found) == len(table.groups.labels):
            both = (table.rows.question, table.columns.question if table.columns else "")
            limits = (table.rows, table.columns) if table.columns else (table.rows,)
            yield Margin(table, table.groups, (*table.forms, *both), tuple(f.whole or 0 for f in found), tuple(found), limits)
    elif table.kind in ("crosstab", "collapsed_crosstab") and table.columns is not None:
        for scale, other, across in ((table.rows, table.columns, True), (table.columns, table.rows, False)):
            margin = [at(table, name, TOTAL) if across else at(table, TOTAL, name) for name in scale.labels]
            figures = tuple(f for f in margin if f and f.whole is not None)
            counts = tuple(f.whole or 0 for f in figures)
            if len(figures) < len(margin):
                own = cells(table)
                if own is None:
                    continue
                counts = tuple(map(sum, own)) if across else tuple(sum(line[i] for line in own) for i in range(len(own[0])))
                figures = ()
            if scale.question and other.question:
                yield Margin(table, scale, (*table.forms, other.question), counts, figures, (other,))


def _known(tables: PrintedTables) -> dict[str, frozenset[int | str]]:
    """Return all answers to each question that some table counts."""
    known: dict[str, frozenset[int | str]] = {}
    for table in tables.tables.values():
        for scale in (table.rows, table.columns, table.groups):
            if scale is not None and scale.question:
                known[scale.question] = known.get(scale.question, frozenset()) | counted(scale)
    return known


def _is_whole(scale: Scale, known: Mapping[str, frozenset[int | str]]) -> bool:
    """Return whether a table leaves out no answer to a question that another table counts."""
    return not scale.question or known[scale.question] <= counted(scale)


def _is_part(some: Margin, all_of: Margin, known: Mapping[str, frozenset[int | str]]) -> bool:
    """Return whether every form of `some` is one of `all_of`, which has more of the same file."""
    if some.forms[0] != all_of.forms[0] or not set(some.forms) > set(all_of.forms) or some.table is all_of.table:
        return False
    own = {limit.question: limit for limit in some.limits}
    return all(
        counted(own[limit.question]) <= counted(limit) if limit.question in own else _is_whole(limit, known)
        for limit in all_of.limits
    )


def _more_than_all(some: Margin, all_of: Margin) -> Iterator[Contradiction]:
    """Compare the answers of some forms with those of more forms of the same file."""
    into = grouping(all_of.scale, some.scale)
    own, most = list(some.counts), []
    labels = some.scale.labels
    if into is not None:
        most = all_of.merged(into, len(own))
    elif (back := grouping(some.scale, all_of.scale)) is not None:
        own, most, labels = some.merged(back, len(all_of.counts)), list(all_of.counts), all_of.scale.labels
    else:
        own, labels, most = _shared(some, all_of)
    for name, n, limit in zip(labels, own, most, strict=True):
        if n > limit:
            figures = tuple(f.address for m in (some, all_of) for f in m.figures if name in f.address)
            reason = filled(
                "i {some} har {n} skemaer svaret {label}, men det er kun {limit} i {all}, der har dem alle",
                "in {some}, {n} forms answer {label}, but only {limit} do in {all}, which has all of them",
                some=some.table.name,
                n=n,
                label=label(name),
                all=all_of.table.name,
                limit=limit,
            )
            either = filled("enten {a} eller {b}", "either {a} or {b}", a=some.table.name, b=all_of.table.name)
            where = (some.table.number, all_of.table.number)
            yield Contradiction("answers_of_some", where, reason, weight_of(n - limit, max(limit, 1)), figures, either=either)


def _shared(some: Margin, all_of: Margin) -> tuple[list[int], tuple[str, ...], list[int]]:
    """Return the answers that both scales have by themselves, where one leaves out what the other counts."""
    if not some.scale.question or some.scale.question != all_of.scale.question:
        return [], (), []
    if some.scale.codes and all_of.scale.codes:
        own, other = some.scale.codes, all_of.scale.codes
    else:
        own, other = tuple((name,) for name in some.scale.labels), tuple((name,) for name in all_of.scale.labels)  # type: ignore[misc]
    places = [(i, other.index(kept)) for i, kept in enumerate(own) if kept in other]
    labels = tuple(some.scale.labels[i] for i, _ in places)
    return [some.counts[i] for i, _ in places], labels, [all_of.counts[j] for _, j in places]


def _sums_of_files(every: list[Margin]) -> Iterator[Contradiction]:
    for both in every:
        files = both.forms[0].split(" + ")
        if len(files) < 2:
            continue
        parts = [_of_file(every, both, file) for file in files]
        found = [part for part in parts if part is not None]
        if len(found) < len(files):
            continue
        for place, (name, n) in enumerate(zip(both.scale.labels, both.counts, strict=True)):
            counts = [counts[place] for _, counts in found]
            if sum(counts) != n:
                yield _not_the_sum(both, place, name, [part for part, _ in found], counts)


def _of_file(every: list[Margin], both: Margin, file: str) -> tuple[Margin, list[int]] | None:
    """Return the first margin of one of the files with the same limits, its answers as the table of both has them."""
    for margin in every:
        if margin.forms[0] == file and set(margin.forms[1:]) == set(both.forms[1:]):
            into = grouping(margin.scale, both.scale)
            if into is not None:
                return margin, margin.merged(into, len(both.counts))
    return None


def _not_the_sum(both: Margin, place: int, name: str, parts: list[Margin], counts: list[int]) -> Contradiction:
    n = both.counts[place]
    sources = joined([part.table.name for part in parts], " + ")
    reason = filled(
        "i {both} står {n} ved {label}, men {sources} giver {counts} = {sum}",
        "{both} prints {n} for {label}, but {sources} give {counts} = {sum}",
        both=both.table.name,
        n=n,
        label=label(name),
        sources=sources,
        counts=" + ".join(map(str, counts)),
        sum=sum(counts),
    )
    either = filled(
        "enten {both} eller en af {sources}", "either {both} or one of {sources}", both=both.table.name, sources=sources
    )
    where = (both.table.number, *(part.table.number for part in parts))
    figures = tuple(f.address for f in both.figures[place : place + 1])
    return Contradiction(
        "answers_of_both", where, reason, weight_of(sum(counts) - n, n), figures, expected=str(sum(counts)), either=either
    )


def _sizes(tables: PrintedTables) -> Iterator[Contradiction]:
    """Compare the totals that the frequencies of the same forms print: they count all of them."""
    found: dict[tuple[str, ...], list[tuple[PrintedTable, Figure]]] = {}
    for table in tables.tables.values():
        total = at(table, TOTAL)
        if table.kind == "frequency" and table.forms and total and total.whole is not None and at(table, "Missing"):
            found.setdefault(table.forms, []).append((table, total))
    for of_file in found.values():
        # Of two sizes that are as frequent, that of the earlier table.
        usual, times = Counter(total.whole for _, total in of_file).most_common(1)[0]
        confirming = next(table for table, total in of_file if total.whole == usual)
        for table, total in of_file:
            if total.whole != usual and usual is not None:
                reason = filled(
                    "i {table} står {total} skemaer i alt, men {usual} i {other}{more}, der tæller de samme",
                    "{table} prints {total} forms in total, but it is {usual} in {other}{more}, which counts the same",
                    table=table.name,
                    total=total.text,
                    usual=usual,
                    other=confirming.name,
                    more=filled(" og {n} andre", " and {n} others", n=times - 1) if times > 1 else "",
                )
                either = filled("enten {a} eller {b}", "either {a} or {b}", a=table.name, b=confirming.name)
                where = (table.number, confirming.number)
                weight = weight_of((total.whole or 0) - usual, usual)
                yield Contradiction("size_of_file", where, reason, weight, (total.address,), (), str(usual), either=either)
