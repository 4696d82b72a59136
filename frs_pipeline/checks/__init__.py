"""Dagster asset checks: wiring only."""
