"""The queries that ship, over made-up events: what no run of a minute shows.  Those of a real run are in tests/e2e."""

import re
from datetime import timedelta

import pytest

from local.docs.kusto import load, run, shipped
from tests.builders import NOON

QUERIES = shipped()


def event(name, minutes=0.0, dimensions=None, measurements=None):
    data = {"name": name, "properties": dimensions or {}, "measurements": measurements or {}}
    time = (NOON + timedelta(minutes=minutes)).isoformat()
    return {"time": time, "tags": {}, "data": {"baseData": data}}


def counted(minutes, count, failing, api="reporting", **kinds):
    numbers = {f"failing_{kind.removeprefix('_')}": number for kind, number in kinds.items()}
    return event("WatchesCounted", minutes, {"api": api}, {"open": count, "failing": failing, **numbers})


def nothing(minutes, **dimensions):
    """A round that had no API to tell of."""
    return event("WatchesCounted", minutes, dimensions, {"open": 0, "failing": 0, "gateShutSeconds": 0})


def ended(number, minutes=0.0, outcome="failed", **more):
    dimensions = {
        "eventId": f"w1.{number}",
        "watchId": "w1",
        "api": "reporting",
        "outcome": outcome,
        "labels": "nightly",
    }
    numbers = {"polls": 2, "faults": 1, "throttled": 0, "durationSeconds": 3.5, "issues": 0, "restarts": number}
    return event("WatchFinished", minutes, {**dimensions, **more}, numbers)


def ask(name, *events):
    return run(load(events), re.sub(r"ingestion_time\(\) > ago\(\d+m\)", "true", QUERIES[name]))


# How often a watch has ended


def total(rows):
    """How many ends the rows of a query speak of."""
    if not rows:
        return 0
    if "polls" in rows[0] and "ended" not in rows[0]:
        return sum(row["polls"] for row in rows) // 2
    return sum(row["watches"] for row in rows) if "watches" in rows[0] else len(rows)


OF_ENDS = [name for name, query in QUERIES.items() if "name == 'WatchFinished'" in query and "filter" not in name]
MOST = {"saved/slowest": 50}


@pytest.mark.parametrize("name", OF_ENDS)
@pytest.mark.parametrize("times", [1, 2, pytest.param(393, marks=pytest.mark.thorough)])
def test_each_end_of_one_watch_counts_once(name, times):
    events = [ended(number, minutes=number / 1000) for number in range(times)]

    assert total(ask(name, *events)) == min(times, MOST.get(name, times))
    assert total(ask(name, *events, *events)) == min(times, MOST.get(name, times))


@pytest.mark.parametrize("name", OF_ENDS)
@pytest.mark.parametrize("nothing", [None, ""])
def test_an_event_of_an_older_version_counts_by_its_watch(name, nothing):
    first, again = ended(0, eventId=nothing), ended(0, minutes=1, eventId=nothing)
    other = ended(0, eventId=nothing, watchId="w2")

    assert total(ask(name, first, again)) == 1
    assert total(ask(name, first, again, other)) == 2
    assert total(ask(name, first, again, ended(7), ended(8))) == 3


@pytest.mark.parametrize("outcome", ["failed", "expired", "lost", "refused", "abandoned"])
def test_an_end_that_needs_somebody_raises_an_alarm(outcome):
    assert [row["outcome"] for row in ask("alerts/ended-badly", ended(1, outcome=outcome))] == [outcome]


@pytest.mark.parametrize("outcome", ["succeeded", "partial", "cancelled", "stopped"])
def test_an_end_that_needs_nobody_raises_none(outcome):
    assert ask("alerts/ended-badly", ended(1, outcome=outcome)) == []


# Whether watches learn anything


