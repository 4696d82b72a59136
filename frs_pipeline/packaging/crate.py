"""The metadata of an audit package: a Workflow Run Crate 0.5, written with the library `rocrate` and without a clock.

A run has no time, no number and no person of its own (the same input gives the same bytes), so the action that made the
results is named by their root; of the action that made a release, the journal knows when it ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from frs_pipeline.language import date_text
from frs_pipeline.packaging.facts import Facts
from frs_pipeline.packaging.public import COMMITMENT, SEALED, WORKFLOW
from frs_pipeline.study.about import about

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

METADATA = "ro-crate-metadata.json"
# Workflow Run Crate 0.6 needs RO-Crate 1.3, which the library doesn't write.
RO_CRATE = "1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
_KINDS = {
    ".md": "text/markdown",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".sql": "application/sql",
    ".csv": "text/csv",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".lock": "text/plain",
    ".sha256": "text/plain",
}
# Libraries that have a part in what a figure is; all of them stand in the lock.
_USED = ("dagster", "duckdb", "ibis-framework", "numpy", "pandera", "pyarrow", "scipy")
_RUN, _RELEASE, _DELIVERED, _RESULTS, _RESPONSIBLE = "#run", "#release", "#delivered", "#results", "#responsible"
_NAMES = {
    "README.md": "What is in this package",
    "README.da.md": "What is in this package, in Danish",
    "WALKTHROUGH.md": "How to examine it without the program that made it",
    "WALKTHROUGH.da.md": "How to examine it without the program that made it, in Danish",
    COMMITMENT: "Which result the package is about",
    WORKFLOW: "Steps from exports to statistics",
    "manifest.sha256": "Hash of the manifest, which lies in the sealed part",
    "code/files.sha256": "Hashes of the files of code that had a part in the result",
    "code/requirements.lock": "Locked libraries",
}


def metadata(facts: Facts, files: Mapping[str, bytes]) -> bytes:
    """Write ro-crate-metadata.json of a package whose public part has these `files`."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version=RO_CRATE)
    crate.metadata.extra_contexts.append(_TERMS)
    crate.metadata["conformsTo"] = _ids([f"https://w3id.org/ro/crate/{RO_CRATE}", list(PROFILES)[-1]])
    _add_files(crate, files)
    _add_context(crate, facts)
    actions = [_RUN, *([_RELEASE] if facts.released else [])]
    _add_actions(crate, facts, files)
    title = about(facts.store.study).title.english
    root = {
        "name": f"{title}: audit package of the delivery of {date_text(facts.store.delivery).english}",
        "description": "What the figures of a delivery rest on: definitions, queries and hashes for everybody"
        + ("; forms under pseudonyms and all figures, sealed for the auditor." if facts.sealed else "."),
        "datePublished": facts.day,
        "license": {"@id": "#terms"},
        "publisher": {"@id": _RESPONSIBLE},
        "conformsTo": _ids(PROFILES),
        "mainEntity": {"@id": WORKFLOW},
        "mentions": _ids(actions),
    }
    for name, value in root.items():
        crate.root_dataset[name] = value
    return (json.dumps(crate.metadata.generate(), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _add_files(crate: ROCrate, files: Mapping[str, bytes]) -> None:
    """Describe every file of the public part but the pages of a release, which are one folder."""
    from rocrate.model.file import File

    for name, content in files.items():
        if name.startswith("release/report/"):
            continue
        about_it: dict[str, Any] = {
            "name": _NAMES.get(name, name),
            "encodingFormat": _KINDS.get("." + name.rsplit(".", 1)[-1], "text/plain"),
            "contentSize": str(len(content)),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        if name == WORKFLOW:
            about_it["@type"] = ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
        crate.add(File(crate, dest_path=name, properties=about_it))


def _add_context(crate: ROCrate, facts: Facts) -> None:
    """Describe what isn't a file here: profiles, software, who is responsible, under which terms, what was delivered and made."""
    for profile, (name, version) in PROFILES.items():
        _add(crate, profile, "CreativeWork", name=name, version=version)
    libraries = dict(facts.libraries)
    used = [name for name in _USED if name in libraries]
    # Package URLs name a library wherever it was had from.
    programs = {name: f"pkg:pypi/{name}@{libraries[name]}" for name in used}
    for name, program in programs.items():
        _add(crate, program, "SoftwareApplication", name=name, softwareVersion=libraries[name])
    _add(
        crate,
        "#frs-pipeline",
        "SoftwareApplication",
        name="frs_pipeline",
        softwareVersion=facts.version,
        softwareRequirements=_ids(programs.values()),
        license={"@id": "https://spdx.org/licenses/Apache-2.0"},
    )
    _add(crate, "https://spdx.org/licenses/Apache-2.0", "CreativeWork", name="Apache License 2.0")
    _add(crate, "#dagster-assets", "ComputerLanguage", name="Dagster assets", url="https://docs.dagster.io/")
    workflow = {
        "programmingLanguage": {"@id": "#dagster-assets"},
        "author": {"@id": _RESPONSIBLE},
        "version": facts.version,
        "softwareRequirements": _ids(["#frs-pipeline"]),
    }
    for name, value in workflow.items():
        crate.get(WORKFLOW)[name] = value
    contact = about(facts.store.study).contact
    _add(
        crate,
        _RESPONSIBLE,
        "Organization",
        name=f"Those responsible for the study “{about(facts.store.study).title.english}”",
        **({"description": contact.english} if contact else {}),
    )
    terms = "No licence to the forms or to figures that weren't released; of the program, its own."
    _add(crate, "#terms", "CreativeWork", name="Terms of this package", description=terms)
    delivered = "Exports, registers and decisions as they were delivered. None of it is in the package."
    _add(crate, _DELIVERED, "CreativeWork", name=f"Delivery {facts.store.delivery}", description=delivered)
    made = f"Named by the root of its manifest, {facts.root}; forms and figures are in the sealed part only."
    _add(crate, _RESULTS, "CreativeWork", name=f"Results of the delivery {facts.store.delivery}", description=made)


def _add_actions(crate: ROCrate, facts: Facts, files: Mapping[str, bytes]) -> None:
    """Describe what was done: the run, what was sealed of it, and the release."""
    from rocrate.model.dataset import Dataset
    from rocrate.model.file import File

    results = [_RESULTS]
    if facts.sealed:
        access = "Personal data under pseudonyms: only for the auditors it was sealed for. An age file, whose bytes are random."
        about_it = {"name": "Sealed part", "encodingFormat": "application/octet-stream", "conditionsOfAccess": access}
        crate.add(File(crate, dest_path=SEALED, properties=about_it))
        results.append(SEALED)
    read = [name for name in files if name.startswith("definitions/") and name != "definitions/release.yaml"]
    _add(
        crate,
        _RUN,
        "CreateAction",
        name=f"Refresh of the delivery {facts.store.delivery}",
        description=f"frs run --delivery {facts.store.delivery}. Who started it and when isn't recorded: the same input gives "
        "the same bytes.",
        instrument={"@id": WORKFLOW},
        object=_ids([_DELIVERED, *read]),
        result=_ids(results),
        agent={"@id": _RESPONSIBLE},
        actionStatus={"@id": "http://schema.org/CompletedActionStatus"},
    )
    if facts.released is None:
        return
    made = [name for name in files if name.startswith("release/") and not name.startswith("release/report/")]
    pages = any(name.startswith("release/report/") for name in files)
    if pages:
        crate.add(Dataset(crate, dest_path="release/report/", properties={"name": "Pages of the release, from index.html"}))
    _add(
        crate,
        _RELEASE,
        "CreateAction",
        name="Release of the tables that may be published",
        description=f"frs release --delivery {facts.store.delivery}; the time is that of its entry in the journal of releases.",
        instrument={"@id": "#frs-pipeline"},
        object=_ids([_RESULTS, *(name for name in ("definitions/release.yaml",) if name in files)]),
        result=_ids([*made, *(["release/report/"] if pages else [])]),
        agent={"@id": _RESPONSIBLE},
        endTime=facts.released.when,
    )


def _add(crate: ROCrate, identifier: str, kind: str, **about_it: Any) -> None:
    from rocrate.model.contextentity import ContextEntity

    crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **about_it}))


def _ids(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"@id": name} for name in names]
