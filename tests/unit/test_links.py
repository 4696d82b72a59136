"""Every relative link of a page leads to a file, and to a heading of it where it names one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from frs_pipeline.store.settings import PROJECT

DOCS = PROJECT / "docs"
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
_LINK = re.compile(r"\]\(\s*<?([^)>\s]+)|^\[[^\]]+\]:\s*(\S+)", re.M)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.M)


def links(text: str) -> Iterator[str]:
    """What the links of a page lead to inside the project; code isn't looked at."""
    for inline, below in _LINK.findall(re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))):
        if not re.match(r"[a-z]+:", inline or below):
            yield inline or below


def anchors(text: str) -> set[str]:
    """By what the headings of a page can be named, as GitHub does it, and what else has a name of its own."""
    found: dict[str, int] = {}
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
    headings = {name if not at else f"{name}-{at}" for name, times in found.items() for at in range(times + 1)}
    return headings | set(re.findall(r'<a id="([^"]+)">', text))


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere, or out of docs/, which is a site of its own."""
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists():
            found.append(f"{link}: no such file")
        elif not target.is_relative_to(PROJECT):
            found.append(f"{link}: not in the project")
        elif page.is_relative_to(DOCS) and not target.is_relative_to(DOCS):
            found.append(f"{link}: not in docs/, so that the site can't have it")
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            found.append(f"{link}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert "\n".join(broken(page)) == ""


def test_every_page_is_on_the_page_of_pages() -> None:
    listed = {link.partition("#")[0] for link in links((DOCS / "README.md").read_text(encoding="utf-8"))}
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    # Decisions have a page of pages of their own.
    assert {page for page in pages if not page.startswith("decisions/2")} - {"README.md"} <= listed


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.PROJECT", tmp_path)
    (tmp_path / "other.md").write_text(
        "# What's `frs run`?\n\n## Again\n\n```\n# no heading\n```\n\n## Again\n", encoding="utf-8"
    )
    page = tmp_path / "page.md"
    good = ("[a](other.md) [b](other.md#whats-frs-run) [c](other.md#again-1)", "[d](https://example.org) `[e](no.md)` [f](#here)")
    page.write_text("\n".join([*good, "", "# Here", "```", "[g](no.md)", "```", ""]), encoding="utf-8")
    assert broken(page) == []
    page.write_text("[a](no.md) [b](other.md#no-heading) [c](../../x.md) [d](#nowhere)\n\n[e]: gone.md\n", encoding="utf-8")
    assert [line.split(":")[0] for line in broken(page)] == ["no.md", "other.md#no-heading", "../../x.md", "#nowhere", "gone.md"]
