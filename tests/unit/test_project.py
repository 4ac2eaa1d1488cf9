"""What a visitor of the repository finds: one licence, forms to fill in, settings for tools."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from shared.version import VERSION

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FORMS = [*(ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")]
UPDATES = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]

#: The files that each kind of update reads.
READ = {
    "pip": ["requirements.txt", "local/requirements/*.txt"],
    "npm": ["local/*/package-lock.json", "tests/*/*/package-lock.json"],
}


def test_the_licence_is_one():
    text = (ROOT / "LICENSE").read_text()
    (holder,) = re.findall(r"^Copyright \(c\) \d{4} (.+)$", text, re.MULTILINE)

    assert text.startswith(f"{PYPROJECT['project']['license']} License\n")
    assert PYPROJECT["project"]["license-files"] == ["LICENSE"]
    assert PYPROJECT["project"]["authors"] == [{"name": holder}]
    assert "MIT" in (ROOT / PYPROJECT["project"]["readme"]).read_text()
    assert not any(one.startswith("License ::") for one in PYPROJECT["project"]["classifiers"])  # PEP 639


@pytest.mark.parametrize("form", [form for form in FORMS if form.stem != "config"], ids=lambda form: form.stem)
def test_a_form_can_be_shown(form):
    """GitHub's documentation, "Syntax for GitHub's form schema"."""
    written = yaml.safe_load(form.read_text())
    fields = [field for field in written["body"] if field["type"] != "markdown"]

    assert written.keys() <= {"name", "description", "labels", "body"}
    assert {"name", "description", "body"} <= written.keys()
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)
    assert all(field["attributes"]["options"] for field in fields if field["type"] == "dropdown")


def test_other_issues_may_be_opened_too():
    (config,) = [yaml.safe_load(form.read_text()) for form in FORMS if form.stem == "config"]

    assert config["blank_issues_enabled"] is True
    assert all(link.keys() == {"name", "url", "about"} for link in config["contact_links"])


@pytest.mark.parametrize("page", [*FORMS, ROOT / ".github/pull_request_template.md", ROOT / "SECURITY.md"], ids=str)
def test_files_that_are_named_are_here(page):
    for name in re.findall(r"\b(?:docs/)?[\w-]+\.md\b", page.read_text()):
        assert (ROOT / name).exists(), name


def test_each_kind_of_dependency_is_kept_new_wherever_it_is():
    asked = {
        (update["package-ecosystem"], folder)
        for update in UPDATES
        for folder in update.get("directories", [update.get("directory")])
    }
    found = {
        (kind, f"/{path.parent.relative_to(ROOT).as_posix()}".removesuffix("."))
        for kind, patterns in READ.items()
        for pattern in patterns
        for path in ROOT.glob(pattern)
    }

    assert asked == found | {("github-actions", "/")}


@pytest.mark.parametrize("lock", [lock for at in READ["npm"] for lock in ROOT.glob(at)], ids=lambda at: at.parent.name)
def test_npm_packages_come_from_whatever_registry_npm_is_set_to(lock):
    packages = json.loads(lock.read_text())["packages"]

    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_check_before_a_commit_is_the_check():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = repository["hooks"]

    assert (repository["repo"], hook["language"], hook["pass_filenames"]) == ("local", "system", False)
    assert hook["entry"] == "python3 -m local check"


def test_a_container_has_the_python_of_azure_and_can_be_prepared():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    script = container["postCreateCommand"].removeprefix("bash ")
    (azure,) = re.findall(
        r"^param pythonVersion string = '([\d.]+)'$", (ROOT / "infra/main.bicep").read_text(), re.MULTILINE
    )

    assert container["image"] == f"mcr.microsoft.com/devcontainers/python:{azure}"
    assert os.access(ROOT / script, os.R_OK)


def test_editors_and_ruff_break_lines_alike():
    lengths = re.findall(r"^max_line_length = (\d+)$", (ROOT / ".editorconfig").read_text(), re.MULTILINE)

    assert lengths == [str(PYPROJECT["tool"]["ruff"]["line-length"])]


def test_the_gallery_of_azd_knows_the_project():
    """https://learn.microsoft.com/contribute/content/contribute-add-sample has the fields; azd's gallery reads them."""
    (head,) = re.findall(r"\A<!--\n---\n(.*?)\n---\n-->\n# ", (ROOT / "README.md").read_text(), re.DOTALL)
    fields = yaml.safe_load(head)

    assert fields["page_type"] == "sample"
    assert fields["urlFragment"] == yaml.safe_load((ROOT / "azure.yaml").read_text())["name"]
    assert {"azdeveloper", "python", "bicep"} <= {*fields["languages"]}
    assert "azure-functions" in fields["products"]


def test_this_version_has_notes():
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert heads[:2] == ["Unreleased", VERSION]
