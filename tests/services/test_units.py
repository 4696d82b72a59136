"""systemd's own opinion of the units, and what the container's files must say: read as data, since neither runs here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from frs_pipeline.store.settings import PROJECT

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
# As measured; a setting that is lost raises it. systemd calls less than 2 "OK".
EXPOSURE = 1.5
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


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]


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
    writes = {path for line in says["ReadWritePaths"] for path in line.split()}
    assert writes == {"/srv/dagster/storage", *(f"/srv/data/{zone}" for zone in WRITES[part])}
    assert says["CapabilityBoundingSet"] == [""] and says["User"] == ["frs"]
    keys = [line for line in says["LoadCredential"] if "key" in line]
    assert bool(keys) is (part == "daemon")
    assert not re.search(r"(?i)password|AGE-SECRET", unit.read_text(encoding="utf-8"))


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
        every = {"raw", "restricted", "curated", "incidents", "fetched", "decided"}
        assert writable == {**WRITES, "frs": every, "postgres": set()}[name]
        assert "docker.sock" not in str(service["volumes"])
    assert "pipeline-key" not in services["web"]["secrets"]


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
