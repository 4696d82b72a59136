"""Show passports, lists of forms and a form's way in a terminal. Long hashes are cut; `--json` has all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Line

from frs_pipeline.cli.terminal import plain, say
from frs_pipeline.language import Text
from frs_pipeline.lineage.absent import about_absent
from frs_pipeline.lineage.passport import Addition, Passport
from frs_pipeline.lineage.spread import Spread, about_clusters, about_test, number
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.render import numbered

if TYPE_CHECKING:
    from frs_pipeline.lineage.form import Opened, WayOfForm
    from frs_pipeline.lineage.listing import Listed
    from frs_pipeline.lineage.pairs import Pairs

_WIDTH, _HASH = 100, 12


class Page:
    """A console that knows headings, paragraphs, grids and ticked lines."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False, markup=False, emoji=False)

    def heading(self, text: str) -> None:
        self._console.print()
        self._console.print(plain(text), style="bold")

    def text(self, text: str, style: str = "") -> None:
        self._console.print(Padding(Line(plain(text), style=style), (0, 0, 0, 2)))

    def ticked(self, lines: Iterable[tuple[bool, str]]) -> None:
        """Print lines with a tick or a cross, indented where they wrap."""
        grid = Grid.grid(padding=(0, 1))
        grid.add_column(width=3, justify="right")
        grid.add_column(overflow="fold")
        for holds, text in lines:
            grid.add_row(Line("✓", "green") if holds else Line("✗", "bold red"), plain(text))
        self._console.print(grid)

    def grid(self, rows: Iterable[Sequence[str]], numbers: Sequence[int], header: Sequence[str] = ()) -> None:
        """Print rows of cells; the columns `numbers` are right-aligned."""
        grid = Grid(box=SIMPLE_HEAD if header else None, show_header=bool(header), padding=(0, 1), pad_edge=True)
        listed = [tuple(row) for row in rows]
        width = len(header) or (len(listed[0]) if listed else 0)
        for at in range(width):
            right = at in numbers
            name = header[at] if header else ""
            grid.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
        for row in listed:
            grid.add_row(*(Line(plain(cell)) for cell in row))
        self._console.print(Padding(grid, (0, 0, 0, 1)))

    def listed(self, forms: Sequence[Listed]) -> None:
        """Print forms, one line each. There may be millions: too many to be laid out as a grid."""
        places = [f"{form.file}:{form.line}" for form in forms]
        first, second = (max(map(len, texts), default=0) for texts in ([form.form for form in forms], places))
        for form, where in zip(forms, places, strict=True):
            say(f"  {form.form:<{first}}  {where:<{second}}  {'; '.join(form.history)}".rstrip())


def _place(study: Study, address: Address, *, table: bool = True) -> str:
    """Write an address as a reader finds it."""
    parts = (numbered(study, address.table) if table else "", address.row, address.column, address.group, address.measure)
    return " · ".join(part for part in parts if part)


def show(study: Study, passport: Passport) -> None:
    """Print the whole passport."""
    page = Page(study)
    page.heading(f"{numbered(study, passport.address.table)}. {passport.title}")
    page.text(_place(study, passport.address, table=False))
    page.heading(passport.printed)
    unrounded = "" if passport.value is None else f"{passport.value:.15g}: "
    page.text(f"{unrounded}{passport.rounding.english}")
    if about(study).languages != ("english",):
        page.text(passport.definition.danish)
    page.text(passport.definition.english, style="italic")
    if passport.note:
        page.text(passport.note.english)
    _fraction(page, passport)
    if passport.pairs:
        _counts(page, passport.pairs)
    if passport.spread:
        _spread(page, passport.spread, shares=passport.address.measure.endswith("percent"))
    if passport.absent:
        page.heading("Had nobody left a question blank")
        for line in about_absent(passport.absent):
            page.text(line.english)
    _waterfall(page, passport)
    if passport.near:
        page.heading(f"Nearest to being counted: {_many(passport)} that fail one condition only")
        page.grid([(str(near.forms), near.why.english) for near in passport.near], (0,))
    _agreement(page, passport)
    _provenance(page, passport)


def _many(passport: Passport) -> str:
    return "conferences" if passport.of_conferences else "forms"


def _fraction(page: Page, passport: Passport) -> None:
    if passport.numerator and passport.denominator:
        page.heading("Numerator and denominator")
        page.grid([(str(side.number), side.what.english) for side in (passport.numerator, passport.denominator)], (0,))


def _counts(page: Page, counted: Pairs) -> None:
    for stratum in counted.strata:
        page.heading(f"Counts{f', {stratum.label}' if stratum.label else ''}")
        rows = [(label, *map(str, line)) for label, line in zip(counted.rows, stratum.cells, strict=True)]
        page.grid(rows, range(1, len(counted.columns) + 1), ("", *counted.columns))
    page.text(f"P = {counted.p}, Q = {counted.q} (each pair of forms from both of its ends)")


def _spread(page: Page, known: Spread, *, shares: bool) -> None:
    level = number(page.study, known.level, 0)
    if known.low is None or known.high is None:
        page.heading(f"No {level}% interval{f', because {known.reason.english}' if known.reason else ''}")
    else:
        page.heading(f"{level}% interval: {known.low} to {known.high}")
        page.text(
            "; ".join(part for part in (known.method and known.method.english, "rests on very little" * known.marked) if part)
        )
    page.text(about_clusters(page.study, known).english)
    if tested := about_test(page.study, known):
        page.text(tested.english)
    if known.differences:
        page.heading(f"Differences that it takes part in{', in percentage points' if shares else ''}")
        rows = [
            (f"{made.of} less {made.less}", made.value or "–", f"{made.low} to {made.high}" if made.low else _why(made.reason))
            for made in known.differences
        ]
        page.grid(rows, (1,))


