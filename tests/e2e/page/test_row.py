"""What the page shows of one watch."""

from uuid import uuid4

import pytest

from local.trials.scenario import JOBS
from tests.e2e.page.seen import HOSTILE, a_watch, listed


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
    assert page.details(watch["job"]["jobId"])["Reason"] == HOSTILE
    assert "40 %" in text
    assert bar == "40"
    assert page.driver.find_elements("tag name", "img") == []
    assert "hacked" not in page.driver.title


def test_why_it_ended_so_is_seen_without_a_click(page, parts):
    bad = {"state": "ended", "outcome": "failed", "endedAt": "2026-11-20T13:03:00Z", "dueAt": None}
    page.open(parts.key)
    page.see(
        a_watch("j1", **bad, reason="E1: no", issues=12, evidence=["E1: no memory", HOSTILE]),
        a_watch("j2", **bad, reason="Production", issues=1, evidence=["E7: cancelled"]),
        a_watch("j3", **bad, reason="The file is broken"),
        a_watch("j4", **bad),
    )

    shown = {
        name: [line.text.split("\n") for line in page.row(name).find_elements("css selector", ".status .line")]
        for name in ("j1", "j2", "j3", "j4")
    }
    assert shown == {
        "j1": [["Running", "12 issues"], ["E1: no memory"]],  # begins with the reason, which is not said twice
        "j2": [["Running", "1 issue", "Production"], ["E7: cancelled"]],
        "j3": [["Running"], ["The file is broken"]],
        "j4": [["Running"], [""]],
    }
    assert page.driver.find_elements("css selector", ".watch details") == []
    assert page.details("j1")["Issues"].splitlines() == ["12, of which the app keeps 2", "E1: no memory", HOSTILE]
    assert "Issues" not in page.details("j4")


def test_what_the_app_really_says_of_a_bad_end_is_shown(page, parts, app, platform, ended):
    job = next(job for job in JOBS if job.what == "Failed at 100 per cent")
    path = f"{job.path}-{uuid4()}"
    platform.post("/jobs", json={"path": path, "script": job.script})
    watch = ended(app.post("/watches", json={"url": parts.simulator + path}).json()["id"])
    assert (watch["issues"], len(watch["evidence"])) == (job.entries or len(job.evidence), watch["issues"])

    page.open(parts.key)

    row = page.until(lambda: page.row(watch["id"][:8]))
    assert f"{watch['issues']} issue" in row.find_element("class name", "status").text
    assert row.find_element("class name", "why").text == watch["evidence"][0]


def test_the_details_tell_all_that_the_app_does(page, parts):
    callback = {"url": "https://hooks.example.com/itwin", "state": "failed", "tries": 7, "error": "HTTP 500"}
    page.open(parts.key)
    page.see(
        a_watch(
            "j1", progress=40.5, reason="Production", failing="5xx", polls=4, faults=1, labels=["a", "b c"],
            callback=callback, wokenAt="2026-11-20T12:00:30Z", endedAt="2026-11-20T13:03:07Z", state="ended",
            outcome="lost", dueAt="2026-11-20T12:01:00Z", issues=1, evidence=["E1"],
        )
    )  # fmt: skip

    said = page.details("j1")

    assert page.button("j1", "Details").get_attribute("aria-expanded") == "true"
    assert {name: text.split(" Copy")[0] for name, text in said.items() if "20" not in text or name == "Callback"} == {
        "Watch": "j1-5a55-5f0e-9d5c-0d6c9f0e5a55",
        "jobId": "j1",
        "Job URL": "https://api.bentley.com/insights/reporting/datasources/extraction/status/j1",
        "Labels": "a b c",
        "Status": "Running",
        "Progress": "40.5 %",
        "Reason": "Production",
        "Failing": "5xx",
        "Issues": "1\nE1",
        "Duration": "1 h 3 min",
        "Polls": "4, of which 1 fault",
        "Callback": "https://hooks.example.com/itwin failed, 7 tries: HTTP 500",
    }
    assert said.keys() >= {"Started", "Woken by webhook", "Ended", "Next poll", "Deadline"}
    page.button("j1", "Details").click()
    assert page.row("j1").find_elements("class name", "details") == []