@pytest.mark.parametrize(
    "counts",
    [
        [counted(0, 4, 4), counted(5, 4, 4), counted(10, 4, 4)],
        [counted(0, 4, 2), counted(5, 5, 3)],
        [counted(0, 1, 1), counted(5, 1, 1)],
        [counted(0, 9999, 5000), counted(5, 9999, 9999), counted(10, 10, 9)],
    ],
)
def test_half_of_an_apis_watches_failing_for_a_quarter_of_an_hour_raises_an_alarm(counts):
    rounds = range(0, 5 * len(counts), 5)
    others = [counted(minutes + 0.001, 9, 1, api="schedules", token=1) for minutes in rounds]

    assert [row["api"] for row in ask("alerts/failing", *counts, *others)] == ["reporting"]


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [counted(0, 4, 4)],
        [counted(0, 4, 4), counted(0, 4, 4)],  # one, told twice
        [counted(0, 4, 0), counted(5, 4, 4), counted(10, 4, 4)],
        [counted(0, 4, 4), counted(5, 4, 0), counted(10, 4, 4)],
        [counted(0, 4, 4), counted(5, 4, 4), counted(10, 4, 0)],
        [counted(0, 1, 1), counted(5, 1, 0)],  # a blip
        [counted(0, 5, 2), counted(5, 5, 2)],
        [counted(0, 0, 0), counted(5, 0, 0)],
        [event("WatchesCounted", minutes, {"api": "reporting"}, {"open": 3}) for minutes in (0, 5)],  # an older version
        [counted(0, 4, 4), counted(5, 4, 4, api="schedules")],
        [counted(0, 4, 4), counted(5, 4, 4), nothing(10)],  # the watches have ended
        [counted(0, 4, 4), counted(5, 4, 4), counted(10, 4, 0, api="schedules")],
        [nothing(0), counted(5, 4, 4), counted(10, 4, 4)],
        [nothing(0), nothing(5), nothing(10)],
    ],
)
def test_less_raises_none(counts):
    assert ask("alerts/failing", *counts) == []


@pytest.mark.parametrize(
    ("kinds", "cause"),
    [
        ({"token": 3}, "token or 401"),
        ({"_401": 3}, "token or 401"),
        ({"_401": 2, "token": 1, "_5xx": 2}, "token or 401"),
        ({"_403": 3, "_401": 1}, "403"),
        ({"_5xx": 3}, "5xx or network"),
        ({"network": 3, "_403": 2}, "5xx or network"),
        ({"_5xx": 2, "network": 2, "token": 3}, "5xx or network"),
        ({"_4xx": 3}, "4xx, answer or other"),
        ({"answer": 3, "token": 1}, "4xx, answer or other"),
        ({"other": 3}, "4xx, answer or other"),
        ({"dns": 3}, "4xx, answer or other"),
    ],
)
def test_the_alarm_names_what_most_of_them_fail_of(kinds, cause):
    failing = sum(kinds.values())
    (row,) = ask("alerts/failing", counted(0, 5, failing, **kinds), counted(5, 5, failing, **kinds))

    assert row["cause"].partition(":")[0] == cause
    assert sum(row[part] for part in ("client", "access", "platform", "rest")) == row["failing"] == failing


OF_COUNTS = [name for name, query in QUERIES.items() if "name == 'WatchesCounted'" in query]
FAILING = [
    counted(0, 9, 4, token=3, _5xx=1),
    counted(5, 9, 2, token=2),
    counted(5, 9, 1, api="schedules", dns=1),
    counted(10, 9, 1, token=1),
    counted(10, 9, 0, api="schedules"),
]


def test_failing_watches_are_charted_by_api_and_reason():
    rows = ask("workbook/failing over time", *FAILING)

    assert [(row["timestamp"].minute, row["series"], row["watches"]) for row in rows] == [
        (0, "reporting: 5xx", 1), (0, "reporting: token", 3), (5, "reporting: token", 2), (5, "schedules: dns", 1),
        (10, "reporting: token", 1),
    ]  # fmt: skip
    chosen = run(load(FAILING), QUERIES["workbook/failing over time"], Api="'schedules'")
    assert {row["series"] for row in chosen} == {"schedules: dns"}


def test_those_that_fail_now_are_those_of_the_last_count():
    now = [(row["api"], row["why"], row["watches"], row["open"]) for row in ask("workbook/failing now", *FAILING)]
    counts = {row["api"]: row["failing"] for row in ask("workbook/open now", *FAILING)}

    assert now == [("reporting", "token", 1, 9)]
    assert counts == {"reporting": 1, "schedules": 0}


