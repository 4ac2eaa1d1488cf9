"""The file that stands in for Application Insights."""

import json
import os
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest

from local.serve import event_log as module
from local.serve.event_log import event_log
from shared.telemetry.answer import Verdict
from shared.telemetry.answer import read as read_answer
from tests.simulator import NO_TLS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


@pytest.fixture
def log(path):
    with event_log(path) as connection_string:
        yield dict(part.split("=") for part in connection_string.split(";"))


def envelope(key, name="WatchFinished", kind="EventData"):
    data = {"ver": 2, "name": name, "properties": {"outcome": "failed"}, "measurements": {"polls": 3}}
    return {
        "iKey": key,
        "time": "2026-11-27T12:00:00Z",
        "tags": {"ai.operation.id": "abc"},
        "data": {"baseType": kind, "baseData": data},
    }


def send(log, *envelopes):
    return httpx.post(f"{log['IngestionEndpoint']}/v2.1/track", json=envelopes, trust_env=False, verify=NO_TLS)


def test_an_event_is_a_line_once_it_is_accepted(log, path):
    answer = send(log, envelope(log["InstrumentationKey"]))

    assert read_answer(answer.status_code, answer.content, 1) == [Verdict.TAKEN]
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {
            "timestamp": "2026-11-27T12:00:00Z",
            "name": "WatchFinished",
            "operation_Id": "abc",
            "customDimensions": {"outcome": "failed"},
            "customMeasurements": {"polls": 3},
        }
    ]


def test_lines_of_logs_are_accepted_and_not_kept(log, path):
    answer = send(log, envelope(log["InstrumentationKey"], kind="MessageData"))

    assert answer.json()["itemsAccepted"] == 1
    assert path.read_text() == ""


def test_others_on_this_machine_write_nothing(log, path):
    assert send(log, envelope("00000000-0000-0000-0000-000000000000")).status_code == 400
    assert (
        httpx.post(f"{log['IngestionEndpoint']}/v2/track", content=b"{", trust_env=False, verify=NO_TLS).status_code
        == 400
    )
    assert path.read_text() == ""


@pytest.mark.parametrize(
    ("body", "length"),
    [(b"{", None), (b"[" * 100_000, None), (b"\xff", None), (b"", "-1"), (b"", "x"), (b"", "99999999999")],
    ids=["torn", "deep", "no text", "negative", "no number", "too long"],
)
def test_what_cannot_be_read_is_refused(log, path, body, length, capfd):
    to = HTTPConnection(urlsplit(log["IngestionEndpoint"]).netloc, timeout=5)
    to.request("POST", "/v2/track", body, {"Content-Length": length or str(len(body))})

    assert to.getresponse().status == 400
    to.close()
    assert (path.read_text(), capfd.readouterr().err) == ("", "")


@pytest.mark.parametrize("odd", [{"data": None}, {"data": {"baseType": "EventData", "baseData": None}}, {"data": []}])
def test_what_is_no_event_is_passed_over(log, path, odd):
    answer = send(log, envelope(log["InstrumentationKey"]) | odd, envelope(log["InstrumentationKey"]))

    assert answer.json()["itemsAccepted"] == 2
    assert len(path.read_text().splitlines()) == 1


def test_what_cannot_be_written_comes_again(log, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    answer = send(log, envelope(log["InstrumentationKey"]))

    assert read_answer(answer.status_code, answer.content, 1) == [Verdict.AGAIN]


def test_it_does_not_fill_the_disk(path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1000)
    with event_log(path) as connection_string:
        log = dict(part.split("=") for part in connection_string.split(";"))
        for _ in range(40):
            send(log, envelope(log["InstrumentationKey"]))

    files = sorted(path.parent.iterdir())
    assert len(files) == 1 + module.KEPT
    assert all(file.stat().st_size <= 1000 for file in files)