def _why(reason: Text | None) -> str:
    return f"no interval, because {reason.english}" if reason else "no interval"


def _waterfall(page: Page, passport: Passport) -> None:
    total = sum(passport.delivered.values())
    if passport.of_conferences:
        page.heading("From the conferences known to the conferences counted")
        rows = [("", str(total), "conferences known")]
    else:
        page.heading("From the forms delivered to the forms counted")
        delivered = " + ".join(f"{n} of {mart}" for mart, n in passport.delivered.items())
        rows = [("", str(total), f"forms delivered: {delivered}")]
    rows_in = passport.denominator is not None and passport.denominator.unit in ("forms", "conferences")
    whole = passport.denominator.number if passport.denominator and rows_in else None
    if whole == total:
        rows.append(("", "", "= the denominator"))
    for step in passport.waterfall:
        rows.append((f"− {step.forms}", str(step.left), step.why.english))
        if step.left == whole:
            rows.append(("", "", "= the denominator"))
    page.grid(rows, (0, 1))
    if passport.deliveries:
        page.text(" + ".join(f"{forms} from {delivery}" for delivery, forms in passport.deliveries.items()))
    which = "it" if passport.forms == 1 else f"these {passport.forms}"
    lists = "" if passport.of_conferences else f" (frs trace … --forms lists {which})"
    page.ticked([(passport.closes, f"{passport.equation}{lists}")])


def _agreement(page: Page, passport: Passport) -> None:
    if passport.published:
        page.heading("In the printed report")
        published = passport.published
        words = f"{published.printed}; from the forms {published.recomputed}: {published.verdict}"
        page.ticked([(published.verdict == "equal", f"{words}{f' — {published.reason}' if published.reason else ''}")])
    if passport.elsewhere:
        page.heading("The same fact elsewhere")
        page.ticked((other.equal, f"{_place(page.study, other.address)}: {other.printed}") for other in passport.elsewhere)
    if passport.sums:
        page.heading("Sums that it takes part in")
        page.ticked((made.holds, _sum(page.study, made)) for made in passport.sums)
    page.heading("Checks")
    page.ticked((check.passed, f"{check.name}: {check.says}") for check in passport.checks)
    page.heading("Corrections, accepted findings and codings that it rests on")
    if not passport.amendments:
        page.text("none")
    page.grid(
        [(a.kind, a.about, f"{a.reason} ({a.who}, {a.when or f'until {a.until}'})", a.place) for a in passport.amendments], ()
    )


def _sum(study: Study, made: Addition) -> str:
    split = {part.table for part in made.parts} - {made.total.table}
    where = f", split in {numbered(study, ', '.join(map(str, sorted(split))))}" if split else ""
    return f"{_place(study, made.total)}{where}: {made.total_printed} = {' + '.join(made.parts_printed)}"


def _provenance(page: Page, passport: Passport) -> None:
    origin = passport.provenance
    page.heading(f"Delivery {origin.delivery}, run {origin.run or 'unfinished: no manifest has a root'}")
    page.grid([(file.name, file.sha256[:_HASH]) for file in origin.inputs], (), ("delivered file", "sha256"))
    made = ((step.file, step.sha256 or "not noted", step.code, step.definition or "–") for step in origin.steps)
    steps = [(file.removesuffix(".parquet"), *(text[:_HASH] for text in hashes)) for file, *hashes in made]
    page.grid(steps, (), ("made on the way", "sha256", "code", "definition"))


def show_forms(
    study: Study, passport: Passport, counted: Sequence[Listed], near: Sequence[tuple[str, int, Sequence[Listed]]]
) -> None:
    """Print the forms that a figure counts, and the first of those that it nearly does."""
    page = Page(study)
    page.heading(f"{_place(study, passport.address)}: {passport.printed}")
    page.listed(counted)
    page.ticked([(len(counted) == passport.forms, f"{len(counted)} listed = {passport.equation}")])
    for why, forms, listed in near:
        first = f", the first {len(listed)}" if len(listed) < forms else ""
        page.heading(f"Not counted for one reason only: {why} ({forms}{first})")
        page.listed(listed)


def show_way(study: Study, way: WayOfForm, opened: Opened | None) -> None:
    """Print one form's way through every layer."""
    page = Page(study)
    page.heading(f"{way.form}: {way.title}")
    page.text(f"raw: {way.file}:{way.line} (sha256 of the file {(way.sha256 or 'unknown')[:_HASH]})")
    for line in way.corrections:
        page.text(line)
    if not way.accepted:
        page.text("set aside: in no mart and no table")
        for line in way.set_aside:
            page.text(f"  {line}")
    else:
        page.text("validated: accepted")
        for line in way.notes:
            page.text(f"  {line}")
        page.text(
            "pseudonymised: conference number replaced by its pseudonym" if way.numbered else "pseudonymised: has no number"
        )
        page.text(f"mart: {way.instrument}, {way.answered} of {way.asked} questions answered")
        counted = [table for table in way.tables if table.counted]
        page.text(f"tables: counted in {len(counted)} of {len(way.tables)}: {', '.join(str(f.table) for f in counted)}")
        left_out = [table for table in way.tables if not table.counted]
        if left_out:
            page.heading("Not counted in")
            page.grid([(str(f.table), "; ".join(why.english for why in f.why)) for f in left_out], (0,), ("table", "because"))
    if opened:
        page.heading("As delivered")
        page.grid(opened.raw.items(), ())
        if way.accepted:
            page.heading("In the mart")
            page.grid(opened.answers.items(), ())
            page.heading("In the tables")
            page.grid([(str(n), " · ".join(labels)) for n, labels in opened.cells.items()], (0,))
