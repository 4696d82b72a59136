"""What a reader is shown, as texts of one language each, and the words that no such text may have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.settings import PROJECT

GLOSSARY = PROJECT / "docs" / "glossary.md"
LANGUAGES = ("danish", "english")
PAIR = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
# Somebody else's words: a question, an answer, a sentence of the report.
QUOTED = re.compile(r"»[^«]*«|“[^”]*”|‘[^’]*’|<code>.*?</code>")
# Files of a study that hold what is printed on paper, and keys of the others that do.
PAPER = ("questionnaires", "scales.yaml", "reconstruction")
PRINTED = {"phrase", "title", "box", "labels", "reference", "cited"}
# Keys whose texts are for those who run the pipeline.
NOT_SHOWN = {"meaning", "remedy"}


class Said(NamedTuple):
    """A text, its language, and where it stands."""

    where: str
    language: str
    text: str


def forbidden(page: str) -> dict[str, dict[str, str]]:
    """The words of the glossary that no page may have, by language, each with the word to use."""
    rows = re.findall(r"^\| (danish|english) \| `([^`]+)` \| (.+?) \|$", _under(page, "Words that no page may have"), re.M)
    return {language: {word: use for of, word, use in rows if of == language} for language in LANGUAGES}


def found(said: Iterable[Said], words: Mapping[str, Iterable[str]]) -> list[str]:
    """Each wrong word with where it stands and the text around it."""
    patterns = {language: {word: _pattern(word) for word in several} for language, several in words.items()}
    wrong = []
    for where, language, text in said:
        own = QUOTED.sub("…", text)
        wrong += [f"{where}: {word} in {text[:90]!r}" for word, pattern in patterns[language].items() if pattern.search(own)]
    return wrong


def _under(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def _pattern(word: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(part).replace(r"\*", r"\w*") for part in word.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


# Where texts stand --------------------------------------------------------------------------------------------------------


def everything() -> list[Said]:
    """All texts of the package and of the studies beside it that a reader is shown."""
    said: list[Said] = []
    own = [path for path in sorted(PACKAGE.rglob("*")) if "studies" not in path.relative_to(PACKAGE).parts]
    studies = [path for path in sorted((PROJECT / "studies").rglob("*")) if not set(PAPER) & {path.name, *path.parts}]
    for path in [*own, *studies]:
        where = path.relative_to(PROJECT).as_posix()
        if path.suffix in (".html", ".svg", ".js"):
            said += of_template(path.read_text(encoding="utf-8"), where)
        elif path.suffix == ".py":
            said += of_code(path.read_text(encoding="utf-8"), where)
        elif path.suffix == ".yaml":
            # A study that is begun is a template: its blanks are filled in.
            content = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "x", path.read_text(encoding="utf-8")))
            said += of_yaml(content, where, _only_language(path))
    return said


def _only_language(path: Path) -> str:
    """The language of a study that has one: its texts aren't in pairs."""
    about = next((folder / "study.yaml" for folder in path.parents if (folder / "study.yaml").is_file()), None)
    only = re.search(r"^languages: \[(\w+)\]", about.read_text(encoding="utf-8"), re.M) if about else None
    return only[1] if only else ""


def of_template(text: str, where: str) -> Iterator[Said]:
    """Texts of a template or of the pages' script: pairs of both languages, and blocks of one."""
    pairs = re.findall(rf"(?:\b(?:t|w|word|say|title)\(|\[)\s*({PAIR})\s*(?:~[^,]*)?,\s*({PAIR})", text)
    pairs += re.findall(rf"\battribute\(\s*{PAIR}\s*,\s*({PAIR})\s*,\s*({PAIR})\s*\)", text)
    # Texts that are put together: all strings of the call, by halves.
    for call in re.findall(r"\b[tw]\((?=[^{}]*~)([^{}]*)\)\s*\}\}", text):
        strings = re.findall(PAIR, call)
        pairs += [(one, "''") for one in strings if _is_danish(one)] + [("''", one) for one in strings if not _is_danish(one)]
    for danish, english in pairs:
        yield from (Said(where, "danish", danish[1:-1]), Said(where, "english", english[1:-1]))
    for danish, english in re.findall(
        r"\{% if language == \"danish\" %\}(.*?)\{% else %\}(.*?)\{% endif %\}",
        re.sub(r"\{% if (?!language).*?%\}", "", text),
        re.S,
    ):
        yield from (Said(where, "danish", danish), Said(where, "english", english))


def of_code(text: str, where: str) -> Iterator[Said]:
    """Texts that the code has in both languages, and what becomes one: `danish = …`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Text", "filled"):
            for language, argument in zip(LANGUAGES, node.args, strict=False):
                yield from (Said(f"{where}:{node.lineno}", language, one) for one in _strings(argument))
        elif isinstance(node, ast.Assign):
            yield from (Said(f"{where}:{node.lineno}", *one) for one in _assigned(node))


def _assigned(node: ast.Assign) -> Iterator[tuple[str, str]]:
    (target, *_), value = node.targets, node.value
    names = [part.id.lower() for part in ast.walk(target) if isinstance(part, ast.Name)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for name, one in zip(names, value.elts, strict=False):
            yield from ((language, text) for language in LANGUAGES if language in name for text in _strings(one))
    elif isinstance(value, ast.Dict) and any("danish" in name or name == "checks" for name in names):
        yield from (("danish", text) for one in value.values for text in _strings(one))
    else:
        yield from ((language, text) for language in LANGUAGES if language in names for text in _strings(value))


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "…".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.Constant):
        yield str(node.value)
    else:
        for part in ast.iter_child_nodes(node):
            yield from _strings(part)


def of_yaml(content: Any, where: str, language: str = "") -> Iterator[Said]:
    """Texts of a study's file: under `danish` and `english`, and the notes of tables."""
    if isinstance(content, str) and language:
        yield Said(where, language, content)
    elif isinstance(content, list):
        for one in content:
            yield from of_yaml(one, where, language)
    elif isinstance(content, dict):
        pair = set(LANGUAGES) & set(content)
        for key, one in content.items():
            if key in PRINTED | NOT_SHOWN and not isinstance(one, dict):
                continue
            own = key if key in pair else {"note_danish": "danish", "note": "english"}.get(str(key), language)
            yield from of_yaml(one, f"{where}: {key}" if not pair else where, own)


def _is_danish(string: str) -> bool:
    return bool(re.search(r"[æøå]|\b(?:er|af|som|det|den|og|der|fra|ikke|med|et|en|til)\b", string))
