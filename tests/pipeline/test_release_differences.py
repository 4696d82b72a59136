"""What differences of released tables tell: catalogues that were planted to tell a small count, and the like that tell none."""

import csv
import io

import numpy as np
import pytest
from support.releases import Hand, frames, whole, write_marts
from support.study import STUDY

from frs_pipeline.release.attack import Attacker, attack
from frs_pipeline.release.cells import places
from frs_pipeline.release.files import FIGURES
from frs_pipeline.release.making import Releasing
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.variants import choose
from frs_pipeline.release.worlds import Source
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Axis, Category, Table, catalogue

FIRST, FOLLOWUP, INITIATOR = "participant_first", "participant_followup", "initiator"
# Nothing is merged beyond what a table merges itself.
PLAIN = release_policy(STUDY).model_copy(update={"collapse": {}})
ANSWERS = range(1, 6)


def axis(name, *groups, mart=FIRST):
    """The answers to a question one by one, or merged as told, by their codes."""
    question = questionnaires(STUDY)[mart].question(name)
    groups = groups or [(code,) for code in question.codes if code != question.dont_know]
    return Axis(
        variable=name, categories=tuple(Category(label="/".join(question.labels[c] for c in g), codes=tuple(g)) for g in groups)
    )


def table(number, row, column=None, kind=None, mart=FIRST, **more):
    kind = kind or ("crosstab" if column else "distribution")
    percent = "row" if kind == "crosstab" else None
    return Table(
        number=number,
        title=str(number),
        kind=kind,
        row=row,
        column=column,
        percent=percent,
        **{"occasion": "both", "marts": (mart,), **more},
    )


def given(counts, *names, mart=FIRST):
    """A mart with so many forms of each combination of answers."""
    columns = {name: [said[at] for said, forms in counts.items() for _ in range(forms)] for at, name in enumerate(names)}
    return {mart: whole(mart, columns)}


def by_role(small):
    """Forms by role and opinion: large numbers, but that `small` children say 4."""
    return {(r, a): 20 + 3 * r + a for r in range(2, 6) for a in ANSWERS} | {(1, a): small if a == 4 else 14 for a in ANSWERS}


def two_cuts(small):
    tables = [
        table(1, axis("role"), axis("overall", (1, 2, 3), (4, 5))),
        table(2, axis("role"), axis("overall", (1, 2, 3, 4), (5,))),
    ]
    return tables, given(by_role(small), "role", "overall")


def three_groupings(small):
    groups = [((1, 2), (3, 4, 5)), ((2, 3), (1, 4, 5)), ((1, 3), (2, 4, 5))]
    forms = {(1,): small, (2,): 30, (3,): 35, (4,): 25, (5,): 20}
    return [table(n, axis("overall", *g)) for n, g in enumerate(groups, 1)], given(forms, "overall")


def all_and_adults(small):
    adults = table(2, axis("role", (2, 3, 4, 5)), axis("overall"), kind="collapsed_crosstab")
    return [table(1, axis("overall"), kind="frequency"), adults], given(by_role(small), "role", "overall")


def all_and_adults_with_blank_roles(small):
    """A child or a blank role said 4: few of either, if few of both."""
    blank = {(None, a): 2 if a == 4 else 0 for a in ANSWERS}
    return all_and_adults(small)[0], given(by_role(max(small - 2, 0)) | blank, "role", "overall")


def a_union_and_one_of_it(small):
    tables = [
        table(n, axis("role", *g), axis("overall"), kind="collapsed_crosstab")
        for n, g in enumerate([((1, 2), (3, 4, 5)), ((2,),)], 1)
    ]
    return tables, given(by_role(small), "role", "overall")


def an_occasion_and_both(small):
    counts = {(o, a): small if (o, a) == ("followup", 5) else 20 + a for o in ("first", "followup") for a in ANSWERS}
    tables = [table(1, axis("belief", mart=INITIATOR), mart=INITIATOR)]
    tables.append(table(2, axis("belief", mart=INITIATOR), mart=INITIATOR, occasion="first"))
    return tables, given(counts, "occasion", "belief", mart=INITIATOR)


