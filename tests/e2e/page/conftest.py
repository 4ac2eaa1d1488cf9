"""The page in Chromium, over the local stack."""

import os
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.docs.browser import browsing, find, show_as
from tests.e2e.page.seen import WRONG_KEY, Page


@pytest.fixture(scope="session")
def chromium():
    programs = find()
    if programs is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium with chromedriver on this machine")
    assert programs, "CI must have Chromium and chromedriver"
    with browsing(programs) as driver:
        yield driver


@pytest.fixture
def page(chromium, parts):
    """The page, on a wide screen; at the end, it must have asked its own origin alone and broken no policy."""
    page = Page(chromium, parts.url)
    show_as(chromium, 1200, 900)
    chromium.get("about:blank")  # a new tab asks Chromium's own pages
    page.collect()
    page.requests.clear()
    page.complaints.clear()
    yield page
    page.run("sessionStorage.clear()")
    page.collect()
    urls = [url for url in page.requests.values() if not url.startswith("data:")]  # these ask nobody
    assert {urlsplit(url)[:2] for url in urls} == {urlsplit(parts.url)[:2]}
    assert [url for url in urls if parts.key in url or WRONG_KEY in url] == []
    assert [text for text in page.complaints if "Failed to load resource" not in text] == []  # a 401, a 422


@pytest.fixture
def watched(app, platform, nothing_open):  # noqa: ARG001 -- so that the page shows what the test started
    """A function that starts a watch of a job which never ends and says so; all are stopped at the end."""
    started = []

    def start(labels=(), step=""):
        job = f"forever-{uuid4()}"
        body = {"progress": {"percentage": 40, "state": "active", "step": step}}
        platform.post("/jobs", json={"path": f"/realitydataanalysis/jobs/{job}/progress", "script": [{"body": body}]})
        answer = app.post("/watches", json={"api": "reality-analysis", "job": {"jobId": job}, "labels": list(labels)})
        started.append(answer.json())
        return started[-1]

    yield start
    for watch in started:
        app.delete(f"/watches/{watch['id']}")
