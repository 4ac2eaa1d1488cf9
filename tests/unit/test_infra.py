"""The deployment says what it must: read from the parsed template, and held against the app."""

import re
from pathlib import Path

import pytest

from local.docs import kusto
from local.parts import stack
from shared.core.model import Outcome
from shared.settings import MOST_QUEUES, Settings
from shared.web.requests import LARGEST_BATCH_BODY
from tests.bicep import Code, read

ROOT = Path(__file__).parents[2]
FILES = {path.stem: read(path) for path in [ROOT / "infra/main.bicep", *(ROOT / "infra/modules").glob("*.bicep")]}
MAIN = FILES["main"]
RESOURCES = {(file, name): found for file, read_ in FILES.items() for name, found in read_.resources.items()}

#: Read by the app, and not set by the template, each for a reason.
NOT_SET = {
    "AzureWebJobsStorage",  # a connection string: on laptops alone
    "AzureWebJobsStorage__accountName",  # the URIs of its services say the cloud too
    "WEBSITE_SITE_NAME",  # set by Azure itself
}
#: Of a request, in bytes, that the host reads: more than the largest that the app takes, so that the app can say so.
LARGEST_REQUEST = 262_144
#: Set for the Functions host, which reads them and the app does not, each with its value where the template knows it.
FOR_THE_HOST = {
    "AzureWebJobsStorage__blobServiceUri": "",  # its own files; the app has none
    "AzureWebJobsStorage__credential": "managedidentity",  # it opens the queues; the app has a client of its own
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(LARGEST_REQUEST),  # beyond it nothing is read, whoever sends it
    "AzureWebJobsDisableHomepage": "true",  # else `/` is a page of Microsoft's
}

READ = {field.alias for field in Settings.model_fields.values() if field.alias}
FIXED, _ = MAIN.modules["app"].value["params"]["settings"].arguments


def of_type(kind):
    return {key: found for key, found in RESOURCES.items() if found.what.split("@")[0] == kind and not found.existing}


def only(kind):
    (found,) = of_type(kind).values()
    return found.value["properties"]


def test_the_app_refuses_with_reasons_what_the_host_still_lets_through():
    assert LARGEST_BATCH_BODY < LARGEST_REQUEST


def default(name):
    return MAIN.parameters[name].value


def test_every_setting_that_the_app_reads_is_set_and_no_other():
    """Missing here: add it to `settings` in infra/main.bicep, with a parameter.  Too many: the app must read it."""
    assert {
        "read, not set": sorted(READ - FIXED.keys() - NOT_SET),
        "set, not read": sorted(FIXED.keys() - READ - FOR_THE_HOST.keys()),
        "set, but not to be": sorted(FIXED.keys() & NOT_SET),
    } == {"read, not set": [], "set, not read": [], "set, but not to be": []}


@pytest.mark.parametrize("name", FOR_THE_HOST)
def test_settings_of_the_host_are_told_of(name):
    section = (ROOT / "docs/configuration.md").read_text().split("\n## Settings\n")[1].split("\n## ")[0]

    assert name not in READ
    assert f"`{name}`" in section


@pytest.mark.parametrize("name", sorted(name for name in FOR_THE_HOST if not name.startswith("AzureWebJobsStorage__")))
def test_the_host_of_one_machine_has_them_too(name):
    """But for the identity, which there is none of."""
    assert stack.app_settings("", "http://127.0.0.1:1")[name] == FIXED[name]


@pytest.mark.parametrize(
    ("setting", "parameter"),
    [
        ("ITWIN_API_URL", "itwinApiUrl"),
        ("ITWIN_TOKEN_URL", "itwinTokenUrl"),
        ("ITWIN_SCOPE", "itwinScope"),
        ("WATCHES_TABLE", "watchesTable"),
        ("RESULTS_TABLE", "resultsTable"),
        ("GATES_TABLE", "gatesTable"),
        ("OPEN_TABLE", "openTable"),
        ("CALLBACKS_TABLE", "callbacksTable"),
        ("WAIT_SCALE", "waitScale"),
        ("WATCH_RETENTION_DAYS", "watchRetentionDays"),
    ],
)
def test_defaults_are_those_of_the_app(setting, parameter):
    (field,) = (field for field in Settings.model_fields.values() if field.alias == setting)

    assert FIXED[setting] in {parameter, f"string({parameter})"}
    assert default(parameter) == (f"{field.default:g}" if setting == "WAIT_SCALE" else field.default)


