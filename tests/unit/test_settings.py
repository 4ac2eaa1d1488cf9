"""Settings: what is read, what is refused, and that no value is ever repeated."""

import re
import traceback
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.core.schedule import Schedule
from shared.settings import (
    LONGEST_QUEUE_NAME,
    MOST_QUEUES,
    Settings,
    SettingsError,
    polling_setting,
    queue_count,
    queue_name,
)

NEEDED = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "ITWIN_CLIENT_ID": "service-123",
    "ITWIN_CLIENT_SECRET": "hunter2",
    "TICKETS_QUEUE": "tickets",
}
KEY = "InstrumentationKey=0a1b2c3d-1111-2222-3333-444455556666"


def read(**env):
    return Settings.from_env(NEEDED | env)


def refused(env):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    return caught.value


def without(name):
    return {other: value for other, value in NEEDED.items() if other != name}


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("api_url", "https://api.bentley.com"),
        ("token_url", "https://ims.bentley.com/connect/token"),
        ("scope", "itwin-platform"),
        ("watches_table", "Watches"),
        ("results_table", "Results"),
        ("open_table", "OpenWatches"),
        ("callbacks_table", "Callbacks"),
        ("callback_hosts", None),
        ("callback_secret", None),
        ("webhook_secrets", None),
        ("telemetry", None),
        ("storage_account", None),
        ("storage_client_id", None),
        ("telemetry_client_id", None),
        ("due_grid", 0),
        ("wait_scale", 1.0),
        ("polling", {}),
    ],
)
def test_what_is_not_set_has_a_default(field, default):
    assert getattr(read(), field) == default


def test_what_is_set_is_read():
    known = read(ITWIN_API_URL="https://dev-api.bentley.com/", ITWIN_SCOPE=" a b ", WATCHES_TABLE="W2x", WAIT_SCALE="0")

    assert (known.api_url, known.scope, known.watches_table, known.wait_scale) == (
        "https://dev-api.bentley.com",
        "a b",
        "W2x",
        0,
    )
    assert (known.client_id, known.client_secret.get_secret_value()) == ("service-123", "hunter2")


@pytest.mark.parametrize("name", ["ITWIN_CLIENT_ID", "ITWIN_CLIENT_SECRET", "TICKETS_QUEUE"])
def test_a_missing_setting_is_named(name):
    assert refused(without(name)).problems == {name: "is missing"}


def test_all_that_is_missing_is_named_at_once():
    assert refused({}).problems.keys() == NEEDED.keys()


def test_an_account_name_does_instead_of_a_connection_string():
    known = Settings.from_env(without("AzureWebJobsStorage") | {"AzureWebJobsStorage__accountName": "watches1"})

    assert (known.storage, known.storage_account) == (None, "watches1")


QUEUE_URI, TABLE_URI = "AzureWebJobsStorage__queueServiceUri", "AzureWebJobsStorage__tableServiceUri"
URIS = {QUEUE_URI: "https://w.queue.core.usgovcloudapi.net/", TABLE_URI: "https://w.table.core.usgovcloudapi.net/"}


def test_uris_of_services_do_instead_of_a_connection_string():
    known = Settings.from_env(without("AzureWebJobsStorage") | URIS)

    assert (known.storage, known.storage_account) == (None, None)
    assert [known.storage_uri(service) for service in ("queue", "table")] == [uri.rstrip("/") for uri in URIS.values()]


@pytest.mark.parametrize(("given", "missing"), [(QUEUE_URI, TABLE_URI), (TABLE_URI, QUEUE_URI)])
def test_each_service_must_be_found(given, missing):
    env = without("AzureWebJobsStorage") | {given: URIS[given]}

    assert refused(env).problems == {missing: "is missing"}
    assert Settings.from_env(env | {"AzureWebJobsStorage__accountName": "w" * 3})


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
@pytest.mark.parametrize("name", [*NEEDED])
def test_empty_counts_as_missing(name, empty):
    assert refused(NEEDED | {name: empty}).problems.keys() == {name}


