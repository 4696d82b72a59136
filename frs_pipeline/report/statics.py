"""The stylesheet and the script of the pages, each put together from files of one concern."""

from __future__ import annotations

import json
from pathlib import Path

from frs_pipeline.report.binding import script_patterns
from frs_pipeline.report.drawing.file import plain_style
from frs_pipeline.report.drawing.scene import SIZES
from frs_pipeline.report.drawing.svg import DEFINED, FITTED, NARROWED
from frs_pipeline.report.drawing.widths import BOLD, NO_WIDER, UNKNOWN, WIDTHS

_TEMPLATES = Path(__file__).parent / "templates"
# In this order: what comes later overrides what comes before.
_STYLES = ("tokens", "shell", "front", "table", "figure", "drawing", "passport", "pages", "audit", "phone", "paper")
_SCRIPTS = (
    "core",
    "sheet",
    "passport",
    "evidence",
    "claims",
    "tables",
    "search",
    "language",
    "reveal",
    "share",
    "sources",
    "start",
)


def part(room: str, name: str) -> str:
    """Return one file that the stylesheet (`css`) or the script (`js`) is put together from."""
    return (_TEMPLATES / room / name).read_text(encoding="utf-8")


def stylesheet() -> str:
    """Return the stylesheet of all pages."""
    return "\n".join((_TEMPLATES / "css" / f"{name}.css").read_text(encoding="utf-8") for name in _STYLES)


def script() -> str:
    """Return the script of all pages: the files share one function, so that nothing but `FRS` is seen from outside."""
    parts = "\n".join((_TEMPLATES / "js" / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)
    given = f"const DRAWN = {_drawn()};\n  const RESULTS = {_results()};"
    shared = f"{given}\n{parts}\n  return {{ index, pack, search: searching, claims: claiming }};"
    return f'"use strict";\nconst FRS = (() => {{\n  {shared}\n}})();\n'


def _results() -> str:
    """Return the words of results, by language, as patterns of the script."""
    return json.dumps(script_patterns(), ensure_ascii=False, separators=(",", ":"))


def _drawn() -> str:
    """Return what pictures need that the script makes of drawings: their style, their textures and the widths of letters."""
    known = {
        "style": plain_style(stylesheet()),
        "defined": DEFINED,
        "widths": WIDTHS,
        "unknown": UNKNOWN,
        "bold": BOLD,
        # Apart: digits in a row look like somebody's number.
        "plain": sorted(NO_WIDER),
        "sizes": SIZES,
        "fitted": FITTED,
        "narrowed": NARROWED,
    }
    return json.dumps(known, separators=(",", ":")).replace("</", "<\\/")


def statics() -> dict[str, bytes]:
    """Return the files that are the same for all deliveries, by name."""
    return {"report.css": stylesheet().encode(), "report.js": script().encode()}
