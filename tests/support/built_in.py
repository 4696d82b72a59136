"""Rules that the code knows: whoever adds rules of their own to the policy needn't change the tests of these."""

from __future__ import annotations

from dataclasses import replace

from frs_pipeline.intake.remarks import Intake
from frs_pipeline.study.rules import KINDS


def built_in_only(intake: Intake) -> Intake:
    """The same without rules of one's own, which forms made by arithmetic may well break."""
    rules = {name: rule for name, rule in intake.policy.rules.items() if name in KINDS}
    return replace(intake, policy=intake.policy.model_copy(update={"rules": rules}))
