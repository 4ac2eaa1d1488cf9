"""Events of the platform: what is signed wakes watches, whatever else comes does nothing, and all is told."""

import asyncio
import logging
from datetime import timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from shared.apis import APIS
from shared.core.model import Ticket
from shared.core.remote import watch_id
from shared.engine.ports import UndeliveredError, Unreadable
from shared.engine.waker import Woken
from shared.web.event import LARGEST_EVENT
from shared.web.problems import Problem
from shared.web.receiver import TELLING, WAKING, Receipt, Receiver, Result
from tests.events import BODY, SECRET, SIGNATURE, an_event, signed
from tests.unit.engine.world import ID, World

V1, V2 = (watch_id(APIS[name], {"jobId": "j"}) for name in ("reality-analysis", "reality-analysis-v2"))
KIND = "realityAnalysis.jobCompleted.v1"


class Receiving:
    """A receiver, and what it did."""

    def __init__(self, wake, **more):
        self.woken: list[tuple[str, str]] = []
        self.told: list[Receipt] = []
        self.cannot_tell = None

        async def noted(watch, event):
            self.woken.append((watch, event))
            return await wake(watch, event)

        async def tell(receipt):
            if self.cannot_tell:
                await self.cannot_tell()
            self.told.append(receipt)

        self.receiver = Receiver(**{"wake": noted, "tell": tell, "secrets": [SECRET.encode()], **more})

    def receive(self, body, signature=None):
        return asyncio.run(self.receiver.receive(body, signed(body) if signature is None else signature))

    def refused(self, body, signature=None):
        """Receive what is a problem."""
        with pytest.raises(Problem) as caught:
            self.receive(body, signature)
        assert self.woken == []
        return caught.value


def answering(**by_watch):
    """A waker that answers so, by API; no watch of another job is there."""
    known = {V1: by_watch.get("v1", Woken.UNWATCHED), V2: by_watch.get("v2", Woken.UNWATCHED)}

    async def wake(watch, _):
        answer = known.get(watch, Woken.UNWATCHED)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return wake


@pytest.fixture
def world():
    """A watch whose next turn is in 15 s."""
    world = World()
    world.start()
    world.deliver(0)
    world.sent.clear()
    return world


def test_an_event_gives_the_watch_of_its_job_its_turn_now(world):
    receiving = Receiving(world.ports.waker.wake)

    assert receiving.receive(an_event()) is Result.WOKEN
    assert world.sent == [(Ticket(ID, 2), timedelta(0))]
    assert receiving.told == [Receipt(result=Result.WOKEN, kind=KIND, watches={"reality-analysis": ID})]


def test_a_replayed_event_does_nothing_more(world):
    receiving = Receiving(world.ports.waker.wake)
    receiving.receive(an_event())
    world.deliver(2)
    world.sent.clear()

    assert receiving.receive(an_event()) is Result.AGAIN
    assert world.sent == []
    world.stop()
    assert receiving.receive(an_event(messageId="another")) is Result.ENDED


@pytest.mark.parametrize(
    ("v1", "v2", "result", "concerned"),
    [
        (Woken.WOKEN, Woken.UNWATCHED, Result.WOKEN, {"reality-analysis": V1}),
        (Woken.UNWATCHED, Woken.WOKEN, Result.WOKEN, {"reality-analysis-v2": V2}),
        (Woken.WOKEN, Woken.WOKEN, Result.WOKEN, {"reality-analysis": V1, "reality-analysis-v2": V2}),
        (Woken.ENDED, Woken.AGAIN, Result.AGAIN, {"reality-analysis-v2": V2}),
        (Woken.UNWATCHED, Woken.ENDED, Result.ENDED, {"reality-analysis-v2": V2}),
        (Unreadable("Watches", V1, ["Seq"]), Woken.WOKEN, Result.WOKEN, {"reality-analysis-v2": V2}),
        (Unreadable("Watches", V1, ["Seq"]), Woken.UNWATCHED, Result.UNREADABLE, {"reality-analysis": V1}),
        (Woken.UNWATCHED, Woken.UNWATCHED, Result.UNWATCHED, {"reality-analysis": V1, "reality-analysis-v2": V2}),
    ],
)
def test_all_watches_that_an_event_may_be_about_are_tried(v1, v2, result, concerned):
    receiving = Receiving(answering(v1=v1, v2=v2))

    assert receiving.receive(an_event()) is result
    assert [watch for watch, _ in receiving.woken] == [V1, V2]
    assert receiving.told == [Receipt(result=result, kind=KIND, watches=concerned)]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (an_event(eventType="iModels.iModelDeleted.v1"), "iModels.iModelDeleted.v1"),
        (an_event(content={}), KIND),
        (b"no JSON", ""),
        (b"[" * LARGEST_EVENT, ""),
    ],
)
def test_whatever_else_is_signed_is_counted_and_not_wanted_again(body, kind):
    receiving = Receiving(answering())

    assert receiving.receive(body) is Result.UNKNOWN
    assert receiving.woken == []
    assert receiving.told == [Receipt(result=Result.UNKNOWN, kind=kind)]


