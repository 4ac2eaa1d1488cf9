"""The data folder of `serve`."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace

import click
import pytest

from local.serve.folder import FORMAT, PORT, _holder, data_option, default_folder, opened
from local.serve.serving import NAME, Serving, published
from local.setup.bootstrap import ROOT

PLATFORM = "https://api.bentley.com"
SERVING = Serving("http://x", "k", "http://x/events", PLATFORM, "", "service-1")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "with a blank" / "data"


def identity(path):
    with opened(path, PLATFORM, None) as folder:
        return folder.identity


def test_key_and_port_stay(path):
    first = identity(path)

    assert identity(path) == first
    assert first.port == PORT
    assert len(first.key) == 40


@pytest.mark.parametrize("first", [True, False])
def test_a_port_that_worked_stays_too(path, first):
    if not first:
        identity(path)
    with opened(path, PLATFORM, 7272) as folder:
        assert folder.identity.port == 7272
    assert identity(path).port == PORT  # another program may have it

    with opened(path, PLATFORM, 7272) as folder:
        folder.remember("service-1")
    assert identity(path).port == 7272


def test_watch_is_told_of_a_folder_where_it_does_not_look(path):
    env = {"XDG_DATA_HOME": str(path.parent)}

    assert data_option(path, PLATFORM, env) == f" --data '{path}'"
    assert data_option(default_folder(PLATFORM, env), PLATFORM, env) == ""


def test_an_id_is_remembered(path):
    with opened(path, PLATFORM, None) as folder:
        folder.remember("service-1")

    assert identity(path).client_id == "service-1"


def test_what_cannot_be_remembered_is_said(path):
    with opened(path, PLATFORM, None) as folder:
        (path / "identity.json~").mkdir()  # the file that replaces the other
        with pytest.raises(click.ClickException) as raised:
            folder.remember("service-1")

    assert str(raised.value) == f"{path} cannot be written to: Is a directory"


def test_a_place_that_cannot_be_published_is_said(path):
    path.mkdir(parents=True)
    (path / NAME).mkdir()

    with pytest.raises(click.ClickException) as raised, published(path, SERVING):
        pass

    assert str(raised.value) == f"{path} cannot be written to: Is a directory"


@POSIX
def test_only_its_user_can_read_it(path):
    with opened(path, PLATFORM, None) as folder:
        assert path.stat().st_mode & 0o777 == 0o700
        assert {file.name: file.stat().st_mode & 0o077 for file in (folder.key_file, path / "identity.json")} == {
            "key": 0,
            "identity.json": 0,
        }
        assert folder.key_file.read_text().strip() == folder.identity.key


@POSIX
def test_it_is_for_one_at_a_time(path):
    with (
        opened(path, PLATFORM, None),
        pytest.raises(click.ClickException, match=rf"Another `serve` runs with .*data \(process {os.getpid()}\)"),
        opened(path, PLATFORM, None),
    ):
        pass

    identity(path)  # it is free again


#: Opens the folder, starts a program that lasts a moment longer and has the lock too, and is killed.
KILLED = f"""
import os, signal, subprocess, sys
from pathlib import Path
from local.serve.folder import opened
with opened(Path(sys.argv[1]), "{PLATFORM}", None) as folder:
    subprocess.Popen(["sleep", "1"], pass_fds=[folder.lock.fileno()])
    os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
def test_the_programs_of_a_killed_one_are_waited_for(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    began = time.monotonic()

    identity(path)

    assert time.monotonic() - began > 0.2  # it was locked


@POSIX
@pytest.mark.parametrize("number", ["9" * 30, "", "x", "\0"])
def test_a_number_that_is_of_no_process_is_none(path, number):
    identity(path)
    lock = path / "serve.lock"
    with lock.open("a+") as file:
        lock.write_text(number)

        assert _holder(file) is None


#: Looks who holds a folder, as a user who may not signal others' processes.
AS_ANOTHER = """
import os, sys
from local.serve.folder import _holder
with open(sys.argv[1], "a+") as file:
    if os.geteuid() == 0:
        os.setuid(65534)
    print(_holder(file))
"""


@POSIX
def test_a_process_of_another_user_has_the_number_of_one_that_has_ended(path):
    identity(path)
    (path / "serve.lock").write_text("1")

    asked = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, str(path / "serve.lock")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (asked.stdout, asked.stderr) == ("None\n", "")


#: Opens the folder on a disk that takes nothing more.
FULL = f"""
import resource, sys
from pathlib import Path
import click
from local.serve.folder import opened
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    with opened(Path(sys.argv[1]), "{PLATFORM}", None):
        pass
except click.ClickException as error:
    print(error.message)
"""


@POSIX
def test_a_full_disk_is_said_to_be_one(path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == (f"{path} cannot be written to: File too large\n", "")


def test_it_belongs_to_one_platform(path):
    identity(path)

    with (
        pytest.raises(click.ClickException, match=r"belongs to https://api\.bentley\.com"),
        opened(path, "https://qa-api.bentley.com", None),
    ):
        pass


def test_one_of_a_newer_version_is_left_alone(path):
    newer = replace(identity(path), format=FORMAT + 1)
    (path / "identity.json").write_text(json.dumps(asdict(newer)))

    with pytest.raises(click.ClickException, match="newer version"):
        identity(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1, "platform": 2, "other": 3}'])
def test_a_damaged_identity_is_named(path, text):
    identity(path)
    (path / "identity.json").write_text(text)

    with pytest.raises(click.ClickException, match=r"identity\.json is missing or damaged"):
        identity(path)


@pytest.mark.parametrize("damage", ["{", None])
def test_damaged_storage_is_not_begun_anew(path, damage):
    with opened(path, PLATFORM, None) as folder:
        folder.storage.mkdir()
        (folder.storage / "__azurite_db_queue__.json").write_text("{}")
        table = folder.storage / "__azurite_db_table__.json"
        if damage:
            table.write_text(damage)

    with pytest.raises(click.ClickException, match=r"table__\.json is missing or damaged"):
        identity(path)


def test_a_place_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(click.ClickException, match="--data"), opened(tmp_path / "file" / "data", PLATFORM, None):
        pass
