"""The report of the shipped delivery, and Debian's Chromium to open it with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.chapters import chapters

CHROMIUM = os.environ.get("FRS_CHROMIUM", "/usr/bin/chromium")
PAGES = ("index.html", *(chapter.file for chapter in chapters(STUDY)))


@pytest.fixture(scope="session")
def folder(refreshed: Settings) -> Path:
    """The folder of the report's pages."""
    return refreshed.curated(DELIVERY) / products(STUDY)[("report",)].pages


@pytest.fixture(scope="session")
def browser(refreshed: Settings) -> Iterator[Browser]:
    """Started after the refresh, whatever is opened: an event loop runs from then on, which Dagster would run into."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


class Visit:
    """A browser of its own that notes what goes wrong and what is asked for."""

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self.context, self.folder = context, folder
        self.complaints: list[str] = []
        self.requests: list[str] = []

    def open(self, name: str) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"{self.folder.as_uri()}/{name}")
        return page


@pytest.fixture
def visit(browser: Browser, folder: Path) -> Iterator[Any]:
    """`visit(**how)`: a browser with these settings, such as a width or a colour scheme."""
    opened: list[BrowserContext] = []

    def start(**how: Any) -> Visit:
        opened.append(browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **how}))
        return Visit(opened[-1], folder)

    yield start
    for context in opened:
        context.close()
