"""How an invocation that nobody waits for fails: in one line, or with a traceback, and so that it comes again."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from functions.support.invocation import ComesAgainError, delivery
from shared.engine.ports import Conflict, UndeliveredError
from shared.settings import SettingsError

CONTEXT: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=""))


def deliver(error):
    async def scenario():
        async with delivery(CONTEXT):
            raise error

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (Conflict("w"), "turn.failed error=Conflict: w"),
        (HttpResponseError("Server Busy\nRequestId:1\nTime:2"), "turn.failed error=HttpResponseError: Server Busy"),
        (ServiceRequestError("x" * 5000), "turn.failed error=ServiceRequestError: " + "x" * 199 + "…"),
        (UndeliveredError("WatchFinished"), "turn.failed error=UndeliveredError: WatchFinished"),
        (TimeoutError(), "turn.failed error=TimeoutError: "),
        (SettingsError({"ITWIN_CLIENT_ID": "is missing"}), "settings.incomplete ITWIN_CLIENT_ID is missing"),
    ],
)
def test_what_heals_by_waiting_is_one_line_and_comes_again(error, says, caplog):
    with pytest.raises(ComesAgainError) as raised:
        deliver(error)

    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [(says, None)]
    assert caplog.records[0].levelno >= logging.WARNING
    assert str(raised.value) == type(error).__name__
    assert raised.value.__suppress_context__


def test_a_mistake_of_ours_is_told_with_its_traceback(caplog):
    with pytest.raises(KeyError):
        deliver(KeyError("outcome"))

    [record] = caplog.records
    assert (record.getMessage(), record.levelno) == ("turn.broke", logging.ERROR)
    assert record.exc_info


def test_what_goes_well_is_not_worth_a_line(caplog):
    async def scenario():
        async with delivery(CONTEXT):
            pass

    asyncio.run(scenario())

    assert caplog.records == []
