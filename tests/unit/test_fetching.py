"""Where surveys are fetched from, the login, what is kept of a fetch, and folders that are whole or not there."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from support.fetched import SURVEYS, Played, logged_in
from support.study import STUDY
from support.survey_server import PASSWORD, USER

from frs_pipeline.collection import fetching
from frs_pipeline.collection.fetching import Export, chosen, configured, exports, fetch, readable, require_intact
from frs_pipeline.collection.folders import beside
from frs_pipeline.collection.login import Login, read_login
from frs_pipeline.collection.surveyxact import SurveyXact
from frs_pipeline.errors import Busy, CheckFailed, InputError, UsageError
from frs_pipeline.operations.doctor import _fetching
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.about import about
from frs_pipeline.study.fetching import Fetch, on_this_machine
from frs_pipeline.study.questionnaires import questionnaires

GOOD: dict[str, Any] = {"address": "https://surveys.example/rest", "format": "EU", "language": "da", "surveys": {"initiator": 7}}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("played"))


def fetched(settings: Settings, *names: str) -> list[tuple[str, bool]]:
    told = configured(settings.study)
    return [(one.export.instrument, one.new) for one in fetch(settings, names, SurveyXact(told, read_login()))]


# What a study says ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    [
        "http://surveys.example/rest",  # forms and a login would go over the network for all to read
        "http://localhost/rest",  # a name server has a say in that
        "https://someone:secret@surveys.example/rest",
        "https://surveys.example/rest?format=EU",
        "https://surveys.example/rest#part",
        "https://surveys.example/re st",
        "https://surveys.example:port/rest",
        "https:///rest",
        "surveys.example/rest",
        "ftp://surveys.example/rest",
        "file:///etc/passwd",
        "https://surveys.example/rest\\n",
    ],
)
def test_addresses_that_are_refused_and_not_repeated(played: Played, address: str) -> None:
    study = played.configure(json.dumps(address).replace("\\\\n", "\\n")).study
    with pytest.raises(InputError) as error:
        about(study)
    assert re.search(r"study\.yaml:\d+: address: it ", str(error.value))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("address", ["https://surveys.example/rest/", "http://127.0.0.1:8080/rest", "http://[::1]:8080/rest"])
def test_addresses_that_are_taken(address: str) -> None:
    assert Fetch(**{**GOOD, "address": address}).address == address.rstrip("/")


def test_which_hosts_are_this_machine() -> None:
    assert [on_this_machine(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "localhost")] == [
        *(True, True, True),
        *(False, False),
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"surveys": "{initiater: 7}"}, "there is no questionnaire initiater (is initiator meant?)"),
        ({"surveys": "{initiator: 7, coordinator: 7}"}, "survey 7 is another questionnaire's already"),
        ({"surveys": "{}"}, "surveys"),
        ({"surveys": "{initiator: 0}"}, "initiator: 0 isn't allowed (more than 0)"),
        ({"format": "CSV"}, "'CSV' isn't allowed (one of: EU, INTL_US)"),
        ({"language": "sv"}, "'sv' isn't allowed (one of: da, en)"),
        ({"daily": '"24:00"'}, "daily"),
        ({"password": "secret"}, "password isn't a key here"),
        ({"seconds": 0}, "seconds"),
    ],
)
def test_what_a_study_says_wrongly_is_said_with_its_line(played: Played, lines: dict[str, object], said: str) -> None:
    study = played.configure("https://surveys.example/rest", **lines).study
    with pytest.raises(InputError) as error:
        about(study)
    assert said in str(error.value)
    assert "study.yaml:" in str(error.value)


def test_a_study_that_fetches_nothing_says_so() -> None:
    with pytest.raises(UsageError, match="doesn't say where surveys are fetched from"):
        chosen(STUDY, [])


def test_only_some_surveys(played: Played) -> None:
    study = played.configure("https://surveys.example/rest").study
    assert chosen(study, []) == [*SURVEYS]
    assert chosen(study, ["coordinator", "initiator"]) == ["initiator", "coordinator"]
    with pytest.raises(UsageError, match=r"initiater: no survey of this questionnaire is fetched \(is initiator meant\?\)"):
        chosen(study, ["initiater"])


def test_where_exports_are_fetched_from_changes_no_result(played: Played) -> None:
    """Another address, or another password's file, is no reason to count again; anything else in the same file is."""
    from frs_pipeline.store.plan import definition_hash

    def made_by(study: Any) -> set[str]:
        return {definition_hash(study, product.definitions) for product in products(study).values()}

    before = made_by(played.configure("https://surveys.example/rest").study)
    assert made_by(played.configure("https://elsewhere.example/rest").study) == before
    path = played.settings.study.folder / "study.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\ncases: true\n", "\ncases: false\n"), encoding="utf-8")
    try:
        assert made_by(played.settings.study) != before
    finally:
        path.write_text(text, encoding="utf-8")