def n_with_and_without_an_answer(small):
    counts = {(r, a, 1 + (a + r) % 5): 25 + a for r in range(1, 6) for a in ANSWERS} | {(r, 5, 3): 15 for r in range(2, 6)}
    counts |= {(1, 5, b): 0 for b in ANSWERS} | {(1, 5, 2): small}
    axes = (axis("overall"), axis("overall", (1,), (2,), (3,), (4,)))
    tables = [table(n, a, axis("belief"), kind="correlation_by_group", group=axis("role")) for n, a in enumerate(axes, 1)]
    return tables, given(counts, "role", "overall", "belief")


def another_question_answered_or_not(small):
    counts = {(a, b): 8 + a + b for a in ANSWERS for b in ANSWERS} | {(a, None): small if a == 2 else 10 for a in ANSWERS}
    return [table(1, axis("overall")), table(2, axis("overall"), answered=("belief",))], given(counts, "overall", "belief")


def neither_of_two_questions_answered(small):
    """All, those who answered one, those who answered the other, those who answered both: no two of them tell few."""
    counts = {(a, b, c): 8 + a for a in ANSWERS for b in (1, None) for c in (1, None)} | {(2, None, None): small}
    asked = ((), ("belief",), ("conflict",), ("belief", "conflict"))
    return [table(n, axis("overall"), answered=a) for n, a in enumerate(asked, 1)], given(counts, "overall", "belief", "conflict")


