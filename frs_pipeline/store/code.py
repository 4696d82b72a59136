"""Hash what makes a product: the code of this package, and the locked libraries."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_LOCK = PACKAGE.parent / "requirements.lock"
# What a module imports from this package: from one of its modules several names, or a module.
_IMPORT = re.compile(r"^[ \t]*(?:from (frs_pipeline[\w.]*) import (\([^)]*\)|[^\n]*)|import (frs_pipeline[\w.]*))", re.MULTILINE)
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_COMMENT = re.compile(r"#.*")


@cache
def code_hash(module: str) -> str:
    """Hash a module of this package, all modules that it imports from here, and the locked libraries."""
    digest = hashlib.sha256()
    for path in sorted(modules(module)):
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(lock_hash().encode())
    return digest.hexdigest()


def program_version() -> str:
    """Return the version of this program: read where it stands, since to import it would be to import upwards."""
    found = _VERSION.search((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    return found[1] if found else ""


@cache
def lock_hash() -> str:
    """Hash the locked libraries; empty where the package is installed without its project folder."""
    return hashlib.sha256(_LOCK.read_bytes()).hexdigest() if _LOCK.exists() else ""


def look_again() -> None:
    """Forget the hashes of code: the files may have changed since a process that lives for months read them."""
    for known in (code_hash, lock_hash, _imports):
        known.cache_clear()


def modules(module: str) -> set[Path]:
    """Return the files of a module of this package and of all modules that it imports from here."""
    return _imported(_source(module), set())


def _source(module: str) -> Path:
    return PACKAGE / (module.replace(".", "/") + ".py")


def _imported(path: Path, seen: set[Path]) -> set[Path]:
    if path not in seen:
        seen.add(path)
        for target in _imports(path):
            _imported(target, seen)
    return seen


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """List the modules of this package that a module imports, wherever in it.

    They are found in the text, which takes a twentieth of the time that a syntax tree does: every run with nothing to do waits
    for that.
    """
    names = []
    for start, several, module in _IMPORT.findall(path.read_text(encoding="utf-8")):
        listed = (name.split() for name in _COMMENT.sub("", several).strip("()").split(","))
        names += [module] if module else [f"{start}.{name[0]}" for name in listed if name]
    return tuple(dict.fromkeys(target for name in names if (target := _file_of(name))))


def _file_of(name: str) -> Path | None:
    """Return the file of a module, or of the module that an imported name is from; None outside this package."""
    parts = name.split(".")[1:]
    for end in range(len(parts), 0, -1):
        stem = PACKAGE.joinpath(*parts[:end])
        for target in (stem.with_suffix(".py"), stem / "__init__.py"):
            if target.exists():
                return target
    return None
