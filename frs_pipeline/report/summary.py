"""Count what a finished delivery holds: its manifest keeps the counts, and `frs run` prints them."""

from __future__ import annotations

import pyarrow as pa

from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.applying import unapplied
from frs_pipeline.intake.delivery import applied_in, forms_set_aside
from frs_pipeline.printed.compare import DIFFERS
from frs_pipeline.printed.compare import summary as verdicts_of
from frs_pipeline.report.findings import outcomes
from frs_pipeline.store.files import Store, read, read_manifest, rows_in
from frs_pipeline.study.instruments import instruments

# Figures of a correlation that its gamma and N don't determine.
APPROXIMATE = ("ase", "t", "p")


def summarise(store: Store) -> dict[str, int]:
    """Count what a delivery holds, or several together. Raises `CheckFailed` when forms were lost on the way to the marts."""
    if store.parts():
        return _of_parts(store)

    def rows(*key: str) -> int:
        return rows_in(store.file(*key))

    set_aside = sum(forms_set_aside(store.file("quarantine")).values())
    accepted = sum(rows("marts", name) for name in instruments(store.study))
    withdrawn = sum(sum(read(store.file("withdrawn", n))["forms"].to_pylist()) for n in instruments(store.study))
    # Counted where they were read, so that a form lost on the way is missed here.
    delivered = withdrawn + sum(
        rows("validated", name) + sum(forms_set_aside(store.file("rejected", name)).values()) for name in instruments(store.study)
    )
    if delivered != accepted + set_aside + withdrawn:
        what = f"{delivered} forms delivered, but {accepted} accepted, {set_aside} set aside and {withdrawn} withdrawn"
        raise CheckFailed(what, where=store.delivery)
    compared = read(store.file("statistics", "compare"))
    verdicts = verdicts_of(compared)
    promises = read(store.file("expectations"))["passed"].to_pylist()
    applied = applied_in(store)
    rules = {row["rule"] for table in applied for row in table.to_pylist()}
    missed = unapplied(applied)
    notes = read(store.file("noted"), ["rule"])["rule"].to_pylist()
    return {
        "forms": delivered,
        "accepted": accepted,
        "quarantined": set_aside,
        "withdrawn": withdrawn,
        "noted": rows("noted"),
        "passed_over": notes.count("rows_blank"),
        "rules": len(rules),
        "rules_applied_to_all": len(rules - {each.rule for each in missed}),
        # To how many forms a rule couldn't be applied, and of how many.
        **{f"not_applied/{each.instrument}/{each.rule}/{each.reason}": each.number for each in missed},
        **{f"looked_at/{each.instrument}/{each.rule}": each.total for each in missed},
        "exceptions_unused": notes.count("exception_unused"),
        **({"conferences": rows("marts", "conference")} if ("marts", "conference") in store.products else {}),
        "marts": sum(key[0] == "marts" for key in store.products),
        "promises": len(promises),
        "promises_kept": sum(promises),
        **outcomes(read(store.file("report"), ["holds", "holds_in_tables"]).to_pylist()),
        "tables": sum(key[-1].startswith("table_") for key in store.products),
        "figures": rows("statistics", "figures"),
        "differs_exact": sum(row["verdict"] == DIFFERS and row["measure"] not in APPROXIMATE for row in compared.to_pylist()),
        **{verdict.replace(" ", "_"): number for verdict, number in verdicts.items()},
    }


# What the deliveries of a whole hold in all is what each of them holds.
_ADDED = ("forms", "accepted", "quarantined", "withdrawn", "noted", "passed_over", "promises", "promises_kept")


def _of_parts(store: Store) -> dict[str, int]:
    """Count what several deliveries together hold. Raises `CheckFailed` when forms were lost on the way from theirs."""
    each = [read_manifest(part)["summary"] for part in store.parts()]
    added = {name: sum(summary[name] for summary in each) for name in _ADDED}
    lists = [read(store.file("marts", name)) for name in instruments(store.study)]
    forms, again = (sum(sum(rows[name].to_pylist()) for rows in lists) for name in ("forms", "again"))
    if forms != added["accepted"]:
        raise CheckFailed(f"{added['accepted']} forms accepted, but {forms} are in the marts", where=store.delivery)
    return {
        "deliveries": len(each),
        **added,
        "again": again,
        "counted": forms - again,
        **_conferences_of_parts(store),
        "marts": len(lists),
        **outcomes(read(store.file("report"), ["holds", "holds_in_tables"]).to_pylist()),
        "tables": sum(key[-1].startswith("table_") for key in store.products),
        "figures": rows_in(store.file("statistics", "figures")),
    }


def _conferences_of_parts(store: Store) -> dict[str, int]:
    """Count the conferences of several deliveries, each once; nothing where forms belong to none."""
    if ("marts", "conference") not in store.each()[0].products:
        return {}
    ids = pa.concat_tables([read(part.file("marts", "conference"), ["conference_id"]) for part in store.parts()])
    return {"conferences": len(ids["conference_id"].unique())}
