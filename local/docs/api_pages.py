"""Writes the parts of `docs/apis/*.md` that come from data.  Their prose is written by hand, and left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from local.setup.bootstrap import ROOT
from shared.apis import APIS
from shared.core.decide import ENOUGH_REFUSALS, MOST_PAGES
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi
from shared.core.schedule import Schedule

FOLDER = ROOT / "docs" / "apis"

BEGIN = "<!-- from here on: written by `python3 -m local docs` from shared/apis; change that instead -->"
END = "<!-- up to here -->"

#: In a page that was never written by hand; a test finds it.
TO_BE_WRITTEN = "To be written."
CHAPTERS = ("Why a job did not end cleanly", "Oddities", "Sources", "Not confirmed")

DEFAULTS = {field.name: field.default for field in fields(RemoteApi)}


def write() -> list[Path]:
    """Bring all pages up to date, and begin those that are missing; gives the changed ones."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    changed = []
    for api in APIS.values():
        page = FOLDER / f"{api.name}.md"
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        after = renewed(before or _new_page(api), api)
        if after != before:
            page.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed


def renewed(page: str, api: RemoteApi) -> str:
    """Return the page with what lies between the marks written anew."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{api.name}.md lacks one of the two marks: {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{_generated(api)}\n{END}{tail}"


def _new_page(api: RemoteApi) -> str:
    chapters = "\n".join(f"## {chapter}\n\n{TO_BE_WRITTEN}\n" for chapter in CHAPTERS)
    return f"# {api.name}\n\n{TO_BE_WRITTEN}\n\n{BEGIN}\n{END}\n\n{chapters}"


def _generated(api: RemoteApi) -> str:
    """One chapter for each kind of fact; to add one, add a line."""
    chapters = {
        "Request": _table("", "", _request(api)),
        "Status words": _table("their word", "the watch", _words(api)),
        "Where things stand in the body": _table("what", "where", _places(api)),
        "Waiting": _table("what", "how long", _waits(api)),
        "Evidence": _table("what", "where", _evidence(api)),
    }
    return "\n".join(f"## {title}\n\n{text}" for title, text in chapters.items())


def _table(left: str, right: str, rows: Mapping[str, str]) -> str:
    lines = [f"| {left} | {right} |", "| --- | --- |", *(f"| {what} | {said} |" for what, said in rows.items())]
    return "\n".join(lines) + "\n"


def _request(api: RemoteApi) -> dict[str, str]:
    conditional = {"`If-None-Match`": "the `ETag` of the last report, as it came"} if api.conditional else {}
    return {
        "`GET`": f"`{api.path}`",
        "ids": ", ".join(f"`{name}`" for name in api.fields),
        **{f"`{name}`": f"`{value}`" for name, value in api.headers.items()},
        **conditional,
    }


def _words(api: RemoteApi) -> dict[str, str]:
    words = {f"`{word}`": _becomes(outcome, api.issues_at) for word, outcome in api.vocabulary.items()}
    return words | {"any other": "goes on; the word is logged, and the deadline bounds it"}


def _becomes(outcome: Outcome | None, issues_at: str) -> str:
    if outcome is RUNNING:
        return "goes on"
    if outcome is Outcome.SUCCEEDED and issues_at:
        return f"ends as `{outcome}`; as `{Outcome.PARTIAL}` if `{issues_at}` is true"
    return f"ends as `{outcome}`"


def _places(api: RemoteApi) -> dict[str, str]:
    said = {
        "status word": [api.status_at],
        "issues": [api.issues_at],
        "percentage": [api.progress_at],
        "reason": api.reasons_at,
    }
    return {what: _first_of(places) or "not said" for what, places in said.items()}


def _evidence(api: RemoteApi) -> dict[str, str]:
    evidence = api.evidence
    if evidence is None:
        return {"entries": "none"}
    rows = {"entries": " and ".join(f"`{place}`" for place in evidence.at)}
    rows |= {"in": f"`{evidence.path}`"} if evidence.path else {"in": "the status itself"}
    if evidence.link_at:
        rows["or, if there is one, behind the link at"] = f"`{evidence.link_at}`"
    if evidence.next_at:
        rows["next page"] = f"`{evidence.next_at}`, up to {MOST_PAGES} pages"
    if evidence.issue:
        tests = (
            f"`{member}` is {' or '.join(f'`{json.dumps(value)}`' for value in values)}"
            for member, values in evidence.issue.items()
        )
        rows["an entry counts if"] = ", or ".join(tests)
    says = evidence.says or ("code", "message", "target")
    return rows | {"an entry is told by its": ", ".join(f"`{member}`" for member in says)}


def _first_of(places: Iterable[str]) -> str:
    return ", or else ".join(f"`{place}`" for place in places if place)


def _waits(api: RemoteApi) -> dict[str, str]:
    again = "; from the first again when the percentage changes" if api.progress_at else ""
    rows = {
        "between reports of a running job": (f"{_delays(api.polling)}{again}", "polling"),
        "after a fault": (_delays(api.faults), "faults"),
        "before a refusal is believed": (
            f"{ENOUGH_REFUSALS} in a row, over at least {_span(api.patience)}",
            "patience",
        ),
        "without a deadline of its own a watch lasts": (_span(api.lifetime), "lifetime"),
        "the API keeps what it knows of a job for": (_span(api.retention) if api.retention else "", "retention"),
    }
    return {
        what: text + (" (our default)" if getattr(api, name) == DEFAULTS[name] else "")
        for what, (text, name) in rows.items()
        if text
    }


def _delays(schedule: Schedule) -> str:
    """Say a schedule as the README does.

    >>> _delays(Schedule.seconds(15, 30, jitter=0.1))
    '15, 30, 30, … s, lengthened by up to 10 %'
    """
    delays = [f"{delay.total_seconds():g}" for delay in (*schedule.delays, schedule.delays[-1])]
    jitter = f", lengthened by up to {schedule.jitter:.0%}".replace("%", " %") if schedule.jitter else ""
    return f"{', '.join(delays)}, … s{jitter}"


def _span(span: timedelta) -> str:
    """Say it in days, or in minutes.

    >>> _span(timedelta(days=7)), _span(timedelta(minutes=3))
    ('7 days', '3 minutes')
    """
    return f"{span.days} days" if span.days else f"{span.total_seconds() / 60:g} minutes"
