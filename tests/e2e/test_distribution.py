"""What is built is the client, and works where nothing else is installed: wheel and sdist, as a release has them."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser

import pytest
from packaging.requirements import Requirement

from local.setup.bootstrap import ROOT
from shared.version import VERSION

STEM = f"itwin_job_watch-{VERSION}"
BIN = "Scripts" if os.name == "nt" else "bin"

#: A program of a user's, which mypy checks against the types that come along.
USE = """
from itwin_job_watch import JobWatch

with JobWatch("https://x.example", "key") as app:
    reveal_type(app.wait(app.start("https://api.bentley.com/x")).outcome)
wrong: int = app
"""

#: One that waits for the end of a job, and does not close.
WAIT = """
import httpx
from itwin_job_watch import JobWatch

WATCH = {"id": "a", "api": "x", "job": {}, "state": "ended", "outcome": "failed"}
WATCH |= {"startedAt": "2026-11-27T12:00:00Z", "deadline": "2026-11-28T12:00:00Z"}
jobs = JobWatch("https://x.example", "key", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=WATCH)))
print(jobs.wait("a").outcome)
"""


def run(*command, cwd, **more):
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def venv(folder, *packages):
    """The Python of a new environment with these packages and nothing else, not even pip."""
    python = folder / BIN / "python"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", *packages, cwd=ROOT)
    return python


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds in a folder, as the frontends do after they have installed what the project requires for that."""
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    python = venv(tmp_path_factory.mktemp("builder"), *requires)

    def build(hook, source, into):
        into.mkdir(exist_ok=True)
        code = f"import sys; from setuptools import build_meta; build_meta.{hook}(sys.argv[1])"
        run(python, "-c", code, into, cwd=source)
        return into / (f"{STEM}-py3-none-any.whl" if hook == "build_wheel" else f"{STEM}.tar.gz")

    return build


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout with all that belongs to it: setuptools looks at all folders."""
    left = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "build", "dist", "*.egg-info")
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("checkout") / "checkout", ignore=left)


@pytest.fixture(scope="module")
def wheel(build, checkout):
    return build("build_wheel", checkout, checkout.parent / "dist")


@pytest.fixture(scope="module")
def sdist(build, checkout):
    return build("build_sdist", checkout, checkout.parent / "dist")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The wheel in an environment of its own; its folder of programs."""
    return venv(tmp_path_factory.mktemp("installed"), wheel).parent


def contents(wheel):
    """The bytes of each file.  The list of them is no file of ours."""
    with zipfile.ZipFile(wheel) as files:
        return {name: files.read(name) for name in files.namelist() if not name.endswith("/RECORD")}


def ours():
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / "itwin_job_watch").rglob("*.py")}


def test_the_wheel_has_the_client_its_types_and_the_licence_and_nothing_else(wheel):
    found = contents(wheel)
    about = {"METADATA", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}

    assert found.keys() == {*ours(), "itwin_job_watch/py.typed"} | {f"{STEM}.dist-info/{name}" for name in about}
    assert found[f"{STEM}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_it_says_of_itself_what_the_project_says(wheel):
    about = Parser().parsestr(contents(wheel)[f"{STEM}.dist-info/METADATA"].decode())

    assert (about["Name"], about["Version"], about["License-Expression"]) == ("itwin-job-watch", VERSION, "MIT")
    assert about["License-File"] == "LICENSE"
    assert "Provides-Extra" not in about  # all that it needs comes along


def test_the_sdist_has_what_it_is_built_from_and_no_more(sdist):
    with tarfile.open(sdist) as files:
        names = {name.partition("/")[2] for name in files.getnames() if not files.getmember(name).isdir()}

    made = {"PKG-INFO", "setup.cfg"}
    assert {name for name in names if ".egg-info/" not in name} - made == {
        *ours(),
        "itwin_job_watch/py.typed",
        "itwin_job_watch/README.md",
        "shared/version.py",
        "pyproject.toml",
        "MANIFEST.in",
        "LICENSE",
    }


def test_the_sdist_builds_the_same_wheel(sdist, wheel, build, tmp_path):
    with tarfile.open(sdist) as files:
        files.extractall(tmp_path, filter="data")

    assert contents(build("build_wheel", tmp_path / STEM, tmp_path / "dist")) == contents(wheel)


def test_it_runs_where_nothing_else_is_installed(installed, tmp_path):
    program = installed / "itwin-job-watch"

    assert run(program, "--version", cwd=tmp_path) == f"itwin-job-watch {VERSION}\n"
    assert "Usage: itwin-job-watch" in run(program, "--help", cwd=tmp_path)
    assert run(installed / "python", "-m", "itwin_job_watch", "--version", cwd=tmp_path) == (
        f"itwin-job-watch {VERSION}\n"
    )


def test_it_needs_few_packages(installed, tmp_path):
    code = "from importlib.metadata import distributions; print(*(one.name.lower() for one in distributions()))"
    names = {*run(installed / "python", "-c", code, cwd=tmp_path).split()}

    assert {"click", "httpx", "itwin-job-watch", "rich"} <= names
    assert not any(name.startswith(("azure", "pydantic", "opencensus")) for name in names)


def test_it_runs_with_the_oldest_versions_that_it_allows(wheel, tmp_path):
    needs = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    least = [(need.name, one.version) for need in needs for one in need.specifier if one.operator == ">="]
    python = venv(tmp_path / "oldest", wheel, *(f"{name}=={version}" for name, version in least))

    assert len(least) >= 4
    assert run(python, "-c", WAIT, cwd=tmp_path, timeout=60) == "failed\n"
    assert "Usage: itwin-job-watch" in run(python.with_name("itwin-job-watch"), "--help", cwd=tmp_path)


def test_its_types_are_seen(installed, tmp_path):
    (tmp_path / "use.py").write_text(USE)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", installed / "python", "--config-file=", "use.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 'Revealed type is "itwin_job_watch.watch.Outcome | None"' in checked.stdout
    assert "Incompatible types in assignment" in checked.stdout
    assert "untyped" not in checked.stdout
