"""Lines of a withdrawn form in sheets that people keep: taken away in whatever letters the sheet was saved."""

import codecs

import pytest

from frs_pipeline.withdrawal.erasure import _strike

SHEET = "form;who\r\nDE-7;Bjørn\r\nDE-77;Åse\r\n"


@pytest.mark.parametrize(("before", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (b"", "utf-8"), (b"", "cp1252")])
def test_only_the_lines_of_the_form_are_taken_away(tmp_path, before, encoding):
    path = tmp_path / "to-adjudicate.csv"
    path.write_bytes(before + SHEET.encode(encoding))
    _strike(path, {"DE-7"})
    assert path.read_bytes() == before + "form;who\r\nDE-77;Åse\r\n".encode(encoding)
