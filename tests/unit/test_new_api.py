"""`python3 -m local api new` writes what can be imported and checked, and marks what a person must still read."""

import json
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from local.api.command import api as command
from local.api.missing import missing
from local.api.new import write
from local.api.plan import Plan, UnfitError, check
from local.setup.bootstrap import ROOT
from shared.apis import APIS
from shared.core.model import Outcome
from shared.core.remote import RUNNING

PLAN = Plan(
    name="bridge-load-tests",
    path="/bridges/{bridgeId}/tests/{testId}",
    status_at="test.state",
    source="https://developer.bentley.com/apis/bridges-v3/operations/get-test",
    given={"going": "running", "held": "succeeded", "fell": "failed"},
    ids=["b7", "cc3d35cc-416a-4262-9714-b359da70b419"],
)
TOUCHED = ["shared/apis", "local/simulator/apis", "tests/contract/exchanges", "docs/apis"]
FILES = ["tests/integration/simulator/family.py", "itwin_job_watch/api_names.py", "README.md", "docs/apis.md"]
FILES += ["pyproject.toml", "itwin_job_watch/__init__.py"]


@pytest.fixture
def root(tmp_path):
    for folder in TOUCHED:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def value_in(root, plan):
    return runpy.run_path(str(root / f"shared/apis/{plan.module}.py"))[plan.constant]


def test_the_value_is_what_was_said(root):
    write(PLAN, root)

    api = value_in(root, PLAN)
    assert (api.name, api.path, api.status_at) == (PLAN.name, PLAN.path, PLAN.status_at)
    assert api.headers == {"Accept": "application/vnd.bentley.itwin-platform.v3+json"}
    assert api.vocabulary == {"going": RUNNING, "held": Outcome.SUCCEEDED, "fell": Outcome.FAILED}
    assert api.guids == {"testId"}


def test_every_list_names_it_and_every_file_is_clean(root):
    files = write(PLAN, root)

    python = [str(file) for file in files if file.suffix == ".py"]
    for tool in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *tool, *python], cwd=root, check=True)
    for file in ("shared/apis/__init__.py", "local/simulator/apis/__init__.py"):
        assert (root / file).read_text().count(PLAN.constant) == 2
    assert "bridge-load-tests" in (root / "tests/integration/simulator/family.py").read_text()
    assert "bridge-load-tests" in (root / "itwin_job_watch/api_names.py").read_text()


def test_what_is_left_is_named(root):
    write(PLAN, root)

    lines = missing(value_in(root, PLAN), root)
    assert all("\n" not in line for line in lines)
    for part in (
        "shared/apis/bridge_load_tests.py, line 1:",
        "tests/contract/exchanges/bridge-load-tests.json, line ",
        "local/simulator/apis/bridge_load_tests.py, line ",
        "local/simulator/apis: the simulator does not serve bridge-load-tests",
        "tests/integration/simulator/family.py: TODO in the Kind of bridge-load-tests",
        "local/trials/scenario: no job of bridge-load-tests",
        "docs/apis/bridge-load-tests.md, line 3:",
        "README.md: bridge-load-tests is not in it",
        "docs/apis.md: bridge-load-tests is not in it",
    ):
        assert any(line.startswith(part) for line in lines), part


def test_exchanges_that_say_too_little_are_named(root):
    file = root / "tests/contract/exchanges/library.json"
    recorded = json.loads(file.read_text())
    kept = [one for one in recorded["answers"] if one.get("status") != 429 and one["sees"].get("status") != "Aborted"]
    file.write_text(json.dumps(recorded | {"answers": kept, "opaque": []}))

    assert missing(APIS["library"], root) == [
        "tests/contract/exchanges/library.json: no answer has the word Aborted",
        "tests/contract/exchanges/library.json: no answer for 429",
        'tests/contract/exchanges/library.json: no "opaque" ids',
    ]


def test_words_that_every_api_has_are_asked_for(root):
    write(replace(PLAN, given={}), root)

    assert [*value_in(root, PLAN).vocabulary] == ["TODO: running", "TODO: succeeded", "TODO: failed"]


@pytest.mark.parametrize("name", ["library", "reality-analysis", "synchronization-storage"])
def test_further_fields_are_taken_over_to_be_checked(root, name):
    """With the member and the ids that the new API has."""
    write(replace(PLAN, like=name), root)

    api, like = value_in(root, PLAN), APIS[name]
    assert [place.partition(".")[0] for place in api.reasons_at] == ["test"] * len(like.reasons_at)
    assert api.polling == like.polling
    assert any(f"TODO: as in {name}" in line for line in missing(api, root))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": "Bridge"}, "lower-case"),
        ({"name": "library"}, "there already"),
        ({"name": "b" * 25}, "at most 24"),
        ({"name": "import"}, "Python file"),
        ({"path": "bridges/{bridgeId}"}, "write it like"),
        ({"path": "/bridges"}, "write it like"),
        ({"path": "/bridges/{bridge_id}"}, "write it like"),
        ({"path": "/bridges/{id}/{id}"}, "write it like"),
        ({"path": "/Library/jobs/{id}"}, "URLs of library"),
        ({"path": '/bridges/{id}?name="{test}"'}, "write it like"),
        ({"source": PLAN.source + '"""'}, "developer.bentley.com"),
        ({"status_at": "test..state"}, "dotted path"),
        ({"source": "https://example.com/page"}, "developer.bentley.com"),
        ({"ids": ["1", "2", "3"]}, "no more than 2"),
        ({"like": "libary"}, "most like it: library"),
    ],
)
def test_what_cannot_be_is_refused(wrong, why):
    with pytest.raises(UnfitError, match=why):
        check(replace(PLAN, **wrong), APIS)


def test_an_api_that_is_a_copy_cannot_be_the_model(root):
    with pytest.raises(UnfitError, match="a copy of another"):
        write(replace(PLAN, like="synchronization-manifest"), root)

    assert not (root / "shared/apis/bridge_load_tests.py").exists()


@pytest.mark.parametrize(
    "file",
    [
        "local/simulator/apis/imodels.py",
        "shared/apis/imodels.py",
        "tests/contract/exchanges/imodels.json",
        "docs/apis/imodels.md",
    ],
)
def test_no_file_of_something_else_is_written_over(root, file):
    """The simulator has a file for each family of APIs."""
    (root / file).write_text("mine")
    before = {path: path.read_bytes() for path in root.rglob("*.*")}

    with pytest.raises(UnfitError, match=r"imodels.* is there already"):
        write(replace(PLAN, name="imodels"), root)

    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before


def test_the_command_says_what_is_wrong_with_a_word():
    options = ["--path", "/a/{id}", "--status-at", "a.b", "--source", PLAN.source, "--word", "Done=good"]
    result = CliRunner().invoke(command, ["new", "bridges", *options])

    assert result.exit_code == 2
    assert "Done=good: write WORD=MEANING" in result.output


def test_nothing_is_missing_of_those_that_are_there():
    result = CliRunner().invoke(command, ["missing", "library", "export"])

    assert (result.exit_code, result.output) == (0, "nothing\n")
