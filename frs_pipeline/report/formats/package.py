"""Write CSV twins of marts and statistics, and the Frictionless data package that describes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

DESCRIPTOR = "datapackage.json"
_TYPES = (
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (pa.types.is_boolean, "boolean"),
)


@dataclass(frozen=True)
class Resource:
    """One CSV file of the package: its name, what it holds, its columns, its key."""

    name: str
    title: str
    schema: pa.Schema
    key: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"{self.name}.csv"


def write_csv(batches: Iterable[pa.RecordBatch], schema: pa.Schema, file: Any) -> None:
    """Write rows as CSV: UTF-8, commas, decimal points, null as nothing between two commas."""
    options = pacsv.WriteOptions(quoting_style="needed")
    with pacsv.CSVWriter(file, schema, write_options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)


def descriptor(title: str, delivery: str, resources: Iterable[Resource]) -> bytes:
    """Return datapackage.json: every resource with its columns, as Frictionless describes tables. Hashes are the manifest's."""
    content = {
        "profile": "tabular-data-package",
        "name": f"frs-{delivery}",
        "title": f"{title}, delivery {delivery}",
        "description": (
            "Pseudonymised forms and the statistics made from them. Pseudonymised data are personal data: "
            "they are for those who may see them, and not for publication."
        ),
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": resource.name.replace("/", "-"),
                "title": resource.title,
                "path": resource.path,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "fields": list(_fields(resource.schema)),
                    "missingValues": [""],
                    **({"primaryKey": list(resource.key)} if resource.key else {}),
                },
            }
            for resource in resources
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _fields(schema: pa.Schema) -> Iterator[dict[str, Any]]:
    for field in schema:
        metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        kind = next((name for test, name in _TYPES if test(field.type)), "string")
        labels = json.loads(metadata.get("labels", "{}"))
        described: dict[str, Any] = {"name": field.name, "type": kind}
        if metadata.get("text"):
            described["title"] = metadata["text"]
        if labels:
            described["description"] = "; ".join(f"{code} = {label}" for code, label in labels.items())
        constraints: dict[str, Any] = {} if field.nullable else {"required": True}
        if labels:
            constraints["enum"] = [int(code) for code in labels]
        if "range" in metadata:
            low, high = json.loads(metadata["range"])
            constraints |= {"minimum": low, "maximum": high}
        if constraints:
            described["constraints"] = constraints
        yield described
