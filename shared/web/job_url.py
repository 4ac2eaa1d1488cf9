"""From what a caller says to an API and a job's ids.  What passes here is what the platform will be asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from shared.apis import APIS
from shared.core import untrusted
from shared.core.remote import RemoteApi
from shared.core.untrusted import tidy
from shared.web.problems import Problem

LONGEST_ID = 512

#: Members told of that are too many.
MOST_NAMED = 5

BROKEN_ENCODING = re.compile(r"%(?![0-9A-Fa-f]{2})")  # RFC 3986, section 2.1


def locate(url: str, origin: str) -> tuple[RemoteApi, Mapping[str, str]]:
    """Return the API and the ids that a job's status URL names; raises `Problem`.

    The app sends a bearer token to what it watches, so that nothing but known paths of one origin will do.
    """
    try:
        parts = _split(url)
        ours = untrusted.is_within(parts, urlsplit(origin))
        found = [(api, job) for api in APIS.values() if (job := _match(api.path, parts.path)) is not None]
    except ValueError:
        raise Problem("wrong-url", f"This is not a URL, or not well encoded. {_known(origin)}") from None
    if not ours:
        raise Problem("wrong-url", f"Only jobs of {origin} are watched here. {_known(origin)}")
    if "?" in url or "#" in url:
        raise Problem("wrong-url", f"Send the URL without its query and fragment. {_known(origin)}")
    for api, job in found:
        return api, check_job(api, job)
    raise Problem("wrong-url", f"No API we know has this path. {_known(origin)}")


def check_job(api: RemoteApi, job: Mapping[str, str]) -> Mapping[str, str]:
    """Return the ids in the order of the path; raises `Problem` unless they name one job.

    Ids are opaque: any text will do that can stand as one segment of a path.
    """
    missing = [name for name in api.fields if not job.get(name, "").strip()]
    surplus = [tidy(name, 64) for name in sorted(job.keys() - set(api.fields))[:MOST_NAMED]]
    if missing or surplus:
        wanted = ", ".join(f'"{name}": "<id>"' for name in api.fields)
        said = "; ".join(
            f"{word}: {', '.join(names)}" for word, names in (("missing", missing), ("surplus", surplus)) if names
        )
        raise Problem("wrong-job", f'For {api.name} send "job": {{{wanted}}} ({said}).')
    for name in api.fields:
        if job[name] in {".", ".."}:  # RFC 3986, section 6.2.2.3: these change the path, encoded or not
            raise Problem("wrong-job", f'{name} cannot be "." or "..".')
        if len(job[name]) > LONGEST_ID or not job[name].isprintable():
            raise Problem("wrong-job", f"{name} must have at most {LONGEST_ID} characters, all of them printable.")
    return {name: job[name] for name in api.fields}


def _split(url: str) -> SplitResult:
    """Split a URL; raises ValueError also for the line breaks and tabs that `urlsplit` would leave out."""
    if not url.isprintable() or " " in url:
        raise ValueError(url)
    return urlsplit(url)


def _match(template: str, path: str) -> dict[str, str] | None:
    """Read the ids out of a path; None when it is not of this template.  Raises ValueError for broken encoding.

    >>> _match("/schedules/{scheduleId}/operations/{operationId}", "/schedules/a%2Fb/operations/1")
    {'scheduleId': 'a/b', 'operationId': '1'}
    """
    if BROKEN_ENCODING.search(path):
        raise ValueError(path)
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    job = {}
    for segment, value in zip(wanted, given, strict=True):
        if segment.startswith("{"):
            job[segment.strip("{}")] = unquote(value, errors="strict")
        elif segment != value:
            return None
    return job


def _known(origin: str) -> str:
    return "Known are: " + ", ".join(origin + api.path for api in APIS.values())
