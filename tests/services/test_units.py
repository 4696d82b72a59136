"""systemd's own opinion of the units, and what the container's files must say: read as data, since neither runs here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from frs_pipeline.store.settings import PROJECT

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
# As measured; a setting that is lost raises it. systemd calls less than 2 "OK".
EXPOSURE = 1.5
# schema/compose-spec.json of compose-spec/compose-spec at a08f8d51631b (Apache License 2.0), byte for byte.
SCHEMA = PROJECT / "tests" / "services" / "compose-spec.json"
# What is given to Compose when it starts; docs/reference/environment.md says what each is.
GIVEN = {"FRS_ZONES": "/srv/frs/zones", "FRS_SECRETS": "/srv/frs/secrets"}
ZONES = {"raw", "restricted", "curated", "incidents", "fetched", "decided"}
WRITES = {"web": set(), "daemon": {"restricted", "curated", "incidents", "fetched"}}


def _settings(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / unit).read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def _verified(unit: Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _compose() -> str:
    return (DEPLOY / "compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(_compose())["services"]


def _interpolated(text: str, given: dict[str, str]) -> dict[str, Any]:
    """Fill in variables as Compose does: `${NAME}`, `${NAME:-default}`, `${NAME:?complaint}`."""

    def fill(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if name not in given and kind != ":-":
            raise KeyError(rest or name)
        return given.get(name, rest)

    return yaml.safe_load(re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", fill, text))


@SYSTEMD
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_unit(unit, tmp_path):
    # Only that the program isn't installed here may be said: units are verified with one that is.
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(encoding="utf-8"), flags=re.M)
    (tmp_path / unit.name).write_text(there, encoding="utf-8")
    done = _verified(tmp_path / unit.name)
    own = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, own) == (0, [])
    (tmp_path / unit.name).write_text(there.replace("ProtectSystem=strict", "ProtectSystem=strictly"), encoding="utf-8")
    wrong = _verified(tmp_path / unit.name)
    assert "protect system value" in wrong.stderr


@SYSTEMD
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_measures_little_exposure(unit):
    limit = f"--threshold={round(EXPOSURE * 10)}"
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", limit, unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_writes_only_where_its_part_writes(unit):
    says, part = _settings(unit.name), unit.stem.removeprefix("frs-")
    writes = {path for line in says.get("ReadWritePaths", ()) for path in line.split()}
    assert writes == {f"/srv/data/{zone}" for zone in WRITES[part]}
    assert says["CapabilityBoundingSet"] == [""] and says["User"] == ["frs"]
    # Tried: a start that fails is tried again, however long the database is away.
    assert (says["Restart"], says["StartLimitIntervalSec"]) == (["on-failure"], ["0"])
    assert says.get("InaccessiblePaths") == {"web": ["/srv/data -/etc/frs"]}.get(part)
    keys = [line for line in says["LoadCredential"] if "key" in line]
    assert bool(keys) is (part == "daemon")
    assert not re.search(r"(?i)password|AGE-SECRET", unit.read_text(encoding="utf-8"))


def test_the_compose_file_is_as_its_specification_has_it():
    check = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    told = _interpolated(_compose(), GIVEN)
    assert [(list(error.absolute_path), error.message) for error in check.iter_errors(told)] == []
    told["services"]["web"]["read_onyl"] = told["services"]["web"].pop("read_only")
    told["services"]["daemon"]["volumes"][0]["type"] = 7
    assert len(list(check.iter_errors(told))) >= 2


@pytest.mark.parametrize("name", GIVEN)
def test_compose_says_what_it_lacks(name):
    with pytest.raises(KeyError, match="the folder with"):
        _interpolated(_compose(), {other: value for other, value in GIVEN.items() if other != name})


def test_the_variables_of_the_compose_file_are_told_where_a_reader_looks():
    told = (PROJECT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{(FRS_\w+)", _compose()))
    assert used >= set(GIVEN)
    assert {name for name in used if f"`{name}`" not in told} == set()


def test_every_network_volume_and_secret_is_declared():
    told = _interpolated(_compose(), GIVEN)
    for name, service in told["services"].items():
        assert set(service["networks"]) <= told["networks"].keys(), name
        assert set(service.get("secrets", ())) <= told["secrets"].keys(), name
        assert set(service.get("depends_on", ())) <= told["services"].keys(), name
        named = {volume.split(":")[0] for volume in service["volumes"] if isinstance(volume, str)}
        assert named <= told["volumes"].keys(), name
    assert told["networks"]["back"] == {"internal": True}
    # Only the web server is on a network that leads outside, since its port is shown to this machine.
    assert {name for name, service in told["services"].items() if "front" in service["networks"]} == {"web"}


def test_every_service_is_closed(services):
    for name, service in services.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["user"].split(":")[0]) > 0, name
        assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & service.keys(), name
    assert [port for service in services.values() for port in service.get("ports", ())] == ["127.0.0.1:${FRS_PORT:-3000}:3000"]


def test_what_was_delivered_is_written_by_hand_only(services):
    for name, service in services.items():
        mounts = {v["target"]: v for v in service["volumes"] if isinstance(v, dict)}
        writable = {t.rpartition("/")[2] for t, v in mounts.items() if t.startswith("/srv/data/") and not v.get("read_only")}
        assert writable == {**WRITES, "frs": ZONES, "postgres": set()}[name]
        seen = {t.rpartition("/")[2] for t in mounts if t.startswith("/srv/data/")}
        assert seen == {"web": set(), "daemon": ZONES, "frs": ZONES, "postgres": set()}[name]
        assert "docker.sock" not in str(service["volumes"])
    assert {name: set(service["secrets"]) for name, service in services.items()} == {
        "web": {"pgpass"},
        "daemon": {"pgpass", "pipeline-key"},
        "frs": {"pgpass", "pipeline-key"},
        "postgres": {"postgres-password"},
    }


def test_secrets_are_files(services):
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    told = yaml.safe_load(text)
    assert all(list(secret) == ["file"] for secret in told["secrets"].values())
    given = [str(service.get("environment", {})) for service in services.values()]
    assert not any(re.search(r"PASSWORD': |://[^@/]*:[^@/]*@", one) for one in given)


def test_the_image_takes_nothing_but_what_the_lock_names():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    steps = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    [locked] = [step for step in steps if "-r /tmp/" in step]
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(locked.split())
    assert all("--no-index" in step or step == locked for step in steps if "pip install" in step)
    assert not re.search(r"https?://|index-url", "\n".join(steps))
    assert [step for step in steps if step.startswith("USER")] == ["USER 10001:10001"]
    last = steps[[n for n, step in enumerate(steps) if step.startswith("FROM")][-1] :]
    assert not re.search(r"\b(gcc|build-essential|python3-dev|curl|pip)\b", "\n".join(last))


def test_the_lock_of_the_image_is_a_part_of_the_others():
    pins = {}
    for name in ("", "-postgres", "-serve"):
        text = (PROJECT / f"requirements{name}.lock").read_text(encoding="utf-8")
        found = re.findall(r"^([a-z0-9.-]+)(?:\[[^\]]*\])?==(\S+) \\\n((?:    --hash=\S+(?: \\)?\n)+)", text, re.M)
        pins[name] = {one: (version, frozenset(re.findall("sha256:[0-9a-f]{64}", hashes))) for one, version, hashes in found}
    assert len(pins["-serve"]) > 100
    others = {**pins["-postgres"], **pins[""]}
    assert {name: pin for name, pin in pins["-serve"].items() if others.get(name) != pin} == {}
    assert {"dagster", "duckdb", "pandera", "psycopg2-binary"} <= pins["-serve"].keys()
    assert not {"pytest", "mypy", "playwright"} & pins["-serve"].keys()
