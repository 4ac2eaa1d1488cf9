"""What the OpenAPI document shows of bodies and answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared.core.model import End, Outcome, Watch
from shared.core.rate_limit import Pace, Reason
from shared.web.gate_document import GatesDocument
from shared.web.problems import Problem
from shared.web.requests import BatchDocument, ListDocument, StartedDocument, WatchDocument

_ORIGIN = "https://api.bentley.com"


def _shown(document: BaseModel) -> Any:
    return document.model_dump(mode="json", by_alias=True, exclude_unset=isinstance(document, BatchDocument))


_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_OPEN = WatchDocument.of(
    Watch(
        id="5b0c9a0e-5f0e-5c50-9d5c-0d6c9f0e5a55",
        api="reality-analysis",
        job={"jobId": "cc3d35cc-416a-4262-9714-b359da70b419"},
        labels=("bridge", "nightly"),
        started_at=_NOON,
        deadline=_NOON + timedelta(days=2),
        due=_NOON + timedelta(minutes=2),
        not_before=_NOON,
        status="active",
        progress=56.0,
        reason="Prepare_Production",
        polls=4,
    ),
    _ORIGIN,
)
_ENDED = WatchDocument.of(
    Watch(
        id="0f8f3c1e-2a53-5f0a-9b7e-0d6c6f1f3a11",
        api="reporting",
        job={"jobId": "7f3c9a0e"},
        started_at=_NOON,
        deadline=_NOON + timedelta(days=7),
        due=_NOON,
        not_before=_NOON,
        status="Succeeded",
        polls=7,
        end=End(Outcome.SUCCEEDED, _NOON + timedelta(minutes=6)),
        published=True,
    ),
    _ORIGIN,
)
_UNKNOWN_API = Problem("unknown-api", "no-such-api is not an API we know.")

#: Bodies that start watches.
ONE = {"api": _OPEN.api, "job": _OPEN.job, "deadline": "P2D", "labels": _OPEN.labels}
SEVERAL = {"watches": [ONE, {"api": "no-such-api", "job": {"jobId": "1"}}]}

#: Bodies with what the platform answered.  Real answers have more members.
_EXTRACTIONS = "/grouping-and-mapping/datasources/imodel-mappings/extractions"
_EXTRACTION = f"{_ORIGIN}{_EXTRACTIONS}/0a1b2c3d-55a5-4f0e-9d5c-0d6c9f0e5a55"
LINKED = {"response": {"extraction": {"state": "Queued", "_links": {"status": {"href": _EXTRACTION}}}}}
HEADER = {"location": "/export/connections/Bk3_xZ0/runs/8f3c1e2a-535f-4a0b-9e7e-0d6c6f1f3a11", "labels": ["drawings"]}
UNLINKED = {"api": "mesh-export", "response": {"export": {"id": "3c9a0e7f-0b1c-4d2e-8f3a-b4c5d6e7f809"}}}

#: An event, as the platform sends it: https://developer.bentley.com/apis/realitydataanalysis/available-events
EVENT = {
    "content": {"jobId": _OPEN.job["jobId"]},
    "eventType": "realityAnalysis.jobCompleted.v1",
    "enqueuedDateTime": "11/20/2026 12:06:01 PM",
    "iTwinId": "48a4a1b8-6b5f-4f1e-a8d5-3c8a3d1f0c11",
    "messageId": "c9f0e4a2-7d0b-4f7e-8b3a-5b1d2c3e4f50",
    "webhookId": "1f3b5d7e-0c2a-4e6f-9a8b-7c6d5e4f3a2b",
}

#: Answers.
OPEN, ENDED = _shown(_OPEN), _shown(_ENDED)
PAGE = _shown(ListDocument(watches=[_OPEN, _ENDED], next=None))
GATES = _shown(
    GatesDocument.of(
        {
            "reporting": Pace(),
            "schedules": Pace(450.0, Reason.LIMIT, _NOON, _NOON, _NOON + timedelta(minutes=1)),
        }
    )
)
RESULTS = _shown(
    BatchDocument(
        results=[
            StartedDocument(status=202, watch=_OPEN),
            StartedDocument(status=_UNKNOWN_API.status, problem=_UNKNOWN_API.document()),
        ]
    )
)
