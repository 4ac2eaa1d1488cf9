"""Maps a status URL, or names and ids, to an API and a job.  Only what passes here is requested from the platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from shared.apis import APIS
from shared.core import paths, untrusted
from shared.core.model import Watch
from shared.core.nearest import likest
from shared.core.remote import RemoteApi
from shared.core.untrusted import tidy
from shared.web.problems import Problem

LONGEST_ID = 512

#: Unknown members named in a problem.
MOST_NAMED = 5

GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

#: Known URLs named in a problem.
MOST_URLS = 4


def locate(url: str, origin: str) -> tuple[RemoteApi, Mapping[str, str]]:
    """Return the API and the ids in a job's status URL; raises `Problem`.

    The app sends a bearer token to what it watches, so it accepts only known paths of one origin.
    """
    try:
        parts = split(url)
        ours = untrusted.is_within(parts, urlsplit(origin))
        found = find(parts)
    except ValueError:
        raise Problem("wrong-url", f"Not a URL, or not encoded correctly. {_known(origin)}") from None
    if not ours:
        raise Problem("wrong-url", f"This app watches only jobs of {origin}. {_known(origin, parts.path)}")
    if "#" in url or ("?" in url and not (found and parts.query)):
        asked = "Send the URL without a fragment, and with no other query than a known URL has."
        raise Problem("wrong-url", f"{asked} {_known(origin, parts.path)}")
    if found is None:
        raise Problem("wrong-url", f"No known API has this path. {_known(origin, parts.path)}")
    return found[0], check_job(*found)


def find(parts: SplitResult) -> tuple[RemoteApi, Mapping[str, str]] | None:
    """Return the API that has this path and query, and the ids in it; raises ValueError for invalid encoding."""
    for api in APIS.values():
        for path in api.paths:
            job = paths.match(path, parts.path, parts.query)
            if job is not None and not _reserved(api, job):
                return api, job
    return None


def url_of(watch: Watch, origin: str) -> str | None:
    """Return the status URL that is asked for a watch; None if its row was spoilt and names no job."""
    api = APIS.get(watch.api)
    path = api.path_of(watch.job) if api else None
    return None if path is None else origin + paths.fill(path, watch.job)


def split(url: str) -> SplitResult:
    """Split a URL; raises ValueError, also for line breaks and tabs, which `urlsplit` would drop."""
    if not url.isprintable() or " " in url or paths.is_broken(url):
        raise ValueError(url)
    return urlsplit(url)


def check_job(api: RemoteApi, job: Mapping[str, str]) -> Mapping[str, str]:
    """Return the ids in path order; raises `Problem` unless they identify one job.

    Ids are opaque, but for GUIDs: any text is accepted that can be one path segment.
    """
    fields = paths.fields(api.path_of(job) or api.path)
    missing = [name for name in fields if not job.get(name, "").strip()]
    surplus = [tidy(name, 64) for name in sorted(job.keys() - {*fields})[:MOST_NAMED]]
    if missing or surplus:
        said = "; ".join(
            f"{word}: {', '.join(names)}" for word, names in (("missing", missing), ("unknown", surplus)) if names
        )
        raise Problem("wrong-job", f'For {api.name} send "job": {_wanted(api)} ({said}).')
    if reserved := _reserved(api, job):
        raise Problem("wrong-job", f"{reserved} is no id of a job: the API has other things there.")
    for name in fields:
        if len(job[name]) > LONGEST_ID or not job[name].isprintable():
            raise Problem("wrong-job", f"{name} must have at most {LONGEST_ID} printable characters.")
        if untrusted.climbs(job[name]):  # RFC 3986, section 6.2.2.3: these change the path, encoded or not
            raise Problem("wrong-job", f'{name} cannot be "." or "..", nor have that as a part.')
    return {name: _canonical(job[name]) if name in api.guids else job[name] for name in fields}


def _wanted(api: RemoteApi) -> str:
    alternatives = dict.fromkeys(map(paths.fields, api.paths))
    return " or ".join("{" + ", ".join(f'"{name}": "<id>"' for name in fields) + "}" for fields in alternatives)


def _reserved(api: RemoteApi, job: Mapping[str, str]) -> str:
    words = {word.lower() for word in api.reserved}
    return next((value for value in job.values() if value.strip().lower() in words), "")


def _canonical(text: str) -> str:
    """Return a GUID in lower case, so that one job has one watch (RFC 9562, section 4: "case insensitive on input")."""
    return text.lower() if GUID.fullmatch(text) else text


def _known(origin: str, path: str = "") -> str:
    """Name the URLs that look most like what was sent."""
    near = likest(path, (template for api in APIS.values() for template in api.paths), MOST_URLS)
    return "Known URLs are " + ", ".join(origin + template for template in near) + " and others."
