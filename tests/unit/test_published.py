"""The printed report as data, and what in it contradicts itself."""

import csv
import io
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY, study_with

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.printed.auditing import RULES
from frs_pipeline.printed.compare import as_printed
from frs_pipeline.printed.contradictions import FILE, as_csv, audit, kept, not_reproducible
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.printed import FILE as PRINTED
from frs_pipeline.study.printed import decimals, of_table, printed_count, prose, published, value
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures

N_AND_WHAT_RESTS_ON_IT = {"n", "ase", "t", "p"}


@pytest.fixture(scope="module")
def fresh():
    return audit(STUDY)


def test_the_report_has_2421_figures_in_81_tables():
    assert len(published(STUDY)) == 2421
    assert sorted({key.table for key in published(STUDY)}) == sorted(catalogue(STUDY)) == list(range(1, 82))


def test_every_printed_string_is_a_number():
    for printed in published(STUDY).values():
        assert value(printed).is_finite()
        assert 0 <= decimals(printed) <= 3


def test_percentages_and_only_they_carry_a_sign_or_lie_within_a_hundred():
    for key, printed in published(STUDY).items():
        if "percent" in key.measure:
            assert 0 <= value(printed) <= 100
        else:
            assert "%" not in printed


@pytest.mark.parametrize("number", sorted(catalogue(STUDY)))
def test_every_printed_figure_has_an_address_that_the_catalogue_computes(number):
    reachable = {f.address for f in figures(catalogue(STUDY)[number], {})}
    assert of_table(STUDY, number).keys() <= reachable


def test_correlations_in_the_text_name_questions_that_exist():
    assert prose(STUDY)
    for line in prose(STUDY):
        questionnaire = questionnaires(STUDY)[line.mart]
        assert questionnaire.question(line.row)
        assert questionnaire.question(line.column)
        assert line.role is None or questionnaire.question("role").code(line.role)
        assert -1 <= value(line.gamma) <= 1


def test_the_study_held_196_first_conferences_and_181_follow_ups():
    assert about(STUDY).printed.held == {"first": 196, "followup": 181}


def test_contradictions_csv_is_what_the_audit_finds_anew(fresh):
    assert (STUDY.folder / FILE).read_text(encoding="utf-8") == as_csv(fresh)
    assert kept(STUDY) == fresh


def test_each_contradiction_names_its_tables_and_has_a_reason(fresh):
    for finding in fresh:
        assert finding.rule in RULES
        assert set(finding.tables) <= set(catalogue(STUDY))
        assert all(f"table {number}" in finding.reason.english for number in finding.tables[:1])
        assert all(key in published(STUDY) for key in (*finding.figures, *finding.gives_way))
        assert all(key.table == finding.tables[0] for key in finding.gives_way)


def test_each_text_says_the_same_in_both_languages(fresh):
    texts = [text for f in fresh for text in (f.reason, f.possible, f.either) if text]
    for text in (*texts, *RULES.values()):
        numbers = [re.findall(r"\d+(?:[.,]\d+)?", said.replace(".", ",")) for said in (text.english, text.danish)]
        assert numbers[0] == numbers[1]
        assert "table" not in text.danish.replace("tabel", "")
        assert " %" not in text.danish
        assert "\n" not in text.danish + text.english


@pytest.mark.parametrize(
    ("rule", "table", "gives_way"),
    [
        *(pytest.param("numbers_of_forms", n, N_AND_WHAT_RESTS_ON_IT, id=f"N of table {n}") for n in (34, 37, 39, 69, 76)),
        pytest.param("frequency_sums", 38, {"count"}, id="valid and missing of table 38"),
        pytest.param("asked_at_one_occasion", 38, set(), id="answers at more follow-ups than were held"),
        pytest.param("percent_only", 35, {"total_percent"}, id="percentages of table 35"),
        pytest.param("hundred", 35, set(), id="108 per cent"),
        pytest.param("printed_twice", 35, set(), id="one percentage as 18 and as 8"),
        *(pytest.param("percent_of_counts", n, {"total_percent"}, id=f"percentage of table {n}") for n in (40, 41, 70)),
        pytest.param("percent_of_counts", 38, {"cumulative_percent"}, id="running percentages of table 38"),
        pytest.param("one_a_conference", 52, set(), id="more mothers than conferences"),
    ],
)
def test_the_audit_finds(fresh, rule, table, gives_way):
    found = [f for f in fresh if f.rule == rule and f.tables[0] == table]
    assert found
    assert {key.measure for f in found for key in f.gives_way} == gives_way


def test_the_audit_finds_nothing_else(fresh):
    assert {f.tables[0] for f in fresh} == {34, 35, 37, 38, 39, 40, 41, 52, 69, 70, 76}
    assert len(fresh) == 16
    assert len(not_reproducible(STUDY)) == sum(len(f.gives_way) for f in fresh)


