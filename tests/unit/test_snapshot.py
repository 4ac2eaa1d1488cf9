"""What would be deployed, as Microsoft's compiler predicts it, for several files of parameters."""

import re
from collections import Counter

import pytest

from shared.apis import APIS
from shared.core.schedule import Schedule
from shared.settings import Settings, SettingsError, polling_setting, queue_name
from tests.indexed import indexed
from tests.microsoft_bicep import ROOT, bicep, needs_compiler, snapshot
from tests.unit.test_infra import FOR_THE_HOST, GRANTS, NOT_SET, READ

pytestmark = needs_compiler

ENTRA = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
PRIVATE = f"""
param privateNetworking = true
param entraClientId = '{ENTRA}'
param ticketsQueues = 3
"""
EVERYTHING = f"""
param privateNetworking = true
param allowedAddresses = ['203.0.113.7', '198.51.100.0/24']
param entraClientId = '{ENTRA}'
param entraAllowedApplications = ['{ENTRA}']
param ticketsQueues = 3
param callbackHosts = 'hooks.example.com'
param webhooks = true
param polling = {{ {", ".join(f"'{api}': '{30 + place},60'" for place, api in enumerate(APIS))} }}
param itwinRequestsPerMinute = 500
param itwinRequestsPerHour = 5000
param maximumInstanceCount = 1
param alwaysReady = [{{ name: 'function:poll_watch', instanceCount: 1 }}]
param zoneRedundant = true
param dailyCapGB = 2
param monthlyBudget = 20
param budgetStart = '2026-12-01'
param healthKey = 'k3y'
param vaultOfficerPrincipalId = 'officer-1'
"""
#: What only Azure fills in, in the place of expressions.
IN_AZURE = {
    "AzureWebJobsStorage__queueServiceUri": "https://jobwatchabc.queue.core.windows.net/",
    "AzureWebJobsStorage__tableServiceUri": "https://jobwatchabc.table.core.windows.net/",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "",
    "ITWIN_CLIENT_SECRET": "resolved",
    "CALLBACK_SECRET": "whsec_" + "bG9jYWxsb2NhbGxvY2FsbG9jYWxsb2NhbA==",
}
CASES = {
    "defaults": "",
    "private": PRIVATE,
    "everything": EVERYTHING,
    "other-names": "param name = 'oTher-2'\nparam ticketsQueue = 'waiting-2'\nparam ticketsQueues = 2\n"
    "param watchesTable = 'W2x'\nparam alarms = false",
}


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    return {name: snapshot(tmp_path_factory.mktemp(name), lines) for name, lines in CASES.items()}


@pytest.fixture(params=CASES)
def case(request, snapshots):
    return request.param, snapshots[request.param]


def test_the_template_is_free_of_warnings():
    checked = bicep("lint", ROOT / "infra/main.bicep")

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


FILES = sorted(path for path in (ROOT / "infra").rglob("*.bicep*") if path.suffix in {".bicep", ".bicepparam"})


def test_each_file_is_formatted():
    assert len(FILES) > 10
    assert [file.name for file in FILES if bicep("format", file, "--stdout").stdout != file.read_text()] == []


def test_one_file_can_be_made_of_the_template_for_a_button():
    built = bicep("build", ROOT / "infra/main.bicep", "--stdout")

    assert (built.returncode, built.stderr) == (0, "")
    assert len(built.stdout.encode()) < 4 * 1024 * 1024  # https://learn.microsoft.com/azure/azure-resource-manager


def test_nothing_is_left_open(case):
    assert case[1].diagnostics == []


def test_every_setting_that_the_app_reads_is_there_and_no_other(case):
    name, found = case
    polling = {*map(polling_setting, APIS)} if name == "everything" else set()

    assert found.settings.keys() == (READ - NOT_SET) | FOR_THE_HOST.keys() | polling
    assert {name: found.settings[name] for name, value in FOR_THE_HOST.items() if value} == {
        name: value for name, value in FOR_THE_HOST.items() if value
    }
    assert {type(value) for value in found.settings.values()} == {str}  # Azure takes nothing else
    assert found.settings["ITWIN_CLIENT_ID"] == "service-1"


