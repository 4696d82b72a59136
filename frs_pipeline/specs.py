"""YAML files into typed models; whatever is wrong is told with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from frs_pipeline.errors import InputError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: slower, same result
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class _OnceLoader(_Loader):
    """A safe loader for which a key that stands twice is an error: plain YAML silently keeps the last one.

    `on`, `off`, `yes` and `no` are words, as in YAML 1.2; only `true` and `false` are truth values.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name is PyYAML's
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, known in _Loader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


Location = Sequence[str | int]
M = TypeVar("M", bound=BaseModel)


class Spec(BaseModel):
    """Base of all models read from YAML: immutable, and a key it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class YamlFile:
    """One YAML file that remembers on which line each key and item stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            self.data: Any = yaml.load(self._text, Loader=_OnceLoader)  # noqa: S506 - a safe loader
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("cannot be read as UTF-8", where=path, do="restore the file") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise InputError(
                f"not valid YAML: {getattr(error, 'problem', 'syntax error')}", where=f"{path}:{line}", do="mend the line"
            ) from error
        except ValueError as error:  # such as a thirteenth month in what looks like a date
            raise InputError("holds a value that can't be", where=path, do="put it into quotes") from error

    @cached_property
    def _tree(self) -> Any:
        return yaml.compose(self._text, Loader=_Loader) or yaml.compose("''", Loader=_Loader)  # an empty file

    def line(self, location: Location) -> int:
        """Line (from 1) of the deepest key or item of `location` that the file has."""
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

    def error(self, location: Location, what: str, do: str = "mend the line") -> InputError:
        """An error that names this file and the line of `location`."""
        return InputError(what, where=f"{self.path}:{self.line(location)}", do=do)

    def parse(self, model: type[M]) -> M:
        """The file as `model`; raises `InputError` for the first thing the model refuses."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "")
            raise self.error(first["loc"], f"{name}: {first['msg'].lower()}") from error
