"""Who keyed a form, as its export says, and the faults of each keyer's forms.

A keyer is an employee: names stay in restricted files; everywhere else they have a number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.stats import fisher_exact

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.keyer_numbers import numbered
from frs_pipeline.errors import InputError
from frs_pipeline.intake.delivery import form_id, intake_as_made, withdrawals_of
from frs_pipeline.intake.readers.columns import short
from frs_pipeline.intake.readers.csvfiles import Chunk
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import Export, read_export
from frs_pipeline.intake.readers.worksheets import as_sheet
from frs_pipeline.intake.withdrawals import Withdrawals
from frs_pipeline.stats.clustered import quantile, wilson
from frs_pipeline.stats.multiplicity import benjamini_hochberg
from frs_pipeline.store.files import Store, atomic, private_folder, stream
from frs_pipeline.study.questionnaires import questionnaires

# The level at which a keyer stands out, among all tests of a delivery.
LEVEL = 0.05
FAULTS = pa.schema(
    [
        pa.field("keyer", pa.string(), nullable=False),
        pa.field("instrument", pa.string(), nullable=False),
        pa.field("rule", pa.string(), metadata={"text": "The rule; null: any of them"}),
        pa.field("forms", pa.int64(), nullable=False, metadata={"text": "Forms that the keyer keyed, but for withdrawn ones"}),
        pa.field("faults", pa.int64(), nullable=False, metadata={"text": "Of these, those that broke the rule"}),
        pa.field("percent", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), metadata={"text": "Wilson's interval, in per cent"}),
        pa.field("high", pa.float64()),
        pa.field("p", pa.float64(), metadata={"text": "Fisher's exact test: more often than others; null: no others"}),
        pa.field("q", pa.float64(), metadata={"text": "Adjusted for all tests (Benjamini & Hochberg)"}),
        pa.field("stands_out", pa.bool_(), nullable=False),
    ]
)


class Keyed(NamedTuple):
    """A form of an export: its id, the line on which it stands, who keyed it ("" where nobody says), and its number."""

    form: str
    line: int
    keyer: str
    number: str


class Keyer(NamedTuple):
    """Names of keyers by the code that stands in the export; a code without a label is a name."""

    column: str
    labels: Mapping[str, str]

    @classmethod
    def of(cls, export: Export) -> Keyer:
        """Read what the codes of an export's keyers mean."""
        column = export.forms.keyer
        assert column is not None
        return cls(column, {code.strip(): label.strip() for _, (name, code, label) in export.labels if short(name) == column})

    def name(self, cell: str) -> str:
        return self.labels.get(cell.strip()) or cell.strip()

    def is_meant(self, who: str, name: str) -> bool:
        """Tell whether somebody who is called `who` is the keyer of this name, by the name or by the code."""
        codes = [code for code, label in self.labels.items() if label == name]
        return who.strip().casefold() in {known.casefold() for known in (name, *codes)}


def held(store: Store, instrument: str, export: Export) -> Iterator[Chunk]:
    """Yield the forms of an export, some at a time, without withdrawn ones."""
    # Which conferences were withdrawn whole is known once the delivery was taken in; most have nothing withdrawn.
    some = withdrawals_of(store)
    if some and not store.file("validated", "withdrawn_conferences").exists():
        raise InputError("not made yet", where=store.file("validated", "withdrawn_conferences"), do=store.refreshed_by)
    withdrawals = intake_as_made(store).withdrawals if some else Withdrawals()
    questionnaire = questionnaires(store.study)[instrument]
    for chunk in export.chunks():
        out = list(withdrawals.rows(questionnaire, chunk.lines, chunk.cells)) if withdrawals.entries else []
        if out:
            kept = np.setdiff1d(np.arange(len(chunk.lines)), out)
            yield Chunk(chunk.lines[kept], chunk.cells.take(pa.array(kept)), chunk.passed)
        else:
            yield chunk


