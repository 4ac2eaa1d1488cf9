"""A job that one of Bentley's own clients has begun: what it was answered names the job that we watch."""

import pytest

from shared.core import untrusted
from shared.core.model import Outcome
from shared.web.job_url import locate
from shared.web.problems import Problem
from tests.contract.clients.test_states import report_of, status_path
from tests.contract.clients.witnesses import CHANGESETS, GUID, OTHER_GUID, WITNESSES

REALITY = {"name": "A job", "iTwinId": GUID, "specifications": {"inputs": {}, "outputs": {}}}
START, _, END = CHANGESETS.partition("-")

#: What each client is given, and the links in the answer that are a job's status.
STARTS = {
    "reality-analysis-v2": ({**REALITY, "type": "Segmentation2D"}, ()),
    "reality-modeling": ({**REALITY, "type": "Calibration"}, ()),
    "reporting": ({"iModelId": GUID}, ("status",)),
    "grouping-and-mapping": ({"iModelId": GUID, "mappings": [{"id": OTHER_GUID}]}, ("status",)),
    "carbon-ec3": ({"configurationId": GUID, "projectName": "A project"}, ("status",)),
    "carbon-oneclicklca": ({"reportId": GUID, "token": "a-token"}, ("job",)),
    "imodels-create": ({"iTwinId": GUID, "name": "An iModel"}, ()),
    "changed-elements": (
        {"iTwinId": GUID, "iModelId": OTHER_GUID, "startChangesetId": START, "endChangesetId": END},
        (),
    ),
    "changed-elements-v3": (
        {"iTwinId": GUID, "iModelId": OTHER_GUID, "startChangesetIndex": 1, "endChangesetIndex": 7},
        (),
    ),
}


def test_all_clients_that_begin_jobs_are_here():
    assert {*STARTS} == {name for name in WITNESSES if "checkpoint" not in name}  # which come by themselves


def next_is_done_at_once(simulator, name):
    """A job of another id would still be under way; and the client of iModels waits for the end."""
    simulator.post("/_sim/jobs", json={"api": name, "clock": {"seconds": 0.0001}}).raise_for_status()


def job_in(api, begun):
    """The ids where the API's data says; the client has taken the outermost member off."""
    return {field: untrusted.at(place.partition(".")[2], begun) for field, place in api.ids_at.items()}


@pytest.mark.parametrize("name", STARTS)
def test_the_ids_are_where_our_data_says(bentley, simulator, ours, name):
    api = WITNESSES[name].api
    next_is_done_at_once(simulator, name)
    begun = bentley.ask(name, "start", given=STARTS[name][0])

    assert report_of(api, ours, job_in(api, begun)).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("name", STARTS)
def test_its_links_to_a_status_are_those_of_this_job(bentley, simulator, address, name):
    api, links = WITNESSES[name].api, STARTS[name][1]
    next_is_done_at_once(simulator, name)
    begun = bentley.ask(name, "start", given=STARTS[name][0])

    found = {}
    for link, target in begun.get("_links", {}).items():
        try:
            found[link] = locate(target["href"], address)
        except Problem:
            continue

    assert found == dict.fromkeys(links, (api, job_in(api, begun)))


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
