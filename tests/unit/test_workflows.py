"""The pipelines are what docs/deploy.md says, run nothing unpinned, and may do no more than they need."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from local.docs.azure_cli.find import SHELL
from tests.standins import StandIns

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")}
JOBS = {
    (name, job): yaml.safe_load(text)["jobs"][job]
    for name, text in WORKFLOWS.items()
    for job in yaml.safe_load(text)["jobs"]
}
STEPS = [(*key, step) for key, job in JOBS.items() for step in job["steps"]]

each = pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)


@each
def test_actions_are_pinned_to_a_commit_and_say_their_version(text):
    used = re.findall(r"uses: (.+)", text)

    assert used
    assert [line for line in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


@each
def test_values_from_outside_reach_no_script_but_through_its_environment(text):
    assert [step["run"] for _, _, step in STEPS if "${{" in step.get("run", "")] == []
    assert "pull_request_target" not in text


def permissions(workflow):
    declared = yaml.safe_load(WORKFLOWS[workflow])
    return [job.get("permissions", declared["permissions"]) for job in declared["jobs"].values()]


def test_each_may_do_what_it_needs_and_no_more():
    assert permissions("test") == [{"contents": "read"}] * 2
    assert permissions("deploy") == [{"contents": "read", "id-token": "write"}]
    assert permissions("release") == [{"contents": "write"}, {"contents": "read", "id-token": "write"}]


def test_no_password_signs_in():
    (login,) = [step["with"] for *_, step in STEPS if step.get("uses", "").startswith("azure/login")]

    assert login.keys() == {"client-id", "tenant-id", "subscription-id"}
    assert re.findall(r"secrets\.\w+", "".join(WORKFLOWS.values())) == ["secrets.ITWIN_CLIENT_SECRET"]


@pytest.mark.parametrize("script", [step["run"] for *_, step in STEPS if "run" in step])
def test_scripts_parse_and_call_what_is_here(script):
    assert not SHELL.parse(script.encode()).root_node.has_error
    for path in re.findall(r"^\s*((?:infra|\.ci)/\S+)$", script, re.MULTILINE):
        assert os.access(ROOT / path, os.X_OK)


def test_what_is_set_up_is_told():
    page = (ROOT / "docs/deploy.md").read_text()
    told = page.partition("\n## From a pipeline\n")[2].partition("\n## ")[0]

    for name in set(re.findall(r"\b(?:vars|secrets)\.(\w+)", WORKFLOWS["deploy"])):
        assert f"`{name}`" in told
    assert "environment: production" in WORKFLOWS["deploy"]
    assert "environment:production" in told  # what the federated credential is for


def test_the_button_reads_what_a_release_makes():
    page = (ROOT / "docs/deploy.md").read_text()

    assert "git push --force" in WORKFLOWS["release"]
    assert "--initial-branch template" in WORKFLOWS["release"]
    assert re.search(
        r"portal\.azure\.com/#create/Microsoft\.Template/uri/https%3A%2F%2Fraw\.githubusercontent\.com%2F\S+%2Ftemplate%2Fmain\.json",
        page,
    )


def test_each_python_that_is_supported_is_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    supported = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))

    assert JOBS["test", "test"]["strategy"]["matrix"]["python"] == supported
    assert project["requires-python"] == f">={supported[0]}"


def released(step_name, tag, tmp_path, **files):
    """What comes of a step of the release of a tag, in a folder with these files."""
    (script,) = [step["run"] for *_, step in STEPS if step.get("name", "").startswith(step_name)]
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],  # noqa: S607 -- wherever it is
        cwd=tmp_path,
        env={"PATH": StandIns(tmp_path, "python", "uv").path, "GITHUB_REF_NAME": tag},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("tag", "status"), [("v1.2.3", 0), ("v1.2.30", 1), ("v1.2", 1)])
@pytest.mark.skipif(os.name == "nt", reason="GitHub runs it on Linux")
def test_a_tag_is_the_version(tag, status, tmp_path):
    done = released("Build the client", tag, tmp_path, **{"dist__itwin_job_watch-1.2.3.tar.gz": ""})

    assert done.returncode == status
    assert ("is not the version" in done.stderr) == bool(status)


NOTES = "# Changelog\n\n## Unreleased\n\n- x\n\n## 1.10.0 - 2027-01-01\n\n- a\n- b\n\n## 1.1.0 - 2026-12-01\n\n- c\n"


@pytest.mark.parametrize(
    ("tag", "notes"), [("v1.10.0", "- a\n- b"), ("v1.1.0", "- c"), ("v1.1", None), ("v2.0.0", None)]
)
@pytest.mark.skipif(os.name == "nt", reason="GitHub runs it on Linux")
def test_the_notes_of_a_release_are_those_of_the_changelog(tag, notes, tmp_path):
    done = released("Take the notes", tag, tmp_path, **{"CHANGELOG.md": NOTES})

    assert (done.returncode == 0) == (notes is not None)
    assert (tmp_path / "notes.md").read_text().strip() == (notes or "")


def test_nothing_is_published_unless_somebody_has_set_it_up():
    assert JOBS["release", "publish"]["if"] == "vars.PUBLISH_TO_PYPI == 'true'"
    assert JOBS["release", "publish"]["environment"] == "pypi"
