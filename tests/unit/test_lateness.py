"""Watches that are made asleep: none of them is due before all have been made, however long that takes."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from local.bench.lateness import made_asleep
from shared.apis.reporting import REPORTING
from tests.builders import a_watch

TAKES = timedelta(milliseconds=20)


class Slowly:
    """A ground on which it takes its time to make watches."""

    def __init__(self):
        self.made, self.scripted, self.waited = [], [], 0

    def script(self, jobs, *answers):
        assert answers
        self.scripted += jobs

    def make(self, jobs, dues):
        time.sleep(TAKES.total_seconds())
        started = datetime.now(UTC)
        made = [
            a_watch(
                id=job,
                api=REPORTING.name,
                job={"jobId": job},
                started_at=started,
                deadline=started + timedelta(days=1),
                due=max(due, started),
                not_before=started,
            )
            for job, due in zip(jobs, dues, strict=True)
        ]
        self.made += made
        return made

    def wait_until_done(self, within):
        assert within > timedelta(0)
        self.waited += 1


def test_with_time_enough_they_are_made_once():
    ground: Any = Slowly()
    over = timedelta(seconds=4)

    made = made_asleep(ground, "late", 4, over, making=timedelta(hours=1))

    assert [watch.due - made[0].due for watch in made] == [over * number / 4 for number in range(4)]
    assert made == ground.made
    assert not ground.waited


def test_with_too_little_time_others_are_made_with_more():
    ground: Any = Slowly()

    made = made_asleep(ground, "late", 4, timedelta(seconds=4), making=TAKES / 4)

    assert all(watch.due > watch.started_at for watch in made)
    assert made == ground.made[-4:]
    assert len(ground.made) == 4 * (ground.waited + 1) >= 3 * 4  # 5 and 10 ms are too little for sure
    assert len({watch.id for watch in ground.made}) == len(ground.made)
    assert ground.scripted == [watch.id for watch in ground.made]
