"""The page asks for the key, keeps it in its session alone, and is held to its policy."""

import time

import pytest
from selenium.webdriver import Keys

from tests.e2e.page.seen import WRONG_KEY, a_watch, listed


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


def test_what_holds_the_app_back_is_not_for_the_next_user(page, parts):
    page.open(parts.key)
    page.run("window.gates = [{ api: 'schedules', shutUntil: '2026-11-20T13:05:00Z' }]")
    page.answers(listed())
    page.look_again()
    assert page.text("paces")

    page.element("forget").click()

    assert page.text("paces") == ""


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


@pytest.mark.parametrize("status", [202, 422, None])
def test_what_one_user_did_is_not_told_to_the_next(page, parts, status):
    page.open(parts.key)
    page.see()
    page.run("$('begin').open = true; $('urls').value = 'https://api.bentley.com/library/jobs/secret'")
    page.run(
        """
        const [status, content] = arguments;
        window.fetch = () => new Promise((answer, refuse) => {
          const come = () => answer(new Response(JSON.stringify(content), { status }));
          window.late = () => status ? come() : refuse(new TypeError("no network"));
        });
        $("start").requestSubmit();
        """,
        status,
        {**a_watch("secret"), "detail": "secret is wrong"},
    )
    page.run("forget(''); sessionStorage.setItem('function-key', 'another'); $('main').hidden = false; late()")
    page.until(lambda: "Starting" not in page.text("start"))

    assert (page.text("news"), page.text("refused"), page.row("secret")) == ("", "", None)


def test_the_key_is_forgotten_when_it_is_no_longer_good(page, parts):
    page.open(parts.key)
    page.answers(listed(a_watch("j1")), 401)
    page.look_again()
    assert page.row("j1")

    page.look_again()

    assert page.run("return sessionStorage.length") == 0
    assert page.row("j1") is None
    assert page.focused() == page.element("key")


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
