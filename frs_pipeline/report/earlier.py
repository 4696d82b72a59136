"""What the report's pages show of earlier studies: each figure beside the nearest one here, references, and the data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.report.baselines import Reckoned, baselines, sums
from frs_pipeline.report.claims import claims
from frs_pipeline.report.english import answers
from frs_pipeline.report.findings import Bound
from frs_pipeline.report.typography import share_text
from frs_pipeline.stats.counts import percent
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.baselines import Baseline, DataSet, Source
from frs_pipeline.study.claims import Claim, Share
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.figures import Figure


@dataclass(frozen=True)
class Nearest:
    """A share of the forms here: the number, its table, whose answers (empty for all) and which of them."""

    shown: Bound
    table: int
    rows: tuple[Text, ...]
    answers: tuple[Text, ...]


@dataclass(frozen=True)
class Compared:
    """A figure of an earlier study with what it is compared with."""

    baseline: Baseline
    source: Source
    here: tuple[Nearest, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Earlier:
    """All that a page shows of earlier studies; `columns` are what the data sets have numbers of."""

    compared: tuple[Compared, ...]
    sources: tuple[Source, ...]
    series: tuple[DataSet, ...]
    columns: Mapping[str, Text]
    sums: tuple[Reckoned, ...]


def earlier(study: Study, figures: Mapping[Address, Figure]) -> Earlier:
    """Hold the figures of earlier studies against those of a delivery."""
    known, stated = baselines(study), claims(study).by_id
    compared = tuple(
        Compared(
            one,
            known.sources[one.source],
            tuple(_nearest(study, share, figures) for share in one.here),
            tuple(stated[claim] for claim in one.claims),
        )
        for one in known.baselines
    )
    sources = sorted(known.sources.values(), key=lambda source: (source.reference or source.cited).casefold())
    return Earlier(compared, tuple(sources), known.series, known.columns, sums(study))


def _nearest(study: Study, share: Share, figures: Mapping[Address, Figure]) -> Nearest:
    kind = catalogue(study)[share.table].kind
    parts, whole = share.counts(kind), share.base(kind)
    number = percent(*(sum(int(figures[address].value or 0) for address in those) for those in (parts, whole)))
    bound = Bound(share_text(number, language=about(study).language), (*parts, *whole))
    known = answers(study)
    named = (
        [known.get(label) or Text(label, label) for label in labels if label != TOTAL] for labels in (share.rows, share.answers)
    )
    return Nearest(bound, share.table, *map(tuple, named))
