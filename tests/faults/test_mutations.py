"""Files of a delivery mutated at random: whatever is delivered is read, set aside or refused in one line, and no form is lost.

What came of a mutated file is held against a second reading of it here, by the standard library alone. FRS_MUTATIONS=20000
with `-m minutes` mutates more often, and with another seed each time.
"""

import codecs
import csv
import datetime as dt
import faulthandler
import io
import json
import os
import re
import shutil
import signal
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyrage
import pyreadstat
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError
from support import keys
from support.counting import forms_in, text_of
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import mart_schema, pseudonymise
from frs_pipeline.codebook.vault import open_plain, read_codebook
from frs_pipeline.errors import FrsError
from frs_pipeline.intake.amendments import CORRECTION_COLUMNS, EXCEPTION_COLUMNS
from frs_pipeline.intake.delivery import intake_of, quarantined, remarks
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.validation import validate
from frs_pipeline.intake.withdrawals import WITHDRAWAL_COLUMNS
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER
from frs_pipeline.store.files import Store, stream
from frs_pipeline.store.rows import Rows, batches_of
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires

ASKED = os.environ.get("FRS_MUTATIONS")
MUTATIONS = int(ASKED or 500)
# Seconds that a mutated delivery may take; the process ends when not even Python can be interrupted.
PATIENCE, LAST_PATIENCE = 20, 90

# Stands in what is put in, and must not be said in a message; nor may what else a form holds.
MARKER = "kept-2-itself!"
PRIVATE = re.compile(
    r"kept-2|6101180011|7202180022|(?<![0-9])(7000[0-9]{2}|40111|40222|40333|50444|50555)(?![0-9])", re.IGNORECASE
)
NASTY = [
    "", " ", '"', '""', "'", ";", ",", "\t", "\n", "\r", "\r\n", "\0", "\ufeff", "\x1a", "\x85", "\u2028", "\x0b", "\ud800",
    "\udfff", "å", "²", "１", "-0", "0", "00", "+1", "-1", "1e5", "1.0", "1,0", "99999999999999999999", "999999999", "2147483647",
    "-999999999", "NaN", "inf", "None", "NULL", "#N/A", "TRUE", "2019-05-06", "2019-05-06 09:00:00", "2019-02-31 09:00:00",
    "0001-01-01 00:00:00", "9999-12-31 23:59:59", "2019-05-06T09:00:00", "2019-05-06 09:00Z", "2019-W19-1", "20190506",
    "=1+1", "6101180011", "720218-0022", "tel. 610118 0011", "40111", "50555", "700001", MARKER, f'{MARKER}"', f'"{MARKER}',
    f"{MARKER}\n{MARKER}", f"{MARKER};", f"{MARKER}" * 12_000, "hoert#x", "planhjlp#2", "a#²", "IN-700012", "SA-line3",
    "rådslagning", "opfølgning",
]  # fmt: skip

DIALECTS = {
    "EU": ("cp1252", ";", "\r\n"),
    "INTL": ("utf-16", "\t", "\r\n"),
    "US": ("cp1252", ",", "\r\n"),
    "UTF-8": ("utf-8-sig", ";", "\n"),
}
NAME = "2021-01-31"
AMENDMENTS = ("corrections.csv", "exceptions.csv", "withdrawals.csv")
WITHDRAWN = "SA-700034"
PLAIN = "plain text of the codebook"

# What is wrong with a file as a whole, or with something that isn't there; everything else is wrong in some place.
WHOLE = [
    "missing file",
    "empty file",
    r"a header and no rows \[no_forms\]",
    r"question \S+ has no labels \[labels_drifted\]",
    r"forms were set aside, more than the policy's \d+% \[too_many_set_aside\]",
    # A key is one line; what it is made of is nobody's business.
    "not an age identity",
    "holds no age identity",
    # A locked codebook shows no lines to those who may not open it.
    "doesn't open with this key, or was altered",
    "isn't the pipeline's part of a codebook",
    "holds an entry that isn't number, pseudonym, occasion, date and case",
    r"has the same \w+ twice",
    "not an .xlsx workbook",
    "locked with a password, or an old .xls",
    "a damaged workbook",
    r"sheet \w+ is missing",
    r"one sheet Dataset belongs here, or sheets Dataset\(1\)",
    "empty sheet",
    "not an SPSS file, or encrypted",
    "a damaged SPSS file",
    r"holds \d+ cases, of which its header lets \d+ be read",
    "lists a sheet that isn't in it",
    "holds a sheet that it doesn't list",
    "two sheets have the same name",
    r"sheet \d+ isn't read, and looks like a dataset",
]


@dataclass(frozen=True)
class Target:
    """A file that is mutated: the delivery it lies in, its name there, the questionnaire it belongs to, and how it is taken."""

    form: str
    file: str
    instrument: str = ""
    inside: str = ""


