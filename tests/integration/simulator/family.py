"""What the pages say of each API that the simulator serves, for the tests of all."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Kind:
    """One API."""

    name: str
    path: str  #: with {} for the job's id
    version: int
    at: str  #: where the status word is, and a second one if there is one
    words: tuple[str, ...]  #: those that a job which succeeds goes through
    missing: str  #: the code of a 404
    ends: dict[str, str] = field(default_factory=dict)  #: by a word in the id
    query: str = ""


RUN_ENDS = {
    "fail": "Completed Error",
    "partial": "Completed PartialSuccess",
    "issue": "Completed PartialSuccess",
    "cancel": "Completed Cancelled",
    "timeout": "Completed TimedOut",
    "skip": "Completed Skipped",
    "undetermined": "Completed Undetermined",
}
RUN_WORDS = (
    *(f"{word} Undetermined" for word in ("NotStarted", "Queued", "WaitingToExecute", "Executing", "Finalizing")),
    "Completed Success",
)
REALITY_V1 = ("unsubmitted", "active", "success")
REALITY_V1_ENDS = {"fail": "failed", "cancel": "cancelled"}
REALITY_V2 = ("Queued", "Active", "Success")
REALITY_V2_ENDS = {"fail": "Failed", "cancel": "Cancelled", "issue": "Success"}
CARBON = ("Queued", "Running", "Succeeded")
CHECKPOINT = ("scheduled", "successful")
COMPARISON = ("Queued", "Started", "Completed")

FAMILY = [
    Kind(
        "access-control",
        "/accesscontrol/itwins/t1/jobs/{}",
        2,
        "status",
        ("Active", "Completed"),
        "ItwinNotFound",
        {"fail": "Failed", "partial": "PartialCompleted", "issue": "PartialCompleted"},
    ),
    Kind(
        "reality-analysis",
        "/realitydataanalysis/jobs/{}/progress",
        1,
        "progress.state",
        REALITY_V1,
        "ProgressNotFound",
        REALITY_V1_ENDS,
    ),
    Kind(
        "reality-analysis-v2",
        "/reality-analysis/jobs/{}/progress",
        2,
        "progress.state",
        REALITY_V2,
        "JobProgressNotFound",
        REALITY_V2_ENDS,
    ),
    Kind(
        "reality-modeling-v1",
        "/contextcapture/jobs/{}",
        1,
        "job.state",
        REALITY_V1,
        "JobNotFound",
        REALITY_V1_ENDS,
    ),
    Kind(
        "reality-modeling",
        "/reality-modeling/jobs/{}/progress",
        2,
        "progress.state",
        REALITY_V2,
        "JobProgressNotFound",
        REALITY_V2_ENDS,
    ),
    Kind(
        "reality-conversion",
        "/realityconversion/jobs/{}/progress",
        1,
        "progress.state",
        REALITY_V1,
        "ProgressNotFound",
        REALITY_V1_ENDS,
    ),
    Kind(
        "reality-conversion-v2",
        "/reality-conversion/jobs/{}/progress",
        2,
        "progress.state",
        REALITY_V2,
        "JobProgressNotFound",
        REALITY_V2_ENDS,
    ),
    Kind(
        "reporting",
        "/insights/reporting/datasources/extraction/status/{}",
        1,
        "status.state",
        ("Queued", "Running", "Succeeded"),
        "ExtractionStatusNotFound",
        {"fail": "Failed", "partial": "Succeeded", "issue": "Succeeded", "pages": "Succeeded"},
    ),
    Kind(
        "grouping-and-mapping",
        "/grouping-and-mapping/datasources/imodel-mappings/extractions/{}",
        1,
        "extraction.state",
        ("Queued", "Running", "Succeeded"),
        "ExtractionNotFound",
        {
            "fail": "Failed",
            "partial": "PartiallySucceeded",
            "issue": "PartiallySucceeded",
            "pages": "PartiallySucceeded",
        },
    ),
    Kind(
        "carbon-ec3",
        "/insights/carbon-calculation/ec3/jobs/{}",
        1,
        "job.status",
        CARBON,
        "JobNotFound",
        {"fail": "Failed"},
    ),
    Kind(
        "carbon-oneclicklca",
        "/insights/carbon-calculation/oneclicklca/jobs/{}",
        1,
        "job.status",
        CARBON,
        "JobNotFound",
        {"fail": "Failed"},
    ),
    Kind(
        "schedules",
        "/schedules/s1/operations/{}",
        1,
        "operation.status",
        ("Queued", "Started", "Succeeded"),
        "OperationNotFound",
        {"fail": "Failed"},
    ),
    Kind(
        "library",
        "/library/jobs/{}",
        1,
        "job.status",
        ("Queued", "InProgress", "Success"),
        "JobNotFound",
        {"fail": "Error", "cancel": "Canceled", "abort": "Aborted"},
    ),
    Kind(
        "itwins-export",
        "/itwins/exports/{}",
        1,
        "export.status",
        ("Queued", "InProgress", "Completed"),
        "ExportNotFound",
        {"fail": "Failed"},
    ),
    Kind(
        "mesh-export",
        "/mesh-export/{}",
        1,
        "export.status",
        ("NotStarted", "InProgress", "Complete"),
        "ExportNotFound",
        {"fail": "Invalid", "invalid": "Invalid"},
    ),
    Kind(
        "imodels-create",
        "/imodels/{}/operations/create",
        2,
        "createOperation.state",
        ("scheduled", "successful"),
        "iModelNotFound",
        {"fail": "failed", "federation": "mainIModelIsMissingFederationGuids"},
    ),
    Kind(
        "imodels-checkpoint",
        "/imodels/i1/namedversions/{}/checkpoint",
        2,
        "checkpoint.state",
        CHECKPOINT,
        "NamedVersionNotFound",
        {"fail": "failed"},
    ),
    Kind(
        "imodels-checkpoint",
        "/imodels/i1/changesets/{}/checkpoint",
        2,
        "checkpoint.state",
        CHECKPOINT,
        "ChangesetNotFound",
        {"fail": "failed"},
    ),
    Kind(
        "synchronization-storage",
        "/synchronization/imodels/storageconnections/c1/runs/{}",
        1,
        "run.state run.result",
        RUN_WORDS,
        "RunNotFound",
        RUN_ENDS,
    ),
    Kind(
        "synchronization-manifest",
        "/synchronization/imodels/manifestconnections/c1/runs/{}",
        1,
        "run.state run.result",
        RUN_WORDS,
        "RunNotFound",
        RUN_ENDS,
    ),
    Kind(
        "export",
        "/export/connections/c1/runs/{}",
        1,
        "run.state run.result",
        RUN_WORDS,
        "RunNotFound",
        RUN_ENDS,
    ),
    Kind(
        "changed-elements",
        "/changedelements/comparisonjob/{}/itwin/t1/imodel/i1",
        2,
        "comparisonJob.status",
        COMPARISON,
        "ComparisonJobNotFound",
        {"fail": "Failed", "error": "Error"},
    ),
    Kind(
        "changed-elements-v3",
        "/changedelements/diff/{}",
        3,
        "job.status",
        COMPARISON,
        "DiffJobNotFound",
        {"fail": "Failed"},
        query="?iTwinId=t1&iModelId=i1",
    ),
    Kind(
        "transformations",
        "/transformations/{}",
        2,
        "transformation.status",
        ("Created", "Initializing", "Started", "Succeeded"),
        "TransformationNotFound",
        {"fail": "Failed", "cancel": "Aborted", "abort": "Aborted"},
    ),
]

each = pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.path)
ends = pytest.mark.parametrize(
    ("kind", "word_in_id", "end"),
    [pytest.param(kind, *end, id=f"{kind.path}-{end[0]}") for kind in FAMILY for end in kind.ends.items()],
)


def by_path(path: str) -> Kind:
    return next(kind for kind in FAMILY if kind.path == path)


def within(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body[name]
    return body


def word(kind: Kind, body: Any) -> str:
    """The status word, and the second one where there is one."""
    return " ".join(within(body, path) for path in kind.at.split())


def job(simulator, kind: Kind, job_id: str, **clock):
    """The body about a job that has just ended, or would have if it did."""
    path = kind.path.format(job_id)
    simulator.clock(path, seconds=0.001, **clock)
    simulator.get(path + kind.query).raise_for_status()
    time.sleep(0.002)
    return simulator.get(path + kind.query).raise_for_status().json()