def test_187_mothers_cannot_have_come_to_181_follow_ups(fresh):
    finding = next(f for f in fresh if f.rule == "one_a_conference")
    assert printed_count(STUDY, Address(52, "mor", "Total", "", "count")) == 187
    assert "187" in finding.reason.english
    assert "181" in finding.reason.english


def test_what_speaks_against_the_split_is_either_the_split_or_the_table(fresh):
    for rule, table in (("one_a_conference", 52), ("asked_at_one_occasion", 38)):
        (finding,) = (f for f in fresh if f.rule == rule)
        assert finding.tables[0] == table
        assert finding.either.english.startswith("either the split 196 first conferences + 181 follow-ups")
        assert finding.either.english.endswith(f"or table {table}")
        # 187 mothers at follow-ups, 144 at first conferences: 377 - 144 = 233.
        assert "from 187 to 233 follow-ups out of 377 conferences" in finding.possible.english


def test_a_split_that_is_stated_leaves_no_choice(tmp_path):
    stated = study_with(tmp_path, {"study.yaml": lambda text: text.replace("  reading: split\n", "")})
    (finding,) = (f for f in audit(stated) if f.rule == "one_a_conference")
    assert (finding.either, finding.possible) == (None, None)


@pytest.fixture(scope="module")
def consistent(tmp_path_factory):
    """A report with the same figures as the printed one, all of them counted from one set of forms."""
    folder, rng = tmp_path_factory.mktemp("marts"), random.Random("consistent")
    for instrument in instruments(STUDY):
        questionnaire = questionnaires(STUDY)[instrument]
        rows = []
        for i in range(240):
            occasion = "followup" if instrument != "participant_first" and i % 2 else "first"
            answers = {
                q.name: rng.choice(q.codes)
                for q in questionnaire.questions
                if q.occasion in ("both", occasion) and rng.random() > 0.07
            }
            rows.append({"form_id": str(i), "conference_id": "C", "occasion": occasion, **answers})
        pq.write_table(pa.Table.from_pylist(rows, schema=mart_schema(questionnaire)), folder / f"{instrument}.parquet")
    marts = open_marts({name: folder / f"{name}.parquet" for name in instruments(STUDY)})
    counted = count(catalogue(STUDY).values(), marts)
    found = (figure for number, table in catalogue(STUDY).items() for figure in figures(table, counted[number]))
    computed = {f.address: f for f in found}
    return {key: as_printed(computed[key], printed) for key, printed in published(STUDY).items()}


def printing(folder, figures):
    """The shipped study, if its report had printed these figures."""

    def write(text):
        header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=";")
        changed = io.StringIO(newline="")
        writer = csv.writer(changed, delimiter=";", lineterminator="\n")
        writer.writerow(header)
        for number, *labels, measure, _ in lines:
            writer.writerow([number, *labels, measure, figures[Address(int(number), *labels, measure)]])
        return changed.getvalue()

    return study_with(folder, {PRINTED: write})


def test_a_report_counted_from_one_set_of_forms_does_not_contradict_itself(consistent, tmp_path):
    assert audit(printing(tmp_path, consistent)) == ()


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        pytest.param("frequency_sums", Address(22, "Missing", "", "", "count"), id="one missing too many"),
        pytest.param("percent_of_counts", Address(1, "mor", "god", "", "row_percent"), id="row percentage"),
        pytest.param("percent_of_counts", Address(17, "mange", "slet ikke", "", "total_percent"), id="total percentage"),
        pytest.param("percent_of_counts", Address(22, "i midten", "", "", "cumulative_percent"), id="running"),
        pytest.param("percent_of_counts", Address(3, "God", "", "", "percent"), id="share of a distribution"),
        pytest.param("percent_only", Address(35, "Lav konflikt", "Midt trivsel", "", "total_percent"), id="bare"),
        pytest.param("gamma_of_cells", Address(25, "", "", "", "gamma"), id="gamma"),
        pytest.param("gamma_of_cells", Address(18, "", "", "", "p"), id="significance"),
        pytest.param("numbers_of_forms", Address(39, "", "", "", "n"), id="N of a correlation"),
    ],
)
def test_one_altered_figure_is_found_and_gives_way(consistent, tmp_path, rule, key):
    last = consistent[key].rstrip("%")
    altered = consistent[key].replace(last, f"{last[:-1]}{(int(last[-1]) + 1) % 10}")
    found = audit(printing(tmp_path, {**consistent, key: altered}))
    assert {f.rule for f in found} >= {rule}
    assert key in {k for f in found if f.rule == rule for k in f.gives_way}
    assert {k.table for f in found for k in f.gives_way} == {key.table}


def test_findings_survive_being_kept(tmp_path, fresh):
    assert kept(study_with(tmp_path, {FILE: lambda _: as_csv(fresh[:3])})) == fresh[:3]
