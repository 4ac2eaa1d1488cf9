"""What the exchanges say of an answer, Bentley's own clients read in it too, unless they refuse it."""

from tests.contract.clients.conftest import ClientError
from tests.contract.clients.test_states import each_witness, status_path
from tests.contract.test_exchanges import EXCHANGES


def recorded(witness):
    answers = EXCHANGES[witness.api.name]["answers"]
    return [answer for answer in answers if answer.get("status", 200) == 200 and answer["sees"].get("status")]


@each_witness
def test_an_answer_is_read_as_recorded(bentley, simulator, witness):
    """A text as one line; and some clients no longer know a percentage of a job that has ended."""
    words = set()
    for answer in recorded(witness):
        simulator.script(status_path(witness), {"body": answer["body"]})
        try:
            theirs = witness.says(witness.ask(bentley, "status", witness.job))
        except ClientError:
            continue
        sees = answer["sees"]
        assert theirs.status == sees["status"], answer["says"]
        assert theirs.progress in (None, sees.get("progress", theirs.progress)), answer["says"]
        assert " ".join(theirs.reason.split()) == sees.get("reason", theirs.reason), answer["says"]
        if theirs.status in witness.api.vocabulary:
            assert theirs.outcome == sees.get("outcome", theirs.outcome), answer["says"]
        words.add(theirs.status)

    assert {*witness.api.vocabulary} - words <= {"Error"}  # which the client of Changed Elements no longer knows
