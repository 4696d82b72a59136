"""How the engine is built: nothing in it outlives a study that belongs to one, and no file of a study lies in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from frs_pipeline.store.code import PACKAGE

CACHES = {"cache", "lru_cache"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module by its path in the package, as a syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_bytes())


def named(node: ast.expr) -> str:
    """The last word of a decorator or of what is called."""
    if isinstance(node, ast.Call):
        return named(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_what_is_cached_with_a_module_says_nothing_of_a_study() -> None:
    found = {
        (module, node.name, tuple(ast.unparse(each.annotation) for each in node.args.args if each.annotation))
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and CACHES & set(map(named, node.decorator_list))
    }
    assert found == {
        ("codebook/keys.py", "demo_recipients", ()),
        ("store/code.py", "code_hash", ("str",)),
        ("store/code.py", "lock_hash", ()),
        ("store/code.py", "_imports", ("Path",)),
        # Words of results, the same of all studies.
        ("report/binding.py", "result_words", ()),
        ("report/binding.py", "_patterns", ()),
        ("report/binding.py", "_may_begin", ("str", "str")),
        ("tables/spark.py", "_session", ("Engine",)),  # one Spark per process
    }


def test_no_module_makes_or_keeps_a_study() -> None:
    """Nor anything that is made of one: neither at import, nor in a name that functions fill."""
    calls = {
        (module, named(call))
        for module, tree in modules()
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr)
        for call in ast.walk(statement)
        if isinstance(call, ast.Call)
    }
    assert {call for call in calls if call[1] in ("Study", "find_study", "shipped_study", "YamlFile", "Settings")} == set()
    assert {module for module, tree in modules() if any(isinstance(node, ast.Global) for node in ast.walk(tree))} == set()


def test_the_engine_finds_its_own_files_only() -> None:
    where = {
        module
        for module, tree in modules()
        if any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(tree))
    }
    assert where == {
        "codebook/keys.py",  # the published demo keys
        "operations/new_study.py",  # what a new study is copied from
        "report/binding.py",  # the words of results
        "report/data_docs.py",
        "report/heatmap.py",
        "report/paper.py",
        "report/public/edition.py",
        "report/site.py",
        "report/statics.py",
        "report/tables_page.py",
        "store/code.py",
        "store/settings.py",  # the project, and the study that ships where none is named
    }
    data = (path for path in PACKAGE.rglob("*") if path.suffix in (".yaml", ".csv"))
    assert [path for path in data if not path.is_relative_to(PACKAGE / "operations" / "study_template")] == [
        PACKAGE / "report" / "result_words.yaml"
    ]
