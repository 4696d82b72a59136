"""bases: which forms each table counts and why it leaves out the others; written only when every table ties out."""

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue

from frs_pipeline.assets.wiring import Made, key_of, makes, making, produced
from frs_pipeline.checks.ties import tie_specs, ties
from frs_pipeline.store.files import read
from frs_pipeline.study import Study
from frs_pipeline.study.countable import countable
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.reconciling import FormCounts, reconcile
from frs_pipeline.tables.render import base_lines

KEY = ("statistics", "bases")


def assets(study: Study) -> list[AssetsDefinition]:
    @makes(study, KEY, kinds={"duckdb", "parquet"}, checks=tie_specs(key_of(study, KEY)))
    def bases(context: AssetExecutionContext) -> Made:
        """Base of each table: rows of its marts, forms left out by reason, forms counted; compared with its figures."""
        with making(context, KEY) as store:
            figures = from_table(read(store.file("statistics", "figures")))
            forms = FormCounts({mart: store.marts(mart) for mart in countable(study)}, store.settings.engine)
            reconciled = reconcile(study, list(catalogue(study).values()), figures, forms)
            checks = ties(key_of(study, KEY), reconciled)
            if not all(check.passed for check in checks):
                yield from checks
            reconciled.require()
            yield produced(context, KEY, reconciled.rows, preview=MetadataValue.md(base_lines(study, reconciled.rows).markdown()))
            yield from checks

    return [bases]
