"""Groups of packages: each command installs those that it needs.  Uses only the standard library."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import NamedTuple


class Group(NamedTuple):
    """A file of requirements, and how much it brings with all that it includes: on disk, and in time."""

    file: Path
    much: str


_FILES = Path(__file__).resolve().parents[1] / "requirements"

WATCH = Group(_FILES / "watch.txt", "40 MB, a few seconds")
SIMULATOR = Group(_FILES / "simulator.txt", "60 MB, a few seconds")
APP = Group(_FILES / "app.txt", "90 MB, half a minute")
PLAN = Group(_FILES / "plan.txt", "160 MB, half a minute")
DRAW = Group(_FILES / "draw.txt", "310 MB, a minute")
TEST = Group(_FILES / "test.txt", "370 MB, a minute")
CHECK = Group(_FILES / "check.txt", "460 MB, a minute")


def with_included(requirements: Path) -> list[Path]:
    """Return a file of requirements and those that it includes, each once."""
    files = [requirements]
    for file in files:
        files += [path for path in _named("-r", file) if path not in files]
    return files


def specification(requirements: Path) -> str:
    """Return a hash of what is wanted: of the file, of those that it includes and obeys, and of the Python version."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for file in with_included(requirements):
        for path in (file, *_named("-c", file)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _named(option: str, file: Path) -> list[Path]:
    """Return the files that a file of requirements names by this option of pip."""
    names = re.findall(rf"^{option} (\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return [(file.parent / name).resolve() for name in names]
