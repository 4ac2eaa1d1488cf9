"""Watches are started from the page."""

import json
import os
import subprocess
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from selenium.webdriver import Keys

from tests.e2e.page.seen import a_watch, listed


def test_an_empty_list_says_what_to_send(page, parts):
    page.open(parts.key)
    page.see()

    assert page.element("begin").get_attribute("open")
    assert page.text("sample") == (
        f'curl -X POST "{parts.url}/api/watches" -H "x-functions-key: $KEY"'
        """ -d '{"url": "<status URL of a job>"}'"""
    )
    assert not page.element("filters").is_displayed()
    page.see(a_watch("j1"))
    assert not page.element("empty").is_displayed()
    assert page.element("filters").is_displayed()


def test_what_the_empty_list_says_works(page, parts, app):
    page.open(parts.key)
    page.see()
    job = f"forever-{uuid4()}"
    command = page.text("sample").replace("<status URL of a job>", f"{parts.simulator}/schedules/s/operations/{job}")

    subprocess.run(["/bin/sh", "-c", command], env={**os.environ, "KEY": parts.key}, check=True, capture_output=True)

    (watch,) = app.get("/watches", params={"url": f"{parts.simulator}/schedules/s/operations/{job}"}).json()["watches"]
    app.delete(f"/watches/{watch['id']}")


def form(page):
    page.run("document.getElementById('begin').open = true")


def submit(page, *texts):
    if texts:
        page.element("urls").send_keys(*texts)
    page.driver.find_element("css selector", "#start .first").click()


def test_a_watch_is_started_or_the_refusal_is_shown(page, parts, app):
    page.open(parts.key)
    form(page)
    submit(page, "https://elsewhere.example/jobs/1")
    page.until(lambda: parts.simulator in page.text("refused"))

    job = f"forever-{uuid4()}"
    url = f"{parts.simulator}/realitydataanalysis/jobs/{job}/progress"
    page.element("urls").clear()
    page.element("urls").send_keys(url, Keys.TAB)
    page.press("a label, another", Keys.ENTER)
    page.until(lambda: page.text("news").endswith(f"Watching reality-analysis {job}."))
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
        submit(page, url)
        page.until(lambda says=says: page.text("news") == f"reality-analysis {job} {says}.")

    page.element("restart").click()
    submit(page, url)
    page.until(lambda: page.text("news") == f"Watching reality-analysis {job}.")
    assert app.get(f"/watches/{watch['id']}").json()["state"] == "watching"
    app.delete(f"/watches/{watch['id']}")


def test_a_start_has_a_deadline_and_a_callback(page, parts, app, receiver):
    page.open(parts.key)
    form(page)
    job = f"forever-{uuid4()}"
    callback = f"http://{receiver.host}/taken/{job}"
    page.element("deadline").send_keys("36")
    page.choose("unit", "hours")
    page.element("callback").send_keys(callback)
    submit(page, f"{parts.simulator}/realitydataanalysis/jobs/{job}/progress")
    page.until(lambda: "Watching" in page.text("news"))

    (watch,) = app.get("/watches", params={"url": f"{parts.simulator}/realitydataanalysis/jobs/{job}/progress"}).json()[
        "watches"
    ]
    app.delete(f"/watches/{watch['id']}")
    lifetime = datetime.fromisoformat(watch["deadline"]) - datetime.fromisoformat(watch["startedAt"])
    assert lifetime == timedelta(hours=36)
    assert watch["callback"]["url"] == callback
    assert page.element("deadline").get_attribute("value") == ""


@pytest.mark.parametrize(
    ("filled", "body"),
    [
        ({}, {"labels": []}),
        ({"deadline": "3"}, {"labels": [], "deadline": "P3D"}),
        ({"labels": " a ,, b c,"}, {"labels": ["a", "b c"]}),
    ],
)
def test_only_what_is_filled_in_is_sent(page, parts, filled, body):
    page.open(parts.key)
    page.answers(a_watch("j1") | {"status": 202}, listed())
    form(page)
    for id_, text in filled.items():
        page.element(id_).send_keys(text)
    submit(page, "https://api.bentley.com/1")

    page.until(lambda: page.run("return window.sent"))
    assert json.loads(page.run("return sent")) == {"url": "https://api.bentley.com/1", **body}


