"""What should be registered, and how to get there from what is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from httpx import QueryParams

from itwin_job_watch.errors import JobWatchError, UnavailableError
from itwin_job_watch.webhooks.documents import NoSuchError, Webhook
from itwin_job_watch.webhooks.platform import Platform
from itwin_job_watch.webhooks.values import is_same_receiver


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the webhook of each iTwin should be."""

    url: str = field(repr=False)  #: it may hold a key
    events: Sequence[str]


@dataclass(frozen=True, slots=True)
class Found:
    """How the webhooks of one iTwin are."""

    itwin: str
    webhooks: Sequence[Webhook]
    problems: Sequence[str]


def of_receiver(webhooks: Iterable[Webhook], url: str, itwins: Iterable[str] = ()) -> list[Webhook]:
    """Return those of scope iTwin that are sent to this URL, whatever its query, and of these iTwins if there are."""
    wanted = {itwin.lower() for itwin in itwins}
    return [
        webhook
        for webhook in webhooks
        if webhook["scope"] == "iTwin"
        and is_same_receiver(webhook["callbackUrl"], url)
        and (not wanted or (webhook.get("scopeId") or "").lower() in wanted)
    ]


def register(platform: Platform, itwin: str, wanted: Wanted, secret: str) -> tuple[Webhook, str]:
    """Make the webhook of an iTwin what it should be; returns it, and what was done.  It may be done again.

    If an answer is lost, the list of webhooks tells whether one was made.  `check` names one that was made even later.
    """
    found = of_receiver(platform.webhooks(), wanted.url, [itwin])
    if found:
        webhook, did = found[0], "updated"
    else:
        webhook, did = platform.create(itwin, wanted.url, wanted.events, secret), "created"
    try:
        webhook = platform.update(webhook["id"], wanted.url, wanted.events, secret)
    except UnavailableError:
        raise
    except JobWatchError as error:
        made = "is there, but could not be updated" if found else "was created, but could not be activated"
        raise type(error)(f"webhook {webhook['id']} {made}: {error}") from None
    wrong = [*problems(webhook, wanted), *_surplus(found)]
    if wrong:
        raise JobWatchError(f"webhook {webhook['id']} was {did}, but {'; '.join(wrong)}")
    return webhook, did


def remove(platform: Platform, webhook_id: str) -> None:
    """Delete a webhook.  One that is gone after an answer was lost has been deleted."""
    tries = count()

    def once() -> None:
        first = next(tries) == 0
        try:
            platform.delete(webhook_id)
        except NoSuchError:
            if first:
                raise

    platform.patiently(once)


def check(webhooks: Sequence[Webhook], itwins: Sequence[str], wanted: Wanted) -> list[Found]:
    """Compare what is registered with what should be: for these iTwins, or for all that have a webhook of this URL."""
    ours = of_receiver(webhooks, wanted.url)
    named = itwins or [webhook.get("scopeId") or "" for webhook in ours]
    found = []
    for itwin in {name.lower(): name for name in named}.values():
        its = of_receiver(ours, wanted.url, [itwin])
        wrong = [problem for webhook in its for problem in problems(webhook, wanted)] + _surplus(its)
        found.append(Found(itwin, its, wrong if its else ["it has no webhook for this URL"]))
    return found


def problems(webhook: Webhook, wanted: Wanted) -> list[str]:
    """Return what is wrong with a webhook, in words."""
    missing = [event for event in wanted.events if event not in webhook["eventTypes"]]
    found = [] if webhook["active"] else ["it is not active"]
    found += [f"it is not told of {', '.join(missing)}"] if missing else []
    query = QueryParams(wanted.url.partition("?")[2])
    if query and query != QueryParams(webhook["callbackUrl"].partition("?")[2]):
        found.append("its URL has another query, so maybe another key")
    return found


def _surplus(found: Sequence[Webhook]) -> list[str]:
    """Each further webhook doubles every event."""
    others = [webhook["id"] for webhook in found[1:]]
    return [f"there are others for the same iTwin and URL: delete {', '.join(others)}"] if others else []
