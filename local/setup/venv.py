"""A virtual environment that grows by files of requirements.  Uses only the standard library.

A stamp for each file records what was installed, so that nothing is installed twice.  Whatever was cut off is done
again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.setup.groups import specification, with_included


def python(venv: Path) -> Path:
    """Return its Python."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def has(venv: Path, requirements: Path) -> bool:
    """Tell whether it has what the file wants now."""
    stamp = _stamp(venv, requirements)
    return python(venv).exists() and stamp.exists() and stamp.read_text() == specification(requirements)


def add(venv: Path, requirements: Path) -> None:
    """Install what the file wants.  Makes the environment if there is none, or none that works."""
    _make(venv)
    _forget_unfinished(venv)
    pip(venv, "-r", str(requirements))
    for file in with_included(requirements):
        stamp = _stamp(venv, file)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(specification(file))


def pip(venv: Path, *what: str) -> None:
    """Install something else."""
    # Python compiles what it imports, when it does.  To compile all takes seconds, and a third more of the disk.
    options = ["--no-compile", "--progress-bar", "off", "--disable-pip-version-check"]
    _run(
        [str(python(venv)), "-m", "pip", "install", *options, *what],
        "pip could not install the packages.  It needs PyPI, or a mirror in pip's configuration.",
    )


def say(text: str) -> None:
    """Tell the user what is going on."""
    print(text, file=sys.stderr, flush=True)


def _stamp(venv: Path, requirements: Path) -> Path:
    return venv / "installed" / f"{requirements.stem}.sha256"


def _make(venv: Path) -> None:
    works = [str(python(venv)), "-m", "pip", "--version"]
    if python(venv).exists() and subprocess.run(works, capture_output=True, check=False).returncode == 0:
        return
    _run(
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        f"Python's venv module failed.  On Debian and Ubuntu install it: "
        f"apt install python3.{sys.version_info.minor}-venv",
    )


def _forget_unfinished(venv: Path) -> None:
    """Remove what makes pip believe that a package is there whose installation was cut off.

    pip writes INSTALLER after all files of a package (pip/_internal/operations/install/wheel.py).
    """
    for package in (*venv.glob("lib/python*/site-packages/*.dist-info"), *venv.glob("Lib/site-packages/*.dist-info")):
        if not (package / "INSTALLER").exists():
            shutil.rmtree(package)


def _run(command: Sequence[str], remedy: str) -> None:
    """Run a program; shows the last line of its output, and all of it if it fails."""
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            _show(line.strip())
    _show("")
    if process.returncode:
        sys.exit(f"{''.join(lines[-20:])}\n{remedy}")


def _show(line: str) -> None:
    """Replace the last line of the terminal."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{line[:width]:<{width}}\r", end="", file=sys.stderr, flush=True)
