"""What a figure of a chapter shows, and what one takes along: pictures, numbers, link and citation, made without a request."""

from __future__ import annotations

import csv
import io
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from support.study import STUDY

from frs_pipeline.report.formats.workbook import sheet_name
from frs_pipeline.study.chapters import chapters

SVG = "{http://www.w3.org/2000/svg}"
# A figure of each kind, by chapter: bars, change, distribution, squares, gammas, gammas by group.
KINDS = (
    ("tilfredshed", "figur-1"),
    ("tilfredshed", "figur-1-2"),
    ("tilfredshed", "figur-4"),
    ("raadgivere", "figur-35"),
    ("raadgivere", "figur-25"),
    ("rettigheder", "figur-49"),
)


def taken(page: Page, figure: str, what: str) -> tuple[str, bytes]:
    """Press a button below a figure; return the name of the file that comes, and what is in it."""
    with page.expect_download() as download:
        page.locator(f"#{figure} [data-take={what}]").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]


def shown(page: Page, figure: str, language: str = "da") -> list[str]:
    """The texts of the wide drawing in one language."""
    other = {"da": "en", "en": "da"}[language]
    script = """([id, other]) => [...document.querySelectorAll(`#${id} .drawing.wide text`)]
      .filter((text) => !text.closest(`.${other}`)).map((text) => text.textContent)"""
    return list(page.evaluate(script, [figure, other]))


@pytest.mark.parametrize(("chapter", "figure"), KINDS)
def test_a_picture_has_the_numbers_of_the_page_and_says_what_it_is_and_that_it_must_not_be_published(
    visit, chapter: str, figure: str
) -> None:
    seen = visit()
    page = seen.open(f"{chapter}.html")
    name, content = taken(page, figure, "svg")
    assert name == f"{figure}-da.svg"
    picture = ElementTree.fromstring(content)
    written = texts(picture)
    assert [text for text in shown(page, figure) if text not in written] == []
    told = " ".join(written)
    assert "Må ikke offentliggøres: Små antal er ikke skjult. Opdigtede skemaer." in told
    assert re.sub(r"\s+", " ", page.locator(f"#{figure} h2").inner_text()) in told
    assert "leverance 2020-11-30" in told
    assert picture.get("lang") == "da"
    # Nothing of the page is missing in a file of its own: no variable, no other language, no link.
    assert b"var(--" not in content and b' en"' not in content and b"<a " not in content
    left = [one for one in picture.iter() if one.get("x") and float(one.get("x")) < -0.5]
    assert left == []
    _, raster = taken(page, figure, "png")
    assert raster[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", raster[16:24])
    assert (wide, high) == (round(2 * float(picture.get("width"))), pytest.approx(2 * float(picture.get("height")), abs=2))
    assert len(raster) > 20_000
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_picture_is_in_the_language_of_the_reader(visit) -> None:
    page = visit().open("konflikter.html?lang=en")
    name, content = taken(page, "figur-59", "svg")
    written = texts(ElementTree.fromstring(content))
    assert name == "figur-59-en.svg"
    assert [text for text in shown(page, "figur-59", "en") if text not in written] == []
    assert "none at all" in written and "slet ingen" not in written
    assert "Not for publication: small counts aren't hidden. Made-up forms." in " ".join(written)
    # The number of a figure isn't a number of the language.
    expect(page.locator("#figur-59 .own .en")).to_have_text("Figure")
    expect(page.locator("#figur-59 .own")).to_contain_text("5.3")


def cells(page: Page, figure: str) -> list[str]:
    """The numbers of the first table of a figure, as one reads them."""
    script = "(id) => [...document.querySelector(`#${id} table`).querySelectorAll('td button')].map((one) => one.textContent)"
    return list(page.evaluate(script, figure))


@pytest.mark.parametrize(("language", "mark", "decimal"), [("da", ";", ","), ("en", ",", ".")])
def test_numbers_taken_as_csv_are_those_of_the_table(visit, language: str, mark: str, decimal: str) -> None:
    page = visit().open(f"tilfredshed.html?lang={language}")
    name, content = taken(page, "figur-1", "csv")
    assert name == f"figur-1-{language}.csv"
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=mark))
    assert {len(line) for line in lines} == {8}
    plain = [text.replace("\u00a0", "").replace("%", "") for text in cells(page, "figur-1")]
    thousands = {"da": ".", "en": ","}[language]
    wanted = [float(text.replace(thousands, "").replace(decimal, ".")) for text in plain]
    assert [float(cell.replace(decimal, ".")) for line in lines[2:] for cell in line[2:]] == wanted
    # A name that spans two lines stands in both.
    assert [line[0] for line in lines[2:4]] == [{"da": "barn", "en": "child"}[language]] * 2


