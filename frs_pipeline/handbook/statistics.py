"""Put the worked examples of docs/statistics.yaml into docs/statistics.md, where the page has a mark for each.

The words of the page are written by hand; what stands between the two ends of a mark is made. A unit test computes every
example, so that the page can't say what the code doesn't do.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue

from frs_pipeline.errors import InputError
from frs_pipeline.study.spec import Spec, YamlFile

# `<!-- example share -->` … `<!-- /example -->`, and the same of `data`.
_MARK = re.compile(r"(<!-- (data|example ([a-z-]+)) -->\n)(.*?)(<!-- /(?:data|example) -->)", re.S)


class Data(Spec):
    """Counts by which examples are worked, named: what they are, and the numbers; the first axis is the cluster."""

    says: str
    counts: list[Any]


class Expected(Spec):
    """What comes out, by attribute of the result (`result` is all of it), and who says so."""

    values: dict[str, JsonValue] = Field(alias="is")
    source: str = Field(alias="from")


class Example(Spec):
    """An expression of the data with functions of one module of `frs_pipeline.stats`."""

    id: str = Field(pattern="^[a-z-]+$")
    module: str
    says: str
    compute: str
    gives: tuple[Expected, ...]

    @property
    def names(self) -> list[str]:
        """The names that the expression takes from elsewhere, in order."""
        walked = [node for node in ast.walk(ast.parse(self.compute, mode="eval")) if isinstance(node, ast.Name)]
        own = {node.id for node in walked if isinstance(node.ctx, ast.Store)}
        named = (node.id for node in sorted(walked, key=lambda node: node.col_offset))
        return list(dict.fromkeys(name for name in named if name not in own))


class Examples(Spec):
    """All worked examples, and the counts that they are worked by."""

    data: dict[str, Data]
    examples: tuple[Example, ...]


def read_examples(path: Path) -> Examples:
    """Read the examples; raises `InputError` with file and line for what isn't one."""
    read: Examples = YamlFile(path).parse(Examples)
    return read


def page(text: str, examples: Examples, where: Path) -> str:
    """Write the page again with its examples; raises `InputError` for a mark without an example, and the reverse."""
    known = {example.id: example for example in examples.examples}
    marked = [found[3] for found in _MARK.finditer(text) if found[3]]
    for id in sorted(set(known) ^ set(marked)):
        what = f"no example is called {id}" if id in marked else f"the example {id} has no mark"
        raise InputError(what, where=where, do=f"write <!-- example {id} --> and <!-- /example -->, or take it out of both")

    def made(mark: re.Match[str]) -> str:
        lines = _example(known[mark[3]], examples) if mark[3] else _data(examples)
        return "\n".join([mark[1].rstrip(), *lines, mark[5]])

    return _MARK.sub(made, text)


def _data(examples: Examples) -> Iterator[str]:
    yield "```python"
    for name, data in examples.data.items():
        yield f"# {data.says}"
        if isinstance(data.counts[0], list) and isinstance(data.counts[0][0], list):
            yield f"{name} = ["
            yield from (f"    {one}," for one in data.counts)
            yield "]"
        else:
            yield f"{name} = {data.counts}"
    yield "```"


def _example(example: Example, examples: Examples) -> Iterator[str]:
    own = [name for name in example.names if name not in examples.data and name != "np" and not hasattr(builtins, name)]
    yield f"*Worked:* {example.says}."
    yield from [
        "",
        "```python",
        f"from frs_pipeline.stats.{example.module} import {', '.join(own)}",
        "",
        example.compute,
        "```",
        "",
    ]
    yield from ["| gives | value | by |", "| --- | ---: | --- |"]
    for expected in example.gives:
        for name, value in expected.values.items():
            yield f"| {name} | {'none' if value is None else value} | {expected.source} |"
    yield ""
