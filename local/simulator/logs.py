"""The log of an extraction, page by page.

https://developer.bentley.com/apis/insights/operations/get-extraction-logs

Newest first, as in the examples; that the platform promises it is unconfirmed.  Between two pages the log may grow, so
a continuation token counts from the oldest entry.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from aiohttp import web

from local.simulator.apis import REPORTING
from local.simulator.apis.reporting import REASONS
from local.simulator.call import Call
from local.simulator.clock import State, history
from local.simulator.errors import Problem
from local.simulator.jobs import Job, Refusal
from local.simulator.status import refused

MOST = 1000  #: entries per page
USUAL = 100  #: the page's own links say `$top=100`

MANY = 250  #: entries of a job with "pages" in its id, once it has ended with issues
EACH = 60  #: every so many of them is an issue

MISSING = Problem(404, "ExtractionLogNotFound", "Requested ExtractionLog is not available.", "jobId")


async def logs(call: Call) -> web.Response:
    """Return one page; `_links` is always present, `next` only if there are older entries."""
    job = call.world.jobs.find(REPORTING, call.ids, call.now)
    if isinstance(job, Refusal):
        return refused(job, missing=MISSING)
    entries = entries_of(call.ids["jobId"], job, call.now)
    query = call.request.query
    try:
        top = _within(1, int(query.get("$top", USUAL)), MOST)
        unread = UUID(query["$continuationToken"]).int if "$continuationToken" in query else len(entries)
        unread = _within(0, unread, len(entries))
    except ValueError as error:
        return Problem(422, "InvalidInsightsRequest", f"Cannot read the log: {error}.").response()

    older = max(unread - top, 0)
    here = f"{call.url.removesuffix('/')}/?$top={top}"  # slash and literal `$` as in the documentation's own links
    links = {"self": {"href": here}}
    if older:
        links["next"] = {"href": f"{here}&$continuationToken={UUID(int=older)}"}
    return web.json_response({"logs": entries[older:unread][::-1], "_links": links})


def entries_of(job_id: str, job: Job, now: datetime) -> list[dict[str, Any]]:
    """Return the entries, oldest first: one per state reached, and one with the issues before an end that has some."""
    imodel = str(uuid5(NAMESPACE_URL, job_id))
    context = {"jobId": job_id, "contextType": "IModel", "contextId": imodel}
    entries: list[dict[str, Any]] = []
    for state in history(job.age(now), job.plan):
        when = job.began + state.since
        if state.issues:
            work = MANY - len(entries) - 1 if "pages" in job_id.lower() else 1  # all except those before, and the end
            entries += [
                _issue(state, imodel, when) if number % EACH == 0 else _step("Running", when) for number in range(work)
            ]
        entries.append(_step(state.word, when))
    return [entry | context for entry in entries]


def _step(word: str, when: datetime) -> dict[str, Any]:
    """Return an entry that is not an issue: the page has "Information", "Unknown" and null for those."""
    return {
        "state": word,
        "reason": REASONS[word],
        "dateTime": when.isoformat(timespec="seconds"),
        "level": "Information",
        "category": "Unknown",
        "message": None,
        "containsIssues": False,
    }


def _issue(state: State, imodel: str, when: datetime) -> dict[str, Any]:
    """The page's example is the warning; the error is unconfirmed.

    Its `dateTime` has seven digits of a second, which is the other form in the pages.
    """
    failed = state.word == "Failed"
    return {
        "state": "Running",
        "reason": REASONS["Running"],
        "dateTime": f"{when:%Y-%m-%dT%H:%M:%S.%f}0+00:00",
        "level": "Error" if failed else "Warning",
        "category": "QueryExecution" if failed else "GroupQuery",
        "message": f"iModel {imodel} could not be queried." if failed else f"iModel {imodel} has 0 mappings.",
        "containsIssues": True,
    }


def _within(least: int, number: int, most: int) -> int:
    if not least <= number <= most:
        raise ValueError(f"{number} is not between {least} and {most}")
    return number
