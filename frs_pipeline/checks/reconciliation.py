"""Nothing is lost: forms in = forms accepted + forms set aside."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

_NAME = "nothing_lost"


def conservation_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on the asset that splits forms."""
    return AssetCheckSpec(_NAME, asset=key, description="forms in = accepted + set aside", blocking=True)


def conservation(key: AssetKey, delivered: int, accepted: int, set_aside: int) -> AssetCheckResult:
    """Counts only; never a form's values."""
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=delivered == accepted + set_aside,
        severity=AssetCheckSeverity.ERROR,
        metadata={"delivered": delivered, "accepted": accepted, "set_aside": set_aside},
    )
