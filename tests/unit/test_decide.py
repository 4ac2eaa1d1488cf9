"""`decide` as a table, then as laws."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.core.decide import (
    ENOUGH_ATTEMPTS,
    ENOUGH_REFUSALS,
    LOOKS_AGAIN,
    MOST_ENTRIES,
    MOST_PAGES,
    REVIVAL_DELAYS,
    advance,
    decide,
    not_yet,
    restart,
    revive,
    stop,
    wake,
)
from shared.core.model import (
    End,
    EvidencePage,
    Failing,
    Fault,
    Finish,
    GatherEvidence,
    NotYet,
    Outcome,
    Report,
    RequeueAfter,
)
from shared.core.schedule import Schedule
from tests.builders import NOON, a_watch

WATCH = a_watch(
    id="w",
    api="reality-analysis",
    job={"jobId": "j"},
    deadline=NOON + timedelta(hours=1),
    status="active",
)
ASKING = replace(WATCH, status="failed", verdict=Outcome.FAILED, reason="no memory")
HOPEFUL = replace(WATCH, deadline=NOON + timedelta(days=60))
LOST = Fault(reason="HTTP 404", lasting=Outcome.LOST)
REFUSED_FOR_LONG = replace(
    WATCH, faults_in_a_row=4, refusals_in_a_row=4, refused_since=NOON - REALITY_ANALYSIS.patience
)


def seconds(number):
    return timedelta(seconds=number)


def after(number):
    return RequeueAfter(seconds(number))


@pytest.mark.parametrize(
    ("watch", "seen", "now", "decision"),
    [
        # an ended job ends the watch, also past the deadline
        (WATCH, Report(outcome=Outcome.SUCCEEDED), NOON, Finish(Outcome.SUCCEEDED, "")),
        (WATCH, Report(outcome=Outcome.FAILED, reason="no"), WATCH.deadline, Finish(Outcome.FAILED, "no")),
        # a running job waits by its polling schedule, which starts over when the percentage changes
        (WATCH, Report(), NOON, after(15)),
        (replace(WATCH, waits=2), Report(), NOON, after(60)),
        (replace(WATCH, waits=10**9), Report(), NOON, after(120)),
        (replace(WATCH, waits=2, progress=5.0), Report(progress=5.0), NOON, after(60)),
        (replace(WATCH, waits=2, progress=5.0), Report(progress=6.0), NOON, after(15)),
        (replace(WATCH, waits=2, progress=5.0), Report(), NOON, after(60)),
        (replace(WATCH, waits=2), Report(status="another word"), NOON, after(60)),
        # a fault waits by the fault schedule, whatever the waits so far
        (replace(WATCH, waits=9), Fault(reason="HTTP 503"), NOON, after(15)),
        (replace(WATCH, faults_in_a_row=2), Fault(reason="HTTP 503"), NOON, after(60)),
        # a Retry-After replaces the schedule of a fault, also when it is shorter
        (replace(WATCH, faults_in_a_row=5), Fault(reason="HTTP 429", retry_after=seconds(20)), NOON, after(20)),
        # it may shorten a long backoff, and is no licence to storm
        (replace(WATCH, faults_in_a_row=5), Fault(reason="HTTP 429", retry_after=seconds(7)), NOON, after(15)),
        (WATCH, Fault(reason="HTTP 503", retry_after=seconds(0)), NOON, after(15)),
        # on a report the longer of the two counts
        (WATCH, Report(retry_after=seconds(90)), NOON, after(90)),
        (WATCH, Report(retry_after=seconds(0)), NOON, after(15)),
        # refusals are believed after several in a row, over some minutes
        (replace(REFUSED_FOR_LONG, refusals_in_a_row=3), LOST, NOON, after(300)),
        (replace(REFUSED_FOR_LONG, refused_since=NOON), LOST, NOON, after(300)),
        (
            REFUSED_FOR_LONG,
            LOST,
            NOON,
            Finish(
                Outcome.LOST,
                "HTTP 404 (it was active when last seen: since then it was deleted, or the service application lost its"
                " access)",
            ),
        ),
        (
            replace(REFUSED_FOR_LONG, started_at=NOON - timedelta(days=30)),
            LOST,
            NOON,
            Finish(Outcome.LOST, "HTTP 404 (it was active when last seen: its record is kept for 30 days)"),
        ),
        (
            replace(REFUSED_FOR_LONG, status=""),
            LOST,
            NOON,
            Finish(
                Outcome.LOST,
                "HTTP 404 (never seen: is the id right, and the service application a member of the iTwin?)",
            ),
        ),
        (REFUSED_FOR_LONG, replace(LOST, lasting=Outcome.REFUSED), NOON, Finish(Outcome.REFUSED, "HTTP 404")),
        (REFUSED_FOR_LONG, Fault(reason="HTTP 503"), NOON, after(300)),
        # the last turn falls on the deadline, and ends the watch
        (WATCH, Report(retry_after=timedelta(days=9)), NOON, after(3600)),
        (WATCH, Report(status="active"), WATCH.deadline, Finish(Outcome.EXPIRED, "still active at the deadline")),
        (
            WATCH,
            Fault(reason="HTTP 503"),
            WATCH.deadline,
            Finish(Outcome.EXPIRED, "still active at the deadline; last fault: HTTP 503"),
        ),
        # an end that another document explains is asked about at once, also past the deadline
        (
            WATCH,
            Report(outcome=Outcome.FAILED, wants_evidence=True, reason="no"),
            NOON,
            GatherEvidence(Outcome.FAILED, "no"),
        ),
        (
            WATCH,
            Report(outcome=Outcome.PARTIAL, wants_evidence=True, evidence_at="/logs"),
            WATCH.deadline,
            GatherEvidence(Outcome.PARTIAL, "", "/logs"),
        ),
        # page by page, up to so many
        (ASKING, EvidencePage(), NOON, Finish(Outcome.FAILED, "no memory")),
        (ASKING, EvidencePage(next_page="/2"), NOON, GatherEvidence(Outcome.FAILED, "no memory", "/2")),
        (
            replace(ASKING, pages=MOST_PAGES - 1),
            EvidencePage(next_page="/21"),
            NOON,
            Finish(Outcome.FAILED, "no memory (there is more evidence than was read)"),
        ),
        (
            ASKING,
            EvidencePage(complete=False),
            NOON,
            Finish(Outcome.FAILED, "no memory (there is more evidence than was read)"),
        ),
        # a few attempts, and then the watch ends all the same
        (ASKING, Fault(reason="HTTP 503"), NOON, after(15)),
        (replace(ASKING, faults_in_a_row=2), LOST, NOON, after(60)),
        (ASKING, Fault(reason="HTTP 429", retry_after=seconds(600)), NOON, after(600)),
        (
            replace(ASKING, faults_in_a_row=ENOUGH_ATTEMPTS - 1),
            Fault(reason="HTTP 503"),
            NOON,
            Finish(Outcome.FAILED, "no memory (the evidence could not be had: HTTP 503)"),
        ),
        (
            ASKING,
            Fault(reason="HTTP 429", retry_after=seconds(901)),
            NOON,
            Finish(Outcome.FAILED, "no memory (the evidence could not be had: HTTP 429)"),
        ),
        (
            replace(ASKING, reason=""),
            NotYet(NOON + timedelta(hours=1)),
            NOON,
            Finish(Outcome.FAILED, "the evidence could not be had: a Retry-After or the rate limit held it back"),
        ),
        (
            ASKING,
            Fault(reason="HTTP 503"),
            WATCH.deadline,
            Finish(Outcome.FAILED, "no memory (the evidence could not be had: HTTP 503)"),
        ),
        # too early to ask: wait, but never past the deadline
        (WATCH, NotYet(NOON + seconds(40)), NOON, after(40)),
        (WATCH, NotYet(NOON + timedelta(days=1)), NOON, after(3600)),
        (
            WATCH,
            NotYet(NOON + timedelta(days=1)),
            WATCH.deadline,
            Finish(
                Outcome.EXPIRED, "still active at the deadline; a Retry-After or the rate limit delayed the last poll"
            ),
        ),
    ],
)
def test_table(watch, seen, now, decision):
    assert decide(watch, seen, REALITY_ANALYSIS, now, 0.0, spacing=seconds(0)) == decision


def test_the_documented_ladder():
    """15, 30, 60, 120, 120; and from 15 again when the percentage changes."""
    watch, waits = WATCH, []
    for percentage in [0, 0, 0, 0, 0, 7, 7]:
        watch, decision = turn(watch, Report(progress=float(percentage)))
        waits.append(decision.delay.seconds)

    assert waits == [15, 30, 60, 120, 120, 15, 30]


def test_faults_climb_their_own_ladder_and_a_report_ends_it():
    watch, waits = WATCH, []
    for seen in [Fault(reason="")] * 3 + [Report()] + [Fault(reason="")]:
        watch, decision = turn(watch, seen)
        waits.append(decision.delay.seconds)

    assert waits == [15, 30, 60, 15, 15]
    assert (watch.polls, watch.faults, watch.faults_in_a_row) == (5, 4, 1)


def test_a_job_that_is_not_found_is_lost_after_some_minutes():
    watch, now, polls = WATCH, NOON, 0
    while watch.outcome is None:
        watch, _ = turn(watch, LOST, now)
        now, polls = watch.due, polls + 1

    assert (watch.outcome, polls) == (Outcome.LOST, ENOUGH_REFUSALS)
    assert watch.end is not None
    assert watch.end.at - WATCH.started_at >= timedelta(minutes=3)


@pytest.mark.parametrize("interlude", [Report(), Fault(reason="HTTP 503")])
def test_refusals_count_only_in_a_row(interlude):
    watch, _ = turn(REFUSED_FOR_LONG, interlude)

    assert (watch.refusals_in_a_row, watch.refused_since) == (0, None)


def test_an_answer_without_a_status_keeps_the_schedule_and_says_why():
    before = replace(WATCH, status="Started", reason="step 3", waits=2)

    watch, decision = turn(before, Report(reason="HTTP 202 without operation.status"))

    assert decision == after(60)
    assert (watch.status, watch.reason, watch.faults) == ("Started", "HTTP 202 without operation.status", 0)


def test_a_watch_is_failing_from_a_fault_to_the_next_report():
    failing, _ = turn(WATCH, Fault(reason="HTTP 401", failing=Failing.UNAUTHORIZED))
    held_back, _ = turn(failing, Fault(reason="HTTP 429", throttled=True))

    assert [watch.failing for watch in (failing, held_back, turn(held_back, Report())[0])] == ["401", "401", ""]


def test_a_304_changes_nothing_but_the_wait():
    before = replace(WATCH, status="Started", progress=40.0, validator='"1"', reason="step 3", waits=2)

    after_it, decision = turn(before, Report())

    assert replace(after_it, seq=0, stepped_by="", due=before.due, polls=0) == replace(before, waits=3)
    assert decision == after(60)


@pytest.mark.parametrize(
    ("outcome", "said", "progress"),
    [
        (None, None, 50),
        (Outcome.SUCCEEDED, None, None),
        (Outcome.PARTIAL, None, None),
        (Outcome.FAILED, None, 50),  # how far it came
        (Outcome.CANCELLED, None, 50),
        (Outcome.SUCCEEDED, 99.0, 99),
    ],
)
def test_a_job_that_is_done_is_not_half_done(outcome, said, progress):
    watch, _ = turn(replace(WATCH, progress=50.0), Report(outcome=outcome, status="x", progress=said))

    assert watch.progress == progress


def test_a_report_without_a_validator_forgets_the_old_one():
    watch, _ = turn(replace(WATCH, validator='"1"'), Report(status="active", validator=""))

    assert watch.validator == ""


def test_a_report_clears_the_reason_of_the_faults_before_it():
    faulted, _ = turn(WATCH, Fault(reason="HTTP 503"))

    assert faulted.reason == "HTTP 503"
    assert turn(faulted, Report(status="active"))[0].reason == ""
    assert turn(faulted, Report())[0].reason == ""


def test_the_row_of_an_ended_watch_says_how_and_when():
    watch, _ = turn(WATCH, Report(outcome=Outcome.FAILED, status="failed", reason="no memory"), NOON + seconds(5))

    assert (watch.outcome, watch.reason, watch.status) == (Outcome.FAILED, "no memory", "failed")
    assert (watch.end and watch.end.at, watch.published) == (NOON + seconds(5), False)


def test_the_watch_of_a_job_that_ended_is_asked_about_at_once_and_knows_how_it_ended():
    watch, _ = turn(WATCH, Report(outcome=Outcome.FAILED, status="failed", reason="no memory", wants_evidence=True))

    assert (watch.outcome, watch.verdict, watch.due) == (None, Outcome.FAILED, NOON)
    assert (watch.status, watch.reason, watch.polls) == ("failed", "no memory", 1)


def test_the_evidence_is_kept_and_counted_and_is_no_poll():
    watch, _ = turn(replace(ASKING, polls=5, faults_in_a_row=3), EvidencePage(entries=("a", "b"), next_page="/2"))
    watch, _ = turn(watch, Fault(reason="HTTP 503"))
    watch, _ = turn(watch, EvidencePage(entries=("b", "c")))

    assert (watch.outcome, watch.reason, watch.evidence, watch.issues) == (
        Outcome.FAILED,
        "no memory",
        ("a", "b", "c"),
        4,
    )
    assert (watch.polls, watch.faults, watch.pages) == (5, 1, 2)


def test_of_much_evidence_the_first_is_kept_and_all_is_counted():
    texts = tuple(map(str, range(1000)))

    watch, _ = turn(ASKING, EvidencePage(entries=texts))

    assert (watch.evidence, watch.issues) == (texts[:MOST_ENTRIES], 1000)


def test_evidence_in_the_status_itself_ends_the_watch():
    watch, decision = turn(WATCH, Report(outcome=Outcome.FAILED, evidence=("no such user",)))

    assert decision == Finish(Outcome.FAILED, "")
    assert (watch.evidence, watch.issues) == (("no such user",), 1)


def test_a_watch_that_knows_how_its_job_ended_is_never_abandoned():
    watch = revive(replace(ASKING, revivals=len(REVIVAL_DELAYS.delays)), REVIVAL_DELAYS, NOON, 0.0)

    assert watch.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("seen", "spacing", "draw", "wait"),
    [
        (Report(), 10, 0.5, 15),
        (Report(), 400, 0.5, 400),
        (Fault(reason="HTTP 503"), 400, 0.0, 400),
        # those that were throttled together come back one after the other
        (Fault(reason="HTTP 429", throttled=True, retry_after=seconds(20)), 400, 0.0, 20),
        (Fault(reason="HTTP 429", throttled=True, retry_after=seconds(20)), 400, 0.5, 220),
        (Fault(reason="HTTP 503", retry_after=seconds(20)), 0, 0.5, 30),
        (Fault(reason="HTTP 503", retry_after=seconds(600)), 0, 0.5, 630),
        # and so do those that found the gate shut: `rate_limited` has seen to it
        (NotYet(NOON + seconds(40)), 400, 0.5, 40),
    ],
)
def test_turns_leave_room_for_other_watches(seen, spacing, draw, wait):
    assert decide(WATCH, seen, REALITY_ANALYSIS, NOON, draw, spacing=seconds(spacing)) == after(wait)


@pytest.mark.parametrize(
    ("late", "wait"),
    [(0, 60), (20, 40), (50, 15), (59, 15), (60, 60), (3600 + 20, 40)],
)
def test_a_watch_that_was_delayed_falls_back_into_its_rhythm(late, wait):
    """Its percentage has not moved for long enough that it waits for a minute."""
    watch = replace(HOPEFUL, waits=2, due=NOON)
    delayed, _ = turn(watch, Fault(reason="HTTP 503"))
    delayed, _ = turn(delayed, NotYet(NOON + seconds(late)))
    back, decision = turn(delayed, Report(), NOON + seconds(late))

    assert delayed.scheduled_at == NOON
    assert (back.scheduled_at, decision) == (None, after(wait))


LONG = timedelta(days=30)


@pytest.mark.parametrize(
    "seen",
    [
        NotYet(NOON + LONG, by_gate=True),
        Fault(reason="HTTP 403", throttled=True, by_gate=True, retry_after=LONG),
    ],
)
def test_who_waits_for_a_gate_looks_again_since_an_operator_may_lift_it(seen):
    waits = {decide(HOPEFUL, seen, REALITY_ANALYSIS, NOON, draw, spacing=seconds(0)) for draw in (0.0, 0.5)}
    watch, decision = turn(HOPEFUL, seen)

    assert waits == {RequeueAfter(LOOKS_AGAIN), RequeueAfter(LOOKS_AGAIN * 1.5)}
    assert not_yet(watch, NOON + decision.delay) is None


def test_who_was_told_to_wait_alone_waits_as_long_as_that():
    watch, decision = turn(HOPEFUL, Fault(reason="HTTP 429", throttled=True, retry_after=LONG))

    assert decision == RequeueAfter(LONG)
    assert not_yet(watch, NOON + LONG - seconds(1)) == NotYet(NOON + LONG)


def test_429s_are_counted_apart():
    watch, _ = turn(WATCH, Fault(reason="HTTP 429", throttled=True))

    assert (watch.faults, watch.throttled) == (1, 1)


def test_stopping_fences_off_the_ticket_and_belongs_to_no_message():
    stopped = stop(replace(WATCH, seq=4, stepped_by="m"), NOON)

    assert (stopped.end, stopped.seq, stopped.stepped_by) == (End(Outcome.STOPPED, NOON), 5, "")


def test_a_job_whose_end_is_known_ends_as_the_api_said_though_it_is_stopped():
    stopped = stop(ASKING, NOON)

    assert stopped.end == End(Outcome.FAILED, NOON)
    assert stopped.reason == "no memory (stopped before the evidence was read)"


@pytest.mark.parametrize(
    ("before", "stopped_at", "asks_again_at"),
    [
        (replace(WATCH, due=NOON + seconds(50)), NOON, NOON + seconds(50)),
        (replace(WATCH, due=NOON, not_before=NOON + seconds(90)), NOON, NOON + seconds(90)),
        (replace(WATCH, due=NOON - seconds(1)), NOON, NOON),
        # our own delays after errors are no pace of the API
        (replace(WATCH, due=NOON + timedelta(hours=12), revivals=5), NOON, NOON),
    ],
)
def test_who_stops_a_watch_and_starts_it_again_does_not_ask_early(before, stopped_at, asks_again_at):
    begun = restart(stop(before, stopped_at), replace(WATCH, due=stopped_at, not_before=stopped_at), REALITY_ANALYSIS)

    assert begun.due == max(begun.due, begun.not_before) == asks_again_at


def test_a_second_stop_keeps_what_the_first_waited_for():
    stopped = stop(replace(WATCH, due=NOON + seconds(50)), NOON)
    again = restart(stopped, replace(WATCH, due=NOON, not_before=NOON), REALITY_ANALYSIS)

    assert restart(stop(again, NOON), WATCH, REALITY_ANALYSIS).due == NOON + seconds(50)


@pytest.mark.parametrize(
    ("due", "not_before", "woken"),
    [
        (60, 0, 0),
        (60, 30, 30),
        (60, 90, 60),  # its turn looks, and waits for the rest
        (-5, 0, -5),
        (-5, 30, -5),
    ],
)
def test_an_event_makes_a_watch_due_but_never_before_the_api_wants_to_be_asked(due, not_before, woken):
    before = replace(WATCH, seq=4, stepped_by="m", due=NOON + seconds(due), not_before=NOON + seconds(not_before))

    after = wake(before, "e", NOON)

    assert after
    assert (after.seq, after.stepped_by, after.due) == (5, "e", NOON + seconds(woken))
    assert (after.woken_at, after.woken_by) == (NOON, ("e",))
    told_to_wait = NotYet(NOON + seconds(not_before)) if not_before > 0 else None
    assert not_yet(after, NOON) == told_to_wait


def test_after_an_event_the_schedule_starts_over():
    after = wake(replace(WATCH, waits=7, scheduled_at=NOON - seconds(50)), "e", NOON)

    assert after
    _, decision = turn(after, Report(status="active"))
    assert decision == RequeueAfter(REALITY_ANALYSIS.polling.delay(0))


@pytest.mark.parametrize(
    ("polling", "waits"),
    [
        ((900,), [15, 30, 60, 120, 900, 900]),
        ((15, 900), [15, 30, 60, 120, 900, 900]),
        ((5, 10), [5, 10, 10, 10, 10, 10]),
        ((60, 60, 60, 600), [15, 30, 60, 120, 600, 600]),
    ],
)
def test_after_an_event_a_slow_schedule_waits_as_the_api_wants_for_a_while(polling, waits):
    """The event may be ahead of the job's status, which then tells the end soon."""
    api = REALITY_ANALYSIS.paced(Schedule.seconds(*polling), 1)
    watch = wake(replace(WATCH, waits=7), "e", NOON)
    assert watch

    seen = []
    for _ in waits:
        decision = decide(watch, Report(status="active"), api, NOON, 0.0, spacing=seconds(0))
        assert isinstance(decision, RequeueAfter)
        watch = advance(watch, Report(status="active"), decision, NOON, "m")
        seen.append(decision.delay.total_seconds())

    assert seen == waits


