"""The page, in a real browser: the key, hostile text, the keyboard, a phone, and what it asks of whom."""

import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Keys

from local.docs.browser import browsing, find, show_as
from local.parts.stack import GATES
from shared.apis import APIS
from shared.storage.gates import PARTITION

PROGRAMS = find()
pytestmark = pytest.mark.skipif(
    PROGRAMS is None and not os.environ.get("CI"), reason="there is no Chromium with chromedriver on this machine"
)

HOSTILE = "<img src=x onerror=document.title='hacked'>"
WRONG_KEY = "not-the-key"


@pytest.fixture(scope="module")
def chromium():
    assert PROGRAMS, "CI must have Chromium and chromedriver"
    with browsing(PROGRAMS) as driver:
        yield driver


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
        """The first row with that text, or None; in one step, since rows come and go."""
        return self.run(
            "return [...document.querySelectorAll('#rows tr')].find((row) => row.innerText.includes(arguments[0]))",
            text,
        )

    def open(self, key=None, path="/api/"):
        self.driver.get(self.url + path)
        if key:
            self.press(key, Keys.ENTER)
            self.until(lambda: self.text("updated"))

    def answers(self, *pages):
        """From now on the app answers with these, in turn; the last repeats.  A number is a status without a body."""
        self.run(
            """
            const pages = arguments[0];
            window.asked = [];
            window.gates ??= [];
            window.fetch = async (url, options) => {
              if (url.endsWith("/gates")) return new Response(JSON.stringify({ gates }));
              window.asked.push(options.method + " " + url);
              window.sent = options.body ?? window.sent;
              const page = pages.length > 1 ? pages.shift() : pages[0];
              if (page === null) throw new TypeError("no network");
              if (typeof page === "number") return new Response(null, { status: page });
              return new Response(JSON.stringify(page), { status: page.status ?? 200 });
            };
            """,
            list(pages),
        )

    def look_again(self):
        self.run("return refresh()")

    def collect(self):
        """Read the browser's logs, which empties them."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests[message["params"]["requestId"]] = message["params"]["request"]["url"]
            elif message["method"] == "Network.loadingFailed" and message["params"].get("blockedReason"):
                self.blocked.append(self.requests.pop(message["params"]["requestId"]))
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser")]


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
    urls = page.requests.values()
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


def a_watch(name, **more):
    return {
        "id": name, "api": "reporting", "job": {"jobId": name}, "state": "watching", "status": "Running",
        "progress": None, "outcome": None, "reason": None, "polls": 1, "faults": 0,
        "startedAt": "2026-11-20T12:00:00Z", "dueAt": "2026-11-20T12:01:00Z", "deadline": "2026-11-27T12:00:00Z",
        "endedAt": None, "wokenAt": None, "labels": [], "issues": 0, "evidence": [], "failing": None, "callback": None,
        **more,
    }  # fmt: skip


def listed(*watches, following=None):
    return {"watches": list(watches), "next": following}


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_it_asks_for_the_key_once(page, parts, path):
    page.open(path=path)
    assert page.focused() == page.element("key")
    assert not page.element("main").is_displayed()

    page.press(WRONG_KEY, Keys.ENTER)
    page.until(lambda: "did not accept" in page.text("trouble"))
    assert page.run("return sessionStorage.length") == 0
    assert page.element("ask").is_displayed()

    page.press(parts.key, Keys.ENTER)
    page.until(lambda: page.text("updated"))
    assert page.text("trouble") == ""
    page.driver.refresh()
    page.until(lambda: page.text("updated"))

    assert not page.element("ask").is_displayed()
    assert page.run("return [localStorage.length, document.cookie, location.href]") == [0, "", page.url + path]
    page.element("forget").click()
    assert page.element("ask").is_displayed()
    assert page.run("return sessionStorage.length") == 0


def test_a_key_that_no_header_can_carry_is_refused_at_once(page):
    page.open()

    page.press("clé", Keys.ENTER)

    assert "Not a function key" in page.text("trouble")
    assert page.run("return sessionStorage.length") == 0


def test_markup_is_shown_as_text(page, parts, app, watched):
    watch = watched([HOSTILE], step=HOSTILE)
    page.until(lambda: app.get(f"/watches/{watch['id']}").json()["reason"])

    page.open(parts.key)
    text, bar = page.until(
        lambda: (
            (row := page.row(watch["job"]["jobId"]))
            and (row.text, row.find_element("tag name", "progress").get_attribute("value"))
        )
    )

    assert text.count(HOSTILE) == 2
    assert "40 %" in text
    assert bar == "40"
    assert page.driver.find_elements("tag name", "img") == []
    assert page.driver.title == "iTwin Job Watch"


def test_evidence_and_issues_are_shown_where_there_are_any(page, parts):
    page.open(parts.key)
    page.answers(
        listed(
            a_watch("j1", issues=12, evidence=[HOSTILE, "E1: no memory"]),
            a_watch("j2", issues=0, evidence=[]),
        )
    )
    page.look_again()
    (summary,) = page.row("j1").find_elements("tag name", "summary")
    summary.send_keys(Keys.ENTER)

    lines = [line.text for line in page.row("j1").find_elements("tag name", "li")]
    assert (summary.text, lines) == ("Issues: 12", [HOSTILE, "E1: no memory"])
    assert page.row("j2").find_elements("tag name", "details") == []


def test_a_watch_is_stopped_with_the_keyboard_alone(page, parts, app, watched):
    watch = watched()
    name = f"reality-analysis {watch['job']['jobId']}"
    page.open(parts.key)
    page.until(lambda: page.row(watch["job"]["jobId"]))

    for _ in range(60):
        page.press(Keys.TAB)
        if page.focused().get_attribute("aria-label") == f"Stop watching {name}":
            break
    page.press(Keys.ENTER)
    assert page.text("sure-what") == f"Stop watching {name}?"
    page.press(Keys.ESCAPE)
    assert not page.element("sure").is_displayed()
    assert app.get(f"/watches/{watch['id']}").json()["state"] == "watching"
    page.press(Keys.ENTER)
    page.press(Keys.TAB)
    assert page.focused() == page.element("stop")
    page.press(Keys.ENTER)

    page.until(lambda: page.text("news") == f"Stopped watching {name}.")
    page.until(lambda: (row := page.row(watch["job"]["jobId"])) and "stopped" in row.text)
    assert app.get(f"/watches/{watch['id']}").json()["outcome"] == "stopped"
    # The button is gone.  Reading goes on at its row, or at the list if that was drawn while the row changed places.
    assert page.focused().tag_name in {"tr", "caption"}


def test_a_watch_that_fails_says_so_and_why(page, parts):
    page.open(parts.key)
    page.answers(
        listed(a_watch("j1", failing="token"), a_watch("j2", failing=HOSTILE), a_watch("j3")),
        listed(a_watch("j1"), a_watch("j2", failing="5xx"), a_watch("j3", failing="403")),
    )
    shown = []
    for _ in range(2):
        page.look_again()
        rows = [page.row(name) for name in ("j1", "j2", "j3")]
        shown.append([[badge.text for badge in row.find_elements("class name", "badge")] for row in rows])

    assert shown == [
        [["watching", "failing: token"], ["watching", f"failing: {HOSTILE}"], ["watching"]],
        [["watching"], ["watching", "failing: 5xx"], ["watching", "failing: 403"]],
    ]


def test_those_that_fail_can_be_chosen(page, parts, app, platform, watched):
    well, bad = watched(), watched()
    path = f"/realitydataanalysis/jobs/{bad['job']['jobId']}/progress"
    platform.post("/jobs", json={"path": path, "script": [{"status": 503}]})
    page.until(lambda: app.get(f"/watches/{bad['id']}").json()["failing"], within=30)
    page.open(parts.key)
    page.until(lambda: page.row(well["job"]["jobId"]))

    page.element("state").send_keys("failing")
    page.until(lambda: not page.row(well["job"]["jobId"]))

    row = page.until(lambda: page.row(bad["job"]["jobId"]))
    assert row.find_element("class name", "failing").text == "failing: 5xx"
    page.answers(listed())
    page.look_again()
    assert page.run("return asked") == ["GET /api/watches?limit=50&failing=true"]


def test_a_watch_that_has_ended_is_started_again_with_one_click(page, parts, app, watched):
    watch = watched(["nightly", "a b"])
    name = f"reality-analysis {watch['job']['jobId']}"
    app.delete(f"/watches/{watch['id']}")
    page.open(parts.key)
    button = page.until(lambda: (row := page.row(watch["job"]["jobId"])) and row.find_element("tag name", "button"))
    assert (button.text, button.get_attribute("aria-label")) == ("Start again", f"Start watching {name} again")

    page.run("arguments[0].focus()", button)
    page.press(Keys.ENTER)

    page.until(lambda: page.text("news") == f"Watching {name} again.")
    page.until(lambda: "Stop" in page.row(watch["job"]["jobId"]).text)
    again = app.get(f"/watches/{watch['id']}").json()
    assert (again["state"], again["labels"], again["outcome"]) == ("watching", ["nightly", "a b"], None)
    assert page.focused().tag_name in {"tr", "caption"}  # the button is gone


@pytest.mark.parametrize("outcome", ["lost", "refused", "succeeded", "abandoned"])
@pytest.mark.parametrize("callback", [None, {"url": "https://hooks.example.com/a", "state": "failed", "tries": 3}])
def test_starting_again_asks_for_the_same_as_before(page, parts, outcome, callback):
    page.open(parts.key)
    job = {"itwinId": HOSTILE, "jobId": "j1"}
    ended = a_watch("id1", state="ended", outcome=outcome, job=job, labels=["a", "b"], callback=callback)
    page.answers(listed(ended), a_watch("id1", job=job) | {"status": 202}, listed(a_watch("id1", job=job)))
    page.look_again()

    button = page.row("j1").find_element("tag name", "button")
    page.run("arguments[0].click(); arguments[0].click()", button)  # the second does nothing

    sent = page.until(lambda: page.run("return window.sent"))
    wanted = {"api": "reporting", "job": job, "labels": ["a", "b"], "restart": True}
    assert json.loads(sent) == wanted | ({"callback": {"url": callback["url"]}} if callback else {})
    page.until(lambda: page.run("return asked.length") == 3)
    assert page.run("return asked.slice(1)") == ["POST /api/watches", "GET /api/watches?limit=50"]


def test_a_watch_says_when_an_event_woke_it(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1", wokenAt="2026-11-20T12:00:30Z"), a_watch("j2")))
    page.look_again()

    times = page.row("j1").find_elements("tag name", "time")
    names = page.row("j1").find_elements("tag name", "dt")
    assert [name.text for name in names] == ["Started", "Woken", "Next poll", "Deadline"]
    assert times[1].get_attribute("datetime") == "2026-11-20T12:00:30Z"
    assert "Woken" not in page.row("j2").text


def test_a_refusal_to_start_again_is_said(page, parts):
    page.open(parts.key)
    ended = a_watch("j1", state="ended", outcome="lost")
    page.answers(listed(ended), {"status": 422, "detail": "Callbacks are off."}, 503)
    page.look_again()
    button = page.row("j1").find_element("tag name", "button")

    button.click()

    page.until(lambda: page.text("refused") == "Callbacks are off.")
    assert page.focused() == button
    button.click()  # and may be tried again
    page.until(lambda: page.text("refused") == "The app responded with 503 and no details.")


@pytest.mark.parametrize(("progress", "shown"), [
    (0, "0 %"), (40.4, "40 %"), (100, "100 %"), (None, None), (-1, None), (100.5, None), (1e300, None),
])  # fmt: skip
def test_a_percentage_that_is_none_is_not_shown(page, parts, progress, shown):
    page.open(parts.key)
    page.answers(listed(a_watch("j1", progress=progress)))
    page.look_again()

    bars = [bar.text for bar in page.row("j1").find_elements("class name", "bar")]
    assert bars == ([shown] if shown else [])
    assert ("%" in page.row("j1").text) == bool(shown)


def test_a_watch_is_started_or_the_refusal_is_shown(page, parts, app):
    page.open(parts.key)
    page.element("url").send_keys("https://elsewhere.example/jobs/1", Keys.ENTER)
    page.until(lambda: parts.simulator in page.text("refused"))

    job = f"forever-{uuid4()}"
    page.element("url").clear()
    page.element("url").send_keys(f"{parts.simulator}/realitydataanalysis/jobs/{job}/progress", Keys.TAB)
    page.press("a label, another", Keys.ENTER)
    page.until(lambda: page.text("news") == f"Watching reality-analysis {job}.")
    assert page.text("refused") == ""
    labels = page.until(
        lambda: (row := page.row(job)) and [chip.text for chip in row.find_elements("class name", "chip")]
    )
    assert labels == ["a label", "another"]
    [watch] = app.get("/watches", params={"label": "another"}).json()["watches"]
    assert watch["job"]["jobId"] == job

    for outcome, says in ((None, "is already watched"), ("stopped", "had ended: stopped")):
        if outcome:
            app.delete(f"/watches/{watch['id']}")
            page.look_again()  # and tell of the end, now rather than in between
        page.element("url").send_keys(parts.simulator, f"/realitydataanalysis/jobs/{job}/progress", Keys.ENTER)
        page.until(lambda says=says: page.text("news") == f"reality-analysis {job} {says}.")


def test_an_answer_of_the_platform_may_be_pasted(page, parts):
    page.open(parts.key)
    assert not page.element("of").is_displayed()

    job = f"forever-{uuid4()}"
    page.element("url").send_keys(f'{{"job": {{"id": "{job}"')
    assert page.element("of").is_displayed()
    page.press(Keys.ENTER)
    page.until(lambda: "This is not JSON" in page.text("refused"))

    page.element("url").send_keys("}}", Keys.ENTER)
    page.until(lambda: "reality-modeling" in page.text("refused"))

    page.element("of").send_keys("reality-analysis")
    page.element("url").send_keys(Keys.ENTER)
    page.until(lambda: page.text("news") == f"Watching reality-analysis {job}.")
    assert not page.element("of").is_displayed()
    assert page.run("return document.getElementById('of').value") == ""

    link = f"{parts.simulator}/realitydataanalysis/jobs/{job}/progress"
    page.element("url").send_keys(f'{{"_links": {{"status": {{"href": "{link}"}}}}}}', Keys.ENTER)
    page.until(lambda: page.text("news") == f"reality-analysis {job} is already watched.")


def test_filters_are_the_apps(page, parts, watched):
    label = f"only {uuid4()}"
    wanted, other = watched([label]), watched()
    page.open(parts.key)
    page.until(lambda: page.row(wanted["job"]["jobId"]) and page.row(other["job"]["jobId"]))

    page.element("label").send_keys(label)
    page.until(lambda: not page.row(other["job"]["jobId"]))
    assert page.row(wanted["job"]["jobId"])
    page.element("state").send_keys("ended")
    page.until(lambda: page.text("none") == "No watches match these filters.")
    page.run("arguments[0].value = ''", page.element("state"))
    page.answers(listed())
    page.element("api").send_keys("schedules")
    page.element("outcome").send_keys("failed")

    page.until(lambda: any("api=schedules&outcome=failed&label=only+" in url for url in page.run("return asked")))


def test_more_asks_with_the_cursor(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1"), following="c1"), listed(a_watch("j1"), following="c1"), listed(a_watch("j2")))
    page.look_again()
    assert (page.row("j2"), page.element("more").is_displayed()) == (None, True)

    page.element("more").send_keys(Keys.ENTER)
    page.until(lambda: page.row("j2"))

    assert page.run("return asked.slice(1)") == ["GET /api/watches?limit=50", "GET /api/watches?limit=50&cursor=c1"]
    assert page.row("j1")
    assert not page.element("more").is_displayed()
    assert page.focused() == page.row("j2")  # where reading goes on


def test_looking_again_keeps_focus_and_place(page, parts):
    page.open(parts.key)
    before = [a_watch(f"j{number}-") for number in range(20)]
    after = [a_watch("new-"), *before]
    page.answers(listed(*before), listed(*after), listed(*after[:5], *reversed(after[5:])), listed(*after[:5]))
    page.look_again()
    button = page.row("j15-").find_element("tag name", "button")
    page.run("arguments[0].focus()", button)
    place = page.run("return arguments[0].getBoundingClientRect().top", button)

    page.look_again()
    assert page.row("new-")
    assert page.focused() == button
    page.until(lambda: abs(page.run("return arguments[0].getBoundingClientRect().top", button) - place) < 2)

    page.look_again()
    assert page.focused() == button
    rows = page.driver.find_elements("css selector", "#rows tr")
    names = [row.text.split("jobId ")[1].split("-")[0] for row in rows]
    assert names == ["new", "j0", "j1", "j2", "j3", *[f"j{number}" for number in range(19, 3, -1)]]

    page.look_again()
    assert page.focused() == page.element("caption")  # its row is gone


def test_it_looks_again_by_itself_while_it_is_visible(page, parts):
    page.open(parts.key)
    page.run("const real = setTimeout; window.setTimeout = (what, ms) => real(what, ms / 20)")
    ended = [a_watch(name, state="ended", outcome="failed") for name in ("j1", "j2")]
    page.answers(listed(a_watch("j1"), a_watch("j2")), listed(*ended))
    began = time.monotonic()
    page.look_again()
    assert page.row("j1").find_elements("tag name", "button")

    page.until(lambda: page.text("news") == "reporting j1 has ended: failed. reporting j2 has ended: failed.")

    assert time.monotonic() - began >= 5 / 20
    assert page.row("j1").find_element("class name", "badge").text == "failed"
    assert [button.text for button in page.row("j1").find_elements("tag name", "button")] == ["Start again"]
    page.until(lambda: page.run("return asked.length") > 3)
    page.run("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })")
    time.sleep(0.5)
    page.run("asked.length = 0")
    time.sleep(0.5)
    assert page.run("return asked") == []
    page.run("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    page.until(lambda: page.run("return asked.length"))


def test_it_says_when_and_why_the_app_holds_back(page, parts):
    page.open(parts.key)
    page.answers(listed())
    page.look_again()
    assert not page.driver.find_element("id", "paces").is_displayed()

    gate = {"api": "reporting", "perMinute": None, "reason": "schedules", "since": None, "shutUntil": None}
    since, until = "2026-11-20T12:00:00Z", "2026-11-20T13:05:00Z"
    limited = gate | {"api": "schedules", "perMinute": 437.5, "reason": "429", "since": since}
    shut = limited | {"api": "access-control", "shutUntil": until}
    budget = gate | {"api": "reality-analysis", "perMinute": 90, "reason": "budget"}
    page.run("window.gates = arguments[0]", [gate, limited, shut, budget])
    page.look_again()

    refused, opens = (page.run("return local(new Date(arguments[0]))", instant) for instant in (since, until))
    assert refused != opens
    assert [line for line in page.text("paces").splitlines() if line] == [
        f"schedules: 438 requests a minute at most; the platform refused more at {refused}.",
        f"access-control: no requests until {opens}, as the platform asked.",
    ]
    page.run("window.gates = arguments[0]", [gate, budget])
    page.look_again()
    assert not page.driver.find_element("id", "paces").is_displayed()


def test_a_gate_that_is_shut_is_seen_until_its_row_is_deleted(page, parts):
    page.open(parts.key)
    row = {"PartitionKey": PARTITION, "RowKey": "schedules", "OpensAt": datetime.now(UTC) + timedelta(hours=2)}
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        tables.get_table_client(GATES).upsert_entity(row)
        try:
            page.look_again()
            assert page.text("paces").startswith("schedules: no requests until ")
        finally:
            tables.get_table_client(GATES).delete_entity(row)
    page.look_again()
    assert page.text("paces") == ""


def test_what_holds_the_app_back_is_not_for_the_next_user(page, parts):
    page.open(parts.key)
    page.run("window.gates = [{ api: 'schedules', shutUntil: '2026-11-20T13:05:00Z' }]")
    page.answers(listed())
    page.look_again()
    assert page.text("paces")

    page.element("forget").click()

    assert page.text("paces") == ""


def test_errors_are_said_and_go_away(page, parts):
    page.open(parts.key)
    page.answers(None, {"status": 503, "detail": "Try this again."}, 500, listed(a_watch("j1")))
    said = []
    for _ in range(4):
        page.look_again()
        said.append(page.text("trouble"))

    assert [text.partition(" This page retries")[0] for text in said] == [
        "The app did not respond. Check the network.",
        "Try this again.",
        "The app responded with 500 and no details.",
        "",
    ]


def test_a_late_answer_to_an_earlier_look_changes_nothing(page, parts):
    page.open(parts.key)
    page.run(
        """
        const [early, late] = [...arguments].map((list) => () => new Response(JSON.stringify(list)));
        let answer;
        window.fetch = () => new Promise((resolve) => { answer = () => resolve(late()); });
        const first = refresh();
        const none = () => new Response(JSON.stringify({ gates: [] }));
        window.fetch = async (url) => (url.endsWith("/gates") ? none() : early());
        return refresh().then(() => answer()).then(() => first);
        """,
        listed(a_watch("j2")),
        listed(a_watch("j1")),
    )

    assert (page.row("j1"), page.row("j2") is None) == (None, False)


def test_a_late_refusal_of_an_old_key_leaves_the_new_one(page, parts):
    page.open(parts.key)
    page.run(
        """
        let late;
        window.fetch = () => new Promise((answer) => { late = () => answer(new Response(null, { status: 401 })); });
        refresh();
        sessionStorage.setItem("function-key", "another");
        late();
        """
    )
    time.sleep(0.2)

    assert page.run("return sessionStorage.getItem('function-key')") == "another"


def test_the_key_is_forgotten_when_it_is_no_longer_good(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1")), 401)
    page.look_again()
    assert page.row("j1")

    page.look_again()

    assert page.run("return sessionStorage.length") == 0
    assert page.row("j1") is None
    assert page.focused() == page.element("key")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_phone(page, parts, width):
    show_as(page.driver, width, 800, phone=True)
    page.open()
    widths = [page.run("return document.documentElement.scrollWidth")]
    page.press(parts.key, Keys.ENTER)
    page.until(lambda: page.text("updated"))
    long = "x" * 200
    page.answers(listed(a_watch("j1", job={"jobId": long}, reason=long, labels=[long[:64]], progress=50.0)))
    page.look_again()
    widths.append(page.run("return document.documentElement.scrollWidth"))
    ended = a_watch("j2", state="ended", outcome="abandoned", job={"jobId": f"ended {long}"})
    page.answers(listed(ended, a_watch("j1", job={"jobId": long}, failing=long)))
    page.look_again()
    widths.append(page.run("return document.documentElement.scrollWidth"))
    page.row(long).find_element("tag name", "button")
    page.run("arguments[0].querySelector('button').click()", page.driver.find_elements("css selector", "#rows tr")[1])
    widths.append(page.run("return document.documentElement.scrollWidth"))
    box = page.run(
        "const box = arguments[0].getBoundingClientRect(); return [box.left, box.right]", page.element("sure")
    )

    assert widths == [width] * 4
    assert (box[0] >= 0, box[1] <= width) == (True, True)
    assert page.row(long).value_of_css_property("display") == "grid"


LONG_IDS = {"jobId": "a1" * 20 + "-" + "b2" * 20, "connectionId": "_" + "c" * 42, "runId": "d3" * 20}


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_all_apis_at_once_fit_the_screen(page, parts, width):
    """Watches of each, every one of them held back: a limit counts the requests of all together."""
    show_as(page.driver, width, 800, phone=width < 1000)
    page.open(parts.key)
    since = "2026-11-20T12:00:00Z"
    gates = [{"api": api, "perMinute": 90, "reason": "429", "since": since, "shutUntil": None} for api in APIS]
    page.run("window.gates = arguments[0]", gates)
    page.answers(
        listed(
            *(
                a_watch(name, api=name, job={field: LONG_IDS.get(field, str(uuid4())) for field in api.fields})
                for name, api in APIS.items()
            )
        )
    )
    page.look_again()

    boxes = {
        id_: page.run(
            "const { left, right, height } = arguments[0].getBoundingClientRect(); return [left, right, height]",
            element,
        )
        for id_, element in {name: page.element(name) for name in ("paces", "api")}.items()
    }
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert all(left >= 0 and right <= width for left, right, _ in boxes.values())
    assert boxes["paces"][2] < 800 / 4  # scrolls
    assert len(page.driver.find_elements("css selector", "#paces p")) == len(APIS)
    assert len(page.driver.find_elements("css selector", "#rows tr")) == len(APIS)


@pytest.mark.parametrize(
    ("typed", "chosen"), [("mesh", "mesh-export"), ("synchronization-m", "synchronization-manifest")]
)
def test_an_api_is_chosen_by_the_first_letters_of_its_name(page, parts, typed, chosen):
    page.open(parts.key)
    page.answers(listed())

    page.element("api").send_keys(typed)

    page.until(lambda: any(f"api={chosen}" in url for url in page.run("return asked")))


def test_what_moves_is_still_for_those_who_want_it_so(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1")), listed(a_watch("j1", state="ended", outcome="failed")))
    page.look_again()
    page.look_again()
    names = []
    for wish in ("no-preference", "reduce"):
        page.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": wish}]}
        )
        names.append(page.row("j1").value_of_css_property("animation-name"))

    assert names == ["news", "none"]


def test_the_policy_is_enforced(page, parts):
    """And noticed by these tests."""
    page.open(parts.key)
    refused = page.run(
        """
        const image = document.createElement("img");
        image.src = "https://elsewhere.example/pixel";
        document.body.append(image);
        const script = document.createElement("div");
        try { script.innerHTML = "<p>text</p>"; } catch (error) { return error.name; }
        """
    )
    page.until(lambda: (page.collect(), any("img-src" in text for text in page.complaints))[1])

    assert refused == "TypeError"
    page.until(lambda: (page.collect(), page.blocked)[1] == ["https://elsewhere.example/pixel"])
    page.complaints.clear()
