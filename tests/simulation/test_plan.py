"""A plan's watches do what those of the whole engine do, in the virtual-time world of `test_limits`."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest

from local.plan.engine import World, fly
from local.plan.limits import Limit
from local.plan.workload import Jobs
from shared.apis.schedules import SCHEDULES
from shared.core.rate_limit import budget
from shared.core.remote import watch_id
from shared.engine.waker import Woken
from tests.builders import NOON
from tests.simulation.test_limits import Sky

OVER = timedelta(seconds=10)


@dataclass
class Telling(Sky):
    """A platform that tells of ends, in the order of their jobs: a while after each, or before."""

    after: timedelta = timedelta(0)
    woken: int = 0  #: events so far

    async def _next(self):
        job = str(self.woken + 1)
        at = self.begun[job] + self.lasts + self.after if job in self.begun else None
        if at is None or at > self.queue[0][0]:
            return await super()._next()
        self.now, self.woken = at, self.woken + 1
        waker = self.apps[0].waker
        woken = await waker.wake(watch_id(SCHEDULES, {"scheduleId": "s", "operationId": job}), f"event {job}")
        assert woken in {Woken.WOKEN, Woken.ENDED}
        return None


def both(watches, **settings):
    """Fly the same watches in both; jobs begin when their watches start."""
    starts = np.arange(watches) * OVER.total_seconds() / watches
    sky = (Telling if "after" in settings else Sky)(**settings)
    sky.begun = {str(number + 1): NOON + timedelta(seconds=start) for number, start in enumerate(starts.tolist())}
    sky.fly(watches, OVER)
    jobs = Jobs(np.zeros(watches, np.int8), starts, starts + sky.lasts.total_seconds(), np.ones(watches, bool))
    tier = [Limit(sky.limit, sky.window.total_seconds())]
    events = jobs.end + sky.after.total_seconds() if isinstance(sky, Telling) else np.empty(0)
    per_minute = budget(sky.per_minute, None)
    flown = fly(World(apis=[SCHEDULES], jobs=jobs, days=0.2, events=events, tier=tier, budget=per_minute, steps=1))
    assert sky.ended == watches
    assert np.isfinite(flown.ended_at).all()
    return sky, flown


def by_minute(flown):
    return np.bincount((flown.requests // 60).astype(int), minlength=5)


def test_without_a_limit_the_polls_are_the_same():
    sky, flown = both(50, lasts=timedelta(minutes=2))

    assert flown.polls.sum() == sky.answers.total() == 50 * 5
    assert list(by_minute(flown)[:5]) == [sky.per_minute_seen[minute] for minute in range(5)]


@pytest.mark.parametrize(("after", "polls"), [(1, 5), (-5, 6)], ids=["after the end", "before the status knows"])
def test_watches_that_are_woken_poll_the_same(after, polls):
    sky, flown = both(50, lasts=timedelta(minutes=2), after=timedelta(seconds=after))

    assert flown.polls.sum() == sky.answers.total() == 50 * polls
    assert list(by_minute(flown)[:5]) == [sky.per_minute_seen[minute] for minute in range(5)]
    assert len(flown.woken) == len(flown.stale) == 50


def test_watches_that_are_woken_keep_to_a_known_limit_as_well():
    """All jobs end within ten seconds, and all but 500 watches of a minute wait for their turn."""
    sky, flown = both(1000, per_minute=500, lasts=timedelta(minutes=10), after=timedelta(seconds=1))

    assert sky.answers[429] == flown.throttled == 0
    assert flown.polls.sum() == pytest.approx(sky.answers.total(), rel=0.03)
    assert np.count_nonzero(by_minute(flown)) == pytest.approx(sky.minutes, abs=1.5)


@pytest.mark.parametrize("lasts", [2, 10])
def test_with_a_known_limit_they_are_about_the_same(lasts):
    sky, flown = both(1000, per_minute=500, lasts=timedelta(minutes=lasts))

    assert sky.answers[429] == flown.throttled == 0
    assert flown.polls.sum() == pytest.approx(sky.answers.total(), rel=0.03)
    assert np.count_nonzero(by_minute(flown)) == pytest.approx(sky.minutes, abs=1.5)


def test_with_a_limit_to_be_learned_they_are_nearly_the_same():
    sky, flown = both(1000, lasts=timedelta(minutes=10))

    assert 0 < flown.throttled <= 2 * sky.answers[429]
    assert flown.polls.sum() == pytest.approx(sky.answers.total(), rel=0.05)
    assert np.count_nonzero(by_minute(flown)) == pytest.approx(sky.minutes, rel=0.1)
