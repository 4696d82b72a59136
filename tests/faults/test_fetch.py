"""A survey's server that misbehaves: one line each, nothing of it is kept, and the last good export and delivery stay."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
import trustme
from support import keys
from support.fetched import Played, logged_in
from support.serving import until
from support.survey_server import PASSWORD, USER, Server, mute, serving

from frs_pipeline.collection import surveyxact
from frs_pipeline.collection.delivering import deliver
from frs_pipeline.collection.fetching import Fetched, exports, fetch, is_fetching
from frs_pipeline.collection.login import Login, read_login
from frs_pipeline.collection.surveyxact import SurveyXact
from frs_pipeline.errors import InputError
from frs_pipeline.study.about import about
from frs_pipeline.study.fetching import Fetch

DAY = "2021-01-31"
# How a server misbehaves, what is said of it, and on which part of the export.
WRONG = {
    "forbidden": ("answers 403", "structure"),
    "broken": ("answers 503", "structure"),
    "header_only dataset": ("holds no forms, only a header row: an empty survey, or a filter that failed", "dataset"),
    "header_only structure": ("describes no question: only a header row is there", "structure"),
    "header_only labels": ("has no labels", "labels"),
    "half": ("its answer was cut short", "structure"),
    "half dataset": ("its answer was cut short", "dataset"),
    "half_chunked dataset": ("its answer was cut short", "dataset"),
    "no_length labels": ("doesn't say how long its answer is", "labels"),
    "compressed": ("answers compressed", "structure"),
    "elsewhere": ("redirects to another host, elsewhere.example (302), and no redirect is followed", "structure"),
    "elsewhere dataset": ("redirects to another host, elsewhere.example (302)", "dataset"),
    "moved": ("redirects elsewhere (301), and no redirect is followed", "structure"),
    "nowhere": ("redirects elsewhere (302)", "structure"),
    "long_length": ("", "structure"),
    "page": ("answers with a web page (HTML)", "structure"),
    "page_as_csv dataset": ("answers with a web page (HTML)", "dataset"),
    "nothing": ("answers with nothing", "structure"),
    "hangs_up": ("closed the connection without an answer", "structure"),
    "large": ("its answer is larger than 1 megabytes", "structure"),
    "two_lengths": ("closed the connection without an answer that can be understood", "structure"),
    "endless": ("its answer is larger than 1 megabytes", "structure"),
    "json": ("the header isn't that of a SurveyXact structure file", "structure"),
    "utf16_as_nothing": ("holds null bytes", "structure"),
    "utf8_twice": ("was saved in a wrong encoding", "structure"),
    "exchanged structure": ("", ""),
    "exchanged dataset": ("question", "dataset"),
    "exchanged labels": ("", "labels"),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A study that has fetched once, and delivered that: the last good state, which has to stay."""
    played = Played(tmp_path_factory.mktemp("played"))
    with played.serving():
        fetched(played)
    deliver(played.settings, DAY, played.given())
    # What there is to fetch is different by now.
    played.delivery.set("participant_first", 0, helefrs="1")
    return played


def fetched(played: Played, **bounds: float) -> list[Fetched]:
    settings = played.settings
    told = about(settings.study).fetch
    assert told is not None
    return list(fetch(settings, [], SurveyXact(told, read_login(), **bounds)))


def refused(played: Played, **bounds: float) -> str:
    """The line that a fetch ends with, which has left nothing behind and holds no login, however it is looked at."""
    before = played.kept()
    with pytest.raises(InputError) as error:
        fetched(played, **bounds)
    line = str(error.value)
    assert "\n" not in line
    assert error.value.do
    shown = [line, repr(error.value), *traceback.format_exception(error.value), *map(str, vars(error.value).values())]
    assert [text for text in shown if hidden(text)] == []
    # Causes hold the request, which holds the login; a debugger or a report of errors walks along them.
    assert (error.value.__cause__, error.value.__context__) == (None, None)
    assert played.kept() == before
    return line


def hidden(text: str) -> bool:
    return any(secret in text for secret in (USER, PASSWORD, Login(USER, PASSWORD).header().split()[1]))


@pytest.mark.parametrize("mode", WRONG)
def test_a_server_that_misbehaves(played: Played, mode: str) -> None:
    said, part = WRONG[mode]
    with played.serving(mode, megabytes=1) as server:
        line = refused(played)
    assert said in line
    assert f"{server.address}/surveys/101/export/{part}" in line
    assert {method for method, _ in server.asked} == {"GET"}
    assert all("/surveys/101/" in path for _, path in server.asked), "the first failure ends it"


def test_a_login_that_is_wrong_or_missing_answers_500_which_is_said_in_words(played: Played) -> None:
    with played.serving() as server, logged_in(password="wrong"):
        line = refused(played)
    assert "answers 500, as SurveyXact does where a login is missing, wrong or may not read the survey" in line
    assert len(server.asked) == 1


