"""keyed: forms keyed twice, how far each keyer's agree, and the faults of each; how well questions and tables were keyed."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult

from frs_pipeline.assets.wiring import makes, making, produced
from frs_pipeline.collection.keyers import faults_of
from frs_pipeline.collection.keying import by_keyer, by_question, by_table
from frs_pipeline.collection.second_keying import cells_of
from frs_pipeline.store.files import read
from frs_pipeline.store.plan import FAULTS, KEYED, KEYERS, KEYING, KEYING_OF_TABLES
from frs_pipeline.study import Study
from frs_pipeline.study.about import has_keyers


def assets(study: Study) -> list[AssetsDefinition]:
    if not has_keyers(study):
        return []

    @makes(study, KEYED, kinds={"csv", "parquet"})
    def keyed_twice(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Forms that were keyed twice, cell by cell, for whoever answers for the keying. Restricted: keyers and answers."""
        with making(context, KEYED) as store:
            return produced(context, KEYED, cells_of(store))

    @makes(study, KEYERS, kinds={"parquet"})
    def keyed_by(context: AssetExecutionContext) -> MaterializeResult[None]:
        """How well each keyer's forms were keyed, for whoever answers for the keying. Restricted: names keyers."""
        with making(context, KEYERS) as store:
            return produced(context, KEYERS, by_keyer(study, read(store.file(*KEYED))))

    @makes(study, FAULTS, kinds={"parquet"})
    def faults_by_keyer(context: AssetExecutionContext) -> MaterializeResult[None]:
        """Faults of each keyer's forms by rule, for whoever answers for the keying. Restricted: names keyers."""
        with making(context, FAULTS) as store:
            return produced(context, FAULTS, faults_of(store))

    @makes(study, KEYING, kinds={"parquet"})
    def keying(context: AssetExecutionContext) -> MaterializeResult[None]:
        """How often each question was keyed wrongly, for readers of the tables: counts and intervals, nothing of keyers."""
        with making(context, KEYING) as store:
            return produced(context, KEYING, by_question(study, read(store.file(*KEYED))))

    @makes(study, KEYING_OF_TABLES, kinds={"parquet"})
    def keying_of_tables(context: AssetExecutionContext) -> MaterializeResult[None]:
        """How often the fields of each table were keyed wrongly, for readers of the table: counts and intervals, below it."""
        with making(context, KEYING_OF_TABLES) as store:
            return produced(context, KEYING_OF_TABLES, by_table(study, read(store.file(*KEYED))))

    return [keyed_twice, keyed_by, faults_by_keyer, keying, keying_of_tables]
