"""Samples of figures that people hold against the paper: their worksheets, and what came of them.

A worksheet is a CSV file with a line for a figure and a form behind it; beside it lies what was drawn. What was found is kept
by line and table, without a form, so that the report may state it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError

from frs_pipeline.errors import CheckFailed, Gathered, InputError, UsageError
from frs_pipeline.intake.readers.handkept import kept_rows
from frs_pipeline.intake.readers.worksheets import as_meant, as_sheet
from frs_pipeline.language import Text
from frs_pipeline.stats.exact import upper_limit
from frs_pipeline.store.deliveries import FIGURES_CHECKED, FIGURES_DRAWN, deliveries
from frs_pipeline.store.files import CONTENT, Store, atomic, private_folder
from frs_pipeline.store.samples import marked, samples_drawn, samples_recorded
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.spec import Spec

FOLDER, PREFIX = "samples", "figures-"
COLUMNS = (*("line", "form", "conference", "file", "table", "row", "column", "group", "measure", "printed", "keyed", "result"),)
S = TypeVar("S", bound=Spec)
Result = Literal["agrees", "differs", "not found"]
# What people write into the last column.
RESULTS: dict[Result, Text] = {
    "agrees": Text("stemmer", "agrees"),
    "differs": Text("afviger", "differs"),
    "not found": Text("ikke fundet", "not found"),
}
_AS_READ = {said.casefold(): name for name, text in RESULTS.items() for said in (text.danish, text.english)}
_PERCENT = Decimal("0.1")


@dataclass(frozen=True)
class Line:
    """A figure and a form behind it: where the form is, and what was keyed of it at the questions that the figure rests on.

    `conference` is empty where forms belong to none.
    """

    form: str
    conference: str
    file: str
    table: int
    row: str
    column: str
    group: str
    measure: str
    printed: str
    keyed: str


class Drawn(Spec):
    """What was drawn: by which seed, of which figures (a hash of their rows), and form, table and figure of each line."""

    delivery: str
    seed: int
    figures: int
    forms: int
    of: str
    lines: tuple[tuple[str, int, int], ...]


class Recorded(Spec):
    """What came of a sample. `results` are table, number of the figure, and result, line by line."""

    delivery: str
    seed: int
    of: str
    who: str
    when: str
    results: tuple[tuple[int, int, Result], ...]


@dataclass(frozen=True)
class Tally:
    """How many lines, or figures, agree with the papers, differ, or can't be judged since a paper wasn't found."""

    agree: int
    differ: int
    not_found: int

    @property
    def compared(self) -> int:
        """How many were compared with papers."""
        return self.agree + self.differ

    @property
    def upper(self) -> Decimal:
        """The upper 95 % limit of the share that differs, in per cent, rounded up."""
        return _up(upper_limit(self.differ, self.compared))

    @property
    def worst(self) -> Decimal:
        """The same, had all differed of which a paper wasn't found."""
        return _up(upper_limit(self.differ + self.not_found, self.compared + self.not_found))


@dataclass(frozen=True)
class Checked:
    """A sample of figures as the report states it.

    `changed` says that figures were made again differently since, `replaced` that it was recorded more than once.

    Lines of a figure fail together, so that it is stated by `lines` and by `figures`: a figure differs if any of its lines does,
    and agrees if all do.
    """

    seed: int
    when: str
    lines: Tally
    figures: Tally
    changed: bool
    replaced: bool


def _up(share: float) -> Decimal:
    return (Decimal(share) * 100).quantize(_PERCENT, ROUND_CEILING)


def sheet_of(store: Store, seed: int, figures: int, forms: int) -> Path:
    """Return where the worksheet of a sample lies."""
    return store.decided(FOLDER) / f"{PREFIX}{seed}-{figures}x{forms}.csv"


def drawn_of(store: Store) -> str:
    """Return a hash of the figures' rows, as they are now."""
    return store.recorded(store.products[("statistics", "figures")], CONTENT) or ""


