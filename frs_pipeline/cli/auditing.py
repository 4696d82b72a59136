"""Commands that audit printed tables: those of the study's own report, and anybody's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FIGURES, AsJson, Speech, app, installation, speech
from frs_pipeline.cli.terminal import Progress, print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import Text, plural

if TYPE_CHECKING:
    from frs_pipeline.printed.audited import Audited, TestedClaim
    from frs_pipeline.printed.model import Contradiction
    from frs_pipeline.study.tables import Address

_HELP = """Show where printed tables contradict themselves and each other, whoever printed them. No study is needed.

TABLES are CSV files, workbooks or folders of them. A file holds one table as it is printed, with headings, labels and \
totals, or a list of figures from any number of tables, as --template shows. Numbers may have a decimal comma or point and \
per cent signs.

Ends with 1 when anything is found or a claim doesn't hold. What was compared with what stands below.
"""

# What the last line says of so many claims, by their verdict.
_COUNTED = {
    "no": ("doesn't hold", "don't hold"),
    "can't tell": ("can't be told", "can't be told"),
    "yes": ("holds", "hold"),
    "not tested": ("isn't tested", "aren't tested"),
}


@app.command(rich_help_panel=FIGURES, help=_HELP)
def audit(
    tables: Annotated[
        list[Path] | None, typer.Argument(metavar="TABLES", help="Files and folders; with --template, a new file.")
    ] = None,
    claims: Annotated[
        Path | None, typer.Option(metavar="CLAIMS", help="A YAML file, or a folder of them: what the text says of the tables.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write a page that can be sent to the author.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print templates of tables and claims, or write them to the files named.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Audit the tables in files, and hold claims against them."""
    if template:
        _refuse_with_template(tables, page, as_json)
        _write_templates(tables[0] if tables else None, claims)
        return
    if not tables:
        raise UsageError("no tables are named", where="TABLES", do="name a file, or see frs audit --template")
    from frs_pipeline.printed.audited import audited
    from frs_pipeline.printed.claim_files import read_claims_about
    from frs_pipeline.printed.reading import read_tables

    read = read_tables(tables)
    about = read_claims_about(claims, read.tables) if claims else None
    with Progress("Auditing", as_json=as_json) as progress:
        done = audited(read, about, lambda figures, of: progress.at("figures", figures, of))
    if page is not None:
        from frs_pipeline.report.tables_page import tables_page

        page.write_bytes(tables_page(done))
    if as_json:
        print_json(_as_json(done))
    else:
        _print(done)
        if page is not None:
            say(f"Written: {page}")
    if not done.clean:
        raise typer.Exit(1)


def _refuse_with_template(tables: list[Path] | None, page: Path | None, as_json: bool) -> None:
    if page is not None or as_json:
        raise UsageError("nothing is audited with --template", where="--page" if page else "--json", do="take one of them out")
    if tables and len(tables) > 1:
        raise UsageError("only one file is written", where=str(tables[1]), do="name one for tables, and --claims for claims")


def _write_templates(tables: Path | None, claims: Path | None) -> None:
    """Write the templates to the files that are named, or print both. Raises `UsageError` for a file that exists."""
    from frs_pipeline.printed.templates import CLAIMS, TABLES

    named = [(path, text) for path, text in ((tables, TABLES), (claims, CLAIMS)) if path is not None]
    for path, _ in named:
        if path.exists():
            raise UsageError("exists already", where=str(path), do="name a new file")
    for path, text in named:
        path.write_text(text, encoding="utf-8")
        say(f"Written: {path}")
    if not named:
        say(f"{TABLES}\n# ---- Claims, a file of their own ----\n{CLAIMS.rstrip()}")


def _print(done: Audited) -> None:
    """Print what was found, the heaviest first, then claims, then what was compared."""
    if done.found:
        print_grid(
            "Contradictions",
            ("weight", "table", "what contradicts what", "could print", "rule"),
            [
                [one.weight, ", ".join(map(str, one.tables)), _told(done, one), _english(done, one.expected, one), one.rule]
                for one in done.found
            ],
        )
    if done.claims:
        print_grid(
            "Claims",
            ("holds", "claim", "the tables", "at"),
            [[_verdict(one), one.says.english, _given(one), one.at] for one in done.claims],
        )
    _print_covered(done)


def _told(done: Audited, one: Contradiction) -> str:
    sentences = (part.capitalised().english for part in (one.reason, one.either, one.possible) if part)
    return " ".join(f"{_english(done, sentence, one)}." for sentence in sentences)


def _english(done: Audited, text: str, one: Contradiction) -> str:
    """Write numbers with a point where the tables do."""
    from frs_pipeline.printed.notation import in_points

    return in_points(text) if done.read.points.issuperset(one.tables) else text


def _verdict(one: TestedClaim) -> str:
    if one.reason is not None:
        return "not tested"
    return {True: "yes", False: "no", None: "can't tell"}[one.verdict.holds]


