"""The public part of an audit package: definitions, queries, what the program was, and what the sealed part has to be.

No figure is in it but those of a release, and no hash of a file that holds one: whoever knows the rest of a small file could try
what its hash fits. The only hashes of results are those of the manifest as a whole, which nobody can guess.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import yaml

from frs_pipeline.language import Language
from frs_pipeline.packaging.facts import Facts, definitions
from frs_pipeline.packaging.queries import name_of, queries
from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.files import MANIFEST, Store
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.tables import catalogue

SUMS, SEALED = "SHA256SUMS", "sealed.tar.age"
COMMITMENT, WORKFLOW = "commitment.json", "workflow.json"
_TEXTS = PACKAGE / "packaging" / "texts"
# What figures follow from; whatever else a study's folder holds may quote figures.
_PUBLIC = ("study.yaml", "scales.yaml", "tables.yaml", "rules.yaml", "release.yaml")
# Keys whose texts may quote figures, the printed report's among them; where forms come from is nobody's business either.
_UNSAID = {"note", "note_danish", "printed", "printed_note", "printed_note_danish", "fetch"}


def public_files(facts: Facts) -> dict[str, bytes]:
    """Make every file of the public part but the crate's metadata and the hashes, by its name in the package."""
    store = facts.store
    made = {name: _text(name, facts) for name in ("README.md", "WALKTHROUGH.md")}
    if "danish" in about(store.study).languages:
        made |= {name: _text(name, facts) for name in ("README.da.md", "WALKTHROUGH.da.md")}
    made[COMMITMENT] = as_json(_commitment(facts))
    made[WORKFLOW] = as_json(_workflow(store))
    made["manifest.sha256"] = f"{facts.manifest_hash}  {MANIFEST}\n".encode()
    made["code/files.sha256"] = _of_code(facts).encode()
    if facts.lock is not None:
        made["code/requirements.lock"] = facts.lock
    made |= {f"definitions/{name}": content for name, content in _definitions(store).items()}
    made["definitions/codes.csv"] = _codes(store.study)
    made |= {f"queries/{name}": text.encode() for name, text in queries(store.study).items()}
    if facts.released:
        made |= {f"release/{name}": content for name, content in facts.released.files.items()}
    return dict(sorted(made.items()))


def sums(files: dict[str, bytes]) -> bytes:
    """Write the hashes of files as `sha256sum -c` reads them."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "".join(lines).encode()


def as_json(content: Any) -> bytes:
    """Write JSON for people and programs: the same content gives the same bytes."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _commitment(facts: Facts) -> dict[str, Any]:
    """Say which result the package is about; of the manifest only what is said of code, and hashes over all of it."""
    return {
        "delivery": facts.store.delivery,
        "root": facts.root,
        "manifest_sha256": facts.manifest_hash,
        "program": {"name": "frs-pipeline", "version": facts.version},
        "lock_sha256": facts.manifest["lock"],
        "code": facts.manifest["code"],
        "released": facts.released.when if facts.released else None,
    }


def _of_code(facts: Facts) -> str:
    """List the files of code that had a part in the result, as `sha256sum -c` reads them in the folder of that version."""
    listed = facts.manifest["program"].items()
    return "".join(f"{value}  {name}\n" for name, value in listed if not name.startswith("study/"))


def _workflow(store: Store) -> dict[str, Any]:
    """Describe the steps from exports to statistics: what each reads and makes, and by which module."""
    steps = [
        {
            "makes": product.name,
            "file": f"{product.zone}/{product.path}",
            "module": f"frs_pipeline.{product.module}",
            "delivered": list(product.raw),
            "made_before": ["/".join(key) for key in product.inputs],
        }
        for product in store.products.values()
    ]
    return {"study": about(store.study).name, "steps": steps}


def _definitions(store: Store) -> dict[str, bytes]:
    """Return the definitions that may be public, without what may quote figures: comments, notes, what was printed."""
    named = {**definitions(store), "release.yaml": store.study.folder / "release.yaml"}
    own = {name: path for name, path in sorted(named.items()) if name in _PUBLIC or name.startswith("questionnaires/")}
    return {name: _plain(_without(YamlFile(path).data)) for name, path in own.items() if path.is_file()}


def _codes(study: Study) -> bytes:
    """List which code means which answer, by the names of marts and their columns; a question of numbers has none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("mart", "column", "question", "code", "answer"))
    for mart, paper in questionnaires(study).items():
        for question in paper.questions:
            codes = question.labels.items() or [("", "")]
            writer.writerows((mart, question.name, " ".join(question.text.split()), code, label) for code, label in codes)
    return text.getvalue().encode()


def _plain(content: Any) -> bytes:
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return f"# Comments and notes were left out; the sealed part has the file as it is.\n{text}".encode()


def _without(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without(value) for key, value in content.items() if key not in _UNSAID}
    return [_without(each) for each in content] if isinstance(content, list) else content


def _text(name: str, facts: Facts) -> bytes:
    """Fill in a text of the package: lines that begin with a mark are left out where it doesn't hold."""
    holds = {
        "[sealed] ": facts.sealed,
        "[public] ": not facts.sealed,
        "[released] ": facts.released is not None,
        "[unreleased] ": facts.released is None,
        "[lock] ": facts.lock is not None,
    }
    lines = []
    for line in (_TEXTS / name).read_text(encoding="utf-8").splitlines():
        mark = next((mark for mark in holds if line.startswith(mark) or line == mark.strip()), "")
        if not mark or holds[mark]:
            lines.append(line.removeprefix(mark) if line != mark.strip() else "")
    language: Language = "danish" if name.endswith(".da.md") else "english"
    title = about(facts.store.study).title.in_language(language)
    filled = {"delivery": facts.store.delivery, "root": facts.root, "title": title, "version": facts.version}
    filled["query"] = name_of(facts.store.study, min(catalogue(facts.store.study)))
    text = "\n".join(lines) + "\n"
    for word, value in filled.items():
        text = text.replace(f"{{{word}}}", value)
    return text.encode()