@pytest.mark.parametrize(
    "name",
    [
        "ITWIN_API_URL",
        "ITWIN_TOKEN_URL",
        "ITWIN_SCOPE",
        "WATCHES_TABLE",
        "RESULTS_TABLE",
        "OPEN_TABLE",
        "CALLBACK_HOSTS",
        "CALLBACK_SECRET",
        "WAIT_SCALE",
        "POLLING_REPORTING",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsStorage__accountName",
        "AzureWebJobsStorage__queueServiceUri",
        "AzureWebJobsStorage__tableServiceUri",
        "AzureWebJobsStorage__clientId",
        "WEBSITE_SITE_NAME",
    ],
)
def test_empty_counts_as_the_default(name):
    assert read(**{name: " "}) == read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AzureWebJobsStorage__accountName", "Not-An-Account"),
        ("AzureWebJobsStorage__queueServiceUri", "w.queue.core.windows.net"),
        ("AzureWebJobsStorage__queueServiceUri", "http://w.queue.core.windows.net"),
        ("AzureWebJobsStorage__tableServiceUri", "https://w.table.core.windows.net/?sig=secret"),
        ("TICKETS_QUEUE", "Upper"),
        ("TICKETS_QUEUE", "ab"),
        ("TICKETS_QUEUE", "double--dash"),
        ("TICKETS_QUEUE", "dash-"),
        ("TICKETS_QUEUE", "q" * 64),
        ("WATCHES_TABLE", "1st"),
        ("WATCHES_TABLE", "with-dash"),
        ("RESULTS_TABLE", "ab"),
        ("RESULTS_TABLE", "t" * 64),
        ("WAIT_SCALE", "-0.1"),
        ("WAIT_SCALE", "1000.1"),
        ("WAIT_SCALE", "nan"),
        ("WAIT_SCALE", "inf"),
        ("WAIT_SCALE", "fast"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "0a1b2c3d-1111-2222-3333-444455556666"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=nope;IngestionEndpoint=https://x/"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", KEY + "0"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", KEY + ";IngestionEndpoint=http://x/"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", KEY + ";IngestionEndpoint=nonsense"),
        ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "ClientId=0a1b2c3d-1111-2222-3333-444455556666"),
        ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "Authorization=Key"),
        ("POLLING_REPORTING", "soon"),
        ("POLLING_REPORTING", "30,,60"),
        ("POLLING_REPORTING", "30,"),
        ("POLLING_REPORTING", "-30"),
        ("POLLING_REPORTING", "nan"),
        ("POLLING_REPORTING", "inf"),
        ("POLLING_REPORTING", "1e300"),
    ],
)
def test_a_malformed_setting_is_named_and_its_value_is_not_repeated(name, value):
    error = refused(NEEDED | {name: value})

    assert error.problems.keys() == {name}
    assert error.problems[name].startswith("is malformed: ")
    assert value not in error.problems[name].split()