@pytest.mark.parametrize("setting", ["ITWIN_REQUESTS_PER_MINUTE", "ITWIN_REQUESTS_PER_HOUR"])
def test_a_limit_that_is_not_known_is_not_set(setting):
    (parameter,) = re.findall(r"(\w+) == 0 \? '' : string\(\1\)", FIXED[setting])

    assert default(parameter) == 0


def test_the_app_runs_with_the_settings_of_the_template():
    """With what Azure would fill in."""
    values = {name: str(value) for name, value in FIXED.items() if not isinstance(value, Code)}
    values |= {
        name: str(default(value))
        for name, value in FIXED.items()
        if isinstance(value, Code) and value in MAIN.parameters
    }
    azure = {
        "AzureWebJobsStorage__queueServiceUri": "https://jobwatchabc.queue.core.windows.net/",
        "AzureWebJobsStorage__tableServiceUri": "https://jobwatchabc.table.core.windows.net/",
        "AzureWebJobsStorage__clientId": "0a1b",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": FIXED["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"].strip("'"),
        "ITWIN_CLIENT_ID": "service-1",
        "ITWIN_CLIENT_SECRET": "resolved",
        "WATCH_RETENTION_DAYS": str(default("watchRetentionDays")),
    }

    known = Settings.from_env(values | azure)

    assert known.storage_uri("table") == "https://jobwatchabc.table.core.windows.net"
    assert known.telemetry_client_id == "${identity.properties.clientId}"
    assert known.tickets_queue == default("ticketsQueue")


def test_one_identity_does_everything():
    client_id = FIXED["AzureWebJobsStorage__clientId"]

    assert FIXED["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == f"'ClientId=${{{client_id}}};Authorization=AAD'"


def test_the_secret_is_a_reference_and_nothing_else_is_secret():
    reference = r"'@Microsoft\.KeyVault\(VaultName=\$\{.*\};SecretName=\$\{.*\}\)'"
    assert re.fullmatch(reference, FIXED["ITWIN_CLIENT_SECRET"])
    assert re.fullmatch(rf"empty\(callbackHosts\) \? '' : {reference}", FIXED["CALLBACK_SECRET"])
    assert default("callbackHosts") == ""
    assert re.fullmatch(rf"webhooks \? {reference} : ''", FIXED["WEBHOOK_SECRETS"])
    assert default("webhooks") is False
    for file in FILES.values():
        assert not re.search(r"\blist\w*\(|accountKey|sharedKey\b|InstrumentationKey|password\s*:", file.text)
    secure = [name for name, parameter in MAIN.parameters.items() if "@secure" in parameter.decorators]
    assert secure == ["healthKey"]  # opens health alone
    assert [name for name in MAIN.parameters if "secret" in name.lower()] == []


def test_outputs_tell_no_secret():
    assert not any(
        "onnection" in str(output.value) or "settings" in str(output.value) for output in MAIN.outputs.values()
    )


def test_queues_and_tables_are_those_of_the_trials():
    assert f"@maxValue({MOST_QUEUES})" in MAIN.parameters["ticketsQueues"].decorators
    assert default("ticketsQueue") == stack.QUEUE
    assert (default("watchesTable"), default("resultsTable")) == (stack.WATCHES, stack.RESULTS)


def test_storage_has_no_keys_is_not_public_and_speaks_tls():
    account = only("Microsoft.Storage/storageAccounts")

    assert (account["allowSharedKeyAccess"], account["allowBlobPublicAccess"]) == (False, False)
    assert (account["minimumTlsVersion"], account["supportsHttpsTrafficOnly"]) == ("TLS1_2", True)


def test_the_vault_is_guarded_by_roles_and_cannot_be_purged():
    vault = only("Microsoft.KeyVault/vaults")

    assert (vault["enableRbacAuthorization"], vault["enablePurgeProtection"], vault["enableSoftDelete"]) == (True,) * 3
    assert "accessPolicies" not in vault
    assert of_type("Microsoft.KeyVault/vaults/secrets") == {}


@pytest.mark.parametrize("kind", ["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"])
def test_private_networking_closes_the_public_door(kind):
    properties = only(kind)

    assert re.fullmatch(
        r"network\.enabled && empty\(network\.allowedAddresses\) \? '[Dd]isabled' : '[Ee]nabled'",
        properties["publicNetworkAccess"],
    )


def test_telemetry_is_kept_in_a_workspace_and_takes_no_keys():
    insights = only("Microsoft.Insights/components")

    assert (insights["DisableLocalAuth"], insights["WorkspaceResourceId"]) == (True, "workspace.id")
    assert only("Microsoft.OperationalInsights/workspaces")["features"] == {"disableLocalAuth": True}


#: By the id of the role: its name, who gets it, and on what.
GRANTS = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": ("Storage Blob Data Owner", "appPrincipalId", "account"),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": ("Storage Queue Data Contributor", "appPrincipalId", "account"),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ("Storage Table Data Contributor", "appPrincipalId", "account"),
    "3913510d-42f4-4e42-8a64-420c390055eb": ("Monitoring Metrics Publisher", "appPrincipalId", "insights"),
    "4633458b-17de-408a-b874-0445c86b69e6": ("Key Vault Secrets User", "appPrincipalId", "vault"),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": ("Key Vault Secrets Officer", "vaultOfficerPrincipalId", "vault"),
    "76199698-9eea-4c19-bc75-cec21354c6b6": ("Storage Table Data Reader", "readerPrincipalId", "account"),
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": ("Monitoring Reader", "readerPrincipalId", None),
}


