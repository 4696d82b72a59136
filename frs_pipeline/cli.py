"""`frs`: a thin face on the same functions that Dagster calls.

Heavy libraries are imported inside the commands that need them, so that a command with little to do is quick.
"""

from __future__ import annotations

import gc
import io
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from frs_pipeline.deliveries import choose
from frs_pipeline.errors import CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.settings import Settings
from frs_pipeline.terminal import Progress, print_grid, print_json, say, summary

if TYPE_CHECKING:
    import pyarrow as pa

app = typer.Typer(
    name="frs",
    help="Evaluation surveys of family group conferences: from raw exports to the report's tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Delivery = Annotated[str | None, typer.Option("--delivery", metavar="D", help="Delivery by its date; the newest unless told.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback()
def _options(debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False) -> None:
    """`--debug` is taken by `main`, wherever it stands; here it only appears in the help."""


@app.command()
def run(
    delivery: Delivery = None,
    select: Annotated[str | None, typer.Option(metavar="ASSETS", help="Only these, such as marts or marts/initiator.")] = None,
    as_json: AsJson = False,
) -> None:
    """Refresh a delivery: what is out of date is made again, the rest is left alone."""
    started = time.perf_counter()
    from frs_pipeline.refresh import refresh

    settings = Settings.from_environment()
    # Dagster builds a great many objects that live until this process ends, soon: to look through them for garbage
    # again and again, and once more at the end, takes more than a fourth of a refresh.
    gc.disable()
    with Progress("Refreshing", quiet=as_json) as progress:
        result = refresh(settings, delivery, select, progress.step)
    gc.freeze()
    if as_json:
        print_json({"delivery": result.delivery, "made": list(result.made), "summary": result.summary})
        return
    summary(result.delivery, result.made, result.summary, settings, time.perf_counter() - started)


@app.command()
def tables(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[N]...", help="Table numbers; all unless told.")] = None,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Print tables as the report prints them."""
    from frs_pipeline.tables.figures import from_table
    from frs_pipeline.tables.model import catalogue
    from frs_pipeline.tables.render import base_line, render

    unknown = next((n for n in numbers or () if n not in catalogue()), None)
    if unknown is not None:
        raise UsageError("no such table", where=str(unknown), do=f"tables run from 1 to {max(catalogue())}")
    results = _Results(delivery)
    chosen = numbers or sorted(catalogue())
    grids = []
    for number in chosen:
        rows = results.read(("statistics", f"table_{number:02d}"))
        grids.append(render(catalogue()[number], from_table(rows)))
    bases = _bases(results)
    if as_json:
        print_json(
            [
                {"caption": g.caption, "header": g.header, "rows": g.rows, "base": bases.get(number)}
                for number, g in zip(chosen, grids, strict=True)
            ]
        )
        return
    for number, grid in zip(chosen, grids, strict=True):
        base = base_line(catalogue()[number], bases[number]) if number in bases else None
        print_grid(grid.caption, grid.header, grid.rows, base)


@app.command()
def compare(delivery: Delivery = None, as_json: AsJson = False) -> None:
    """Recomputed against printed, figure by figure; ends with 1 when a figure differs."""
    from frs_pipeline.published.compare import DIFFERS, EQUAL, NOT_REPRODUCIBLE, summary

    rows = _Results(delivery).read(("statistics", "compare"))
    found = rows.to_pylist()
    counted = summary(rows)
    if as_json:
        print_json({"summary": counted, "figures": found})
    else:
        measures = list(dict.fromkeys(row["measure"] for row in found))
        lines = [
            [measure, *(str(sum((r["measure"], r["verdict"]) == (measure, v) for r in found)) for v in counted)]
            for measure in measures
        ]
        print_grid("Printed figures", ("", EQUAL, DIFFERS, NOT_REPRODUCIBLE), [*lines, ["all", *map(str, counted.values())]])
        for row in (r for r in found if r["verdict"] != EQUAL):
            place = " · ".join(str(row[k]) for k in ("row", "column", "group", "measure") if row[k])
            reason = f" — {row['reason']}" if row["reason"] else ""
            figures = f"{row['printed_published']} → {row['printed_recomputed']}"
            say(f"Tabel {row['table']}  {place}: {figures}  {row['verdict']}{reason}")
    if counted[DIFFERS]:
        raise typer.Exit(1)


@app.command(name="audit-report")
def audit_report(as_json: AsJson = False) -> None:
    """What in the printed report contradicts itself."""
    from frs_pipeline.published.audit import audit

    found = audit()
    if as_json:
        print_json([{"rule": f.rule, "tables": f.tables, "reason": f.reason, "figures": len(f.gives_way)} for f in found])
        return
    for finding in found:
        say(f"{finding.reason}  [{finding.rule}]")
    say(f"{len(found)} contradictions; {sum(len(f.gives_way) for f in found)} printed figures that no data can agree with.")


@app.command()
def quarantine(
    delivery: Delivery = None,
    values: Annotated[bool, typer.Option("--values", help="Show what was keyed, too. Personal numbers stay hidden.")] = False,
    as_json: AsJson = False,
) -> None:
    """What was set aside and why: by rule, then form by form; and what was only noted."""
    from frs_pipeline.exports.personal_numbers import masked

    results = _Results(delivery, finished=False)
    hidden = [] if values else ["value", "row"]
    aside = results.read(("quarantine",)).drop_columns(hidden).to_pylist()
    # Not there when so much was set aside that the run stopped.
    notes = [] if results.lacks(("noted",)) else results.read(("noted",)).drop_columns(hidden[:1]).to_pylist()
    for row in (*aside, *notes):
        row.update({name: masked(row[name]) for name in ("value", "row") if row.get(name)})
    for row in notes:
        row["expires"] = row["expires"] and row["expires"].isoformat()
    if as_json:
        print_json({"set_aside": aside, "noted": notes})
        return
    forms = {(row["instrument"], row["line"]) for row in aside}
    say(f"{len(forms)} forms set aside, {len(notes)} findings noted (docs/rules.md says what each rule means).\n")
    print_grid("Set aside", ("questionnaire", "rule", "forms", "why"), _grouped(aside))
    extra = ("value", "row") if values else ()
    lines = [[r["form_id"], f"{r['file']}:{r['line']}", r["column"], r["rule"], *(r[name] for name in extra)] for r in aside]
    print_grid("Form by form", ("form", "where", "column", "rule", *extra), lines)
    print_grid("Noted: these forms count", ("questionnaire", "rule", "findings", "why"), _grouped(notes))
    accepted = [
        [r["rule"], r["form_id"] or "", r["column"] or "", r["reason"], r["who"], str(r["expires"])]
        for r in notes
        if r["severity"] == "accepted"
    ]
    if accepted:
        print_grid("Accepted", ("rule", "form", "column", "reason", "who", "until"), accepted)


def _grouped(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Numbers of forms (or of findings that are about no form) by questionnaire, rule and message."""
    places: dict[tuple[str, str, str], set[tuple[str, int]]] = {}
    for at, row in enumerate(rows):
        place = (row["file"], -at if row["line"] is None else row["line"])
        places.setdefault((row["instrument"], row["rule"], row["message"]), set()).add(place)
    return [[instrument, rule, str(len(found)), message] for (instrument, rule, message), found in sorted(places.items())]


@app.command()
def corrections(
    delivery: Delivery = None,
    values: Annotated[bool, typer.Option("--values", help="Show the old and the new value, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What was corrected in a delivery, why and by whom, and which tables rest on it."""
    from frs_pipeline.lineage.corrections import resting

    results = _Results(delivery)
    results.read(("statistics", "figures"))
    found = resting(results.store)
    if as_json:
        told = ("form", "column", "old", "new", "reason", "who", "when")
        shown = [name for name in told if values or name not in ("old", "new")]
        print_json(
            [
                {
                    **{name: str(getattr(rests.correction, name)) for name in shown},
                    "counted": rests.counted,
                    "tables": [{"table": cell.table, "cell": cell.labels} for cell in rests.cells],
                }
                for rests in found
            ]
        )
        return
    if not found:
        say("Nothing was corrected in this delivery (there is no corrections.csv, or it is empty).")
    for rests in found:
        made = rests.correction
        change = f": {made.old or 'blank'} → {made.new or 'blank'}" if values else ""
        say(f"{made.form} {made.column}{change}  {made.reason} ({made.who}, {made.when})")
        if not rests.counted:
            say("    set aside all the same: see frs quarantine")
        for place in rests.cells:
            cell = " · ".join(label for label in place.labels if label) or "left out of the table"
            say(f"    Tabel {place.table}: {cell}")


@app.command()
def reconstruct(
    folder: Annotated[Path | None, typer.Option("--to", help="Where to write; the shipped delivery unless told.")] = None,
    copies: Annotated[
        int | None, typer.Option("--scale", metavar="N", help="Other forms, N times as many; needs --to (takes seconds).")
    ] = None,
) -> None:
    """Make the shipped raw exports again from the printed tables (takes minutes)."""
    from frs_pipeline.published.audit import kept_findings
    from frs_pipeline.reconstruction.delivery import SHIPPED
    from frs_pipeline.reconstruction.delivery import reconstruct as make
    from frs_pipeline.reconstruction.residuals import residuals
    from frs_pipeline.reconstruction.scaling import scale

    shipped = Settings.from_environment().raw_delivery(SHIPPED)
    target = folder or shipped
    if copies is not None:
        if folder is None:
            raise UsageError("a scaled delivery needs a folder of its own", where="--scale", do="say --to FOLDER")
        with Progress("Making forms") as progress:
            forms = scale(folder, copies, shipped, lambda name: progress.step(5, name))
        say(f"{forms} forms in {folder}: every count of the shipped delivery times {copies}.")
        return
    with Progress("Making forms") as progress:
        populations = make(target, lambda name: progress.step(4, name))
    left = [line for population in populations for line in residuals(population)]
    for finding in kept_findings():
        say(f"{finding.reason}")
    for line in left:
        say(line)
    say(f"{sum(len(p.occasions) for p in populations)} forms in {target}; {len(left)} figures of correlations not reached.")


@app.command()
def gamma(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A contingency table of counts.")],
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the strata, for a long table.")] = None,
    as_json: AsJson = False,
) -> None:
    """Goodman-Kruskal gamma, ASE, T, p and N of any contingency table."""
    from frs_pipeline.stats.contingency import ContingencyError, read_contingency
    from frs_pipeline.stats.gamma import goodman_kruskal, partial, strength
    from frs_pipeline.stats.printing import spss

    try:
        found = read_contingency(file.read_text(encoding="utf-8-sig"), by=by)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read as UTF-8 text", where=file, do="give a CSV file") from error
    except ContingencyError as error:
        raise InputError(str(error), where=file) from error
    results = {name: goodman_kruskal(cells) for name, cells in found.strata.items()}
    if by is not None:
        results["Total"] = goodman_kruskal(sum(list(found.strata.values())[1:], next(iter(found.strata.values())).copy()))
    rows: list[dict[str, Any]] = [
        {"group": name or None, "gamma": r.gamma, "ase": r.ase, "t": r.t, "p": r.p, "n": r.n} for name, r in results.items()
    ]
    first_order = partial(list(found.strata.values())) if by is not None else None
    if as_json:
        extra = (
            {} if first_order is None else {"partial": {"gamma": first_order.gamma, "ase": first_order.ase, "n": first_order.n}}
        )
        print_json({"correlations": rows, **extra})
        return
    lines = [
        [
            row["group"] or "",
            *(spss(row[m], 3, leading_zero=False) for m in ("gamma", "ase", "t", "p")),
            str(row["n"]),
            "" if row["gamma"] is None else strength(row["gamma"]),
        ]
        for row in rows
    ]
    if first_order is not None:
        own = [spss(value, 3, leading_zero=False) for value in (first_order.gamma, first_order.ase)]
        lines.append(["first-order partial", *own, "", "", str(first_order.n), ""])
    print_grid(file.name, ("", "gamma", "ASE", "T", "p", "N", "association"), lines)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Is this installation sound? Ends with 1 when something isn't."""
    from frs_pipeline.doctor import examine

    found = examine(Settings.from_environment())
    if as_json:
        print_json([{"what": f.what, "sound": f.sound, "detail": f.detail} for f in found])
    else:
        for finding in found:
            say(f"{'ok  ' if finding.sound else 'FAIL'} {finding.what}: {finding.detail}")
    if not all(f.sound for f in found):
        raise typer.Exit(1)


def main() -> NoReturn:
    """Entry point: errors are one line, with a traceback only after `--debug`."""
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without æøå is no reason to fail
    try:
        sys.exit(app(arguments, standalone_mode=False) or 0)
    except FrsError as error:
        if debug:
            raise
        _complain(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _complain("stopped; files that were finished stay", 1)
    except Exception as error:  # the last resort: a program that calls frs gets one line and an exit code
        if debug:
            raise
        usage = getattr(error, "format_message", None)  # click's own errors: wrong options and the like
        if usage is not None and not usage():
            sys.exit(2)  # no command: the help was printed
        if usage is not None:
            _complain(f"{usage()} (see frs --help)", 2)
        _complain(f"unexpected {type(error).__name__} (run frs --debug for where; it may show values of forms)", 1)


def _complain(line: str, code: int) -> NoReturn:
    print(f"frs: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(code)


class _Results:
    """What was made of a delivery, as files. What is out of date is judged once: a command may read many.

    Unless `finished`, what a run made before it was stopped may be read, too.
    """

    def __init__(self, delivery: str | None, *, finished: bool = True) -> None:
        from frs_pipeline.storage import Store

        settings = Settings.from_environment()
        self.store, self.finished = Store(settings, choose(settings.raw, delivery)), finished

    @cached_property
    def stale(self) -> set[tuple[str, ...]]:
        from frs_pipeline.storage import stale

        return stale(self.store, finished=self.finished)

    def path(self, key: tuple[str, ...]) -> Path:
        from frs_pipeline.plan import products

        return self.store.path(products()[key])

    def lacks(self, key: tuple[str, ...]) -> bool:
        return not self.path(key).exists() or key in self.stale

    def read(self, key: tuple[str, ...]) -> pa.Table:
        """Rows of a file. Raises `FrsError` when it isn't there, can't be read, or is out of date."""
        from frs_pipeline.storage import read

        path = self.path(key)
        if not path.exists():
            raise InputError("not made yet", where=path, do="run frs run")
        try:
            rows = read(path)
        except (OSError, ValueError) as error:
            raise InputError("cannot be read", where=path, do="run frs run to make it again") from error
        if key in self.stale:
            raise CheckFailed("out of date", where=path, do="run frs run")
        return rows


def _bases(results: _Results) -> dict[int, list[dict[str, Any]]]:
    """Base of each table, by number; empty when it isn't made or out of date: the tables may be, alone."""
    found: dict[int, list[dict[str, Any]]] = {}
    try:
        rows = results.read(("statistics", "bases")).to_pylist()
    except FrsError:
        return found
    for row in rows:
        found.setdefault(row.pop("table"), []).append(row)
    return found


if __name__ == "__main__":
    main()
