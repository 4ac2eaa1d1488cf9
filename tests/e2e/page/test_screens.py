"""The page on every screen, and for those who want nothing to move."""

from uuid import uuid4

import pytest
from selenium.webdriver import Keys

from local.docs.browser import show_as
from shared.apis import APIS
from tests.e2e.page.seen import a_watch, listed

LONG_IDS = {"jobId": "a1" * 20 + "-" + "b2" * 20, "connectionId": "_" + "c" * 42, "runId": "d3" * 20}


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
    page.run("arguments[0].querySelector('button').click()", page.driver.find_elements("css selector", ".watch")[1])
    widths.append(page.run("return document.documentElement.scrollWidth"))
    box = page.run(
        "const box = arguments[0].getBoundingClientRect(); return [box.left, box.right]", page.element("sure")
    )

    assert widths == [width] * 4
    assert (box[0] >= 0, box[1] <= width) == (True, True)
    assert page.row(long).find_element("tag name", "tr").value_of_css_property("display") == "grid"


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
    assert len(page.driver.find_elements("css selector", ".watch")) == len(APIS)


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


def test_every_control_has_a_name(page, parts):
    page.open(parts.key)
    callback = {"url": "https://hooks.example.com/itwin", "state": "waiting", "tries": 0, "error": None}
    page.see(
        a_watch("j1", labels=["a", "b", "c"], callback=callback, progress=40),
        a_watch("j2", state="ended", outcome="failed"),
    )
    page.run("document.getElementById('begin').open = true")
    page.details("j1")

    controls = [
        control
        for control in page.driver.find_elements(
            "css selector", "a, button, input, select, textarea, progress, pre, summary"
        )
        if control.is_displayed() and control.tag_name not in {"summary", "pre"}
    ]
    names = [control.accessible_name for control in controls]

    assert len(names) > 20
    assert [control.get_attribute("outerHTML") for control, name in zip(controls, names, strict=True) if not name] == []
    within_rows = [
        control.accessible_name
        for control in page.driver.find_elements("css selector", ".watch > tr:first-child button")
    ]
    assert len(set(within_rows)) == len(within_rows)  # of several watches, each tells which it is about


@pytest.mark.parametrize("width", [1280, 1920])
def test_a_watch_takes_two_lines_on_a_wide_screen(page, parts, width):
    show_as(page.driver, width, 900)
    page.open(parts.key)
    long = "a sentence that goes on and on " * 20
    page.see(
        a_watch("j1"),
        a_watch(
            "j2", job=dict.fromkeys(LONG_IDS, "x" * 80), labels=[long[:64]] * 10, reason=long, evidence=[long],
            issues=999, progress=50, failing="network", wokenAt="2026-11-20T12:00:00Z",
            callback={"url": "https://hooks.example.com/" + "x" * 500, "state": "failed", "tries": 9, "error": long},
        ),
    )  # fmt: skip

    heights = [row.size["height"] for row in page.driver.find_elements("css selector", ".watch > tr")]
    assert max(heights) - min(heights) <= 2
    assert heights[0] < 70
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_its_icon_is_within_the_policy(page, parts):
    page.open(parts.key)

    drawn = page.driver.execute_async_script(
        """
        const [done] = arguments;
        const image = new Image();
        image.onload = () => done(image.naturalWidth > 0);
        image.onerror = () => done(false);
        image.src = document.querySelector("link[rel=icon]").href;
        """
    )

    assert drawn
