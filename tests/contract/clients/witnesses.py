"""The APIs that a client of Bentley's knows: what to ask it, and what it says of a job, in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shared.apis import APIS
from shared.core.model import Outcome
from shared.core.remote import RemoteApi

GUID, OTHER_GUID, THIRD_GUID = (
    "40f71ed2-31a3-45d3-bce0-5c9f3f112c03",
    "5dfc1a2e-1c6b-4b8d-9c0c-8d8f4a0e5b11",
    "c3d0a6f4-7a38-4bd5-8a53-1e4fb1d9e201",
)
BASE64URL = "_GZ9vYdT0kGcY2ZBqNnBvMJ7o-h1UNhGq3pKdQwbLkI"
CHANGESETS = "2f3b1c7c8f6c1f0e0b7a8b9f4d1d2a3c4e5f6a7b-9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b"
ODD = "a/b %25?#+ü"


#: The words that end a job of these APIs; all others are those of one under way.
ENDS = {
    "Success": Outcome.SUCCEEDED,
    "Succeeded": Outcome.SUCCEEDED,
    "successful": Outcome.SUCCEEDED,
    "Completed": Outcome.SUCCEEDED,
    "PartiallySucceeded": Outcome.PARTIAL,
    "Failed": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "Error": Outcome.FAILED,
    "mainIModelIsMissingFederationGuids": Outcome.FAILED,
    "Cancelled": Outcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a client says of a job."""

    status: str
    progress: float | None = None  #: per cent
    reason: str = ""
    has_issues: bool = False  #: which the word alone does not tell

    @property
    def outcome(self) -> Outcome | None:
        """None: the job is under way."""
        outcome = ENDS.get(self.status)
        return Outcome.PARTIAL if outcome is Outcome.SUCCEEDED and self.has_issues else outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One API, as a client of Bentley's knows it."""

    api: RemoteApi
    job: Mapping[str, str]  #: ids that the client takes
    says: Callable[[Any], Said]  #: of what the client makes of a status
    encodes: bool = False  #: it encodes ids; for one that does not, its caller has to
    guids: tuple[str, ...] = ()  #: ids that it takes only as GUIDs
    spelling: tuple[str, ...] = ()  #: literals of its paths in other letter case than in the pages
    logs: bool = False  #: it reads the evidence, too
    words: bool = True  #: it has a list of all status words

    def ask(self, bentley: Any, what: str, job: Mapping[str, str], **more: Any) -> Any:
        """Ask the client of Bentley's about a job."""
        ids = {name: id_ if self.encodes else quote(id_, safe="") for name, id_ in job.items()}
        return bentley.ask(self.api.name, what, **ids, **more)

    def job_with(self, id_: str) -> dict[str, str]:
        """Return a job with this id wherever the client takes it."""
        return {name: usual if name in self.guids else id_ for name, usual in self.job.items()}


def _extraction(status: Any) -> Said:
    return Said(status["state"], reason=status.get("reason", ""), has_issues=status.get("containsIssues") is True)


def _reality(progress: Any) -> Said:
    return Said(progress["state"], progress["percentage"])


def _carbon(job: Any) -> Said:
    return Said(job["status"], reason=job.get("message") or "")


def _state(operation: Any) -> Said:
    return Said(operation["state"])


def _comparison(job: Any) -> Said:
    """Read v2's job, or what the client makes of one of v3: there, counts that are absent are 0."""
    done, of = job.get("currentProgress"), job.get("maxProgress")
    progress = round(100 * done / of, 2) if of and 0 <= done <= of else None
    return Said(job["status"], progress, _error(job.get("errorDetails", "")))


def _error(details: Any) -> str:
    """Read a text; or an object, which v3's client leaves as it is although its type is a text."""
    if isinstance(details, dict):
        return ": ".join(details[name] for name in ("code", "message") if name in details)
    return "" if details == "Diff job failed." else details  # which is the client's own, for want of another


WITNESSES = {
    "reporting": Witness(
        api=APIS["reporting"], job={"jobId": GUID}, says=_extraction, encodes=True, logs=True, words=False
    ),
    "grouping-and-mapping": Witness(
        api=APIS["grouping-and-mapping"], job={"extractionId": GUID}, says=_state, encodes=True, logs=True
    ),
    "reality-analysis-v2": Witness(api=APIS["reality-analysis-v2"], job={"jobId": GUID}, says=_reality, logs=True),
    "reality-modeling": Witness(api=APIS["reality-modeling"], job={"jobId": GUID}, says=_reality, logs=True),
    "carbon-ec3": Witness(api=APIS["carbon-ec3"], job={"jobId": GUID}, says=_carbon),
    "carbon-oneclicklca": Witness(api=APIS["carbon-oneclicklca"], job={"jobId": f"{GUID}_{OTHER_GUID}"}, says=_carbon),
    "imodels-create": Witness(api=APIS["imodels-create"], job={"iModelId": GUID}, says=_state),
    "imodels-checkpoint of a named version": Witness(
        api=APIS["imodels-checkpoint"], job={"iModelId": GUID, "namedVersionId": OTHER_GUID}, says=_state
    ),
    "imodels-checkpoint of a changeset": Witness(
        api=APIS["imodels-checkpoint"], job={"iModelId": GUID, "changesetId": CHANGESETS[:40]}, says=_state
    ),
    "changed-elements": Witness(
        api=APIS["changed-elements"],
        job={"jobId": CHANGESETS, "iTwinId": GUID, "iModelId": OTHER_GUID},
        says=_comparison,
        spelling=("comparisonJob", "iTwin", "iModel"),
        words=False,
    ),
    "changed-elements-v3": Witness(
        api=APIS["changed-elements-v3"],
        job={"jobId": GUID, "iTwinId": OTHER_GUID, "iModelId": THIRD_GUID},
        says=_comparison,
        encodes=True,
        guids=("jobId",),
        words=False,
    ),
}
