"""The examples, as somebody runs them: programs of their own, over the whole stack."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from local.trials.scenario import reporting
from tests.e2e.receiver import SECRET

ROOT = Path(__file__).parents[2]


@pytest.fixture
def program(parts):
    """A function that says how an example is run."""
    names = {"ITWIN_JOB_WATCH_URL": parts.url, "ITWIN_JOB_WATCH_KEY": parts.key, "CALLBACK_SECRET": SECRET}

    def make(name, *arguments):
        command = [sys.executable, str(ROOT / "examples" / name), *arguments]
        return {"args": command, "env": os.environ | names | {"PYTHONPATH": str(ROOT)}, "text": True}

    return make


@pytest.fixture
def begun(platform):
    """Begin a job that ends so."""

    def begin(state):
        job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": state}}}], state)
        platform.post("/jobs", json={"path": job.path, "script": job.script})
        return job

    return begin


@pytest.mark.parametrize(("state", "status"), [("Succeeded", 0), ("Failed", 1)])
def test_one_job_is_awaited(program, parts, begun, state, status):
    job = begun(state)

    done = subprocess.run(
        **program("await_a_job.py", f"{parts.simulator}{job.path}"), capture_output=True, timeout=120, check=False
    )

    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.split()[0] == state.lower()


@pytest.mark.parametrize(("last", "status"), [("Succeeded", 0), ("Failed", 1)])
def test_all_jobs_are_watched(program, parts, begun, tmp_path, last, status):  # noqa: PLR0917
    links = [parts.simulator + begun(state).path.replace("status", "Status") for state in ("Succeeded", last)]
    answers = [{"run": {"id": "r", "_links": {"status": {"href": link}}}} for link in links]
    (tmp_path / "answers.json").write_text(json.dumps(answers))

    done = subprocess.run(
        **program("watch_all.py", str(tmp_path / "answers.json")), capture_output=True, timeout=120, check=False
    )

    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.count("succeeded") + done.stdout.count("failed") == 2


def test_an_answer_that_names_no_job_is_told(program):
    done = subprocess.run(**program("watch_all.py"), input="[{}]", capture_output=True, timeout=120, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("answer 0: ")


def test_callbacks_are_verified_and_each_end_is_told_once(program, app, begun, spare_port):
    url = f"http://127.0.0.1:{spare_port}/"
    job = begun("Succeeded")
    with subprocess.Popen(**program("receive_callbacks.py", str(spare_port)), stdout=subprocess.PIPE) as receiver:
        told = receiver.stdout
        assert told is not None
        try:
            until_it_answers(url)
            start = {"api": job.api, "job": job.ids, "callback": {"url": url}}
            watch = app.post("/watches", json=start).json()
            first = told.readline()
            event = {"id": "twice", "data": {"id": "w", "api": "a", "outcome": "failed"}}
            answers = [post(url, event), post(url, event), post(url, event | {"id": "x"}, "v1,AAAA"), post(url, event)]
        finally:
            receiver.terminate()
        rest = told.read()

    assert first.split() == [watch["id"], "reporting", "succeeded"]
    assert answers == [200, 200, 401, 200]
    assert rest.splitlines() == ["w a failed"]


def until_it_answers(url):
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        with suppress(httpx.TransportError):
            httpx.get(url, trust_env=False)
            return
        time.sleep(0.1)
    raise AssertionError("the receiver does not listen")


def post(url, event, signature=None):
    now, body = datetime.now(UTC), json.dumps(event)
    headers = {
        "webhook-id": event["id"],
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature or Webhook(SECRET).sign(event["id"], now, body),
    }
    return httpx.post(url, content=body, headers=headers, trust_env=False).status_code
