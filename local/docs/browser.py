"""A headless Chromium, driven by Selenium, for tests and screenshots of the page."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from selenium import webdriver  # imports a browser only when used

#: Turns off Chromium's own background requests.
_ARGUMENTS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # a container's /dev/shm may be small
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class Programs(NamedTuple):
    """A browser and its Selenium driver."""

    chromium: str
    chromedriver: str


def find() -> Programs | None:
    """Return the paths of both, if installed."""
    browsers = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    chromium = next((found for name in browsers if (found := shutil.which(name))), None)
    chromedriver = shutil.which("chromedriver")
    return Programs(chromium, chromedriver) if chromium and chromedriver else None


@contextmanager
def browsing(programs: Programs) -> Iterator[webdriver.Chrome]:
    """Run it with a new profile, logging console and network."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = programs.chromium
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # root has no sandbox
        for argument in [*_ARGUMENTS, *sandbox, f"--user-data-dir={profile}"]:
            options.add_argument(argument)
        driver = webdriver.Chrome(options, webdriver.ChromeService(programs.chromedriver))
        try:
            yield driver
        finally:
            driver.quit()


def show_as(driver: webdriver.Chrome, width: int, height: int, *, phone: bool = False) -> None:
    """Give the page a viewport; that of a phone has a touch screen and respects `<meta name="viewport">`."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone},
    )