def test_options_reach_the_settings(snapshots):
    told = snapshots["everything"].settings
    untold = snapshots["defaults"].settings

    for setting, value in {
        "CALLBACK_HOSTS": "hooks.example.com",
        "ITWIN_REQUESTS_PER_MINUTE": "500",
        "ITWIN_REQUESTS_PER_HOUR": "5000",
    }.items():
        assert (told[setting], untold.get(setting, "")) == (value, "")
    for setting in ("CALLBACK_SECRET", "WEBHOOK_SECRETS"):
        assert "@Microsoft.KeyVault(" in told[setting]
        assert untold[setting] == ""


def test_each_api_is_polled_as_its_name_says(snapshots):
    known = Settings.from_env(snapshots["everything"].settings | IN_AZURE)

    assert known.polling == {api: Schedule.seconds(30 + place, 60) for place, api in enumerate(APIS)}


def test_an_api_that_the_app_does_not_know_is_named_by_the_app(tmp_path):
    found = snapshot(tmp_path, "param polling = { reportin: '30' }")

    with pytest.raises(SettingsError) as caught:
        Settings.from_env(found.settings | IN_AZURE)
    assert caught.value.problems.keys() == {"POLLING_REPORTIN"}
    assert "POLLING_REPORTING" in caught.value.problems["POLLING_REPORTIN"]


def test_the_host_finds_each_service_of_the_same_account(case):
    _, found = case

    assert "AzureWebJobsStorage__accountName" not in found.settings  # would win, and knows one cloud alone
    for service in ("blob", "queue", "table"):
        uri = found.settings[f"AzureWebJobsStorage__{service}ServiceUri"]
        assert re.search(rf"'storage'\), '[\d-]+'\)\.outputs\.{service}Uri\.value\]$", uri)


def test_there_is_a_queue_for_each_name_that_the_app_makes_and_for_its_poison(case):
    _, found = case
    first, count = found.settings["TICKETS_QUEUE"], int(found.settings["TICKETS_QUEUES"])
    wanted = [*(queue_name(first, number) for number in range(count)), f"{first}-callbacks"]

    names = found.of_type("Microsoft.Storage/storageAccounts/queueServices/queues")
    assert sorted(names) == sorted([*wanted, *(f"{name}-poison" for name in wanted)])


def test_there_is_a_table_for_each_name_in_the_settings(case):
    _, found = case

    assert sorted(found.of_type("Microsoft.Storage/storageAccounts/tableServices/tables")) == sorted(
        value for name, value in found.settings.items() if name.endswith("_TABLE")
    )


def test_only_a_private_network_shuts_the_public_door(case):
    name, found = case
    account, vault = found.only("Microsoft.Storage/storageAccounts"), found.only("Microsoft.KeyVault/vaults")
    wanted = {
        "private": ("Disabled", "Deny", []),
        "everything": ("Enabled", "Deny", ["203.0.113.7", "198.51.100.0/24"]),  # these few alone
    }.get(name, ("Enabled", "Allow", []))

    for properties in (account, vault):
        rules = properties["networkAcls"]
        addresses = [rule["value"] for rule in rules["ipRules"]]
        assert (properties["publicNetworkAccess"].title(), rules["defaultAction"], addresses) == wanted


def test_a_private_network_leads_to_every_service_and_the_app_is_in_it(case):
    name, found = case
    private = name in {"private", "everything"}
    site = found.only("Microsoft.Web/sites")
    groups = {
        tuple(link["properties"]["groupIds"])
        for endpoint in found.of_type("Microsoft.Network/privateEndpoints").values()
        for link in endpoint["properties"]["privateLinkServiceConnections"]
    }
    counted = Counter(resource["type"] for resource in found.resources)

    assert groups == ({("blob",), ("queue",), ("table",), ("vault",)} if private else set())
    assert counted["Microsoft.Network/privateDnsZones"] == len(groups)
    assert counted["Microsoft.Network/privateDnsZones/virtualNetworkLinks"] == len(groups)
    assert counted["Microsoft.Network/privateEndpoints/privateDnsZoneGroups"] == len(groups)
    assert bool(site.get("virtualNetworkSubnetId")) == private


