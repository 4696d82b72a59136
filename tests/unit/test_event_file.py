"""The file of events: whole lines of whoever writes, and no run that fails for it."""

import json
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from support.study import STUDY

from frs_pipeline.errors import FrsError, UsageError
from frs_pipeline.operations.event_file import add, event_file, without_failing
from frs_pipeline.store.settings import Settings

LONG = 300_000


def _write(path, who):
    for number in range(20):
        add(path, json.dumps({"who": who, "number": number, "filled": str(who) * LONG}) + "\n")


def test_lines_of_processes_that_write_at_once_are_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        list(pool.map(_write, [path] * 3, range(3)))
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted((each["who"], each["number"]) for each in found) == [(who, number) for who in range(3) for number in range(20)]
    assert all(each["filled"] == str(each["who"]) * LONG for each in found)


def test_a_line_for_which_there_is_no_room_leaves_nothing(tmp_path, monkeypatch):
    path, whole = tmp_path / "events.jsonl", os.write
    add(path, "first\n")
    monkeypatch.setattr(os, "write", lambda file, content: whole(file, content[:3]))
    with pytest.raises(FrsError, match="no room"):
        add(path, "second\n")
    assert path.read_text(encoding="utf-8") == "first\n"


def test_what_cannot_be_such_a_file_is_refused(tmp_path, monkeypatch):
    settings = Settings(STUDY, tmp_path / "data")
    (settings.data / "restricted").mkdir(parents=True)
    monkeypatch.delenv("FRS_LINEAGE", raising=False)
    assert event_file(settings) is None
    (tmp_path / "closed").touch(0o400)
    (tmp_path / "journal").write_text('{"event": "codebook opened"}\n')
    (tmp_path / "link").symlink_to(settings.restricted_zone)
    for named, wrong in (
        (tmp_path, "isn't a file"),
        (tmp_path / "no" / "x", "isn't a folder"),
        ("/dev/full", "isn't a file"),
        (tmp_path / "journal", "holds something else"),
        (tmp_path / "link" / "events.jsonl", "lies among the data"),
    ):
        monkeypatch.setenv("FRS_LINEAGE", str(named))
        with pytest.raises(UsageError, match=wrong) as refused:
            event_file(settings)
        assert str(refused.value).count("\n") == 0
    monkeypatch.setenv("FRS_LINEAGE", str(tmp_path / "events.jsonl"))
    for text in ("", '{"eventTime": "2021-01-31T00:00:00Z"}\n'):
        (tmp_path / "events.jsonl").write_text(text)
        assert event_file(settings) == tmp_path / "events.jsonl"
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("FRS_LINEAGE", str(tmp_path / "closed"))
    with pytest.raises(UsageError, match="can't be written"):
        event_file(settings)


@pytest.mark.parametrize("error", [FrsError("no room"), ValueError("Fru Hansen")])
def test_what_goes_wrong_is_a_line_of_the_log(caplog, error):
    with caplog.at_level(logging.WARNING), without_failing():
        raise error
    (line,) = caplog.messages
    assert line.startswith("FRS_LINEAGE: ")
    assert "Hansen" not in line