def merged_answers_of_those_who_left_another_question_blank(small):
    """One table has two answers apart, the other together, of those who answered another question as well."""
    counts = {(a, b): 8 + a for a in ANSWERS for b in (1, None)} | {(4, None): small - small // 2, (5, None): small // 2}
    together = axis("overall", (1,), (2,), (3,), (4, 5))
    return [table(1, axis("overall")), table(2, together, answered=("belief",))], given(counts, "overall", "belief")


def two_cuts_of_two_questions(small):
    tables = [
        table(1, axis("overall", (1, 2), (3, 4, 5)), axis("belief", (1, 2, 3), (4, 5))),
        table(2, axis("overall", (1, 2, 3), (4, 5)), axis("belief", (1, 2, 3), (4, 5))),
    ]
    counts = {(a, b): small if (a, b) == (3, 4) else 0 if (a, b) == (3, 5) else 9 + a + b for a in ANSWERS for b in ANSWERS}
    return tables, given(counts, "overall", "belief")


KINDS = [
    two_cuts,
    three_groupings,
    all_and_adults,
    all_and_adults_with_blank_roles,
    a_union_and_one_of_it,
    an_occasion_and_both,
    n_with_and_without_an_answer,
    another_question_answered_or_not,
    neither_of_two_questions_answered,
    merged_answers_of_those_who_left_another_question_blank,
    two_cuts_of_two_questions,
]


def release(tables, marts, policy=PLAIN, **more):
    return Releasing(STUDY, "2021-01-31", {one.number: one for one in tables}, marts, policy, forms="forms", **more).release()


def by_hand(tables, marts, policy=PLAIN):
    return Hand([one.number for one in tables], marts, {one.number: one for one in tables}, policy=policy)


def hidden(found):
    rows = csv.DictReader(io.StringIO(found.files[FIGURES].decode(), newline=""))
    return [
        (int(row["table"]), (row["row"], row["column"], row["group"]))
        for row in rows
        if row["measure"] in ("count", "n") and row["status"] == "hidden"
    ]


@pytest.mark.parametrize("small", [1, 4])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_difference_that_tells_few_is_found_and_mended(kind, small, tmp_path):
    tables, forms = kind(small)
    marts = write_marts(forms, tmp_path)
    told = attack(STUDY, by_hand(tables, marts).source(tmp_path / "as they are")).new
    assert told and {found.kind for found in told} <= {"cell", "difference"}
    mended = release(tables, marts)
    assert not mended.attack.exposed and hidden(mended)
    assert len(mended.released) == len(tables) and mended.small == mended.primary == 0
    assert not any("Total" in place for _, place in hidden(mended))


@pytest.mark.parametrize("small", [0, 12])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_difference_of_none_or_many_is_released_whole(kind, small, tmp_path):
    if kind is all_and_adults_with_blank_roles and small == 0:
        pytest.skip("two blank roles are left, and two of one answer are told")
    tables, forms = kind(small)
    found = release(tables, write_marts(forms, tmp_path))
    assert len(found.released) == len(tables) and hidden(found) == [] and not found.attack.exposed


def test_what_was_released_is_reckoned_with_when_the_catalogue_has_it_no_longer(tmp_path):
    both = [{(a,): 3 if a == 5 and mart == FIRST else 30 + a for a in ANSWERS} for mart in (FIRST, FOLLOWUP)]
    forms = given(both[0], "overall") | given(both[1], "overall", mart=FOLLOWUP)
    marts = write_marts(forms, tmp_path)
    sums = table(1, axis("overall"), marts=(FIRST, FOLLOWUP))
    ours = table(2, axis("overall"))
    theirs = table(3, axis("overall", mart=FOLLOWUP), mart=FOLLOWUP)
    earlier = []
    for one in (sums, ours):
        folder = tmp_path / str(one.number)
        folder.mkdir()
        for name, content in release([one], marts, earlier=earlier).files.items():
            (folder / name).write_bytes(content)
        earlier.append(Source(read_release(folder), "forms"))
    found = release([theirs], marts, earlier=earlier)
    assert not found.attack.new and (found.withheld or hidden(found))


def test_few_blanks_are_shown_and_an_answer_of_theirs_is_not(tmp_path):
    # Three left the second question blank. That is shown; that all three said 4 to the first one isn't.
    counts = {(a, b): 8 + a + b for a in ANSWERS for b in ANSWERS}
    tables = [table(1, axis("overall"), kind="frequency"), table(2, axis("overall"), axis("belief"))]
    spread = counts | {(1, None): 1, (4, None): 1, (5, None): 1}
    for name, blanks, safe in (("one", counts | {(4, None): 3}, False), ("many", spread, False)):
        (tmp_path / name).mkdir()
        found = release(tables, write_marts(given(blanks, "overall", "belief"), tmp_path / name))
        assert bool(hidden(found)) is not safe and len(found.released) == 2
    # Which answers they gave isn't told where the answers aren't printed beside it.
    totals = [table(1, axis("overall"), kind="frequency"), table(2, axis("overall"), axis("belief"), kind="correlation")]
    (tmp_path / "total").mkdir()
    assert hidden(release(totals, write_marts(given(spread, "overall", "belief"), tmp_path / "total"))) == []


def test_blanks_are_hidden_like_answers_where_the_policy_says_so(tmp_path):
    counts = {(a, b): 8 + a + b for a in ANSWERS for b in ANSWERS} | {(1, None): 1, (4, None): 1, (5, None): 1}
    totals = [table(1, axis("overall"), kind="frequency"), table(2, axis("overall"), axis("belief"), kind="correlation")]
    policy = PLAIN.model_copy(update={"missing": "hidden"})
    marts = write_marts(given(counts, "overall", "belief"), tmp_path)
    assert attack(STUDY, by_hand(totals, marts, policy).source(tmp_path / "as they are")).new
    assert not release(totals, marts, policy).attack.exposed


# Examples of the handbooks: cells of a crosstab of role by opinion, and what has to be hidden or withheld.


def crosstab(rows):
    return given({(r, a): n for r, row in enumerate(rows, 1) for a, n in enumerate(row, 1)}, "role", "overall")


ROWS = len(catalogue(STUDY)[1].row.categories)


@pytest.mark.parametrize("few", [1, 5])
def test_one_woman_or_all_but_one_of_a_group_is_hidden(few, tmp_path):
    # (1, 19): the single one; (19, 1) the same from the other side, since she learns of the others.
    two = table(1, axis("role"), axis("overall", (1,), (2,)))
    rows = [[1, 19], [20, 30], [40, 20], [15, 15], [few + 9, 18]]
    found = release([two], write_marts(crosstab(rows), tmp_path))
    assert (1, ("barn", "rigtig god", "")) in hidden(found) and (1, ("barn", "god", "")) in hidden(found)
    assert len(hidden(found)) == 4 and not found.attack.exposed


@pytest.mark.parametrize("turned", [False, True])
def test_a_row_or_a_column_of_one_answer_is_not_released(turned, tmp_path):
    cells = np.array([[6, 0, 0, 0, 0], *[[20, 12, 14, 11, 9]] * 4])
    found = release([table(1, axis("role"), axis("overall"))], write_marts(crosstab(cells.T if turned else cells), tmp_path))
    assert [withheld.table.number for withheld in found.withheld] == [1]
    # Which row it was isn't published.
    assert "barn" not in found.withheld[0].reason and "rigtig" not in found.withheld[0].reason


@pytest.mark.parametrize("zeros", ["shown", "hidden"])
def test_cells_are_hidden_and_no_total_where_that_will_do(zeros, tmp_path):
    one = table(1, axis("overall", (1,), (2,), (3,), (4,)))
    counts = (10, 3, 1, 1) if zeros == "shown" else (10, 5, 0, 0)
    marts = write_marts(given({(a,): n for a, n in enumerate(counts, 1)}, "overall"), tmp_path)
    found = release([one], marts, PLAIN.model_copy(update={"zeros": zeros}))
    assert hidden(found) and not any("Total" in place for _, place in hidden(found))
    assert not found.attack.exposed and len(found.released) == 1


def test_a_catalogue_of_which_nothing_is_released_ends_well(tmp_path):
    marts = write_marts(crosstab([[20, 12, 14, 11, 9]] * 5), tmp_path)
    one = table(1, axis("role"), axis("overall"))
    found = release([one], marts, PLAIN.model_copy(update={"never": {1: "not asked for"}}))
    assert [withheld.reason for withheld in found.withheld] == ["not asked for"] and not found.released
    assert release([], marts).files[FIGURES].count(b"\n") == 1


def test_of_the_hidden_counts_none_can_be_shown_again(tmp_path):
    numbers = (1, 2, 3, 24, 42, 58, 59)
    tables = [catalogue(STUDY)[number] for number in numbers]
    marts = write_marts(frames(), tmp_path)
    found = release(tables, marts)
    assert not found.attack.exposed
    behind = {(one.number, place): forms for one in tables for place, forms in places(STUDY, one).items()}
    away = set(hidden(found))
    releasing = Releasing(STUDY, "2021-01-31", {one.number: one for one in tables}, marts, PLAIN, forms="forms")
    small = {(one.number, place) for one in tables for place in choose(STUDY, one, PLAIN, releasing._forms).small}
    others = {behind[address] for address in away - small}
    assert len(others) > 10
    for again, forms in enumerate(sorted(others, key=repr)):
        hand = by_hand(tables, marts)
        for number, place in away:
            if behind[number, place] != forms:
                hand.hide(number, place)
        assert Attacker(STUDY, hand.source(tmp_path / str(again))).counts(), forms


def test_the_same_word_has_one_number(tmp_path):
    marts = write_marts(frames(), tmp_path)
    found = release([catalogue(STUDY)[number] for number in (23, 24, 29, 58, 59, 60)], marts, release_policy(STUDY))
    meant = {}
    for variant in found.released:
        for one in filter(None, (variant.table.row, variant.table.column)):
            for category in one.categories:
                assert meant.setdefault((one.variable, category.label.casefold()), category.codes) == category.codes
    assert any(len(codes) > 1 for codes in meant.values())
