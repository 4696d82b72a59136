"""`frs audit`: what it says of anybody's tables and claims, how it ends, and the page for an author."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.others_tables import ALCOHOL, ANXIETY
from typer.testing import CliRunner, Result

from frs_pipeline.cli import app
from frs_pipeline.errors import FrsError, InputError, UsageError
from frs_pipeline.printed.auditing import audit
from frs_pipeline.printed.reading import read_tables
from frs_pipeline.printed.templates import CLAIMS, TABLES

MISPRINT = TABLES.replace("2;parents;Total;;count;75", "2;parents;Total;;count;57")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in, far from any study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRS_STUDY", raising=False)
    return tmp_path


def frs(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def written(name: str, text: str) -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def refused(*arguments: str | Path) -> FrsError:
    error = frs(*arguments).exception
    assert isinstance(error, FrsError)
    return error


def test_the_templates_pass_the_audit_that_they_are_for(folder):
    done = frs("--template", "tables.csv", "--claims", "claims.yaml")
    assert done.exit_code == 0
    assert Path("tables.csv").read_text(encoding="utf-8") == TABLES
    done = frs("tables.csv", "--claims", "claims.yaml")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == (
        "0 contradictions. 4 claims: 3 hold, 1 isn't tested. Compared: 44 of 44 figures in 3 of 3 tables."
    )


def test_templates_are_printed_or_written_to_new_files(folder):
    printed = frs("--template").stdout
    assert printed.startswith(TABLES)
    assert printed.endswith(CLAIMS)
    written("tables.csv", "mine")
    assert "exists already" in str(refused("--template", "tables.csv"))
    assert Path("tables.csv").read_text(encoding="utf-8") == "mine"
    for arguments in (["--template", "--json"], ["--template", "--page", "a.html"], ["--template", "a.csv", "b.csv"]):
        assert refused(*arguments).exit_code == 2


def test_a_misprint_is_found_with_its_arithmetic(folder):
    done = frs(written("tables.csv", MISPRINT))
    assert done.exit_code == 1
    assert re.search(r"serious\s+2\s+In table 2, .*40 \+ 25 \+ 10 = 75, but it prints 57", done.stdout)
    assert "1 contradiction" in done.stdout.splitlines()[-1]


def test_numbers_are_written_as_the_tables_print_them(folder):
    with_points = ALCOHOL.replace("58.5", "53.5")
    assert "prints 53.5" in frs(written("points.csv", with_points)).stdout
    with_commas = frs(written("commas.csv", with_points.replace(".", ","))).stdout
    assert "prints 53,5" in with_commas
    assert "53.5" not in with_commas


def test_what_matters_most_comes_first(folder):
    text = TABLES.replace("1;Total valid;;;count;120", "1;Total valid;;;count;102").replace(
        "row_percent;44.4%", "row_percent;44.5%"
    )
    found = json.loads(frs(written("tables.csv", text), "--json").stdout)["contradictions"]
    weights = [one["weight"] for one in found]
    assert weights == sorted(weights, key=["serious", "plain", "slight"].index)
    assert len(set(weights)) > 1


def test_figures_that_nothing_can_be_compared_with_are_counted(folder):
    text = "table;row;column;group;measure;printed\n1;yes;;;count;3\n1;no;;;count;4\n2;yes;;;count;3\n2;Total;;;count;4\n"
    done = frs(written("tables.csv", text))
    assert done.exit_code == 1  # three of four with an answer, and none with another
    done = frs(written("tables.csv", text[: text.index("2;yes")]))
    assert done.exit_code == 0
    says = "Compared: 0 of 2 figures in 0 of 1 table; nothing is printed to compare the other 2 with."
    assert done.stdout.splitlines()[-1] == f"0 contradictions. {says}"


def test_json_has_every_field(folder):
    read = json.loads(frs(written("tables.csv", MISPRINT), "--claims", written("claims.yaml", CLAIMS), "--json").stdout)
    assert [(table["number"], table["kind"], table["figures"], table["compared"]) for table in read["tables"]] == [
        (1, "frequency", 19, 19),
        (2, "crosstab", 20, 20),
        (3, "correlation", 5, 5),
    ]
    (found,) = (one for one in read["contradictions"] if one["rule"] == "cells_and_totals")
    assert found["expected"] == "75"
    assert found["gives_way"] == [
        {
            "table": 2,
            "row": "parents",
            "column": "Total",
            "group": "",
            "measure": "count",
            "printed": "57",
            "at": f"tables.csv:{MISPRINT.splitlines().index('2;parents;Total;;count;57;;;;') + 1}",
        }
    ]
    assert {"rule", "weight", "tables", "reason", "figures", "gives_way", "expected", "possible", "either"} == set(found)
    assert {rule["rule"]: rule["figures"] for rule in read["rules"]}["cells_and_totals"] == 12
    claims = {claim["id"]: claim for claim in read["claims"]}
    assert claims["four_in_five"]["holds"] is True
    assert claims["four_in_five"]["values"]["satisfied"] == {"said": 81.0, "value": pytest.approx(100 * 97 / 120), "p": None}
    assert claims["trust"]["untested"] == "not_asked"


def test_what_was_compared_is_what_a_gross_misprint_shows(folder):
    """Every figure of the worked example is compared; of a table without totals, none."""
    read = json.loads(frs(written("anxiety.csv", ANXIETY), "--json").stdout)
    assert read["tables"][0]["compared"] == read["tables"][0]["figures"] == 36
    alone = json.loads(frs(written("alone.csv", ";a;b\nx;1;2\ny;3;4\n"), "--json").stdout)
    assert alone["tables"][0]["compared"] == 0


@pytest.mark.parametrize(
    ("replaced", "by", "says"),
    [
        ("{table: 3}", "{table: 4}", "claims.yaml:31: claim role_matters: gamma: there is no table 4 (one of: 1, 2, 3)"),
        ("row: staff", "row: stuff", "claims.yaml:22: claim parents_most: staff: table 2 has no row stuff (is staff meant?)"),
        ("[very satisfied]}}\n      staff", "[very]}}\n      staff", "table 2 has no answer very"),
        ("gamma: {table: 3}", "gamma: {table: 2}", "table 2 prints no gamma"),
        ("untested: not_asked", "untested: why", "claims.yaml or words.yaml has no reason why"),
        ("word: most", "word: few", "has no quantity few"),
        ("{satisfied} of all", "81% of all", "words may hold no numbers"),
        ("above: staff", "above: fathers", "no value is called fathers"),
    ],
)
def test_claims_that_mean_nothing_of_the_tables_are_refused_with_their_line(replaced, by, says, folder):
    assert replaced in CLAIMS
    error = refused(written("tables.csv", TABLES), "--claims", written("claims.yaml", CLAIMS.replace(replaced, by)))
    assert isinstance(error, InputError)
    assert says in str(error)


def test_a_claim_that_fails_ends_with_1(folder):
    claims = CLAIMS.replace("above: 50", "above: 60")
    done = frs(written("tables.csv", TABLES), "--claims", written("claims.yaml", claims))
    assert done.exit_code == 1
    assert "1 doesn't hold" in done.stdout.splitlines()[-1]
    # What doesn't hold stands first.
    assert re.search(r"holds .*?\n.*?\n\s+no ", done.stdout)


def test_a_p_below_a_limit_is_compared_with_t_and_significant(folder):
    below = TABLES.replace("3;;;;p;.002", "3;;;;p;<.01")
    assert below != TABLES
    done = frs(written("tables.csv", below), "--claims", written("claims.yaml", CLAIMS))
    assert done.exit_code == 0
    assert "Compared: 44 of 44 figures" in done.stdout
    assert frs(written("tables.csv", TABLES.replace("3;;;;p;.002", "3;;;;p;<.001"))).exit_code == 1


def test_claims_of_a_folder_and_words_beside_them(folder):
    Path("claims").mkdir()
    claims, words = CLAIMS.split("# Words that stand")
    written("claims/one.yaml", claims)
    written("words.yaml", f"#{words}")
    done = frs(written("tables.csv", TABLES), "--claims", "claims")
    assert done.exit_code == 0
    assert "4 claims" in done.stdout
    assert "holds no claim" in str(refused("tables.csv", "--claims", written("empty.yaml", "title: none\n")))


def test_wrong_use_and_files_that_cant_be_read(folder):
    assert isinstance(refused(), UsageError)
    assert isinstance(refused("missing.csv"), InputError)
    assert refused(written("words.csv", "only words\n")).exit_code == 3


class Outline(HTMLParser):
    """What a page has: headings with their level, ids, links within it, languages, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.languages: list[str] = []
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.loads += [given[name] for name in ("src", "href", "data") if name in given and tag != "a"]
        self.languages += [given["lang"]] if tag == "div" and "lang" in given else []
        self.scripts += tag == "script"


