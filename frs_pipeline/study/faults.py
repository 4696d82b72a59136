"""What is wrong with a YAML file, in words that say what would be right: its syntax, and what a model refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from frs_pipeline.language import LANGUAGES

Location = Sequence[str | int]


class Fault(NamedTuple):
    """What is wrong at a place of a file, and what to do about it."""

    at: tuple[str | int, ...]
    what: str
    do: str


# What PyYAML says of a line that it can't read, and what people usually meant.
_SYNTAX = (
    (r"\\t'|tab character", "there is a tab here", "indent with spaces"),
    (
        "mapping values are not allowed",
        "there is a second colon in the line",
        'put a text with a colon into quotes: title: "A: b"',
    ),
    ("cannot start any token", "a text begins with a character that is reserved in YAML", "put the text into quotes"),
    (
        "document start",
        "a key above has no colon",
        "write it as key: value",
    ),
    (
        "expected '-' indicator|expected <block end>|expected key",
        "the line isn't indented like those above it, or a quotation mark above isn't closed",
        "align it with them, or close the quotation mark",
    ),
    ("alias|anchor", "a text begins with * or &, which are reserved in YAML", "put the text into quotes"),
    ("constructor for the tag|tag", "a text begins with !, which is reserved in YAML", "put the text into quotes"),
    ("escape character", "there is a backslash in a text in double quotes", "put it into single quotes"),
    ("stands twice", None, "leave one of them; another entry of a list begins with a hyphen: - …"),
    ("unexpected ':'", "there is a colon here without a space after it", "write key: value, or put the text into quotes"),
    (
        "end of stream|',' or '[]}]'|expected ',' or",
        "a bracket or a quotation mark isn't closed, or a text holds a colon",
        'close it, or put the text into quotes: "A: b"',
    ),
    ("could not find expected ':'", "a key has no colon", "write it as key: value"),
    ("key in brackets", "a key is in brackets", "write key: value, or put what is in brackets into quotes"),
    ("recursive", "something holds itself by its anchor (&)", "write it out without & and *"),
    ("special characters|control characters", "there is an invisible character here", "take it out"),
)
_KINDS = {
    "string_type": ("text", 'put it into quotes: "…"'),
    "int_type": ("a whole number", "write it with digits alone, without quotes"),
    "int_from_float": ("a whole number", "write it with digits alone, without quotes"),
    "decimal_type": ("a number", "write it with a decimal point, without quotes"),
    "decimal_parsing": ("a number", "write it with a decimal point, without quotes"),
    "float_type": ("a number", "write it with a decimal point, without quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_parsing": ("a whole number", "write it with digits alone"),
    "tuple_type": ("a list", "write it in brackets: [a, b]"),
    "list_type": ("a list", "write it in brackets: [a, b]"),
    "dict_type": ("keys with values", "write it as key: value"),
    "dataclass_type": ("keys with values", "write it as key: value"),
    "model_type": ("keys with values", "write it as key: value"),
    "model_attributes_type": ("keys with values", "write it as key: value"),
}
# What pydantic calls a key that a model, or a dataclass, doesn't know.
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_MODELS = ("model_type", "model_attributes_type", "dataclass_type")
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
# Words that errors use instead of a pattern: those of the first key here that is part of the pattern.
_LETTERS = (
    (r"{0,7}$", "one to eight small letters, digits, spaces and _ . -, a letter or _ first"),
    (r"[A-Z]{2}", "two capital letters from A to Z"),
    (r"[a-z][a-z0-9", "small letters from a to z, digits and _, a letter first"),
    (r"_", "small letters from a to z and _"),
    (r"[a-z]+", "small letters from a to z"),
)


def of_syntax(problem: str, lines: Sequence[str], at: int) -> tuple[int, str, str]:
    """Say which line of a file isn't YAML, what is wrong with it and what to do, from what the parser says about line `at`.

    The parser stops below some mistakes; where the line that was meant can be told, it is that one.
    """
    line = lines[at] if at < len(lines) else ""
    above = next((i for i in range(min(at, len(lines)) - 1, -1, -1) if lines[i].partition("#")[0].strip()), at)
    before = lines[above] if above < len(lines) else ""
    if re.match(r" *\t", line):
        problem = "tab character"
    elif re.match(r" *-[^\s-]", line):
        return at, "there is no space after the hyphen", "write - and a space before what follows"
    elif re.search("find expected ':'|document start|mapping values", problem):
        glued = re.match(r" *(?:- )?([\w-]+):[^\s:]", before)
        if glued:
            return above, "there is no space after the colon", f"write {glued[1]}: and a space before what follows"
        if "mapping values" not in problem and re.fullmatch(r" *(?:- )?[\w-]+(?: [^:]*)?", before):
            return above, "a key has no colon", "write it as key: value"
        if "mapping values" in problem and len(re.findall(r":(?=\s|$)", line)) == 1:
            return at, "the line is indented further than those above it", "align it with them"
    elif re.search("block end|expected key", problem) and re.match(r" *- ", line):
        column = len(line) - len(line.lstrip())
        if re.match(rf" {{{column}}}[^\s-]", before):
            return above, "an entry of a list begins without a hyphen", "begin it with - and a space"
    for pattern, what, do in _SYNTAX:
        if re.search(pattern, problem):
            return at, what or problem, do
    return at, problem, "correct the line"


# So many names are listed at most where none is near to what was written.
_MOST = 60


def choices(known: Iterable[str], word: object = None) -> str:
    """Say what would be right instead of `word`: what was probably meant, or everything that is known."""
    listed = list(dict.fromkeys(known))
    near = get_close_matches(word, listed, 1) if isinstance(word, str) else []
    if near:
        return f"is {near[0]} meant?"
    # Without quotes, one that holds a comma would look like two.
    shown = [f'"{word}"' if "," in word else word for word in listed[:_MOST]]
    more = f" and {len(listed) - _MOST} more" if len(listed) > _MOST else ""
    return f"one of: {', '.join(shown)}{more}" if shown else "none exists yet"


def of_model(errors: Iterable[Mapping[str, Any]], model: Any) -> list[Fault]:
    """Turn pydantic's errors about a model, or another type, into faults, one for each place."""
    faults: dict[tuple[str | int, ...], Fault] = {}
    missing, unknown = [], []
    for error in errors:
        fault = _fault(error, model)
        faults.setdefault(fault.at, fault)
        if error["type"] == "missing":
            missing.append(fault.at)
        elif error["type"] in _UNKNOWN:
            unknown.append(fault.at)
    for at in unknown:
        # A key that is misspelt, or stands in a wrong place, is reported once, as unknown, and not as missing, too.
        *place, key = at
        lacking = [name for *around, name in missing if around == place]
        elsewhere = next((other for other in missing if other[-1] == key and other != at), None)
        near = get_close_matches(str(key), map(str, lacking), 1)
        if elsewhere and len(elsewhere) > 1:
            faults[at] = Fault(at, f"{key} isn't a key here", f"indent it below {elsewhere[-2]}")
            faults.pop(elsewhere, None)
        elif near:
            faults.pop((*place, *near), None)
        elif len(lacking) == 1 and sum(other[:-1] == at[:-1] for other in unknown) == 1:
            faults[at] = Fault(at, f"{key} isn't a key here", f"is {lacking[0]} meant?")
            faults.pop((*place, *lacking), None)
        elif lacking:
            for name in lacking:
                faults.pop((*place, name), None)
    return list(faults.values())


