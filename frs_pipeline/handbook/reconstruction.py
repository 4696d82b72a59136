"""shipped.json: by which hashes the shipped delivery is known; `--check` says whether they are those of data/raw."""

from __future__ import annotations

import json
import sys

from frs_pipeline.codebook.opening import SHIPPED as TARGET
from frs_pipeline.codebook.opening import fingerprint
from frs_pipeline.handbook.generated import keep
from frs_pipeline.reconstruction.papers import SHIPPED
from frs_pipeline.store.settings import PROJECT, Settings


def _main(arguments: list[str]) -> int:
    folder = Settings(PROJECT / "data").raw_delivery(SHIPPED)
    return keep(TARGET, lambda: json.dumps(fingerprint(folder), indent=1) + "\n", arguments)


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
