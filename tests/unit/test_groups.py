import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.setup import groups, node, venv
from local.setup.groups import specification, with_included

ROOT = Path(__file__).parents[2]
GROUPS = {name.lower(): group for name, group in vars(groups).items() if isinstance(group, groups.Group)}

#: What the commands import, and what their processes do.
NEEDED = {
    "watch": ["local.cli", "itwin_job_watch.cli"],
    "simulator": ["local.simulator.__main__"],
    "app": [
        *(
            "local.trials.run",
            "local.trials.chaos",
            "local.serve.simulated",
            "local.serve.real",
            "local.host.__main__",
            "local.host.worker",
        ),
        *("function_app", "shared.telemetry.exporter", "shared.wiring", "local.docs.api_names", "local.docs.api_pages"),
    ],
    "plan": ["local.plan.command"],
}

#: Other packages import it if it is there.
OPTIONAL = {"sniffio", "socks"}

IMPORTED = """
import sys
before = set(sys.modules)
for name in sys.argv[1:]:
    __import__(name)
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


def wanted(file):
    lines = re.findall(r"^(?!-)[^#\s].*?(?=\s+#|$)", file.read_text(), re.MULTILINE)
    return [Requirement(line) for line in lines]


def brought(group):
    """The distributions that a group brings, with all that they need."""
    found, left = set(), [need for file in with_included(group.file) for need in wanted(file)]
    while left:
        need = left.pop()
        name = canonicalize_name(need.name)
        applies = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *need.extras))
        if applies and name not in found:
            found.add(name)
            try:
                left += [Requirement(text) for text in requires(name) or ()]
            except PackageNotFoundError:
                continue
    return found


@pytest.mark.parametrize("name", NEEDED)
def test_a_group_has_whatever_its_commands_import(name):
    command = [sys.executable, "-W", "ignore", "-c", IMPORTED, *NEEDED[name]]
    modules = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    owners = packages_distributions()
    has = brought(GROUPS[name])
    installed = {
        module: {canonicalize_name(owner) for owner in owners[module]} for module in modules if module in owners
    }
    missing = {module for module, these in installed.items() if not these & has}
    assert missing <= OPTIONAL, f"to be added to local/requirements/{name}.txt, or imported only where it is used"


def test_each_group_is_part_of_the_next_one():
    files = [group.file for group in GROUPS.values()]
    for smaller, larger in pairwise(files):
        assert smaller in with_included(larger)
    apart = ROOT / "local/requirements/release.txt"  # for an environment of its own
    rest = {*(ROOT / "local/requirements").glob("*.txt")} - {apart}
    assert set(with_included(files[-1])) == {ROOT / "requirements.txt", *rest}


def test_a_package_has_one_range_wherever_it_is_named():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = defaultdict(set)
    everywhere = [need for file in with_included(GROUPS["check"].file) for need in wanted(file)]
    for need in [*everywhere, *map(Requirement, project["dependencies"])]:
        ranges[need.name].add(str(need.specifier))
    assert {name: several for name, several in ranges.items() if len(several) > 1} == {}


def test_watch_has_what_the_command_line_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {str(need) for need in wanted(GROUPS["watch"].file)} == {
        *map(str, map(Requirement, project["dependencies"]))
    }


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "a name with blanks"
    (folder / "more").mkdir(parents=True)
    (folder / "more/large.txt").write_text("# more\n-r small.txt\n-r ../app.txt\nx\n")
    (folder / "more/small.txt").write_text("-r ../app.txt\ny  # -r other.txt\n")
    (folder / "app.txt").write_text("z\n")
    return folder


def test_included_files_are_found_once(files):
    assert with_included(files / "more/large.txt") == [
        files / name for name in ("more/large.txt", "more/small.txt", "app.txt")
    ]


@pytest.mark.parametrize("changed", ["more/large.txt", "more/small.txt", "app.txt"])
def test_a_change_of_any_included_file_is_noticed(files, changed):
    before = specification(files / "more/large.txt")
    (files / changed).write_text((files / changed).read_text() + "new\n")
    assert specification(files / "more/large.txt") != before


def test_another_version_of_python_is_noticed(files, monkeypatch):
    before = specification(files / "app.txt")
    monkeypatch.setattr(sys, "version_info", (3, 99, 0, "final", 0))
    assert specification(files / "app.txt") != before


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Where one is, and what pip was told, which does nothing."""
    where, told = tmp_path / "venv", []

    def make(_):
        venv.python(where).parent.mkdir(parents=True, exist_ok=True)
        venv.python(where).touch()

    monkeypatch.setattr(venv, "_make", make)
    monkeypatch.setattr(venv, "pip", lambda _, *what: told.append(what))
    return where, told


def test_what_is_installed_is_remembered_with_what_it_includes(environment, files):
    where, told = environment
    assert not venv.has(where, files / "more/large.txt")
    venv.add(where, files / "more/small.txt")
    assert told == [("-r", str(files / "more/small.txt"))]
    assert [venv.has(where, files / name) for name in ("more/large.txt", "more/small.txt", "app.txt")] == [
        False,
        True,
        True,
    ]


def test_a_change_of_requirements_is_installed_again(environment, files):
    where, _ = environment
    venv.add(where, files / "more/large.txt")
    (files / "more/small.txt").write_text("y\n")
    assert [venv.has(where, files / name) for name in ("more/large.txt", "more/small.txt", "app.txt")] == [
        False,
        False,
        True,
    ]


def test_an_installation_that_fails_is_not_remembered(environment, files, monkeypatch):
    where, _ = environment
    monkeypatch.setattr(venv, "pip", lambda *_: sys.exit("no network"))
    with pytest.raises(SystemExit):
        venv.add(where, files / "app.txt")
    assert not venv.has(where, files / "app.txt")


def test_an_environment_without_its_python_has_nothing(environment, files):
    where, _ = environment
    venv.add(where, files / "app.txt")
    venv.python(where).unlink()
    assert not venv.has(where, files / "app.txt")


@pytest.mark.parametrize("packages", ["lib/python3.11/site-packages", "Lib/site-packages"])
def test_pip_installs_a_package_again_whose_installation_was_cut_off(environment, files, packages):
    where, _ = environment
    whole, cut = (where / packages / f"{name}-1.0.dist-info" for name in ("whole", "cut"))
    for package in (whole, cut):
        package.mkdir(parents=True)
        (package / "METADATA").touch()
    (whole / "INSTALLER").write_text("pip\n")
    venv.add(where, files / "app.txt")
    assert whole.exists()
    assert not cut.exists()


def test_npm_packages_are_installed_when_npm_says_so_of_this_very_lock(tmp_path):
    wanted, into = tmp_path / "wanted", tmp_path / "into"
    for folder in (wanted, into / "node_modules"):
        folder.mkdir(parents=True)
    assert not node.is_installed(wanted, into)
    for folder in (wanted, into):
        (folder / "package-lock.json").write_text("{}")
    assert not node.is_installed(wanted, into)
    (into / "node_modules/.package-lock.json").write_text("{}")
    assert node.is_installed(wanted, into)
    (wanted / "package-lock.json").write_text('{"new": 1}')
    assert not node.is_installed(wanted, into)
