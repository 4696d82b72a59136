"""A delivery with three times the forms: three times every count, the same gammas, other forms."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.shipped import DELIVERY, RAW
from support.study import STUDY

from frs_pipeline.cli import app
from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import pseudonymise
from frs_pipeline.codebook.vault import CONTROLLERS, open_plain, read_codebook
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.remarks import Intake
from frs_pipeline.intake.validation import validate
from frs_pipeline.reconstruction.delivery import is_made_up
from frs_pipeline.reconstruction.population import Population
from frs_pipeline.reconstruction.scaled import copies as copies_module
from frs_pipeline.reconstruction.scaled import scaling
from frs_pipeline.reconstruction.scaled.copies import Filled, keyed, seated
from frs_pipeline.reconstruction.scaled.registers import conference_numbers
from frs_pipeline.reconstruction.scaled.scaling import MOST_COPIES, filled_in, from_population, scale, scaled_export
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY, EXPORT_FILES, LEDGER, OWN_KEY, describe
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.counting import Counts, count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures
from frs_pipeline.tables.nonresponse import conferences, conferences_alike, ledger_only, unit

N = 3
PARTICIPANTS = ("participant_first", "participant_followup")


class Read(NamedTuple):
    """What the pipeline makes of a delivery."""

    folder: Path
    codebook: pa.Table
    ledger: pa.Table
    forms: dict[str, pa.Table]
    aside: dict[str, Counter[str]]
    counts: dict[int, Counts]


def read(folder: Path, work: Path) -> Read:
    key = folder / (DEMO_KEY if folder == RAW else OWN_KEY)
    codebook, ledger = read_codebook(STUDY, folder / CODEBOOK, key), read_ledger(STUDY, folder / LEDGER)
    placed, forms, aside, marts = with_cases(STUDY, codebook, ledger), {}, {}, {}
    for name, questionnaire in questionnaires(STUDY).items():
        validated = validate(read_export(STUDY, folder / name), questionnaire, Intake(STUDY, policy(STUDY), codebook, ledger))
        forms[name] = pa.concat_tables(pseudonymise(validated.forms.batches(), placed, questionnaire))
        assert validated.delivered == forms[name].num_rows + validated.set_aside
        marts[name] = work / f"{name}.parquet"
        rules = validated.rejected.table()["rule"].to_pylist()
        # Beside its reason, a form that is set aside has the warnings that it gives.
        aside[name] = Counter(rule for rule in rules if policy(STUDY).rules[rule].severity == "aside")
        assert sum(aside[name].values()) == validated.set_aside
        pq.write_table(forms[name], marts[name])
    counts = count(catalogue(STUDY).values(), open_marts(marts))
    return Read(folder, codebook, ledger, forms, aside, counts)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read(RAW, tmp_path_factory.mktemp("shipped"))


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """In two waves, so that one follows the other."""
    folder = tmp_path_factory.mktemp("scaled") / "delivery"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "KEYERS", 2)
        assert scale(STUDY, folder, N, RAW) == N * 3448
    return read(folder, folder.parent)


@pytest.fixture(scope="module")
def filled() -> dict[str, Filled]:
    return filled_in(STUDY, RAW)


def dataset(folder: Path, instrument: str) -> list[dict[str, str]]:
    with (folder / instrument / "dataset.csv").open(encoding="cp1252", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_every_count_of_every_table_is_three_times_the_shipped_one(shipped: Read, scaled: Read) -> None:
    assert len(scaled.counts) == 81
    for number, counts in shipped.counts.items():
        assert scaled.counts[number] == {codes: N * forms for codes, forms in counts.items()}, number


def test_every_gamma_is_the_shipped_one(shipped: Read, scaled: Read) -> None:
    compared = 0
    for number, table in catalogue(STUDY).items():
        of_shipped, of_scaled = (figures(table, read.counts[number]) for read in (shipped, scaled))
        for one, other in zip(of_shipped, of_scaled, strict=True):
            if one.measure in ("gamma", "partial_gamma"):
                assert other.printed == one.printed
                assert other.value == pytest.approx(one.value)
                compared += 1
    assert compared > 40


def test_as_many_forms_are_set_aside_by_each_rule_three_times_over(shipped: Read, scaled: Read) -> None:
    assert sum(forms.num_rows for forms in scaled.forms.values()) == N * 3436
    assert sum(sum(rules.values()) for rules in scaled.aside.values()) == N * 12
    for name, rules in shipped.aside.items():
        assert scaled.aside[name] == {rule: N * forms for rule, forms in rules.items()}


def test_conferences_and_what_they_lack_are_three_times_the_shipped_ones(shipped: Read, scaled: Read) -> None:
    found = []
    for read in (shipped, scaled):
        held = conferences(STUDY, with_cases(STUDY, read.codebook, read.ledger), read.ledger, read.forms)
        alike = conferences_alike(ibis.memtable(held)).to_pyarrow()
        rows = unit(STUDY, alike, ledger_only(read.codebook, read.ledger), DELIVERY).to_pylist()
        found.append({(row["occasion"], row["measure"]): (row["conferences"], row["percent"]) for row in rows})
    assert found[1] == {key: (N * held, percent) for key, (held, percent) in found[0].items()}


def test_no_respondent_number_or_pseudonym_is_a_shipped_one(shipped: Read, scaled: Read) -> None:
    for column in ("conference_number", "conference_id", "case_id"):
        assert not set(scaled.codebook[column].to_pylist()) & set(shipped.codebook[column].to_pylist())
    for name in instruments(STUDY):
        assert not set(scaled.forms[name]["form_id"].to_pylist()) & set(shipped.forms[name]["form_id"].to_pylist())


@pytest.mark.parametrize("instrument", instruments(STUDY))
def test_lines_are_those_of_the_shipped_export_in_the_order_of_keying(scaled: Read, instrument: str) -> None:
    rows, shipped_rows = dataset(scaled.folder, instrument), dataset(RAW, instrument)
    keys = [(row["created"], int(row["responde"])) for row in rows]
    assert keys == sorted(keys)
    ids = [respondent for _, respondent in keys]
    assert ids == sorted(set(ids))
    same = ("difftime", "stato_1", "stato_2", "stato_3", "stato_4", "stato_5", "statc_3", "statd_1", "statd_2")
    assert {tuple(row[c] for c in same) for row in rows} == {tuple(row[c] for c in same) for row in shipped_rows}
    assert rows[0].keys() == shipped_rows[0].keys()
    for row in rows:
        created, closed = (dt.datetime.fromisoformat(row[column]) for column in ("created", "closetim"))
        assert closed - created == dt.timedelta(seconds=75)
        assert (row["modified"], row["starttim"]) == (row["closetim"], row["created"])
        assert created.weekday() < 5
        assert 8 <= created.hour < 15
    for name in EXPORT_FILES[1:]:
        assert (scaled.folder / instrument / name).read_bytes() == (RAW / instrument / name).read_bytes()


def test_a_conference_has_one_child_mother_and_father_as_far_as_there_are_conferences(shipped: Read, scaled: Read) -> None:
    for name in PARTICIPANTS:
        for role in (1, 2, 3):
            most = []
            for forms in (shipped.forms[name], scaled.forms[name]):
                sat = forms.filter(pc.equal(forms["role"], role))["conference_id"]
                most.append(max(Counter(sat.to_pylist()).values()))
            assert most[0] == most[1]


def test_controllers_have_a_replacement_number_for_every_child(scaled: Read) -> None:
    text = open_plain(scaled.folder / CONTROLLERS, scaled.folder / f"CONTROLLERS-{OWN_KEY}")
    rows = list(csv.DictReader(text.splitlines()))
    assert [int(row["conference_number"]) for row in rows] == scaled.codebook["conference_number"].to_pylist()
    assert [row["conference_id"] for row in rows] == scaled.codebook["conference_id"].to_pylist()
    children = {row["personal_number"]: dt.date.fromisoformat(row["date"]) for row in rows if row["occasion"] == "first"}
    assert len(children) == N * 196
    assert all(61 <= int(number[:2]) <= 88 and 1 <= int(number[2:4]) <= 12 and number[6] == "-" for number in children)
    later = [(row["personal_number"], row["date"]) for row in rows if row["occasion"] == "followup"]
    assert len({child for child, _ in later}) == len(later) == N * 181
    assert all(91 <= (dt.date.fromisoformat(date) - children[child]).days < 183 for child, date in later)


def test_the_ledger_holds_the_conferences_of_the_codebook_by_date(scaled: Read) -> None:
    assert scaled.ledger.equals(scaled.codebook.drop_columns(["conference_id", "case_id"]))
    with (scaled.folder / LEDGER).open(encoding="utf-8") as file:
        keys = [(row["dato"], int(row["raadslagningsnummer"])) for row in csv.DictReader(file, delimiter=";")]
    assert keys == sorted(keys)


def test_the_same_bytes_come_out_twice_and_other_forms_for_another_number(tmp_path: Path, filled: dict[str, Filled]) -> None:
    for folder, copies in (("a", 2), ("b", 2), ("c", 1)):
        scaled_export(STUDY, tmp_path / folder, "initiator", copies, filled["initiator"])
    a, b, c = ((tmp_path / folder / "initiator" / "dataset.csv").read_bytes() for folder in "abc")
    assert a == b
    assert a.count(b"\n") == 2 * 379 + 1
    assert c.count(b"\n") == 379 + 1


def test_it_is_made_up_and_may_be_written_over(tmp_path: Path) -> None:
    scale(STUDY, tmp_path, 1, RAW)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    shipped = {p.relative_to(RAW).as_posix() for p in RAW.rglob("*") if p.is_file()}
    made = {name.replace(DEMO_KEY, OWN_KEY) for name in shipped} | {"delivery.yaml"}
    assert {p.relative_to(tmp_path).as_posix() for p in before} == made
    assert is_made_up(STUDY, tmp_path)
    assert describe(STUDY, tmp_path).made_up
    (tmp_path / "initiator" / ".dataset.csv.k1ll3d.tmp").touch()
    scale(STUDY, tmp_path, 1, RAW)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_forms_made_anew_give_the_same_copies_as_those_of_the_delivery(filled: dict[str, Filled]) -> None:
    """A population holds the forms in another order."""
    given = filled["coordinator"]
    turned = {"conflict": given.codes[::-1, 0].tolist()}
    other = from_population(STUDY, Population("coordinator", given.occasions[::-1].tolist(), turned, {}))
    assert (other.codes == given.codes).all()
    assert (other.occasions == given.occasions).all()


@pytest.mark.parametrize("change", ["another answer", "scaled"])
def test_other_forms_than_the_studys_are_not_taken_for_its_population(tmp_path: Path, scaled: Read, change: str) -> None:
    source = tmp_path / "source"
    if change == "another answer":
        shutil.copytree(RAW, source)
        path = source / "coordinator" / "dataset.csv"
        path.write_bytes(path.read_bytes().replace(b";2\r\n", b";3\r\n", 1))
    else:
        source = scaled.folder
    asked = []

    def populate_all(_study: Study, report: object) -> list[Population]:
        asked.append(report)
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "populate_all", populate_all)
        assert filled_in(STUDY, source) == {}
    assert len(asked) == 1


@pytest.mark.parametrize("copies", [0, -1, MOST_COPIES + 1])
def test_a_number_of_copies_that_is_none_is_refused(tmp_path: Path, copies: int) -> None:
    with pytest.raises(UsageError, match=f"not a possible number of copies.*{MOST_COPIES}"):
        scale(STUDY, tmp_path / "new", copies, RAW)
    assert not (tmp_path / "new").exists()


def test_neither_the_shipped_nor_a_real_delivery_is_written_over(tmp_path: Path) -> None:
    shipped, real = tmp_path / "shipped", tmp_path / "real"
    shutil.copytree(RAW, shipped)
    with pytest.raises(UsageError, match="is the shipped delivery"):
        scale(STUDY, tmp_path / "real" / ".." / "shipped", 2, shipped)
    real.mkdir()
    (real / LEDGER).write_text("real", encoding="utf-8")
    with pytest.raises(UsageError, match="isn't the made-up delivery"):
        scale(STUDY, real, 2, shipped)
    assert (shipped / LEDGER).read_bytes() == (RAW / LEDGER).read_bytes()
    assert [path.name for path in real.iterdir()] == [LEDGER]


def test_scale_without_a_folder_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="say --to FOLDER") as refused:
        app(["reconstruct", "--scale", "2"], standalone_mode=False)
    assert refused.value.exit_code == 2


def test_forms_are_those_that_ship_with_the_project_where_the_data_folder_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise they would be made again, for minutes."""
    sources = []
    monkeypatch.setattr(scaling, "scale", lambda _study, _folder, _copies, source, _report: sources.append(source))
    for data in (tmp_path, RAW.parent.parent):
        monkeypatch.setenv("FRS_DATA_DIR", str(data))
        app(["reconstruct", "--scale", "2", "--to", str(tmp_path / "new")], standalone_mode=False)
    assert sources == [RAW, RAW]