def _targets():
    csvs = [
        Target(form, f"{name}/{part}.csv", name, "text") for form in DIALECTS for name in instruments(STUDY) for part in PARTS
    ]
    books = [
        Target("xlsx", f"{name}/export.xlsx", name, inside) for name in instruments(STUDY) for inside in ("bytes", "xml", "cells")
    ]
    spss = [Target("sav", f"{name}/export.sav", name, inside) for name in instruments(STUDY) for inside in ("bytes", "cells")]
    return {
        "dataset": [target for target in csvs if target.file.endswith("dataset.csv")],
        "structure and labels": [target for target in csvs if not target.file.endswith("dataset.csv")],
        "workbook": books,
        "SPSS file": spss,
        "registers": [
            Target("EU", LEDGER, inside="text"),
            Target("EU", CODEBOOK, inside="bytes"),
            Target("EU", CODEBOOK, inside=PLAIN),
            Target("EU", keys.NAME, inside="bytes"),
        ],
        "amendments": [Target("EU", name, inside="text") for name in AMENDMENTS],
    }


PARTS = ("dataset", "structure", "labels")
TARGETS = _targets()
SHARES = {"dataset": 0.4, "structure and labels": 0.2, "workbook": 0.15, "SPSS file": 0.05, "registers": 0.1, "amendments": 0.1}

# Hypothesis likes small numbers; places should be anywhere in a file.
_at = st.integers(0, (1 << 16) - 1).map(lambda number: number * 40503 % (1 << 16))
_few = st.integers(1, 40)
_piece = st.one_of(st.sampled_from(NASTY), st.binary(min_size=1, max_size=6).map(lambda data: data.decode("latin-1")))
BYTES = {
    "flip": st.tuples(_at, st.integers(0, 7)),
    "set": st.tuples(_at, st.integers(0, 255)),
    "insert": st.tuples(_at, _piece),
    "delete": st.tuples(_at, _few),
    "repeat": st.tuples(_at, _few),
    "swap": st.tuples(_at, _at, _few),
    "truncate": st.tuples(_at),
    "splice": st.tuples(_at, _at, st.integers(1, 400), st.sampled_from([t for group in TARGETS.values() for t in group])),
}
LINES = {
    "delete line": st.tuples(_at),
    "repeat line": st.tuples(_at, st.integers(1, 3)),
    "swap lines": st.tuples(_at, _at),
    "blank line": st.tuples(_at),
    "join lines": st.tuples(_at),
    "other line end": st.tuples(_at, st.sampled_from(["\r", "\n", "\r\n", "\n\r", "\x0b"])),
    "all line ends": st.sampled_from(["\r", "\n", "\r\n"]).map(lambda end: (end,)),
    "cut line": st.tuples(_at, _at),
}
CELLS = {
    "cell": st.tuples(_at, _at, _piece),
    "cell of the header": st.tuples(st.just(0), _at, _piece),
    "quoted cell": st.tuples(_at, _at, _piece),
    "one cell more": st.tuples(_at, _piece),
    "swap cells": st.tuples(_at, _at, _at),
    "quotes over a line end": st.tuples(_at, _at),
    "line of delimiters": st.tuples(_at, st.integers(0, 40)),
}
# What the XML of a sheet says of the places of its rows and cells.
PLACES = {
    "number of a row": st.tuples(_at, st.integers(0, 8)),
    "no number of a row": st.tuples(_at),
    "row again": st.tuples(_at),
    "place of a cell": st.tuples(_at, _at),
    "no place of a cell": st.tuples(_at),
    "merged cells": st.tuples(_at, _at),
}


def _edits(kinds):
    return st.sampled_from(sorted(kinds)).flatmap(lambda kind: st.tuples(st.just(kind), kinds[kind]))


EDITS = {
    "text": _edits({**BYTES, **LINES, **CELLS}),
    PLAIN: _edits({**BYTES, **LINES, **CELLS}),
    "bytes": _edits(BYTES),
    "xml": st.one_of(_edits(PLACES), _edits(BYTES)),
    "cells": _edits({name: CELLS[name] for name in ("cell", "cell of the header", "swap cells")}),
}


def mutated_deliveries(group):
    """(a file, what is done to it)."""
    return st.sampled_from(TARGETS[group]).flatmap(
        lambda target: st.tuples(st.just(target), st.lists(EDITS[target.inside], min_size=1, max_size=2))
    )


def _raw(error):
    """What an encoding can't hold is put into the file all the same."""
    encoding = error.encoding if error.encoding.startswith("utf-16") else "utf-8"
    return error.object[error.start : error.end].encode(encoding, "surrogatepass"), error.end


codecs.register_error("frs-raw", _raw)


def dialect_of(target):
    if not target.instrument:
        return "utf-8", "," if target.inside == PLAIN else ";", "\n"
    return DIALECTS.get(target.form, DIALECTS["EU"])


