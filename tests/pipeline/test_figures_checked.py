"""Figures that people hold against the paper: drawn by a seed, recorded line by line, and stated in the report."""

import csv
import io
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from support.running import here
from support.small_study import NAME, make_delivery
from support.study import STUDY

from frs_pipeline.errors import CheckFailed, InputError, SeveralErrors, UsageError
from frs_pipeline.intake.figures_checked import (
    COLUMNS,
    Recorded,
    figures_checked,
    keep,
    mark_of,
    read_sheet,
    record,
    sheet_of,
    summed,
    unjournalled,
    unrecorded,
    write_sheet,
)
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.figure_sample import draw
from frs_pipeline.lineage.listing import counted
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.verify import verify
from frs_pipeline.report.binding import unbound
from frs_pipeline.store.files import Store, stale
from frs_pipeline.store.journal import append, entries
from frs_pipeline.store.samples import DRAWN, RECORDED, drawn_details
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address


@pytest.fixture(scope="module")
def made(shared):
    def make(folder):
        refresh(make_delivery(Study(begin(folder / "evening_school")), folder / "evening_school" / "data", forms=120))

    return shared("figures-checked", make)


@pytest.fixture
def store(made, tmp_path):
    folder = shutil.copytree(made / "evening_school", tmp_path / "evening_school")
    return Store(Settings(Study(folder), folder / "data", folder / "data" / "pipeline.key"), NAME)


def drawn(store, seed=7, figures=6, forms=3):
    """Draw a sample as the command does: noted in the journal, and then written."""
    made, lines = draw(Evidence(store), seed, figures, forms)
    noted = drawn_details(store, "figures", sheet_of(store, seed, figures, forms).name, mark_of(made))
    append(store.settings.access_journal, DRAWN, who="lk", why="a test", details=noted)
    return write_sheet(store, made, lines)


def taken(store, path, replace=False):
    """Record what came of a sample as the command does: noted in the journal, and then kept."""
    made = record(store, path, who="LK", when="2026-11-28", replace=replace)
    noted = {"delivery": store.delivery, "sheet": path.name, "recorded": mark_of(made)}
    append(store.settings.access_journal, RECORDED, who="lk", why="a test", details=noted)
    keep(store, path, made)


def rows_of(path):
    content = path.read_bytes()
    text = content.decode("utf-8-sig" if content.startswith(b"\xef") else "cp1252")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def fill(path, results):
    """Write results into the last cells, as a spreadsheet saves them."""
    header, *lines = rows_of(path)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([header, *([*line[:-1], result] for line, result in zip(lines, results, strict=True))])
    path.write_bytes(text.getvalue().encode("cp1252"))


def frs(store, *arguments):
    more = {"FRS_STUDY": str(store.study.folder), "FRS_KEY_FILE": str(store.settings.key)}
    return here(store.settings.data, *arguments, **more)


def test_every_line_is_a_form_that_the_figure_counts_with_what_was_keyed(store):
    """Counted by the lists of forms behind figures, and read from the export by the test itself."""
    evidence = Evidence(store)
    _, lines = draw(evidence, 11, 12, 4)
    figures = Counter(Address(one.table, one.row, one.column, one.group, one.measure) for one in lines)
    assert len(figures) == 12 and max(figures.values()) <= 4
    structure = store.raw("participant/structure.csv").read_text(encoding="cp1252")
    labels = list(csv.reader(io.StringIO(structure), delimiter=";"))
    export = store.raw("participant/dataset.csv").read_text(encoding="cp1252").splitlines()
    for one in lines:
        address = Address(one.table, one.row, one.column, one.group, one.measure)
        behind = {form.form: f"{form.file}:{form.line}" for form in counted(evidence, meanings(store.study)[address].counted)}
        assert behind[one.form] == one.file and one.printed == evidence.figures[address].printed
        keyed = next(csv.reader([export[int(one.file.rpartition(":")[2]) - 1]], delimiter=";"))
        assert one.form.endswith(f"-{keyed[0]}") and one.conference in keyed
        for said in one.keyed.split(" / "):
            text, _, label = said.partition(" = ")
            codes = [row[5] for row in labels if (row[4], row[6]) == (text, label)]
            assert len(codes) == 1 and codes[0] in keyed
    # No form is looked up twice for the same questions.
    pairs = [(one.form, one.keyed) for one in lines]
    assert len(set(pairs)) == len(pairs)


def test_the_same_seed_draws_the_same_sheet_and_another_one_another(store):
    path = drawn(store)
    before = path.read_bytes()
    assert drawn(store) == path and path.read_bytes() == before
    assert sorted(oct(one.stat().st_mode & 0o777) for one in (path, path.parent, path.parent.parent)) == [
        "0o600",
        "0o700",
        "0o700",
    ]
    other = drawn(store, seed=8)
    assert other != path and other.read_bytes() != before
    fill(path, ["agrees"] * (len(rows_of(path)) - 1))
    with pytest.raises(UsageError, match="drawn before"):
        drawn(store)


