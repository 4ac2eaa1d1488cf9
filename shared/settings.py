"""All settings of the app, read once: at first use, not at import."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from shared.apis import APIS
from shared.clients.proxies import ProxyError, proxy_for
from shared.core.nearest import nearest
from shared.core.schedule import ABSURD, SOONEST, Schedule
from shared.core.url import read_url

#: An unresolved Key Vault reference keeps its own text.
#: https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#troubleshoot-key-vault-references
UNRESOLVED = "@Microsoft.KeyVault("


class SettingsError(Exception):
    """Settings are missing or invalid.  Each problem names its setting and never repeats the value."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name} {problem}" for name, problem in problems.items()))


def _url(text: str) -> str:
    """Require https: plain http would expose the secret and the tokens.  Loopback addresses are exempt."""
    url = read_url(text)
    if not url or "xn--" in text.lower():  # readers of URLs disagree about such names too
        raise ValueError("must be a URL such as https://api.bentley.com, without user, query or fragment")
    if url.scheme == "http" and not url.is_loopback:
        raise ValueError("must begin with https:// (http is allowed only for loopback addresses)")
    return text


def _origin(text: str) -> str:
    url = read_url(_url(text))
    if url and url.path != "/":
        raise ValueError("must have no path")
    return text.rstrip("/")


#: The suffix "-callbacks-poison" must fit into 63 characters.
LONGEST_QUEUE_NAME = 46


def _queue_name(text: str) -> str:
    """https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata, less "-callbacks-poison"."""
    if not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,45}", text) or len(text) > LONGEST_QUEUE_NAME:
        raise ValueError("must be 3 to 46 lowercase letters, digits and single hyphens")
    return text


#: More are useless: an account takes 20,000 requests a second, which a few queues of 2,000 messages a second use up.
#: https://learn.microsoft.com/azure/storage/queues/scalability-targets
MOST_QUEUES = 16


def _table_name(text: str) -> str:
    """https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,62}", text):
        raise ValueError("must be 3 to 63 letters and digits, starting with a letter")
    return text


def _hosts(text: str) -> str:
    """Read comma-separated host names, each with a port unless it is the default."""
    hosts = [re.sub(r"\.(?=$|:)", "", host.strip().lower()) for host in text.split(",") if host.strip()]
    if not hosts or "/" in text or not all(read_url(f"https://{host}") for host in hosts):
        raise ValueError("must be comma-separated host names, such as hooks.example.com,hooks.example.org:8443")
    return ",".join(dict.fromkeys(hosts))


def _webhook_secret(secret: SecretStr) -> SecretStr:
    """Require the format of Standard Webhooks: https://www.standardwebhooks.com."""
    try:
        raw = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except ValueError:
        raw = b""
    if not 24 <= len(raw) <= 64:  # noqa: PLR2004 -- "between 24 bytes (192 bits) and 64 bytes (512 bits)"
        raise ValueError("must be whsec_ and 24 to 64 random bytes in base64")
    return secret


#: Of a secret of an iTwin webhook, in characters: https://developer.bentley.com/apis/webhooks-v2/operations/create-webhook
SHORTEST_EVENT_SECRET = 32


def _event_secrets(secrets: SecretStr) -> SecretStr:
    """Read comma-separated secrets of iTwin webhooks."""
    each = [secret.strip() for secret in secrets.get_secret_value().split(",") if secret.strip()]
    if not each or not all(len(secret) >= SHORTEST_EVENT_SECRET and secret.isprintable() for secret in each):
        raise ValueError(f"must be comma-separated secrets of at least {SHORTEST_EVENT_SECRET} characters each")
    return SecretStr(",".join(dict.fromkeys(each)))


def _telemetry(connection_string: SecretStr) -> SecretStr:
    """Keep only what the exporter needs: it fails on other parts of a connection string."""
    parts = dict(part.strip().partition("=")[::2] for part in connection_string.get_secret_value().split(";"))
    values = {name.lower(): value for name, value in parts.items()}
    key = values.get("instrumentationkey", "").lower()
    endpoint = values.get("ingestionendpoint") or "https://dc.services.visualstudio.com"
    if not re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", key):
        raise ValueError("must contain InstrumentationKey=<guid>, as the portal shows it")
    return SecretStr(f"InstrumentationKey={key};IngestionEndpoint={_url(endpoint).rstrip('/')}")


