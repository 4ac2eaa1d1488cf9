"""Has the real azure-cli parse each command: an unknown option or a missing argument is found without an account."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from local.docs.azure_cli.find import everywhere
from local.setup.bootstrap import STATE, environment_apart

HERE = Path(__file__).parent
PARSED = 77  #: keep in-sync with parse.py, which imports nothing from here


def check_all(console: Console) -> int:
    """Check all commands, and print what is wrong; returns the exit status."""
    python = environment_apart("azure-cli", HERE / "requirements.txt")
    found = list(everywhere())
    said = {tuple(command): wrong_with(command, python) for _, command in found}
    for path, command in found:
        if error := said[tuple(command)]:
            console.print(f"{path}: az {shlex.join(command)}\n  {error}", markup=False, highlight=False)
    bad = sum(bool(said[tuple(command)]) for _, command in found)
    console.print(f"{len(found)} commands of az, {bad} of them wrong.", highlight=False)
    return 1 if bad or not found else 0


def wrong_with(command: Sequence[str], python: Path) -> str:
    """Return what azure-cli says of a command, or nothing if it can be parsed."""
    env = os.environ | {
        "AZURE_CONFIG_DIR": str(STATE / "azure-cli"),  # not the user's own, which may be signed in
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
    }
    done = subprocess.run(
        [str(python), str(HERE / "parse.py"), *command],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == PARSED:
        return ""
    return done.stderr.strip().split("\n")[0] or "it did not come to be parsed"
