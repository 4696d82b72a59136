"""YAML files into typed models; whatever is wrong is reported with file and line."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.study.faults import Location, of_model, of_syntax

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: slower, same result
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class _OnceLoader(_Loader):
    """A safe loader for which a key that stands twice is an error: plain YAML silently keeps the last one.

    `on`, `off`, `yes` and `no` are words, as in YAML 1.2; only `true` and `false` are truth values. A date is a text, which
    the model reads, so that an impossible one is reported with its line.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name is PyYAML's
        first: [
            (tag, pattern)
            for tag, pattern in known
            if not tag.endswith(":timestamp") and (not tag.endswith(":bool") or first in "tTfF")
        ]
        for first, known in _Loader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        return super().construct_object(node, deep=True)  # only so is what holds itself refused

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "key in brackets", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


M = TypeVar("M", bound=BaseModel)


class Spec(BaseModel):
    """Base of all models read from YAML: immutable, and a key it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class YamlFile:
    """One YAML file that remembers on which line each key and item stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=path, do="restore the file") from error
        try:
            self._text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise InputError("isn't UTF-8", where=f"{path}:{line}", do="save the file as UTF-8") from error
        try:
            self.data: Any = yaml.load(self._text, Loader=_OnceLoader)  # noqa: S506 - a safe loader
        except RecursionError as error:
            raise InputError("goes too deep: too much stands within one another", where=path, do="write it plainly") from error
        except yaml.YAMLError as error:
            mark, begun = (getattr(error, name, None) for name in ("problem_mark", "context_mark"))
            at = mark.line if mark else 0
            line, what, do = of_syntax(getattr(error, "problem", None) or str(error), self._text.split("\n"), at)
            # The parser notices only far below that something isn't closed.
            if begun and begun.line < line == at and "closed" in what:
                what += f"; it belongs to what begins on line {begun.line + 1}"
            raise InputError(f"not valid YAML: {what}", where=f"{path}:{line + 1}", do=do) from error

    @cached_property
    def _tree(self) -> Any:
        return yaml.compose(self._text, Loader=_Loader) or yaml.compose("''", Loader=_Loader)  # an empty file

    def line(self, location: Location) -> int:
        """Return the line (from 1) of the deepest key or item of `location` that the file has."""
        node, line = self._tree, self._tree.start_mark.line
        for step in location:
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        node, line = value, key.start_mark.line
                        break
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return int(line) + 1

    def _part(self, location: Location) -> Any:
        """Return what stands at a place of the file; None where nothing does."""
        part = self.data
        for step in location:
            there = isinstance(part, dict) or (isinstance(part, list) and isinstance(step, int))
            try:
                part = part[step] if there else None
            except LookupError:
                part = None
        return part

    def entries(self, location: Location) -> list[Any]:
        """Return the keys or indexes of a mapping or list in the file, in order; none for anything else."""
        part = self._part(location)
        return list(part) if isinstance(part, dict) else self.items(location)

    def items(self, location: Location) -> list[int]:
        """Return the indexes of a list in the file; none for anything else."""
        part = self._part(location)
        return list(range(len(part))) if isinstance(part, list) else []

    def error(self, location: Location, what: str, do: str = "correct the line") -> InputError:
        """Make an error that names this file and the line of `location`."""
        return InputError(what, where=f"{self.path}:{self.line(location)}", do=do)

    def parse(self, model: type[M]) -> M:
        """Parse the file as `model`. Raises `InputError` for everything that the model refuses at once."""
        parsed: M = self.parse_at((), model)
        return parsed

    def parse_at(self, location: Location, kind: Any) -> Any:
        """Parse what stands at a place of the file as a model or any other type. Raises `InputError` as `parse` does.

        Nothing is taken for something else: a number in quotes is a text, and a text without letters a number.
        """
        part = self.data
        for step in location:
            part = part[step]
        try:
            return TypeAdapter(kind).validate_json(to_json(part), strict=True)
        except ValidationError as error:
            wrong = Gathered()
            for fault in of_model(error.errors(include_url=False), kind):
                with wrong:
                    raise self.error((*location, *fault.at), fault.what, fault.do) from error
            wrong.check()
            raise
