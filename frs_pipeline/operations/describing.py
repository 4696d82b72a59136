"""What Dagster's catalogue says about each asset beside what it is: its zone and layer, who reads it and who owns it.

Said here and not where assets are made: none of it has a part in a file, so that nothing is made again when it changes.
"""

from __future__ import annotations

from datetime import timedelta

from dagster import AssetSpec, FreshnessPolicy, MetadataValue

from frs_pipeline.assets.collected import KEY as COLLECTED
from frs_pipeline.assets.wiring import key_of, product_of, raw_key
from frs_pipeline.store.deliveries import sources
from frs_pipeline.store.plan import products, table_key
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.operating import Zone, operating

ZONE_TAG, LAYER_TAG = "frs/zone", "frs/layer"
# When nightly begins, and how long after it may have been carried out.
NIGHT, TIMEZONE, _PATIENCE = "0 3 * * *", "Europe/Copenhagen", "0 5 * * *"
# What the schedule notes each night that it looked; see `nightly`.
LOOKED = ("looked_at_night",)

# Who reads what lies in a zone of a layer: the one place that says so.
_READERS = {
    ("raw", "raw"): "data engineers and auditors; whoever delivers it keeps the original",
    ("restricted", "validated"): "data engineers and auditors who may see conference numbers; nobody takes it out",
    ("restricted", "pseudonymised"): "the pipeline, and data engineers who look for a fault; nobody takes it out",
    ("curated", "marts"): "researchers of the study, inside the house",
    ("curated", "statistics"): "researchers and authors of the report; people outside only read what a release holds",
    ("curated", "report"): "everybody in the house who works with the study; people outside only read what a release holds",
    ("curated", "operations"): "data engineers and auditors",
    ("raw", "fetched"): "data engineers, and whoever makes deliveries of it",
    ("restricted", "collected"): "whoever coordinates the collection and may see conference numbers; nobody takes it out",
    ("restricted", "statistics"): "whoever answers for the forms and how they were keyed; nobody takes it out",
}
# Assets that are no file of the plan.
_BESIDE = {("privacy",): "operations", ("manifest",): "operations", LOOKED: "operations"}


def described(study: Study, spec: AssetSpec) -> AssetSpec:
    """Add to an asset of the study its tags, owners, readers, and, where time says something about it, its freshness."""
    zone, layer = _place(study, spec)
    readers = _READERS[zone, layer]
    spec = spec.merge_attributes(
        tags={ZONE_TAG: zone, LAYER_TAG: layer},
        owners=list(operating(study).owners.get(zone, ())),
        metadata=_to_open(study, spec),
        kinds=set() if spec.kinds else {"python"},
    )
    spec = spec.replace_attributes(description=f"{spec.description}\n\nRead by {readers}.")
    policy = freshness(study) if layer == "raw" else None
    return spec.replace_attributes(freshness_policy=policy) if policy else spec


def freshness(study: Study) -> FreshnessPolicy | None:
    """Return by when the sources of a delivery should have come in again; None where the study doesn't expect any.

    Only what comes from outside can be too old. What is made of it is as good as on the day on which it was made, for as long
    as its hashes are right, and those are looked at each night.
    """
    days = operating(study).delivery_within_days
    return None if days is None else FreshnessPolicy.time_window(fail_window=timedelta(days=days))


def looked(study: Study) -> AssetSpec:
    """Return the asset that stands for last night's look: nothing is made of it, and it is late when none was taken."""
    return AssetSpec(
        key_of(study, LOOKED),
        description="That `nightly` looked whether every delivery's results are made by today's code and definitions.",
        group_name="g0_operations",
        kinds={"schedule"},
        freshness_policy=FreshnessPolicy.cron(deadline_cron=_PATIENCE, lower_bound_delta=timedelta(hours=2), timezone=TIMEZONE),
    )


def _place(study: Study, spec: AssetSpec) -> tuple[Zone, str]:
    """Return zone and layer of an asset."""
    key = product_of(spec.key)
    if key[0] == "fetched":
        return "raw", "fetched"
    if key == COLLECTED:
        return "restricted", "collected"
    if key in _BESIDE:
        return "curated", _BESIDE[key]
    if spec.key in {raw_key(study, source) for source in sources(study)}:
        return "raw", "raw"
    product = products(study)[key]
    return product.zone, product.group.partition("_")[2]


def _to_open(study: Study, spec: AssetSpec) -> dict[str, MetadataValue]:
    """Return where a table's figures can be opened; here, so that moving a chapter doesn't make its tables again."""
    about(study)
    places = {table_key(number): (chapter.file, number) for chapter in chapters(study) for number in chapter.tables}
    key = product_of(spec.key)
    if key not in places:
        return {}
    file, number = places[key]
    return {"report": MetadataValue.path(f"report/{file}#tabel-{number}"), "passports": MetadataValue.text(f"frs trace {number}")}
