"""Write the pages made from code and study that are kept in the repository; with `--check` only report outdated ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from frs_pipeline.codebook.made_up import SHIPPED as KNOWN_BY
from frs_pipeline.codebook.made_up import fingerprint
from frs_pipeline.handbook import dictionary, rules, statistics, tables
from frs_pipeline.printed import contradictions
from frs_pipeline.reconstruction.papers import packed
from frs_pipeline.store.settings import PROJECT, shipped_study
from frs_pipeline.study import Study


def _made(study: Study) -> dict[Path, Callable[[], str]]:
    """Return what is kept, by its file; the contradictions first, because the page of tables counts them."""
    docs, delivery = PROJECT / "docs", packed(study)
    return {
        study.folder / contradictions.FILE: lambda: contradictions.as_csv(contradictions.audit(study)),
        docs / "data-dictionary.md": lambda: dictionary.page(study),
        docs / "rules.md": lambda: rules.page(study),
        docs / "tables.md": lambda: tables.page(study),
        docs / "statistics.md": lambda: _with_examples(docs / "statistics.md"),
        KNOWN_BY: lambda: json.dumps(fingerprint(study, delivery), indent=1) + "\n",
    }


def _with_examples(file: Path) -> str:
    """Write a page again that is written by hand but for its examples, which stand in a file of the same name."""
    return statistics.page(file.read_text(encoding="utf-8"), statistics.read_examples(file.with_suffix(".yaml")), file)


def main(arguments: list[str]) -> int:
    """Write each file again, or check it. Returns an exit code: 1 when `--check` finds one out of date."""
    stale = 0
    for target, make in _made(Study(shipped_study())).items():
        text = make()
        if arguments != ["--check"]:
            target.write_text(text, encoding="utf-8", newline="")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            print(f"{target}: out of date; run make docs", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
