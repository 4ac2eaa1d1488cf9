"""A headless Chromium, driven over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from itertools import count

import aiohttp

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

OPTIONS = [
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
]


class Page:
    """One tab."""

    def __init__(self, socket):
        self._socket, self._ids = socket, count(1)
        self.complaints = []  #: what the console said, a broken policy included

    async def call(self, method, **params):
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await asyncio.wait_for(self._socket.receive_json(), 20)
            if message.get("method") == "Log.entryAdded":
                self.complaints.append(message["params"]["entry"]["text"])
            if message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["text"])
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def run(self, script):
        """The value of an expression in the page."""
        result = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def wait_for(self, script, within=20):
        give_up = time.monotonic() + within
        while not await self.run(script):
            assert time.monotonic() < give_up, f"never: {script}: {await self.run('document.body.innerText')}"
            await asyncio.sleep(0.1)

    async def type(self, text):
        await self.call("Input.insertText", text=text)

    async def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    async def screenshot(self):
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


def browse(url, visit):
    """Open a page in a new browser, and visit it."""
    assert PROGRAM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [PROGRAM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
            try:
                assert program.stderr
                address = next(
                    found[1] for line in program.stderr if (found := re.search(r"listening on (ws://\S+)", line))
                )
                return asyncio.run(_visit(address, url, visit))
            finally:
                program.kill()


async def _visit(address, url, visit):
    host = address.split("/")[2]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{host}/json") as answer:
            targets = json.loads(await answer.text())
        target = next(target for target in targets if target["type"] == "page")
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log"):
                await page.call(f"{domain}.enable")
            await page.call("Page.navigate", url=url)
            await page.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")
            return await visit(page)
