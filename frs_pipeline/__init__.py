"""Reproducible data pipeline for evaluation surveys of family group conferences (familierådslagning)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frs_pipeline.tables.frames import read_figures, read_mart

__all__ = ["read_figures", "read_mart"]


def __getattr__(name: str) -> Any:
    # Only when asked for: whoever imports a single module waits for no other.
    if name in __all__:
        from frs_pipeline.tables import frames

        return getattr(frames, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
