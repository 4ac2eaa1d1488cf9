"""A job that one of Bentley's own clients has begun: what it was answered names the job that we watch."""

import pytest

from shared.core.model import Outcome
from shared.web.handed_over import job_in
from shared.web.problems import Problem
from tests.contract.clients.test_states import report_of, status_path
from tests.contract.clients.witnesses import CHANGESETS, GUID, OTHER_GUID, WITNESSES

REALITY = {"name": "A job", "iTwinId": GUID, "specifications": {"inputs": {}, "outputs": {}}}
START, _, END = CHANGESETS.partition("-")

#: What each client is given.
STARTS = {
    "reporting": {"iModelId": GUID},
    "grouping-and-mapping": {"iModelId": GUID, "mappings": [{"id": OTHER_GUID}]},
    "reality-analysis-v2": {**REALITY, "type": "Segmentation2D"},
    "reality-modeling": {**REALITY, "type": "Calibration"},
    "carbon-ec3": {"configurationId": GUID, "projectName": "A project"},
    "carbon-oneclicklca": {"reportId": GUID, "token": "a-token"},
    "imodels-create": {"iTwinId": GUID, "name": "An iModel"},
    "changed-elements": {"iTwinId": GUID, "iModelId": OTHER_GUID, "startChangesetId": START, "endChangesetId": END},
    "changed-elements-v3": {"iTwinId": GUID, "iModelId": OTHER_GUID, "startChangesetIndex": 1, "endChangesetIndex": 7},
}

#: Their answers have a link to the job's status.
LINKED = {"reporting", "grouping-and-mapping", "carbon-ec3", "carbon-oneclicklca"}


def test_all_clients_that_begin_jobs_are_here():
    assert {*STARTS} == {name for name in WITNESSES if "checkpoint" not in name}  # which come by themselves


def next_is_done_at_once(simulator, name):
    """A job of another id would still be under way; and the client of iModels waits for the end."""
    simulator.post("/_sim/jobs", json={"api": name, "clock": {"seconds": 0.0001}}).raise_for_status()


def answer_to_start(bentley, simulator, name):
    """What the client returns, and the outermost member that it has taken off."""
    next_is_done_at_once(simulator, name)
    begun = bentley.ask(name, "start", given=STARTS[name])
    (outermost,) = {place.partition(".")[0] for place in WITNESSES[name].api.ids_at.values()}
    return {outermost: begun}


@pytest.mark.parametrize("name", STARTS)
def test_what_they_were_answered_can_be_handed_to_us(bentley, simulator, ours, address, name):
    answer = answer_to_start(bentley, simulator, name)

    api, job = job_in(answer, None, address, WITNESSES[name].api)

    assert report_of(api, ours, job).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("name", STARTS)
def test_a_link_to_the_status_names_the_api_too(bentley, simulator, address, name):
    answer = answer_to_start(bentley, simulator, name)
    if name in LINKED:
        assert job_in(answer, None, address) == job_in(answer, None, address, WITNESSES[name].api)
    else:
        with pytest.raises(Problem, match='send "api" as well'):
            job_in(answer, None, address)


@pytest.mark.parametrize("way", ["clone", "fork"])
def test_a_copy_of_an_imodel_is_the_job_that_we_watch(bentley, simulator, ours, way):
    """Its client goes by `Location`; there is nothing else in the answer but a link to the status."""
    api = WITNESSES["imodels-create"].api
    next_is_done_at_once(simulator, api.name)

    copy = bentley.ask(api.name, way, iModelId=GUID, given={"iTwinId": OTHER_GUID, "name": "A copy"})
    asked = [request["path"] for request in simulator.requests() if request["path"].endswith("/operations/create")]

    assert {*asked} == {f"/imodels/{copy['id']}/operations/create"}
    assert report_of(api, ours, {"iModelId": copy["id"]}).outcome is Outcome.SUCCEEDED


def test_a_checkpoint_that_failed_is_scheduled_again(bentley, simulator, ours):
    witness = WITNESSES["imodels-checkpoint of a named version"]
    assert simulator.ended(status_path(witness), ends="failed").json()["checkpoint"]["state"] == "failed"
    assert report_of(witness.api, ours, witness.job).outcome is Outcome.FAILED

    assert witness.ask(bentley, "again", witness.job)["state"] == "scheduled"
    assert report_of(witness.api, ours, witness.job).outcome is None
