"""Which answers limit a rate or a quota, and how long they say to wait."""

import json
from datetime import timedelta

import pytest

from shared.apis.schedules import SCHEDULES
from shared.core.model import Fault, Outcome
from shared.core.remote import Request, Response, observe
from tests.builders import NOON

QUOTA = {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 00:45:12."}
DAYS = {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 29.23:59:59."}
TOO_LONG = {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 99.00:00:00."}
BANDWIDTH = {"statusCode": 403, "message": "Out of bandwidth quota."}
RATE = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 23 seconds."}
DENIED = {"error": {"code": "InsufficientPermissions", "message": "No access; your quota is fine."}}
BLOCKED = {"statusCode": 403, "message": "Access denied due to an IP filter."}


def seconds(number):
    return timedelta(seconds=number)


def seen(status, body, retry_after=None):
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return observe(SCHEDULES, Request("/", {}), Response(status, headers, json.dumps(body).encode()), NOON)


@pytest.mark.parametrize(
    ("status", "body", "retry_after", "wait"),
    [
        (429, {}, None, None),
        (429, {}, "7", seconds(7)),
        (429, RATE, None, seconds(23)),
        (429, RATE, "7", seconds(23)),
        (429, RATE, "60", seconds(60)),
        (403, QUOTA, None, timedelta(minutes=45, seconds=12)),
        (403, QUOTA, "10", timedelta(minutes=45, seconds=12)),
        (403, DAYS, None, timedelta(days=29, hours=23, minutes=59, seconds=59)),
        (403, TOO_LONG, None, None),
        (403, BANDWIDTH, None, None),
        (403, DENIED, "10", seconds(10)),
        (403, {}, "0", seconds(0)),
    ],
)
def test_throttling_is_told_by_a_status_a_header_or_a_body(status, body, retry_after, wait):
    fault = seen(status, body, retry_after)

    assert isinstance(fault, Fault)
    assert (fault.throttled, fault.lasting, fault.retry_after) == (True, None, wait)


@pytest.mark.parametrize("body", [DENIED, BLOCKED, None, [], "quota", {"statusCode": "403", "message": "quota"}])
def test_any_other_403_limits_nothing(body):
    fault = seen(403, body)

    assert (fault.throttled, fault.lasting) == (False, Outcome.REFUSED if body is DENIED else None)


def test_the_words_of_api_management_are_the_reason():
    assert seen(403, QUOTA).reason == f"HTTP 403 {QUOTA['message']}"


def test_a_503_is_its_own_watchs_affair():
    assert (seen(503, RATE, "7").throttled, seen(503, {}, "7").retry_after) == (False, seconds(7))