def refuse_other(store: Store, drawn: Drawn, lines: Sequence[Line]) -> None:
    """Raise `UsageError` when another worksheet lies where this one belongs, or one that somebody has filled in."""
    path = sheet_of(store, drawn.seed, drawn.figures, drawn.forms)
    contents = {path: _sheet(lines), _beside(path): _json(drawn)}
    there = [place for place in contents if place.exists()]
    if there and (len(there) < len(contents) or any(place.read_bytes() != contents[place] for place in there)):
        what = "was drawn before, and is filled in or of other figures"
        raise UsageError(what, where=path, do="record it, or draw by another seed")


def mark_of(content: Drawn | Recorded) -> str:
    """Return the mark by which the journal knows a sample, or what was recorded of it."""
    return marked(_json(content))


def write_sheet(store: Store, drawn: Drawn, lines: Sequence[Line]) -> Path:
    """Write a worksheet and what was drawn, once the journal has it. The same again changes nothing; raises as `refuse_other`."""
    refuse_other(store, drawn, lines)
    path = sheet_of(store, drawn.seed, drawn.figures, drawn.forms)
    private_folder(path.parent, store.settings.data / "decided")
    for place, written in ((_beside(path), _json(drawn)), (path, _sheet(lines))):
        with atomic(place, private=True) as file:
            file.write(written)
    return path


def read_sheet(store: Store, path: Path) -> tuple[Drawn, list[Result]]:
    """Read a worksheet that somebody filled in. Raises `InputError` for each line that isn't as drawn, or has no result."""
    own = store.decided(FOLDER) / path.name
    if not path.is_file() or not path.name.startswith(PREFIX):
        raise InputError("isn't a worksheet of figures", where=path, do="name the file that frs sample draw --of figures wrote")
    if not _beside(own).exists():
        raise InputError("was never drawn for this delivery", where=path, do="keep the name of the worksheet, and say --delivery")
    drawn = _read(_beside(own), Drawn)
    if marked(_beside(own).read_bytes()) not in samples_drawn(store, "figures").get(own.name, ()):
        what = "isn't what was drawn: the access journal has another sample, or none"
        raise InputError(what, where=_beside(own), do="restore it from a backup, or draw by another seed")
    wrong, results = Gathered(), list[Result]()
    rows = [
        (line, [as_meant(cell.strip()) for cell in cells]) for line, cells in kept_rows(path, COLUMNS, "write it as it was drawn")
    ]
    rows = [(line, cells) for line, cells in rows if any(cells)]
    for at, (line, cells) in enumerate(rows):
        with wrong:
            results.append(_result(cells, at, drawn, f"{path}:{line}"))
    wrong.check()
    if len(rows) < len(drawn.lines):
        what = f"{len(rows)} lines where {len(drawn.lines)} were drawn"
        raise InputError(what, where=path, do="put the others back; what wasn't found is a result, too")
    return drawn, results


def _result(cells: Sequence[str], at: int, drawn: Drawn, where: str) -> Result:
    """Read the result of a line. Raises `InputError`, which repeats no cell."""
    if len(cells) != len(COLUMNS):
        raise InputError(f"{len(cells)} fields where {len(COLUMNS)} belong", where=where, do="correct the line")
    said = dict(zip(COLUMNS, cells, strict=True))
    known = drawn.lines[at] if at < len(drawn.lines) else None
    if known is None or (said["line"], said["form"], said["table"]) != (str(at + 1), known[0], str(known[1])):
        raise InputError("isn't the line that was drawn here", where=where, do="keep lines, forms and tables as they were drawn")
    result = _AS_READ.get(" ".join(said["result"].split()).casefold())
    if result is None:
        what = "has another result than there is" if said["result"] else "has no result"
        possible = " · ".join(dict.fromkeys(word for text in RESULTS.values() for word in (text.english, text.danish)))
        raise InputError(what, where=where, do=f"write {possible}")
    return result


def record(store: Store, path: Path, *, who: str, when: str, replace: bool = False) -> Recorded:
    """Read what came of a worksheet, for `keep`. Raises `CheckFailed` where that was recorded, unless it `replace`s that."""
    drawn, results = read_sheet(store, path)
    if _checked(store, path).exists() and not replace:
        raise CheckFailed("was recorded already", where=path, do="draw another sample, or say --replace to correct it")
    return Recorded(
        delivery=store.delivery,
        seed=drawn.seed,
        of=drawn.of,
        who=who,
        when=when,
        results=tuple((table, figure, result) for (_, table, figure), result in zip(drawn.lines, results, strict=True)),
    )


