"""What the simulated platform answers to each start is handed over as it comes, and names a job that it knows."""

import json
import subprocess

import pytest

from itwin_job_watch.handed_over import members
from shared.apis import APIS
from shared.core.remote import ask
from shared.web.problems import Problem
from shared.web.requests import StartRequest
from tests.builders import a_watch
from tests.integration.simulator.test_starts import BEGINS, kind_of

#: Those whose answers have ids and no link, so that the API must be named.
UNLINKED = {name for name in APIS if name.startswith("reality-")}
UNLINKED |= {"access-control", "changed-elements", "changed-elements-v3", "itwins-export", "mesh-export"}
UNLINKED |= {"transformations"}

#: Its answer has neither: its ids are those of the request.
NOTHING = {"imodels-checkpoint"}


def answered(simulator, begins):
    """The answer as curl prints it."""
    token = "authorization: " + simulator.headers["authorization"]
    url = str(simulator.base_url).rstrip("/") + begins.post
    command = ["curl", "-sSi", "--noproxy", "*", "-X", begins.method, url, "-H", token, "-d", json.dumps(begins.body)]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("begins", BEGINS, ids=lambda begins: begins.post)
def test_the_answer_to_a_start_names_its_job(simulator, address, begins):
    name = kind_of(begins).name
    handed_over = members(answered(simulator, begins))

    def target(**more):
        return StartRequest.read(json.dumps(handed_over | more).encode()).target(address)

    created = name == "imodels-create" and "location" not in handed_over
    if name in UNLINKED | NOTHING or created:
        with pytest.raises(Problem) as caught:
            target()
        assert (name in caught.value.detail) == (name not in NOTHING)
    else:
        assert target()[0].name == name
    if name in NOTHING:
        with pytest.raises(Problem):
            target(api=name)
        return
    api, job = target(api=name)
    assert api.name == name
    assert simulator.get(ask(api, a_watch(api=name, job=job)).path).status_code == 200


def test_a_run_that_is_under_way_is_the_job_of_whoever_begins_it_again(simulator, address):
    begins = next(one for one in BEGINS if one.post.startswith("/export/"))

    first, again = (members(answered(simulator, begins)) for _ in range(2))  # 202, then 303

    assert first == again
    assert StartRequest.model_validate(first).target(address)[0].name == "export"
