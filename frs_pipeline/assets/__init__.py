"""Dagster assets, one module a layer: wiring only, the thinking is in the rooms below."""
