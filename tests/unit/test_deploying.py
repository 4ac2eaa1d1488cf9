"""Someone who copies the pages' commands gets to a running app: they run here, with stand-ins that record each call."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.standins import StandIns

ROOT = Path(__file__).parents[2]
SECRET = "s3cret~Q8.ab-_c"
SITE = "/subscriptions/s/resourceGroups/job-watch/providers/Microsoft.Web/sites/jobwatch-x"
OUTPUTS = {
    "appName": "jobwatch-x",
    "vaultName": "vault-x",
    "secretName": "itwin-client-secret",
    "storageName": "storage-x",
    "startUrl": "https://jobwatch-x.example/api/watches",
    "healthUrl": "https://jobwatch-x.example/api/health",
}
AZD = {"AZURE_RESOURCE_GROUP": "rg-job-watch"}
SHOW = "az deployment group show --resource-group job-watch --name job-watch --query properties.outputs.{}.value -o tsv"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the pages are for bash")


@pytest.fixture
def standins(tmp_path):
    standins = StandIns(tmp_path, "az", "azd", "func", "curl", "git", "openssl", "pip", "itwin-job-watch")
    standins.answer(
        {SHOW.format(name): [(0, value)] for name, value in OUTPUTS.items()}
        | {f"azd env get-value {name}": [(0, value)] for name, value in (OUTPUTS | AZD).items()}
        | {
            "az ad signed-in-user show": [(0, "my-id")],
            "az functionapp show": [(0, SITE)],
            "az functionapp keys list": [(0, "the-key")],
            "openssl rand": [(0, "cmFuZG9t")],
        }
    )
    return standins


def blocks(page, *headings):
    """The commands below these headings."""
    text = (ROOT / page).read_text()
    sections = [text.split(f"\n## {heading}\n")[1].split("\n## ")[0] for heading in headings]
    return "".join(block for section in sections for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def follow(script, standins):
    """Run commands as somebody pastes them, who types the secret where it is asked for."""
    told = re.sub(r"<[\w ]+>", "something", script)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", told],  # noqa: S607 -- wherever it is
        env={"PATH": standins.path},
        cwd=ROOT,
        input=f"{SECRET}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr + "".join(standins.calls)
    return standins.calls


STEPS = ("1. Sign in and make a resource group", "2. Look, then deploy", "3. Put the secret into the vault")
MORE = ("4. Publish the app", "5. Watch a job")


def in_order(*beginnings):
    return re.compile(".*".join(rf"^{re.escape(one)}" for one in beginnings), re.MULTILINE | re.DOTALL)


def test_the_steps_lead_to_a_first_watch(standins):
    calls = "\n".join(follow(blocks("docs/deploy.md", *STEPS, *MORE), standins))

    assert in_order(
        "az group create --name job-watch ",
        "az deployment group what-if --resource-group job-watch --parameters infra/main.bicepparam",
        "az deployment group create --resource-group job-watch --parameters infra/main.bicepparam --name job-watch",
        "az keyvault secret set --vault-name vault-x --name itwin-client-secret --file /dev/stdin --output none",
        f"az rest --method post --url {SITE}/config/configreferences/appsettings/refresh?api-version=2022-03-01",
        "func azure functionapp publish jobwatch-x --python",
        "az functionapp keys list --resource-group job-watch --name jobwatch-x ",
        "curl ",
    ).search(calls)
    start = [call for call in standins.calls if call.startswith("curl") and "-X POST" in call]
    assert len(start) == 1
    assert "https://jobwatch-x.example/api/watches -H x-functions-key: the-key -d {" in start[0]
    assert standins.taken == [SECRET]


def test_the_command_line_is_installed_after_the_first_watch(standins):
    last = "6. Open the page, and install the command line"
    calls = follow(blocks("docs/deploy.md", *STEPS, *MORE, last), standins)

    assert calls[-2:] == ["pip install .", "itwin-job-watch list"]


def test_the_service_application_becomes_a_member_and_the_token_is_on_no_command_line(standins):
    calls = follow(blocks("docs/deploy.md", "Make the service application a member"), standins)

    assert ["/roles" in calls[-2], "/members/users" in calls[-1]] == [True, True]
    assert standins.taken == [f'header = "Authorization: Bearer {SECRET}"\n'] * 2


def test_the_readme_deploys_with_azd(standins):
    assert follow(blocks("README.md", "Deploy"), standins) == ["az login", "azd auth login", "azd up"]


def test_after_azd_the_first_watch_starts_too(standins):
    calls = follow(blocks("docs/deploy.md", "azd up", "5. Watch a job"), standins)

    assert calls[:3] == ["az login", "azd auth login", "azd up"]
    assert "az functionapp keys list --resource-group rg-job-watch --name jobwatch-x " in "\n".join(calls)
    assert "https://jobwatch-x.example/api/watches -H x-functions-key: the-key -d {" in calls[-1]


@pytest.mark.parametrize("heading", ["Upgrade", "Roll back"])
def test_what_comes_later_publishes_to_the_same_app(heading, standins):
    script = blocks("docs/deploy.md", *STEPS[1:2]) + blocks("docs/deploy.md", heading)

    assert follow(script, standins)[-1] == "func azure functionapp publish jobwatch-x --python"


@pytest.mark.parametrize("heading", ["Add readers", "Remove", "From a pipeline"])
def test_the_rest_runs_too(heading, standins):
    before = len(follow(blocks("docs/deploy.md", *STEPS[1:2]), standins))

    assert len(follow(blocks("docs/deploy.md", *STEPS[1:2]) + blocks("docs/deploy.md", heading), standins)) > 2 * before


def test_the_secret_of_callbacks_is_made_and_stored_unseen(standins):
    follow(blocks("docs/deploy.md", *STEPS[1:2]) + blocks("docs/deploy.md", "Let it call back"), standins)

    assert [taken.strip() for taken in standins.taken] == ["whsec_cmFuZG9t"]
