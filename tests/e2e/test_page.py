"""The page for people."""

import os
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from local.scenario import reality_analysis, reporting
from tests.e2e.browser import PROGRAM, browse

in_a_browser = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on this machine")

NASTY = "<img src=x onerror=alert(1)>"


def test_it_takes_no_key_and_may_load_nothing(parts):
    answer = httpx.get(f"{parts.url}/api/", trust_env=False)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert parts.key not in answer.text
    assert "http" not in answer.text.replace("http-equiv", "")
    assert httpx.get(f"{parts.url}/api", trust_env=False).text == answer.text


@pytest.fixture
def watches(app, platform):
    """Some for a person to look at, all with one label."""
    label = f"page {uuid4().hex[:6]} {NASTY}"[:64]
    states = [("active", 35.0), ("active", 80.0), ("success", 100.0), ("failed", 60.0)]
    ids = []
    for number, (state, percentage) in enumerate(states):
        body = {"progress": {"state": state, "percentage": percentage, "step": NASTY if number == 0 else "Production"}}
        job = reality_analysis(f"bridge {number} {uuid4().hex[:6]}", [{"body": body}], "x")
        platform.post("/jobs", json={"path": job.path, "script": job.script})
        ids.append(app.post("/watches", json={"api": job.api, "job": job.ids, "labels": [label]}).json()["id"])
    job = reporting(f"extraction {uuid4().hex[:6]}", [{"body": {"status": {"state": "Running"}}}], "x")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    ids.append(app.post("/watches", json={"api": job.api, "job": job.ids, "labels": [label]}).json()["id"])
    return label, ids


@in_a_browser
def test_a_person_with_a_keyboard_sees_and_stops_watches(parts, app, watches):
    label, ids = watches

    async def visit(page):
        await page.wait_for("document.activeElement.id === 'key'")
        await page.type("wrong")
        await page.press("Enter", 13)
        await page.wait_for("document.body.innerText.includes('does not take this key')")
        await page.type(parts.key)
        await page.press("Enter", 13)
        await page.wait_for("document.querySelectorAll('li').length >= 5")
        assert await page.run("sessionStorage.getItem('key')") == parts.key
        assert await page.run("localStorage.length + document.cookie.length") == 0
        assert parts.key not in await page.run("location.href")

        await page.run("document.getElementById('label').focus()")
        await page.type(label)
        await page.press("Enter", 13)
        await page.wait_for("document.querySelectorAll('li').length === 5")
        await page.wait_for("document.body.innerText.includes('3 watching, 2 ended')")
        await page.wait_for(f"document.querySelector('[data-id=\"{ids[0]}\"] progress').value === 35")
        assert await page.run("document.querySelectorAll('li img').length") == 0
        text = await page.run("document.body.innerText")
        assert NASTY in text
        assert "succeeded" in text

        await page.call("Emulation.setDeviceMetricsOverride", width=900, height=640, deviceScaleFactor=1, mobile=False)
        if target := os.environ.get("PAGE_SCREENSHOT"):
            Path(target).write_bytes(await page.screenshot())  # noqa: ASYNC240
        await page.call("Emulation.setDeviceMetricsOverride", width=360, height=640, deviceScaleFactor=2, mobile=True)
        assert await page.run("document.documentElement.scrollWidth <= 360")

        await page.run("window.confirm = () => true")
        await page.run(f"document.querySelector('[data-id=\"{ids[4]}\"] button').focus()")
        await page.press("Enter", 13)
        await page.wait_for("document.body.innerText.includes('2 watching, 3 ended')")
        assert page.complaints == [complaint for complaint in page.complaints if "401" in complaint]

    browse(f"{parts.url}/api/", visit)

    assert app.get(f"/watches/{ids[4]}").json()["outcome"] == "stopped"