def keyed_in(store: Store, instrument: str) -> Iterator[Keyed]:
    """Yield every form of a questionnaire's export that wasn't withdrawn, with its keyer."""
    export = read_export(store.study, store.raw(instrument))
    if not export.in_use:
        return
    keyer, prefix, forms = Keyer.of(export), questionnaires(store.study)[instrument].form_prefix, export.forms
    for chunk in held(store, instrument, export):
        ids = respondents(forms, chunk.cells).tolist()
        numbers = chunk.cells[forms.number].to_pylist() if forms.number else [""] * len(ids)
        who = chunk.cells[keyer.column].to_pylist()
        for id_, line, cell, number in zip(ids, chunk.lines.tolist(), who, numbers, strict=True):
            yield Keyed(form_id(prefix, id_, line), line, keyer.name(cell), number.strip())


def faults(store: Store, parts: Mapping[str, Iterable[pa.RecordBatch]]) -> pa.Table:
    """Count the faults of each keyer's forms by questionnaire and rule (`FAULTS`).

    `parts` are what was set aside or noted (`REJECTED`, `NOTED`), by questionnaire. Findings that were accepted are no faults.
    """
    rows: list[dict[str, object]] = []
    tests: list[float | None] = []
    for instrument, batches in parts.items():
        by_line = {keyed.line: keyed.keyer for keyed in keyed_in(store, instrument)}
        forms = Counter(by_line.values())
        broken = _broken(batches, by_line)
        for rule in (None, *sorted(name for name in broken if name is not None)):
            found = Counter(by_line[line] for line in broken.get(rule, ()))
            for name, number in sorted(forms.items()):
                row, p = _row(found[name], number, found.total(), forms.total())
                rows.append({"keyer": name, "instrument": instrument, "rule": rule, **row})
                tests.append(p)
    for row, p, q in zip(rows, tests, benjamini_hochberg(tests), strict=True):
        row |= {"p": p, "q": q, "stands_out": q is not None and q < LEVEL}
    return pa.Table.from_pylist(rows, schema=FAULTS)


def faults_of(store: Store) -> pa.Table:
    """Count the faults of a delivery's keyers, from what was set aside and noted (`FAULTS`)."""
    names = questionnaires(store.study)
    both = {name: [store.file("rejected", name), store.file("noted", name)] for name in names}
    return faults(store, {name: (batch for path in paths for batch in stream(path)) for name, paths in both.items()})


def _broken(batches: Iterable[pa.RecordBatch], by_line: Mapping[int, str]) -> dict[str | None, set[int]]:
    """Return the lines of forms that broke each rule; None: any rule."""
    broken: dict[str | None, set[int]] = defaultdict(set)
    for batch in batches:
        severities = batch["severity"].to_pylist() if "severity" in batch.schema.names else ["reject"] * batch.num_rows
        columns = (batch[name].to_pylist() for name in ("line", "form_id", "rule"))
        for line, form, rule, severity in zip(*columns, severities, strict=True):
            if form is not None and severity != "accepted" and line in by_line:
                broken[rule].add(line)
                broken[None].add(line)
    return broken


def _row(faulty: int, forms: int, all_faulty: int, all_forms: int) -> tuple[dict[str, object], float | None]:
    low, high = wilson(faulty / forms, forms, quantile(forms - 1)) if forms > 1 else (None, None)
    others, theirs = all_forms - forms, all_faulty - faulty
    p = None
    if others and all_faulty:
        p = float(fisher_exact(np.array([[faulty, forms - faulty], [theirs, others - theirs]]), alternative="greater").pvalue)
    percents = {name: None if limit is None else 100 * limit for name, limit in (("low", low), ("high", high))}
    return {"forms": forms, "faults": faulty, "percent": 100 * faulty / forms, **percents}, p


def name_keyers(store: Store, keyers: Iterable[str], why: str) -> Path:
    """Write which number stands for whom into a restricted file, and note in the journal who asked; needs a reason."""
    details = {"delivery": store.delivery}
    with traced(store.settings.access_journal, "keyers named", why, details) as trace:
        trace.note(details)
        path = store.decided("keyers.csv")
        rows = [(number, name) for name, number in numbered(store, keyers).items() if name]
        private_folder(path.parent, store.settings.decided(""))
        with atomic(path, private=True) as file:
            file.write(as_sheet(("number", "keyer"), rows))
    return path