def test_another_number_than_the_surveys(played: Played) -> None:
    with played.serving(surveys="{participant_first: 999}"):
        assert "answers 404: there is no such survey" in refused(played)
    with played.serving(surveys="{participant_first: 104}"):
        assert "/surveys/104/export/" in refused(played)


@pytest.mark.parametrize("mode", ["silent", "drips", "drips dataset", "drips_chunked", "drips_header"])
def test_a_slow_server_ends(played: Played, mode: str) -> None:
    with played.serving(mode):
        began = time.monotonic()
        line = refused(played, seconds=0.4)
        assert time.monotonic() - began < 2.5
    assert "didn't answer in full within 0.4 seconds" in line


def test_a_server_that_stops_answering_ends_before_that(played: Played) -> None:
    with played.serving("silent"):
        assert "stopped answering" in refused(played, read=0.2)


def test_a_handshake_that_never_ends(played: Played) -> None:
    with mute() as address, logged_in():
        played.configure(f"https://{address}/rest")
        assert "didn't answer in full within 0.3 seconds" in refused(played, seconds=0.3)


def test_nobody_there(played: Played) -> None:
    with serving({}) as server:
        address = server.address
    with logged_in():
        played.configure(address)
        assert "no connection could be made" in refused(played)


def secured(played: Played, authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_a_certificate_is_verified(played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an authority that nobody trusts, of another name, and good; only the last is ever sent a login."""
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(tmp_path / "ours.pem"))

    def over(context: ssl.SSLContext, expected: str | None) -> Server:
        with serving(played.exports, secure=context) as server, logged_in():
            monkeypatch.setenv("FRS_FETCH_CA_FILE", str(tmp_path / "ours.pem"))
            played.configure(server.address)
            if expected is None:
                name = "structure"
                with (tmp_path / name).open("wb") as file:
                    told = about(played.settings.study).fetch
                    assert isinstance(told, Fetch)
                    SurveyXact(told, read_login()).save(101, name, file)
                return server
            assert expected in refused(played)
            return server

    assert over(secured(played, theirs, "127.0.0.1"), "its certificate can't be trusted: ").asked == []
    assert over(secured(played, ours, "elsewhere.example"), "its certificate can't be trusted: IP address mismatch").asked == []
    assert len(over(secured(played, ours, "127.0.0.1"), None).asked) == 1
    monkeypatch.setenv("FRS_FETCH_CA_FILE", str(tmp_path / "nothing.pem"))
    with logged_in():
        monkeypatch.setenv("FRS_FETCH_CA_FILE", str(tmp_path / "nothing.pem"))
        assert "FRS_FETCH_CA_FILE: names a file that isn't there" in refused(played)


def test_no_proxy_and_no_netrc_of_the_environment_is_used(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n", encoding="ascii")
    (tmp_path / ".netrc").chmod(0o600)
    with played.serving() as server, mute() as proxy:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy}")
        monkeypatch.setenv("ALL_PROXY", f"http://{proxy}")
        told = about(played.settings.study).fetch
        assert told is not None
        with (tmp_path / "structure").open("wb") as file:
            answer = SurveyXact(told, read_login(), seconds=5).save(101, "structure", file)
    assert answer.bytes == (tmp_path / "structure").stat().st_size > 0
    assert len(server.asked) == 1


def test_a_disk_without_room_leaves_nothing(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = played.kept()
    monkeypatch.setattr(surveyxact.SurveyXact, "save", full)
    with played.serving(), pytest.raises(Exception, match="cannot be written: No space left on device"):
        fetched(played)
    assert played.kept() == before


def test_a_fetch_that_is_killed_leaves_nothing_that_anybody_takes_for_an_export(tmp_path: Path) -> None:
    """Killed amid the forms, when two of three files are there; the next fetch sweeps away what is left."""
    played = Played(tmp_path)
    with played.serving("drips dataset") as server:
        environment = {**keys.environment_of(played.data), "FRS_FETCH_USER": USER, "FRS_FETCH_PASSWORD": PASSWORD}
        command = [sys.executable, "-m", "frs_pipeline.cli", "fetch", "initiator"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: any(path.stat().st_size for path in (played.data / "fetched").glob(".*.tmp/*/labels.csv")), 30)
        assert is_fetching(played.settings)
        process.kill()
        process.wait()
        assert exports(played.settings, "initiator") == []
        assert not is_fetching(played.settings)
        server.mode = ""
        settings = played.settings
        told = about(settings.study).fetch
        assert told is not None
        assert [one.new for one in fetch(settings, ["initiator"], SurveyXact(told, read_login()))] == [True]
    assert sorted(path.name for path in (played.data / "fetched").iterdir()) == [".lock", "initiator"]