def test_an_api_that_the_last_count_does_not_tell_of_has_no_open_watches():
    started, over, busy = counted(0, 4, 4, token=4), nothing(5), counted(5.001, 2, 1, api="schedules", dns=1)

    for query in ("workbook/open now", "workbook/failing now"):
        assert [row["api"] for row in ask(query, started)] == ["reporting"]
        assert ask(query, started, over) == []
        assert [row["api"] for row in ask(query, started, busy)] == ["schedules"]
        assert run(load([started, busy]), QUERIES[query], Api="'reporting'") == []


def test_what_an_earlier_version_told_of_apis_without_watches_changes_nothing():
    """It told of each of them in each round."""
    unused = [counted(minutes, 0, 0, api=api) for minutes in (0, 5, 10) for api in ("export", "library")]
    for query in {*OF_COUNTS} - {"workbook/gates over time"}:
        assert ask(query, *FAILING, *unused) == ask(query, *FAILING, nothing(5), nothing(10)), query


def test_the_saved_query_tells_since_when():
    rows = ask("saved/failing", *FAILING)

    assert [(row["api"], row["why"], row["mostWatches"], row["rounds"]) for row in rows] == [
        ("reporting", "token", 3, 3), ("schedules", "dns", 1, 1), ("reporting", "5xx", 1, 1)
    ]  # fmt: skip
    assert [row["lastRound"].minute for row in rows] == [10, 5, 0]


# As many APIs as there are


MANY = [f"api-{number:02}" for number in range(1, 24)]


def of_many(minutes, **numbers):
    """A round of counts: the first API has 1, the second 2, and so on."""
    each = {api: {name: most * place for name, most in numbers.items()} for place, api in enumerate(MANY, 1)}
    return [event("WatchesCounted", minutes, {"api": api, "pace": "429"}, counts) for api, counts in each.items()]


def test_the_busiest_apis_have_lines_of_their_own_and_the_others_one():
    rows = ask("workbook/open over time", *of_many(0, open=1), *of_many(5, open=0))

    lines = {row["api"]: row["open"] for row in rows if row["timestamp"].minute == 0}
    assert lines == {api: place for place, api in enumerate(MANY, 1) if place > 15} | {"others": sum(range(16))}
    assert {row["api"]: row["open"] for row in rows if row["timestamp"].minute == 5} == dict.fromkeys(lines, 0)


def test_apis_that_nobody_uses_are_in_no_table_and_in_no_filter():
    idle, busy = of_many(0, open=0), counted(0, 4, 1)

    assert [row["api"] for row in ask("workbook/open now", *idle, busy)] == ["reporting"]
    assert {row["api"] for row in ask("workbook/open over time", *idle, busy)} == {"reporting", "others"}
    assert [row["api"] for row in ask("workbook/filter Api", *idle, busy, ended(1, api="schedules"))] == [
        "reporting", "schedules"
    ]  # fmt: skip


def test_the_most_frequent_failures_have_series_of_their_own_and_the_others_one():
    rows = ask("workbook/failing over time", *of_many(0, failing_token=1, failing_403=2))

    assert len(rows) == 13
    assert sum(row["watches"] for row in rows) == 3 * sum(range(24))
    assert "api-23: 403" in {row["series"] for row in rows}


def test_the_slowest_apis_have_lines_of_their_own_and_the_others_one():
    budget = [
        event("WatchesCounted", 0, {"api": f"b{number}", "pace": "budget"}, {"perMinute": 9}) for number in (1, 2)
    ]

    rates = {row["api"]: row["perMinute"] for row in ask("workbook/rate over time", *of_many(0, perMinute=2), *budget)}
    gates = {row["api"]: row["minutes"] for row in ask("workbook/gates over time", *of_many(0, gateShutSeconds=60))}

    assert rates == {api: 2 * place for place, api in enumerate(MANY[:8], 1)} | {"others": 9}
    assert gates == {api: place for place, api in enumerate(MANY, 1) if place > 15} | {"others": 15}


