"""The pages of an edition as one document: one language, links within it, nothing for the screen; and which browser prints it."""

import re
from datetime import UTC, datetime

import pytest

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.language import Text
from frs_pipeline.report import chromium, printing
from frs_pipeline.report.chromium import browser, outline
from frs_pipeline.report.paper import Cover, document, in_order

MENU = '<nav class="menu"><ul><li><a href="index.html">Forside</a><li><a href="b.html">B</a><li><a href="a.html">A</a></ul></nav>'
COVER = Cover(
    Text("Undersøgelse", "Survey"),
    Text("Intern udgave", "Inner edition"),
    Text("leverance", "delivery"),
    (Text("Må ikke offentliggøres", "Not for publication"),),
)


def page(main: str, menu: str = MENU) -> str:
    return (
        f'<!DOCTYPE html><html lang="da" data-words="da"><body>{menu}<main id="indhold" class="sheet">{main}</main></body></html>'
    )


def whole(language="danish", **mains):
    pages = {"index.html": page("<h1>Forside</h1>"), **{f"{name}.html": page(main) for name, main in mains.items()}}
    return document(pages, "body { color: #000 }", COVER, language)


def body(language="danish", **mains):
    return whole(language, **mains).split("<body>")[1]


def test_pages_stand_in_the_order_of_the_menu_and_those_beside_it_arent_there():
    assert in_order(page("")) == ["index.html", "b.html", "a.html"]
    made = body(a="<h1>A</h1>", b="<h1>B</h1>", c="<h1>C</h1>")
    assert re.findall(r'<section id="(\w+)">', made) == ["index", "b", "a"]
    assert re.findall(r'<li><a href="#(\w+)">(\w+)</a></li>', made) == [("index", "Forside"), ("b", "B"), ("a", "A")]


@pytest.mark.parametrize(("language", "there", "gone"), [("danish", "ja 1,5", "yes"), ("english", "yes 1.5", "ja")])
def test_one_language_with_its_numbers(language, there, gone):
    made = body(language, a='<h1>A</h1><p><span class="da" lang="da">ja</span><span class="en" lang="en">yes</span> 1,5</p>')
    text = re.sub("<[^>]*>", "", made)
    assert there in text
    assert gone not in text


def test_numbers_turn_as_the_script_of_the_pages_turns_them():
    main = (
        "<h1>A</h1><p>1.124 · 48,8\u00a0% · p < 0,001 · 3 · 2020-11-30</p><code>1,5</code>"
        '<p><span class="en" lang="en">of 2.5 <button class="bound">7,1\u00a0%</button></span></p><q lang="da">4,5</q>'
    ).replace("p <", "p &lt;")
    text = re.sub("<[^>]*>", " ", body("english", a=main))
    assert "1,124 · 48.8% · p &lt; 0.001 · 3 · 2020-11-30" in text
    assert "1,5" in text  # code
    assert "of 2.5" in text and "7.1%" in text
    assert "4,5" in text  # quoted


def test_what_is_for_the_screen_only_is_left_out():
    main = (
        '<h1>A</h1><nav>menu</nav><div class="take">hent</div><script>skript</script><template>pas</template>'
        '<svg class="drawing narrow"><text>smal</text></svg><svg class="drawing wide"><text>bred</text></svg>'
        '<button type="button" data-take="copy">kopi</button><button type="button" class="f" id="t1">59,5</button>'
        '<p role="status">status</p><label>felt</label><select><option>valg</option></select>'
    )
    made = body(a=main)
    assert not re.search("menu|hent|skript|pas<|smal|kopi|status|felt|valg|<button|<script", made)
    assert "bred" in made
    assert '<span class="f" id="a--t1">59,5</span>' in made


def test_links_stay_within_the_document_and_name_no_file():
    main = (
        '<h1>A</h1><p id="her">her</p><a href="#her">1</a><a href="b.html">2</a><a href="b.html#der">3</a><a href="c.html">4</a>'
        '<a href="../formats/figures.csv">5</a><a href="#væk">6</a><a href="https://example.org/x">7</a>'
    )
    made = body(a=main, b='<h1>B</h1><p id="der">der</p>')
    assert '<a href="#a--her">1</a><a href="#b">2</a><a href="#b--der">3</a><span>4</span><span>5</span><a>6</a>' in made
    assert 'href="https://example.org/x"' in made
    assert not re.search(r'href="(?!#|https:)', made)


def test_ids_are_unique_though_pages_use_the_same():
    main = '<h1 id="t">X</h1><figure aria-labelledby="t s"><p id="s">s</p></figure>'
    ids = re.findall(r'\bid="([^"]+)"', made := body(a=main, b=main))
    assert len(ids) == len(set(ids))
    assert 'aria-labelledby="b--t b--s"' in made


