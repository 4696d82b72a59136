"""Reproducible data pipeline for evaluation surveys of family group conferences (familierådslagning)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frs_pipeline.tables.frames import read_figures, read_mart

# A version that was released, or ".dev0" of the next one. Every manifest says it.
__version__ = "2.0.0.dev0"

__all__ = ["__version__", "read_figures", "read_mart"]


def __getattr__(name: str) -> Any:
    # Only when asked for: whoever imports a single module waits for no other.
    if name in ("read_figures", "read_mart"):
        from frs_pipeline.tables import frames

        return getattr(frames, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
