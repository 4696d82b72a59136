"""Dagster assets, one module per layer: wiring only, the thinking is in the rooms below."""