def _fault(error: Mapping[str, Any], model: Any) -> Fault:
    at, given, about = tuple(error["loc"]), error.get("input"), error.get("ctx", {})
    if at and at[-1] == "[key]":
        return _fault({**error, "loc": at[:-1]}, model)
    name = next((part for part in reversed(at) if isinstance(part, str)), "")
    prefix = f"{name}: " if name else ""
    kind = error["type"]
    if kind == "missing":
        alone = ", or write one text for every language, without keys" if name in LANGUAGES else ""
        return Fault(at, f"{name} is missing", f"add {name}: …{alone}")
    if kind in _UNKNOWN:
        return Fault(at, f"{name} isn't a key here", _instead(name, _keys(model, at[:-1]), given))
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", about["expected"])
        return Fault(at, f"{name} is empty" if given is None else f"{prefix}{_shown(given)} isn't allowed", choices(known, given))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _of_tag(at, given, about, model)
    if kind.startswith(("date", "datetime")):
        return Fault(at, f"{name}: {_shown(given)} isn't a date", "write it as year-month-day: 2022-01-31")
    if kind in _KINDS:
        wanted, do = _KINDS[kind]
        if given is None:
            return Fault(at, f"{name} is empty, and has to be {wanted}" if name else f"nothing stands where {wanted} should", do)
        if wanted == "a list":
            do = _as_list(given) or do
        if wanted == "a number" and isinstance(given, str) and re.fullmatch(r"[0-9.]+ ?%", given):
            do = f"write it as a share: {float(given.rstrip('% ')) / 100:g}"
        if kind in _MODELS:
            do = _as_keys(model, at)
        if kind == "string_type" and isinstance(given, list | dict):
            do = "write one text, without brackets"
        return Fault(at, f"{prefix}{_shown(given)} isn't {wanted}", do)
    if kind in _LIMITS:
        key, word = _LIMITS[kind]
        return Fault(at, f"{name}: {_shown(given)} isn't allowed", f"{word} {about[key]:g}")
    if kind == "string_pattern_mismatch":
        lower = str(given).lower()
        wanted = next((words for part, words in _LETTERS if part in about["pattern"]), f"it has to fit {about['pattern']}")
        return Fault(
            at, f"{prefix}{_shown(given)} isn't allowed", f"is {lower} meant?" if re.search(about["pattern"], lower) else wanted
        )
    if kind in ("too_short", "string_too_short"):
        return Fault(at, f"{name} is empty", "give at least one" if kind == "too_short" else "write what it is")
    return Fault(at, prefix + (str(about["error"]) if kind == "value_error" else error["msg"].lower()), "correct the line")


