"""Operations of iModels that take long, and mesh exports of them."""

from __future__ import annotations

from collections.abc import Sequence

from local.trials.scenario.job import Job, Start, begun, named

IMODEL = "/imodels/5e19bee0-3aea-4355-a9f0-c6df9989ee7d"
CHECKPOINT = f"{IMODEL}/namedversions/8dc7f5fc-7a50-44f7-b1b3-6ee9c38b8e48/checkpoint"

JOBS: Sequence[Job] = (
    begun(
        "iModel cloned",
        "imodels-create",
        Start(path=f"{IMODEL}/clone", linked=True),  # by one of two headers
        "succeeded",
        seconds=6,
    ),
    begun(
        "A fork without GUIDs",
        "imodels-create",
        Start(path=f"{IMODEL}/fork", linked=True),
        "failed",
        seconds=6,
        ends="mainIModelIsMissingFederationGuids",
    ),
    begun(
        "Its file never came",
        "imodels-create",
        Start(path="/imodels", body={"name": "Bridge", "creationMode": "fromBaseline"}),
        "expired",
        seconds=6,  # of the time after the upload
        reason="still waitingForFile at the deadline",
        deadline="PT12S",
    ),
    begun(
        "Checkpoint made again",
        "imodels-checkpoint",
        Start(path=CHECKPOINT, method="PUT"),
        "succeeded",
        seconds=6,
        path=CHECKPOINT,
        url=CHECKPOINT,  # the answer has no link to it
    ),
    named(
        "Nothing is scheduled",
        "imodels-checkpoint",
        f"{IMODEL}/changesets/notgenerated-for-this/checkpoint",
        "expired",
        seconds=6,
        reason="still notGenerated at the deadline",
        deadline="PT12S",
    ),
    begun(
        "An iModel without shapes",
        "mesh-export",
        Start(path="/mesh-export/", body={"exportType": "3DTiles"}),
        "failed",
        seconds=6,
        ends="Invalid",
        issues=True,
        reason="InvalidGeometry: The iModel has no geometry.",
        evidence=["InvalidGeometry: The iModel has no geometry."],
    ),
)
