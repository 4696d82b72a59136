"""coded: what people made of texts, and how far they agree."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult

from frs_pipeline.assets.wiring import makes, making, produced
from frs_pipeline.intake.coders import agreed
from frs_pipeline.intake.coding import coded, codings_that_count
from frs_pipeline.store.plan import AGREEMENT
from frs_pipeline.study import Study, texts
from frs_pipeline.study.questionnaires import questionnaires


def assets(study: Study) -> list[AssetsDefinition]:
    names = texts.coded(study)
    return [*(_coded(study, name) for name in names), *([_agreement(study)] if names else [])]


def _coded(study: Study, instrument: str) -> AssetsDefinition:
    key, questionnaire = ("coded", instrument), questionnaires(study)[instrument]
    description = f"{questionnaire.title}: the codes that people gave the texts, 0 or 1; null where nobody did. Restricted."

    @makes(study, key, kinds={"csv", "parquet"}, description=description)
    def _asset(context: AssetExecutionContext) -> MaterializeResult[None]:
        with making(context, key) as store:
            return produced(context, key, coded(codings_that_count(store, instrument), questionnaire))

    return _asset


def _agreement(study: Study) -> AssetsDefinition:
    @makes(study, AGREEMENT, kinds={"csv", "parquet"})
    def agreement(context: AssetExecutionContext) -> MaterializeResult[None]:
        """How far those who coded texts agree, code by code: per cent, Cohen's kappa, Krippendorff's alpha. No text, no name."""
        with making(context, AGREEMENT) as store:
            papers = [questionnaires(study)[name] for name in texts.coded(study)]
            return produced(context, AGREEMENT, agreed((paper, codings_that_count(store, paper.instrument)) for paper in papers))

    return agreement
