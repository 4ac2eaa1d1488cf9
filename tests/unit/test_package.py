"""The two programs that deploy pack the app and nothing else, whatever lies about in a developer's folder."""

import shutil
import subprocess
from pathlib import Path

import pytest

from local.setup import package
from local.setup.package import packed_by_azd, packed_by_func

ROOT = Path(__file__).parents[2]
IGNORED = (ROOT / ".funcignore").read_text()

APP = {
    "function_app.py",
    "LICENSE",
    "constraints.txt",
    "host.json",
    "requirements.txt",
    *(
        path.relative_to(ROOT).as_posix()
        for kind in ("html", "css", "js")
        for path in (ROOT / "functions" / "support" / "web_page").glob(f"*.{kind}")
    ),
    *(path.relative_to(ROOT).as_posix() for part in ("functions", "shared") for path in (ROOT / part).rglob("*.py")),
}
LIES_ABOUT = (
    ".git/config",
    ".azure/job-watch/.env",
    ".azure/job-watch/config.json",
    ".env",
    ".github/workflows/test.yml",
    ".local/x",
    ".python_packages/lib/site-packages/x.py",
    ".venv/lib/shared/x.py",
    "checkout_env/lib/x.py",
    "venv/lib/functions/x.py",
    "local.settings.json",
    "local.settings.example.json",
    "functions/local.settings.json",
    "secret.pem",
    "shared/.env",
    "shared/secret.txt",
    "shared/core/.env",
    "shared/core/notes.md",
    "shared/__pycache__/x.cpython-313.pyc",
    "shared/core/__pycache__/x.cpython-313.pyc",
    "functions/support/page.css",
    "functions/support/web_page/notes.md",
    "functions/support/web_page/.env",
    "node_modules/x/shared/x.py",
    "build/lib/functions/x.py",
    "x.egg-info/PKG-INFO",
    ".coverage",
    "setup.py",
    "docs/function_app.py",
    "infra/main.json",
    "infra/hooks/postprovision.sh",
    "tests/unit/host.json",
    "local/shared/x.py",
    "a name with blanks/x.py",
)

by_each = pytest.mark.parametrize("packed", [packed_by_func, packed_by_azd])


def lay(folder, *names, ignored=IGNORED):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / ".funcignore").write_text(ignored)
    return folder


def names(paths):
    return {path.as_posix() for path in paths}


@by_each
def test_what_is_packed_of_this_folder_is_the_app_and_nothing_else(packed):
    assert names(packed()) == APP


@by_each
def test_what_lies_about_is_left_behind(packed, tmp_path):
    assert names(packed(lay(tmp_path, *APP, *LIES_ABOUT))) == APP


def test_git_reads_the_file_as_azd_does(tmp_path):
    """But for what azd leaves out itself."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    lay(tmp_path, *APP, *LIES_ABOUT[1:])
    subprocess.run([git, "init", "--quiet", tmp_path], check=True)

    listed = subprocess.run(
        [git, "ls-files", "--others", "--exclude-from=.funcignore"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(listed.stdout.split("\n")) - {""} == names(packed_by_azd(tmp_path))


FOUND = ("__pycache__/x.pyc", "shared/__pycache__/x.pyc", "shared/.env", "shared/build/y", "x.py", "x.python")
SHARED = " ".join(FOUND[1:4])


@pytest.mark.parametrize(
    ("ignored", "not_by_func", "not_by_azd"),
    [
        ("# all", "", ""),
        ("__pycache__", "__pycache__/x.pyc", "__pycache__/x.pyc shared/__pycache__/x.pyc"),
        ("build", "", "shared/build/y"),
        ("x.py", "x.py", "x.py"),
        ("x", "x.py x.python", ""),  # up to the end of a word
        ("/shared", SHARED, SHARED),
        ("/shared/", "shared/__pycache__/x.pyc shared/build/y", SHARED),
        ("*\n!x.py", " ".join(FOUND[:4]) + " x.python", " ".join(FOUND[:4]) + " x.python"),
        ("!x.py\n*", " ".join(FOUND[:4]) + " x.python", " ".join(FOUND)),  # the last line that fits decides
        ("shared\n!shared/build", "shared/__pycache__/x.pyc shared/.env", SHARED),
        ("**/*.pyc", "shared/__pycache__/x.pyc __pycache__/x.pyc", "shared/__pycache__/x.pyc __pycache__/x.pyc"),
    ],
)  # fmt: skip
def test_each_program_reads_in_its_own_way(ignored, not_by_func, not_by_azd, tmp_path):
    lay(tmp_path, *FOUND, ignored=ignored)

    assert set(FOUND) - names(packed_by_func(tmp_path)) == set(not_by_func.split())
    assert set(FOUND) - names(packed_by_azd(tmp_path)) == set(not_by_azd.split())


def test_what_is_built_is_what_func_packs(tmp_path):
    package.build(tmp_path / "app")

    assert {
        path.relative_to(tmp_path / "app").as_posix() for path in (tmp_path / "app").rglob("*") if path.is_file()
    } == APP