def test_everybody_gets_the_least_that_will_do():
    granted = {}
    for (file, _), grant in of_type("Microsoft.Authorization/roleAssignments").items():
        variables = {name: variable.value for name, variable in FILES[file].variables.items()}
        role = grant.value["properties"]["roleDefinitionId"].arguments[1]
        for one in variables[grant.each] if grant.each else [variables[role]]:
            granted[one] = (grant.value["properties"]["principalId"], grant.value.get("scope"))
            name = GRANTS[one][0]
            assert f"'{one}' // {name}" in FILES[file].text  # so that a reader need not know it by heart

    assert granted == {role: (who, on_what) for role, (_, who, on_what) in GRANTS.items()}


def test_grants_to_new_identities_say_what_they_are_and_have_names_of_their_own():
    for grant in of_type("Microsoft.Authorization/roleAssignments").values():
        properties = grant.value["properties"]
        by_app = properties["principalId"] == "appPrincipalId"
        assert properties.get("principalType") == ("ServicePrincipal" if by_app else None)
        assert grant.value["name"].startswith("guid(")
        assert properties["principalId"] in grant.value["name"].arguments
        assert properties["roleDefinitionId"].arguments[1] in grant.value["name"].arguments
        assert grant.condition == (
            "!empty(readerPrincipalId)" if properties["principalId"] == "readerPrincipalId" else ""
        )


def test_the_app_waits_for_its_grants_and_its_package_container():
    """A module waits for all of a module whose outputs it takes."""
    (call,) = re.findall(r"^module app .*?^}", MAIN.text, re.MULTILINE | re.DOTALL)
    granting = {file for file, _ in of_type("Microsoft.Authorization/roleAssignments")}

    assert granting == {"monitoring", "storage", "vault"} == set(re.findall(r"(\w+)\.outputs\.", call))
    assert MAIN.modules["app"].value["dependsOn"] == ["privateNetwork"]
    assert "package.name" in FILES["storage"].outputs["packageContainerUrl"].value