# The login --------------------------------------------------------------------------------------------------------------
def test_a_login_shows_itself_to_nobody() -> None:
    login = Login(USER, PASSWORD)
    for shown in (repr(login), str(login), f"{login}", repr([login]), repr(SurveyXact(Fetch(**GOOD), login))):
        assert PASSWORD not in shown
        assert login.header().split()[1] not in shown
    assert not hasattr(login, "__dict__")
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="isn't written anywhere"):
            write(login)


def test_a_login_with_danish_letters_is_sent_as_utf8() -> None:
    # "æ:ø" as UTF-8 is C3 A6 3A C3 B8.
    assert Login("æ", "ø").header() == "Basic w6Y6w7g="


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FRS_FETCH_USER", "FRS_FETCH_PASSWORD", "FRS_FETCH_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRS_FETCH_LOGIN_FILE", str(tmp_path / "login"))
    return tmp_path / "login"


def write(place: Path, content: bytes, mode: int = 0o600) -> None:
    place.write_bytes(content)
    place.chmod(mode)


@pytest.mark.parametrize("content", [f"{USER}\n{PASSWORD}\n", f"{USER}\r\n{PASSWORD}", f"\ufeff{USER}\n\n{PASSWORD}\n"])
def test_a_login_of_a_file(place: Path, content: str) -> None:
    write(place, content.encode())
    assert read_login().header() == Login(USER, PASSWORD).header()
    place.chmod(0o400)
    assert read_login().header() == Login(USER, PASSWORD).header()


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"someone\nsecret\n", 0o640, "that others can read, or that somebody else owns"),
        (b"someone\nsecret\n", 0o604, "that others can read, or that somebody else owns"),
        (b"someone:secret\n", 0o600, "that isn't two lines of UTF-8"),
        (b"someone\nsecret\nmore\n", 0o600, "that isn't two lines of UTF-8"),
        (b"someone\nsecret\xff\n", 0o600, "that isn't two lines of UTF-8"),
        (b"", 0o600, "that isn't two lines of UTF-8"),
        (b"some:one\nsecret\n", 0o600, "a colon in the user name"),
        (b"someone\nsec\x07ret\n", 0o600, "a sign that isn't printable"),
        (b"someone\n" + b"secret" * 700, 0o600, "of more than 4096 bytes"),
    ],
)
def test_a_file_that_is_no_login_is_refused_and_not_quoted(place: Path, content: bytes, mode: int, said: str) -> None:
    write(place, content, mode)
    with pytest.raises(InputError) as error:
        read_login()
    assert said in str(error.value)
    assert "secret" not in str(error.value)
    assert error.value.__context__ is None


def test_a_pipe_in_the_place_of_the_file_keeps_nobody_waiting(place: Path) -> None:
    os.mkfifo(place, 0o600)
    with pytest.raises(InputError, match="names something that isn't a file"):
        read_login()


def test_a_zone_that_is_missing_is_made_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    zone, before = tmp_path / "data" / "fetched", os.umask(0)
    try:
        with beside(zone / "one" / "now", zone) as waiting:
            waiting.put()
    finally:
        os.umask(before)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (zone, zone / "one", zone / "one" / "now")] == [0o700] * 3