def mutate(data, target, edits, others):
    """The bytes of a file after `edits`; `others` gives the bytes of any file to cut pieces from."""
    encoding, delimiter, _ = dialect_of(target)
    encoding = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    for kind, values in edits:
        if kind in BYTES:
            data = in_bytes(data, kind, values, encoding, others)
        elif kind in PLACES:
            data = in_places(data, kind, values)
        else:
            mark = next((m for m in (codecs.BOM_UTF16_LE, codecs.BOM_UTF8) if data.startswith(m)), b"")
            text = data[len(mark) :].decode(encoding, "replace")
            text = in_lines(text, kind, values) if kind in LINES else in_cells(text, kind, values, delimiter)
            data = mark + text.encode(encoding, "frs-raw")
    return data


def in_bytes(data, kind, values, encoding, others):
    at = values[0] % (len(data) + 1)
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ (1 << values[1])]) + data[at + 1 :] if at < len(data) else data
    if kind == "set":
        return data[:at] + bytes([values[1]]) + data[at + 1 :]
    if kind == "insert":
        return data[:at] + values[1].encode(encoding, "frs-raw") + data[at:]
    if kind == "delete":
        return data[:at] + data[at + values[1] :]
    if kind == "repeat":
        return data[: at + values[1]] + data[at:]
    if kind == "swap":
        one, two = sorted((at, values[1] % (len(data) + 1)))
        wide = min(values[2], two - one)
        return data[:one] + data[two : two + wide] + data[one + wide : two] + data[one : one + wide] + data[two + wide :]
    if kind == "truncate":
        return data[:at]
    other = others(values[3])
    start = values[1] % (len(other) + 1)
    return data[:at] + other[start : start + values[2]] + data[at:]


def in_lines(text, kind, values):
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text) or [""]
    if kind == "all line ends":
        return "".join(line.rstrip("\r\n") + values[0] for line in lines)
    at = values[0] % len(lines)
    if kind == "delete line":
        del lines[at]
    elif kind == "repeat line":
        lines[at] *= values[1] + 1
    elif kind == "swap lines":
        other = values[1] % len(lines)
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "blank line":
        lines.insert(at, "\r\n")
    elif kind == "join lines":
        lines[at] = lines[at].rstrip("\r\n")
    elif kind == "other line end":
        lines[at] = lines[at].rstrip("\r\n") + values[1]
    else:
        bare = lines[at].rstrip("\r\n")
        lines[at] = bare[: values[1] % (len(bare) + 1)] + lines[at][len(bare) :]
    return "".join(lines)


def in_places(data, kind, values):
    what = rb"<row[^>]*>.*?</row>" if "row" in kind else rb"<c [^>]*>"
    found = list(re.finditer(what, data, re.DOTALL))
    if not found:
        return data
    one, other = (found[value % len(found)] for value in (values[0], values[-1]))
    if kind == "merged cells":
        first, last = (re.search(rb'r="(\w+)"', cell[0]) for cell in (one, other))
        between = b":".join(place[1] for place in (first, last) if place)
        return data.replace(b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="%s"/></mergeCells>' % between, 1)
    new = one[0] * 2
    if kind != "row again":
        at = {"number of a row": b' r="%d"' % values[-1], "place of a cell": other[0][2:].split(b" t=")[0]}.get(kind, b"")
        new = re.sub(rb' r="\w+"', lambda _: at, one[0], count=1)
    return data[: one.start()] + new + data[one.end() :]


def in_cells(text, kind, values, delimiter):
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text) or [""]
    at = values[0] % len(lines)
    bare = lines[at].rstrip("\r\n")
    cells = bare.split(delimiter)
    if kind == "line of delimiters":
        lines.insert(at, delimiter * values[1] + "\r\n")
        return "".join(lines)
    if kind == "quotes over a line end":
        column = values[1] % len(cells)
        for near, mark in ((at, '"{}'), (at + 1, '{}"')):
            line = lines[near % len(lines)]
            mine = line.rstrip("\r\n").split(delimiter)
            mine[column % len(mine)] = mark.format(mine[column % len(mine)])
            lines[near % len(lines)] = delimiter.join(mine) + line[len(line.rstrip("\r\n")) :]
        return "".join(lines)
    if kind == "one cell more":
        cells.append(values[1])
    elif kind == "swap cells":
        one, two = values[1] % len(cells), values[2] % len(cells)
        cells[one], cells[two] = cells[two], cells[one]
    else:
        quoted = '"' + values[2].replace('"', '""') + '"'
        cells[values[1] % len(cells)] = quoted if kind == "quoted cell" else values[2]
    lines[at] = delimiter.join(cells) + lines[at][len(bare) :]
    return "".join(lines)