@pytest.mark.parametrize(
    ("filled", "says"),
    [
        ({"urls": "  "}, "Paste the status URL of a job."),
        (
            {"urls": "https://a.example/1", "deadline": "1.5"},
            "The deadline is a whole number of hours or days from now.",
        ),
        ({"urls": " ".join(f"u{number}" for number in range(101))}, "Send at most 100 URLs at once; these are 101."),
    ],
)
def test_what_cannot_be_sent_is_not(page, parts, filled, says):
    page.open(parts.key)
    page.see(a_watch("j1"))
    page.run("asked.length = 0")
    form(page)
    for id_, text in filled.items():
        page.element(id_).send_keys(text)
    submit(page)

    page.until(lambda: page.text("refused") == says)
    assert [request for request in page.run("return asked") if request.startswith("POST")] == []


def test_a_second_click_while_it_starts_does_nothing(page, parts):
    page.open(parts.key)
    page.answers(a_watch("j1") | {"status": 202}, listed())
    form(page)
    page.element("urls").send_keys("https://api.bentley.com/1")
    page.run(
        """
        const answer = fetch;
        window.held = [];
        window.fetch = (...all) => new Promise((resolve) => held.push(() => resolve(answer(...all))));
        """
    )
    button = page.driver.find_element("css selector", "#start .first")
    page.run("arguments[0].click(); arguments[0].click()", button)
    assert button.text == "Starting…"

    page.run("held[0]()")
    page.until(lambda: button.text == "Start watching")
    assert page.run("return asked") == ["POST /api/watches"]  # what follows is held, too


def test_several_are_started_at_once_and_those_refused_stay(page, parts, app):
    page.open(parts.key)
    form(page)
    label = f"batch {uuid4()}"
    urls = [f"{parts.simulator}/realitydataanalysis/jobs/forever-{uuid4()}/progress" for _ in range(2)]
    app.post("/watches", json={"url": urls[1]})
    wrong = "https://elsewhere.example/jobs/1"
    page.element("labels").send_keys(label)
    submit(page, "\n".join([urls[0], wrong, urls[1], urls[0]]))

    page.until(lambda: page.text("news").endswith("Of 3 jobs: 1 started, 1 already watched, or ended, 1 refused."))
    page.until(lambda: page.text("refused").startswith(f"{wrong}: This app watches only jobs of"))
    assert page.element("urls").get_attribute("value") == wrong
    watches = [app.get("/watches", params={"url": url}).json()["watches"][0] for url in urls]
    assert [watch["labels"] for watch in watches] == [[label], []]
    for watch in watches:
        app.delete(f"/watches/{watch['id']}")


def test_an_answer_of_the_platform_may_be_pasted(page, parts):
    page.open(parts.key)
    form(page)
    assert not page.element("of").is_displayed()

    job = f"forever-{uuid4()}"
    submit(page, f'{{"job":\n{{"id": "{job}"')
    assert page.element("of").is_displayed()
    page.until(lambda: "This is not JSON" in page.text("refused"))

    submit(page, "}}")
    page.until(lambda: "reality-modeling" in page.text("refused"))

    page.element("of").send_keys("reality-analysis")
    submit(page)
    page.until(lambda: page.text("news").endswith(f"Watching reality-analysis {job}."))
    assert not page.element("of").is_displayed()
    assert page.run("return document.getElementById('of').value") == ""

    link = f"{parts.simulator}/realitydataanalysis/jobs/{job}/progress"
    page.element("urls").send_keys(f'{{"_links": {{"status": {{"href": "{link}"}}}}}}')
    page.element("urls").send_keys(Keys.CONTROL, Keys.ENTER)
    page.until(lambda: page.text("news").endswith(f"reality-analysis {job} is already watched."))
