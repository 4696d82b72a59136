"""What claims are told from forms alone: pairs and answers that no table prints, against pandas."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import printed_tables
from frs_pipeline.report.estimates import estimates_from, key
from frs_pipeline.report.estimating import counted
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.study.claims import Asked, Cells, Correlation, Pair, Share
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import Figure, figures

FIRST, WORKER = "participant_first", "initiator"


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return {name: random_frame(name, 240, seed) for seed, name in enumerate((FIRST, WORKER), start=3)}


@pytest.fixture(scope="module")
def marts(frames: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    paths: Mapping[str, Path] = write_marts(frames, tmp_path_factory.mktemp("marts"))
    return paths


def code(mart: str, question: str, label: str) -> int:
    asked = questionnaires(STUDY)[mart].question(question)
    assert asked is not None
    found = asked.code(label)
    assert found is not None
    return found


ASKED = [
    Asked(mart=FIRST, question="overall", answers=("god", "dårlig")),
    Asked(mart=FIRST, question="overall", answers=("god",), group="far"),
    # Of those that answered: with "don't know" only where that is what is asked for.
    Asked(mart=FIRST, question="plan_satisfied", answers=("Ja, meget",)),
    Asked(mart=FIRST, question="plan_satisfied", answers=("Ja, meget", "ved ikke")),
    Asked(mart=WORKER, question="wellbeing", answers=("i midten",), occasion="followup"),
    Asked(mart=WORKER, question="wellbeing", answers=("i midten",), occasion="followup", among={"conflict": ("få", "mange")}),
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_share_is_of_those_that_answered(frames: dict[str, pd.DataFrame], marts: Mapping[str, Path], asked: Asked) -> None:
    rows = frames[asked.mart]
    if asked.occasion != "both":
        rows = rows[rows.occasion == asked.occasion]
    if asked.group is not None:
        rows = rows[rows.role == code(asked.mart, "role", asked.group)]
    for name, answers in asked.among.items():
        rows = rows[rows[name].isin([code(asked.mart, name, answer) for answer in answers])]
    given = rows[asked.question].dropna()
    unsure = questionnaires(STUDY)[asked.mart].question(asked.question).dont_know  # type: ignore[union-attr]
    if "ved ikke" not in asked.answers and unsure is not None:
        given = given[given != unsure]
    hits = int(given.isin([code(asked.mart, asked.question, answer) for answer in asked.answers]).sum())
    # All are counted together, and none changes another.
    found = estimates_from(counted(STUDY, ASKED, marts), "danish").counted[key(asked)]
    assert 0 < hits < found.forms == len(given)
    assert found.exact == Fraction(100 * hits, len(given))


PAIRS = [
    Pair(mart=FIRST, row="overall", column="belief"),
    Pair(mart=FIRST, row="overall", column="belief", group="mor"),
    Pair(mart=WORKER, row="conflict", column="wellbeing", occasion="first"),
]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_gamma_is_that_of_the_answers_that_have_a_place_on_their_scales(
    frames: dict[str, pd.DataFrame], marts: Mapping[str, Path], pair: Pair
) -> None:
    rows = frames[pair.mart]
    if pair.occasion != "both":
        rows = rows[rows.occasion == pair.occasion]
    if pair.group is not None:
        rows = rows[rows.role == code(pair.mart, "role", pair.group)]
    for name in (pair.row, pair.column):
        unsure = questionnaires(STUDY)[pair.mart].question(name).dont_know  # type: ignore[union-attr]
        rows = rows[rows[name].notna() & (rows[name] != unsure if unsure is not None else True)]
    crossed = pd.crosstab(rows[pair.row].astype(int), rows[pair.column].astype(int))
    expected = goodman_kruskal(crossed.to_numpy())
    found = estimates_from(counted(STUDY, PAIRS, marts), "danish").counted[key(pair)]
    assert expected.gamma is not None
    assert expected.p is not None
    assert found.exact is not None
    assert found.p is not None
    assert (float(found.exact), float(found.p), found.forms) == (
        pytest.approx(expected.gamma, abs=1e-14),
        pytest.approx(expected.p, abs=1e-14),
        len(rows),
    )


def test_nothing_is_opened_where_nothing_is_asked_of_forms() -> None:
    assert not [*counted(STUDY, [], {"nobody": Path("gone")})]


def test_a_share_of_nobody_is_not_known(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    nobody = Asked(mart=WORKER, question="wellbeing", answers=("i midten",), occasion="followup", among={"conflict": ("få",)})
    rows = frames[WORKER].assign(conflict=pd.Series(pd.NA, index=frames[WORKER].index, dtype="Int8"))
    rows_counted = counted(STUDY, [nobody], write_marts({WORKER: rows}, tmp_path))
    assert estimates_from(rows_counted, "danish").counted[key(nobody)] == (None, 0, None)


def test_forms_and_tables_that_count_the_same_tell_the_same() -> None:
    """Printed tables, read back as if they were figures, are one evidence in two ways; but for totals that aren't printed."""
    printed = printed_tables(STUDY)
    made = {
        address: Figure(*address, float(text.replace("%", "").replace(",", ".")), text)
        for table in printed.tables.values()
        for address, text in table.figures.items()
        if address.measure in ("count", "n", "gamma", "p")
    }
    forms, tables = FormsEvidence(STUDY, made), PrintedEvidence(printed)
    shares = [
        Share(table=1, answers=("god",)),
        Share(table=1, row=("mor", "far"), answers=("god", "nogenlunde")),
        Share(table=17, row="Total", answers=(tables_first(17),), of="all"),
        Share(table=3, answers=("Rigtig god", "God")),
        Share(table=4, answers=("Ja, meget",)),
        Share(table=4, answers=("Ja, meget",), of="all"),
    ]
    for share in shares:
        assert forms.share(share) == tables.share(share) is not None
    for count_of in (
        Cells(table=1),
        Cells(table=4),
        Cells(table=4, answers=("Missing",)),
        Cells(table=10),
        Cells(table=1, row="far"),
    ):
        assert forms.count(count_of) == tables.count(count_of) is not None
    for correlation in (Correlation(table=10), Correlation(table=49, group="barn")):
        assert forms.gamma(correlation) == tables.gamma(correlation) is not None
        assert forms.p(correlation) == tables.p(correlation) is not None
    assert forms.rows(1) == tables.rows(1)
    # Table 40 prints no totals.
    bare = Share(table=40, row="Lav trivsel", answers=("Højt behov for offentlig indsats",))
    assert (forms.share(bare), tables.share(bare)) == (None, Fraction(1700, 22))


def tables_first(number: int) -> str:
    column = catalogue(STUDY)[number].column
    assert column is not None
    return column.categories[0].label


def test_all_figures_of_a_delivery_are_evidence(marts: Mapping[str, Path]) -> None:
    table = catalogue(STUDY)[1]
    found: dict[Address, Figure] = {f.address: f for f in figures(table, count([table], open_marts(marts))[1])}
    share = FormsEvidence(STUDY, found).share(Share(table=1, row="barn", answers=("god",)))
    part, whole = (found[Address(1, "barn", column, "", "count")].value for column in ("god", "Total"))
    assert share == Fraction(100 * int(part or 0), int(whole or 0))
