"""Creates the environment for the rest of ``local``.  Uses only the standard library, as nothing else is installed yet.

It installs a virtual environment in `.venv`, the packages of `local/requirements.txt`, and Azurite under `.local/npm`.
A stamp records what was installed, so that a second start installs nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.setup import node

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".local"  #: for everything that is written at run time
NPM = STATE / "npm"

_SPECIFIED_BY = [
    ROOT / "requirements.txt",
    ROOT / "local" / "requirements.txt",
    ROOT / "local" / "npm" / "package-lock.json",
]


def enter_environment(arguments: Sequence[str]) -> None:
    """Return if this process runs in a complete environment; else create one and re-execute inside it."""
    venv = _venv()
    if not _is_complete(venv):
        with one_at_a_time():
            if not _is_complete(venv):  # no other process created it meanwhile
                _install(venv)
    if Path(sys.prefix).resolve() == venv.resolve():
        return
    command = [str(_python(venv)), "-m", "local", *arguments]
    if os.name == "nt":  # exec there returns to the shell before the new process ends
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)  # noqa: S606 -- no shell needed


def environment_apart(name: str, requirements: Path) -> Path:
    """Create a separate environment with these requirements, if missing; returns its Python."""
    venv = STATE / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    specification = hashlib.sha256(requirements.read_bytes()).hexdigest()
    with one_at_a_time():
        stamp = _stamp(venv)
        if not stamp.exists() or stamp.read_text() != specification:
            _make(venv)
            _pip(venv, "-r", str(requirements))
            stamp.write_text(specification)
    return _python(venv)


def _venv() -> Path:
    """Return `.venv`, or a separate one if that belongs to another Python version."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    usual = ROOT / ".venv"
    if not usual.exists() or f"version = {version}." in _config(usual):
        return usual
    return STATE / f"venv-{version}"


def _config(venv: Path) -> str:
    config = venv / "pyvenv.cfg"
    return config.read_text().replace("version_info", "version") if config.exists() else ""


def _python(venv: Path) -> Path:
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def _stamp(venv: Path) -> Path:
    return venv / "installed.sha256"


def _specification() -> str:
    digest = hashlib.sha256()
    for path in _SPECIFIED_BY:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_complete(venv: Path) -> bool:
    stamp = _stamp(venv)
    return stamp.exists() and stamp.read_text() == _specification() and node.azurite(NPM).exists()


def _install(venv: Path) -> None:
    _make(venv)
    _pip(venv, "-r", str(ROOT / "local" / "requirements.txt"))
    if node.find(venv) is None:
        _say("Installing Node, which Azurite runs on ...")
        _pip(venv, node.WHEEL)
    programs = node.find(venv)
    if programs is None:
        sys.exit(f"No Node {node.OLDEST} or newer was found, and {node.WHEEL} has none for this machine: install Node.")
    _say("Installing Azurite, Microsoft's storage emulator ...")
    installed = node.install(programs, ROOT / "local" / "npm", NPM)
    _check(installed, "npm could not install Azurite.  It needs the npm registry, or a mirror in npm's configuration.")
    _stamp(venv).write_text(_specification())


def _make(venv: Path) -> None:
    _say(f"Creating {venv.relative_to(ROOT)} ...")
    _run(
        [sys.executable, "-m", "venv", str(venv)],
        f"Python's venv module failed.  On Debian and Ubuntu install it: "
        f"apt install python3.{sys.version_info.minor}-venv",
    )
    _say("Installing Python packages ...")


def _pip(venv: Path, *what: str) -> None:
    _run(
        [str(_python(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what],
        "pip could not install the packages.  It needs PyPI, or a mirror in pip's configuration.",
    )


def _run(command: list[str], remedy: str) -> None:
    _check(
        subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False),
        remedy,
    )


def _check(done: subprocess.CompletedProcess[str], remedy: str) -> None:
    if done.returncode:
        sys.exit(f"{done.stdout.strip()}\n\n{remedy}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Lock, so that concurrent installations do not interfere."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "install.lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