def test_without_an_event_a_slow_schedule_is_slow():
    api = REALITY_ANALYSIS.paced(Schedule.seconds(900), 1)

    assert decide(WATCH, Report(status="active"), api, NOON, 0.0, spacing=seconds(0)) == RequeueAfter(seconds(900))


@pytest.mark.parametrize(
    "watch", [replace(WATCH, end=End(Outcome.SUCCEEDED, NOON)), ASKING, replace(WATCH, woken_by=("d", "e"))]
)
def test_an_event_wakes_nobody_who_has_nothing_to_ask(watch):
    assert wake(watch, "e", NOON) is None


def test_a_watch_remembers_its_last_events():
    watch = WATCH
    for event in map(str, range(20)):
        watch = wake(watch, event, NOON) or watch

    assert watch.woken_by == tuple(map(str, range(12, 20)))


def test_a_restart_remembers_them_too():
    ended = replace(WATCH, woken_by=("e",), woken_at=NOON, end=End(Outcome.SUCCEEDED, NOON))

    again = restart(ended, WATCH, REALITY_ANALYSIS)

    assert (again.woken_by, again.woken_at) == (("e",), None)


@pytest.mark.parametrize(("later", "due"), [(0, 15), (14, 15), (16, 16), (3600, 3600)])
def test_a_restart_waits_for_the_first_step_after_the_end(later, due):
    ended = replace(WATCH, end=End(Outcome.SUCCEEDED, NOON))
    now = NOON + seconds(later)

    begun = restart(ended, replace(WATCH, due=now, not_before=now), REALITY_ANALYSIS)

    assert begun.due == NOON + seconds(due)