#: By what is granted on, its type; none is the resource group.
SCOPES = {
    "account": "Microsoft.Storage/storageAccounts",
    "vault": "Microsoft.KeyVault/vaults",
    "insights": "Microsoft.Insights/components",
}


@pytest.mark.parametrize("reader", ["", "reader-1"])
def test_every_role_and_its_scope(reader, tmp_path):
    """What `readerPrincipalId` adds are the roles of readers, and nothing else."""
    found = snapshot(tmp_path, EVERYTHING, READER_PRINCIPAL_ID=reader)
    granted = {}
    for assignment in (it for it in found.resources if it["type"] == "Microsoft.Authorization/roleAssignments"):
        within = re.search(r"extensionResourceId\(if\(startsWith\(resourceId\([^']+'([\w./]+)'", assignment["id"])
        role = assignment["properties"]["roleDefinitionId"].split("'")[-2]
        granted[role] = (assignment["properties"]["principalId"], within[1] if within else None)
    who = {"vaultOfficerPrincipalId": "officer-1", "readerPrincipalId": reader}

    assert granted.keys() == {role for role, (_, to, _) in GRANTS.items() if who.get(to, "the app")}
    for role, (principal, scope) in granted.items():
        _, to, on_what = GRANTS[role]
        assert principal == who[to] if to in who else "'jobwatch-identity'" in principal
        assert scope == (SCOPES[on_what] if on_what else None)


#: Paths of functions that need no key; the page's route matches nothing more than `/api` and `/api/`.
KEYLESS = [
    "/api/" + str(getattr(binding, "route", "")).removesuffix("{nothing:maxlength(0)?}")
    for function in indexed()
    for binding in function.get_bindings()
    if str(getattr(binding, "auth_level", "")).endswith("ANONYMOUS")
]


def test_entra_lets_nobody_but_the_keyless_health_and_events_pass_without_a_token(case):
    """The latter two need a key: neither an availability test nor the iTwin Platform has a token."""
    name, found = case
    configured = found.of_type("Microsoft.Web/sites/config")
    if name not in {"private", "everything"}:
        assert configured.keys() == {"appsettings"}
        return
    properties = configured["authsettingsV2"]["properties"]
    provider = properties["identityProviders"]["azureActiveDirectory"]

    assert properties["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": properties["globalValidation"]["excludedPaths"],
    }
    assert {*properties["globalValidation"]["excludedPaths"]} == {*KEYLESS, "/api", "/api/health", "/api/events"}
    assert "/v2.0'" in provider["registration"]["openIdIssuer"]
    assert provider["validation"]["allowedAudiences"] == [ENTRA, f"api://{ENTRA}"]
    allowed = (provider["validation"].get("defaultAuthorizationPolicy") or {}).get("allowedApplications")
    assert allowed == ([ENTRA] if name == "everything" else None)


def test_scale_is_bounded_small_and_as_asked(snapshots):
    scale = {
        name: found.only("Microsoft.Web/sites")["functionAppConfig"]["scaleAndConcurrency"]
        for name, found in snapshots.items()
    }
    zones = {name: found.only("Microsoft.Web/serverfarms")["zoneRedundant"] for name, found in snapshots.items()}
    kinds = {
        name: found.of_type("Microsoft.Storage/storageAccounts").popitem()[1]["sku"]["name"]
        for name, found in snapshots.items()
    }

    assert (scale["defaults"]["maximumInstanceCount"], scale["defaults"]["alwaysReady"]) == (4, [])
    assert scale["everything"]["maximumInstanceCount"] == 1
    assert scale["everything"]["alwaysReady"] == [{"name": "function:poll_watch", "instanceCount": 1}]
    assert (zones["defaults"], kinds["defaults"]) == (False, "Standard_LRS")
    assert (zones["everything"], kinds["everything"]) == (True, "Standard_ZRS")


def test_alarms_look_as_often_as_they_must_and_can_be_switched_off(snapshots):
    rules = snapshots["defaults"].of_type("Microsoft.Insights/scheduledQueryRules")
    every = {name.removeprefix("jobwatch-"): rule["properties"]["evaluationFrequency"] for name, rule in rules.items()}

    assert every.keys() == {alert.stem for alert in (ROOT / "infra/queries/alerts").glob("*.kql")}
    assert {name for name, often in every.items() if often != "PT15M"} == {"failing"}
    assert every["failing"] == "PT5M"
    assert snapshots["other-names"].of_type("Microsoft.Insights/scheduledQueryRules") == {}


