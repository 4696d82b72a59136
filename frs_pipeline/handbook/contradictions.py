"""published/contradictions.csv: where the printed report contradicts itself."""

from __future__ import annotations

import sys

from frs_pipeline.handbook.generated import keep
from frs_pipeline.printed.contradictions import KEPT, as_csv, audit


def _main(arguments: list[str]) -> int:
    return keep(KEPT, lambda: as_csv(audit()), arguments)


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
