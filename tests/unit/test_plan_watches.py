"""The looked-up decisions of `local.plan` are those of `shared.core.decide`, turn by turn."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plan.watches import BEGINNING, NO_PROGRESS, Watches
from local.plan.workload import Jobs
from shared.apis import APIS
from shared.core.decide import advance, decide
from shared.core.model import Fault, Finish, GatherEvidence, NotYet, Outcome, Report, RequeueAfter, Watch

APIS_LISTED = [*APIS.values()]
DRAWS = st.floats(0, 0.999)
WAITS = st.floats(0.5, 2000).map(lambda wait: round(wait, 3))

#: What a watch may see, turn by turn: until the job ends, and from then on while it asks why.
EVENTS = st.one_of(
    st.tuples(st.just("runs"), st.integers(0, 3)),
    st.tuples(st.just("throttled"), WAITS),
    st.tuples(st.just("held"), WAITS),
    st.tuples(st.just("ends"), st.booleans()),
)
HISTORIES = st.lists(st.tuples(EVENTS, DRAWS, st.sampled_from([0.0, 7.0, 90.0, 4000.0])), min_size=1, max_size=25)


def seconds(number):
    return timedelta(seconds=float(number))


class Both:
    """One watch, as the app has it and as a plan has it."""

    def __init__(self, api, lifetime):
        self.api = api
        place = APIS_LISTED.index(api)
        self.one = np.array([0])
        jobs = Jobs(np.array([place], np.int8), np.zeros(1), np.full(1, 1e9), np.ones(1, bool))
        self.many = Watches(APIS_LISTED, jobs)
        self.many.deadline[:] = lifetime
        self.watch = Watch(
            id="w",
            api=api.name,
            job={},
            started_at=BEGINNING,
            deadline=BEGINNING + seconds(lifetime),
            due=BEGINNING,
            not_before=BEGINNING,
        )
        self.now = 0.0

    def turn(self, event, draw, spacing):
        """Let both see it; gives what each makes of it."""
        kind, value = event
        now, room = np.array([self.now]), np.array([spacing])
        if kind == "ends" and self.watch.verdict is None:
            seen = self.ended(clean=value)
            self.many.report_ended(self.one, now, np.array([value]))
            delay = np.zeros(1)
        elif kind == "throttled":
            seen = Fault(reason="HTTP 429", throttled=True, retry_after=seconds(value))
            delay = self.many.throttle(self.one, now, np.array([value]), np.array([draw]), room)
        elif kind == "held" or self.watch.verdict is not None:
            until = self.now + float(value) + 1
            seen = NotYet(BEGINNING + seconds(until))
            delay = self.many.hold(self.one, now, np.array([until]))
        else:
            seen = Report(status="running", progress=float(value) if self.api.progress_at else None)
            percent, draws = np.array([float(value)]), np.array([draw])
            delay = self.many.report_running(self.one, now, percent, draws, room)
        instant = BEGINNING + seconds(self.now)
        decision = decide(self.watch, seen, self.api, instant, draw, spacing=seconds(spacing))
        self.watch = advance(self.watch, seen, decision, instant, "m")
        return decision, float(delay[0])

    def ended(self, *, clean):
        if clean:
            return Report(outcome=Outcome.SUCCEEDED)
        evidence = self.api.evidence
        return Report(outcome=Outcome.FAILED, wants_evidence=evidence is not None and bool(evidence.path))


@given(api=st.sampled_from(APIS_LISTED), lifetime=st.sampled_from([100, 3600, 86400 * 7]), history=HISTORIES)
def test_both_take_the_same_turns(api, lifetime, history):
    both = Both(api, lifetime)
    for event, draw, spacing in history:
        decision, delay = both.turn(event, draw, spacing)
        watch, many = both.watch, both.many

        ended = not np.isnan(many.ended_at[0])
        match decision:
            case RequeueAfter(wait):
                assert not ended
                assert delay == pytest.approx(wait.total_seconds(), abs=1e-5)
            case GatherEvidence():
                assert not ended
                assert many.wants_evidence[0]
                assert delay == 0
            case Finish(outcome):
                assert ended
                assert many.ended_at[0] == both.now
                assert many.expired[0] == (outcome is Outcome.EXPIRED)
        assert many.polls[0] == watch.polls
        assert many.waits[0] == watch.waits or watch.verdict or watch.outcome  # of an ended job they say nothing
        assert many.faults_in_a_row[0] == watch.faults_in_a_row
        assert many.not_before[0] == pytest.approx((watch.not_before - BEGINNING).total_seconds(), abs=1e-5)
        assert many.progress[0] == (NO_PROGRESS if watch.progress is None else watch.progress)
        if ended:
            return
        both.now += delay


@given(api=st.sampled_from(APIS_LISTED), waits=st.integers(0, 40), draw=DRAWS)
def test_no_delay_is_shorter_than_the_schedule(api, waits, draw):
    both = Both(api, 86400)
    for _ in range(waits):
        both.turn(("runs", 0), 0.0, 0.0)

    _, delay = both.turn(("runs", 0), draw, 0.0)

    assert delay >= api.polling.delay(both.watch.waits - 1).total_seconds() - 1e-9