def test_each_figure_is_as_likely_as_any(store):
    """Of many seeds, each figure with forms behind it is drawn first about as often; a chi-square far beyond chance fails."""
    evidence = Evidence(store)
    possible = [
        a for a, meaning in meanings(store.study).items() if evidence.figures[a].value and counted(evidence, meaning.counted)
    ]
    first = Counter()
    for seed in range(400):
        _, lines = draw(evidence, seed, 1, 1)
        first[lines[0].table] += 1
    of_table = Counter(address.table for address in possible)
    expected = {table: 400 * number / len(possible) for table, number in of_table.items()}
    assert sum((first[table] - e) ** 2 / e for table, e in expected.items()) < 20


def test_more_figures_than_there_are(store):
    with pytest.raises(CheckFailed, match="figures have forms behind them"):
        draw(Evidence(store), 1, 1000, 1)


def test_what_was_found_is_counted_and_its_limit_is_exact(store):
    """Of 17 compared and 1 that differs: qbeta(0.95, 2, 16) = 0.2501; had the one not found differed: qbeta(0.95, 3, 16)."""
    path = drawn(store)
    size = len(rows_of(path)) - 1
    assert size == 18
    fill(path, ["stemmer", "AFVIGER", "not  found", *["agrees"] * 15])
    taken(store, path)
    (one,) = figures_checked(store)
    lines, figures = one.lines, one.figures
    assert (lines.agree, lines.differ, lines.not_found, one.changed) == (16, 1, 1, False)
    assert (lines.upper, lines.worst) == (Decimal("25.1"), Decimal("31.1"))
    # By figures, counted by the addresses that stand in the sheet.
    of = [tuple(row[4:9]) for row in rows_of(path)[1:]]
    wrong, unsure = {of[1]}, {of[2]} - {of[1]}
    assert (figures.agree, figures.differ, figures.not_found) == (6 - len(wrong) - len(unsure), 1, len(unsure))
    kept = (path.with_suffix(".checked.json")).read_text(encoding="utf-8")
    # What the report reads leads to no form.
    assert not any(line[1] in kept or line[2] in kept for line in rows_of(path)[1:])


def test_a_figure_differs_if_any_of_its_lines_does_and_its_limit_is_larger():
    """Four figures of five lines each: R has qbeta(0.95, 5, 16) = 0.4010 of lines, qbeta(0.95, 2, 3) = 0.7514 of figures."""
    of_figures = [["differs"] * 4 + ["agrees"], ["agrees"] * 5, ["agrees"] * 5, ["agrees"] * 5]
    results = [(1, at, result) for at, of_one in enumerate(of_figures, start=1) for result in of_one]
    one = summed(Recorded(delivery=NAME, seed=1, of="x", who="LK", when="2026-11-28", results=tuple(results)))
    assert (one.lines.differ, one.lines.compared, one.figures.differ, one.figures.compared) == (4, 20, 1, 4)
    assert (one.lines.upper, one.figures.upper) == (Decimal("40.2"), Decimal("75.2"))
    # One of which a paper wasn't found is judged only if another of its lines differs.
    lost = [*results[:4], (1, 1, "not found"), *results[5:-1], (1, 4, "not found")]
    two = summed(Recorded(delivery=NAME, seed=1, of="x", who="LK", when="2026-11-28", results=tuple(lost))).figures
    assert (two.agree, two.differ, two.not_found) == (2, 1, 1)


