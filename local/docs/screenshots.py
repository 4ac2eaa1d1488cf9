"""``python3 -m local screenshots``: takes the screenshots of the page for docs/page.md."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from selenium import webdriver

from local.docs.browser import browsing, find, show_as
from local.parts.stack import Stack, stack
from local.setup.bootstrap import ROOT
from local.trials.scenario import JOBS, SETTINGS, Job

PICTURES = ROOT / "docs" / "pictures"

#: The scenario's jobs to show, with the number of their responses; the last one repeats.  Oldest first.
SHOWN = {
    "Members added": 3,
    "Stopped by a user": 1,
    "Failed at 100 per cent": 3,
    "Some members unknown": 2,
    "An id with a slash": 1,
    "Extraction with issues": 2,
    "Photos aligned": 3,
}
STILL_WATCHED = 3
FIRST_LOOKS = 2

WITHIN = timedelta(seconds=30)


def screenshots(console: Console) -> None:
    """Run everything, watch some jobs, and take screenshots of the page on a wide screen and on a phone."""
    programs = find()
    if programs is None:
        sys.exit("This needs Chromium and chromedriver: on Debian, apt install chromium chromium-driver.")
    PICTURES.mkdir(exist_ok=True)
    with stack(SETTINGS) as parts, browsing(programs) as driver:
        with parts.app() as app, parts.simulator_control() as platform:
            stopped = [_start(app, platform, job) for job in _jobs()][list(SHOWN).index("Stopped by a user")]
            app.delete(f"/watches/{stopped}")
            _wait(lambda: _is_as_wanted(app.get("/watches").json()))
        _enter(driver, parts)
        show_as(driver, 1280, 800)
        show_as(driver, 1280, int(driver.execute_script("return document.documentElement.scrollHeight")))
        _take(driver, PICTURES / "page-wide.png", console)
        show_as(driver, 390, 844, phone=True)
        _take(driver, PICTURES / "page-phone.png", console)


def _jobs() -> list[Job]:
    jobs = {job.what: job for job in JOBS}
    return [jobs[what] for what in SHOWN]


def _start(app: httpx.Client, platform: httpx.Client, job: Job) -> str:
    platform.post("/jobs", json={"path": job.path, "script": job.script[: SHOWN[job.what]]})
    watch = app.post("/watches", json={"api": job.api, "job": job.ids, "labels": job.labels or ["nightly"]}).json()
    return str(watch["id"])


def _is_as_wanted(found: Mapping[str, Any]) -> bool:
    watched = [watch for watch in found["watches"] if watch["state"] == "watching"]
    return len(watched) == STILL_WATCHED and all(watch["polls"] > FIRST_LOOKS for watch in watched)


def _enter(driver: webdriver.Chrome, parts: Stack) -> None:
    driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": "en-GB"})
    driver.get(f"{parts.url}/api/")
    driver.find_element("id", "key").send_keys(parts.key + "\n")
    _wait(lambda: len(driver.find_elements("css selector", ".watch")) == len(SHOWN))


def _wait(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WITHIN.total_seconds()
    while not condition():
        if time.monotonic() > give_up:
            sys.exit("The jobs did not come to stand as the pictures want them.")
        time.sleep(0.2)


def _take(driver: webdriver.Chrome, path: Path, console: Console) -> None:
    driver.save_screenshot(str(path))
    console.print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")
