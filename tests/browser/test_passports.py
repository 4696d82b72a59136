"""What is told about a number: opened by a press, a link or Back and Forward, closed without leaving anything behind."""

from __future__ import annotations

from statistics import median

from playwright.sync_api import Page, expect

SLOWEST = 150  # milliseconds from a press to the passport
NUMBER = "t1-barn.rigtig_god.row_percent"

# Milliseconds from a press to the frame in which the dialog has its content.
TIMED = """id => new Promise(done => {
  const dialog = document.getElementById("passport"), started = performance.now();
  const watch = new MutationObserver(() => {
    if (!dialog.open || !dialog.querySelector("#passport-body").children.length) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - started));
  });
  watch.observe(dialog, { attributes: true });
  document.querySelector(id).click();
})"""


def passport(page: Page):
    return page.locator("#passport")


def unfolded(page: Page) -> Page:
    """Open the tables under the figures."""
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    return page


def at(page: Page, name: str):
    return page.locator(f'[id="{name}"]')


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_a_press_shows_the_passport_at_once(visit) -> None:
    here = visit()
    page = here.open("rettigheder.html")
    took = []
    for number in ("t47-barn.ja_meget.count", "t47-total.total.row_percent", "t49-barn.gamma", "t49-total.partial_gamma") * 3:
        took.append(page.evaluate(TIMED, f'[id="{number}"]'))
        page.keyboard.press("Escape")
    assert median(took) <= SLOWEST
    # Of another page, the passports have to be fetched first: by then, the pointer is on the number.
    for name, where in (("index.html", "button.bound[data-figures]"), ("revision.html", "#child_heard button[data-figures]")):
        assert min(here.open(name).evaluate(TIMED, where) for _ in range(3)) <= SLOWEST


def test_a_passport_tells_how_the_number_came_about(visit) -> None:
    page = unfolded(visit().open("tilfredshed.html"))
    at(page, NUMBER).click()
    expect(passport(page).locator(".big")).to_have_text("59,5\u00a0%")
    told = passport(page).inner_text()
    parts = ("Om tallet", "Tabel 1", "Hvad tallet er", "Trykt og regnet", "ens", "Fra leverede skemaer", "1.271", "−128", "1.139")
    for words in (*parts, "Samme tal andre steder", "tabel 42", "kontroller bestået"):
        assert words in told
    assert passport(page).locator("math").first.text_content() == "100×72121=59,5\u00a0%"
    bars = passport(page).locator(".fall .left").evaluate_all("all => all.map((one) => one.getBoundingClientRect().width)")
    assert bars == sorted(bars, reverse=True) and bars[0] > 5 * bars[-1] > 0
    passport(page).locator("summary", has_text="DuckDB").click()
    expect(passport(page).locator("pre")).to_contain_text("FROM 'marts/participant_first.parquet'")
    passport(page).locator("a[href$='#t42-barn.rigtig_god.row_percent']").first.click()
    expect(page.locator("#passport-place")).to_contain_text("Tabel 42")
    passport(page).get_by_role("button", name="Kopiér link").click()
    expect(page.locator("#passport-say")).to_contain_text("Linket er kopieret", use_inner_text=True)


def test_a_gamma_is_told_in_words_with_its_equation_and_cells(visit) -> None:
    page = visit().open("rettigheder.html?lang=en#t49-barn.gamma")
    expect(passport(page).locator(".big")).to_have_text("0.707")
    told = passport(page).inner_text()
    for words in ("Strong association.", "0.507 to 0.834", "p <\u00a00.001", "n = 109", "The cells behind it"):
        assert words in told
    assert passport(page).locator("math").text_content() == "γ=P−QP+Q=3,690−6343,690+634=0.707"
    assert passport(page).locator("table").first.locator("td").all_inner_texts()[1:4] == ["49", "5", "0"]


def test_back_closes_the_passport_forward_opens_it_and_closing_leaves_nothing_behind(visit) -> None:
    page = unfolded(visit().open("tilfredshed.html"))
    entries = page.evaluate("history.length")
    at(page, NUMBER).click()
    expect(passport(page)).to_be_visible()
    assert page.url.endswith(f"#{NUMBER}")
    page.go_back()
    expect(passport(page)).to_be_hidden()
    assert "#" not in page.url
    assert focused(page) == NUMBER
    page.go_forward()
    expect(passport(page).locator(".big")).to_have_text("59,5\u00a0%")
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.locator("#close").click(),
        lambda: page.mouse.click(50, 400),
    ):
        leave()
        expect(passport(page)).to_be_hidden()
        page.wait_for_url("**/tilfredshed.html")
        assert focused(page) == NUMBER
        at(page, NUMBER).click()
        expect(passport(page)).to_be_visible()
    assert page.evaluate("history.length") == entries + 1


