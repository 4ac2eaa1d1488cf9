"""In every state of a job that the simulator knows, we read what Bentley's own clients read there."""

from typing import Any, NamedTuple

import pytest

from local.simulator.apis import APIS as SIMULATED
from local.simulator.paths import split
from shared.core.model import EvidencePage, Fault, Outcome, Report
from shared.core.paths import fields
from shared.core.remote import ask, observe
from tests.builders import NOON
from tests.contract.clients.conftest import ClientError
from tests.contract.clients.test_asking import watch_of
from tests.contract.clients.witnesses import WITNESSES, Witness

LENGTH = 1_000_000  #: seconds, so that no job moves while it is asked about


class State(NamedTuple):
    """A job that stays in one state."""

    witness: Witness
    word: str
    clock: dict[str, Any]

    @property
    def has_ended_with_issues(self):
        return self.clock.get("issues", False) and self.clock["age"] == LENGTH


each_witness = pytest.mark.parametrize("witness", WITNESSES.values(), ids=WITNESSES)


def simulated(witness):
    named = (api for api in SIMULATED if api.name == witness.api.name)
    return next(api for api in named if {*fields(api.path)} <= {*witness.job})


def states_of(witness):
    """All states that the simulator knows."""
    api = simulated(witness)
    for at, word in enumerate(api.words):
        age = LENGTH * (0.55 if word == api.words[-1] else 0.1 * at)
        yield State(witness, word, {"seconds": LENGTH, "age": age})
    for word in api.stalls.values():
        yield State(witness, word, {"ends": word})
    for end in {(end.word, end.issues): end for end in (api.success, *api.endings.values())}.values():
        clock = {"seconds": LENGTH, "ends": end.word, "issues": end.issues}
        if end.after:
            yield State(witness, end.after, {**clock, "age": 0.95 * LENGTH})
        yield State(witness, end.word, {**clock, "age": LENGTH})


def each_state_of(*names):
    """But for the one that the client refuses to read: see below."""
    states = [
        pytest.param(state, id=f"{name}: {state.word}{' with issues' if state.has_ended_with_issues else ''}")
        for name in names
        for state in states_of(WITNESSES[name])
        if state.word != "Error"
    ]
    return pytest.mark.parametrize("state", states)


def seen_by_us(api, ours, job, outcome=None):
    """The status; or, after an outcome, the evidence."""
    request = ask(api, watch_of(api, job, verdict=outcome))
    _, (answer,) = ours(request)
    return observe(api, request, answer, NOON)


def report_of(api, ours, job):
    report = seen_by_us(api, ours, job)
    assert isinstance(report, Report)
    return report


def status_path(witness):
    return ask(witness.api, watch_of(witness.api, witness.job)).path.partition("?")[0]


@each_state_of(*WITNESSES)
def test_we_read_the_status_as_they_do(bentley, simulator, ours, state):
    witness = state.witness
    simulator.clock(status_path(witness), **state.clock)

    theirs = witness.says(witness.ask(bentley, "status", witness.job))
    mine = report_of(witness.api, ours, witness.job)

    assert mine.status == theirs.status == state.word
    assert (mine.outcome, mine.progress, mine.reason) == (theirs.outcome, theirs.progress, theirs.reason)


@each_state_of("carbon-ec3", "carbon-oneclicklca", "changed-elements", "changed-elements-v3")
def test_what_they_say_of_a_failure_is_our_evidence(bentley, simulator, ours, state):
    witness = state.witness
    simulator.clock(status_path(witness), **state.clock)
    theirs = witness.says(witness.ask(bentley, "status", witness.job))
    assert report_of(witness.api, ours, witness.job).evidence == ((theirs.reason,) if state.word == "Failed" else ())


@each_state_of("reality-analysis-v2", "reality-modeling")
def test_we_read_the_messages_as_they_do(bentley, simulator, ours, state):
    witness = state.witness
    simulator.clock(status_path(witness), **state.clock)
    theirs = witness.ask(bentley, "evidence", witness.job)

    mine = seen_by_us(witness.api, ours, witness.job, Outcome.FAILED)

    assert isinstance(mine, EvidencePage)
    messages = [*theirs["errors"], *theirs["warnings"]]
    assert bool(messages) == state.has_ended_with_issues
    assert mine.entries == tuple(f"{each['code']}: {each['title']}: {filled_in(each)}" for each in messages)