class Base:
    """The good delivery in every form, what comes of it, and how a file of it is mutated and put back."""

    def __init__(self, made, folder, encode):
        self.folder, self.parts, self.waiting = folder, folder / "parts", folder / "waiting"
        self.parts.mkdir()
        self.waiting.mkdir()
        self.rows = {(i, p): read_rows(made.path(f"{i}/{p}.csv").read_bytes(), ";") for i in instruments(STUDY) for p in PARTS}
        for form in (*DIALECTS, "xlsx", "sav"):
            copy = shutil.copytree(made.folder, self.path(form))
            shutil.copyfile(made.key, copy / keys.NAME)
            for name in instruments(STUDY):
                for part in PARTS:
                    (copy / name / f"{part}.csv").unlink()
                    if form in DIALECTS:
                        (copy / name / f"{part}.csv").write_bytes(encode(self.rows[name, part], *DIALECTS[form]))
                if form == "xlsx":
                    (copy / name / "export.xlsx").write_bytes(workbook({p: self.rows[name, p] for p in PARTS}))
                elif form == "sav":
                    write_sav(copy / name / "export.sav", self.rows[name, "dataset"], self.rows[name, "labels"])
        self.accepted, self.forms = {}, {}
        for name in instruments(STUDY):
            store = self.store("EU")
            result = validate(read_export(STUDY, store.raw(name)), questionnaires(STUDY)[name], self.intake("EU"), self.waiting)
            assert result.set_aside == 0
            self.put(name, result)
            self.accepted[name] = result.forms.num_rows
            self.forms[name] = {form["form_id"]: answers_of(form) for form in result.forms.table().to_pylist()}

    def path(self, form):
        return self.folder / form / "raw" / NAME

    def store(self, form):
        return Store(Settings(STUDY, self.folder / form), NAME)

    def intake(self, form):
        folder = self.path(form)
        return intake_of(
            self.store(form), read_codebook(STUDY, folder / CODEBOOK, folder / keys.NAME), read_ledger(STUDY, folder / LEDGER)
        )

    def bytes_of(self, target):
        return (self.path(target.form) / target.file).read_bytes()

    def mutated(self, target, edits):
        """The mutated file, and the rows (header first) that it is known to hold; None where that is not known."""
        original = self.bytes_of(target)
        if target.inside == "cells":
            rows = [list(row) for row in self.rows[target.instrument, "dataset"]]
            for kind, values in edits:
                row = rows[values[0] % len(rows)]
                one, other = values[1] % len(row), values[2]
                if kind == "swap cells":
                    row[one], row[other % len(row)] = row[other % len(row)], row[one]
                else:
                    row[one] = other
            return (self.sheets if target.form == "xlsx" else self.cases)(target, rows)
        if target.inside == "xml":
            return in_member(original, edits, lambda data: mutate(data, target, edits, self.bytes_of)), None
        if target.inside == PLAIN:
            text = open_plain(self.path("EU") / CODEBOOK, self.path("EU") / keys.NAME).encode()
            text = mutate(text, target, edits, self.bytes_of)
            return pyrage.encrypt(text, [pyrage.x25519.Recipient.from_str(keys.recipient())]), None
        data = mutate(original, target, edits, self.bytes_of)
        if target.file.endswith("dataset.csv"):
            return data, read_rows(data, DIALECTS[target.form][1])
        return data, self.rows[target.instrument, "dataset"] if target.form == "xlsx" else None

    def sheets(self, target, rows):
        try:
            return workbook({p: rows if p == "dataset" else self.rows[target.instrument, p] for p in PARTS}), rows
        except (IllegalCharacterError, ValueError):
            return self.bytes_of(target), self.rows[target.instrument, "dataset"]

    def cases(self, target, rows):
        path = self.folder / "written.sav"
        try:
            write_sav(path, rows, self.rows[target.instrument, "labels"])
        except Exception:  # what can't be written can't be delivered
            return self.bytes_of(target), self.rows[target.instrument, "dataset"]
        return path.read_bytes(), None

    def put(self, name, result, mutated=False):
        """Write what came of a questionnaire where the next step reads it."""
        for layer in ("forms", "rejected", "noted"):
            rows = getattr(result, layer)
            with pq.ParquetWriter(self.part(name, layer, mutated), rows.schema) as writer:
                for batch in batches_of(rows):
                    writer.write_batch(batch)

    def part(self, name, layer, mutated=False):
        return self.parts / f"{name}-{layer}{'-mutated' if mutated else ''}.parquet"


def answers_of(form):
    return {name: value for name, value in form.items() if name not in ("line", "file", "form_id")}


def read_rows(data, delimiter):
    """Rows that hold more than blanks, by the standard library alone; None when it can't read them."""
    try:
        rows = csv.reader(io.StringIO(text_of(data), newline=""), delimiter=delimiter, strict=True)
        return [row for row in rows if any(cell.strip() for cell in row)]
    except (csv.Error, UnicodeError):
        return None


