"""Nothing is lost: forms in = accepted + set aside + withdrawn, and forms in = rows of the mart."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.tables.contracts import nothing_lost, require_every_form

_NAME = "nothing_lost"
_ADMITTED = "within_policy"
_EVERY_FORM = "every_form"


def conservation_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on the asset that splits forms."""
    return AssetCheckSpec(_NAME, asset=key, description="forms in = accepted + set aside + withdrawn", blocking=True)


def conservation(key: AssetKey, delivered: int, accepted: int, set_aside: int, withdrawn: int) -> AssetCheckResult:
    """Report counts only, never a form's values."""
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=nothing_lost(delivered, accepted, set_aside, withdrawn),
        severity=AssetCheckSeverity.ERROR,
        metadata={"delivered": delivered, "accepted": accepted, "set_aside": set_aside, "withdrawn": withdrawn},
    )


def admission_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on the asset without which nothing is pseudonymised."""
    return AssetCheckSpec(_ADMITTED, asset=key, description="no more forms are set aside than the policy allows", blocking=True)


def admission(key: AssetKey, delivered: int, set_aside: int) -> AssetCheckResult:
    """Record that the policy was kept; where it wasn't, the step has failed before."""
    return AssetCheckResult(
        asset_key=key,
        check_name=_ADMITTED,
        passed=True,
        severity=AssetCheckSeverity.ERROR,
        metadata={"delivered": delivered, "set_aside": set_aside},
    )


def every_form_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on every mart."""
    return AssetCheckSpec(_EVERY_FORM, asset=key, description="forms in the mart = pseudonymised forms", blocking=True)


def every_form(key: AssetKey, sources: Iterable[Path], forms: int) -> AssetCheckResult:
    """Compare the `forms` of a mart with the rows that the files in `sources` say they have.

    Raises `CheckFailed` before anything is written when they aren't equal.
    """
    pseudonymised = require_every_form(sources, forms, key.to_user_string())
    return AssetCheckResult(
        asset_key=key,
        check_name=_EVERY_FORM,
        passed=True,
        severity=AssetCheckSeverity.ERROR,
        metadata={"pseudonymised": pseudonymised, "forms": forms},
    )
