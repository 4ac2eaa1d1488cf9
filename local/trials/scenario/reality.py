"""Jobs of Reality Analysis, Reality Modeling and Reality Conversion, in both their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from local.trials.scenario.job import Answer, Job, Later, Start, begun, error, id_of, named, scripted

#: With the parameters where the platform's messages have %1 and %2.
SCAN_IS_INVALID = (
    'InputData_Invalid: Invalid input data: Invalid input data. Please check the documentation. ("Sample_scan")',
    'InputData_Ignored: Photos ignored: 3 photos of "Sample_scan" have no position.',
)


def reality_analysis(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return a Reality Analysis job."""
    ids = {"jobId": id_of(what)}
    path = f"/realitydataanalysis/jobs/{ids['jobId']}/progress"
    return scripted(what, "reality-analysis", ids, path, script=script, outcome=outcome, **more)


def details(what: str, *errors: Mapping[str, Any]) -> Mapping[str, Sequence[Answer]]:
    """Script the details of a Reality Analysis job."""
    body = {"job": {"id": id_of(what), "executionInformation": {"errors": errors, "warnings": []}}}
    return {f"/realitydataanalysis/jobs/{id_of(what)}": [{"body": body}]}


def _progress(state: str, percentage: float, step: str = "") -> Answer:
    return {"body": {"progress": {"percentage": percentage, "state": state, "step": step}}}


def _submitted(root: str) -> Later:
    """A job of the first version is created unsubmitted: its user starts it with another request."""
    return Later(after=timedelta(seconds=3), method="PATCH", path=f"/{root}/jobs/{{jobId}}", body={"state": "active"})


JOBS: Sequence[Job] = (
    reality_analysis(
        "Photos aligned",
        [
            _progress("unsubmitted", 0),
            _progress("active", 7, "Prepare_Production"),
            _progress("active", 56, "Production"),
            _progress("active", 93, "Production"),
            _progress("success", 100),
        ],
        "succeeded",
        polls=5,
        by_url=True,
    ),
    reality_analysis(
        "Out of memory",
        [_progress("active", 56), _progress("failed", 56, "Production")],
        "failed",
        reason="Production",
        documents=details("Out of memory", {"code": "E7", "title": "Memory", "message": "Not enough.", "params": []}),
        evidence=["E7: Memory: Not enough."],
        polls=2,
    ),
    reality_analysis(
        "Cancelled",
        [_progress("active", 3), _progress("cancelled", 3)],
        "cancelled",
        documents=details("Cancelled"),
        polls=2,
    ),
    reality_analysis("Deleted", [error(404, "ProgressNotFound")], "lost", reason="HTTP 404 ProgressNotFound"),
    reality_analysis(
        "Never submitted",
        [_progress("unsubmitted", 0)],
        "expired",
        reason="still unsubmitted at the deadline",
        deadline="PT15S",
    ),
    begun(
        "A scan is invalid",
        "reality-analysis-v2",
        Start(path="/reality-analysis/jobs", body={"type": "Objects2D"}),
        "failed",
        seconds=8,
        ends="Failed",
        evidence=SCAN_IS_INVALID,
    ),
    begun(
        "Mesh reconstructed",
        "reality-modeling",
        Start(path="/reality-modeling/jobs", body={"type": "Reconstruction"}),
        "succeeded",
        seconds=8,
        progress=100,
    ),
    begun(
        "Conversion taken back",
        "reality-conversion-v2",
        Start(path="/reality-conversion/jobs"),
        "cancelled",
        seconds=8,
        ends="Cancelled",
    ),
    begun(
        "Submitted after a while",
        "reality-conversion",
        Start(path="/realityconversion/jobs"),
        "succeeded",
        seconds=5,
        later=_submitted("realityconversion"),
        progress=100,
    ),
    begun(
        "A tile too big",
        "reality-modeling-v1",
        Start(path="/contextcapture/jobs"),
        "failed",
        seconds=5,
        ends="failed",
        later=_submitted("contextcapture"),
        evidence=[
            "OutOfMemory: Out of memory: Tile 17 needs more than {0} GB.: 64",
            "PhotosIgnored: Photos ignored: {0} photos have no position.: 3",
        ],
    ),
    named(
        "Known by its progress",
        "reality-modeling-v1",
        "/contextcapture/jobs/known-by-its-progress",
        "succeeded",
        seconds=6,
        url="/contextcapture/jobs/known-by-its-progress/progress",  # which does not say how a job ends
    ),
)
