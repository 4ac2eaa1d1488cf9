"""Creates the environment for the rest of ``local``.  Uses only the standard library, as nothing else is installed yet.

It is a virtual environment in `.venv`, with the packages that the commands used so far need; Azurite is under
`.local/npm`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.setup import node, venv
from local.setup.groups import Group
from local.setup.venv import say

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".local"  #: for everything that is written at run time
NPM = STATE / "npm"

_PROGRAM = ROOT / "local" / "__main__.py"
_AZURITE = ROOT / "local" / "npm"
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def enter_environment(group: Group, *, azurite: bool = False) -> None:
    """Return if this process runs in an environment that has these packages, and Azurite if wanted.

    Else install what is missing, and execute the same command again inside it.  Raises RuntimeError in another program
    than `python3 -m local`, such as pytest, which would be replaced.
    """
    _cache_bytecode()
    environment = _environment()
    is_complete = _is_complete(environment, group, azurite=azurite)
    if is_complete and Path(sys.prefix).resolve() == environment.resolve():
        return
    if Path(sys.argv[0]).resolve() != _PROGRAM:
        raise RuntimeError(f"{group.file.name} is not installed here, or has changed: start with `python3 -m local`")
    if not is_complete:
        with one_at_a_time():
            _complete(environment, group, azurite=azurite)
    command = [str(venv.python(environment)), "-m", "local", *sys.argv[1:]]
    if os.name == "nt":  # exec there returns to the shell before the new process ends
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)  # noqa: S606 -- no shell needed


def environment_apart(name: str, requirements: Path) -> Path:
    """Create a separate environment with these requirements, if missing; returns its Python."""
    environment = STATE / f"{name}-{_VERSION}"
    with one_at_a_time():
        _add(environment, requirements)
    return venv.python(environment)


def npm_apart(name: str, wanted: Path) -> Path:
    """Install the lock file in `wanted` from npm, if it is not yet; returns the folder of the packages.

    Raises RuntimeError if that fails.
    """
    into = STATE / name
    with one_at_a_time():
        if not node.is_installed(wanted, into):
            programs = node.find(Path(sys.prefix))
            if programs is None:
                raise RuntimeError(f"there is no Node {node.OLDEST} or newer to install it with")
            say(f"Installing the packages of {wanted.relative_to(ROOT).as_posix()} into .local/{name} ...")
            done = node.install(programs, wanted, into)
            if done.returncode or not node.is_installed(wanted, into):
                raise RuntimeError(f"npm could not install it: {done.stdout.strip()}")
    return into / "node_modules"


def _cache_bytecode() -> None:
    """Where nothing may be written beside the source files, as in many containers, cache bytecode under `.local`.

    Without a cache each new process compiles all that it imports, and most commands start several: two seconds each.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(STATE / "bytecode")
        sys.dont_write_bytecode = False


def _environment() -> Path:
    """Return `.venv`, or a separate one if that belongs to another Python version."""
    usual = ROOT / ".venv"
    if not usual.exists() or f"version = {_VERSION}." in _config(usual):
        return usual
    return STATE / f"venv-{_VERSION}"


def _config(environment: Path) -> str:
    config = environment / "pyvenv.cfg"
    return config.read_text().replace("version_info", "version") if config.exists() else ""


def _is_complete(environment: Path, group: Group, *, azurite: bool) -> bool:
    return venv.has(environment, group.file) and (not azurite or _has_azurite(environment))


def _has_azurite(environment: Path) -> bool:
    return node.is_installed(_AZURITE, NPM) and node.find(environment) is not None


def _complete(environment: Path, group: Group, *, azurite: bool) -> None:
    """Install what is missing; another process may have installed it meanwhile."""
    _add(environment, group.file, group.much)
    if azurite and not _has_azurite(environment):
        _install_azurite(environment)


def _add(environment: Path, requirements: Path, much: str = "") -> None:
    if not venv.has(environment, requirements):
        what, where = requirements.relative_to(ROOT).as_posix(), environment.relative_to(ROOT).as_posix()
        say(f"Installing the packages of {what} into {where}{much and f': up to {much}'} ...")
        venv.add(environment, requirements)


def _install_azurite(environment: Path) -> None:
    if node.find(environment) is None:
        say("Installing Node, which Azurite runs on: 200 MB ...")
        venv.pip(environment, node.WHEEL)
    programs = node.find(environment)
    if programs is None:
        sys.exit(f"No Node {node.OLDEST} or newer was found, and {node.WHEEL} has none for this machine: install Node.")
    say("Installing Azurite, Microsoft's storage emulator, into .local/npm: 60 MB, half a minute ...")
    done = node.install(programs, _AZURITE, NPM)
    if done.returncode or not _has_azurite(environment):
        remedy = "npm could not install Azurite.  It needs the npm registry, or a mirror in npm's configuration."
        sys.exit(f"{done.stdout.strip()}\n\n{remedy}")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Lock, so that concurrent installations do not interfere."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "install.lock").open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another process, which installs ...")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