def test_nothing_is_capped_or_budgeted_unless_asked(snapshots):
    def cap(found):
        return found.only("Microsoft.OperationalInsights/workspaces")["workspaceCapping"]

    assert cap(snapshots["defaults"]) == {"dailyQuotaGb": -1}
    assert cap(snapshots["everything"]) == {"dailyQuotaGb": 2}
    assert snapshots["defaults"].of_type("Microsoft.Consumption/budgets") == {}
    budget = snapshots["everything"].only("Microsoft.Consumption/budgets")
    assert (budget["amount"], budget["timePeriod"]) == (20, {"startDate": "2026-12-01"})


def test_health_is_tested_from_outside_only_with_a_key(snapshots):
    kinds = ("Microsoft.Insights/webtests", "Microsoft.Insights/metricAlerts")
    assert [snapshots["defaults"].of_type(kind) for kind in kinds] == [{}, {}]

    test, alarm = (snapshots["everything"].only(kind) for kind in kinds)
    assert test["Request"]["RequestUrl"].startswith("[format('{0}/api/health'")
    assert test["Request"]["Headers"] == [{"key": "x-functions-key", "value": "[parameters('healthKey')]"}]
    assert alarm["criteria"]["failedLocationCount"] == len(test["Locations"])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("param name = '1jobs'", "name is"),
        ("param name = '-jobs'", "name is"),
        ("param name = 'jobs-'", "name is"),
        ("param name = 'my--jobs'", "name is"),
        ("param name = 'my_jobs'", "name is"),
        ("param name = 'jöbs'", "name is"),
        ("param name = 'my jobs'", "name is"),
        ("param name = 'elevenchars'", "BCP332"),
        ("param name = 'ab'", "BCP333"),
        ("param ticketsQueue = 'Tickets'", "ticketsQueue is"),
        ("param ticketsQueue = 'my--tickets'", "ticketsQueue is"),
        ("param ticketsQueue = 'tickets-'", "ticketsQueue is"),
        ("param watchesTable = '1st'", "the tables are"),
        ("param gatesTable = 'my-gates'", "the tables are"),
        ("param openTable = 'wAtches'", "the tables are"),
        ("param allowedAddresses = ['203.0.113.7/32']", "allowedAddresses"),
        ("param allowedAddresses = ['203.0.113.8', '203.0.113.6/31']", "allowedAddresses"),
        ("param entraClientId = 'api://0a1b'", "entraClientId"),
        (f"param entraAllowedApplications = ['{ENTRA}', 'g{ENTRA[1:]}']", "entraAllowedApplications"),
        ("param monthlyBudget = 5\nparam budgetStart = '2026-12-02'", "budgetStart"),
        ("param monthlyBudget = 5\nparam budgetStart = 'Dec-01'", "budgetStart"),
        ("param alwaysReady = [{ name: 'poll_watch', instanceCount: 1 }]", "alwaysReady"),
        ("param maximumInstanceCount = 0", "BCP"),
        ("param polling = { reporting: 30 }", "BCP"),
        ("param polling = { 'mesh export': '30' }", "polling has"),
        ("param polling = { library: '30', mesh_export: '30' }", 'polling has "mesh_export"'),
        ("param polling = { Reporting: '30' }", "polling has"),
        ("param polling = { '': '30' }", 'polling has ""'),
        ("param polling = { '-reporting': '30' }", 'polling has "-reporting"'),
        ("param polling = { 'mesh--export': '30' }", 'polling has "mesh--export"'),
    ],
)
def test_what_azure_would_refuse_is_refused_by_the_template(parameters, named, tmp_path):
    with pytest.raises(ValueError, match=re.escape(named)):
        snapshot(tmp_path, parameters)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["abc", "a-b", "Jobs2", "a1-b2-c3d4"])
def test_names_that_azure_takes_are_taken(name, tmp_path):
    assert snapshot(tmp_path, f"param name = '{name}'").diagnostics == []
