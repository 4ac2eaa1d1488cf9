"""What is read of an event, and of which watches it tells."""

from hashlib import sha256
from typing import Any

import pytest

from shared.apis import APIS
from shared.core.remote import watch_id
from shared.web.event import HASH_DIGITS, LONGEST_TYPE, read_event
from tests.events import BODY, an_event

GUID = "CC3D35CC-416A-4262-9714-b359da70b419"


def watch_of(api, **job):
    return {api: watch_id(APIS[api], job)}


@pytest.mark.parametrize(
    ("kind", "members", "watches"),
    [
        (
            "realityAnalysis.jobCompleted.v1",
            {},
            watch_of("reality-analysis", jobId="j") | watch_of("reality-analysis-v2", jobId="j"),
        ),
        ("realityAnalysis.jobCompleted.v2", {}, watch_of("reality-analysis-v2", jobId="j")),
        ("realityModeling.jobCompleted.v1", {}, watch_of("reality-modeling-v1", jobId="j")),
        ("realityModeling.jobCompleted.v2", {}, watch_of("reality-modeling", jobId="j")),
        ("realityConversion.jobCompleted.v1", {}, watch_of("reality-conversion", jobId="j")),
        ("realityConversion.jobCompleted.v2", {}, watch_of("reality-conversion-v2", jobId="j")),
        (
            "transformations.jobCompleted.v1",
            {"content": {"transformationId": "t", "status": "Completed"}},
            watch_of("transformations", transformationId="t"),
        ),
        (
            "synchronization.jobCompleted.v1",
            {"content": {"synchronizationId": "r", "iModelId": "i", "connectionId": "c", "result": "success"}},
            watch_of("synchronization-storage", connectionId="c", runId="r")
            | watch_of("synchronization-manifest", connectionId="c", runId="r"),
        ),
        *[
            (
                "changedElements.jobCompleted.v1",
                {"content": {"jobId": "j", "iModelId": "i", "jobSucceeded": succeeded}, "iTwinId": "t"},
                watch_of("changed-elements", jobId="j", iTwinId="t", iModelId="i"),
            )
            for succeeded in ("true", "false", True, False, None)
        ],
    ],
)
def test_the_watch_is_that_of_the_job_with_these_ids(kind, members, watches):
    event = read_event(an_event(eventType=kind, **members))

    assert (event.kind, event.watches) == (kind, watches)


def test_each_api_with_an_event_is_found_by_each_of_its_types():
    """Ids that are all over the event: whatever is asked for is there."""
    for name, told_by in {api.name: api.event for api in APIS.values() if api.event}.items():
        content = {path.partition(".")[2]: "x" for path in told_by.ids_at.values() if path.startswith("content.")}
        for kind in told_by.types:
            assert name in read_event(an_event(eventType=kind, content=content, iTwinId="x")).watches


@pytest.mark.parametrize("kind", ["REALITYANALYSIS.JOBCOMPLETED.V1", "realityanalysis.jobcompleted.v1"])
def test_the_letter_case_of_a_type_does_not_matter(kind):
    assert read_event(an_event(eventType=kind)).watches == read_event(an_event()).watches


def test_a_guid_is_found_in_any_letter_case():
    upper, lower = (read_event(an_event(content={"jobId": job})).watches for job in (GUID, GUID.lower()))

    assert upper == lower
    assert upper["reality-analysis"] == watch_id(APIS["reality-analysis"], {"jobId": GUID.lower()})


STRANGE: list[dict[str, Any]] = [
    *[{"eventType": kind} for kind in (None, "", "iModels.iModelDeleted.v1", "Base Event eventType", "\ud800")],
    {"eventType": 1},
    {"eventType": {}},
    {"eventType": ["realityAnalysis.jobCompleted.v1"]},
    *[{"content": content} for content in (None, [], "j", 1, {}, [{"jobId": "j"}], {"JobId": "j"})],
    *[{"content": {"jobId": job}} for job in (None, "", " ", 1, 1.5, True, [], ["j"], {"jobId": "j"})],
    *[{"content": {"jobId": job}} for job in ("..", "a/../b", "a\nb", "\ud800", "\0", "j" * 513, "%2e%2e")],
    {"a": [0] * 51_000},
]


@pytest.mark.parametrize(
    "body",
    [
        *(an_event(**members) for members in STRANGE),
        *[b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", BODY[:-1], BODY + BODY, b"[" * 60_000, b'{"a":' * 10_000],
        b"[" + an_event() + b"]",
        b'{"eventType":"realityAnalysis.jobCompleted.v1","content":{"jobId":"j","a":' + b"[" * 40 + b"]" * 40 + b"}}",
    ],
)
def test_whatever_else_is_signed_is_about_no_watch(body):
    assert read_event(body).watches == {}


def test_unknown_members_blanks_and_a_byte_order_mark_are_ignored():
    body = b"\xef\xbb\xbf \r\n" + an_event(
        more={"deep": [1, {"a": None}]}, content={"jobId": "j", "jobSucceeded": True}
    )

    assert read_event(body).watches == read_event(an_event()).watches


def test_of_a_member_that_comes_twice_the_last_counts():
    """As most readers of JSON have it, the platform's too: one event has one reading."""
    body = BODY.replace(b'{"content"', b'{"content":{"jobId":"other"},"content"')

    assert read_event(body).watches == read_event(BODY).watches


@pytest.mark.parametrize("enqueued", ["11/3/2023 8:07:01 PM", "2026-11-20T12:00:00Z", "", 0, None, "13/13/2023"])
def test_dates_are_not_read(enqueued):
    assert read_event(an_event(enqueuedDateTime=enqueued)).watches == read_event(an_event()).watches


def test_an_event_is_known_again_by_its_message_id():
    event = read_event(an_event())

    assert event.hash == sha256(b"m").hexdigest()[:HASH_DIGITS]
    assert read_event(an_event(enqueuedDateTime="later", webhookId="other")).hash == event.hash
    assert read_event(an_event(messageId="other")).hash != event.hash


@pytest.mark.parametrize("message_id", [None, "", "  ", 7, ["m"], {"a": 1}])
def test_an_event_without_a_message_id_is_known_by_all_of_it(message_id):
    body = an_event(messageId=message_id)

    assert read_event(body).hash == sha256(body).hexdigest()[:HASH_DIGITS]
    assert read_event(body + b" ").hash != read_event(body).hash


def test_a_message_id_need_not_be_unicode():
    assert read_event(an_event(messageId="\ud800")).hash


def test_a_type_is_shortened_to_be_shown():
    assert read_event(an_event(eventType="x" * 9000)).kind == "x" * (LONGEST_TYPE - 1) + "…"
    assert read_event(an_event(eventType="a\nb")).kind == "a b"
