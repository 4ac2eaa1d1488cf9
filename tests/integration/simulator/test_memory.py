"""What the simulator keeps has bounds."""

from datetime import UTC, datetime, timedelta

from local.simulator import jobs, journal, tokens
from local.simulator.apis import SCHEDULES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


def test_the_oldest_requests_and_events_are_forgotten():
    kept = journal.Journal()
    assert kept.requests.maxlen == kept.events.maxlen == journal.KEPT


def test_the_oldest_tokens_are_forgotten(monkeypatch):
    monkeypatch.setattr(tokens, "KEPT", 2)
    kept = tokens.Tokens(timedelta(hours=1))
    assert [kept.accept(token, NOW) for token in [kept.issue(NOW) for _ in range(3)]] == [False, True, True]


def test_the_oldest_jobs_begin_again(monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 2)
    kept = jobs.Jobs(timedelta(seconds=20))

    def began(operation, now):
        job = kept.find(SCHEDULES, {"scheduleId": "s", "operationId": operation}, now)
        assert isinstance(job, jobs.Job)
        return job.began

    assert {began(operation, NOW) for operation in "123"} == {NOW}
    assert [began(operation, LATER) for operation in "321"] == [NOW, NOW, LATER]
