"""Jobs of Changed Elements, in both its versions, and transformations."""

from __future__ import annotations

from collections.abc import Sequence

from local.trials.scenario.job import Job, Start, begun, named

ITWIN, IMODEL = "f2b8c8a4-0c1e-4d43-9d0c-3c1c0f5a7e21", "5e19bee0-3aea-4355-a9f0-c6df9989ee7d"
OF_IMODEL = {"iTwinId": ITWIN, "iModelId": IMODEL}
COMPARED = "2f3ad1b4-fails"  #: from one changeset to another
WRONG = "The changesets could not be compared."

JOBS: Sequence[Job] = (
    begun(
        "Versions compared",
        "changed-elements",
        Start(
            path="/changedelements/comparisonjob",
            body={**OF_IMODEL, "startChangesetId": "0a12", "endChangesetId": "0b34"},
        ),
        "succeeded",
        seconds=10,
    ),
    named(
        "As Bentley's client asks",
        "changed-elements",
        f"/changedelements/comparisonjob/{COMPARED}/itwin/{ITWIN}/imodel/{IMODEL}",
        "failed",
        seconds=5,
        url=f"/changedelements/comparisonJob/{COMPARED}/iTwin/{ITWIN}/iModel/{IMODEL}",
        reason=WRONG,
        evidence=[WRONG],
    ),
    begun(
        "Changesets compared",
        "changed-elements-v3",
        Start(path="/changedelements/diff", body={**OF_IMODEL, "startChangesetIndex": 3, "endChangesetIndex": 7}),
        "failed",
        seconds=8,
        ends="Failed",
        reason=f"DiffingFailed: {WRONG}",
        evidence=[f"DiffingFailed: {WRONG}"],
    ),
    named(
        "Ids in the query",
        "changed-elements-v3",
        "/changedelements/diff/ids-in-the-query",
        "succeeded",
        seconds=5,
        url=f"/changedelements/diff/ids-in-the-query?iModelId={IMODEL}&iTwinId={ITWIN}",
    ),
    begun(
        "1800 of 3000 entities",
        "transformations",
        Start(path="/transformations/", body={"configurationId": "b7e1"}),
        "failed",
        seconds=8,
        ends="Failed",
        progress=60,
        reason="The source iModel could not be opened.",
        evidence=["1: The source iModel could not be opened."],
    ),
)
