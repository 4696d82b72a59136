"""Take the picture of the shipped report that README.md shows: `make picture`."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from support.shipped import DELIVERY

CHROMIUM = os.environ.get("FRS_CHROMIUM", "/usr/bin/chromium")
PICTURE = Path(__file__).parents[2] / "docs" / "assets" / "report.webp"


def take(report: Path, to: Path) -> None:
    """Show the first page in English, and keep it as WebP."""
    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=os.environ.get("FRS_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1120, "height": 780}, color_scheme="light", reduced_motion="reduce")
        page.goto((report / "index.html").as_uri())
        page.click("#language")
        shown = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 80})
        to.write_bytes(base64.b64decode(shown["data"]))
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]) / "curated" / DELIVERY / "report", PICTURE)