def test_the_site_is_flex_on_python_with_its_identity_alone():
    site = only("Microsoft.Web/sites")
    (whole,) = of_type("Microsoft.Web/sites").values()
    (plan,) = of_type("Microsoft.Web/serverfarms").values()

    assert plan.value["sku"] == {"tier": "FlexConsumption", "name": "FC1"}
    assert plan.value["properties"] == {"reserved": True, "zoneRedundant": "zoneRedundant"}
    assert (whole.value["kind"], whole.value["identity"]["type"]) == ("functionapp,linux", "UserAssigned")
    assert site["functionAppConfig"]["runtime"] == {"name": "python", "version": "pythonVersion"}
    assert site["functionAppConfig"]["deployment"]["storage"]["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": "identity.id",
    }
    assert site["keyVaultReferenceIdentity"] == "identity.id"


def test_the_site_speaks_tls_and_takes_no_passwords():
    site = only("Microsoft.Web/sites")

    assert site["httpsOnly"] is True
    assert site["siteConfig"] == {
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
        "http20Enabled": True,
    }
    assert only("Microsoft.Web/sites/basicPublishingCredentialsPolicies") == {"allow": False}


@pytest.mark.parametrize("file", FILES)
def test_properties_that_flex_refuses_are_not_set(file):
    """https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations."""
    refused = "ftpsState|linuxFxVersion|alwaysOn|use32BitWorkerProcess|containerSize|functionAppScaleLimit"
    refused += "|minimumElasticInstanceCount|preWarmedInstanceCount|netFrameworkVersion|isReserved|javaVersion"

    assert not re.search(rf"^\s*({refused})\s*:", FILES[file].text, re.MULTILINE)


@pytest.mark.parametrize(
    "name", ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"]
)
def test_what_flex_refuses_is_not_set(name):
    assert name not in FIXED


def test_pythons_are_those_that_the_project_supports():
    allowed = re.findall(r"'(3\.\d+)'", MAIN.parameters["pythonVersion"].decorators)

    assert allowed == ["3.11", "3.12", "3.13"]
    assert default("pythonVersion") == "3.13"
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()


def test_each_type_has_one_version_and_none_is_a_preview_that_need_not_be():
    versions: dict[str, set[str]] = {}
    for found in RESOURCES.values():
        kind, version = found.what.split("@")
        versions.setdefault(kind, set()).add(version)

    assert {kind: found for kind, found in versions.items() if len(found) > 1} == {}
    assert [kind for kind, (version,) in versions.items() if "preview" in version] == [
        "Microsoft.Insights/diagnosticSettings"  # has no other that knows category groups
    ]


def test_the_parameter_file_sets_what_only_its_reader_knows():
    text = (ROOT / "infra/main.bicepparam").read_text()
    given = set(re.findall(r"^(?:// )?param (\w+) =", text, re.MULTILINE))
    required = {name for name, parameter in MAIN.parameters.items() if parameter.value is None}

    assert "using 'main.bicep'" in text
    assert given <= MAIN.parameters.keys()
    assert required == {"itwinClientId"} <= given


# Workbook, alerts, saved queries


def test_the_workbook_is_whole_and_not_too_large():
    text = (ROOT / "infra/workbook.json").read_text()
    declared = {
        parameter["name"] for item in kusto.workbook()["items"] for parameter in item["content"].get("parameters", [])
    }

    assert len(text) < 131_072  # loadTextContent
    assert declared == {"TimeRange", *kusto.UNFILTERED}
    for name, chart in kusto.charts().items():
        assert set(re.findall(r"\{(\w+)\}", chart["query"])) <= declared, name
        assert (chart["timeContextFromParameter"], chart["queryType"]) == ("TimeRange", 0)
        assert (chart["resourceType"], chart["crossComponentResources"]) == (
            "microsoft.insights/components",
            ["<insights>"],
        )


def test_the_workbook_is_told_where_it_is():
    module = FILES["workbook"]
    places = set(re.findall(r"<[\w-]+>", (ROOT / "infra/workbook.json").read_text()))

    assert places == set(re.findall(r"'(<[\w-]+>)'", module.text))
    assert only("Microsoft.Insights/workbooks")["serializedData"] == "replace(linked, '<insights>', insights.id)"


