"""Watches are stopped and started again from the page."""

import json

import pytest
from selenium.webdriver import Keys

from tests.e2e.page.seen import HOSTILE, a_watch, listed


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


def test_a_watch_that_has_ended_is_started_again_with_one_click(page, parts, app, watched):
    watch = watched(["nightly", "a b"])
    name = f"reality-analysis {watch['job']['jobId']}"
    app.delete(f"/watches/{watch['id']}")
    page.open(parts.key)
    page.until(lambda: page.row(watch["job"]["jobId"]))
    button = page.button(watch["job"]["jobId"], "Restart")
    assert button.get_attribute("aria-label") == f"Start watching {name} again"

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
    ended = a_watch(
        "id1",
        state="ended",
        outcome=outcome,
        job=job,
        labels=["a", "b"],
        callback=callback and {"error": None, **callback},
    )
    page.answers(listed(ended), a_watch("id1", job=job) | {"status": 202}, listed(a_watch("id1", job=job)))
    page.look_again()

    page.run("arguments[0].click(); arguments[0].click()", page.button("j1", "Restart"))  # the second does nothing

    sent = page.until(lambda: page.run("return window.sent"))
    wanted = {"api": "reporting", "job": job, "labels": ["a", "b"], "restart": True}
    assert json.loads(sent) == wanted | ({"callback": {"url": callback["url"]}} if callback else {})
    page.until(lambda: page.run("return asked.length") == 3)
    assert page.run("return asked.slice(1)") == ["POST /api/watches", "GET /api/watches?limit=50"]


def test_a_refusal_to_start_again_is_said(page, parts):
    page.open(parts.key)
    ended = a_watch("j1", state="ended", outcome="lost")
    page.answers(listed(ended), {"status": 422, "detail": "Callbacks are off."}, 503)
    page.look_again()
    button = page.button("j1", "Restart")

    button.click()

    page.until(lambda: page.text("refused") == "Callbacks are off.")
    assert page.focused() == button
    button.click()  # and may be tried again
    page.until(lambda: page.text("refused") == "The app responded with 503 and no details.")
