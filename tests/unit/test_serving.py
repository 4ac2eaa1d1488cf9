"""How `watch` finds the `serve` that runs."""

import json
import sys
import threading

import click
import pytest

from local.serve import serving as module
from local.serve.lock import is_locked, lock
from local.serve.serving import Serving, find, published
from local.serve.watching import name_the_app

REAL = Serving("http://127.0.0.1:7171", "k", "https://hook.example/api/events?code=k", "https://p", "https://t", "id")
SIMULATED = Serving("http://127.0.0.1:1", "k", "http://127.0.0.1:1/e", "http://s", "http://s/t", "service-local", "s")


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")

if sys.platform != "win32":
    import fcntl


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Neither finds what runs on this machine."""
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setattr(module, "STATE", state)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def data(home):
    folder = home / "itwin-job-watch" / "api.bentley.com"
    folder.mkdir(parents=True)
    return folder


def test_none_runs(capsys):
    assert find(None) is None
    assert "no `serve` runs here" in capsys.readouterr().err


def test_one_that_runs_is_found(data, home):
    with published(data, REAL):
        assert find(None) == find(data) == REAL
        assert (data / "serving.json").stat().st_mode & 0o077 == 0
    assert not (data / "serving.json").exists()

    with published(home / "state", SIMULATED):
        assert find(None) == SIMULATED


def test_a_file_that_was_left_behind_is_said_to_be_one(data, capsys):
    with published(data, REAL):
        text = (data / "serving.json").read_text()
    (data / "serving.json").write_text(text)

    assert find(None) is None
    assert "no `serve` runs: the one that wrote" in capsys.readouterr().err


def test_of_several_one_must_be_chosen(data, home):
    with published(data, REAL), published(home / "state", SIMULATED):
        with pytest.raises(click.UsageError, match=f"--data {data}"):
            find(None)
        assert find(data) == REAL


def test_a_folder_without_one_is_named(home):
    with pytest.raises(click.UsageError, match="No `serve` runs with --data"):
        find(home)


def test_the_second_in_a_folder_leaves_the_file_to_the_first(data, capsys):
    with published(data, REAL):
        with published(data, SIMULATED):
            assert find(data) == REAL
        assert json.loads((data / "serving.json").read_text())["platform"] == "https://p"
    assert "Another `serve` runs already" in capsys.readouterr().err


@POSIX
def test_who_looks_is_not_taken_for_one_that_runs(data, capsys):
    path = data / "serving.json"
    path.write_text("{}")
    with path.open() as looking:
        lock(looking, shared=True)
        assert not is_locked(path)  # another look
        done = threading.Timer(0.1, lambda: fcntl.flock(looking, fcntl.LOCK_UN))
        done.start()
        with published(data, REAL):
            assert find(data) == REAL
        done.join()
    assert capsys.readouterr().err == ""


@POSIX
def test_one_that_ends_meanwhile_has_ended(data):
    assert not is_locked(data / "serving.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "x", "newer": 1}'])
def test_one_that_cannot_be_read_is_named(data, text):
    with published(data, REAL):
        (data / "serving.json").write_text(text)

        with pytest.raises(click.UsageError, match=r"serving\.json cannot be read"):
            find(None)


def test_the_command_line_is_told_of_it(data):
    env = {"ITWIN_CLIENT_ID": "mine", "ITWIN_CLIENT_SECRET": "my secret", "ITWIN_API_URL": "https://other"}
    with published(data, REAL):
        name_the_app(env, None, ["webhooks", "list"])

    assert env == {
        "ITWIN_JOB_WATCH_URL": REAL.url,
        "ITWIN_JOB_WATCH_KEY": "k",
        "ITWIN_JOB_WATCH_EVENTS_URL": REAL.events_url,
        "ITWIN_API_URL": "https://p",
        "ITWIN_TOKEN_URL": "https://t",
        "ITWIN_CLIENT_ID": "mine",
        "ITWIN_CLIENT_SECRET": "my secret",
    }


def test_the_simulated_platform_gets_no_real_secret(home):
    env = {"ITWIN_CLIENT_ID": "mine", "ITWIN_CLIENT_SECRET": "my secret"}
    with published(home / "state", SIMULATED):
        name_the_app(env, None, ["list"])

    assert (env["ITWIN_CLIENT_ID"], env["ITWIN_CLIENT_SECRET"]) == ("service-local", "s")


@pytest.mark.parametrize("arguments", [["--url", "https://app", "--key", "k", "list"], ["list", "--help"], []])
def test_another_app_and_help_need_none(data, arguments):
    env: dict[str, str] = {}
    with published(data, REAL):
        name_the_app(env, None, arguments)

    assert env == {}


def test_an_app_of_the_environment_comes_first(data):
    env = {"ITWIN_JOB_WATCH_URL": "https://app"}
    with published(data, REAL):
        name_the_app(env, None, ["list"])

    assert env == {"ITWIN_JOB_WATCH_URL": "https://app"}
