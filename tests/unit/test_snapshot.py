"""What would be deployed, as Microsoft's compiler predicts it: loops unrolled, conditions decided.

`bicep snapshot` evaluates the template with a parameter file.  What Azure alone knows stays an expression.
https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-cli#snapshot
"""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.settings import polling_setting, queue_name
from tests.unit.test_infra import FOR_THE_HOST

ROOT = Path(__file__).parents[2]
BICEP = os.environ.get("BICEP") or shutil.which("bicep")

pytestmark = pytest.mark.skipif(
    not BICEP, reason="needs Microsoft's compiler: name it by BICEP, or have bicep on the PATH"
)

#: More lines for the parameter file, and what is then there: queues with those of their poison, all resources at least.
CASES = {
    "defaults": ("", 4, 41),
    "everything": (
        """
        param privateNetworking = true
        param allowedAddresses = ['203.0.113.7']
        param entraClientId = '0a1b'
        param ticketsQueues = 3
        param callbackHosts = 'hooks.example.com'
        param polling = { 'access-control': '30,60' }
        """,
        8,
        55,
    ),
    "other-names": ("param name = 'other'\nparam ticketsQueue = 'waiting'\nparam ticketsQueues = 2", 6, 41),
}


@dataclass(frozen=True)
class Snapshot:
    case: str
    resources: list[dict[str, Any]]
    diagnostics: list[Any]

    def of_type(self, kind):
        return [found for found in self.resources if found["type"] == kind]

    def named(self, kind, last):
        """The one whose name ends so; the first parts are expressions."""
        (found,) = (found for found in self.of_type(kind) if last_part(found) == last)
        return found["properties"]


def last_part(resource):
    return re.split(r"[/']", resource["name"].removesuffix("')]"))[-1]


@pytest.fixture(scope="module", params=CASES)
def snapshot(request, tmp_path_factory):
    """Taken of a copy, since it is written beside the parameter file."""
    assert BICEP
    infra = tmp_path_factory.mktemp(request.param) / "infra"
    shutil.copytree(ROOT / "infra", infra)
    parameters = infra / "main.bicepparam"
    parameters.write_text(parameters.read_text() + CASES[request.param][0])
    done = subprocess.run(
        [BICEP, "snapshot", parameters, "--mode", "overwrite"],
        env={**os.environ, "ITWIN_CLIENT_ID": "service-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = json.loads((infra / "main.snapshot.json").read_text())
    return Snapshot(request.param, written["predictedResources"], written["diagnostics"])


def test_it_is_whole(snapshot):
    _, _, least = CASES[snapshot.case]

    assert snapshot.diagnostics == []
    assert len(snapshot.resources) >= least


def test_the_host_has_its_settings(snapshot):
    settings = snapshot.named("Microsoft.Web/sites/config", "appsettings")

    assert FOR_THE_HOST.items() <= settings.items()
    assert settings["ITWIN_CLIENT_ID"] == "service-1"
    assert {type(value) for value in settings.values()} == {str}  # Azure takes nothing else


def test_schedules_are_set_by_the_names_that_the_app_reads(snapshot):
    settings = snapshot.named("Microsoft.Web/sites/config", "appsettings")

    assert settings.get(polling_setting("access-control")) == ("30,60" if snapshot.case == "everything" else None)


def test_each_queue_has_one_for_its_poison(snapshot):
    settings = snapshot.named("Microsoft.Web/sites/config", "appsettings")
    names = [last_part(queue) for queue in snapshot.of_type("Microsoft.Storage/storageAccounts/queueServices/queues")]
    first, count = settings["TICKETS_QUEUE"], int(settings["TICKETS_QUEUES"])
    wanted = [*(queue_name(first, number) for number in range(count)), f"{first}-callbacks"]

    assert len(names) == CASES[snapshot.case][1]
    assert sorted(names) == sorted([*wanted, *(f"{name}-poison" for name in wanted)])


def test_every_table_is_made_that_the_settings_name(snapshot):
    settings = snapshot.named("Microsoft.Web/sites/config", "appsettings")
    tables = snapshot.of_type("Microsoft.Storage/storageAccounts/tableServices/tables")

    assert sorted(last_part(table) for table in tables) == sorted(
        value for name, value in settings.items() if name.endswith("_TABLE")
    )


def test_guards_are_there_where_they_are_asked_for(snapshot):
    found = Counter(resource["type"] for resource in snapshot.resources)
    guarded = snapshot.case == "everything"
    configured = {last_part(resource) for resource in snapshot.of_type("Microsoft.Web/sites/config")}
    (account,) = snapshot.of_type("Microsoft.Storage/storageAccounts")
    (vault,) = snapshot.of_type("Microsoft.KeyVault/vaults")

    assert configured == {"appsettings", *(["authsettingsV2"] if guarded else [])}
    assert found["Microsoft.Network/virtualNetworks"] == guarded
    assert found["Microsoft.Network/privateEndpoints"] == (4 if guarded else 0)
    for properties in (account["properties"], vault["properties"]):
        assert properties["networkAcls"]["defaultAction"] == ("Deny" if guarded else "Allow")