@pytest.mark.parametrize(
    ("body", "signature", "status", "why"),
    [
        (BODY, "", 401, "no-signature"),
        (BODY, SIGNATURE.replace("sha256", "sha1"), 401, "malformed-signature"),
        (BODY, signed(BODY, "another" * 5), 401, "wrong-signature"),
        (BODY[:-1], SIGNATURE, 401, "wrong-signature"),
        (b"", signed(b""), 401, "no-body"),
        (b" " * (LARGEST_EVENT + 1), None, 413, "too-large"),
        (b"[" * 10_000_000, SIGNATURE, 413, "too-large"),
    ],
)
def test_what_is_not_signed_does_nothing_and_is_told_without_a_word_of_it(body, signature, status, why):
    receiving = Receiving(answering(v1=Woken.WOKEN))

    problem = receiving.refused(body, signature)

    assert problem.status == status
    assert receiving.told == [Receipt(result=Result.REFUSED, why=why)]
    assert SECRET not in str(problem.document())
    assert SIGNATURE[7:] not in str(problem.document())


def test_an_empty_body_is_told_why_it_may_be_empty():
    assert "chunked" in Receiving(answering()).refused(b"", SIGNATURE).detail


def test_each_of_several_secrets_is_taken():
    secrets = ["a" * 32, "b" * 32]
    receiving = Receiving(answering(v1=Woken.WOKEN), secrets=[secret.encode() for secret in secrets])

    for secret in secrets:
        assert receiving.receive(an_event(), signed(an_event(), secret)) is Result.WOKEN
    with pytest.raises(Problem):
        receiving.receive(an_event(), signed(an_event(), SECRET))


@pytest.mark.parametrize(
    ("wrong", "says"), [({}, "WEBHOOK_SECRETS is not set"), ({"WEBHOOK_SECRETS": "is malformed"}, "is malformed")]
)
def test_without_secrets_events_are_wanted_later(wrong, says):
    receiving = Receiving(answering(), secrets=[], wrong_settings=wrong)

    problem = receiving.refused(BODY, SIGNATURE)

    assert (problem.name, problem.status) == ("misconfigured", 503)
    assert says in problem.detail
    assert receiving.told == [Receipt(result=Result.REFUSED, why="settings")]


@pytest.mark.parametrize("error", [HttpResponseError("busy"), ServiceRequestError("gone"), TimeoutError()])
def test_an_event_that_meets_an_outage_of_storage_is_wanted_again(error):
    receiving = Receiving(answering(v1=Woken.WOKEN, v2=error))

    with pytest.raises(type(error)):
        receiving.receive(an_event())

    assert receiving.told == [
        Receipt(
            result=Result.FAILED,
            why=type(error).__name__,
            kind=KIND,
            watches={"reality-analysis": V1, "reality-analysis-v2": V2},
        )
    ]


def test_storage_that_does_not_answer_is_waited_for_no_longer_than_the_platform_waits(monkeypatch):
    async def for_ever(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr("shared.web.receiver.WAKING", timedelta(milliseconds=20))
    slow = Receiving(for_ever)

    with pytest.raises(TimeoutError):
        slow.receive(an_event())

    assert (slow.told[0].result, slow.told[0].why) == (Result.FAILED, "TimeoutError")


def test_both_limits_together_are_within_the_five_seconds_of_the_platform():
    assert timedelta(seconds=4) >= WAKING + TELLING


async def rejects():
    raise UndeliveredError("no")


async def hangs():
    await asyncio.Event().wait()


@pytest.mark.parametrize("outage", [rejects, hangs])
@pytest.mark.parametrize(("body", "signature"), [(an_event(), None), (an_event(), "")])
def test_an_outage_of_telemetry_neither_fails_nor_holds_up_an_answer(outage, body, signature, monkeypatch, caplog):
    monkeypatch.setattr("shared.web.receiver.TELLING", timedelta(milliseconds=20))
    mute = Receiving(answering(v1=Woken.WOKEN))
    mute.cannot_tell = outage

    with caplog.at_level(logging.WARNING):
        if signature is None:
            assert mute.receive(body) is Result.WOKEN
        else:
            assert mute.refused(body, signature).status == 401

    assert [record.message.split()[0] for record in caplog.records] == ["event.untold"]


def test_the_log_of_an_unreadable_row_names_it(caplog):
    receiving = Receiving(answering(v1=Unreadable("Watches", V1, ["Seq"])))

    with caplog.at_level(logging.ERROR):
        receiving.receive(an_event())

    assert V1 in caplog.text