def _as_list(given: object) -> str:
    """Say how something that isn't a list is written as one; nothing where that can't be told."""
    if isinstance(given, dict):
        return "begin each entry with a hyphen: - …"
    if given in ("none", "no"):
        return "write [], where there is none"
    if isinstance(given, str) and 0 < len(given) <= 40 and not set(given) & set("[]{}"):
        ends = re.fullmatch(r"(-?[0-9.]+) ?[-–] ?([0-9.]+)", given)
        return f"write it in brackets: [{', '.join(ends.groups())}]" if ends else f"write it in brackets: [{given}]"
    return f"write it in brackets: [{given}]" if isinstance(given, int | float) and not isinstance(given, bool) else ""


def _as_keys(model: Any, at: Location) -> str:
    """Say with which keys a thing is written."""
    if _keys(model, at) == list(LANGUAGES):
        return "write one text, or {danish: …, english: …}"
    models = [kind for kind in _models(model, at) if issubclass(kind, BaseModel)]
    needed = [name for kind in models for name, field in kind.model_fields.items() if field.is_required()]
    return f"write it with its keys: {', '.join(f'{name}: …' for name in needed[:3])}" if needed else "write it as key: value"


def _of_tag(at: tuple[str | int, ...], given: object, about: Mapping[str, Any], model: Any) -> Fault:
    """Make the fault of a key that chooses between models: its word is none of theirs, or it is missing."""
    key = about["discriminator"].strip("'")
    tag = given.get(key) if isinstance(given, dict) else None
    what = f"{key}: {_shown(tag)} isn't allowed" if tag is not None else f"{key} is {'empty' if 'tag' in about else 'missing'}"
    return Fault((*at, key), what, choices(_tags(model, at, key), tag))


def _instead(name: str, known: Sequence[str], given: object) -> str:
    """Say what would be right instead of an unknown key; one without a value is often the rest of a text after its comma."""
    key, _, value = name.replace(":", " ").partition(" ")
    if given is None and key in known:
        return f"write {key}: {value}" if value else f"write {key}: …"
    do = choices(known, name)
    if given is None and do.startswith("one of"):
        return f"put a text that holds a comma into quotes, and write decimals with a point; or {do}"
    return do


def _shown(given: object) -> str:
    """Show a value as the file has it, if it is short."""
    if isinstance(given, list | dict):
        return "a list" if isinstance(given, list) else "something with keys"
    text = str(given).lower() if isinstance(given, bool) else str(given)
    return f"'{text}'" if isinstance(given, str) and len(text) <= 40 else text[:40]


def _keys(model: Any, at: Location) -> list[str]:
    """List the keys of the models that may stand at a place."""
    return [key for kind in _models(model, at) for key in _fields(kind)]


def _tags(model: Any, at: Location, key: str) -> list[str]:
    """List the words that distinguish the models that may stand at a place."""
    return [tag for kind in _models(model, at) for tag in get_args(_fields(kind)[key])]


def _models(model: Any, at: Location) -> list[type]:
    """Find the models that may stand at a place below `model`.

    The tag of a union is a step that only pydantic adds to a place; it chooses one of the models.
    """
    here: list[Any] = list(_parts(model))
    for step in at:
        inner: list[Any] = []
        for kind in (k for k in here if _is_model(k)):
            if isinstance(step, str) and step in _fields(kind):
                inner += _parts(_fields(kind)[step])
        for kind in here:
            if get_origin(kind) in (tuple, list, dict):
                inner += _parts(get_args(kind)[1] if get_origin(kind) is dict else get_args(kind)[0])
        here = inner or [k for k in here if _is_model(k) and _tagged(k, step)] or here
    return [kind for kind in here if _is_model(kind)]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind))


def _fields(kind: Any) -> dict[str, Any]:
    """Return the type of each key of a model or dataclass."""
    if issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _tagged(kind: type, tag: str | int) -> bool:
    return any(tag in get_args(of) for of in _fields(kind).values())


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield what a type may be: the members of a union, without their annotations."""
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _parts(member)
    else:
        yield annotation
