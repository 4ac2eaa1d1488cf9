"""What somebody sees of the page and does with it; and lists for it to show."""

import json
import time
from contextlib import suppress

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Keys

HOSTILE = "<img src=x onerror=document.title='hacked'>"
WRONG_KEY = "not-the-key"


class Page:
    """What somebody sees and does."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url
        self.requests = {}  #: the URL of each that was sent, by the browser's number for it
        self.blocked = []  #: the URL of each that was not
        self.complaints = []  #: of the console

    def element(self, id_):
        return self.driver.find_element("id", id_)

    def text(self, id_):
        return self.element(id_).text

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        return self.driver.switch_to.active_element

    def until(self, condition, within=10):
        """Wait for a condition; what it looks at may be redrawn while it looks."""
        give_up = time.monotonic() + within
        while True:
            with suppress(StaleElementReferenceException):
                if value := condition():
                    return value
            assert time.monotonic() < give_up, self.driver.find_element("tag name", "body").text
            time.sleep(0.05)

    def row(self, text):
        """The first watch with that text, or None; in one step, since they come and go."""
        return self.run(
            "return [...document.querySelectorAll('.watch')].find((row) => row.textContent.includes(arguments[0]))",
            text,
        )

    def open(self, key=None, path="/api/"):
        self.driver.get(self.url + path)
        if key:
            self.press(key, Keys.ENTER)
            self.until(lambda: self.text("updated"))

    def answers(self, *pages):
        """From now on the app answers with these, in turn; the last repeats.  A number is a status without a body.

        `asked` is what it was asked, but for the gates; `sent` is the last body.
        """
        self.run(
            """
            const pages = arguments[0];
            if (!window.asked) shown = "a list of the app itself";  // what it had is not looked up
            window.asked = [];
            window.gates ??= [];
            window.fetch = async (url, options) => {
              if (url.endsWith("/gates")) return new Response(JSON.stringify({ gates }));
              window.asked.push(options.method + " " + url);
              window.sent = options.body ?? window.sent;
              const page = pages.length > 1 ? pages.shift() : pages[0];
              if (page === null) throw new TypeError("no network");
              if (typeof page === "number") return new Response(null, { status: page });
              return new Response(JSON.stringify(page), { status: page.status ?? 200, headers: page.headers ?? {} });
            };
            """,
            list(pages),
        )

    def look_again(self):
        """Ask for the list, and for the gates although it is early for them."""
        self.run("gatesDue = 0; return refresh()")

    def see(self, *watches, following=None):
        """Show these."""
        self.answers(listed(*watches, following=following))
        self.look_again()

    def button(self, watch, name):
        """The button of a watch that has this text."""
        (found,) = [button for button in self.row(watch).find_elements("tag name", "button") if button.text == name]
        return found

    def details(self, watch):
        """Open the details of a watch; returns what they say, by name."""
        self.run("arguments[0].click()", self.button(watch, "Details"))
        names, values = (self.row(watch).find_elements("css selector", f"dl > {tag}") for tag in ("dt", "dd"))
        return {name.text: value.text for name, value in zip(names, values, strict=True)}

    def choose(self, id_, value):
        """Choose an option by its first letters."""
        self.element(id_).send_keys(value)

    def collect(self):
        """Read the browser's logs, which empties them."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests[message["params"]["requestId"]] = message["params"]["request"]["url"]
            elif message["method"] == "Network.loadingFailed" and message["params"].get("blockedReason"):
                self.blocked.append(self.requests.pop(message["params"]["requestId"]))
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser")]


def a_watch(name, **more):
    return {
        "id": f"{name}-5a55-5f0e-9d5c-0d6c9f0e5a55", "api": "reporting", "job": {"jobId": name},
        "url": f"https://api.bentley.com/insights/reporting/datasources/extraction/status/{name}",
        "state": "watching", "status": "Running",
        "progress": None, "outcome": None, "reason": None, "polls": 1, "faults": 0,
        "startedAt": "2026-11-20T12:00:00Z", "dueAt": "2026-11-20T12:01:00Z", "deadline": "2026-11-27T12:00:00Z",
        "endedAt": None, "wokenAt": None, "labels": [], "issues": 0, "evidence": [], "failing": None, "callback": None,
        **more,
    }  # fmt: skip


def listed(*watches, following=None):
    return {"watches": list(watches), "next": following}