@pytest.mark.parametrize(("module", "folder"), [("alerts", "alerts"), ("monitoring", "saved")])
def test_every_query_file_is_deployed(module, folder):
    loaded = re.findall(r"loadTextContent\('\.\./(queries/[\w/-]+\.kql)'\)", FILES[module].text)

    assert sorted(loaded) == sorted(
        f"queries/{folder}/{path.name}" for path in (ROOT / "infra/queries" / folder).iterdir()
    )


def test_every_alarm_is_heard_when_an_address_is_given():
    rules = only("Microsoft.Insights/scheduledQueryRules")
    (condition,) = rules["criteria"]["allOf"]

    assert rules["scopes"] == ["insights.id"]
    assert rules["actions"]["actionGroups"] == "empty(actionGroupId) ? [] : [actionGroupId]"
    assert (condition["timeAggregation"], condition["operator"], condition["threshold"]) == ("Count", "GreaterThan", 0)
    assert RESOURCES[("monitoring", "people")].condition == "!empty(email)"


def test_alarms_are_told_apart_by_what_their_queries_say():
    """A dimension must be a column, of texts."""
    alarms = FILES["alerts"].variables["alarms"].value

    assert {alarm["name"] for alarm in alarms} == {
        "ended-badly", "callback-failed", "poisoned", "overdue", "failing", "row-unreadable", "gate-shut", "silent"
    }  # fmt: skip
    for alarm in alarms:
        query = kusto.shipped()[f"alerts/{alarm['name']}"]
        for dimension in alarm["dimensions"]:
            assert f"{dimension} = tostring(" in query
        assert alarm["lasts"] == ("ingestion_time()" not in query)
        assert alarm["query"] == f"loadTextContent('../queries/alerts/{alarm['name']}.kql')"
        assert alarm["window"] in {"PT15M", "PT30M", "PT1H"}  # Azure takes no other below an hour
        minutes = int(alarm["every"][2:-1])
        if not alarm["lasts"]:
            assert f"ingestion_time() > ago({minutes + 1}m)" in query  # no event is between two looks
        assert alarm["severity"] in {1, 2}


def test_who_is_told_of_an_end_is_told_of_all_that_need_somebody():
    """The rest are good news, or somebody's own doing."""
    (told,) = re.findall(r"outcome in \((.*)\)", kusto.shipped()["alerts/ended-badly"])

    assert set(re.findall(r"'(\w+)'", told)) == {*Outcome} - {"succeeded", "partial", "cancelled", "stopped"}


ENDS = {name: query for name, query in kusto.shipped().items() if "name == 'WatchFinished'" in query}


@pytest.mark.parametrize("name", sorted(name for name in ENDS if not name.startswith("workbook/filter ")))
def test_ends_are_counted_by_their_own_names(name):
    """A watch may end often, and the event of an end come twice; events of an older version name the watch alone."""
    lines = ENDS[name].splitlines()
    first = next(number for number, line in enumerate(lines) if "summarize" in line)

    assert lines[first] == "| summarize arg_max(timestamp, *) by end = iff(isempty(eventId), watchId, eventId)"
    assert not any("by watchId" in line for line in lines)


def test_azd_finds_the_app_by_its_name():
    services = re.findall(
        r"^  (\w+):\n    project: \.\n    language: python\n    host: function$",
        (ROOT / "azure.yaml").read_text(),
        re.MULTILINE,
    )
    (site,) = of_type("Microsoft.Web/sites").values()

    assert services == ["app"]
    assert site.value["tags"].arguments[1]["azd-service-name"] == "app"


def test_azd_finds_the_names_in_its_own_style_too():
    """Azure changes the case of such names where others ask for them, so the docs ask for the others."""
    pairs = {"AZURE_FUNCTION_APP_NAME": "appName", "AZURE_KEY_VAULT_NAME": "vaultName"}

    assert {name: MAIN.outputs[name].value for name in pairs} == {
        name: MAIN.outputs[other].value for name, other in pairs.items()
    }
    asked = re.findall(r"\(output (\w+)\)", "".join(path.read_text() for path in (ROOT / "docs").glob("*.md")))
    assert asked
    assert {*asked} - MAIN.outputs.keys() <= {"AZURE_RESOURCE_GROUP"}
    assert {*asked}.isdisjoint(pairs)
