"""The package without its project: what it needs comes along, and it writes beside its user, never where it is installed."""

import os
import subprocess
import sys
import zipfile

import pytest

from frs_pipeline.store.settings import PROJECT


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


KEY = {"FRS_KEY_FILE": "data/raw/2021-06-30/KEY-NOT-SECRET.txt"}


def nothing_else_was_written(site, folder, before, *zones):
    assert sorted(site.rglob("*")) == before
    assert [path.name for path in folder.iterdir()] == ["data"]
    assert sorted(path.name for path in (folder / "data").iterdir()) == sorted(zones)


def with_forms(site, folder):
    made = frs(site, folder, "reconstruct", "--scale", "1", "--to", "data/raw/2021-06-30")
    assert (made.returncode, made.stderr) == (0, "")
    assert "3448 forms" in made.stdout
    (folder / KEY["FRS_KEY_FILE"]).chmod(0o600)


def test_an_installed_package_makes_forms_beside_its_user_in_seconds(site, tmp_path):
    before = sorted(site.rglob("*"))
    with_forms(site, tmp_path)
    examined = frs(site, tmp_path, "doctor", **KEY)
    assert examined.returncode == 0, examined.stdout
    assert str(tmp_path / "data") in examined.stdout
    nothing_else_was_written(site, tmp_path, before, "raw")


@pytest.mark.minutes
def test_an_installed_package_refreshes_beside_its_user(site, tmp_path):
    before = sorted(site.rglob("*"))
    with_forms(site, tmp_path)
    for command in (("run",), ("tables", "1"), ("verify", "--outputs-only"), ("doctor",)):
        done = frs(site, tmp_path, *command, **KEY)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    nothing_else_was_written(site, tmp_path, before, "raw", "curated", "restricted")


def test_an_installed_package_works_on_a_study_of_its_users(site, tmp_path):
    before = sorted(site.rglob("*"))
    for command in (("study", "new", "evening_school"), ("--study", "evening_school", "study", "check"), ("study", "check")):
        done = frs(site, tmp_path, *command)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    examined = frs(site, tmp_path / "evening_school", "study", "check")
    assert "evening_school, without a printed report" in examined.stdout
    assert sorted(site.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["evening_school"]
