"""The tables compared with the forms: bases and totals tie out. Reports numbers of tables and counts only."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.tables.reconciling import Reconciliation

_BASES, _TOTALS = "bases_tie_out", "totals_tie_out"


def tie_specs(key: AssetKey) -> list[AssetCheckSpec]:
    """Declare the checks on the bases of the tables."""
    described = {
        _BASES: "rows of the marts - forms left out, each for one reason = what the figures of a table count",
        _TOTALS: "tables of the same question count its answers alike, and as the marts have them",
    }
    return [AssetCheckSpec(name, asset=key, description=text, blocking=True) for name, text in described.items()]


def ties(key: AssetKey, reconciled: Reconciliation) -> list[AssetCheckResult]:
    """Make one result per check, also when broken: the caller has to raise after yielding them (`Reconciliation.require`)."""
    return [
        AssetCheckResult(
            asset_key=key,
            check_name=name,
            passed=not tie.broken,
            severity=AssetCheckSeverity.ERROR,
            metadata={
                "tables": len(tie.tables),
                "compared": tie.compared,
                "broken": len(tie.broken_tables),
                "broken_tables": tie.broken_tables,
            },
        )
        for name, tie in ((_BASES, reconciled.bases), (_TOTALS, reconciled.totals))
    ]
