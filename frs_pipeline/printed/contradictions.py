"""Where the printed report contradicts itself, so that no data at all can agree with it.

The audit takes seconds and depends on the printed report alone, so what it found is kept in the study's
`published/contradictions.csv`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.printed import tablewise
from frs_pipeline.printed.tablewise import Contradiction
from frs_pipeline.study import Study, derived
from frs_pipeline.study.csvfile import rows_of, whole_number
from frs_pipeline.study.printed import address_of, published
from frs_pipeline.study.tables import Address

FILE = "published/contradictions.csv"
_COLUMNS = ("rule", "tables", "reason", "reason_danish", *Address._fields)


def audit(study: Study) -> tuple[Contradiction, ...]:
    """Find all contradictions of the printed report again, in the order of its tables."""
    # HiGHS comes with SciPy, which takes a second to import and is needed for nothing else at run time.
    from frs_pipeline.printed import answered

    return tuple(
        sorted([*tablewise.contradictions(study), *answered.contradictions(study)], key=lambda f: (f.tables, f.rule, f.reason))
    )


@derived
def kept(study: Study) -> tuple[Contradiction, ...]:
    """Read what the study keeps from the audit. Raises `InputError` with file and line for figures that aren't printed."""
    path, wrong, figures = study.folder / FILE, Gathered(), published(study)
    gives_way: dict[tuple[str, tuple[int, ...], str, str], list[Address]] = {}
    with wrong:
        for line, cells in rows_of(path, _COLUMNS):
            where = f"{path}:{line}"
            with wrong:
                tables = tuple(whole_number(number, where) for number in cells["tables"].split())
                keys = gives_way.setdefault((cells["rule"], tables, cells["reason"], cells["reason_danish"]), [])
                if cells["table"]:
                    keys.append(address_of(cells, where))
                    if keys[-1] not in figures:
                        raise InputError(
                            "the report doesn't print this figure", where=where, do="make docs writes the file again"
                        )
    wrong.check()
    return tuple(Contradiction(*about, tuple(keys)) for about, keys in gives_way.items())


@derived
def not_reproducible(study: Study) -> Mapping[Address, Contradiction]:
    """Return the contradiction behind every printed figure that no data can agree with."""
    return {key: contradiction for contradiction in kept(study) for key in contradiction.gives_way}


def as_csv(contradictions: tuple[Contradiction, ...]) -> str:
    """Write contradictions as the text of `contradictions.csv`: one line per figure that gives way (or one without a figure)."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(_COLUMNS)
    for contradiction in contradictions:
        for key in contradiction.gives_way or (("", "", "", "", ""),):
            writer.writerow(
                [
                    contradiction.rule,
                    " ".join(map(str, contradiction.tables)),
                    contradiction.reason,
                    contradiction.reason_danish,
                    *key,
                ]
            )
    return text.getvalue()
