"""A plan's watches do what those of the whole engine do, in the virtual-time world of `test_limits`."""

from datetime import timedelta

import numpy as np
import pytest

from local.plan.engine import World, fly
from local.plan.limits import Limit
from local.plan.workload import Jobs
from shared.apis.schedules import SCHEDULES
from shared.core.rate_limit import budget
from tests.builders import NOON
from tests.simulation.test_limits import Sky

OVER = timedelta(seconds=10)


def both(watches, **settings):
    """Fly the same watches in both; jobs begin when their watches start."""
    starts = np.arange(watches) * OVER.total_seconds() / watches
    sky = Sky(**settings)
    sky.begun = {str(number + 1): NOON + timedelta(seconds=start) for number, start in enumerate(starts.tolist())}
    sky.fly(watches, OVER)
    jobs = Jobs(np.zeros(watches, np.int8), starts, starts + sky.lasts.total_seconds(), np.ones(watches, bool))
    tier = [Limit(sky.limit, sky.window.total_seconds())]
    flown = fly(World(apis=[SCHEDULES], jobs=jobs, days=0.2, tier=tier, budget=budget(sky.per_minute, None), steps=1))
    assert sky.ended == watches
    assert np.isfinite(flown.ended_at).all()
    return sky, flown


def by_minute(flown):
    return np.bincount((flown.requests // 60).astype(int), minlength=5)


def test_without_a_limit_the_polls_are_the_same():
    sky, flown = both(50, lasts=timedelta(minutes=2))

    assert flown.polls.sum() == sky.answers.total() == 50 * 5
    assert list(by_minute(flown)[:5]) == [sky.per_minute_seen[minute] for minute in range(5)]


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
