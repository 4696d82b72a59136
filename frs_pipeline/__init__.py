"""Reproducible data pipeline for evaluation surveys of family group conferences (familierådslagning)."""
