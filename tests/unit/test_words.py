"""No text for readers has a word that the glossary refuses, and no introduction says a result."""

from __future__ import annotations

import re

import pytest
import yaml
from support.words import (
    GLOSSARY,
    LANGUAGES,
    PRINTED,
    Said,
    everything,
    forbidden,
    found,
    of_code,
    of_template,
    of_yaml,
)

from frs_pipeline.report.binding import result_words
from frs_pipeline.store.settings import PROJECT

PAGE = GLOSSARY.read_text(encoding="utf-8")
WORDS = forbidden(PAGE)
RESULTS = {language: lists["words"] for language, lists in result_words().items()}
NEUTRAL = re.compile("|".join(phrase for lists in result_words().values() for phrase in lists["not"]), re.IGNORECASE)
FAMILIES = PROJECT / "studies" / "familieraadslagning" / "report"


@pytest.fixture(scope="module")
def said() -> list[Said]:
    return everything()


def test_no_text_for_readers_has_a_wrong_word(said: list[Said]) -> None:
    assert found(said, WORDS) == []


def test_texts_of_every_kind_are_read(said: list[Said]) -> None:
    of_kind = {kind: [one for one in said if kind in one.where] for kind in (".html", ".js", ".py", ".yaml")}
    assert {kind: len(several) > 60 for kind, several in of_kind.items()} == dict.fromkeys(of_kind, True)
    for language in LANGUAGES:
        texts = [one.text for one in said if one.language == language]
        assert len(texts) > 2000
    # A text of each place where texts are written in another way.
    shown = {one.text for one in said}
    for text in (
        "Den trykte rapports udsagn",
        "Søg i spørgsmål, udsagn og tal",
        "procent af besvarede",
        "datasættene opfylder kravene til dem",
        "Svarteksterne er ikke de samme som i spørgeskemaet",
        "Jo mere familien har levet op til planen, jo mere har den hjulpet barnet (gamma {gamma}).",
        "Ikke til offentliggørelse: Små antal er ikke skjult. Tabeller til offentliggørelse laves med frs release.",
    ):
        assert text in shown, text
    assert any("så ingen kan genkendes" in text for text in shown)
    assert any("Gamma for hvert par" in text or "Prikken viser gamma" in text for text in shown)
    assert any(one.language == "danish" and "Skemaer fra både første rådslagning" in one.text for one in said)


def test_each_word_is_found_where_it_stands_and_only_there() -> None:
    for language, words in WORDS.items():
        assert len(words) > 12
        for word, use in words.items():
            wrong = f"Her er {word.replace('*', 'ernes')}, og mere."
            assert found([Said("x", language, wrong)], {language: [word]}), word
            assert not found([Said("x", language, f"»{wrong}« “{wrong}”")], {language: [word]}), word
            assert not found([Said("x", language, use)], {language: [word]}), (word, use)
    assert not found([Said("x", "english", "the smart start")], WORDS)


PLANTED = [
    (of_template, '{{ t("Vores påstand", "Our claim") }}', "påstand*"),
    (of_template, '{{ t("Vores krav", "What the marts hold") }}', "marts"),
    (of_template, '{{ attribute("aria-label", "Prøver", "Checks") }}', "prøver"),
    (of_template, '{{ t("Antal " ~ n ~ " af anledningen", "Number " ~ n) }}', "anledning*"),
    (of_template, '{% if language == "danish" %}\nNoget af mennesker\n{% else %}\nx\n{% endif %}', "af mennesker"),
    (of_code, 'x = Text(f"{n} små celler", "small counts")', "små celler"),
    (of_code, 'filled("{a}", "goes together {a}", a=1)', "goes together"),
    (of_code, 'danish, english = "en datavej", "x"', "datavej*"),
    (of_code, 'CHECKS = {"recounted": "tallet er talt om igen"}', "talt om igen"),
    (of_code, '_X = {"a": (Text("ja", "yes"), Text("b", "better off"))}', "better off"),
]


@pytest.mark.parametrize(("read", "text", "word"), PLANTED, ids=[word for _, _, word in PLANTED])
def test_a_planted_word_is_found(read, text: str, word: str) -> None:
    assert [one for one in found(read(text, "x"), WORDS) if f": {word} in" in one]


def test_a_word_planted_in_a_study_is_found_unless_it_is_printed() -> None:
    text = "rules:\n  a: {danish: en levering, english: x}\nnote_danish: går sammen med\nclaims:\n- {phrase: påstand}\n"
    wrong = found(of_yaml(yaml.safe_load(text), "x"), WORDS)
    assert len(wrong) == 2 and "levering*" in wrong[0] and "går sammen med" in wrong[1]
    assert "phrase" in PRINTED


def introductions() -> list[Said]:
    """What pages say about themselves: titles, introductions, headings, and the page about the data."""
    said = list(of_yaml(yaml.safe_load((FAMILIES / "chapters.yaml").read_text(encoding="utf-8")), "chapters"))
    content = yaml.safe_load((FAMILIES / "chapters.yaml").read_text(encoding="utf-8"))
    for chapter in content["chapters"]:
        said += [Said(chapter["id"], language, chapter["title"][language]) for language in LANGUAGES]
    told = yaml.safe_load((FAMILIES / "findings.yaml").read_text(encoding="utf-8"))
    said += of_yaml([told["lead"], *told["cannot"]], "findings")
    return said + list(of_template((FAMILIES / "about.html").read_text(encoding="utf-8"), "about"))


def test_introductions_say_no_result() -> None:
    said = introductions()
    assert len(said) > 60
    # A question states nothing.
    asked = [one._replace(text=NEUTRAL.sub("…", one.text)) for one in said]
    assert found(asked, RESULTS) == []


@pytest.mark.parametrize(
    "text",
    [
        "Børnene er her, som næsten overalt, dem, der svarer mest positivt.",
        "Initiativtagerne er oftest socialrådgivere.",
        "Troen på planen falder.",
    ],
)
def test_an_introduction_that_says_a_result_is_found(text: str) -> None:
    assert found([Said("x", "danish", text)], RESULTS)