def test_a_trimmed_sample_is_found_when_it_is_recorded(store):
    """Lines that differ are cut out of the sheet and of what was drawn: only the journal knows better."""
    path = drawn(store)
    beside = path.with_suffix(".drawn.json")
    whole, content = json.loads(beside.read_bytes()), path.read_bytes()
    beside.write_text(json.dumps({**whole, "lines": whole["lines"][:10]}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path.write_bytes(b"".join(content.splitlines(keepends=True)[:11]))
    fill(path, ["agrees"] * 10)
    with pytest.raises(InputError, match=r"drawn\.json: isn't what was drawn: the access journal has another sample") as error:
        record(store, path, who="LK", when="2026-11-28")
    assert str(error.value).count("\n") == 0
    # Nor is one that nobody drew: a seed that nothing in the journal names.
    other = sheet_of(store, 8, 6, 3)
    write_sheet(store, *draw(Evidence(store), 8, 6, 3))
    fill(other, ["agrees"] * (len(rows_of(other)) - 1))
    with pytest.raises(InputError, match="isn't what was drawn"):
        record(store, other, who="LK", when="2026-11-28")


def test_only_what_the_journal_has_as_recorded_last_is_stated(store):
    """A result that nobody recorded, one that was altered, and an older one put back: each is refused, and verify names it."""
    path = drawn(store)
    fill(path, ["differs"] * 18)
    taken(store, path)
    place, was = path.with_suffix(".checked.json"), path.with_suffix(".checked.json").read_bytes()
    assert figures_checked(store)[0].replaced is False and unjournalled(store.settings) == []
    fill(path, ["agrees"] * 18)
    taken(store, path, replace=True)
    (one,) = figures_checked(store)
    assert (one.lines.differ, one.replaced) == (0, True)
    now, forged = place.read_bytes(), path.with_name("figures-4711-100x4.checked.json")
    for other, content in ((place, was), (place, now.replace(b'"LK"', b'"KL"')), (forged, now)):
        other.write_bytes(content)
        with pytest.raises(InputError, match=rf"{other.name}: isn't what was recorded") as error:
            figures_checked(store)
        assert str(error.value).count("\n") == 0
        assert unjournalled(store.settings) == [f"no entry says who recorded {NAME}/samples/{other.name} as it is"]
        place.write_bytes(now)
    told = next(verdict for verdict in verify(store, outputs_only=True) if verdict.part == "journals")
    assert [forged.name in fault for fault in told.faults] == [True]


def test_samples_of_which_nothing_is_recorded_are_counted_even_if_their_files_are_gone(store):
    paths = [drawn(store, seed=seed) for seed in (1, 2, 3)]
    assert unrecorded(store) == 3
    for path in paths[:2]:
        path.unlink()
        path.with_suffix(".drawn.json").unlink()
    fill(paths[2], ["agrees"] * (len(rows_of(paths[2])) - 1))
    taken(store, paths[2])
    assert unrecorded(store) == 2


def test_a_cell_that_a_spreadsheet_would_compute_is_neutralised(store):
    made, lines = draw(Evidence(store), 7, 6, 3)
    odd = ("=1+1", "@SUM(A1)", "+cmd", "-a", "\tx")
    write_sheet(store, made, [replace(line, keyed=odd[at % 5], row=odd[at % 5]) for at, line in enumerate(lines)])
    cells = [cell for row in rows_of(sheet_of(store, 7, 6, 3))[1:] for cell in row]
    assert not any(cell.startswith(("=", "@", "+", "-", "\t")) for cell in cells)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda rows: rows[3].__setitem__(-1, ""), ":4: has no result"),
        (lambda rows: rows[3].__setitem__(-1, "ja"), ":4: has another result"),
        (lambda rows: rows[3].__setitem__(1, "DE-99999"), ":4: isn't the line"),
        (lambda rows: rows[3].__setitem__(4, "9"), ":4: isn't the line"),
        (lambda rows: rows.insert(2, rows.pop(5)), ":3: isn't the line"),
        (lambda rows: rows.append(rows[3]), ":20: isn't the line"),
        (lambda rows: rows[3].pop(), ":4: 11 fields"),
        (lambda rows: rows.pop(), "17 lines where 18 were drawn"),
        (lambda rows: rows[0].__setitem__(-1, "resultat"), ":1: the header"),
    ],
)
def test_a_sheet_that_isnt_as_it_was_drawn_is_refused_by_its_lines(store, spoil, what):
    path = drawn(store)
    fill(path, ["agrees"] * 18)
    rows = rows_of(path)
    spoil(rows)
    path.write_text("".join(";".join(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_sheet(store, path)
    assert what in str(error.value).splitlines()[0]
    # No error repeats what was keyed.
    assert not any(row[10] in str(error.value) for row in rows[1:] if len(row) > 10 and row[10])


def test_all_wrong_lines_are_told_at_once(store):
    path = drawn(store)
    fill(path, ["agrees", "", "x", *["agrees"] * 15])
    with pytest.raises(SeveralErrors) as error:
        read_sheet(store, path)
    assert [line.split(": ")[0].rpartition(":")[2] for line in str(error.value).splitlines()] == ["3", "4"]


def test_a_sheet_that_was_never_drawn_here(store, tmp_path):
    path = drawn(store)
    other = shutil.copy(path, tmp_path / "figures-9-6x3.csv")
    for unknown in (other, tmp_path / "none.csv", store.raw("participant/dataset.csv")):
        with pytest.raises(InputError):
            read_sheet(store, unknown)


def test_from_the_draw_to_the_report(store):
    """As commands. Both are in the access journal, and make the report stale and nothing else."""
    journal = store.settings.access_journal
    ask = ("sample", "draw", "--of", "figures", "--seed", "5", "--figures", "4", "--forms", "2")
    assert frs(store, *ask).returncode == 2
    assert entries(journal)[-1].event == "refused" and not store.decided("samples").exists()
    page = store.settings.curated(NAME) / "report" / "kvalitet.html"
    before = page.read_bytes()
    assert b'id="checked"' not in before
    arguments = (
        "sample",
        "draw",
        "--of",
        "figures",
        "--seed",
        "5",
        "--figures",
        "4",
        "--forms",
        "2",
        "--reason",
        "Aftalt kontrol",
    )
    told = frs(store, *arguments)
    path = sheet_of(store, 5, 4, 2)
    assert told.returncode == 0 and str(path) in told.stdout
    assert (entries(journal)[-1].event, entries(journal)[-1].why) == ("sample drawn", "Aftalt kontrol")
    # Whoever reads the report is told of samples of which nothing is recorded, also where nothing is of any.
    fresh = Settings(Study(store.study.folder), store.settings.data, store.settings.key)
    assert stale(Store(fresh, NAME)) == {("report",)}
    assert refresh(fresh).made == ("report",)
    told = page.read_text(encoding="utf-8")
    (line,) = re.findall("<p[^>]*>.*uden at noget resultat er indført:.*</p>", told)
    assert line.endswith(" 1.</p>")
    assert unbound({page.name: told}) == []
    drawn(store, seed=6)
    fill(path, ["stemmer"] * (len(rows_of(path)) - 1))
    assert frs(store, "sample", "record", str(path)).returncode == 2
    recorded = frs(store, "sample", "record", str(path), "--who", "LK")
    assert recorded.returncode == 0 and "At most " in recorded.stdout
    assert (entries(journal)[-1].event, entries(journal)[-1].details["who"]) == ("sample recorded", "LK")
    again = frs(store, "sample", "record", str(path), "--who", "LK")
    assert again.returncode == 1 and "recorded already" in again.stderr
    fresh = Store(Settings(Study(store.study.folder), store.settings.data, store.settings.key), NAME)
    assert stale(fresh) == {("report",)}
    assert refresh(fresh.settings).made == ("report",)
    text = page.read_text(encoding="utf-8")
    n = len(rows_of(path)) - 1
    one = summed(record(fresh, path, who="LK", when="x", replace=True))
    for tally, number in ((one.lines, n), (one.figures, 4)):
        assert (
            f'<td class="n">{number}</td><td class="n">0</td><td class="n">' in text
            and str(tally.upper).replace(".", ",") in text
        )
    # Of another sample nothing is recorded yet.
    assert "uden at noget resultat er indført:" in text
    assert unbound({page.name: text}) == []
    assert frs(store, "verify").returncode == 0
    # Where the figures were made again differently, it says so.
    exports = store.raw("participant/dataset.csv")
    exports.write_bytes(b"".join(exports.read_bytes().splitlines(keepends=True)[:-1]))
    refresh(Settings(Study(store.study.folder), store.settings.data, store.settings.key))
    assert "Tallene er siden beregnet på ny" in page.read_text(encoding="utf-8")
    # A result that is recorded anew is told as such.
    fill(path, ["afviger"] + ["stemmer"] * (n - 1))
    assert frs(store, "sample", "record", str(path), "--who", "LK", "--replace").returncode == 0
    refresh(Settings(Study(store.study.folder), store.settings.data, store.settings.key))
    assert "indført mere end én gang" in page.read_text(encoding="utf-8")
    # And where nothing is recorded any more, only the samples are told.
    path.with_suffix(".checked.json").unlink()
    refresh(Settings(Study(store.study.folder), store.settings.data, store.settings.key))
    left = page.read_text(encoding="utf-8")
    assert 'id="checked"' in left and "Linjer</span>" not in left


def test_an_erasure_takes_a_sample_that_leads_to_the_form_and_leaves_nothing_out_of_date(store):
    path = drawn(store)
    form = rows_of(path)[1][1]
    refresh(store.settings)
    done = frs(store, "withdraw", form, "--reason", "the family asks", "--who", "LK", "--yes", "--erase")
    assert done.returncode == 0, done.stderr
    assert not path.exists() and not path.with_suffix(".drawn.json").exists()
    fresh = Store(Settings(Study(store.study.folder), store.settings.data, store.settings.key), NAME)
    assert (stale(fresh), unrecorded(fresh)) == (set(), 1)


def test_what_was_recorded_must_be_readable(store):
    path = drawn(store)
    kept = path.with_suffix(".checked.json")
    for content in ("{}", "nothing", json.dumps({"seed": "40001"})):
        kept.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="doesn't say") as error:
            figures_checked(store)
        assert "40001" not in str(error.value)


def test_a_sheet_for_spreadsheets(store):
    rows = rows_of(drawn(store))
    assert tuple(rows[0]) == COLUMNS and all(len(row) == len(COLUMNS) for row in rows)
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 19)]
    assert STUDY.folder != store.study.folder
