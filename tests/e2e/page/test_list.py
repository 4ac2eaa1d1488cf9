"""The list looks again by itself: what is new, what fails, where the focus is."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from azure.data.tables import TableServiceClient
from selenium.webdriver import Keys

from local.parts.stack import GATES
from shared.storage.gates import PARTITION
from tests.e2e.page.seen import a_watch, listed

OVER = {"state": "ended", "outcome": "failed"}


def counts(page):
    return page.text("counts").replace("\n", " ").split()


def test_it_counts_by_state_and_outcome_also_in_the_title(page, parts):
    page.open(parts.key)
    bad, good = {"state": "ended", "outcome": "failed"}, {"state": "ended", "outcome": "succeeded"}
    some = [a_watch("j1"), a_watch("j2", failing="5xx"), a_watch("j3", **bad), a_watch("j4", **good)]
    page.answers(listed(*some), listed(*some, following="c"), listed(*some[:2], following="c"), listed())
    seen = []
    for _ in range(4):
        page.look_again()
        seen.append((" ".join(counts(page)), page.driver.title))

    assert seen == [
        ("2 watching 1 failing 1 failed 1 succeeded",
         "1 failing, 1 failed, 1 succeeded, 2 watching | iTwin Job Watch"),
        ("2 watching 1 failing 1+ failed 1+ succeeded",  # all open ones come first
         "1 failing, 1+ failed, 1+ succeeded, 2 watching | iTwin Job Watch"),
        ("2+ watching 1+ failing", "1+ failing, 2+ watching | iTwin Job Watch"),
        ("", "iTwin Job Watch"),
    ]  # fmt: skip


def test_news_go_but_not_before_they_can_have_been_seen(page, parts):
    page.open(parts.key)
    page.run("const real = setTimeout; window.setTimeout = (what, ms) => real(what, ms / 1000)")
    hide = "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })"
    page.run(f"clearTimeout(timer); refresh = () => {{}}; {hide}; tell(['One.']); tell(['Two.'])")
    time.sleep(0.2)
    assert page.text("news") == "One. Two."

    page.run("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")

    page.until(lambda: page.text("news") == "")


def test_an_end_is_told_though_its_watch_is_now_on_a_later_page(page, parts):
    page.open(parts.key)
    ended = a_watch("j1", state="ended", outcome="failed")
    both, one = listed(a_watch("j2"), a_watch("j1"), following="c"), listed(a_watch("j2"), following="c")
    page.answers(both, one, ended | {"status": 200}, both, one, a_watch("j1", status=200), both, one, 404)
    said = []
    for _ in range(3):
        page.look_again()
        page.run("say('news', '')")
        page.look_again()
        said.append(page.text("news"))

    assert said == ["reporting j1 has ended: failed.", "", ""]  # a new watch may have pushed it there
    assert page.run("return asked.slice(0, 3)") == [
        "GET /api/watches?limit=50",
        "GET /api/watches?limit=50",
        f"GET /api/watches/{ended['id']}",
    ]
    assert page.text("trouble") == ""


def test_an_end_is_told_though_another_look_begins_before_all_is_known(page, parts):
    page.open(parts.key)
    page.see(a_watch("j1"), a_watch("j2"))
    page.run(
        """
        const [list, watch] = arguments;
        const answer = window.fetch;
        window.fetch = async (url, options) => {
          if (url.endsWith("/gates")) return answer(url, options);
          const found = url.includes("watches/") ? watch : list;
          if (found === watch && !window.release) await new Promise((go) => (window.release = go));
          return new Response(JSON.stringify(found));
        };
        window.first = refresh();
        """,
        listed(a_watch("j1", **OVER)),
        a_watch("j2", **OVER),
    )
    page.until(lambda: page.run("return !!window.release"))

    page.run("const second = refresh(); release(); return Promise.all([first, second])")

    assert page.text("news") == "reporting j1 has ended: failed. reporting j2 has ended: failed."


def test_an_end_is_told_once_the_app_answers_again(page, parts):
    page.open(parts.key)
    open_, ended = listed(a_watch("j1")), a_watch("j1", **OVER, status=200)
    page.answers(open_, listed(), 503, listed(), None, listed(), ended, listed())
    said = []
    for _ in range(5):
        page.look_again()
        said.append(page.text("news"))

    assert said == ["", "", "", *["reporting j1 has ended: failed."] * 2]


def test_of_many_that_leave_the_list_each_is_looked_up(page, parts):
    page.open(parts.key)
    names = [f"j{number}" for number in range(15)]
    ended = [a_watch(name, **OVER, status=200) for name in names]
    page.answers(listed(*map(a_watch, names)), listed(), *ended[:10], listed(), *ended[10:], listed())
    said = []
    for _ in range(3):
        page.look_again()
        said.append(page.text("news"))

    assert said[1:] == [f"{count} watches have ended: {count} failed." for count in (10, 5)]


def test_many_ends_at_once_are_one_sentence(page, parts):
    page.open(parts.key)
    names = [f"j{number}" for number in range(5)]
    ended_ = [a_watch(name, state="ended", outcome="succeeded" if name == "j0" else "failed") for name in names]
    page.answers(listed(*map(a_watch, names)), listed(*ended_))
    page.look_again()
    page.look_again()

    assert page.text("news") == "5 watches have ended: 4 failed, 1 succeeded."


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
    assert page.focused() == page.row("j2").find_element("tag name", "tr")  # where reading goes on


def test_looking_again_keeps_focus_and_place(page, parts):
    page.open(parts.key)
    before = [a_watch(f"j{number}-") for number in range(20)]
    after = [a_watch("new-"), *before]
    page.answers(listed(*before), listed(*after), listed(*after[:5], *reversed(after[5:])), listed(*after[:5]))
    page.look_again()
    button = page.button("j15-", "Stop")
    page.run("arguments[0].focus()", button)
    place = page.run("return arguments[0].getBoundingClientRect().top", button)

    page.look_again()
    assert page.row("new-")
    assert page.focused() == button
    page.until(lambda: abs(page.run("return arguments[0].getBoundingClientRect().top", button) - place) < 2)

    page.look_again()
    assert page.focused() == button
    rows = page.driver.find_elements("css selector", ".watch .ids")
    names = [row.text.split("-")[0] for row in rows]
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
    assert page.button("j1", "Stop")

    page.until(lambda: page.text("news") == "reporting j1 has ended: failed. reporting j2 has ended: failed.")

    assert time.monotonic() - began >= 5 / 20
    assert page.row("j1").find_element("class name", "badge").text == "failed"
    assert page.button("j1", "Restart")
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


def test_errors_are_said_and_go_away(page, parts):
    page.open(parts.key)
    page.answers(None, {"status": 503, "detail": "Try this again."}, 500, listed(a_watch("j1")))
    said = []
    for _ in range(4):
        page.look_again()
        said.append(page.text("trouble"))

    assert [text.partition(" This page tries")[0] for text in said] == [
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


@pytest.fixture
def delays(page, parts):
    """A function that looks, at noon by the clock, and returns how many seconds later it would look again."""
    page.open(parts.key)
    page.run(
        """
        clearTimeout(timer);
        Date.now = () => Date.parse("2026-11-20T12:00:00Z");
        window.delays = [];
        window.setTimeout = (what, ms) => what === refresh && delays.push(ms / 1000);
        """
    )

    def look(*answers, start="return refresh()"):
        page.answers(*answers)
        return [
            page.run(f"delays.length = 0; await (async () => {{ {start} }})(); return delays.at(-1)") for _ in answers
        ]

    return look


def test_it_asks_less_often_while_nothing_changes(delays):
    ended, later = a_watch("j1", state="ended", outcome="lost", dueAt=None), a_watch("j2", dueAt="2026-11-20T12:00:16Z")

    assert delays(*[listed(ended)] * 6, listed()) == [5, 10, 20, 30, 30, 30, 5]
    assert delays(*[listed(ended, later)] * 5) == [5, 10, 18, 18, 18]  # then a turn may have been taken


def test_it_asks_less_often_for_more_pages(page, delays):
    page.run("pages = 3")

    assert delays(listed(a_watch("j1"))) == [15]


def test_an_app_that_fails_is_asked_less_and_less(page, delays):
    busy = {"status": 503, "detail": "Busy.", "headers": {"Retry-After": "90"}}
    at = busy | {"headers": {"Retry-After": "Fri, 20 Nov 2026 12:03:00 GMT"}}

    assert delays(None, None, busy, 500, 500, 500, at, listed(a_watch("j1")), 500) == [5, 10, 90, 40, 60, 60, 180, 5, 5]
    page.answers(busy)
    page.run("return refresh()")
    asked = page.run("return asked.length")
    page.run("delays.length = 0; document.dispatchEvent(new Event('visibilitychange'))")
    assert page.run("return [delays, asked.length]") == [[90], asked]  # seen again, but not asked before


def test_while_nobody_sees_it_the_page_asks_once_a_minute_for_its_title(page, delays):
    page.run("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })")

    assert delays(listed(a_watch("j1")), listed(a_watch("j1", failing="5xx"))) == [60, 60]
    assert page.driver.title == "1 failing, 1 watching | iTwin Job Watch"


def test_the_gates_are_asked_once_a_minute(page, parts):
    page.open(parts.key)
    page.until(lambda: page.run("return gatesDue"))  # the first look is over
    page.answers(listed())
    page.run(
        """
        window.gatesAsked = 0;
        gatesDue = 0;
        const real = fetch;
        window.fetch = (url, ...more) => { gatesAsked += url.endsWith("/gates"); return real(url, ...more); };
        """
    )
    counted = []
    for ms in (0, 59_000, 61_000):
        page.run("const now = Date.now(); Date.now = () => now + arguments[0]", ms)
        page.run("return refresh()")
        counted.append(page.run("return gatesAsked"))

    assert counted == [1, 1, 2]