def filled_in(message):
    text = message["message"]
    for number, param in enumerate(message["params"], 1):
        text = text.replace(f"%{number}", param)
    return text


@each_state_of("imodels-create")
def test_they_wait_while_we_do_and_give_up_when_we_do(bentley, simulator, ours, state):
    """A new iModel is what the client waits for itself: it says true, false, or throws."""
    witness = state.witness
    simulator.clock(status_path(witness), **state.clock)
    outcome = report_of(witness.api, ours, witness.job).outcome
    if outcome is Outcome.FAILED:
        with pytest.raises(ClientError, match=r"IModelForkInitializationFailed|MainIModelIsMissingFederationGuids"):
            witness.ask(bentley, "isDone", witness.job)
    else:
        assert witness.ask(bentley, "isDone", witness.job) == (outcome is Outcome.SUCCEEDED)


@each_state_of("grouping-and-mapping")
def test_the_link_to_the_logs_is_where_they_look(bentley, simulator, ours, state):
    witness = state.witness
    simulator.clock(status_path(witness), **state.clock)
    href = witness.ask(bentley, "status", witness.job)["_links"]["logs"]["href"]
    mine = report_of(witness.api, ours, witness.job)
    if mine.wants_evidence:
        assert f"{simulator.base_url}{mine.evidence_at}" == href
    assert href.removeprefix(str(simulator.base_url)) == f"{status_path(witness)}/logs"


@each_witness
def test_every_word_of_ours_is_one_of_these_states(witness):
    assert {*witness.api.vocabulary} <= {state.word for state in states_of(witness)}


@pytest.mark.parametrize("name", [name for name, witness in WITNESSES.items() if witness.words])
def test_their_words_are_ours(bentley, name):
    witness = WITNESSES[name]
    assert sorted(bentley.ask(witness.api.name, "words")) == sorted(witness.api.vocabulary)


def test_a_word_that_they_forgot_is_still_ours(bentley, simulator, ours):
    witness = WITNESSES["changed-elements"]
    simulator.clock(status_path(witness), seconds=1, age=1, ends="Error")
    with pytest.raises(ClientError, match="unexpected response shape"):
        witness.ask(bentley, "status", witness.job)
    assert report_of(witness.api, ours, witness.job).outcome is Outcome.FAILED


def test_an_error_that_is_a_text(bentley, simulator, ours):
    """So say the types of Bentley's client; an object, says the page."""
    witness = WITNESSES["changed-elements-v3"]
    simulator.clock(status_path(witness), seconds=1, age=1, ends="Failed")
    job = simulator.get(status_path(witness), params=witness.job).json()["job"]
    simulator.script(status_path(witness), {"body": {"job": {**job, "error": "No such changeset."}}})

    theirs = witness.says(witness.ask(bentley, "status", witness.job))

    assert theirs.reason == report_of(witness.api, ours, witness.job).reason == "No such changeset."


@each_witness
def test_a_job_that_is_missing(bentley, simulator, ours, witness):
    """The simulator goes by a word in the id, and some clients take only GUIDs: so its answer is theirs, too."""
    api = simulated(witness)
    job_id = api.job_id(api.match(split(status_path(witness))))
    missing = {name: "missing" if id_ == job_id else id_ for name, id_ in witness.job.items()}
    answer = simulator.get(ask(witness.api, watch_of(witness.api, missing)).path)
    simulator.script(status_path(witness), {"status": answer.status_code, "body": answer.json()})

    with pytest.raises(ClientError) as refusal:
        witness.ask(bentley, "status", witness.job)
    mine = seen_by_us(witness.api, ours, witness.job)

    assert isinstance(mine, Fault)
    assert mine.lasting is Outcome.LOST
    assert refusal.value.status in (404, None)
    assert refusal.value.name in (answer.json()["error"]["code"], *KNOWN_AS.get(answer.json()["error"]["code"], ()))


#: What the clients make of a code; `Response` is for one that throws that.
KNOWN_AS = {
    "JobNotFound": ("Response",),
    "ExtractionStatusNotFound": ("Response",),
    "ExtractionNotFound": ("Response",),
    "iModelNotFound": ("IModelNotFound",),
    "DiffJobNotFound": ("ComparisonNotFound",),
}
