"""What is wrong with a YAML file, in words that say what would be right: of its syntax, and of what a model refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

Location = Sequence[str | int]


class Fault(NamedTuple):
    """What is wrong at a place of a file, and what to do about it."""

    at: tuple[str | int, ...]
    what: str
    do: str


# What PyYAML says of a line that it can't read, and what people usually meant.
_SYNTAX = (
    (r"\\t'|tab character", "a tab stands here", "indent with blanks"),
    ("mapping values are not allowed", "a second colon stands in the line", 'put a text with a colon into quotes: title: "A: b"'),
    ("cannot start any token", "a text begins with a character that YAML keeps for itself", "put the text into quotes"),
    (
        "expected '-' indicator|expected <block end>|expected key",
        "the line is indented otherwise than those above it",
        "align it with them",
    ),
    ("alias|anchor", "a text begins with * or &, which YAML keeps for itself", "put the text into quotes"),
    ("constructor for the tag|tag", "a text begins with !, which YAML keeps for itself", "put the text into quotes"),
    ("escape character", "a backslash stands in a text in double quotes", "put it into single quotes"),
    ("stands twice", None, "leave one of them"),
    ("end of stream|',' or '[]}]'|expected ',' or", "a bracket or a quotation mark isn't closed", "close it"),
    ("could not find expected ':'", "a key has no colon", "write it as key: value"),
    ("special characters|control characters", "a character stands here that can't be seen", "take it out"),
)
_KINDS = {
    "string_type": ("text", 'put it into quotes: "…"'),
    "int_type": ("a whole number", "write it with digits alone, without quotes"),
    "int_from_float": ("a whole number", "write it with digits alone, without quotes"),
    "float_type": ("a number", "write it with a decimal point, without quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "tuple_type": ("a list", "write it in brackets: [a, b]"),
    "list_type": ("a list", "write it in brackets: [a, b]"),
    "dict_type": ("keys with values", "write it as key: value"),
    "model_type": ("keys with values", "write it as key: value"),
    "model_attributes_type": ("keys with values", "write it as key: value"),
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


def of_syntax(problem: str) -> tuple[str, str]:
    """What is wrong with a line that isn't YAML, and what to do, from what the parser says of it."""
    for pattern, what, do in _SYNTAX:
        if re.search(pattern, problem):
            return what or problem, do
    return problem, "mend the line"


def choices(known: Iterable[str], word: object = None) -> str:
    """What would be right where `word` isn't: what it was probably meant to be, or everything that there is."""
    listed = list(dict.fromkeys(known))
    near = get_close_matches(word, listed, 1) if isinstance(word, str) else []
    if near:
        return f"is {near[0]} meant?"
    return f"one of: {', '.join(listed)}" if listed else "there is none yet"


def of_model(errors: Iterable[Mapping[str, Any]], model: Any) -> list[Fault]:
    """What a model, or another type, refuses, by pydantic's errors; each place once."""
    found: dict[tuple[str | int, ...], Fault] = {}
    missing, unknown = set(), []
    for error in errors:
        fault = _fault(error, model)
        found.setdefault(fault.at, fault)
        if error["type"] == "missing":
            missing.add(fault.at)
        elif error["type"] == "extra_forbidden":
            unknown.append(fault.at)
    for *place, key in unknown:
        # A key that is misspelt isn't missing, too.
        near = get_close_matches(str(key), [str(name) for *around, name in missing if around == place], 1)
        if near:
            found.pop((*place, *near), None)
    return list(found.values())


def _fault(error: Mapping[str, Any], model: Any) -> Fault:
    at, given, about = tuple(error["loc"]), error.get("input"), error.get("ctx", {})
    if at and at[-1] == "[key]":
        return _fault({**error, "loc": at[:-1]}, model)
    name = next((part for part in reversed(at) if isinstance(part, str)), "")
    kind = error["type"]
    if kind == "missing":
        return Fault(at, f"{name} is missing", f"add {name}: …")
    if kind == "extra_forbidden":
        return Fault(at, f"{name} is no key here", choices(_keys(model, at[:-1]), name))
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", about["expected"])
        return Fault(at, f"{name}: {_shown(given)} can't be", choices(known, given))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = about["discriminator"].strip("'")
        tags = _tags(model, at, key)
        what = f"{key}: {_shown(about['tag'])} can't be" if "tag" in about else f"{key} is missing"
        return Fault((*at, key), what, choices(tags, about.get("tag")))
    if kind.startswith(("date", "datetime")):
        return Fault(at, f"{name}: {_shown(given)} isn't a date", "write it as year-month-day: 2022-01-31")
    if kind in _KINDS:
        wanted, do = _KINDS[kind]
        if given is None:
            return Fault(at, f"{name} is empty, and has to be {wanted}", do)
        if kind == "string_type" and isinstance(given, list | dict):
            do = "write one text, without brackets"
        return Fault(at, f"{name}: {_shown(given)} isn't {wanted}", do)
    if kind in _LIMITS:
        key, word = _LIMITS[kind]
        return Fault(at, f"{name}: {_shown(given)} can't be", f"{word} {about[key]:g}")
    if kind == "string_pattern_mismatch":
        lower = str(given).lower()
        do = f"is {lower} meant?" if re.search(about["pattern"], lower) else f"it has to fit {about['pattern']}"
        return Fault(at, f"{name}: {_shown(given)} can't be", do)
    if kind == "too_short":
        return Fault(at, f"{name} is empty", "give at least one")
    said = str(about["error"]) if kind == "value_error" else error["msg"].lower()
    return Fault(at, f"{name}: {said}" if name else said, "mend the line")


def _shown(given: object) -> str:
    """A value as the file has it, if it is short."""
    if isinstance(given, list | dict):
        return "a list" if isinstance(given, list) else "something with keys"
    text = str(given).lower() if isinstance(given, bool) else str(given)
    return f"'{text}'" if isinstance(given, str) and len(text) <= 40 else text[:40]


def _keys(model: Any, at: Location) -> list[str]:
    """Keys of the models that may stand at a place."""
    return [key for found in _models(model, at) for key in found.model_fields]


def _tags(model: Any, at: Location, key: str) -> list[str]:
    """Words by which the models that may stand at a place are told apart."""
    return [tag for found in _models(model, at) for tag in get_args(found.model_fields[key].annotation)]


def _models(model: Any, at: Location) -> list[type[BaseModel]]:
    """The models that may stand at a place below `model`.

    The tag of a union is a step of pydantic's alone, which chooses one of the models.
    """
    here: list[Any] = list(_parts(model))
    for step in at:
        inner: list[Any] = []
        for kind in (k for k in here if isinstance(k, type) and issubclass(k, BaseModel)):
            if isinstance(step, str) and step in kind.model_fields:
                inner += _parts(kind.model_fields[step].annotation)
        for kind in here:
            if get_origin(kind) in (tuple, list, dict):
                inner += _parts(get_args(kind)[1] if get_origin(kind) is dict else get_args(kind)[0])
        here = inner or [k for k in here if isinstance(k, type) and _tagged(k, step)] or here
    return [kind for kind in here if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _tagged(kind: type[BaseModel], tag: str | int) -> bool:
    return any(tag in get_args(field.annotation) for field in kind.model_fields.values())


def _parts(annotation: Any) -> Iterator[Any]:
    """What a type may be: the members of a union, whatever is said beside them."""
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _parts(member)
    else:
        yield annotation
