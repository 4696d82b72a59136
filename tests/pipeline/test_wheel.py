"""The package without its project: what it needs comes along, and it writes beside its user, never where it is installed."""

import os
import subprocess
import sys
import zipfile

import pytest

from frs_pipeline.settings import PROJECT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What a wheel installs."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(place / "site")
    return place / "site"


def frs(site, folder, *arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FRS_", "DAGSTER_HOME"))}
    own = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "DAGSTER_DISABLE_TELEMETRY": "yes"}
    command = [sys.executable, "-m", "frs_pipeline.cli", *arguments]
    return subprocess.run(command, cwd=folder, env={**clean, **own, **environment}, capture_output=True, text=True, timeout=300)


def test_an_installed_package_makes_and_refreshes_forms_beside_its_user(site, tmp_path):
    before = sorted(site.rglob("*"))
    made = frs(site, tmp_path, "reconstruct", "--scale", "1", "--to", "data/raw/2021-06-30")
    assert (made.returncode, made.stderr) == (0, "")
    assert "3448 forms" in made.stdout
    key = {"FRS_KEY_FILE": "data/raw/2021-06-30/KEY-NOT-SECRET.txt"}
    (tmp_path / key["FRS_KEY_FILE"]).chmod(0o600)
    done = frs(site, tmp_path, "run", **key)
    assert (done.returncode, done.stderr) == (0, "")
    assert frs(site, tmp_path, "tables", "1", **key).returncode == 0
    examined = frs(site, tmp_path, "doctor", **key)
    assert examined.returncode == 0, examined.stdout
    assert str(tmp_path / "data") in examined.stdout
    assert sorted(site.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["curated", "raw", "restricted"]
