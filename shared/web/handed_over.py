"""Finds the job in what the platform answered when it was begun: by its links, or else by its ids.  No I/O here.

All of it is foreign.  Nothing of it is called but the status URL that it names, and problems repeat no value of it but
the ids of such URLs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from shared.apis import APIS
from shared.core import paths, untrusted
from shared.core.remote import RemoteApi, watch_id
from shared.core.untrusted import tidy
from shared.web.job_url import MOST_URLS, check_job, find, split
from shared.web.problems import Problem, wrong_response

Job = tuple[RemoteApi, Mapping[str, str]]

#: Links to the platform that are read.  An answer of it has five or so.
MOST_LINKS = 50

LONGEST_URL = 500

#: How a text begins that is a URL, in any letter case.
SCHEMES = ("http://", "https://")


def job_in(response: Any, location: str | None, origin: str, api: RemoteApi | None = None) -> Job:
    """Return the one job that the links name, or whose ids are in the body of this API; raises `Problem`.

    `location` is a header with a link, and `origin` is the platform's.  With an API, only its jobs count.
    """
    links = [*([] if location is None else [location]), *_links(response)]
    jobs = [job for job in _named(links, origin) if api is None or job[0] is api]
    if len(jobs) > 1:
        named = _either([_status_url(job, origin) for job in jobs[:MOST_URLS]])
        raise wrong_response(f'The links name {len(jobs)} jobs: {named}. Send the URL of the right one as "url".')
    if jobs:
        return jobs[0]
    if api is not None and _has_ids(api, response):
        return api, check_job(api, {name: untrusted.at(path, response) for name, path in api.ids_at.items()})
    raise _no_job(response, links, origin, api)


def _links(node: Any, name: str = "") -> Iterator[str]:
    """Yield each text that is a URL, and each path of a member named "href"."""
    match node:
        case dict():
            for member, child in node.items():
                yield from _links(child, member)
        case list():
            for child in node:
                yield from _links(child)
        case str() if node.lower().startswith(SCHEMES) or (name == "href" and node.startswith("/")):
            yield node


def _named(links: Iterable[str], origin: str) -> list[Job]:
    """Return the different jobs whose status URLs are among the links; raises `Problem` for too many links."""
    ours = {*filter(None, (_within(link, origin) for link in links))}
    if len(ours) > MOST_LINKS:
        raise wrong_response(f'It has over {MOST_LINKS} links to {origin}. Send the status URL of the job as "url".')
    jobs = filter(None, map(_job_at, sorted(ours)))
    return [*{watch_id(*job): job for job in jobs}.values()]


def _within(link: str, origin: str) -> SplitResult | None:
    """Resolve a link (RFC 9110, section 10.2.2), and split it; None if it is no URL of the platform."""
    try:
        if not link.isprintable():  # `urljoin` would drop line breaks and tabs
            return None
        parts = split(urljoin(origin, link))
        return parts if untrusted.is_within(parts, urlsplit(origin)) else None
    except ValueError:
        return None


def _job_at(link: SplitResult) -> Job | None:
    """Return the job of a status URL; None if it is another URL, or if such ids are never asked about."""
    try:
        found = find(link)
        return found and (found[0], check_job(*found))
    except (ValueError, Problem):
        return None


def _status_url(job: Job, origin: str) -> str:
    api, ids = job
    return tidy(origin + paths.fill(api.path_of(ids) or api.path, ids), LONGEST_URL)


def _has_ids(api: RemoteApi, response: Any) -> bool:
    return bool(api.ids_at) and not _missing(api, response)


def _missing(api: RemoteApi, response: Any) -> list[str]:
    """Return the places of ids that are not there, no texts, or blank."""
    found = {path: untrusted.at(path, response) for path in api.ids_at.values()}
    return [path for path, value in found.items() if not (isinstance(value, str) and value.strip())]


def _leads_elsewhere(link: str, origin: str) -> bool:
    """Whether it is the status URL of a job of another platform, such as that of Bentley's test environment."""
    try:
        parts = split(link)
        return not untrusted.is_within(parts, urlsplit(origin)) and bool(parts.netloc and find(parts))
    except ValueError:
        return False


def _no_job(response: Any, links: Sequence[str], origin: str, api: RemoteApi | None) -> Problem:
    """Say what was found instead, and what to send."""
    if any(_leads_elsewhere(link, origin) for link in links[:MOST_LINKS]):
        return wrong_response(f"It links to the status of a job elsewhere. This app watches only jobs of {origin}.")
    alike = [one.name for one in APIS.values() if _has_ids(one, response)] if api is None else []
    if alike:
        like = f"It looks like an answer of {_either(alike)}"
        return wrong_response(f'No link in it is the status URL of a job. {like}: send "api" as well.')
    if isinstance(untrusted.at("error", response), dict):
        return wrong_response("The response is an error of the platform: no job began.")
    if api is not None:
        return _no_job_of(api, response)
    return wrong_response(
        f"Nothing in it is known: it has no link to the status of a job of {origin}, and no id where a known API has"
        ' one. Send the header Location or Create-iModel-Operation as "location", or the job\'s status URL as "url".'
    )


def _no_job_of(api: RemoteApi, response: Any) -> Problem:
    no_link = f"No link in it is the status URL of a job of {api.name}"
    if not api.ids_at:
        return wrong_response(
            f'{no_link}, and its answers have the ids nowhere else. Send the header Location as "location",'
            ' or all ids as "job".'
        )
    missing = _missing(api, response)
    where = " and ".join(missing)
    return wrong_response(
        f'{no_link}. Send the answer\'s header Location or Create-iModel-Operation as "location", or a "response" that'
        f" has the id at {where}.",
        missing,
    )


def _either(names: Sequence[str]) -> str:
    """Join names.

    >>> _either(["a", "b", "c"])
    'a, b or c'
    """
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