def test_presses_faster_than_the_history_end_at_the_last_number(visit) -> None:
    page = visit().open("tilfredshed.html")
    page.evaluate(
        """() => { for (const id of ["t1-barn.god.count", "t2-barn.god.count", "t1-mor.god.count"]) {
          document.getElementById("passport").close(); document.getElementById(id).click(); } }"""
    )
    page.wait_for_url("**#t1-mor.god.count")
    expect(page.locator("#passport-place")).to_contain_text("Tabel 1")


def test_a_link_to_a_number_opens_it_on_any_page_and_opens_what_it_lies_in(visit) -> None:
    for name in ("tilfredshed.html", "index.html"):
        page = visit().open(f"{name}#{NUMBER}")
        expect(passport(page).locator(".big")).to_have_text("59,5\u00a0%")
        page.keyboard.press("Escape")
        expect(passport(page)).to_be_hidden()
        assert "#" not in page.url
    page = visit().open("tilfredshed.html")
    # A number of a figure leads to its cell, in the table that is folded away below.
    page.locator(f"a.n[href$='#{NUMBER}']:visible, a.n[data-figures]:visible").first.click()
    expect(passport(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(passport(page)).to_be_hidden()
    page.evaluate("id => { location.hash = id; }", NUMBER)
    expect(passport(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(at(page, NUMBER)).to_be_visible()


def test_without_a_script_a_number_of_a_drawing_lands_on_its_cell(browser, folder) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{folder.as_uri()}/tilfredshed.html#{NUMBER}")
    expect(at(page, NUMBER)).to_be_visible()
    context.close()


def test_a_number_outside_tables_has_a_passport_too(visit) -> None:
    here = visit()
    linked = here.open("bortfald.html?lang=en#n-blank-participant_first-role")
    expect(passport(linked).locator(".big")).to_have_text("128")
    expect(passport(linked)).to_contain_text("Count it yourself", use_inner_text=True)
    linked.go_back()
    page = here.open("bortfald.html")
    at(page, "n-blank-participant_first-role").click()
    expect(passport(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(passport(page)).to_be_hidden()
    assert focused(page) == "n-blank-participant_first-role"
    assert here.complaints == []


def test_a_claim_is_told_about_on_the_page_itself_and_back_closes_it(visit) -> None:
    here = visit()
    page = here.open("revision.html?lang=en#dissatisfied")
    claim = page.locator("#om-dissatisfied")
    page.locator("#dissatisfied button.about").click()
    expect(claim).to_be_visible()
    told = claim.inner_text()
    for words in (
        "doesn't hold",
        "The condition",
        "The numbers of the sentence",
        "What would turn the verdict",
        "In the printed report",
    ):
        assert words in told
    assert "2,373" in told and "3.1%" in told
    assert page.url.endswith("#om-dissatisfied")
    # A number of it opens its own passport, and Back leads to the claim again, then to the page.
    claim.locator(".sums button.bound").first.click()
    expect(passport(page)).to_be_visible()
    page.go_back()
    expect(passport(page)).to_be_hidden()
    expect(claim).to_be_visible()
    page.go_back()
    expect(claim).to_be_hidden()
    page.go_forward()
    expect(claim).to_be_visible()
    page.keyboard.press("Escape")
    expect(claim).to_be_hidden()
    page.wait_for_url("**#dissatisfied")
    linked = here.open("revision.html#om-child_heard")
    expect(linked.locator("#om-child_heard")).to_be_visible()
    assert here.complaints == []


def test_a_struck_number_is_quoted_and_says_what_holds_instead(visit) -> None:
    page = visit().open("revision.html")
    page.locator("#dissatisfied .claim button.struck:visible").first.click()
    quoted = page.locator("#citat-dissatisfied-negative")
    expect(quoted).to_be_visible()
    told = quoted.inner_text()
    for words in ("citeret, ikke regnet", "To prøver", "3,1", "52", "2.373", "formentlig", "1.114", "Skemaerne viser i stedet"):
        assert words in told
    assert quoted.locator(".fall, pre").count() == 0
    assert "line-through" in quoted.locator(".big del").evaluate("one => getComputedStyle(one).textDecorationLine")
    quoted.locator("button[data-figures]:visible").first.click()
    expect(passport(page)).to_be_visible()


def test_a_claim_opens_without_a_script(browser, folder) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{folder.as_uri()}/index.html")
    page.locator("button.about").first.click()
    shown = page.locator(".claim-passport:popover-open")
    expect(shown).to_be_visible()
    shown.get_by_role("button", name="Luk").click()
    expect(shown).to_be_hidden()
    context.close()


def test_on_a_phone_a_passport_comes_from_below(visit) -> None:
    page = visit(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True).open(f"tilfredshed.html#{NUMBER}")
    box = passport(page).bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert box["height"] <= 0.92 * 800 + 1 and round(box["y"] + box["height"]) == 800
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