def _identity(text: str) -> str:
    """Return the client id of the identity that sends telemetry; empty for the system-assigned one.

    "Authorization=AAD" or "ClientId=<id>;Authorization=AAD": https://learn.microsoft.com/azure/azure-functions/
    functions-app-settings#applicationinsights_authentication_string
    """
    parts = dict(part.strip().partition("=")[::2] for part in text.split(";"))
    values = {name.lower(): value.strip() for name, value in parts.items()}
    if values.get("authorization", "").lower() != "aad":
        raise ValueError("must be Authorization=AAD, or ClientId=<id of the identity>;Authorization=AAD")
    return values.get("clientid", "")


def _seconds(text: Any) -> Any:
    try:
        schedule = Schedule.seconds(*(float(delay) for delay in text.split(",")))
    except (ValueError, OverflowError):  # "nan" is a ValueError of timedelta, "inf" an OverflowError
        raise ValueError("must be comma-separated seconds, such as 30,60,120") from None
    if not all(SOONEST <= delay <= ABSURD for delay in schedule.delays):
        raise ValueError(f"must be at least 1 second and at most {ABSURD.days} days each")
    return schedule


Url = Annotated[str, AfterValidator(_url)]
Service = Annotated[str, AfterValidator(_url), AfterValidator(lambda url: url.rstrip("/"))]
Origin = Annotated[str, AfterValidator(_origin)]
QueueName = Annotated[str, AfterValidator(_queue_name)]
QueueCount = Annotated[int, Field(ge=1, le=MOST_QUEUES)]
TableName = Annotated[str, AfterValidator(_table_name)]
Polling = Annotated[Schedule, BeforeValidator(_seconds)]


class Callbacks(BaseModel):
    """The settings of callbacks.  A wrong one turns off callbacks, and not the watches."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    callback_hosts: Annotated[str, AfterValidator(_hosts)] | None = Field(None, alias="CALLBACK_HOSTS")
    callback_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = Field(None, alias="CALLBACK_SECRET")
    callback_problems: Mapping[str, str] = Field(default_factory=dict)  #: what is wrong, by name of the setting


class Webhooks(BaseModel):
    """The settings of the platform's events.  A wrong one turns off events, and not the watches."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    webhook_secrets: Annotated[SecretStr, AfterValidator(_event_secrets)] | None = Field(None, alias="WEBHOOK_SECRETS")
    webhook_problems: Mapping[str, str] = Field(default_factory=dict)  #: what is wrong, by name of the setting


