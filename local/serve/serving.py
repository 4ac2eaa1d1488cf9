"""`serving.json`: where the running `serve` is, for ``python3 -m local watch``.

`serve` holds a lock on it for as long as it runs: a file without one is what a killed `serve` has left behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from local.serve.folder import default_root, writing_to
from local.serve.lock import is_locked, locked
from local.setup.bootstrap import STATE

NAME = "serving.json"


@dataclass(frozen=True, slots=True)
class Serving:
    """The app that `serve` runs, and its platform."""

    url: str
    key: str
    events_url: str  #: where the platform's events are to be sent, with the key
    platform: str
    token_url: str
    client_id: str
    client_secret: str = ""  #: of the simulated platform alone

    @property
    def is_simulated(self) -> bool:
        """Return whether its platform is the simulated one."""
        return bool(self.client_secret)


@contextmanager
def published(folder: Path, serving: Serving) -> Iterator[None]:
    """Write the file during the block, readable only by this user.  The first `serve` of a folder keeps it."""
    path = folder / NAME
    with ExitStack() as held:
        with writing_to(folder):
            path.touch(mode=0o600)
            is_ours = held.enter_context(locked(path))
            if is_ours:
                path.write_text(json.dumps(asdict(serving)))
        if not is_ours:
            click.echo(f"Another `serve` runs already; `python3 -m local watch` uses that one: {path}", err=True)
        try:
            yield
        finally:
            if is_ours:
                path.unlink(missing_ok=True)


def find(folder: Path | None) -> Serving | None:
    """Return the one that runs: in this folder, or else anywhere in the usual ones.

    Returns None if there is none, and says so.  Raises `click.UsageError` if several run, or it cannot be read.
    """
    present = [path for path in _paths(folder) if path.exists()]
    running = [path for path in present if is_locked(path)]
    if len(running) > 1:
        folders = "\n".join(f"  --data {path.parent}" for path in running)
        raise click.UsageError(f"Several `serve` run here.  Choose one:\n{folders}")
    if running:
        return _read(running[0])
    if present:
        click.echo(f"Note: no `serve` runs: the one that wrote {present[0]} has ended.  Start it again.", err=True)
    elif folder:
        raise click.UsageError(f"No `serve` runs with --data {folder}.")
    else:
        click.echo("Note: no `serve` runs here.  Start it with python3 -m local serve, or name its --data.", err=True)
    return None


def _paths(folder: Path | None) -> Sequence[Path]:
    if folder:
        return [folder / NAME]
    return [STATE / NAME, *sorted(default_root(os.environ).glob(f"*/{NAME}"))]


def _read(path: Path) -> Serving:
    try:
        written: dict[str, Any] = json.loads(path.read_text())
        return Serving(**written)
    except (OSError, ValueError, TypeError):
        raise click.UsageError(
            f"{path} cannot be read: that `serve` begins, ends, or is of another version.  Try again in a moment."
        ) from None