def test_forms_alike_never_sit_at_one_conference(filled: dict[str, Filled]) -> None:
    """Not even on the coordinator's paper, where one question makes most forms alike."""
    given = filled["coordinator"]
    seats = seated(STUDY, given, 50, np.random.default_rng(1))
    answered = given.codes[:, 0] > 0
    for copy in seats:
        pairs = list(zip(copy[answered], given.codes[answered, 0], strict=True))
        assert len(set(pairs)) == len(pairs)
        assert np.bincount(copy).max() == 2


def test_only_papers_taken_up_once_more_lie_within_minutes_of_their_likes(filled: dict[str, Filled]) -> None:
    for name in ("initiator", "coordinator"):
        wave = keyed(STUDY, filled[name], 20, 0, np.random.default_rng(2))
        last: dict[tuple[int, ...], int] = {}
        close = 0
        for at, form, copy, place in zip(wave.at, wave.form, wave.copy, wave.place, strict=True):
            key = (copy, place, *filled[name].codes[form])
            close += filled[name].answered[form] and at - last.get(key, 0) <= 600
            last[key] = at
        assert close == (20 if name == "initiator" else 0)
        assert (np.diff(wave.at) >= 0).all()


def test_a_wave_ends_before_the_next_begins(filled: dict[str, Filled]) -> None:
    given = filled["participant_followup"]
    workdays = copies_module.workdays_of_a_copy(given)
    wave, later = (keyed(STUDY, given, 8, start, np.random.default_rng(3)) for start in (0, workdays))
    assert wave.at.max() < later.at.min()


def test_every_place_has_a_number_of_its_own() -> None:
    numbers = np.sort(conference_numbers(STUDY, np.arange(378 * MOST_COPIES)))
    assert (np.diff(numbers) > 0).all()
    assert numbers[0] >= 100_000_000
    assert numbers[-1] <= 999_999_999