def test_details_stay_open_and_keep_the_focus_while_the_watch_goes_on(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1")), listed(a_watch("j1", progress=50, polls=2)))
    page.look_again()
    page.details("j1")
    page.run("document.querySelector('.details .copy').focus()")
    before = page.focused()

    page.look_again()

    assert page.focused() == before
    assert "2, of which 0 faults" in page.row("j1").text
    assert "50 %" in page.row("j1").text


def test_the_whole_id_is_copied_and_the_short_one_shown(page, parts):
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    page.open(parts.key)
    page.see(a_watch("j1", id="0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55"))

    page.button("j1", "0d6c9f0e").click()

    page.until(lambda: page.text("news") == "Copied the id.")
    assert page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == (
        "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55"
    )
    page.details("j1")
    page.run("navigator.clipboard.writeText = () => Promise.reject(new Error())")
    page.driver.find_element("css selector", '[aria-label^="Copy the job URL"]').click()
    page.until(lambda: page.text("news").endswith("the job URL: " + a_watch("j1")["url"]))  # to be copied from there


@pytest.mark.parametrize(
    ("callback", "says"),
    [
        (None, ""),
        ({"state": "waiting", "tries": 0, "error": None}, "callback waiting"),
        ({"state": "waiting", "tries": 2, "error": "HTTP 500"}, "callback failed 2 times, tried again"),
        ({"state": "delivered", "tries": 1, "error": None}, "callback delivered"),
        ({"state": "failed", "tries": 9, "error": "HTTP 410"}, "callback failed"),
    ],
)
def test_what_became_of_the_callback_is_seen(page, parts, callback, says):
    page.open(parts.key)
    page.see(a_watch("j1", callback=callback and {"url": "https://hooks.example.com/itwin", **callback}))

    notes = page.row("j1").find_elements("class name", "note")
    assert [note.text for note in notes] == ([says] if says else [])
    assert [note.get_attribute("title") for note in notes] == (
        [callback["error"] or "https://hooks.example.com/itwin"] if callback else []
    )
    assert [note.get_attribute("class").split() for note in notes] == (
        [] if not callback else [["note", "bad"] if callback["error"] else ["note"]]
    )


def test_times_are_told_from_now_with_the_instant_and_the_zone(page, parts):
    page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        page.open(parts.key)
        page.run("Date.now = () => Date.parse('2026-11-20T12:00:40Z')")
        page.see(
            a_watch("j1"),
            a_watch("j2", state="ended", outcome="failed", dueAt=None, endedAt="2026-11-20T12:00:33Z"),
            a_watch("j3", deadline="2026-11-20T15:30:00Z", dueAt="2026-11-20T11:57:00Z"),
        )

        lines = {name: page.row(name).find_element("class name", "times").text for name in ("j1", "j2", "j3")}
        assert lines == {
            "j1": "started 40 s ago\npoll due in 20 s",
            "j2": "ended 5 s ago\ntook 33 s",
            "j3": "started 40 s ago, deadline in 3 h\npoll due 3 min ago",
        }
        assert "Asia/Tokyo" in page.text("zone")
        time_ = page.row("j1").find_element("tag name", "time")
        assert time_.get_attribute("title").endswith("(2026-11-20T12:00:00Z)")
        assert "9:00:00" in time_.get_attribute("title")
        assert "9:00:00" in page.details("j1")["Started"]  # for those who have no mouse
        page.run("Date.now = () => Date.parse('2026-11-20T12:05:40Z'); tick()")
        assert page.row("j1").find_element("class name", "times").text == "started 5 min ago\npoll due 4 min ago"
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_lengths_and_distances_of_time(page, parts):
    page.open(parts.key)
    seconds = [0, 0.4, 59, 60, 61, 3600, 3661, 86400, 90000, 10 * 86400]

    assert page.run("return arguments[0].map((seconds) => span(seconds * 1000))", seconds) == [
        "0 s", "0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "1 d", "1 d 1 h", "10 d",
    ]  # fmt: skip
    instants = "return arguments[0].map((s) => relative(new Date(s * 1000).toISOString(), 0))"
    assert page.run(instants, [-4, 4, 5, 59, -60, 3599, 3600, -172799, 172800]) == [
        "now", "now", "in 5 s", "in 55 s", "1 min ago", "in 59 min", "in 1 h", "47 h ago", "in 2 d",
    ]  # fmt: skip


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
        [["failing: token"], [f"failing: {HOSTILE}"], ["watching"]],
        [["watching"], ["failing: 5xx"], ["failing: 403"]],
    ]


def test_a_watch_says_that_an_event_woke_it_and_when(page, parts):
    page.open(parts.key)
    page.see(a_watch("j1", wokenAt="2026-11-20T12:00:30Z"), a_watch("j2"))

    assert [note.text for note in page.row("j1").find_elements("class name", "note")] == ["webhook"]
    assert page.row("j2").find_elements("class name", "note") == []
    page.details("j1")
    instants = page.row("j1").find_elements("css selector", "dl time")
    assert "2026-11-20T12:00:30Z" in [instant.get_attribute("datetime") for instant in instants]
    assert "Woken by webhook" not in page.details("j2")


def test_why_it_is_failing_takes_the_place_of_the_bar(page, parts):
    page.open(parts.key)
    page.see(a_watch("j1", failing="5xx", progress=40, reason="HTTP 503"))

    status = page.row("j1").find_element("class name", "status")
    assert status.text.split("\n") == ["Running", "40 %", "HTTP 503"]
    assert status.find_elements("tag name", "progress") == []


@pytest.mark.parametrize(("progress", "shown"), [
    (0, "0 %"), (40.4, "40 %"), (100, "100 %"), (None, None), (-1, None), (100.5, None), (1e300, None),
])  # fmt: skip
def test_a_percentage_that_is_none_is_not_shown(page, parts, progress, shown):
    page.open(parts.key)
    page.answers(listed(a_watch("j1", progress=progress)))
    page.look_again()

    bars = [bar.text.strip() for bar in page.row("j1").find_elements("class name", "bar")]
    assert bars == ([shown] if shown else [])
    assert ("%" in page.row("j1").text) == bool(shown)