@pytest.mark.parametrize("name", ["workbook/durations", "workbook/effort"])
def test_the_bars_of_twelve_apis_fit(name):
    events = [ended(f"{place} {number}", api=api) for place, api in enumerate(MANY, 1) for number in range(place)]

    assert [row["api"] for row in ask(name, *events)] == MANY[-12:]


# Rounds that do not tell of an API, and times without rounds


def lines(name, column, *events, **filters):
    """The points of each line, by minute."""
    found: dict[str, dict[int, float]] = {}
    for row in run(load(events), QUERIES[f"workbook/{name}"], **filters):
        found.setdefault(row["api"], {})[row["timestamp"].minute] = row[column]
    return found


COURSE = [counted(0, 4, 0), counted(0.001, 2, 0, api="schedules"), counted(5, 3, 0), nothing(10), counted(25, 1, 0)]


def test_the_line_of_an_api_falls_to_zero_in_rounds_that_do_not_tell_of_it_and_skips_what_was_no_round():
    assert lines("open over time", "open", *COURSE) == {
        "reporting": {0: 4, 5: 3, 10: 0, 25: 1}, "schedules": {0: 2, 5: 0, 10: 0, 25: 0},
        "others": dict.fromkeys((0, 5, 10, 25), 0),
    }  # fmt: skip


def test_so_it_does_where_apis_are_chosen():
    chosen = lines("open over time", "open", *COURSE, Api="'schedules','export'")

    assert chosen == {"schedules": {0: 2, 5: 0, 10: 0, 25: 0}}
    assert lines("open over time", "open", *COURSE, Api="'export'") == {}


def test_an_app_without_watches_has_a_line_at_zero():
    assert lines("open over time", "open", nothing(0), nothing(5)) == {"others": {0: 0, 5: 0}}
    assert lines("open over time", "open") == {}


def shut(minutes, seconds, api="reporting"):
    return event("WatchesCounted", minutes, {"api": api, "pace": "429"}, {"open": 0, "gateShutSeconds": seconds})


def test_a_gate_that_has_opened_falls_to_zero():
    rounds = [shut(0, 600), shut(5, 300), shut(5.001, 60, "schedules"), nothing(10)]

    assert lines("gates over time", "minutes", *rounds) == {
        "reporting": {0: 10, 5: 5, 10: 0}, "schedules": {0: 0, 5: 1, 10: 0}, "others": {0: 0, 5: 0, 10: 0}
    }  # fmt: skip


def test_a_round_that_cannot_read_the_gates_says_nothing_of_them():
    assert lines("gates over time", "minutes", shut(0, 600), counted(5, 4, 0)) == {"reporting": {0: 10}}


def test_a_budget_is_seen_though_nothing_is_open():
    idle = event("WatchesCounted", 0, {"pace": "budget"}, {"open": 0, "perMinute": 90})

    assert lines("rate over time", "perMinute", idle) == {"others": {0: 90}}


@pytest.mark.parametrize("about", [{}, {"pace": "schedules"}])
def test_a_round_with_no_api_to_tell_of_is_in_no_table_and_in_no_filter(about):
    for query in {*OF_COUNTS, "workbook/filter Api"} - {"workbook/open over time", "workbook/gates over time"}:
        assert ask(query, nothing(0, **about), nothing(5, **about)) == [], query


# Rows


def test_each_row_that_cannot_be_read_is_named_once():
    def unreadable(minutes, table, key, columns):
        return event("RowUnreadable", minutes, {"table": table, "key": key, "columns": columns})

    rows = ask(
        "alerts/row-unreadable", unreadable(0, "Watches", "a", "Due"), unreadable(5, "Watches", "a", "Due, Polls"),
        unreadable(5, "Callbacks", "a", "Due"), unreadable(5, "Watches", "b", "Job"),
    )  # fmt: skip

    assert {(row["tableName"], row["rowKey"]): row["columns"] for row in rows} == {
        ("Watches", "a"): "Due, Polls", ("Watches", "b"): "Job", ("Callbacks", "a"): "Due"
    }  # fmt: skip
    assert len(rows) == 3
    assert ask("alerts/row-unreadable", counted(0, 1, 1)) == []
