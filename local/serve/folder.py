"""The data folder of a `serve` against a real platform: one `serve` at a time, and the same key and port each time."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import IO, Any

import click

from local.serve.lock import lock

#: Of the files here.  It is raised when an older version could not go on with them.
FORMAT = 1

#: Where the app listens unless it is told otherwise.
PORT = 7171

#: The programs of a killed `serve` end by themselves meanwhile.
RELEASED_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays the same from start to start."""

    platform: str
    port: int
    key: str  #: of the app
    storage_key: str  #: of the storage emulator's account, in base64
    client_id: str = ""
    format: int = FORMAT


def default_root(env: Mapping[str, str]) -> Path:
    """Return the folder of all data folders: what lasts belongs to the user, not to a checkout that may be deleted.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    data = env.get("XDG_DATA_HOME", "")
    return (Path(data) if os.path.isabs(data) else Path.home() / ".local" / "share") / "itwin-job-watch"  # noqa: PTH117 -- of a text


def default_folder(platform: str, env: Mapping[str, str]) -> Path:
    """Return the folder for a platform: each has its own.

    >>> default_folder("https://qa-api.bentley.com", {"XDG_DATA_HOME": "/data"}).as_posix()
    '/data/itwin-job-watch/qa-api.bentley.com'
    """
    return default_root(env) / platform.partition("://")[2].replace(":", "-").strip("[]")


def data_option(path: Path, platform: str, env: Mapping[str, str]) -> str:
    """Return what a `watch` must be told to find this folder: nothing, if it is the one where it looks by itself.

    >>> data_option(Path("/mnt/a b"), "https://api.bentley.com", {})
    " --data '/mnt/a b'"
    """
    return "" if path == default_folder(platform, env) else f" --data {quote(str(path))}"


@dataclass(frozen=True, slots=True)
class Folder:
    """An open data folder, which belongs to this process and the programs that it starts."""

    path: Path
    identity: Identity
    lock: IO[str]  #: held by whoever has inherited it

    @property
    def storage(self) -> Path:
        """The folder of the storage emulator."""
        return self.path / "storage"

    @property
    def key_file(self) -> Path:
        """The file with the app's key."""
        return self.path / "key"

    def remember(self, client_id: str) -> None:
        """Keep what need not be given again, once it worked: this, and the port; raises `click.ClickException`."""
        with writing_to(self.path):
            _write(self.path / "identity.json", json.dumps(asdict(replace(self.identity, client_id=client_id))))


@contextmanager
def opened(path: Path, platform: str, port: int | None) -> Iterator[Folder]:
    """Open or create it during the block; raises `click.ClickException` with what to do."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        file = (path / "serve.lock").open("a+")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be used: {error.strerror}.  Name a folder with --data.") from None
    with file:
        with writing_to(path):
            _take(file, path)
            identity = _identity(path, platform, port)
            _write(path / "key", identity.key + "\n")
        folder = Folder(path, identity, file)
        _refuse_damage(folder)
        yield folder


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Say why a file of the folder cannot be written, e.g. that the disk is full."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written to: {error.strerror}") from None


def _take(file: IO[str], path: Path) -> None:
    """Lock it, once the programs of a killed predecessor have ended; leaves this process's number in it."""
    give_up = time.monotonic() + RELEASED_WITHIN.total_seconds()
    while not lock(file):
        if (pid := _holder(file)) or time.monotonic() > give_up:
            about = f" (process {pid})" if pid else ""
            raise click.ClickException(
                f"Another `serve` runs with {path}{about}: stop it first, or name another folder with --data."
            )
        time.sleep(0.2)
    os.truncate(file.fileno(), 0)
    # Past the buffer of `file`: what cannot be written would be tried again when that is closed.
    os.write(file.fileno(), str(os.getpid()).encode())


def _holder(file: IO[str]) -> int | None:
    """Return the process that opened the folder, if it still runs."""
    file.seek(0)
    # Another user's has the number of one that has ended; a number that is none, or too large, is of no process.
    with suppress(ValueError, OverflowError, ProcessLookupError, PermissionError):
        pid = int(file.read())
        os.kill(pid, 0)
        return pid
    return None


def _identity(path: Path, platform: str, port: int | None) -> Identity:
    file = path / "identity.json"
    if file.exists():
        known = _known(file)
        if known.platform != platform:
            raise click.ClickException(f"{path} belongs to {known.platform}: name another folder with --data.")
    else:
        storage_key = base64.b64encode(secrets.token_bytes(64)).decode()
        known = Identity(platform, PORT, secrets.token_hex(20), storage_key)
        _write(file, json.dumps(asdict(known)))
    return replace(known, port=port or known.port)


def _known(file: Path) -> Identity:
    try:
        written: dict[str, Any] = json.loads(file.read_text())
        if written["format"] > FORMAT:
            raise click.ClickException(f"{file.parent} was written by a newer version: upgrade this one.")
        return Identity(**written)
    except (ValueError, TypeError, KeyError):
        raise _damaged(file) from None


def _refuse_damage(folder: Folder) -> None:
    """Look at the files of storage before the emulator does, which would begin anew without a missing one."""
    files = [folder.storage / f"__azurite_db_{service}__.json" for service in ("queue", "table")]
    if not any(file.exists() for file in files):
        return
    for file in files:
        try:
            json.loads(file.read_bytes())
        except (OSError, ValueError):
            raise _damaged(file) from None


def _damaged(file: Path) -> click.ClickException:
    return click.ClickException(
        f"{file} is missing or damaged.  Restore the folder from a backup; or move it away and begin anew, without the"
        " watches in it."
    )


def _write(file: Path, text: str) -> None:
    """Replace a file, readable only by this user: it is whole whenever the process stops."""
    new = file.with_name(file.name + "~")
    new.touch(mode=0o600)
    with new.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
