"""The register of releases as a page for anybody: a row a release, and no number that a table has."""

from __future__ import annotations

from collections.abc import Sequence

from frs_pipeline.language import CODES, date_text, ranges
from frs_pipeline.release.registered import Registered
from frs_pipeline.report.public.edition import HERE
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.templates import templates_in


def page(study: Study, releases: Sequence[Registered]) -> bytes:
    """Make the page of these releases, in the study's languages. It needs no other file."""
    facts = about(study)
    environment = templates_in(HERE)
    environment.filters |= {"date": date_text, "ranges": ranges}
    environment.globals |= {"both_languages": len(facts.languages) > 1, "language": facts.language}
    written: str = environment.get_template("register.html").render(
        study=facts, code=CODES[facts.language], releases=releases, languages=facts.languages
    )
    return written.encode()
