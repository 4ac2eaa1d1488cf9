"""Begins the scenario's jobs at the simulated platform, and hands them over to the app, as a user would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx

from local.parts.stack import CLIENT_ID, CLIENT_SECRET
from local.trials.scenario import Job, Start
from shared.apis import APIS
from shared.core.paths import fill

#: Where an answer to a start may have a link to the job's status.  A clone has both, and the second leads elsewhere.
HEADERS = ("Create-iModel-Operation", "Location")


class User:
    """Someone who uses the platform and the app."""

    def __init__(self, origin: str, app: httpx.Client, control: httpx.Client, platform: httpx.Client) -> None:
        self.origin, self.app, self.control, self.platform = origin, app, control, platform

    def begin(self, job: Job) -> tuple[Job, str]:
        """Let a job begin, and start its watch; returns the job with its ids and path, and the watch's id."""
        self._prepare(job)
        body = {"labels": job.labels, "deadline": job.deadline, **self._handed_over(job)}
        watch = self.app.post("/watches", json=body).json()
        path, _, _ = fill(APIS[job.api].path_of(watch["job"]) or "", watch["job"]).partition("?")
        return replace(job, ids=watch["job"], path=job.path or path), watch["id"]

    def go_on(self, job: Job) -> None:
        """Make the later request of a job that has one."""
        if job.later is not None:
            self._ask(job.later.method, job.later.path.format(**job.ids), job.later.body)

    def _prepare(self, job: Job) -> None:
        """Tell the simulator how the job goes."""
        for path, script in {job.path: job.script, **job.documents}.items():
            if script:
                self.control.post("/jobs", json={"path": path, "script": script})
        if job.clock:
            which = {"api": job.api} if job.start else {"path": job.path}
            self.control.post("/jobs", json={**which, "clock": job.clock})

    def _handed_over(self, job: Job) -> Mapping[str, Any]:
        """Begin the job; returns what tells the app which one it is."""
        answered = self._answered(job.api, job.start) if job.start else {}
        if job.url:
            return {"url": self.origin + job.url}
        return answered or {"api": job.api, "job": job.ids}

    def _answered(self, api: str, start: Start) -> Mapping[str, Any]:
        """Begin a job; returns the answer, with the API's name if the answer does not lead to the status."""
        answer = self._ask(start.method, start.path, start.body)
        link = next((answer.headers[name] for name in HEADERS if name in answer.headers), None)
        said = {"response": answer.json() if answer.content else None, "location": link}
        return said if start.linked else {"api": api, **said}

    def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Make a request to the platform, with a new token: the last one may be revoked by now."""
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        token = self.platform.post("/connect/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return self.platform.request(method, path, json=body, headers=headers)
