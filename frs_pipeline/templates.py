"""Jinja templates, set up in the same way for all pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def templates_in(*folders: Path) -> Environment:
    """Load the templates of folders: what they print is escaped, and an undefined name is an error."""
    import jinja2  # only needed where there are pages to make

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
