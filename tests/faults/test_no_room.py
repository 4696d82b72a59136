"""Disks that are full and folders that can't be written to: one clear line, and nothing lost.

The data folder lies on a small disk of its own in memory, which only root can make.
"""

import os
import shutil
import subprocess
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from support.running import NAME, curated
from support.running import here as frs
from support.shipped import hashes

from frs_pipeline.errors import FrsError
from frs_pipeline.store.files import MANIFEST
from frs_pipeline.store.rows import engine

PAGE = 4096


class Disk:
    """A small file system mounted on a folder."""

    def __init__(self, folder):
        self.folder = folder

    def mount(self, *options, kind="tmpfs", source="none"):
        command = ["mount", "-t", kind, "-o", ",".join(options), str(source), str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True)

    def again(self, *options):
        """Mount it with other options."""
        subprocess.run(["mount", "-o", ",".join(["remount", *options]), str(self.folder)], check=True)

    def used(self):
        """Bytes; `names` are files and folders."""
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def names(self):
        found = os.statvfs(self.folder)
        return found.f_files - found.f_ffree

    def umount(self):
        subprocess.run(["umount", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path):
    """A disk with plenty of room; its size can be changed."""
    found = Disk(tmp_path / "disk")
    found.folder.mkdir()
    done = found.mount("size=64m") if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip() if done else 'there is no mount'}")
    yield found
    found.again("rw")
    found.umount()


@pytest.fixture(scope="module")
def altered(good, tmp_path_factory):
    """The good delivery with another answer in each questionnaire, before and after an undisturbed run."""
    before = good.copy_to(tmp_path_factory.mktemp("altered") / "data")
    for instrument in ("participant_first", "participant_followup", "initiator", "coordinator"):
        code = before.get(instrument, 0, "konflikt")
        before.set(instrument, 0, konflikt="1" if code != "1" else "2")
    after = before.copy_to(tmp_path_factory.mktemp("altered") / "data")
    assert frs(after.data, "run").returncode == 0
    assert set(hashes(after.settings).items()) - set(hashes(before.settings).items())
    return before, after


def told_in_one_line(done, says, code=1):
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
    assert done.stderr.startswith("frs: ")
    assert says in done.stderr
    assert "unexpected" not in done.stderr


def nothing_half_written(data):
    """Whatever has its final name is whole, and nothing else is left."""
    for path in data.rglob("*.parquet"):
        pq.read_table(path)
    assert not [path for zone in ("restricted", "curated") for path in (data / zone).rglob("*.tmp")]


@pytest.mark.minutes
@pytest.mark.parametrize("share", [0.5])
def test_a_disk_that_fills_up_on_the_way_ends_the_run_and_the_next_one_ends_as_if_undisturbed(good, disk, share):
    data = good.copy_to(disk.folder / "data").data
    for zone in ("restricted", "curated"):
        shutil.rmtree(data / zone)
    empty = disk.used()
    sizes = [
        path.stat().st_size for zone in ("restricted", "curated") for path in (good.data / zone).rglob("*.*") if path.is_file()
    ]
    pages = sum(-(-size // PAGE) for size in sizes)
    disk.again(f"size={empty + int(share * pages) * PAGE}")
    done = frs(data, "run")
    told_in_one_line(done, "cannot be written: No space left on device")
    nothing_half_written(data)
    disk.again("size=64m")
    done = frs(data, "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert hashes(replace(good.settings, data=data)) == hashes(good.settings)


@pytest.mark.parametrize("lacking", ["room", pytest.param("names", marks=pytest.mark.minutes)])
def test_a_full_disk_leaves_the_last_good_result_and_gives_the_same_bytes_once_there_is_room(altered, disk, lacking):
    before, after = altered
    delivery = before.copy_to(disk.folder / "data")
    last_good = curated(delivery)
    disk.again(f"size={disk.used()}" if lacking == "room" else f"nr_inodes={disk.names()}")
    done = frs(delivery.data, "run")
    told_in_one_line(done, "cannot be written: No space left on device")
    nothing_half_written(delivery.data)
    assert curated(delivery) == last_good
    disk.again("size=64m", "nr_inodes=10000")
    done = frs(delivery.data, "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert hashes(delivery.settings) == hashes(after.settings)


def test_what_was_made_before_a_disk_was_full_is_not_taken_for_a_finished_result(altered, disk):
    """There is room to replace one table after the other, and none for a file that is larger than all of them."""
    before, after = altered
    delivery = before.copy_to(disk.folder / "data")
    old, new = curated(delivery), curated(after)
    disk.again(f"size={disk.used() + 6 * PAGE}")
    told_in_one_line(frs(delivery.data, "run"), "cannot be written: No space left on device")
    nothing_half_written(delivery.data)
    found = curated(delivery)
    assert found.keys() == old.keys()
    assert all(found[name] in (old[name], new[name]) for name in found)
    assert found != old
    assert found[f"{NAME}/{MANIFEST}"] == old[f"{NAME}/{MANIFEST}"]
    told_in_one_line(frs(delivery.data, "compare"), "out of date")


def test_a_disk_that_may_only_be_read_is_told_in_one_line(altered, disk):
    before, after = altered
    delivery = before.copy_to(disk.folder / "data")
    last_good = hashes(delivery.settings)
    disk.again("ro")
    told_in_one_line(frs(delivery.data, "run"), "Read-only file system")
    assert hashes(delivery.settings) == last_good
    disk.again("rw")
    assert frs(delivery.data, "run").returncode == 0
    assert hashes(delivery.settings) == hashes(after.settings)


@pytest.mark.minutes
def test_curated_files_that_may_only_be_read_are_told_in_one_line_and_stay(altered, disk):
    before, after = altered
    delivery = before.copy_to(disk.folder / "data")
    last_good = curated(delivery)
    bound = Disk(delivery.data / "curated")
    subprocess.run(["mount", "--bind", str(bound.folder), str(bound.folder)], check=True)
    try:
        bound.again("bind", "ro")
        told_in_one_line(frs(delivery.data, "run"), "cannot be written: Read-only file system")
    finally:
        bound.umount()
    assert curated(delivery) == last_good
    done = frs(delivery.data, "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert hashes(delivery.settings) == hashes(after.settings)


def test_what_is_up_to_date_can_be_looked_at_where_nothing_may_be_written(good, disk):
    delivery = good.copy_to(disk.folder / "data")
    disk.again("ro")
    for command in (["tables", "1"], ["quarantine"], ["corrections"]):
        done = frs(delivery.data, *command)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


def lay_down_much(disk):
    """Something that doesn't fit into the memory allowed, while the disk gets small."""
    with engine(disk.folder) as connection:
        disk.again("size=1m")
        connection.execute("set memory_limit = '20MB'")
        connection.execute("create temp table much as select range, md5(range::text) as text from range(3000000)")


def test_what_a_large_delivery_lays_down_on_a_full_disk_is_told_in_one_line(disk):
    with pytest.raises(FrsError, match="no room for what memory doesn't hold") as raised:
        lay_down_much(disk)
    assert "\n" not in str(raised.value)
    assert not list(disk.folder.iterdir())


def test_a_lock_that_cannot_be_written_is_told_in_one_line(delivery):
    lock = delivery.data / "restricted" / NAME / ".lock"
    lock.unlink()
    lock.mkdir()
    told_in_one_line(frs(delivery.data, "run"), f"{lock}: cannot be written: a folder lies in its place", code=3)