def test_the_page_stands_alone_in_both_languages(folder):
    tables, claims = written("tables.csv", MISPRINT), written("claims.yaml", CLAIMS)
    assert frs(tables, "--claims", claims, "--page", "page.html").exit_code == 1
    first = Path("page.html").read_bytes()
    frs(tables, "--claims", claims, "--page", "page.html")
    assert Path("page.html").read_bytes() == first
    page = first.decode()
    outline = Outline(page)
    assert outline.scripts == 0
    assert outline.loads == ["data:,"]
    assert not re.search(r"https?://|url\(|@import", page)
    # Printed with points: English first.
    assert outline.languages == ["en", "da"]
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert outline.headings.count(1) == 2
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    for words in ("40 + 25 + 10 = 75, but it prints 57", "40 + 25 + 10 = 75, men der står 57", "Could print", "Kunne stå"):
        assert words in page
    assert page.count('<mark class="wrong">57') == 2
    assert str(folder) not in page


def test_the_page_says_so_when_nothing_is_found_and_escapes_what_tables_say(folder):
    text = TABLES.replace("very satisfied", "<b>very</b>")
    frs(written("tables.csv", text.replace(".", ",")), "--page", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "No contradiction was found in 3 tables." in page
    assert Outline(page).languages == ["da", "en"]
    frs(written("tables.csv", MISPRINT.replace("very satisfied", "<b>very</b>")), "--page", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<b>very</b>" not in page
    assert "&lt;b&gt;very&lt;/b&gt;" in page


def test_a_list_of_figures_says_the_same_as_the_tables_as_they_are_printed(folder):
    """The template's crosstab, laid out: the same finding."""
    laid_out = (
        ";very satisfied;fairly satisfied;not satisfied;Total\nparents;40;25;10;57\nstaff;12;20;13;45\nTotal;52;45;23;120\n"
    )
    listed = [one for one in audit(read_tables([written("list.csv", MISPRINT)]).tables) if one.rule == "cells_and_totals"]
    (found,) = audit(read_tables([written("laid.csv", laid_out)]).tables)
    assert [one.expected for one in listed] == [found.expected] == ["75"]
