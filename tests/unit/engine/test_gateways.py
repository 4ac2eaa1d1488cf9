"""A firewall or a gateway speaks for ten minutes in the middle of a job's life."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.model import Outcome
from shared.core.remote import LASTING, NoResponse, Response
from tests.unit.engine.world import ID

RUNNING = Response(200, body=b'{"progress": {"state": "active", "percentage": 1}}')
ENDED = Response(200, body=b'{"progress": {"state": "success"}}')
ENVELOPE = b'{"error": {"code": "ProgressNotFound", "message": "Requested progress is not available."}}'
WORDS_OF_OTHERS = [
    *(Response(status, {"content-type": "text/html"}, b"<h1>Blocked</h1>") for status in LASTING),
    *(
        Response(status, body=f'{{"statusCode": {status}, "message": "Resource not found"}}'.encode())
        for status in LASTING
    ),
    *(Response(status) for status in (202, 204, 302, 401, 404, 418, 500, 502, 503, 504)),
    Response(200, body=b"<html>Sign in</html>"),
    Response(200, unread="a body of over 1 MiB"),
    NoResponse("no answer: ConnectTimeout"),
    NoResponse("no access token", token=True),
]


def live(world, answers, until):
    """Let the watch take its turns until then; `answers` says what is answered at a time."""
    began = world.now

    async def fetch(*_):
        return answers(world.now - began)

    world.ports = replace(world.ports, fetch=fetch)
    while world.row.is_open and world.row.due <= until:
        world.now = world.row.due
        world.deliver(world.row.seq, f"m{world.row.seq}")


@pytest.mark.parametrize("word", WORDS_OF_OTHERS)
def test_ten_minutes_of_a_gateways_word_end_nothing(started, word):
    def answers(age):
        return (
            word
            if timedelta(minutes=2) < age < timedelta(minutes=12)
            else RUNNING
            if age < timedelta(hours=1)
            else ENDED
        )

    live(started, answers, started.now + timedelta(hours=2))

    assert (started.row.id, started.row.outcome, started.row.reason) == (ID, Outcome.SUCCEEDED, "")


@pytest.mark.parametrize("word", [Response(202), Response(204), Response(200), Response(200, body=b"{}")])
def test_an_end_after_not_yet_is_seen_on_the_polling_schedule(started, word):
    ended_at = timedelta(minutes=10)

    live(started, lambda age: word if age < ended_at else ENDED, started.now + timedelta(hours=1))

    assert started.row.end.at - started.row.started_at < ended_at + timedelta(minutes=2)


def test_ten_minutes_of_the_platforms_own_word_are_believed_and_it_can_be_begun_again(started):
    def answers(age):
        return RUNNING if age < timedelta(minutes=2) else Response(404, body=ENVELOPE)

    live(started, answers, started.now + timedelta(minutes=12))
    lost = started.row

    assert lost.outcome is Outcome.LOST
    assert lost.reason.startswith("HTTP 404 ProgressNotFound")
    assert "30 days" not in lost.reason
    assert started.start(restart=True).watch.is_open