@pytest.mark.parametrize(
    "name",
    [
        "AzureWebJobsStorage__accountName",
        "AzureWebJobsStorage__queueServiceUri",
        "AzureWebJobsStorage__tableServiceUri",
        "ITWIN_API_URL",
        "ITWIN_TOKEN_URL",
        "TICKETS_QUEUE",
        "WATCHES_TABLE",
        "RESULTS_TABLE",
        "OPEN_TABLE",
        "WAIT_SCALE",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "POLLING_REPORTING",
        "POLLING_NONSENSE",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated_not_even_in_a_traceback(name):
    error = refused(NEEDED | {name: "AccountKey=s3cr3t=="})

    assert "s3cr3t" not in "".join(traceback.format_exception(error)) + repr(error)


def test_a_secret_is_not_repeated_because_another_setting_is_missing():
    error = refused(without("TICKETS_QUEUE"))

    assert "hunter2" not in "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    "name", ["ITWIN_CLIENT_SECRET", "ITWIN_CLIENT_ID", "AzureWebJobsStorage", "APPLICATIONINSIGHTS_CONNECTION_STRING"]
)
def test_a_key_vault_reference_that_was_not_resolved_is_said_to_be_one(name):
    error = refused(NEEDED | {name: " @Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s/)"})

    assert error.problems.keys() == {name}
    assert "Key Vault reference" in error.problems[name]
    assert "vault.azure.net" not in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.bentley.com",
        "https://qa-api.bentley.com:8443",
        "http://127.0.0.1:8081",
        "http://localhost",
        "http://[::1]:8081",
    ],
)
@pytest.mark.parametrize("name", ["ITWIN_API_URL", "ITWIN_TOKEN_URL"])
def test_https_and_loopback_urls_are_accepted(name, url):
    known = read(**{name: url})

    assert {"ITWIN_API_URL": known.api_url, "ITWIN_TOKEN_URL": known.token_url}[name] == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.bentley.com",
        "http://localhost@evil.example",
        "http://localhost:80@evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1\\.evil.example",
        "http://localhost.evil.example",
        "http://evil.example#localhost",
        "http://evil.example/127.0.0.1",
        "http://127.0.0.2",
        "http://0.0.0.0",
        "http://[::ffff:93.184.216.34]",
        "http://",
        "https://",
        "https:///path",
        "https://user:password@api.bentley.com",
        "https://api.bentley.com?x=1",
        "https://api.bentley.com#x",
        "https://api.bentley.com with blanks",
        "https://api.bentley.com\n.evil.example",
        "ftp://127.0.0.1",
        "api.bentley.com",
        "//api.bentley.com",
    ],
)
@pytest.mark.parametrize("name", ["ITWIN_API_URL", "ITWIN_TOKEN_URL"])
def test_a_url_that_would_carry_secrets_elsewhere_is_refused(name, url):
    assert refused(NEEDED | {name: url}).problems.keys() == {name}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.bentley.com:99999",
        "https://api.bentley.com:\uff14\uff14\uff13",  # digits, but not ASCII's
        "https://[api.bentley.com",
        "https://[::1",
        "https://[::::]",
        "https://[1.2.3.4]",
        "https://443127.0.0.1",
        "https://127.1",
    ],
)
@pytest.mark.parametrize("name", ["ITWIN_API_URL", "ITWIN_TOKEN_URL"])
def test_a_url_that_nothing_can_be_asked_at_is_refused(name, url):
    assert refused(NEEDED | {name: url}).problems.keys() == {name}


PIECES = st.sampled_from(
    [*"-._:@/\\?#[]% \n\u0664", "api", "com", "443", "::1", "127.0.0.1", "localhost", "xn--", "%2F"]
)


