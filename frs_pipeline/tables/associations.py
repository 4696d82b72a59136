"""The gamma of every ordinal question with every other of the same questionnaire, with intervals that know the clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from frs_pipeline.stats.clustered import Reason
from frs_pipeline.stats.multiplicity import benjamini_hochberg
from frs_pipeline.store.files import MartFile, Store
from frs_pipeline.store.plan import AssetPath, Sources
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.tables.allpairs import Scale
from frs_pipeline.tables.clustered_pairs import Pair, estimate_pairs
from frs_pipeline.tables.figures import column

ASSOCIATIONS = pa.schema(
    [
        column("mart", pa.string(), "mart of the forms", nullable=False),
        column("row", pa.string(), "one question", nullable=False),
        column("column", pa.string(), "the other question", nullable=False),
        column("group", pa.string(), "role of the forms; null for all forms"),
        column("gamma", pa.float64(), "Goodman and Kruskal's gamma; null where no two forms differ in both answers"),
        column("low", pa.float64(), "lower end of its interval (95 %), which knows which forms belong together; null where none"),
        column("high", pa.float64(), "upper end of its interval"),
        column("p", pa.float64(), "two-sided p of the test that there is no association, which knows it, too"),
        column(
            "q",
            pa.float64(),
            "p adjusted for the number of pairs (Benjamini and Hochberg): those of the mart over all forms, or of all its roles",
        ),
        column("n", pa.int64(), "forms that answered both", nullable=False),
        column("clusters", pa.int64(), "children (or conferences) that these are from", nullable=False),
    ]
)


@dataclass(frozen=True)
class Association:
    """One pair of questions of a mart, in all forms or in those with one answer (its label) to another question.

    `gamma`, `low`, `high`, `p` and `q` are None where there are none; without an interval, `reason` says why, where it is
    known. One that is `marked` rests on very little.
    """

    row: str
    column: str
    group: str | None
    gamma: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    n: int
    clusters: int
    reason: Reason | None = None
    marked: bool = False


def ordinal(study: Study, mart: str) -> list[Question]:
    """List the questions of a mart whose answers have an order, and are more than two: of two, any order is a guess."""
    return [question for question in questionnaires(study)[mart].questions if question.type == "ordinal"]


def associations(
    files: Sequence[MartFile],
    questions: Iterable[Question],
    by: Question | None = None,
    where: Iterable[tuple[Question, Sequence[int]]] = (),
) -> list[Association]:
    """Compute the gamma of all pairs of ordinal `questions` of a mart, which lies in `files`, in the order of the questions.

    With `by`, each pair is followed by what it is within each answer to that question. "Ved ikke" has no place on a scale and
    is left out. `where` limits the forms to those that gave one of some answers (codes) to other questions.
    """
    limits = [Scale(question.name, tuple(codes)) for question, codes in where]
    within = None if by is None else scale_of(by)
    pairs = list(estimate_pairs(files, [scale_of(question) for question in questions], within, limits))
    # What is tested over all forms is one family, what is tested within groups another: adding groups leaves the first alone.
    q: dict[int, float | None] = {}
    for overall in (True, False):
        family = [at for at, pair in enumerate(pairs) if (pair.group is None) == overall]
        q |= zip(family, benjamini_hochberg([pairs[at].estimate.p for at in family]), strict=True)
    labels = by.labels if by else {}
    return [_association(pair, None if pair.group is None else labels[pair.group], q[at]) for at, pair in enumerate(pairs)]


def _association(pair: Pair, group: str | None, q: float | None) -> Association:
    one = pair.estimate
    return Association(
        pair.row, pair.column, group, one.value, one.low, one.high, one.p, q, one.n, one.clusters, one.reason, one.marked
    )


def strongest_first(found: Iterable[Association]) -> list[Association]:
    """Sort pairs, the strongest over all forms first, those without an interval last; what belongs to a pair stays together."""
    listed = list(found)
    whole = {(one.row, one.column): one for one in listed if one.group is None}

    def place(one: Association) -> tuple[bool, float, str, str]:
        pair = whole[one.row, one.column]
        return pair.low is None, -abs(pair.gamma or 0.0), one.row, one.column

    # Python sorts stably.
    return sorted(listed, key=place)


def of_study(store: Store) -> pa.Table:
    """Compute all pairs of all marts, in all forms and, where the paper asks for it, by role (`ASSOCIATIONS`)."""
    return pa.Table.from_pylist([row for mart in instruments(store.study) for row in _rows(store, mart)], ASSOCIATIONS)


def _rows(store: Store, mart: str) -> Iterator[dict[str, object]]:
    asked = ordinal(store.study, mart)
    if len(asked) > 1:
        for one in associations(store.marts(mart), asked, questionnaires(store.study)[mart].role):
            yield {name: value for name, value in {"mart": mart, **asdict(one)}.items() if name in ASSOCIATIONS.names}


def from_rows(rows: pa.Table, mart: str) -> list[Association]:
    """Turn the rows of a mart in associations.parquet back into associations; without the reasons, which it doesn't keep."""
    return [
        Association(**{name: value for name, value in row.items() if name != "mart"})
        for row in rows.to_pylist()
        if row["mart"] == mart
    ]


def associations_from(study: Study) -> Sources:
    """Return the sources of associations.parquet, by column."""
    answers: list[tuple[AssetPath, str]] = []
    roles: list[tuple[AssetPath, str]] = []
    for mart in instruments(study):
        asked, role = ordinal(study, mart), questionnaires(study)[mart].role
        if len(asked) > 1:
            answers += [(("marts", mart), question.name) for question in asked]
            roles += [(("marts", mart), role.name)] if role else []
    sources: Sources = {name: [*answers, *roles] for name in ("gamma", "low", "high", "p", "q", "n", "clusters")}
    return sources | ({"group": roles} if roles else {})


def scale_of(question: Question) -> Scale:
    """Return a question's answers that have a place on its scale."""
    return Scale(question.name, tuple(code for code in question.codes if code != question.dont_know))