def _given(one: TestedClaim) -> str:
    """Return what the tables give, value by value, or why nothing is tested."""
    if one.reason is not None:
        return one.reason.english
    return "; ".join(f"{step.name.english}: {step.says.english}" for step in one.steps)


def _print_covered(done: Audited) -> None:
    """Say how many figures were compared by which rules, and which weren't: nothing found isn't nothing compared."""
    rows = [[one.rule, one.what.english, str(len(one.figures)), str(len(one.tables))] for one in done.covered if one.figures]
    print_grid("Compared", ("rule", "what must be so", "figures", "tables"), rows)
    idle = [one.rule for one in done.covered if not one.figures]
    if idle:
        say(f"Found nothing to compare: {', '.join(idle)}.")
    if done.read.passed_over:
        say(f"Passed over: {', '.join(done.read.passed_over)}.")
    tables = {address.table for address in done.compared}
    alone = done.read.figures - len(done.compared)
    of_figures = f"Compared: {len(done.compared)} of {plural(done.read.figures, 'figure')} in {len(tables)} of "
    of_figures += plural(len(done.read.tables.tables), "table")
    of_figures += f"; nothing is printed to compare the other {alone} with" if alone else ""
    verdicts = Counter(_verdict(one) for one in done.claims)
    counted = ", ".join(plural(verdicts[word], *says) for word, says in _COUNTED.items() if verdicts[word])
    claims = f" {plural(len(done.claims), 'claim')}: {counted}." if done.claims else ""
    say(f"{plural(len(done.found), 'contradiction')}.{claims} {of_figures}.")


def _as_json(done: Audited) -> dict[str, Any]:
    from frs_pipeline.printed.telling import as_fields

    tables = done.read.tables.tables
    return {
        "tables": [
            {
                "number": number,
                "name": _both(table.name),
                "title": done.read.titles[number],
                "kind": table.kind,
                "figures": len(table.figures),
                "compared": sum(address.table == number for address in done.compared),
            }
            for number, table in tables.items()
        ],
        "passed_over": done.read.passed_over,
        "rules": [
            {"rule": one.rule, "what": _both(one.what), "figures": len(one.figures), "tables": one.tables} for one in done.covered
        ],
        "contradictions": [
            {
                **as_fields(one),
                "figures": [_figure(done, address) for address in one.figures],
                "gives_way": [_figure(done, address) for address in one.gives_way],
            }
            for one in done.found
        ],
        "claims": [_claim(one) for one in done.claims],
    }


def _figure(done: Audited, address: Address) -> dict[str, Any]:
    return {**address._asdict(), "printed": done.printed(address), "at": done.read.places.get(address)}


def _claim(one: TestedClaim) -> dict[str, Any]:
    return {
        "id": one.claim.id,
        "at": one.at,
        "pages": one.claim.pages,
        "phrase": one.claim.phrase,
        "says": _both(one.says),
        "holds": one.verdict.holds,
        "untested": one.claim.untested,
        "arithmetic": [{"value": _both(step.name), "says": _both(step.says)} for step in one.steps],
        "values": {
            name: {"said": number.said and float(number.said), "value": number.value, "p": number.p and float(number.p)}
            for name, number in one.verdict.numbers.items()
        },
        "conditions": [{"value": _both(name), "demands": _both(words), "holds": kept} for name, words, kept in one.tested_as],
    }


def _both(text: Text) -> dict[str, str]:
    return {"danish": text.danish, "english": text.english}


@app.command(name="audit-report", rich_help_panel=FIGURES)
def audit_report(language: Speech = None, as_json: AsJson = False) -> None:
    """Show where the printed report contradicts itself, what matters most first."""
    from frs_pipeline.printed.contradictions import audit
    from frs_pipeline.printed.model import WEIGHTS
    from frs_pipeline.printed.telling import as_fields, told
    from frs_pipeline.report.audit import WEIGHT_WORDS

    settings = installation()
    findings = sorted(audit(settings.study), key=lambda f: WEIGHTS.index(f.weight))
    if as_json:
        print_json([as_fields(f) for f in findings])
        return
    spoken = speech(language)
    for weight in WEIGHTS:
        of_weight = [f for f in findings if f.weight == weight]
        if of_weight:
            say(f"{WEIGHT_WORDS[weight][0].in_language(spoken)}:")
        for finding in of_weight:
            for line in told(finding, spoken):
                say(line)
    beyond = sum(len(f.gives_way) for f in findings)
    if spoken == "danish":
        found = plural(len(findings), "modsigelse", "modsigelser")
        say(f"{found}; {plural(beyond, 'trykt tal', 'trykte tal')} kan ikke passe med nogen data.")
    else:
        say(f"{plural(len(findings), 'contradiction')}; {plural(beyond, 'printed figure')} that no data can agree with.")
