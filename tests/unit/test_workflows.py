"""The pipelines are what docs/deploy.md says, run nothing unpinned, and may do no more than they need."""

import os
import re
from pathlib import Path

import pytest
import yaml

from local.docs.azure_cli.find import SHELL

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
    assert permissions("test") == [{"contents": "read"}]
    assert permissions("deploy") == [{"contents": "read", "id-token": "write"}]
    assert permissions("release") == [{"contents": "write"}]


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
