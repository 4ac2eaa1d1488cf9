"""Small plans with known answers, and laws that hold for all."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from local.host import hostjson
from local.plan.bill import COUNT_GB, ROUNDS, bill, idle, requests, telemetry
from local.plan.command import plan
from local.plan.engine import TooManyTurnsError, World, fly
from local.plan.events import EARLY_BY, Events
from local.plan.figures import figures
from local.plan.fixed import ALARMS, ENDPOINTS, GROUPS, Deployed, fixed
from local.plan.limits import TIERS, Limit
from local.plan.loop import loop
from local.plan.meter import _followed, _rests, answering, metered
from local.plan.platform import Platform
from local.plan.sample import most
from local.plan.tally import in_flight, tickets
from local.plan.workload import ARRIVALS, LASTING, Jobs, make
from shared.apis import APIS
from shared.core.rate_limit import budget
from shared.core.schedule import Schedule
from tests.bicep import read
from tests.indexed import indexed

ANALYSIS = APIS["reality-analysis"]
STEADY = replace(APIS["reporting"], polling=Schedule.seconds(10, 20, 40, 60))  # no jitter, no percentage
ROOT = Path(__file__).parents[2]


def jobs(starts, lasts, *, clean=True):
    count = len(starts)
    start = np.array(starts, float)
    return Jobs(np.zeros(count, np.int8), start, start + lasts, np.full(count, clean))


def world(apis, jobs, **more):
    return World(apis=apis, jobs=jobs, **{"days": 1 / 24, **more})


def test_one_watch_takes_the_turns_that_its_schedule_says():
    flown = fly(world([STEADY], jobs([0], 100)))

    assert flown.polls[0] == 5  # at 0, 10, 30, 70 and 130 s
    assert flown.ended_at[0] == 130
    assert list(flown.requests) == list(flown.turns) == [0, 10, 30, 70, 130]


def test_a_percentage_that_moves_starts_the_schedule_over():
    """Each of ten steps lasts 100 s, and the ladder is at 15, 30, 60 s when the next one is seen."""
    flown = fly(world([ANALYSIS], jobs([0], 1000)))
    still = fly(world([ANALYSIS], jobs([0], 1000), steps=1))

    assert flown.polls[0] > 2 * still.polls[0]
    assert still.polls[0] == 1 + 4 + 7  # 0, 15, 45, 105, 225, then 120 s apart, up to 1,065 s


def test_a_job_with_something_to_ask_about_takes_a_turn_more_at_once():
    clean, other = (fly(world([STEADY], jobs([0], 100, clean=clean))) for clean in (True, False))

    assert len(other.turns) == len(clean.turns) + 1
    assert other.polls[0] == clean.polls[0]
    assert other.ended_at[0] == clean.ended_at[0]


def test_a_watch_ends_at_its_deadline():
    brief = replace(STEADY, lifetime=timedelta(seconds=45))

    flown = fly(world([brief], jobs([0], 1e6)))

    assert flown.expired[0]
    assert flown.ended_at[0] == 45


def test_a_grid_lets_turns_come_together():
    starts = np.linspace(0, 500, 40)
    off = fly(world([STEADY], jobs(starts, 100)))
    on = fly(world([STEADY], jobs(starts, 100), grid=15.0))

    assert (on.ended_at % 15 < 1).all()
    assert figures(on).dollars["memory"] < figures(off).dollars["memory"]


@pytest.mark.parametrize("grid", [0.0, 15.0])
def test_no_turn_is_earlier_than_the_schedule(grid):
    flown = fly(world([STEADY], jobs([0], 3000), grid=grid))
    gaps = np.diff(flown.turns)

    assert (gaps[:6] >= [10, 20, 40, 60, 60, 60]).all()
    assert gaps.max() < 60 + 1 + grid


@pytest.mark.parametrize("settings", [{}, {"budget": budget(500, None)}], ids=["learned", "told"])
def test_a_limit_is_kept_to(settings):
    many = jobs(np.linspace(0, 10, 1500), 600)

    flown = fly(world([STEADY], many, days=0.2, tier=[Limit(500, 60)], **settings))

    assert np.isfinite(flown.ended_at).all()
    assert figures(flown).requests_per_minute_peak <= 1.1 * 500
    assert flown.throttled <= (0 if settings else 0.01 * len(flown.turns))


def test_more_watches_never_cost_less():
    costs = [
        figures(fly(world([STEADY], jobs(np.linspace(0, 3000, count), 100)))).dollars_per_day
        for count in (1, 10, 100, 1000)
    ]

    assert costs == sorted(costs)


@pytest.mark.slow
def test_a_sample_comes_near_to_the_whole():
    def flown(count, weight):
        rng = np.random.default_rng(5)
        drawn = make(
            apis=[ANALYSIS],
            parts=[1],
            lasting=LASTING,
            count=count,
            days=0.3,
            arrivals="random",
            failing=0.1,
            rng=rng,
            sample=weight > 1,
        )
        return figures(fly(world([ANALYSIS], drawn, days=0.3, weight=weight)))

    whole, sample = flown(600, 1), flown(200, 3)

    assert sample.watches == whole.watches
    assert sample.polls == pytest.approx(whole.polls, rel=0.1)
    assert 0 < sample.error < 0.1
    assert sample.dollars_per_day == pytest.approx(whole.dollars_per_day, rel=0.1)
    assert sample.requests_per_minute_mean == pytest.approx(whole.requests_per_minute_mean, rel=0.1)
    assert sample.requests_per_minute_peak == pytest.approx(whole.requests_per_minute_peak, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"budget": budget(600, None)}], ids=["learned", "told"])
def test_a_sample_meets_the_limit_as_the_whole_does(settings):
    """What it asks for is what the limit lets through, and not its weight times that."""

    def flown(count, weight):
        drawn = jobs(np.linspace(0, 10, count), 1800)
        return figures(fly(world([STEADY], drawn, days=0.05, tier=[Limit(600, 60)], weight=weight, **settings)))

    whole, sample = flown(2000, 1), flown(500, 4)

    assert whole.held > 0
    assert sample.polls == pytest.approx(whole.polls, rel=0.1)
    assert sample.requests_per_minute_peak <= 1.25 * 600


def told(at, api=STEADY, **more):
    """A job of 100 s, whose event comes at that second."""
    return fly(world([api], jobs([0], 100), events=np.array([at], float), **more))


def test_an_event_gives_a_watch_its_turn_at_once():
    flown = told(101)

    assert list(flown.turns) == list(flown.requests) == [0, 10, 30, 70, 101]
    assert list(flown.ended_at) == list(flown.events) == list(flown.woken) == [101]
    assert list(flown.stale) == [130]  # the ticket that would have come, and moves nothing


def test_where_events_tell_polling_may_be_wide():
    flown = told(101, replace(STEADY, polling=Schedule.seconds(600)))

    assert list(flown.requests) == [0, 101]
    assert list(flown.stale) == [600]


def test_an_event_before_the_status_knows_lets_the_schedule_start_over():
    flown = told(95)

    assert list(flown.turns) == [0, 10, 30, 70, 95, 105]
    assert list(flown.stale) == [130]


def test_a_lost_event_changes_nothing():
    lost, without = told(np.nan), fly(world([STEADY], jobs([0], 100)))

    assert figures(lost) == figures(without)
    assert list(lost.ended_at) == [130]


def test_an_event_after_the_watch_has_ended_wakes_nobody():
    flown = told(131)

    assert (list(flown.events), flown.loads) == ([131], 0)  # an API without events looks for no row
    assert len(flown.woken) == len(flown.stale) == 0
    assert list(flown.ended_at) == [130]


def test_a_watch_that_a_grid_made_late_is_woken_now():
    """It was due 3 s ago: its ticket waits for the grid."""
    flown = told(101, replace(STEADY, polling=Schedule.seconds(98)), grid=15.0)

    assert list(flown.turns) == [0, 101]
    assert list(flown.stale) == [105]


def test_the_gate_counts_tickets_that_were_fenced_off():
    """They sleep up to 600 s, and until then keep the one watch that goes on from asking as often as it might."""
    wide, brisk = (replace(STEADY, polling=Schedule.seconds(each)) for each in (600, 10))
    many = replace(jobs([0] * 500 + [120], [50] * 500 + [1e6]), api=np.array([0] * 500 + [1], np.int8))

    flown = fly(world([wide, brisk], many, events=np.array([51.0] * 500 + [np.nan]), budget=500))
    of_one = flown.requests[flown.requests >= 120]

    assert np.isfinite(flown.ended_at[:-1]).all()
    assert np.diff(of_one[of_one < 600]).min() > 30
    assert np.diff(of_one[of_one > 700]).max() == 10


def test_an_event_costs_an_execution_and_its_ticket_another():
    late, woken = (told(at, ANALYSIS, steps=1) for at in (np.nan, 101))  # at 0, 15, 45, and 105 or 101 s
    tables, queues = np.subtract(requests(woken), requests(late))

    assert len(late.turns) == len(woken.turns) == 4
    assert tables == 2 + 1 + 1  # a load for each version of the API, the commit; the load of the old ticket
    assert queues == 1 + 1  # the ticket; the deletion of the old one
    assert bill(woken).executions - bill(late).executions == pytest.approx(2 * 24)  # in an hour
    assert (telemetry(woken) - telemetry(late)) * 1e9 == pytest.approx(797)  # `EventReceived`


def test_an_event_wakes_instances_and_so_does_the_ticket_that_it_fences_off():
    late, woken = (told(at, ANALYSIS, steps=1, days=0.01) for at in (np.nan, 103))

    assert answering(woken) - answering(late) == 1
    assert metered(woken)[0] - metered(late)[0] == 1


def test_a_ticket_that_was_fenced_off_counts_as_long_as_it_sleeps():
    flown = told(101, replace(STEADY, polling=Schedule.seconds(600)))

    assert list(np.flatnonzero(np.diff(in_flight(flown).each))) == [101 // 10 - 1]
    assert list(np.flatnonzero(np.diff(tickets(flown).each))) == [600 // 10 - 1]


def test_what_events_cost_a_sample_is_that_of_all():
    one, ten = (told(101, ANALYSIS, weight=weight) for weight in (1, 10))

    assert requests(ten) == tuple(10 * count for count in requests(one))
    assert figures(ten).woken == figures(ten).stale == figures(ten).events == 10


def test_only_apis_with_events_tell_and_some_events_are_lost_or_early():
    count = 4000
    both = replace(jobs(np.zeros(count), 100), api=np.arange(count, dtype=np.int8) % 2)
    arrive = Events(told=0.5, lost=0.2, early=0.1, after=2).arrive([ANALYSIS, STEADY], both, np.random.default_rng(0))
    comes, early = ~np.isnan(arrive), arrive == 100 - EARLY_BY

    assert not comes[1::2].any()
    assert comes[::2].mean() == pytest.approx(0.5 * 0.8, abs=0.04)
    assert early.sum() / comes.sum() == pytest.approx(0.1, abs=0.03)
    assert set(arrive[comes]) == {95, 102}


def test_too_many_turns_are_not_flown():
    with pytest.raises(TooManyTurnsError):
        fly(world([STEADY], jobs([0], 1000), most_turns=5))


#: One line of each kind and one event: what docs/benchmarks.md says of a watch that shows two statuses.
STARTED, LINE, FINISHED = 847, 782, 1031


@pytest.mark.parametrize(
    ("lasts", "clean", "moved"),
    [
        (0, True, 0),  # over when it is first seen
        (5, True, 1),
        (100, True, 2),
        (100, False, 3),  # and to the one that it is asked about
    ],
)
def test_a_line_is_sent_for_each_change_of_the_status(lasts, clean, moved):
    flown = fly(world([STEADY], jobs([0], lasts, clean=clean)))

    assert (flown.moved, flown.faulted) == (moved, 0)
    assert telemetry(flown) * 1e9 == pytest.approx(STARTED + (moved + 1) * LINE + FINISHED)


def test_a_line_is_sent_for_the_first_fault_in_a_row():
    flown = fly(world([STEADY], jobs(np.zeros(20), 100), tier=[Limit(2, 60)]))

    assert 0 < flown.faulted <= flown.throttled
    lines = flown.moved + flown.faulted + np.isfinite(flown.ended_at).sum()
    assert telemetry(flown) * 1e9 == pytest.approx(
        20 * STARTED + lines * LINE + np.isfinite(flown.ended_at).sum() * FINISHED
    )


def test_what_a_sample_sends_is_that_of_all():
    one, ten = (fly(world([STEADY], jobs([0], 100), weight=weight)) for weight in (1, 10))

    assert telemetry(ten) == pytest.approx(10 * telemetry(one))


def test_a_quarter_of_a_processor_is_billed_for_what_worker_and_host_take():
    """15.6 s of processor time for 1,000 turns: four times that on the smallest instance."""
    flown = fly(world([STEADY], jobs(np.zeros(1000), 5)))  # two turns each, all at once

    assert len(flown.turns) == 2000
    assert metered(flown)[0] == pytest.approx(2000 * 0.0156 * 4)
    assert figures(flown).instances_needed == np.ceil(2000 / 60 * 0.0156 * 4)


@pytest.mark.slow
def test_the_scaler_counts_sleeping_tickets():
    flown = fly(world([STEADY], jobs(np.zeros(1000), 3000), most_instances=1000))

    assert figures(flown).instances_peak == np.ceil(1000 / (16 + flown.world.queues.threshold))


@pytest.mark.slow
@pytest.mark.parametrize(("queues", "most_each"), [(1, 1), (1, 3), (3, 1), (3, 2)])
def test_the_most_instances_are_of_each_function_group(queues, most_each):
    """Each queue has a function of its own, and so a group of its own."""
    flown = fly(world([STEADY], jobs(np.zeros(1000), 600), ticket_queues=queues, most_instances=most_each))

    assert figures(flown).instances_peak == queues * most_each


def test_starts_wake_an_instance_of_their_own():
    spread = [answering(fly(world([STEADY], jobs(starts, 1)))) for starts in ([0], [0, 0, 0.5], [0, 100, 200])]

    assert spread == [1, 1.5, 3]


@pytest.mark.parametrize("gap", [0.2, 1.0, 30.0])
def test_a_sample_of_starts_wakes_it_as_long(gap):
    rng = np.random.default_rng(3)
    whole = np.sort(rng.uniform(0, gap * 3000, 3000))
    every = answering(fly(world([STEADY], jobs(whole, 1), days=gap * 3000 / 86400)))
    tenth = answering(fly(world([STEADY], jobs(whole[::10], 1), days=gap * 3000 / 86400, weight=10)))

    assert tenth == pytest.approx(every, rel=0.05)


def test_the_scale_controller_looks_whether_there_are_watches_or_not():
    nothing, more = idle(), idle(3)
    busy = bill(fly(world([STEADY], jobs([0], 1e9))))

    assert nothing.scaler_requests == 3 * 8640  # tickets, their poison, callbacks
    assert more.scaler_requests == 7 * 8640
    assert busy.scaler_requests == pytest.approx(4 * 8640, rel=0.01)
    assert nothing.dollars["scaler"] == pytest.approx(3 * 8640 * 0.4e-6)


def test_each_api_in_use_has_a_count_in_each_round():
    """And one that nobody uses has none; where none is in use, the round has one."""
    apis = [STEADY, STEADY, STEADY]
    start, end = np.zeros(2), np.full(2, 1e9)
    both = Jobs(np.array([0, 2], dtype=np.int8), start, end, np.ones(2, dtype=bool))
    flown, none = fly(world(apis, both)), fly(world(apis, jobs([], 1)))

    assert bill(flown).ingested_gb - telemetry(flown) / flown.world.days == pytest.approx(2 * ROUNDS * COUNT_GB)
    assert bill(none).ingested_gb == idle().ingested_gb == ROUNDS * COUNT_GB


def test_what_is_charged_by_the_month_is_that_of_the_template():
    files = {name: read(ROOT / f"infra/modules/{name}.bicep") for name in ("alerts", "network")}
    alarms = Counter(int(alarm["every"][2:-1]) for alarm in files["alerts"].variables["alarms"].value)

    assert alarms == ALARMS
    assert len(files["network"].variables["endpoints"].value) == ENDPOINTS
    assert (
        1
        + sum(not any(hasattr(binding, "auth_level") for binding in function.get_bindings()) for function in indexed())
        == GROUPS
    )


@pytest.mark.parametrize(
    ("deployed", "a_month"),
    [
        (Deployed(), 1.50 + 7 * 0.50),
        (Deployed(alarms=False), 0),
        (Deployed(alarms=False, private=True), 4 * (7.30 + 0.50)),
        (Deployed(alarms=False, always_ready=1), 5.256),
        (Deployed(alarms=False, zone_redundant=True), 10 * 5.256),
        (Deployed(alarms=False, zone_redundant=True, ticket_queues=2), 14 * 5.256),
    ],
)
def test_what_is_charged_by_the_month(deployed, a_month):
    found = fixed(deployed)

    assert found.pop("its own rounds") == pytest.approx(idle(deployed.ticket_queues).total)
    assert sum(found.values()) * 365 / 12 == pytest.approx(a_month)


def test_further_queues_have_instances_of_their_own():
    some = jobs(np.arange(60) * 7.0, 3000)
    options = hostjson.Queues.model_validate({"batchSize": 32, "newBatchThreshold": 224})
    one, four = (figures(fly(world([STEADY], some, queues=options, ticket_queues=count))) for count in (1, 4))

    assert (one.instances_peak, four.instances_peak) == (1, 4)
    assert four.polls == one.polls
    assert four.queue_per_second_peak == one.queue_per_second_peak / 4
    assert four.dollars["memory"] > one.dollars["memory"]


@pytest.mark.parametrize(
    ("times", "seconds"),
    [([5], 1), ([5, 5, 5], 1), ([5, 5.5], 1.5), ([5, 7], 2)],
)
def test_an_instance_is_billed_for_a_second_at_least(times, seconds):
    active, _ = _followed(np.array(times, float), 16, _rests(timedelta(seconds=2)))

    assert active.sum() == pytest.approx(seconds)


def test_an_idle_instance_looks_at_its_queue_less_and_less():
    _, looks = _followed(np.array([0, 0, 10, 10.5]), 16, _rests(timedelta(seconds=2)))

    assert list(looks[:3]) == [1 / 16, 10, 3]
    assert looks[3] > 1800  # for an hour


def asked(platform, *times):
    return [platform.ask(time) for time in times]


def test_the_platform_counts_in_windows():
    assert asked(Platform([Limit(2, 60)]), 0, 1, 2, 59, 60) == [0, 0, 58, 1, 0]


def test_the_platform_has_limits_of_a_minute_and_of_an_hour():
    assert asked(Platform([Limit(3, 60), Limit(4, 3600)]), 0, 1, 2, 3, 60, 61) == [0, 0, 0, 57, 0, 3539]


def test_each_of_a_sample_takes_its_weight_of_the_limit():
    answered = asked(Platform([Limit(2000, 60)], weight=10), *[0] * 1000).count(0)

    assert 200 <= answered < 1.2 * 200  # chance makes more of a sample's differences


def test_the_loop_asks_every_so_often_until_the_end_or_the_last_day():
    asks = loop(world([STEADY], jobs([0, 100, 3570], 40)))

    assert list(asks.requests) == [0, 15, 30, 45, 100, 115, 130, 145, 3570, 3585]
    assert list(asks.ended_at[:2]) == [45, 145]
    assert np.isnan(asks.ended_at[2])


def test_chance_is_a_smaller_part_of_the_whole_than_of_a_sample():
    rng = np.random.default_rng(1)
    sample, whole = (rng.poisson(each, 1440) for each in (50, 5000))

    assert most(sample.max(), np.median(sample), 100) == pytest.approx(whole.max(), rel=0.15)
    assert most(sample.max(), np.median(sample), 1) == sample.max()


def test_what_is_no_chance_is_as_much_of_the_whole():
    assert most(10_000, 5, 10) == pytest.approx(100_000, rel=0.03)


@pytest.mark.parametrize("arrivals", ARRIVALS)
def test_jobs_start_within_the_days(arrivals):
    rng = np.random.default_rng(0)
    drawn = make(
        apis=[ANALYSIS, STEADY],
        parts=[3, 1],
        lasting=LASTING,
        count=4000,
        days=7,
        arrivals=arrivals,
        failing=0.25,
        rng=rng,
    )

    assert drawn.start.min() >= 0
    assert drawn.start.max() <= 7 * 86400
    assert (np.diff(drawn.start) >= 0).all()
    assert (drawn.api == 0).mean() == pytest.approx(0.75, abs=0.03)
    assert drawn.clean.mean() == pytest.approx(0.75, abs=0.03)


def run(*arguments):
    done = CliRunner().invoke(plan, ["--days", "0.1", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_prints_a_table():
    text = run("--watches", "200", "--grid", "0,30", "--private")

    assert "200 watches in 0.1 days" in text
    assert "5,000 (standard)" in text
    assert "rounded up to a grid" in text
    assert "alarms 0.164, private endpoints 1.026" in text


def test_the_command_prints_json_and_says_the_same_again():
    arguments = ["--starts-per-hour", "100", "--tier", "community", "--json", "--lasting", "schedules=60:0"]

    first, second = run(*arguments), run(*arguments)

    assert first == second
    assert json.loads(first)["app"]["watches"] == 240
    assert json.loads(first)["every 15 s"]["delay_p95"] < 15


TOLD = ["--watches", "300", "--mix", "reality-analysis=1", "--lasting", "reality-analysis=600:0.5", "--webhooks", "1"]


def test_the_command_says_what_webhooks_change():
    text = run(*TOLD, "--early", "0.25", "--event-after", "3")
    found = json.loads(run(*TOLD, "--lost", "0", "--early", "0", "--json"))
    ours, without = found["app"], found["without webhooks"]

    assert "25.0% come early, the rest 3 s after the end" in text
    assert "without webhooks" in text
    assert (ours["delay_p50"], ours["delay_p95"]) == pytest.approx((1, 1), abs=1e-3)
    assert without["delay_p50"] > 5
    assert without["events"] == 0 < ours["woken"] <= ours["events"] <= ours["ended"]


def test_a_wider_schedule_asks_less():
    usual, wide = (
        json.loads(run(*TOLD, *more, "--json"))["app"] for more in ([], ["--polling", "reality-analysis=900"])
    )

    assert wide["polls"] < usual["polls"] / 3
    assert wide["delay_p50"] == pytest.approx(usual["delay_p50"], abs=1e-3)


def test_webhooks_need_an_api_that_has_an_event():
    done = CliRunner().invoke(plan, ["--mix", "schedules=1", "--webhooks", "0.5"])

    assert done.exit_code == 2
    assert "no API of the mix has an event; those that have one: reality-analysis," in " ".join(done.output.split())


def test_a_sample_is_called_one():
    assert "Sampled, this app: " in run("--watches", "2000", "--most-turns", "1000")


def test_any_api_can_be_in_the_mix():
    printed = run("--watches", "100", "--days", "0.5", "--mix", ",".join(f"{api}=1" for api in APIS))

    assert all(f"{api} 1, median " in printed for api in APIS)


def test_an_unknown_api_is_named():
    done = CliRunner().invoke(plan, ["--mix", "nonsense=1"])

    assert done.exit_code == 2
    assert "no API is named 'nonsense'; most like it: " in done.output


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--mix", "schedules"),
        ("--mix", "schedules=0"),
        ("--mix", "schedules=-1"),
        ("--lasting", "schedules=0"),
        ("--lasting", "schedules=60:x"),
        ("--lasting", "schedules=60:1:1"),
        ("--lasting", "schedules=inf"),
        ("--grid", "15,"),
        ("--grid", "-5"),
        ("--grid", "nan"),
        ("--polling", "schedules=60,x"),
        ("--polling", "schedules=0"),
        ("--polling", "nonsense=60"),
        ("--webhooks", "1.5"),
        ("--event-after", "inf"),
    ],
)
def test_what_is_no_number_or_out_of_bounds_is_named(option, value):
    done = CliRunner().invoke(plan, [option, value])

    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.output


def rows(page, heading):
    """The cells of the first table below a heading, by the first one; numbers alone."""
    section = (ROOT / page).read_text().split(f"\n## {heading}")[1].split("\n## ")[0]
    lines = [line for line in section.split("\n\n| ")[1].splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.replace(",", ""): rest for first, *rest in cells}


def test_a_row_of_the_documentation_is_what_the_plan_says():
    arguments = ["--starts-per-hour", "5.952", "--days", "2", "--grid", "15", "--json"]
    found = json.loads(CliRunner().invoke(plan, arguments).output)
    ours, loop = found["app"], found["every 15 s"]

    assert rows("docs/scale.md", "What it would cost")["1000"] == [
        f"{ours['in_flight_mean']:.0f}",
        f"{ours['requests_per_minute_mean']:.0f} ({ours['requests_per_minute_peak']:.0f})",
        f"{round(ours['executions_per_day'], -2):,.0f}",
        f"{ours['dollars_per_day']:.2f}",
        f"{loop['requests_per_minute_mean']:.0f} ({loop['requests_per_minute_peak']:.0f})",
        f"{loop['dollars_per_day']:.2f}",
    ]


def test_a_row_on_webhooks_is_what_the_plan_says():
    arguments = ["--starts-per-hour", "0.5952", "--days", "14", "--grid", "15", "--mix", "reality-analysis=1", "--json"]
    told = [*arguments, "--webhooks", "1", "--polling", "reality-analysis=15,900"]
    ours = json.loads(CliRunner().invoke(plan, told).output)["app"]

    assert rows("docs/scale.md", "Woken by webhooks")["100; all `15900`"] == [
        f"{ours['requests_per_minute_mean']:.1f} ({ours['requests_per_minute_peak']:.0f})",
        f"{round(ours['executions_per_day'], -2):,.0f}",
        f"{ours['dollars_per_day']:.2f}",
        f"{ours['delay_p50']:.0f} s",
        f"{ours['delay_p95']:.0f} s",
    ]


def test_the_readme_says_what_docs_scale_says():
    whole = rows("docs/scale.md", "What it would cost")

    for watches, (dollars, _, beside) in rows("README.md", "What it costs").items():
        *_, said_dollars, _, said_loop = whole[watches]
        assert (said_dollars, said_loop) == (dollars, beside.partition(",")[0])


def test_the_documentation_says_what_is_charged_by_the_month():
    """The README gives the first figures, docs/operate.md all of them."""
    everything = fixed(Deployed(private=True, always_ready=1))
    zones = fixed(Deployed(zone_redundant=True))["always ready"]
    wanted = [f"{dollars * 365 / 12:.2f}" for dollars in everything.values()]

    (short,) = re.findall("With nothing to do.+", (ROOT / "README.md").read_text())
    whole = (ROOT / "docs/operate.md").read_text().split("## What it costs with nothing to do")[1]
    more = "the app's own rounds look at each API: write the figures of the right into"
    assert re.findall(r"\d+\.\d\d", short) == wanted, f"{more} README.md"
    assert re.findall(r"\| (\d+\.\d\d) \|", whole)[:5] == [*wanted, f"{zones * 365 / 12:.2f}"], f"{more} operate.md"


def test_the_documentation_says_what_a_watch_sends():
    assert f"{STARTED + 3 * LINE + FINISHED:,} bytes" in (ROOT / "docs/benchmarks.md").read_text()


def test_the_tiers_are_those_of_the_readme():
    assert TIERS["community"] == (Limit(500, 60), Limit(5000, 3600))
