"""The query parameters of each operation."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.apis import APIS
from shared.core.model import Outcome
from shared.core.nearest import nearest
from shared.core.remote import watch_id
from shared.core.untrusted import tidy
from shared.engine.cursor import Cursor
from shared.engine.lister import Wanted
from shared.engine.ports import State
from shared.web.job_url import locate
from shared.web.problems import Problem
from shared.web.requests import Label

#: Parameters of the Functions host: the key and its name.
#: https://learn.microsoft.com/azure/azure-functions/function-keys-how-to#use-access-keys
HOSTS_OWN = {"code", "clientId"}

LARGEST_PAGE = 100

#: Well within a turn, and within the 230 s after which Azure's load balancer times out.
#: https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits
LONGEST_WAIT = 60

#: Of a million watches some fifteen have the same first four digits.  One query finds them, within a partition.
FEWEST_DIGITS = 4
DIGITS = f"^[0-9A-Fa-f]{{{FEWEST_DIGITS}}}[0-9A-Fa-f-]{{0,32}}$"

#: As in the body of a start.
LONGEST_URL = 4096

#: Errors reported per query.
MOST_ERRORS = 10


def _whole(text: Any) -> Any:
    """Accept digits only: `int` would also accept "+5", " 5" and "1_0"."""
    if isinstance(text, str) and not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("must be a whole number")
    return text


def _api(text: str) -> str:
    if text not in APIS:
        raise ValueError(f"no API has this name; most like it: {nearest(text, APIS)}; /api/openapi.json lists all")
    return text


def _digits(text: str) -> str:
    if not re.fullmatch(DIGITS, text):
        raise ValueError(f"must be how an id begins, with {FEWEST_DIGITS} hexadecimal digits or more")
    return text.lower()


Whole = Annotated[int, BeforeValidator(_whole)]


class Query(BaseModel):
    """The parameters of one operation, each at most once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, url: str) -> Self:
        """Read the parameters of a URL; raises `Problem`."""
        pairs = [
            (name, value)
            for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
            if name not in HOSTS_OWN
        ]
        given = dict(pairs)
        if len(given) < len(pairs):
            raise Problem("invalid-query", "Send each parameter once.")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
        errors = [
            {"parameter": tidy(str(e["loc"][0]), 64), "detail": e["msg"].removeprefix("Value error, ")}
            for e in found[:MOST_ERRORS]
        ]
        known = ", ".join(cls.model_fields) or "none"
        wrong = "; ".join(f"{e['parameter']}: {e['detail']}" for e in errors)
        raise Problem("invalid-query", f"Invalid parameters: {wrong}. Known parameters: {known}.", errors=errors)


class ListQuery(Query):
    """The parameters of `GET /api/watches`."""

    api: Annotated[str, AfterValidator(_api)] | None = Field(
        None, description="only watches of this API", json_schema_extra={"enum": list(APIS)}
    )
    state: State | None = Field(None, description="only open watches, or only ended ones")
    outcome: Outcome | None = Field(None, description="only watches with this outcome")
    label: Label | None = Field(None, description="only watches with this label")
    failing: Literal["true"] | None = Field(None, description="only open watches whose last turn learned nothing")
    id: Annotated[str, AfterValidator(_digits)] | None = Field(
        None,
        description="alone: watches whose ids begin so, in the order of their ids",
        json_schema_extra={"pattern": DIGITS},
    )
    url: str | None = Field(None, max_length=LONGEST_URL, description="alone: the watch of the job with this URL")
    limit: Whole = Field(50, ge=1, le=LARGEST_PAGE, description="maximum page size; a page may be shorter")
    cursor: str | None = Field(None, description="`next` of the previous page")

    def wanted(self) -> Wanted:
        """Return what to list; raises `Problem`."""
        try:
            after = None if self.cursor is None else Cursor.from_text(self.cursor, self.list_of)
        except ValueError:
            raise Problem(
                "wrong-cursor", "Send `next` of the page before with the same filters, or no cursor to begin anew."
            ) from None
        return Wanted(
            api=self.api,
            state=self.state,
            outcome=self.outcome,
            label=self.label,
            failing=self.failing is not None,
            limit=self.limit,
            after=after,
        )

    def named(self, origin: str) -> str | None:
        """Return how the ids begin that are asked for, the whole id for a URL, or None for a list; raises `Problem`.

        `origin` is the platform's.
        """
        if self.id is None and self.url is None:
            return None
        if len(self.model_fields_set) > 1:
            raise Problem(
                "invalid-query", "Send `id` or `url` alone: they name watches, so there is nothing to filter."
            )
        return self.id if self.url is None else watch_id(*locate(self.url, origin))

    @property
    def list_of(self) -> str:
        """Identify the list that a cursor belongs to: all parameters except `limit` and `cursor`."""
        return self.model_dump_json(exclude={"limit", "cursor"}, exclude_none=True)


class ReadQuery(Query):
    """The parameters of `GET /api/watches/{id}`."""

    wait: Whole = Field(0, ge=0, le=LONGEST_WAIT, description="long poll: seconds to wait for the watch to end")


class HealthQuery(Query):
    """The parameters of `GET /api/health`."""

    deep: Literal["0", "1", "false", "true"] = Field("0", description="also ask the token endpoint for a token")

    @property
    def is_deep(self) -> bool:
        """Whether the credentials are to be tried."""
        return self.deep in {"1", "true"}


class NoQuery(Query):
    """No parameters."""