def test_a_pattern_keeps_its_name_and_stands_once():
    main = '<h1>A</h1><svg><defs><pattern id="drawn-hatch"><rect width="1"/></pattern></defs></svg><p>efter</p>'
    made = body(a=main, b=main)
    assert made.count('<pattern id="drawn-hatch"><rect width="1"/></pattern>') == 1
    assert made.count("<p>efter</p>") == 2


def test_folded_tables_stand_at_the_end_and_whatever_else_is_folded_nowhere():
    table = '<table><tr><td id="t1">1</td></tr></table>'
    main = (
        f'<h1>A</h1><a href="#t1">tal</a><details class="below"><summary>Vis</summary><details>{table}</details></details>'
        "<details><summary>Mere</summary><p>gemt</p></details><details open><p>vist</p></details>"
    )
    made = body(a=main)
    first, last = made.split('<section class="appendix"')
    assert "<table" not in first and last.count("<table") == 1
    assert "gemt" not in made and "Vis" not in made
    assert "vist" in first
    assert '<a href="#a--t1">tal</a>' in first
    assert "appendix" not in body(a="<h1>A</h1>")


def test_the_cover_and_every_foot_say_that_it_must_not_be_published():
    for language, said in (("danish", "Må ikke offentliggøres"), ("english", "Not for publication")):
        made = whole(language)
        assert f'<p class="mark">{said}</p>' in made
        assert re.search(rf'@bottom-left {{ content: "[^"]*{said}"', made)


def test_a_title_ends_neither_the_foot_nor_the_stylesheet():
    wild = Cover(Text('"}</style><b>', '"}</style><b>'), COVER.edition, COVER.delivery)
    made = document({"index.html": page("<h1>F</h1>")}, "q { content: '</style>' }", wild, "danish")
    assert made.count("</style>") == 2
    assert "<b>" not in made


def test_spaces_of_headings_are_single_ones():
    assert "<h2>en to tre</h2>" in body(a="<h1>A</h1><h2>en\n   to  tre</h2>")


def test_a_browser_that_is_named_has_to_be_one(monkeypatch, tmp_path):
    monkeypatch.setenv("FRS_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(InputError, match="no program that can be run"):
        browser()
    (program := tmp_path / "chrome").write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("FRS_CHROMIUM", str(program))
    assert browser() == program
    with pytest.raises(Exception, match=r"printed nothing \(it ended with 7\)"):
        chromium.printed("<p>", datetime(2020, 1, 1, tzinfo=UTC))


def test_without_a_browser_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv("FRS_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "_OF_A_MAC", ())
    with pytest.raises(InputError) as caught:
        browser()
    assert str(caught.value) == f"PDF: no browser that can print ({chromium._INSTALL})"
    for name in ("google-chrome", "chromium"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
        assert browser().name == name  # the first in the list wins


def test_a_pdf_without_tags_is_refused(monkeypatch, tmp_path):
    (program := tmp_path / "chrome").write_text(
        '#!/bin/sh\nfor word; do case $word in --print-to-pdf=*) echo "%PDF-1.4" > "${word#*=}";; esac; done\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("FRS_CHROMIUM", str(program))
    with pytest.raises(Exception, match="prints PDFs without tags and bookmarks"):
        chromium.printed("<p>", datetime(2020, 1, 1, tzinfo=UTC))


def test_an_outline_is_read_in_the_order_of_its_links():
    made = (
        b"1 0 obj\n<</Title (En \\(1\\))\n/SE 9 0 R\n/Parent 7 0 R\n/Next 3 0 R\n/First 2 0 R>>\nendobj\n"
        b"2 0 obj\n<</Title <FEFF00E60062>\n/SE 9 0 R\n/Parent 1 0 R>>\nendobj\n"
        b"3 0 obj\n<</Title (To)\n/SE 9 0 R\n/Parent 7 0 R\n/Prev 1 0 R>>\nendobj\n"
    )
    assert outline(made) == ["En (1)", "æb", "To"]


@pytest.mark.parametrize(
    ("epoch", "delivery", "day"),
    [(None, "2020-11-30", "2020-11-30"), (None, "both", "2000-01-01"), ("86400", "2020-11-30", "1970-01-02")],
)
def test_a_pdf_tells_the_day_of_its_delivery_unless_the_environment_says_another(monkeypatch, epoch, delivery, day):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert printing.told(delivery).date().isoformat() == day


def test_a_day_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(UsageError, match="not a number of seconds"):
        printing.told("2020-11-30")