@given(st.sampled_from(["https://", "http://"]), st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_a_url_that_passes_means_the_same_to_all_who_read_it(scheme, rest):
    try:
        url = read(ITWIN_TOKEN_URL=scheme + rest).token_url
    except SettingsError:
        return
    one, other = urlsplit(url), httpx.URL(url)
    assert (one.scheme, one.hostname) == (other.scheme, other.host)
    assert one.port in {other.port, 443 if one.scheme == "https" else 80}
    assert one.scheme == "https" or one.hostname in {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("value", "client_id"),
    [("", None), ("Authorization=AAD", ""), ("ClientId=0a1b;Authorization=AAD", "0a1b"), ("authorization=aad;", "")],
)
def test_the_identity_for_telemetry_is_read_as_the_host_reads_it(value, client_id):
    assert read(APPLICATIONINSIGHTS_AUTHENTICATION_STRING=value).telemetry_client_id == client_id


@pytest.mark.parametrize("url", ["https://api.bentley.com/v1", "https://api.bentley.com//v1/"])
def test_the_platform_is_an_origin_without_a_path(url):
    assert refused(NEEDED | {"ITWIN_API_URL": url}).problems == {"ITWIN_API_URL": "is malformed: must have no path"}


@pytest.mark.parametrize(
    ("value", "schedule"),
    [
        ("30", Schedule.seconds(30)),
        ("15,30,60", Schedule.seconds(15, 30, 60)),
        (" 1.5 , 30 ", Schedule.seconds(1.5, 30)),
    ],
)
def test_a_polling_schedule_is_read_for_its_api(value, schedule):
    assert read(POLLING_REALITY_ANALYSIS=value).polling == {"reality-analysis": schedule}


def test_a_schedule_without_any_pause_is_refused():
    """A slip of the pen must not turn into asking as fast as the queue delivers."""
    assert refused(NEEDED | {"POLLING_REPORTING": "0"}).problems.keys() == {"POLLING_REPORTING"}


def test_a_schedule_that_passes_can_be_scaled():
    """Or else is refused, and does not fail every turn with an OverflowError."""
    env = NEEDED | {"POLLING_REPORTING": str(timedelta.max // timedelta(seconds=1)), "WAIT_SCALE": "1000"}
    try:
        known = Settings.from_env(env)
    except SettingsError as error:
        assert error.problems.keys() <= {"POLLING_REPORTING", "WAIT_SCALE"}  # noqa: PT017 -- either will do
        return
    APIS["reporting"].paced(known.polling["reporting"], known.wait_scale)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("POLLING_REALITY-ANALYSIS", "POLLING_REALITY_ANALYSIS"),
        ("POLLING_reporting", "POLLING_REPORTING"),
        ("POLLING_CARBON_EC_3", "POLLING_CARBON_EC3"),
        ("POLLING_NONSENSE", "POLLING_"),
        ("POLLING_", "POLLING_"),
    ],
)
def test_a_polling_schedule_for_no_known_api_is_named(name, meant):
    error = refused(NEEDED | {name: "30"})

    assert error.problems.keys() == {name}
    assert error.problems[name].startswith(f"names an unknown API; most like it: {meant}")
    assert len(error.problems[name]) < 150


@pytest.mark.parametrize("api", APIS)
def test_every_api_has_a_setting_of_its_own(api):
    assert read(**{polling_setting(api): "7"}).polling == {api: Schedule.seconds(7)}


@pytest.mark.parametrize(("text", "scale"), [("0", 0), ("0.01", 0.01), ("1000", 1000)])
def test_wait_scale_has_bounds(text, scale):
    assert read(WAIT_SCALE=text).wait_scale == scale


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("30", 30)])
def test_a_grid_of_due_times_has_bounds(text, seconds):
    assert read(DUE_GRID=text).due_grid == seconds


@pytest.mark.parametrize(("text", "count"), [("", 1), (" ", 1), ("1", 1), (" 4 ", 4), ("16", 16)])
def test_queues_are_as_many_for_the_triggers_as_for_the_tickets(text, count):
    assert read(TICKETS_QUEUES=text).tickets_queues == queue_count({"TICKETS_QUEUES": text}) == count


@pytest.mark.parametrize("text", ["0", "17", "-1", "2.5", "two"])
def test_a_wrong_number_of_queues_is_named_and_there_is_an_app_that_says_so(text):
    assert refused(NEEDED | {"TICKETS_QUEUES": text}).problems.keys() == {"TICKETS_QUEUES"}
    assert queue_count({"TICKETS_QUEUES": text}) == 1


def test_queues_beyond_the_first_have_names_that_the_service_takes():
    longest = "q" * LONGEST_QUEUE_NAME
    name = queue_name(read(TICKETS_QUEUE=longest).tickets_queue, MOST_QUEUES - 1) + "-poison"

    assert re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,62}", name)
    assert len(name) <= 63


@pytest.mark.parametrize("text", ["-1", "31", "1.5", "a"])
def test_no_grid_of_due_times_is_beyond_them(text):
    """A start sends a ticket again when a turn is 30 s late, so a grid may not make it so."""
    assert refused(NEEDED | {"DUE_GRID": text}).problems.keys() == {"DUE_GRID"}


@pytest.mark.parametrize("show", [repr, str])
def test_showing_the_settings_shows_no_secret(show):
    known = read(AzureWebJobsStorage="AccountKey=s3cr3t==", APPLICATIONINSIGHTS_CONNECTION_STRING=KEY)

    for secret in ("hunter2", "s3cr3t", KEY.split("=")[1]):
        assert secret not in show(known)


def test_other_variables_are_left_alone():
    assert read(PATH="/bin", ITWIN_UNKNOWN="x", AzureWebJobsStorage__credential="managedidentity") == read()
