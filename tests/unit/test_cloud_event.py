"""The CloudEvent of an end."""

import json
from datetime import timedelta

import pytest

from shared.core.decide import MOST_ENTRIES
from shared.core.evidence import LONGEST_ENTRY
from shared.core.model import End, Outcome
from shared.core.remote import LONGEST_REASON, LONGEST_WORD
from shared.web.cloud_event import event, to_json
from shared.web.job_url import LONGEST_ID
from shared.web.requests import LONGEST_LABEL
from tests.builders import NOON, a_watch

#: "String: A UTF-16-encoded value. String values may be up to 64 KiB in size."
#: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model#property-types
LARGEST_COLUMN = 64 * 1024

ENDED = a_watch(end=End(Outcome.FAILED, NOON + timedelta(minutes=1)), callback="https://hooks.example.com/")


def test_it_is_about_the_watch_and_shows_it_without_the_callback():
    told = event(ENDED, "urn:test")

    assert (told["source"], told["subject"], told["time"]) == ("urn:test", ENDED.id, "2026-11-20T12:01:00Z")
    assert (told["data"]["outcome"], told["data"]["state"]) == ("failed", "ended")
    assert "callback" not in told["data"]
    assert "traceparent" not in told


@pytest.mark.parametrize("character", ['"', "\U0001f600"])
def test_the_longest_fits_into_a_column(character):
    """Its row keeps it as it is sent: a watch that begins again no longer says how it ended before."""
    longest = a_watch(
        job=dict.fromkeys(("scheduleId", "operationId"), character * LONGEST_ID),
        labels=(character * LONGEST_LABEL,) * 10,
        status=character * LONGEST_WORD,
        reason=character * 3 * LONGEST_REASON,
        evidence=(character * LONGEST_ENTRY,) * MOST_ENTRIES,
        end=ENDED.end,
    )

    body = to_json(longest, "urn:itwin-job-watch:" + "x" * 60)

    assert json.loads(body)["data"]["reason"] == longest.reason
    assert len(body.encode("utf-16-le")) <= LARGEST_COLUMN