def keep(store: Store, path: Path, made: Recorded) -> None:
    """Write what came of a worksheet to where the report finds it, once the journal has it."""
    with atomic(_checked(store, path), private=True) as file:
        file.write(_json(made))


def figures_checked(store: Store) -> list[Checked]:
    """Read what came of all samples of figures of a delivery, the oldest first.

    Raises `InputError` for another file, and for one that isn't what the journal has as recorded last.
    """
    now, known, found = drawn_of(store), samples_recorded(store), list[Checked]()
    for path in _all_checked(store):
        one = _read(path, Recorded)
        marks = known.get(_sheet_name(path), ())
        if not _is_recorded(path, marks):
            what = "isn't what was recorded: the access journal has another result of this sample, or none"
            raise InputError(what, where=path, do="take the file away; frs sample record takes a worksheet")
        found.append(summed(one, changed=one.of != now, replaced=len(set(marks)) > 1))
    return sorted(found, key=lambda one: (one.when, one.seed))


def unjournalled(settings: Settings) -> list[str]:
    """Return one line per result of a sample, in any delivery, that the access journal doesn't have as recorded last."""
    faults = []
    for name in deliveries(settings.raw):
        store = Store(settings, name)
        paths = _all_checked(store)
        known = samples_recorded(store) if paths else {}
        for path in paths:
            if not _is_recorded(path, known.get(_sheet_name(path), ())):
                faults.append(f"no entry says who recorded {name}/{FOLDER}/{path.name} as it is")
    return faults


def _all_checked(store: Store) -> list[Path]:
    return sorted(store.decided("").glob(FIGURES_CHECKED))


def _sheet_name(checked: Path) -> str:
    return checked.name.removesuffix(".checked.json") + ".csv"


def _is_recorded(checked: Path, marks: Sequence[str]) -> bool:
    return marked(checked.read_bytes()) in marks[-1:]


def unrecorded(store: Store) -> int:
    """Count the samples of figures that were drawn of a delivery and of which nothing is recorded, whoever drew them."""
    files = {path.name.replace(".drawn.json", ".csv") for path in store.decided("").glob(FIGURES_DRAWN)}
    sheets = files | set(samples_drawn(store, "figures"))
    return sum(not _checked(store, Path(sheet)).exists() for sheet in sheets)


def summed(one: Recorded, *, changed: bool = False, replaced: bool = False) -> Checked:
    """Sum up what came of a sample."""
    of_figure: dict[int, set[Result]] = defaultdict(set)
    for _, figure, result in one.results:
        of_figure[figure].add(result)
    worst: Sequence[Result] = ("differs", "not found", "agrees")
    figures = (next(result for result in worst if result in found) for found in of_figure.values())
    return Checked(one.seed, one.when, _tally(result for *_, result in one.results), _tally(figures), changed, replaced)


def _tally(results: Iterable[Result]) -> Tally:
    number = Counter(results)
    return Tally(number["agrees"], number["differs"], number["not found"])


def _sheet(lines: Iterable[Line]) -> bytes:
    rows = ((str(at), *(str(getattr(line, name)) for name in COLUMNS[1:-1]), "") for at, line in enumerate(lines, start=1))
    return as_sheet(COLUMNS, rows)


def _json(content: Spec) -> bytes:
    return (json.dumps(content.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n").encode()


def _read(path: Path, kind: type[S]) -> S:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="check the file's rights") from error
    except ValidationError:
        # The library's error would repeat what stands there.
        raise InputError("doesn't say what was drawn or found", where=path, do="restore it from a backup") from None


def _beside(sheet: Path) -> Path:
    return sheet.with_suffix(".drawn.json")


def _checked(store: Store, sheet: Path) -> Path:
    return (store.decided(FOLDER) / sheet.name).with_suffix(".checked.json")