class Settings(Callbacks, Webhooks):
    """The settings, as docs/configuration.md lists them.  A field's alias is the setting's name."""

    storage: SecretStr | None = Field(None, alias="AzureWebJobsStorage", min_length=1)
    storage_account: str | None = Field(None, alias="AzureWebJobsStorage__accountName", pattern=r"^[a-z0-9]{3,24}$")
    storage_queues: Service | None = Field(None, alias="AzureWebJobsStorage__queueServiceUri")
    storage_tables: Service | None = Field(None, alias="AzureWebJobsStorage__tableServiceUri")
    storage_client_id: str | None = Field(None, alias="AzureWebJobsStorage__clientId")
    api_url: Origin = Field("https://api.bentley.com", alias="ITWIN_API_URL")
    token_url: Url = Field("https://ims.bentley.com/connect/token", alias="ITWIN_TOKEN_URL")
    client_id: str = Field(alias="ITWIN_CLIENT_ID", min_length=1)
    client_secret: SecretStr = Field(alias="ITWIN_CLIENT_SECRET", min_length=1)
    scope: str = Field("itwin-platform", alias="ITWIN_SCOPE", min_length=1)
    tickets_queue: QueueName = Field(alias="TICKETS_QUEUE")
    tickets_queues: QueueCount = Field(1, alias="TICKETS_QUEUES")
    watches_table: TableName = Field("Watches", alias="WATCHES_TABLE")
    results_table: TableName = Field("Results", alias="RESULTS_TABLE")
    gates_table: TableName = Field("Gates", alias="GATES_TABLE")
    callbacks_table: TableName = Field("Callbacks", alias="CALLBACKS_TABLE")
    open_table: TableName = Field("OpenWatches", alias="OPEN_TABLE")
    telemetry: Annotated[SecretStr, AfterValidator(_telemetry)] | None = Field(
        None, alias="APPLICATIONINSIGHTS_CONNECTION_STRING"
    )
    telemetry_client_id: Annotated[str, AfterValidator(_identity)] | None = Field(
        None, alias="APPLICATIONINSIGHTS_AUTHENTICATION_STRING"
    )
    site_name: str = Field("itwin-job-watch", alias="WEBSITE_SITE_NAME")  # set by Azure
    per_minute: int | None = Field(None, alias="ITWIN_REQUESTS_PER_MINUTE", ge=1, le=1_000_000)
    per_hour: int | None = Field(None, alias="ITWIN_REQUESTS_PER_HOUR", ge=1, le=60_000_000)
    retention_days: int = Field(30, alias="WATCH_RETENTION_DAYS", ge=1, le=36500)
    due_grid: int = Field(0, alias="DUE_GRID", ge=0, le=30)
    wait_scale: float = Field(1.0, alias="WAIT_SCALE", ge=0, le=1000, allow_inf_nan=False)
    polling: Mapping[str, Polling] = Field(default_factory=dict)  #: by API name, from `POLLING_<API>`

    def storage_uri(self, service: str) -> str:
        """Give the URI of a service of storage, `queue` or `table`, where there is no connection string.

        As in the Functions host (`StorageClientProvider` of azure-sdk-for-net), an account name wins over the URIs, and
        is one of Azure's public cloud: host and app must use the same queues.
        """
        if self.storage_account:
            return f"https://{self.storage_account}.{service}.core.windows.net"
        return str({"queue": self.storage_queues, "table": self.storage_tables}[service])

    @property
    def event_keys(self) -> Sequence[bytes]:
        """The keys of the signatures of events: the texts of the secrets."""
        secrets = self.webhook_secrets.get_secret_value().split(",") if self.webhook_secrets else []
        return [secret.encode() for secret in secrets]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings; raises `SettingsError`, which names every missing or invalid one."""
        names = {field.alias for field in cls.model_fields.values() if field.alias}
        # Empty means unset: templates write "" for parameters without a value.
        values: dict[str, Any] = {name: env[name].strip() for name in sorted(names & env.keys()) if env[name].strip()}
        polling = {polling_setting(name): name for name in APIS}
        values["polling"] = {polling[name]: env[name] for name in polling.keys() & env.keys() if env[name].strip()}
        wrong = _wrong_callbacks(values)
        values = {name: value for name, value in values.items() if name not in CALLBACKS or not wrong}
        values["callback_problems"] = wrong
        deaf = _wrong_webhooks(values)
        values = {name: value for name, value in values.items() if name not in deaf}
        values["webhook_problems"] = deaf
        problems = _unresolved(values)
        problems |= _no_storage(values)
        problems |= _same_tables(values, cls)
        problems |= {
            name: f"names an unknown API; most like it: {nearest(name, polling)}"
            for name in env
            if name.startswith("POLLING_") and name not in polling and env[name].strip()
        }
        found, settings = _validated(cls, values)
        problems = found | problems
        if settings is not None:
            problems |= _unusable_proxies(env, (settings.api_url, settings.token_url))
        if settings is None or problems:
            raise SettingsError(problems | wrong | deaf)
        return settings


CALLBACKS = {"CALLBACK_HOSTS", "CALLBACK_SECRET"}
WEBHOOKS = {"WEBHOOK_SECRETS"}

Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], values: Mapping[str, Any]) -> tuple[dict[str, str], Model | None]:
    """Return what is wrong with the values, or the model of them.  pydantic's own error may show them."""
    try:
        return {}, model.model_validate(values)
    except ValidationError as error:
        return dict(map(_problem, error.errors(include_input=False, include_url=False))), None


