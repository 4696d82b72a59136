"""intervals: what is known of the uncertainty of each figure that is an estimate."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult

from frs_pipeline.assets.wiring import makes, making, produced
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address, Table, catalogue
from frs_pipeline.tables.clusters import ClusteredForms, clustered
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.intervals import Interval, as_table, between, followed, intervals, with_q

KEY = ("statistics", "intervals")


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, KEY, kinds={"parquet"})
    def all_intervals(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Interval, robust error and test of each figure that is an estimate, and of differences between groups."""
        with making(context, KEY) as store:
            values: dict[Address, float | None] = {
                f.address: f.value for f in from_table(read(store.file("statistics", "figures")))
            }
            return produced(context, KEY, as_table(estimated(store), values))

    return [all_intervals]


def estimated(store: Store) -> list[Interval]:
    """Estimate all figures of a delivery, table by table, each table followed by its differences from an earlier one."""
    study = store.study
    tables = catalogue(study)
    marts = {name: store.marts(name) for name in dict.fromkeys(name for table in tables.values() for name in table.reads)}
    pairs = followed(study)
    kept = {number for pair in pairs for number in pair}
    held: dict[int, tuple[Table, ClusteredForms]] = {}
    made: dict[int, list[Interval]] = {}
    for table, forms in clustered(tables.values(), marts, store.settings.engine):
        made[table.number] = list(intervals(study, table, forms))
        if table.number in kept:
            held[table.number] = (table, forms)
    for earlier, later in pairs:
        made[later] += between(study, held[earlier], held[later])
    return with_q(study, [interval for number in tables for interval in made[number]])
