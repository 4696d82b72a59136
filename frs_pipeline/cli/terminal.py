"""Print what commands have to say: lines, tables, JSON, and a bar while they work.

`rich` is imported inside the functions, so that a command with little to print is quick.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import TextIO

from frs_pipeline import logs
from frs_pipeline.language import plural
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import parts_of
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.printed import printed_from

# Seconds between two lines for programs.
EVERY = 1.0
# The narrowest line that is believed.
_LEAST_ROOM = 20
# A label with its text at a distance, as summaries have it, or a mark that begins a line.
_LABEL = re.compile(r"^(?: {2,}\S.{0,20}? {2,}|(?:ok|FAIL) +)(?=\S)")


def outcome(delivery: str, made: tuple[str, ...], counts: dict[str, int], seconds: float, *, vouched: bool) -> str:
    """Say what a refresh did, in one line."""
    if made:
        return f"Delivery {delivery}: {plural(len(made), 'file')} made in {seconds:.1f} s."
    if vouched:
        return f"Delivery {delivery}: every file was up to date; they were searched for leaks, and the manifest was written."
    state = "is up to date" if counts else "is up to date in what was selected"
    return f"Delivery {delivery} {state}: nothing to do."


def summary(delivery: str, counts: dict[str, int], settings: Settings) -> None:
    """Print what the delivery now holds, and where."""
    if not counts:
        from frs_pipeline.store.files import Store

        say(f"Other files are missing or out of date: {Store(settings, delivery).refreshed_by} makes them.")
    elif "deliveries" in counts:
        _summary_together(delivery, counts, settings)
    else:
        say("")
        withdrawn = f" + {counts['withdrawn']} withdrawn" if counts["withdrawn"] else ""
        passed = counts["passed_over"]
        for label, text in (
            (
                "Forms delivered",
                f"{counts['forms']} = {counts['accepted']} accepted + {counts['quarantined']} quarantined{withdrawn}"
                f" ({plural(counts['noted'], 'warning')})",
            ),
            *([("Passed over", f"{plural(passed, 'row')} that {'holds' if passed == 1 else 'hold'} nothing")] if passed else []),
            *_rules(counts),
            *_conferences(settings.study, counts),
            ("Marts", f"{counts['marts']}, {counts['promises_kept']} of {counts['promises']} promises kept"),
            ("Tables", f"{counts['tables']}, {plural(counts['figures'], 'figure')}"),
            ("Against the report", _compared(settings.study, counts, delivery)),
            *_claims(settings.study, counts, delivery),
        ):
            say(f"  {label:<19}{text}")
        say("")
        say(f"  Report             {settings.curated(delivery) / 'report' / 'index.html'}")
        say(f"  Marts and tables   {settings.curated(delivery)}")
        say(f"  Data docs          {settings.curated(delivery) / 'data_docs' / 'index.html'}")
        say(f"  Quarantine         {settings.restricted(delivery) / 'quarantine.parquet'}")
        say("")
        say("  frs tables 1 · frs compare · frs quarantine show more.")


def _summary_together(name: str, counts: dict[str, int], settings: Settings) -> None:
    """Print what several deliveries together hold, and where."""
    again = f" ({counts['again']} stand again in a newer delivery)" if counts["again"] else ""
    withdrawn = f", {counts['withdrawn']} withdrawn" if counts["withdrawn"] else ""
    say("")
    for label, text in (
        ("Deliveries", ", ".join(parts_of(settings, name))),
        ("Forms", f"{counts['counted']} counted{again}; {counts['quarantined']} quarantined{withdrawn}"),
        *_conferences(settings.study, counts),
        ("Tables", f"{counts['tables']}, {plural(counts['figures'], 'figure')}"),
        *_claims(settings.study, counts, name),
    ):
        say(f"  {label:<19}{text}")
    say("")
    say(f"  Report             {settings.curated(name) / 'report' / 'index.html'}")
    say(f"  Tables             {settings.curated(name)}")
    say("")
    say(f"  frs tables 1 --delivery {name} · frs trace … --delivery {name} show more.")


def _conferences(study: Study, counts: dict[str, int]) -> list[tuple[str, str]]:
    """Say how many conferences (or whatever they are) there are; nothing where forms belong to none."""
    named = about(study).conference.many.capitalised().english
    return [(named if len(named) < 19 else "Conferences", str(counts["conferences"]))] if "conferences" in counts else []


def _rules(counts: dict[str, int]) -> list[tuple[str, str]]:
    """Say how many rules were applied to all forms, which weren't, and which exceptions fit no form."""
    from frs_pipeline.intake.reasons import REASONS

    lines = [("Rules", f"{counts['rules_applied_to_all']} of {counts['rules']} applied to everything")]
    for name, number in counts.items():
        what, *place = name.split("/")
        if what == "not_applied":
            instrument, rule, reason = place
            of = counts[f"looked_at/{instrument}/{rule}"]
            lines.append(("", f"{rule} not to {number} of {of} in {instrument}: {REASONS[reason].english}"))
    if counts["exceptions_unused"]:
        fit = plural(counts["exceptions_unused"], "exception fits", "exceptions fit")
        lines.append(("Exceptions", f"{fit} no finding: see frs quarantine"))
    return lines


