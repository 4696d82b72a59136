"""Print what pyreadstat says about an SPSS file, as JSON; run as a script, in a process of its own.

The library doesn't always raise on a damaged file: a broken letter in a label can kill the process that reads it.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def _main(path: str) -> None:
    import pyreadstat

    read: tuple[Any, Any] = pyreadstat.read_sav(
        path,
        user_missing=True,
        apply_value_formats=False,
        # Seconds as they are: the library's own conversion fails for the whole file on one wild date.
        disable_datetime_conversion=True,
        output_format="dict",
    )
    columns, meta = read
    variables = [
        {
            "name": name,
            "label": label,
            "format": meta.original_variable_types[name],
            "missing": [(span["lo"], span["hi"]) for span in meta.missing_ranges.get(name, ())],
            "labels": list(meta.variable_value_labels.get(name, {}).items()),
            "values": list(columns[name]),
        }
        for name, label in zip(meta.column_names, meta.column_labels, strict=True)
    ]
    json.dump(variables, sys.stdout)


if __name__ == "__main__":
    _main(sys.argv[1])
