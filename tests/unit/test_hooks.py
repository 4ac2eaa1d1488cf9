"""`azd up` ends with a running app: its hooks ask for what is missing, keep the secret to the vault, say where all is.

They run here with stand-ins for az and azd, at a terminal and without one.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tree_sitter_powershell
import yaml
from tree_sitter import Language, Parser

from tests.bicep import read
from tests.standins import StandIns

ROOT = Path(__file__).parents[2]
HOOKS = ROOT / "infra/hooks"
SCRIPTS = sorted(HOOKS.glob("*.sh"))
SECRET = "s3cret~Q8.ab-_c"

#: What azd sets for its hooks: its own variables, and the outputs of the template.
AZD = {
    "AZURE_ENV_NAME": "job-watch",
    "AZURE_SUBSCRIPTION_ID": "00000000-aaaa",
    "AZURE_RESOURCE_GROUP": "rg-job-watch",
    "appName": "jobwatch-x",
    "vaultName": "vault-x",
    "secretName": "itwin-client-secret",
    "startUrl": "https://jobwatch-x.example/api/watches",
    "healthUrl": "https://jobwatch-x.example/api/health",
    "workbookUrl": "https://portal.example/workbook",
    "resultsUrl": "https://portal.example/storagebrowser",
}
REFRESH = (
    "az rest --method post --output none --subscription 00000000-aaaa --url /subscriptions/00000000-aaaa/"
    "resourceGroups/rg-job-watch/providers/Microsoft.Web/sites/jobwatch-x/config/configreferences/appsettings/refresh"
    "?api-version=2022-03-01"
)
PUT = (
    "az keyvault secret set --vault-name vault-x --name itwin-client-secret --file /dev/stdin --output none "
    "--subscription 00000000-aaaa"
)
LIST = "az keyvault secret list --vault-name vault-x --query [].name --output tsv --subscription 00000000-aaaa"

on_posix = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


@pytest.fixture
def standins(tmp_path):
    return StandIns(tmp_path, "az", "azd", "sleep")


def run(hook, standins, **variables):
    """Run a hook without a terminal."""
    env = {"PATH": standins.path, **variables}
    return subprocess.run(
        [HOOKS / hook], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def type_in(hook, standins, answers, **variables):
    """Run a hook at a terminal, answer each question as it comes; gives status, output, and what was echoed."""
    terminal, its_end = os.openpty()
    process = subprocess.Popen(
        [HOOKS / hook],
        env={"PATH": standins.path, **variables},
        stdin=its_end,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    said = b""
    for question, answer in answers.items():
        while question.encode() not in said:
            more = os.read(process.stderr.fileno(), 10_000)
            assert more, f"it ended before it asked: {question}; it said: {said.decode()}"
            said += more
        os.write(terminal, f"{answer}\n".encode())
    out, err = process.communicate(timeout=60)
    os.write(its_end, b"end of the screen")
    echoed = os.read(terminal, 10_000)
    os.close(terminal)
    os.close(its_end)
    return process.returncode, (out + said + err).decode(), echoed.decode()


@on_posix
def test_it_asks_for_what_only_its_user_knows(standins):
    answers = {"Client id": " service-1\t", "E-mail": "you@example.com", "Object id": "0123-group"}

    status, _, _ = type_in("preprovision.sh", standins, answers, AZURE_SUBSCRIPTION_ID="00000000-aaaa")

    assert status == 0
    assert standins.calls == [
        "az account show --subscription 00000000-aaaa --output none",
        "azd env set ITWIN_CLIENT_ID service-1",
        "azd env set ALERT_EMAIL you@example.com",
        "azd env set READER_PRINCIPAL_ID 0123-group",
    ]


@on_posix
def test_who_answers_nothing_gets_no_mail_and_reads_alone(standins):
    standins.answer({"az ad signed-in-user show": [(0, "my-id")]})

    status, _, _ = type_in("preprovision.sh", standins, {"E-mail": "", "Object id": ""}, ITWIN_CLIENT_ID="service-1")

    assert status == 0
    assert standins.calls == [
        "az account show --output none",
        "azd env set ALERT_EMAIL ",
        "az ad signed-in-user show --query id --output tsv",
        "azd env set READER_PRINCIPAL_ID my-id",
    ]


@on_posix
def test_nobody_is_asked_twice(standins):
    known = {"ITWIN_CLIENT_ID": "service-1", "ALERT_EMAIL": "", "READER_PRINCIPAL_ID": ""}

    assert type_in("preprovision.sh", standins, {}, **known)[0] == 0
    assert standins.calls == ["az account show --output none"]


@on_posix
def test_a_pipeline_is_asked_nothing(standins):
    done = run("preprovision.sh", standins, ITWIN_CLIENT_ID="service-1")

    assert (done.returncode, standins.calls) == (0, ["az account show --output none"])


@on_posix
@pytest.mark.parametrize(
    ("answers", "variables", "says"),
    [
        ({}, {}, "azd env set ITWIN_CLIENT_ID"),
        ({"az account show": [(1, "Please run 'az login'")]}, {"ITWIN_CLIENT_ID": "service-1"}, "az login"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_created(answers, variables, says, standins):
    standins.answer(answers)

    done = run("preprovision.sh", standins, **variables)

    assert done.returncode != 0
    assert says in done.stderr


@on_posix
def test_a_secret_in_a_file_of_azd_is_found(standins, tmp_path):
    hook = tmp_path / "infra/hooks/preprovision.sh"
    hook.parent.mkdir(parents=True)
    shutil.copy(HOOKS / "preprovision.sh", hook)
    file = tmp_path / ".azure/job-watch/.env"
    file.parent.mkdir(parents=True)
    known = {"AZURE_ENV_NAME": "job-watch", "ITWIN_CLIENT_ID": "service-1"}

    file.write_text('ITWIN_CLIENT_ID="service-1"\n')
    assert run(hook, standins, **known).returncode == 0
    file.write_text(f'ITWIN_CLIENT_ID="service-1"\nITWIN_CLIENT_SECRET="{SECRET}"\n')
    done = run(hook, standins, **known)

    assert done.returncode != 0
    assert ".azure/job-watch/.env" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@on_posix
def test_without_az_it_says_so(tmp_path):
    standins = StandIns(tmp_path, "azd")
    for name in ("grep", "dirname"):  # and no other directory, which could have az
        (tmp_path / name).symlink_to(shutil.which(name, path=os.defpath))
    done = subprocess.run(
        [HOOKS / "preprovision.sh"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "aka.ms/azcli" in done.stderr
    assert standins.calls == []


@on_posix
def test_the_secret_goes_from_the_hand_to_the_vault_unseen(standins):
    status, said, echoed = type_in("postprovision.sh", standins, {"Client secret": SECRET}, **AZD)

    assert status == 0, said
    assert standins.calls == [LIST, PUT, REFRESH]
    assert standins.taken == [SECRET]
    assert SECRET not in said + echoed


@on_posix
@pytest.mark.parametrize("around", ["", "\n", "\r\n", " "])
def test_a_pipeline_gives_the_secret_as_a_variable(around, standins):
    done = run("postprovision.sh", standins, **AZD, ITWIN_CLIENT_SECRET=f"{SECRET}{around}")

    assert done.returncode == 0, done.stderr
    assert standins.calls == [PUT, REFRESH]
    assert standins.taken == [SECRET]
    assert SECRET not in done.stdout + done.stderr


@on_posix
@pytest.mark.parametrize("secret", ["-n", "%s%d\\n", "a'b\"c$HOME`x`\\", "*", "é~"])
def test_a_secret_arrives_as_it_is(secret, standins):
    assert run("postprovision.sh", standins, **AZD, ITWIN_CLIENT_SECRET=secret).returncode == 0
    assert standins.taken == [secret]


@on_posix
@pytest.mark.parametrize("line", ["itwin-client-secret", "other\nitwin-client-secret", "itwin-client-secret\r\nother"])
def test_a_secret_that_is_there_stays(line, standins):
    """Also without a terminal: a pipeline that provisions again needs none."""
    standins.answer({"az keyvault secret list": [(0, line)]})

    assert run("postprovision.sh", standins, **AZD).returncode == 0
    assert standins.calls == [LIST, REFRESH]


@on_posix
@pytest.mark.parametrize("found", ["", "itwin-client-secret-2", "callback-secret"])
def test_a_pipeline_without_a_secret_is_told(found, standins):
    standins.answer({"az keyvault secret list": [(0, found)]})

    done = run("postprovision.sh", standins, **AZD)

    assert done.returncode != 0
    assert "ITWIN_CLIENT_SECRET" in done.stderr
    assert standins.calls == [LIST]


@on_posix
def test_a_role_that_does_not_work_yet_is_waited_for(standins):
    standins.answer(
        {"az keyvault secret set": [(1, "(Forbidden) Caller is not authorized"), (1, "Forbidden"), (0, "")]}
    )

    done = run("postprovision.sh", standins, **AZD, ITWIN_CLIENT_SECRET=SECRET)

    assert done.returncode == 0
    assert standins.calls == [PUT, "sleep 30", PUT, "sleep 30", PUT, REFRESH]
    assert standins.taken == [SECRET] * 3
    assert done.stderr.count("Waiting") == 1


@on_posix
@pytest.mark.parametrize(
    ("error", "times"),
    [
        ("(Forbidden) Caller is not authorized ... ForbiddenByRbac", 21),
        ("The vault was not found", 1),
        ("(Forbidden) Client address is not authorized ... ForbiddenByFirewall", 1),
        ("(Forbidden) Public network access is disabled ... ForbiddenByConnection", 1),
    ],
)
def test_what_does_not_heal_ends_it(error, times, standins):
    standins.answer({"az keyvault secret set": [(1, error)]})

    done = run("postprovision.sh", standins, **AZD, ITWIN_CLIENT_SECRET=SECRET)

    assert done.returncode != 0
    assert error in done.stderr
    assert SECRET not in done.stderr
    assert standins.calls.count(PUT) == times
    assert REFRESH not in standins.calls


@on_posix
@pytest.mark.parametrize("error", ["ForbiddenByFirewall", "(Forbidden) Public network access is disabled"])
def test_a_pipeline_outside_of_a_private_network_goes_on_without_looking(error, standins):
    standins.answer({"az keyvault secret list": [(1, error)]})

    done = run("postprovision.sh", standins, **AZD)

    assert done.returncode == 0
    assert "itwin-client-secret" in done.stderr
    assert standins.calls == [LIST, REFRESH]


@on_posix
@pytest.mark.parametrize("name", sorted(AZD.keys() - {"AZURE_ENV_NAME", *(key for key in AZD if key.endswith("Url"))}))
def test_it_needs_what_azd_sets(name, standins):
    done = run("postprovision.sh", standins, **{key: value for key, value in AZD.items() if key != name})

    assert done.returncode != 0
    assert name in done.stderr
    assert standins.calls == []


@on_posix
def test_it_ends_by_saying_where_everything_is(standins):
    done = run("postdeploy.sh", standins, **AZD)

    assert done.returncode == 0
    assert "https://jobwatch-x.example/api/\n" in done.stdout
    for url in ("startUrl", "healthUrl", "workbookUrl", "resultsUrl"):
        assert AZD[url] in done.stdout
    assert 'az functionapp keys list --resource-group "rg-job-watch" --name "jobwatch-x"' in done.stdout


@pytest.mark.parametrize("hook", [*SCRIPTS, *HOOKS.glob("*.ps1")], ids=lambda hook: hook.name)
def test_hooks_use_outputs_that_the_template_has(hook):
    used = set(re.findall(r"\b[a-z]+(?:Name|Url)\b", hook.read_text()))

    assert used <= read(ROOT / "infra/main.bicep").outputs.keys()


def test_azd_runs_each_hook_of_each_shell():
    hooks = yaml.safe_load((ROOT / "azure.yaml").read_text())["hooks"]

    for name, by_system in hooks.items():
        assert by_system["posix"] == {"shell": "sh", "run": f"infra/hooks/{name}.sh", "interactive": True}
        assert by_system["windows"] == {"shell": "pwsh", "run": f"infra/hooks/{name}.ps1", "interactive": True}
    assert {path.stem for path in HOOKS.iterdir()} == hooks.keys()
    assert all(os.access(script, os.X_OK) for script in SCRIPTS)


POWERSHELL = Parser(Language(tree_sitter_powershell.language()))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_powershell_does_the_same(script):
    """No PowerShell runs here: what is held is that the scripts parse, and call the same commands."""
    same = script.with_suffix(".ps1").read_text()

    assert not POWERSHELL.parse(same.encode()).root_node.has_error
    for text in (script.read_text(), same):
        assert SECRET not in text
    assert commands(same) == commands(script.read_text())


def commands(text):
    """The commands of az, without their options."""
    text = re.sub(r"#.*", "", text)
    return {*re.findall(r"\baz ((?:[a-z][a-z-]+ )+)", text)}
