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


_ADMITTED = "within_policy"


def admission_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on the asset without which nothing is pseudonymised."""
    return AssetCheckSpec(_ADMITTED, asset=key, description="no more forms are set aside than the policy allows", blocking=True)


def admission(key: AssetKey, delivered: int, set_aside: int) -> AssetCheckResult:
    """Recorded where the policy was kept; where it wasn't, the step has failed before."""
    return AssetCheckResult(
        asset_key=key,
        check_name=_ADMITTED,
        passed=True,
        severity=AssetCheckSeverity.ERROR,
        metadata={"delivered": delivered, "set_aside": set_aside},
    )
