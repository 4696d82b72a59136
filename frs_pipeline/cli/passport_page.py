"""Show passports, lists of forms and a form's way in a terminal, in one language. Long hashes are cut; `--json` has them whole.

An address stands as it is typed after `--row`, `--column`, `--group` and `--measure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Line

from frs_pipeline.cli.terminal import plain, room, say
from frs_pipeline.cli.words import VERDICTS
from frs_pipeline.language import Language, Text
from frs_pipeline.lineage.absent import about_absent
from frs_pipeline.lineage.passport import Addition, Passport
from frs_pipeline.lineage.spread import Spread, about_clusters, about_test, number
from frs_pipeline.printed.notation import in_points
from frs_pipeline.report.english import as_read
from frs_pipeline.report.layout import labels_of
from frs_pipeline.report.packs import checked
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.keying import about_keying
from frs_pipeline.tables.render import caption, numbered

if TYPE_CHECKING:
    from frs_pipeline.lineage.form import Opened, WayOfForm
    from frs_pipeline.lineage.listing import Listed
    from frs_pipeline.lineage.pairs import Pairs

_WIDTH, _HASH = 100, 12
_KINDS = {
    "correction": Text("rettelse", "correction"),
    "exception": Text("accepteret anmærkning", "exception"),
    "coding": Text("kodning", "coding"),
}


class Page:
    """A console that speaks one language and knows headings, paragraphs, grids and ticked lines."""

    def __init__(self, study: Study, language: Language = "english") -> None:
        self.study, self.language = study, language
        self._pointed = language == "english" and about(study).language == "danish"
        self._console = Console(width=room() or _WIDTH, highlight=False, markup=False, emoji=False)

    def of(self, text: Text) -> str:
        """Return a text in the language of the page."""
        return text.in_language(self.language)

    def _as_written(self, text: str) -> str:
        """Return what a line shows: with decimal points in English, though figures are printed with commas."""
        return plain(in_points(text) if self._pointed else text)

    def heading(self, text: str) -> None:
        self._console.print()
        self._console.print(self._as_written(text), style="bold")

    def text(self, text: str, style: str = "") -> None:
        self._console.print(Padding(Line(self._as_written(text), style=style), (0, 0, 0, 2)))

    def ticked(self, lines: Iterable[tuple[bool, str]]) -> None:
        """Print lines with a tick or a cross, indented where they wrap."""
        grid = Grid.grid(padding=(0, 1))
        grid.add_column(width=3, justify="right")
        grid.add_column(overflow="fold")
        for holds, text in lines:
            grid.add_row(Line("✓", "green") if holds else Line("✗", "bold red"), self._as_written(text))
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
            grid.add_row(*(Line(self._as_written(cell)) for cell in row))
        self._console.print(Padding(grid, (0, 0, 0, 1)))

    def listed(self, forms: Sequence[Listed]) -> None:
        """Print forms, one line each. There may be millions: too many to be laid out as a grid."""
        places = [f"{form.file}:{form.line}" for form in forms]
        first, second = (max(map(len, texts), default=0) for texts in ([form.form for form in forms], places))
        for form, where in zip(forms, places, strict=True):
            say(f"  {form.form:<{first}}  {where:<{second}}  {'; '.join(form.history)}".rstrip())


def _place(page: Page, address: Address, *, table: bool = True) -> str:
    """Write an address as a reader finds it."""
    parts = (
        numbered(page.study, address.table, page.language) if table else "",
        address.row,
        address.column,
        address.group,
        address.measure,
    )
    return " · ".join(part for part in parts if part)


def show(study: Study, passport: Passport, language: Language = "english") -> None:
    """Print the whole passport."""
    page = Page(study, language)
    page.heading(caption(study, catalogue(study)[passport.address.table], language))
    page.text(_place(page, passport.address, table=False))
    page.heading(passport.printed)
    unrounded = "" if passport.value is None else f"{passport.value:.15g}: ".replace(".", page.of(Text(",", ".")))
    page.text(f"{unrounded}{page.of(passport.rounding)}")
    page.text(page.of(passport.definition), style="italic")
    if passport.note:
        page.text(page.of(passport.note))
    if passport.keying:
        page.text(page.of(about_keying(study, passport.keying)))
    _fraction(page, passport)
    if passport.pairs:
        _counts(page, passport.pairs, labels_of(catalogue(study)[passport.address.table]))
    if passport.spread:
        _spread(page, passport.spread, shares=passport.address.measure.endswith("percent"))
    if passport.absent:
        page.heading(page.of(Text("Hvis ingen havde sprunget et spørgsmål over", "Had nobody left a question blank")))
        for line in about_absent(passport.absent):
            page.text(page.of(line))
    _waterfall(page, passport)
    if passport.near:
        forms = "conferences" if passport.of_conferences else "forms"
        danish = "Tættest på at tælle med: falder kun på én betingelse"
        page.heading(page.of(Text(danish, f"Nearest to being counted: {forms} that fail one condition only")))
        page.grid([(str(near.forms), page.of(near.why)) for near in passport.near], (0,))
    _agreement(page, passport)
    _provenance(page, passport)


def _fraction(page: Page, passport: Passport) -> None:
    if passport.numerator and passport.denominator:
        page.heading(page.of(Text("Tæller og nævner", "Numerator and denominator")))
        page.grid([(str(side.number), page.of(side.what)) for side in (passport.numerator, passport.denominator)], (0,))


def _counts(page: Page, counted: Pairs, says: Sequence[Mapping[str, Text]]) -> None:
    rows, columns, groups = ({label: page.of(text) for label, text in axis.items()} for axis in says)
    for stratum in counted.strata:
        label = groups.get(stratum.label, stratum.label)
        page.heading(f"{page.of(Text('Optælling', 'Counts'))}{f', {label}' if label else ''}")
        lines = [(rows.get(row, row), *map(str, line)) for row, line in zip(counted.rows, stratum.cells, strict=True)]
        header = ("", *(columns.get(column, column) for column in counted.columns))
        page.grid(lines, range(1, len(counted.columns) + 1), header)
    why = page.of(Text("hvert par skemaer fra begge ender", "each pair of forms from both of its ends"))
    page.text(f"P = {counted.p}, Q = {counted.q} ({why})")


def _spread(page: Page, known: Spread, *, shares: bool) -> None:
    level = number(page.study, known.level, 0)
    if known.low is None or known.high is None:
        because = f"{page.of(Text(', fordi ', ', because '))}{page.of(known.reason)}" if known.reason else ""
        page.heading(page.of(Text(f"Intet {level} %-interval{because}", f"No {level}% interval{because}")))
    else:
        page.heading(f"{page.of(Text(f'{level} %-interval', f'{level}% interval'))}: {_span(page, known.low, known.high)}")
        marked = page.of(Text("bygger på meget lidt", "rests on very little")) if known.marked else ""
        page.text("; ".join(part for part in (page.of(known.method) if known.method else "", marked) if part))
    page.text(page.of(about_clusters(page.study, known)))
    if tested := about_test(page.study, known):
        page.text(page.of(tested))
    if known.differences:
        points = page.of(Text(", i procentpoint", ", in percentage points")) if shares else ""
        page.heading(page.of(Text("Forskelle, tallet indgår i", "Differences that it takes part in")) + points)
        less = page.of(Text("minus", "less"))
        rows = [
            (
                f"{_side(page, made.of)} {less} {_side(page, made.less)}",
                made.value or "–",
                _span(page, made.low, made.high) if made.low else _why(page, made.reason),
            )
            for made in known.differences
        ]
        page.grid(rows, (1,))


def _side(page: Page, label: str) -> str:
    """Return what one side of a difference is called: a table in the language of the page."""
    table = re.fullmatch(r"(?:Tabel|Table) (\d+)", label)
    return numbered(page.study, table[1], page.language) if table else label


def _span(page: Page, low: str | None, high: str | None) -> str:
    return f"{low} {page.of(Text('til', 'to'))} {high}"


def _why(page: Page, reason: Text | None) -> str:
    none = page.of(Text("intet interval", "no interval"))
    return f"{none}{page.of(Text(', fordi ', ', because '))}{page.of(reason)}" if reason else none


def _waterfall(page: Page, passport: Passport) -> None:
    total = sum(passport.delivered.values())
    if passport.of_conferences:
        page.heading(
            page.of(Text("Fra alle kendte til dem, der tæller med", "From the conferences known to the conferences counted"))
        )
        rows = [("", str(total), page.of(Text("kendte", "conferences known")))]
    else:
        page.heading(page.of(Text("Fra leverede skemaer til tallet", "From the forms delivered to the forms counted")))
        of = page.of(Text("fra", "of"))
        delivered = " + ".join(f"{n} {of} {mart}" for mart, n in passport.delivered.items())
        rows = [("", str(total), f"{page.of(Text('leverede skemaer', 'forms delivered'))}: {delivered}")]
    rows_in = passport.denominator is not None and passport.denominator.unit in ("forms", "conferences")
    whole = passport.denominator.number if passport.denominator and rows_in else None
    denominator = ("", "", page.of(Text("= nævneren", "= the denominator")))
    if whole == total:
        rows.append(denominator)
    for step in passport.waterfall:
        rows.append((f"− {step.forms}", str(step.left), page.of(step.why)))
        if step.left == whole:
            rows.append(denominator)
    page.grid(rows, (0, 1))
    if passport.deliveries:
        page.text(" + ".join(f"{forms} {page.of(Text('fra', 'from'))} {name}" for name, forms in passport.deliveries.items()))
    which = page.of(Text("dem", "it" if passport.forms == 1 else f"these {passport.forms}"))
    lists = "" if passport.of_conferences else f" (frs trace … --forms {page.of(Text('viser', 'lists'))} {which})"
    page.ticked([(passport.closes, f"{_equation(page, passport)}{lists}")])


def _equation(page: Page, passport: Passport) -> str:
    """Return the equation of a figure, with what it counts in the language of the page."""
    if page.language == "english":
        return passport.equation
    held = about(page.study).conference
    words = {"forms": "skemaer", "form": "skema", "conferences": held.many.danish, "conference": held.one.danish}
    told = re.sub(r"^(\d+) (\w+)", lambda found: f"{found[1]} {words.get(found[2], found[2])}", passport.equation)
    return told.replace("ticks in them", "kryds i dem")


def _agreement(page: Page, passport: Passport) -> None:
    if passport.published:
        page.heading(page.of(Text("I den trykte rapport", "In the printed report")))
        published = passport.published
        verdict = page.of(VERDICTS[published.verdict])
        words = f"{published.printed}; {page.of(Text('fra skemaerne', 'from the forms'))} {published.recomputed}: {verdict}"
        reason = as_read(page.study, Text(published.reason_danish or "", published.reason or ""))
        page.ticked([(published.verdict == "equal", f"{words}{f' — {page.of(reason)}' if page.of(reason) else ''}")])
    if passport.elsewhere:
        page.heading(page.of(Text("Samme oplysning andre steder", "The same fact elsewhere")))
        page.ticked((other.equal, f"{_place(page, other.address)}: {other.printed}") for other in passport.elsewhere)
    if passport.sums:
        page.heading(page.of(Text("Summer, tallet indgår i", "Sums that it takes part in")))
        page.ticked((made.holds, _sum(page, made)) for made in passport.sums)
    page.heading(page.of(Text("Kontrol", "Checks")))
    of_conferences = passport.of_conferences
    page.ticked(
        (check.passed, page.of(Text(checked(check.name, of_conferences).danish, f"{check.name}: {check.says}")))
        for check in passport.checks
    )
    page.heading(
        page.of(
            Text(
                "Rettelser, accepterede anmærkninger og kodninger bag tallet",
                "Corrections, accepted findings and codings that it rests on",
            )
        )
    )
    if not passport.amendments:
        page.text(page.of(Text("ingen", "none")))
    until, kinds = page.of(Text("indtil", "until")), {name: page.of(kind) for name, kind in _KINDS.items()}
    page.grid(
        [
            (kinds.get(a.kind, a.kind), a.about, f"{a.reason} ({a.who}, {a.when or f'{until} {a.until}'})", a.place)
            for a in passport.amendments
        ],
        (),
    )


def _sum(page: Page, made: Addition) -> str:
    split = {part.table for part in made.parts} - {made.total.table}
    listed = numbered(page.study, ", ".join(map(str, sorted(split))), page.language)
    where = f", {page.of(Text('delt op i', 'split in'))} {listed}" if split else ""
    return f"{_place(page, made.total)}{where}: {made.total_printed} = {' + '.join(made.parts_printed)}"


def _provenance(page: Page, passport: Passport) -> None:
    origin = passport.provenance
    unfinished = page.of(Text("ikke gjort færdig: intet manifest har en rod", "unfinished: no manifest has a root"))
    page.heading(
        f"{page.of(Text('Leverance', 'Delivery'))} {origin.delivery}, {page.of(Text('kørsel', 'run'))} {origin.run or unfinished}"
    )
    delivered, made_on_the_way = (
        page.of(Text("leveret fil", "delivered file")),
        page.of(Text("lavet undervejs", "made on the way")),
    )
    page.grid([(file.name, file.sha256[:_HASH]) for file in origin.inputs], (), (delivered, "sha256"))
    unknown = page.of(Text("ikke noteret", "not noted"))
    made = ((step.file, step.sha256 or unknown, step.code, step.definition or "–") for step in origin.steps)
    steps = [(file.removesuffix(".parquet"), *(text[:_HASH] for text in hashes)) for file, *hashes in made]
    page.grid(steps, (), (made_on_the_way, "sha256", page.of(Text("kode", "code")), "definition"))


def show_forms(
    study: Study,
    passport: Passport,
    counted: Sequence[Listed],
    near: Sequence[tuple[Text, int, Sequence[Listed]]],
    language: Language = "english",
) -> None:
    """Print the forms that a figure counts, and the first of those that it nearly does."""
    page = Page(study, language)
    page.heading(f"{_place(page, passport.address)}: {passport.printed}")
    page.listed(counted)
    page.ticked(
        [(len(counted) == passport.forms, f"{len(counted)} {page.of(Text('vist', 'listed'))} = {_equation(page, passport)}")]
    )
    for why, forms, listed in near:
        first = f", {page.of(Text('de første', 'the first'))} {len(listed)}" if len(listed) < forms else ""
        only = page.of(Text("Tæller ikke med af én grund", "Not counted for one reason only"))
        page.heading(f"{only}: {page.of(why)} ({forms}{first})")
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
