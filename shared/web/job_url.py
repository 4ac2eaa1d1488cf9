"""Maps a status URL, or names and ids, to an API and a job.  Only what passes here is requested from the platform."""

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

#: Unknown members named in a problem.
MOST_NAMED = 5

GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

BROKEN_ENCODING = re.compile(r"%(?![0-9A-Fa-f]{2})")  # RFC 3986, section 2.1


def locate(url: str, origin: str) -> tuple[RemoteApi, Mapping[str, str]]:
    """Return the API and the ids in a job's status URL; raises `Problem`.

    The app sends a bearer token to what it watches, so it accepts only known paths of one origin.
    """
    try:
        parts = _split(url)
        ours = untrusted.is_within(parts, urlsplit(origin))
        found = [(api, job) for api in APIS.values() if (job := _match(api.path, parts.path)) is not None]
    except ValueError:
        raise Problem("wrong-url", f"Not a URL, or not encoded correctly. {_known(origin)}") from None
    if not ours:
        raise Problem("wrong-url", f"This app watches only jobs of {origin}. {_known(origin)}")
    if "?" in url or "#" in url:
        raise Problem("wrong-url", f"Send the URL without query and fragment. {_known(origin)}")
    for api, job in found:
        return api, check_job(api, job)
    raise Problem("wrong-url", f"No known API has this path. {_known(origin)}")


def check_job(api: RemoteApi, job: Mapping[str, str]) -> Mapping[str, str]:
    """Return the ids in path order; raises `Problem` unless they identify one job.

    Ids are opaque, but for GUIDs: any text is accepted that can be one path segment.
    """
    missing = [name for name in api.fields if not job.get(name, "").strip()]
    surplus = [tidy(name, 64) for name in sorted(job.keys() - set(api.fields))[:MOST_NAMED]]
    if missing or surplus:
        wanted = ", ".join(f'"{name}": "<id>"' for name in api.fields)
        said = "; ".join(
            f"{word}: {', '.join(names)}" for word, names in (("missing", missing), ("unknown", surplus)) if names
        )
        raise Problem("wrong-job", f'For {api.name} send "job": {{{wanted}}} ({said}).')
    for name in api.fields:
        if len(job[name]) > LONGEST_ID or not job[name].isprintable():
            raise Problem("wrong-job", f"{name} must have at most {LONGEST_ID} printable characters.")
        if untrusted.climbs(job[name]):  # RFC 3986, section 6.2.2.3: these change the path, encoded or not
            raise Problem("wrong-job", f'{name} cannot be "." or "..", nor have that as a part.')
    return {name: _canonical(job[name]) if name in api.guids else job[name] for name in api.fields}


def _canonical(text: str) -> str:
    """Return a GUID in lower case, so that one job has one watch (RFC 9562, section 4: "case insensitive on input")."""
    return text.lower() if GUID.fullmatch(text) else text


def _split(url: str) -> SplitResult:
    """Split a URL; raises ValueError, also for line breaks and tabs, which `urlsplit` would drop."""
    if not url.isprintable() or " " in url:
        raise ValueError(url)
    return urlsplit(url)


def _match(template: str, path: str) -> dict[str, str] | None:
    """Read the ids from a path; None if it does not match the template.  Raises ValueError for invalid encoding.

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
    return "Known URLs: " + ", ".join(origin + api.path for api in APIS.values())