def _no_storage(values: Mapping[str, Any]) -> dict[str, str]:
    """Name the settings without which a service of storage cannot be found."""
    if values.keys() & {"AzureWebJobsStorage", "AzureWebJobsStorage__accountName"}:
        return {}
    needed = ["AzureWebJobsStorage__queueServiceUri", "AzureWebJobsStorage__tableServiceUri"]
    missing = [name for name in needed if name not in values]
    if missing == needed:
        return {"AzureWebJobsStorage": f"is missing (or set {', '.join(missing)})"}
    return dict.fromkeys(missing, "is missing")


def _unresolved(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: "is still a Key Vault reference: the app's identity could not read the secret"
        for name in values
        if str(values[name]).startswith(UNRESOLVED)
    }


def _wrong_callbacks(values: Mapping[str, Any]) -> dict[str, str]:
    """Say why no callback can be sent, if one is meant to be."""
    given = {name: value for name, value in values.items() if name in CALLBACKS}
    problems = _validated(Callbacks, given)[0] | _unresolved(given)
    if given.keys() == {"CALLBACK_HOSTS"}:
        problems["CALLBACK_SECRET"] = "is missing, but CALLBACK_HOSTS is set"  # noqa: S105 -- a message
    return problems


def _wrong_webhooks(values: Mapping[str, Any]) -> dict[str, str]:
    """Say why no event can be taken, if they are meant to be."""
    given = {name: value for name, value in values.items() if name in WEBHOOKS}
    return _validated(Webhooks, given)[0] | _unresolved(given)


def _unusable_proxies(env: Mapping[str, str], urls: Iterable[str]) -> dict[str, str]:
    problems = {}
    for url in urls:
        try:
            proxy_for(url, env)
        except ProxyError as error:
            problems[str(error)] = "names a proxy that cannot be used: it must be a URL such as http://10.0.0.4:3128"
    return problems


def queue_count(env: Mapping[str, str]) -> int:
    """Read `TICKETS_QUEUES` alone: the number of triggers is needed before the other settings.

    Returns 1 if it is invalid, so that the app starts and its health check can report it.
    """
    try:
        return TypeAdapter[int](QueueCount).validate_python(env.get("TICKETS_QUEUES", "").strip() or 1)
    except ValidationError:
        return 1


def queue_name(first: str, number: int) -> str:
    """Name a ticket queue: the first is `TICKETS_QUEUE`, the others have a number appended.

    >>> [queue_name("tickets", number) for number in range(3)]
    ['tickets', 'tickets-1', 'tickets-2']
    """
    return f"{first}-{number}" if number else first


def polling_setting(api: str) -> str:
    """Name the setting that overrides an API's polling schedule.

    >>> polling_setting("access-control")
    'POLLING_ACCESS_CONTROL'
    """
    return "POLLING_" + api.replace("-", "_").upper()


def _same_tables(values: Mapping[str, Any], settings: type[Settings]) -> dict[str, str]:
    """Find tables that share a name, ignoring case: each table holds one kind of row."""
    taken: dict[str, str] = {}
    problems = {}
    for field in settings.model_fields.values():
        if field.alias and field.alias.endswith("_TABLE"):
            name = str(values.get(field.alias, field.default)).lower()
            if (other := taken.setdefault(name, field.alias)) != field.alias:
                problems[field.alias] = f"names the same table as {other}"
    return problems


def _problem(found: Any) -> tuple[str, str]:
    """Turn an error of pydantic into the setting's name and what is wrong with it."""
    match found["loc"]:
        case ("polling", api, *_):
            name = polling_setting(api)
        case (name, *_):
            pass
    if found["type"] == "missing":
        return name, "is missing"
    return name, "is malformed: " + found["msg"].removeprefix("Value error, ")