def _compared(study: Study, counts: dict[str, int], delivery: str) -> str:
    if about(study).printed_from is None:
        return "no report was printed"
    if not printed_from(study, delivery):
        return "it was printed from another delivery (frs compare says which, frs diff what moved since)"
    if not counts["equal"] + counts["differs"] + counts["not_reproducible"]:
        return "no printed figures to hold these against"
    only = " (ASE, T and p only)" if counts["differs"] and not counts["differs_exact"] else ""
    return (
        f"{counts['equal']} equal, {counts['differs']} different{only}, "
        f"{counts['not_reproducible']} not reproducible (the report contradicts itself)"
    )


def _claims(study: Study, counts: dict[str, int], delivery: str) -> list[tuple[str, str]]:
    """Say how many of all claims of the report hold on these forms and in its own tables, and how many nothing can test."""
    if not counts["claims"]:
        return [("Claims", "none")]
    of_another = "" if printed_from(study, delivery) else " (printed of another delivery)"
    on_forms = f"{counts['claims_hold']} hold on these forms, {counts['claims_fail']} don't"
    in_tables = f"{counts['claims_hold_in_tables']} hold in its own tables, {counts['claims_fail_in_tables']} don't"
    return [
        ("Claims", f"{counts['claims']} of the report{of_another}: {on_forms};"),
        ("", f"{in_tables}; {counts['claims_untested']} can't be tested"),
    ]


class Progress:
    """What is being done, and how much of it is done: a bar on a terminal; for programs a line of JSON every second.

    Both go to standard error. Programs aren't told of what takes less than a second.
    """

    def __init__(self, title: str, *, as_json: bool = False) -> None:
        self.title, self.as_json, self.drawn = title, as_json, not as_json and not logs.as_json() and sys.stderr.isatty()
        self._state: tuple[str, int, int] = ("getting ready", 0, 0)
        self._over = Event()

    def __enter__(self) -> Progress:
        if self.drawn:
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self.title, total=None)
            self._bar.start()
        elif self.as_json:
            Thread(target=self._lines, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self.drawn:
            self._bar.stop()

    def at(self, name: str, done: int, of: int) -> None:
        """At work on `name` (or done with it), when `done` `of` all are done."""
        self._state = name, done, of
        if self.drawn:
            self._bar.update(self._task, total=of, completed=done, description=f"{self.title}: {name}")

    def step(self, of: int, name: str) -> None:
        """One more of all is done: `name`."""
        self.at(name, self._state[1] + 1, of)

    def _lines(self) -> None:
        # Whoever looked on may have gone away.
        with suppress(OSError, ValueError):
            while not self._over.wait(EVERY):
                name, done, of = self._state
                line = {"doing": self.title, "at": name, "done": done, "of": of}
                text = logs.line("info", self.title, **line) if logs.as_json() else json.dumps(line, ensure_ascii=False)
                print(text, file=sys.stderr, flush=True)


def room() -> int | None:
    """Return how many letters fit into a line: what COLUMNS says, else the terminal; None where neither says it."""
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named) >= _LEAST_ROOM:
        return int(named)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured(stream: TextIO) -> bool:
    """Return whether colours may be written: to a terminal that knows them, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def fold(line: str, letters: int | None) -> str:
    """Fold a line between words, under the text where a label stands before it; words that don't fit stay whole."""
    if letters is None or len(line) <= letters:
        return line
    label = _LABEL.match(line)
    under = len(label.group()) if label else len(line) - len(line.lstrip()) + 2
    return "\n".join(
        textwrap.wrap(
            line,
            letters,
            subsequent_indent=" " * under,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
            replace_whitespace=False,
        )
    )


def plain(text: str) -> str:
    """Return `text` without anything a terminal would obey: cells, reasons and names of files are written by others."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def say(text: str, sound: bool | None = None) -> None:
    """Print lines on standard output: a terminal gets them folded between words, whoever else each as one line.

    What is `sound` begins with `ok` in green, what isn't with `FAIL` in red; colours are for terminals only.
    """
    letters = room() if sys.stdout.isatty() else None
    for at, line in enumerate(text.split("\n")):
        line, mark = plain(line), "" if sound is None or at else ("ok  " if sound else "FAIL")
        folded = fold(f"{mark} {line}" if mark else line, letters)
        if mark and coloured(sys.stdout):
            folded = f"\x1b[{'32' if sound else '1;31'}m{mark}\x1b[0m{folded.removeprefix(mark)}"
        print(folded)


def print_json(content: object) -> None:
    """Print JSON for programs; what a terminal would obey, and what reverses text, is escaped."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def print_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print lines with commas, decimal points and nothing for None; what a terminal would obey is left out, as `plain` does."""
    written = csv.writer(sys.stdout, lineterminator="\n")
    for row in (header, *rows):
        written.writerow(["" if cell is None else plain(str(cell)) for cell in row])