def test_the_workbook_has_the_numbers_of_the_table_without_a_script(visit, folder: Path) -> None:
    page = visit(java_script_enabled=False).open("tilfredshed.html")
    link = page.locator("#figur-4 .take a", has_text="Excel")
    path = (folder / link.get_attribute("href")).resolve()
    sheet = openpyxl.load_workbook(path)[sheet_name(chapters(STUDY)[0].title.danish)]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    first = next(at for at, row in enumerate(rows) if str(row[0]).startswith("Tabel 4."))
    (much,) = [row for row in rows[first : first + 5] if row[0] == "Ja, meget"]
    assert much[1] == 789
    page.locator("#figur-4 summary").click()
    expect(page.locator("#t4-ja_meget\\.count")).to_have_text("789")
    # What needs a script isn't offered without one.
    assert page.locator(".take button:visible").count() == 0


def test_what_is_copied_is_said(visit) -> None:
    seen = visit(permissions=["clipboard-read", "clipboard-write"])
    page = seen.open("tilfredshed.html")
    said = page.locator("#figur-4 .taken")
    page.locator("#figur-4 [data-take=copy]").click()
    expect(said).to_have_text("Tabellen er kopieret; sæt den ind i et regneark.")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[1].split("\t")[:2] == ["Ja, meget", "789"]
    page.locator("#figur-4 [data-take=link]").click()
    expect(said).to_contain_text("tilfredshed.html#figur-4")
    page.locator("#figur-4 [data-take=cite]").click()
    expect(said).to_contain_text("Familierådslagning, leverance 2020-11-30. Figur 1.5 · Tabel 4.")
    assert seen.complaints == []


@pytest.mark.parametrize("script", [True, False])
def test_a_link_to_a_number_opens_the_table_that_it_stands_in(visit, script: bool) -> None:
    page = visit(java_script_enabled=script).open("tilfredshed.html#t4-ja_meget.count")
    number = page.locator("#t4-ja_meget\\.count")
    expect(number).to_be_visible()
    expect(number).to_be_in_viewport()
    assert page.locator("#figur-5 details.below[open]").count() == 0


def value(text: str) -> tuple[float, float]:
    """Read a number of a page in Danish, and how much it may be off for being rounded."""
    plain = text.replace("\u00a0", "").replace("%", "").replace(".", "").replace("\u2212", "-")
    return float(plain.replace(",", ".")), 0.5 * 10.0 ** -len(plain.partition(",")[2])


def test_numbers_of_drawings_are_those_of_the_tables_they_lead_to(visit) -> None:
    """Every share of a drawing that is one figure reads as the cell does; one that is a sum is the sum of its cells."""
    script = """() => [...document.querySelectorAll(".drawing.wide a.n.da")].map((link) => [
      link.querySelector("text").textContent,
      (link.dataset.figures || link.getAttribute("href").split("#")[1]).split(" ").map((name) => {
        const cell = document.getElementById(name);
        return cell && cell.textContent;
      }), link.getAttribute("aria-label")])"""
    compared = 0
    for chapter in (one for one in chapters(STUDY) if one.tables):
        page = visit().open(chapter.file)
        for text, figures, spoken in page.evaluate(script):
            assert spoken.startswith(text)
            if text.endswith("%") and all(cell and cell.endswith("%") for cell in figures):
                (told, off), cells_of = value(text), [value(cell) for cell in figures]
                most = off + sum(one[1] for one in cells_of) + 1e-9
                assert told == pytest.approx(sum(one[0] for one in cells_of), abs=most), (chapter.id, text)
                compared += 1
    assert compared > 300


def test_arrows_go_from_one_block_of_a_table_to_the_next(visit) -> None:
    page = visit().open("tilfredshed.html")
    page.locator("#figur-1 summary").click()
    page.locator("#t1-barn\\.rigtig_god\\.row_percent").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "t1-mor.rigtig_god.count"


@pytest.mark.parametrize(("width", "zoom"), [(390, 1), (1440, 1), (720, 2)])
def test_one_drawing_is_shown_and_nothing_is_wider_than_the_page(visit, width: int, zoom: int) -> None:
    page = visit(viewport={"width": width, "height": 900}, device_scale_factor=zoom).open("rettigheder.html")
    visible = page.evaluate(
        """() => [...document.querySelectorAll("figure.drawn")].map((one) =>
          [...one.querySelectorAll(".drawing")].filter((one) => one.checkVisibility()).map((one) => one.classList[1]))"""
    )
    assert {tuple(one) for one in visible} == {("narrow",) if width < 760 else ("wide",)}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