def workbook(sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.title())
        for row in rows:
            sheet.append([_typed(cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _typed(cell):
    if re.fullmatch(r"-?[0-9]{1,18}", cell):
        return int(cell)
    try:
        return dt.datetime.strptime(cell, "%Y-%m-%d %H:%M:%S") if cell else None
    except ValueError:
        return cell


def write_sav(path, dataset, labels):
    frame = pd.DataFrame(dataset[1:], columns=dataset[0], dtype=object)
    for name in frame:
        if all(re.fullmatch(r"(-?[0-9]{1,20}(\.[0-9]+)?)?", cell) for cell in frame[name]):
            frame[name] = [float(cell) if cell else np.nan for cell in frame[name]]
    codes = {}
    for variable, code, label in labels:
        codes.setdefault(variable, {})[int(code)] = label
    codes = {name: answers for name, answers in codes.items() if name in frame and frame[name].dtype != object}
    pyreadstat.write_sav(frame, str(path), variable_value_labels=codes)


def in_member(data, edits, change):
    """A workbook with one of its parts changed, most often a sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        chosen = sorted(book.namelist(), key=lambda name: ("sheet" not in name, name))
    return with_member(data, chosen[edits[0][1][0] % 5 if edits[0][1][0] % 3 else 0], change)


def with_member(data, name, change):
    """A workbook with a part changed, its check sums in order."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        members = {name: book.read(name) for name in book.namelist()}
    members[name] = change(members[name])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for other, content in members.items():
            book.writestr(other, content)
    return file.getvalue()


# What came of each mutation, and which kinds there were.
TALLY: dict[str, Counter] = {group: Counter() for group in TARGETS}
KINDS = Counter()


@pytest.fixture(scope="module")
def base(make_delivery, encode):
    """The good delivery in all its forms, in memory where the system has a folder for that."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mutations.", dir=place) as folder:
        made = make_delivery(Path(folder) / "made")
        # A form is corrected, a finding accepted, and a form withdrawn.
        made.set("initiator", 1, planhjlp="9")
        made.set("participant_first", 2, closetim="2019-05-08 08:00:00")
        corrections = [CORRECTION_COLUMNS, ("IN-700012", "planhjlp", "9", "2", f"{MARKER} på papiret", "mh", "2021-02-01")]
        exceptions = [EXCEPTION_COLUMNS, ("PF-700023", "timestamps_backwards", "", "uret gik forkert", MARKER, "2022-01-31")]
        withdrawals = [WITHDRAWAL_COLUMNS, (WITHDRAWN, "", f"{MARKER} samtykke", MARKER, "2021-02-01")]
        for name, rows in zip(AMENDMENTS, (corrections, exceptions, withdrawals), strict=True):
            made.path(name).write_bytes(encode(rows, "utf-8", terminator="\n"))
        yield Base(made, Path(folder), encode)


@pytest.fixture(scope="module")
def patience():
    """A mutation that takes too long is an error, and one that can't even be interrupted ends the process."""

    def tired(*_):
        raise AssertionError(f"more than {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, tired)
    yield
    signal.alarm(0)
    faulthandler.cancel_dump_traceback_later()
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("part", [0.2, pytest.param(1, marks=pytest.mark.minutes)])
@pytest.mark.parametrize("group", TARGETS)
def test_whatever_is_delivered_is_read_set_aside_or_refused_in_one_line(base, patience, group, part):
    tally = Counter()

    @examples(
        max_examples=max(1, round(part * SHARES[group] * MUTATIONS)),
        derandomize=ASKED is None,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated_deliveries(group))
    def each(mutation):
        target, edits = mutation
        signal.alarm(PATIENCE)
        faulthandler.dump_traceback_later(LAST_PATIENCE, exit=True)
        outcome = what_comes_of(base, target, edits)
        signal.alarm(0)
        tally[outcome] += 1
        KINDS.update(f"{target.inside} {kind}" for kind, _ in edits)

    each()
    TALLY[group].update(tally)
    assert tally["refused"]
    if part == 1 and group == "dataset":
        # So many that they end in all ways.
        assert {"refused", "set aside", "other answers", "as before"} <= set(tally)


def what_comes_of(base, target, edits):
    """Do to a file what is to be done, and hold everything that follows against what must be; one word for it."""
    data, rows = base.mutated(target, edits)
    path = base.path(target.form) / target.file
    original = path.read_bytes()
    if data == original:
        return "unchanged"
    path.write_bytes(data)
    try:
        results = judged(base, target)
        # What was delivered is counted in the file as well, by what doesn't read it in a run.
        counted = forms_in(path.parent) if target.instrument else None
    except FrsError as error:
        refused(error, path, data, original)
        return "refused"
    finally:
        path.write_bytes(original)
    return accounted_for(base, target, counted, rows, *results)


def judged(base, target):
    """The steps up to the marts, as the assets take them."""
    store, intake = base.store(target.form), base.intake(target.form)
    names = [target.instrument] if target.instrument else instruments(STUDY)
    results = {
        name: validate(read_export(STUDY, store.raw(name)), questionnaires(STUDY)[name], intake, base.waiting) for name in names
    }
    for name, result in results.items():
        base.put(name, result, mutated=True)
    accepted = {n: results[n].forms.num_rows if n in results else base.accepted[n] for n in instruments(STUDY)}
    quarantine = quarantined([base.part(n, "rejected", n in results) for n in instruments(STUDY)], base.waiting)
    place = base.parts / "quarantine.parquet"
    with pq.ParquetWriter(place, quarantine.schema) as writer:
        for batch in batches_of(quarantine):
            writer.write_batch(batch)
    aside = sum(result.set_aside for result in results.values())
    try:
        notes, counts = remarks(
            intake,
            accepted,
            place,
            [base.part(n, "noted", n in results) for n in instruments(STUDY)],
            base.waiting,
            [result.applied for result in results.values()],
        )
        assert counts == {"delivered": sum(accepted.values()) + aside, "set_aside": aside}
        assert set(notes.table()["severity"].to_pylist()) <= {"warn", "accepted"}
    except FrsError as error:
        told(error)
        # The delivery would go no further; what it holds must be right all the same.
        assert "[not_applied]" in str(error) or ("[too_many_set_aside]" in str(error) and aside)
    return results, quarantine, intake


def accounted_for(base, target, counted, rows, results, quarantine, intake):
    outcome = "as before"
    for name, result in results.items():
        forms, away = result.forms.table().to_pylist(), result.rejected.table().to_pylist()
        lines = {row["line"] for row in away}
        assert result.delivered == result.forms.num_rows + result.set_aside + result.withdrawn > 0
        assert (len(forms), len(lines)) == (result.forms.num_rows, result.set_aside)
        assert not lines & {form["line"] for form in forms}
        assert len({form["line"] for form in forms}) == len({form["form_id"] for form in forms}) == len(forms)
        assert sum(row["instrument"] == name for row in quarantine.table().to_pylist()) == len(away)
        book = with_cases(STUDY, intake.codebook, intake.ledger)
        published = Rows.of(
            pseudonymise(stream(base.part(name, "forms", mutated=True)), book, questionnaires(STUDY)[name]),
            mart_schema(questionnaires(STUDY)[name]),
        )
        assert published.num_rows == len(forms)
        assert set(published.table()["conference_id"].to_pylist()) <= set(intake.codebook["conference_id"].to_pylist())
        known = rows if name == target.instrument and rows is not None else base.rows[name, "dataset"]
        assert result.delivered == (len(known) - 1 if counted is None else counted)
        if target.inside != "xml" and (target.form != "sav" or name != target.instrument):
            assert result.delivered == len(known) - 1
            untouched(base, target, name, known, forms, away, intake)
        if away:
            outcome = "set aside"
        elif {form["form_id"]: answers_of(form) for form in forms} != base.forms[name]:
            outcome = "other answers" if outcome == "as before" else outcome
    return outcome


def untouched(base, target, name, rows, forms, away, intake):
    """Forms whose own row is as it was have the answers that they had, and are set aside only beside a new double."""
    before = base.rows[name, "dataset"]
    if rows[0] != before[0]:
        return
    prefix = questionnaires(STUDY)[name].form_prefix
    reasons: dict[str, set[str]] = {}
    for row in away:
        reasons.setdefault(row["row"], set()).add(row["rule"])
    by_id = {form["form_id"]: answers_of(form) for form in forms}
    same_entries = entries_as_before(base, intake)
    at = {column: before[0].index(column) for column in ("responde", "raadsnr")}
    for row in before[1:]:
        form = f"{prefix}-{row[at['responde']]}"
        if rows.count(row) == 0 or row[at["raadsnr"]] not in same_entries or form in amended(base, target, intake):
            continue
        if form in by_id and by_id[form] == base.forms[name][form]:
            continue
        why = set().union(*(rules for whole, rules in reasons.items() if list(json.loads(whole).values()) == row))
        assert why, f"{form} is lost"
        assert why <= {"respondent_twice", "keyed_twice"}, f"{form} is set aside though nothing of it was touched: {why}"
        twins = [other for other in rows[1:] if other is not row and twin(other, row, at, len(before[0]))]
        assert len(twins) > 1, f"{form} is set aside as a double of nothing"


def twin(other, row, at, width):
    """Have two rows the same respondent id, or the same conference?"""
    same = [bool(o.strip().isdigit() and int(o) == int(r)) for o, r in ((other[at[c]], row[at[c]]) for c in at)]
    return len(other) == width and any(same)


def entries_as_before(base, intake):
    """Conference numbers, as text, that both registers have as they had them."""
    good = base.intake("EU")
    same = set()
    for number in good.codebook["conference_number"].to_pylist():
        entries = [
            [row for row in table.to_pylist() if row["conference_number"] == number]
            for table in (good.codebook, intake.codebook, good.ledger, intake.ledger)
        ]
        if entries[0] == entries[1] and entries[2] == entries[3]:
            same.add(str(number))
    return same


def amended(base, target, intake):
    """Forms that the amendments speak of, now or before."""
    if target.file not in AMENDMENTS:
        return {WITHDRAWN, "IN-700012"} if target.file == "initiator/dataset.csv" else {WITHDRAWN}
    good = base.intake("EU")
    return {a.form for i in (good, intake) for a in (*i.corrections, *i.exceptions.accepted, *i.withdrawals.entries)}


def told(error):
    """A message is one line without anything that a form holds."""
    said = str(error)
    assert len(said.splitlines()) == 1
    assert said.isprintable()
    assert not PRIVATE.search(said), said
    return said


def refused(error, path, data, original):
    """Is it said in one line what is wrong, in which file and where?"""
    said = told(error)
    places = [path.parent if path.parent.name in instruments(STUDY) else path]
    if re.search("there is no such form|the old value isn't what|more than one form has|there is no such column", said):
        # What is wrong may be the correction, or the withdrawal, as well as the export.
        places += [path.parents[1] / name for name in ("corrections.csv", "withdrawals.csv")]
    if "the form is withdrawn" in said:
        places += [path.parent / name for name in ("corrections.csv", "exceptions.csv")]
    assert said.startswith(tuple(map(str, places))), said
    if any(re.search(rf": {what}", said) for what in WHOLE):
        return
    if path.suffix == ".sav":
        return  # it has no lines
    place = re.match(r"(?P<file>.*?\.(?:csv|xlsx))(?::(?P<line>[0-9]+)|:\w+!(?P<cell>[A-Z]{0,3}[0-9]+(:[A-Z]+[0-9]+)?)): ", said)
    assert place, f"says nothing of the place: {said}"
    if place["line"] and Path(place["file"]) == path:
        in_its_place(said, int(place["line"]), data, original)


def in_its_place(said, line, data, original):
    """Does a text file have the line, and is it another than before where the line itself is at fault?"""
    lines, before = lines_of(data, data), lines_of(original, data)
    assert 1 <= line <= len(lines) + 1, said
    if "null bytes" in said:
        assert "\0" in lines[line - 1], said
    # Where the header lost a name, every line below it is too long.
    elif re.search(r"not a CSV|not readable", said) or ("fields where" in said and lines[:1] == before[:1]):
        assert line > len(lines) or lines[line - 1] not in before, said


def lines_of(data, marked):
    """Lines of a file in the encoding whose mark `marked` has; what can't be decoded stays as it is."""
    if marked.startswith(codecs.BOM_UTF16_LE):
        text = data.decode("utf-16-le", "replace")
    else:
        text = data.decode("utf-8", "surrogateescape")
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


@pytest.fixture(scope="module", autouse=True)
def tally(request):
    """Say after a campaign how many mutations there were, and what came of them."""
    yield
    if ASKED:
        plugins = request.config.pluginmanager
        with plugins.get_plugin("capturemanager").global_and_fixture_disabled():
            total = sum(sum(found.values()) for found in TALLY.values())
            plugins.get_plugin("terminalreporter").write_line(f"\n{total} mutations: {TALLY}\nkinds: {dict(KINDS)}")


# What mutations found once: the file, how it is spoilt, and what is said of it (None: nothing, and all forms are as they were).
FOUND = {
    "null byte in UTF-16": (
        Target("INTL", "initiator/dataset.csv", "initiator", "text"),
        lambda data: data[:-40] + b"\0\0" + data[-40:],
        r"initiator/dataset.csv:6: holds null bytes",
    ),
    "half a letter at the end, behind a byte-order mark": (
        Target("UTF-8", "coordinator/labels.csv", "coordinator", "text"),
        lambda data: data.rstrip(b"\n") + "å".encode()[:1],
        r"coordinator/labels.csv:10: not readable as utf-8",
    ),
    "undecodable behind lone carriage returns": (
        Target("EU", "coordinator/dataset.csv", "coordinator", "text"),
        lambda data: data.replace(b"\r\n", b"\r") + b"\x81",
        r"coordinator/dataset.csv:7: not readable as cp1252",
    ),
    "saved on an old Macintosh": (
        Target("EU", "coordinator/structure.csv", "coordinator", "text"),
        lambda data: data.replace(b"\r\n", b"\r"),
        None,
    ),
    "blank lines above the header": (
        Target("EU", "coordinator/dataset.csv", "coordinator", "text"),
        lambda data: b"\r\n\r\n" + data.replace(b"konflikt", b"konflict"),
        r"coordinator/dataset.csv:3: question konflikt is missing",
    ),
    "a quotation mark among tabs": (
        Target("INTL", "coordinator/dataset.csv", "coordinator", "text"),
        lambda data: data[:2] + '"responde"x'.encode("utf-16-le") + data[18:],
        r"coordinator/dataset.csv:1: not a CSV file: 'tab' expected after",
    ),
    "no name in the header": (
        Target("EU", "coordinator/dataset.csv", "coordinator", "text"),
        lambda data: data.replace(b"difftime", b'"610118\n0011"'),
        r"coordinator/dataset.csv:1: column 6 isn't in questionnaire",
    ),
    "a number sign in a label's variable": (
        Target("EU", "initiator/labels.csv", "initiator", "text"),
        lambda data: data + b"a#x;1;ja\r\na#x;1;nej\r\n",
        r"initiator/labels.csv:\d+: a code has two labels",
    ),
    "another wording": (
        Target("EU", "initiator/structure.csv", "initiator", "text"),
        lambda data: data.replace("har gjort mig mere opmærksom".encode("cp1252"), b"har ikke gjort mig opm\xe6rksom"),
        r"initiator/structure.csv:54: the text of boernepe isn't that of the questionnaire",
    ),
    "a cell of the ledger that no reader takes": (
        Target("EU", LEDGER, inside="text"),
        lambda data: data + b"40999;2018-02-01;" + b"x" * 200_000,
        rf"{LEDGER}:7: not a CSV file",
    ),
    "a letter of the ledger in another encoding": (
        Target("EU", LEDGER, inside="text"),
        lambda data: data + "40999;2018-02-01;rådslagning".encode("cp1252"),
        rf"{LEDGER}:2: was saved in a wrong encoding",
    ),
    "a correction of a column that there isn't": (
        Target("EU", "corrections.csv", inside="text"),
        lambda data: data.replace(b"planhjlp", f'"{MARKER}\n{MARKER}"'.encode()),
        r"corrections.csv:2: there is no such column",
    ),
    # The library crashes on this one.
    "a number in an SPSS file that says it is text": (
        Target("sav", "initiator/export.sav", "initiator", "bytes"),
        lambda data: data.replace(b"_1 \2\0\0\0\0\0\0\0", b"_1 \2\0\0\0\0\x94\0\0", 1),
        r"initiator/export.sav: a damaged SPSS file",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_mutations_found_once(base, patience, name):
    target, spoil, says = FOUND[name]
    path = base.path(target.form) / target.file
    original = path.read_bytes()
    data = spoil(original)
    assert data != original
    path.write_bytes(data)
    try:
        if says is None:
            results, quarantine, intake = judged(base, target)
            assert accounted_for(base, target, forms_in(path.parent), None, results, quarantine, intake) == "as before"
        else:
            with pytest.raises(FrsError, match=says) as error:
                judged(base, target)
            refused(error.value, path, data, original)
    finally:
        path.write_bytes(original)


def _outcome(base, rows):
    """(line, rule) of everything that was found in forms of the coordinator's, or what was said."""
    path = base.path("EU") / "coordinator" / "dataset.csv"
    original = path.read_bytes()
    path.write_bytes("".join(";".join(row) + "\r\n" for row in rows).encode("cp1252"))
    try:
        found = validate(read_export(STUDY, path.parent), questionnaires(STUDY)["coordinator"], base.intake("EU"), base.waiting)
        return sorted((row["line"], row["rule"]) for part in (found.rejected, found.noted) for row in part.table().to_pylist())
    except FrsError as error:
        return str(error)
    finally:
        path.write_bytes(original)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        pytest.param("created", "2019-05-07T09:00:00", [], id="time with a letter"),
        pytest.param("created", "2019-05-07 09:00:60", [(3, "timestamp_unreadable")], id="sixty seconds"),
        pytest.param("created", "2019-5-7 9:00:00", [(3, "timestamp_unreadable")], id="time without zeros"),
        pytest.param("konflikt", "x" * 200_000, "dataset.csv:3: not a CSV file", id="cell that no reader takes"),
    ],
)
def test_what_comes_of_a_form_does_not_depend_on_the_forms_around_it(base, column, value, expected):
    rows = [list(row) for row in base.rows["coordinator", "dataset"]]
    rows[2][rows[0].index(column)] = value
    found = [_outcome(base, rows)]
    # A wild time and a quotation mark send a chunk to the careful readers.
    for other, cell in (("created", "yesterday"), ("konflikt", '"1"')):
        wild = [list(row) for row in rows]
        wild[4][rows[0].index(other)] = cell
        found.append(_outcome(base, wild))
    found = [[pair for pair in one if pair[0] != 5] if isinstance(one, list) else one for one in found]
    assert all(expected in one if isinstance(expected, str) else one == expected for one in found)


def test_a_sheet_that_says_it_had_millions_of_rows_is_not_counted_through(base, patience):
    target = Target("xlsx", "coordinator/export.xlsx", "coordinator", "xml")
    path = base.path("xlsx") / target.file
    original = path.read_bytes()
    path.write_bytes(
        with_member(original, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'<row r="3"', b'<row r="3000000000"'))
    )
    signal.alarm(PATIENCE)
    try:
        with pytest.raises(FrsError, match=r"export.xlsx:Dataset!1048577: more rows than a sheet has"):
            judged(base, target)
    finally:
        signal.alarm(0)
        path.write_bytes(original)
