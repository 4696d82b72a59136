"""The manifest of a delivery: what it holds, and the hash of everything that went in and came out."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from frs_pipeline.deliveries import inventory
from frs_pipeline.errors import CheckFailed
from frs_pipeline.exports.applying import unapplied
from frs_pipeline.intake import applied_in, forms_set_aside
from frs_pipeline.plan import code_hash, lock_hash, products, program
from frs_pipeline.published.compare import DIFFERS
from frs_pipeline.published.compare import summary as verdicts_of
from frs_pipeline.questionnaires import instruments
from frs_pipeline.storage import MANIFEST, Store, finish, hashes, read, recorded, rows_in, write_json

# Figures of a correlation that its gamma and N don't determine.
APPROXIMATE = ("ase", "t", "p")


def write_manifest(store: Store, summary: dict[str, int]) -> dict[str, Any]:
    """Write manifest.json: hashes of every input, output and file of the program, and one root over them. Returns its content.

    The restricted files are listed by hash only, so that the manifest may leave the restricted zone.
    """
    files = inventory(store.raw(""))
    outputs = {name: value for product in products().values() for name, value in hashes(store, product).items()}
    content: dict[str, Any] = {
        "delivery": store.delivery,
        "inputs": {name: file.sha256 for name, file in sorted(files.items())},
        "outputs": dict(sorted(outputs.items())),
        "program": program(),
        "code": {module: code_hash(module) for module in sorted({p.module for p in products().values()})},
        "lock": lock_hash(),
        "predecessor": compared_with(store),
        "summary": summary,
    }
    content["root"] = root_of(content)
    write_json(store.settings.curated(store.delivery) / MANIFEST, content)
    finish(store)
    return content


def compared_with(store: Store) -> dict[str, str]:
    """The delivery that this one was compared with, and its root then, as the files made of both say; empty without one."""
    for product in (product for product in products().values() if product.previous):
        for name, root in json.loads(recorded(store.path(product)) or '{"inputs": {}}')["inputs"].items():
            if name.endswith("/root"):
                return {"delivery": name.removesuffix("/root"), "root": root}
    return {}


def root_of(content: dict[str, Any]) -> str:
    """Root of the Merkle tree over everything that a manifest says, as RFC 6962 builds it.

    Its leaves are `part/name` and value of every entry, in the order of their names. Whoever has noted the root can tell
    later whether anything in the manifest, and so any file that it lists, is still what it was.
    """
    entries = []
    for part, value in content.items():
        if part != "root":
            pairs = value.items() if isinstance(value, dict) else [("", value)]
            entries += [f"{part}/{name}\0{entry}".encode() for name, entry in pairs]
    return _merkle([hashlib.sha256(b"\0" + entry).digest() for entry in sorted(entries)]).hex()


def _merkle(leaves: list[bytes]) -> bytes:
    """Hash over leaves; the left half is the largest power of two that is smaller than all."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _merkle(leaves[:half]) + _merkle(leaves[half:])).digest()


def summarise(store: Store) -> dict[str, int]:
    """Counts that say what a delivery holds. Raises `CheckFailed` when forms were lost on the way to the marts."""

    def rows(*key: str) -> int:
        return rows_in(store.path(products()[key]))

    set_aside = sum(forms_set_aside(store.path(products()[("quarantine",)])).values())
    accepted = sum(rows("marts", name) for name in instruments())
    withdrawn = sum(sum(read(store.path(products()[("withdrawn", n)]))["forms"].to_pylist()) for n in instruments())
    # Counted where they were read, so that a form lost on the way is missed here.
    delivered = withdrawn + sum(
        rows("validated", name) + sum(forms_set_aside(store.path(products()[("rejected", name)])).values())
        for name in instruments()
    )
    if delivered != accepted + set_aside + withdrawn:
        what = f"{delivered} forms delivered, but {accepted} accepted, {set_aside} set aside and {withdrawn} withdrawn"
        raise CheckFailed(what, where=store.delivery)
    compared = read(store.path(products()[("statistics", "compare")]))
    verdicts = verdicts_of(compared)
    promises = read(store.path(products()[("expectations",)]))["passed"].to_pylist()
    held = read(store.path(products()[("report",)]), ["holds"])["holds"].to_pylist()
    applied = applied_in(store)
    rules = {row["rule"] for table in applied for row in table.to_pylist()}
    missed = unapplied(applied)
    notes = read(store.path(products()[("noted",)]), ["rule"])["rule"].to_pylist()
    return {
        "forms": delivered,
        "accepted": accepted,
        "quarantined": set_aside,
        "withdrawn": withdrawn,
        "noted": rows("noted"),
        "rules": len(rules),
        "rules_applied_to_all": len(rules - {each.rule for each in missed}),
        # How many forms a rule couldn't be applied to, and of how many.
        **{f"not_applied/{each.instrument}/{each.rule}/{each.reason}": each.number for each in missed},
        **{f"looked_at/{each.instrument}/{each.rule}": each.total for each in missed},
        "exceptions_unused": notes.count("exception_unused"),
        "conferences": rows("marts", "conference"),
        "marts": sum(key[0] == "marts" for key in products()),
        "promises": len(promises),
        "promises_kept": sum(promises),
        "claims": len(held),
        "claims_hold": held.count(True),
        "claims_fail": held.count(False),
        "tables": sum(key[-1].startswith("table_") for key in products()),
        "figures": rows("statistics", "figures"),
        "differs_exact": sum(row["verdict"] == DIFFERS and row["measure"] not in APPROXIMATE for row in compared.to_pylist()),
        **{verdict.replace(" ", "_"): number for verdict, number in verdicts.items()},
    }
