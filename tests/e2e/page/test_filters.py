"""Filters, in the fields of the page and in the fragment of its URL."""

from uuid import uuid4

import pytest

from tests.e2e.page.seen import a_watch, listed


def test_a_count_leads_to_those_it_counts_and_the_back_button_back(page, parts):
    page.open(parts.key)
    failed = a_watch("j1", state="ended", outcome="failed")
    page.answers(listed(a_watch("j2"), failed), listed(failed))
    page.look_again()

    page.driver.find_element("css selector", "#counts a:last-child").click()
    page.until(lambda: page.row("j2") is None)

    assert page.run("return [location.hash, document.getElementById('outcome').value]") == ["#outcome=failed", "failed"]
    assert page.run("return asked.at(-1)") == "GET /api/watches?limit=50&outcome=failed"
    page.driver.back()
    page.until(lambda: page.run("return asked.at(-1)") == "GET /api/watches?limit=50")
    assert page.run("return [location.hash, document.getElementById('outcome').value]") == ["", ""]


def test_filters_come_with_the_url(page, parts, watched):
    label = f"a & b {uuid4()}"
    wanted, other = watched([label]), watched()
    page.open(parts.key)
    page.until(lambda: page.row(other["job"]["jobId"]))
    page.element("label").send_keys(label)
    page.until(lambda: not page.row(other["job"]["jobId"]))
    url = page.driver.current_url

    page.driver.get("about:blank")
    page.driver.get(url)
    page.until(lambda: page.row(wanted["job"]["jobId"]))

    assert page.row(other["job"]["jobId"]) is None
    assert page.element("label").get_attribute("value") == label
    page.element("clear").click()
    page.until(lambda: page.row(other["job"]["jobId"]))
    assert page.focused() == page.element("state")
    assert not page.element("clear").is_displayed()


def test_what_is_typed_is_one_step_back(page, parts):
    page.open(parts.key)
    page.see(a_watch("j1"))
    page.element("label").send_keys("night")
    page.until(lambda: page.run("return location.hash") == "#label=night")
    page.element("label").send_keys("ly")
    page.until(lambda: page.run("return location.hash") == "#label=nightly")
    page.driver.back()

    page.until(lambda: page.run("return location.hash") == "")
    assert page.element("label").get_attribute("value") == ""


def test_a_fragment_that_says_nothing_of_use_does_no_harm(page, parts):
    page.open(parts.key, path="/api/#state=never&colour=red&api=%")
    page.answers(listed(a_watch("j1")))
    page.look_again()

    assert page.run("return asked") == ["GET /api/watches?limit=50"]
    assert page.run("return document.getElementById('state').selectedIndex") == 0


def test_labels_are_offered_and_it_is_said_that_they_count_whole(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1", labels=["nightly", "bridge"]), a_watch("j2", labels=["nightly"])), listed())
    page.look_again()
    offered = page.run("return [...document.querySelectorAll('#known-labels option')].map((one) => one.value)")
    assert offered == ["bridge", "nightly"]

    page.element("label").send_keys("night")

    page.until(lambda: "whole" in page.text("none"))


def test_a_label_in_the_details_lists_those_that_have_it(page, parts):
    page.open(parts.key)
    page.see(a_watch("j1", labels=["one", "two", "three"]))
    assert "+1" in page.row("j1").find_element("class name", "job").text
    page.details("j1")

    page.button("j1", "three").click()

    page.until(lambda: page.run("return asked.at(-1)") == "GET /api/watches?limit=50&label=three")
    assert page.element("label").get_attribute("value") == "three"


def test_a_watch_is_found_by_its_id_or_the_url_of_its_job(page, parts, watched):
    wanted, other = watched(), watched()
    page.open(parts.key)
    page.until(lambda: page.row(other["job"]["jobId"]))
    page.choose("state", "watching")

    for text in (wanted["id"][:13], wanted["url"]):
        page.element("find").clear()
        page.element("find").send_keys(text)
        page.until(lambda: page.row(wanted["job"]["jobId"]) and not page.row(other["job"]["jobId"]))
        assert page.element("state").get_attribute("value") == ""  # what is found is not filtered
        page.driver.back()
        page.until(lambda: page.row(other["job"]["jobId"]))

    for text, says in (
        ("12", "at least four digits"),
        ("bridge", "at least four digits"),
        ("ffff-ffff", "no such watch"),
        ("https://elsewhere.example/jobs/1", "watches only jobs of"),
    ):
        page.element("find").clear()
        page.element("find").send_keys(text)
        page.until(lambda says=says: says in page.text("none"))
        assert page.text("trouble") == ""


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
    assert page.run("return asked[0]") == "GET /api/watches?limit=50&failing=true"


def test_filters_are_the_apps(page, parts, watched):
    label = f"only {uuid4()}"
    wanted, other = watched([label]), watched()
    page.open(parts.key)
    page.until(lambda: page.row(wanted["job"]["jobId"]) and page.row(other["job"]["jobId"]))

    page.element("label").send_keys(label)
    page.until(lambda: not page.row(other["job"]["jobId"]))
    assert page.row(wanted["job"]["jobId"])
    page.element("state").send_keys("ended")
    page.until(lambda: page.text("none").startswith("No watches match these filters."))
    page.run("arguments[0].value = ''", page.element("state"))
    page.answers(listed())
    page.element("api").send_keys("schedules")
    page.element("outcome").send_keys("failed")

    page.until(
        lambda: any("limit=50&api=schedules&outcome=failed&label=only+" in url for url in page.run("return asked"))
    )


@pytest.mark.parametrize(
    ("typed", "chosen"), [("mesh", "mesh-export"), ("synchronization-m", "synchronization-manifest")]
)
def test_an_api_is_chosen_by_the_first_letters_of_its_name(page, parts, typed, chosen):
    page.open(parts.key)
    page.answers(listed())

    page.element("api").send_keys(typed)

    page.until(lambda: any(f"api={chosen}" in url for url in page.run("return asked")))
