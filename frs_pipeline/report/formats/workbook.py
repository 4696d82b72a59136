"""Write the tables as an Excel workbook: one sheet per chapter, numbers as numbers, laid out as the report's pages are."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from frs_pipeline.language import Language, Text
from frs_pipeline.report.layout import Layout
from frs_pipeline.report.typography import shown
from frs_pipeline.study.chapters import Chapter
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure

# When a workbook says that it was made: always the same, so that the same tables give the same bytes.
_MADE = dt.datetime(2000, 1, 1)
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31
_WIDTH = 42
# A warning on the first sheet, since a workbook is what gets sent on.
_NOT_TO_PUBLISH = Text(
    "Ikke til offentliggørelse: Små antal er ikke skjult. Tabeller til offentliggørelse laves med frs release.",
    "Not for publication: small counts aren't hidden. Tables for publication are made by frs release.",
)
_CONTENTS = Text("Indhold", "Contents")


def workbook(
    title: str,
    chapters: Sequence[Chapter],
    layouts: Mapping[int, tuple[str, Layout]],
    figures: Mapping[Address, Figure],
    language: Language,
) -> bytes:
    """Return the bytes of an .xlsx file in one language: a sheet of contents, and one per chapter that has tables.

    `layouts` are caption and layout by table number. A figure is its unrounded value, shown with as many decimals as the
    report prints; one that can't be computed is shown as it is printed.
    """
    import xlsxwriter

    file = io.BytesIO()
    # A label is text, whatever it begins with.
    as_text = {"strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, {"in_memory": True, **as_text})
    book.set_properties({"title": title, "created": _MADE})
    contents = book.add_worksheet(_CONTENTS.in_language(language))
    contents.set_column(0, 0, 90)
    contents.write(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
    contents.write(1, 0, _NOT_TO_PUBLISH.in_language(language), book.add_format({"bold": True, "font_color": "#8a3b12"}))
    writer = _Writer(book, figures, language)
    line = 3
    for chapter in (chapter for chapter in chapters if chapter.tables):
        name = chapter.title.in_language(language)
        sheet = book.add_worksheet(sheet_name(name))
        sheet.set_column(0, 0, _WIDTH)
        sheet.set_column(1, 12, 14)
        sheet.write(0, 0, name, book.add_format({"bold": True, "font_size": 14}))
        contents.write_url(line, 0, f"internal:'{sheet.name}'!A1", string=name)
        line, at = line + 1, 2
        for number in chapter.tables:
            caption, layout = layouts[number]
            contents.write_url(line, 0, f"internal:'{sheet.name}'!A{at + 1}", string=f"    {caption}")
            line, at = line + 1, writer.table(sheet, at, caption, layout) + 2
    book.close()
    return file.getvalue()


def sheet_name(title: str) -> str:
    """Turn a title into a name that Excel accepts for a sheet: up to 31 letters, none with a meaning in formulas."""
    return _NOT_IN_A_NAME.sub(" ", title)[:_LONGEST_NAME].strip()


class _Writer:
    """Writes tables into sheets of one workbook, whose formats it keeps."""

    def __init__(self, book: Any, figures: Mapping[Address, Figure], language: Language) -> None:
        self.book, self.figures, self.language = book, figures, language
        self.formats: dict[tuple[str, bool], Any] = {}
        self.caption = book.add_format({"bold": True})
        self.heading = book.add_format({"bold": True, "text_wrap": True, "bottom": 1, "align": "right", "valign": "bottom"})
        self.label = {total: book.add_format({"bold": total, "text_wrap": True, "valign": "top"}) for total in (False, True)}

    def table(self, sheet: Any, at: int, caption: str, layout: Layout) -> int:
        """Write a table from row `at` (counted from 0); return the last row written."""
        sheet.write(at, 0, caption, self.caption)
        first = 2 if layout.has_measures else 1
        if layout.over:
            at += 1
            sheet.write(at, first, layout.over.in_language(self.language))
        at += 1
        sheet.write(at, 0, layout.corner.in_language(self.language) if layout.corner else "", self.heading)
        for column, name in enumerate(layout.header, start=first):
            sheet.write(at, column, name.in_language(self.language), self.heading)
        for block in layout.blocks:
            for position, line in enumerate(block.lines):
                at += 1
                if not position:
                    sheet.write(at, 0, block.label.in_language(self.language), self.label[block.total])
                if line.measure is not None:
                    sheet.write(at, 1, line.measure.in_language(self.language))
                for column, address in enumerate(line.cells, start=first):
                    if address is not None:
                        self._figure(sheet, at, column, self.figures[address], block.total)
        return at

    def _figure(self, sheet: Any, row: int, column: int, figure: Figure, total: bool) -> None:
        if figure.value is None:
            sheet.write_string(row, column, shown(figure.printed, self.language), self._format("General", total))
            return
        share = figure.printed.endswith("%")
        sheet.write_number(row, column, figure.value / 100 if share else figure.value, self._format(shape(figure.printed), total))

    def _format(self, shape: str, total: bool) -> Any:
        if (shape, total) not in self.formats:
            self.formats[shape, total] = self.book.add_format({"num_format": shape, "bold": total, "align": "right"})
        return self.formats[shape, total]


def shape(printed: str) -> str:
    """Return Excel's number format with as many decimals as a printed figure; Excel writes the comma of its own country.

    A full stop groups thousands in Danish, and in this format the comma does.
    """
    decimals = len(printed.rstrip("%").partition(",")[2])
    return "#,##0" + ("." + "0" * decimals if decimals else "") + ("%" if printed.endswith("%") else "")