def test_a_login_in_the_place_of_its_file_is_not_repeated(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for named in ("someone:secret", str(place.parent)):
        monkeypatch.setenv("FRS_FETCH_LOGIN_FILE", named)
        with pytest.raises(InputError) as error:
            read_login()
        assert "FRS_FETCH_LOGIN_FILE: names " in str(error.value)
        assert "secret" not in str(error.value)


def test_a_login_that_is_there_twice_or_by_half(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, b"someone\nsecret\n")
    monkeypatch.setenv("FRS_FETCH_USER", "someone")
    with pytest.raises(InputError, match="FRS_FETCH_LOGIN_FILE: and FRS_FETCH_USER both give a login"):
        read_login()
    monkeypatch.delenv("FRS_FETCH_LOGIN_FILE")
    with pytest.raises(InputError, match="there is no FRS_FETCH_PASSWORD to fetch with"):
        read_login()


# What is kept -----------------------------------------------------------------------------------------------------------
def test_the_same_content_is_kept_once_and_other_content_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(f"2021-03-0{day}T02-00-05Z" for day in range(1, 7))
    monkeypatch.setattr(fetching, "_moment", lambda _: next(moments))
    played = Played(tmp_path)
    with played.serving() as server:
        assert fetched(played.settings, "initiator") == [("initiator", True)]
        assert fetched(played.settings, "initiator") == [("initiator", False)]
        (only,) = exports(played.settings, "initiator")
        assert (only.time, only.seen) == ("2021-03-01T02-00-05Z", "2021-03-02T02-00-05Z")
        assert only.when == "2021-03-01 02:00:05 UTC"
        played.delivery.set("initiator", 0, konflikt="1" if played.delivery.get("initiator", 0, "konflikt") != "1" else "2")
        server.mode = "chunked"  # another way of sending the same bytes
        assert fetched(played.settings, "initiator") == [("initiator", True)]
        assert fetched(played.settings, "initiator") == [("initiator", False)]
    first, second = exports(played.settings, "initiator")
    assert (first.seen, second.seen) == ("2021-03-02T02-00-05Z", "2021-03-04T02-00-05Z")
    assert first.hashes["dataset.csv"] != second.hashes["dataset.csv"]
    assert first.hashes["structure.csv"] == second.hashes["structure.csv"]
    dataset = (second.folder / "dataset.csv").read_bytes()
    assert dataset == played.delivery.path("initiator/dataset.csv").read_bytes()
    require_intact(second)
    (second.folder / "dataset.csv").write_bytes(dataset + b"\r\n")
    with pytest.raises(InputError, match=r"dataset\.csv: isn't what was fetched: its receipt says otherwise"):
        require_intact(second)
    (second.folder / "receipt.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match=r"receipt\.json: isn't the receipt of an export"):
        exports(played.settings, "initiator")


def test_two_fetches_at_once_are_one_too_many(tmp_path: Path) -> None:
    played = Played(tmp_path)
    with played.serving():
        told = configured(played.settings.study)
        running = fetch(played.settings, [], SurveyXact(told, read_login()))
        next(running)
        assert fetching.is_fetching(played.settings)
        with pytest.raises(Busy, match="another process is fetching"):
            fetched(played.settings)
        running.close()
        assert not fetching.is_fetching(played.settings)
        assert len(fetched(played.settings, "initiator")) == 1


def test_what_the_newest_delivery_accepts_is_accepted_of_a_fetch(tmp_path: Path) -> None:
    """A wording that somebody accepted for a whole export; without that, and after its last day, it is refused."""
    played = Played(tmp_path)
    text = next(q.text for q in questionnaires(STUDY)["initiator"].questions if q.name == "conflict").encode("cp1252")
    path = played.delivery.path("initiator/structure.csv")
    assert text in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(text, text + b" (1-5)"))
    decided = played.data / "raw" / "2020-12-31"
    decided.mkdir(parents=True)
    with played.serving():
        with pytest.raises(InputError, match=r"\[wording_drifted\]"):
            fetched(played.settings, "initiator")
        lines = "form;rule;column;reason;who;expires\n;wording_drifted;;{why};KL;{day}\n"
        accepted = decided / "exceptions.csv"
        accepted.write_text(lines.format(why="a misprint", day="2021-01-01"), encoding="utf-8")
        with pytest.raises(InputError, match=r"\[wording_drifted\]"):
            fetched(played.settings, "initiator")
        accepted.write_text(lines.format(why="a misprint", day="2999-01-01"), encoding="utf-8")
        assert fetched(played.settings, "initiator") == [("initiator", True)]


def test_times_are_written_for_people() -> None:
    assert readable("2021-03-01T02-00-05Z") == "2021-03-01 02:00:05 UTC"


def test_an_export_knows_nothing_of_a_login() -> None:
    assert {"login", "user", "password"} & set(Export.__dataclass_fields__) == set()


def test_doctor_looks_at_the_login_and_at_who_may_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(tmp_path)
    for name in ("FRS_FETCH_USER", "FRS_FETCH_PASSWORD", "FRS_FETCH_LOGIN_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert list(_fetching(played.settings)) == []
    with played.serving():
        fetched(played.settings, "initiator")
        (found,) = _fetching(played.settings)
        assert (found.sound, found.detail) == (True, "1 of 4 surveys fetched; a login is named here")
    (found,) = _fetching(played.settings)
    assert (found.sound, found.detail) == (True, "1 of 4 surveys fetched; no login is named here")
    monkeypatch.setenv("FRS_FETCH_LOGIN_FILE", str(tmp_path / "nothing"))
    (found,) = _fetching(played.settings)
    assert (found.sound, "names a file that can't be read" in found.detail) == (False, True)
    monkeypatch.delenv("FRS_FETCH_LOGIN_FILE")
    played.settings.fetched.chmod(0o755)
    (found,) = _fetching(played.settings)
    assert (found.sound, "can be entered by others: chmod 700" in found.detail) == (False, True)


# Folders ----------------------------------------------------------------------------------------------------------------
def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    zone, target = tmp_path / "zone", tmp_path / "zone" / "2021-01-31"
    with beside(target, zone) as waiting:
        (waiting.folder / "file").write_text("whole", encoding="ascii")
        assert not target.exists()
    assert list(zone.iterdir()) == []
    with pytest.raises(ValueError, match="amid it"), beside(target, zone):
        raise ValueError("amid it")
    with pytest.raises(CheckFailed), beside(target, zone):
        raise CheckFailed("no")
    assert list(zone.iterdir()) == []
    with beside(target, zone) as waiting:
        (waiting.folder / "file").write_text("whole", encoding="ascii")
        waiting.put()
    assert [path.relative_to(zone).as_posix() for path in sorted(zone.rglob("*"))] == ["2021-01-31", "2021-01-31/file"]
    with pytest.raises(InputError, match="is there already, and is never changed"), beside(target, zone) as waiting:
        waiting.put()
    assert (target / "file").read_text(encoding="ascii") == "whole"


def test_what_is_in_the_way_is_never_replaced(tmp_path: Path) -> None:
    for name, make in (("a", Path.mkdir), ("b", Path.touch), ("c", lambda path: path.symlink_to("nowhere"))):
        make(tmp_path / name)
        with pytest.raises(InputError, match="is there already"), beside(tmp_path / name, tmp_path) as waiting:
            waiting.put()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_what_a_killed_process_left_is_swept_away_and_what_another_fills_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".2021-01-31.left.tmp"
    dead.mkdir()
    (dead / "claim").touch()
    with beside(tmp_path / "one", tmp_path) as other:
        with beside(tmp_path / "two", tmp_path) as waiting:
            waiting.put()
        assert other.folder.is_dir()
        assert not dead.exists()
        other.put()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_the_environment_of_tests_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_FETCH_USER", "before")
    with logged_in():
        assert read_login().header() == Login(USER, PASSWORD).header()
