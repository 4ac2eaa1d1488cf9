"""The app registration is made by a script, as the app's authentication needs it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.standins import StandIns

SCRIPT = Path(__file__).parents[2] / "infra/entra.sh"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
PATCH = "az rest --method patch --url https://graph.microsoft.com/v1.0/applications(appId='my-app') "

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script")


@pytest.fixture
def standins(tmp_path):
    standins = StandIns(tmp_path, "az")
    standins.answer({"az ad app create": [(0, "my-app\r")]})
    return standins


def run(standins, *arguments):
    return subprocess.run(
        [SCRIPT, *arguments], env={"PATH": standins.path}, capture_output=True, text=True, check=False
    )


def patches(standins):
    return [json.loads(call.partition(" --body ")[2])["api"] for call in standins.calls if call.startswith(PATCH)]


def test_tokens_are_of_version_two_for_a_scope_that_the_azure_cli_may_use(standins):
    done = run(standins)

    assert done.returncode == 0, done.stderr
    first, second = patches(standins)
    (scope,) = first["oauth2PermissionScopes"]
    assert first["requestedAccessTokenVersion"] == 2
    assert (scope["value"], scope["type"], scope["isEnabled"]) == ("user_impersonation", "User", True)
    assert first["preAuthorizedApplications"] == []
    assert second == first | {
        "preAuthorizedApplications": [{"appId": AZURE_CLI, "delegatedPermissionIds": [scope["id"]]}]
    }
    assert '"identifierUris": ["api://my-app"]' in standins.calls[3]
    assert "entraClientId = 'my-app'" in done.stdout
    assert "api://my-app/.default" in done.stdout


def test_run_again_it_changes_nothing(standins):
    run(standins)
    once = patches(standins)
    standins.answer({"az ad app create": [(0, "my-app")], "az ad sp list": [(0, "there")]})
    run(standins)

    assert patches(standins) == once * 2
    assert standins.calls.count("az ad sp create --id my-app --output none") == 1


def test_it_may_have_another_name(standins):
    run(standins, "Watch my jobs")

    assert standins.calls[0].startswith("az ad app create --display-name Watch my jobs --sign-in-audience AzureADMyOrg")


@pytest.mark.parametrize("fails", ["az ad app create", "az ad sp create", "az rest"])
def test_what_fails_ends_it(fails, standins):
    standins.answer({"az ad app create": [(0, "my-app")]} | {fails: [(1, "Insufficient privileges")]})

    done = run(standins)

    assert done.returncode != 0
    assert "Insufficient privileges" in done.stderr
    assert "entraClientId" not in done.stdout