@pytest.mark.parametrize(
    ("due", "not_before", "verdict"),
    [
        (NOON, NOON, None),
        (NOON - seconds(9), NOON - seconds(1), None),
        (NOON + seconds(1), NOON, NotYet(NOON + seconds(1))),
        (NOON, NOON + seconds(1), NotYet(NOON + seconds(1))),
        (NOON + seconds(1), NOON + seconds(2), NotYet(NOON + seconds(2))),
    ],
)
def test_nobody_asks_before_the_row_says_so(due, not_before, verdict):
    assert not_yet(replace(WATCH, due=due, not_before=not_before), NOON) == verdict


def test_a_retry_after_beyond_the_deadline_is_kept_to_the_end():
    watch, _ = turn(WATCH, Fault(reason="HTTP 429", retry_after=timedelta(hours=2)))
    assert watch.due == WATCH.deadline

    last = not_yet(watch, watch.due)

    assert last is not None
    assert turn(watch, last, watch.due)[0].outcome is Outcome.EXPIRED


def turn(watch, seen, now=NOON):
    decision = decide(watch, seen, REALITY_ANALYSIS, now, 0.0, spacing=seconds(0))
    return advance(watch, seen, decision, now, "m"), decision


spans = st.none() | st.timedeltas(timedelta(0), timedelta(days=400))
observations = (
    st.builds(
        Report,
        outcome=st.none() | st.sampled_from(Outcome),
        status=st.none() | st.text(),
        progress=st.none() | st.floats(allow_nan=False),
        retry_after=spans,
        wants_evidence=st.booleans(),
        evidence=st.just(()) | st.just(("a",)),
    )
    | st.builds(EvidencePage, next_page=st.sampled_from(["", "/2"]), complete=st.booleans(), retry_after=spans)
    | st.builds(Fault, reason=st.text(), lasting=st.none() | st.sampled_from(Outcome), retry_after=spans)
    | st.builds(NotYet, st.datetimes(NOON.replace(tzinfo=None)).map(lambda naive: naive.replace(tzinfo=UTC)))
)
watches = st.builds(
    replace,
    st.just(WATCH),
    waits=st.integers(0, 10**9),
    faults_in_a_row=st.integers(0, 10**9),
    refusals_in_a_row=st.integers(0, 10**9),
    refused_since=st.none() | st.just(NOON - timedelta(hours=1)),
    verdict=st.none() | st.sampled_from(Outcome),
    pages=st.integers(0, 30),
)
apis = st.sampled_from(list(APIS.values()))
draws = st.floats(0, 1, exclude_max=True)


@given(watches, observations, apis, st.timedeltas(timedelta(0), timedelta(days=1)), draws)
def test_a_turn_never_waits_past_the_deadline_nor_into_the_past(watch, seen, api, elapsed, draw):
    now = NOON + elapsed
    if isinstance(seen, NotYet):
        seen = NotYet(max(seen.until, now))

    decision = decide(watch, seen, api, now, draw, spacing=seconds(0))
    row = advance(watch, seen, decision, now, "m")

    assert row.seq == watch.seq + 1
    if isinstance(decision, RequeueAfter):
        assert timedelta(0) <= decision.delay <= watch.deadline - now
        assert row.outcome is None
    elif isinstance(decision, GatherEvidence):
        assert (row.outcome, row.verdict, row.due) == (None, decision.verdict, now)
    else:
        assert row.outcome is decision.outcome


@given(watches, observations, apis, draws)
def test_jitter_only_lengthens(watch, seen, api, draw):
    calm, jittery = (decide(watch, seen, api, NOON, drawn, spacing=seconds(0)) for drawn in (0.0, draw))

    assert type(calm) is type(jittery)
    if isinstance(calm, RequeueAfter) and isinstance(jittery, RequeueAfter):
        assert calm.delay <= jittery.delay
