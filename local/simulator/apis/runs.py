"""Runs of Synchronization, by storage or by manifest, and of Export, all v1.

https://developer.bentley.com/apis/synchronization/operations/get-storage-connection-run
https://developer.bentley.com/apis/synchronization/operations/get-manifest-connection-run
https://developer.bentley.com/apis/export/operations/get-export-connection-run

`state` says whether a run has ended, `result` how.  Unconfirmed: that `result` is there while the run is under way.
"""

from __future__ import annotations

from collections.abc import Callable

from local.simulator.apis.api import Api
from local.simulator.apis.event import Event
from local.simulator.apis.start import Reply, Start, hex40
from local.simulator.apis.values import forty, guid, ticks
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, Problem

UNDETERMINED = "Undetermined"

#: Of the pages' examples, there in a task with the result `Success`.
BRIDGE_ERROR = {
    "errorCode": "TAE_BRG_1000",
    "message": "Failed to process the file.",
    "details": "Error exit code received from bridge wrapper.",
    "bridgeExitCode": 4294967295,
    "system": "cloud_orchestrator",
    "phase": "internal_server_error",
    "category": "other",
    "descriptionKey": "RunOrchestrationError",
    "description": "Failed to orchestrate Run.",
    "kbArticleLink": "",
    "canUserFix": False,
}
#: Of the example of Export's list of runs, there in a task with the result `Error`.
EXPORT_ERROR = {
    "errorCode": "TAE_BRW_1000",
    "message": "Failed to orchestrate file processing.",
    "details": "Error exit code received from bridge wrapper. Details from wrapper: ''.",
    "bridgeExitCode": -7002,
    "system": "Exporter",
    "phase": "export_file",
    "category": "other",
    "descriptionKey": "FailedToExport",
    "description": "Failed to export your file.",
    "kbArticleLink": "",
    "canUserFix": False,
}


def _body(of_run: Callable[[View], Body], of_job: Body, of_task: Callable[[str], Body]) -> Callable[[View], Body]:
    """Return a body with the members that only some of these runs have."""

    def body(view: View) -> Body:
        run_id = view.ids["runId"]
        return {
            "run": {
                "id": run_id,
                "connectionId": view.ids["connectionId"],
                "startDateTime": ticks(view.began),
                "endDateTime": ticks(view.ended),
                "state": view.state.word,
                "result": view.state.result or UNDETERMINED,
                **of_run(view),
                "jobs": [_job(view, of_job, of_task)] if view.started else [],
            }
        }

    return body


def _job(view: View, members: Body, of_task: Callable[[str], Body]) -> Body:
    """Unconfirmed: that a run under way shows its tasks, and that one of them fails where the run succeeds in part."""
    fine = "Success" if view.state.ended else UNDETERMINED
    result = view.state.result or UNDETERMINED
    first = _task(view, "first", fine, BRIDGE_ERROR if view.state.ended else None, of_task)
    second = _task(view, "second", _result_of_task(result), EXPORT_ERROR if view.state.issues else None, of_task)
    return {
        "id": forty(view.ids["runId"], "job"),
        "startDateTime": ticks(view.started),
        "endDateTime": ticks(view.ended),
        "state": view.state.word,
        "result": result,
        **members,
        "tasks": [first, second],
    }


def _task(view: View, name: str, result: str, error: Body | None, more: Callable[[str], Body]) -> Body:
    task_id = forty(view.ids["runId"], name)
    task = {
        "id": task_id,
        "startDateTime": ticks(view.started),
        "endDateTime": ticks(view.ended),
        "retryAttempts": 0,
        "state": view.state.word,
        "result": result,
        **more(task_id),
    }
    return task | ({"error": error} if error else {})


def _result_of_task(result: str) -> str:
    return "Error" if result == "PartialSuccess" else result


def _synchronization_run(view: View) -> Body:
    """The error is the example's; unconfirmed: that a run without trouble has no such member."""
    error = {"errorKey": "UserNotAuthenticated", "description": "User is not authenticated."}
    return {"phase": "MasterFile"} | ({"error": error} if view.state.issues else {})


def _no_more(_: View) -> Body:
    return {}


def _synchronized_file(task_id: str) -> Body:
    return {"storageFileId": forty(task_id, "file")}


def _exported_file(task_id: str) -> Body:
    return {"exportOutputFileId": forty(task_id, "file")}


def _begun(view: View) -> Reply:
    """The pages of the three that begin a run: "202/accepted ... include a location header", and no body."""
    return Reply(202, headers={"Location": view.url})


def _under_way(view: View) -> Reply:
    """The same pages: "If an existing active run already exists for the iModel, ... 303/see other is returned".

    Which connections share an iModel is not simulated: here it is a run of the same connection.
    """
    return Reply(303, headers={"Location": view.url})


def _told(view: View) -> Body:
    """https://developer.bentley.com/apis/synchronization/available-events: its example's result is `success`.

    Unconfirmed: that `synchronizationId` is the run's id, and the other results.
    """
    result = view.state.result
    return {
        "synchronizationId": view.ids["runId"],
        "connectionId": view.ids["connectionId"],
        "iModelId": guid(view.ids["connectionId"], "imodel"),
        "result": result[:1].lower() + result[1:],
    }


SYNCHRONIZED = Event("synchronization.jobCompleted.v1", _told)


def _runs(name: str, path: str, begun_at: str, body: Callable[[View], Body], event: Event | None = SYNCHRONIZED) -> Api:
    def ending(result: str, *, issues: bool = False) -> Ending:
        return Ending("Completed", result=result, issues=issues, after="Finalizing")

    return Api(
        name=name,
        path=path,
        version=1,
        # And `Idle`, `WaitingToRetry`, whose places in the order no page gives: script them.
        words=("NotStarted", "Queued", "WaitingToExecute", "Executing"),
        success=ending("Success"),
        endings={
            "fail": ending("Error", issues=True),
            "cancel": ending("Cancelled"),
            "partial": ending("PartialSuccess", issues=True),
            "issue": ending("PartialSuccess", issues=True),
            "timeout": ending("TimedOut", issues=True),
            "skip": ending("Skipped"),
            "undetermined": ending(UNDETERMINED),
        },
        missing=Problem(404, "RunNotFound", "Requested Run is not available.", "runId"),  # unconfirmed
        throttled=RATE_LIMIT_EXCEEDED,  # unconfirmed: which of the two codes
        body=body,
        starts=(
            Start(
                path=begun_at,
                ids=lambda order: {"connectionId": order.ids["connectionId"], "runId": hex40()},
                reply=_begun,
                alone=lambda order: (order.ids["connectionId"],),
                other=_under_way,
            ),
        ),
        event=event,
    )


SYNCHRONIZATION_STORAGE = _runs(
    "synchronization-storage",
    "/synchronization/imodels/storageconnections/{connectionId}/runs/{runId}",
    "/synchronization/imodels/storageconnections/{connectionId}/run",  # unlike the other two
    _body(_synchronization_run, {"connectorType": "DWG"}, _synchronized_file),
)
SYNCHRONIZATION_MANIFEST = _runs(
    "synchronization-manifest",
    "/synchronization/imodels/manifestconnections/{connectionId}/runs/{runId}",
    "/synchronization/imodels/manifestconnections/{connectionId}/runs",
    _body(_synchronization_run, {"connectorType": "DWG"}, _synchronized_file),
)
EXPORT = _runs(
    "export",
    "/export/connections/{connectionId}/runs/{runId}",
    "/export/connections/{connectionId}/runs",
    _body(_no_more, {}, _exported_file),
    event=None,  # no page names one
)
