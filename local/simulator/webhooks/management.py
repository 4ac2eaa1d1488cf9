"""The five calls that manage webhooks, v2.

https://developer.bentley.com/apis/webhooks-v2/operations/create-webhook, and the pages beside it; bodies as in
iTwin/webhooks-api-samples.  Unconfirmed: all statuses but 200, the codes and messages of all errors but those of
`errors.py`, and whether anything is checked of the values beyond what is said here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from local.simulator.apis import APIS
from local.simulator.apis.start import guid4
from local.simulator.call import Answer, Call
from local.simulator.errors import FORBIDDEN, TOO_MANY_REQUESTS, Problem
from local.simulator.paths import Segments, match
from local.simulator.webhooks.registry import Webhook

ALL = "/webhooks"
ONE = "/webhooks/{webhookId}"

#: Those of jobs, and some others of https://developer.bentley.com/apis/webhooks-v2/available-events.
EVENT_TYPES = {api.event.type for api in APIS if api.event} | {
    "accessControl.memberAdded.v1",
    "accessControl.memberRemoved.v1",
    "iModels.iModelCreated.v1",
    "iModels.iModelDeleted.v1",
    "iModels.namedVersionCreated.v1",
    "iModels.changesReady.v1",
}

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

NO_WEBHOOK = Problem(404, "WebhookNotFound", "Requested webhook is not available.", "webhookId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the calls to one path have in common with an API's: version, token and rate limit."""

    path: str
    name: str = "webhooks"
    version: int = 2
    throttled: Problem = TOO_MANY_REQUESTS  # unconfirmed: which of the two codes

    def match(self, path: Segments) -> dict[str, str] | None:
        """Return the id in a path; None for any other path."""
        return match(self.path, path)


def _callback_url(text: str) -> str:
    """Https, says the page.  Plain http is taken to loopback addresses, which the platform could not reach."""
    url = urlsplit(text)
    good = url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK)
    if not good or not url.hostname or not text.isascii() or " " in text or "#" in text:
        raise ValueError("must be an https URL")
    return text


def _event_type(text: str) -> str:
    """Unconfirmed: that names which nobody knows are refused."""
    if text not in EVENT_TYPES:
        raise ValueError("is not the name of an event")
    return text


CallbackUrl = Annotated[str, AfterValidator(_callback_url)]
Secret = Annotated[str, Field(min_length=32)]
EventTypes = Annotated[tuple[Annotated[str, AfterValidator(_event_type)], ...], Field(min_length=1)]


class Changes(BaseModel):
    """The body of PATCH: any of these."""

    model_config = ConfigDict(extra="ignore")

    active: StrictBool = False
    callbackUrl: CallbackUrl = ""  # noqa: N815 - the platform's names
    secret: Secret = ""
    eventTypes: EventTypes = ()  # noqa: N815


class Wanted(BaseModel):
    """The body of POST."""

    model_config = ConfigDict(extra="ignore")

    callbackUrl: CallbackUrl  # noqa: N815
    scope: Literal["Account", "iTwin"]
    scopeId: Annotated[str, Field(min_length=1)] | None = None  # noqa: N815
    secret: Secret | None = None
    eventTypes: EventTypes  # noqa: N815

    @model_validator(mode="after")
    def _has_scope(self) -> Self:
        if self.scope == "iTwin" and self.scopeId is None:
            raise ValueError("scopeId is required with the scope iTwin")
        return self


async def create(call: Call) -> web.Response:
    """`POST /webhooks`: the only answer that shows the secret."""
    wanted = Wanted.model_validate_json(await call.request.read())
    if call.world.sender.switches.forbids(wanted.scopeId):
        return FORBIDDEN.response()
    webhook = Webhook(
        id=guid4(),
        scope=wanted.scope,
        scope_id=wanted.scopeId if wanted.scope == "iTwin" else None,
        callback_url=wanted.callbackUrl,
        event_types=wanted.eventTypes,
        secret=wanted.secret or secrets.token_hex(32),
        created=call.now,
        modified=call.now,
    )
    call.world.webhooks.keep(webhook)
    body = webhook.to_json() | {"secret": webhook.secret}
    return web.json_response({name: body[name] for name in body if name not in {"created", "modified"}}, status=201)


async def all_of_them(call: Call) -> web.Response:
    """`GET /webhooks`.  Unconfirmed: that those of iTwins which the caller may not manage are left out."""
    switches = call.world.sender.switches
    if switches.forbidden is True:
        return FORBIDDEN.response()
    shown = [webhook.to_json() for webhook in call.world.webhooks.all() if not switches.forbids(webhook.scope_id)]
    return web.json_response({"webhooks": shown})


async def read(_: Call, webhook: Webhook) -> web.Response:
    """`GET /webhooks/{id}`."""
    return web.json_response(webhook.to_json())


async def update(call: Call, webhook: Webhook) -> web.Response:
    """`PATCH /webhooks/{id}`.  Unconfirmed: that the answer has no secret."""
    changes = Changes.model_validate_json(await call.request.read())
    given = changes.model_fields_set
    secret = changes.secret if "secret" in given else webhook.secret
    if "secret" not in given and call.world.sender.switches.renews_secrets:
        secret = secrets.token_hex(32)
    changed = replace(
        webhook,
        active=changes.active if "active" in given else webhook.active,
        callback_url=changes.callbackUrl if "callbackUrl" in given else webhook.callback_url,
        event_types=changes.eventTypes if "eventTypes" in given else webhook.event_types,
        secret=secret,
        modified=call.now,
    )
    call.world.webhooks.keep(changed)
    return web.json_response(changed.to_json())


async def delete(call: Call, webhook: Webhook) -> web.Response:
    """`DELETE /webhooks/{id}`."""
    call.world.webhooks.remove(webhook)
    return web.Response(status=204)


def of_one(do: Callable[[Call, Webhook], Any]) -> Answer:
    """Return an endpoint that is about one webhook."""

    async def answer(call: Call) -> web.Response:
        webhook = call.world.webhooks.get(call.ids["webhookId"])
        if webhook is None:
            return NO_WEBHOOK.response()
        if call.world.sender.switches.forbids(webhook.scope_id):
            return FORBIDDEN.response()
        response: web.Response = await do(call, webhook)
        return response

    return explained(answer)


def explained(answer: Answer) -> Answer:
    """Answer a malformed body with 422."""

    async def explaining(call: Call) -> web.Response:
        try:
            return await answer(call)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            target = ".".join(map(str, fault["loc"]))
            detail = Problem(422, "InvalidParameter", fault["msg"].removeprefix("Value error, "), target or None)
            return Problem(422, "InvalidWebhooksRequest", "The request is invalid.", detail=detail).response()

    return explaining


#: The method, the path and the endpoint of each.
CALLS: tuple[tuple[str, Service, Answer], ...] = (
    ("POST", Service(path=ALL), explained(create)),
    ("GET", Service(path=ALL), all_of_them),
    ("GET", Service(path=ONE), of_one(read)),
    ("PATCH", Service(path=ONE), of_one(update)),
    ("DELETE", Service(path=ONE), of_one(delete)),
)
